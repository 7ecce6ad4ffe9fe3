//! `gazetier digest send`: freezes the edition that is due, and sends the letters of all that are open.

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
};

use super::{
    super::{
        exit, many_threads, restored,
        session::Session,
        status,
        stop::{self, HangupAction},
    },
    progress,
    status::tally_words,
};
use crate::{
    config::{Connections, Relays},
    edition::{
        self,
        editors::{self, EditorNotice},
        freeze::{self, DueOutcome, FreezeOptions},
        next::{self, ApprovalState},
        together,
    },
    model::Edition,
    send::{
        canary::{self, CanaryStep},
        clock::LeaseClock,
        sender::{SendOutcome, Sender},
        warm_up,
    },
    store::Store,
};

/// What is noted of an edition whose letters went into a folder.
const WRITTEN_NOTE: &str = "written into a folder";

/// What sending came to.
#[derive(Debug, Default, Clone)]
pub(in crate::cli) struct SendReport {
    /// What happened, in words.
    pub(in crate::cli) lines: Vec<String>,
    /// What somebody must look at.
    pub(in crate::cli) problems: Vec<String>,
    /// Letters that wait.
    pub(in crate::cli) remaining: i64,
}

impl SendReport {
    /// Tells all of it, and the exit code.
    pub(super) fn print(&self) -> anyhow::Result<ExitCode> {
        for line in &self.lines {
            println!("{line}");
        }
        self.exit_code()
    }

    /// Tells the troubles, and the exit code.
    pub(in crate::cli) fn exit_code(&self) -> anyhow::Result<ExitCode> {
        for problem in &self.problems {
            eprintln!("gazetier: {problem}");
        }
        match self.remaining {
            0 => Ok(ExitCode::SUCCESS),
            _ => Ok(ExitCode::from(exit::RUN_AGAIN)),
        }
    }
}

/// Freezes the edition that is due, and sends the letters of all that are open.
pub(in crate::cli) async fn send(session: &Session, asked: bool) -> anyhow::Result<SendReport> {
    let drawn = draw_up(session, asked).await?;
    bring_together(session).await?;
    send_open(session, asked, drawn).await
}

/// Freezes the edition that is due. `asked` says that somebody wants it sent now: then nothing is too late. What stops it
/// is told to the editors, who can mend it.
pub(in crate::cli) async fn draw_up(session: &Session, asked: bool) -> anyhow::Result<SendReport> {
    let drawn = draw_up_due(session, asked).await;
    let what = drawn.as_ref().err().and_then(|error| error.downcast_ref::<edition::Error>()).and_then(mendable);
    if let Some(what) = what {
        let (config, store) = (&session.config, &session.store);
        let due = next::next_edition(config, store, session.now()).await?.draft.slot;
        editors::notify(config, store, session.at, &due.key(), &due.period, &EditorNotice::Broken(what)).await?;
    }
    drawn
}

/// Puts letters together of readers who want one a day, once all editions are frozen that are due.
pub(in crate::cli) async fn bring_together(session: &Session) -> anyhow::Result<()> {
    let (config, store) = (&session.config, &session.store);
    if !store.brings_together().await? {
        return Ok(());
    }
    let mut configs = Vec::new();
    for digest in &config.newsletters {
        configs.extend(config.view(&digest.newsletter)?.map(Arc::new));
    }
    Ok(together::bring_together(&configs, store).await?)
}

async fn draw_up_due(session: &Session, asked: bool) -> anyhow::Result<SendReport> {
    let (config, store) = (&session.config, &session.store);
    let mut report = SendReport { problems: status::future_editions(session).await?, ..SendReport::default() };
    // Before anything is said of an edition that went out already.
    report.problems.extend(restored::hold_due(session).await?);
    if let Some((period, who, at)) = editors::notify_lapsed_approval(config, store, session.now()).await? {
        report.problems.push(format!(
            "{period}: it has changed since {who} approved it at {}; approve it again with `gazetier digest approve \
             {period}`",
            session.local_hour(at)
        ));
    }
    if let Some(period) = editors::send_due_proof(config, store, session.now()).await? {
        report.lines.push(format!("{period}: the proof goes to the editors"));
    }
    let options = FreezeOptions { on_request: asked, allow_future: session.future };
    for outcome in freeze::freeze_all_due(config, store, session.now(), options).await? {
        report_due(session, asked, outcome, &mut report).await?;
    }
    Ok(report)
}

/// Sends the letters of all editions that are open, and adds what came of it.
pub(in crate::cli) async fn send_open(
    session: &Session,
    asked: bool,
    mut report: SendReport,
) -> anyhow::Result<SendReport> {
    let (config, store) = (&session.config, &session.store);
    for edition in store.open_editions().await? {
        if edition.newsletter != *session.newsletter() {
            continue;
        }
        if let Some(words) = restored::hold_open(session, &edition).await? {
            report.problems.push(words);
            continue;
        }
        // Before the first letter, and when no more go out.
        report.problems.extend(restored::leave_trace(session, &edition, None).await?);
        if canary_stops(session, &edition, &mut report).await? {
            continue;
        }
        // After the canary, so that its letters are those that the day allows.
        let warming = warm_up::step(config, store, &edition, session.at, store.clock().await?).await?;
        let stop = stop::watch(exit::RUN_AGAIN, HangupAction::Stop)?.flag();
        let outcome = send_letters(session, &edition, &stop).await?;
        let tally = outcome.tally;
        let is_out = store.canary_is_out(edition.id).await?.is_some_and(|(is_out, _)| is_out);
        if is_out && !outcome.is_held && canary_stops(session, &edition, &mut report).await? {
            report.problems.extend(restored::leave_trace(session, &edition, None).await?);
            continue;
        }
        report.problems.extend(restored::leave_trace(session, &edition, None).await?);
        for (relay, words) in outcome.failing_relays {
            report.problems.push(format!("the relay {relay} was out of use, the others went on: {words}"));
        }
        let paused = outcome.hold_reason.is_some();
        if let Some(reason) = outcome.hold_reason {
            let notice = EditorNotice::Refused(reason.clone());
            editors::notify(config, store, session.at, &edition.key(), &edition.period, &notice).await?;
            report.problems.push(format!(
                "{} is held, {} letters wait: {reason}; look into it, then send them with `gazetier digest send`",
                edition.period,
                tally.to_do()
            ));
        }
        let waiting = match tally.to_do() {
            0 => 0,
            _ => store.waiting_letters(edition.id, LeaseClock::read(store).await?.now()).await?,
        };
        let warming_letters = if warming.is_some() { store.warming_letters(edition.id).await? } else { 0 };
        // What editors hold is not to be run again, and what waits for its hour or its day is nobody's trouble.
        report.remaining +=
            if outcome.is_held && !paused { 0 } else { (tally.to_do() - waiting - warming_letters).max(0) };
        report.lines.push(format!("{}: {}", edition.period, tally_words(&tally)));
        if let Some(warming) = warming.filter(|_| warming_letters > 0) {
            let words = warming.words(warming_letters);
            report.lines.push(format!("{}: {words}", edition.period));
        }
        if waiting > 0 {
            report
                .lines
                .push(format!("{}: {waiting} letters wait for the hour that their readers chose", edition.period));
        }
        if outcome.is_held && tally.to_do() > 0 && !paused {
            report.lines.push(format!("{}: held, {} letters wait", edition.period, tally.to_do()));
        }
        if tally.unknown > 0 {
            report.problems.push(format!(
                "{}: {} letters may or may not have arrived and are not sent again; \
                 `gazetier digest status` names them",
                edition.period, tally.unknown
            ));
        }
    }
    if let Some(words) = never_given_to_relay(session).await? {
        report.problems.push(words);
    }
    if report.lines.is_empty() && asked {
        report.lines.push("no edition is due, no letter is waiting: nothing is sent".into());
    }
    Ok(report)
}

/// Tells what came of an edition whose hour has come.
async fn report_due(
    session: &Session,
    asked: bool,
    outcome: DueOutcome,
    report: &mut SendReport,
) -> anyhow::Result<()> {
    let (config, store) = (&session.config, &session.store);
    match outcome {
        DueOutcome::NotDue => {}
        DueOutcome::NothingNew(period) => {
            if asked {
                report.lines.push(format!("{period}: no new column, nothing is sent"));
            }
        }
        DueOutcome::Frozen(edition, letters) => {
            report.lines.push(format!("{}: frozen with {letters} letters, {:?}", edition.period, edition.subject));
        }
        DueOutcome::Held(edition, letters) => {
            editors::notify(config, store, session.at, &edition.key(), &edition.period, &EditorNotice::Late).await?;
            report.problems.push(format!(
                "{} was due at {} and is too late to be sent by itself: its {letters} letters are held; \
             send them with `gazetier digest send {0}`",
                edition.period,
                session.local_hour(edition.cutoff),
            ));
        }
        DueOutcome::OnHold(period) => {
            if asked {
                report
                    .lines
                    .push(format!("{period}: held by the editors; let it go with `gazetier digest send {period}`"));
            }
        }
        DueOutcome::Future(due) => {
            let what = format!(
                "its hour, {}, is more than a day ahead of this machine's clock: it is not given to a relay. Put the \
                 clock right, or say --future",
                session.local_hour(due.cutoff)
            );
            let notice = EditorNotice::Broken(what.clone());
            editors::notify(config, store, session.at, &due.key(), &due.period, &notice).await?;
            report.problems.push(format!("{}: {what}", due.period));
        }
        DueOutcome::Broken(due, what) => {
            let notice = EditorNotice::Broken(what.clone());
            editors::notify(config, store, session.at, &due.key(), &due.period, &notice).await?;
            report.problems.push(format!("{}: it is not sent: {what}", due.period));
        }
        DueOutcome::Unapproved(due, outlook) => {
            let (key, period) = (due.key(), due.period);
            let first = editors::notify(config, store, session.at, &key, &period, &EditorNotice::Unapproved).await?;
            if first || asked {
                let why = match outlook {
                    ApprovalState::Lapsed { who, at } => {
                        format!("it has changed since {who} approved it at {}, and is not sent", session.local_hour(at))
                    }
                    _ => "its hour has come and nobody has approved it: it is not sent".into(),
                };
                report.problems.push(format!("{period}: {why}; approve it with `gazetier digest approve {period}`"));
            }
        }
    }
    Ok(())
}

/// Whether an edition's letters wait for those that went ahead, or are held because of them; says so.
async fn canary_stops(session: &Session, edition: &Edition, report: &mut SendReport) -> anyhow::Result<bool> {
    let (config, store) = (&session.config, &session.store);
    match canary::step(config, store, edition, store.clock().await?).await? {
        CanaryStep::Send => Ok(false),
        CanaryStep::Wait { letters, until } => {
            report.lines.push(format!(
                "{}: {letters} letters are ahead, the others wait for what becomes of them, until {}",
                edition.period,
                session.local_hour(until)
            ));
            Ok(true)
        }
        CanaryStep::Held(reason) => {
            let notice = EditorNotice::Refused(reason.clone());
            editors::notify(config, store, session.at, &edition.key(), &edition.period, &notice).await?;
            report.problems.push(format!(
                "{} is held, {} letters wait: {reason}; look into it, then send them with `gazetier digest send`",
                edition.period,
                store.tally(edition.id).await?.to_do()
            ));
            Ok(true)
        }
    }
}

/// What is to be said of an edition whose letters were written into a folder, now that there is a relay: once.
async fn never_given_to_relay(session: &Session) -> anyhow::Result<Option<String>> {
    let (config, store) = (&session.config, &session.store);
    if !matches!(config.relays, Relays::Smtp(_)) {
        return Ok(None);
    }
    let Some(last) = store.last_edition(session.newsletter(), session.now().horizon()).await? else { return Ok(None) };
    let is_old = last.cutoff < session.at - chrono::Duration::days(7);
    if is_old || !store.desk(&last.key()).await?.told(WRITTEN_NOTE) {
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
fn mendable(error: &edition::Error) -> Option<String> {
    match error {
        edition::Error::Render(edition::render::Error::Preflight(what)) => Some(what.clone()),
        edition::Error::Render(error) => Some(error.to_string()),
        _ => None,
    }
}

/// Sends the letters of an edition, on threads of their own and over lines to the store of their own.
async fn send_letters(session: &Session, edition: &Edition, stop: &Arc<AtomicBool>) -> anyhow::Result<SendOutcome> {
    let finished = Arc::new(AtomicU64::new(0));
    let to_do = session.store.tally(edition.id).await?.to_do().unsigned_abs();
    let bar = tokio::spawn(progress::show(edition.period.to_string(), to_do, Arc::clone(&finished)));
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
        session.store.tell_once(&key, WRITTEN_NOTE, session.at).await?;
    }
    outcome?
}
