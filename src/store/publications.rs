//! Publications: what is on the disk, by which run, and whether the store still says what that run read.

use chrono::Duration;
use data_encoding::HEXLOWER;
use url::Url;

use super::{Error, FeedRecord, Result, Store, Tx, hubs::queue_pings, instant, millis, sql};
use crate::model::{FeedKey, Instant, Month};

/// How long a publication may be under way. One that did not end in that time is ended by another that
/// has looked at all files; before, its program may still be writing.
pub const MAX_PUBLICATION_TIME: Duration = Duration::minutes(15);

/// A publication that is under way, or whose program died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    id: String,
    begun: Instant,
}

impl Unfinished {
    /// As the store gives it.
    pub(super) fn read(row: &str) -> Result<Self> {
        let (id, begun) = row.split_once(' ').unwrap_or((row, ""));
        let begun = begun.parse().map_err(|_| Error::Corrupt { what: "publication", value: row.to_owned() })?;
        Ok(Self { id: id.to_owned(), begun: instant(begun)? })
    }

    /// Whether nobody can be at work on it any more. A clock may have been ahead.
    pub fn is_over(&self, at: Instant) -> bool {
        (at - self.begun).abs() > MAX_PUBLICATION_TIME
    }
}

/// A publication that has begun: until it has ended, the store says that files may be written.
#[derive(Debug)]
pub struct Publication {
    id: String,
    /// Those before it that did not end: it looks at all files.
    unfinished: Vec<Unfinished>,
}

/// What was published, to be remembered in one commit.
#[derive(Debug)]
pub struct Commit<'a> {
    /// By which publication.
    pub publication: &'a Publication,
    /// How feeds now stand.
    pub standings: &'a [FeedRecord],
    /// How all feeds together stand, if all of them are published now.
    pub all: Option<&'a FeedRecord>,
    /// Whether every file is as the store says of it, so that the publication may end.
    pub sound: bool,
    /// Which hubs are to be told.
    pub hubs: &'a [Url],
    /// When they may be.
    pub at: Instant,
}

/// The files that there should be besides the feeds of rubriques.
#[derive(Debug, Default)]
pub struct Documents {
    /// How many archive documents a feed has of a month.
    pub archives: Vec<(FeedKey, Month, i64)>,
    /// Feeds of bylines, tags and selections that were published, whatever the configuration wants now.
    pub others: Vec<FeedKey>,
}

/// Puts a feed's state in the place of the one that was read; false if that is not there any more.
async fn put_feed_state(tx: &mut Tx<'_>, standing: &FeedRecord) -> Result<bool> {
    let FeedRecord { feed, before, published, .. } = standing;
    let statement = if before.is_some() { sql::CHANGE_FEED_STATE } else { sql::ADD_FEED_STATE };
    let mut query = tx
        .query(statement)
        .bind(feed)
        .bind(&published.fingerprint)
        .bind(published.revision)
        .bind(millis(published.at))
        .bind(millis(published.told));
    if let Some(before) = before {
        query = query.bind(&before.fingerprint).bind(before.revision).bind(millis(before.at));
    }
    Ok(query.execute().await? == 1)
}

impl Store {
    /// The files that there should be besides the feeds of rubriques.
    pub async fn documents(&self) -> Result<Documents> {
        let (archives, others): (Option<String>, Option<String>) = self.read(sql::DOCUMENTS).fetch_one().await?;
        let archive = |row: &str| {
            let mut values = row.split(' ');
            let (feed, month, documents) = (values.next()?, values.next()?, values.next()?);
            Some((FeedKey::from_key(feed)?, Month::parse(month)?, documents.parse().ok()?))
        };
        let corrupt = |row: &str| Error::Corrupt { what: "month", value: row.to_owned() };
        let rows = archives.as_deref().unwrap_or_default().split_terminator(',');
        let archives = rows.map(|row| archive(row).ok_or_else(|| corrupt(row))).collect::<Result<_>>()?;
        let others = others.as_deref().unwrap_or_default().split_terminator(',');
        Ok(Documents { archives, others: others.filter_map(FeedKey::from_key).collect() })
    }

    /// Says that files are being written from now on.
    pub async fn begin_publication(&self, unfinished: Vec<Unfinished>, at: Instant) -> Result<Publication> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| Error::Random(error.to_string()))?;
        let id = HEXLOWER.encode(&id);
        self.write(sql::BEGIN_PUBLICATION).bind(&id).bind(millis(at)).execute().await?;
        Ok(Publication { id, unfinished })
    }

    /// Remembers that feeds are on disk as they now stand, and what hubs are to be told of them, in
    /// one commit. Gives the feeds that somebody else has published since they were looked at: of
    /// those nothing is remembered, and nobody knows whose files are on the disk.
    pub async fn put_published(&self, commit: Commit<'_>) -> Result<Vec<String>> {
        self.transact(async |mut tx| {
            let mut stale = Vec::new();
            for standing in commit.standings {
                if !put_feed_state(&mut tx, standing).await? {
                    stale.push(standing.feed.clone());
                    continue;
                }
                for month in &standing.months {
                    tx.query(sql::PUT_MONTH)
                        .bind(&standing.feed)
                        .bind(month.month.to_string())
                        .bind(month.columns)
                        .bind(i64::from(month.closed))
                        .bind(month.documents)
                        .bind(month.held)
                        .bind(&month.heads)
                        .execute()
                        .await?;
                }
                queue_pings(&mut tx, commit.hubs, &standing.topics, commit.at).await?;
            }
            if stale.is_empty() {
                // If somebody else was quicker, what they say of all feeds is as true as ours.
                if let Some(all) = commit.all {
                    put_feed_state(&mut tx, all).await?;
                }
                let own = commit.sound.then_some(&commit.publication.id);
                let over = commit.publication.unfinished.iter().filter(|unfinished| unfinished.is_over(commit.at));
                for id in over.map(|unfinished| &unfinished.id).chain(own) {
                    tx.query(sql::END_PUBLICATION).bind(id).execute().await?;
                }
            }
            tx.commit().await?;
            Ok(stale)
        })
        .await
    }
}
