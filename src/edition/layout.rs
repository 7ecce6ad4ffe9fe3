//! In which order and size an edition shows its columns to readers with a choice of rubriques.

use super::slot::EditionSlot;
use crate::{
    config::Config,
    model::{Changes, Choice, Column, LetterLayout, Rubrique},
};

/// An edition as it would be now: its columns, and what the editors changed.
#[derive(Debug, Clone)]
pub struct EditionDraft {
    pub slot: EditionSlot,
    /// Its columns in the order in which they are read, without those left out.
    pub columns: Vec<Column>,
    pub changes: Changes,
}

impl EditionDraft {
    /// The draft of an edition from all the columns there are for it, given newest first.
    pub fn new(slot: EditionSlot, columns: Vec<Column>, changes: Changes) -> Self {
        Self { slot, columns: changes.applied(columns), changes }
    }
}

/// An edition's columns in the order in which they are read.
#[derive(Debug, PartialEq, Eq)]
pub struct EditionLayout<'a> {
    /// The first and largest.
    pub lead: Option<&'a Column>,
    /// The others by rubrique, in the configuration's order; at the end those without one.
    pub sections: Vec<LayoutSection<'a>>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct LayoutSection<'a> {
    /// None for columns without one.
    pub rubrique: Option<&'a Rubrique>,
    /// With standfirst, newest first.
    pub columns: Vec<&'a Column>,
    /// As titles only, newest first.
    pub titles: Vec<&'a Column>,
}

/// Lays out a draft for a set of rubriques.
///
/// The lead is the first column that the editors pinned; without one, the newest with a picture
/// that says what it shows; without one, the newest of the first rubrique that has any. Above
/// `max_columns`, the last stand as titles; but for the lead, in some layouts all do.
pub fn layout<'a>(config: &'a Config, draft: &'a EditionDraft, choice: &Choice) -> EditionLayout<'a> {
    let rubrique_of = |column: &Column| config.rubriques.iter().find(|r| Some(&r.slug) == column.rubrique.as_ref());
    let wanted: Vec<&Column> = draft.columns.iter().filter(|column| choice.wants(column.rubrique.as_ref())).collect();
    let place = |column: &Column| {
        let slug = column.rubrique.as_ref();
        config.rubriques.iter().position(|r| Some(&r.slug) == slug).unwrap_or(usize::MAX)
    };
    // The columns stand in their order, those that are pinned first.
    let pinned = wanted.first().copied().filter(|column| draft.changes.pinned.contains(&column.id));
    let shows = |column: &&Column| column.image.as_ref().is_some_and(|image| !image.alt.is_empty());
    let lead = pinned
        .or_else(|| wanted.iter().copied().find(shows))
        .or_else(|| wanted.iter().copied().min_by_key(|column| place(column)));
    let others: Vec<&Column> = wanted.into_iter().filter(|column| Some(column.id) != lead.map(|l| l.id)).collect();
    let full = match config.digest.layout {
        LetterLayout::Magazine => others.len().min(config.digest.max_columns - 1),
        // Beside the lead, these have titles alone.
        LetterLayout::List | LetterLayout::Full => 0,
    };
    let section = |rubrique: Option<&'a Rubrique>| {
        let of = |part: &[&'a Column]| {
            let slug = rubrique.map(|r| &r.slug);
            part.iter().copied().filter(|column| rubrique_of(column).map(|r| &r.slug) == slug).collect()
        };
        LayoutSection { rubrique, columns: of(&others[..full]), titles: of(&others[full..]) }
    };
    let mut sections: Vec<LayoutSection<'a>> = config.rubriques.iter().map(Some).chain([None]).map(section).collect();
    sections.retain(|section| !section.columns.is_empty() || !section.titles.is_empty());
    EditionLayout { lead, sections }
}
