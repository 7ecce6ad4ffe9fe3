//! `gazetier tidy`: removes what need not be kept any longer, and says what it removed. `gazetier run` does the
//! same once a day.

use std::process::ExitCode;

use super::{again::again, say::say, session::Session};
use crate::{delivery::service, store::Tidied};

/// By this the store knows the work of a day.
const DAILY: &str = "tidy";

/// How many transactions of it a run makes at the most: the next goes on.
const AT_ONCE: usize = 200;

pub(super) async fn run(session: &Session) -> anyhow::Result<ExitCode> {
    let removed = again(async || service::tidy(&session.store, session.at).await.map_err(anyhow::Error::from)).await?;
    let tidied = again(async || ledger(session, usize::MAX).await).await?;
    let mut lines = words(&tidied);
    if removed > 0 {
        lines.push(format!("{removed} wishes and letters to one person that are over"));
    }
    match lines.is_empty() {
        true => say!("nothing is old enough to be removed"),
        false => say!("removed: {}", lines.join(", ")),
    }
    Ok(ExitCode::SUCCESS)
}

/// What a run does of it, once a day; says what was removed.
pub(super) async fn daily(session: &Session) -> anyhow::Result<Option<String>> {
    if session.config.retention.letters.is_none() || !session.store.claim_daily(DAILY, session.at).await? {
        return Ok(None);
    }
    let tidied = ledger(session, AT_ONCE).await?;
    if tidied.more {
        session.store.give_back_daily(DAILY).await?;
    }
    Ok((!tidied.is_empty()).then(|| format!("removed: {}", words(&tidied).join(", "))))
}

async fn ledger(session: &Session, most: usize) -> anyhow::Result<Tidied> {
    match session.config.retention.letters {
        Some(kept) => Ok(session.store.tidy_ledger(session.at - kept, most).await?),
        None => Ok(Tidied::default()),
    }
}

fn words(tidied: &Tidied) -> Vec<String> {
    let counts = [
        (tidied.letters, "letters of old editions"),
        (tidied.variants, "of their variants"),
        (tidied.returns, "bounces and complaints of theirs"),
    ];
    counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}
