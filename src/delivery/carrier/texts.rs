//! Letters as texts that a dot ends: in flights, where the end of one letter and the envelope of the
//! next go out in one write (RFC 2920), or in steps.

use super::{Carrier, Letter};
use crate::delivery::{
    verdict::{Reply, Step, Verdict},
    wire::Broken,
};

impl Carrier {
    /// Carries letters as text that a dot ends, as long as there are some.
    pub(super) async fn texts(&mut self, first: Letter) -> Result<(), Broken> {
        let mut ready = self.announce(first).await?;
        loop {
            let Some(mut letter) = ready.take() else {
                match self.one_more().await {
                    Some(next) => ready = self.announce(next).await?,
                    None => return Ok(()),
                }
                continue;
            };
            let next = if self.pipelines() { self.one_more().await } else { None };
            letter.marked = self.record(std::slice::from_ref(&letter)).await.contains(&letter.leased.letter.id);
            if !letter.marked {
                // The relay waits for a text that another worker may have sent.
                if let Some(next) = next {
                    self.back(&next, "not handed over");
                }
                return Err(Broken::because("a lease was lost while the relay waited"));
            }
            let mut flight = std::mem::take(&mut letter.written.text);
            flight.push_str(".\r\n");
            if let Some(next) = &next {
                flight.push_str(&self.envelope(next));
            }
            match self.send(flight).await {
                Ok(reply) => self.settle(&letter, Some(Step::End), Verdict::of(Step::End, &reply)),
                Err(broken) => {
                    self.settle_broken(letter, &broken);
                    if let Some(next) = next {
                        self.back(&next, &broken.words);
                    }
                    return Err(broken);
                }
            }
            if let Some(next) = next {
                let answers = self.answers(None).await;
                ready = self.weigh(next, answers).await?;
            }
        }
    }

    /// Announces a letter; gives it back if the relay waits for its text.
    async fn announce(&mut self, letter: Letter) -> Result<Option<Letter>, Broken> {
        let answers = if self.pipelines() {
            let flight = self.envelope(&letter);
            match self.send(flight).await {
                Ok(first) => self.answers(Some(first)).await,
                Err(broken) => Err(broken),
            }
        } else {
            self.steps(&letter).await
        };
        self.weigh(letter, answers).await
    }

    /// The commands before a letter's text, for one write.
    fn envelope(&self, letter: &Letter) -> String {
        let reset = if self.reset { "RSET\r\n" } else { "" };
        format!("{reset}{}{}DATA\r\n", letter.mail, letter.rcpt)
    }

    /// The answers to [`Self::envelope`], of which the first may be there already.
    async fn answers(&mut self, first: Option<Reply>) -> Result<(Reply, Reply, Reply), Broken> {
        let mut first = match first {
            Some(first) => first,
            None => self.answer().await?,
        };
        if std::mem::take(&mut self.reset) {
            first = self.answer().await?;
        }
        Ok((first, self.answer().await?, self.answer().await?))
    }

    /// The same, asked one by one, and no further than makes sense.
    async fn steps(&mut self, letter: &Letter) -> Result<(Reply, Reply, Reply), Broken> {
        if std::mem::take(&mut self.reset) {
            self.send("RSET\r\n").await?;
        }
        let mail = self.send(&letter.mail).await?;
        if !mail.is_positive() {
            return Ok((mail.clone(), mail.clone(), mail));
        }
        let rcpt = self.send(&letter.rcpt).await?;
        if !rcpt.is_positive() {
            return Ok((mail, rcpt.clone(), rcpt));
        }
        let data = self.send("DATA\r\n").await?;
        Ok((mail, rcpt, data))
    }

    /// Judges the answers to an envelope; gives the letter back if the relay waits for its text.
    async fn weigh(
        &mut self,
        letter: Letter,
        answers: Result<(Reply, Reply, Reply), Broken>,
    ) -> Result<Option<Letter>, Broken> {
        let (mail, rcpt, data) = match answers {
            Ok(answers) => answers,
            Err(broken) => {
                self.back(&letter, &broken.words);
                return Err(broken);
            }
        };
        if !mail.is_positive() {
            return Err(self.refused_sender(letter, &mail));
        }
        let (step, reply) = match (rcpt.is_positive(), data.is_positive()) {
            (true, true) => return Ok(Some(letter)),
            (true, false) => (Step::Data, &data),
            (false, _) => (Step::Recipient, &rcpt),
        };
        self.settle(&letter, Some(step), Verdict::of(step, reply));
        if data.is_positive() {
            // It refused the only recipient and wants the text all the same (RFC 2920, 3.1): it
            // gets none, and whatever it says to that counts for nothing.
            self.send(".\r\n").await?;
        } else {
            self.reset = true;
        }
        Ok(None)
    }
}
