//! Takes connections and gives each to its router, within limits of time and number, until it is
//! told to stop; then what has begun is finished. Only HTTP/1: a web server stands before ours
//! where more is wanted.

use std::{
    collections::HashMap,
    fs::Permissions,
    io,
    net::IpAddr,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::Request};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use super::Error;
use crate::config::Listen;

/// A client that has not sent its whole head by then is left: also the wait for a next request.
const HEAD: Duration = Duration::from_secs(10);
/// A client that reads nothing for so long is left.
const STALL: Duration = Duration::from_secs(20);
/// So long what has begun may take when the program is to stop.
const FAREWELL: Duration = Duration::from_secs(4);
/// The largest head, in bytes and in fields.
const HEAD_BYTES: usize = 16_384;
const HEAD_FIELDS: usize = 64;

/// Who is at the other end of a connection; `None` at a Unix socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub Option<IpAddr>);

/// An open ear.
#[derive(Debug)]
pub struct Listener {
    ear: Ear,
    place: Listen,
    /// Which file its socket is, by device and number.
    socket: Option<(u64, u64)>,
}

#[derive(Debug)]
enum Ear {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Opens it. A socket that a dead program left behind is taken away, one that is answered
    /// is not.
    pub async fn open(listen: &Listen) -> Result<Self, Error> {
        let wrong = |source| Error::Listen { place: listen.to_string(), source };
        match listen {
            Listen::Tcp(address) => {
                let ear = TcpListener::bind(address).await.map_err(wrong)?;
                let place = Listen::Tcp(ear.local_addr().map_err(wrong)?);
                Ok(Self { ear: Ear::Tcp(ear), place, socket: None })
            }
            Listen::Unix(path) => {
                take_away(path).await.map_err(wrong)?;
                let ear = UnixListener::bind(path).map_err(wrong)?;
                // Who is in its group may ask: the web server, mostly.
                std::fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(wrong)?;
                let socket = inode(path).map_err(wrong)?;
                Ok(Self { ear: Ear::Unix(ear), place: listen.clone(), socket })
            }
        }
    }

    /// Where it listens, with the port that the system gave.
    pub fn place(&self) -> &Listen {
        &self.place
    }

    async fn accept(&self) -> io::Result<(Line, Peer)> {
        match &self.ear {
            Ear::Tcp(ear) => {
                let (line, address) = ear.accept().await?;
                line.set_nodelay(true)?;
                Ok((Line::Tcp(line), Peer(Some(address.ip().to_canonical()))))
            }
            Ear::Unix(ear) => Ok((Line::Unix(ear.accept().await?.0), Peer(None))),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Another program may have put its own in the place.
        if let Listen::Unix(path) = &self.place
            && inode(path).is_ok_and(|there| there.is_some() && there == self.socket)
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Takes a socket away that nobody answers at any more. Whatever else has the name is somebody's file.
async fn take_away(path: &Path) -> io::Result<()> {
    if inode(path)?.is_none() {
        return Ok(());
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        _ => Ok(()),
    }
}

/// Which socket has a name, by device and number; `None` if nothing has it.
fn inode(path: &Path) -> io::Result<Option<(u64, u64)>> {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.file_type().is_socket() => Ok(Some((meta.dev(), meta.ino()))),
        Ok(_) => Err(io::Error::other("it is no socket, and is left alone: give the socket a name that nothing has")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

enum Line {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A listener, what answers there, and how many connections it has at once.
#[derive(Debug)]
pub struct Server {
    /// Where.
    pub listener: Listener,
    /// Who answers.
    pub router: Router,
    /// How many connections at once; no one client gets more than a quarter.
    pub connections: usize,
}

/// Serves until `stop` is done, then lets what has begun come to its end.
pub async fn serve(servers: Vec<Server>, stop: impl Future<Output = ()>) {
    let (told, heard) = watch::channel(());
    let mut running = JoinSet::new();
    for server in servers {
        running.spawn(server.run(heard.clone()));
    }
    drop(heard);
    stop.await;
    let _ = told.send(());
    while running.join_next().await.is_some() {}
}

impl Server {
    async fn run(self, mut stop: watch::Receiver<()>) {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.connections));
        let crowd = Crowd::new(self.connections.div_ceil(4));
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, self.listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                next = next => next,
                _ = stop.changed() => break,
            };
            let (line, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, or the client has gone: neither is for ever.
                    tracing::debug!("a connection was not taken: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Some(guest) = crowd.admit(peer) else { continue };
            let router = self.router.clone();
            let watcher = graceful.watcher();
            tokio::spawn(async move {
                match line {
                    Line::Tcp(line) => talk(line, peer, router, watcher).await,
                    Line::Unix(line) => talk(line, peer, router, watcher).await,
                }
                drop((place, guest));
            });
        }
        let Self { listener, .. } = self;
        drop(listener);
        let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
    }
}

async fn talk<L>(line: L, peer: Peer, router: Router, watcher: hyper_util::server::graceful::Watcher)
where
    L: AsyncRead + AsyncWrite + Send + 'static,
{
    let mut line = TimeoutStream::new(line);
    line.set_write_timeout(Some(STALL));
    let answer = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request.map(axum::body::Body::new) as Request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(HEAD_FIELDS)
        .max_buf_size(HEAD_BYTES)
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(Box::pin(line)), answer);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!("a connection broke off: {error}");
    }
}

/// How many connections each client has: one alone must not take all places. Servers that stand
/// before ours come by a Unix socket, or with many clients' requests on few connections.
#[derive(Debug, Clone)]
struct Crowd {
    most: usize,
    here: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A client's place, given back when it goes.
#[derive(Debug)]
struct Guest {
    address: Option<IpAddr>,
    crowd: Crowd,
}

impl Crowd {
    fn new(most: usize) -> Self {
        Self { most, here: Arc::default() }
    }

    fn admit(&self, peer: Peer) -> Option<Guest> {
        if let Some(address) = peer.0 {
            let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
            let count = here.entry(address).or_default();
            if *count >= self.most {
                return None;
            }
            *count += 1;
        }
        Some(Guest { address: peer.0, crowd: self.clone() })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut here = self.crowd.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = here.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                here.remove(&address);
            }
        }
    }
}
