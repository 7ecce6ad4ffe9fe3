//! Publishes one feed: the document that readers subscribe to, and its archives.

use super::{
    Error, Press,
    files::Folder,
    months::{Count, last_before},
    name,
};
use crate::{
    feeds::{self, Feed, History, conform},
    model::{Column, FeedKey, Month, Tombstone, column::fingerprint},
    store::{FeedMonth, Published, Span, Standing, Topic},
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

/// What was written of some documents.
#[derive(Default)]
struct Pressed {
    written: usize,
    topics: Vec<Topic>,
    warnings: Vec<String>,
}

impl Pressed {
    fn add(&mut self, other: Self) {
        self.written += other.written;
        self.topics.extend(other.topics);
        self.warnings.extend(other.warnings);
    }
}

/// Publishes what has changed of a feed.
pub(super) async fn publish(
    press: Press,
    key: FeedKey,
    before: Option<Published>,
    revision: i64,
) -> Result<Done, Error> {
    let Press { config, store, at, make } = &press;
    let months = Months::read(&press, &key, before.as_ref()).await?;
    let feeds = &config.feeds;
    let limit = feeds.items(&key);
    let total: i64 = months.counts.iter().map(|count| count.columns).sum();
    let complete = total <= i64::from(limit);
    let history = if feeds.archives {
        let previous = if complete { None } else { last_before(&months.counts, None) };
        History { archive: None, previous, complete }
    } else {
        History::default()
    };
    let tombstones = if feeds.tombstones { store.withdrawn(&key, TOMBSTONES).await? } else { Vec::new() };
    let heads = store.feed_heads(&key, Span::until(*at), limit).await?;
    let state = fingerprint([
        &**make,
        &heads,
        history.previous.as_deref().unwrap_or_default(),
        if history.complete { "complete" } else { "" },
        &tombstones.iter().map(|tombstone| format!("{} {}", tombstone.guid, tombstone.when)).collect::<String>(),
    ]);

    let mut pressed = Pressed::default();
    let folder = Folder::new(&feeds.path, feeds.precompress);
    let there = feeds::paths(&key, None).iter().all(|path| folder.has(path));
    if !there || before.as_ref().is_none_or(|before| before.fingerprint != state) {
        let columns = store.newest(&key, Span::until(*at), limit).await?;
        pressed.add(write(&press, &key, vec![(columns, history)], tombstones, Vec::new()).await?);
    }
    if feeds.archives {
        pressed.add(months.archive(&press, &key, !complete).await?);
    }
    let standing = Standing {
        feed: key.key(),
        published: Published { fingerprint: state, revision, at: *at },
        months: months.standing(!complete),
    };
    let Pressed { written, topics, warnings } = pressed;
    Ok(Done { written, standing, topics, warnings })
}

/// Builds documents and writes them where they differ; removes what is no more. Both are work for
/// a thread of their own.
async fn write(
    press: &Press,
    key: &FeedKey,
    documents: Vec<(Vec<Column>, History)>,
    tombstones: Vec<Tombstone>,
    gone: Vec<String>,
) -> Result<Pressed, Error> {
    let (config, key, at) = (press.config.clone(), key.clone(), press.at);
    let work = move || {
        let mut folder = Folder::new(&config.feeds.path, config.feeds.precompress);
        let mut pressed = Pressed::default();
        for (columns, history) in documents {
            let subscribed = history.archive.is_none() && !config.feeds.hubs.is_empty();
            let feed = Feed::document(&config, key.clone(), &columns, history, &tombstones)?;
            let sound = conform::files(&feed, at)?.map_err(|findings| Error::Refused { feed: name(&key), findings })?;
            if sound.left_out > 0 {
                let (feed, n) = (name(&key), sound.left_out);
                let warning = format!("the feed {feed}: its {n} oldest columns are left out, it would be too large");
                pressed.warnings.push(warning);
            }
            for (path, bytes) in sound.files {
                if subscribed {
                    let address = config.feeds.url.join(&path).map_err(feeds::Error::from)?;
                    pressed.topics.push(Topic::new(address, &bytes));
                }
                folder.put(&path, &bytes)?;
            }
        }
        for name in gone {
            for path in feeds::paths(&key, Some(&name)) {
                folder.remove(&path)?;
            }
        }
        pressed.written = folder.sync()?;
        Ok(pressed)
    };
    tokio::task::spawn_blocking(work).await?
}

/// The months of a feed, as they were published and as they are now.
struct Months {
    /// How many columns a document holds.
    size: i64,
    before: Vec<FeedMonth>,
    counts: Vec<Count>,
    /// Which of them have changed, beside their neighbours.
    changed: Vec<bool>,
}

impl Months {
    /// Counts the columns of the months that can have changed; the others are as they were.
    async fn read(press: &Press, key: &FeedKey, before: Option<&Published>) -> Result<Self, Error> {
        let present = Month::of(press.at);
        let size = i64::from(press.config.feeds.items(key));
        let rows = if press.config.feeds.archives { press.store.feed_months(key).await? } else { Vec::new() };
        let mut months = Self { size, before: rows, counts: Vec::new(), changed: Vec::new() };
        // Months to come hold what readers may not see.
        months.before.retain(|row| row.month <= present);
        for row in &months.before {
            // Time passes in the month of the last publication and since: columns come out in it.
            let changed =
                before.is_none_or(|before| row.revision > before.revision || row.month >= Month::of(before.at));
            let columns = if changed {
                let span = Span { from: row.month.start(), until: row.month.end().min(press.at) };
                press.store.count(key, span).await?
            } else {
                row.columns
            };
            months.counts.push(Count { month: row.month, columns, size, over: row.month < present });
            months.changed.push(changed);
        }
        Ok(months)
    }

    /// Writes the closed documents that have changed, or that follow another one than before.
    async fn archive(&self, press: &Press, key: &FeedKey, wanted: bool) -> Result<Pressed, Error> {
        let was: Vec<Count> = self
            .before
            .iter()
            .map(|row| Count { month: row.month, columns: row.columns, size: self.size, over: row.closed })
            .collect();
        let mut pressed = Pressed::default();
        for (index, count) in self.counts.iter().enumerate() {
            let month = Some(count.month);
            let (before, parts) = (&was[index], if wanted { count.parts() } else { 0 });
            let gone: Vec<String> = (parts..before.parts()).map(|part| before.name(part)).collect();
            let previous = last_before(&self.counts, month);
            let moved = previous != last_before(&was, month);
            let same = !self.changed[index] && !moved && before.over == count.over;
            if same || (parts == 0 && gone.is_empty()) {
                continue;
            }
            let span = Span { from: count.month.start(), until: count.month.end().min(press.at) };
            let limit = if parts == 0 { 0 } else { u32::try_from(count.columns).unwrap_or(u32::MAX) };
            let mut columns = press.store.newest(key, span, limit).await?;
            // The oldest fill the first document, so that a new column changes no full one.
            let mut documents = Vec::new();
            for part in 0..parts {
                let left = columns.len().saturating_sub(usize::try_from(self.size).unwrap_or(usize::MAX));
                let own = columns.split_off(left);
                let before = if part == 0 { previous.clone() } else { Some(count.name(part - 1)) };
                documents.push((own, History { archive: Some(count.name(part)), previous: before, complete: false }));
            }
            pressed.add(write(press, key, documents, Vec::new(), gone).await?);
        }
        Ok(pressed)
    }

    /// What to remember: an archive that was not wanted yet is not closed yet.
    fn standing(&self, wanted: bool) -> Vec<FeedMonth> {
        let rows = self.before.iter().zip(&self.counts);
        rows.map(|(row, count)| FeedMonth { columns: count.columns, closed: count.over && wanted, ..row.clone() })
            .filter(|row| !self.before.contains(row))
            .collect()
    }
}
