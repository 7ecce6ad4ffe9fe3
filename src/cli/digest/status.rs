//! `gazetier digest status`: how the editions stand, drawn up and to come.

use std::process::ExitCode;

use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::super::{restored, session::Session};
use crate::{
    edition::{next::ApprovalState, render::render, special},
    model::{self, Choice, Instant, Tally},
    send::warm_up::Warming,
    store::DomainFates,
};

/// How many domains are shown; `--json` has all.
const DOMAINS_SHOWN: usize = 10;

/// A tally in words: what is sent, and whatever else there is.
pub(in crate::cli) fn tally_words(tally: &Tally) -> String {
    let mut words = format!("{} of {} letters sent", tally.sent, tally.frozen());
    for (count, what) in [
        (tally.failed, "refused"),
        (tally.suppressed, "suppressed"),
        (tally.unknown, "unknown"),
        (tally.carried, "in another letter"),
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
struct EditionStatus {
    period: String,
    number: i64,
    state: &'static str,
    subject: String,
    frozen: i64,
    to_do: i64,
    letters: Tally,
    /// What became of the letters that relays took, where their logs were read: all together first, then by domain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fates: Vec<DomainFates>,
    /// How many letters wait for a later day of the warm-up.
    #[serde(skip_serializing_if = "is_none")]
    warming: i64,
    /// The same in words.
    #[serde(skip)]
    warming_words: Option<String>,
    unknown: Vec<String>,
    failed: Vec<(String, String)>,
    /// Who decided last, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided: Option<LastDecision>,
    /// Of an edition to come: how many columns it has, and its hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    coming: Option<ComingEdition>,
}

fn is_none(count: &i64) -> bool {
    *count == 0
}

#[derive(Serialize)]
struct LastDecision {
    /// `approved`, `held`, `released`; `fallen` is an approval of what the edition was before it changed.
    what: &'static str,
    who: String,
    at: LocalInstant,
}

/// An instant: for programs with its offset, for people by the magazine's clock.
struct LocalInstant {
    local: DateTime<FixedOffset>,
}

impl LocalInstant {
    fn of(session: &Session, at: Instant) -> Self {
        Self { local: session.config.magazine.zone.local(at) }
    }
}

impl Serialize for LocalInstant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.local.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }
}

impl std::fmt::Display for LocalInstant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.local.format("%Y-%m-%d %H:%M"))
    }
}

#[derive(Serialize)]
struct ComingEdition {
    columns: usize,
    due: LocalInstant,
    /// Titles of columns that are not in it because readers have had their words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repeats: Vec<String>,
}

pub(super) async fn status(session: &Session, json: bool) -> anyhow::Result<ExitCode> {
    let mut editions = Vec::new();
    for newsletter in session.each_newsletter()? {
        editions.extend(editions_of(&newsletter).await?);
        if let Some(notice) = restored::notice(&newsletter).await? {
            eprintln!("gazetier: warning: {notice}");
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&editions)?);
        return Ok(ExitCode::SUCCESS);
    }
    print(&editions);
    Ok(ExitCode::SUCCESS)
}

/// The editions of a newsletter, drawn up and to come.
async fn editions_of(session: &Session) -> anyhow::Result<Vec<EditionStatus>> {
    let store = &session.store;
    let mut editions = Vec::new();
    let today = Warming::on(&session.config, session.at);
    for drawn_up in store.editions(session.newsletter()).await? {
        let letters = store.tally(drawn_up.id).await?;
        let warming = store.warming_letters(drawn_up.id).await?;
        editions.push(EditionStatus {
            frozen: letters.frozen(),
            to_do: letters.to_do(),
            letters,
            fates: store.fates(drawn_up.id).await?,
            warming,
            warming_words: today.filter(|_| warming > 0).map(|today| today.words(warming)),
            unknown: store.unknown_letters(drawn_up.id).await?,
            failed: store.failed_letters(drawn_up.id).await?,
            period: drawn_up.period.to_string(),
            number: drawn_up.number,
            state: drawn_up.state.as_str(),
            decided: decided(session, &store.desk(&drawn_up.key()).await?, false),
            subject: drawn_up.subject,
            coming: None,
        });
    }
    editions.extend(coming_editions(session).await?);
    Ok(editions)
}

fn print(editions: &[EditionStatus]) {
    if editions.is_empty() {
        println!("no edition yet");
    }
    for edition in editions {
        let how = match &edition.coming {
            None => tally_words(&edition.letters),
            Some(coming) => format!("{} columns, due at {}", coming.columns, coming.due),
        };
        println!("{} (n° {}) {}: {how}", edition.period, edition.number, edition.state);
        if let Some(decided) = &edition.decided {
            let LastDecision { what, who, at } = decided;
            match *what {
                "fallen" => println!("  changed since {who} approved it, {at}: to be approved again"),
                what => println!("  {what} by {who}, {at}"),
            }
        }
        for title in edition.coming.iter().flat_map(|coming| &coming.repeats) {
            println!("  already sent, left out: {title}");
        }
        if let Some(words) = &edition.warming_words {
            println!("  {words}");
        }
        for (at, fates) in edition.fates.iter().take(DOMAINS_SHOWN + 1).enumerate() {
            let DomainFates { domain, taken, delivered, bounced, waiting } = fates;
            let silent = taken - delivered - bounced - waiting;
            let (indent, whose) = if at == 0 { ("  ", "") } else { ("    ", domain.as_str()) };
            let whose = if whose.is_empty() { String::new() } else { format!("{whose}: ") };
            println!(
                "{indent}{whose}{taken} taken: {delivered} delivered, {bounced} came back, {waiting} wait at the relay, of \
                 {silent} nothing is said"
            );
        }
        for address in &edition.unknown {
            println!("  unknown: {address}");
        }
        for (address, reply) in &edition.failed {
            println!("  refused: {address}: {reply}");
        }
    }
}

/// The editions to come, where editors have a hand in them.
async fn coming_editions(session: &Session) -> anyhow::Result<Vec<EditionStatus>> {
    let config = &session.config;
    let mut editions = Vec::new();
    for coming in special::all_coming(config, &session.store, session.now()).await? {
        let untouched = coming.desk.version.number == 0 && coming.desk.notes.is_empty();
        let due = &coming.draft.slot;
        if due.planned.is_none() && untouched && !config.digest.approval && coming.repeats.is_empty() {
            continue;
        }
        let rendered = render(config, &coming.draft, &Choice::all())?;
        let outlook = coming.approval_state(config)?;
        editions.push(EditionStatus {
            period: due.period.to_string(),
            number: due.number,
            state: outlook.as_str(),
            subject: rendered.map(|rendered| rendered.subject).unwrap_or_default(),
            frozen: 0,
            to_do: 0,
            letters: Tally::default(),
            fates: Vec::new(),
            warming: 0,
            warming_words: None,
            unknown: Vec::new(),
            failed: Vec::new(),
            decided: decided(session, &coming.desk, matches!(outlook, ApprovalState::Lapsed { .. })),
            coming: Some(ComingEdition {
                columns: coming.draft.columns.len(),
                due: LocalInstant::of(session, coming.hour()),
                repeats: coming.repeats.iter().map(|repeat| repeat.column.title.clone()).collect(),
            }),
        });
    }
    Ok(editions)
}

fn decided(session: &Session, desk: &model::DeskRecord, has_fallen: bool) -> Option<LastDecision> {
    let note = desk.last_said()?;
    let what = if has_fallen { "fallen" } else { note.kind.as_str() };
    Some(LastDecision { what, who: note.who.clone(), at: LocalInstant::of(session, note.at) })
}
