//! `gazetier serve`: answers readers until it is told to stop.

use std::{process::ExitCode, sync::Arc};

use super::{say::say, session::Session};
use crate::web::{self, Listener, Server, Shared};

pub(super) async fn run(session: &Session) -> anyhow::Result<ExitCode> {
    session.config.can_serve()?;
    let shared = Shared::new(Arc::clone(&session.config), session.store.clone(), session.at)?;
    // Before anybody hears of us: who is told to stop at once shall not die of it.
    let stop = stop()?;
    let web = &session.config.web;
    let listener = Listener::open(&web.listen).await?;
    say!("serving on {}", listener.place());
    let public = Server { listener, router: web::public(&shared), connections: web.connections };
    let courier = tokio::spawn(web::carry(shared.clone()));
    web::serve(vec![public], stop).await;
    shared.close();
    courier.await?;
    Ok(ExitCode::SUCCESS)
}

/// Done when the program is told to stop.
fn stop() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
