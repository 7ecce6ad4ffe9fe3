//! A new sender's letters: so many to each provider on a day, whoever sends them.

use chrono::NaiveDate;
use serde_json::json;

use super::{Result, Store, Tx, millis, sql, sql::warm_up};
use crate::model::{Instant, provider};

/// How long it is known which letters were let go on a day.
const DAYS_KEPT: i64 = 60;

/// A day with what it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayAllowance {
    /// The day, by the magazine's clock.
    pub day: NaiveDate,
    /// So many letters go to each provider.
    pub letters: u32,
    /// The instant, by the same clock.
    pub at: Instant,
}

fn number(day: NaiveDate) -> i64 {
    (day - chrono::DateTime::UNIX_EPOCH.date_naive()).num_days()
}

impl Store {
    /// Lets so many letters of an edition go as a day still allows, those of readers first who are longest on the list; all
    /// others wait. Without a day, all go. `now` is the database's clock.
    pub async fn warm_up(&self, edition: i64, today: Option<DayAllowance>, now: Instant) -> Result<()> {
        let begun: i64 = self.read(warm_up::HAS_WARM_UP).bind(edition).fetch_one().await?;
        if begun == 0 && today.is_none() {
            return Ok(());
        }
        // One at a time, of all editions: they share what a day allows.
        self.transact_alone(async |mut tx| {
            tx.query(sql::TOUCH_EDITION).bind(edition).execute().await?;
            match today {
                Some(today) => let_go(&mut tx, edition, today, now).await?,
                None => {
                    if tx.query(warm_up::END_WARM_UP).bind(edition).execute().await? > 0 {
                        tx.query(warm_up::GO_ALL_BLOCKS).bind(edition).execute().await?;
                        tx.query(warm_up::GO_ALL).bind(edition).execute().await?;
                    }
                }
            }
            tx.commit().await
        })
        .await
    }

    /// How many letters of an edition wait for a day that allows them.
    pub async fn warming_letters(&self, edition: i64) -> Result<i64> {
        self.read(warm_up::COUNT_WARMING).bind(edition).fetch_one().await
    }
}

async fn let_go(tx: &mut Tx<'_>, edition: i64, today: DayAllowance, now: Instant) -> Result<()> {
    let day = number(today.day);
    let known: Vec<_> = provider::known().collect();
    tx.query(warm_up::BEGIN_WARM_UP).bind(edition).execute().await?;
    // What was let go on an earlier day and did not go counts among today's.
    tx.query(warm_up::LOCK_DAY_BLOCKS).bind(edition).execute().await?;
    tx.query(warm_up::WAIT_FOR_DAY).bind(edition).bind(day).execute().await?;
    tx.query(warm_up::WAIT_DAY_BLOCKS).bind(edition).execute().await?;
    tx.query(warm_up::COUNT_IN_HAND).bind(edition).bind(day).execute().await?;
    let query = tx.query(warm_up::LET_GO).bind(edition).bind(millis(now)).bind(day).bind(i64::from(today.letters));
    let gone = query.bind(json!(known).to_string()).bind(millis(today.at)).execute().await?;
    if gone > 0 {
        tx.query(warm_up::GO_BLOCKS).bind(edition).bind(day).execute().await?;
        tx.query(warm_up::GO_TODAY).bind(edition).bind(day).execute().await?;
        tx.query(warm_up::FORGET_WARM_UP_DAYS).bind(day - DAYS_KEPT).execute().await?;
    }
    Ok(())
}
