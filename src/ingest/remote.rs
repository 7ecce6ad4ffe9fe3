//! Feeds that are fetched. A server is asked for what has changed, and not before it wants to be asked; how it knows what
//! was there is kept as the stamp of the whole feed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use super::{
    records::{WHOLE_FILE, feed::MAX_FEED_BYTES},
    source::KnownDocuments,
};
use crate::{
    config::without_login,
    fetch::{self, FetchLimits, Fetched, Fetcher},
    model::{Instant, column::fingerprint},
};

/// What a feed may take; all are fetched at once.
const LIMITS: FetchLimits = FetchLimits { time: Duration::from_secs(15), redirects: 5, bytes: MAX_FEED_BYTES };

/// However long a server wants to be left alone, it is asked again after a day.
const MAX_PAUSE: TimeDelta = TimeDelta::days(1);

/// In bytes: no server means a longer one.
const MAX_VALIDATOR_BYTES: usize = 1_000;

/// Feeds in all their forms; without compression, which nobody here undoes.
const WANTED: [(HeaderName, &str); 2] = [
    (
        header::ACCEPT,
        "application/atom+xml, application/rss+xml, application/feed+json, application/json;q=0.9, \
         application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1",
    ),
    (header::ACCEPT_ENCODING, "identity"),
];

/// A feed that a server gave.
#[derive(Debug)]
pub struct FetchedFeed {
    /// From where its relative links lead: without a login, and without what was asked for.
    pub address: Url,
    pub body: Vec<u8>,
    /// Its stamp: while it is the same, so is the feed.
    pub seen: String,
}

/// Why a source that is fetched gives nothing, or not all.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// One of several requests failed.
    #[error("{what}: {error}")]
    Request { what: String, error: fetch::Error },
    /// What the server says is no answer.
    #[error("{0}")]
    Answer(String),
    /// There is more than a run can take.
    #[error("not all of its posts are read yet: the next run goes on")]
    Unfinished,
}

impl RemoteError {
    /// What was answered instead, if a server answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Fetch(error) | Self::Request { error, .. } => error.status(),
            _ => None,
        }
    }

    /// Whether what was asked for may be elsewhere by now.
    pub fn may_have_moved(&self) -> bool {
        matches!(self, Self::Answer(_)) || self.status() == Some(404)
    }
}

/// What tells a server what was there.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stamp {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// A fingerprint, for servers that tell neither.
    content: String,
}

/// A fetcher for feeds. Hosts that are named may have private addresses.
pub fn fetcher(private_hosts: &[String]) -> Fetcher {
    Fetcher::new(private_hosts, LIMITS)
}

/// The headers of a request for a feed. It asks for what has changed, unless all of it must be read again.
pub fn request_headers(known: &KnownDocuments<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in WANTED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let seen = known.seen(WHOLE_FILE).filter(|_| !known.wants_reading());
    let stamp: Stamp = seen.and_then(|seen| serde_json::from_str(seen).ok()).unwrap_or_default();
    for (name, value) in [(header::IF_NONE_MATCH, stamp.etag), (header::IF_MODIFIED_SINCE, stamp.modified)] {
        headers.extend(value.and_then(|value| HeaderValue::from_str(&value).ok()).map(|value| (name, value)));
    }
    headers
}

/// The feed that an answer holds; none if it is as it was.
pub fn feed_of(answer: Fetched) -> Option<FetchedFeed> {
    if answer.unchanged {
        return None;
    }
    let validator = |name: HeaderName| {
        let value = answer.headers.get(name)?.to_str().ok()?;
        (value.len() <= MAX_VALIDATOR_BYTES).then(|| value.to_owned())
    };
    let stamp = Stamp {
        etag: validator(header::ETAG),
        modified: validator(header::LAST_MODIFIED),
        content: fingerprint([&answer.body]),
    };
    // Texts alone can always be written.
    let seen = serde_json::to_string(&stamp).unwrap_or_default();
    let mut address = without_login(answer.address);
    address.set_query(None);
    Some(FetchedFeed { address, body: answer.body, seen })
}

/// Until when a server wants to be left alone.
pub fn pause_until(error: &RemoteError, at: Instant) -> Option<Instant> {
    let (RemoteError::Fetch(error) | RemoteError::Request { error, .. }) = error else { return None };
    let fetch::Error::Status { status: 429 | 503, retry_after: Some(wish) } = error else { return None };
    let wish = wish.trim();
    let until = match wish.parse::<u32>() {
        Ok(seconds) => at + TimeDelta::seconds(seconds.into()),
        Err(_) => DateTime::<Utc>::from(httpdate::parse_http_date(wish).ok()?),
    };
    (until > at).then(|| until.min(at + MAX_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_how_long_it_is_left_alone() {
        let at: Instant = "2026-11-23T07:00:00Z".parse().expect("an instant");
        let until = |status, wish: &str| {
            let error = fetch::Error::Status { status, retry_after: Some(wish.to_owned()) };
            pause_until(&error.into(), at).map(|until| (until - at).num_seconds())
        };
        assert_eq!(until(429, " 120 "), Some(120));
        assert_eq!(until(503, "Mon, 23 Nov 2026 07:10:00 GMT"), Some(600));
        assert_eq!(until(503, "99999999"), Some(86_400));
        for (status, wish) in
            [(500, "120"), (429, "0"), (429, "-1"), (429, "soon"), (503, "Mon, 23 Nov 2026 06:10:00 GMT")]
        {
            assert_eq!(until(status, wish), None, "{status} {wish}");
        }
    }
}
