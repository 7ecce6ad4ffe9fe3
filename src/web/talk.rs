//! What is said over one connection, within limits of time, until its client or the program ends it.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{body::Body, extract::Request, response::Response};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpStream, UnixStream},
    runtime::Handle,
    sync::mpsc,
    task::{JoinError, JoinHandle},
};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use super::{
    Answers, Peer,
    alarm::Alarms,
    places::{Guest, Sent, Word},
};

/// A client that has not sent its whole head by then is left: also the wait for a next request.
const HEAD: Duration = Duration::from_secs(10);
/// A client that reads nothing for so long is left.
const STALL: Duration = Duration::from_secs(20);
/// The largest head that is read at all, in bytes and in fields: what is larger gets a bare answer. What is allowed
/// is less, and told with a page: see `limits`.
const HEAD_BYTES: usize = 49_152;
const HEAD_FIELDS: usize = 256;
/// So long, and so much, is read of a client that was told to go: with what it sent unread, closing the connection
/// would take the answer away from it.
pub(super) const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1 << 20;

/// A connection that no runtime holds yet.
#[derive(Debug)]
pub(super) enum Line {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

/// What is said over one connection.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) line: Line,
    pub(super) peer: Peer,
    pub(super) answers: Answers,
    pub(super) guest: Guest,
    /// Dropped when the last answer has been sent.
    pub(super) going_on: mpsc::Sender<()>,
}

impl Talk {
    /// All of it, with the end. What is not at hand is answered by the program's runtime.
    pub(super) async fn whole(self, program: Handle) {
        let Self { line, peer, answers, guest, going_on } = self;
        let said = Said { peer, answers, program, guest: Arc::new(guest) };
        let ended = match line {
            Line::Tcp(line) => match TcpStream::from_std(line) {
                Ok(line) => said.over(line, going_on).await,
                Err(error) => return tracing::debug!("a connection was not taken: {error}"),
            },
            Line::Unix(line) => match UnixStream::from_std(line) {
                Ok(line) => said.over(line, going_on).await,
                Err(error) => return tracing::debug!("a connection was not taken: {error}"),
            },
        };
        match ended {
            Ended::MadeRoom => tracing::debug!("a connection without a request made room"),
            Ended::Broken(error) => tracing::debug!("a connection broke off: {error}"),
            Ended::Over => {}
        }
    }
}

/// Who says it.
struct Said {
    peer: Peer,
    answers: Answers,
    program: Handle,
    guest: Arc<Guest>,
}

/// How it ended.
enum Ended {
    Over,
    Broken(hyper::Error),
    MadeRoom,
}

impl Said {
    async fn over<L>(self, line: L, going_on: mpsc::Sender<()>) -> Ended
    where
        L: AsyncRead + AsyncWrite + Send + 'static,
    {
        let Self { peer, answers, program, guest } = self;
        let mut line = TimeoutStream::new(line);
        line.set_write_timeout(Some(STALL));
        let heard = Arc::new(AtomicBool::new(false));
        let line = Heard { line: Box::pin(line), heard: Arc::clone(&heard) };
        let answer = hyper::service::service_fn(|mut request: hyper::Request<Incoming>| {
            guest.is_busy();
            let answers = answers.borrow();
            let begun = match answers.at_once(&request) {
                Some(answer) => Begun::Done(guest.until_sent_at_once(answer)),
                None => {
                    request.extensions_mut().insert(peer);
                    let request: Request = request.map(Body::new);
                    Begun::Later(
                        Elsewhere(program.spawn(answers.router().clone().oneshot(request))),
                        Arc::clone(&guest),
                    )
                }
            };
            async move {
                match begun {
                    Begun::Done(answer) => Ok(answer),
                    Begun::Later(answer, guest) => answer.await.map(|answer| guest.until_sent(answer)),
                }
            }
        });
        let mut connection = hyper::server::conn::http1::Builder::new()
            .timer(Alarms::new(HEAD))
            // Who says no more after a request still waits for the answer.
            .half_close(true)
            .header_read_timeout(HEAD)
            .max_headers(HEAD_FIELDS)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(line), answer);
        let mut is_last = false;
        let ended = poll_fn(|context| {
            match guest.told(context) {
                Word::Stay => {}
                Word::Leave => return Poll::Ready(Ended::MadeRoom),
                // Who has said nothing yet is not waited for; whose request has begun is.
                Word::Finish if !heard.load(Ordering::Relaxed) => return Poll::Ready(Ended::Over),
                Word::Finish if !is_last => {
                    is_last = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
                Word::Finish => {}
            }
            let result = ready!(Pin::new(&mut connection).poll(context));
            Poll::Ready(result.map_or_else(Ended::Broken, |()| Ended::Over))
        })
        .await;
        drop(going_on);
        let line = connection.into_parts().io.into_inner();
        if matches!(ended, Ended::MadeRoom) {
            return ended;
        }
        tokio::select! {
            () = see_off(line) => ended,
            () = guest.must_leave() => Ended::MadeRoom,
        }
    }
}

/// An answer on its way.
enum Begun {
    Done(Response<Sent>),
    Later(Elsewhere, Arc<Guest>),
}

/// An answer that another runtime makes, as long as somebody waits for it.
struct Elsewhere(JoinHandle<Result<Response, Infallible>>);

impl Future for Elsewhere {
    type Output = Result<Response, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(Pin::new(&mut self.0).poll(context)).map(|Ok(answer)| answer))
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Lets a client read the last answer before the connection is gone.
async fn see_off(mut line: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = line.shutdown().await;
    let rest = async {
        // On the heap, for as long as it takes: a connection that goes on needs no room for it.
        let (mut read, mut piece) = (0, vec![0; 4_096]);
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
