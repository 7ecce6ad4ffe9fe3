//! What is said on one connection: bytes in, replies out, and no word about sockets.

use std::sync::Arc;

use memchr::{memchr, memmem::Finder};

use super::{
    Accepted, Fault, House,
    rules::{Effect, Envelope, usual},
};

/// How much is read at once.
const BUFFER: usize = 512 * 1024;
/// The longest line of a command.
const LINE: usize = 4_096;
/// How much of a letter is looked through for its Message-ID.
const HEAD: usize = 4_096;

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    GoOn,
    HangUp,
    /// Nothing is said any more, and nothing heard.
    Sleep,
}

/// What the next bytes are.
enum Mode {
    Commands,
    Data,
    /// What is left of a chunk, and the reply it gets if it was refused.
    Chunk {
        left: u64,
        size: u64,
        last: bool,
        refused: Option<String>,
    },
}

pub(super) struct Session {
    house: Arc<House>,
    number: u64,
    dot: Finder<'static>,
    input: Box<[u8]>,
    start: usize,
    end: usize,
    mode: Mode,
    greeted: bool,
    envelope: Option<Envelope>,
    /// The recipient named last, taken or not.
    named: String,
    /// The letter that comes in: its first bytes, or all, and how many there are.
    text: Vec<u8>,
    length: u64,
    /// The line end before the letter, which is searched with it: the dot may stand alone.
    skip: usize,
}

impl Session {
    pub(super) fn new(house: Arc<House>, number: u64) -> Self {
        Self {
            house,
            number,
            dot: Finder::new(b"\r\n.\r\n"),
            input: vec![0; BUFFER].into(),
            start: 0,
            end: 0,
            mode: Mode::Commands,
            greeted: false,
            envelope: None,
            named: String::new(),
            text: Vec::new(),
            length: 0,
            skip: 0,
        }
    }

    pub(super) fn greet(&mut self, out: &mut Vec<u8>) -> Then {
        let (reply, _, then) = self.judge("connect", "", "220 sink.example.org ESMTP");
        self.say(reply.as_deref(), out);
        then
    }

    /// Where the next bytes go.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.input.len() - self.end < LINE * 2 {
            self.input.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        &mut self.input[self.end..]
    }

    /// Hears the bytes that were put there. `early` says that a reply has not left yet.
    pub(super) fn hear(&mut self, length: usize, early: bool, out: &mut Vec<u8>) -> Then {
        self.end += length;
        let pipelining = self.house.options.pipelining;
        let mut first = !early;
        while self.start < self.end {
            let then = match &mut self.mode {
                Mode::Commands if !first && !pipelining => return self.improper(out),
                Mode::Commands => {
                    let heard = &self.input[self.start..self.end];
                    let Some(at) = memchr(b'\n', heard) else {
                        if heard.len() < LINE {
                            return Then::GoOn;
                        }
                        self.say(Some("500 5.5.2 line too long"), out);
                        return Then::HangUp;
                    };
                    let line = heard[..=at].to_vec();
                    self.start += at + 1;
                    let then = self.command(&line, out);
                    if matches!(self.mode, Mode::Data) {
                        if self.start < self.end {
                            return self.improper(out);
                        }
                        self.input[..2].copy_from_slice(b"\r\n");
                        (self.start, self.end, self.skip) = (0, 2, 2);
                        return then;
                    }
                    then
                }
                // Bytes behind DATA, sent before anybody agreed to take them.
                Mode::Data if early && self.skip > 0 => return self.improper(out),
                Mode::Data => match self.dot.find(&self.input[self.start..self.end]) {
                    Some(at) => {
                        self.put(self.start, self.start + at + 2);
                        self.start += at + 5;
                        self.mode = Mode::Commands;
                        self.whole(out)
                    }
                    None => {
                        // The end of what is here may be the beginning of the end.
                        let keep = self.start.max(self.end.saturating_sub(4));
                        self.put(self.start, keep);
                        self.start = keep;
                        return Then::GoOn;
                    }
                },
                Mode::Chunk { left, refused, .. } => {
                    let here = (self.end - self.start).min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= here as u64;
                    let ended = *left == 0;
                    if refused.is_none() {
                        self.put(self.start, self.start + here);
                    }
                    self.start += here;
                    if ended { self.chunk_ended(out) } else { Then::GoOn }
                }
            };
            if then != Then::GoOn {
                return then;
            }
            first = false;
        }
        Then::GoOn
    }

    /// Keeps what is wanted of the letter's bytes.
    fn put(&mut self, from: usize, to: usize) {
        let skipped = self.skip.min(to - from);
        self.skip -= skipped;
        let from = from + skipped;
        self.length += (to - from) as u64;
        let wanted = match () {
            () if self.house.options.keep => usize::MAX,
            () if self.house.remembers || self.house.record.is_some() => HEAD.saturating_sub(self.text.len()),
            () => 0,
        };
        self.text.extend_from_slice(&self.input[from..from + wanted.min(to - from)]);
    }

    fn improper(&mut self, out: &mut Vec<u8>) -> Then {
        self.say(Some("503 5.5.0 commands were sent before their time"), out);
        Then::HangUp
    }

    fn command(&mut self, line: &[u8], out: &mut Vec<u8>) -> Then {
        let text = line.strip_suffix(b"\r\n").and_then(|line| std::str::from_utf8(line).ok());
        let Some(text) = text else {
            self.say(Some("500 5.5.2 no line of UTF-8 that ends in CR LF"), out);
            return Then::GoOn;
        };
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        let verb = verb.to_ascii_uppercase();
        if verb == "BDAT" && self.house.options.chunking {
            return self.chunk(rest, out);
        }
        let (usual, effect) = match usual(&self.house.options, self.greeted, self.envelope.as_ref(), &verb, rest) {
            Ok(answer) => answer,
            Err(refusal) => {
                self.say(Some(refusal), out);
                return Then::GoOn;
            }
        };
        if let Effect::Recipient { address, .. } = &effect {
            self.named.clone_from(address);
        }
        let step = if verb == "HELO" { "EHLO" } else { verb.as_str() };
        let (reply, done, then) = self.judge(step, &self.named, &usual);
        self.say(reply.as_deref(), out);
        let quit = matches!(effect, Effect::Quit);
        if done {
            self.apply(effect);
        }
        if quit && done && then == Then::GoOn { Then::HangUp } else { then }
    }

    fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Greet => {
                self.greeted = true;
                self.forget();
            }
            Effect::Mail { sender, parameters, utf8 } => {
                let parameters = vec![parameters];
                let (recipients, chunked, spoiled) = (Vec::new(), false, false);
                self.envelope = Some(Envelope { sender, recipients, parameters, utf8, chunked, spoiled });
            }
            Effect::Recipient { address, parameters } => {
                if let Some(envelope) = &mut self.envelope {
                    envelope.recipients.push(address);
                    envelope.parameters.push(parameters);
                }
            }
            Effect::Data => self.mode = Mode::Data,
            Effect::Reset => self.forget(),
            Effect::Quit | Effect::Nothing => {}
        }
    }

    /// Ends the transaction.
    fn forget(&mut self) {
        self.envelope = None;
        self.named.clear();
        self.text.clear();
        self.length = 0;
    }

    /// A BDAT command: its bytes come whether they are wanted or not.
    fn chunk(&mut self, rest: &str, out: &mut Vec<u8>) -> Then {
        let mut words = rest.split_whitespace();
        let size = words.next().and_then(|word| word.parse::<u64>().ok());
        let last = words.next().map(|word| word.eq_ignore_ascii_case("LAST"));
        let (Some(size), false) = (size, last == Some(false) || words.next().is_some()) else {
            // What follows cannot be told from commands.
            self.say(Some("501 5.5.4 BDAT size [LAST]"), out);
            return Then::HangUp;
        };
        let mut refused = match &self.envelope {
            None => Some("503 5.5.1 MAIL first".to_owned()),
            Some(envelope) if envelope.spoiled => Some("503 5.5.1 RSET first".to_owned()),
            Some(envelope) if envelope.recipients.is_empty() => Some("554 5.5.1 no valid recipients".to_owned()),
            Some(_) => None,
        };
        if refused.is_none() {
            let (reply, done, then) = self.judge("BDAT", &self.named, "");
            if then != Then::GoOn {
                self.say(reply.as_deref(), out);
                return then;
            }
            refused = reply.filter(|_| !done);
        }
        if let Some(envelope) = &mut self.envelope {
            envelope.chunked = true;
            envelope.spoiled |= refused.is_some();
        }
        self.mode = Mode::Chunk { left: size, size, last: last.is_some(), refused };
        if size == 0 { self.chunk_ended(out) } else { Then::GoOn }
    }

    fn chunk_ended(&mut self, out: &mut Vec<u8>) -> Then {
        match std::mem::replace(&mut self.mode, Mode::Commands) {
            Mode::Chunk { refused: Some(reply), .. } => self.say(Some(&reply), out),
            Mode::Chunk { last: true, .. } => return self.whole(out),
            Mode::Chunk { size, .. } => self.say(Some(&format!("250 2.0.0 {size} octets")), out),
            Mode::Commands | Mode::Data => {}
        }
        Then::GoOn
    }

    /// A letter is whole: by its dot, or by its last chunk.
    fn whole(&mut self, out: &mut Vec<u8>) -> Then {
        let (reply, done, then) = match &self.envelope {
            Some(envelope) if envelope.recipients.is_empty() => {
                (Some("554 5.5.1 no valid recipients".to_owned()), false, Then::GoOn)
            }
            _ if self.house.options.size.is_some_and(|limit| self.length > limit) => {
                (Some("552 5.3.4 too long".to_owned()), false, Then::GoOn)
            }
            _ => self.judge(".", &self.named, "250 2.0.0 taken"),
        };
        let length = self.length;
        let text = std::mem::take(&mut self.text);
        if let (true, Some(envelope)) = (done, self.envelope.take_if(|_| done)) {
            let Envelope { sender, recipients, parameters, chunked, .. } = envelope;
            let message_id = message_id(&text);
            let kept = match (self.house.options.keep, chunked) {
                (false, _) => Vec::new(),
                (true, true) => text,
                (true, false) => unstuffed(&text),
            };
            let connection = self.number;
            let letter = Accepted { sender, recipients, parameters, message_id, chunked, connection, text: kept };
            self.house.take(letter, length);
        }
        match &mut self.envelope {
            // A refused chunk leaves its transaction open until RSET.
            Some(envelope) if envelope.chunked => envelope.spoiled = true,
            _ => self.forget(),
        }
        self.say(reply.as_deref(), out);
        then
    }

    /// The reply at a step, whether the step is done, and what becomes of the connection.
    fn judge(&self, step: &str, recipient: &str, usual: &str) -> (Option<String>, bool, Then) {
        let goes_well = |reply: &str| reply.starts_with(['2', '3']);
        match self.house.fault(step, recipient) {
            Fault::None => (Some(usual.to_owned()), true, Then::GoOn),
            Fault::Reply(reply) => {
                let done = goes_well(&reply);
                (Some(reply), done, Then::GoOn)
            }
            Fault::ReplyThenHangUp(reply) => {
                let done = goes_well(&reply);
                (Some(reply), done, Then::HangUp)
            }
            Fault::HangUpAfterDot => (None, step == ".", Then::HangUp),
            Fault::HangUp => (None, false, Then::HangUp),
            Fault::Sleep => (None, false, Then::Sleep),
        }
    }

    fn say(&self, reply: Option<&str>, out: &mut Vec<u8>) {
        let Some(reply) = reply else { return };
        // Whether replies have enhanced codes is what the server says of itself.
        let enhanced = |word: &str| word.len() >= 5 && word.split('.').count() == 3;
        match reply.split_once(' ') {
            Some((code, rest)) if !self.house.options.enhanced && code.len() == 3 => {
                let (word, text) = rest.split_once(' ').unwrap_or(("", rest));
                out.extend_from_slice(format!("{code} {}", if enhanced(word) { text } else { rest }).as_bytes());
            }
            _ => out.extend_from_slice(reply.as_bytes()),
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// The Message-ID of a letter by its first bytes; nothing if it has none there.
fn message_id(text: &[u8]) -> String {
    let head = String::from_utf8_lossy(text);
    let head = head.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ").replace("\r\n\t", " ");
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("Message-ID").then(|| value.trim().to_owned())
    };
    head.split("\r\n").find_map(field).unwrap_or_default()
}

/// A letter without the dots that DATA puts before dots.
fn unstuffed(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.strip_prefix(b".").unwrap_or(text);
    while let Some(at) = memchr::memmem::find(rest, b"\r\n.") {
        plain.extend_from_slice(&rest[..at + 2]);
        rest = &rest[at + 3..];
    }
    plain.extend_from_slice(rest);
    plain
}
