//! One request to a site, and what its answer says. Servers answer many things beside what they were asked for: a page of
//! their cache, a message of an extension before the JSON, an error in HTML.

use serde_json::Value;
use ureq::http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use super::{PostsQuery, Validators};
use crate::{
    fetch::{Fetched, Fetcher},
    ingest::{plain_of_html, remote::RemoteError},
};

/// In bytes: no server means a longer one.
const MAX_VALIDATOR_BYTES: usize = 1_000;

/// In characters: so much of what is no answer is told.
const TOLD_CHARS: usize = 80;

/// Headers of a request for JSON.
pub(super) fn json_headers(known: &Validators) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    // Nobody here undoes another one.
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in [(header::IF_NONE_MATCH, &known.etag), (header::IF_MODIFIED_SINCE, &known.modified)] {
        headers.extend(value.as_ref().and_then(|value| HeaderValue::from_str(value).ok()).map(|value| (name, value)));
    }
    headers
}

/// The validators of an answer.
pub(super) fn validators(headers: &HeaderMap) -> Validators {
    let validator = |name: HeaderName| {
        let value = headers.get(name)?.to_str().ok()?;
        (value.len() <= MAX_VALIDATOR_BYTES).then(|| value.to_owned())
    };
    Validators { etag: validator(header::ETAG), modified: validator(header::LAST_MODIFIED), total: 0 }
}

/// Gets what is at an address; an error says what was asked for.
pub(super) fn get(fetcher: &Fetcher, address: &Url, headers: &HeaderMap, what: &str) -> Result<Fetched, RemoteError> {
    fetcher.get_with(address, headers).map_err(|error| RemoteError::Request { what: what.to_owned(), error })
}

/// The JSON of an answer, or what it is instead.
pub(super) fn json(body: &[u8], what: &str) -> Result<Value, RemoteError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let error = match serde_json::from_slice(body) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let text = String::from_utf8_lossy(body);
    let start = text.trim_start().get(..512).unwrap_or(text.trim_start()).to_ascii_lowercase();
    let answer = |message: String| Err(RemoteError::Answer(format!("{what}: {message}")));
    if text.trim().is_empty() {
        return answer("the answer is empty".to_owned());
    }
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return answer("the answer is an HTML page, and no JSON".to_owned());
    }
    // What an extension complains of stands before what was asked for.
    let json = text.find(['[', '{']).filter(|at| *at > 0);
    if let Some(at) = json
        && (error.line(), error.column()) == (1, 1)
    {
        let before: String = plain_of_html(&text[..at]).split_whitespace().collect::<Vec<_>>().join(" ");
        let before: String = before.chars().take(TOLD_CHARS).collect();
        return answer(format!("a message stands before the JSON, perhaps of an extension: {before:?}"));
    }
    answer(format!("the answer is no JSON that can be read: {error}"))
}

/// What a query asks for, as messages name it.
pub(super) fn what(query: &PostsQuery<'_>) -> String {
    match (query.light, query.ids.is_empty()) {
        (true, _) => format!("page {} of the list of its posts", query.page),
        (false, true) => format!("page {} of its posts", query.page),
        (false, false) => format!("the posts {}", query.ids.join(", ")),
    }
}
