//! Publishes a feed: its archives, and the document that readers subscribe to.

use std::{collections::BTreeSet, path::PathBuf};

use super::{Error, Press, files::Folder, months::Months, name};
use crate::{
    feeds::{self, Feed, File, History, Paper, conform},
    model::{Column, EARLIEST, FeedKey, Tombstone, column::fingerprint},
    store::{self, Newest, Published, Span, Standing, Store, Topic},
};

/// How many tombstones a feed carries at the most.
const TOMBSTONES: u32 = 50;

/// What became of a feed.
pub(super) struct Done {
    /// How many files were written.
    pub(super) written: usize,
    /// How it stands.
    pub(super) standing: Standing,
    /// What hubs may have to be told of.
    pub(super) topics: Vec<Topic>,
    /// What the editors should know.
    pub(super) warnings: Vec<String>,
}

/// Publishes feeds one after the other, always on the same paper. It has a thread of its own: there
/// it builds, and waits for the store and for the disk.
pub(super) struct Worker {
    pub(super) press: Press,
    paper: Paper,
    /// Folders in which folders were made, of which the disk may not know yet. Most are the same for
    /// all feeds: they are for the end.
    pub(super) above: BTreeSet<PathBuf>,
}

impl Worker {
    pub(super) fn new(press: Press) -> Self {
        Self { press, paper: Paper::default(), above: BTreeSet::new() }
    }

    /// Publishes what has changed of a feed: first the archives, then the document that leads to them,
    /// and what nothing leads to any more is removed last.
    pub(super) async fn publish(&mut self, key: &FeedKey, same_make: bool, revision: i64) -> Result<Done, Error> {
        let Press { config, store, at, make } = self.press.clone();
        let before = if same_make { store.published(key).await? } else { None };
        // Where the clock went back, all is looked at again.
        let before = before.filter(|before| before.at <= at);
        let mut months = Months::read(&self.press, key, before.as_ref()).await?;
        let feeds = &config.feeds;
        let (limit, until) = (feeds.items(key), Span::until(at));
        let mut tombstones = if feeds.tombstones { store.withdrawn(key, TOMBSTONES).await? } else { Vec::new() };
        // A clock that was wrong when a column was withdrawn is not told.
        tombstones.retain(|tombstone| (EARLIEST..=at).contains(&tombstone.when));
        // What is published for the first time has surely changed.
        let (heads, mut newest) = match &before {
            Some(_) => (store.feed_heads(key, until, limit).await?, None),
            None => {
                let Newest { heads, columns } = store.newest(key, until, limit).await?;
                (heads, Some(columns))
            }
        };
        let state = |history: &History| {
            fingerprint([
                &*make,
                &heads,
                history.previous.as_deref().unwrap_or_default(),
                if history.complete { "complete" } else { "" },
                &tombstones
                    .iter()
                    .map(|tombstone| format!("{} {}", tombstone.guid, tombstone.when))
                    .collect::<String>(),
            ])
        };
        let folder = Folder::new(&feeds.path, feeds.precompress);
        let there = feeds::paths(key, None).iter().all(|path| folder.has(path));
        let stands = |state: &str| there && before.as_ref().is_some_and(|before| before.fingerprint == *state);

        let mut written = 0;
        let mut history =
            History { complete: feeds.archives && months.columns() <= i64::from(limit), ..History::default() };
        let mut current = Current::default();
        if history.complete && !stands(&state(&history)) {
            let columns = unless_read(newest, &store, key, until, limit).await?;
            current = self.subscription(key, &columns, &history, &tombstones)?;
            // All columns are few enough, and too large: the oldest are found in archives alone.
            history.complete = current.left_out == 0;
            newest = Some(columns);
        }
        if feeds.archives && !history.complete {
            written += months.archive(self, key).await?;
            history.previous = months.last();
        } else {
            months.clear();
        }
        let state = state(&history);
        if !history.complete && !stands(&state) {
            let columns = unless_read(newest, &store, key, until, limit).await?;
            current = self.subscription(key, &columns, &history, &tombstones)?;
        }
        written += current.written;
        self.remove(&months.gone(key))?;

        let left_out = if feeds.archives { 0 } else { current.left_out };
        let warning = || {
            let name = name(key);
            format!("the feed {name}: its {left_out} oldest columns are left out, it would be too large")
        };
        let warnings = (left_out > 0).then(warning).into_iter().collect();
        let published = Published { fingerprint: state, revision, at };
        let standing = Standing { feed: key.key(), published, months: months.standing() };
        Ok(Done { written, standing, topics: current.topics, warnings })
    }

    /// Builds the document that readers subscribe to and writes it where it differs.
    fn subscription(
        &mut self,
        key: &FeedKey,
        columns: &[Column],
        history: &History,
        tombstones: &[Tombstone],
    ) -> Result<Current, Error> {
        let Press { config, at, .. } = &self.press;
        let feed = Feed::document(config, key.clone(), columns, history.clone(), tombstones)?;
        let sound = conform::files(&feed, *at, &mut self.paper)?
            .map_err(|findings| Error::Refused { feed: name(key), findings })?;
        let mut current = Current { left_out: columns.len() - sound.kept, ..Current::default() };
        if history.complete && current.left_out > 0 {
            return Ok(current);
        }
        if !config.feeds.hubs.is_empty() {
            for (path, bytes) in &sound.files {
                let address = config.feeds.url.join(path).map_err(feeds::Error::from)?;
                current.topics.push(Topic::new(address, bytes));
            }
        }
        current.written = self.put(sound.files)?;
        Ok(current)
    }

    /// Builds an archive document of as many columns as fit, the oldest of these; says how many, and
    /// how many files it wrote. One that is open, and has room for them all, is not written.
    pub(super) fn archive(
        &mut self,
        key: &FeedKey,
        columns: &[Column],
        history: History,
        open: bool,
    ) -> Result<(usize, usize), Error> {
        let Press { config, at, .. } = &self.press;
        let feed = Feed::document(config, key.clone(), columns, history, &[])?;
        let sound = conform::archive(&feed, *at, &mut self.paper)?
            .map_err(|findings| Error::Refused { feed: name(key), findings })?;
        if open && sound.kept == columns.len() {
            return Ok((sound.kept, 0));
        }
        Ok((sound.kept, self.put(sound.files)?))
    }

    /// Writes the files of a document where they differ; says how many it wrote.
    fn put(&mut self, files: Vec<File>) -> Result<usize, Error> {
        let feeds = &self.press.config.feeds;
        let mut folder = Folder::new(&feeds.path, feeds.precompress);
        for (path, bytes) in &files {
            folder.put(path, bytes)?;
        }
        let landed = folder.sync()?;
        self.above.extend(landed.above);
        self.paper.take_back(files.into_iter().map(|(_, bytes)| bytes));
        Ok(landed.written)
    }

    /// Removes files that nothing leads to any more.
    fn remove(&mut self, gone: &[String]) -> Result<(), Error> {
        let feeds = &self.press.config.feeds;
        let mut folder = Folder::new(&feeds.path, feeds.precompress);
        gone.iter().try_for_each(|path| folder.remove(path))?;
        folder.sync().map(|_| ())
    }
}

/// A feed's newest columns, from the store unless they were read before.
async fn unless_read(
    read: Option<Vec<Column>>,
    store: &Store,
    key: &FeedKey,
    span: Span,
    limit: u32,
) -> Result<Vec<Column>, store::Error> {
    match read {
        Some(columns) => Ok(columns),
        None => Ok(store.newest(key, span, limit).await?.columns),
    }
}

/// What became of the document that readers subscribe to.
#[derive(Default)]
struct Current {
    written: usize,
    topics: Vec<Topic>,
    /// How many of its columns, the oldest, it had no room for. If it was to hold all columns, it is
    /// not written then.
    left_out: usize,
}
