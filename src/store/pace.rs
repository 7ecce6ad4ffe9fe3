//! How soon an address gets another letter of a kind, whoever asks for it: nobody's mailbox is filled by our pages.

use chrono::Duration;

use super::{ServiceKind, ServiceLetter, millis, query::from_row};

/// How soon an address is written to again by one kind of letter.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// After the first, the second … letter of a kind; the last holds for all after it.
    pub pauses: &'static [Duration],
    /// How far back letters count.
    pub memory: Duration,
    /// How long a wish is open, whose links are good for what is wished next.
    pub open: Duration,
    /// So many letters of all kinds go to one mailbox in a day.
    pub a_day: i64,
}

impl Pace {
    /// What becomes of one more letter. `served` says how many of its kind went to the address, how many of those
    /// were not refused and are young enough for their links, and when the last of them was written. Whether somebody
    /// with the address has joined makes no difference.
    pub(super) fn judge(&self, letter: &ServiceLetter, is_wish: bool, served: Served, in_a_day: i64) -> Queueing {
        let Served { count, good, last } = served;
        let is_full = in_a_day >= self.a_day;
        if letter.kind == ServiceKind::Moved {
            return Queueing::Queued;
        }
        if is_wish && good > 0 {
            let place = usize::try_from(count).unwrap_or(usize::MAX).min(self.pauses.len());
            let pause = place.checked_sub(1).and_then(|place| self.pauses.get(place));
            let since = |last| millis(letter.queued) - last;
            let waits = pause.zip(last).is_some_and(|(pause, last)| since(last) < pause.num_milliseconds());
            return if waits || is_full { Queueing::IsThere } else { Queueing::Queued };
        }
        // No link is there. Readers get theirs in any case, once.
        let is_first = letter.kind == ServiceKind::Link && count == 0;
        if is_full && !is_first { Queueing::TooMany } else { Queueing::Queued }
    }
}

/// What became of a letter that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queueing {
    /// It is queued.
    Queued,
    /// It is not, because one of its kind went there a short while ago: its link is good for this, too.
    IsThere,
    /// It is not, because the mailbox has had too many letters today. Nothing was changed.
    TooMany,
}

/// How often an address was written to.
#[derive(Clone, Copy)]
pub(super) struct Served {
    /// How many letters of a kind.
    count: i64,
    /// How many of those were not refused and are young enough for their links.
    good: i64,
    /// When the last of them was written.
    last: Option<i64>,
}

from_row!(in order Served { count, good, last });
