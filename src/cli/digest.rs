//! `gazetier digest`: preview, send, status.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use serde::Serialize;

use super::{
    exit,
    say::say,
    session::{Session, clock},
};
use crate::{
    delivery::{
        self,
        decide::{self, Decision},
        plan::{self, Drawn, Outlook},
        post::{Outcome, Post},
    },
    digest::{render::render, token::PLACEHOLDER},
    model::{self, Choice, Edition, EditionState, Instant, NoteKind, Period, Rubrique, Tally},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Render the coming edition to HTML and text files.
    Preview {
        /// Open it in the browser.
        #[arg(long)]
        open: bool,
        /// The folder for the files.
        #[arg(long, value_name = "FOLDER", default_value = "preview")]
        folder: PathBuf,
        /// As a subscriber sees it who chose these rubriques.
        #[arg(long, value_name = "RUBRIQUE", value_delimiter = ',')]
        rubriques: Vec<String>,
    },
    /// Say that the coming edition may go out as it is now.
    Approve(Decide),
    /// Say that an edition must not go out: the coming one, or one whose letters are going out.
    Hold {
        #[command(flatten)]
        decide: Decide,
        /// Why.
        #[arg(long, value_name = "WORDS", default_value = "")]
        why: String,
    },
    /// Freeze the edition that is due and send its letters; resume what an earlier run left.
    Send {
        /// Let this edition go, if it is held; without it, the newest if that is held.
        #[arg(value_name = "PERIOD")]
        period: Option<String>,
        /// Who says so.
        #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "the command line")]
        by: String,
        /// Send once more the letters that may or may not have arrived: some readers get two.
        #[arg(long)]
        resend_unknown: bool,
    },
    /// Say how the editions stand.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Who decides about which edition.
#[derive(Debug, clap::Args)]
pub(super) struct Decide {
    /// Which edition, such as 2026-W47; the coming one if it is not said.
    #[arg(value_name = "PERIOD")]
    period: Option<String>,
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "the command line")]
    by: String,
}

pub(super) async fn run(session: &Session, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Preview { open, folder, rubriques } => preview(session, open, &folder, &rubriques).await,
        Command::Approve(who) => {
            let period = decide(session, &who, Decision::Approve(None)).await?;
            say!("{period}: approved");
            Ok(ExitCode::SUCCESS)
        }
        Command::Hold { decide: who, why } => {
            let period = decide(session, &who, Decision::Hold(&why)).await?;
            say!("{period}: held; let it go with `gazetier digest send {period}`");
            Ok(ExitCode::SUCCESS)
        }
        Command::Send { period, by, resend_unknown } => {
            release(session, Decide { period, by }).await?;
            if resend_unknown {
                resend(session).await?;
            }
            let sent = send(session, true).await?;
            for line in &sent.lines {
                say!("{line}");
            }
            sent.complaint()
        }
        Command::Status { json } => status(session, json).await,
    }
}

async fn preview(session: &Session, open: bool, folder: &Path, rubriques: &[String]) -> anyhow::Result<ExitCode> {
    let chosen = rubriques.iter().map(|label| {
        let found = Rubrique::find(&session.config.rubriques, label).map(|rubrique| rubrique.slug.clone());
        found.ok_or_else(|| exit::complain(exit::USAGE, format!("--rubriques: the configuration has no {label:?}")))
    });
    let choice = Choice::of(chosen.collect::<anyhow::Result<Vec<_>>>()?);
    let draft = plan::coming(&session.config, &session.store, session.at).await?.draft;
    let due = &draft.due;
    let rendered = render(&session.config, &draft, &choice)?;
    let Some(rendered) = rendered else {
        say!("nothing new for {}: no letter would be sent", due.period);
        return Ok(ExitCode::SUCCESS);
    };
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        let text = text.replace(PLACEHOLDER, "preview");
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|source| delivery::Error::Write { path: path.clone(), source })?;
        say!("{}", path.display());
        Ok::<_, anyhow::Error>(path)
    };
    let html = write("digest.html", &rendered.html)?;
    write("digest.txt", &rendered.plain)?;
    say!("{}: {} ({} bytes of HTML)", due.period, rendered.subject, rendered.html.len());
    if open {
        open::that_detached(&html).map_err(|error| exit::complain(1, format!("cannot open a browser: {error}")))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn decide(session: &Session, decide: &Decide, decision: Decision<'_>) -> anyhow::Result<Period> {
    let period = decide.period.as_deref().map(Period::from_key);
    let (config, store) = (&session.config, &session.store);
    let decided = decide::decide(config, store, session.at, &decide.by, period.as_ref(), decision).await?;
    decided.map_err(|refused| exit::complain(exit::BAD_INPUT, refused.to_string()))
}

/// Lets the edition go that is named; without a name the newest, drawn up or to come, if it is
/// held.
async fn release(session: &Session, who: Decide) -> anyhow::Result<()> {
    if who.period.is_some() {
        decide(session, &who, Decision::Release).await?;
        return Ok(());
    }
    let coming = plan::coming(&session.config, &session.store, session.at).await?;
    let held = matches!(coming.desk.decision(), model::Decision::Held { .. });
    if coming.is_due && held {
        decide(session, &who, Decision::Release).await?;
    }
    let newest = session.store.last_edition().await?.filter(|edition| edition.state == EditionState::Held);
    if let Some(edition) = newest {
        let period = Some(edition.period.to_string());
        decide(session, &Decide { period, ..who }, Decision::Release).await?;
    }
    Ok(())
}

/// Queues again what may have arrived of the newest edition that has such letters.
async fn resend(session: &Session) -> anyhow::Result<()> {
    for edition in session.store.editions().await?.into_iter().rev() {
        let letters = session.store.resend_unknown(edition.id).await?;
        if letters > 0 {
            session.store.move_edition(edition.id, EditionState::Sent, EditionState::Sending).await?;
            say!("{}: {letters} letters that may have arrived are sent again", edition.period);
            break;
        }
    }
    Ok(())
}

/// What sending came to.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// What happened, in words.
    pub(super) lines: Vec<String>,
    /// What somebody must look at.
    pub(super) troubles: Vec<String>,
    /// Letters that wait.
    pub(super) remaining: i64,
}

impl Sent {
    /// Tells the troubles, and the exit code.
    pub(super) fn complaint(&self) -> anyhow::Result<ExitCode> {
        for trouble in &self.troubles {
            eprintln!("gazetier: {trouble}");
        }
        match self.remaining {
            0 => Ok(ExitCode::SUCCESS),
            _ => Ok(ExitCode::from(exit::RUN_AGAIN)),
        }
    }
}

/// Freezes the edition that is due, and sends the letters of all that are open. `asked` says that
/// somebody wants it sent now: then nothing is too late.
pub(super) async fn send(session: &Session, asked: bool) -> anyhow::Result<Sent> {
    let (config, store) = (&session.config, &session.store);
    let mut sent = Sent::default();
    if let Some((period, who, at)) = plan::fallen(config, store, session.at).await? {
        sent.troubles.push(format!(
            "{period}: it has changed since {who} approved it at {}; approve it again with `gazetier digest approve \
             {period}`",
            hour(session, at)
        ));
    }
    match plan::draw_up(config, store, session.at, asked).await? {
        Drawn::NotDue => {}
        Drawn::NothingNew(period) => {
            if asked {
                sent.lines.push(format!("{period}: no new column, nothing is sent"));
            }
        }
        Drawn::Frozen(edition, letters) => {
            sent.lines.push(format!("{}: frozen with {letters} letters, {:?}", edition.period, edition.subject));
        }
        Drawn::Held(edition, letters) => sent.troubles.push(format!(
            "{} was due at {} and is too late to be sent by itself: its {letters} letters are held; \
             send them with `gazetier digest send {0}`",
            edition.period,
            hour(session, edition.cutoff),
        )),
        Drawn::OnHold(period) => {
            if asked {
                sent.lines
                    .push(format!("{period}: held by the editors; let it go with `gazetier digest send {period}`"));
            }
        }
        Drawn::Unapproved(period, outlook) => {
            let first = store.tell_once(&period, "unapproved", session.at).await?;
            if first || asked {
                let why = match outlook {
                    Outlook::Fallen { who, at } => {
                        format!("it has changed since {who} approved it at {}, and is not sent", hour(session, at))
                    }
                    _ => "its hour has come and nobody has approved it: it is not sent".into(),
                };
                sent.troubles.push(format!("{period}: {why}; approve it with `gazetier digest approve {period}`"));
            }
        }
    }
    let stop = Arc::new(AtomicBool::new(false));
    for edition in store.open_editions().await? {
        let outcome = post(session, &edition, &stop).await?;
        let tally = outcome.tally;
        for (relay, words) in outcome.troubles {
            sent.troubles.push(format!("the relay {relay} was out of use, the others went on: {words}"));
        }
        if let Some(reason) = outcome.paused {
            sent.troubles.push(format!(
                "{} is held, {} letters wait: {reason}; look into it, then send them with `gazetier digest send`",
                edition.period,
                tally.to_do()
            ));
        }
        sent.remaining += tally.to_do();
        sent.lines.push(format!("{}: {}", edition.period, words(&tally)));
        if tally.unknown > 0 {
            sent.troubles.push(format!(
                "{}: {} letters may or may not have arrived and are not sent again; \
                 `gazetier digest status` names them",
                edition.period, tally.unknown
            ));
        }
    }
    if sent.lines.is_empty() && asked {
        sent.lines.push("no edition is due, no letter is waiting: nothing is sent".into());
    }
    Ok(sent)
}

/// An instant by the magazine's clock.
fn hour(session: &Session, at: Instant) -> String {
    session.config.magazine.zone.local(at).format("%Y-%m-%d %H:%M").to_string()
}

async fn post(session: &Session, edition: &Edition, stop: &Arc<AtomicBool>) -> anyhow::Result<Outcome> {
    let signal = tokio::spawn(drain(Arc::clone(stop)));
    let finished = Arc::new(AtomicU64::new(0));
    let (config, store) = (Arc::clone(&session.config), session.store.clone());
    let post = Post { config, store, clock, stop: Arc::clone(stop), finished: Arc::clone(&finished) };
    let to_do = session.store.tally(edition.id).await?.to_do().unsigned_abs();
    let bar = tokio::spawn(watch(edition.period.to_string(), to_do, finished));
    let outcome = post.send(edition).await;
    bar.abort();
    signal.abort();
    Ok(outcome?)
}

/// Shows on a terminal how far the letters have come.
async fn watch(period: String, to_do: u64, finished: Arc<AtomicU64>) {
    use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
    // Hidden by itself where standard error is no terminal.
    let bar = ProgressBar::with_draw_target(Some(to_do), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} letters, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    bar.set_message(period);
    let clear = Clear(bar);
    loop {
        clear.0.set_position(finished.load(Ordering::Relaxed).min(to_do));
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

/// Takes the bar away when the watch ends, however it ends.
struct Clear(indicatif::ProgressBar);

impl Drop for Clear {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Asks the worker to finish what it has begun when the program is told to stop.
async fn drain(stop: Arc<AtomicBool>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.store(true, Ordering::Relaxed);
}

/// A tally in words: what is sent, and whatever else there is.
fn words(tally: &Tally) -> String {
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
    what: &'static str,
    who: String,
    at: String,
}

#[derive(Serialize)]
struct Expected {
    columns: usize,
    due: String,
}

async fn status(session: &Session, json: bool) -> anyhow::Result<ExitCode> {
    let store = &session.store;
    let mut standings = Vec::new();
    for edition in store.editions().await? {
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
            subject: edition.subject,
            decided: decided(session, &store.desk(&edition.period).await?),
            coming: None,
        });
    }
    standings.extend(expected(session).await?);
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
            say!("  {} by {}, {}", decided.what, decided.who, decided.at);
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
    let coming = plan::coming(config, &session.store, session.at).await?;
    let untouched = coming.desk.version.number == 0 && coming.desk.notes.is_empty();
    if untouched && !config.digest.approval {
        return Ok(None);
    }
    let rendered = render(config, &coming.draft, &Choice::all())?;
    let due = &coming.draft.due;
    Ok(Some(Standing {
        period: due.period.to_string(),
        number: due.number,
        state: coming.outlook(config)?.as_str(),
        subject: rendered.map(|rendered| rendered.subject).unwrap_or_default(),
        frozen: 0,
        to_do: 0,
        letters: Tally::default(),
        unknown: Vec::new(),
        failed: Vec::new(),
        decided: decided(session, &coming.desk),
        coming: Some(Expected { columns: coming.draft.columns.len(), due: hour(session, due.cutoff) }),
    }))
}

fn decided(session: &Session, desk: &model::Desk) -> Option<Decided> {
    let note = desk.notes.iter().rev().find(|note| !matches!(note.kind, NoteKind::Proof | NoteKind::Told))?;
    Some(Decided { what: note.kind.as_str(), who: note.who.clone(), at: hour(session, note.at) })
}
