//! What becomes of letters by what is known of a connection.

use super::{
    Carrier, Letter,
    track::{Held, Sent},
};
use crate::{
    model::LetterState,
    send::{
        refusals::{self, Refusal},
        verdict::{Reply, Step, Verdict},
        wire::Broken,
    },
    store::Settlement,
};

impl Carrier {
    /// Settles a letter by an answer about it. It is written down with the next letters, or soon; or
    /// when it is certain that the answer was its own.
    pub(super) fn settle(&mut self, letter: Letter, step: Option<Step>, verdict: Verdict) {
        self.track.letters += 1;
        // In the order in which the relay answers, or a domain that takes letters would be left alone.
        self.round.strike(&letter.leased, &verdict);
        let held = Held { leased: letter.leased, marked: letter.marked, step, verdict };
        match &held.verdict {
            Verdict::Sent(_) => {
                let domain = refusals::key(refusals::domain(&held.leased));
                self.track.sent.push(Sent { lease: held.leased.lease, domain });
                self.note(held);
            }
            Verdict::Unknown(_) => self.note(held),
            // Its text was not sent: that it goes out later cannot make two of it.
            Verdict::Deferred(_) | Verdict::Policy(_) | Verdict::Back(_) if !held.marked => self.note(held),
            _ => self.track.held.push(held),
        }
    }

    /// A letter that the relay cannot have taken goes back into the queue.
    pub(super) fn back(&mut self, letter: Letter, words: &str) {
        let Letter { leased, marked, .. } = letter;
        self.note(Held { leased, marked, step: None, verdict: Verdict::Back(words.to_owned()) });
    }

    /// The connection broke after the letter's last byte: 421 says that it was not taken, silence
    /// says nothing.
    pub(super) fn settle_broken(&mut self, letter: Letter, broken: &Broken) {
        let words = broken.words.clone();
        if broken.said && !self.track.is_doubtful() {
            self.back(letter, &words);
        } else {
            self.settle(letter, None, Verdict::Unknown(words));
        }
    }

    /// Looks at how a letter that was taken was answered; true if the answers seem to have slipped.
    pub(super) fn looks_wrong(&mut self, mail: &Reply, recipient: &Reply, end: &Reply) -> bool {
        self.track.shapes.look(mail, recipient, end)
    }

    /// All that was answered until now is certain.
    pub(super) fn certain(&mut self) {
        self.track.letters = 0;
        if !self.track.sent.is_empty() {
            self.relay.thrives();
            let mut refusals = self.relay.refusals();
            self.track.sent.drain(..).for_each(|sent| refusals.taken(sent.domain));
        }
        for held in std::mem::take(&mut self.track.held) {
            self.note(held);
        }
    }

    /// The connection is over without a proof that its answers were in step. If one was not, or might
    /// have slipped unseen, nobody knows what became of the letters since the last certain point.
    pub(super) fn part(&mut self, broken: &Broken) {
        if broken.astray {
            self.relay.mistrusts();
        }
        if broken.astray || self.track.is_doubtful() {
            self.doubt(&broken.words);
        } else {
            if broken.silent {
                // An answer that never came may be one of those before a refusal.
                self.doubt_refusals(&broken.words);
            }
            self.certain();
        }
        self.hang_up();
    }

    fn doubt(&mut self, words: &str) {
        let reply = format!("the relay's answers were out of step: {words}");
        for sent in std::mem::take(&mut self.track.sent) {
            let (state, reply) = (LetterState::Unknown, reply.clone());
            self.corrected.push(Settlement { lease: sent.lease, state, due: None, reply, tries: 0, suppress: false });
        }
        self.doubt_refusals(words);
    }

    fn doubt_refusals(&mut self, words: &str) {
        let reply = format!("the relay's answers may be out of step: {words}");
        for held in std::mem::take(&mut self.track.held) {
            // What never had its text sent was not taken.
            let verdict = if held.marked { Verdict::Unknown(reply.clone()) } else { Verdict::Back(reply.clone()) };
            self.note(Held { verdict, ..held });
        }
    }

    fn note(&mut self, held: Held) {
        // A try is counted when a letter is marked. One that was refused before was tried as well,
        // and one that comes back was not.
        let tries = match &held.verdict {
            Verdict::Back(_) => -i64::from(held.marked),
            _ => i64::from(!held.marked),
        };
        if let Verdict::Refused(words) | Verdict::NoAddress(words) = &held.verdict {
            let no_address = matches!(held.verdict, Verdict::NoAddress(_));
            self.refused.push(Refusal::new(&held.leased, words, no_address));
        }
        let settlement = self.round.judge(&self.relay, &held.leased, held.step, held.verdict);
        self.settled.push(Settlement { tries, ..settlement });
    }
}
