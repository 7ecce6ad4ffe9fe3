//! `gazetier publish`: writes the feeds that have changed, and nothing else.

use std::{process::ExitCode, sync::Arc};

use super::{hubs, session::Session};
use crate::press::Press;

pub(super) async fn run(session: &Session) -> anyhow::Result<ExitCode> {
    match publish(session).await? {
        0 => println!("nothing new to publish"),
        n => println!("{n} files published in {}", session.config.feeds.path.display()),
    }
    for line in hubs::tell(session).await? {
        println!("{line}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Publishes, and says how many files were written.
pub(super) async fn publish(session: &Session) -> anyhow::Result<usize> {
    let press = Press::new(Arc::clone(&session.config), session.store.clone(), session.at);
    Ok(press.publish().await?)
}
