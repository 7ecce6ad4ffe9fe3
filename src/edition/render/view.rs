//! What the templates of the digest show, in words that are ready to print.

use crate::{
    config::{Magazine, Theme},
    locales::Letter,
    model::{Colour, Lang},
};

/// An edition as one set of rubriques sees it.
#[derive(Debug)]
pub struct DigestView<'a> {
    pub magazine: &'a Magazine,
    pub theme: &'a Theme,
    /// The same colours at night.
    pub night: NightPalette,
    /// The accent, on the sheet's upper edge.
    pub edge: AccentColours,
    /// The fixed words in the magazine's language.
    pub(crate) words: &'static Letter,
    /// The way in which that language is written.
    pub dir: LetterDirection,
    /// What the digest is called.
    pub name: &'a str,
    /// The way to the desk, if this is a proof.
    pub proof: Option<String>,
    pub subject: String,
    /// What an inbox shows beside the subject.
    pub preheader: String,
    /// In words: `N° 12`.
    pub number: String,
    /// In words: `du 16 au 22 novembre 2026`.
    pub dates: String,
    /// Clean HTML; may be empty.
    pub opening_html: String,
    /// The same as text.
    pub opening_text: String,
    /// Clean HTML at the foot; may be empty.
    pub footer_html: String,
    /// The same as text.
    pub footer_text: String,
    /// The first and largest column.
    pub lead: Option<ColumnView>,
    pub sections: Vec<SectionView>,
    pub feeds_url: String,
    pub archive_url: Option<String>,
    /// Ends in the subscriber's token.
    pub unsubscribe_url: String,
}

/// The way in which a language is written, and the sides at which its lines begin and end.
#[derive(Debug, Clone, Copy)]
pub struct LetterDirection {
    /// As HTML says it.
    pub name: &'static str,
    /// `left` or `right`.
    pub start: &'static str,
    pub end: &'static str,
}

impl LetterDirection {
    /// The direction of a language.
    pub fn of(lang: Lang) -> Self {
        match lang.dir() {
            "rtl" => Self { name: "rtl", start: "right", end: "left" },
            name => Self { name, start: "left", end: "right" },
        }
    }
}

#[derive(Debug)]
pub struct SectionView {
    /// Empty for columns without a rubrique.
    pub label: String,
    pub hue: AccentColours,
    /// With standfirst.
    pub pieces: Vec<ColumnView>,
    pub titles: Vec<ColumnView>,
}

#[derive(Debug)]
pub struct ColumnView {
    /// Plain text.
    pub title: String,
    /// Plain text, cut; may be empty.
    pub standfirst: String,
    pub byline: Option<String>,
    pub rubrique: Option<String>,
    pub hue: AccentColours,
    pub url: String,
    /// Who wrote it and when, in words: `Par Zoé Le Goff, 19 novembre`, or the day alone.
    pub about: String,
    /// Its picture.
    pub image: Option<PictureView>,
}

#[derive(Debug)]
pub struct PictureView {
    /// Absolute.
    pub url: String,
    pub alt: String,
    pub credit: Option<String>,
    pub width: Option<u32>,
    pub height: Option<u32>,
}

/// The sheet at night: warm greys far from black and white, which go with any accent.
#[derive(Debug, Clone, Copy)]
pub struct NightPalette {
    pub ink: Colour,
    pub muted: Colour,
    /// Around the sheet.
    pub paper: Colour,
    pub surface: Colour,
    pub line: Colour,
}

pub const NIGHT_PALETTE: NightPalette = NightPalette {
    ink: Colour::new(0xeb, 0xe6, 0xdc),
    muted: Colour::new(0xb5, 0xb1, 0xa7),
    paper: Colour::new(0x14, 0x17, 0x1a),
    surface: Colour::new(0x1e, 0x23, 0x26),
    line: Colour::new(0x3a, 0x41, 0x45),
};

/// A magazine's own colour, and what becomes of it where words are written in it.
#[derive(Debug, Clone, Copy)]
pub struct AccentColours {
    /// Of rules and bars: as it was chosen.
    pub bar: Colour,
    /// Of words on the sheet, and under words in the sheet's colour.
    pub text: Colour,
    /// The same at night.
    pub night: Colour,
}

impl AccentColours {
    /// The hue of a colour on a magazine's sheet.
    pub fn of(colour: Colour, theme: &Theme) -> Self {
        Self { bar: colour, text: colour.legible_on(theme.surface), night: colour.legible_on(NIGHT_PALETTE.surface) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::colour::MIN_CONTRAST;

    /// Words and what they stand on, by day and by night, for a rubrique of this colour.
    fn pairs(colour: Colour, ground: Colour) -> Vec<(&'static str, Colour, Colour)> {
        let text = colour.legible_on(ground);
        let night = colour.legible_on(NIGHT_PALETTE.surface);
        vec![
            ("a label", text, ground),
            ("a button", ground, text),
            ("a label at night", night, NIGHT_PALETTE.surface),
            ("a button at night", NIGHT_PALETTE.surface, night),
            ("text at night", NIGHT_PALETTE.ink, NIGHT_PALETTE.surface),
            ("the foot at night", NIGHT_PALETTE.ink, NIGHT_PALETTE.paper),
            ("a byline at night", NIGHT_PALETTE.muted, NIGHT_PALETTE.surface),
            ("lesser words at the foot at night", NIGHT_PALETTE.muted, NIGHT_PALETTE.paper),
        ]
    }

    #[test]
    fn words_can_be_read_whatever_colours_a_magazine_has() {
        for colour in ["#ffe600", "#ff0000", "#0000ff", "#00ff88", "#7f7f7f", "#000000", "#ffffff", "#0f5568"] {
            for ground in ["#fbf9f4", "#ffffff", "#ffe9d6", "#101010", "#808080"] {
                let (colour, ground): (Colour, Colour) = (colour.parse().expect("a"), ground.parse().expect("b"));
                for (what, text, ground) in pairs(colour, ground) {
                    let contrast = text.contrast(ground);
                    assert!(contrast >= MIN_CONTRAST, "{what}: {text} on {ground}: {contrast:.2}");
                }
            }
        }
    }
}
