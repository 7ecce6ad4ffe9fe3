//! Publishes a feed: its archives, and the document that readers subscribe to.

use std::{collections::BTreeSet, path::PathBuf};

use super::forms::{self, Feed, History, conform};
use super::{Error, Publisher, document::DocumentWriter, months::ArchiveMonths, name};
use crate::{
    model::{Column, EARLIEST, FeedKey, Instant, Tombstone, column::fingerprint},
    store::{FeedRecord, Newest, Published, Span, Topic},
};

/// How many tombstones a feed carries at the most.
const MAX_TOMBSTONES: u32 = 50;

#[derive(Debug)]
pub(super) struct FeedResult {
    pub(super) written: usize,
    pub(super) standing: FeedRecord,
    pub(super) warnings: Vec<String>,
    /// What was left out of it because validators would refuse it.
    pub(super) left_out: Option<Error>,
}

/// Publishes feeds one after the other, in the same buffers. It has a thread of its own: there it builds, and waits for
/// the store and for the disk.
pub(super) struct FeedWorker {
    writer: DocumentWriter,
}

#[derive(Default)]
pub(super) struct WorkerResult {
    pub(super) done: Vec<FeedResult>,
    /// The feeds that failed. Of those that were to be put into their places together, one stands here
    /// for all if that failed.
    pub(super) failed: Vec<(FeedKey, Error)>,
    /// Folders in which folders were made.
    pub(super) parents: BTreeSet<PathBuf>,
}

impl FeedWorker {
    pub(super) fn new(publisher: Publisher) -> Self {
        Self { writer: DocumentWriter::new(publisher) }
    }

    /// Publishes feeds as long as there is a next one.
    pub(super) fn work(
        mut self,
        next: impl Fn() -> Option<FeedKey>,
        publish: impl Fn(&mut Self, &FeedKey) -> Result<Option<FeedResult>, Error>,
        announced: impl Fn() -> Result<(), Error>,
    ) -> WorkerResult {
        let mut worked = WorkerResult::default();
        let mut built = Vec::new();
        let mut last = None;
        loop {
            let key = next();
            if key.is_none() || self.writer.folder.is_full() {
                match (self.writer.folder.commit(&announced), last.take()) {
                    (Err(error), Some(last)) => {
                        built.clear();
                        worked.failed.push((last, error));
                    }
                    _ => worked.done.append(&mut built),
                }
            }
            let Some(key) = key else { break };
            match publish(&mut self, &key) {
                Ok(Some(one)) => {
                    built.push(one);
                    last = Some(key);
                }
                Ok(None) => {}
                Err(error) => worked.failed.push((key, error)),
            }
        }
        worked.parents = self.writer.folder.take_parents();
        worked
    }

    /// Builds what has changed of a feed, for [`super::files::StagedFiles::commit`] to put it into its place. If what is on the
    /// disk may be anybody's, all of it is compared. Nothing comes of one that has too few columns to be published for
    /// the first time.
    pub(super) async fn publish(
        &mut self,
        key: &FeedKey,
        trusted: bool,
        revision: i64,
    ) -> Result<Option<FeedResult>, Error> {
        self.writer.refused.clear();
        let savepoint = self.writer.folder.savepoint();
        let done = self.build(key, trusted, revision).await;
        if done.is_err() {
            self.writer.folder.roll_back(savepoint);
        }
        done
    }

    async fn build(&mut self, key: &FeedKey, trusted: bool, revision: i64) -> Result<Option<FeedResult>, Error> {
        let Publisher { config, store, at, build_fingerprint, .. } = self.writer.publisher.clone();
        // Read first: whoever publishes the feed meanwhile is found out when this is remembered.
        let stored = store.published(key).await?;
        let least = config.feeds.least_columns(key);
        if least > 0 && stored.is_none() && store.count(key, Span::until(at)).await? < i64::from(least) {
            return Ok(None);
        }
        // Where the clock went back, all is looked at again.
        let before = stored.clone().filter(|before| trusted && before.at <= at);
        let disk = self.writer.folder.documents(key, before.is_some());
        let mut months = ArchiveMonths::read(&self.writer.publisher, key, before.as_ref(), &disk).await?;
        let state_now = self.read_state(key, before.is_some()).await?;
        let there = forms::paths(key, None).iter().all(|path| self.writer.folder.has(path));
        let stands = |state: &str| there && before.as_ref().is_some_and(|before| before.fingerprint == *state);
        // What readers were told does not become untrue: unless the clock was wrong.
        let told = stored.as_ref().map(|stored| stored.told).filter(|told| *told <= at);

        let mut written = 0;
        let (archives, limit) = (config.feeds.archives, config.feeds.items(key));
        let mut history = History { complete: archives && months.columns() <= i64::from(limit), ..History::default() };
        let mut current = SubscriptionDocument::default();
        if history.complete && !stands(&state_now.state(&build_fingerprint, &history)) {
            current = self.subscription(key, &state_now, &history, told).await?;
            // All columns are few enough, and too large: the oldest are found in archives alone.
            history.complete = current.left_out == 0;
        }
        if archives && !history.complete {
            written += months.archive(&mut self.writer, key).await?;
            history.previous = months.last();
        } else {
            months.clear();
        }
        let state = state_now.state(&build_fingerprint, &history);
        if !history.complete && !stands(&state) {
            current = self.subscription(key, &state_now, &history, told).await?;
        }
        for name in months.gone(key, &disk, &self.writer.folder) {
            forms::paths(key, Some(&name)).into_iter().for_each(|path| self.writer.folder.remove(path));
        }
        let told = current.told.or(told).unwrap_or_default();
        let standing = FeedRecord {
            feed: key.key(),
            before: stored,
            published: Published { fingerprint: state, revision, at, told },
            months: months.standing(),
            topics: current.topics,
        };
        let left_out = if archives { 0 } else { current.left_out };
        Ok(Some(self.done(key, standing, written + current.written, left_out)))
    }

    fn done(&mut self, key: &FeedKey, mut standing: FeedRecord, written: usize, too_many: usize) -> FeedResult {
        let warning = || {
            let name = name(key);
            format!("the feed {name}: its {too_many} oldest columns are left out, it would be too large")
        };
        let warnings = (too_many > 0).then(warning).into_iter().collect();
        let left_out = self.writer.left_out(key);
        if left_out.is_some() {
            // It is built again, and told, at each run, until somebody has mended the columns.
            let before = standing.before.as_ref();
            let (revision, at) = before.map_or((-1, Instant::UNIX_EPOCH), |before| (before.revision, before.at));
            let told = standing.published.told;
            standing.published = Published { fingerprint: String::new(), revision, at, told };
            standing.months.clear();
        }
        FeedResult { written, standing, warnings, left_out }
    }

    /// What a feed holds: of one that was published, only what tells whether that has changed.
    async fn read_state(&self, key: &FeedKey, published: bool) -> Result<FeedState, Error> {
        let Publisher { config, store, at, .. } = &self.writer.publisher;
        let (limit, until) = (config.feeds.items(key), Span::until(*at));
        let mut tombstones =
            if config.feeds.tombstones { store.withdrawn(key, MAX_TOMBSTONES).await? } else { Vec::new() };
        // A clock that was wrong when a column was withdrawn is not told.
        tombstones.retain(|tombstone| (EARLIEST..=*at).contains(&tombstone.when));
        if published {
            let heads = store.feed_heads(key, until, limit).await?;
            return Ok(FeedState { heads, columns: None, tombstones });
        }
        // What is published for the first time has surely changed.
        let Newest { heads, columns } = store.newest(key, until, limit).await?;
        Ok(FeedState { heads, columns: Some(columns), tombstones })
    }

    /// When a feed changed last besides by its columns: one was withdrawn, or it has told so before.
    async fn changed(&self, key: &FeedKey, told: Option<Instant>) -> Result<Option<Instant>, Error> {
        let withdrawn =
            self.writer.publisher.store.withdrawn(key, 1).await?.into_iter().map(|tombstone| tombstone.when);
        Ok(withdrawn.filter(|when| (EARLIEST..=self.writer.publisher.at).contains(when)).chain(told).max())
    }

    /// Builds the document that readers subscribe to and writes it where it differs.
    async fn subscription(
        &mut self,
        key: &FeedKey,
        state_now: &FeedState,
        history: &History,
        told: Option<Instant>,
    ) -> Result<SubscriptionDocument, Error> {
        let publisher = self.writer.publisher.clone();
        let read = match &state_now.columns {
            Some(_) => Vec::new(),
            None => {
                publisher.store.newest(key, Span::until(publisher.at), publisher.config.feeds.items(key)).await?.columns
            }
        };
        let columns = state_now.columns.as_ref().unwrap_or(&read);
        let changed = self.changed(key, told).await?;
        let mut told = None;
        let (valid, columns) = self.writer.valid(key, columns, |columns, buffers| {
            let feed = Feed::document(&publisher.config, key.clone(), columns, history.clone(), &state_now.tombstones)?;
            let feed = feed.changed_at(changed);
            told = Some(feed.updated());
            Ok(conform::files(&feed, publisher.at, buffers)?)
        })?;
        let mut current =
            SubscriptionDocument { left_out: columns.len() - valid.kept, told, ..SubscriptionDocument::default() };
        if history.complete && current.left_out > 0 {
            return Ok(current);
        }
        if !publisher.config.feeds.hubs.is_empty() {
            for (path, bytes) in &valid.files {
                let address = publisher.config.feeds.url.join(path).map_err(forms::Error::from)?;
                current.topics.push(Topic::new(address, bytes));
            }
        }
        if let (FeedKey::All, Some(indexnow)) = (key, &publisher.config.search_engines.indexnow) {
            let origin = publisher.config.magazine.url.origin();
            let own = columns.iter().filter(|column| column.url.origin() == origin);
            current.topics.extend(own.map(|column| {
                let seen = fingerprint([column.title.as_str(), &column.standfirst, &column.body]);
                Topic::new(column.url.clone(), seen.as_bytes()).for_hub(indexnow.url.clone())
            }));
        }
        current.written = self.writer.put(valid.files, true)?;
        Ok(current)
    }
}

struct FeedState {
    /// What tells whether its columns have changed.
    heads: String,
    /// Its newest columns, if they were read.
    columns: Option<Vec<Column>>,
    tombstones: Vec<Tombstone>,
}

impl FeedState {
    /// What tells whether the document that readers subscribe to has changed.
    fn state(&self, build_fingerprint: &str, history: &History) -> String {
        let tombstone = |tombstone: &Tombstone| format!("{} {}", tombstone.guid, tombstone.when);
        fingerprint([
            build_fingerprint,
            &self.heads,
            history.previous.as_deref().unwrap_or_default(),
            if history.complete { "complete" } else { "" },
            &self.tombstones.iter().map(tombstone).collect::<String>(),
        ])
    }
}

/// What became of the document that readers subscribe to.
#[derive(Default)]
struct SubscriptionDocument {
    written: usize,
    topics: Vec<Topic>,
    /// When it says that it changed.
    told: Option<Instant>,
    /// How many of its columns, the oldest, it had no room for. If it was to hold all columns, it is
    /// not written then.
    left_out: usize,
}
