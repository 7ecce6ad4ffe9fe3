//! Sites that are asked for their posts: WordPress's REST API, Ghost's Content API. Each says how it is asked
//! ([`PostsApi`]); what is asked for, and what is believed of the answers, is the same for both ([`reader`]).

mod ghost;
mod reader;
mod request;
mod wordpress;

use std::{path::Path, time::Duration};

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    folder::FolderContents,
    records::{ListedRecord, WaitingRecords},
    remote::RemoteError,
    source::KnownRecords,
};
use crate::{
    config::{Source, SourceKind},
    fetch::{FetchLimits, Fetcher},
    model::Instant,
};

/// What one answer may take. A server needs a while for a hundred posts with all that they name.
const LIMITS: FetchLimits = FetchLimits { time: Duration::from_secs(30), redirects: 3, bytes: 32 << 20 };

/// How sites are read. Both give a hundred posts at once at the most.
const PACE: reader::Pace = reader::Pace { whole_time: Duration::from_secs(60), size: 100, small_size: 20 };

/// What is asked for.
#[derive(Debug, Clone, Copy)]
struct PostsQuery<'q> {
    /// Only what posts are called, and when each was changed.
    light: bool,
    /// The last that was changed first; otherwise in the order of their ids.
    newest_first: bool,
    changed_after: Option<Instant>,
    /// These alone, unless there is none.
    ids: &'q [String],
    /// Counted from 1.
    page: u64,
    /// How many posts a page has.
    size: u64,
}

/// What tells a server what was there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Validators {
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// How many posts there were.
    total: u64,
}

/// A page of posts.
#[derive(Debug, Default)]
struct PostsPage {
    posts: Vec<ApiPost>,
    /// How many there are on all pages.
    total: u64,
    validators: Validators,
}

#[derive(Debug)]
struct ApiPost {
    id: String,
    changed: Option<Instant>,
    fields: Value,
}

/// A site that can be asked for its posts.
trait PostsApi {
    /// A page of posts; none if it is as it was.
    fn page(&self, query: &PostsQuery<'_>, known: &Validators) -> Result<Option<PostsPage>, RemoteError>;

    /// A post as a record.
    fn record(&self, post: ApiPost) -> ListedRecord;
}

/// What a site gave.
#[derive(Debug)]
pub struct FetchedRecords {
    records: WaitingRecords,
    /// Posts that are gone.
    left: Vec<String>,
    /// The stamp of the whole site.
    seen: String,
    /// Why it is not all.
    pub trouble: Option<RemoteError>,
}

impl FetchedRecords {
    pub fn into_contents(self, path: &Path) -> FolderContents {
        let files = self.records.into_files(path, self.seen);
        FolderContents { files, partial: true, left: self.left, ..FolderContents::default() }
    }
}

/// A fetcher for sites. Hosts that are named may have private addresses.
pub fn fetcher(private_hosts: &[String]) -> Fetcher {
    Fetcher::new(private_hosts, LIMITS)
}

/// Asks a site for what has changed; none if nothing has. It blocks until that is there.
pub fn read(fetcher: &Fetcher, source: &Source, known: &KnownRecords) -> Result<Option<FetchedRecords>, RemoteError> {
    match source.kind {
        SourceKind::Ghost => {
            let api = ghost::GhostApi::new(fetcher, source)?;
            reader::read(&api, known, None, PACE)
        }
        _ => wordpress::read(fetcher, source, known),
    }
}

/// An instant as these sites write it: with or without a zone.
fn instant(written: &Value) -> Option<Instant> {
    let written = written.as_str()?;
    let naive = || NaiveDateTime::parse_from_str(written, "%Y-%m-%dT%H:%M:%S").ok().map(|naive| naive.and_utc());
    DateTime::parse_from_rfc3339(written).ok().map(|at| at.with_timezone(&Utc)).or_else(naive)
}
