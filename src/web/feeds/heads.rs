//! The headers of a published file's answers. They are the same for each request, so they are made once.

use axum::http::{HeaderMap, HeaderValue, header};

use super::{insert, negotiate::Form, shelf::Document};
use crate::{
    config::Config,
    publish::forms::serving::{self, Served},
    web::dress,
};

/// Browsers show a feed with the stylesheet beside it, and the pictures of its columns.
const FEED_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src https: http: data:; base-uri 'none'; form-action 'none'";

/// How a file is served.
#[derive(Debug)]
pub(super) struct Manner {
    media_type: &'static str,
    cache: &'static str,
    links: Vec<HeaderValue>,
}

impl Manner {
    /// By its path below the folder.
    pub(super) fn of(config: &Config, served: &Served, path: &str) -> Self {
        let links = serving::links(config, path).filter(|_| served.topic);
        let links = links.filter_map(|link| HeaderValue::try_from(link).ok()).collect();
        Self { media_type: served.media_type, cache: served.cache, links }
    }
}

/// Of a 304.
pub(super) fn unchanged(document: &Document, form: Form) -> HeaderMap {
    let mut headers = common(document, form);
    dress::keep_safe(&mut headers);
    headers
}

/// Of a document that is sent whole.
pub(super) fn whole(document: &Document, form: Form, length: usize) -> HeaderMap {
    let mut headers = content(document, form);
    dress::keep_safe(&mut headers);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers
}

/// Of a part of it, as `told` says.
pub(super) fn part(document: &Document, form: Form, told: &str, length: usize) -> HeaderMap {
    let mut headers = content(document, form);
    insert(&mut headers, header::CONTENT_RANGE, told);
    dress::keep_safe(&mut headers);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers
}

/// What comes with its bytes.
fn content(document: &Document, form: Form) -> HeaderMap {
    let mut headers = common(document, form);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(document.manner.media_type));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(coding) = form.coding() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    headers
}

/// What comes with a 304 too: its headers take the place of those that a browser kept.
fn common(document: &Document, form: Form) -> HeaderMap {
    let mut headers = HeaderMap::new();
    insert(&mut headers, header::ETAG, &form.tag(&document.mark));
    headers.insert(header::LAST_MODIFIED, document.date.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(document.manner.cache));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    for link in &document.manner.links {
        headers.append(header::LINK, link.clone());
    }
    // Pages elsewhere may show a feed: it is public.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let policy = document.policy.clone().unwrap_or(HeaderValue::from_static(FEED_POLICY));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers
}
