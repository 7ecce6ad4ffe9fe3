//! How the readers of a list stand, counted before anything is written: one with several lines, or in several files,
//! once, as the line that weighs most has it.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::model::{ListEntry, Membership, Reason, Slug};

/// How a line says that a reader stands, in the order of weight.
const ACTIVE: u64 = 0;
const PENDING: u64 = 1;
const LEFT: u64 = 2;
const BLOCKED: u64 = 3;
const BOUNCED: u64 = 4;
const COMPLAINED: u64 = 5;

/// How many bits these take.
const BITS: u32 = 3;

/// Counts readers by newsletter and address: eight bytes for each line.
#[derive(Debug, Default)]
pub(super) struct Tally {
    lines: Vec<u64>,
}

/// How many readers stand how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standings([u64; 6]);

/// Readers of whom several lines say different things, and which of them counts.
#[derive(Debug, Default)]
pub(super) struct Contradictions(HashMap<u64, u64>);

impl Tally {
    pub(super) fn add(&mut self, newsletter: &Slug, entry: &ListEntry) {
        self.lines.push(key(newsletter, entry) | weight(entry));
    }

    /// What all lines come to.
    pub(super) fn count(mut self) -> (Standings, Contradictions) {
        self.lines.sort_unstable();
        let mut standings = Standings::default();
        let mut contradictions = Contradictions::default();
        for lines in self.lines.chunk_by(|one, other| one >> BITS == other >> BITS) {
            let (Some(first), Some(last)) = (lines.first(), lines.last()) else { continue };
            let weight = last & ((1 << BITS) - 1);
            standings.0[weight as usize] += 1;
            if first != last {
                contradictions.0.insert(last >> BITS << BITS, weight);
            }
        }
        (standings, contradictions)
    }
}

impl Standings {
    /// In words: `412 active, 61 left, 9 bounced, 3 refused`.
    pub(super) fn words(&self, refused: usize) -> String {
        let [active, pending, left, blocked, bounced, complained] = self.0;
        let mut words = format!("{active} active, {left} left, {bounced} bounced");
        for (count, what) in [(complained, "complained"), (blocked, "blocked"), (pending, "never confirmed")] {
            if count > 0 {
                words.push_str(&format!(", {count} {what}"));
            }
        }
        format!("{words}, {refused} refused")
    }
}

impl Contradictions {
    /// Whether a line is not to be taken, because another one says that its reader gets no letters: whichever comes first,
    /// and in whichever part of the list.
    pub(super) fn outweigh(&self, newsletter: &Slug, entry: &ListEntry) -> bool {
        let own = weight(entry);
        own <= PENDING && !self.0.is_empty() && self.0.get(&key(newsletter, entry)).is_some_and(|other| *other > own)
    }
}

fn key(newsletter: &Slug, entry: &ListEntry) -> u64 {
    let mut hasher = DefaultHasher::new();
    newsletter.as_str().hash(&mut hasher);
    entry.subscriber.address.folded().hash(&mut hasher);
    hasher.finish() >> BITS << BITS
}

fn weight(entry: &ListEntry) -> u64 {
    match (entry.membership, entry.suppression.map(|suppression| suppression.reason)) {
        (_, Some(Reason::Complaint)) => COMPLAINED,
        (_, Some(Reason::Bounce | Reason::Refused)) => BOUNCED,
        (_, Some(Reason::Request)) => BLOCKED,
        (Membership::Left, None) => LEFT,
        (Membership::Pending, None) => PENDING,
        (Membership::Active, None) => ACTIVE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Choice, Subscriber};

    #[test]
    fn what_weighs_most_counts_once() {
        let newsletter: Slug = Slug::parse("digest").expect("a name");
        let entry = |address: &str, membership| ListEntry {
            membership,
            ..ListEntry::from(Subscriber {
                address: address.parse().expect("an address"),
                name: None,
                choice: Choice::all(),
            })
        };
        let mut tally = Tally::default();
        for (address, membership) in [
            ("a@example.org", Membership::Active),
            ("b@example.org", Membership::Active),
            ("B@example.org", Membership::Left),
            ("a@example.org", Membership::Active),
        ] {
            tally.add(&newsletter, &entry(address, membership));
        }
        let (standings, contradictions) = tally.count();
        assert_eq!(standings.words(2), "1 active, 1 left, 0 bounced, 2 refused");
        let outweighed = |address, membership| contradictions.outweigh(&newsletter, &entry(address, membership));
        assert!(outweighed("b@example.org", Membership::Active) && !outweighed("b@example.org", Membership::Left));
        assert!(!outweighed("a@example.org", Membership::Active));
    }
}
