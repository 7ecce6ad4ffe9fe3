//! One connection to an SMTP server: what goes out in one write, and the answers to it one by one,
//! so that it is known at each instant whether the relay can have taken a letter.

mod offers;
mod stream;

use std::{fmt::Display, future::Future, time::Duration};

use lettre::transport::smtp::{
    Error as SmtpError,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, TlsParameters},
    commands::Ehlo,
    extension::ClientId,
    response::Response,
};

pub(super) use offers::Offers;

use super::verdict::Reply;
use crate::config::{Relay, Secret, Security};

/// An open connection. After [`Broken`] it must be dropped: what comes next on it would be taken
/// for the answer to something else.
pub(super) struct Wire {
    inner: AsyncSmtpConnection,
    timeout: Duration,
    /// What the relay can do, and we may use.
    pub(super) offers: Offers,
}

/// The connection is of no more use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// Why, in words.
    pub(super) words: String,
    /// The relay said so itself: 421, after which it takes nothing of what was sent to it.
    pub(super) said: bool,
    /// It gave no answer in time, and will hardly give one to the next who asks.
    pub(super) silent: bool,
}

impl Broken {
    /// For a reason of ours or the relay's.
    pub(super) fn because(words: impl Into<String>) -> Self {
        Self { words: words.into(), said: false, silent: false }
    }
}

impl Wire {
    /// Connects, with TLS and login as the relay wants them.
    pub(super) async fn open(relay: &Relay) -> Result<Self, Broken> {
        let timeout = relay.timeout;
        let hello = relay.hello.clone().map_or_else(ClientId::default, ClientId::Domain);
        let stream = in_time(timeout, stream::connect(relay)).await?.map_err(|error| Broken::because(words(&error)))?;
        let connect = AsyncSmtpConnection::connect_with_transport(stream, &hello);
        let inner = in_time(timeout, connect).await?.map_err(broken)?;
        let mut wire = Self { inner, timeout, offers: Offers::default() };
        if relay.security == Security::StartTls {
            if !wire.inner.can_starttls() {
                return Err(Broken::because(
                    "it offers no STARTTLS, and letters don't travel in the clear: use smtps:// or another relay",
                ));
            }
            let tls = TlsParameters::new(relay.host.clone()).map_err(broken)?;
            in_time(timeout, wire.inner.starttls(tls, &hello)).await?.map_err(broken)?;
        }
        if let Some((user, password)) = &relay.login {
            wire.log_in(user, password).await?;
        }
        // lettre keeps only what it uses itself of the relay's offers, so that they are asked again.
        let said = in_time(timeout, wire.inner.command(Ehlo::new(hello))).await?.map_err(broken)?;
        wire.offers = Offers::read(said.message().skip(1)).allowed(relay);
        Ok(wire)
    }

    async fn log_in(&mut self, user: &str, password: &Secret) -> Result<(), Broken> {
        let credentials = Credentials::new(user.to_owned(), password.expose().to_owned());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        let login = in_time(self.timeout, self.inner.auth(&mechanisms, &credentials)).await?;
        login
            .map(drop)
            .map_err(|error| Broken { words: format!("it refused the login: {}", words(&error)), ..broken(error) })
    }

    /// Sends something in one write, and waits for the first answer that is still to come.
    pub(super) async fn send(&mut self, what: impl Display) -> Result<Reply, Broken> {
        let answer = in_time(self.timeout, self.inner.command(what)).await?;
        reply(answer)
    }

    /// Waits for the next answer that is still to come.
    pub(super) async fn answer(&mut self) -> Result<Reply, Broken> {
        let answer = in_time(self.timeout, self.inner.read_response()).await?;
        reply(answer)
    }

    /// Ends the connection politely; whether that succeeds changes nothing.
    pub(super) async fn quit(mut self) {
        let _ = in_time(Duration::from_secs(2).min(self.timeout), self.inner.quit()).await;
    }
}

/// An answer, whatever it says; 421 and what is no answer break the connection.
fn reply(answer: Result<Response, SmtpError>) -> Result<Reply, Broken> {
    let reply = match answer {
        Ok(response) => Reply::new(response.code().into(), &response.message().collect::<Vec<_>>().join(" ")),
        Err(error) => match error.status() {
            Some(code) => {
                Reply::new(code.into(), &std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default())
            }
            None => return Err(broken(error)),
        },
    };
    if reply.code == 421 {
        return Err(Broken { words: reply.to_string(), said: true, silent: false });
    }
    Ok(reply)
}

fn broken(error: SmtpError) -> Broken {
    let said = error.status().is_some_and(|code| u16::from(code) == 421);
    Broken { words: words(&error), said, silent: false }
}

async fn in_time<T>(timeout: Duration, work: impl Future<Output = T>) -> Result<T, Broken> {
    tokio::time::timeout(timeout, work).await.map_err(|_| Broken {
        words: format!("no answer in {}", humantime::format_duration(timeout)),
        said: false,
        silent: true,
    })
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
