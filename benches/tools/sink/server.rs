//! An SMTP server that takes letters and counts them, made to be faster than whoever sends them:
//! large reads, the final dot found by a vector search, nothing allocated for a line of a letter.
//! It keeps to RFC 5321, 2920 (pipelining), 3030 (chunking) and says what it was not asked to take;
//! tests tell it to fail at a step.

mod rules;
mod session;

use std::{
    collections::{HashMap, VecDeque},
    fs::{File, OpenOptions},
    io::Write,
    net::TcpListener as Listener,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::sleep_until,
};

use session::{Session, Then};

/// What the server offers and how it behaves.
#[derive(Clone)]
pub struct Options {
    /// Where it listens on loopback; 0 for any free port.
    pub port: u16,
    /// A round trip: every reply leaves so long after the bytes that it answers came in.
    pub delay: Duration,
    /// Gets a line for each recipient of a letter before the letter's 250 leaves.
    pub record: Option<PathBuf>,
    /// Keeps the letters' bytes for [`Sink::accepted`].
    pub keep: bool,
    /// Answers DATA with 354 also where every recipient was refused, and the dot with 554.
    pub lenient: bool,
    /// Offers PIPELINING. Who pipelines without is hung up on.
    pub pipelining: bool,
    /// Offers CHUNKING.
    pub chunking: bool,
    /// Offers SIZE with this limit.
    pub size: Option<u64>,
    /// Offers 8BITMIME.
    pub eight_bit: bool,
    /// Offers SMTPUTF8.
    pub smtp_utf8: bool,
    /// Offers DSN.
    pub dsn: bool,
    /// Offers ENHANCEDSTATUSCODES.
    pub enhanced: bool,
    /// Asked at each step that would go well; see [`faults`].
    pub script: Option<Script>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            delay: Duration::ZERO,
            record: None,
            keep: false,
            lenient: false,
            pipelining: true,
            chunking: true,
            size: Some(50_000_000),
            eight_bit: true,
            smtp_utf8: true,
            dsn: true,
            enhanced: true,
            script: None,
        }
    }
}

/// What the server does at a step instead of what it usually does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// What it usually does.
    None,
    /// Gives this answer; with 4xx or 5xx the step has no effect.
    Reply(String),
    /// Closes the connection without a word; at the dot, the letter is not taken.
    HangUp,
    /// Says nothing any more; at the dot, the letter is not taken.
    Sleep,
    /// At the dot: takes the letter and closes the connection without a word. [`Fault::HangUp`]
    /// elsewhere.
    HangUpAfterDot,
    /// Gives this answer and closes the connection.
    ReplyThenHangUp(String),
}

/// Decides what happens at a step.
pub type Script = Arc<dyn Fn(&str, &str, usize) -> Fault + Send + Sync>;

/// A script for [`Options::script`]. It is asked with the step, the recipient named last in this
/// transaction (or ""), and how often that step came up for that recipient, from 1. The steps are
/// `connect`, `EHLO`, `MAIL`, `RCPT`, `DATA`, `BDAT` (each chunk, when its command is read), `.` (a
/// letter is whole, by its dot or its last chunk), `RSET`, `NOOP` and `QUIT`. What breaks the rules
/// is refused without asking.
pub fn faults(script: impl Fn(&str, &str, usize) -> Fault + Send + Sync + 'static) -> Option<Script> {
    Some(Arc::new(script))
}

/// A letter that the server took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// MAIL FROM.
    pub sender: String,
    /// RCPT TO.
    pub recipients: Vec<String>,
    /// What stood behind the addresses in MAIL and RCPT.
    pub parameters: Vec<String>,
    /// The letter's Message-ID, with its angle brackets.
    pub message_id: String,
    /// Whether it came by BDAT.
    pub chunked: bool,
    /// On which connection, counted from 1.
    pub connection: u64,
    /// Its bytes without the dots that were put before dots, if they were to be kept.
    pub text: Vec<u8>,
}

/// How many letters came in which time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Statistics {
    /// Letters taken.
    pub letters: u64,
    /// Their bytes, as they came over the wire.
    pub bytes: u64,
    /// Connections opened.
    pub connections: u64,
    /// From the first letter taken to the last.
    pub seconds: f64,
}

impl std::fmt::Display for Statistics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { letters, bytes, connections, seconds } = self;
        write!(f, "letters {letters} bytes {bytes} seconds {seconds:.3} connections {connections}")
    }
}

/// What all connections share.
struct House {
    options: Options,
    /// For tests: what was accepted and how often each step came up is remembered.
    remembers: bool,
    record: Option<File>,
    connections: AtomicU64,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    letters: u64,
    bytes: u64,
    span: Option<(Instant, Instant)>,
    accepted: Vec<Accepted>,
    steps: HashMap<(String, String), usize>,
}

impl House {
    fn open(options: Options, remembers: bool) -> std::io::Result<Self> {
        let append = |path| OpenOptions::new().create(true).append(true).open(path);
        let record = options.record.as_ref().map(append).transpose()?;
        Ok(Self { options, remembers, record, connections: AtomicU64::new(0), memory: Mutex::default() })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the script about a step.
    fn fault(&self, step: &str, recipient: &str) -> Fault {
        if !self.remembers && self.options.script.is_none() {
            return Fault::None;
        }
        let count = {
            let mut memory = self.memory();
            let count = memory.steps.entry((step.to_owned(), recipient.to_owned())).or_default();
            *count += 1;
            *count
        };
        self.options.script.as_ref().map_or(Fault::None, |script| script(step, recipient, count))
    }

    /// Takes a letter: from here on it counts as accepted, whatever dies.
    fn take(&self, letter: Accepted, length: u64) {
        if let Some(mut record) = self.record.as_ref() {
            let line = |recipient: &String| format!("{recipient}\t{}\t{}\n", letter.sender, letter.message_id);
            let lines: String = letter.recipients.iter().map(line).collect();
            record.write_all(lines.as_bytes()).expect("the record");
        }
        let now = Instant::now();
        let mut memory = self.memory();
        memory.letters += 1;
        memory.bytes += length;
        memory.span = Some((memory.span.map_or(now, |(first, _)| first), now));
        if self.remembers {
            memory.accepted.push(letter);
        }
    }

    fn statistics(&self) -> Statistics {
        let memory = self.memory();
        Statistics {
            letters: memory.letters,
            bytes: memory.bytes,
            connections: self.connections.load(Ordering::Relaxed),
            seconds: memory.span.map_or(0.0, |(first, last)| (last - first).as_secs_f64()),
        }
    }
}

/// A server in this process, on a thread of its own. It ends when it is dropped.
pub struct Sink {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    house: Arc<House>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sink {
    /// Starts one.
    pub fn start(options: Options) -> Self {
        let listener = Listener::bind(("127.0.0.1", options.port)).expect("a port");
        listener.set_nonblocking(true).expect("a listener");
        let port = listener.local_addr().expect("an address").port();
        let house = Arc::new(House::open(options, true).expect("the record"));
        let (stop, stopped) = oneshot::channel();
        let own = Arc::clone(&house);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                tokio::select! { () = listen(listener, own) => {}, _ = stopped => {} }
            });
        });
        Self { port, house, stop: Some(stop), thread: Some(thread) }
    }

    /// The letters that it took, in the order in which they came.
    pub fn accepted(&self) -> Vec<Accepted> {
        self.house.memory().accepted.clone()
    }

    /// The recipients of the letters that it took, in alphabetical order.
    pub fn recipients(&self) -> Vec<String> {
        let mut recipients: Vec<String> =
            self.house.memory().accepted.iter().flat_map(|letter| letter.recipients.clone()).collect();
        recipients.sort();
        recipients
    }

    /// How often it came to a step with this recipient; see [`faults`].
    pub fn count(&self, step: &str, recipient: &str) -> usize {
        self.house.memory().steps.get(&(step.to_owned(), recipient.to_owned())).copied().unwrap_or_default()
    }

    /// How many letters came in which time.
    pub fn statistics(&self) -> Statistics {
        self.house.statistics()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Serves until `end` comes.
pub async fn serve(listener: TcpListener, options: Options, end: impl Future<Output = ()>) -> Statistics {
    let house = Arc::new(House::open(options, false).expect("the record"));
    tokio::select! { () = listen(listener, Arc::clone(&house)) => {}, () = end => {} }
    house.statistics()
}

async fn listen(listener: TcpListener, house: Arc<House>) {
    // Dropped with this future, so that connections end with their server.
    let mut lines = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let number = house.connections.fetch_add(1, Ordering::Relaxed) + 1;
        lines.spawn(attend(stream, Session::new(Arc::clone(&house), number), house.options.delay));
        while lines.try_join_next().is_some() {}
    }
}

/// Leads one connection to its end; what goes wrong with it is the client's to notice.
async fn attend(mut stream: TcpStream, mut session: Session, delay: Duration) {
    let _ = stream.set_nodelay(true);
    // Replies and when each leaves.
    let mut waiting: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let mut out = Vec::new();
    let mut then = session.greet(&mut out);
    loop {
        if !out.is_empty() {
            if delay.is_zero() {
                if stream.write_all(&out).await.is_err() {
                    return;
                }
                out.clear();
            } else {
                waiting.push_back((Instant::now() + delay, std::mem::take(&mut out)));
            }
        }
        if then != Then::GoOn && waiting.is_empty() {
            break;
        }
        let next = waiting.front().map_or_else(Instant::now, |(due, _)| *due);
        tokio::select! {
            () = sleep_until(next.into()), if !waiting.is_empty() => {
                let now = Instant::now();
                let mut due = Vec::new();
                while waiting.front().is_some_and(|(due, _)| *due <= now) {
                    due.extend(waiting.pop_front().map(|(_, reply)| reply).unwrap_or_default());
                }
                if stream.write_all(&due).await.is_err() {
                    return;
                }
            }
            read = stream.read(session.space()), if then == Then::GoOn => match read {
                Ok(0) | Err(_) => return,
                Ok(length) => then = session.hear(length, !waiting.is_empty(), &mut out),
            },
        }
    }
    if then == Then::HangUp {
        // What was said must arrive: closing with bytes unread would take it back.
        let _ = stream.shutdown().await;
    }
    let silence = async { while stream.read(session.space()).await.is_ok_and(|length| length > 0) {} };
    let patience = if then == Then::HangUp { 2 } else { 600 };
    let _ = tokio::time::timeout(Duration::from_secs(patience), silence).await;
}
