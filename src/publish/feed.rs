//! Publishes a feed: its archives, and the document that readers subscribe to.

use std::{borrow::Cow, collections::BTreeSet, path::PathBuf};

use super::forms::{
    self, Feed, File, History, Paper,
    conform::{self, Finding, Sound},
};
use super::{Error, Press, files::Folder, months::Months, name};
use crate::{
    model::{Column, EARLIEST, FeedKey, Instant, Tombstone, column::fingerprint},
    store::{FeedRecord, Newest, Published, Span, Topic},
};

/// How many tombstones a feed carries at the most.
const TOMBSTONES: u32 = 50;

/// What became of a feed.
#[derive(Debug)]
pub(super) struct Done {
    /// How many files were written.
    pub(super) written: usize,
    /// How it stands.
    pub(super) standing: FeedRecord,
    /// What the editors should know.
    pub(super) warnings: Vec<String>,
    /// What was left out of it because validators would refuse it.
    pub(super) left_out: Option<Error>,
}

/// Publishes feeds one after the other, always on the same paper. It has a thread of its own: there
/// it builds, and waits for the store and for the disk.
pub(super) struct Worker {
    pub(super) press: Press,
    paper: Paper,
    /// What was built, to be put into its place a batch at a time.
    folder: Folder,
    /// Of the feed at hand, the columns that validators would refuse.
    refused: Vec<Finding>,
}

/// What a worker has done.
#[derive(Default)]
pub(super) struct Worked {
    pub(super) done: Vec<Done>,
    /// The feeds that failed. Of those that were to be put into their places together, one stands here
    /// for all if that failed.
    pub(super) failed: Vec<(FeedKey, Error)>,
    /// Folders in which folders were made.
    pub(super) above: BTreeSet<PathBuf>,
}

/// What became of columns that were to be archived.
pub(super) struct Archived {
    /// How many of them are done with, the oldest.
    pub(super) kept: usize,
    /// How many files were written.
    pub(super) files: usize,
    /// Whether there is a document of them.
    pub(super) written: bool,
}

impl Worker {
    pub(super) fn new(press: Press) -> Self {
        let folder = Folder::new(&press.config);
        Self { press, paper: Paper::default(), folder, refused: Vec::new() }
    }

    /// Publishes feeds as long as there is a next one.
    pub(super) fn work(
        mut self,
        next: impl Fn() -> Option<FeedKey>,
        publish: impl Fn(&mut Self, &FeedKey) -> Result<Done, Error>,
    ) -> Worked {
        let mut worked = Worked::default();
        let mut built = Vec::new();
        let mut last = None;
        loop {
            let key = next();
            if key.is_none() || self.folder.is_full() {
                match (self.folder.land(), last.take()) {
                    (Err(error), Some(last)) => {
                        built.clear();
                        worked.failed.push((last, error));
                    }
                    _ => worked.done.append(&mut built),
                }
            }
            let Some(key) = key else { break };
            match publish(&mut self, &key) {
                Ok(one) => {
                    built.push(one);
                    last = Some(key);
                }
                Err(error) => worked.failed.push((key, error)),
            }
        }
        worked.above = self.folder.above;
        worked
    }

    /// Builds what has changed of a feed, for [`Folder::land`] to put it into its place. If what is on the
    /// disk may be anybody's, all of it is compared.
    pub(super) async fn publish(&mut self, key: &FeedKey, trusted: bool, revision: i64) -> Result<Done, Error> {
        self.refused.clear();
        let mark = self.folder.mark();
        let done = self.build(key, trusted, revision).await;
        if done.is_err() {
            self.folder.go_back(mark);
        }
        done
    }

    async fn build(&mut self, key: &FeedKey, trusted: bool, revision: i64) -> Result<Done, Error> {
        let Press { config, store, at, make, .. } = self.press.clone();
        // Read first: whoever publishes the feed meanwhile is found out when this is remembered.
        let stored = store.published(key).await?;
        let disk = self.folder.documents(key);
        // Where the clock went back, all is looked at again.
        let before = stored.clone().filter(|before| trusted && before.at <= at);
        let mut months = Months::read(&self.press, key, before.as_ref(), &disk).await?;
        let look = self.look(key, before.is_some()).await?;
        let there = forms::paths(key, None).iter().all(|path| self.folder.has(path));
        let stands = |state: &str| there && before.as_ref().is_some_and(|before| before.fingerprint == *state);
        // What readers were told does not become untrue: unless the clock was wrong.
        let told = stored.as_ref().map(|stored| stored.told).filter(|told| *told <= at);

        let mut written = 0;
        let (archives, limit) = (config.feeds.archives, config.feeds.items(key));
        let mut history = History { complete: archives && months.columns() <= i64::from(limit), ..History::default() };
        let mut current = Current::default();
        if history.complete && !stands(&look.state(&make, &history)) {
            current = self.subscription(key, &look, &history, told).await?;
            // All columns are few enough, and too large: the oldest are found in archives alone.
            history.complete = current.left_out == 0;
        }
        if archives && !history.complete {
            written += months.archive(self, key).await?;
            history.previous = months.last();
        } else {
            months.clear();
        }
        let state = look.state(&make, &history);
        if !history.complete && !stands(&state) {
            current = self.subscription(key, &look, &history, told).await?;
        }
        for name in months.gone(key, &disk, &self.folder) {
            forms::paths(key, Some(&name)).into_iter().for_each(|path| self.folder.remove(path));
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
        Ok(self.done(key, standing, written + current.written, left_out))
    }

    /// What became of a feed that was built.
    fn done(&mut self, key: &FeedKey, mut standing: FeedRecord, written: usize, too_many: usize) -> Done {
        let warning = || {
            let name = name(key);
            format!("the feed {name}: its {too_many} oldest columns are left out, it would be too large")
        };
        let warnings = (too_many > 0).then(warning).into_iter().collect();
        let left_out = self.left_out(key);
        if left_out.is_some() {
            // It is built again, and told, at each run, until somebody has mended the columns.
            let before = standing.before.as_ref();
            let (revision, at) = before.map_or((-1, Instant::UNIX_EPOCH), |before| (before.revision, before.at));
            let told = standing.published.told;
            standing.published = Published { fingerprint: String::new(), revision, at, told };
            standing.months.clear();
        }
        Done { written, standing, warnings, left_out }
    }

    /// What a feed holds: of one that was published, only what tells whether that has changed.
    async fn look(&self, key: &FeedKey, published: bool) -> Result<Look, Error> {
        let Press { config, store, at, .. } = &self.press;
        let (limit, until) = (config.feeds.items(key), Span::until(*at));
        let mut tombstones = if config.feeds.tombstones { store.withdrawn(key, TOMBSTONES).await? } else { Vec::new() };
        // A clock that was wrong when a column was withdrawn is not told.
        tombstones.retain(|tombstone| (EARLIEST..=*at).contains(&tombstone.when));
        if published {
            let heads = store.feed_heads(key, until, limit).await?;
            return Ok(Look { heads, columns: None, tombstones });
        }
        // What is published for the first time has surely changed.
        let Newest { heads, columns } = store.newest(key, until, limit).await?;
        Ok(Look { heads, columns: Some(columns), tombstones })
    }

    /// When a feed changed last besides by its columns: one was withdrawn, or it has told so before.
    async fn changed(&self, key: &FeedKey, told: Option<Instant>) -> Result<Option<Instant>, Error> {
        let withdrawn = self.press.store.withdrawn(key, 1).await?.into_iter().map(|tombstone| tombstone.when);
        Ok(withdrawn.filter(|when| (EARLIEST..=self.press.at).contains(when)).chain(told).max())
    }

    /// Builds the document that readers subscribe to and writes it where it differs.
    async fn subscription(
        &mut self,
        key: &FeedKey,
        look: &Look,
        history: &History,
        told: Option<Instant>,
    ) -> Result<Current, Error> {
        let press = self.press.clone();
        let read = match &look.columns {
            Some(_) => Vec::new(),
            None => press.store.newest(key, Span::until(press.at), press.config.feeds.items(key)).await?.columns,
        };
        let columns = look.columns.as_ref().unwrap_or(&read);
        let changed = self.changed(key, told).await?;
        let mut told = None;
        let (sound, columns) = self.sound(key, columns, |columns, paper| {
            let feed = Feed::document(&press.config, key.clone(), columns, history.clone(), &look.tombstones)?;
            let feed = feed.changed_at(changed);
            told = Some(feed.updated());
            Ok(conform::files(&feed, press.at, paper)?)
        })?;
        let mut current = Current { left_out: columns.len() - sound.kept, told, ..Current::default() };
        if history.complete && current.left_out > 0 {
            return Ok(current);
        }
        if !press.config.feeds.hubs.is_empty() {
            for (path, bytes) in &sound.files {
                let address = press.config.feeds.url.join(path).map_err(forms::Error::from)?;
                current.topics.push(Topic::new(address, bytes));
            }
        }
        current.written = self.put(sound.files, true)?;
        Ok(current)
    }

    /// Builds an archive document of as many columns as fit, the oldest of these. One that is open, and
    /// has room for them all, is not written.
    pub(super) fn archive(
        &mut self,
        key: &FeedKey,
        columns: &[Column],
        history: History,
        open: bool,
    ) -> Result<Archived, Error> {
        let press = self.press.clone();
        let (sound, fit) = self.sound(key, columns, |columns, paper| {
            let feed = Feed::document(&press.config, key.clone(), columns, history.clone(), &[])?;
            Ok(conform::archive(&feed, press.at, paper)?)
        })?;
        // Those that no document may hold are done with as well, where they lie between the others.
        let next = fit.len().checked_sub(sound.kept + 1).map(|next| fit[next].id);
        let kept = match next.and_then(|next| columns.iter().position(|column| column.id == next)) {
            Some(next) => columns.len() - next - 1,
            None => columns.len(),
        };
        if fit.is_empty() || (open && kept == columns.len()) {
            return Ok(Archived { kept, files: 0, written: false });
        }
        Ok(Archived { kept, files: self.put(sound.files, false)?, written: true })
    }

    /// Writes a document without the columns that validators would refuse, which keep no other column
    /// from its readers; gives the others. What is wrong with the feed itself no column can mend.
    fn sound<'a>(
        &mut self,
        key: &FeedKey,
        columns: &'a [Column],
        mut make: impl FnMut(&[Column], &mut Paper) -> Result<Result<Sound, Vec<Finding>>, Error>,
    ) -> Result<(Sound, Cow<'a, [Column]>), Error> {
        let mut columns = Cow::Borrowed(columns);
        loop {
            let findings = match make(&columns, &mut self.paper)? {
                Ok(sound) => return Ok((sound, columns)),
                Err(findings) => findings,
            };
            let count = columns.len();
            columns.to_mut().retain(|column| !findings.iter().any(|finding| finding.is_about(column)));
            if columns.len() == count {
                return Err(Error::Refused { feed: name(key), findings });
            }
            self.refused.extend(findings);
        }
    }

    /// What was left out of the feed at hand, told once.
    fn left_out(&mut self, key: &FeedKey) -> Option<Error> {
        let mut findings: Vec<Finding> = Vec::new();
        for finding in self.refused.drain(..) {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        (!findings.is_empty()).then(|| Error::LeftOut { feed: name(key), findings })
    }

    /// Writes the files of a document where they differ; says how many it wrote. One that is `leading` is
    /// in its place after all others.
    fn put(&mut self, files: Vec<File>, leading: bool) -> Result<usize, Error> {
        let mut written = 0;
        for (path, bytes) in &files {
            written += usize::from(self.folder.put(path, bytes, leading)?);
        }
        self.paper.take_back(files.into_iter().map(|(_, bytes)| bytes));
        Ok(written)
    }
}

/// What a feed holds.
struct Look {
    /// What tells whether its columns have changed.
    heads: String,
    /// Its newest columns, if they were read.
    columns: Option<Vec<Column>>,
    tombstones: Vec<Tombstone>,
}

impl Look {
    /// What tells whether the document that readers subscribe to has changed.
    fn state(&self, make: &str, history: &History) -> String {
        let tombstone = |tombstone: &Tombstone| format!("{} {}", tombstone.guid, tombstone.when);
        fingerprint([
            make,
            &self.heads,
            history.previous.as_deref().unwrap_or_default(),
            if history.complete { "complete" } else { "" },
            &self.tombstones.iter().map(tombstone).collect::<String>(),
        ])
    }
}

/// What became of the document that readers subscribe to.
#[derive(Default)]
struct Current {
    written: usize,
    topics: Vec<Topic>,
    /// When it says that it changed.
    told: Option<Instant>,
    /// How many of its columns, the oldest, it had no room for. If it was to hold all columns, it is
    /// not written then.
    left_out: usize,
}
