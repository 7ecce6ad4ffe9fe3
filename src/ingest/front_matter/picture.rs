//! A column's picture, as generators and their themes name it.

use super::value::FieldValue;

#[derive(Debug)]
pub(in crate::ingest) struct FrontMatterPicture {
    /// The key that it stands under.
    pub(in crate::ingest) key: String,
    pub(in crate::ingest) url: String,
    pub(in crate::ingest) alt: String,
    pub(in crate::ingest) credit: Option<String>,
    pub(in crate::ingest) width: Option<u32>,
    pub(in crate::ingest) height: Option<u32>,
}

impl FrontMatterPicture {
    /// The picture that a key names, by its address or in a table; of several, the first.
    pub(super) fn of(key: &str, value: &FieldValue) -> Option<Self> {
        let address = match value {
            FieldValue::List(values) => return values.iter().find_map(|value| Self::of(key, value)),
            FieldValue::Map(_) => value.entry(&["url", "src", "path", "image", "file", "filename", "teaser"])?,
            other => other.text()?,
        };
        let text = |names: &[&str]| value.entry(names).map(str::to_owned);
        let pixels = |name: &str| value.entry(&[name]).and_then(|text| text.parse().ok());
        Some(Self {
            key: key.to_owned(),
            url: address.to_owned(),
            // What stands below a picture says what it shows, where nothing else does.
            alt: text(&["alt", "alt_text", "imageAlt", "caption", "title", "description"]).unwrap_or_default(),
            credit: text(&["credit", "credits", "copyright", "attribution"]),
            width: pixels("width"),
            height: pixels("height"),
        })
    }
}
