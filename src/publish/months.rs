//! The history of a feed: which archive documents there are, by month, and how they follow one
//! another. A document holds as many columns as the one that readers subscribe to, oldest first, or
//! as many as fit; it is closed when there are more, or when its month is over, and changes only if
//! its columns do.

use std::collections::BTreeSet;

use super::forms::{History, conform};
use super::{
    Error, Publisher,
    document::{ArchivedColumns, DocumentWriter},
    files::{ArchiveDocuments, FeedFiles},
};
use crate::{
    model::{FeedKey, Month},
    store::{ColumnPlace, FeedMonth, Published, Span},
};

/// The months of a feed, as they were when it was published last, and as they are now.
pub(super) struct ArchiveMonths {
    /// Those that were published, and what was written of them.
    before: Vec<FeedMonth>,
    now: Vec<FeedMonth>,
    /// Whether the columns of each may have changed, or a file of its documents is not there.
    changed: Vec<bool>,
    lost: Vec<bool>,
    /// Whether the same program made what was written, by the same configuration.
    same_build: bool,
    present: Month,
}

impl ArchiveMonths {
    /// Counts the columns of the months that can have changed; the others are as they were.
    pub(super) async fn read(
        publisher: &Publisher,
        key: &FeedKey,
        before: Option<&Published>,
        disk: &ArchiveDocuments,
    ) -> Result<Self, Error> {
        let present = Month::of(publisher.at);
        let wanted = publisher.config.feeds.archives;
        // Without archives, there may be some to remove if there were any under the last make.
        let rows = if wanted || before.is_none() { publisher.store.feed_months(key).await? } else { Vec::new() };
        // Months to come hold what readers may not see.
        let rows: Vec<FeedMonth> = rows.into_iter().filter(|row| row.month <= present).collect();
        let (mut now, mut changed) = (rows.clone(), Vec::new());
        for row in &mut now {
            // Time passes in the month of the last publication and since: columns come out in it.
            let may = before.is_none_or(|before| row.revision > before.revision || row.month >= Month::of(before.at));
            if may && wanted {
                row.columns = publisher.store.count(key, span(publisher, row.month)).await?;
            }
            changed.push(may);
        }
        let lost = rows.iter().map(|row| !names(row).all(|name| disk.has(&name))).collect();
        Ok(Self { before: rows, now, changed, lost, same_build: before.is_some(), present })
    }

    pub(super) fn columns(&self) -> i64 {
        self.now.iter().map(|month| month.columns).sum()
    }

    /// The last document of all.
    pub(super) fn last(&self) -> Option<String> {
        self.now.iter().rev().find_map(last_of)
    }

    /// Writes the closed documents that have changed, or that follow another one than before, oldest
    /// first: whoever walks back finds what a document says is before it. Gives how many files.
    pub(super) async fn archive(&mut self, writer: &mut DocumentWriter, key: &FeedKey) -> Result<usize, Error> {
        let mut written = 0;
        let size = writer.publisher.config.feeds.items(key);
        let was_next = second(&self.before);
        let next = was_next.clone().or_else(|| self.expected_second(i64::from(size)));
        let mut is_first_written = false;
        let (mut previous, mut was) = (None, None);
        for index in 0..self.now.len() {
            let before = &self.before[index];
            let over = before.month < self.present;
            let same = previous == was && self.same_build;
            let lost = self.lost[index];
            if self.changed[index] || lost || !same || before.closed != over {
                let start = if same && !lost { self.full(&writer.publisher, key, before).await? } else { None };
                let is_first = previous.is_none() && start.is_none();
                let (month, previous, next) = (&mut self.now[index], previous.clone(), next.clone());
                let files = MonthWriter { writer, key, month, over, previous, next }.write(start).await?;
                is_first_written |= is_first && files > 0;
                written += files;
            }
            previous = last_of(&self.now[index]).or(previous);
            was = last_of(&self.before[index]).or(was);
        }
        // The oldest leads on to the next, which may be newer than it.
        let (told, next) = (if is_first_written { next } else { was_next }, second(&self.now));
        if told != next {
            written += self.write_oldest(writer, key, next).await?;
        }
        Ok(written)
    }

    /// Which document will be the second, as far as that can be known: each month that is over has one, and a month with
    /// more columns than a document holds has more.
    fn expected_second(&self, size: i64) -> Option<String> {
        let mut documents = self.now.iter().filter(|month| month.columns > 0).flat_map(|month| {
            let parts = if month.month < self.present { month.columns + size - 1 } else { month.columns } / size;
            documents(month.month, parts)
        });
        documents.nth(1)
    }

    /// Writes the oldest document once more, which leads to another one now.
    async fn write_oldest(
        &self,
        writer: &mut DocumentWriter,
        key: &FeedKey,
        next: Option<String>,
    ) -> Result<usize, Error> {
        let Some(month) = self.now.iter().find(|month| month.documents > 0).map(|month| month.month) else {
            return Ok(0);
        };
        let publisher = writer.publisher.clone();
        let columns =
            publisher.store.oldest(key, span(&publisher, month), None, publisher.config.feeds.items(key)).await?;
        let history = History { archive: Some(name(month, 0)), next, ..History::default() };
        Ok(writer.archive(key, &columns, history, false)?.files)
    }

    /// The place up to which an open month's documents hold what they held: they were full, so what
    /// came behind it changes nothing in them.
    async fn full(
        &self,
        publisher: &Publisher,
        key: &FeedKey,
        before: &FeedMonth,
    ) -> Result<Option<ColumnPlace>, Error> {
        if before.closed || before.documents == 0 {
            return Ok(None);
        }
        let heads = publisher.store.oldest_heads(key, span(publisher, before.month), before.held).await?;
        Ok(heads.filter(|(heads, _)| *heads == before.heads).map(|(_, place)| place))
    }

    /// The documents of a feed that holds all its columns itself: none.
    pub(super) fn clear(&mut self) {
        for month in &mut self.now {
            *month = FeedMonth { closed: false, documents: 0, held: 0, heads: String::new(), ..month.clone() };
        }
    }

    /// The documents on the disk that are linked no more: those that were published once, and those that
    /// a publication wrote that somebody else has overtaken. What others keep there is theirs.
    pub(super) fn gone(&self, key: &FeedKey, disk: &ArchiveDocuments, folder: &FeedFiles) -> Vec<String> {
        let published: BTreeSet<String> = self.before.iter().flat_map(names).collect();
        let wanted: BTreeSet<String> = self.now.iter().flat_map(names).collect();
        let gone = disk.names().filter(|name| !wanted.contains(*name));
        let ours = gone.filter(|name| published.contains(*name) || is_stray(key, name, self.present, folder));
        ours.map(str::to_owned).collect()
    }

    /// What to remember.
    pub(super) fn standing(self) -> Vec<FeedMonth> {
        self.now.into_iter().zip(&self.before).filter(|(now, before)| now != *before).map(|(now, _)| now).collect()
    }
}

/// The documents of one month, as they are written.
struct MonthWriter<'a> {
    writer: &'a mut DocumentWriter,
    key: &'a FeedKey,
    month: &'a mut FeedMonth,
    over: bool,
    /// The document before the next one.
    previous: Option<String>,
    /// The second document of all, for the oldest to lead to.
    next: Option<String>,
}

impl MonthWriter<'_> {
    /// Writes them, from behind those that stay as they are; says how many files.
    async fn write(&mut self, start: Option<ColumnPlace>) -> Result<usize, Error> {
        let (key, publisher) = (self.key, self.writer.publisher.clone());
        let (size, span) = (publisher.config.feeds.items(key), span(&publisher, self.month.month));
        let mut after = start;
        if start.is_none() {
            (self.month.documents, self.month.held) = (0, 0);
        } else {
            self.previous = last_of(self.month);
        }
        let mut written = 0;
        loop {
            let columns = publisher.store.oldest(key, span, after, size).await?;
            let full = columns.len() == usize::try_from(size).unwrap_or(usize::MAX);
            // What is in no document yet is in the one to subscribe to.
            if columns.is_empty() || !(self.over || full) && conform::is_small(&columns) {
                break;
            }
            let places: Vec<ColumnPlace> = columns.iter().rev().map(|column| (column.published, column.id)).collect();
            let name = name(self.month.month, self.month.documents);
            let next = self.next.clone().filter(|_| self.previous.is_none());
            let history =
                History { archive: Some(name.clone()), previous: self.previous.clone(), next, complete: false };
            let open = !(self.over || full);
            let ArchivedColumns { kept, files, written: is_written } =
                self.writer.archive(key, &columns, history, open)?;
            if open && kept == places.len() {
                break;
            }
            written += files;
            after = places.get(kept - 1).copied();
            self.month.held += i64::try_from(kept).unwrap_or(0);
            if is_written {
                self.previous = Some(name);
                self.month.documents += 1;
            }
        }
        let heads = publisher.store.oldest_heads(key, span, self.month.held).await?;
        self.month.heads = heads.map(|(heads, _)| heads).unwrap_or_default();
        self.month.closed = self.over;
        Ok(written)
    }
}

/// What readers may see of a month.
fn span(publisher: &Publisher, month: Month) -> Span {
    Span { from: month.start(), until: month.end().min(publisher.at) }
}

/// The name of one of a month's documents, counted from 0: `2026-10`, then `2026-10.2`.
fn name(month: Month, part: i64) -> String {
    match part {
        0 => month.to_string(),
        part => format!("{month}.{}", part + 1),
    }
}

/// The month and the number of a document, from its name.
fn read_name(text: &str) -> Option<(Month, i64)> {
    let (month, part) = match text.split_once('.') {
        None => (text, 0),
        Some((month, part)) => (month, part.parse::<i64>().ok()?.checked_sub(1)?),
    };
    let read = (Month::parse(month)?, part);
    (name(read.0, read.1) == text).then_some(read)
}

/// Whether a document is one of ours, by its name and what is in it, of a month that readers may see.
pub(super) fn is_stray(key: &FeedKey, name: &str, present: Month, folder: &FeedFiles) -> bool {
    read_name(name).is_some_and(|(month, _)| month <= present) && folder.is_ours(key, name)
}

/// The names of the documents of a month.
fn names(month: &FeedMonth) -> impl Iterator<Item = String> {
    documents(month.month, month.documents)
}

/// The names of so many documents of a month.
pub(super) fn documents(month: Month, count: i64) -> impl Iterator<Item = String> {
    (0..count).map(move |part| name(month, part))
}

/// The name of the second document of all.
fn second(months: &[FeedMonth]) -> Option<String> {
    months.iter().flat_map(names).nth(1)
}

/// The name of a month's last document.
fn last_of(month: &FeedMonth) -> Option<String> {
    (month.documents > 0).then(|| name(month.month, month.documents - 1))
}
