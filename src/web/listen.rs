//! Takes connections, within limits of number, and gives each to a thread that holds it, until it is
//! told to stop; then what has begun is finished. Only HTTP/1: a web server stands before ours
//! where more is wanted.

use std::{
    fs::Permissions,
    io,
    net::IpAddr,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::Path,
    sync::Arc,
    time::Duration,
};

use listenfd::ListenFd;
use tokio::{
    net::{TcpListener, UnixListener, UnixStream},
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{
    Error, ResponderWatch,
    connection::{ClientStream, Connection},
    slots::{ConnectionSlot, ConnectionSlots, SlotAdmission},
    threads::ConnectionThreads,
};
use crate::config::Listen;

/// So long what has begun may take when the program is to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(4);
/// Who is at the other end of a connection; `None` at a Unix socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub Option<IpAddr>);

/// A socket that is listened on.
#[derive(Debug)]
pub struct Listener {
    socket: ListenerSocket,
    place: Listen,
    /// Which file its socket is, by device and number.
    socket_file: Option<(u64, u64)>,
}

#[derive(Debug)]
enum ListenerSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Takes one of the sockets that whoever started us has opened (systemd's socket activation): a restart then
    /// refuses nobody. None if there are not so many.
    pub fn handed_over(sockets: &mut ListenFd, at: usize) -> Result<Option<Self>, Error> {
        let wrong =
            |source| Error::Listen { place: format!("socket {at} that was handed over"), source, key: "web.listen" };
        if at >= sockets.len() {
            return Ok(None);
        }
        if let Ok(Some(socket)) = sockets.take_tcp_listener(at) {
            socket.set_nonblocking(true).map_err(wrong)?;
            let place = Listen::Tcp(socket.local_addr().map_err(wrong)?);
            let socket = TcpListener::from_std(socket).map_err(wrong)?;
            return Ok(Some(Self { socket: ListenerSocket::Tcp(socket), place, socket_file: None }));
        }
        let Some(socket) = sockets.take_unix_listener(at).map_err(wrong)? else { return Ok(None) };
        socket.set_nonblocking(true).map_err(wrong)?;
        let path = socket.local_addr().map_err(wrong)?.as_pathname().map(Path::to_owned).unwrap_or_default();
        let socket = UnixListener::from_std(socket).map_err(wrong)?;
        // Its file is that of who opened it.
        Ok(Some(Self { socket: ListenerSocket::Unix(socket), place: Listen::Unix(path), socket_file: None }))
    }

    /// Opens it. A socket that a dead program left behind is taken away, one that is answered
    /// is not. `key` says in the configuration where it is.
    pub async fn open(listen: &Listen, key: &'static str) -> Result<Self, Error> {
        let wrong = |source| Error::Listen { place: listen.to_string(), source, key };
        match listen {
            Listen::Tcp(address) => {
                let socket = TcpListener::bind(address).await.map_err(wrong)?;
                let place = Listen::Tcp(socket.local_addr().map_err(wrong)?);
                Ok(Self { socket: ListenerSocket::Tcp(socket), place, socket_file: None })
            }
            Listen::Unix(path) => {
                remove_stale_socket(path).await.map_err(wrong)?;
                let socket = UnixListener::bind(path).map_err(wrong)?;
                // Who is in its group may ask: the web server, mostly.
                std::fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(wrong)?;
                let socket_file = inode(path).map_err(wrong)?;
                Ok(Self { socket: ListenerSocket::Unix(socket), place: listen.clone(), socket_file })
            }
        }
    }

    /// Where it listens, with the port that the system gave.
    pub fn place(&self) -> &Listen {
        &self.place
    }

    async fn accept(&self) -> io::Result<(ClientStream, Peer)> {
        match &self.socket {
            ListenerSocket::Tcp(socket) => {
                let (stream, address) = socket.accept().await?;
                stream.set_nodelay(true)?;
                Ok((ClientStream::Tcp(stream.into_std()?), Peer(Some(address.ip().to_canonical()))))
            }
            ListenerSocket::Unix(socket) => Ok((ClientStream::Unix(socket.accept().await?.0.into_std()?), Peer(None))),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Another program may have put its own in the place.
        if let Listen::Unix(path) = &self.place
            && inode(path).is_ok_and(|there| there.is_some() && there == self.socket_file)
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Takes a socket away that nobody answers at any more. Whatever else has the name is somebody's file.
async fn remove_stale_socket(path: &Path) -> io::Result<()> {
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

/// A listener, what answers there, and how many connections it has at once.
#[derive(Debug)]
pub struct Server {
    /// Where.
    pub listener: Listener,
    /// Who answers, from the next request on.
    pub answers: ResponderWatch,
    /// How many connections at once; no one client gets more than a quarter.
    pub connections: usize,
}

/// Serves until `stop` is done, then lets what has begun come to its end.
pub async fn serve(servers: Vec<Server>, stop: impl Future<Output = ()>) -> Result<(), Error> {
    let threads = Arc::new(ConnectionThreads::start().map_err(Error::Threads)?);
    let (told, heard) = watch::channel(());
    let mut running = JoinSet::new();
    for server in servers {
        running.spawn(server.run(Arc::clone(&threads), heard.clone()));
    }
    drop(heard);
    stop.await;
    let _ = told.send(());
    while running.join_next().await.is_some() {}
    Ok(())
}

impl Server {
    async fn run(self, threads: Arc<ConnectionThreads>, mut stop: watch::Receiver<()>) {
        let slots = ConnectionSlots::new(self.connections);
        let (open_guard, mut last) = mpsc::channel(1);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stop.changed() => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, or the client has gone: neither is for ever.
                    tracing::debug!("a connection was not taken: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let slot = tokio::select! {
                slot = admitted(&slots, peer) => slot,
                _ = stop.changed() => break,
            };
            let Some(slot) = slot else { continue };
            let (answers, open_guard) = (self.answers.clone(), open_guard.clone());
            threads.assign(Connection { stream, peer, answers, slot, open_guard });
        }
        let Self { listener, .. } = self;
        drop(listener);
        drop(open_guard);
        slots.finish();
        // Nothing is ever sent: it ends with the last connection.
        let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, last.recv()).await;
    }
}

/// A place for a connection, as soon as there is one; none if its client has too many.
async fn admitted(slots: &Arc<ConnectionSlots>, peer: Peer) -> Option<ConnectionSlot> {
    loop {
        match slots.admit(peer) {
            SlotAdmission::Admitted(slot) => return Some(slot),
            SlotAdmission::Refused => return None,
            SlotAdmission::Full => slots.freed().await,
        }
    }
}
