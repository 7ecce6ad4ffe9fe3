//! Sends letters by BDAT (RFC 3030), a window of them at once.

use std::collections::{HashSet, VecDeque};

use super::{OutgoingLetter, SmtpSender};
use crate::send::{
    smtp::{ConnectionError, Reply, ReplyClass, SmtpCommand, WriteError, unexpected_reply},
    verdict::{LetterVerdict, SmtpStep},
};

/// The replies to one letter.
struct BdatReplies {
    mail: Reply,
    recipient: Reply,
    end: Reply,
}

/// The letters in flight.
#[derive(Default)]
struct BdatWindow {
    in_flight: VecDeque<OutgoingLetter>,
    /// Nothing new is sent until all replies are there and were proved to be in step.
    is_draining: bool,
    /// A letter was refused: the relay may refuse MAIL for those behind it (503).
    refused: bool,
    /// Why the connection ends after the window is drained.
    final_error: Option<ConnectionError>,
}

impl SmtpSender {
    /// Sends letters by BDAT, as long as there are some.
    pub(super) async fn send_bdat(&mut self, first: OutgoingLetter) -> Result<(), ConnectionError> {
        let mut new_letters = vec![first];
        let mut window = BdatWindow::default();
        loop {
            let max = self.relay.window();
            // Not before half of the window is free, so that several letters share a commit and a write.
            let has_room = !window.is_draining && window.in_flight.len() * 2 <= max;
            while has_room && new_letters.len() + window.in_flight.len() < max {
                match self.next_letter().await {
                    Some(letter) => new_letters.push(letter),
                    None => break,
                }
            }
            if new_letters.is_empty() && window.in_flight.is_empty() {
                let was_draining = std::mem::take(&mut window.is_draining);
                if was_draining || self.needs_check() {
                    let checked = self.check_in_step().await;
                    window.refused = false;
                    return match (checked, window.final_error.take()) {
                        (Err(error), _) | (Ok(()), Some(error)) => Err(error),
                        (Ok(()), None) if was_draining && !self.is_ending => continue,
                        (Ok(()), None) => Ok(()),
                    };
                }
                return Ok(());
            }
            if !new_letters.is_empty() {
                let granted = self.record(&new_letters).await;
                self.write_letters(&mut window, std::mem::take(&mut new_letters), &granted).await;
            }
            let Some(oldest) = window.in_flight.pop_front() else { continue };
            match self.read_replies().await {
                Ok(replies) => self.judge_bdat(&mut window, oldest, &replies),
                Err(error) => {
                    self.settle_in_flight(oldest, window.in_flight, &error).await;
                    return Err(error);
                }
            }
            if self.relay.needs_check(self.unproven.letters, self.unproven.may_be_out_of_step()) {
                window.is_draining = true;
            }
        }
    }

    /// Sends letters in one write. If it fails, those whose last byte was not sent go back into the queue, and the replies
    /// to the others are still read.
    async fn write_letters(
        &mut self,
        window: &mut BdatWindow,
        new_letters: Vec<OutgoingLetter>,
        granted: &HashSet<i64>,
    ) {
        let mut flight = String::with_capacity(new_letters.iter().map(|letter| letter.written.text.len() + 500).sum());
        let mut ends = Vec::with_capacity(new_letters.len());
        let before = window.in_flight.len();
        for mut letter in new_letters.into_iter().filter(|letter| granted.contains(&letter.leased.letter.id)) {
            letter.marked = true;
            let text = &letter.written.text;
            flight.push_str(&letter.mail);
            flight.push_str(&letter.rcpt);
            flight.push_str(&format!("BDAT {} LAST\r\n", text.len()));
            flight.push_str(text);
            ends.push(flight.len());
            window.in_flight.push_back(letter);
        }
        if ends.is_empty() {
            return;
        }
        let written = match self.connection() {
            Ok(connection) => connection.write(flight.as_bytes(), ends.len() * 3).await,
            Err(error) => Err(WriteError { error, written: 0 }),
        };
        if let Err(WriteError { error, written }) = written {
            let sent = ends.iter().take_while(|end| **end <= written).count();
            for letter in window.in_flight.split_off(before + sent) {
                self.requeue(letter, &error.message);
            }
            window.is_draining = true;
            window.final_error = Some(error);
        }
    }

    /// Reads the replies to the oldest letter in flight.
    async fn read_replies(&mut self) -> Result<BdatReplies, ConnectionError> {
        Ok(BdatReplies { mail: self.reply().await?, recipient: self.reply().await?, end: self.reply().await? })
    }

    /// Settles a letter by its replies. A letter before it may have been refused.
    fn judge_bdat(&mut self, window: &mut BdatWindow, letter: OutgoingLetter, replies: &BdatReplies) {
        let BdatReplies { mail, recipient, end } = replies;
        let behind = window.refused;
        let replies = [(SmtpCommand::Mail, mail), (SmtpCommand::Recipient, recipient), (SmtpCommand::End, end)];
        let [mail_class, recipient_class, end_class] = replies.map(|(command, reply)| command.classify(reply.code));
        // Either the relay always replies so, or replies are out of step: the check will tell.
        let unexpected =
            replies.into_iter().find(|(command, reply)| command.classify(reply.code) == ReplyClass::Unexpected);
        if let Some((command, reply)) = unexpected {
            window.is_draining = true;
            window.final_error.get_or_insert_with(|| ConnectionError::new(unexpected_reply(command, reply)));
        }
        // MAIL may have been refused because of the letter before it; the last reply counts.
        if recipient_class != ReplyClass::No && end_class == ReplyClass::Yes {
            let is_suspect = unexpected.is_none() && self.looks_out_of_step(mail, recipient, end);
            window.is_draining |= is_suspect || mail_class != ReplyClass::Yes;
            window.refused |= mail_class == ReplyClass::No;
            return self.settle(letter, Some(SmtpStep::End), LetterVerdict::of(SmtpStep::End, end));
        }
        (window.is_draining, window.refused) = (true, true);
        let out_of_order = |reply: &Reply| behind && reply.code == 503;
        if mail_class == ReplyClass::No && !out_of_order(mail) {
            let error = self.refused_sender(letter, mail);
            window.final_error.get_or_insert(error);
            return;
        }
        let verdict = if out_of_order(mail)
            || out_of_order(recipient)
            || (recipient_class == ReplyClass::Yes && out_of_order(end))
        {
            LetterVerdict::Requeue(format!("the letter before it was refused: {end}"))
        } else if end_class == ReplyClass::No
            && let Some((command, reply)) = unexpected
        {
            // The unexpected reply may be the reason.
            LetterVerdict::Requeue(unexpected_reply(command, reply))
        } else if recipient_class == ReplyClass::No {
            LetterVerdict::of(SmtpStep::Recipient, recipient)
        } else {
            LetterVerdict::of(SmtpStep::End, end)
        };
        let step = if recipient_class == ReplyClass::No { SmtpStep::Recipient } else { SmtpStep::End };
        self.settle(letter, Some(step), verdict);
    }

    /// Settles the letters in flight when the connection is lost. After 421 and the end of the stream, the relay has
    /// accepted none of them; otherwise they are unknown.
    async fn settle_in_flight(
        &mut self,
        oldest: OutgoingLetter,
        in_flight: VecDeque<OutgoingLetter>,
        error: &ConnectionError,
    ) {
        let is_closed = error.closed_by_relay
            && !self.unproven.may_be_out_of_step()
            && matches!(self.reply().await, Err(end) if !end.timed_out);
        self.settle_by_error(oldest, error);
        for letter in in_flight {
            match is_closed {
                true => self.requeue(letter, &error.message),
                false => self.settle(letter, None, LetterVerdict::Unknown(error.message.clone())),
            }
        }
    }
}
