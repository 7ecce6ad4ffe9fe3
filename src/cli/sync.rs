//! `gazetier sync`: reads what has changed in the sources of the configuration. What was told is not told again at
//! each run, unless somebody asks.

use std::{
    fmt::Write,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::{Execute, dry_run::on_copies, exit, session::Session, subscribers::read_configured_list};
use crate::{
    edition::late,
    ingest::sync::{Sync, SyncContext, SyncMessage, SyncOptions, SyncProgress, SyncSummary},
};

/// How often the progress is shown anew.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// Read the sources that the configuration names.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Read this source here from now on, though another machine or folder read it until now;
    /// without a name, all sources.
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    take_over: Option<String>,
    /// Do it on copies, and say what would come of it.
    #[arg(long)]
    dry_run: bool,
}

impl Execute for Args {
    fn is_listing(&self) -> bool {
        self.dry_run
    }

    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self.dry_run {
            true => on_copies(session, async |copy| run(copy, &self).await).await,
            false => run(session, &self).await,
        }
    }
}

async fn run(session: &Session, args: &Args) -> anyhow::Result<ExitCode> {
    let options = SyncOptions { by_hand: true, take_over: args.take_over.as_deref() };
    let summary = sync(session, options).await?;
    for line in &summary.moved {
        println!("{line}");
    }
    let words = words(&summary);
    println!("{}", if words.is_empty() { "nothing new in the sources" } else { &words });
    complaint(&summary)?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the sources, and tells on standard error what somebody should see to.
pub(super) async fn sync(session: &Session, options: SyncOptions<'_>) -> anyhow::Result<SyncSummary> {
    let progress = Arc::new(SyncProgress::default());
    let shown = shown_progress(&progress);
    let context = SyncContext { config: &session.config, store: &session.store, at: session.at, progress: &progress };
    let mut print = |message: SyncMessage| {
        shown.suspend(|| match message {
            SyncMessage::Refused(message) => eprintln!("gazetier: {message}"),
            SyncMessage::Warning(message) => eprintln!("gazetier: warning: {message}"),
        });
    };
    let mut sync = Sync::begin(context, options, &mut print).await?;
    let entered = sync.read_sources().await;
    shown.finish_and_clear();
    let entered = entered?;
    for warning in late::warnings(&session.config, &session.store, session.now(), &entered).await? {
        sync.warn(&warning);
    }
    sync.tell_gone_sources().await?;
    if let Some(list) = sync.changed_list().await? {
        let read = read_configured_list(session, list.path).await;
        sync.list_was_read(list, read.map_err(|error| exit::words(&error))).await?;
    }
    Ok(sync.finish().await?)
}

/// Shows on a terminal how far the reading is, where it takes a while: to whom a first sync says nothing, it seems to hang.
fn shown_progress(progress: &Arc<SyncProgress>) -> ProgressBar {
    // Hidden by itself where standard error is no terminal; no thread is begun for what nobody sees.
    let shown = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if shown.is_hidden() {
        return shown;
    }
    let count = |progress: &Arc<SyncProgress>, of: fn(&SyncProgress) -> &AtomicU64| {
        let progress = Arc::clone(progress);
        move |_: &ProgressState, line: &mut dyn Write| {
            // A line that cannot be written is one that nobody sees.
            let _ = write!(line, "{}", of(&progress).load(Ordering::Relaxed));
        }
    };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {read} of {found} columns read, {elapsed}") {
        let style = style.with_key("read", count(progress, |progress| &progress.read));
        shown.set_style(style.with_key("found", count(progress, |progress| &progress.found)));
    }
    shown.tick();
    shown.enable_steady_tick(PROGRESS_INTERVAL);
    shown
}

/// What a sync did, in words; empty if nothing happened.
pub(super) fn words(summary: &SyncSummary) -> String {
    let SyncSummary { added, changed, withdrawn, joined, left, waiting, .. } = summary;
    let moved = summary.moved.len();
    let parts = [
        (*added > 0).then(|| format!("{added} columns added")),
        (*changed > 0).then(|| format!("{changed} columns changed")),
        (moved > 0).then(|| format!("{moved} columns moved")),
        (*withdrawn > 0).then(|| format!("{withdrawn} columns withdrawn")),
        (*joined > 0).then(|| format!("{joined} subscribers joined")),
        (*waiting > 0).then(|| format!("{waiting} files left to the next run: another sync was at them")),
        (*left > 0).then(|| format!("{left} subscribers left by the list")),
    ];
    summary.followed.iter().cloned().chain(parts.into_iter().flatten()).collect::<Vec<_>>().join(", ")
}

/// The complaint that makes up the exit code, if a file was refused.
pub(super) fn complaint(summary: &SyncSummary) -> anyhow::Result<()> {
    match summary.refused {
        0 => Ok(()),
        n => Err(exit::failure(exit::BAD_INPUT, format!("{n} files of the sources were passed over, see above"))),
    }
}
