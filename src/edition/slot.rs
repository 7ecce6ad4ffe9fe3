//! Which edition is due, and from which span its columns come. Every column is in exactly one edition: those published
//! by the cutoff and in none yet, with some grace for one that was entered late.

use chrono::Duration;

use crate::{
    config::Config,
    model::{Edition, EditionKey, Instant, Period, Slug},
};

/// How far back the first edition goes of a newsletter that comes whenever something is published.
const FIRST_SPAN: Duration = Duration::days(1);

/// Where a newsletter stands: which editions there are, and at which cutoff there was none. What lies in the
/// future, because a clock was wrong, hides nothing.
#[derive(Debug, Clone, Default)]
pub struct PastEditions {
    pub first: Option<Edition>,
    pub last: Option<Edition>,
    /// The last cutoff at which nothing was new.
    pub quiet: Option<Instant>,
    /// The highest number that an edition has.
    pub number: i64,
    /// Cutoffs in the future that have editions all the same, or that editors skip.
    pub taken: Vec<Instant>,
}

/// An edition to come: its label and the span its columns are looked for in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionSlot {
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
    /// When it was planned, if it is a special edition: of the columns that were chosen.
    pub planned: Option<Instant>,
}

impl EditionSlot {
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
    let schedule = &config.digest.schedule;
    // `--at` may name an instant before an edition that is drawn up.
    let from = past.closed().map_or(at, |closed| at.max(closed));
    let mut cutoff = schedule.next(from, zone);
    while past.taken.contains(&cutoff) {
        cutoff = schedule.next(cutoff, zone);
    }
    with_cutoff(config, cutoff, past)
}

/// The edition with a cutoff that editors hold over its hour.
pub fn held_over(config: &Config, cutoff: Instant, past: &PastEditions) -> EditionSlot {
    with_cutoff(config, cutoff, past)
}

/// Whether the schedule has an hour at this instant.
pub fn is_scheduled(config: &Config, cutoff: Instant) -> bool {
    config.digest.schedule.is_due_at(cutoff, &config.magazine.zone)
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
    // The first edition takes what the schedule has between two; an edition after a missed one takes all since the last.
    let schedule = &config.digest.schedule;
    let before = if schedule.is_published() { cutoff - FIRST_SPAN } else { schedule.previous(cutoff, zone) };
    let since = last.as_ref().map_or(before, |last| last.cutoff);
    // No grace reaches behind the first edition, to columns that never were for the digest.
    let reach = first
        .as_ref()
        .map_or(since, |first| config.digest.schedule.before(since, config.digest.grace, zone).max(first.since));
    EditionSlot {
        newsletter: config.digest.newsletter.clone(),
        period: config.digest.period(cutoff, zone),
        number: past.number + 1,
        since,
        // What was published at the very cutoff was in the edition before.
        reach: reach + Duration::milliseconds(1),
        cutoff,
        planned: None,
    }
}
