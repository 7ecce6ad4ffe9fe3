//! What the templates of the digest show, in words that are ready to print.

use super::words::Words;

/// An edition as one set of rubriques sees it.
#[derive(Debug)]
pub struct View {
    /// BCP 47.
    pub lang: String,
    /// The fixed words in that language.
    pub words: Words,
    /// Colours and fonts.
    pub theme: Theme,
    /// The magazine's name.
    pub magazine: String,
    /// Under the name.
    pub tagline: Option<String>,
    /// The magazine's site.
    pub magazine_url: String,
    /// Instead of the name.
    pub logo: Option<Logo>,
    /// One line.
    pub postal_address: String,
    /// Of the letter.
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
    /// The first and largest column.
    pub lead: Option<Piece>,
    /// The others.
    pub sections: Vec<Section>,
    /// Where the feeds are.
    pub feeds_url: String,
    /// The edition on the web.
    pub archive_url: Option<String>,
    /// Ends in the subscriber's token.
    pub unsubscribe_url: String,
}

/// A masthead's picture.
#[derive(Debug)]
pub struct Logo {
    /// Absolute.
    pub url: String,
    /// In pixels.
    pub width: u32,
    /// For who does not see it.
    pub alt: String,
}

/// The columns of one rubrique.
#[derive(Debug)]
pub struct Section {
    /// Empty for columns without a rubrique.
    pub label: String,
    /// `#rrggbb`.
    pub colour: String,
    /// With standfirst.
    pub pieces: Vec<Piece>,
    /// As titles.
    pub titles: Vec<Piece>,
}

/// A column.
#[derive(Debug)]
pub struct Piece {
    /// Plain text.
    pub title: String,
    /// Plain text, cut; may be empty.
    pub standfirst: String,
    /// As printed.
    pub byline: Option<String>,
    /// Its rubrique's label.
    pub rubrique: Option<String>,
    /// Its rubrique's colour.
    pub colour: String,
    /// Its page.
    pub url: String,
    /// In words: `19 novembre`.
    pub date: String,
    /// Its picture.
    pub image: Option<Picture>,
}

/// A column's picture.
#[derive(Debug)]
pub struct Picture {
    /// Absolute.
    pub url: String,
    /// For who does not see it.
    pub alt: String,
    /// Whose it is.
    pub credit: Option<String>,
    /// In pixels.
    pub width: Option<u32>,
    /// In pixels.
    pub height: Option<u32>,
}

/// Colours as `#rrggbb`, fonts as stacks.
#[derive(Debug)]
pub struct Theme {
    /// Text.
    pub ink: String,
    /// Lesser text.
    pub muted: String,
    /// Around the sheet.
    pub paper: String,
    /// The sheet.
    pub surface: String,
    /// The magazine's own colour.
    pub accent: String,
    /// Of titles and texts.
    pub serif: String,
    /// Of labels.
    pub sans: String,
}
