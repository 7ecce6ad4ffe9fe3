//! The next letter for a connection, and whether it may go over it now: by the relay's rates, and by what its provider takes.

use std::time::Duration;

use super::{OutgoingLetter, SmtpSender};
use crate::send::{Error, job::LetterJob};

/// How often it is checked, while waiting for the rate, whether the session is over.
const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(100);

impl SmtpSender {
    /// Waits until the relay's rates allow a letter; false if the session is over before.
    pub(super) async fn wait_for_rate(&self) -> bool {
        let rate = self.relay.wait_for_rate();
        tokio::pin!(rate);
        loop {
            tokio::select! {
                () = &mut rate => return true,
                () = tokio::time::sleep(STOP_CHECK_INTERVAL) => {
                    if self.session.is_over() {
                        return false;
                    }
                }
            }
        }
    }

    /// Whether a letter's provider takes it in this hour and day. If not, the letter is settled: it waits.
    pub(super) async fn limits_allow(&mut self, job: &LetterJob) -> Result<bool, Error> {
        let (session, relay) = (&self.session, &self.relay);
        let until = relay.limits.take(&job.leased, &session.store, session.now()).await?;
        if let Some(until) = until {
            self.settled.push(session.limit_rest(&job.leased, until));
        }
        Ok(until.is_none())
    }

    /// Whether the connection has had its letters.
    pub(super) fn is_full(&self) -> bool {
        let max = self.relay.config.letters_per_connection;
        max.is_some_and(|max| self.letters_sent >= max) || self.relay.limits.is_full(&self.bound)
    }

    /// Another letter for this connection, if one may be sent now.
    pub(super) async fn next_letter(&mut self) -> Option<OutgoingLetter> {
        // The connection may have been closed while the ledger was written.
        if self.is_full()
            || self.is_ending
            || self.connection.is_none()
            || self.session.is_over()
            || !self.relay.rate_allows()
        {
            return None;
        }
        loop {
            let job = self.relay.try_next(&mut self.bound)?;
            if job.is_stale(self.session.now()) {
                self.session.remove_in_hand(1, 0);
                continue;
            }
            if let Some(rest) = self.session.domain_rest(&job.leased) {
                self.settled.push(rest);
                continue;
            }
            match self.limits_allow(&job).await {
                Ok(true) => {}
                Ok(false) => continue,
                Err(_) => {
                    self.relay.push(job);
                    return None;
                }
            }
            match self.relay.take_from_day(&self.session.store, self.session.now()).await {
                Ok(true) => {}
                // `send_all` takes the letter, and finds out why.
                _ => {
                    self.relay.push(job);
                    return None;
                }
            }
            if let Some(letter) = self.compose(job) {
                return Some(letter);
            }
        }
    }
}
