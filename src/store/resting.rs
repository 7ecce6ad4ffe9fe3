//! A brake. Where letters to many readers of one domain come back at once, or many of them complain, it is about us and not
//! about them: nobody there is suppressed, who just was is not any more, and no letter goes there for a time.

use serde::Serialize;

use super::{
    Result, ServiceLetter, Store, Tx, instant, millis, query::from_row, sql, suppressions::take_back_suppression,
};
use crate::model::Instant;

/// So many readers of a domain at least …
const MIN_READERS: i64 = 10;

/// … and at least one of so many that it has on the list …
const ONE_OF: i64 = 5;

/// … within this time. It is also how long the domain rests.
const WINDOW: chrono::Duration = chrono::Duration::days(1);

/// A domain has all its readers counted only each time that so many more came back.
const COUNTED_EACH: i64 = 5;

/// Why a suppression was taken back, as `subscribers show` says it.
const TAKEN_BACK: &str = "taken back: many letters to the domain came back at once";

/// A domain to which no letter goes for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestingDomain {
    pub domain: String,
    /// Until when.
    pub until: Instant,
    /// How many readers' letters came back.
    pub readers: i64,
    /// What the mail server said of the last.
    pub words: String,
}

struct Row {
    domain: String,
    until_at: i64,
    readers: i64,
    words: String,
}

from_row!(Row { domain, until_at, readers, words });

/// A pattern for the addresses of a domain.
fn at_domain(domain: &str) -> String {
    format!("%@{}", domain.to_ascii_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// Whether a domain rests at an instant; `counts` says that something was just noted that may begin a rest.
pub(super) async fn is_resting(tx: &mut Tx<'_>, domain: &str, counts: bool, words: &str, at: Instant) -> Result<bool> {
    if domain.is_empty() {
        return Ok(false);
    }
    let rests: i64 = tx.query(sql::IS_RESTING).bind(domain).bind(millis(at)).fetch_one().await?;
    if rests > 0 || !counts {
        return Ok(rests > 0);
    }
    let since = millis(at - WINDOW);
    let readers: i64 = tx.query(sql::CAME_BACK_TOGETHER).bind(domain).bind(since).fetch_one().await?;
    if readers < MIN_READERS || readers % COUNTED_EACH != 0 {
        return Ok(false);
    }
    let all: i64 = tx.query(sql::READERS_AT).bind(at_domain(domain)).fetch_one().await?;
    if readers * ONE_OF < all {
        return Ok(false);
    }
    let until = millis(at + WINDOW);
    let query = tx.query(sql::REST_DOMAIN).bind(domain).bind(millis(at)).bind(until).bind(readers);
    query.bind(words).execute().await?;
    let hashes: Vec<Vec<u8>> = tx.query(sql::JUST_SUPPRESSED).bind(domain).bind(since).fetch_all().await?;
    for hash in hashes {
        take_back_suppression(tx, &hash, TAKEN_BACK, at).await?;
    }
    tx.query(sql::REST_LETTERS).bind(at_domain(domain)).bind(until).execute().await?;
    Ok(true)
}

/// Lets the letters of an edition that was just frozen wait where their domain rests.
pub(super) async fn rest_frozen(tx: &mut Tx<'_>, at: Instant) -> Result<()> {
    let resting: Vec<Row> = tx.query(sql::RESTING_DOMAINS).bind(millis(at)).fetch_all().await?;
    for row in resting {
        tx.query(sql::REST_LETTERS).bind(at_domain(&row.domain)).bind(row.until_at).execute().await?;
    }
    Ok(())
}

impl Store {
    /// The domains that rest at an instant.
    pub async fn resting_domains(&self, at: Instant) -> Result<Vec<RestingDomain>> {
        let rows: Vec<Row> = self.read(sql::RESTING_DOMAINS).bind(millis(at)).fetch_all().await?;
        rows.into_iter().map(RestingDomain::try_from).collect()
    }

    /// Those of them that the editors do not know of.
    pub async fn untold_rests(&self, at: Instant) -> Result<Vec<RestingDomain>> {
        let rows: Vec<Row> = self.read(sql::UNTOLD_RESTS).bind(millis(at)).fetch_all().await?;
        rows.into_iter().map(RestingDomain::try_from).collect()
    }

    /// Queues the letters that tell the editors of a rest, once; false if they know.
    pub async fn tell_rest(&self, domain: &str, letters: &[ServiceLetter]) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            if tx.query(sql::TELL_REST).bind(domain).execute().await? == 0 {
                return Ok(false);
            }
            for letter in letters {
                self.queue_letter(&mut tx, letter).await?;
            }
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Ends the rest of a domain: its letters are due now. False if it does not rest.
    pub async fn end_rest(&self, domain: &str, at: Instant) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            let domain = domain.to_ascii_lowercase();
            let until: Option<i64> = tx.query(sql::END_REST).bind(&domain).bind(millis(at)).fetch_optional().await?;
            let Some(until) = until else { return Ok(false) };
            let query = tx.query(sql::WAKE_LETTERS).bind(at_domain(&domain)).bind(until).bind(millis(at));
            query.execute().await?;
            tx.query(sql::WAKE_BLOCKS).bind(until).bind(millis(at)).execute().await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}

impl TryFrom<Row> for RestingDomain {
    type Error = super::Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self { domain: row.domain, until: instant(row.until_at)?, readers: row.readers, words: row.words })
    }
}
