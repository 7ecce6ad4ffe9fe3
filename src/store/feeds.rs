//! What was last published: a fingerprint for each feed.

use std::collections::HashMap;

use super::{News, Result, Store, begin, hubs::queue_pings, millis, on, sql};
use crate::model::{Instant, Slug, column::fingerprint};

impl Store {
    /// A fingerprint of what a feed holds at an instant, read from an index alone: it changes when
    /// a column comes, goes or is edited.
    pub async fn feed_fingerprint(&self, rubrique: Option<&Slug>, at: Instant, limit: u32) -> Result<String> {
        let statement = rubrique.map_or(sql::HEADS_OF_ALL, |_| sql::HEADS_OF_RUBRIQUE);
        let heads: Vec<(i64, String)> = on!(self, pool => {
            let query = sqlx::query_as(statement).bind(millis(at)).bind(i64::from(limit));
            match rubrique {
                Some(slug) => query.bind(slug.as_str()).fetch_all(pool).await?,
                None => query.fetch_all(pool).await?,
            }
        });
        Ok(fingerprint(heads.iter().flat_map(|(id, print)| [id.to_be_bytes().to_vec(), print.clone().into_bytes()])))
    }

    /// The fingerprints of the feeds as they were last published, by feed.
    pub async fn feed_states(&self) -> Result<HashMap<String, String>> {
        let rows: Vec<(String, String)> = on!(self, pool => sqlx::query_as(sql::FEED_STATES).fetch_all(pool).await?);
        Ok(rows.into_iter().collect())
    }

    /// Remembers that feeds with these fingerprints are on disk, and what hubs are to be told of
    /// them, in one commit.
    pub async fn put_feed_states(&self, states: &[(String, String)], news: News<'_>) -> Result<()> {
        on!(self, pool => {
            let mut tx = begin(pool).await?;
            for (feed, state) in states {
                sqlx::query(sql::PUT_FEED_STATE).bind(feed).bind(state).execute(&mut *tx).await?;
            }
            queue_pings!(tx, news);
            tx.commit().await?;
        });
        Ok(())
    }
}
