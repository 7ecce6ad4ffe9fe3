//! Settles letters by replies and by how a connection ends.

use super::{
    OutgoingLetter, SmtpSender,
    unproven::{UnprovenLetter, UnprovenSent},
};
use crate::{
    model::LetterState,
    send::{
        refusals::{self, RelayRefusal},
        smtp::{ConnectionError, Reply},
        verdict::{LetterVerdict, SmtpStep},
    },
    store::Settlement,
};

impl SmtpSender {
    /// Settles a letter by a verdict: with the next commit of this connection, or, where a wrong verdict would do harm,
    /// once the replies were proved to be in step.
    pub(super) fn settle(&mut self, letter: OutgoingLetter, step: Option<SmtpStep>, verdict: LetterVerdict) {
        self.unproven.letters += 1;
        // In the order of the replies, or a domain that accepts letters might be given a rest.
        self.session.record_domain(&letter.leased, &verdict);
        let held = UnprovenLetter { leased: letter.leased, marked: letter.marked, step, verdict };
        match &held.verdict {
            LetterVerdict::Sent(_) => {
                let domain = refusals::domain_hash(refusals::domain(&held.leased));
                self.unproven.sent.push(UnprovenSent { lease: held.leased.lease, domain });
                self.record_verdict(held);
            }
            LetterVerdict::Unknown(_) => self.record_verdict(held),
            // Its text was not sent: if it is sent later, the reader still gets one.
            LetterVerdict::Deferred(_) | LetterVerdict::Policy(_) | LetterVerdict::Requeue(_) if !held.marked => {
                self.record_verdict(held)
            }
            _ => self.unproven.held.push(held),
        }
    }

    /// Puts a letter back into the queue that the relay cannot have accepted.
    pub(super) fn requeue(&mut self, letter: OutgoingLetter, words: &str) {
        let OutgoingLetter { leased, marked, .. } = letter;
        self.record_verdict(UnprovenLetter {
            leased,
            marked,
            step: None,
            verdict: LetterVerdict::Requeue(words.to_owned()),
        });
    }

    /// Settles a letter whose last byte was sent before the connection was lost: 421 says that it was not accepted, any
    /// other error says nothing about it.
    pub(super) fn settle_by_error(&mut self, letter: OutgoingLetter, error: &ConnectionError) {
        let words = error.message.clone();
        if error.closed_by_relay && !self.unproven.may_be_out_of_step() {
            self.requeue(letter, &words);
        } else {
            self.settle(letter, None, LetterVerdict::Unknown(words));
        }
    }

    /// Compares the replies to an accepted letter with earlier ones; true if they seem to be out of step.
    pub(super) fn looks_out_of_step(&mut self, mail: &Reply, recipient: &Reply, end: &Reply) -> bool {
        self.unproven.shapes.looks_out_of_step(mail, recipient, end)
    }

    /// The replies until now were proved to be in step.
    pub(super) fn confirm(&mut self) {
        self.unproven.letters = 0;
        if !self.unproven.sent.is_empty() {
            self.relay.record_success();
            let mut refusals = self.relay.refusals();
            self.unproven.sent.drain(..).for_each(|sent| refusals.accepted(sent.domain));
        }
        for held in std::mem::take(&mut self.unproven.held) {
            self.record_verdict(held);
        }
    }

    /// The connection was lost without a proof that its replies were in step. If they were not, or may not have been, the
    /// letters since the last proof are unknown.
    pub(super) fn connection_lost(&mut self, error: &ConnectionError) {
        if error.out_of_step {
            self.relay.replies_out_of_step();
        }
        if error.out_of_step || self.unproven.may_be_out_of_step() {
            self.mark_all_unknown(&error.message);
        } else {
            if error.timed_out {
                // The reply that never came may be one that was due before a refusal.
                self.mark_held_unknown(&error.message);
            }
            self.confirm();
        }
        self.forget_connection();
    }

    fn mark_all_unknown(&mut self, words: &str) {
        let reply = format!("the relay's answers were out of step: {words}");
        for sent in std::mem::take(&mut self.unproven.sent) {
            let (state, reply) = (LetterState::Unknown, reply.clone());
            self.corrections.push(Settlement { lease: sent.lease, state, due: None, reply, tries: 0, suppress: false });
        }
        self.mark_held_unknown(words);
    }

    fn mark_held_unknown(&mut self, words: &str) {
        let reply = format!("the relay's answers may be out of step: {words}");
        for held in std::mem::take(&mut self.unproven.held) {
            // Without its text it was not accepted.
            let verdict =
                if held.marked { LetterVerdict::Unknown(reply.clone()) } else { LetterVerdict::Requeue(reply.clone()) };
            self.record_verdict(UnprovenLetter { verdict, ..held });
        }
    }

    fn record_verdict(&mut self, held: UnprovenLetter) {
        // An attempt is counted when a letter is marked. A letter that was refused before that counts, too; one that goes
        // back does not.
        let tries = match &held.verdict {
            LetterVerdict::Requeue(_) => -i64::from(held.marked),
            _ => i64::from(!held.marked),
        };
        if let LetterVerdict::Refused(words) | LetterVerdict::NoAddress(words) = &held.verdict {
            let no_address = matches!(held.verdict, LetterVerdict::NoAddress(_));
            self.refusals.push(RelayRefusal::new(&held.leased, words, no_address));
        }
        let settlement = self.session.settlement_for(&self.relay, &held.leased, held.step, held.verdict);
        self.settled.push(Settlement { tries, ..settlement });
    }
}
