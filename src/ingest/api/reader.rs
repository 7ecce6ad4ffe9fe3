//! What a site is asked, and what is believed of its answers. First for the posts that were changed last: where these and
//! the number of all are what they were, nothing has changed. Else for what was changed since, and, where a post is new or
//! one is missing, for the list of all: only a whole list tells what is gone. A site that is read for the first time is
//! read for as long as a run may take, and the next run goes on.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};
use tokio::time::Instant as Clock;

use super::{ApiPost, FetchedRecords, PostsApi, PostsPage, PostsQuery, Validators};
use crate::{
    fetch,
    ingest::{
        records::{ListedRecord, WaitingRecords},
        remote::RemoteError,
        source::KnownRecords,
    },
    model::{Instant, column::fingerprint},
};

/// So many of the posts that were changed last are looked at.
const NEWEST: u64 = 100;

/// A site's clock may be set back by an hour twice a year, and one of its servers may be late.
const OVERLAP: TimeDelta = TimeDelta::hours(2);

/// A list that changes while it is read is read once more.
const LIST_TRIES: usize = 2;

/// The list of a site is read for so long at the most.
const LIST_TIME: Duration = Duration::from_secs(180);

/// How a site is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// All of it is read for so long; the next run goes on.
    pub(super) whole_time: Duration,
    /// So many posts are asked for at once, and so many where a server fails at that.
    pub(super) size: u64,
    pub(super) small_size: u64,
}

/// What is known of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct ApiStamp {
    /// The last change that was there when reading began, in milliseconds.
    after: Option<i64>,
    /// A fingerprint of what was changed last.
    newest: String,
    /// How many of all posts were read, while the first reading is not at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(flatten)]
    validators: Validators,
    /// Where the API is, if the site said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
}

/// A reading at work.
struct Reading<'a> {
    api: &'a dyn PostsApi,
    known: &'a KnownRecords,
    records: WaitingRecords,
    taken: HashSet<String>,
    /// How many posts were read of all, and of how many.
    position: u64,
    end: Option<Clock>,
    pace: Pace,
}

/// What the list of all posts says.
struct SiteList {
    total: u64,
    /// Whether something is gone that was read just now.
    lacks_taken: bool,
    /// What is known and is gone.
    left: Vec<String>,
}

/// Where the API of a site was when it was read last.
pub(super) fn known_root(known: &KnownRecords) -> Option<String> {
    stamp(known).root
}

fn stamp(known: &KnownRecords) -> ApiStamp {
    known.whole.as_ref().and_then(|whole| serde_json::from_str(whole).ok()).unwrap_or_default()
}

/// Reads what has changed; none if nothing has.
pub(super) fn read(
    api: &dyn PostsApi,
    known: &KnownRecords,
    root: Option<String>,
    pace: Pace,
) -> Result<Option<FetchedRecords>, RemoteError> {
    let before = stamp(known);
    let goes_on = before.position.is_some();
    let is_whole = goes_on || before.after.is_none() || known.wants_reading;
    let mut stamp = before.clone();
    let mut newest_ids = Vec::new();
    if !goes_on {
        let validators = if is_whole { Validators::default() } else { before.validators.clone() };
        let Some(newest) = api.page(&newest(), &validators)? else { return Ok(None) };
        if newest.posts.is_empty() {
            return Err(RemoteError::Answer("the site gives no post: nothing is changed".to_owned()));
        }
        stamp = stamp_of(&newest);
        if !is_whole && stamp.newest == before.newest && stamp.validators.total == before.validators.total {
            return Ok(None);
        }
        newest_ids.extend(newest.posts.into_iter().map(|post| post.id));
    }
    stamp.root = root;
    let mut reading = Reading {
        api,
        known,
        records: WaitingRecords::default(),
        taken: HashSet::new(),
        position: if goes_on { before.position.unwrap_or_default() } else { 0 },
        end: is_whole.then(|| Clock::now() + pace.whole_time),
        pace,
    };
    let after = before.after.filter(|_| !is_whole).and_then(DateTime::from_timestamp_millis).map(|at| at - OVERLAP);
    let begun = reading.position;
    let trouble = match reading.pages(after) {
        Ok(()) => None,
        Err(error) if is_whole && reading.position > begun => Some(error),
        Err(error) => return Err(error),
    };
    if let Some(trouble) = trouble {
        stamp.position = Some(reading.position);
        return Ok(Some(reading.end(stamp, Vec::new(), Some(trouble))));
    }
    stamp.position = None;
    let is_new = |id: &String| !known.seen.contains_key(id);
    let needs_list = is_whole
        || stamp.validators.total != known.seen.len() as u64
        || newest_ids.iter().chain(&reading.taken).any(is_new);
    let list = if needs_list { reading.list().map(Some) } else { Ok(None) };
    let has_changed = |list: &SiteList| list.lacks_taken || list.total != stamp.validators.total;
    if list.as_ref().map_or(true, |list| list.as_ref().is_some_and(has_changed)) {
        // The next run compares anew.
        stamp.validators = Validators::default();
        stamp.newest.clear();
    }
    let (left, trouble) = match list {
        Ok(list) => (list.map(|list| list.left).unwrap_or_default(), None),
        Err(error) => (Vec::new(), Some(error)),
    };
    Ok(Some(reading.end(stamp, left, trouble)))
}

/// What was changed last.
fn newest() -> PostsQuery<'static> {
    PostsQuery { light: true, newest_first: true, changed_after: None, ids: &[], page: 1, size: NEWEST }
}

fn stamp_of(newest: &PostsPage) -> ApiStamp {
    let changed = |post: &ApiPost| post.changed.map(|changed| changed.timestamp_millis());
    let named: Vec<String> = newest.posts.iter().map(|post| format!("{} {:?}", post.id, changed(post))).collect();
    ApiStamp {
        after: newest.posts.iter().filter_map(changed).max(),
        newest: fingerprint(named),
        validators: Validators { total: newest.total, ..newest.validators.clone() },
        ..ApiStamp::default()
    }
}

impl Reading<'_> {
    fn end(self, stamp: ApiStamp, left: Vec<String>, trouble: Option<RemoteError>) -> FetchedRecords {
        // Texts and numbers alone can always be written.
        let seen = serde_json::to_string(&stamp).unwrap_or_default();
        FetchedRecords { records: self.records, left, seen, trouble }
    }

    /// Takes a page's posts; says how many of them are new in this reading.
    fn take(&mut self, posts: Vec<ApiPost>) -> Result<usize, RemoteError> {
        let mut new = 0;
        for post in posts {
            if !self.taken.insert(post.id.clone()) {
                continue;
            }
            new += 1;
            let listed: ListedRecord = self.api.record(post);
            let taken = self.records.take(listed, "", |name, seen| self.known.is_settled(name, seen));
            taken.map_err(|error| RemoteError::Answer(error.to_string()))?;
        }
        Ok(new)
    }

    /// Reads all posts, or those that were changed after an instant.
    fn pages(&mut self, after: Option<Instant>) -> Result<(), RemoteError> {
        let mut size = self.pace.size;
        loop {
            // Whatever was read of a page is read again with a page of another size.
            let page = self.position / size + 1;
            let query = PostsQuery { light: false, newest_first: false, changed_after: after, ids: &[], page, size };
            let found = match self.api.page(&query, &Validators::default()) {
                Err(error) if size > self.pace.small_size && is_too_much(&error) => {
                    size = self.pace.small_size;
                    continue;
                }
                found => found?.unwrap_or_default(),
            };
            let (count, total) = (found.posts.len(), found.total);
            let is_last = page.saturating_mul(size) >= total;
            if count == 0 && !is_last {
                return Err(RemoteError::Answer(format!("page {page} of its posts is empty, and there are {total}")));
            }
            if self.take(found.posts)? == 0 && count > 0 && page > 1 && !is_last {
                let told = format!("page {page} of its posts is the one before once more: a cache may be in the way");
                return Err(RemoteError::Answer(told));
            }
            self.position = page.saturating_mul(size);
            if is_last {
                return Ok(());
            }
            if self.end.is_some_and(|end| Clock::now() >= end) {
                return Err(RemoteError::Unfinished);
            }
        }
    }

    /// Compares what is known with the list of all posts: reads what is new, and says what is gone.
    fn list(&mut self) -> Result<SiteList, RemoteError> {
        let ids = self.all_ids()?;
        let is_missing = |id: &&String| !self.known.seen.contains_key(*id) && !self.taken.contains(*id);
        let mut missing: Vec<String> = ids.iter().filter(is_missing).cloned().collect();
        missing.sort();
        for ids in missing.chunks(usize::try_from(self.pace.size).unwrap_or(usize::MAX)) {
            let query = PostsQuery { light: false, ids, ..self.list_query(1) };
            let page = self.api.page(&query, &Validators::default())?.unwrap_or_default();
            self.take(page.posts)?;
        }
        let mut left: Vec<String> = self.known.seen.keys().filter(|id| !ids.contains(*id)).cloned().collect();
        left.sort();
        let lacks_taken = self.taken.iter().any(|id| !ids.contains(id));
        Ok(SiteList { total: ids.len() as u64, lacks_taken, left })
    }

    fn list_query(&self, page: u64) -> PostsQuery<'static> {
        PostsQuery { light: true, newest_first: false, changed_after: None, ids: &[], page, size: self.pace.size }
    }

    /// The ids of all posts, if the list is whole.
    fn all_ids(&self) -> Result<HashSet<String>, RemoteError> {
        let end = Clock::now() + LIST_TIME;
        let mut told = String::new();
        for _ in 0..LIST_TRIES {
            let (mut ids, mut first_total, mut page) = (HashSet::new(), None, 1);
            let whole = loop {
                if Clock::now() >= end {
                    let told = "the list of its posts takes too long: nothing is withdrawn".to_owned();
                    return Err(RemoteError::Answer(told));
                }
                let found = self.api.page(&self.list_query(page), &Validators::default())?.unwrap_or_default();
                let total = *first_total.get_or_insert(found.total);
                let is_empty = found.posts.is_empty();
                ids.extend(found.posts.into_iter().map(|post| post.id));
                if found.total != total || is_empty || page.saturating_mul(self.pace.size) >= total {
                    break found.total == total && ids.len() as u64 == total;
                }
                page += 1;
            };
            if whole {
                return Ok(ids);
            }
            told = format!(
                "the list of its posts is not whole, or changes while it is read ({} posts of {}): nothing is withdrawn",
                ids.len(),
                first_total.unwrap_or_default()
            );
        }
        Err(RemoteError::Answer(told))
    }
}

/// Whether a server fails at an answer that may be too long for it.
fn is_too_much(error: &RemoteError) -> bool {
    let RemoteError::Request { error, .. } = error else { return false };
    match error {
        fetch::Error::TooLong(_) | fetch::Error::Timeout(_) => true,
        error => matches!(error.status(), Some(500 | 502 | 504)),
    }
}

#[cfg(test)]
mod tests;
