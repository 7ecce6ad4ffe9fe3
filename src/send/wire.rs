//! One connection to an SMTP server, and the dialogue on it: what goes out in one write, and the
//! answers to it one by one. It is known at each instant how many answers are due; what comes without
//! being due ends the connection.

mod answers;
mod command;
mod login;
mod name;
mod offers;
mod stream;

use std::{future::Future, time::Duration};

use tokio::time::Instant;

pub(crate) use command::{Command, Says};
pub(crate) use offers::{Offers, Unfit};

use super::verdict::Reply;
use crate::config::{Relay, Security};
use answers::{Answer, Answers};
use stream::{Stream, Waiting};

/// How long what is there may take to be read when the time for it is over: a program that slept finds
/// the answers that came meanwhile.
const GRACE: Duration = Duration::from_millis(250);

/// How long the end of a dialogue may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// An open connection. After [`Broken`] it must be dropped: what comes next on it would be taken
/// for the answer to something else.
pub(crate) struct Wire {
    stream: Stream,
    answers: Answers,
    /// How many answers are due.
    due: usize,
    timeout: Duration,
    /// Our EHLO, with its line end.
    hello: String,
    /// How the relay's answer to it begins, if that has several lines: no other answer looks so.
    greeting: Option<String>,
    /// What the relay can do, and we may use.
    pub(crate) offers: Offers,
}

/// The connection is of no more use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Why, in words.
    pub(crate) words: String,
    /// The relay said so itself: 421, after which it takes nothing of what was sent to it.
    pub(crate) said: bool,
    /// It gave no answer in time, and will hardly give one to the next who asks.
    pub(crate) silent: bool,
    /// An answer was out of its place, so that those before it may have been, too.
    pub(crate) astray: bool,
    /// We left it for a reason of our own: the relay is not to blame.
    pub(crate) ours: bool,
}

/// What a relay says to the question whether its answers are in step with our commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proven {
    /// They are.
    InStep,
    /// It doesn't answer the question.
    NoAnswer,
}

impl Broken {
    /// For this reason.
    pub(crate) fn because(words: impl Into<String>) -> Self {
        Self { words: words.into(), said: false, silent: false, astray: false, ours: false }
    }

    /// For a reason of our own.
    pub(crate) fn ours(words: impl Into<String>) -> Self {
        Self { ours: true, ..Self::because(words) }
    }

    /// An answer is out of its place.
    pub(crate) fn astray(words: impl Into<String>) -> Self {
        Self { astray: true, ..Self::because(words) }
    }

    fn silence(timeout: Duration) -> Self {
        let words = format!("no answer in {}", humantime::format_duration(timeout));
        Self { silent: true, ..Self::because(words) }
    }

    /// The same without what must not be read by others.
    fn without(mut self, secrets: &[&str]) -> Self {
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            let encoded = data_encoding::BASE64.encode(secret.as_bytes());
            self.words = self.words.replace(&encoded, "…").replace(*secret, "…");
        }
        // PLAIN has both in one word.
        let words = self.words.split(' ');
        let is_long = |word: &str| word.len() >= 16 && data_encoding::BASE64.decode(word.as_bytes()).is_ok();
        self.words = words.map(|word| if is_long(word) { "…" } else { word }).collect::<Vec<_>>().join(" ");
        self
    }
}

/// An answer that makes no sense at a step.
pub(crate) fn nonsense(command: Command, reply: &Reply) -> String {
    match reply.code {
        0 => format!("what it says to {} is no answer: {reply}", command.name()),
        _ => format!("what it says to {} makes no sense: {reply}", command.name()),
    }
}

impl Wire {
    /// Connects, with TLS and login as the relay wants them.
    pub(crate) async fn open(relay: &Relay) -> Result<Self, Broken> {
        let mut stream = within(relay.timeout, Stream::connect(relay)).await?;
        if relay.security == Security::Tls {
            within(relay.timeout, stream.secure(relay)).await?;
        }
        let own = match &relay.hello {
            Some(hello) => hello.clone(),
            None => name::own(stream.local_addr()).await,
        };
        let mut wire = Self {
            stream,
            answers: Answers::default(),
            due: 1,
            timeout: relay.timeout,
            hello: format!("EHLO {own}\r\n"),
            greeting: None,
            offers: Offers::default(),
        };
        let greeting = wire.answer().await?;
        if Command::Greeting.judge(greeting.code) != Says::Yes {
            return Err(Broken::because(format!("it greets with {greeting}")));
        }
        wire.hello().await?;
        let may_secure = matches!(relay.security, Security::StartTls | Security::Opportunistic);
        if may_secure && wire.offers.starttls {
            wire.secure(relay).await?;
        } else if relay.security == Security::StartTls {
            return Err(Broken::because(
                "it offers no STARTTLS, and letters don't travel in the clear: use smtps:// or another relay",
            ));
        }
        if let Some(login) = &relay.login {
            let is_local = wire.stream.local_addr().is_ok_and(|address| address.ip().is_loopback());
            if !wire.stream_is_secure() && !is_local {
                return Err(Broken::because("it offers no STARTTLS, and a login does not travel in the clear"));
            }
            wire.log_in(login).await?;
        }
        wire.offers = wire.offers.allowed(relay);
        Ok(wire)
    }

    async fn hello(&mut self) -> Result<(), Broken> {
        self.write(self.hello.clone().as_bytes(), 1).await?;
        let answer = self.hear().await?;
        match Command::Hello.judge(answer.code) {
            Says::Yes => {}
            _ => return Err(Broken::because(format!("it answers EHLO with {}", Reply::from(&answer)))),
        }
        let mut lines = answer.text.split('\n');
        let first = lines.next().and_then(|line| line.split_ascii_whitespace().next());
        self.offers = Offers::read(lines);
        self.greeting = first.filter(|_| answer.text.contains('\n')).map(str::to_owned);
        Ok(())
    }

    /// STARTTLS. What somebody put behind the relay's leave to begin is not believed afterwards.
    async fn secure(&mut self, relay: &Relay) -> Result<(), Broken> {
        let reply = self.ask(Command::StartTls, "STARTTLS\r\n").await?;
        if Command::StartTls.judge(reply.code) != Says::Yes {
            return Err(Broken::because(format!("it refused STARTTLS: {reply}")));
        }
        self.quiet().await?;
        within(relay.timeout, self.stream.secure(relay)).await?;
        self.hello().await
    }

    fn stream_is_secure(&self) -> bool {
        self.stream.is_secure()
    }

    /// Whether nothing has come that was not due.
    async fn quiet(&mut self) -> Result<(), Broken> {
        if !self.answers.is_empty() {
            return Err(Broken::astray("it gave an answer when none was due"));
        }
        match self.stream.waiting().await {
            Waiting::Nothing => Ok(()),
            Waiting::Bytes => Err(Broken::astray("it gave an answer when none was due")),
            Waiting::End => Err(Broken::because("it closed the connection")),
        }
    }

    /// Sends something in one write that so many answers are due to. Where it breaks off, the error
    /// says how many bytes of it may have reached the relay.
    pub(crate) async fn write(&mut self, bytes: &[u8], answers: usize) -> Result<(), Unwritten> {
        if self.due == 0 {
            self.quiet().await.map_err(|broken| Unwritten { broken, written: 0 })?;
        }
        let mut written = 0;
        while written < bytes.len() {
            match within(self.timeout, self.stream.write(&bytes[written..])).await {
                Ok(0) => return Err(Unwritten { broken: closed(), written }),
                Ok(more) => written += more,
                Err(broken) => return Err(Unwritten { broken, written }),
            }
        }
        self.due += answers;
        within(self.timeout, self.stream.flush()).await.map_err(|broken| Unwritten { broken, written })
    }

    /// The next answer that is due, whatever it says; 421 and what never ends break the connection.
    pub(crate) async fn answer(&mut self) -> Result<Reply, Broken> {
        let answer = self.hear().await?;
        let reply = Reply::from(&answer);
        if reply.code == 421 {
            return Err(Broken { said: true, ..Broken::because(reply.to_string()) });
        }
        Ok(reply)
    }

    /// Says one thing and waits for the answer: one that makes no sense breaks the connection.
    pub(crate) async fn ask(&mut self, command: Command, line: &str) -> Result<Reply, Broken> {
        self.write(line.as_bytes(), 1).await?;
        let reply = self.answer().await?;
        match command.judge(reply.code) {
            Says::Nonsense => Err(Broken::astray(nonsense(command, &reply))),
            _ => Ok(reply),
        }
    }

    async fn hear(&mut self) -> Result<Answer, Broken> {
        let mut end = Instant::now() + self.timeout;
        let mut is_over = false;
        loop {
            match self.answers.next() {
                Ok(Some(answer)) => {
                    self.due = self.due.saturating_sub(1);
                    return Ok(answer);
                }
                Ok(None) => {}
                Err(answers::Endless) => return Err(Broken::astray("its answer has no end")),
            }
            match tokio::time::timeout_at(end, self.stream.read(self.answers.room())).await {
                Ok(Ok(0)) => return Err(closed()),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(Broken::because(words(&error))),
                // The time may be over because we slept: then what came meanwhile is there to be read.
                Err(_) if !is_over => (end, is_over) = (Instant::now() + GRACE, true),
                Err(_) => return Err(Broken::silence(self.timeout)),
            }
        }
    }

    /// Clears the relay's state, and asks whether its answers are in step: EHLO has an answer that no
    /// other command has, its several lines. Nothing may be due any more.
    pub(crate) async fn prove(&mut self) -> Result<Proven, Broken> {
        let Some(greeting) = self.greeting.clone() else {
            return match self.ask(Command::Reset, "RSET\r\n").await? {
                reply if reply.code == 250 => Ok(Proven::NoAnswer),
                reply => Err(Broken::because(format!("it refused RSET: {reply}"))),
            };
        };
        let lines = format!("RSET\r\n{}", self.hello);
        if self.offers.pipelining {
            self.write(lines.as_bytes(), 2).await?;
        } else {
            self.write(b"RSET\r\n", 1).await?;
        }
        let reset = self.answer().await?;
        match Command::Reset.judge(reset.code) {
            Says::Yes => {}
            Says::No => return Err(Broken::because(format!("it refused RSET: {reset}"))),
            Says::Nonsense => return Err(Broken::astray(nonsense(Command::Reset, &reset))),
        }
        if !self.offers.pipelining {
            self.write(self.hello.clone().as_bytes(), 1).await?;
        }
        let answer = self.hear().await?;
        let mut lines = answer.text.split('\n');
        let first = lines.next().and_then(|line| line.split_ascii_whitespace().next());
        match Command::Hello.judge(answer.code) {
            Says::Yes if lines.next().is_some() && first == Some(greeting.as_str()) => {
                self.quiet().await?;
                Ok(Proven::InStep)
            }
            // Some servers want to hear it once only.
            Says::No => {
                self.greeting = None;
                Ok(Proven::NoAnswer)
            }
            _ => Err(Broken::astray(nonsense(Command::Hello, &Reply::from(&answer)))),
        }
    }

    /// Waits no longer than a moment from now on.
    pub(crate) fn hurry(&mut self) {
        self.timeout = self.timeout.min(FAREWELL);
    }

    /// Ends the dialogue. That it does end so proves that its answers were in step.
    pub(crate) async fn quit(mut self) -> Result<(), Broken> {
        self.hurry();
        self.write(b"QUIT\r\n", 1).await?;
        let answer = self.hear().await?;
        match Command::Quit.judge(answer.code) {
            Says::Yes => Ok(()),
            Says::No if answer.code == 421 => Err(Broken::because(Reply::from(&answer).to_string())),
            _ => Err(Broken::astray(nonsense(Command::Quit, &Reply::from(&answer)))),
        }
    }
}

/// Something was not written to its end.
#[derive(Debug)]
pub(crate) struct Unwritten {
    pub(crate) broken: Broken,
    /// So many bytes may have reached the relay.
    pub(crate) written: usize,
}

impl From<Unwritten> for Broken {
    fn from(unwritten: Unwritten) -> Self {
        unwritten.broken
    }
}

impl From<&Answer> for Reply {
    fn from(answer: &Answer) -> Self {
        Self::new(answer.code, &answer.text)
    }
}

fn closed() -> Broken {
    Broken::because("it closed the connection")
}

async fn within<T>(timeout: Duration, work: impl Future<Output = std::io::Result<T>>) -> Result<T, Broken> {
    match tokio::time::timeout(timeout, work).await {
        Ok(done) => done.map_err(|error| Broken::because(words(&error))),
        Err(_) => Err(Broken::silence(timeout)),
    }
}

/// An error with its causes, on one line.
fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_words = next.to_string();
        if !words.contains(&next_words) {
            words = format!("{words}: {next_words}");
        }
        cause = next.source();
    }
    words.replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A relay may repeat what it was told, in clear or as it was encoded.
    #[test]
    fn secrets_are_taken_out_of_what_a_relay_says() {
        let plain = data_encoding::BASE64.encode(b"\0estran\0pencil");
        let word = data_encoding::BASE64.encode(b"pencil");
        let broken = Broken::because(format!("it refused the login: 535 5.7.8 {plain} {word} pencil, no"));
        assert_eq!(broken.without(&["pencil", "estran"]).words, "it refused the login: 535 5.7.8 … … …, no");
    }
}
