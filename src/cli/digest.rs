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
        plan::{self, Drawn},
        post::{Outcome, Post},
    },
    digest::token::PLACEHOLDER,
    model::{Choice, Edition, EditionState, Rubrique, Tally},
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
    /// Freeze the edition that is due and send its letters; resume what an earlier run left.
    Send {
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
    /// Print the DNS records that let receivers verify the letters' signatures.
    Dkim,
}

pub(super) async fn run(session: &Session, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Preview { open, folder, rubriques } => preview(session, open, &folder, &rubriques).await,
        Command::Send { resend_unknown } => {
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
        Command::Dkim => dkim(session),
    }
}

/// One record for each key, as a zone file has it: its text in strings of 255 bytes at the most.
fn dkim(session: &Session) -> anyhow::Result<ExitCode> {
    let keys = &session.config.dkim;
    if keys.is_empty() {
        let what = "no [[dkim]] in the configuration, letters are not signed: write one with a selector of your \
                    choice and a key, a file made by `openssl genrsa -out dkim.pem 2048`";
        return Err(exit::complain(exit::CONFIGURATION, what));
    }
    for key in keys {
        let record = key.record();
        let strings = record.as_bytes().chunks(255).map(|piece| format!("\"{}\"", String::from_utf8_lossy(piece)));
        say!("{}. IN TXT ( {} )", key.record_name(), strings.collect::<Vec<_>>().join("\n    "));
    }
    Ok(ExitCode::SUCCESS)
}

async fn preview(session: &Session, open: bool, folder: &Path, rubriques: &[String]) -> anyhow::Result<ExitCode> {
    let chosen = rubriques.iter().map(|label| {
        let found = Rubrique::find(&session.config.rubriques, label).map(|rubrique| rubrique.slug.clone());
        found.ok_or_else(|| exit::complain(exit::USAGE, format!("--rubriques: the configuration has no {label:?}")))
    });
    let choice = Choice::of(chosen.collect::<anyhow::Result<Vec<_>>>()?);
    let (due, rendered) = plan::coming(&session.config, &session.store, session.at, &choice).await?;
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
/// somebody wants it sent now: then nothing is too late, and what is held is let go.
pub(super) async fn send(session: &Session, asked: bool) -> anyhow::Result<Sent> {
    let (config, store) = (&session.config, &session.store);
    let mut sent = Sent::default();
    if asked {
        for edition in store.editions().await?.iter().filter(|e| e.state == EditionState::Held) {
            store.release_edition(edition.id, session.at).await?;
        }
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
             send them with `gazetier digest send`",
            edition.period,
            config.magazine.zone.local(edition.cutoff).format("%Y-%m-%d %H:%M"),
        )),
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
        });
    }
    if json {
        say!("{}", serde_json::to_string_pretty(&standings)?);
        return Ok(ExitCode::SUCCESS);
    }
    if standings.is_empty() {
        say!("no edition yet");
    }
    for standing in standings {
        say!("{} (n° {}) {}: {}", standing.period, standing.number, standing.state, words(&standing.letters));
        for address in &standing.unknown {
            say!("  unknown: {address}");
        }
        for (address, reply) in &standing.failed {
            say!("  refused: {address}: {reply}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
