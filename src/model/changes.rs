//! What the editors change in an edition before it is frozen, and what they decide about it.

use serde::{Deserialize, Serialize};

use super::{Column, ColumnId, Instant};

/// What the editors changed in an edition. What is `None` stays as gazetier makes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// The subject of its letters.
    pub subject: Option<String>,
    /// What an inbox shows beside the subject.
    pub preheader: Option<String>,
    /// The opening words, in Markdown.
    pub opening: Option<String>,
    /// Whose name stands under them; empty if nobody's.
    pub signed: Option<String>,
    /// The address of a picture of who signs; empty if there is none.
    pub portrait: Option<String>,
    /// The closing words, in Markdown.
    pub closing: Option<String>,
    /// Columns that come first in their rubriques; the first of them leads.
    pub pinned: Vec<ColumnId>,
    /// Columns that wait for the next edition.
    pub left_out: Vec<ColumnId>,
    /// Columns that go out again, though their words were in a letter already.
    pub again: Vec<ColumnId>,
    /// The order of the columns; one that is not named is newer than the order and comes first.
    pub order: Vec<ColumnId>,
}

impl Changes {
    /// The columns that stay, of those given newest first, in the order in which they are read.
    pub fn applied(&self, columns: Vec<Column>) -> Vec<Column> {
        let mut kept: Vec<Column> = columns.into_iter().filter(|column| !self.left_out.contains(&column.id)).collect();
        let place = |list: &[ColumnId], column: &Column| list.iter().position(|id| *id == column.id);
        kept.sort_by_key(|column| {
            (place(&self.pinned, column).unwrap_or(usize::MAX), place(&self.order, column).map_or(0, |at| at + 1))
        });
        kept
    }

    /// The names of what differs between two states of an edition.
    pub fn differences(&self, other: &Self) -> Vec<Part> {
        let parts = [
            (Part::Subject, self.subject != other.subject),
            (Part::Preheader, self.preheader != other.preheader),
            (Part::Opening, self.opening != other.opening),
            (Part::Signature, (&self.signed, &self.portrait) != (&other.signed, &other.portrait)),
            (Part::Closing, self.closing != other.closing),
            (Part::Pinned, self.pinned != other.pinned),
            (Part::LeftOut, self.left_out != other.left_out),
            (Part::Again, self.again != other.again),
            (Part::Order, self.order != other.order),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect()
    }
}

/// A part of an edition that editors change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The subject.
    Subject,
    /// The words beside it.
    Preheader,
    /// The opening words.
    Opening,
    /// Who signs them, and with which portrait.
    Signature,
    /// The closing words.
    Closing,
    /// Which columns come first.
    Pinned,
    /// Which columns wait.
    LeftOut,
    /// Which go out again.
    Again,
    /// The order of the others.
    Order,
}

/// Changes as the store keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Counted from 1; 0 where nobody has changed anything.
    pub number: i64,
    /// All of them.
    pub changes: Changes,
    /// Who made the last.
    pub who: String,
    /// When.
    pub at: Option<Instant>,
}

/// What the editors last said about an edition that is not frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing.
    Open,
    /// It may go out, with the content that has this fingerprint.
    Approved {
        /// Of all that readers would see.
        hash: String,
        /// Who said so.
        who: String,
        /// When.
        at: Instant,
    },
    /// It must not go out.
    Held {
        /// Who said so.
        who: String,
        /// When.
        at: Instant,
        /// Why, if they said.
        why: String,
    },
}

/// What is written down about an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    /// It may go out.
    Approved,
    /// It must not.
    Held,
    /// It is no longer held.
    Released,
    /// Letters of it that were refused are tried again.
    Retried,
    /// A proof of it was sent.
    Proof,
    /// It is skipped: nobody gets a letter, and its columns wait for the next one.
    Skipped,
    /// It is no longer skipped.
    Resumed,
    /// It goes at a later hour of its day, or at its own again.
    PutOff,
    /// The editors were told of something, once.
    Told,
}

impl NoteKind {
    /// Whether it says if an edition may go out.
    pub fn is_decision(self) -> bool {
        matches!(self, Self::Approved | Self::Held | Self::Released)
    }

    /// As the store writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Held => "held",
            Self::Released => "released",
            Self::Retried => "retried",
            Self::Proof => "proof",
            Self::Skipped => "skipped",
            Self::Resumed => "resumed",
            Self::PutOff => "put off",
            Self::Told => "told",
        }
    }
}

impl std::str::FromStr for NoteKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [
            Self::Approved,
            Self::Held,
            Self::Released,
            Self::Retried,
            Self::Proof,
            Self::Skipped,
            Self::Resumed,
            Self::PutOff,
            Self::Told,
        ];
        all.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| format!("{text:?} is no note"))
    }
}

/// A note about an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it says.
    pub kind: NoteKind,
    /// The content's fingerprint, or what was told.
    pub subject: String,
    /// Who said it.
    pub who: String,
    /// In their words.
    pub words: String,
    /// When.
    pub at: Instant,
}

/// What the store knows of an edition that is not frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskRecord {
    /// What the editors changed.
    pub version: Version,
    /// What is written down, oldest first.
    pub notes: Vec<Note>,
    /// Grows with every note: who freezes an edition must have seen the last one.
    pub last_note: i64,
    /// The number of the last decision, 0 if there is none: who decides must have seen it.
    pub last_decision: i64,
}

impl DeskRecord {
    /// The last note that decides something.
    pub fn last_said(&self) -> Option<&Note> {
        self.notes.iter().rev().find(|note| note.kind.is_decision())
    }

    /// What the editors last said.
    pub fn decision(&self) -> Decision {
        match self.last_said() {
            Some(note) if note.kind == NoteKind::Approved => {
                Decision::Approved { hash: note.subject.clone(), who: note.who.clone(), at: note.at }
            }
            Some(note) if note.kind == NoteKind::Held => {
                Decision::Held { who: note.who.clone(), at: note.at, why: note.words.clone() }
            }
            _ => Decision::Open,
        }
    }

    /// Whether the editors have been told of something.
    pub fn told(&self, what: &str) -> bool {
        self.notes.iter().any(|note| note.kind == NoteKind::Told && note.subject == what)
    }
}
