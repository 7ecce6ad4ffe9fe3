//! Who gets which columns of an edition. Each edition has the columns that are new with it; readers who get fewer letters
//! than there are editions get those of the editions since their last letter with them. So every column comes once to each
//! reader, whatever the rhythm and whatever was changed: a letter covers the editions behind the reader's mark.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use super::{Error, layout::EditionDraft, slot::EditionSlot};
use crate::{
    config::Config,
    model::{Audience, Changes, Choice, Column, Edition, Instant, ReaderGroup, Rhythm, column::fingerprint},
    store::{EarlierEdition, Store},
};

/// The edition as one audience sees it.
#[derive(Debug, Clone)]
pub struct AudienceDraft {
    pub audience: Audience,
    /// The groups of readers who get it; none where it is for the archive and the desk alone.
    pub groups: Vec<ReaderGroup>,
    /// With the columns of earlier editions that come with it.
    pub draft: Arc<EditionDraft>,
    /// These, by their numbers in the store.
    pub earlier: Vec<i64>,
}

impl AudienceDraft {
    /// Whether there is something in it for its readers.
    pub fn has_columns(&self) -> bool {
        self.draft.columns.iter().any(|column| self.audience.choice.wants(column.rubrique.as_ref()))
    }
}

/// All audiences of an edition, and what they were found by.
#[derive(Debug, Clone)]
pub struct Audiences {
    /// That for all rubriques with the edition's own columns first.
    pub drafts: Vec<AudienceDraft>,
    /// All groups of readers there are, also those that get nothing now.
    pub groups: Vec<ReaderGroup>,
    /// The rhythms that the edition is due for, beside each.
    pub rhythms: Vec<Rhythm>,
    /// See [`Store::editions_stamp`]; none if columns of earlier editions come to nobody.
    pub editions: Option<(i64, i64)>,
}

/// Where a newsletter stood before a cutoff.
struct Before {
    /// The cutoff of the last edition.
    last: Option<Instant>,
    /// Up to where nothing is to be drawn up any more.
    closed: Option<Instant>,
}

/// The rhythms that an edition is due for, beside each.
pub async fn due_rhythms(config: &Config, store: &Store, draft: &EditionDraft) -> Result<Vec<Rhythm>, Error> {
    let before = before(store, draft).await?;
    Ok(rhythms(config, draft, &before))
}

async fn before(store: &Store, draft: &EditionDraft) -> Result<Before, Error> {
    let (newsletter, until) = (&draft.slot.newsletter, draft.slot.cutoff - chrono::Duration::milliseconds(1));
    let last = store.last_edition(newsletter, until).await?.map(|last| last.cutoff);
    let closed = last.max(store.last_quiet(newsletter, until).await?);
    Ok(Before { last, closed })
}

fn rhythms(config: &Config, draft: &EditionDraft, before: &Before) -> Vec<Rhythm> {
    let (schedule, zone) = (&config.digest.schedule, &config.magazine.zone);
    let is_due = |rhythm: &Rhythm| rhythm.is_due(before.closed, draft.slot.cutoff, schedule, zone);
    Rhythm::all().into_iter().filter(|rhythm| *rhythm != Rhythm::Each).filter(is_due).collect()
}

/// The audiences of a draft, from the columns that are new with it.
pub async fn find(config: &Config, store: &Store, draft: &EditionDraft, own: &[Column]) -> Result<Audiences, Error> {
    let (newsletter, cutoff) = (&draft.slot.newsletter, draft.slot.cutoff);
    let groups = store.groups(newsletter).await?;
    let before = before(store, draft).await?;
    let rhythms = rhythms(config, draft, &before);
    let is_due = |group: &&ReaderGroup| {
        group.after < cutoff && (group.rhythm == Rhythm::Each || rhythms.contains(&group.rhythm))
    };
    let due: Vec<ReaderGroup> = groups.iter().filter(is_due).cloned().collect();
    let whole = Arc::new(draft.clone());
    let mut spans = BTreeMap::from([(String::new(), Span { draft: whole, groups: Vec::new(), earlier: Vec::new() })]);
    let (usual, special): (Vec<ReaderGroup>, Vec<ReaderGroup>) =
        due.into_iter().partition(|group| group.rhythm == Rhythm::Each && group.after <= Instant::UNIX_EPOCH);
    if let Some(span) = spans.get_mut("") {
        span.groups = usual;
    }
    let mut editions = None;
    if !special.is_empty() {
        // Before the editions are read: one that is held or released meanwhile makes a freezing stale.
        editions = Some(store.editions_stamp(newsletter).await?);
        add_spans(config, store, draft, own, &before, special, &mut spans).await?;
    }
    let mut drafts = Vec::new();
    for (earlier, span) in spans {
        let mut choices: BTreeMap<Choice, Vec<ReaderGroup>> = BTreeMap::new();
        // The edition as a whole, for the archive, also when nobody wants all of it.
        if earlier.is_empty() {
            choices.insert(Choice::all(), Vec::new());
        }
        for group in span.groups {
            choices.entry(group.choice.clone()).or_default().push(group);
        }
        drafts.extend(choices.into_iter().map(|(choice, groups)| AudienceDraft {
            audience: Audience { choice, earlier: earlier.clone() },
            groups,
            draft: Arc::clone(&span.draft),
            earlier: span.earlier.clone(),
        }));
    }
    Ok(Audiences { drafts, groups, rhythms, editions })
}

/// The edition with the columns of some earlier ones, and the groups it is for.
struct Span {
    draft: Arc<EditionDraft>,
    groups: Vec<ReaderGroup>,
    earlier: Vec<i64>,
}

async fn add_spans(
    config: &Config,
    store: &Store,
    draft: &EditionDraft,
    own: &[Column],
    before: &Before,
    groups: Vec<ReaderGroup>,
    spans: &mut BTreeMap<String, Span>,
) -> Result<(), Error> {
    let (newsletter, cutoff) = (&draft.slot.newsletter, draft.slot.cutoff);
    let last_of = store.last_of_rhythms(newsletter, cutoff).await?;
    let covered = |group: &ReaderGroup| {
        let last = if group.rhythm == Rhythm::Each { before.last } else { last_of.get(&group.rhythm).copied() };
        match last.filter(|last| *last > group.after) {
            Some(last) => last,
            None if group.after > Instant::UNIX_EPOCH => group.mark,
            // Nobody has had a letter of this rhythm: it begins as the schedule has it.
            None => group.rhythm.due_before(cutoff, &config.digest.schedule, &config.magazine.zone),
        }
    };
    let oldest = groups.iter().map(covered).min().unwrap_or(cutoff);
    let earlier = store.earlier_editions(newsletter, oldest, cutoff).await?;
    let mut columns: BTreeMap<i64, Vec<Column>> = BTreeMap::new();
    for group in groups {
        let covered = covered(&group);
        let theirs: Vec<&EarlierEdition> =
            earlier.iter().filter(|edition| edition.position > covered && is_to_come(edition, &group)).collect();
        let key = span_key(&theirs);
        if !spans.contains_key(&key) {
            let mut all = own.to_vec();
            for edition in &theirs {
                let theirs = match columns.entry(edition.id) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => place.insert(store.columns_of(edition.id).await?),
                };
                all.extend(theirs.iter().cloned());
            }
            let since = theirs.iter().map(|edition| edition.since).min().unwrap_or(draft.slot.since);
            let draft = Arc::new(with_earlier(&draft.slot, all, since, &draft.changes));
            let earlier = theirs.iter().map(|edition| edition.id).collect();
            spans.insert(key.clone(), Span { draft, groups: Vec::new(), earlier });
        }
        if let Some(span) = spans.get_mut(&key) {
            span.groups.push(group);
        }
    }
    Ok(())
}

/// A draft with columns of earlier editions, of which the first began at an instant.
fn with_earlier(slot: &EditionSlot, mut columns: Vec<Column>, since: Instant, changes: &Changes) -> EditionDraft {
    columns.sort_by_key(|column| std::cmp::Reverse((column.published, column.id.0)));
    let slot = EditionSlot { since: since.min(slot.since), ..slot.clone() };
    EditionDraft::new(slot, columns, changes.clone())
}

/// The draft that a variant of a frozen edition was made of, as its columns are now: with those of these earlier editions.
pub(super) async fn drawn_again(store: &Store, edition: &Edition, earlier: &[i64]) -> Result<EditionDraft, Error> {
    let slot = EditionSlot {
        newsletter: edition.newsletter.clone(),
        period: edition.period.clone(),
        number: edition.number,
        since: edition.since,
        reach: edition.since,
        cutoff: edition.cutoff,
        planned: None,
    };
    let changes = store.desk(&edition.key()).await?.version.changes;
    let mut columns = store.columns_of(edition.id).await?;
    if earlier.is_empty() {
        return Ok(EditionDraft::new(slot, columns, changes));
    }
    for id in earlier {
        columns.extend(store.columns_of(*id).await?);
    }
    let since = store.earliest_since(earlier).await?;
    Ok(with_earlier(&slot, columns, since, &changes))
}

/// Whether an earlier edition's columns are to come to a group: it did not get that edition itself, and editors do not
/// hold it. A special edition is for every rhythm.
fn is_to_come(edition: &EarlierEdition, group: &ReaderGroup) -> bool {
    let was_due = group.rhythm == Rhythm::Each || edition.is_special || edition.rhythms.contains(&group.rhythm);
    let has_had = (was_due && edition.cutoff > group.after) || group.had.contains(&edition.id);
    !edition.is_withheld && !has_had
}

/// What tells one set of earlier editions from another: the oldest one's cutoff, and a fingerprint of all.
fn span_key(editions: &[&EarlierEdition]) -> String {
    let Some(oldest) = editions.iter().map(|edition| edition.cutoff.timestamp_millis()).min() else {
        return String::new();
    };
    let all = fingerprint(editions.iter().map(|edition| edition.id.to_string()));
    format!("{oldest}.{}", all.get(..8).unwrap_or(&all))
}
