//! Who receives the newsletters.

use std::{collections::BTreeSet, fmt, str::FromStr};

use data_encoding::BASE32_NOPAD;

use super::{EmailAddress, Slug};

/// What a reader is known by outside the store: 128 random bits, never used again. Everything that
/// leaves the store names a reader by it: tokens, message ids, addresses for bounces, files' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReaderId([u8; 16]);

impl ReaderId {
    /// Nobody: whom the desk's specimens are for.
    pub const NOBODY: Self = Self([0; 16]);

    /// From its bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for ReaderId {
    /// 26 lower-case letters and digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0).to_lowercase())
    }
}

impl FromStr for ReaderId {
    type Err = String;

    /// Reads an id, whatever the case of its letters: mail servers change it.
    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        bytes.map(Self).ok_or_else(|| format!("{text:?} is no reader's id"))
    }
}

/// How something from outside names a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReaderName {
    /// By the public id.
    Id(ReaderId),
    /// By the number that the first version's letters named.
    Old(i64),
}

/// Which rubriques a subscriber wants: some, or all there are and will be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Choice(BTreeSet<Slug>);

impl Choice {
    /// All rubriques, and the columns without one.
    pub fn all() -> Self {
        Self::default()
    }

    /// These rubriques; all, if none is named.
    pub fn of(rubriques: impl IntoIterator<Item = Slug>) -> Self {
        Self(rubriques.into_iter().collect())
    }

    /// Whether a column of this rubrique is wanted. A column without a rubrique goes to those who
    /// want all.
    pub fn wants(&self, rubrique: Option<&Slug>) -> bool {
        self.0.is_empty() || rubrique.is_some_and(|slug| self.0.contains(slug))
    }

    /// The choice as the store writes it: slugs in order with commas between, empty for all.
    /// Equal choices give equal keys.
    pub fn key(&self) -> String {
        self.0.iter().map(Slug::as_str).collect::<Vec<_>>().join(",")
    }

    /// Reads a key again; what is no slug is dropped.
    pub fn from_key(key: &str) -> Self {
        Self::of(key.split(',').filter_map(|slug| Slug::parse(slug).ok()))
    }
}

/// Someone who receives a newsletter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Where to.
    pub address: EmailAddress,
    /// How the subscriber wants to be called, one line.
    pub name: Option<String>,
    /// Which rubriques.
    pub choice: Choice,
}
