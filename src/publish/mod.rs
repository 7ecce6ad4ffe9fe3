//! Publishes: finds out which feeds have changed, builds those, several at once, and writes what
//! differs. A run with nothing new asks the store two short questions and looks whether the
//! files are there.

mod beside;
mod changed;
mod check;
mod document;
mod feed;
mod files;
mod folder_stamp;
pub mod forms;
mod months;
mod owner;
pub mod pack;
mod target;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZero,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{runtime::Handle, sync::watch, task::JoinSet};

use crate::{
    config::Config,
    model::{FeedKey, Instant, column::fingerprint},
    store::{self, Commit, FeedRecord, Latest, Publication, Published, Store},
};

use changed::FeedsToBuild;
pub use check::CheckResult;
use feed::{FeedResult, FeedWorker};
use files::FeedFiles;
use forms::conform::FeedFinding;
pub use owner::{FolderOwner, SentEdition};

/// Why nothing, or not all, could be published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Feed(#[from] forms::Error),
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    /// The folder is another magazine's.
    #[error(
        "the feeds in {} are those of {name:?} ({address}), id {id}: nothing is published there. If that is this magazine, \
         whose store was made anew, take the folder over with `gazetier publish --take-over`; if not, give this one a \
         folder of its own (feeds.path)",
        folder.display()
    )]
    Foreign { folder: PathBuf, name: String, address: String, id: String },
    /// Nobody knows whose the folder is.
    #[error("{} cannot be read, which says whose the feeds are: {why}; if they are this magazine's, say `gazetier publish --take-over`", path.display())]
    UnreadableOwner { path: PathBuf, why: String },
    /// Validators would find something in it: what readers have of it stays.
    #[error("the feed {feed} is not published, and what readers had of it stays:{}", lines(findings))]
    Refused { feed: String, findings: Vec<FeedFinding> },
    /// Validators would find something in columns: those are left out.
    #[error("the feed {feed} is published without the columns that readers would refuse:{}", lines(findings))]
    LeftOut { feed: String, findings: Vec<FeedFinding> },
    /// A worker of ours stopped without an answer.
    #[error("nothing is published before the store has made a note of it")]
    Unannounced,
    #[error("a feed's worker broke off: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

fn lines(findings: &[FeedFinding]) -> String {
    findings.iter().map(|finding| format!("\n  {finding}")).collect()
}

/// A feed as messages name it.
fn name(feed: &FeedKey) -> String {
    if *feed == FeedKey::All { "(all columns)".to_owned() } else { feed.key() }
}

#[derive(Debug, Default)]
pub struct PublicationResult {
    pub written: usize,
    pub warnings: Vec<String>,
    /// Feeds that could not be published, or not with all columns, each with its error: they are tried
    /// again.
    pub failed: Vec<Error>,
}

/// Files that are in their places, of which the store does not know yet.
#[derive(Debug)]
pub struct UnrecordedPublication {
    publication: Publication,
    /// What was published last of all feeds together, when this began.
    before: Option<Published>,
    revision: i64,
    built: BuiltFeeds,
    /// How many pages were written beside the feeds.
    pages: usize,
    warnings: Vec<String>,
}

#[derive(Debug, Default)]
struct BuiltFeeds {
    done: Vec<FeedResult>,
    failed: Vec<Error>,
}

/// Publishes what readers may see at one instant.
#[derive(Debug, Clone)]
pub struct Publisher {
    config: Arc<Config>,
    store: Store,
    at: Instant,
    /// What the machine's clock says, if it is known.
    clock: Option<Instant>,
    /// The configuration, the templates and the program: when they change, all is made again.
    build_fingerprint: Arc<str>,
}

/// The standing of all feeds together, and of the pages beside them. No feed has this key.
const ALL_FEEDS_KEY: &str = "*";

/// How many feeds are worked on at once for each processor.
const WORKERS_PER_CPU: usize = 3;

/// How often feeds are built again that others publish at the same time.
const MAX_BUILD_ROUNDS: usize = 5;

impl Publisher {
    /// Publishes what readers may see at an instant.
    pub fn new(config: Arc<Config>, store: Store, at: Instant) -> Self {
        let build_fingerprint = fingerprint([&config.fingerprint, forms::BUILD_INPUTS]).into();
        Self { config, store, at, clock: None, build_fingerprint }
    }

    /// The same, with what the machine's clock says: then it is remembered how the feeds' folder looks when
    /// nothing is missing in it.
    #[must_use]
    pub fn with_clock(self, clock: Instant) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Publishes what has changed. A feed that cannot be published keeps no other from it.
    pub async fn publish(&self) -> Result<PublicationResult, Error> {
        if let Some(magazine) = self.store.magazine() {
            FolderOwner::claim(&self.config.feeds.path, magazine)?;
        }
        match self.write_files().await? {
            Some(written) => self.record(written).await,
            None => Ok(PublicationResult::default()),
        }
    }

    /// Builds what has changed and puts it into its place; `None` if nothing has.
    pub async fn write_files(&self) -> Result<Option<UnrecordedPublication>, Error> {
        // Read before the columns: what changes meanwhile is seen again at the next run.
        let Latest { revision, published, come_out, unfinished, seen, sorted } =
            self.store.latest(ALL_FEEDS_KEY, self.at).await?;
        let (revision, warnings) = self.sorted(sorted, revision).await?;
        // Where a publication did not end, what is on the disk may be older than what the store says.
        let last =
            published.clone().filter(|last| *last.fingerprint == *self.build_fingerprint && unfinished.is_empty());
        let FeedsToBuild { feeds, folder_stamp } =
            self.changed(last.as_ref(), revision, come_out, seen.as_deref()).await?;
        let folder = FeedFiles::new(&self.config);
        let pages = last.is_none() || !self.has_pages(&folder);
        let news = self.news().await?;
        if feeds.is_empty() && !pages && news.is_none() {
            if let Some(folder_stamp) = folder_stamp {
                // What cannot be remembered is looked at again.
                let _ = self.store.put_seen(&folder_stamp).await;
            }
            return Ok(None);
        }
        if last.is_none() {
            self.store.put_rubriques(&self.config.rubriques).await?;
        }
        let dead = !unfinished.is_empty() && unfinished.iter().all(|unfinished| unfinished.is_over(self.at));
        // Files are built, and their bytes go to the disk, while the store makes a note of it; none takes its place before.
        let (announce, announced) = watch::channel(false);
        let begin = async move {
            let publication = self.store.begin_publication(unfinished, self.at).await?;
            announce.send_replace(true);
            Ok::<_, Error>(publication)
        };
        let (publication, built) = tokio::join!(begin, self.build(feeds, last.is_some(), revision, announced));
        let (publication, built) = (publication?, built?);
        if dead {
            folder.remove_leftovers();
        }
        let mut pages = if pages && built.is_whole() { self.pages()? } else { 0 };
        pages += news.map_or(Ok(0), |news| self.put_news(&news))?;
        Ok(Some(UnrecordedPublication { publication, before: published, revision, built, pages, warnings }))
    }

    /// Says in the store what was written. A feed that somebody else has published since it was read is
    /// built again: nobody knows whose files were put into their places last.
    pub async fn record(&self, written: UnrecordedPublication) -> Result<PublicationResult, Error> {
        let UnrecordedPublication { publication, before, revision, mut built, pages, warnings } = written;
        let mut result = PublicationResult { written: pages, warnings, ..PublicationResult::default() };
        let mut sound = true;
        for round in 1.. {
            sound &= built.is_whole();
            let BuiltFeeds { mut done, failed } = built;
            // Always in one order: of two runs at once, neither waits for a row that the other has.
            done.sort_by(|a, b| a.standing.feed.cmp(&b.standing.feed));
            result.failed.extend(failed);
            let mut standings = Vec::with_capacity(done.len());
            for one in done {
                result.written += one.written;
                result.warnings.extend(one.warnings);
                result.failed.extend(one.left_out);
                standings.push(one.standing);
            }
            let all = Published {
                fingerprint: self.build_fingerprint.to_string(),
                revision,
                at: self.at,
                told: Instant::UNIX_EPOCH,
            };
            let all = FeedRecord {
                feed: ALL_FEEDS_KEY.into(),
                before: before.clone(),
                published: all,
                months: Vec::new(),
                topics: Vec::new(),
            };
            let commit = Commit {
                publication: &publication,
                standings: &standings,
                all: result.failed.is_empty().then_some(&all),
                sound,
                hubs: &self.config.feeds.hubs,
                at: self.at,
            };
            let stale = self.store.put_published(commit).await?;
            // What others overtake each time is left to the next run, which looks at all files.
            if stale.is_empty() || round == MAX_BUILD_ROUNDS {
                break;
            }
            let feeds = stale.iter().filter_map(|feed| FeedKey::from_key(feed)).collect();
            let (_, announced) = watch::channel(true);
            built = self.build(feeds, false, self.store.revision().await?, announced).await?;
        }
        Ok(result)
    }

    /// Builds feeds, several at once, and puts them into their places.
    /// They wait for that until the publication is `announced` in the store.
    async fn build(
        &self,
        feeds: BTreeSet<FeedKey>,
        trusted: bool,
        revision: i64,
        announced: watch::Receiver<bool>,
    ) -> Result<BuiltFeeds, Error> {
        // While some wait for the disk, others build. As many feeds are in memory as there are workers.
        let workers = WORKERS_PER_CPU * std::thread::available_parallelism().map_or(2, NonZero::get).min(8);
        let mut building = JoinSet::new();
        let waiting = Arc::new(Mutex::new(feeds.clone().into_iter()));
        for _ in 0..workers.min(feeds.len()) {
            let (worker, waiting, runtime) = (FeedWorker::new(self.clone()), Arc::clone(&waiting), Handle::current());
            let announced = announced.clone();
            building.spawn_blocking(move || {
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                let publish =
                    |worker: &mut FeedWorker, key: &FeedKey| runtime.block_on(worker.publish(key, trusted, revision));
                let is_announced = || {
                    let told = runtime.block_on(announced.clone().wait_for(|told| *told)).map(|_| ());
                    told.map_err(|_| Error::Unannounced)
                };
                worker.work(next, publish, is_announced)
            });
        }
        let (mut done, mut failed, mut parents) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        while let Some(worked) = building.join_next().await.transpose()? {
            parents.extend(worked.parents);
            done.extend(worked.done);
            failed.extend(worked.failed);
        }
        FeedFiles::new(&self.config).sync_folders(&parents)?;
        Ok(BuiltFeeds { done, failed: failed.into_values().collect() })
    }
}

impl BuiltFeeds {
    /// Whether each feed was put into its place, with all its columns or without some.
    fn is_whole(&self) -> bool {
        self.failed.is_empty()
    }
}
