//! `gazetier serve`: answers readers until it is told to stop.

use std::{process::ExitCode, sync::Arc};

use super::{say::say, session::Session};
use crate::{
    digest::token,
    web::{self, Listener, Server, Shared, desk::Desk},
};

pub(super) async fn run(session: &Session) -> anyhow::Result<ExitCode> {
    session.config.can_serve()?;
    let shared = Shared::new(Arc::clone(&session.config), session.store.clone(), session.at)?;
    // Before anybody hears of us: who is told to stop at once shall not die of it.
    let stop = stop()?;
    let web = &session.config.web;
    let listener = Listener::open(&web.listen).await?;
    say!("serving on {}", listener.place());
    let public = Server { listener, router: web::public(&shared), connections: web.connections };
    // A token has no place in a service's log.
    let (desk, _) = desk(session, &shared).await?;
    say!("the desk on {}; `gazetier digest preview` gives the way in", desk.listener.place());
    let courier = tokio::spawn(web::carry(shared.clone()));
    web::serve(vec![public, desk], stop).await;
    shared.close();
    courier.await?;
    Ok(ExitCode::SUCCESS)
}

/// The desk, and the address that lets who works at this machine in.
pub(super) async fn desk(session: &Session, shared: &Shared) -> anyhow::Result<(Server, String)> {
    let config = &session.config;
    let listener = Listener::open(&config.desk.listen).await?;
    let name = std::env::var("USER").ok().filter(|name| !name.is_empty());
    let base = match (&config.desk.url, listener.place()) {
        (Some(url), _) => url.to_string(),
        (None, place) => format!("{place}/"),
    };
    let way_in = way_in(session, &base);
    let desk = Desk::new(shared.clone(), base, name.unwrap_or_else(|| config.magazine.name.clone()))?;
    // A handful of editors, each with a browser's few connections.
    Ok((Server { listener, router: web::desk::routes(&desk), connections: 64 }, way_in))
}

/// The address that lets who works at this machine in.
pub(super) fn way_in(session: &Session, base: &str) -> String {
    format!("{base}enter/{}", token::desk(session.store.key(), ""))
}

/// Whether another program listens where we would.
pub(super) fn is_taken(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(web::Error::Listen { source, .. }) if source.kind() == std::io::ErrorKind::AddrInUse
    )
}

/// Done when the program is told to stop; that the terminal was closed says so, too.
pub(super) fn stop() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}
