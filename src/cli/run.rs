//! `gazetier run`: all of it, in order. Nothing here must be done once only: runs may overlap and
//! be killed at any instant.

use std::{io::IsTerminal, process::ExitCode};

use super::{
    again::again,
    bounce, digest, exit, hubs, publish,
    say::say,
    session::{Session, clock},
    stop, sync, tidy,
};
use crate::outbox::service;

pub(super) async fn run(session: &Session) -> anyhow::Result<ExitCode> {
    let mut lines = Vec::new();
    let mut code = None;
    // A step that fails is told and does not keep the next from its work.
    let mut failed = |error: anyhow::Error| {
        let own = exit::report(&error);
        code.get_or_insert(own);
    };
    match again(async || sync::sync(session, sync::How::default()).await).await {
        Ok(synced) => {
            lines.extend(synced.moved.iter().cloned());
            lines.extend(Some(synced.words()).filter(|words| !words.is_empty()));
            if let Err(error) = synced.complaint() {
                failed(error);
            }
        }
        Err(error) => failed(error),
    }
    match again(async || publish::publish(session).await).await {
        Ok(0) => {}
        Ok(n) => lines.push(format!("{n} files published in {}", session.config.feeds.path.display())),
        Err(error) => failed(error),
    }
    // Before letters go out: who asked for none gets none.
    match again(async || bounce::handle(session).await).await {
        Ok(handled) => lines.extend(handled),
        Err(error) => failed(error),
    }
    let sent = again(async || digest::send(session, false).await).await;
    let sent = sent.map(|sent| {
        lines.extend(sent.lines.iter().cloned());
        if !sent.lines.is_empty() && !std::io::stderr().is_terminal() {
            session.warn();
        }
        sent.complaint()
    });
    let last = match sent {
        Ok(Ok(last)) => Some(last),
        Ok(Err(error)) | Err(error) => {
            failed(error);
            None
        }
    };
    // After the digest: a relay that is silent costs each of these its whole patience. `serve` brings them
    // at once.
    if !stop::is_told() {
        match again(async || Ok(service::deliver(&session.config, &session.store, session.at, clock).await?)).await {
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
    if !stop::is_told() {
        match again(async || hubs::tell(session).await).await {
            Ok(told) => lines.extend(told),
            Err(error) => failed(error),
        }
    }
    if !stop::is_told() {
        match again(async || tidy::daily(session).await).await {
            Ok(tidied) => lines.extend(tidied),
            Err(error) => failed(error),
        }
    }
    // Cron mails what is printed: a run that went well says nothing to it.
    if std::io::stdout().is_terminal() {
        for line in lines {
            say!("{line}");
        }
    }
    Ok(code.or(last).unwrap_or(ExitCode::SUCCESS))
}
