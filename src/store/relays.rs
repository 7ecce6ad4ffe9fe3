//! What each relay has got: the letters of its last 24 hours and of the hour before that it shares with
//! them, counted by hours for all that share the store.

use super::{Result, Store, millis, sql};
use crate::model::Instant;

const HOUR_MS: i64 = 3_600_000;

impl Store {
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
