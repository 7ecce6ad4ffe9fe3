//! `gazetier digest`: its commands, and sending.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{
    again::again,
    desk::{self, Decide},
    exit, many_threads, restored,
    say::say,
    session::Session,
    standing::{self, hour, words},
    status, stop,
};
use crate::{
    config::{Connections, Relays},
    edition::{
        self,
        decide::Decision,
        editors::{self, Notice},
        plan::{self, Drawn, Outlook, Wish},
    },
    model::{Edition, Period},
    send::{
        clock::LeaseClock,
        sender::{SendOutcome, Sender},
    },
    store::{self, Store},
};

/// What is noted of an edition whose letters went into a folder.
const WRITTEN: &str = "written into a folder";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Open the desk, where the coming edition is looked at, mended and approved; or render it to
    /// files.
    Preview {
        /// Open it in the browser.
        #[arg(long)]
        open: bool,
        /// Write the edition's HTML and text into this folder instead.
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
        /// The files as a subscriber sees the edition who chose these rubriques.
        #[arg(long, value_name = "RUBRIQUE", value_delimiter = ',', requires = "folder")]
        rubriques: Vec<String>,
    },
    /// Send the editors the coming edition by mail, as it is now.
    Proof {
        /// To these of the editors; to all of them if none is named.
        #[arg(value_name = "ADDRESS")]
        to: Vec<String>,
        /// Who sends it.
        #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "the command line")]
        by: String,
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
    /// Say that an edition is no longer held: it goes out at its hour, or with the next run if that is over.
    Release {
        /// Which edition; the only one that is held if it is not said.
        #[arg(value_name = "PERIOD")]
        period: Option<String>,
        /// Who says so.
        #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "the command line")]
        by: String,
        /// Also if columns of the edition were withdrawn since it was drawn up.
        #[arg(long)]
        with_withdrawn: bool,
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
        /// Give the letters of this edition to the relay that were written into a folder before there was one.
        #[arg(long, requires = "period")]
        resend_written: bool,
        /// Also if columns of the edition were withdrawn since it was drawn up.
        #[arg(long)]
        with_withdrawn: bool,
    },
    /// Make an edition that a wrong clock has put into the future one of the present.
    Redate {
        /// Which edition.
        #[arg(value_name = "PERIOD")]
        period: String,
        /// When it really went out; now if it is not said.
        #[arg(long, value_name = "INSTANT")]
        to: Option<String>,
    },
    /// Take columns that were withdrawn since out of an edition's page in the archive.
    Redact {
        /// Which edition.
        #[arg(value_name = "PERIOD")]
        period: String,
    },
    /// Queue again letters that a relay refused for good, once what was wrong is mended.
    Retry {
        /// Those of this edition; without it, of the newest that has some.
        #[arg(value_name = "PERIOD")]
        period: Option<String>,
        /// Those whose refusal holds these words.
        #[arg(long, value_name = "REASON", default_value = "")]
        failed: String,
        /// Who says so.
        #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "the command line")]
        by: String,
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
        Command::Preview { open, folder: Some(folder), rubriques } => {
            desk::write(session, open, &folder, &rubriques).await
        }
        Command::Preview { open, folder: None, .. } => desk::open(session, open).await,
        Command::Proof { to, by } => desk::proof(session, &to, &by).await,
        Command::Approve(who) => {
            let period = desk::decide(session, &who, Decision::Approve(None)).await?;
            say!("{period}: approved");
            Ok(ExitCode::SUCCESS)
        }
        Command::Hold { decide: who, why } => {
            if who.period.is_none() {
                say_which(session).await?;
            }
            let period = desk::decide(session, &who, Decision::Hold(&why)).await?;
            say!("{period}: held{}; let it go with `gazetier digest release {period}`", out(session, &period).await?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Release { period, by, with_withdrawn } => {
            desk::let_go(session, Decide { period, by }, with_withdrawn).await
        }
        Command::Send { period: Some(period), resend_written: true, .. } => {
            resend_written(session, &Period::from_key(&period)).await?;
            send(session, true).await?.tell()
        }
        Command::Send { period, by, resend_unknown, with_withdrawn, .. } => {
            desk::release(session, Decide { period, by }, with_withdrawn).await?;
            if resend_unknown {
                resend(session).await?;
            }
            again(async || send(session, true).await).await?.tell()
        }
        Command::Redate { period, to } => desk::redate(session, &period, to.as_deref()).await,
        Command::Redact { period } => desk::redact(session, &period).await,
        Command::Retry { period, failed, by } => retry(session, period.as_deref(), &failed, &by).await,
        Command::Status { json } => standing::status(session, json).await,
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

/// Refuses to guess which edition is meant while letters of one go out: it is that one, or the coming one.
async fn say_which(session: &Session) -> anyhow::Result<()> {
    for edition in session.store.open_editions().await? {
        let is_ours = edition.newsletter == *session.newsletter();
        if is_ours && session.store.tally(edition.id).await?.to_do() > 0 {
            let going = edition.period;
            let coming = plan::coming(&session.config, &session.store, session.now()).await?.draft.due.period;
            let out = out(session, &going).await?;
            let message = format!(
                "which one? Letters of {going} go out{out}: `gazetier digest hold {going}` stops them; \
                 `gazetier digest hold {coming}` holds the coming edition"
            );
            return Err(exit::complain(exit::BAD_INPUT, message));
        }
    }
    Ok(())
}

/// How many letters of an edition are out already, if it has any.
async fn out(session: &Session, period: &Period) -> anyhow::Result<String> {
    let Some(edition) = session.store.edition_of(session.newsletter(), period).await? else { return Ok(String::new()) };
    let tally = session.store.tally(edition.id).await?;
    Ok(format!(", {} of {} letters are out", tally.settled() + tally.sending - tally.suppressed, tally.frozen()))
}

/// Queues the letters of an edition for the relay that were written into a folder.
async fn resend_written(session: &Session, period: &Period) -> anyhow::Result<()> {
    let Some(edition) = session.store.edition_of(session.newsletter(), period).await? else {
        let message = format!("there is no edition {period}: `gazetier digest status` names them");
        return Err(exit::complain(exit::BAD_INPUT, message));
    };
    if !matches!(session.config.relays, Relays::Smtp(_)) {
        return Err(exit::complain(exit::CONFIGURATION, "there is no [relay] that they could be given to"));
    }
    let letters = session.store.resend_written(edition.id).await?;
    tell_of(restored::note(session, &edition, None).await?);
    say!("{period}: {letters} letters that were written into a folder go to the relay");
    Ok(())
}

/// Tells what stops nothing.
fn tell_of(words: Option<String>) {
    if let Some(words) = words {
        eprintln!("gazetier: warning: {words}");
    }
}

/// Queues again what may have arrived of the newest edition that has such letters.
async fn resend(session: &Session) -> anyhow::Result<()> {
    for edition in session.store.editions(session.newsletter()).await?.into_iter().rev() {
        let letters = session.store.resend_unknown(edition.id).await?;
        if letters > 0 {
            say!("{}: {letters} letters that may have arrived are sent again", edition.period);
            break;
        }
    }
    Ok(())
}

/// Queues refused letters again.
async fn retry(session: &Session, period: Option<&str>, words: &str, who: &str) -> anyhow::Result<ExitCode> {
    let mut editions = session.store.editions(session.newsletter()).await?;
    if let Some(period) = period {
        editions.retain(|edition| edition.period.to_string() == period);
        if editions.is_empty() {
            let what = format!("there is no edition {period}: `gazetier digest status` names them");
            return Err(exit::complain(exit::BAD_INPUT, what));
        }
    }
    for edition in editions.into_iter().rev() {
        let store::Retried { letters, lifted } = session.store.retry_refused(&edition, words, who, session.at).await?;
        if letters > 0 {
            tell_of(restored::note(session, &edition, None).await?);
            let lifted = match lifted {
                0 => String::new(),
                lifted => format!(", {lifted} addresses may be written to again"),
            };
            say!("{}: {letters} refused letters wait again{lifted}; `gazetier digest send` sends them", edition.period);
            return Ok(ExitCode::SUCCESS);
        }
    }
    let which = if words.is_empty() { String::new() } else { format!(" with {words:?} in its refusal") };
    say!("there is no refused letter{which}: nothing is changed");
    Ok(ExitCode::SUCCESS)
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
    /// Tells all of it, and the exit code.
    fn tell(&self) -> anyhow::Result<ExitCode> {
        for line in &self.lines {
            say!("{line}");
        }
        self.complaint()
    }

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
/// somebody wants it sent now: then nothing is too late. What stops it is told to the editors, who can mend it.
pub(super) async fn send(session: &Session, asked: bool) -> anyhow::Result<Sent> {
    let sent = send_all(session, asked).await;
    let what = sent.as_ref().err().and_then(|error| error.downcast_ref::<edition::Error>()).and_then(broken);
    if let Some(what) = what {
        let (config, store) = (&session.config, &session.store);
        let due = plan::coming(config, store, session.now()).await?.draft.due;
        editors::tell(config, store, session.at, &due.key(), &due.period, &Notice::Broken(what)).await?;
    }
    sent
}

async fn send_all(session: &Session, asked: bool) -> anyhow::Result<Sent> {
    let (config, store) = (&session.config, &session.store);
    let mut sent = Sent { troubles: status::future_editions(session).await?, ..Sent::default() };
    // Before anything is said of an edition that went out already.
    sent.troubles.extend(restored::hold(session).await?);
    if let Some((period, who, at)) = editors::fallen(config, store, session.now()).await? {
        sent.troubles.push(format!(
            "{period}: it has changed since {who} approved it at {}; approve it again with `gazetier digest approve \
             {period}`",
            hour(session, at)
        ));
    }
    if let Some(period) = editors::proof_when_due(config, store, session.now()).await? {
        sent.lines.push(format!("{period}: the proof goes to the editors"));
    }
    match plan::draw_up(config, store, session.now(), Wish { asked, future: session.future }).await? {
        Drawn::NotDue => {}
        Drawn::NothingNew(period) => {
            if asked {
                sent.lines.push(format!("{period}: no new column, nothing is sent"));
            }
        }
        Drawn::Frozen(edition, letters) => {
            sent.lines.push(format!("{}: frozen with {letters} letters, {:?}", edition.period, edition.subject));
        }
        Drawn::Held(edition, letters) => {
            editors::tell(config, store, session.at, &edition.key(), &edition.period, &Notice::Late).await?;
            sent.troubles.push(format!(
                "{} was due at {} and is too late to be sent by itself: its {letters} letters are held; \
             send them with `gazetier digest send {0}`",
                edition.period,
                hour(session, edition.cutoff),
            ));
        }
        Drawn::OnHold(period) => {
            if asked {
                sent.lines
                    .push(format!("{period}: held by the editors; let it go with `gazetier digest send {period}`"));
            }
        }
        Drawn::Future(due) => {
            let what = format!(
                "its hour, {}, is more than a day ahead of this machine's clock: it is not given to a relay. Put the \
                 clock right, or say --future",
                hour(session, due.cutoff)
            );
            let notice = Notice::Broken(what.clone());
            editors::tell(config, store, session.at, &due.key(), &due.period, &notice).await?;
            sent.troubles.push(format!("{}: {what}", due.period));
        }
        Drawn::Unapproved(due, outlook) => {
            let (key, period) = (due.key(), due.period);
            let first = editors::tell(config, store, session.at, &key, &period, &Notice::Unapproved).await?;
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
    for edition in store.open_editions().await? {
        if let Some(words) = restored::hold_open(session, &edition).await? {
            sent.troubles.push(words);
            continue;
        }
        // Before the first letter, and when no more go out.
        sent.troubles.extend(restored::note(session, &edition, None).await?);
        let stop = stop::watch(exit::RUN_AGAIN, stop::Hangup::Stops)?.flag();
        let outcome = post(session, &edition, &stop).await?;
        let tally = outcome.tally;
        sent.troubles.extend(restored::note(session, &edition, None).await?);
        for (relay, words) in outcome.failing_relays {
            sent.troubles.push(format!("the relay {relay} was out of use, the others went on: {words}"));
        }
        let paused = outcome.hold_reason.is_some();
        if let Some(reason) = outcome.hold_reason {
            let notice = Notice::Refused(reason.clone());
            editors::tell(config, store, session.at, &edition.key(), &edition.period, &notice).await?;
            sent.troubles.push(format!(
                "{} is held, {} letters wait: {reason}; look into it, then send them with `gazetier digest send`",
                edition.period,
                tally.to_do()
            ));
        }
        // What editors hold is not to be run again.
        sent.remaining += if outcome.is_held && !paused { 0 } else { tally.to_do() };
        sent.lines.push(format!("{}: {}", edition.period, words(&tally)));
        if outcome.is_held && tally.to_do() > 0 && !paused {
            sent.lines.push(format!("{}: held, {} letters wait", edition.period, tally.to_do()));
        }
        if tally.unknown > 0 {
            sent.troubles.push(format!(
                "{}: {} letters may or may not have arrived and are not sent again; \
                 `gazetier digest status` names them",
                edition.period, tally.unknown
            ));
        }
    }
    if let Some(words) = written(session).await? {
        sent.troubles.push(words);
    }
    if sent.lines.is_empty() && asked {
        sent.lines.push("no edition is due, no letter is waiting: nothing is sent".into());
    }
    Ok(sent)
}

/// What is to be said of an edition whose letters were written into a folder, now that there is a relay: once.
async fn written(session: &Session) -> anyhow::Result<Option<String>> {
    let (config, store) = (&session.config, &session.store);
    if !matches!(config.relays, Relays::Smtp(_)) {
        return Ok(None);
    }
    let Some(last) = store.last_edition(session.newsletter(), session.now().horizon()).await? else { return Ok(None) };
    let is_old = last.cutoff < session.at - chrono::Duration::days(7);
    if is_old || !store.desk(&last.key()).await?.told(WRITTEN) {
        return Ok(None);
    }
    let letters = store.written_letters(last.id).await?;
    if letters == 0 || !store.tell_once(&last.key(), "written, and told", session.at).await? {
        return Ok(None);
    }
    Ok(Some(format!(
        "{0}: {letters} letters of it were written into a folder, before there was a relay, and nobody got them: give \
         them to the relay with `gazetier digest send {0} --resend-written`",
        last.period
    )))
}

/// What of an error is about the edition, so that its editors can mend it.
fn broken(error: &edition::Error) -> Option<String> {
    match error {
        edition::Error::Render(edition::render::Error::Preflight(what)) => Some(what.clone()),
        edition::Error::Render(error) => Some(error.to_string()),
        _ => None,
    }
}

/// Sends the letters of an edition, on threads of their own and over lines to the store of their own.
async fn post(session: &Session, edition: &Edition, stop: &Arc<AtomicBool>) -> anyhow::Result<SendOutcome> {
    let finished = Arc::new(AtomicU64::new(0));
    let to_do = session.store.tally(edition.id).await?.to_do().unsigned_abs();
    let bar = tokio::spawn(watch(edition.period.to_string(), to_do, Arc::clone(&finished)));
    let key = edition.key();
    let (config, edition, stop) = (Arc::clone(&session.config), edition.clone(), Arc::clone(stop));
    let work = async move {
        // Beside the one that the session has.
        let most = config.connections.most - 1;
        let store = Store::open_with(&config.store, Connections { most, ..config.connections }).await?;
        let clock = LeaseClock::read(&store).await?;
        let sender = Sender { config, store: store.clone(), clock, stop, finished };
        let outcome = sender.send(&edition).await;
        store.close().await;
        Ok(outcome?)
    };
    let outcome = tokio::task::spawn_blocking(|| many_threads().enable_all().build()?.block_on(work)).await;
    bar.abort();
    if matches!(session.config.relays, Relays::Folder(_)) {
        session.store.tell_once(&key, WRITTEN, session.at).await?;
    }
    outcome?
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
