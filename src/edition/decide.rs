//! What editors decide about an edition, at the desk or by a command: that it may go out, that it
//! must not, or that it may after all. Who said so and when is written down.

use super::Error;
use super::plan::{self, Coming, Outlook};
use super::preflight;
use crate::{
    config::Config,
    model::{Choice, Edition, EditionState, Instant, Note, NoteKind, Now, Period},
    store::{Freeze, Noted, Released, Seen, Store},
};

/// How often a decision is looked at again because columns or changes came meanwhile that leave the content as it is.
const ATTEMPTS: usize = 5;

/// Within so many milliseconds two presses of a button are one.
const ONCE: u64 = 60_000;

/// What somebody had before them who decides: what has changed since, they have not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The number of the last decision, 0 if there was none.
    pub decision: i64,
    /// The content's fingerprint.
    pub hash: String,
    /// For how many readers it was.
    pub readers: i64,
}

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'a> {
    /// It may go out; if somebody looked at it, only as it was then.
    Approve(Option<&'a Sight>),
    /// It must not go out, for a reason.
    Hold(&'a str),
    /// It is no longer held; if somebody looked at it, only as it was then.
    Release {
        /// What was looked at.
        seen: Option<&'a Sight>,
        /// Whether it may go out with columns that were withdrawn meanwhile.
        with_withdrawn: bool,
    },
}

/// Why something cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// There is no such edition that it could be said of.
    NoSuchEdition(Period),
    /// Nothing is new.
    Empty(Period),
    /// It has changed since somebody looked.
    Changed,
    /// Somebody else has decided since: this is the last word.
    Decided(Option<Note>),
    /// It goes to so many readers, and somebody looked at it for so many others.
    Readers {
        /// How many were seen.
        seen: i64,
        /// How many there are.
        now: i64,
    },
    /// It is held, and that is taken back by its own word.
    Held {
        /// Which edition.
        period: Period,
        /// Who holds it.
        who: String,
        /// Why, if they said.
        why: String,
    },
    /// It is not held.
    NotHeld(Period),
    /// Something would break: what, and how to mend it.
    Red(String),
    /// It is frozen, sent, or held: so it stands.
    Stands(Period, &'static str),
    /// These columns of it were withdrawn since it was drawn up.
    Withdrawn(Period, Vec<String>),
}

impl std::fmt::Display for Refused {
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
            Self::NotHeld(period) => write!(f, "{period} is not held: there is nothing to release"),
            Self::Red(what) => write!(f, "the digest cannot be sent: {what}"),
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
    decision: Decision<'_>,
) -> Result<Result<Period, Refused>, Error> {
    let coming = plan::coming(config, store, now).await?;
    let ours = period.is_none_or(|period| *period == coming.draft.due.period);
    if ours {
        return match decision {
            Decision::Hold(why) => {
                let note = note(NoteKind::Held, "", who, why, now.at);
                let period = coming.draft.due.period.clone();
                let noted = store.hold(&coming.draft.due.key(), &note).await?;
                Ok(outcome(noted, &period, None).unwrap_or(Ok(period)))
            }
            decision => draft(config, store, now, who, coming, decision).await,
        };
    }
    let Some(period) = period else { return Ok(Err(Refused::Changed)) };
    let Some(edition) = store.edition_of(&config.digest.newsletter, period).await? else {
        return Ok(Err(Refused::NoSuchEdition(period.clone())));
    };
    match decision {
        Decision::Approve(_) if edition.state == EditionState::Held => {
            let desk = store.desk(&edition.key()).await?;
            let last = desk.last_said().filter(|note| note.kind == NoteKind::Held);
            let who = last.map_or_else(|| super::editors::NOBODY.to_owned(), |note| note.who.clone());
            let why = store.held_reason(edition.id).await?.unwrap_or_default();
            Ok(Err(Refused::Held { period: period.clone(), who, why }))
        }
        Decision::Approve(_) => Ok(Err(Refused::Stands(period.clone(), edition.state.as_str()))),
        Decision::Hold(why) => {
            let noted = store.hold(&edition.key(), &note(NoteKind::Held, "", who, why, now.at)).await?;
            Ok(outcome(noted, period, None).unwrap_or_else(|| Ok(period.clone())))
        }
        Decision::Release { seen, with_withdrawn } => {
            let note = note(NoteKind::Released, "", who, "", now.at);
            release(config, store, &edition, &note, seen, with_withdrawn).await
        }
    }
}

/// What came of a decision; nothing if it is to be looked at again.
fn outcome(noted: Noted, period: &Period, seen: Option<&Seen>) -> Option<Result<Period, Refused>> {
    Some(match noted {
        Noted::OfDraft | Noted::OfEdition | Noted::Again => Ok(period.clone()),
        Noted::TooLate(state) => Err(Refused::Stands(period.clone(), state.as_str())),
        Noted::Decided(note) => Err(Refused::Decided(note)),
        Noted::Readers(now) => Err(Refused::Readers { seen: seen.map_or(0, |seen| seen.readers), now }),
        Noted::Stale => return None,
    })
}

/// Lets an edition go that is held.
async fn release(
    config: &Config,
    store: &Store,
    edition: &Edition,
    note: &Note,
    seen: Option<&Sight>,
    with_withdrawn: bool,
) -> Result<Result<Period, Refused>, Error> {
    let period = edition.period.clone();
    if edition.is_frozen {
        // Its bytes are fixed: who saw others looked at it before it had its letters.
        if let Some(seen) = seen
            && edition.state == EditionState::Held
            && seen.hash != store.frozen_hash(edition.id).await?
        {
            return Ok(Err(Refused::Changed));
        }
        let stamp = seen.map(|seen| (seen.decision, seen.readers));
        return Ok(match store.release_edition(edition, note, with_withdrawn, stamp).await? {
            Released::Done | Released::Again => Ok(period),
            Released::NotHeld(state) => Err(Refused::Stands(period, state.as_str())),
            Released::Withdrawn(titles) => Err(Refused::Withdrawn(period, titles)),
            Released::Decided(note) => Err(Refused::Decided(note)),
            Released::Readers(now) => Err(Refused::Readers { seen: seen.map_or(0, |seen| seen.readers), now }),
        });
    }
    for _ in 0..ATTEMPTS {
        let coming = plan::held(config, store, edition).await?;
        if coming.draft.columns.is_empty() {
            return Ok(Err(Refused::Empty(period)));
        }
        if let Some(seen) = seen {
            if seen.decision != coming.desk.last_decision {
                return Ok(Err(Refused::Decided(coming.desk.last_said().cloned())));
            }
            if seen.hash != coming.hash(config)? {
                return Ok(Err(Refused::Changed));
            }
        }
        let readers = seen.map(|seen| seen.readers);
        match plan::draw_up_held(config, store, edition, &coming, note, readers).await? {
            Freeze::Done(..) => return Ok(Ok(period)),
            Freeze::Taken => return Ok(Err(Refused::Stands(period, edition.state.as_str()))),
            Freeze::Readers(now) => return Ok(Err(Refused::Readers { seen: readers.unwrap_or_default(), now })),
            Freeze::Stale => {}
        }
    }
    Err(Error::Restless(period))
}

/// Approves the coming edition, or lets it go.
async fn draft(
    config: &Config,
    store: &Store,
    now: Now,
    who: &str,
    mut coming: Coming,
    decision: Decision<'_>,
) -> Result<Result<Period, Refused>, Error> {
    let (key, period) = (coming.draft.due.key(), coming.draft.due.period.clone());
    // Who has not looked, as a command, has seen what there was when it began.
    let begun = coming.desk.last_decision;
    for _ in 0..ATTEMPTS {
        let (notes, seen) = match words(config, store, now.at, who, &coming, decision, begun).await? {
            Ok(words) => words,
            Err(refused) => return Ok(Err(refused)),
        };
        if notes.is_empty() {
            return Ok(Ok(period));
        }
        let noted = store.decide(&key, &notes, &seen).await?;
        if let Some(outcome) = outcome(noted, &period, Some(&seen)) {
            return Ok(outcome);
        }
        coming = plan::coming(config, store, now).await?;
        if coming.draft.due.key() != key {
            return Ok(Err(Refused::Changed));
        }
    }
    Err(Error::Restless(period))
}

/// Whether a word can be said of an edition as it stands; false if the same person said it a moment ago.
fn can_say(
    coming: &Coming,
    outlook: &Outlook,
    who: &str,
    at: Instant,
    decision: Decision<'_>,
) -> Result<bool, Refused> {
    let (period, last) = (&coming.draft.due.period, coming.desk.last_said());
    let (sight, is_release) = match decision {
        Decision::Approve(sight) => (sight, false),
        Decision::Release { seen, .. } => (seen, true),
        Decision::Hold(_) => (None, false),
    };
    let unseen = sight.is_some_and(|sight| sight.decision != coming.desk.last_decision);
    // A second press of one button meets what the first one did.
    let again = |note: &Note| {
        note.kind != NoteKind::Held && note.who == who && (at - note.at).num_milliseconds().unsigned_abs() < ONCE
    };
    match (outlook, is_release) {
        (Outlook::Held { .. }, true) => Ok(true),
        (Outlook::Held { .. }, false) if unseen => Err(Refused::Decided(last.cloned())),
        (Outlook::Held { who, why, .. }, false) => {
            Err(Refused::Held { period: period.clone(), who: who.clone(), why: why.clone() })
        }
        (_, false) => Ok(true),
        (_, true) if last.is_some_and(again) => Ok(false),
        (_, true) if unseen => Err(Refused::Decided(last.cloned())),
        (_, true) => Err(Refused::NotHeld(period.clone())),
    }
}

/// What is to be written down, nothing if it is already, and what must be as it was seen.
async fn words(
    config: &Config,
    store: &Store,
    at: Instant,
    who: &str,
    coming: &Coming,
    decision: Decision<'_>,
    begun: i64,
) -> Result<Result<(Vec<Note>, Seen), Refused>, Error> {
    let period = &coming.draft.due.period;
    let (sight, is_release) = match decision {
        Decision::Approve(sight) => (sight, false),
        Decision::Release { seen, .. } => (seen, true),
        Decision::Hold(_) => (None, false),
    };
    let can_say = match can_say(coming, &coming.outlook(config)?, who, at, decision) {
        Ok(can_say) => can_say,
        Err(refused) => return Ok(Err(refused)),
    };
    let hash = coming.hash(config)?;
    if sight.is_some_and(|sight| sight.hash != hash) {
        return Ok(Err(Refused::Changed));
    }
    let mut notes = Vec::new();
    if can_say && is_release {
        notes.push(note(NoteKind::Released, "", who, "", at));
    }
    let variants = plan::variants(config, store, &coming.draft).await?;
    let variants: Vec<_> = variants.into_iter().filter_map(|(choice, rendered)| Some((choice, rendered?))).collect();
    // Who lets it go by name approves it: the hold has taken the approval that it had.
    if can_say && (!is_release || config.digest.approval && !coming.draft.columns.is_empty()) {
        if coming.draft.columns.is_empty() {
            return Ok(Err(Refused::Empty(period.clone())));
        }
        let findings = plan::inspect(config, store, &coming.draft, &variants, at)?;
        if let Some(what) = preflight::refusal(&findings) {
            return Ok(Err(Refused::Red(what)));
        }
        notes.push(note(NoteKind::Approved, &hash, who, "", at));
    }
    let choices: Vec<Choice> = variants.into_iter().map(|(choice, _)| choice).collect();
    let readers = match sight {
        Some(sight) => sight.readers,
        None => store.readers_of(&config.digest.newsletter, &choices).await?,
    };
    let (version, revision) = (coming.desk.version.number, coming.revision);
    let decision = sight.map_or(begun, |sight| sight.decision);
    Ok(Ok((notes, Seen { decision, version, revision, readers, choices })))
}

fn note(kind: NoteKind, subject: &str, who: &str, words: &str, at: Instant) -> Note {
    Note { kind, subject: subject.to_owned(), who: who.to_owned(), words: words.to_owned(), at }
}
