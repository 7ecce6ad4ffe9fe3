//! The headers of a published file's answers. They are the same for each request, so they are made once.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{file_cache::CachedFile, insert, negotiate::ContentCoding};
use crate::{
    config::Config,
    publish::forms::{
        rights,
        serving::{self, ServedFile},
    },
    web::response,
};

/// Browsers show a feed with the stylesheet beside it, and the pictures of its columns.
const FEED_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src https: http: data:; base-uri 'none'; form-action 'none'";

/// How a file is served.
#[derive(Debug)]
pub(super) struct ServingRules {
    media_type: &'static str,
    cache: &'static str,
    links: Vec<HeaderValue>,
    /// What is stated of rights.
    rights: Vec<(HeaderName, HeaderValue)>,
}

impl ServingRules {
    /// By its path below the folder.
    pub(super) fn of(config: &Config, served: &ServedFile, path: &str) -> Self {
        let links = serving::links(config, path).filter(|_| served.topic);
        let links = links.filter_map(|link| HeaderValue::try_from(link).ok()).collect();
        let rights = rights::headers(config).into_iter();
        let rights = rights
            .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?)));
        Self { media_type: served.media_type, cache: served.cache, links, rights: rights.collect() }
    }
}

/// Of a 304.
pub(super) fn unchanged(document: &CachedFile, form: ContentCoding) -> HeaderMap {
    let mut headers = common(document, form);
    response::add_security_headers(&mut headers);
    headers
}

/// Of a document that is sent whole.
pub(super) fn whole(document: &CachedFile, form: ContentCoding, length: usize) -> HeaderMap {
    let mut headers = content(document, form);
    response::add_security_headers(&mut headers);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers
}

/// Of a part of it, as `told` says.
pub(super) fn part(document: &CachedFile, form: ContentCoding, told: &str, length: usize) -> HeaderMap {
    let mut headers = content(document, form);
    insert(&mut headers, header::CONTENT_RANGE, told);
    response::add_security_headers(&mut headers);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers
}

/// What comes with its bytes.
fn content(document: &CachedFile, form: ContentCoding) -> HeaderMap {
    let mut headers = common(document, form);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(document.rules.media_type));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(coding) = form.coding() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    headers
}

/// What comes with a 304 too: its headers take the place of those that a browser kept.
fn common(document: &CachedFile, form: ContentCoding) -> HeaderMap {
    let mut headers = HeaderMap::new();
    insert(&mut headers, header::ETAG, &form.tag(&document.mark));
    headers.insert(header::LAST_MODIFIED, document.date.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(document.rules.cache));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    for link in &document.rules.links {
        headers.append(header::LINK, link.clone());
    }
    for (name, value) in &document.rules.rights {
        headers.append(name, value.clone());
    }
    // Pages elsewhere may show a feed: it is public.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let policy = document.policy.clone().unwrap_or(HeaderValue::from_static(FEED_POLICY));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers
}
