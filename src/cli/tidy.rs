//! `gazetier tidy`: removes what need not be kept any longer, and says what it removed. `gazetier run` does the
//! same once a day.

use std::process::ExitCode;

use super::{Execute, reconnect::retry_lost, session::Session};
use crate::{outbox::retention, store::Tidied};

/// By this the store knows the work of a day.
const DAILY_TASK: &str = "tidy";

/// How many transactions of it a run makes at the most: the next goes on.
const MAX_TRANSACTIONS_PER_RUN: usize = 200;

/// What was removed.
#[derive(Debug, Default)]
struct RemovedCounts {
    ledger: Tidied,
    left: u64,
    consents: u64,
    written: u64,
    /// Requests and letters to one person.
    over: u64,
}

/// Remove what need not be kept any longer, as `run` does once a day: letters of old editions.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

impl Execute for Args {
    fn is_listing(&self) -> bool {
        false
    }

    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        run(session).await
    }
}

async fn run(session: &Session) -> anyhow::Result<ExitCode> {
    let over = retry_lost(async || {
        retention::tidy_service_letters(&session.config, &session.store, session.at).await.map_err(anyhow::Error::from)
    })
    .await?;
    let mut removed = retry_lost(async || remove(session, usize::MAX).await).await?;
    // Readers go some at a time.
    while removed.left > 0 {
        let more = retry_lost(async || forget_left(session).await).await?;
        removed.left += more;
        if more == 0 {
            break;
        }
    }
    match words(&RemovedCounts { over, ..removed }) {
        lines if lines.is_empty() => println!("nothing is old enough to be removed"),
        lines => println!("removed: {}", lines.join(", ")),
    }
    Ok(ExitCode::SUCCESS)
}

/// What a run does of it, once a day; says what was removed.
pub(super) async fn daily(session: &Session) -> anyhow::Result<Option<String>> {
    let kept = &session.config.retention;
    let is_forever = [kept.letters, kept.left, kept.consent_addresses, kept.outbox].iter().all(Option::is_none);
    if is_forever || !session.store.claim_daily(DAILY_TASK, session.at).await? {
        return Ok(None);
    }
    let removed = remove(session, MAX_TRANSACTIONS_PER_RUN).await?;
    if removed.ledger.more {
        session.store.give_back_daily(DAILY_TASK).await?;
    }
    let lines = words(&removed);
    Ok((!lines.is_empty()).then(|| format!("removed: {}", lines.join(", "))))
}

async fn remove(session: &Session, most: usize) -> anyhow::Result<RemovedCounts> {
    let (kept, store, at) = (&session.config.retention, &session.store, session.at);
    let mut removed = RemovedCounts { left: forget_left(session).await?, ..RemovedCounts::default() };
    if let Some(kept) = kept.letters {
        removed.ledger = store.tidy_ledger(at - kept, most).await?;
    }
    if let Some(kept) = kept.consent_addresses {
        removed.consents = store.forget_consent_addresses(at - kept).await?;
    }
    if let Some(kept) = kept.outbox {
        // Their times are the machine's.
        let older = at.min(session.now().clock) - kept;
        removed.written = retention::remove_old_files(&session.config, older).await?;
    }
    Ok(removed)
}

/// Forgets some readers who left long ago.
async fn forget_left(session: &Session) -> anyhow::Result<u64> {
    match session.config.retention.left {
        Some(kept) => {
            Ok(retention::erase_readers_who_left(&session.config, &session.store, session.at - kept, session.at)
                .await?)
        }
        None => Ok(0),
    }
}

fn words(removed: &RemovedCounts) -> Vec<String> {
    let Tidied { letters, variants, returns, .. } = removed.ledger;
    let counts = [
        (letters, "letters of old editions"),
        (variants, "of their variants"),
        (returns, "bounces and complaints of theirs"),
        (removed.left, "readers who left long ago"),
        (removed.consents, "consents' network addresses"),
        (removed.written, "letters in the folder"),
        (removed.over, "wishes and letters to one person that are over"),
    ];
    counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}
