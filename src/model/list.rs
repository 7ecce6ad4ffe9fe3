//! A list of readers as files hold it: what an export writes and an import reads.

use std::{fmt, str::FromStr};

use super::{DeliveryTime, Instant, ReaderId, Rhythm, Slug, Subscriber, column::fingerprint};

/// Why an address must not be written to. It outlives the reader, and is kept with a hash of the address
/// alone. In the order of weight: of two reasons for one address, the later one in this list is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The reader or the magazine wants it so.
    Request,
    /// A relay said that nobody is there.
    Refused,
    /// Mail servers say that nobody is there.
    Bounce,
    /// The reader called a letter spam.
    Complaint,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Request, Self::Refused, Self::Bounce, Self::Complaint];

    /// As the store and lists write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Refused => "refused",
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Reason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|reason| reason.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no reason: write bounce, complaint, refused or request"))
    }
}

/// How a reader stands to a newsletter. In the order of weight: of two lines about one reader, the later one in
/// this list counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Membership {
    /// Gets it.
    Active,
    /// Was asked and has never confirmed.
    Pending,
    /// Has left.
    Left,
}

impl Membership {
    /// As the store and lists write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Left => "unsubscribed",
        }
    }
}

impl FromStr for Membership {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = [Self::Active, Self::Pending, Self::Left].into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no state: write active, unsubscribed, suppressed or pending"))
    }
}

/// That an address must not be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suppression {
    /// Why.
    pub reason: Reason,
    /// Since when, if that is known.
    pub since: Option<Instant>,
}

/// The version of words that readers agree to: words that are the same have the same, for ever.
pub fn version_of_consent(words: &str) -> String {
    fingerprint([words]).chars().take(8).collect()
}

/// What a reader agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListConsent {
    /// By form, script, command, or as another program calls it.
    pub way: String,
    /// The words agreed to.
    pub words: String,
    /// When the words were shown.
    pub asked: Instant,
    /// From which address, if it is known.
    pub asked_from: Option<String>,
    /// When it was confirmed.
    pub confirmed: Instant,
    /// From which address, if it is known.
    pub confirmed_from: Option<String>,
}

/// That a suppression was lifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// Why, in somebody's words.
    pub words: String,
    /// What the address had been suppressed for.
    pub reason: Reason,
    /// Since when.
    pub suppressed: Instant,
    /// When it was lifted.
    pub at: Instant,
}

/// A hash by which a store knows an address, made with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerAddress {
    /// Of the address.
    pub hash: Vec<u8>,
    /// When the reader moved away from it.
    pub moved: Instant,
}

/// What old links know a reader by: it is worth something with the key of the store alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The public id.
    pub reader: ReaderId,
    /// The number that the first version's letters named.
    pub old_number: Option<i64>,
    /// How often the reader has moved.
    pub moves: i64,
    /// From where.
    pub former: Vec<FormerAddress>,
}

/// An address that is suppressed and no longer on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedAddress {
    /// Of the address, with the store's key.
    pub hash: Vec<u8>,
    /// Why and since when it is suppressed, if it still is.
    pub suppression: Option<Suppression>,
    /// Suppressions that were lifted.
    pub allowances: Vec<Allowance>,
}

/// A reader as a list tells of one. What a list does not say is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListEntry {
    /// Address, name and rubriques.
    pub subscriber: Subscriber,
    /// Of what we write outside the newsletter.
    pub language: Option<String>,
    /// How often the reader wants a letter.
    pub rhythm: Rhythm,
    /// Until when the reader wants none.
    pub paused: Option<Instant>,
    /// At which hour and on which day.
    pub delivery: DeliveryTime,
    /// Whether what is due on one day is to come in one letter, of all newsletters.
    pub together: bool,
    /// How the reader stands.
    pub membership: Membership,
    /// Since when.
    pub since: Option<Instant>,
    /// When the reader came.
    pub joined: Option<Instant>,
    /// When the reader last said or proved that the address is good.
    pub returned: Option<Instant>,
    /// That the address must not be written to.
    pub suppression: Option<Suppression>,
    /// What the reader agreed to, in order.
    pub consents: Vec<ListConsent>,
    /// Suppressions that were lifted, in order.
    pub allowances: Vec<Allowance>,
    /// What old links know the reader by.
    pub identity: Option<Identity>,
}

impl ListEntry {
    /// The word for how the reader stands: a suppression of who would else get letters has one of its own.
    pub fn state(&self) -> &'static str {
        state_word(self.membership.as_str(), self.suppression.is_some())
    }

    /// Adds what another line says of the same reader: what weighs more counts.
    pub fn join(&mut self, other: Self) {
        if other.membership > self.membership {
            (self.membership, self.since) = (other.membership, other.since);
        }
        let weight = |suppression: &Option<Suppression>| suppression.map(|suppression| suppression.reason);
        if weight(&other.suppression) > weight(&self.suppression) {
            self.suppression = other.suppression;
        }
    }
}

impl From<Subscriber> for ListEntry {
    /// Somebody of whom nothing else is known.
    fn from(subscriber: Subscriber) -> Self {
        Self {
            subscriber,
            language: None,
            rhythm: Rhythm::Each,
            paused: None,
            delivery: DeliveryTime::default(),
            together: false,
            membership: Membership::Active,
            since: None,
            joined: None,
            returned: None,
            suppression: None,
            consents: Vec::new(),
            allowances: Vec::new(),
            identity: None,
        }
    }
}

/// The word for a state of the store, if the address may be suppressed as well.
pub fn state_word(state: &str, suppressed: bool) -> &str {
    match state {
        "active" if suppressed => "suppressed",
        state => state,
    }
}

/// A rubrique that readers or columns name and the configuration does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrphanRubrique {
    /// As choices name it.
    pub slug: Slug,
    /// How many readers who get letters chose it.
    pub readers: i64,
    /// How many of them chose nothing else that there is.
    pub stranded: i64,
}
