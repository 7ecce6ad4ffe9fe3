//! `gazetier run`: all of it, in order. Nothing here must be done once only: runs may overlap and
//! be killed at any instant.

use std::{io::IsTerminal, process::ExitCode};

use super::{
    bounce, digest, exit, hubs, publish,
    say::say,
    session::{Session, clock},
    sync,
};
use crate::delivery::service;

pub(super) async fn run(session: &Session) -> anyhow::Result<ExitCode> {
    let mut lines = Vec::new();
    let mut code = None;
    // A step that fails is told and does not keep the next from its work.
    let mut failed = |error: anyhow::Error| {
        let own = exit::report(&error);
        code.get_or_insert(own);
    };
    match sync::sync(session, sync::How::default()).await {
        Ok(synced) => {
            lines.extend(synced.moved.iter().cloned());
            lines.extend(Some(synced.words()).filter(|words| !words.is_empty()));
            if let Err(error) = synced.complaint() {
                failed(error);
            }
        }
        Err(error) => failed(error),
    }
    match publish::publish(session).await {
        Ok(0) => {}
        Ok(n) => lines.push(format!("{n} files published in {}", session.config.feeds.path.display())),
        Err(error) => failed(error),
    }
    // Before letters go out: who asked for none gets none.
    match bounce::handle(session).await {
        Ok(handled) => lines.extend(handled),
        Err(error) => failed(error),
    }
    // Before the digest, whose letters may take hours: somebody waits for one of these.
    match service::deliver(&session.config, &session.store, session.at, clock).await {
        Ok(told) => {
            if told.sent > 0 {
                lines.push(format!("{} letters to confirm or to choose sent", told.sent));
            }
            if told.waiting + told.refused > 0 {
                lines.push(format!(
                    "{} letters to confirm or to choose wait, {} were refused: {}",
                    told.waiting, told.refused, told.reply
                ));
            }
        }
        Err(error) => failed(error.into()),
    }
    let sent = digest::send(session, false).await;
    let sent = sent.map(|sent| {
        lines.extend(sent.lines.iter().cloned());
        sent.complaint()
    });
    let last = match sent {
        Ok(Ok(last)) => Some(last),
        Ok(Err(error)) | Err(error) => {
            failed(error);
            None
        }
    };
    match hubs::tell(session).await {
        Ok(told) => lines.extend(told),
        Err(error) => failed(error),
    }
    // Cron mails what is printed: a run that went well says nothing to it.
    if std::io::stdout().is_terminal() {
        for line in lines {
            say!("{line}");
        }
    }
    Ok(code.or(last).unwrap_or(ExitCode::SUCCESS))
}
