//! Which edition is due, and which columns it holds. Every column is in exactly one edition: those
//! published by the cutoff and in none yet, with some grace for one that was entered late.

use chrono::Duration;

use crate::{
    config::Config,
    model::{Changes, Choice, Column, Edition, EditionKey, Instant, Period, Rubrique, Slug},
};

/// Where a newsletter stands: which editions there are, and at which cutoff there was none. What lies in the
/// future, because a clock was wrong, hides nothing.
#[derive(Debug, Clone, Default)]
pub struct PastEditions {
    /// The first edition.
    pub first: Option<Edition>,
    /// The last edition.
    pub last: Option<Edition>,
    /// The last cutoff at which nothing was new.
    pub quiet: Option<Instant>,
    /// The highest number that an edition has.
    pub number: i64,
    /// Cutoffs in the future that have editions all the same.
    pub taken: Vec<Instant>,
}

/// An edition to come: its label and the span its columns are looked for in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionSlot {
    /// The newsletter.
    pub newsletter: Slug,
    /// The week it is named after; with a number behind it where the week has several.
    pub period: Period,
    /// Counted from 1.
    pub number: i64,
    /// The cutoff before it.
    pub since: Instant,
    /// Columns published from here on, and in no edition yet, are in it …
    pub reach: Instant,
    /// … if they are published at this instant or before.
    pub cutoff: Instant,
}

impl EditionSlot {
    /// What it is known by.
    pub fn key(&self) -> EditionKey {
        EditionKey { newsletter: self.newsletter.clone(), cutoff: self.cutoff }
    }
}

/// The cutoff whose hour has come last, if there is none after it up to which nothing is to be drawn up any
/// more.
pub fn due_cutoff(config: &Config, at: Instant, closed: Option<Instant>) -> Option<Instant> {
    let cutoff = config.digest.schedule.last(at, &config.magazine.zone);
    (closed < Some(cutoff)).then_some(cutoff)
}

/// The edition whose hour has come and that is not drawn up yet, if there is one.
pub fn due(config: &Config, at: Instant, past: &PastEditions) -> Option<EditionSlot> {
    Some(with_cutoff(config, due_cutoff(config, at, past.closed())?, past))
}

/// The edition after the last one whose hour has come.
pub fn next(config: &Config, at: Instant, past: &PastEditions) -> EditionSlot {
    let zone = &config.magazine.zone;
    let schedule = config.digest.schedule;
    // `--at` may name an instant before an edition that is drawn up.
    let from = past.closed().map_or(at, |closed| at.max(closed));
    let mut cutoff = schedule.shifted(schedule.last(from, zone), 1, zone);
    while past.taken.contains(&cutoff) {
        cutoff = schedule.shifted(cutoff, 1, zone);
    }
    with_cutoff(config, cutoff, past)
}

/// The edition with a cutoff that editors hold over its hour.
pub fn held_over(config: &Config, cutoff: Instant, past: &PastEditions) -> EditionSlot {
    with_cutoff(config, cutoff, past)
}

/// Whether the schedule has an hour at this instant.
pub fn is_scheduled(config: &Config, cutoff: Instant) -> bool {
    config.digest.schedule.last(cutoff, &config.magazine.zone) == cutoff
}

impl PastEditions {
    /// Up to where there is nothing more to draw up.
    pub fn closed(&self) -> Option<Instant> {
        self.last.as_ref().map(|last| last.cutoff).max(self.quiet)
    }
}

fn with_cutoff(config: &Config, cutoff: Instant, past: &PastEditions) -> EditionSlot {
    let zone = &config.magazine.zone;
    let PastEditions { first, last, .. } = past;
    // The first edition takes one week; an edition after a missed one takes all since the last.
    let since = last.as_ref().map_or_else(|| config.digest.schedule.shifted(cutoff, -1, zone), |last| last.cutoff);
    // No grace reaches behind the first edition, to columns that never were for the digest.
    let reach = first
        .as_ref()
        .map_or(since, |first| config.digest.schedule.before(since, config.digest.grace, zone).max(first.since));
    EditionSlot {
        newsletter: config.digest.newsletter.clone(),
        period: Period::of(cutoff, zone),
        number: past.number + 1,
        since,
        // What was published at the very cutoff was in the edition before.
        reach: reach + Duration::milliseconds(1),
        cutoff,
    }
}

/// An edition as it would be now: its columns, and what the editors changed.
#[derive(Debug, Clone)]
pub struct EditionDraft {
    /// Which edition.
    pub slot: EditionSlot,
    /// Its columns in the order in which they are read, without those left out.
    pub columns: Vec<Column>,
    /// What the editors changed.
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

/// The columns of one rubrique.
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
/// `max_columns`, the last stand as titles.
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
    let full = others.len().min(config.digest.max_columns - 1);
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
