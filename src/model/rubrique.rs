//! The sections of the magazine.

use super::{Colour, Slug, text::fold};

/// The section that a column belongs to, as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rubrique {
    /// Its name in paths and URLs.
    pub slug: Slug,
    /// Its name for readers, such as `Édito`.
    pub label: String,
    /// One sentence about it, for its feed and the page of feeds.
    pub description: Option<String>,
    /// Its colour in the digest and on the page of feeds.
    pub colour: Colour,
}

impl Rubrique {
    /// Whether a label found in a source means this rubrique: case and accents do not count.
    pub fn answers_to(&self, label: &str) -> bool {
        let label = fold(label);
        label == fold(&self.label) || label == self.slug.as_str()
    }

    /// The rubrique among these that a label means.
    pub fn find<'a>(rubriques: &'a [Rubrique], label: &str) -> Option<&'a Rubrique> {
        rubriques.iter().find(|rubrique| rubrique.answers_to(label))
    }
}
