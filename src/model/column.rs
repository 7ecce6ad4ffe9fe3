//! A column, as a source gives it (a draft) and as the store keeps it.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::{Instant, Slug, text};

/// 1990-01-01: an earlier date is a mistake, think feed validators and readers, and take it for now
/// or for 1970.
pub const EARLIEST: Instant = match chrono::DateTime::from_timestamp_secs(631_152_000) {
    Some(at) => at,
    None => Instant::UNIX_EPOCH,
};

/// The store's key of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ColumnId(pub i64);

/// A column's picture. Sizes are there when they could be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Where it is served, absolute.
    pub url: Url,
    /// What it shows, for who does not see it; empty if the source said nothing.
    pub alt: String,
    /// Whose picture it is.
    pub credit: Option<String>,
    /// Media type, such as `image/jpeg`.
    pub media_type: Option<String>,
    /// In pixels.
    pub width: Option<u32>,
    /// In pixels.
    pub height: Option<u32>,
    /// In bytes.
    pub length: Option<u64>,
}

/// A recording of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// Where it is served, absolute.
    pub url: Url,
    /// Media type, such as `audio/mpeg`.
    pub media_type: String,
    /// In bytes.
    pub length: Option<u64>,
    /// How long it lasts.
    pub seconds: Option<u64>,
}

/// A column as a source gives it, ready to enter the store: texts are legal XML and one line
/// where they must be, HTML is cleaned, addresses are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Which source, such as `markdown`; with `key`, it names the column for ever.
    pub source: String,
    /// The column's name in its source.
    pub key: String,
    /// The id that readers know it by, the same for ever: an RFC 4151 tag, or what was imported.
    pub guid: String,
    /// Its rubrique, if it has one.
    pub rubrique: Option<Slug>,
    /// Plain text, one line.
    pub title: String,
    /// Plain text, one paragraph; may be empty.
    pub standfirst: String,
    /// Who wrote it, as printed.
    pub byline: Option<String>,
    /// Who wrote it, a name each.
    pub bylines: Vec<String>,
    /// What it is about, beside its rubrique.
    pub tags: Vec<String>,
    /// The body as the source gave it, HTML not yet cleaned: kept so that a better cleaner can go
    /// over it again.
    pub body_raw: String,
    /// The body, cleaned.
    pub body: String,
    /// Which cleaner made `body`.
    pub cleaner: i64,
    /// Its page on the magazine's site.
    pub url: Url,
    /// Its picture.
    pub image: Option<Image>,
    /// Its recording.
    pub audio: Option<Audio>,
    /// When readers may first see it.
    pub published: Instant,
    /// When the editors last said that it changed in a way that matters.
    pub updated: Instant,
    /// Whether it must leave the feeds: it is not added then, and withdrawn if it is there.
    pub withdrawn: bool,
}

impl Draft {
    /// A fingerprint of all that readers can see, in 32 hexadecimal digits: equal fingerprints
    /// mean that nothing needs to be written.
    pub fn fingerprint(&self) -> String {
        let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
        let image = self.image.as_ref();
        let millis = |at: Instant| at.timestamp_millis().to_string();
        let of_some: Vec<String> = self.parts_of_some().collect();
        fingerprint(
            [
                self.rubrique.as_ref().map_or("", Slug::as_str),
                &self.title,
                &self.standfirst,
                self.byline.as_deref().unwrap_or_default(),
                &self.body,
                &self.body_raw,
                self.url.as_str(),
                &millis(self.published),
                &millis(self.updated),
                image.map_or("", |i| i.url.as_str()),
                image.map_or("", |i| &i.alt),
                image.and_then(|i| i.credit.as_deref()).unwrap_or_default(),
                image.and_then(|i| i.media_type.as_deref()).unwrap_or_default(),
                &number(image.and_then(|i| i.width.map(u64::from))),
                &number(image.and_then(|i| i.height.map(u64::from))),
                &number(image.and_then(|i| i.length)),
            ]
            .into_iter()
            .chain(of_some.iter().map(String::as_str)),
        )
    }

    /// What only some columns have: one without has the fingerprint that it had before there was any of this.
    fn parts_of_some(&self) -> impl Iterator<Item = String> {
        let bylines = self.bylines.iter().filter(|_| self.bylines.len() > 1).map(|name| format!("byline:{name}"));
        let tags = self.tags.iter().map(|tag| format!("tag:{tag}"));
        let audio = self.audio.iter().flat_map(|audio| {
            let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
            let Audio { url, media_type, length, seconds } = audio;
            ["audio".to_owned(), url.to_string(), media_type.clone(), number(*length), number(*seconds)]
        });
        bylines.chain(tags).chain(audio)
    }
}

impl Draft {
    /// A fingerprint of its words: see [`content`].
    pub fn content(&self) -> String {
        content(&self.title, &self.standfirst, &self.body)
    }
}

/// A fingerprint of what a column says: the words of its title, its standfirst and its body's HTML,
/// whatever their case, accents, markup and punctuation. It knows no date, address, id or source:
/// two columns that share it are one text.
pub fn content(title: &str, standfirst: &str, body: &str) -> String {
    let said = format!("{title} {standfirst} {}", text::of_html(body));
    let words = text::words_in_one(&said);
    // Without a word, what is there has to do.
    if words.is_empty() { fingerprint([said.trim()]) } else { fingerprint([words]) }
}

/// What an import needs to know of a column that the store has already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownColumn {
    /// Its name in its source.
    pub key: String,
    /// The id that readers know.
    pub guid: String,
    /// Its title.
    pub title: String,
    /// Its standfirst.
    pub standfirst: String,
    /// When readers may first see it.
    pub published: Instant,
    /// Whether it has left the feeds.
    pub withdrawn: bool,
}

/// SHA-256 over parts, each preceded by its length so that no two lists of parts are alike;
/// the first 128 bits in hexadecimal.
pub fn fingerprint<S: AsRef<[u8]>>(parts: impl IntoIterator<Item = S>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.as_ref().len() as u64).to_be_bytes());
        hash.update(part.as_ref());
    }
    HEXLOWER.encode(&hash.finalize()[..16])
}

/// A column as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The store's key.
    pub id: ColumnId,
    /// The id that readers know it by.
    pub guid: String,
    /// Its rubrique, if it has one.
    pub rubrique: Option<Slug>,
    /// Plain text, one line.
    pub title: String,
    /// Plain text, one paragraph; may be empty.
    pub standfirst: String,
    /// Who wrote it, as printed.
    pub byline: Option<String>,
    /// Who wrote it, a name each.
    pub bylines: Vec<String>,
    /// What it is about, beside its rubrique.
    pub tags: Vec<String>,
    /// The body, clean HTML with absolute addresses; may be empty.
    pub body: String,
    /// Its page on the magazine's site.
    pub url: Url,
    /// Its picture.
    pub image: Option<Image>,
    /// Its recording.
    pub audio: Option<Audio>,
    /// When readers may first see it.
    pub published: Instant,
    /// When it last changed in a way that matters; no two columns of a store share it.
    pub updated: Instant,
}

/// A column that was added or changed now.
#[derive(Debug)]
pub struct EnteredColumn<'a> {
    /// How it is called to who brought it in.
    pub shown: String,
    /// Its source.
    pub source: &'a str,
    /// Its name there.
    pub key: String,
    /// Its date.
    pub published: Instant,
    /// Whether the store did not have it.
    pub is_new: bool,
}
