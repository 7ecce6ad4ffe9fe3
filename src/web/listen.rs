//! Takes connections and gives each to its router, within limits of time and number, until it is
//! told to stop; then what has begun is finished. Only HTTP/1: a web server stands before ours
//! where more is wanted.

use std::{
    fs::Permissions,
    io,
    net::IpAddr,
    os::{
        fd::AsFd,
        unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    },
    path::Path,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::extract::Request;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use listenfd::ListenFd;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::watch,
    task::JoinSet,
};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use super::{
    Answers, Error,
    places::{Admission, Answered, Guest, Places},
};
use crate::config::Listen;

/// A client that has not sent its whole head by then is left: also the wait for a next request.
const HEAD: Duration = Duration::from_secs(10);
/// A client that reads nothing for so long is left.
const STALL: Duration = Duration::from_secs(20);
/// So long what has begun may take when the program is to stop.
const FAREWELL: Duration = Duration::from_secs(4);
/// The largest head that is read at all, in bytes and in fields: what is larger gets a bare answer. What is allowed
/// is less, and told with a page: see `limits`.
const HEAD_BYTES: usize = 49_152;
const HEAD_FIELDS: usize = 256;
/// So long, and so much, is read of a client that was told to go: with what it sent unread, closing the connection
/// would take the answer away from it.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1 << 20;

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
    /// Who answers, from the next request on.
    pub answers: Answers,
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
        let places = Places::new(self.connections);
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
            let Some(guest) = guest.map(Arc::new) else { continue };
            let talk = Talk { peer, answers: self.answers.clone(), watcher: graceful.watcher(), stop: stop.clone() };
            tokio::spawn(async move {
                let whole = talk.whole(line, &guest);
                tokio::select! {
                    () = whole => {}
                    () = guest.must_leave() => tracing::debug!("a connection without a request made room"),
                }
            });
        }
        let Self { listener, .. } = self;
        drop(listener);
        let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
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

/// What is said over one connection.
struct Talk {
    peer: Peer,
    answers: Answers,
    watcher: hyper_util::server::graceful::Watcher,
    stop: watch::Receiver<()>,
}

impl Talk {
    /// All of it, with the end.
    async fn whole(self, line: Line, guest: &Arc<Guest>) {
        match line {
            Line::Tcp(line) => {
                let twin = line.as_fd().try_clone_to_owned();
                self.hold(line, guest).await;
                if let Ok(line) = twin.and_then(|twin| TcpStream::from_std(twin.into())) {
                    see_off(line).await;
                }
            }
            Line::Unix(line) => {
                let twin = line.as_fd().try_clone_to_owned();
                self.hold(line, guest).await;
                if let Ok(line) = twin.and_then(|twin| UnixStream::from_std(twin.into())) {
                    see_off(line).await;
                }
            }
        }
    }

    async fn hold<L>(self, line: L, guest: &Arc<Guest>)
    where
        L: AsyncRead + AsyncWrite + Send + 'static,
    {
        let Self { peer, answers, watcher, mut stop } = self;
        let mut line = TimeoutStream::new(line);
        line.set_write_timeout(Some(STALL));
        let heard = Arc::new(AtomicBool::new(false));
        let line = Heard { line: Box::pin(line), heard: Arc::clone(&heard) };
        let answer = hyper::service::service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
            guest.is_busy();
            let answers = answers.borrow();
            let begun = match answers.at_once(&request) {
                Some(answer) => Begun::Done(guest.until_sent_at_once(answer)),
                None => {
                    request.extensions_mut().insert(peer);
                    let request: Request = request.map(axum::body::Body::new);
                    Begun::Later(answers.router().clone().oneshot(request), Arc::clone(guest))
                }
            };
            async move {
                match begun {
                    Begun::Done(answer) => answer,
                    Begun::Later(answer, guest) => guest.until_sent(answer.await?),
                }
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            // Who says no more after a request still waits for the answer.
            .half_close(true)
            .header_read_timeout(HEAD)
            .max_headers(HEAD_FIELDS)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(line), answer);
        // Who has said nothing yet is not waited for; whose request has begun is.
        let silent = async {
            let _ = stop.changed().await;
            if heard.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            result = watcher.watch(connection) => if let Err(error) = result {
                tracing::debug!("a connection broke off: {error}");
            },
            () = silent => {}
        }
    }
}

/// An answer on its way.
enum Begun<F> {
    Done(Answered),
    Later(F, Arc<Guest>),
}

/// Lets a client read the last answer before the connection is gone.
async fn see_off(mut line: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = line.shutdown().await;
    let rest = async {
        let (mut read, mut piece) = (0, [0; 4_096]);
        while read < LINGER_BYTES {
            match line.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(count) => read += count,
            }
        }
    };
    let _ = tokio::time::timeout(LINGER, rest).await;
}

/// A connection that remembers whether anything came.
struct Heard<L> {
    line: Pin<Box<TimeoutStream<L>>>,
    heard: Arc<AtomicBool>,
}

impl<L: AsyncRead + AsyncWrite> AsyncRead for Heard<L> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = self.line.as_mut().poll_read(context, into);
        if into.filled().len() > before {
            self.heard.store(true, Ordering::Relaxed);
        }
        polled
    }
}

impl<L: AsyncRead + AsyncWrite> AsyncWrite for Heard<L> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.line.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.as_mut().poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.line.as_mut().poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.line.is_write_vectored()
    }
}
