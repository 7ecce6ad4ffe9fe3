//! What each relay has got: the letters of its last 24 hours and of the hour before that it shares with
//! them, counted by hours for all that share the store.

use super::{Result, Store, millis, on_writing, sql, transact};
use crate::model::Instant;

const HOUR: i64 = 3_600_000;

impl Store {
    /// Takes up to so many letters out of what a relay may get in 24 hours, and says how many there
    /// were left to take.
    pub async fn take_from_day(&self, relay: &str, limit: u32, want: u32, now: Instant) -> Result<u32> {
        let hour = millis(now) / HOUR;
        transact!(self, begin_alone, pool, tx => {
            let taken: i64 =
                sqlx::query_scalar(sql::RELAY_TAKEN).bind(relay).bind(hour - 24).fetch_one(&mut *tx).await?;
            let left = u32::try_from(i64::from(limit) - taken).unwrap_or(0).min(want);
            if left > 0 {
                sqlx::query(sql::TAKE_FROM_DAY)
                    .bind(relay)
                    .bind(hour)
                    .bind(i64::from(left))
                    .execute(&mut *tx)
                    .await?;
                sqlx::query(sql::FORGET_DAYS).bind(hour - 48).execute(&mut *tx).await?;
            }
            left
        })
    }

    /// Gives back what was taken out of a relay's day and not needed.
    pub async fn give_back(&self, relay: &str, letters: u32, now: Instant) -> Result<()> {
        on_writing!(self, pool => {
            sqlx::query(sql::TAKE_FROM_DAY)
                .bind(relay)
                .bind(millis(now) / HOUR)
                .bind(-i64::from(letters))
                .execute(pool)
                .await?;
        });
        Ok(())
    }
}
