//! What editors decide about an edition, at the desk or by a command: that it may go out, that it
//! must not, or that it may after all. Who said so and when is written down.

use super::{
    Error,
    plan::{self, Coming, Outlook},
};
use crate::{
    config::Config,
    digest::preflight,
    model::{EditionState, Instant, Note, NoteKind, Period},
    store::Store,
};

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'a> {
    /// It may go out; if a fingerprint is given, only if it still has that content.
    Approve(Option<&'a str>),
    /// It must not go out, for a reason.
    Hold(&'a str),
    /// It is no longer held.
    Release,
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
        }
    }
}

/// Says something of an edition: the coming one if none is named. Gives its period.
pub async fn decide(
    config: &Config,
    store: &Store,
    at: Instant,
    who: &str,
    period: Option<&Period>,
    decision: Decision<'_>,
) -> Result<Result<Period, Refused>, Error> {
    let coming = plan::coming(config, store, at).await?;
    let ours = period.is_none_or(|period| *period == coming.draft.due.period);
    if ours {
        return draft(config, store, at, who, &coming, decision).await;
    }
    let Some(period) = period else { return Ok(Err(Refused::Changed)) };
    let Some(edition) = store.edition_of(period).await? else {
        return Ok(Err(Refused::NoSuchEdition(period.clone())));
    };
    let (moved, note) = match decision {
        Decision::Approve(_) => (false, NoteKind::Approved),
        Decision::Hold(_) => (
            store.move_edition(edition.id, EditionState::Frozen, EditionState::Held).await?
                || store.move_edition(edition.id, EditionState::Sending, EditionState::Held).await?,
            NoteKind::Held,
        ),
        Decision::Release => (store.release_edition(edition.id, at).await?, NoteKind::Released),
    };
    if !moved {
        return Ok(Err(Refused::Stands(period.clone(), edition.state.as_str())));
    }
    write_down(store, at, who, period, note, String::new(), decision).await?;
    Ok(Ok(period.clone()))
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
    let (kind, subject) = match decision {
        Decision::Hold(_) => (NoteKind::Held, String::new()),
        Decision::Release => match coming.outlook(config)? {
            Outlook::Held { .. } => (NoteKind::Released, String::new()),
            other => return Ok(Err(Refused::Stands(period.clone(), other.as_str()))),
        },
        Decision::Approve(seen) => {
            if coming.draft.columns.is_empty() {
                return Ok(Err(Refused::Empty(period.clone())));
            }
            let hash = coming.hash(config)?;
            if seen.is_some_and(|seen| seen != hash) {
                return Ok(Err(Refused::Changed));
            }
            let variants = plan::variants(config, store, &coming.draft).await?;
            let variants: Vec<_> =
                variants.into_iter().filter_map(|(choice, rendered)| Some((choice, rendered?))).collect();
            let findings = plan::inspect(config, store, &coming.draft, &variants, at)?;
            if let Some(what) = preflight::refusal(&findings) {
                return Ok(Err(Refused::Red(what)));
            }
            (NoteKind::Approved, hash)
        }
    };
    write_down(store, at, who, period, kind, subject, decision).await?;
    Ok(Ok(period.clone()))
}

async fn write_down(
    store: &Store,
    at: Instant,
    who: &str,
    period: &Period,
    kind: NoteKind,
    subject: String,
    decision: Decision<'_>,
) -> Result<(), Error> {
    let words = if let Decision::Hold(why) = decision { why.to_owned() } else { String::new() };
    store.note(period, &Note { kind, subject, who: who.to_owned(), words, at }).await?;
    Ok(())
}
