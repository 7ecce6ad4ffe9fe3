//! Sends letters over one connection to a relay. How depends on the relay's extensions:
//!
//! - **BDAT** (RFC 3030): several letters are in flight at once;
//! - **DATA with pipelining** (RFC 2920): the end of one letter and the envelope of the next go out in one write, so that
//!   a letter costs one round trip;
//! - **DATA** without: one command at a time.
//!
//! Before a letter's last byte goes out, it is marked `sending` in the ledger. If the program dies, as many letters become
//! `unknown` as were in flight: one, or a window of them. A reply counts once it is proved that the relay's replies are in
//! step with our commands (`unproven.rs`).

mod bdat;
mod data;
mod settle;
mod take;
mod unproven;

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    Error,
    job::LetterJob,
    ledger::{MARK_DURATION, not_handed_over},
    limits::Bound,
    refusals::RelayRefusal,
    relays::RelayState,
    session::SendSession,
    smtp::{ConnectionError, Reply, SmtpConnection, StepCheck},
    verdict::LetterVerdict,
};
use crate::{
    edition::render::letter::RenderedLetter,
    model::LetterState,
    store::{Leased, Mark, Settlement},
};
use unproven::UnprovenReplies;

/// How long a connection is kept open without a letter. If the relay closed it first, the next letter on it could
/// become unknown.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long to wait if the relay accepts no further connection besides those that are open.
const CONNECT_RETRY_DELAY: Duration = Duration::from_millis(500);

/// A letter with its envelope, ready to be sent.
struct OutgoingLetter {
    leased: Leased,
    written: RenderedLetter,
    mail: String,
    rcpt: String,
    /// Whether it is marked `sending` in the ledger.
    marked: bool,
    /// The replies to MAIL and RCPT.
    envelope_replies: Option<(Reply, Reply)>,
}

/// Sends letters over one connection at a time.
pub(super) struct SmtpSender {
    session: Arc<SendSession>,
    relay: Arc<RelayState>,
    connection: Option<SmtpConnection>,
    /// Over this connection.
    letters_sent: u32,
    /// The providers with limits that it carries letters to.
    bound: Bound,
    /// RSET must be sent before the next letter.
    needs_reset: bool,
    /// Nothing more is sent over this connection.
    is_ending: bool,
    unproven: UnprovenReplies,
    /// Results that are not in the ledger yet.
    settled: Vec<Settlement>,
    /// Those of them that are refusals for good.
    refusals: Vec<RelayRefusal>,
    /// Letters that are `sent` in the ledger and turned out to be unknown.
    corrections: Vec<Settlement>,
    /// Whether it came to its regular end.
    is_finished: bool,
}

impl Drop for SmtpSender {
    /// Ends the session after a panic or an error: otherwise it would wait for these letters for ever.
    fn drop(&mut self) {
        if !self.is_finished {
            self.session.abort();
        }
    }
}

impl SmtpSender {
    pub(super) fn new(session: Arc<SendSession>, relay: Arc<RelayState>) -> Self {
        Self {
            session,
            relay,
            connection: None,
            letters_sent: 0,
            bound: Bound::default(),
            needs_reset: false,
            is_ending: false,
            unproven: UnprovenReplies::default(),
            settled: Vec::new(),
            refusals: Vec::new(),
            corrections: Vec::new(),
            is_finished: false,
        }
    }

    /// Sends letters until no more will come.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        let outcome = self.send_all().await;
        self.record(&[]).await;
        self.close().await;
        self.is_finished = outcome.is_ok();
        outcome
    }

    async fn send_all(&mut self) -> Result<(), Error> {
        loop {
            self.record(&[]).await;
            if self.connection.is_none() {
                if !self.relay.has_letters().await {
                    return Ok(());
                }
                // Meanwhile, letters go over other connections. Once the relay is out of use, they are given back below.
                if !self.session.is_over()
                    && self.relay.out_of_use(self.session.now()).is_none()
                    && !self.connect().await
                {
                    continue;
                }
            }
            let job = match tokio::time::timeout(IDLE_TIMEOUT, self.relay.next(&mut self.bound)).await {
                Ok(Some(job)) => job,
                Ok(None) => return Ok(()),
                Err(_) => {
                    self.close().await;
                    continue;
                }
            };
            if self.session.is_over() || self.relay.out_of_use(self.session.now()).is_some() {
                self.session.give_back(job).await;
                continue;
            }
            // Its domain may have begun to rest since the letter was leased.
            if let Some(rest) = self.session.domain_rest(&job.leased) {
                self.settled.push(rest);
                continue;
            }
            if !self.wait_for_rate().await {
                self.session.give_back(job).await;
                continue;
            }
            if !self.limits_allow(&job).await? {
                continue;
            }
            if !self.relay.take_from_day(&self.session.store, self.session.now()).await? {
                self.relay.day_limit_reached(self.session.now());
                self.session.give_back(job).await;
                continue;
            }
            if job.is_stale(self.session.now()) {
                self.session.remove_in_hand(1, 0);
                continue;
            }
            let Some(letter) = self.compose(job) else { continue };
            let outcome = match self.connection.as_ref().is_some_and(|connection| connection.extensions.chunking) {
                true => self.send_bdat(letter).await,
                false => self.send_data(letter).await,
            };
            if let Err(error) = outcome {
                self.connection = None;
                self.connection_lost(&error);
                self.record(&[]).await;
                self.recover(&error).await;
            } else if self.is_full() || self.is_ending {
                self.close().await;
            }
        }
    }

    /// Makes a connection. Until the first has succeeded, they are tried one at a time, so that a relay that is down is
    /// not asked by all at once.
    async fn connect(&mut self) -> bool {
        let relay = Arc::clone(&self.relay);
        let was_connected = || relay.was_connected.load(Ordering::Acquire);
        let first_connection = if was_connected() { None } else { Some(relay.first_connection.lock().await) };
        // While this one waited, another may have succeeded, or have found that the relay is out of use.
        let first_connection = first_connection.filter(|_| !was_connected());
        if relay.out_of_use(self.session.now()).is_some() {
            return false;
        }
        match SmtpConnection::open(&relay.config).await {
            Ok(connection) => {
                relay.set_extensions(connection.extensions.clone());
                self.session.check_sizes();
                self.connection = Some(connection);
                relay.connections.fetch_add(1, Ordering::AcqRel);
                relay.was_connected.store(true, Ordering::Release);
                return true;
            }
            // It accepts letters, but no more connections.
            Err(_) if relay.connections.load(Ordering::Acquire) > 0 => {
                drop(first_connection);
                tokio::time::sleep(CONNECT_RETRY_DELAY).await;
            }
            Err(error) => self.recover(&error).await,
        }
        false
    }

    async fn recover(&self, error: &ConnectionError) {
        if error.is_local {
            return;
        }
        if let Some(pause) = self.relay.record_failure(error, self.session.now()) {
            tokio::time::sleep(pause).await;
        }
    }

    /// Ends the connection with QUIT, which proves the replies before it.
    async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            match connection.quit().await {
                Ok(()) => {
                    if self.unproven.letters > 0 {
                        self.relay.replies_in_step();
                    }
                    self.confirm();
                    self.forget_connection();
                }
                Err(error) => self.connection_lost(&error),
            }
            self.record(&[]).await;
        }
    }

    fn forget_connection(&mut self) {
        self.relay.connections.fetch_sub(1, Ordering::AcqRel);
        self.unproven = std::mem::take(&mut self.unproven).for_next_connection();
        self.letters_sent = 0;
        self.relay.release(&mut self.bound);
        self.needs_reset = false;
        self.is_ending = false;
    }

    /// Writes a letter and its envelope; none if it cannot be written, or this relay cannot accept it.
    fn compose(&mut self, job: LetterJob) -> Option<OutgoingLetter> {
        let id = format!("{}.{}", self.session.edition.period, job.leased.letter.reader);
        let (written, leased) = match job.write() {
            Ok(written) => (written, job.leased),
            Err(reason) => {
                let settlement =
                    self.session.settlement_for(&self.relay, &job.leased, None, LetterVerdict::Undeliverable(reason));
                self.settled.push(settlement);
                return None;
            }
        };
        let Some(connection) = &self.connection else {
            let settlement = self.session.settlement_for(
                &self.relay,
                &leased,
                None,
                LetterVerdict::Requeue("not handed over".into()),
            );
            self.settled.push(settlement);
            return None;
        };
        if let Err(limit) = connection.extensions.accepts(written.text.len() as u64, &written.recipient) {
            let settlement = self.session.cannot_accept(&self.relay, &leased, &written, limit);
            self.settled.push(settlement);
            return None;
        }
        let (mail, rcpt) = connection.extensions.envelope(&written, &id, self.relay.config.receipts);
        self.letters_sent += 1;
        self.relay.limits.carried(&leased, &mut self.bound);
        Some(OutgoingLetter { leased, written, mail, rcpt, marked: false, envelope_replies: None })
    }

    fn has_pipelining(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.extensions.pipelining)
    }

    fn connection(&mut self) -> Result<&mut SmtpConnection, ConnectionError> {
        self.connection.as_mut().ok_or_else(|| ConnectionError::new("there is no connection"))
    }

    async fn reply(&mut self) -> Result<Reply, ConnectionError> {
        self.connection()?.reply().await
    }

    /// Clears the relay's state, and checks whether all replies until now were in step. Where that cannot be told, the
    /// connection is ended, which tells it.
    async fn check_in_step(&mut self) -> Result<(), ConnectionError> {
        self.needs_reset = false;
        match self.connection()?.check_in_step().await? {
            StepCheck::InStep => {
                self.unproven.shapes.passed_check();
                self.relay.replies_in_step();
                self.confirm();
            }
            StepCheck::CannotTell => self.is_ending = true,
        }
        Ok(())
    }

    /// Whether results wait for a proof that replies are in step.
    fn needs_check(&self) -> bool {
        !self.is_ending && !self.unproven.held.is_empty()
    }

    /// A relay that refuses our sender's address would refuse every letter.
    fn refused_sender(&mut self, letter: OutgoingLetter, mail: &Reply) -> ConnectionError {
        if mail.is_policy() {
            self.session.hold_for_policy(&self.relay.config.name, &mail.to_string());
        }
        let words = format!("it refuses our sender: {mail}");
        self.settle(letter, None, LetterVerdict::Requeue(words.clone()));
        ConnectionError::new(words)
    }

    /// Writes the results that are known into the ledger, and marks these letters. Returns those that may be sent.
    async fn record(&mut self, letters: &[OutgoingLetter]) -> HashSet<i64> {
        let settled = std::mem::take(&mut self.settled);
        let until = self.session.now() + MARK_DURATION;
        let marks: Vec<Mark> = letters.iter().map(|letter| Mark { lease: letter.leased.lease, until }).collect();
        let done = settled.len();
        let finished = settled.iter().filter(|s| s.state != LetterState::Queued && s.state != LetterState::Deferred);
        let finished = finished.count();
        let granted = self.session.ledger.record(settled, marks).await;
        self.session.remove_in_hand(done, finished);
        // After the results: a letter must be `sent` in the ledger before that can be corrected.
        self.session.correct(&std::mem::take(&mut self.corrections)).await;
        // The edition is held, the reader is gone, or another worker has the letter. Those that are still ours go back, so
        // that nobody has to wait until their leases end.
        let refused = letters.iter().filter(|letter| !granted.contains(&letter.leased.lease.letter));
        self.settled.extend(refused.map(|letter| not_handed_over(letter.leased.lease)));
        if !self.refusals.is_empty() {
            // They are deferred in the ledger now, so they may be judged.
            let new_refusals = std::mem::take(&mut self.refusals);
            let other_relays_accept = self.session.other_relays_accept(&self.relay);
            let can_be_judged = {
                let mut refusals = self.relay.refusals();
                new_refusals.into_iter().for_each(|refusal| refusals.refused(refusal, other_relays_accept));
                refusals.can_be_judged()
            };
            if can_be_judged {
                self.session.settle_refusals(false).await;
            }
        }
        granted
    }
}
