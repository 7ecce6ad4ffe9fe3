//! What a front matter says, by whatever names and in whatever shapes a generator of sites has it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use super::{
    keys::{FrontMatterKey, KeyWords},
    picture::FrontMatterPicture,
    value::FieldValue,
};
use crate::model::RecordAudio;

/// A name in a table within the front matter counts less than the same one at its top.
const IN_TABLE: u8 = 20;

/// The front matter of a column.
#[derive(Debug, Default)]
pub(in crate::ingest) struct FrontMatter {
    pub(in crate::ingest) title: Option<String>,
    pub(in crate::ingest) standfirst: Ranked<String>,
    pub(in crate::ingest) authors: Ranked<Vec<String>>,
    categories: Vec<(u8, String)>,
    pub(in crate::ingest) tags: Vec<String>,
    pub(in crate::ingest) published: Ranked<String>,
    pub(in crate::ingest) updated: Ranked<String>,
    /// When it is withdrawn by itself.
    pub(in crate::ingest) expires: Ranked<String>,
    /// Names the column in its source, whatever its file is called.
    pub(in crate::ingest) id: Option<String>,
    /// The id that readers of another publisher's feed know it by.
    pub(in crate::ingest) guid: Option<String>,
    pub(in crate::ingest) slug: Option<String>,
    pub(in crate::ingest) url: Ranked<String>,
    pub(in crate::ingest) image: Ranked<FrontMatterPicture>,
    pub(in crate::ingest) audio: Option<RecordAudio>,
    image_alt: Option<String>,
    image_credit: Option<String>,
    /// Whether it is not for readers: a draft, hidden, withdrawn.
    pub(in crate::ingest) hidden: bool,
    pub(in crate::ingest) layout: Option<String>,
    /// Keys that nobody knows.
    pub(in crate::ingest) unknown: Vec<String>,
    /// Why the file cannot be taken.
    pub(in crate::ingest) wrong: Option<String>,
}

/// A value, and the place of its name among those of one thing.
#[derive(Debug)]
pub(in crate::ingest) struct Ranked<T>(Option<(u8, T)>);

impl<T> Default for Ranked<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Ranked<T> {
    fn offer(&mut self, rank: u8, value: T) {
        if self.0.as_ref().is_none_or(|(known, _)| rank < *known) {
            self.0 = Some((rank, value));
        }
    }

    pub(in crate::ingest) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, value)| value)
    }

    /// The value, if it stands under the name of this place.
    pub(super) fn of_rank(&self, rank: u8) -> Option<&T> {
        self.0.as_ref().filter(|(known, _)| *known == rank).map(|(_, value)| value)
    }

    pub(in crate::ingest) fn take(&mut self) -> Option<T> {
        self.0.take().map(|(_, value)| value)
    }
}

impl FrontMatter {
    /// The labels that may be a rubrique's, the likeliest first.
    pub(in crate::ingest) fn categories(&self) -> impl Iterator<Item = &str> {
        let mut all: Vec<&(u8, String)> = self.categories.iter().collect();
        all.sort_by_key(|(rank, _)| *rank);
        all.into_iter().map(|(_, label)| label.as_str())
    }

    /// Takes a key; `outer` is how much less it counts here than at the top.
    pub(super) fn take(&mut self, name: &str, value: FieldValue, outer: u8) {
        self.take_key(FrontMatterKey::of(name), name, value, outer);
    }

    fn take_key(&mut self, key: FrontMatterKey, name: &str, value: FieldValue, outer: u8) {
        match key {
            FrontMatterKey::Ignored => return,
            FrontMatterKey::Unknown if outer > 0 => return,
            FrontMatterKey::Unknown => return self.unknown.push(name.to_owned()),
            _ if value.is_blank() => return,
            _ => {}
        }
        match key {
            FrontMatterKey::Title => set(&mut self.title, name, &value, outer, &mut self.wrong),
            // Names of columns: a site's own tables mean something else by them.
            FrontMatterKey::Id | FrontMatterKey::Guid | FrontMatterKey::Slug if outer > 0 => {}
            FrontMatterKey::Id => set(&mut self.id, name, &value, outer, &mut self.wrong),
            FrontMatterKey::Guid => set(&mut self.guid, name, &value, outer, &mut self.wrong),
            FrontMatterKey::Slug => set(&mut self.slug, name, &value, outer, &mut self.wrong),
            FrontMatterKey::Standfirst(rank) => {
                if let FieldValue::Text(text) = value {
                    self.standfirst.offer(rank + outer, text);
                }
            }
            FrontMatterKey::Authors(rank) => self.authors.offer(rank + outer, authors(&value)),
            FrontMatterKey::Categories(rank, words) => self.categorise(rank + outer, &value, words),
            FrontMatterKey::Tags => self.tag(&value),
            FrontMatterKey::Published(rank) => self.publish(name, rank + outer, &value),
            FrontMatterKey::Updated(rank) => date(&mut self.updated, name, rank + outer, &value, &mut self.wrong),
            FrontMatterKey::Expires(rank) => date(&mut self.expires, name, rank + outer, &value, &mut self.wrong),
            FrontMatterKey::Url(rank) => self.address(rank, &value, outer),
            FrontMatterKey::Image(rank) => match FrontMatterPicture::of(name, &value) {
                Some(picture) => self.image.offer(rank + outer, picture),
                None if rank + outer == 0 && matches!(value, FieldValue::Map(_)) => {
                    self.refuse(name, "it has no address: write it as `url`");
                }
                None => {}
            },
            FrontMatterKey::Audio => self.audio = self.audio.take().or_else(|| recording(&value)),
            FrontMatterKey::ImageAlt => self.image_alt = value.text().map(str::to_owned),
            FrontMatterKey::ImageCredit => self.image_credit = value.text().map(str::to_owned),
            FrontMatterKey::Draft | FrontMatterKey::Withdrawn | FrontMatterKey::Hidden => match flag(&value) {
                Some(flag) => self.hidden |= flag,
                None if key == FrontMatterKey::Hidden || outer > 0 => {}
                None => self.refuse(name, "write true or false"),
            },
            FrontMatterKey::Status => self.hidden |= value.text().is_some_and(is_hidden_status),
            FrontMatterKey::Build => {
                let never = |value: Option<&str>| value.is_some_and(|value| matches!(value, "never" | "false"));
                self.hidden |= never(value.entry(&["render"])) || never(value.entry(&["list"]));
            }
            FrontMatterKey::Layout => self.layout = self.layout.take().or_else(|| value.text().map(str::to_owned)),
            FrontMatterKey::More => {
                if let (FieldValue::Map(entries), 0) = (value, outer) {
                    entries.into_iter().for_each(|(name, value)| self.take(&name, value, IN_TABLE));
                }
            }
            FrontMatterKey::Ignored | FrontMatterKey::Unknown => {}
        }
    }

    /// What is known when all keys are.
    pub(super) fn finish(mut self) -> Self {
        if let Some((_, picture)) = &mut self.image.0 {
            if picture.alt.is_empty() {
                picture.alt = self.image_alt.take().unwrap_or_default();
            }
            picture.credit = picture.credit.take().or(self.image_credit.take());
        }
        self
    }

    fn refuse(&mut self, name: &str, why: &str) {
        self.wrong.get_or_insert_with(|| format!("{name}: {why}"));
    }

    fn categorise(&mut self, rank: u8, value: &FieldValue, words: KeyWords) {
        let list = matches!(value, FieldValue::List(_));
        for text in value.texts() {
            self.categories.push((rank, text.to_owned()));
            if words == KeyWords::Several && !list {
                self.categories.extend(several(text).map(|part| (rank, part.to_owned())));
            }
        }
    }

    /// Tags: those of a list as they are, a text as the list that it is written for.
    fn tag(&mut self, value: &FieldValue) {
        let is_list = matches!(value, FieldValue::List(_));
        for text in value.texts() {
            match is_list {
                true => self.tags.push(text.to_owned()),
                false => self.tags.extend(several(text).map(str::to_owned)),
            }
        }
    }

    /// The words of its tags, each by itself, too.
    pub(in crate::ingest) fn tags_and_words(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().flat_map(|tag| std::iter::once(tag.as_str()).chain(several(tag)))
    }

    /// A date, or Jekyll's word for what is not a draft.
    fn publish(&mut self, name: &str, rank: u8, value: &FieldValue) {
        match flag(value) {
            Some(published) => self.hidden |= !published,
            None => date(&mut self.published, name, rank, value, &mut self.wrong),
        }
    }

    fn address(&mut self, rank: u8, value: &FieldValue, outer: u8) {
        match value {
            // Eleventy makes no page of it.
            FieldValue::Flag(false) if rank == 1 => self.hidden = true,
            FieldValue::Text(text) => {
                let text = text.trim();
                let absolute = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
                // A pattern is no address: /:year/:title/, /posts/{{ title }}/.
                let pattern = text.contains("/:") || text.contains('{');
                let path = text.starts_with('/') && !text.starts_with("//");
                let is_address = if rank == 0 && outer == 0 { !pattern } else { !pattern && (absolute || path) };
                if is_address {
                    self.url.offer(rank + outer, text.to_owned());
                }
            }
            _ => {}
        }
    }
}

fn set(slot: &mut Option<String>, name: &str, value: &FieldValue, outer: u8, wrong: &mut Option<String>) {
    match value {
        FieldValue::Text(text) => {
            slot.get_or_insert_with(|| text.clone());
        }
        FieldValue::Flag(flag) => {
            slot.get_or_insert_with(|| flag.to_string());
        }
        _ if outer > 0 => {}
        other => {
            wrong.get_or_insert_with(|| format!("{name}: it is {}: write a text", other.kind()));
        }
    }
}

fn date(slot: &mut Ranked<String>, name: &str, rank: u8, value: &FieldValue, wrong: &mut Option<String>) {
    match value.text() {
        Some(text) => slot.offer(rank, text.to_owned()),
        None if rank >= IN_TABLE => {}
        None => {
            wrong.get_or_insert_with(|| format!("{name}: it is {}: write a date", value.kind()));
        }
    }
}

/// Yes or no, also in quotation marks.
fn flag(value: &FieldValue) -> Option<bool> {
    match value {
        FieldValue::Flag(flag) => Some(*flag),
        FieldValue::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a status is that of what readers do not see (Pelican, Decap, exports of WordPress).
fn is_hidden_status(status: &str) -> bool {
    let status = status.to_ascii_lowercase();
    matches!(
        status.as_str(),
        "draft" | "hidden" | "private" | "skip" | "pending" | "trash" | "in_review" | "unpublished"
    )
}

/// A recording, by its address or in a table.
fn recording(value: &FieldValue) -> Option<RecordAudio> {
    if let FieldValue::List(values) = value {
        return values.iter().find_map(recording);
    }
    let text = |names: &[&str]| value.entry(names).map(str::to_owned);
    let url = match value {
        FieldValue::Map(_) => text(&["url", "src", "path", "file", "filename"])?,
        other => other.text()?.to_owned(),
    };
    let media_type = text(&["type", "mime_type", "mime", "media_type"]);
    let length = text(&["length", "size", "bytes"]).and_then(|length| length.trim().parse().ok());
    Some(RecordAudio { url, media_type, length, duration: text(&["duration"]) })
}

/// Names, each as a text or as a table with a name.
fn authors(value: &FieldValue) -> Vec<String> {
    match value {
        FieldValue::List(values) => values.iter().flat_map(authors).collect(),
        FieldValue::Map(_) => value.entry(&["name", "title", "label"]).map(str::to_owned).into_iter().collect(),
        other => other.text().map(str::to_owned).into_iter().collect(),
    }
}

/// The words of a list that is written as a text: parted by commas, or by white space where there is none.
fn several(text: &str) -> impl Iterator<Item = &str> {
    let commas = text.contains([',', ';']);
    let ends = move |c: char| if commas { matches!(c, ',' | ';') } else { c.is_whitespace() };
    text.split(ends).map(str::trim).filter(|part| !part.is_empty())
}

impl<'de> Deserialize<'de> for FrontMatter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FrontMatterVisitor)
    }
}

struct FrontMatterVisitor;

impl<'de> Visitor<'de> for FrontMatterVisitor {
    type Value = FrontMatter;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys with their values")
    }

    fn visit_unit<E>(self) -> Result<FrontMatter, E> {
        Ok(FrontMatter::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FrontMatter, A::Error> {
        let mut front = FrontMatter::default();
        while let Some(name) = map.next_key::<String>()? {
            let key = FrontMatterKey::of(&name);
            let value = match key {
                // A text whatever it looks like: 1.10 is a title, and no number.
                FrontMatterKey::Title
                | FrontMatterKey::Id
                | FrontMatterKey::Guid
                | FrontMatterKey::Slug
                | FrontMatterKey::Standfirst(0 | 1) => {
                    map.next_value::<Option<String>>()?.map_or(FieldValue::Nothing, FieldValue::Text)
                }
                FrontMatterKey::Ignored | FrontMatterKey::Unknown => {
                    map.next_value::<IgnoredAny>()?;
                    FieldValue::Nothing
                }
                _ => map.next_value()?,
            };
            front.take_key(key, &name, value, 0);
        }
        Ok(front.finish())
    }
}
