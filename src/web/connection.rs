//! Answers the requests of one connection, within limits of time, until its client or the program ends it.

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
    Peer, ResponderWatch,
    slots::{ConnectionSlot, SlotBody, SlotSignal},
    timer::SharedTimer,
};

/// A client that has not sent its whole head by then is left: also the wait for a next request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// A client that reads nothing for so long is left.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// The largest head that is read at all, in bytes and in fields: what is larger gets a bare answer. What is allowed
/// is less, and told with a page: see `limits`.
const MAX_READ_HEAD_BYTES: usize = 49_152;
const MAX_READ_HEAD_FIELDS: usize = 256;
/// So long, and so much, is read of a client that was told to go: with what it sent unread, closing the connection
/// would take the answer away from it.
pub(super) const LINGER_TIMEOUT: Duration = Duration::from_secs(1);
const MAX_LINGER_BYTES: usize = 1 << 20;

/// A connection that no runtime holds yet.
#[derive(Debug)]
pub(super) enum ClientStream {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

/// A connection, with what answers its requests.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: ClientStream,
    pub(super) peer: Peer,
    pub(super) answers: ResponderWatch,
    pub(super) slot: ConnectionSlot,
    /// Dropped when the last answer has been sent.
    pub(super) open_guard: mpsc::Sender<()>,
}

impl Connection {
    /// All of it, with the end. What is not at hand is answered by the program's runtime.
    pub(super) async fn serve(self, program: Handle) {
        let Self { stream, peer, answers, slot, open_guard } = self;
        let handling = RequestHandling { peer, answers, program, slot: Arc::new(slot) };
        let ended = match stream {
            ClientStream::Tcp(stream) => match TcpStream::from_std(stream) {
                Ok(stream) => handling.run(stream, open_guard).await,
                Err(error) => return tracing::debug!("a connection was not taken: {error}"),
            },
            ClientStream::Unix(stream) => match UnixStream::from_std(stream) {
                Ok(stream) => handling.run(stream, open_guard).await,
                Err(error) => return tracing::debug!("a connection was not taken: {error}"),
            },
        };
        match ended {
            ConnectionEnd::MadeRoom => tracing::debug!("a connection without a request made room"),
            ConnectionEnd::Broken(error) => tracing::debug!("a connection broke off: {error}"),
            ConnectionEnd::Done => {}
        }
    }
}

/// What answers the requests of a connection.
struct RequestHandling {
    peer: Peer,
    answers: ResponderWatch,
    program: Handle,
    slot: Arc<ConnectionSlot>,
}

/// How it ended.
enum ConnectionEnd {
    Done,
    Broken(hyper::Error),
    MadeRoom,
}

impl RequestHandling {
    async fn run<S>(self, stream: S, open_guard: mpsc::Sender<()>) -> ConnectionEnd
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let Self { peer, answers, program, slot } = self;
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_TIMEOUT));
        let heard = Arc::new(AtomicBool::new(false));
        let stream = ObservedStream { stream: Box::pin(stream), heard: Arc::clone(&heard) };
        let answer = hyper::service::service_fn(|mut request: hyper::Request<Incoming>| {
            slot.request_begun();
            let answers = answers.borrow();
            let answers = answers.for_request(&request);
            let begun = match answers.answer_from_cache(&request) {
                Some(answer) => PendingAnswer::Cached(slot.until_cached_sent(answer)),
                None => {
                    request.extensions_mut().insert(peer);
                    let request: Request = request.map(Body::new);
                    PendingAnswer::Spawned(
                        SpawnedAnswer(program.spawn(answers.router().clone().oneshot(request))),
                        Arc::clone(&slot),
                    )
                }
            };
            async move {
                match begun {
                    PendingAnswer::Cached(answer) => Ok(answer),
                    PendingAnswer::Spawned(answer, slot) => answer.await.map(|answer| slot.until_sent(answer)),
                }
            }
        });
        let mut connection = hyper::server::conn::http1::Builder::new()
            .timer(SharedTimer::new(HEAD_TIMEOUT))
            // Who says no more after a request still waits for the answer.
            .half_close(true)
            .header_read_timeout(HEAD_TIMEOUT)
            .max_headers(MAX_READ_HEAD_FIELDS)
            .max_buf_size(MAX_READ_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), answer);
        let mut is_last = false;
        let ended = poll_fn(|context| {
            match slot.signal(context) {
                SlotSignal::Keep => {}
                SlotSignal::Close => return Poll::Ready(ConnectionEnd::MadeRoom),
                // A client that has sent nothing yet is not waited for; one whose request has begun is.
                SlotSignal::Finish if !heard.load(Ordering::Relaxed) => return Poll::Ready(ConnectionEnd::Done),
                SlotSignal::Finish if !is_last => {
                    is_last = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
                SlotSignal::Finish => {}
            }
            let result = ready!(Pin::new(&mut connection).poll(context));
            Poll::Ready(result.map_or_else(ConnectionEnd::Broken, |()| ConnectionEnd::Done))
        })
        .await;
        drop(open_guard);
        let stream = connection.into_parts().io.into_inner();
        if matches!(ended, ConnectionEnd::MadeRoom) {
            return ended;
        }
        tokio::select! {
            () = linger(stream) => ended,
            () = slot.closed_for_another() => ConnectionEnd::MadeRoom,
        }
    }
}

/// An answer on its way.
enum PendingAnswer {
    Cached(Response<SlotBody>),
    Spawned(SpawnedAnswer, Arc<ConnectionSlot>),
}

/// An answer that another runtime makes, as long as somebody waits for it.
struct SpawnedAnswer(JoinHandle<Result<Response, Infallible>>);

impl Future for SpawnedAnswer {
    type Output = Result<Response, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(Pin::new(&mut self.0).poll(context)).map(|Ok(answer)| answer))
    }
}

impl Drop for SpawnedAnswer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Lets a client read the last answer before the connection is gone.
async fn linger(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = stream.shutdown().await;
    let rest = async {
        // On the heap, for as long as it takes: a connection that goes on needs no room for it.
        let (mut read, mut piece) = (0, vec![0; 4_096]);
        while read < MAX_LINGER_BYTES {
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(count) => read += count,
            }
        }
    };
    let _ = tokio::time::timeout(LINGER_TIMEOUT, rest).await;
}

/// A connection that remembers whether anything came.
struct ObservedStream<S> {
    stream: Pin<Box<TimeoutStream<S>>>,
    heard: Arc<AtomicBool>,
}

impl<S: AsyncRead + AsyncWrite> AsyncRead for ObservedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = self.stream.as_mut().poll_read(context, into);
        if into.filled().len() > before {
            self.heard.store(true, Ordering::Relaxed);
        }
        polled
    }
}

impl<S: AsyncRead + AsyncWrite> AsyncWrite for ObservedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
