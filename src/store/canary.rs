//! The first letters of an edition, which go out alone.

use super::{Result, Store, instant, millis, query::from_row, sql, sql::canary, together::part_edition};
use crate::model::Instant;

/// How the first letters of an edition fared with a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryDomain {
    /// The domain.
    pub domain: String,
    /// How many there are.
    pub letters: i64,
    /// How many are still to be given to a relay.
    pub to_do: i64,
    /// How many were refused, came back, or are unknown.
    pub bad: i64,
    /// How many a relay put off.
    pub deferred: i64,
    /// When the last of them was settled.
    pub settled: Option<Instant>,
    /// What a relay said of one that is bad.
    pub reply: String,
}

struct Row {
    domain: String,
    letters: i64,
    to_do: i64,
    bad: i64,
    deferred: i64,
    settled_at: i64,
    reply: String,
}

from_row!(Row { domain, letters, to_do, bad, deferred, settled_at, reply });

impl Store {
    /// Lets so many letters of an edition go ahead of the others, if none has gone yet; false if it has no canary.
    pub async fn begin_canary(&self, edition: i64, letters: u64, now: Instant) -> Result<bool> {
        self.transact(async |mut tx| {
            tx.query(sql::TOUCH_EDITION).bind(edition).execute().await?;
            let begun = tx.query(canary::BEGIN_CANARY).bind(edition).bind(millis(now)).execute().await? == 1;
            if begun {
                let letters = i64::try_from(letters).unwrap_or(i64::MAX);
                tx.query(canary::CHOOSE_CANARY).bind(edition).bind(letters).bind(millis(now)).execute().await?;
                tx.query(canary::WAIT_FOR_CANARY).bind(edition).execute().await?;
                tx.query(canary::WAIT_BLOCKS).bind(edition).execute().await?;
            }
            tx.commit().await?;
            Ok(begun)
        })
        .await
    }

    /// Whether the others still wait for the first letters of an edition, and since when these go; nothing if there were
    /// no such letters.
    pub async fn canary_is_out(&self, edition: i64) -> Result<Option<(bool, Instant)>> {
        let state: Option<(String, i64)> = self.read(canary::CANARY_STATE).bind(edition).fetch_optional().await?;
        state.map(|(state, begun)| Ok((state == "out", instant(begun)?))).transpose()
    }

    /// How the first letters of an edition fare, by domain.
    pub async fn canary(&self, edition: i64) -> Result<Vec<CanaryDomain>> {
        let rows: Vec<Row> = self.read(canary::CANARY_FARED).bind(edition).fetch_all().await?;
        let domain = |row: Row| {
            let Row { domain, letters, to_do, bad, deferred, settled_at, reply } = row;
            let settled = if settled_at > 0 { Some(instant(settled_at)?) } else { None };
            Ok(CanaryDomain { domain, letters, to_do, bad, deferred, settled, reply })
        };
        rows.into_iter().map(domain).collect()
    }

    /// Lets the others go, or, with a reason, holds the edition: then they go once somebody lets it go. False if somebody
    /// else has decided meanwhile.
    pub async fn end_canary(&self, edition: i64, hold: Option<&str>) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            tx.query(sql::TOUCH_EDITION).bind(edition).execute().await?;
            let state = if hold.is_some() { "failed" } else { "passed" };
            if tx.query(canary::END_CANARY).bind(edition).bind(state).execute().await? == 0 {
                return Ok(false);
            }
            if let Some(reason) = hold {
                tx.query(sql::HOLD_EDITION).bind(edition).bind(reason).execute().await?;
                part_edition(&mut tx, edition).await?;
            }
            tx.query(canary::FOLLOW_CANARY).bind(edition).execute().await?;
            tx.query(canary::FOLLOW_BLOCKS).bind(edition).execute().await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}
