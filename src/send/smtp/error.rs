//! Why a connection is of no more use, and what that says about the letters on it.

use std::time::Duration;

use super::{commands::SmtpCommand, reply::Reply};

/// Why a connection must be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::send) struct ConnectionError {
    pub(in crate::send) message: String,
    /// The relay said 421: it accepts nothing of what was sent and not replied to.
    pub(in crate::send) closed_by_relay: bool,
    pub(in crate::send) timed_out: bool,
    /// A reply came that belongs to another command: those before it may have been out of step, too.
    pub(in crate::send) out_of_step: bool,
    /// The reason is ours, not the relay's.
    pub(in crate::send) is_local: bool,
}

impl ConnectionError {
    pub(in crate::send) fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        Self { message, closed_by_relay: false, timed_out: false, out_of_step: false, is_local: false }
    }

    pub(in crate::send) fn local(message: impl Into<String>) -> Self {
        Self { is_local: true, ..Self::new(message) }
    }

    pub(in crate::send) fn out_of_step(message: impl Into<String>) -> Self {
        Self { out_of_step: true, ..Self::new(message) }
    }

    pub(super) fn timeout(timeout: Duration) -> Self {
        let message = format!("no answer in {}", humantime::format_duration(timeout));
        Self { timed_out: true, ..Self::new(message) }
    }

    /// Takes secrets out of the message, in clear and in Base64: relays repeat what they were told.
    pub(super) fn without(mut self, secrets: &[&str]) -> Self {
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            let encoded = data_encoding::BASE64.encode(secret.as_bytes());
            self.message = self.message.replace(&encoded, "…").replace(*secret, "…");
        }
        // PLAIN has user and password in one word.
        let words = self.message.split(' ');
        let is_long = |word: &str| word.len() >= 16 && data_encoding::BASE64.decode(word.as_bytes()).is_ok();
        self.message = words.map(|word| if is_long(word) { "…" } else { word }).collect::<Vec<_>>().join(" ");
        self
    }
}

/// Describes a reply that makes no sense at a step.
pub(in crate::send) fn unexpected_reply(command: SmtpCommand, reply: &Reply) -> String {
    match reply.code {
        0 => format!("what it says to {} is no answer: {reply}", command.name()),
        _ => format!("what it says to {} makes no sense: {reply}", command.name()),
    }
}

/// A write failed.
#[derive(Debug)]
pub(in crate::send) struct WriteError {
    pub(in crate::send) error: ConnectionError,
    /// How many bytes may have reached the relay.
    pub(in crate::send) written: usize,
}

impl From<WriteError> for ConnectionError {
    fn from(failed: WriteError) -> Self {
        failed.error
    }
}

/// An error with its causes, on one line.
pub(super) fn error_chain(error: &dyn std::error::Error) -> String {
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
        let error = ConnectionError::new(format!("it refused the login: 535 5.7.8 {plain} {word} pencil, no"));
        assert_eq!(error.without(&["pencil", "estran"]).message, "it refused the login: 535 5.7.8 … … …, no");
    }
}
