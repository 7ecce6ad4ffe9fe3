//! Who receives the digest.

use std::collections::BTreeSet;

use super::{EmailAddress, Slug};

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

/// Someone who receives the digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Where to.
    pub address: EmailAddress,
    /// How the subscriber wants to be called, one line.
    pub name: Option<String>,
    /// Which rubriques.
    pub choice: Choice,
}
