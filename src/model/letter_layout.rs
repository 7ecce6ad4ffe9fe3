//! How an edition shows its columns.

use std::{fmt, str::FromStr};

/// The layouts that a newsletter can have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LetterLayout {
    /// The lead large with its picture, the others by rubrique with their standfirsts.
    #[default]
    Magazine,
    /// Titles by rubrique, without pictures.
    List,
    /// The lead with its whole text, the others as titles.
    Full,
}

impl LetterLayout {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Magazine, Self::List, Self::Full];

    /// As the configuration has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Magazine => "magazine",
            Self::List => "list",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for LetterLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LetterLayout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|layout| layout.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no layout: write \"magazine\", \"list\" or \"full\""))
    }
}
