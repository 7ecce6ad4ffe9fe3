//! Sorts columns into the feeds that have theirs by name. Each column is looked at once after it has changed; what a
//! feed holds is then read from a table, whatever its rules are.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    Result, Store, Tx,
    column_lists::{bylines, names},
    instant,
    query::from_row,
    sql,
};
use crate::model::{FeedKey, FeedRules, Month, SortedColumn, text};

/// How many columns are sorted at once.
const COLUMNS_AT_ONCE: i64 = 200;

/// What became of sorting.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SortedFeeds {
    /// The revision of the columns that are sorted.
    pub revision: i64,
    /// Feeds of several names.
    pub shared: Vec<SharedFeed>,
}

/// A feed that several names have together, because they are one in an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFeed {
    pub feed: FeedKey,
    /// The names, in order.
    pub names: Vec<String>,
}

/// A column that is to be sorted.
struct ChangedColumn {
    id: i64,
    revision: i64,
    rubrique: Option<String>,
    byline: Option<String>,
    bylines: String,
    tags: String,
    audio: String,
    published_at: i64,
    title: String,
    standfirst: String,
    body: String,
}

from_row!(ChangedColumn {
    id,
    revision,
    rubrique,
    byline,
    bylines,
    tags,
    audio,
    published_at,
    title,
    standfirst,
    body
});

/// The feeds and months that columns have come into or gone from.
type Touched = BTreeSet<(String, String)>;

impl Store {
    /// Sorts the columns that have changed since they were last sorted: all, if that was by other rules. Gives the
    /// revision that they are then of: who publishes that one publishes them as they are sorted.
    pub async fn sort_columns(&self, rules: &FeedRules) -> Result<SortedFeeds> {
        let fingerprint = rules.fingerprint();
        self.transact_alone(async |mut tx| {
            let state: Option<(String, i64)> = tx.query(sql::SORTED_STATE).fetch_optional().await?;
            let number: i64 = tx.query(sql::REVISION).fetch_one().await?;
            let since = state.filter(|(rules, _)| *rules == fingerprint).map(|(_, revision)| revision);
            if since == Some(number) {
                return Ok(SortedFeeds { revision: number, shared: Vec::new() });
            }
            if since.is_none() {
                tx.query(sql::EMPTY_FEEDS).execute().await?;
            }
            let touched = tx.sort_changed(rules, since).await?;
            let mut revision = number;
            if !touched.is_empty() || since.is_none() {
                revision = tx.query(sql::NEXT_REVISION).fetch_one().await?;
                tx.touch_months(&touched, revision).await?;
            }
            if since.is_none() {
                tx.query(sql::TOUCH_SORTED_FEEDS).bind(revision).execute().await?;
            }
            tx.query(sql::PUT_SORTED_STATE).bind(&fingerprint).bind(revision).execute().await?;
            let shared = tx.shared_feeds(&touched).await?;
            tx.commit().await?;
            Ok(SortedFeeds { revision, shared })
        })
        .await
    }
}

/// The steps of a transaction that sorts columns.
impl Tx<'_> {
    /// Sorts the columns of the revisions after one, or all.
    async fn sort_changed(&mut self, rules: &FeedRules, since: Option<i64>) -> Result<Touched> {
        let mut touched = Touched::new();
        // No column has the key 0, and no revision is below it.
        let mut after = since.map_or((-1, 0), |revision| (revision, i64::MAX));
        loop {
            let query = self.query(sql::CHANGED_COLUMNS).bind(after.0).bind(after.1).bind(COLUMNS_AT_ONCE);
            let columns: Vec<ChangedColumn> = query.bind(i64::from(rules.wants_words())).fetch_all().await?;
            let Some(last) = columns.last() else { return Ok(touched) };
            after = (last.revision, last.id);
            if since.is_some() {
                self.unsort(&columns, &mut touched).await?;
            }
            self.sort(rules, &columns, &mut touched).await?;
        }
    }

    /// Takes columns out of the feeds where they are.
    async fn unsort(&mut self, columns: &[ChangedColumn], touched: &mut Touched) -> Result<()> {
        let ids = json!(columns.iter().map(|column| column.id).collect::<Vec<_>>()).to_string();
        let before: Vec<(String, i64)> = self.query(sql::SORTED_COLUMNS).bind(&ids).fetch_all().await?;
        if before.is_empty() {
            return Ok(());
        }
        for (feed, shown_at) in before {
            touched.insert((feed, Month::of(instant(shown_at)?).to_string()));
        }
        self.query(sql::UNSORT_COLUMNS).bind(ids).execute().await?;
        Ok(())
    }

    /// Puts columns into the feeds where they belong.
    async fn sort(&mut self, rules: &FeedRules, columns: &[ChangedColumn], touched: &mut Touched) -> Result<()> {
        let mut rows = Vec::new();
        for column in columns {
            let (bylines, tags) = (bylines(column.byline.as_deref(), &column.bylines)?, names(&column.tags)?);
            let sorted = SortedColumn {
                rubrique: column.rubrique.as_deref(),
                bylines: &bylines,
                tags: &tags,
                has_audio: !column.audio.is_empty(),
                title: &column.title,
                standfirst: &column.standfirst,
                body: &column.body,
            };
            let month = Month::of(instant(column.published_at)?).to_string();
            for (feed, label) in rules.feeds_of(&sorted) {
                touched.insert((feed.key(), month.clone()));
                rows.push(json!([feed.key(), column.id, column.published_at, label]));
            }
        }
        if !rows.is_empty() {
            self.query(sql::SORT_COLUMNS).bind(json!(rows).to_string()).execute().await?;
        }
        Ok(())
    }

    /// Which of these feeds have columns of several names.
    async fn shared_feeds(&mut self, touched: &Touched) -> Result<Vec<SharedFeed>> {
        let feeds: BTreeSet<[&str; 1]> = touched.iter().map(|(feed, _)| [feed.as_str()]).collect();
        if feeds.is_empty() {
            return Ok(Vec::new());
        }
        let query = self.query(sql::FEED_LABELS).bind(json!(feeds).to_string());
        let labels: Vec<(String, String)> = query.fetch_all().await?;
        let mut shared: Vec<SharedFeed> = Vec::new();
        for (key, label) in labels {
            let Some(feed) = FeedKey::from_key(&key) else { continue };
            match shared.last_mut().filter(|last| last.feed == feed) {
                // Another spelling is no other name.
                Some(last) if last.names.iter().any(|name| text::fold(name) == text::fold(&label)) => {}
                Some(last) => last.names.push(label),
                None => shared.push(SharedFeed { feed, names: vec![label] }),
            }
        }
        shared.retain(|shared| shared.names.len() > 1);
        Ok(shared)
    }
}
