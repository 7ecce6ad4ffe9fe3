//! What each relay has got: the letters of its last 24 hours and of the hour before that it shares with
//! them, counted by hours for all that share the store.

use super::{Result, Store, millis, sql};
use crate::model::Instant;

const HOUR_MS: i64 = 3_600_000;

/// What a provider gets of a relay in an hour by the clock, and in 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderHours {
    /// In an hour.
    pub hour: Option<u32>,
    /// In 24 hours.
    pub day: Option<u32>,
}

impl Store {
    /// Takes up to so many letters out of what a provider may get in this hour and in 24 hours, and says how many there were
    /// left to take.
    pub async fn take_from_provider(&self, key: &str, hours: ProviderHours, want: u32, now: Instant) -> Result<u32> {
        let hour = millis(now) / HOUR_MS;
        self.transact_alone(async |mut tx| {
            let mut left = i64::from(want);
            for (limit, since) in [(hours.hour, hour), (hours.day, hour - 24)] {
                if let Some(limit) = limit {
                    let taken: i64 = tx.query(sql::RELAY_TAKEN).bind(key).bind(since).fetch_one().await?;
                    left = left.min(i64::from(limit) - taken).max(0);
                }
            }
            if left > 0 {
                tx.query(sql::TAKE_FROM_DAY).bind(key).bind(hour).bind(left).execute().await?;
                tx.query(sql::FORGET_DAYS).bind(hour - 48).execute().await?;
            }
            tx.commit().await?;
            Ok(u32::try_from(left).unwrap_or(0))
        })
        .await
    }

    /// Takes up to so many letters out of what a relay may get in 24 hours, and says how many there
    /// were left to take.
    pub async fn take_from_day(&self, relay: &str, limit: u32, want: u32, now: Instant) -> Result<u32> {
        let hour = millis(now) / HOUR_MS;
        self.transact_alone(async |mut tx| {
            let taken: i64 = tx.query(sql::RELAY_TAKEN).bind(relay).bind(hour - 24).fetch_one().await?;
            let left = u32::try_from(i64::from(limit) - taken).unwrap_or(0).min(want);
            if left > 0 {
                tx.query(sql::TAKE_FROM_DAY).bind(relay).bind(hour).bind(i64::from(left)).execute().await?;
                tx.query(sql::FORGET_DAYS).bind(hour - 48).execute().await?;
            }
            tx.commit().await?;
            Ok(left)
        })
        .await
    }

    /// Gives back what was taken out of a relay's day and not needed.
    pub async fn give_back(&self, relay: &str, letters: u32, now: Instant) -> Result<()> {
        self.write(sql::TAKE_FROM_DAY)
            .bind(relay)
            .bind(millis(now) / HOUR_MS)
            .bind(-i64::from(letters))
            .execute()
            .await?;
        Ok(())
    }
}
