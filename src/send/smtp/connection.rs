//! One connection to an SMTP server: commands go out in one write, replies are read one by one. The number of replies
//! that are due is known at each instant; one that comes when none is due ends the connection.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

use super::{
    commands::{ReplyClass, SmtpCommand},
    error::{ConnectionError, WriteError, error_chain, unexpected_reply},
    extensions::Extensions,
    hello_name::hello_name,
    reply::Reply,
    reply_parser::{RawReply, ReplyParser, ReplyTooLong},
    stream::{SmtpStream, SocketState},
};
use crate::config::{Login, Proof, Relay, Security};

/// How long is read on after the timeout: if the machine slept, the reply may have arrived meanwhile.
const LATE_READ_TIMEOUT: Duration = Duration::from_millis(250);

/// How long a reply is waited for when the connection is about to be given up.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

/// An open connection. After a [`ConnectionError`] it must be dropped: the next reply on it would be taken for the
/// reply to another command.
pub(in crate::send) struct SmtpConnection {
    stream: SmtpStream,
    parser: ReplyParser,
    replies_due: usize,
    timeout: Duration,
    /// Our EHLO, with its line end.
    hello: String,
    /// The first word of the relay's reply to EHLO, if that reply has several lines: no other reply looks like it.
    hello_domain: Option<String>,
    /// What the relay said first.
    pub(in crate::send) greeting: String,
    /// What the relay offers and the configuration allows.
    pub(in crate::send) extensions: Extensions,
}

/// Whether a relay's replies are in step with our commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::send) enum StepCheck {
    InStep,
    /// This relay gives no reply by which it could be told.
    CannotTell,
}

impl SmtpConnection {
    /// Connects, begins TLS and logs in, as the configuration says.
    pub(in crate::send) async fn open(relay: &Relay) -> Result<Self, ConnectionError> {
        if let Some(Login { proof: Proof::Missing(why), .. }) = &relay.login {
            return Err(ConnectionError::new(why.clone()));
        }
        let mut stream = with_timeout(relay.timeout, SmtpStream::connect(relay)).await?;
        if relay.security == Security::Tls {
            with_timeout(relay.timeout, stream.start_tls(relay)).await?;
        }
        let name = match &relay.hello {
            Some(hello) => hello.clone(),
            None => hello_name(stream.local_addr()).await,
        };
        let mut connection = Self {
            stream,
            parser: ReplyParser::default(),
            replies_due: 1,
            timeout: relay.timeout,
            hello: format!("EHLO {name}\r\n"),
            hello_domain: None,
            greeting: String::new(),
            extensions: Extensions::default(),
        };
        let greeting = connection.reply().await?;
        greeting.text().clone_into(&mut connection.greeting);
        if SmtpCommand::Greeting.classify(greeting.code) != ReplyClass::Yes {
            return Err(ConnectionError::new(format!("it greets with {greeting}")));
        }
        connection.say_hello().await?;
        let wants_starttls = matches!(relay.security, Security::StartTls | Security::Opportunistic);
        if wants_starttls && connection.extensions.starttls {
            connection.start_tls(relay).await?;
        } else if relay.security == Security::StartTls {
            return Err(ConnectionError::new(
                "it offers no STARTTLS, and letters don't travel in the clear: use smtps:// or another relay",
            ));
        }
        if let Some(login) = &relay.login {
            let is_local = connection.stream.local_addr().is_ok_and(|address| address.ip().is_loopback());
            if !connection.is_secure() && !is_local {
                return Err(ConnectionError::new("it offers no STARTTLS, and a login does not travel in the clear"));
            }
            connection.log_in(login).await?;
        }
        connection.extensions = connection.extensions.allowed_by(relay);
        Ok(connection)
    }

    async fn say_hello(&mut self) -> Result<(), ConnectionError> {
        self.write(self.hello.clone().as_bytes(), 1).await?;
        let reply = self.read_reply().await?;
        match SmtpCommand::Hello.classify(reply.code) {
            ReplyClass::Yes => {}
            _ => return Err(ConnectionError::new(format!("it answers EHLO with {}", Reply::from(&reply)))),
        }
        let mut lines = reply.text.split('\n');
        let first = lines.next().and_then(|line| line.split_ascii_whitespace().next());
        self.extensions = Extensions::parse(lines);
        self.hello_domain = first.filter(|_| reply.text.contains('\n')).map(str::to_owned);
        Ok(())
    }

    /// STARTTLS. Bytes that were sent behind the relay's reply in the clear end the connection: an attacker may have
    /// put them there.
    async fn start_tls(&mut self, relay: &Relay) -> Result<(), ConnectionError> {
        let reply = self.ask(SmtpCommand::StartTls, "STARTTLS\r\n").await?;
        if SmtpCommand::StartTls.classify(reply.code) != ReplyClass::Yes {
            return Err(ConnectionError::new(format!("it refused STARTTLS: {reply}")));
        }
        self.expect_no_reply().await?;
        with_timeout(relay.timeout, self.stream.start_tls(relay)).await?;
        self.say_hello().await
    }

    pub(in crate::send) fn is_secure(&self) -> bool {
        self.stream.is_secure()
    }

    /// Fails if a reply has come when none was due.
    async fn expect_no_reply(&mut self) -> Result<(), ConnectionError> {
        if !self.parser.is_empty() {
            return Err(ConnectionError::out_of_step("it gave an answer when none was due"));
        }
        match self.stream.state().await {
            SocketState::Quiet => Ok(()),
            SocketState::Readable => Err(ConnectionError::out_of_step("it gave an answer when none was due")),
            SocketState::Closed => Err(ConnectionError::new("it closed the connection")),
        }
    }

    /// Sends commands in one write, to which so many replies will be due. If it fails, the error says how many bytes may
    /// have reached the relay.
    pub(in crate::send) async fn write(&mut self, bytes: &[u8], replies: usize) -> Result<(), WriteError> {
        if self.replies_due == 0 {
            self.expect_no_reply().await.map_err(|error| WriteError { error, written: 0 })?;
        }
        let mut written = 0;
        while written < bytes.len() {
            match with_timeout(self.timeout, self.stream.write(&bytes[written..])).await {
                Ok(0) => return Err(WriteError { error: closed(), written }),
                Ok(more) => written += more,
                Err(error) => return Err(WriteError { error, written }),
            }
        }
        self.replies_due += replies;
        with_timeout(self.timeout, self.stream.flush()).await.map_err(|error| WriteError { error, written })
    }

    /// The next reply that is due, whatever it says. 421 ends the connection.
    pub(in crate::send) async fn reply(&mut self) -> Result<Reply, ConnectionError> {
        let reply = Reply::from(&self.read_reply().await?);
        if reply.code == 421 {
            return Err(ConnectionError { closed_by_relay: true, ..ConnectionError::new(reply.to_string()) });
        }
        Ok(reply)
    }

    /// Sends one command and waits for its reply: an unexpected one ends the connection.
    pub(in crate::send) async fn ask(&mut self, command: SmtpCommand, line: &str) -> Result<Reply, ConnectionError> {
        self.write(line.as_bytes(), 1).await?;
        let reply = self.reply().await?;
        match command.classify(reply.code) {
            ReplyClass::Unexpected => Err(ConnectionError::out_of_step(unexpected_reply(command, &reply))),
            _ => Ok(reply),
        }
    }

    async fn read_reply(&mut self) -> Result<RawReply, ConnectionError> {
        let mut end = Instant::now() + self.timeout;
        let mut is_over = false;
        loop {
            match self.parser.next() {
                Ok(Some(reply)) => {
                    self.replies_due = self.replies_due.saturating_sub(1);
                    return Ok(reply);
                }
                Ok(None) => {}
                Err(ReplyTooLong) => return Err(ConnectionError::out_of_step("its answer has no end")),
            }
            match tokio::time::timeout_at(end, self.stream.read(self.parser.buffer())).await {
                Ok(Ok(0)) => return Err(closed()),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(ConnectionError::new(error_chain(&error))),
                Err(_) if !is_over => (end, is_over) = (Instant::now() + LATE_READ_TIMEOUT, true),
                Err(_) => return Err(ConnectionError::timeout(self.timeout)),
            }
        }
    }

    /// Clears the relay's state, and checks whether its replies are in step: the reply to EHLO, with its several lines,
    /// is like no other. No reply may be due.
    pub(in crate::send) async fn check_in_step(&mut self) -> Result<StepCheck, ConnectionError> {
        let Some(domain) = self.hello_domain.clone() else {
            return match self.ask(SmtpCommand::Reset, "RSET\r\n").await? {
                reply if reply.code == 250 => Ok(StepCheck::CannotTell),
                reply => Err(ConnectionError::new(format!("it refused RSET: {reply}"))),
            };
        };
        let lines = format!("RSET\r\n{}", self.hello);
        if self.extensions.pipelining {
            self.write(lines.as_bytes(), 2).await?;
        } else {
            self.write(b"RSET\r\n", 1).await?;
        }
        let reset = self.reply().await?;
        match SmtpCommand::Reset.classify(reset.code) {
            ReplyClass::Yes => {}
            ReplyClass::No => return Err(ConnectionError::new(format!("it refused RSET: {reset}"))),
            ReplyClass::Unexpected => {
                return Err(ConnectionError::out_of_step(unexpected_reply(SmtpCommand::Reset, &reset)));
            }
        }
        if !self.extensions.pipelining {
            self.write(self.hello.clone().as_bytes(), 1).await?;
        }
        let reply = self.read_reply().await?;
        let mut lines = reply.text.split('\n');
        let first = lines.next().and_then(|line| line.split_ascii_whitespace().next());
        match SmtpCommand::Hello.classify(reply.code) {
            ReplyClass::Yes if lines.next().is_some() && first == Some(domain.as_str()) => {
                self.expect_no_reply().await?;
                Ok(StepCheck::InStep)
            }
            // Some servers accept EHLO only once.
            ReplyClass::No => {
                self.hello_domain = None;
                Ok(StepCheck::CannotTell)
            }
            _ => Err(ConnectionError::out_of_step(unexpected_reply(SmtpCommand::Hello, &Reply::from(&reply)))),
        }
    }

    /// From now on, replies are waited for only briefly.
    pub(in crate::send) fn shorten_timeout(&mut self) {
        self.timeout = self.timeout.min(QUIT_TIMEOUT);
    }

    /// Sends QUIT. Its reply, 221, proves that the replies were in step.
    pub(in crate::send) async fn quit(mut self) -> Result<(), ConnectionError> {
        self.shorten_timeout();
        self.write(b"QUIT\r\n", 1).await?;
        let reply = self.read_reply().await?;
        match SmtpCommand::Quit.classify(reply.code) {
            ReplyClass::Yes => Ok(()),
            ReplyClass::No if reply.code == 421 => Err(ConnectionError::new(Reply::from(&reply).to_string())),
            _ => Err(ConnectionError::out_of_step(unexpected_reply(SmtpCommand::Quit, &Reply::from(&reply)))),
        }
    }
}

fn closed() -> ConnectionError {
    ConnectionError::new("it closed the connection")
}

async fn with_timeout<T>(
    timeout: Duration,
    work: impl Future<Output = std::io::Result<T>>,
) -> Result<T, ConnectionError> {
    match tokio::time::timeout(timeout, work).await {
        Ok(done) => done.map_err(|error| ConnectionError::new(error_chain(&error))),
        Err(_) => Err(ConnectionError::timeout(timeout)),
    }
}
