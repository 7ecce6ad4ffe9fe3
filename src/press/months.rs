//! The history of a feed: which archive documents there are, by month, and how they follow one
//! another. A document is closed when it is full or its month is over; it changes only if its
//! columns do.

use crate::model::Month;

/// A month and how many columns it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub month: Month,
    pub columns: i64,
    /// How many columns a document holds: as many as the one that readers subscribe to, so that
    /// this one always holds what is in no closed document.
    pub size: i64,
    /// Whether it is over: then its last document is closed too, full or not.
    pub over: bool,
}

impl Count {
    /// How many closed documents it has.
    pub(super) fn parts(&self) -> i64 {
        if self.over { (self.columns + self.size - 1) / self.size } else { self.columns / self.size }
    }

    /// The name of one of its documents, counted from 0: `2026-10`, then `2026-10.2`.
    pub(super) fn name(&self, part: i64) -> String {
        match part {
            0 => self.month.to_string(),
            part => format!("{}.{}", self.month, part + 1),
        }
    }

    /// The name of its last document.
    fn last(&self) -> Option<String> {
        (self.parts() > 0).then(|| self.name(self.parts() - 1))
    }
}

/// The last document before a month, or of all for `None`.
pub(super) fn last_before(counts: &[Count], month: Option<Month>) -> Option<String> {
    let earlier = counts.iter().filter(|count| month.is_none_or(|month| count.month < month));
    earlier.rev().find_map(Count::last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_follow_one_another() {
        let month = |text| Month::parse(text).expect("a month");
        let count = |month, columns, over| Count { month, columns, size: 200, over };
        let counts = [
            count(month("2026-08"), 401, true),
            count(month("2026-09"), 0, true),
            count(month("2026-10"), 1, true),
            count(month("2026-11"), 250, false),
        ];
        assert_eq!(counts.map(|count| count.parts()), [3, 0, 1, 1]);
        assert_eq!(last_before(&counts, None).as_deref(), Some("2026-11"));
        assert_eq!(last_before(&counts, Some(month("2026-11"))).as_deref(), Some("2026-10"));
        assert_eq!(last_before(&counts, Some(month("2026-10"))).as_deref(), Some("2026-08.3"));
        assert_eq!(last_before(&counts, Some(month("2026-08"))), None);
    }
}
