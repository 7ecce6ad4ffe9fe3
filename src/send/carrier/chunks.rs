//! Letters as chunks of a known length (BDAT, RFC 3030), a window of them on their way at once.

use std::collections::{HashSet, VecDeque};

use super::{Carrier, Letter};
use crate::send::{
    verdict::{Reply, Step, Verdict},
    wire::{Broken, Command, Says, Unwritten, nonsense},
};

/// The answers to a letter.
struct Answers {
    mail: Reply,
    recipient: Reply,
    end: Reply,
}

/// Letters on their way.
#[derive(Default)]
struct Window {
    flying: VecDeque<Letter>,
    /// Nothing new goes out before all are answered about, the relay's state is cleared, and its
    /// answers are known to be in step.
    drains: bool,
    /// One before was refused: that may cost those behind it their MAIL.
    refused: bool,
    /// Why the connection ends after that.
    end: Option<Broken>,
}

impl Carrier {
    /// Carries letters as chunks of a known length, as long as there are some.
    pub(super) async fn chunks(&mut self, first: Letter) -> Result<(), Broken> {
        let mut fresh = vec![first];
        let mut window = Window::default();
        loop {
            let most = self.relay.window();
            // Letters go several at a time, so that they share a commit and a write.
            let room = !window.drains && window.flying.len() * 2 <= most;
            while room && fresh.len() + window.flying.len() < most {
                match self.one_more().await {
                    Some(letter) => fresh.push(letter),
                    None => break,
                }
            }
            if fresh.is_empty() && window.flying.is_empty() {
                let drained = std::mem::take(&mut window.drains);
                if drained || self.must_prove() {
                    let proven = self.prove().await;
                    window.refused = false;
                    return match (proven, window.end.take()) {
                        (Err(broken), _) | (Ok(()), Some(broken)) => Err(broken),
                        (Ok(()), None) if drained && !self.leave => continue,
                        (Ok(()), None) => Ok(()),
                    };
                }
                return Ok(());
            }
            if !fresh.is_empty() {
                let granted = self.record(&fresh).await;
                self.launch(&mut window, std::mem::take(&mut fresh), &granted).await;
            }
            let Some(oldest) = window.flying.pop_front() else { continue };
            match self.hear().await {
                Ok(answers) => self.weigh_chunk(&mut window, oldest, &answers),
                Err(broken) => {
                    self.settle_flying(oldest, window.flying, &broken).await;
                    return Err(broken);
                }
            }
            if self.relay.wants_proof(self.track.letters, self.track.is_doubtful()) {
                window.drains = true;
            }
        }
    }

    /// Sends letters in one write. If that breaks off, those whose last byte stayed here go back into
    /// the queue, and what the relay says of the others is still read.
    async fn launch(&mut self, window: &mut Window, fresh: Vec<Letter>, granted: &HashSet<i64>) {
        let mut flight = String::with_capacity(fresh.iter().map(|letter| letter.written.text.len() + 500).sum());
        let mut ends = Vec::with_capacity(fresh.len());
        let before = window.flying.len();
        for mut letter in fresh.into_iter().filter(|letter| granted.contains(&letter.leased.letter.id)) {
            letter.marked = true;
            let text = &letter.written.text;
            flight.push_str(&letter.mail);
            flight.push_str(&letter.rcpt);
            flight.push_str(&format!("BDAT {} LAST\r\n", text.len()));
            flight.push_str(text);
            ends.push(flight.len());
            window.flying.push_back(letter);
        }
        if ends.is_empty() {
            return;
        }
        let written = match self.wire() {
            Ok(wire) => wire.write(flight.as_bytes(), ends.len() * 3).await,
            Err(broken) => Err(Unwritten { broken, written: 0 }),
        };
        if let Err(Unwritten { broken, written }) = written {
            let sent = ends.iter().take_while(|end| **end <= written).count();
            for letter in window.flying.split_off(before + sent) {
                self.back(letter, &broken.words);
            }
            window.drains = true;
            window.end = Some(broken);
        }
    }

    /// Hears the answers about the oldest letter on its way.
    async fn hear(&mut self) -> Result<Answers, Broken> {
        Ok(Answers { mail: self.answer().await?, recipient: self.answer().await?, end: self.answer().await? })
    }

    /// Judges the answers about a chunk, which may be on its way behind one that was refused.
    fn weigh_chunk(&mut self, window: &mut Window, letter: Letter, answers: &Answers) {
        let Answers { mail, recipient, end } = answers;
        let behind = window.refused;
        let said = [(Command::Mail, mail), (Command::Recipient, recipient), (Command::End, end)];
        let [mail_says, recipient_says, end_says] = said.map(|(command, reply)| command.judge(reply.code));
        // What makes no sense may be the relay's way, or somebody else's answer: the proof will tell.
        let odd = said.into_iter().find(|(command, reply)| command.judge(reply.code) == Says::Nonsense);
        if let Some((command, reply)) = odd {
            window.drains = true;
            window.end.get_or_insert_with(|| Broken::because(nonsense(command, reply)));
        }
        // That a letter before it was refused may cost it its own MAIL; what counts is the end.
        if recipient_says != Says::No && end_says == Says::Yes {
            let wrong = odd.is_none() && self.looks_wrong(mail, recipient, end);
            window.drains |= wrong || mail_says != Says::Yes;
            window.refused |= mail_says == Says::No;
            return self.settle(letter, Some(Step::End), Verdict::of(Step::End, end));
        }
        (window.drains, window.refused) = (true, true);
        let out_of_order = |reply: &Reply| behind && reply.code == 503;
        if mail_says == Says::No && !out_of_order(mail) {
            let broken = self.refused_sender(letter, mail);
            window.end.get_or_insert(broken);
            return;
        }
        let verdict =
            if out_of_order(mail) || out_of_order(recipient) || (recipient_says == Says::Yes && out_of_order(end)) {
                Verdict::Back(format!("the letter before it was refused: {end}"))
            } else if end_says == Says::No
                && let Some((command, reply)) = odd
            {
                // It may have been refused because of that.
                Verdict::Back(nonsense(command, reply))
            } else if recipient_says == Says::No {
                Verdict::of(Step::Recipient, recipient)
            } else {
                Verdict::of(Step::End, end)
            };
        let step = if recipient_says == Says::No { Step::Recipient } else { Step::End };
        self.settle(letter, Some(step), verdict);
    }

    /// What becomes of the letter about which the connection broke, and of those on their way behind
    /// it. After 421 and a closed line the relay has taken none of them; otherwise nobody knows.
    async fn settle_flying(&mut self, oldest: Letter, flying: VecDeque<Letter>, broken: &Broken) {
        let closed = broken.said && !self.track.is_doubtful() && matches!(self.answer().await, Err(end) if !end.silent);
        self.settle_broken(oldest, broken);
        for letter in flying {
            match closed {
                true => self.back(letter, &broken.words),
                false => self.settle(letter, None, Verdict::Unknown(broken.words.clone())),
            }
        }
    }
}
