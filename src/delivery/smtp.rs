//! One connection to an SMTP server. The dialogue is led step by step, so that it is known at each
//! instant whether the relay can have taken the letter.

use std::{fmt::Display, future::Future, str::FromStr, time::Duration};

use lettre::{
    Address,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt, Rset},
        extension::{ClientId, Extension, MailParameter},
        response::Response,
    },
};

use super::Verdict;
use crate::{
    config::{Route, Secret, Security},
    digest::letter::Written,
};

/// An open connection.
pub(super) struct Connection {
    inner: AsyncSmtpConnection,
    timeout: Duration,
}

/// What an answer of the relay means for the letter it was about.
enum Answer {
    /// 2xx or 3xx.
    Yes(String),
    /// 4xx, but for 421.
    Later(String),
    /// 5xx.
    No(String),
    /// No answer, no sense, or 421: the connection is of no more use.
    Gone(String),
}

impl Connection {
    /// Connects, with TLS and login as the route wants them. A refusal is told in words.
    pub(super) async fn open(route: &Route, timeout: Duration) -> Result<Self, String> {
        let Route::Smtp { host, port, security, login, hello } = route else {
            return Err("it is no SMTP server".into());
        };
        let hello = hello.clone().map_or_else(ClientId::default, ClientId::Domain);
        let tls = || TlsParameters::new(host.clone()).map_err(|error| error.to_string());
        let at_once = (*security == Security::Tls).then(tls).transpose()?;
        let connect = AsyncSmtpConnection::connect_tokio1((host.as_str(), *port), Some(timeout), &hello, at_once, None);
        let inner = in_time(timeout, connect).await?.map_err(|error| words(&error))?;
        let mut connection = Self { inner, timeout };
        if *security == Security::StartTls {
            if !connection.inner.can_starttls() {
                return Err(
                    "it offers no STARTTLS, and letters don't travel in the clear: use smtps:// or another relay"
                        .into(),
                );
            }
            let upgrade = connection.inner.starttls(tls()?, &hello);
            in_time(timeout, upgrade).await?.map_err(|error| words(&error))?;
        }
        if let Some((user, password)) = login {
            connection.log_in(user, password).await?;
        }
        Ok(connection)
    }

    async fn log_in(&mut self, user: &str, password: &Secret) -> Result<(), String> {
        let credentials = Credentials::new(user.to_owned(), password.expose().to_owned());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        let login = self.inner.auth(&mechanisms, &credentials);
        in_time(self.timeout, login).await?.map_err(|error| format!("it refused the login: {}", words(&error)))?;
        Ok(())
    }

    /// Hands over one letter. After [`Verdict::Trouble`] and [`Verdict::Unknown`] the connection
    /// must be dropped.
    pub(super) async fn send(&mut self, letter: &Written) -> Verdict {
        let sender = Address::from_str(&letter.sender);
        let recipient = Address::new(letter.recipient.local(), letter.recipient.domain());
        let (sender, recipient) = match (sender, recipient) {
            (Ok(sender), Ok(recipient)) => (sender, recipient),
            (Err(error), _) | (_, Err(error)) => return Verdict::Refused(format!("not sent: {error}")),
        };
        let mut options = Vec::new();
        if !letter.recipient.local().is_ascii() {
            if !self.inner.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Verdict::Refused("not sent: the relay takes no address beyond ASCII (SMTPUTF8)".into());
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        match self.say(Mail::new(Some(sender), options)).await {
            Answer::Yes(_) => {}
            // Who refuses the sender refuses every letter.
            Answer::Later(reply) | Answer::No(reply) => {
                return Verdict::Trouble(format!("it refuses our sender: {reply}"));
            }
            Answer::Gone(reply) => return Verdict::Trouble(reply),
        }
        for step in [Step::Recipient(recipient), Step::Data] {
            let answer = match step {
                Step::Recipient(address) => self.say(Rcpt::new(address, vec![])).await,
                Step::Data => self.say(Data).await,
            };
            match answer {
                Answer::Yes(_) => {}
                Answer::Gone(reply) => return Verdict::Trouble(reply),
                Answer::Later(reply) => return self.reset(Verdict::Deferred(reply)).await,
                Answer::No(reply) => return self.reset(Verdict::Refused(reply)).await,
            }
        }
        match in_time(self.timeout, self.inner.message(letter.text.as_bytes())).await {
            Err(late) => Verdict::Unknown(late),
            Ok(Ok(response)) if response.has_code(250) => Verdict::Sent(text(&response)),
            Ok(Ok(response)) => Verdict::Unknown(format!("an answer without sense: {}", text(&response))),
            Ok(Err(error)) => match judge(error) {
                Answer::Later(reply) => Verdict::Deferred(reply),
                Answer::No(reply) => Verdict::Refused(reply),
                // 421 after the dot says that the letter was not taken; silence says nothing.
                Answer::Gone(reply) if reply.starts_with("421") => Verdict::Trouble(reply),
                Answer::Yes(reply) | Answer::Gone(reply) => Verdict::Unknown(reply),
            },
        }
    }

    /// Ends the connection politely; whether that succeeds changes nothing.
    pub(super) async fn quit(mut self) {
        let _ = in_time(Duration::from_secs(2).min(self.timeout), self.inner.quit()).await;
    }

    /// Forgets the letter that was refused, so that the connection serves the next one.
    async fn reset(&mut self, verdict: Verdict) -> Verdict {
        match self.say(Rset).await {
            Answer::Yes(_) => verdict,
            // The next letter will find out.
            _ => verdict,
        }
    }

    async fn say(&mut self, command: impl Display) -> Answer {
        match in_time(self.timeout, self.inner.command(command)).await {
            Err(late) => Answer::Gone(late),
            Ok(Ok(response)) => Answer::Yes(text(&response)),
            Ok(Err(error)) => judge(error),
        }
    }
}

enum Step {
    Recipient(Address),
    Data,
}

fn judge(error: SmtpError) -> Answer {
    let reply = words(&error);
    match error.status().map(u16::from) {
        Some(421) => Answer::Gone(format!("421 {reply}")),
        Some(_) if error.is_permanent() => Answer::No(reply),
        Some(_) if error.is_transient() => Answer::Later(reply),
        _ => Answer::Gone(reply),
    }
}

async fn in_time<T>(timeout: Duration, work: impl Future<Output = T>) -> Result<T, String> {
    let late = |_| format!("no answer in {}", humantime::format_duration(timeout));
    tokio::time::timeout(timeout, work).await.map_err(late)
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

fn text(response: &Response) -> String {
    let lines: Vec<&str> = response.message().collect();
    format!("{} {}", response.code(), lines.join(" "))
}
