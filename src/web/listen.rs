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
    Answers, Error,
    places::{Admission, Guest, Places},
    talk::{Line, Talk},
    workers::Workers,
};
use crate::config::Listen;

/// So long what has begun may take when the program is to stop.
const FAREWELL: Duration = Duration::from_secs(4);
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
    /// Takes one of the sockets that whoever started us has opened (systemd's socket activation): a restart then
    /// refuses nobody. None if there are not so many.
    pub fn handed(sockets: &mut ListenFd, at: usize) -> Result<Option<Self>, Error> {
        let wrong = |source| Error::Listen { place: format!("socket {at} that was handed over"), source };
        if at >= sockets.len() {
            return Ok(None);
        }
        if let Ok(Some(ear)) = sockets.take_tcp_listener(at) {
            ear.set_nonblocking(true).map_err(wrong)?;
            let place = Listen::Tcp(ear.local_addr().map_err(wrong)?);
            let ear = TcpListener::from_std(ear).map_err(wrong)?;
            return Ok(Some(Self { ear: Ear::Tcp(ear), place, socket: None }));
        }
        let Some(ear) = sockets.take_unix_listener(at).map_err(wrong)? else { return Ok(None) };
        ear.set_nonblocking(true).map_err(wrong)?;
        let path = ear.local_addr().map_err(wrong)?.as_pathname().map(Path::to_owned).unwrap_or_default();
        let ear = UnixListener::from_std(ear).map_err(wrong)?;
        // Its file is that of who opened it.
        Ok(Some(Self { ear: Ear::Unix(ear), place: Listen::Unix(path), socket: None }))
    }

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
                Ok((Line::Tcp(line.into_std()?), Peer(Some(address.ip().to_canonical()))))
            }
            Ear::Unix(ear) => Ok((Line::Unix(ear.accept().await?.0.into_std()?), Peer(None))),
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

/// A listener, what answers there, and how many connections it has at once.
#[derive(Debug)]
pub struct Server {
    /// Where.
    pub listener: Listener,
    /// Who answers, from the next request on.
    pub answers: Answers,
    /// How many connections at once; no one client gets more than a quarter.
    pub connections: usize,
}

/// Serves until `stop` is done, then lets what has begun come to its end.
pub async fn serve(servers: Vec<Server>, stop: impl Future<Output = ()>) -> Result<(), Error> {
    let workers = Arc::new(Workers::start().map_err(Error::Threads)?);
    let (told, heard) = watch::channel(());
    let mut running = JoinSet::new();
    for server in servers {
        running.spawn(server.run(Arc::clone(&workers), heard.clone()));
    }
    drop(heard);
    stop.await;
    let _ = told.send(());
    while running.join_next().await.is_some() {}
    Ok(())
}

impl Server {
    async fn run(self, workers: Arc<Workers>, mut stop: watch::Receiver<()>) {
        let places = Places::new(self.connections);
        let (going_on, mut last) = mpsc::channel(1);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
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
            let guest = tokio::select! {
                guest = admitted(&places, peer) => guest,
                _ = stop.changed() => break,
            };
            let Some(guest) = guest else { continue };
            let (answers, going_on) = (self.answers.clone(), going_on.clone());
            workers.hold(Talk { line, peer, answers, guest, going_on });
        }
        let Self { listener, .. } = self;
        drop(listener);
        drop(going_on);
        places.finish();
        // Nothing is ever sent: it ends with the last connection.
        let _ = tokio::time::timeout(FAREWELL, last.recv()).await;
    }
}

/// A place for a connection, as soon as there is one; none if its client has too many.
async fn admitted(places: &Arc<Places>, peer: Peer) -> Option<Guest> {
    loop {
        match places.admit(peer) {
            Admission::In(guest) => return Some(guest),
            Admission::Refused => return None,
            Admission::Full => places.freed().await,
        }
    }
}
