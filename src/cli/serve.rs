//! `gazetier serve`: answers readers until it is told to stop. SIGHUP has it read the configuration again.

use std::{
    collections::BTreeMap,
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

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
    model::{Instant, token},
    store::Store,
    web::{self, Listener, Responder, ResponderWatch, Server, Shared, desk::Desk},
};

/// A magazine that is served, and what carries the letters that come of it.
struct ServedMagazine {
    shared: Shared,
    outbox_worker: JoinHandle<()>,
}

/// What answers as the configurations stand.
struct Services {
    /// The first is the one whose configuration says where all listen.
    magazines: Vec<ServedMagazine>,
    public: watch::Sender<Responder>,
    desk: watch::Sender<Responder>,
    metrics: watch::Sender<Responder>,
    /// Under which address the desk is reached unless the configuration names one.
    place: String,
}

/// Answer readers: the feeds, the pages to subscribe and to leave, the archive of editions.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration of one more magazine, as often as there are more. Each is answered under the hosts of its own
    /// addresses; where all listen is said by the first, that of --config.
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
}

impl Execute for Args {
    fn is_concurrent(&self) -> bool {
        true
    }

    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let mut others = Vec::with_capacity(self.with.len());
        for path in &self.with {
            let mut other = Session::open(path, None, session.future, true).await?;
            other.at = session.at;
            other.warn();
            others.push(other);
        }
        serve(session, &others).await
    }
}

async fn serve(session: &Session, others: &[Session]) -> anyhow::Result<ExitCode> {
    let mut all = Vec::with_capacity(1 + others.len());
    for one in std::iter::once(session).chain(others) {
        all.push(open_shared(Arc::clone(&one.config), &one.store, session.at).await?);
    }
    tell_apart(&all)?;
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
    for shared in all.iter().filter(|_| !others.is_empty()) {
        let hosts: Vec<String> = shared.config().public_hosts().into_iter().collect();
        println!("{} under {}", shared.config().magazine.name, hosts.join(", "));
    }
    let (public, answers) = watch::channel(public(&all));
    let public_server = Server { listener, answers, connections: web.connections };
    let desk_listener = match Listener::handed_over(&mut sockets, 1)? {
        Some(listener) => listener,
        None => Listener::open(&session.config.desk.listen, "desk.listen").await?,
    };
    let place = format!("{}/", desk_listener.place());
    let (desk, answers) = watch::channel(desks(&all, &place)?);
    let desk_server = desk_server(desk_listener, answers);
    // A token has no place in a service's log.
    println!("the desk on {}; `gazetier digest preview` gives the way in", desk_server.listener.place());
    let (metrics, answers) = watch::channel(metrics(&all));
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
    let mut services = Services { magazines: start(all), public, desk, metrics, place };
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

/// What the pages of a magazine share.
async fn open_shared(config: Arc<Config>, store: &Store, at: Instant) -> anyhow::Result<Shared> {
    config.can_serve()?;
    keep_editors(&config, store).await?;
    let health_store = open_health_store(&config).await?;
    Ok(Shared::new(config, store.clone(), health_store, at)?)
}

/// Refuses several magazines that could be taken for one another.
fn tell_apart(all: &[Shared]) -> anyhow::Result<()> {
    let [_, _, ..] = all else { return Ok(()) };
    let mut known: BTreeMap<(&str, String), &Path> = BTreeMap::new();
    for config in all.iter().map(Shared::config) {
        let refused =
            |message: String| exit::failure(exit::CONFIGURATION, format!("{}: {message}", config.path.display()));
        let desk = desk_host(config)
            .ok_or_else(|| refused("desk.url is missing: several desks are told apart by their hosts".to_owned()))?;
        let hosts = config.public_hosts().into_iter().map(|host| (("pages are", "those"), host));
        for (what, host) in hosts.chain([(("desk is", "that"), desk)]) {
            if let Some(other) = known.insert((what.0, host.clone()), &config.path) {
                let ((what, which), other) = (what, other.display());
                return Err(refused(format!(
                    "its {what} under {host}, as {which} of {other}: magazines in one serve need hosts of their own"
                )));
            }
        }
    }
    Ok(())
}

/// The host of the address at which editors find the desk.
fn desk_host(config: &Config) -> Option<String> {
    Some(config.desk.url.as_ref()?.host_str()?.to_ascii_lowercase())
}

/// What readers ask for.
fn public(all: &[Shared]) -> Responder {
    match all {
        [one] => web::public(one),
        all => web::by_host(all.iter().map(|one| (one.config().public_hosts(), web::public(one))).collect()),
    }
}

/// What editors ask for.
fn desks(all: &[Shared], place: &str) -> anyhow::Result<Responder> {
    let routes = |one: &Shared| anyhow::Ok(Responder::from(web::desk::routes(&new_desk(one, place)?)?));
    match all {
        [one] => routes(one),
        all => {
            let desks = all.iter().map(|one| Ok((desk_host(one.config()).into_iter().collect(), routes(one)?)));
            Ok(web::by_host(desks.collect::<anyhow::Result<_>>()?))
        }
    }
}

/// What Prometheus asks for.
fn metrics(all: &[Shared]) -> Responder {
    match all {
        [one] => web::metrics(one),
        all => web::metrics_by_host(all.iter().map(|one| (one.config().public_hosts(), web::metrics(one))).collect()),
    }
    .into()
}

/// Begins to carry letters.
fn start(all: Vec<Shared>) -> Vec<ServedMagazine> {
    let start = |shared: Shared| {
        let outbox_worker = tokio::spawn(web::run_outbox_worker(shared.clone()));
        ServedMagazine { shared, outbox_worker }
    };
    all.into_iter().map(start).collect()
}

impl Services {
    /// Reads the configurations again, all or none. What cannot change while connections are open is refused.
    async fn reload(&mut self) -> anyhow::Result<()> {
        let mut all = Vec::with_capacity(self.magazines.len());
        for ServedMagazine { shared, .. } in &self.magazines {
            let config = Arc::new(Config::load(&shared.config().path)?);
            if let Some(key) = needs_restart(shared.config(), &config) {
                let what = format!("{}: {key} has changed, which takes a restart", config.path.display());
                return Err(exit::failure(exit::CONFIGURATION, what));
            }
            all.push(open_shared(config, shared.store(), shared.now()).await?);
        }
        tell_apart(&all)?;
        let (public, desk, metrics) = (public(&all), desks(&all, &self.place)?, metrics(&all));
        let before = std::mem::replace(&mut self.magazines, start(all));
        let _ = self.public.send_replace(public);
        let _ = self.desk.send_replace(desk);
        let _ = self.metrics.send_replace(metrics);
        end(before).await
    }

    async fn close(self) -> anyhow::Result<ExitCode> {
        end(self.magazines).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Lets what carries letters come to an end.
async fn end(magazines: Vec<ServedMagazine>) -> anyhow::Result<()> {
    magazines.iter().for_each(|magazine| magazine.shared.close());
    for magazine in magazines {
        magazine.outbox_worker.await?;
    }
    Ok(())
}

/// What differs between two configurations, and cannot change while connections are open.
fn needs_restart(before: &Config, after: &Config) -> Option<&'static str> {
    let (magazine, own) = (&before.magazine, &after.magazine);
    let same = [
        ("store", format!("{:?}", before.store) == format!("{:?}", after.store)),
        ("web.listen", before.web.listen == after.web.listen),
        ("web.metrics_listen", before.web.metrics_listen == after.web.metrics_listen),
        ("web.connections", before.web.connections == after.web.connections),
        ("desk.listen", before.desk.listen == after.desk.listen),
        ("magazine", magazine.id == own.id && magazine.authority() == own.authority()),
    ];
    same.into_iter().find(|(_, same)| !same).map(|(key, _)| key)
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
