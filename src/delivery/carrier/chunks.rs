//! Letters as chunks of a known length (BDAT, RFC 3030), a window of them on their way at once.

use std::collections::{HashSet, VecDeque};

use super::{Carrier, Letter};
use crate::delivery::{
    verdict::{Reply, Step, Verdict},
    wire::Broken,
};

impl Carrier {
    /// Carries letters as chunks of a known length, as long as there are some.
    pub(super) async fn chunks(&mut self, first: Letter) -> Result<(), Broken> {
        let window = self.relay.config.window as usize;
        let mut fresh = vec![first];
        let mut flying: VecDeque<Letter> = VecDeque::new();
        // Something was refused: the relay's state is cleared before anything new is sent to it.
        let mut refused = false;
        let mut refuses_us = None;
        loop {
            // Letters go several at a time, so that they share a commit and a write.
            let room = !refused && flying.len() * 2 <= window;
            while room && fresh.len() + flying.len() < window {
                match self.one_more().await {
                    Some(letter) => fresh.push(letter),
                    None => break,
                }
            }
            if fresh.is_empty() && flying.is_empty() {
                match refuses_us {
                    Some(broken) => return Err(broken),
                    None if refused => (self.reset, refused) = (true, false),
                    None => return Ok(()),
                }
                continue;
            }
            let granted = if fresh.is_empty() { HashSet::new() } else { self.record(&fresh).await };
            let mut flight = String::with_capacity(fresh.iter().map(|letter| letter.written.text.len() + 500).sum());
            let reset = self.reset && !granted.is_empty();
            if reset {
                flight.push_str("RSET\r\n");
                self.reset = false;
            }
            for mut letter in fresh.drain(..).filter(|letter| granted.contains(&letter.leased.letter.id)) {
                letter.marked = true;
                let text = &letter.written.text;
                flight.push_str(&letter.mail);
                flight.push_str(&letter.rcpt);
                flight.push_str(&format!("BDAT {} LAST\r\n", text.len()));
                flight.push_str(text);
                flying.push_back(letter);
            }
            let Some(oldest) = flying.pop_front() else { continue };
            match self.hear(flight, reset).await {
                Ok((mail, rcpt, end)) => match self.weigh_chunk(oldest, &mail, &rcpt, &end, refused) {
                    Ok(clean) => refused |= !clean,
                    Err(broken) => (refused, refuses_us) = (true, Some(broken)),
                },
                Err(broken) => {
                    self.settle_broken(oldest, &broken);
                    self.settle_flying(flying, &broken).await;
                    return Err(broken);
                }
            }
        }
    }

    /// Sends what there is to send, and hears the answers about the oldest letter on its way.
    async fn hear(&mut self, flight: String, reset: bool) -> Result<(Reply, Reply, Reply), Broken> {
        let mut first = if flight.is_empty() { self.answer().await? } else { self.send(flight).await? };
        if reset {
            first = self.answer().await?;
        }
        Ok((first, self.answer().await?, self.answer().await?))
    }

    /// Judges the answers about a chunk, which may be on its way behind one that was refused; false
    /// if the relay's state must be cleared, an error if it wants nothing of ours.
    fn weigh_chunk(
        &mut self,
        letter: Letter,
        mail: &Reply,
        rcpt: &Reply,
        end: &Reply,
        behind: bool,
    ) -> Result<bool, Broken> {
        // That a letter before it was refused may cost it its own MAIL; what counts is the end.
        if rcpt.is_positive() && end.is_positive() {
            self.settle(&letter, Some(Step::End), Verdict::of(Step::End, end));
            return Ok(mail.is_positive());
        }
        let out_of_order = |reply: &Reply| behind && reply.code == 503;
        if !mail.is_positive() && !out_of_order(mail) {
            return Err(self.refused_sender(letter, mail));
        }
        let verdict = if out_of_order(mail) || out_of_order(rcpt) || (rcpt.is_positive() && out_of_order(end)) {
            Verdict::Back(format!("the letter before it was refused: {end}"))
        } else if !rcpt.is_positive() {
            Verdict::of(Step::Recipient, rcpt)
        } else {
            Verdict::of(Step::End, end)
        };
        let step = if rcpt.is_positive() { Step::End } else { Step::Recipient };
        self.settle(&letter, Some(step), verdict);
        Ok(false)
    }

    /// What becomes of letters on their way behind the one about which the connection broke. After
    /// 421 and a closed line the relay has taken none of them; otherwise nobody knows.
    async fn settle_flying(&mut self, flying: VecDeque<Letter>, broken: &Broken) {
        let closed = broken.said && matches!(self.answer().await, Err(end) if !end.silent);
        for letter in flying {
            let words = broken.words.clone();
            let verdict = if closed { Verdict::Back(words) } else { Verdict::Unknown(words) };
            self.settle(&letter, None, verdict);
        }
    }
}
