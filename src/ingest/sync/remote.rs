//! The sources of a sync that are fetched: all at once, so that one server that hangs costs no more than its time. What
//! servers want to be asked later is not asked before.

use std::collections::{HashMap, HashSet};

use tokio::task::JoinSet;

use super::{Error, SyncContext, reporter::SyncReporter};
use crate::{
    config::Source,
    fetch,
    ingest::{
        self, SourceLocation,
        folder::FolderContents,
        records::RecordFile,
        remote::{self, FetchedFeed},
        source::{ColumnSource, KnownDocuments},
        wrong,
    },
};

/// What came of each source that was asked: a feed, none if it is as it was, or why there is none.
pub(super) type FetchedSources = HashMap<String, Result<Option<FetchedFeed>, fetch::Error>>;

/// Under this name a notice holds until when a source is not asked.
const PAUSE: &str = "not-before";

/// Fetches the sources that are fetched.
pub(super) async fn fetch_all(
    context: SyncContext<'_>,
    sources: &[(&Source, KnownDocuments<'_>)],
    told: &HashSet<String>,
    reporter: &mut SyncReporter<'_>,
) -> Result<FetchedSources, Error> {
    let mut fetched = FetchedSources::new();
    let mut requests = JoinSet::new();
    let fetched_sources = || sources.iter().filter_map(|(source, known)| Some((*source, source.url.as_ref()?, known)));
    if fetched_sources().next().is_none() {
        return Ok(fetched);
    }
    let fetcher = remote::fetcher(&context.config.fetch.private_hosts);
    for (source, url, known) in fetched_sources() {
        let pauses = reporter.noted(&source.name, PAUSE, told);
        let until = pauses.filter_map(|until| until.parse::<i64>().ok()).max();
        if until.is_some_and(|until| until > context.at.timestamp_millis()) {
            reporter.keep(&source.name, told);
            if reporter.by_hand {
                reporter.refuse(format!("{url}: its server wants to be asked later; passed over"));
            }
            continue;
        }
        let (fetcher, url, name) = (fetcher.clone(), url.full().clone(), source.name.clone());
        let headers = remote::request_headers(known);
        requests.spawn_blocking(move || (name, fetcher.get_with(&url, &headers)));
    }
    while let Some(done) = requests.join_next().await {
        let (name, answer) = match done {
            Ok(answered) => answered,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => continue,
        };
        if let Err(error) = &answer
            && let Some(until) = remote::pause_until(error, context.at)
        {
            reporter.note(&name, PAUSE, &until.timestamp_millis().to_string()).await?;
        }
        fetched.insert(name, answer.map(remote::feed_of));
    }
    Ok(fetched)
}

/// What a source holds; none if it was not asked now.
pub(super) fn documents(
    source: &Source,
    known: &KnownDocuments<'_>,
    fetched: &mut FetchedSources,
) -> Option<Result<FolderContents, ingest::Error>> {
    if source.url.is_none() {
        return Some(ingest::source::open(source).documents(known));
    }
    Some(match fetched.remove(&source.name)? {
        Ok(None) => Ok(FolderContents { unchanged: true, ..FolderContents::default() }),
        Ok(Some(feed)) => RecordFile::fetched(source, &feed).documents(known),
        Err(error) => {
            let place = SourceLocation { file: source.path.display().to_string(), line: None };
            Err(wrong(&place, error))
        }
    })
}
