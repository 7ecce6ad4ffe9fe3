//! The short name of a rubrique or a column in a path or a URL.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::fold;

/// Lower-case ASCII letters, digits and single hyphens, 1 to 80 bytes: safe as a folder's name,
/// in a URL and in a header.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

const MAX_SLUG_CHARS: usize = 80;

/// Why a text is no slug.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no slug: use 1 to 80 lower-case letters a-z, digits and single hyphens")]
pub struct NotASlug(String);

impl Slug {
    /// Takes a slug as it is written, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NotASlug> {
        let fits = !text.is_empty()
            && text.len() <= MAX_SLUG_CHARS
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--");
        if fits { Ok(Self(text.to_owned())) } else { Err(NotASlug(text.to_owned())) }
    }

    /// Makes a slug of any text, by folding; `None` if no letter or digit is left of it.
    ///
    /// Too long a text is cut at a hyphen where there is one.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut slug = String::new();
        for c in fold(text).chars() {
            if c.is_ascii_alphanumeric() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        if slug.len() > MAX_SLUG_CHARS {
            let end = slug[..=MAX_SLUG_CHARS].rfind('-').unwrap_or(MAX_SLUG_CHARS);
            slug.truncate(end);
        }
        Self::parse(slug.trim_end_matches('-')).ok()
    }

    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Slug {
    type Error = NotASlug;
    fn try_from(text: String) -> Result<Self, NotASlug> {
        Self::parse(&text)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> String {
        slug.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_and_refuses() {
        let of = |text: &str| Slug::from_text(text).map(String::from);
        assert_eq!(of("« L’été, déjà\u{202f}? »").as_deref(), Some("l-ete-deja"));
        assert_eq!(of("😀"), None);
        assert_eq!(of(&"mot ".repeat(40)).map(|s| s.len()), Some(79));
        assert_eq!(of(&"m".repeat(200)).map(|s| s.len()), Some(80));
        for wrong in ["", "-a", "a-", "a--b", "É", "../x", "a b"] {
            assert!(Slug::parse(wrong).is_err(), "{wrong}");
        }
    }
}
