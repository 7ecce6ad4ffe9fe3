//! Publishes: finds out which feeds have changed, builds those, several at once, and writes what
//! differs. A run with nothing new asks the store three short questions and looks whether the
//! files are there.

mod feed;
mod files;
mod months;

use std::{collections::BTreeSet, num::NonZero, path::PathBuf, sync::Arc};

use tokio::task::JoinSet;

use crate::{
    config::Config,
    feeds::{self, page},
    model::{FeedKey, Instant, Month, column::fingerprint},
    store::{self, News, Published, Standing, Store},
};

use files::Folder;

/// Why nothing, or not all, could be published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A feed could not be made.
    #[error(transparent)]
    Feed(#[from] feeds::Error),
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A worker of ours stopped without an answer.
    #[error("a feed's worker broke off: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

/// The press, at one instant.
#[derive(Debug, Clone)]
pub struct Press {
    config: Arc<Config>,
    store: Store,
    at: Instant,
    /// The configuration, the templates and the program: when they change, all is made again.
    make: Arc<str>,
}

/// The standing of all feeds together, and of the pages beside them. No feed has this key.
const ALL: &str = "*";

/// Files that depend on the configuration alone.
const PAGES: [&str; 3] = ["index.html", "feeds.opml", "feed.css"];

impl Press {
    /// A press that publishes what readers may see at an instant.
    pub fn new(config: Arc<Config>, store: Store, at: Instant) -> Self {
        let make = fingerprint([&config.fingerprint, feeds::PRESS]).into();
        Self { config, store, at, make }
    }

    /// Publishes what has changed, and says how many files were written.
    pub async fn publish(&self) -> Result<usize, Error> {
        // Read before the columns: what changes meanwhile is seen again at the next run.
        let revision = self.store.revision().await?;
        let before = self.store.published().await?;
        let last = before.get(ALL).filter(|last| *last.fingerprint == *self.make);
        let feeds = self.changed(last, revision).await?;
        if feeds.is_empty() && last.is_some() {
            return Ok(0);
        }
        if last.is_none() {
            self.store.put_rubriques(&self.config.rubriques).await?;
        }
        let mut written = self.pages()?;
        let mut standings = Vec::new();
        let mut topics = Vec::new();
        let workers = std::thread::available_parallelism().map_or(2, NonZero::get);
        let mut building = JoinSet::new();
        let mut waiting = feeds.into_iter();
        loop {
            // As many feeds are in memory as there are workers, and one whose columns are read.
            while building.len() <= workers
                && let Some(key) = waiting.next()
            {
                let known = before.get(&key.key()).cloned();
                let known = known.filter(|known| last.is_some() && known.at <= self.at);
                building.spawn(feed::publish(self.clone(), key, known, revision));
            }
            let Some(done) = building.join_next().await else { break };
            let done = done??;
            written += done.written;
            standings.push(done.standing);
            topics.extend(done.topics);
        }
        let all = Published { fingerprint: self.make.to_string(), revision, at: self.at };
        standings.push(Standing { feed: ALL.into(), published: all, months: Vec::new() });
        let news = News { hubs: &self.config.feeds.hubs, topics: &topics, at: self.at };
        self.store.put_published(&standings, news).await?;
        Ok(written)
    }

    /// The feeds of which something may have changed since all was published last.
    async fn changed(&self, last: Option<&Published>, revision: i64) -> Result<BTreeSet<FeedKey>, Error> {
        let rubriques = self.config.rubriques.iter().map(|rubrique| FeedKey::Rubrique(rubrique.slug.clone()));
        let standing: Vec<FeedKey> = rubriques.chain([FeedKey::All]).collect();
        let ours = |feed: &FeedKey| match feed {
            FeedKey::Byline(_) => self.config.feeds.bylines,
            feed => standing.contains(feed),
        };
        let Some(last) = last.filter(|last| last.at <= self.at) else {
            // Never published, by another make, or the clock went back.
            let mut all: BTreeSet<FeedKey> = standing.iter().cloned().collect();
            if self.config.feeds.bylines {
                all.extend(self.store.feed_keys().await?.into_iter().filter(|feed| ours(feed)));
            }
            return Ok(all);
        };
        let mut feeds = BTreeSet::new();
        if last.revision != revision {
            feeds.extend(self.store.touched_feeds(last.revision).await?);
        }
        feeds.extend(self.store.feeds_come_out(last.at, self.at).await?);
        let month = Month::of(self.at);
        if self.config.feeds.archives && month > Month::of(last.at) {
            feeds.extend(self.store.feeds_to_close(month).await?);
        }
        feeds.retain(ours);
        let folder = Folder::new(&self.config.feeds.path, self.config.feeds.precompress);
        let missing = |feed: &&FeedKey| !feeds::paths(feed, None).iter().all(|path| folder.has(path));
        let gone: Vec<FeedKey> = standing.iter().filter(missing).cloned().collect();
        feeds.extend(gone);
        if !PAGES.iter().all(|path| folder.has(path)) {
            self.pages()?;
        }
        Ok(feeds)
    }

    /// Writes what stands beside the feeds.
    fn pages(&self) -> Result<usize, Error> {
        let mut folder = Folder::new(&self.config.feeds.path, self.config.feeds.precompress);
        for (path, bytes) in page::files(&self.config)? {
            folder.put(&path, &bytes)?;
        }
        folder.sync()
    }
}
