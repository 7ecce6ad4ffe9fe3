//! What the store knows of its readers, a page at a time: for lists that are shown and written.

use std::collections::HashMap;

use serde::Serialize;

use super::{
    Error, Result, Store, instant, letters::reader_id, query::from_row, sql::lists, suppressions::SuppressionRow,
};
use crate::model::{
    Allowance, Choice, EmailAddress, FormerAddress, HashedAddress, Identity, Instant, ListConsent, ListEntry,
    Membership, Reason, Slug, Subscriber, Suppression,
};

/// A page of readers.
#[derive(Debug)]
pub struct SubscriberPage {
    /// In the order in which they joined.
    pub entries: Vec<ListEntry>,
    /// The store's key of the last; none at the end.
    pub last: Option<i64>,
}

/// A reader as a listing shows one.
#[derive(Debug, Clone, Serialize)]
pub struct ListedReader {
    /// Where to.
    pub address: String,
    /// How the subscriber is called.
    pub name: Option<String>,
    /// Slugs of the rubriques chosen; empty for all.
    pub rubriques: Vec<String>,
    /// pending, active or unsubscribed; suppressed, where a listing says so.
    pub state: String,
    /// Since when the state is so, if not since the reader joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
    /// Since when, RFC 3339.
    pub joined: Instant,
    /// `fr` or `en`, if it was ever told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// How often a letter is wanted; nothing for each edition.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rhythm: String,
    /// Until when none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<Instant>,
    /// At which hour and on which day; nothing for letters as they come.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub letter_hour: String,
    /// Whether what is due on one day is to come in one letter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub one_a_day: bool,
    /// Why the address must not be written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Instant>,
}

impl From<&ListEntry> for ListedReader {
    fn from(entry: &ListEntry) -> Self {
        let key = entry.subscriber.choice.key();
        Self {
            address: entry.subscriber.address.to_string(),
            name: entry.subscriber.name.clone(),
            rubriques: key.split(',').filter(|slug| !slug.is_empty()).map(str::to_owned).collect(),
            state: entry.membership.as_str().to_owned(),
            since: entry.since.filter(|since| Some(*since) != entry.joined),
            joined: entry.joined.unwrap_or_default(),
            language: entry.language.clone(),
            rhythm: entry.rhythm.to_string(),
            paused: entry.paused,
            letter_hour: entry.delivery.to_string(),
            one_a_day: entry.together,
            reason: entry.suppression.map(|suppression| suppression.reason.as_str()),
            suppressed: entry.suppression.and_then(|suppression| suppression.since),
        }
    }
}

/// A reader as the store keeps one.
struct Row {
    id: i64,
    public_id: Vec<u8>,
    old_number: Option<i64>,
    moves: i64,
    address: String,
    name: Option<String>,
    language: Option<String>,
    choice: String,
    rhythm: String,
    paused_at: Option<i64>,
    delivery: String,
    together: bool,
    state: String,
    since_at: i64,
    joined_at: i64,
    returned_at: i64,
    reason: Option<String>,
    suppressed_at: Option<i64>,
}

from_row! {
    Row {
        id, public_id, old_number, moves, address, name, language, choice, rhythm, paused_at, delivery, together, state, since_at, joined_at, returned_at,
        reason, suppressed_at
    }
}

/// A consent of one of the readers on a page.
struct ConsentRow {
    subscriber: i64,
    way: String,
    words: String,
    asked: i64,
    asked_from: Option<String>,
    confirmed: i64,
    confirmed_from: Option<String>,
}

from_row!(in order ConsentRow { subscriber, way, words, asked, asked_from, confirmed, confirmed_from });

/// That a suppression of one of them was lifted.
struct ReaderAllowanceRow {
    subscriber: i64,
    words: String,
    reason: String,
    suppressed_at: i64,
    allowed_at: i64,
}

from_row!(in order ReaderAllowanceRow { subscriber, words, reason, suppressed_at, allowed_at });

/// A former address of one of them.
struct FormerRow {
    subscriber: i64,
    hash: Vec<u8>,
    moved: i64,
}

from_row!(in order FormerRow { subscriber, hash, moved });

/// An address that is known by its hash alone.
struct HashedRow {
    hash: Vec<u8>,
    reason: Option<String>,
    suppressed_at: Option<i64>,
}

from_row!(in order HashedRow { hash, reason, suppressed_at });

/// That a suppression was lifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowanceRow {
    /// Why.
    pub words: String,
    /// What the suppression was for.
    pub reason: String,
    /// Epoch milliseconds: since when it was.
    pub suppressed_at: i64,
    /// Epoch milliseconds: when it was lifted.
    pub allowed_at: i64,
}

from_row!(in order AllowanceRow { words, reason, suppressed_at, allowed_at });

fn corrupt(what: &'static str, value: impl Into<String>) -> Error {
    Error::Corrupt { what, value: value.into() }
}

/// Why and since when an address is suppressed, if it is.
pub(super) fn suppression(reason: Option<String>, at: Option<i64>) -> Result<Option<Suppression>> {
    let Some(reason) = reason else { return Ok(None) };
    let since = at.map(instant).transpose()?;
    Ok(Some(Suppression { reason: self::reason(&reason)?, since }))
}

fn reason(text: &str) -> Result<Reason> {
    text.parse().map_err(|_| corrupt("reason", text))
}

/// That a suppression was lifted.
fn allowance(row: AllowanceRow) -> Result<Allowance> {
    let (suppressed, at) = (instant(row.suppressed_at)?, instant(row.allowed_at)?);
    Ok(Allowance { words: row.words, reason: reason(&row.reason)?, suppressed, at })
}

impl TryFrom<Row> for ListEntry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let address: EmailAddress = row.address.parse().map_err(|_| corrupt("address", "(an address)"))?;
        let membership: Membership = row.state.parse().map_err(|_| corrupt("state", &row.state))?;
        Ok(Self {
            language: row.language,
            rhythm: row.rhythm.parse().map_err(|_| corrupt("rhythm", &row.rhythm))?,
            paused: row.paused_at.map(instant).transpose()?,
            delivery: row.delivery.parse().map_err(|_| corrupt("hour", &row.delivery))?,
            together: row.together,
            membership,
            since: Some(instant(row.since_at)?),
            joined: Some(instant(row.joined_at)?),
            returned: Some(instant(row.returned_at)?),
            suppression: suppression(row.reason, row.suppressed_at)?,
            identity: Some(Identity {
                reader: reader_id(row.public_id)?,
                old_number: row.old_number,
                moves: row.moves,
                former: Vec::new(),
            }),
            ..Self::from(Subscriber { address, name: row.name, choice: Choice::from_key(&row.choice) })
        })
    }
}

impl Store {
    /// So many readers of a newsletter at the most that come after one, with all that is known of them.
    pub async fn subscribers_after(&self, newsletter: &Slug, after: i64, limit: u32) -> Result<SubscriberPage> {
        let rows: Vec<Row> = self
            .read(lists::LISTED_AFTER)
            .bind(newsletter.as_str())
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all()
            .await?;
        self.complete(rows).await
    }

    /// All readers of a newsletter, in the order in which they joined.
    pub async fn list_subscribers(&self, newsletter: &Slug) -> Result<Vec<ListedReader>> {
        Ok(self.subscribers_after(newsletter, 0, u32::MAX).await?.entries.iter().map(ListedReader::from).collect())
    }

    /// The reader at an address, in whatever spelling.
    pub async fn listed_at(&self, newsletter: &Slug, address: &EmailAddress) -> Result<Option<ListEntry>> {
        let hash = self.hash(address);
        let rows: Vec<Row> = self.read(lists::LISTED_AT).bind(newsletter.as_str()).bind(hash).fetch_all().await?;
        Ok(self.complete(rows).await?.entries.pop())
    }

    /// Adds to readers what stands in other tables. The rows come in the order of their keys.
    async fn complete(&self, rows: Vec<Row>) -> Result<SubscriberPage> {
        let (Some(first), Some(last)) = (rows.first().map(|row| row.id), rows.last().map(|row| row.id)) else {
            return Ok(SubscriberPage { entries: Vec::new(), last: None });
        };
        let consents: Vec<ConsentRow> = self.read(lists::LISTED_CONSENTS).bind(first).bind(last).fetch_all().await?;
        let allowances: Vec<ReaderAllowanceRow> =
            self.read(lists::LISTED_ALLOWANCES).bind(first).bind(last).fetch_all().await?;
        let former: Vec<FormerRow> = self.read(lists::LISTED_FORMER).bind(first).bind(last).fetch_all().await?;
        let places: HashMap<i64, usize> = rows.iter().enumerate().map(|(place, row)| (row.id, place)).collect();
        let mut entries = rows.into_iter().map(ListEntry::try_from).collect::<Result<Vec<_>>>()?;
        for row in consents {
            if let Some(place) = places.get(&row.subscriber) {
                let (asked, confirmed) = (instant(row.asked)?, instant(row.confirmed)?);
                let ConsentRow { way, words, asked_from, confirmed_from, .. } = row;
                entries[*place].consents.push(ListConsent { way, words, asked, asked_from, confirmed, confirmed_from });
            }
        }
        for row in allowances {
            if let Some(place) = places.get(&row.subscriber) {
                let ReaderAllowanceRow { words, reason, suppressed_at, allowed_at, .. } = row;
                let row = AllowanceRow { words, reason, suppressed_at, allowed_at };
                entries[*place].allowances.push(allowance(row)?);
            }
        }
        for FormerRow { subscriber, hash, moved } in former {
            let own = places.get(&subscriber).and_then(|place| entries[*place].identity.as_mut());
            if let Some(own) = own {
                own.former.push(FormerAddress { hash, moved: instant(moved)? });
            }
        }
        Ok(SubscriberPage { entries, last: Some(last) })
    }

    /// So many addresses at the most that are known by their hashes alone, after one of them.
    pub async fn hashes_after(&self, after: &[u8], limit: u32) -> Result<Vec<HashedAddress>> {
        let rows: Vec<HashedRow> =
            self.read(lists::HASHED_AFTER).bind(after).bind(i64::from(limit)).fetch_all().await?;
        let mut hashed = Vec::with_capacity(rows.len());
        for HashedRow { hash, reason, suppressed_at } in rows {
            let suppression = suppression(reason, suppressed_at)?;
            hashed.push(HashedAddress { allowances: self.allowances_of(&hash).await?, suppression, hash });
        }
        Ok(hashed)
    }

    /// The suppressions of an address that were lifted.
    async fn allowances_of(&self, hash: &[u8]) -> Result<Vec<Allowance>> {
        let rows: Vec<AllowanceRow> = self.read(lists::ALLOWANCES_OF).bind(hash).fetch_all().await?;
        rows.into_iter().map(allowance).collect()
    }

    /// What is known of an address that need not be on the list: why it is suppressed, what was lifted, and whether
    /// a reader has moved away from it.
    pub async fn address_standing(&self, address: &EmailAddress) -> Result<(HashedAddress, bool)> {
        let hash = self.hash(address);
        let row: Option<SuppressionRow> = self.read(lists::SUPPRESSION_OF).bind(&hash).fetch_optional().await?;
        let former: i64 = self.read(lists::IS_FORMER).bind(&hash).fetch_one().await?;
        let (reason, at) = row.map(|row| (row.reason, row.suppressed_at)).unzip();
        let allowances = self.allowances_of(&hash).await?;
        Ok((HashedAddress { suppression: suppression(reason, at)?, allowances, hash }, former > 0))
    }
}
