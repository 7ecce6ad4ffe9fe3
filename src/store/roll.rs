//! What the store knows of its readers, a page at a time: for lists that are shown and written.

use std::collections::HashMap;

use serde::Serialize;

use super::{Error, Result, Store, instant, letters::reader_id, on, sql, sql::lists};
use crate::model::{
    Allowance, Choice, EmailAddress, FormerAddress, HashedAddress, Identity, Instant, ListConsent, ListEntry,
    Membership, Reason, Slug, Subscriber, Suppression,
};

/// A page of readers.
#[derive(Debug)]
pub struct RollPage {
    /// In the order in which they joined.
    pub entries: Vec<ListEntry>,
    /// The store's key of the last; none at the end.
    pub last: Option<i64>,
}

/// A reader as a listing shows one.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
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
    /// Why the address must not be written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Instant>,
}

impl From<&ListEntry> for Listed {
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
            reason: entry.suppression.map(|suppression| suppression.reason.as_str()),
            suppressed: entry.suppression.and_then(|suppression| suppression.since),
        }
    }
}

/// A reader as the store keeps one.
#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    public_id: Vec<u8>,
    old_number: Option<i64>,
    moves: i64,
    address: String,
    name: Option<String>,
    language: Option<String>,
    choice: String,
    state: String,
    since_at: i64,
    joined_at: i64,
    returned_at: i64,
    reason: Option<String>,
    suppressed_at: Option<i64>,
}

type ConsentRow = (i64, String, String, i64, Option<String>, i64, Option<String>);
type AllowanceRow = (i64, String, String, i64, i64);
type FormerRow = (i64, Vec<u8>, i64);

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
pub(super) fn allowance((words, why, suppressed, at): (String, String, i64, i64)) -> Result<Allowance> {
    Ok(Allowance { words, reason: reason(&why)?, suppressed: instant(suppressed)?, at: instant(at)? })
}

impl TryFrom<Row> for ListEntry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let address: EmailAddress = row.address.parse().map_err(|_| corrupt("address", "(an address)"))?;
        let membership: Membership = row.state.parse().map_err(|_| corrupt("state", &row.state))?;
        Ok(Self {
            language: row.language,
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
    pub async fn roll_after(&self, newsletter: &Slug, after: i64, limit: u32) -> Result<RollPage> {
        let rows: Vec<Row> = on!(self, pool => {
            let query = sqlx::query_as(lists::LISTED_AFTER).bind(newsletter.as_str()).bind(after);
            query.bind(i64::from(limit)).fetch_all(pool).await?
        });
        self.complete(rows).await
    }

    /// All readers of a newsletter, in the order in which they joined.
    pub async fn list_subscribers(&self, newsletter: &Slug) -> Result<Vec<Listed>> {
        Ok(self.roll_after(newsletter, 0, u32::MAX).await?.entries.iter().map(Listed::from).collect())
    }

    /// The reader at an address, in whatever spelling.
    pub async fn listed_at(&self, newsletter: &Slug, address: &EmailAddress) -> Result<Option<ListEntry>> {
        let hash = self.hash(address);
        let rows: Vec<Row> = on!(self, pool => {
            sqlx::query_as(lists::LISTED_AT).bind(newsletter.as_str()).bind(hash).fetch_all(pool).await?
        });
        Ok(self.complete(rows).await?.entries.pop())
    }

    /// The distinct choices of a newsletter's active subscribers.
    pub async fn choices(&self, newsletter: &Slug) -> Result<Vec<Choice>> {
        let keys: Vec<String> = on!(self, pool => {
            sqlx::query_scalar(sql::CHOICES).bind(newsletter.as_str()).fetch_all(pool).await?
        });
        Ok(keys.iter().map(|key| Choice::from_key(key)).collect())
    }

    /// Adds to readers what stands in other tables. The rows come in the order of their keys.
    async fn complete(&self, rows: Vec<Row>) -> Result<RollPage> {
        let (Some(first), Some(last)) = (rows.first().map(|row| row.id), rows.last().map(|row| row.id)) else {
            return Ok(RollPage { entries: Vec::new(), last: None });
        };
        let (consents, allowances, former): (Vec<ConsentRow>, Vec<AllowanceRow>, Vec<FormerRow>) = on!(self, pool => (
            sqlx::query_as(lists::LISTED_CONSENTS).bind(first).bind(last).fetch_all(pool).await?,
            sqlx::query_as(lists::LISTED_ALLOWANCES).bind(first).bind(last).fetch_all(pool).await?,
            sqlx::query_as(lists::LISTED_FORMER).bind(first).bind(last).fetch_all(pool).await?,
        ));
        let places: HashMap<i64, usize> = rows.iter().enumerate().map(|(place, row)| (row.id, place)).collect();
        let mut entries = rows.into_iter().map(ListEntry::try_from).collect::<Result<Vec<_>>>()?;
        for (id, way, words, asked, asked_from, confirmed, confirmed_from) in consents {
            if let Some(place) = places.get(&id) {
                let (asked, confirmed) = (instant(asked)?, instant(confirmed)?);
                entries[*place].consents.push(ListConsent { way, words, asked, asked_from, confirmed, confirmed_from });
            }
        }
        for (id, words, why, suppressed, at) in allowances {
            if let Some(place) = places.get(&id) {
                entries[*place].allowances.push(allowance((words, why, suppressed, at))?);
            }
        }
        for (id, hash, moved) in former {
            let own = places.get(&id).and_then(|place| entries[*place].identity.as_mut());
            if let Some(own) = own {
                own.former.push(FormerAddress { hash, moved: instant(moved)? });
            }
        }
        Ok(RollPage { entries, last: Some(last) })
    }

    /// So many addresses at the most that are known by their hashes alone, after one of them.
    pub async fn hashes_after(&self, after: &[u8], limit: u32) -> Result<Vec<HashedAddress>> {
        let rows: Vec<(Vec<u8>, Option<String>, Option<i64>)> = on!(self, pool => {
            sqlx::query_as(lists::HASHED_AFTER).bind(after).bind(i64::from(limit)).fetch_all(pool).await?
        });
        let mut hashed = Vec::with_capacity(rows.len());
        for (hash, reason, at) in rows {
            let suppression = suppression(reason, at)?;
            hashed.push(HashedAddress { allowances: self.allowances_of(&hash).await?, suppression, hash });
        }
        Ok(hashed)
    }

    /// The suppressions of an address that were lifted.
    async fn allowances_of(&self, hash: &[u8]) -> Result<Vec<Allowance>> {
        let rows: Vec<(String, String, i64, i64)> =
            on!(self, pool => sqlx::query_as(lists::ALLOWANCES_OF).bind(hash).fetch_all(pool).await?);
        rows.into_iter().map(allowance).collect()
    }

    /// What is known of an address that need not be on the list: why it is suppressed, what was lifted, and whether
    /// a reader has moved away from it.
    pub async fn address_standing(&self, address: &EmailAddress) -> Result<(HashedAddress, bool)> {
        let hash = self.hash(address);
        let (row, former): (Option<(String, i64)>, i64) = on!(self, pool => (
            sqlx::query_as(lists::SUPPRESSION_OF).bind(&hash).fetch_optional(pool).await?,
            sqlx::query_scalar(lists::IS_FORMER).bind(&hash).fetch_one(pool).await?,
        ));
        let (reason, at) = row.unzip();
        let allowances = self.allowances_of(&hash).await?;
        Ok((HashedAddress { suppression: suppression(reason, at)?, allowances, hash }, former > 0))
    }
}
