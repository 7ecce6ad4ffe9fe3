//! What the templates of letters show, in words that are ready to print. A magazine's own templates see the same, by
//! the same names: what is missing is an empty text here, and what a template has to ask is a field, because the two
//! engines have no other words in common. docs/TEMPLATES.md lists all of them.

use serde::Serialize;

use crate::{
    config::{Magazine, Theme},
    locales::Letter,
    model::{Colour, Image, Lang},
};

/// An edition as one set of rubriques sees it.
#[derive(Debug, Serialize)]
pub struct DigestView<'a> {
    pub magazine: MagazineView<'a>,
    pub theme: ThemeView<'a>,
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
    /// The way to the desk, if this is a proof; else empty.
    pub proof: String,
    pub subject: String,
    /// What an inbox shows beside the subject.
    pub preheader: String,
    /// In words: `N° 12`.
    pub number: String,
    /// In words: `du 16 au 22 novembre 2026`.
    pub dates: String,
    /// Clean HTML on one line; may be empty.
    pub opening_html: String,
    /// The same as text.
    pub opening_text: String,
    /// Who signs the opening words; may be empty.
    pub signed: String,
    /// The address of a picture of who signs, and what it shows; both may be empty.
    pub portrait_url: String,
    pub portrait_alt: String,
    /// Clean HTML on one line; may be empty.
    pub closing_html: String,
    /// The same as text.
    pub closing_text: String,
    /// How many columns there are and how long they take, in words; empty where that is not known or not worth a line.
    pub reading: String,
    /// Whether the letter is long enough for a table of contents.
    pub has_contents: bool,
    /// Clean HTML at the foot, on one line; may be empty.
    pub footer_html: String,
    /// The same as text.
    pub footer_text: String,
    /// The first and largest column.
    pub lead: ColumnView,
    pub sections: Vec<SectionView>,
    /// Letters of other editions that come in this one, for readers who want one a day; nearly always none.
    pub others: Vec<OtherLetterView>,
    pub has_others: bool,
    pub feeds_url: String,
    /// Where this letter stands for everybody; may be empty.
    pub archive_url: String,
    /// Opens a new letter that leads there; empty where that is.
    pub forward_url: String,
    /// Ends in the subscriber's token.
    pub unsubscribe_url: String,
    /// What stands on the way there, in words.
    pub unsubscribe_label: String,
    /// The way to the reader's choices, ends in the same; may be empty.
    pub manage_url: String,
}

/// Whose letter it is.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MagazineView<'a> {
    pub name: &'a str,
    pub url: &'a str,
    /// One line under the name; may be empty.
    pub tagline: &'a str,
    /// Its language, as HTML says it.
    pub language: &'a str,
    pub postal_address: &'a str,
}

impl<'a> MagazineView<'a> {
    pub fn of(magazine: &'a Magazine) -> Self {
        Self {
            name: &magazine.name,
            url: magazine.url.as_str(),
            tagline: magazine.tagline.as_deref().unwrap_or_default(),
            language: &magazine.language,
            postal_address: &magazine.postal_address,
        }
    }
}

/// Colours and type, as the configuration has them.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ThemeView<'a> {
    pub ink: Colour,
    pub muted: Colour,
    pub paper: Colour,
    pub surface: Colour,
    pub accent: Colour,
    pub serif: &'a str,
    pub sans: &'a str,
    pub has_logo: bool,
    pub logo: LogoView<'a>,
}

/// The masthead's picture; empty without one.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct LogoView<'a> {
    pub url: &'a str,
    /// In pixels.
    pub width: u32,
    pub alt: &'a str,
}

impl<'a> ThemeView<'a> {
    pub fn of(theme: &'a Theme) -> Self {
        let logo = theme.logo.as_ref();
        Self {
            ink: theme.ink,
            muted: theme.muted,
            paper: theme.paper,
            surface: theme.surface,
            accent: theme.accent,
            serif: &theme.serif,
            sans: &theme.sans,
            has_logo: logo.is_some(),
            logo: logo.map_or_else(LogoView::default, |logo| LogoView {
                url: logo.url.as_str(),
                width: logo.width,
                alt: &logo.alt,
            }),
        }
    }
}

/// The way in which a language is written, and the sides at which its lines begin and end.
#[derive(Debug, Clone, Copy, Serialize)]
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

#[derive(Debug, Serialize)]
pub struct SectionView {
    /// The rubrique, or that these are the other columns.
    pub heading: String,
    /// Whether the heading is wanted: not where the lead before it has named the same rubrique.
    pub has_heading: bool,
    pub hue: AccentColours,
    /// How many columns it has, in words.
    pub count: String,
    /// The first of its columns, for a table of contents …
    pub contents: Vec<ContentsEntry>,
    /// … and how many more there are, in words; may be empty.
    pub more: String,
    /// With standfirst.
    pub pieces: Vec<ColumnView>,
    pub has_pieces: bool,
    /// What there is no room for, as titles.
    pub titles: Vec<ColumnView>,
    pub has_titles: bool,
}

/// A letter of another edition that comes in this one.
#[derive(Debug, Serialize)]
pub struct OtherLetterView {
    /// What its newsletter is called.
    pub name: String,
    /// In words, as in its own letters.
    pub number: String,
    pub dates: String,
    /// Clean HTML on one line; may be empty.
    pub opening_html: String,
    /// The same as text.
    pub opening_text: String,
    pub edge: AccentColours,
    /// Its columns, the first one leading.
    pub pieces: Vec<ColumnView>,
    /// What there is no room for, as titles.
    pub titles: Vec<ColumnView>,
    pub has_titles: bool,
    /// Whether there is anything of it that does not stand in the letter above.
    pub has_columns: bool,
    /// Where it stands for everybody; may be empty.
    pub archive_url: String,
    /// The way out of its newsletter; empty where that has one already.
    pub unsubscribe_url: String,
    pub unsubscribe_label: String,
}

/// A column in the table of contents.
#[derive(Debug, Serialize)]
pub struct ContentsEntry {
    pub title: String,
    pub url: String,
}

#[derive(Debug, Serialize)]
pub struct ColumnView {
    /// Plain text.
    pub title: String,
    /// Plain text, cut; may be empty.
    pub standfirst: String,
    /// May be empty.
    pub byline: String,
    /// May be empty.
    pub rubrique: String,
    pub hue: AccentColours,
    pub url: String,
    /// Where its recording is; empty without one.
    pub audio_url: String,
    /// Who wrote it and when, and how long it takes, in words: `Par Zoé Le Goff, 19 novembre · 4 min`, or the
    /// day alone.
    pub about: String,
    /// How long it takes to read, in words; empty where the text is not known.
    pub minutes: String,
    /// Its text, clean HTML on one line: of the lead alone, in a letter with one column in full; else empty.
    pub body_html: String,
    /// The same as text.
    pub body_text: String,
    /// Whether the text goes on elsewhere, or all of it stands there.
    pub has_more: bool,
    /// Whether it is the one of its section that shows its picture, small.
    pub is_pictured: bool,
    pub has_image: bool,
    /// Its picture; empty without one.
    pub image: PictureView,
}

#[derive(Debug, Default, Serialize)]
pub struct PictureView {
    /// Absolute.
    pub url: String,
    pub alt: String,
    /// May be empty.
    pub credit: String,
    /// Whether it fills the sheet from edge to edge; a smaller one is not blown up.
    pub is_wide: bool,
    /// How wide it is shown, in pixels: an upright one is kept from filling the screen.
    pub width: u32,
    /// How wide it is beside a text.
    pub small_width: u32,
}

/// The sheet's own width in pixels, as wide as letters are.
const SHEET_WIDTH: u32 = 600;
/// How wide a picture is beside a text.
const SMALL_WIDTH: u32 = 168;
/// The same of one that is higher than wide.
const SMALL_UPRIGHT_WIDTH: u32 = 124;

impl PictureView {
    pub fn of(image: &Image) -> Self {
        let own = image.width.unwrap_or(SHEET_WIDTH);
        let is_upright = image.height.unwrap_or(0) > own;
        let is_wide = own >= SHEET_WIDTH && !is_upright;
        Self {
            url: image.url.to_string(),
            alt: image.alt.clone(),
            credit: image.credit.clone().unwrap_or_default(),
            is_wide,
            width: match (is_wide, is_upright) {
                (true, _) => SHEET_WIDTH,
                (_, true) => own.min(340),
                _ => own.min(520),
            },
            small_width: own.min(if is_upright { SMALL_UPRIGHT_WIDTH } else { SMALL_WIDTH }),
        }
    }
}

/// The sheet at night: warm greys far from black and white, which go with any accent.
#[derive(Debug, Clone, Copy, Serialize)]
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
#[derive(Debug, Clone, Copy, Serialize)]
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
