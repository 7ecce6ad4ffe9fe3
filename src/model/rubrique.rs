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
    /// What it was called before, slugs or labels.
    pub formerly: Vec<String>,
}

impl Rubrique {
    /// The rubrique among these that a label found in a source means: case and accents do not
    /// count, a slug serves too, and so does what it was called before.
    pub fn find<'a>(rubriques: &'a [Rubrique], label: &str) -> Option<&'a Rubrique> {
        let folded = fold(label);
        // As it is written it means nothing else, and to fold every label takes its time.
        let written = rubriques.iter().find(|rubrique| rubrique.label == label || rubrique.slug.as_str() == folded);
        let called = || rubriques.iter().find(|rubrique| fold(&rubrique.label) == folded);
        let was_called = |rubrique: &&Rubrique| rubrique.formerly.iter().any(|name| fold(name) == folded);
        written.or_else(called).or_else(|| rubriques.iter().find(was_called))
    }
}
