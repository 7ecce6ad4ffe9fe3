//! `gazetier digest status`: how the editions stand, drawn up and to come.

use std::process::ExitCode;

use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::{restored, say::say, session::Session};
use crate::{
    edition::{
        next::{self, ApprovalState},
        render::render,
    },
    model::{self, Choice, Instant, Tally},
};

/// An instant by the magazine's clock.
pub(super) fn hour(session: &Session, at: Instant) -> String {
    session.config.magazine.zone.local(at).format("%Y-%m-%d %H:%M").to_string()
}

/// A tally in words: what is sent, and whatever else there is.
pub(super) fn words(tally: &Tally) -> String {
    let mut words = format!("{} of {} letters sent", tally.sent, tally.frozen());
    for (count, what) in [
        (tally.failed, "refused"),
        (tally.suppressed, "suppressed"),
        (tally.unknown, "unknown"),
        (tally.deferred, "deferred"),
        (tally.queued + tally.leased + tally.sending, "still to do"),
    ] {
        if count > 0 {
            words.push_str(&format!(", {count} {what}"));
        }
    }
    words
}

#[derive(Serialize)]
struct Standing {
    period: String,
    number: i64,
    state: &'static str,
    subject: String,
    frozen: i64,
    to_do: i64,
    letters: Tally,
    unknown: Vec<String>,
    failed: Vec<(String, String)>,
    /// Who decided last, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided: Option<Decided>,
    /// Of an edition to come: how many columns it has, and its hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    coming: Option<Expected>,
}

#[derive(Serialize)]
struct Decided {
    /// `approved`, `held`, `released`; `fallen` is an approval of what the edition was before it changed.
    what: &'static str,
    who: String,
    at: Moment,
}

/// An instant: for programs with its offset, for people by the magazine's clock.
struct Moment {
    local: DateTime<FixedOffset>,
}

impl Moment {
    fn of(session: &Session, at: Instant) -> Self {
        Self { local: session.config.magazine.zone.local(at) }
    }
}

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.local.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.local.format("%Y-%m-%d %H:%M"))
    }
}

#[derive(Serialize)]
struct Expected {
    columns: usize,
    due: Moment,
    /// Titles of columns that are not in it because readers have had their words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repeats: Vec<String>,
}

pub(super) async fn status(session: &Session, json: bool) -> anyhow::Result<ExitCode> {
    let store = &session.store;
    let mut standings = Vec::new();
    for edition in store.editions(session.newsletter()).await? {
        let letters = store.tally(edition.id).await?;
        standings.push(Standing {
            frozen: letters.frozen(),
            to_do: letters.to_do(),
            letters,
            unknown: store.unknown_letters(edition.id).await?,
            failed: store.failed_letters(edition.id).await?,
            period: edition.period.to_string(),
            number: edition.number,
            state: edition.state.as_str(),
            decided: decided(session, &store.desk(&edition.key()).await?, false),
            subject: edition.subject,
            coming: None,
        });
    }
    standings.extend(expected(session).await?);
    if let Some(notice) = restored::notice(session).await? {
        eprintln!("gazetier: warning: {notice}");
    }
    if json {
        say!("{}", serde_json::to_string_pretty(&standings)?);
        return Ok(ExitCode::SUCCESS);
    }
    if standings.is_empty() {
        say!("no edition yet");
    }
    for standing in standings {
        let how = match &standing.coming {
            None => words(&standing.letters),
            Some(expected) => format!("{} columns, due at {}", expected.columns, expected.due),
        };
        say!("{} (n° {}) {}: {how}", standing.period, standing.number, standing.state);
        if let Some(decided) = &standing.decided {
            let Decided { what, who, at } = decided;
            match *what {
                "fallen" => say!("  changed since {who} approved it, {at}: to be approved again"),
                what => say!("  {what} by {who}, {at}"),
            }
        }
        for title in standing.coming.iter().flat_map(|expected| &expected.repeats) {
            say!("  already sent, left out: {title}");
        }
        for address in &standing.unknown {
            say!("  unknown: {address}");
        }
        for (address, reply) in &standing.failed {
            say!("  refused: {address}: {reply}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The edition to come, where editors have a hand in it.
async fn expected(session: &Session) -> anyhow::Result<Option<Standing>> {
    let config = &session.config;
    let coming = next::next_edition(config, &session.store, session.now()).await?;
    let untouched = coming.desk.version.number == 0 && coming.desk.notes.is_empty();
    if untouched && !config.digest.approval && coming.repeats.is_empty() {
        return Ok(None);
    }
    let rendered = render(config, &coming.draft, &Choice::all())?;
    let due = &coming.draft.slot;
    let outlook = coming.approval_state(config)?;
    Ok(Some(Standing {
        period: due.period.to_string(),
        number: due.number,
        state: outlook.as_str(),
        subject: rendered.map(|rendered| rendered.subject).unwrap_or_default(),
        frozen: 0,
        to_do: 0,
        letters: Tally::default(),
        unknown: Vec::new(),
        failed: Vec::new(),
        decided: decided(session, &coming.desk, matches!(outlook, ApprovalState::Lapsed { .. })),
        coming: Some(Expected {
            columns: coming.draft.columns.len(),
            due: Moment::of(session, due.cutoff),
            repeats: coming.repeats.iter().map(|repeat| repeat.column.title.clone()).collect(),
        }),
    }))
}

fn decided(session: &Session, desk: &model::DeskRecord, has_fallen: bool) -> Option<Decided> {
    let note = desk.last_said()?;
    let what = if has_fallen { "fallen" } else { note.kind.as_str() };
    Some(Decided { what, who: note.who.clone(), at: Moment::of(session, note.at) })
}
