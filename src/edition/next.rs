//! The edition that comes next, as it is now: its columns, what the editors changed in it, and whether it may go out.

use std::collections::BTreeSet;

use super::{
    Error, another_hour,
    audiences::{self, AudienceDraft, Audiences},
    layout::EditionDraft,
    render::content_hash,
    repeats::{self, Repeat},
    slot::{self, EditionSlot, PastEditions},
    special,
};
use crate::{
    config::Config,
    model::{Column, ColumnId, Decision, DeskRecord, Edition, EditionKey, Instant, NoteKind, Now, Period, ReaderGroup},
    store::Store,
};

/// The edition that comes next, as it is now.
#[derive(Debug)]
pub struct NextEdition {
    pub draft: EditionDraft,
    /// The columns there are for it, newest first, with those that were left out.
    pub all: Vec<Column>,
    /// Those that are not for it because readers have had their words.
    pub repeats: Vec<Repeat>,
    /// Who gets it, and as what.
    pub audiences: Audiences,
    pub desk: DeskRecord,
    pub is_due: bool,
    /// Whether there was none before it.
    pub is_first: bool,
    /// How many commits had changed columns before they were read.
    pub revision: i64,
}

/// What somebody had before them who decides: what has changed since, they have not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedState {
    /// The number of the last decision, 0 if there was none.
    pub decision: i64,
    pub hash: String,
    /// For how many readers it was.
    pub readers: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalState {
    Empty,
    /// The editors have said nothing of it.
    Draft,
    /// It goes out as it is.
    Approved {
        who: String,
        at: Instant,
    },
    /// It was approved, and has changed since.
    Lapsed {
        who: String,
        at: Instant,
    },
    /// It must not go out.
    Held {
        who: String,
        at: Instant,
        why: String,
    },
}

impl ApprovalState {
    /// Its name for scripts.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            // An approval that has fallen is none.
            Self::Draft | Self::Lapsed { .. } => "draft",
            Self::Approved { .. } => "approved",
            Self::Held { .. } => "held",
        }
    }
}

impl NextEdition {
    /// A fingerprint of all that its readers could see.
    pub fn hash(&self, config: &Config) -> Result<String, Error> {
        Ok(content_hash(config, &self.draft)?)
    }

    /// Whether nobody would get anything: nothing is new, and nothing of earlier editions is to come.
    pub fn is_empty(&self) -> bool {
        self.draft.columns.is_empty() && !self.audiences.drafts.iter().any(AudienceDraft::has_columns)
    }

    /// The groups of readers who get a letter of it.
    pub fn groups(&self) -> Vec<ReaderGroup> {
        let drafts = self.audiences.drafts.iter().filter(|draft| draft.has_columns());
        drafts.flat_map(|draft| draft.groups.iter().cloned()).collect()
    }

    /// What somebody looks at who has it before them.
    pub async fn reviewed_state(&self, config: &Config, store: &Store) -> Result<ReviewedState, Error> {
        let readers = store.readers_of(&config.digest.newsletter, &self.groups()).await?;
        Ok(ReviewedState { decision: self.desk.last_decision, hash: self.hash(config)?, readers })
    }

    pub fn approval_state(&self, config: &Config) -> Result<ApprovalState, Error> {
        Ok(match self.desk.decision() {
            Decision::Held { who, at, why } => ApprovalState::Held { who, at, why },
            _ if self.is_empty() => ApprovalState::Empty,
            Decision::Open => ApprovalState::Draft,
            Decision::Approved { hash, who, at } if hash == self.hash(config)? => ApprovalState::Approved { who, at },
            Decision::Approved { who, at, .. } => ApprovalState::Lapsed { who, at },
        })
    }

    /// Whether the magazine waits for its first hour, because it began in the middle of a week, after the hour
    /// before, and nobody has had a hand in that.
    pub(super) fn waits_for_first_hour(&self, config: &Config, store: &Store, at: Instant) -> bool {
        let untouched = self.desk.version.number == 0 && self.desk.notes.is_empty();
        let began = store.magazine().is_none_or(|magazine| magazine.began > self.draft.slot.cutoff);
        self.is_first && untouched && began && self.is_late(config, at)
    }

    /// When it goes: at its hour, or when editors have put it off to.
    pub fn hour(&self) -> Instant {
        let cutoff = self.draft.slot.cutoff;
        let last = self.desk.notes.iter().rev().find(|note| note.kind == NoteKind::PutOff);
        last.and_then(another_hour::hour_of).map_or(cutoff, |hour| hour.max(cutoff))
    }

    /// Whether it is too late to go out by itself. Somebody who approves it or lets it go after its hour wants
    /// it to go out then.
    pub(super) fn is_late(&self, config: &Config, at: Instant) -> bool {
        let hour = self.hour();
        let since = match self.desk.last_said() {
            Some(note) if note.kind != NoteKind::Held => note.at.max(hour),
            _ => hour,
        };
        at - since > config.digest.send_within
    }
}

/// The edition that comes next, as it is at an instant: that of the schedule, or a special one whose hour is before.
pub async fn next_edition(config: &Config, store: &Store, now: Now) -> Result<NextEdition, Error> {
    coming(config, store, now, None).await
}

/// The edition to come that is called so; without a name, or if there is none of that name, the one that comes next.
pub async fn coming(config: &Config, store: &Store, now: Now, named: Option<&Period>) -> Result<NextEdition, Error> {
    let all = special::all_coming(config, store, now).await?;
    let mut place = all.iter().position(|coming| Some(&coming.draft.slot.period) == named);
    if let (None, Some(named)) = (place, named) {
        let after = edition_after(config, store, now, &all).await?;
        if let Some(after) = after.filter(|after| after.draft.slot.period == *named) {
            return Ok(after);
        }
    }
    place = place.or_else(|| place_of_next(&all));
    match all.into_iter().nth(place.unwrap_or_default()) {
        Some(coming) => Ok(coming),
        None => scheduled_edition(config, store, now).await,
    }
}

/// Which of all editions to come is the next: a special one that is held over its hour keeps none of the others from
/// the editors' eyes.
pub fn place_of_next(all: &[NextEdition]) -> Option<usize> {
    let is_kept = |coming: &NextEdition| {
        coming.draft.slot.planned.is_some() && coming.is_due && matches!(coming.desk.decision(), Decision::Held { .. })
    };
    all.iter().position(|coming| !is_kept(coming))
}

/// The edition of the schedule that comes next.
pub(super) async fn scheduled_edition(config: &Config, store: &Store, now: Now) -> Result<NextEdition, Error> {
    let past = past_editions(config, store, now).await?;
    move_rescheduled_drafts(config, store, now.at, &past).await?;
    if let Some(due) = slot::due(config, now.at, &past) {
        let coming = assemble(config, store, due, true, &past).await?;
        if !coming.waits_for_first_hour(config, store, now.at) {
            return Ok(coming);
        }
    }
    assemble(config, store, slot::next(config, now.at, &past), false, &past).await
}

/// Behind the edition of the schedule, if its hour has come and it is not drawn up, there is one more: without the
/// columns that the first one holds. `all`: the editions to come.
pub async fn edition_after(
    config: &Config,
    store: &Store,
    now: Now,
    all: &[NextEdition],
) -> Result<Option<NextEdition>, Error> {
    let scheduled = all.iter().find(|coming| coming.draft.slot.planned.is_none());
    let Some(first) = scheduled.filter(|scheduled| scheduled.is_due) else { return Ok(None) };
    let past = past_editions(config, store, now).await?;
    let before = &first.draft.slot;
    let next = slot::next(config, now.at, &past);
    let slot = EditionSlot { since: before.cutoff, number: before.number + 1, ..next };
    let taken: BTreeSet<ColumnId> = first.draft.columns.iter().map(|column| column.id).collect();
    let mut after = assemble_without(config, store, slot, &past, &taken).await?;
    // Both may be of one week, and neither is in the store.
    if after.draft.slot.period == before.period {
        after.draft.slot.period = before.period.numbered(2);
    }
    Ok(Some(after))
}

/// What the newsletter's editions so far say of the next one.
pub async fn past_editions(config: &Config, store: &Store, now: Now) -> Result<PastEditions, Error> {
    let (newsletter, until) = (&config.digest.newsletter, now.horizon());
    let future = store.future_editions(until).await?.into_iter();
    let future = future.filter(|edition| edition.newsletter == *newsletter).map(|edition| edition.cutoff);
    // What editors skip has its hour still before it.
    let skipped = store.quiet_after(newsletter, now.at).await?;
    Ok(PastEditions {
        first: store.first_edition(newsletter, until).await?,
        last: store.last_edition(newsletter, until).await?,
        quiet: store.last_quiet(newsletter, now.at).await?,
        number: store.last_number(newsletter).await?,
        taken: future.chain(skipped).collect(),
    })
}

/// What editors said of an hour that the schedule no longer has is for the hour that comes in its place.
pub(super) async fn move_rescheduled_drafts(
    config: &Config,
    store: &Store,
    at: Instant,
    past: &PastEditions,
) -> Result<(), Error> {
    let newsletter = &config.digest.newsletter;
    // An hour that is over counts if the magazine was there: it has an edition that nobody has drawn up yet.
    let was_there = |due: &EditionSlot| past.last.is_some() || store.magazine().is_some_and(|m| m.began <= due.cutoff);
    for cutoff in store.draft_cutoffs(newsletter).await? {
        if Some(cutoff) > past.closed() && !slot::is_scheduled(config, cutoff) {
            let due = slot::due(config, at, past).filter(|due| due.cutoff >= cutoff || was_there(due));
            let due = due.unwrap_or_else(|| slot::next(config, at, past));
            store.move_draft(&EditionKey { newsletter: newsletter.clone(), cutoff }, due.cutoff).await?;
        }
    }
    Ok(())
}

pub(super) async fn assemble(
    config: &Config,
    store: &Store,
    due: EditionSlot,
    is_due: bool,
    past: &PastEditions,
) -> Result<NextEdition, Error> {
    let coming = assemble_without(config, store, due, past, &BTreeSet::new()).await?;
    Ok(NextEdition { is_due, ..coming })
}

/// An edition to come, without columns that another one is to have.
async fn assemble_without(
    config: &Config,
    store: &Store,
    due: EditionSlot,
    past: &PastEditions,
    taken: &BTreeSet<ColumnId>,
) -> Result<NextEdition, Error> {
    let due = labelled(store, over_skipped(config, store, due, past).await?).await?;
    // The notes and the revision first: what is decided or changed while the columns are read makes a freezing
    // stale.
    let desk = store.desk(&due.key()).await?;
    let revision = store.revision().await?;
    let mut all = store.unsent(&due.newsletter, due.reach, due.cutoff).await?;
    all.retain(|column| config.digest.holds(column.rubrique.as_ref()) && !taken.contains(&column.id));
    let sent = store.repeated(&due.newsletter, due.reach, due.cutoff).await?;
    let sent = sent.into_iter().map(|repeated| (repeated.column, repeated.period)).collect();
    let (all, repeats) = repeats::split_repeats(all, &sent, &desk.version.changes);
    let draft = EditionDraft::new(due, all.clone(), desk.version.changes.clone());
    let audiences = audiences::find(config, store, &draft, &all).await?;
    Ok(NextEdition { draft, all, repeats, audiences, desk, is_due: false, is_first: past.last.is_none(), revision })
}

/// The first edition takes what those hold that were skipped before it; a later one takes all since the last, anyhow.
async fn over_skipped(
    config: &Config,
    store: &Store,
    slot: EditionSlot,
    past: &PastEditions,
) -> Result<EditionSlot, Error> {
    let (schedule, zone) = (&config.digest.schedule, &config.magazine.zone);
    if past.last.is_some() || schedule.is_published() {
        return Ok(slot);
    }
    let skipped = store.skipped_after(&slot.newsletter, Instant::UNIX_EPOCH).await?;
    let mut since = slot.since;
    while skipped.iter().any(|(cutoff, _)| *cutoff == since) {
        since = schedule.previous(since, zone);
    }
    let reach = if since < slot.since { since + chrono::Duration::milliseconds(1) } else { slot.reach };
    Ok(EditionSlot { since, reach, ..slot })
}

/// An edition to come with a label that no other one has.
async fn labelled(store: &Store, mut due: EditionSlot) -> Result<EditionSlot, Error> {
    let taken = store.labels(&due.newsletter, &due.period).await?;
    due.period = free_label(&due.period, due.cutoff, &taken);
    Ok(due)
}

fn free_label(week: &Period, cutoff: Instant, taken: &[(Period, Instant)]) -> Period {
    let is_free = |label: &Period| !taken.iter().any(|(other, at)| other == label && *at != cutoff);
    let numbered = (2..).map(|count| week.numbered(count));
    std::iter::once(week.clone()).chain(numbered).find(is_free).unwrap_or_else(|| week.clone())
}

/// An edition that is held and has no letters yet, as it would be now.
pub async fn held_edition(config: &Config, store: &Store, edition: &Edition) -> Result<NextEdition, Error> {
    let desk = store.desk(&edition.key()).await?;
    let revision = store.revision().await?;
    let all = store.columns_of(edition.id).await?;
    let due = EditionSlot {
        newsletter: edition.newsletter.clone(),
        period: edition.period.clone(),
        number: edition.number,
        since: edition.since,
        reach: config.digest.schedule.before(edition.since, config.digest.grace, &config.magazine.zone),
        cutoff: edition.cutoff,
        planned: None,
    };
    let draft = EditionDraft::new(due, all.clone(), desk.version.changes.clone());
    let audiences = audiences::find(config, store, &draft, &all).await?;
    // What it keeps was chosen at its hour.
    Ok(NextEdition { draft, all, repeats: Vec::new(), audiences, desk, is_due: true, is_first: false, revision })
}

/// What an edition that is to be redated to a cutoff is called then.
pub async fn label_at(config: &Config, store: &Store, cutoff: Instant) -> Result<Period, Error> {
    let week = config.digest.period(cutoff, &config.magazine.zone);
    let taken = store.labels(&config.digest.newsletter, &week).await?;
    Ok(free_label(&week, cutoff, &taken))
}
