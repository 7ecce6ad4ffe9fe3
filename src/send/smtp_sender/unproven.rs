//! Replies that may be out of step. In SMTP, nothing in a reply says which command it belongs to: if one is sent twice or
//! never, all that follow are taken for replies to other commands. A reply that no other command has proves those before
//! it: 354, the several lines to EHLO, 221. Until then refusals are held back, and letters that are `sent` in the ledger
//! may have to be corrected.

use std::borrow::Cow;

use crate::{
    send::{
        smtp::Reply,
        verdict::{LetterVerdict, SmtpStep},
    },
    store::{Lease, Leased},
};

/// A letter whose verdict is held back.
pub(super) struct UnprovenLetter {
    pub(super) leased: Leased,
    pub(super) marked: bool,
    pub(super) step: Option<SmtpStep>,
    pub(super) verdict: LetterVerdict,
}

/// A letter that is `sent` in the ledger.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnprovenSent {
    pub(super) lease: Lease,
    /// [`crate::send::refusals::domain_hash`]
    pub(super) domain: u64,
}

/// The letters of a connection since the last proof.
#[derive(Default)]
pub(super) struct UnprovenReplies {
    pub(super) sent: Vec<UnprovenSent>,
    pub(super) held: Vec<UnprovenLetter>,
    /// How many were replied to.
    pub(super) letters: usize,
    pub(super) shapes: ReplyShapes,
}

impl UnprovenReplies {
    /// The state for the next connection to the same relay, which will reply in the same words.
    pub(super) fn for_next_connection(self) -> Self {
        let shapes = if self.shapes.differ() { self.shapes } else { ReplyShapes::default() };
        Self { shapes, ..Self::default() }
    }

    /// Whether replies since the last proof may be out of step without having been noticed.
    pub(super) fn may_be_out_of_step(&self) -> bool {
        self.letters > 0 && !self.shapes.differ()
    }
}

/// The words of a relay's replies to each command. Where those to MAIL, RCPT and the end differ, a reply that is out of
/// step is noticed at once.
#[derive(Debug, Default)]
pub(super) struct ReplyShapes {
    mail: String,
    recipient: String,
    letters: u32,
    /// Whether they have differed until now.
    differ: bool,
    false_alarms: u32,
}

/// After so many false alarms, a relay's words are no longer compared.
const MAX_FALSE_ALARMS: u32 = 2;

impl ReplyShapes {
    /// Compares the replies to an accepted letter; true if they look out of step.
    pub(super) fn looks_out_of_step(&mut self, mail: &Reply, recipient: &Reply, end: &Reply) -> bool {
        let (mail_shape, recipient_shape, end_shape) = (shape(mail), shape(recipient), shape(end));
        let end_differs = end_shape != mail_shape && end_shape != recipient_shape;
        let first = self.letters == 0;
        let fits = first || (mail_shape == self.mail.as_str() && recipient_shape == self.recipient.as_str());
        // 2.1.0 and 2.1.5 belong to MAIL and RCPT (RFC 3463).
        let belongs_elsewhere = matches!(end.enhanced(), Some((1, 0 | 5)));
        if first {
            (self.mail, self.recipient) = (mail_shape.into_owned(), recipient_shape.into_owned());
            self.differ = end_differs;
        }
        self.letters += 1;
        let did_differ = self.differ;
        self.differ &= fits && end_differs && !belongs_elsewhere;
        (did_differ || belongs_elsewhere) && !self.differ && self.false_alarms < MAX_FALSE_ALARMS
    }

    /// A check has proved that the replies are in step.
    pub(super) fn passed_check(&mut self) {
        if self.letters > 0 && !self.differ {
            self.false_alarms += 1;
            // The next letter is compared with none before it.
            self.letters = 0;
        }
    }

    /// Whether a reply out of step would have been noticed.
    fn differ(&self) -> bool {
        self.letters > 0 && self.differ
    }
}

/// A reply's words without addresses.
fn shape(reply: &Reply) -> Cow<'_, str> {
    let text = reply.text();
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let words = text.split(' ').map(|word| if word.contains('@') { "@" } else { word });
    Cow::Owned(words.collect::<Vec<_>>().join(" "))
}
