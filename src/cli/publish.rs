//! `gazetier publish`: writes the feeds that have changed, and nothing else.

use std::{process::ExitCode, sync::Arc};

use url::Url;

use super::{Execute, dry_run::on_copies, exit, hubs, reconnect::retry_lost, session::Session};
use crate::{
    ingest::{clean, parts},
    publish::{CheckResult, FolderOwner, Publisher},
    store::RawBody,
};

/// Write the feeds that have changed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write nothing: say what validators would find in any feed, changed or not.
    #[arg(long)]
    check: bool,
    /// Publish in the folder from now on, though it is another magazine's, or that of a store that was lost.
    #[arg(long, conflicts_with = "check")]
    take_over: bool,
    /// Do it on copies, and say what would come of it.
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
}

impl Execute for Args {
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self.dry_run {
            true => on_copies(session, async |copy| run(copy, &self).await).await,
            false => run(session, &self).await,
        }
    }
}

async fn run(session: &Session, args: &Args) -> anyhow::Result<ExitCode> {
    if args.check {
        return check(session).await;
    }
    if let (true, Some(magazine)) = (args.take_over, session.store.magazine()) {
        let folder = &session.config.feeds.path;
        match FolderOwner::take_over(folder, magazine)? {
            Some(before) => println!("{} was {before:?}'s and is taken over", folder.display()),
            None => println!("{} is this magazine's already", folder.display()),
        }
    }
    match retry_lost(async || publish(session).await).await? {
        0 => println!("nothing new to publish"),
        n => println!("{n} files published in {}", session.config.feeds.path.display()),
    }
    for line in hubs::tell(session).await? {
        println!("{line}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Publishes, and says how many files were written. What was left undone is told: one error is
/// given back for the exit code, the others are printed here.
pub(super) async fn publish(session: &Session) -> anyhow::Result<usize> {
    let outcome = press(session).publish().await?;
    for warning in outcome.warnings {
        eprintln!("gazetier: warning: {warning}");
    }
    let mut failed = outcome.failed;
    let last = failed.pop();
    for error in failed {
        exit::report(&error.into());
    }
    last.map_or(Ok(outcome.written), |error| Err(error.into()))
}

/// `--check`: tells every finding in every feed.
async fn check(session: &Session) -> anyhow::Result<ExitCode> {
    let CheckResult { feeds, findings, limits } = press(session).check().await?;
    for (feed, limit) in &limits {
        println!("{feed}: warning: {limit}");
    }
    for (feed, finding) in &findings {
        println!("{feed}: {finding}");
    }
    let unseen = tell_unseen(session).await?;
    if findings.is_empty() {
        let columns = if unseen == 0 { String::new() } else { format!("; {unseen} columns that readers see in part") };
        println!("{feeds} feeds, no finding{columns}");
        return Ok(ExitCode::SUCCESS);
    }
    Err(exit::failure(exit::BAD_INPUT, format!("{} findings in {feeds} feeds", findings.len())))
}

/// Tells of each column of which readers do not see everything; gives how many there are. No validator minds.
async fn tell_unseen(session: &Session) -> anyhow::Result<usize> {
    let (mut count, mut after) = (0, 0);
    loop {
        let bodies = session.store.raw_bodies(after).await?;
        let Some(last) = bodies.last() else { return Ok(count) };
        after = last.id;
        for RawBody { guid, title, url, body, .. } in &bodies {
            let unseen = Url::parse(url).ok().and_then(|url| clean::unseen(body, &url, session.config.magazine.lang));
            if let Some(unseen) = unseen {
                println!("{title:?} ({guid}): {}", parts::unseen_warning(&unseen));
                count += 1;
            }
        }
    }
}

fn press(session: &Session) -> Publisher {
    Publisher::new(Arc::clone(&session.config), session.store.clone(), session.at).with_clock(session.now().clock)
}
