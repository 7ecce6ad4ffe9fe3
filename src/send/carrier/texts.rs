//! Letters as texts that a dot ends: in flights, where the end of one letter and the envelope of the
//! next go out in one write (RFC 2920), or in steps. The 354 to each DATA proves that all answers
//! before it were in step.

use super::{Carrier, Letter};
use crate::send::{
    verdict::{Reply, Step, Verdict},
    wire::{Broken, Command, Says, nonsense},
};

/// So many refusals are kept back until they are proven.
const FEW: usize = 8;

/// The answers to an envelope.
struct Answers {
    mail: Reply,
    recipient: Reply,
    data: Reply,
}

impl Carrier {
    /// Carries letters as text that a dot ends, as long as there are some.
    pub(super) async fn texts(&mut self, first: Letter) -> Result<(), Broken> {
        let mut ready = self.announce(first).await?;
        loop {
            let Some(letter) = ready.take() else {
                if self.track.held.len() >= FEW && self.must_prove() {
                    self.prove().await?;
                }
                match self.one_more().await {
                    Some(next) => ready = self.announce(next).await?,
                    None if self.must_prove() => self.prove().await?,
                    None => return Ok(()),
                }
                continue;
            };
            // A relay that was out of step gets one thing at a time.
            let ahead = self.pipelines() && self.relay.window() > 1;
            let next = if ahead { self.one_more().await } else { None };
            ready = self.hand_over(letter, next).await?;
        }
    }

    /// Hands over the text that the relay waits for, with the envelope of the next letter; gives that
    /// back if the relay waits for its text, too.
    async fn hand_over(&mut self, mut letter: Letter, next: Option<Letter>) -> Result<Option<Letter>, Broken> {
        letter.marked = self.record(std::slice::from_ref(&letter)).await.contains(&letter.leased.letter.id);
        if !letter.marked {
            // The relay waits for a text that another worker may have sent.
            if let Some(next) = next {
                self.back(next, "not handed over");
            }
            return Err(Broken::ours("a lease was lost while the relay waited"));
        }
        let mut flight = std::mem::take(&mut letter.written.text);
        flight.push_str(".\r\n");
        let end = flight.len();
        if let Some(next) = &next {
            flight.push_str(&self.envelope(next));
        }
        let answers = if next.is_some() { 4 + usize::from(self.reset) } else { 1 };
        let written = self.wire()?.write(flight.as_bytes(), answers).await;
        let whole = written.as_ref().map_or_else(|unwritten| unwritten.written >= end, |()| true);
        // What the relay says of a letter that it has counts, also where the write broke off after it.
        let reply = match (whole, &written) {
            (true, _) => self.answer().await,
            (false, Err(unwritten)) => Err(unwritten.broken.clone()),
            (false, Ok(())) => Err(Broken::because("it closed the connection")),
        };
        match (reply, written) {
            (Ok(reply), Ok(())) => self.weigh_end(letter, &reply, next).await,
            (Ok(reply), Err(unwritten)) => {
                self.settle(letter, Some(Step::End), Verdict::of(Step::End, &reply));
                self.back_if(next, &unwritten.broken.words);
                Err(unwritten.broken)
            }
            (Err(broken), _) => {
                match whole {
                    true => self.settle_broken(letter, &broken),
                    false => self.back(letter, &broken.words),
                }
                self.back_if(next, &broken.words);
                Err(broken)
            }
        }
    }

    /// Judges the answer to a letter's end, then those to the envelope that went with it.
    async fn weigh_end(
        &mut self,
        letter: Letter,
        reply: &Reply,
        next: Option<Letter>,
    ) -> Result<Option<Letter>, Broken> {
        let says = Command::End.judge(reply.code);
        if let (Says::Yes, Some((mail, recipient))) = (says, &letter.answers) {
            self.looks_wrong(mail, recipient, reply);
        }
        self.settle(letter, Some(Step::End), Verdict::of(Step::End, reply));
        let odd = (says == Says::Nonsense).then(|| nonsense(Command::End, reply));
        let Some(next) = next else {
            return match odd {
                Some(words) => Err(self.proven_or_astray(words).await),
                None => Ok(None),
            };
        };
        let answers = self.answers().await;
        let ready = self.weigh(next, answers).await?;
        match (odd, ready) {
            (None, ready) => Ok(ready),
            (Some(words), Some(next)) => {
                self.back(next, &words);
                Err(Broken::because(words))
            }
            (Some(words), None) => Err(self.proven_or_astray(words).await),
        }
    }

    /// An answer made no sense. If the relay can still prove that its answers are in step, those
    /// before that one count.
    async fn proven_or_astray(&mut self, words: String) -> Broken {
        if let Ok(wire) = self.wire() {
            wire.hurry();
        }
        match self.prove().await {
            Ok(()) if !self.leave => Broken::because(words),
            // That it says no more is no wonder.
            Ok(()) | Err(_) => Broken::astray(words),
        }
    }

    fn back_if(&mut self, next: Option<Letter>, words: &str) {
        if let Some(next) = next {
            self.back(next, words);
        }
    }

    /// Announces a letter; gives it back if the relay waits for its text.
    async fn announce(&mut self, letter: Letter) -> Result<Option<Letter>, Broken> {
        let answers = if self.pipelines() && self.relay.window() > 1 {
            let flight = self.envelope(&letter);
            let count = 3 + usize::from(self.reset);
            match self.wire()?.write(flight.as_bytes(), count).await {
                Ok(()) => self.answers().await,
                Err(unwritten) => Err(unwritten.broken),
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

    /// The answers to [`Self::envelope`].
    async fn answers(&mut self) -> Result<Answers, Broken> {
        if std::mem::take(&mut self.reset) {
            let reply = self.answer().await?;
            if Command::Reset.judge(reply.code) == Says::Nonsense {
                return Err(Broken::astray(nonsense(Command::Reset, &reply)));
            }
        }
        Ok(Answers { mail: self.answer().await?, recipient: self.answer().await?, data: self.answer().await? })
    }

    /// The same, asked one by one, and no further than makes sense.
    async fn steps(&mut self, letter: &Letter) -> Result<Answers, Broken> {
        if std::mem::take(&mut self.reset) {
            self.say("RSET\r\n").await?;
        }
        let mail = self.say(&letter.mail).await?;
        if Command::Mail.judge(mail.code) != Says::Yes {
            return Ok(Answers { recipient: mail.clone(), data: mail.clone(), mail });
        }
        let recipient = self.say(&letter.rcpt).await?;
        if Command::Recipient.judge(recipient.code) != Says::Yes {
            return Ok(Answers { data: recipient.clone(), mail, recipient });
        }
        let data = self.say("DATA\r\n").await?;
        Ok(Answers { mail, recipient, data })
    }

    async fn say(&mut self, line: &str) -> Result<Reply, Broken> {
        let wire = self.wire()?;
        wire.write(line.as_bytes(), 1).await?;
        wire.answer().await
    }

    /// Judges the answers to an envelope; gives the letter back if the relay waits for its text.
    async fn weigh(&mut self, mut letter: Letter, answers: Result<Answers, Broken>) -> Result<Option<Letter>, Broken> {
        let Answers { mail, recipient, data } = match answers {
            Ok(answers) => answers,
            Err(broken) => {
                self.back(letter, &broken.words);
                return Err(broken);
            }
        };
        let said = [(Command::Mail, &mail), (Command::Recipient, &recipient), (Command::Data, &data)];
        let [mail_says, recipient_says, data_says] = said.map(|(command, reply)| command.judge(reply.code));
        if mail_says == Says::No {
            return Err(self.refused_sender(letter, &mail));
        }
        if data_says == Says::Yes {
            self.certain();
        }
        // In steps, what was not asked has the answer to what was.
        let odd = said.iter().find(|(command, reply)| command.judge(reply.code) == Says::Nonsense);
        if let Some((command, reply)) = odd {
            let words = nonsense(*command, reply);
            self.back(letter, &words);
            return Err(match data_says {
                // It waits for a text, and gets none.
                Says::Yes => Broken::because(words),
                _ => self.proven_or_astray(words).await,
            });
        }
        match (recipient_says, data_says) {
            (Says::Yes, Says::Yes) => {
                letter.answers = Some((mail, recipient));
                return Ok(Some(letter));
            }
            (Says::Yes, _) => self.settle(letter, Some(Step::Data), Verdict::of(Step::Data, &data)),
            _ => self.settle(letter, Some(Step::Recipient), Verdict::of(Step::Recipient, &recipient)),
        }
        if data_says == Says::Yes {
            // It refused the only recipient and wants the text all the same (RFC 2920, 3.1): it
            // gets none, and whatever it says to that counts for nothing.
            self.say(".\r\n").await?;
        } else {
            self.reset = true;
        }
        Ok(None)
    }
}
