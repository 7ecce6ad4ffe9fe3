//! A column as another system gives it: its fields as they are there, not judged yet. All sources with many columns
//! in one file are read into these, and `export columns` writes them.

use serde::{Deserialize, Deserializer, Serialize};

/// A column of another system. Only `id`, `title` and `published` must be there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ColumnRecord {
    /// Its name in its source, the same for ever.
    pub id: String,
    /// The source that it came from, where one file holds the columns of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The id that readers of another feed know it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub standfirst: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// What the body is written in.
    #[serde(skip_serializing_if = "BodyFormat::is_html")]
    pub format: BodyFormat,
    #[serde(alias = "byline", deserialize_with = "one_or_more", skip_serializing_if = "Vec::is_empty")]
    pub bylines: Vec<String>,
    /// Sections and categories, the most important first.
    #[serde(alias = "rubrique", deserialize_with = "one_or_more", skip_serializing_if = "Vec::is_empty")]
    pub rubriques: Vec<String>,
    #[serde(deserialize_with = "one_or_more", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When readers may first see it.
    pub published: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    #[serde(skip_serializing_if = "RecordStatus::is_published")]
    pub status: RecordStatus,
    /// Its page on the magazine's site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<RecordImage>,
    #[serde(deserialize_with = "address_or_table", skip_serializing_if = "Option::is_none")]
    pub audio: Option<RecordAudio>,
}

impl ColumnRecord {
    /// Takes a field of its recording from a cell of a table.
    pub fn take_audio(&mut self, field: &str, value: &str) {
        let value = value.trim();
        let audio = self.audio.get_or_insert_default();
        match field {
            "audio" => value.clone_into(&mut audio.url),
            "audio_type" => audio.media_type = Some(value.to_owned()),
            "audio_length" => audio.length = value.parse().ok(),
            "audio_duration" => audio.duration = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// The names of a record's fields that are a text or a list of texts: what a table's headings can mean.
pub const RECORD_FIELDS: [&str; 21] = [
    "id",
    "guid",
    "title",
    "standfirst",
    "body",
    "format",
    "bylines",
    "rubriques",
    "tags",
    "published",
    "updated",
    "status",
    "url",
    "slug",
    "image",
    "image_alt",
    "image_credit",
    "audio",
    "audio_type",
    "audio_length",
    "audio_duration",
];

/// What a record's body is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyFormat {
    #[default]
    Html,
    Markdown,
    /// Paragraphs with an empty line between them.
    Text,
}

impl BodyFormat {
    fn is_html(&self) -> bool {
        *self == Self::Html
    }
}

/// Whether readers may see a record's column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordStatus {
    #[default]
    #[serde(alias = "publish")]
    Published,
    /// Not yet, or not everybody.
    #[serde(alias = "pending", alias = "private")]
    Draft,
    /// No more.
    Withdrawn,
}

impl RecordStatus {
    fn is_published(&self) -> bool {
        *self == Self::Published
    }
}

/// A record's picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordImage {
    pub url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
}

/// A record's recording.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordAudio {
    pub url: String,
    #[serde(alias = "media_type", rename = "type", skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Seconds, or minutes and seconds with colons between them.
    #[serde(deserialize_with = "text_or_number", skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AddressOrTable {
    None,
    Address(String),
    Table(RecordAudio),
}

/// A recording as a table, or its address alone.
fn address_or_table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RecordAudio>, D::Error> {
    Ok(match AddressOrTable::deserialize(deserializer)? {
        AddressOrTable::None => None,
        AddressOrTable::Address(url) => Some(RecordAudio { url, ..RecordAudio::default() }),
        AddressOrTable::Table(audio) => Some(audio),
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    None,
    Text(String),
    Number(u64),
}

/// A text, or a number as one.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match TextOrNumber::deserialize(deserializer)? {
        TextOrNumber::None => None,
        TextOrNumber::Text(text) => Some(text),
        TextOrNumber::Number(number) => Some(number.to_string()),
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    None,
    One(String),
    More(Vec<String>),
}

/// A list, or a text alone.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match OneOrMore::deserialize(deserializer)? {
        OneOrMore::None => Vec::new(),
        OneOrMore::One(text) => vec![text],
        OneOrMore::More(list) => list,
    })
}
