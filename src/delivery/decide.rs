//! What editors decide about an edition, at the desk or by a command: that it may go out, that it
//! must not, or that it may after all. Who said so and when is written down.

use super::{
    Error,
    plan::{self, Coming, Outlook},
};
use crate::{
    config::Config,
    digest::preflight,
    model::{Edition, EditionState, Instant, Note, NoteKind, Now, Period},
    store::{Freeze, Noted, Released, Store},
};

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'a> {
    /// It may go out; if a fingerprint is given, only if it still has that content.
    Approve(Option<&'a str>),
    /// It must not go out, for a reason.
    Hold(&'a str),
    /// It is no longer held; also if columns of it were withdrawn meanwhile, if that is said.
    Release {
        /// Whether it may go out with withdrawn columns.
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
        return draft(config, store, now.at, who, &coming, decision).await;
    }
    let Some(period) = period else { return Ok(Err(Refused::Changed)) };
    let Some(edition) = store.edition_of(&config.digest.newsletter, period).await? else {
        return Ok(Err(Refused::NoSuchEdition(period.clone())));
    };
    let stands = |state: EditionState| Ok(Err(Refused::Stands(period.clone(), state.as_str())));
    match decision {
        Decision::Approve(_) => stands(edition.state),
        Decision::Hold(why) => match store.decide(&edition.key(), &note(NoteKind::Held, "", who, why, now.at)).await? {
            Noted::OfDraft | Noted::OfEdition => Ok(Ok(period.clone())),
            Noted::TooLate(state) => stands(state),
        },
        Decision::Release { with_withdrawn } => {
            let note = note(NoteKind::Released, "", who, "", now.at);
            release(config, store, &edition, &note, with_withdrawn).await
        }
    }
}

/// Lets an edition go that is held.
async fn release(
    config: &Config,
    store: &Store,
    edition: &Edition,
    note: &Note,
    with_withdrawn: bool,
) -> Result<Result<Period, Refused>, Error> {
    let period = edition.period.clone();
    if edition.is_frozen {
        return Ok(match store.release_edition(edition, note, with_withdrawn).await? {
            Released::Done => Ok(period),
            Released::NotHeld(state) => Err(Refused::Stands(period, state.as_str())),
            Released::Withdrawn(titles) => Err(Refused::Withdrawn(period, titles)),
        });
    }
    match plan::draw_up_held(config, store, edition, note).await? {
        None => Ok(Err(Refused::Empty(period))),
        Some(Freeze::Done(..)) => Ok(Ok(period)),
        Some(Freeze::Taken) => Ok(Err(Refused::Stands(period, edition.state.as_str()))),
        Some(Freeze::Stale) => Err(Error::Restless(period)),
    }
}

async fn draft(
    config: &Config,
    store: &Store,
    at: Instant,
    who: &str,
    coming: &Coming,
    decision: Decision<'_>,
) -> Result<Result<Period, Refused>, Error> {
    let period = &coming.draft.due.period;
    let mut notes = Vec::new();
    match decision {
        Decision::Hold(why) => notes.push(note(NoteKind::Held, "", who, why, at)),
        Decision::Release { .. } => {
            match coming.outlook(config)? {
                Outlook::Held { .. } => notes.push(note(NoteKind::Released, "", who, "", at)),
                other => return Ok(Err(Refused::Stands(period.clone(), other.as_str()))),
            }
            // Who lets it go by name approves it: the hold has taken the approval that it had.
            if config.digest.approval && !coming.draft.columns.is_empty() {
                match approval(config, store, at, who, coming, None).await? {
                    Ok(approved) => notes.push(approved),
                    Err(refused) => return Ok(Err(refused)),
                }
            }
        }
        Decision::Approve(seen) => match approval(config, store, at, who, coming, seen).await? {
            Ok(approved) => notes.push(approved),
            Err(refused) => return Ok(Err(refused)),
        },
    }
    for note in notes {
        if let Noted::TooLate(state) = store.decide(&coming.draft.due.key(), &note).await? {
            return Ok(Err(Refused::Stands(period.clone(), state.as_str())));
        }
    }
    Ok(Ok(period.clone()))
}

/// The approval of a draft, if it can be approved.
async fn approval(
    config: &Config,
    store: &Store,
    at: Instant,
    who: &str,
    coming: &Coming,
    seen: Option<&str>,
) -> Result<Result<Note, Refused>, Error> {
    if coming.draft.columns.is_empty() {
        return Ok(Err(Refused::Empty(coming.draft.due.period.clone())));
    }
    let hash = coming.hash(config)?;
    if seen.is_some_and(|seen| seen != hash) {
        return Ok(Err(Refused::Changed));
    }
    let variants = plan::variants(config, store, &coming.draft).await?;
    let variants: Vec<_> = variants.into_iter().filter_map(|(choice, rendered)| Some((choice, rendered?))).collect();
    let findings = plan::inspect(config, store, &coming.draft, &variants, at)?;
    if let Some(what) = preflight::refusal(&findings) {
        return Ok(Err(Refused::Red(what)));
    }
    Ok(Ok(note(NoteKind::Approved, &hash, who, "", at)))
}

fn note(kind: NoteKind, subject: &str, who: &str, words: &str, at: Instant) -> Note {
    Note { kind, subject: subject.to_owned(), who: who.to_owned(), words: words.to_owned(), at }
}
