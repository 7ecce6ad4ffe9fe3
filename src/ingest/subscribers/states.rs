//! How a reader stands, as the columns of a list tell it together: what keeps somebody from getting letters counts,
//! whatever the other columns say.

use std::collections::HashMap;

use super::{
    cells::{self, DateOrder},
    headings::{ACTIVE, BLOCKED, BOUNCED, COMPLAINED, Fact, LEFT, PENDING, Signal, normalise, word, yes_or_no},
    programs::Program,
};
use crate::model::{Instant, Membership, Reason};

/// What a word in the column of states means, told by hand: `--map state:WORD=…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word(Fact);

impl Word {
    pub(super) fn of(fact: Fact) -> Self {
        Self(fact)
    }

    /// As it is said.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, word)| *word == self).map_or("", |(name, _)| name)
    }

    /// What can be said.
    pub const ALL: [(&str, Self); 6] = [
        ("active", Self(ACTIVE)),
        ("unsubscribed", Self(LEFT)),
        ("pending", Self(PENDING)),
        ("bounced", Self(BOUNCED)),
        ("complained", Self(COMPLAINED)),
        ("blocked", Self(BLOCKED)),
    ];
}

/// What the columns told.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) membership: Membership,
    pub(super) reason: Option<Reason>,
    /// When somebody left, by the date that a column holds.
    pub(super) since: Option<Instant>,
}

impl State {
    /// Of a list that tells nothing.
    pub(super) const ACTIVE: Self = Self { membership: Membership::Active, reason: None, since: None };

    /// Of a list whose name tells it.
    pub(super) fn of((membership, reason): Fact) -> Self {
        Self { membership, reason, since: None }
    }

    /// Takes in what a cell says.
    pub(super) fn add(
        &mut self,
        signal: Signal,
        heading: &str,
        cell: &str,
        words: &HashMap<String, Word>,
        program: Option<Program>,
        order: Option<DateOrder>,
    ) -> Result<(), String> {
        let unknown = || {
            let known = Word::ALL.map(|(name, _)| name).join(", ");
            match signal {
                Signal::Word => format!(
                    "{heading}: {cell:?} is no state that gazetier knows: write one of {known} in its place, or say \
                     what it means with --map \"state:{cell}=unsubscribed\"; if the column is about something else, \
                     say --map state=-"
                ),
                _ => format!(
                    "{heading}: {cell:?} is neither yes nor no: write true or false; if the column is about something \
                     else, give it another heading"
                ),
            }
        };
        if cell.is_empty() {
            return Ok(());
        }
        let dated = cells::instant(cell, order);
        let fact = match signal {
            Signal::Word => {
                let told = words.get(&normalise(cell)).map(|word| word.0);
                told.or_else(|| program?.word(cell)).or_else(|| word(cell)).ok_or_else(unknown)?
            }
            Signal::Yes(fact) => match (yes_or_no(cell), dated) {
                (Some(false), _) => fact,
                (Some(true), _) | (None, Some(_)) => ACTIVE,
                (None, None) => return Err(unknown()),
            },
            Signal::No(fact) => match (yes_or_no(cell), dated) {
                (Some(true), _) | (None, Some(_)) => fact,
                (Some(false), _) => ACTIVE,
                (None, None) => return Err(unknown()),
            },
            // What databases write for "never".
            Signal::Mark(_)
                if matches!(normalise(cell).as_str(), "0" | "null" | "none") || cell.starts_with("0000") =>
            {
                ACTIVE
            }
            Signal::Mark(fact) => fact,
        };
        if fact != ACTIVE && matches!(signal, Signal::Mark(_) | Signal::No(_)) {
            self.since = self.since.max(dated);
        }
        self.membership = self.membership.max(fact.0);
        self.reason = self.reason.max(fact.1);
        Ok(())
    }
}
