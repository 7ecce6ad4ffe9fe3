//! `gazetier run`: all of it, in order. Nothing here must be done once only: runs may overlap and
//! be killed at any instant.

use std::{io::IsTerminal, process::ExitCode};

use super::{
    Execute, bounce, digest,
    dry_run::on_copies,
    exit, hubs, publish,
    reconnect::retry_lost,
    relay_log,
    session::{Session, clock},
    stop, sync, tidy,
};
use crate::{
    doctor::{
        alarms::{self, Asker},
        edition::LAST_RUN,
        metrics,
    },
    ingest::sync::SyncOptions,
    outbox::{
        reconfirm::{self, ReconfirmReport},
        service,
    },
};

/// By this the store knows that readers were asked today.
const RECONFIRM_TASK: &str = "reconfirm";

/// Do all there is to do: read the sources, publish the feeds, send the digest when it is due.
/// This is what cron calls.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Do it on copies, and say what would come of it.
    #[arg(long)]
    dry_run: bool,
}

impl Execute for Args {
    fn is_listing(&self) -> bool {
        self.dry_run
    }

    fn is_called_by_cron(&self) -> bool {
        true
    }

    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self.dry_run {
            true => on_copies(session, async |copy| run(copy).await).await,
            false => run(session).await,
        }
    }
}

async fn run(session: &Session) -> anyhow::Result<ExitCode> {
    tracing::info!("a run begins");
    let mut lines = Vec::new();
    let mut code = None;
    // A step that fails is told and does not keep the next from its work.
    let mut failed = |error: anyhow::Error| {
        let own = exit::report(&error);
        code.get_or_insert(own);
    };
    if let Err(error) = retry_lost(async || note_run(session).await).await {
        failed(error);
    }
    match retry_lost(async || sync::sync(session, SyncOptions::default()).await).await {
        Ok(synced) => {
            lines.extend(synced.moved.iter().cloned());
            lines.extend(Some(sync::words(&synced)).filter(|words| !words.is_empty()));
            if let Err(error) = sync::complaint(&synced) {
                failed(error);
            }
        }
        Err(error) => failed(error),
    }
    match retry_lost(async || publish::publish(session).await).await {
        Ok(0) => {}
        Ok(n) => lines.push(format!("{n} files published in {}", session.config.feeds.path.display())),
        Err(error) => failed(error),
    }
    // Before letters go out: who asked for none gets none.
    match retry_lost(async || bounce::handle(session).await).await {
        Ok(handled) => lines.extend(handled),
        Err(error) => failed(error),
    }
    // What the relay never took goes out with the others.
    match retry_lost(async || relay_log::handle(session).await).await {
        Ok(told) => lines.extend(told),
        Err(error) => failed(error),
    }
    let mut last = None;
    let mut warned = false;
    let newsletters = session.each_newsletter()?;
    let mut drawn = Vec::new();
    for newsletter in &newsletters {
        if stop::is_requested() {
            break;
        }
        match retry_lost(async || digest::draw_up(newsletter, false).await).await {
            Ok(report) => drawn.push((newsletter, report)),
            Err(error) => failed(error),
        }
    }
    if let Err(error) = retry_lost(async || digest::bring_together(session).await).await {
        failed(error);
    }
    for (newsletter, drawn) in drawn {
        if stop::is_requested() {
            lines.extend(drawn.lines);
            break;
        }
        let sent = retry_lost(async || digest::send_open(newsletter, false, drawn.clone()).await).await;
        let sent = sent.and_then(|sent| {
            lines.extend(sent.lines.iter().cloned());
            if !sent.lines.is_empty() && !warned && !std::io::stderr().is_terminal() {
                session.warn();
                warned = true;
            }
            sent.exit_code()
        });
        match sent {
            Ok(code) if code == ExitCode::SUCCESS => {}
            Ok(code) => last = Some(code),
            Err(error) => failed(error),
        }
    }
    if !stop::is_requested() {
        match retry_lost(async || ask_again(session).await).await {
            Ok(told) => lines.extend(told),
            Err(error) => failed(error),
        }
    }
    // After the digest: a relay that is silent costs each of these its whole patience. `serve` brings them
    // at once.
    if !stop::is_requested() {
        match retry_lost(async || Ok(service::deliver(&session.config, &session.store, session.at, clock).await?)).await
        {
            Ok(told) => {
                if told.sent > 0 {
                    lines.push(format!("{} letters to confirm or to choose sent", told.sent));
                }
                if told.waiting + told.failed > 0 {
                    lines.push(format!(
                        "{} letters to confirm or to choose wait, {} were refused: {}",
                        told.waiting, told.failed, told.reply
                    ));
                }
            }
            Err(error) => failed(error),
        }
    }
    // The next run tells them.
    if !stop::is_requested() {
        match retry_lost(async || hubs::tell(session).await).await {
            Ok(told) => lines.extend(told),
            Err(error) => failed(error),
        }
    }
    if !stop::is_requested() {
        match retry_lost(async || tidy::daily(session).await).await {
            Ok(tidied) => lines.extend(tidied),
            Err(error) => failed(error),
        }
    }
    if !stop::is_requested() {
        match retry_lost(async || watch(session).await).await {
            Ok(told) => told.iter().for_each(|words| eprintln!("gazetier: {words}")),
            Err(error) => failed(error),
        }
    }
    for line in &lines {
        tracing::info!("{line}");
    }
    // Cron mails what is printed: a run that went well says nothing to it.
    if std::io::stdout().is_terminal() {
        for line in lines {
            println!("{line}");
        }
    }
    Ok(code.or(last).unwrap_or(ExitCode::SUCCESS))
}

/// Who watches sees by it whether runs come.
async fn note_run(session: &Session) -> anyhow::Result<()> {
    let last = session.store.last_done(LAST_RUN).await?;
    let every = session.config.watch.note_runs_every();
    if last.is_none_or(|last| session.at < last || session.at - last >= every) {
        session.store.note_done(LAST_RUN, session.at).await?;
    }
    Ok(())
}

/// Tells the editors of what is missed, and writes the figures. Gives what nobody else tells, the first time.
async fn watch(session: &Session) -> anyhow::Result<Vec<String>> {
    let (config, store) = (&session.config, &session.store);
    let news = alarms::tell(config, store, session.now(), Asker::Run).await?;
    if let Some(file) = &config.watch.metrics {
        let counts = metrics::counts(store).await?;
        let text = metrics::text(config, store, session.now(), counts).await?;
        metrics::write(file, &text)
            .map_err(|error| exit::failure(exit::CANNOT_WRITE, format!("cannot write {}: {error}", file.display())))?;
    }
    Ok(news.into_iter().filter(|alarm| alarm.kind == "source").map(|alarm| alarm.words).collect())
}

/// Asks readers of whom no consent is known, once a day; says how many.
async fn ask_again(session: &Session) -> anyhow::Result<Vec<String>> {
    let (config, store) = (&session.config, &session.store);
    if config.reconfirm.is_none() || !store.claim_daily(RECONFIRM_TASK, session.at).await? {
        return Ok(Vec::new());
    }
    let ReconfirmReport { asked, rested } = reconfirm::work(config, store, session.at).await?;
    let counts = [(asked, "readers are asked whether to go on"), (rested, "subscriptions rest: nobody answered")];
    Ok(counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect())
}
