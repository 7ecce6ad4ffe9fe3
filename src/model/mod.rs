//! The words of the house as plain types, parsed at the edge: below, nothing is checked twice.

pub mod address;
pub mod audience;
pub mod changes;
pub mod colour;
pub mod column;
pub mod delivery;
pub mod edition;
pub mod feed;
pub mod feed_rules;
pub mod html;
pub mod key;
pub mod letter;
pub mod letter_layout;
pub mod list;
pub mod provider;
pub mod reading;
pub mod record;
pub mod rubrique;
pub mod schedule;
pub mod signed;
pub mod slug;
pub mod subscriber;
pub mod text;
pub mod token;
pub mod uri;
pub mod uuid;
pub mod zone;

pub use crate::locales::Lang;
pub use address::{EmailAddress, Mailbox};
pub use audience::{Audience, ReaderGroup, Rhythm};
pub use changes::{Changes, Decision, DeskRecord, Note, NoteKind, Part, Version};
pub use colour::Colour;
pub use column::{Audio, Column, ColumnId, Draft, EARLIEST, EnteredColumn, Image, KnownColumn};
pub use delivery::DeliveryTime;
pub use edition::{Edition, EditionKey, EditionState, Now, Period};
pub use feed::{FeedKey, Month, Tombstone};
pub use feed_rules::{FeedRules, Selection, SortedColumn};
pub use key::Key;
pub use letter::{Letter, LetterState, Tally};
pub use letter_layout::LetterLayout;
pub use list::{
    Allowance, FormerAddress, HashedAddress, Identity, ListConsent, ListEntry, Membership, OrphanRubrique, Reason,
    Suppression,
};
pub use record::{BodyFormat, ColumnRecord, RECORD_FIELDS, RecordAudio, RecordImage, RecordStatus};
pub use rubrique::Rubrique;
pub use schedule::{HowOften, Schedule};
pub use slug::Slug;
pub use subscriber::{Choice, ReaderId, ReaderName, Subscriber};
pub use zone::Zone;

/// An instant in UTC; stored as whole milliseconds since 1970.
pub type Instant = chrono::DateTime<chrono::Utc>;
