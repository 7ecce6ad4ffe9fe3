//! What a relay's own log says of letters: whether it took them, and what became of them. Read are the logs of Postfix
//! and Exim, and KumoMTA's records as lines of JSON. A letter is known by its bounce address or its Message-ID, which
//! nobody else can have written.

mod exim;
mod kumomta;
mod position;
mod postfix;
mod resolve;
mod time;

use std::{
    collections::{BTreeSet, HashMap},
    io::{self, BufRead},
};

pub use position::read_on;
pub use resolve::{Resolution, resolve};

use chrono::Duration;

use super::proof::ProofVerifier;
use crate::{
    model::{Instant, ReaderId, ReaderName},
    store::{self, Fate, QueueName, Store},
};

/// How far lines about one session may be out of order.
const OUT_OF_ORDER: Duration = Duration::seconds(5);

/// How long a name in a relay's queue is remembered from one reading to the next: so long do mail servers try.
const NAMED_DAYS: Duration = Duration::days(6);

/// The longest line that is looked at: letters' own texts stand in no log.
const LONGEST: usize = 64 * 1024;

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<'l> {
    /// Somebody has connected: the relay's own name for the session.
    Opened(&'l str),
    /// A session has ended; without its name where the log does not say which.
    Ended(Option<&'l str>),
    /// Under this name in its queue it is being given the letter that a text names.
    Named { queue: &'l str, by: &'l str },
    /// It has taken a letter; the text names it, if it was not named before.
    Taken { queue: &'l str, by: &'l str },
    /// What became of it.
    Fared { queue: &'l str, fate: Fate },
    /// Whoever writes the log has left lines out, because there were too many.
    LinesLost,
    /// The name in the queue may be given to another letter.
    Forgotten(&'l str),
}

/// What a log says of one letter.
#[derive(Debug, Default, Clone)]
pub(super) struct Trace {
    /// When it was taken, and under which name.
    pub(super) taken: Option<(Instant, String)>,
    pub(super) fate: Option<(Fate, Instant)>,
}

/// A letter, as a log names it.
type LetterName = (i64, ReaderId);

/// The log of a relay, or several files of it, one after the other.
pub struct RelayLog<'a> {
    /// The relay that it is of: its host and port.
    pub relay: String,
    proofs: &'a LogProofs,
    /// The machine's clock: no line was written later.
    now: Instant,
    letters: HashMap<LetterName, Trace>,
    /// Which letter each name in the queue means, and since when.
    queue: HashMap<String, (LetterName, Instant)>,
    first: Option<Instant>,
    last: Option<Instant>,
    /// Sessions that have not ended, and when they began.
    open: HashMap<String, Instant>,
    /// Sessions that ended before the log told that they began: Exim's two processes write as they come.
    ended_early: HashMap<String, Instant>,
    /// Whether it says that lines were left out of it.
    is_cut: bool,
    /// Whether it tells of sessions that begin.
    tells_sessions: bool,
    /// The seconds in which sessions ended.
    ended: BTreeSet<i64>,
}

/// What letters are known by.
#[derive(Debug)]
pub struct LogProofs {
    proofs: ProofVerifier,
}

impl LogProofs {
    pub async fn load(store: &Store) -> Result<Self, store::Error> {
        Ok(Self { proofs: ProofVerifier::new(store.key(), Vec::new(), &store.all_editions().await?) })
    }
}

/// Whether rsyslog or journald says that it has left lines out.
fn lost<'l>(line: &str) -> Option<Event<'l>> {
    let words = ["due to rate-limiting", "messages lost", "messages from "];
    let is_theirs = line.contains("rsyslogd") || line.contains("journald") || line.contains("journal[");
    (is_theirs && words.iter().any(|words| line.contains(words))).then_some(Event::LinesLost)
}

impl<'a> RelayLog<'a> {
    pub fn new(relay: String, proofs: &'a LogProofs, now: Instant) -> Self {
        Self {
            relay,
            proofs,
            now,
            letters: HashMap::new(),
            queue: HashMap::new(),
            first: None,
            last: None,
            open: HashMap::new(),
            ended_early: HashMap::new(),
            is_cut: false,
            tells_sessions: false,
            ended: BTreeSet::new(),
        }
    }

    /// Goes on where it was read to before, with the letters that were in the queue there.
    pub fn resume(&mut self, names: Vec<QueueName>) {
        self.queue.extend(names.into_iter().map(|name| (name.queue, ((name.edition, name.reader), name.at))));
    }

    /// The letters that are in the relay's queue, as far as it was read.
    pub fn names(&self) -> Vec<QueueName> {
        let recent = self.queue.iter().filter(|(_, (_, at))| *at > self.now - NAMED_DAYS);
        let name = |(queue, ((edition, reader), at)): (&String, &(LetterName, Instant))| QueueName {
            queue: queue.clone(),
            edition: *edition,
            reader: *reader,
            at: *at,
        };
        recent.map(name).collect()
    }

    /// Reads a file of it. What is no line of a known log is passed over. Gives how many bytes its whole lines have: what
    /// is just being written is read once more.
    pub fn read(&mut self, mut source: impl BufRead) -> io::Result<u64> {
        let (mut line, mut whole) = (Vec::new(), 0);
        loop {
            line.clear();
            if source.read_until(b'\n', &mut line)? == 0 {
                return Ok(whole);
            }
            if line.ends_with(b"\n") {
                whole += line.len() as u64;
            }
            if line.len() > LONGEST {
                continue;
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            if let Some((at, event)) = kumomta::line(text) {
                self.take(at, event);
                continue;
            }
            let Some((at, rest)) = time::begin(text, self.now) else { continue };
            // An unfinished line at the end of a log that is being written has no event.
            let event = postfix::event(rest).or_else(|| exim::event(rest)).or_else(|| lost(rest));
            self.take(at, event);
        }
    }

    /// How many letters it names.
    pub fn letters(&self) -> usize {
        self.letters.len()
    }

    fn take(&mut self, at: Instant, event: Option<Event<'_>>) {
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = self.last.max(Some(at));
        match event {
            None => {}
            Some(Event::LinesLost) => self.is_cut = true,
            Some(Event::Opened(session)) => {
                self.tells_sessions = true;
                let has_ended = self.ended_early.remove(session).is_some_and(|end| at - end <= OUT_OF_ORDER);
                if !has_ended {
                    self.open.insert(session.to_owned(), at);
                }
            }
            Some(Event::Ended(session)) => {
                if let Some(session) = session
                    && self.open.remove(session).is_none()
                {
                    self.ended_early.retain(|_, end| at - *end <= OUT_OF_ORDER);
                    self.ended_early.insert(session.to_owned(), at);
                }
                self.ended.insert(at.timestamp());
            }
            Some(Event::Named { queue, by }) => {
                self.name(queue, by, at);
            }
            Some(Event::Taken { queue, by }) => {
                let letter = self.name(queue, by, at).or_else(|| self.queue.get(queue).map(|(letter, _)| *letter));
                if let Some(letter) = letter {
                    let trace = self.letters.entry(letter).or_default();
                    trace.taken.get_or_insert_with(|| (at, queue.to_owned()));
                }
            }
            Some(Event::Fared { queue, fate }) => {
                if let Some((letter, _)) = self.queue.get(queue) {
                    let trace = self.letters.entry(*letter).or_default();
                    // What is on its way to somebody was taken before.
                    trace.taken.get_or_insert_with(|| (at, queue.to_owned()));
                    trace.fate = Some((fate, at));
                }
            }
            Some(Event::Forgotten(queue)) => {
                self.queue.remove(queue);
            }
        }
    }

    /// Notes which letter a name in the queue means, if a text says so.
    fn name(&mut self, queue: &str, by: &str, at: Instant) -> Option<LetterName> {
        if !by.contains('@') {
            return None;
        }
        let letter = self.proofs.proofs.of_text(by)?;
        let ReaderName::Id(reader) = letter.reader else { return None };
        if letter.edition == 0 {
            return None;
        }
        let name = (letter.edition, reader);
        self.letters.entry(name).or_default();
        self.queue.insert(queue.to_owned(), (name, at));
        Some(name)
    }
}
