//! `gazetier serve`: answers readers until it is told to stop. SIGHUP has it read the configuration again.

use std::{io::IsTerminal, process::ExitCode, sync::Arc};

use anyhow::Context;
use data_encoding::BASE32_NOPAD;
use listenfd::ListenFd;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinHandle,
};

use super::{
    Execute, exit,
    session::Session,
    stop::{self, HangupAction},
};
use crate::{
    config::{Config, Connections},
    model::token,
    store::Store,
    web::{self, Listener, Responder, ResponderWatch, Server, Shared, desk::Desk},
};

/// What answers as the configuration stands, and carries the letters that come of it.
struct Services {
    shared: Shared,
    outbox_worker: JoinHandle<()>,
    public: watch::Sender<Responder>,
    desk: watch::Sender<Responder>,
    metrics: watch::Sender<Responder>,
    /// Under which address the desk is reached unless the configuration names one.
    place: String,
}

/// Answer readers: the feeds, the pages to subscribe and to leave, the archive of editions.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

impl Execute for Args {
    fn is_concurrent(&self) -> bool {
        true
    }

    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        serve(session).await
    }
}

async fn serve(session: &Session) -> anyhow::Result<ExitCode> {
    session.config.can_serve()?;
    keep_editors(&session.config, &session.store).await?;
    let health_store = open_health_store(&session.config).await?;
    let shared = Shared::new(Arc::clone(&session.config), session.store.clone(), health_store, session.at)?;
    // Before anybody hears of us: who is told to stop at once shall not die of it.
    // Of somebody at a terminal, it means that the terminal was closed.
    let hangup = if std::io::stdin().is_terminal() { HangupAction::Stop } else { HangupAction::Reload };
    let stop = stop::watch(0, hangup)?.requested();
    let mut hangups = signal(SignalKind::hangup())?;
    let web = &session.config.web;
    let mut sockets = ListenFd::from_env();
    let listener = match Listener::handed_over(&mut sockets, 0)? {
        Some(listener) => listener,
        None => Listener::open(&web.listen, "web.listen").await?,
    };
    println!("serving on {}", listener.place());
    let (public, answers) = watch::channel(web::public(&shared));
    let public_server = Server { listener, answers, connections: web.connections };
    let desk_listener = match Listener::handed_over(&mut sockets, 1)? {
        Some(listener) => listener,
        None => Listener::open(&session.config.desk.listen, "desk.listen").await?,
    };
    let place = format!("{}/", desk_listener.place());
    let (desk, answers) = watch::channel(web::desk::routes(&new_desk(&shared, &place)?)?.into());
    let desk_server = desk_server(desk_listener, answers);
    // A token has no place in a service's log.
    println!("the desk on {}; `gazetier digest preview` gives the way in", desk_server.listener.place());
    let (metrics, answers) = watch::channel(web::metrics(&shared).into());
    let mut servers = vec![public_server, desk_server];
    let metrics_listener = match (Listener::handed_over(&mut sockets, 2)?, &web.metrics_listen) {
        // Who opened it wants it answered, whatever the configuration says.
        (Some(listener), _) => Some(listener),
        (None, Some(place)) => Some(Listener::open(place, "web.metrics_listen").await?),
        (None, None) => None,
    };
    if let Some(listener) = metrics_listener {
        println!("figures on {}", listener.place());
        servers.push(Server { listener, answers, connections: METRICS_CONNECTIONS });
    }
    let outbox_worker = tokio::spawn(web::run_outbox_worker(shared.clone()));
    let mut services = Services { shared, outbox_worker, public, desk, metrics, place };
    let serving = web::serve(servers, stop);
    tokio::pin!(serving);
    loop {
        tokio::select! {
            served = &mut serving => {
                served?;
                break;
            }
            told = hangups.recv(), if hangup == HangupAction::Reload => match told {
                Some(()) => match services.reload().await {
                    Ok(()) => println!("the configuration has been read again"),
                    Err(error) => eprintln!("gazetier: {}; the configuration of before stays", exit::words(&error)),
                },
                None => {
                    serving.as_mut().await?;
                    break;
                }
            },
        }
    }
    services.close().await
}

impl Services {
    /// Reads the configuration again. What cannot change while connections are open is refused.
    async fn reload(&mut self) -> anyhow::Result<()> {
        let before = self.shared.config();
        let config = Arc::new(Config::load(&before.path)?);
        config.can_serve()?;
        let same = [
            ("store", format!("{:?}", before.store) == format!("{:?}", config.store)),
            ("web.listen", before.web.listen == config.web.listen),
            ("web.metrics_listen", before.web.metrics_listen == config.web.metrics_listen),
            ("web.connections", before.web.connections == config.web.connections),
            ("desk.listen", before.desk.listen == config.desk.listen),
            (
                "magazine",
                before.magazine.id == config.magazine.id && before.magazine.authority() == config.magazine.authority(),
            ),
        ];
        if let Some((key, _)) = same.iter().find(|(_, same)| !same) {
            let what = format!("{}: {key} has changed, which takes a restart", config.path.display());
            return Err(exit::failure(exit::CONFIGURATION, what));
        }
        keep_editors(&config, self.shared.store()).await?;
        let health_store = open_health_store(&config).await?;
        let shared = Shared::new(config, self.shared.store().clone(), health_store, self.shared.now())?;
        let (public, desk) = (web::public(&shared), web::desk::routes(&new_desk(&shared, &self.place)?)?.into());
        let metrics = web::metrics(&shared).into();
        let outbox_worker = tokio::spawn(web::run_outbox_worker(shared.clone()));
        let (shared, outbox_worker) =
            (std::mem::replace(&mut self.shared, shared), std::mem::replace(&mut self.outbox_worker, outbox_worker));
        let _ = self.public.send_replace(public);
        let _ = self.desk.send_replace(desk);
        let _ = self.metrics.send_replace(metrics);
        shared.close();
        outbox_worker.await?;
        Ok(())
    }

    async fn close(self) -> anyhow::Result<ExitCode> {
        self.shared.close();
        self.outbox_worker.await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// How many connections at once ask for metrics.
const METRICS_CONNECTIONS: usize = 16;

/// A store with a connection of its own, for who watches the program.
pub(super) async fn open_health_store(config: &Config) -> anyhow::Result<Store> {
    Store::open_with(&config.store, Connections { most: 1, ..config.connections })
        .await
        .context("cannot open the store")
}

/// The desk on a listener.
pub(super) fn desk_server(listener: Listener, answers: ResponderWatch) -> Server {
    // A handful of editors, each with a browser's few connections.
    Server { listener, answers, connections: 64 }
}

/// The desk of the configuration; `place` is where it listens.
fn new_desk(shared: &Shared, place: &str) -> anyhow::Result<Desk> {
    let config = shared.config();
    let name = std::env::var("USER").ok().filter(|name| !name.is_empty());
    // A socket has no address of its own: who put a web server before it knows that one.
    let base = match &config.desk.url {
        Some(url) => url.to_string(),
        None if place.starts_with("unix:") => config.desk.address(),
        None => place.to_owned(),
    };
    Ok(Desk::new(shared.clone(), base, name.unwrap_or_else(|| config.magazine.name.clone()))?)
}

/// The desk, and the address that lets who works at this machine in.
pub(super) async fn desk(session: &Session, shared: &Shared) -> anyhow::Result<(Server, String)> {
    let config = &session.config;
    let listener = Listener::open(&config.desk.listen, "desk.listen").await?;
    let place = format!("{}/", listener.place());
    let base = config.desk.url.as_ref().map_or_else(|| place.clone(), ToString::to_string);
    let (_, answers) = watch::channel(web::desk::routes(&new_desk(shared, &place)?)?.into());
    Ok((desk_server(listener, answers), desk_link(session, &base).await?))
}

/// So long the address opens the desk: who works at the machine can have another at any time.
const DESK_LINK_LIFETIME: chrono::Duration = chrono::Duration::hours(1);

/// The address that lets who works at this machine in.
pub(super) async fn desk_link(session: &Session, base: &str) -> anyhow::Result<String> {
    let store = &session.store;
    let token = token::desk(store.key(), "", store.desk_generation("").await?, session.at + DESK_LINK_LIFETIME);
    Ok(format!("{base}enter/{token}"))
}

/// An address that lets who works at this machine in once, and its secret.
pub(super) async fn one_time_link(session: &Session, base: &str) -> anyhow::Result<(String, Vec<u8>)> {
    let secret = session.store.secret()?;
    session.store.add_desk_entry(&secret, session.at + DESK_LINK_LIFETIME, session.at).await?;
    Ok((format!("{base}enter/{}", BASE32_NOPAD.encode(&secret).to_lowercase()), secret))
}

/// Has the store know whom the configuration names: who is named no more has no business at the desk.
pub(super) async fn keep_editors(config: &Config, store: &Store) -> anyhow::Result<()> {
    let names: Vec<String> = config.desk.editors.iter().map(|editor| editor.address.folded()).collect();
    Ok(store.keep_editors(&names).await?)
}

/// Whether another program listens where we would.
pub(super) fn is_address_in_use(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(web::Error::Listen { source, .. }) if source.kind() == std::io::ErrorKind::AddrInUse
    )
}
