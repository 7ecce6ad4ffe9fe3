//! Publishes: finds out which feeds have changed, builds those, several at once, and writes what
//! differs. A run with nothing new asks the store two short questions and looks whether the
//! files are there.

mod feed;
mod files;
mod months;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZero,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{runtime::Handle, task::JoinSet};

use crate::{
    config::Config,
    feeds::{
        self, Feed, History, Paper,
        conform::{self, Finding},
        page,
    },
    model::{FeedKey, Instant, Month, column::fingerprint},
    store::{self, Latest, News, Published, SharedAddress, Span, Standing, Store, Topic},
};

use feed::{Done, Worker};
use files::{Folder, sync_all};

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
    /// Validators would find something in it: what readers have of it stays.
    #[error("the feed {feed} is not published, and what readers had of it stays:{}", lines(findings))]
    Refused {
        /// Which.
        feed: String,
        /// What they would find.
        findings: Vec<Finding>,
    },
    /// A worker of ours stopped without an answer.
    #[error("a feed's worker broke off: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

fn lines(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("\n  {finding}")).collect()
}

/// A feed as messages name it.
fn name(feed: &FeedKey) -> String {
    if *feed == FeedKey::All { "(all columns)".to_owned() } else { feed.key() }
}

/// What is found of a column that wants the address of another.
fn twin_address(shared: SharedAddress) -> Finding {
    let SharedAddress { title, guid, url, owner, wanted } = shared;
    let stands = if url == wanted { String::new() } else { format!(" and stands at {url}") };
    Finding {
        column: Some(format!("{title:?} ({guid})")),
        field: "url",
        rule: "address-twice",
        message: format!(
            "it wants {wanted}, which is that of {owner:?},{stands}: give one of them another slug or url"
        ),
    }
}

/// What a publication came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many files were written.
    pub written: usize,
    /// What the editors should know.
    pub warnings: Vec<String>,
    /// Feeds that could not be published, each with its error: they are tried again.
    pub failed: Vec<Error>,
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

/// How many feeds are worked on at once for each processor.
const WORKERS: usize = 3;

/// Files that depend on the configuration alone.
const PAGES: [&str; 3] = ["index.html", "feeds.opml", "feed.css"];

impl Press {
    /// A press that publishes what readers may see at an instant.
    pub fn new(config: Arc<Config>, store: Store, at: Instant) -> Self {
        let make = fingerprint([&config.fingerprint, feeds::PRESS]).into();
        Self { config, store, at, make }
    }

    /// Publishes what has changed. A feed that cannot be published keeps no other from it.
    pub async fn publish(&self) -> Result<Outcome, Error> {
        // Read before the columns: what changes meanwhile is seen again at the next run.
        let Latest { revision, published, come_out } = self.store.latest(ALL, self.at).await?;
        let last = published.filter(|last| *last.fingerprint == *self.make);
        let feeds = self.changed(last.as_ref(), revision, come_out).await?;
        let folder = Folder::new(&self.config.feeds.path, self.config.feeds.precompress);
        let pages = last.is_none() || !PAGES.iter().all(|path| folder.has(path));
        if feeds.is_empty() && !pages {
            return Ok(Outcome::default());
        }
        if last.is_none() {
            self.store.put_rubriques(&self.config.rubriques).await?;
        }
        let (mut done, failed) = self.build(feeds, last.is_some(), revision).await?;
        // Always in one order: of two runs at once, neither waits for a row that the other has.
        done.sort_by(|a, b| a.standing.feed.cmp(&b.standing.feed));
        let mut written = done.iter().map(|done| done.written).sum();
        let topics: Vec<Topic> = done.iter().flat_map(|done| done.topics.clone()).collect();
        let warnings = done.iter().flat_map(|done| done.warnings.clone()).collect();
        let mut standings: Vec<Standing> = done.into_iter().map(|done| done.standing).collect();
        if failed.is_empty() {
            if pages {
                written += self.pages()?;
            }
            let all = Published { fingerprint: self.make.to_string(), revision, at: self.at };
            standings.push(Standing { feed: ALL.into(), published: all, months: Vec::new() });
        }
        let news = News { hubs: &self.config.feeds.hubs, topics: &topics, at: self.at };
        self.store.put_published(&standings, news).await?;
        Ok(Outcome { written, warnings, failed })
    }

    /// Looks at every feed as validators would, changed or not, and at its archives; gives how many
    /// there are and what they would find, each with its feed's name.
    pub async fn check(&self) -> Result<(usize, Vec<(String, Finding)>), Error> {
        let feeds = self.changed(None, 0, Vec::new()).await?;
        let (mut found, mut paper) = (Vec::new(), Paper::default());
        for key in &feeds {
            let (limit, all) = (self.config.feeds.items(key), Span::until(self.at));
            let columns = self.store.newest(key, all, limit).await?.columns;
            let feed = Feed::document(&self.config, key.clone(), &columns, History::default(), &[])?;
            let mut findings = conform::files(&feed, self.at, &mut paper)?.err().unwrap_or_default();
            let archived = if self.config.feeds.archives { limit } else { 0 };
            let mut columns = self.store.oldest(key, all, None, archived).await?;
            while let Some(newest) = columns.first() {
                let after = Some((newest.published, newest.id));
                let feed = Feed::document(&self.config, key.clone(), &columns, History::default(), &[])?;
                let older = conform::check(&feed, self.at).into_iter().filter(|finding| !findings.contains(finding));
                findings.extend(older.collect::<Vec<_>>());
                columns = self.store.oldest(key, all, after, archived).await?;
            }
            found.extend(findings.into_iter().map(|finding| (name(key), finding)));
        }
        let shared = self.store.shared_addresses().await?;
        found.extend(shared.into_iter().map(|shared| (name(&FeedKey::All), twin_address(shared))));
        Ok((feeds.len(), found))
    }

    /// Builds feeds, several at once; gives what was done, and the errors of the feeds that failed.
    async fn build(
        &self,
        feeds: BTreeSet<FeedKey>,
        same_make: bool,
        revision: i64,
    ) -> Result<(Vec<Done>, Vec<Error>), Error> {
        // While some wait for the disk, others build. As many feeds are in memory as there are workers.
        let workers = WORKERS * std::thread::available_parallelism().map_or(2, NonZero::get).min(8);
        let mut building = JoinSet::new();
        let waiting = Arc::new(Mutex::new(feeds.clone().into_iter()));
        for _ in 0..workers.min(feeds.len()) {
            let (mut worker, waiting, runtime) = (Worker::new(self.clone()), Arc::clone(&waiting), Handle::current());
            building.spawn_blocking(move || {
                let mut built = Vec::new();
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some(key) = next() {
                    let done = runtime.block_on(worker.publish(&key, same_make, revision));
                    built.push((key, done));
                }
                (built, worker.above)
            });
        }
        let (mut done, mut failed, mut above) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        while let Some((built, made)) = building.join_next().await.transpose()? {
            above.extend(made);
            for (key, one) in built {
                match one {
                    Ok(one) => done.push(one),
                    Err(error) => {
                        failed.insert(key, error);
                    }
                }
            }
        }
        sync_all(above)?;
        Ok((done, failed.into_values().collect()))
    }

    /// The feeds of which something may have changed since all was published last.
    async fn changed(
        &self,
        last: Option<&Published>,
        revision: i64,
        come_out: Vec<FeedKey>,
    ) -> Result<BTreeSet<FeedKey>, Error> {
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
        let mut feeds: BTreeSet<FeedKey> = come_out.into_iter().collect();
        if last.revision != revision {
            feeds.extend(self.store.touched_feeds(last.revision).await?);
        }
        let month = Month::of(self.at);
        if self.config.feeds.archives && month > Month::of(last.at) {
            feeds.extend(self.store.feeds_to_close(month).await?);
        }
        feeds.retain(ours);
        let folder = Folder::new(&self.config.feeds.path, self.config.feeds.precompress);
        let missing = |feed: &&FeedKey| !feeds::paths(feed, None).iter().all(|path| folder.has(path));
        let gone: Vec<FeedKey> = standing.iter().filter(missing).cloned().collect();
        feeds.extend(gone);
        Ok(feeds)
    }

    /// Writes what stands beside the feeds.
    fn pages(&self) -> Result<usize, Error> {
        let mut folder = Folder::new(&self.config.feeds.path, self.config.feeds.precompress);
        for (path, bytes) in page::files(&self.config)? {
            folder.put(&path, &bytes)?;
        }
        let landed = folder.sync()?;
        sync_all(landed.above)?;
        Ok(landed.written)
    }
}
