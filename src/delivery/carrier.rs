//! Carries letters over one connection to a relay. How depends on what the relay offers:
//!
//! - **chunks** (BDAT, RFC 3030): a few letters are on their way at once;
//! - **flights** (RFC 2920): the end of one letter and the envelope of the next go out in one
//!   write, so that a letter costs one round trip;
//! - **steps**: the plain dialogue.
//!
//! Before a letter's last byte goes out, it stands in the ledger as `sending`. So of a carrier that
//! dies, as many letters are `unknown` as were on their way: one, or a window of them.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    Error,
    post::Job,
    relays::Relay,
    round::Round,
    verdict::{Reply, Step, Verdict},
    wire::{Broken, Wire},
};
use crate::{
    digest::letter::Written,
    model::LetterState,
    store::{Leased, Mark, Settlement},
};

/// How long a connection is kept without a letter: one that the relay has closed meanwhile would
/// cost a letter its certainty.
const IDLE: Duration = Duration::from_secs(3);

/// How long a carrier waits that got no connection where others have one.
const QUEUE: Duration = Duration::from_millis(500);

/// A letter with its envelope, ready to go.
struct Letter {
    leased: Leased,
    written: Written,
    mail: String,
    rcpt: String,
    /// Whether it stands in the ledger as `sending`.
    marked: bool,
}

/// Who carries letters over one connection.
pub(super) struct Carrier {
    round: Arc<Round>,
    relay: Arc<Relay>,
    wire: Option<Wire>,
    /// Letters over this connection.
    carried: u32,
    /// RSET must go before the next letter.
    reset: bool,
    /// What is known and not written down yet.
    settled: Vec<Settlement>,
}

impl Carrier {
    pub(super) fn new(round: Arc<Round>, relay: Arc<Relay>) -> Self {
        Self { round, relay, wire: None, carried: 0, reset: false, settled: Vec::new() }
    }

    /// Carries letters until no more will come.
    pub(super) async fn work(mut self) -> Result<(), Error> {
        let outcome = self.carry_all().await;
        self.record(&[]).await;
        if let Some(wire) = self.wire.take() {
            self.hang_up();
            wire.quit().await;
        }
        outcome
    }

    async fn carry_all(&mut self) -> Result<(), Error> {
        loop {
            self.record(&[]).await;
            if self.wire.is_none() {
                if !self.relay.has_letters().await {
                    return Ok(());
                }
                // Whoever has a connection meanwhile takes the letters, or gives them back.
                if !self.round.is_over() && self.relay.out(self.round.now()).is_none() && !self.connect().await {
                    continue;
                }
            }
            let job = match tokio::time::timeout(IDLE, self.relay.next()).await {
                Ok(Some(job)) => job,
                Ok(None) => return Ok(()),
                Err(_) => {
                    self.close().await;
                    continue;
                }
            };
            if self.round.is_over() || self.relay.out(self.round.now()).is_some() {
                self.round.give_back(job).await;
                continue;
            }
            self.relay.pace().await;
            if !self.relay.within_day(&self.round.store, self.round.now()).await? {
                self.relay.is_full(self.round.now());
                self.round.give_back(job).await;
                continue;
            }
            let Some(letter) = self.compose(job) else { continue };
            let outcome = match self.wire.as_ref().is_some_and(|wire| wire.offers.chunking) {
                true => self.chunks(letter).await,
                false => self.texts(letter).await,
            };
            if let Err(broken) = outcome {
                self.hang_up();
                self.wire = None;
                self.record(&[]).await;
                self.recover(&broken).await;
            } else if self.relay.config.letters_per_connection.is_some_and(|most| self.carried >= most) {
                self.close().await;
            }
        }
    }

    /// Makes a connection. Until one has been made, one is tried at a time: a relay that is not
    /// there is not asked by all at once.
    async fn connect(&mut self) -> bool {
        let relay = Arc::clone(&self.relay);
        let door = match relay.known.load(Ordering::Acquire) {
            true => None,
            false => Some(relay.door.lock().await),
        };
        // Who waited at the door may come too late.
        if relay.out(self.round.now()).is_some() {
            return false;
        }
        match Wire::open(&relay.config).await {
            Ok(wire) => {
                self.wire = Some(wire);
                relay.open.fetch_add(1, Ordering::AcqRel);
                relay.known.store(true, Ordering::Release);
                return true;
            }
            // It takes letters, but no more connections.
            Err(_) if relay.open.load(Ordering::Acquire) > 0 => {
                drop(door);
                tokio::time::sleep(QUEUE).await;
            }
            Err(broken) => self.recover(&broken).await,
        }
        false
    }

    async fn recover(&self, broken: &Broken) {
        if let Some(pause) = self.relay.suffers(broken, self.round.now()) {
            tokio::time::sleep(pause).await;
        }
    }

    async fn close(&mut self) {
        if let Some(wire) = self.wire.take() {
            self.hang_up();
            wire.quit().await;
        }
    }

    fn hang_up(&mut self) {
        self.relay.open.fetch_sub(1, Ordering::AcqRel);
        self.carried = 0;
        self.reset = false;
    }

    /// Writes a letter and its envelope; one that cannot be written, or that this relay cannot
    /// take, is refused for good.
    fn compose(&mut self, job: Job) -> Option<Letter> {
        let id = format!("{}.{}", self.round.edition.period, job.leased.letter.subscriber);
        let envelope = |written: &Written| match &self.wire {
            Some(wire) => wire.offers.envelope(written, &id),
            None => Err("not sent: there is no connection".to_owned()),
        };
        match job.write().and_then(|written| envelope(&written).map(|lines| (written, lines))) {
            Ok((written, (mail, rcpt))) => {
                self.carried += 1;
                Some(Letter { leased: job.leased, written, mail, rcpt, marked: false })
            }
            Err(reason) => {
                let settlement = self.round.judge("", &job.leased, None, Verdict::Refused(reason));
                self.settled.push(settlement);
                None
            }
        }
    }

    /// One more letter for this connection, if one may go now.
    async fn one_more(&mut self) -> Option<Letter> {
        let full = self.relay.config.letters_per_connection.is_some_and(|most| self.carried >= most);
        if full || self.round.is_over() || !self.relay.may_go() {
            return None;
        }
        loop {
            let job = self.relay.try_next()?;
            match self.relay.within_day(&self.round.store, self.round.now()).await {
                Ok(true) => {}
                // Who asks next finds out why.
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

    // --- Flights and steps -----------------------------------------------------

    /// Carries letters as text that a dot ends, as long as there are some.
    async fn texts(&mut self, first: Letter) -> Result<(), Broken> {
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
                    self.back(next, "not handed over");
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
                        self.back(next, &broken.words);
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
                self.back(letter, &broken.words);
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

    // --- Chunks ----------------------------------------------------------------

    /// Carries letters as chunks of a known length, as long as there are some.
    async fn chunks(&mut self, first: Letter) -> Result<(), Broken> {
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
                Ok((mail, rcpt, end)) => match self.weigh_chunk(oldest, &mail, &rcpt, &end) {
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

    /// Judges the answers about a chunk; false if the relay's state must be cleared, an error if it
    /// wants nothing of ours.
    fn weigh_chunk(&mut self, letter: Letter, mail: &Reply, rcpt: &Reply, end: &Reply) -> Result<bool, Broken> {
        // That a letter before it was refused may cost it its own MAIL; what counts is the end.
        if rcpt.is_positive() && end.is_positive() {
            self.settle(&letter, Some(Step::End), Verdict::of(Step::End, end));
            return Ok(mail.is_positive());
        }
        if !mail.is_positive() && mail.code != 503 {
            return Err(self.refused_sender(letter, mail));
        }
        let out_of_order = |reply: &Reply| reply.code == 503;
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

    // --- What all ways have in common --------------------------------------------

    fn pipelines(&self) -> bool {
        self.wire.as_ref().is_some_and(|wire| wire.offers.pipelining)
    }

    async fn send(&mut self, what: impl std::fmt::Display) -> Result<Reply, Broken> {
        match &mut self.wire {
            Some(wire) => wire.send(what).await,
            None => Err(Broken::because("there is no connection")),
        }
    }

    async fn answer(&mut self) -> Result<Reply, Broken> {
        match &mut self.wire {
            Some(wire) => wire.answer().await,
            None => Err(Broken::because("there is no connection")),
        }
    }

    /// Who refuses the sender refuses every letter.
    fn refused_sender(&mut self, letter: Letter, mail: &Reply) -> Broken {
        if mail.is_policy() {
            self.round.pause(&self.relay.config.name, &mail.to_string());
        }
        let words = format!("it refuses our sender: {mail}");
        self.back(letter, &words);
        Broken::because(words)
    }

    /// The connection broke after the letter's last byte: 421 says that it was not taken, silence
    /// says nothing.
    fn settle_broken(&mut self, letter: Letter, broken: &Broken) {
        let words = broken.words.clone();
        let verdict = if broken.said { Verdict::Back(words) } else { Verdict::Unknown(words) };
        self.settle(&letter, None, verdict);
    }

    fn back(&mut self, letter: Letter, words: &str) {
        self.settle(&letter, None, Verdict::Back(words.to_owned()));
    }

    /// Notes what becomes of a letter; it is written down with the next letters, or soon.
    fn settle(&mut self, letter: &Letter, step: Option<Step>, verdict: Verdict) {
        if matches!(verdict, Verdict::Sent(_)) {
            self.relay.thrives();
        }
        // A try is counted when a letter is marked. One that was refused before was tried as well,
        // and one that comes back was not.
        let tries = match &verdict {
            Verdict::Back(_) => -i64::from(letter.marked),
            _ => i64::from(!letter.marked),
        };
        let settlement = self.round.judge(&self.relay.config.name, &letter.leased, step, verdict);
        self.settled.push(Settlement { tries, ..settlement });
    }

    /// Has written down what is known, and that these letters are about to be handed over.
    async fn record(&mut self, letters: &[Letter]) -> HashSet<i64> {
        let settled = std::mem::take(&mut self.settled);
        let until = self.round.now() + self.relay.config.timeout * 2 + Duration::from_secs(10);
        let marks: Vec<Mark> = letters.iter().map(|letter| Mark { lease: letter.leased.lease, until }).collect();
        let done = settled.len();
        let finished = settled.iter().filter(|s| s.state != LetterState::Queued && s.state != LetterState::Deferred);
        let finished = finished.count();
        let granted = self.round.clerk.record(settled, marks).await;
        self.round.is_done(done + letters.len() - granted.len(), finished);
        granted
    }
}
