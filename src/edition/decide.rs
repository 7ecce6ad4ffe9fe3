//! What editors decide about an edition, at the desk or by a command: that it may go out, that it
//! must not, or that it may after all. Who said so and when is written down.

use super::Error;
use super::next::{self, ApprovalState, NextEdition, ReviewedState};
use super::{freeze, variants as edition_variants};
use super::{
    preflight::{self, PreflightFinding, Severity},
    render::Rendered,
};
use crate::{
    config::Config,
    model::{Edition, EditionKey, EditionState, Instant, Note, NoteKind, Now, Period},
    store::{Freeze, Noted, Released, Seen, Store},
};

/// How often a decision is looked at again because columns or changes came meanwhile that leave the content as it is.
const MAX_ATTEMPTS: usize = 5;

/// So long an edition that is sent after its hour can be taken back.
const TAKE_BACK: chrono::Duration = chrono::Duration::seconds(60);

/// Within so many milliseconds two presses of a button are one.
const DOUBLE_PRESS_MILLIS: u64 = 60_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionRequest<'a> {
    /// It may go out; if somebody looked at it, only as it was then.
    Approve(Option<&'a ReviewedState>),
    /// The same of one whose hour has passed: it goes with the next run, after a time in which it can be taken back.
    Send(&'a ReviewedState),
    /// Nobody gets it, and its columns wait for the next one.
    Skip,
    /// It must not go out, for a reason.
    Hold(&'a str),
    /// It is no longer held; if somebody looked at it, only as it was then.
    Release {
        seen: Option<&'a ReviewedState>,
        /// Whether it may go out with columns that were withdrawn meanwhile.
        with_withdrawn: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionRefusal {
    /// There is no such edition that it could be said of.
    NoSuchEdition(Period),
    /// Nothing is new.
    Empty(Period),
    Changed,
    /// Somebody else has decided since: this is the last word.
    Decided(Option<Note>),
    /// It goes to so many readers, and somebody looked at it for so many others.
    Readers {
        seen: i64,
        now: i64,
    },
    /// It is held, and that is taken back by its own word.
    Held {
        period: Period,
        who: String,
        why: String,
    },
    NotHeld(Period),
    /// Something would break: what, and how to mend it.
    Red(Vec<PreflightFinding>),
    /// It is frozen, sent, or held: so it stands.
    Stands(Period, &'static str),
    /// These columns of it were withdrawn since it was drawn up.
    Withdrawn(Period, Vec<String>),
    /// It cannot be put off to this hour.
    Hour(Period),
}

impl std::fmt::Display for DecisionRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSuchEdition(period) => {
                write!(f, "there is no edition {period} to decide about: `gazetier digest status` names them")
            }
            Self::Empty(period) => write!(f, "{period}: no column is new, there is nothing to approve"),
            Self::Changed => write!(f, "the edition has changed meanwhile: look at it again"),
            Self::Decided(Some(note)) => {
                let words = if note.words.is_empty() { String::new() } else { format!(" ({})", note.words) };
                write!(f, "{} has {} the edition meanwhile{words}: look at it again", note.who, note.kind.as_str())
            }
            Self::Decided(None) => write!(f, "what was decided of the edition has changed: look at it again"),
            Self::Readers { seen, now } => {
                write!(f, "the edition goes to {now} readers now, not to {seen}: look at it again")
            }
            Self::Held { period, who, why } => {
                let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
                write!(f, "{period} is held by {who}{why}: `gazetier digest release {period}` lets it go")
            }
            Self::Hour(period) => {
                write!(f, "{period} can be put off to a later hour of its day, to come and before the next edition's")
            }
            Self::NotHeld(period) => write!(f, "{period} is not held: there is nothing to release"),
            Self::Red(findings) => {
                write!(f, "the digest cannot be sent: {}", preflight::refusal(findings).unwrap_or_default())
            }
            Self::Stands(period, state) => write!(f, "{period} is {state}: it is too late for that"),
            Self::Withdrawn(period, titles) => write!(
                f,
                "{period} holds what was withdrawn since: {}; let it go all the same with \
                 `gazetier digest send {period} --with-withdrawn`",
                titles.join(", ")
            ),
        }
    }
}

/// Says something of an edition: the coming one if none is named. Gives its period.
pub async fn decide(
    config: &Config,
    store: &Store,
    now: Now,
    who: &str,
    period: Option<&Period>,
    decision: DecisionRequest<'_>,
) -> Result<Result<Period, DecisionRefusal>, Error> {
    let coming = next::coming(config, store, now, period).await?;
    let ours = period.is_none_or(|period| *period == coming.draft.slot.period);
    if ours {
        return match decision {
            DecisionRequest::Hold(why) => {
                let note = note(NoteKind::Held, "", who, why, now.at);
                let period = coming.draft.slot.period.clone();
                let noted = store.hold(&coming.draft.slot.key(), &note).await?;
                Ok(result_of(noted, &period, None).unwrap_or(Ok(period)))
            }
            // A special edition is taken back where it was planned.
            DecisionRequest::Skip if coming.draft.slot.planned.is_some() => {
                Ok(Err(DecisionRefusal::NoSuchEdition(coming.draft.slot.period.clone())))
            }
            DecisionRequest::Skip => {
                let note = note(NoteKind::Skipped, "", who, "", now.at);
                let period = coming.draft.slot.period.clone();
                let noted = store.skip(&coming.draft.slot.key(), &note).await?;
                Ok(result_of(noted, &period, None).unwrap_or(Ok(period)))
            }
            decision => decide_on_draft(config, store, now, who, coming, decision).await,
        };
    }
    let Some(period) = period else { return Ok(Err(DecisionRefusal::Changed)) };
    let Some(edition) = store.edition_of(&config.digest.newsletter, period).await? else {
        return Ok(Err(DecisionRefusal::NoSuchEdition(period.clone())));
    };
    match decision {
        DecisionRequest::Approve(_) | DecisionRequest::Send(_) if edition.state == EditionState::Held => {
            let desk = store.desk(&edition.key()).await?;
            let last = desk.last_said().filter(|note| note.kind == NoteKind::Held);
            let who = last.map_or_else(|| super::editors::AUTOMATIC_ACTOR.to_owned(), |note| note.who.clone());
            let why = store.held_reason(edition.id).await?.unwrap_or_default();
            Ok(Err(DecisionRefusal::Held { period: period.clone(), who, why }))
        }
        DecisionRequest::Approve(_) | DecisionRequest::Send(_) | DecisionRequest::Skip => {
            Ok(Err(DecisionRefusal::Stands(period.clone(), edition.state.as_str())))
        }
        DecisionRequest::Hold(why) => {
            let noted = store.hold(&edition.key(), &note(NoteKind::Held, "", who, why, now.at)).await?;
            Ok(result_of(noted, period, None).unwrap_or_else(|| Ok(period.clone())))
        }
        DecisionRequest::Release { seen, with_withdrawn } => {
            let note = note(NoteKind::Released, "", who, "", now.at);
            release(config, store, &edition, &note, seen, with_withdrawn).await
        }
    }
}

/// What came of a decision; nothing if it is to be looked at again.
fn result_of(noted: Noted, period: &Period, seen: Option<&Seen>) -> Option<Result<Period, DecisionRefusal>> {
    Some(match noted {
        Noted::OfDraft | Noted::OfEdition | Noted::Again => Ok(period.clone()),
        Noted::TooLate(state) => Err(DecisionRefusal::Stands(period.clone(), state.as_str())),
        Noted::Decided(note) => Err(DecisionRefusal::Decided(note)),
        Noted::Readers(now) => Err(DecisionRefusal::Readers { seen: seen.map_or(0, |seen| seen.readers), now }),
        Noted::Stale => return None,
    })
}

/// Lets an edition go that is held.
async fn release(
    config: &Config,
    store: &Store,
    edition: &Edition,
    note: &Note,
    seen: Option<&ReviewedState>,
    with_withdrawn: bool,
) -> Result<Result<Period, DecisionRefusal>, Error> {
    let period = edition.period.clone();
    if edition.is_frozen {
        // Its bytes are fixed: who saw others looked at it before it had its letters.
        if let Some(seen) = seen
            && edition.state == EditionState::Held
            && seen.hash != store.frozen_hash(edition.id).await?
        {
            return Ok(Err(DecisionRefusal::Changed));
        }
        let stamp = seen.map(|seen| (seen.decision, seen.readers));
        return Ok(match store.release_edition(edition, note, with_withdrawn, stamp).await? {
            Released::Done | Released::Again => Ok(period),
            Released::NotHeld(state) => Err(DecisionRefusal::Stands(period, state.as_str())),
            Released::Withdrawn(titles) => Err(DecisionRefusal::Withdrawn(period, titles)),
            Released::Decided(note) => Err(DecisionRefusal::Decided(note)),
            Released::Readers(now) => Err(DecisionRefusal::Readers { seen: seen.map_or(0, |seen| seen.readers), now }),
        });
    }
    for _ in 0..MAX_ATTEMPTS {
        let coming = next::held_edition(config, store, edition).await?;
        if coming.draft.columns.is_empty() {
            return Ok(Err(DecisionRefusal::Empty(period)));
        }
        if let Some(seen) = seen {
            if seen.decision != coming.desk.last_decision {
                return Ok(Err(DecisionRefusal::Decided(coming.desk.last_said().cloned())));
            }
            if seen.hash != coming.hash(config)? {
                return Ok(Err(DecisionRefusal::Changed));
            }
        }
        let readers = seen.map(|seen| seen.readers);
        match freeze::freeze_held(config, store, edition, &coming, note, readers).await? {
            Freeze::Done(..) => return Ok(Ok(period)),
            Freeze::Taken => return Ok(Err(DecisionRefusal::Stands(period, edition.state.as_str()))),
            Freeze::Readers(now) => {
                return Ok(Err(DecisionRefusal::Readers { seen: readers.unwrap_or_default(), now }));
            }
            Freeze::Stale => {}
        }
    }
    Err(Error::TooManyChanges(period))
}

/// Approves the coming edition, or lets it go.
async fn decide_on_draft(
    config: &Config,
    store: &Store,
    now: Now,
    who: &str,
    mut coming: NextEdition,
    decision: DecisionRequest<'_>,
) -> Result<Result<Period, DecisionRefusal>, Error> {
    let (key, period) = (coming.draft.slot.key(), coming.draft.slot.period.clone());
    // Who has not looked, as a command, has seen what there was when it began.
    let begun = coming.desk.last_decision;
    for _ in 0..MAX_ATTEMPTS {
        let (notes, seen) = match notes_to_record(config, store, now.at, who, &coming, decision, begun).await? {
            Ok(words) => words,
            Err(refused) => return Ok(Err(refused)),
        };
        if notes.is_empty() {
            return Ok(Ok(period));
        }
        let noted = store.decide(&key, &notes, &seen).await?;
        if let Some(outcome) = result_of(noted, &period, Some(&seen)) {
            return Ok(outcome);
        }
        coming = next::coming(config, store, now, Some(&period)).await?;
        if coming.draft.slot.key() != key {
            return Ok(Err(DecisionRefusal::Changed));
        }
    }
    Err(Error::TooManyChanges(period))
}

/// Whether a word can be said of an edition as it stands; false if the same person said it a moment ago.
fn may_record(
    coming: &NextEdition,
    state: &ApprovalState,
    who: &str,
    at: Instant,
    decision: DecisionRequest<'_>,
) -> Result<bool, DecisionRefusal> {
    let (period, last) = (&coming.draft.slot.period, coming.desk.last_said());
    let (reviewed, is_release) = match decision {
        DecisionRequest::Approve(reviewed) => (reviewed, false),
        DecisionRequest::Send(reviewed) => (Some(reviewed), false),
        DecisionRequest::Release { seen, .. } => (seen, true),
        DecisionRequest::Hold(_) | DecisionRequest::Skip => (None, false),
    };
    let unseen = reviewed.is_some_and(|reviewed| reviewed.decision != coming.desk.last_decision);
    // A second press of one button meets what the first one did.
    let again = |note: &Note| {
        note.kind != NoteKind::Held
            && note.who == who
            && (at - note.at).num_milliseconds().unsigned_abs() < DOUBLE_PRESS_MILLIS
    };
    match (state, is_release) {
        (ApprovalState::Held { .. }, true) => Ok(true),
        (ApprovalState::Held { .. }, false) if unseen => Err(DecisionRefusal::Decided(last.cloned())),
        (ApprovalState::Held { who, why, .. }, false) => {
            Err(DecisionRefusal::Held { period: period.clone(), who: who.clone(), why: why.clone() })
        }
        (_, false) => Ok(true),
        (_, true) if last.is_some_and(again) => Ok(false),
        (_, true) if unseen => Err(DecisionRefusal::Decided(last.cloned())),
        (_, true) => Err(DecisionRefusal::NotHeld(period.clone())),
    }
}

/// What is to be written down, nothing if it is already, and what must be as it was seen.
async fn notes_to_record(
    config: &Config,
    store: &Store,
    at: Instant,
    who: &str,
    coming: &NextEdition,
    decision: DecisionRequest<'_>,
    begun: i64,
) -> Result<Result<(Vec<Note>, Seen), DecisionRefusal>, Error> {
    let period = &coming.draft.slot.period;
    let (reviewed, is_release) = match decision {
        DecisionRequest::Approve(reviewed) => (reviewed, false),
        DecisionRequest::Send(reviewed) => (Some(reviewed), false),
        DecisionRequest::Release { seen, .. } => (seen, true),
        DecisionRequest::Hold(_) | DecisionRequest::Skip => (None, false),
    };
    let may_record = match may_record(coming, &coming.approval_state(config)?, who, at, decision) {
        Ok(may_record) => may_record,
        Err(refused) => return Ok(Err(refused)),
    };
    let hash = coming.hash(config)?;
    if reviewed.is_some_and(|reviewed| reviewed.hash != hash) {
        return Ok(Err(DecisionRefusal::Changed));
    }
    let mut notes = Vec::new();
    if may_record && is_release {
        notes.push(note(NoteKind::Released, "", who, "", at));
    }
    // Who lets it go by name approves it: the hold has taken the approval that it had.
    if may_record && (!is_release || config.digest.approval && !coming.draft.columns.is_empty()) {
        if coming.draft.columns.is_empty() {
            return Ok(Err(DecisionRefusal::Empty(period.clone())));
        }
        let variants = edition_variants::render_all(config, coming)?;
        let rendered: Vec<&Rendered> = variants.iter().map(|(_, rendered)| rendered).collect();
        let findings = edition_variants::inspect(config, store, &coming.draft, &rendered, at)?;
        let red: Vec<PreflightFinding> =
            findings.into_iter().filter(|finding| finding.severity == Severity::Red).collect();
        if !red.is_empty() {
            return Ok(Err(DecisionRefusal::Red(red)));
        }
        let is_sent = matches!(decision, DecisionRequest::Send(_)) && coming.is_due;
        notes.push(note(NoteKind::Approved, &hash, who, "", if is_sent { at + TAKE_BACK } else { at }));
    }
    let groups = coming.groups();
    let readers = match reviewed {
        Some(reviewed) => reviewed.readers,
        None => store.readers_of(&config.digest.newsletter, &groups).await?,
    };
    let (version, revision) = (coming.desk.version.number, coming.revision);
    let decision = reviewed.map_or(begun, |reviewed| reviewed.decision);
    Ok(Ok((notes, Seen { decision, version, revision, readers, groups })))
}

fn note(kind: NoteKind, subject: &str, who: &str, words: &str, at: Instant) -> Note {
    Note { kind, subject: subject.to_owned(), who: who.to_owned(), words: words.to_owned(), at }
}

/// An edition that was skipped comes after all; nothing to do if it is skipped no longer.
pub async fn resume(
    config: &Config,
    store: &Store,
    now: Now,
    who: &str,
    cutoff: Instant,
) -> Result<Result<Period, DecisionRefusal>, Error> {
    let newsletter = config.digest.newsletter.clone();
    let period = config.digest.period(cutoff, &config.magazine.zone);
    // A week in which nothing was new is nothing that anybody skipped.
    let skipped = store.skipped_after(&newsletter, cutoff - chrono::Duration::milliseconds(1)).await?;
    if skipped.first().is_none_or(|(skipped, _)| *skipped != cutoff) {
        return Ok(Err(DecisionRefusal::NoSuchEdition(period)));
    }
    let key = EditionKey { newsletter, cutoff };
    let noted = store.resume(&key, &note(NoteKind::Resumed, "", who, "", now.at)).await?;
    Ok(result_of(noted, &period, None).unwrap_or(Ok(period)))
}
