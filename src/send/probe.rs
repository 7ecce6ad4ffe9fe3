//! Asks a relay whether it would take a letter, up to where it would begin: what is said to MAIL and RCPT is taken back.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::smtp::{ReplyClass, SmtpCommand, SmtpConnection};
use crate::config::Relay;

/// How long all of it may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long one reply may take.
const REPLY_TIMEOUT: Duration = Duration::from_secs(8);

/// What a relay says before a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayProbe {
    /// Whether the connection has TLS.
    pub is_secure: bool,
    /// The largest letter that it takes, if it names one.
    pub max_size: Option<u64>,
    /// Its clock, if it tells it in its greeting.
    pub clock: Option<DateTime<Utc>>,
    /// The command that it refused, and its reply.
    pub refused: Option<(&'static str, String)>,
}

/// Asks a relay, with the addresses of a letter. The error says why it cannot be used.
pub async fn probe(relay: &Relay, sender: &str, recipient: &str) -> Result<RelayProbe, String> {
    let relay = Relay { timeout: relay.timeout.min(REPLY_TIMEOUT), ..relay.clone() };
    match tokio::time::timeout(PROBE_TIMEOUT, ask(&relay, sender, recipient)).await {
        Ok(answered) => answered,
        Err(_) => Err(format!("no answer within {} seconds", PROBE_TIMEOUT.as_secs())),
    }
}

async fn ask(relay: &Relay, sender: &str, recipient: &str) -> Result<RelayProbe, String> {
    let words = |error: super::smtp::ConnectionError| error.message;
    let mut connection = SmtpConnection::open(relay).await.map_err(words)?;
    let mut found = RelayProbe {
        is_secure: connection.is_secure(),
        max_size: connection.extensions.max_size(),
        clock: clock_of(&connection.greeting),
        refused: None,
    };
    let lines = [
        (SmtpCommand::Mail, format!("MAIL FROM:<{sender}>\r\n")),
        (SmtpCommand::Recipient, format!("RCPT TO:<{recipient}>\r\n")),
    ];
    for (command, line) in lines {
        let reply = connection.ask(command, &line).await.map_err(words)?;
        if command.classify(reply.code) == ReplyClass::No {
            found.refused = Some((command.name(), reply.to_string()));
            break;
        }
    }
    connection.ask(SmtpCommand::Reset, "RSET\r\n").await.map_err(words)?;
    // What it says to QUIT changes nothing.
    let _ = connection.quit().await;
    Ok(found)
}

/// The date at the end of a greeting, as some servers write it: `… ESMTP Sendmail 8.18; Mon, 23 Nov 2026 08:00:00 +0100`.
fn clock_of(greeting: &str) -> Option<DateTime<Utc>> {
    let (_, date) = greeting.rsplit_once(';')?;
    let date = date.split('(').next().unwrap_or(date).trim();
    DateTime::parse_from_rfc2822(date).ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_may_tell_the_time() {
        let at = clock_of("mail.example.org ESMTP Sendmail 8.18.1/8.18.1; Mon, 23 Nov 2026 08:00:00 +0100");
        assert_eq!(at.map(|at| at.to_rfc3339()), Some("2026-11-23T07:00:00+00:00".to_owned()));
        assert_eq!(clock_of("mail.example.org ESMTP Postfix"), None);
    }
}
