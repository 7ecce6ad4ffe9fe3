//! The sources of a sync that are fetched: all at once, so that one server that hangs costs no more than its time. What
//! servers want to be asked later is not asked before.

use std::collections::{HashMap, HashSet};

use tokio::task::JoinSet;

use super::{Error, SyncContext, reporter::SyncReporter};
use crate::{
    config::{Source, SourceKind},
    ingest::{
        self, SourceLocation,
        api::{self, FetchedRecords},
        folder::FolderContents,
        records::RecordFile,
        remote::{self, FetchedFeed, RemoteError},
        source::{ColumnSource, KnownDocuments, KnownRecords},
        wrong,
    },
};

/// What came of each source that was asked: none if it is as it was, or why there is none.
pub(super) type FetchedSources = HashMap<String, Result<Option<FetchedSource>, RemoteError>>;

/// What a server gave.
#[derive(Debug)]
pub(super) enum FetchedSource {
    Feed(FetchedFeed),
    /// What has changed of a site's posts.
    Records(FetchedRecords),
}

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
    let private_hosts = &context.config.fetch.private_hosts;
    let (feeds, sites) = (remote::fetcher(private_hosts), api::fetcher(private_hosts));
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
        let name = source.name.clone();
        if source.kind == SourceKind::Feed {
            let (fetcher, url, headers) = (feeds.clone(), url.full().clone(), remote::request_headers(known));
            requests.spawn_blocking(move || {
                let answer = fetcher.get_with(&url, &headers);
                (name, answer.map(|answer| remote::feed_of(answer).map(FetchedSource::Feed)).map_err(RemoteError::from))
            });
        } else {
            let (fetcher, source, known) = (sites.clone(), source.clone(), KnownRecords::of(known));
            requests.spawn_blocking(move || {
                let answer = api::read(&fetcher, &source, &known);
                (name, answer.map(|records| records.map(FetchedSource::Records)))
            });
        }
    }
    while let Some(done) = requests.join_next().await {
        let (name, answer) = match done {
            Ok(answered) => answered,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => continue,
        };
        let trouble = match &answer {
            Err(error) => Some(error),
            Ok(Some(FetchedSource::Records(records))) => records.trouble.as_ref(),
            Ok(_) => None,
        };
        if let Some(until) = trouble.and_then(|error| remote::pause_until(error, context.at)) {
            reporter.note(&name, PAUSE, &until.timestamp_millis().to_string()).await?;
        }
        fetched.insert(name, answer);
    }
    Ok(fetched)
}

/// Tells why sources gave not all that they have.
pub(super) async fn tell_troubles(
    sources: &[(&Source, KnownDocuments<'_>)],
    fetched: &FetchedSources,
    reporter: &mut SyncReporter<'_>,
) -> Result<(), Error> {
    for (source, _) in sources {
        let Some(Ok(Some(FetchedSource::Records(records)))) = fetched.get(&source.name) else { continue };
        let Some(trouble) = &records.trouble else { continue };
        let message = format!("{}: {trouble}", source.path.display());
        match trouble {
            RemoteError::Unfinished => reporter.warn_once(&source.name, "folder", &message).await?,
            _ => reporter.refuse_once(&source.name, "folder", &message).await?,
        }
    }
    Ok(())
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
        Ok(Some(FetchedSource::Feed(feed))) => RecordFile::fetched(source, &feed).documents(known),
        Ok(Some(FetchedSource::Records(records))) => Ok(records.into_contents(&source.path)),
        Err(error) => {
            let place = SourceLocation { file: source.path.display().to_string(), line: None };
            Err(wrong(&place, error))
        }
    })
}
