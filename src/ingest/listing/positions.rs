//! Where a column of the store was, seen from one of the page: the dates tell it, or the neighbours.

/// Where a column of the store was, seen from a column of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RelativePosition {
    Here,
    /// Elsewhere, though the dates of the page are those of the store.
    Elsewhere,
    /// Older, as all in the store is, than the date that the column's place gives it.
    Newer,
    /// The dates say nothing, and it was further up or down.
    Moved,
    /// The dates say nothing, and it was so far down that what is on top of it has pushed it off.
    PushedOff,
    /// In the same place, but all below it is dated as if a column had been put on top.
    Replaced,
}

/// What the pairs that are known tell of the page.
pub(super) struct PagePositions {
    /// Whether the dates that places give are those of the store: then they tell where a column was.
    pub(super) dates_tell: bool,
    /// Whether what is known stands further down than its date says.
    pushed: bool,
    /// The date of the newest column of the store.
    newest: i64,
    /// The time between two columns.
    step: i64,
    /// KnownColumn pairs whose order is that of the store.
    order: Vec<(usize, usize)>,
}

impl PagePositions {
    /// Of pairs that are known, in the order of the page, and how far their dates on the page and in
    /// the store are apart, in milliseconds.
    pub(super) fn new(anchors: &[(usize, usize)], off: &[i64], newest: Option<i64>, step: i64) -> Self {
        let near = off.iter().filter(|off| off.abs() * 2 < step).count();
        let later = off.iter().filter(|off| **off * 2 >= step).count();
        Self {
            dates_tell: near * 2 >= anchors.len(),
            pushed: later * 2 > anchors.len(),
            newest: newest.unwrap_or(i64::MIN / 4),
            step,
            order: longest_rising(anchors),
        }
    }

    /// Whether nothing that is known stands above.
    pub(super) fn is_on_top(&self, own: usize) -> bool {
        self.order.first().is_none_or(|(first, _)| own < *first)
    }

    /// Where a stored column was, seen from a column of the page; each with its date.
    pub(super) fn relative_position(
        &self,
        (own, expected): (usize, i64),
        (old, published): (usize, i64),
    ) -> RelativePosition {
        if self.dates_tell {
            return if (expected - published).abs() * 2 < self.step {
                RelativePosition::Here
            } else if (expected - self.newest) * 2 >= self.step {
                RelativePosition::Newer
            } else {
                RelativePosition::Elsewhere
            };
        }
        // Where the dates say nothing, the neighbours do.
        let above = self.order.iter().rev().find(|(anchor, _)| *anchor < own);
        let below = self.order.iter().find(|(anchor, _)| *anchor > own);
        let here = above.is_none_or(|(_, k)| *k < old) && below.is_none_or(|(_, k)| old < *k);
        let last = self.order.last().map(|(_, k)| *k);
        match (here, below) {
            (true, Some(_)) if above.is_none() && self.pushed => RelativePosition::Replaced,
            (true, _) => RelativePosition::Here,
            (false, _) if last.is_some_and(|last| old > last) => RelativePosition::PushedOff,
            _ => RelativePosition::Moved,
        }
    }
}

/// The longest part of pairs, in the order of the page, in which the store's places rise too.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(pairs.len());
    for (index, (_, old)) in pairs.iter().enumerate() {
        let before = (0..index).filter(|before| pairs[*before].1 < *old).max_by_key(|before| best[*before].0);
        best.push((before.map_or(1, |before| best[before].0 + 1), before));
    }
    let mut at = (0..pairs.len()).max_by_key(|index| best[*index].0);
    let mut rising = Vec::new();
    while let Some(index) = at {
        rising.push(pairs[index]);
        at = best[index].1;
    }
    rising.reverse();
    rising
}
