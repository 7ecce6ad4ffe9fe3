//! What the web asks the store for.

use super::{Result, Store, on, sql};

impl Store {
    /// How many letters of all editions are in which state.
    pub async fn letter_counts(&self) -> Result<Vec<(String, i64)>> {
        Ok(on!(self, pool => sqlx::query_as(sql::LETTER_COUNTS).fetch_all(pool).await?))
    }

    /// How many subscribers are in which state.
    pub async fn subscriber_counts(&self) -> Result<Vec<(String, i64)>> {
        Ok(on!(self, pool => sqlx::query_as(sql::SUBSCRIBER_COUNTS).fetch_all(pool).await?))
    }
}
