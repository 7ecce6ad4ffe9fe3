//! Sends letters by DATA: with pipelining (RFC 2920), the end of one letter and the envelope of the next go out in one
//! write. The reply to DATA, 354, proves that all replies before it were in step.

use std::sync::atomic::Ordering;

use super::{OutgoingLetter, SmtpSender};
use crate::send::{
    smtp::{ConnectionError, Reply, ReplyClass, SmtpCommand, WriteError, unexpected_reply},
    verdict::{LetterVerdict, SmtpStep},
};

/// How many refusals may wait for a proof before it is asked for.
const MAX_UNPROVEN_LETTERS: usize = 8;

/// So much of a text waits until its letter is marked in the ledger.
const TAIL_BYTES: usize = 512;

/// With more connections, others' letters go out while one is marked, and a second write for each costs more than it brings.
const MAX_OVERLAPPED_CONNECTIONS: usize = 16;

/// The replies to an envelope.
struct EnvelopeReplies {
    mail: Reply,
    recipient: Reply,
    data: Reply,
}

impl SmtpSender {
    /// Sends letters by DATA, as long as there are some.
    pub(super) async fn send_data(&mut self, first: OutgoingLetter) -> Result<(), ConnectionError> {
        let mut ready = self.send_envelope(first).await?;
        loop {
            let Some(letter) = ready.take() else {
                if self.unproven.held.len() >= MAX_UNPROVEN_LETTERS && self.needs_check() {
                    self.check_in_step().await?;
                }
                match self.next_letter().await {
                    Some(next) => ready = self.send_envelope(next).await?,
                    None if self.needs_check() => self.check_in_step().await?,
                    None => return Ok(()),
                }
                continue;
            };
            // A relay that was out of step gets one command at a time.
            let can_pipeline = self.has_pipelining() && self.relay.window() > 1;
            let next = if can_pipeline { self.next_letter().await } else { None };
            ready = self.send_text(letter, next).await?;
        }
    }

    /// Sends the text that the relay waits for, with the envelope of the next letter; returns the next letter if the relay
    /// waits for its text, too.
    async fn send_text(
        &mut self,
        mut letter: OutgoingLetter,
        next: Option<OutgoingLetter>,
    ) -> Result<Option<OutgoingLetter>, ConnectionError> {
        let mut flight = std::mem::take(&mut letter.written.text);
        let is_busy = self.relay.connections.load(Ordering::Acquire) > MAX_OVERLAPPED_CONNECTIONS;
        let ahead = if is_busy { 0 } else { flight.len().saturating_sub(TAIL_BYTES) };
        let head = self.record_while_writing(&mut letter, &flight.as_bytes()[..ahead]).await;
        if !letter.marked {
            // The relay waits for a text that another worker may have sent: the connection must end.
            if let Some(next) = next {
                self.requeue(next, "not handed over");
            }
            return Err(ConnectionError::local("a lease was lost while the relay waited"));
        }
        flight.push_str(".\r\n");
        let end = flight.len() - ahead;
        if let Some(next) = &next {
            flight.push_str(&self.envelope(next));
        }
        let envelope_replies = if next.is_some() { 3 + usize::from(self.needs_reset) } else { 0 };
        let written = match head {
            Ok(()) => self.connection()?.write(&flight.as_bytes()[ahead..], envelope_replies).await,
            Err(failed) => Err(WriteError { written: 0, ..failed }),
        };
        let is_complete = written.as_ref().map_or_else(|failed| failed.written >= end, |()| true);
        // If the letter was sent completely, the reply to it counts, even if the write failed after it.
        let reply = match (is_complete, &written) {
            (true, _) => self.reply().await,
            (false, Err(failed)) => Err(failed.error.clone()),
            (false, Ok(())) => Err(ConnectionError::new("it closed the connection")),
        };
        match (reply, written) {
            (Ok(reply), Ok(())) => self.judge_end(letter, &reply, next).await,
            (Ok(reply), Err(failed)) => {
                self.settle(letter, Some(SmtpStep::End), LetterVerdict::of(SmtpStep::End, &reply));
                self.requeue_if_any(next, &failed.error.message);
                Err(failed.error)
            }
            (Err(error), _) => {
                match is_complete {
                    true => self.settle_by_error(letter, &error),
                    false => self.requeue(letter, &error.message),
                }
                self.requeue_if_any(next, &error.message);
                Err(error)
            }
        }
    }

    /// Marks a letter, and writes its text meanwhile, but for the tail: without it no relay can take the letter. The
    /// reply to it is due from now on, because relays may refuse a text before they have seen its end.
    async fn record_while_writing(&mut self, letter: &mut OutgoingLetter, head: &[u8]) -> Result<(), WriteError> {
        let Some(mut connection) = self.connection.take() else {
            return Err(WriteError { error: ConnectionError::new("there is no connection"), written: 0 });
        };
        let (granted, written) = tokio::join!(self.record(std::slice::from_ref(&*letter)), connection.write(head, 1));
        letter.marked = granted.contains(&letter.leased.letter.id);
        self.connection = Some(connection);
        written
    }

    /// Settles a letter by the reply to its end, then judges the replies to the next envelope.
    async fn judge_end(
        &mut self,
        letter: OutgoingLetter,
        reply: &Reply,
        next: Option<OutgoingLetter>,
    ) -> Result<Option<OutgoingLetter>, ConnectionError> {
        let class = SmtpCommand::End.classify(reply.code);
        if let (ReplyClass::Yes, Some((mail, recipient))) = (class, &letter.envelope_replies) {
            self.looks_out_of_step(mail, recipient, reply);
        }
        self.settle(letter, Some(SmtpStep::End), LetterVerdict::of(SmtpStep::End, reply));
        let unexpected = (class == ReplyClass::Unexpected).then(|| unexpected_reply(SmtpCommand::End, reply));
        let Some(next) = next else {
            return match unexpected {
                Some(words) => Err(self.check_after_unexpected(words).await),
                None => Ok(None),
            };
        };
        let replies = self.read_envelope_replies().await;
        let ready = self.judge_envelope(next, replies).await?;
        match (unexpected, ready) {
            (None, ready) => Ok(ready),
            (Some(words), Some(next)) => {
                self.requeue(next, &words);
                Err(ConnectionError::new(words))
            }
            (Some(words), None) => Err(self.check_after_unexpected(words).await),
        }
    }

    /// After an unexpected reply: if the check passes, the replies before it count.
    async fn check_after_unexpected(&mut self, words: String) -> ConnectionError {
        if let Ok(connection) = self.connection() {
            connection.shorten_timeout();
        }
        match self.check_in_step().await {
            Ok(()) if !self.is_ending => ConnectionError::new(words),
            Ok(()) | Err(_) => ConnectionError::out_of_step(words),
        }
    }

    fn requeue_if_any(&mut self, next: Option<OutgoingLetter>, words: &str) {
        if let Some(next) = next {
            self.requeue(next, words);
        }
    }

    /// Sends a letter's envelope; returns the letter if the relay waits for its text.
    async fn send_envelope(&mut self, letter: OutgoingLetter) -> Result<Option<OutgoingLetter>, ConnectionError> {
        let replies = if self.has_pipelining() && self.relay.window() > 1 {
            let flight = self.envelope(&letter);
            let count = 3 + usize::from(self.needs_reset);
            match self.connection()?.write(flight.as_bytes(), count).await {
                Ok(()) => self.read_envelope_replies().await,
                Err(failed) => Err(failed.error),
            }
        } else {
            self.send_envelope_in_steps(&letter).await
        };
        self.judge_envelope(letter, replies).await
    }

    /// All commands before a letter's text, for one write.
    fn envelope(&self, letter: &OutgoingLetter) -> String {
        let reset = if self.needs_reset { "RSET\r\n" } else { "" };
        format!("{reset}{}{}DATA\r\n", letter.mail, letter.rcpt)
    }

    /// Reads the replies to [`Self::envelope`].
    async fn read_envelope_replies(&mut self) -> Result<EnvelopeReplies, ConnectionError> {
        if std::mem::take(&mut self.needs_reset) {
            let reply = self.reply().await?;
            if SmtpCommand::Reset.classify(reply.code) == ReplyClass::Unexpected {
                return Err(ConnectionError::out_of_step(unexpected_reply(SmtpCommand::Reset, &reply)));
            }
        }
        Ok(EnvelopeReplies { mail: self.reply().await?, recipient: self.reply().await?, data: self.reply().await? })
    }

    /// Sends the same commands one by one, up to the first that is refused.
    async fn send_envelope_in_steps(&mut self, letter: &OutgoingLetter) -> Result<EnvelopeReplies, ConnectionError> {
        if std::mem::take(&mut self.needs_reset) {
            self.ask("RSET\r\n").await?;
        }
        let mail = self.ask(&letter.mail).await?;
        if SmtpCommand::Mail.classify(mail.code) != ReplyClass::Yes {
            return Ok(EnvelopeReplies { recipient: mail.clone(), data: mail.clone(), mail });
        }
        let recipient = self.ask(&letter.rcpt).await?;
        if SmtpCommand::Recipient.classify(recipient.code) != ReplyClass::Yes {
            return Ok(EnvelopeReplies { data: recipient.clone(), mail, recipient });
        }
        let data = self.ask("DATA\r\n").await?;
        Ok(EnvelopeReplies { mail, recipient, data })
    }

    async fn ask(&mut self, line: &str) -> Result<Reply, ConnectionError> {
        let connection = self.connection()?;
        connection.write(line.as_bytes(), 1).await?;
        connection.reply().await
    }

    /// Judges the replies to an envelope; returns the letter if the relay waits for its text.
    async fn judge_envelope(
        &mut self,
        mut letter: OutgoingLetter,
        replies: Result<EnvelopeReplies, ConnectionError>,
    ) -> Result<Option<OutgoingLetter>, ConnectionError> {
        let EnvelopeReplies { mail, recipient, data } = match replies {
            Ok(replies) => replies,
            Err(error) => {
                self.requeue(letter, &error.message);
                return Err(error);
            }
        };
        let replies = [(SmtpCommand::Mail, &mail), (SmtpCommand::Recipient, &recipient), (SmtpCommand::Data, &data)];
        let [mail_class, recipient_class, data_class] = replies.map(|(command, reply)| command.classify(reply.code));
        if mail_class == ReplyClass::No {
            return Err(self.refused_sender(letter, &mail));
        }
        if data_class == ReplyClass::Yes {
            self.confirm();
        }
        // Without pipelining, commands that were not sent carry the reply to the last that was.
        let unexpected = replies.iter().find(|(command, reply)| command.classify(reply.code) == ReplyClass::Unexpected);
        if let Some((command, reply)) = unexpected {
            let words = unexpected_reply(*command, reply);
            self.requeue(letter, &words);
            return Err(match data_class {
                // It waits for a text: only the end of the connection gets it out of that.
                ReplyClass::Yes => ConnectionError::new(words),
                _ => self.check_after_unexpected(words).await,
            });
        }
        match (recipient_class, data_class) {
            (ReplyClass::Yes, ReplyClass::Yes) => {
                letter.envelope_replies = Some((mail, recipient));
                return Ok(Some(letter));
            }
            (ReplyClass::Yes, _) => self.settle(letter, Some(SmtpStep::Data), LetterVerdict::of(SmtpStep::Data, &data)),
            _ => self.settle(letter, Some(SmtpStep::Recipient), LetterVerdict::of(SmtpStep::Recipient, &recipient)),
        }
        if data_class == ReplyClass::Yes {
            // It refused the only recipient and waits for the text all the same (RFC 2920, 3.1): it gets an empty one, and
            // the reply to that does not count.
            self.ask(".\r\n").await?;
        } else {
            self.needs_reset = true;
        }
        Ok(None)
    }
}
