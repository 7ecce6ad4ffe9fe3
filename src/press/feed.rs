//! Publishes one feed: its archives, and the document that readers subscribe to.

use super::{Error, Press, files::Folder, months::Months, name};
use crate::{
    feeds::{self, Feed, History, conform},
    model::{Column, EARLIEST, FeedKey, Tombstone, column::fingerprint},
    store::{Published, Span, Standing, Topic},
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

/// Publishes what has changed of a feed: first the archives, then the document that leads to them,
/// and what nothing leads to any more is removed last.
pub(super) async fn publish(press: Press, key: FeedKey, same_make: bool, revision: i64) -> Result<Done, Error> {
    let Press { config, store, at, make } = &press;
    let before = if same_make { store.published(&key).await? } else { None };
    // Where the clock went back, all is looked at again.
    let before = before.filter(|before| before.at <= *at);
    let mut months = Months::read(&press, &key, before.as_ref()).await?;
    let feeds = &config.feeds;
    let limit = feeds.items(&key);
    let mut tombstones = if feeds.tombstones { store.withdrawn(&key, TOMBSTONES).await? } else { Vec::new() };
    // A clock that was wrong when a column was withdrawn is not told.
    tombstones.retain(|tombstone| (EARLIEST..=*at).contains(&tombstone.when));
    let heads = store.feed_heads(&key, Span::until(*at), limit).await?;
    let state = |history: &History| {
        fingerprint([
            &**make,
            &heads,
            history.previous.as_deref().unwrap_or_default(),
            if history.complete { "complete" } else { "" },
            &tombstones.iter().map(|tombstone| format!("{} {}", tombstone.guid, tombstone.when)).collect::<String>(),
        ])
    };
    let folder = Folder::new(&feeds.path, feeds.precompress);
    let there = feeds::paths(&key, None).iter().all(|path| folder.has(path));
    let stands = |state: &str| there && before.as_ref().is_some_and(|before| before.fingerprint == *state);

    let mut written = 0;
    let mut history =
        History { complete: feeds.archives && months.columns() <= i64::from(limit), ..History::default() };
    let mut current = Current::default();
    if history.complete && !stands(&state(&history)) {
        let columns = store.newest(&key, Span::until(*at), limit).await?;
        current = subscription(&press, &key, columns, &history, &tombstones).await?;
        // All columns are few enough, and too large: the oldest are found in archives alone.
        history.complete = current.left_out == 0;
    }
    if feeds.archives && !history.complete {
        written += months.archive(&press, &key).await?;
        history.previous = months.last();
    } else {
        months.clear();
    }
    let state = state(&history);
    if !history.complete && !stands(&state) {
        let columns = store.newest(&key, Span::until(*at), limit).await?;
        current = subscription(&press, &key, columns, &history, &tombstones).await?;
    }
    written += current.written;
    remove(&press, months.gone(&key)).await?;

    let left_out = if feeds.archives { 0 } else { current.left_out };
    let warning = || {
        let name = name(&key);
        format!("the feed {name}: its {left_out} oldest columns are left out, it would be too large")
    };
    let warnings = (left_out > 0).then(warning).into_iter().collect();
    let published = Published { fingerprint: state, revision, at: *at };
    let standing = Standing { feed: key.key(), published, months: months.standing() };
    Ok(Done { written, standing, topics: current.topics, warnings })
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

/// Builds the document that readers subscribe to and writes it where it differs. Both are work for a
/// thread of their own.
async fn subscription(
    press: &Press,
    key: &FeedKey,
    columns: Vec<Column>,
    history: &History,
    tombstones: &[Tombstone],
) -> Result<Current, Error> {
    let (config, key, at) = (press.config.clone(), key.clone(), press.at);
    let (history, tombstones) = (history.clone(), tombstones.to_vec());
    let work = move || {
        let complete = history.complete;
        let feed = Feed::document(&config, key.clone(), &columns, history, &tombstones)?;
        let sound = conform::files(&feed, at)?.map_err(|findings| Error::Refused { feed: name(&key), findings })?;
        let mut current = Current { left_out: columns.len() - sound.kept, ..Current::default() };
        if complete && current.left_out > 0 {
            return Ok(current);
        }
        let mut folder = Folder::new(&config.feeds.path, config.feeds.precompress);
        for (path, bytes) in sound.files {
            if !config.feeds.hubs.is_empty() {
                let address = config.feeds.url.join(&path).map_err(feeds::Error::from)?;
                current.topics.push(Topic::new(address, &bytes));
            }
            folder.put(&path, &bytes)?;
        }
        current.written = folder.sync()?;
        Ok(current)
    };
    tokio::task::spawn_blocking(work).await?
}

/// Builds an archive document of as many columns as fit, the oldest of these; says how many, and how
/// many files it wrote. One that is open, and has room for them all, is not written.
pub(super) async fn archive(
    press: &Press,
    key: &FeedKey,
    columns: Vec<Column>,
    history: History,
    open: bool,
) -> Result<(usize, usize), Error> {
    let (config, key, at) = (press.config.clone(), key.clone(), press.at);
    let work = move || {
        let feed = Feed::document(&config, key.clone(), &columns, history, &[])?;
        let sound = conform::archive(&feed, at)?.map_err(|findings| Error::Refused { feed: name(&key), findings })?;
        if open && sound.kept == columns.len() {
            return Ok((sound.kept, 0));
        }
        let mut folder = Folder::new(&config.feeds.path, config.feeds.precompress);
        for (path, bytes) in sound.files {
            folder.put(&path, &bytes)?;
        }
        Ok((sound.kept, folder.sync()?))
    };
    tokio::task::spawn_blocking(work).await?
}

/// Removes files that nothing leads to any more.
async fn remove(press: &Press, gone: Vec<String>) -> Result<(), Error> {
    if gone.is_empty() {
        return Ok(());
    }
    let config = press.config.clone();
    let work = move || {
        let mut folder = Folder::new(&config.feeds.path, config.feeds.precompress);
        gone.iter().try_for_each(|path| folder.remove(path))?;
        folder.sync().map(|_| ())
    };
    tokio::task::spawn_blocking(work).await?
}
