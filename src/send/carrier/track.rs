//! What was settled over a connection and is not certain yet. Over SMTP nothing says which command an
//! answer belongs to: if one comes twice or never, all that follow are somebody else's. A point is
//! certain when an answer came that no other command has: 354, the lines of EHLO, 221. Until the next
//! one, refusals are kept back, and what was written down as sent can be taken back.

use std::borrow::Cow;

use crate::{
    send::verdict::{Reply, Step, Verdict},
    store::{Lease, Leased},
};

/// A letter whose fate is not written down yet.
pub(super) struct Held {
    pub(super) leased: Leased,
    pub(super) marked: bool,
    pub(super) step: Option<Step>,
    pub(super) verdict: Verdict,
}

/// A letter that stands in the ledger as sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) lease: Lease,
    /// Its domain, as [`crate::send::refusals::key`] has it.
    pub(super) domain: u64,
}

/// Since the last certain point of a connection.
#[derive(Default)]
pub(super) struct Track {
    pub(super) sent: Vec<Sent>,
    pub(super) held: Vec<Held>,
    /// Letters answered about.
    pub(super) letters: usize,
    pub(super) shapes: Shapes,
}

impl Track {
    /// For the next connection to the same relay, which answers like the one before.
    pub(super) fn renewed(self) -> Self {
        let shapes = if self.shapes.differ() { self.shapes } else { Shapes::default() };
        Self { shapes, ..Self::default() }
    }

    /// Whether a break that says nothing of the answers before it leaves these in doubt.
    pub(super) fn is_doubtful(&self) -> bool {
        self.letters > 0 && !self.shapes.differ()
    }
}

/// How a relay's answers look at each step of a letter. Where those to MAIL, RCPT and the end differ,
/// an answer that slipped is seen at once.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    mail: String,
    recipient: String,
    /// Letters looked at.
    count: u32,
    /// They have differed until now.
    differ: bool,
    /// So often something looked wrong and was not.
    alarms: u32,
}

/// After so many false alarms a relay's words are no longer compared.
const FALSE_ALARMS: u32 = 2;

impl Shapes {
    /// Looks at the answers to a letter that was taken; true if they look as if they had slipped.
    pub(super) fn look(&mut self, mail: &Reply, recipient: &Reply, end: &Reply) -> bool {
        let (mail_shape, recipient_shape, end_shape) = (shape(mail), shape(recipient), shape(end));
        let own_end = end_shape != mail_shape && end_shape != recipient_shape;
        let first = self.count == 0;
        let fits = first || (mail_shape == self.mail.as_str() && recipient_shape == self.recipient.as_str());
        // 2.1.0 and 2.1.5 are said to MAIL and RCPT (RFC 3463).
        let belongs_elsewhere = matches!(end.enhanced(), Some((1, 0 | 5)));
        if first {
            (self.mail, self.recipient) = (mail_shape.into_owned(), recipient_shape.into_owned());
            self.differ = own_end;
        }
        self.count += 1;
        let was = self.differ;
        self.differ &= fits && own_end && !belongs_elsewhere;
        (was || belongs_elsewhere) && !self.differ && self.alarms < FALSE_ALARMS
    }

    /// The answers are in step after all.
    pub(super) fn proven(&mut self) {
        if self.count > 0 && !self.differ {
            self.alarms += 1;
            // The next letter shows how it answers from now on.
            self.count = 0;
        }
    }

    /// Whether an answer that slipped would have been seen.
    fn differ(&self) -> bool {
        self.count > 0 && self.differ
    }
}

/// An answer's words without the addresses in it.
fn shape(reply: &Reply) -> Cow<'_, str> {
    let text = reply.text();
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let words = text.split(' ').map(|word| if word.contains('@') { "@" } else { word });
    Cow::Owned(words.collect::<Vec<_>>().join(" "))
}
