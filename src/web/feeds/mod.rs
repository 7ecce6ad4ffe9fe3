//! The published feeds, served from their folder as `gazetier feeds snippet` has nginx and Caddy
//! do it: the same types, links and times. What was published once and is withdrawn is gone (410),
//! what has moved is there (301), and no other file of the folder can be had.

mod negotiate;
mod shelf;

use std::{
    collections::HashSet,
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::body::Frame;
use tokio::sync::Mutex;

use self::negotiate::{Form, Part};
pub(super) use self::shelf::Shelf;
use super::Shared;
use crate::{
    config::Config,
    model::{FeedKey, Instant},
    publish::forms::serving::{self, ServedFile},
};

/// How old the list of what was once published may be, in seconds.
const FRESH: i64 = 60;

/// Browsers show a feed with the stylesheet beside it, and the pictures of its columns.
const FEED_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src https: http: data:; base-uri 'none'; form-action 'none'";

/// What is kept between requests.
#[derive(Debug)]
pub(super) struct Stall {
    shelf: Shelf,
    /// Feeds that were ever published, and when that was looked up.
    once: Mutex<Option<(Instant, HashSet<String>)>>,
}

impl Stall {
    pub(super) fn new(config: &Config) -> Self {
        Self { shelf: Shelf::new(&config.feeds.path), once: Mutex::new(None) }
    }
}

/// The routes of the feeds.
pub(super) fn routes(shared: &Shared) -> Router<Shared> {
    let mount = super::route(shared.config().feeds.url.path());
    let mut router = Router::new().route(&mount, get(serve)).route(&format!("{mount}{{*path}}"), get(serve));
    let bare = mount.trim_end_matches('/');
    if !bare.is_empty() {
        router = router.route(
            bare,
            get(|State(shared): State<Shared>| async move { permanent(shared.config().feeds.url.path()) }),
        );
    }
    router
}

/// The way from addresses that have moved; anything else is not there.
pub(super) async fn moved(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let config = shared.config();
    let mut found: Vec<_> = config.feeds.moved.iter().filter(|moved| moved.from.path() == uri.path()).collect();
    found.retain(|moved| !serving::is_redirect_loop(config, moved));
    found.sort_by_key(|moved| moved.from.host_str() != Some(host));
    let Some(moved) = found.first() else { return StatusCode::NOT_FOUND.into_response() };
    permanent(&serving::address(&moved.to))
}

/// Leads to a place for good.
pub(super) fn permanent(place: &str) -> Response {
    let mut response = StatusCode::MOVED_PERMANENTLY.into_response();
    insert(response.headers_mut(), header::LOCATION, place);
    insert(response.headers_mut(), header::CACHE_CONTROL, "public, max-age=86400");
    response
}

async fn serve(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    let config = shared.config();
    let path = uri.path().strip_prefix(config.feeds.url.path()).unwrap_or_default();
    let Some(served) = serving::served(path) else { return moved(State(shared), uri, headers).await };
    if let Some(key) = served.feed.as_ref().filter(|key| !is_ours(config, key)) {
        return match was_published(&shared, key).await {
            Ok(true) => StatusCode::GONE.into_response(),
            Ok(false) => moved(State(shared), uri, headers).await,
            Err(error) => {
                tracing::error!("{error}");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        };
    }
    let name = if path.is_empty() { "index.html" } else { path };
    match shared.stall().shelf.take(name).await {
        Ok(document) => answer(config, &headers, &served, name, &document).await,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            moved(State(shared), uri, headers).await
        }
        Err(error) => {
            // A folder that is not mounted must not tell readers that a feed is no more.
            tracing::error!("{name}: {error}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn answer(
    config: &Config,
    asked: &HeaderMap,
    served: &ServedFile,
    name: &str,
    document: &Arc<shelf::Document>,
) -> Response {
    if !negotiate::may_go_on(asked, &document.mark, document.modified) {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    let Some(mut wanted) = Form::wanted(asked) else { return StatusCode::NOT_ACCEPTABLE.into_response() };
    if asked.contains_key(header::RANGE) {
        // Parts are cut from the plain bytes, which are the same wherever they are packed.
        wanted = Form::Plain;
    }
    if let Some(form) = negotiate::known(asked, &document.mark, document.modified, wanted) {
        return dressed(StatusCode::NOT_MODIFIED, Body::new(Silence), config, served, name, document, form);
    }
    let (form, bytes) = document.form(wanted).await;
    let length = bytes.len();
    let tag = format!("\"{}{}\"", document.mark, form.suffix());
    match negotiate::part(asked, &tag, document.modified, length) {
        Part::Whole => dressed(StatusCode::OK, Body::from(bytes), config, served, name, document, form),
        Part::Some(range) => {
            let told = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            let body = Body::from(bytes.slice(range));
            let mut response = dressed(StatusCode::PARTIAL_CONTENT, body, config, served, name, document, form);
            insert(response.headers_mut(), header::CONTENT_RANGE, &told);
            response
        }
        Part::Nothing => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            insert(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{length}"));
            response
        }
    }
}

fn dressed(
    status: StatusCode,
    body: Body,
    config: &Config,
    served: &ServedFile,
    name: &str,
    document: &shelf::Document,
    form: Form,
) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    insert(headers, header::ETAG, &format!("\"{}{}\"", document.mark, form.suffix()));
    headers.insert(header::LAST_MODIFIED, document.date.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(served.cache));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if served.topic {
        for link in serving::links(config, name) {
            if let Ok(link) = HeaderValue::try_from(link) {
                headers.append(header::LINK, link);
            }
        }
    }
    // Pages elsewhere may show a feed: it is public.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    // Also of a 304, whose headers take the place of those that a browser kept.
    let policy = document.policy.clone().unwrap_or(HeaderValue::from_static(FEED_POLICY));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    if status == StatusCode::NOT_MODIFIED {
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(served.media_type));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(coding) = form.coding() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

/// The body of a 304: none, and of no length, for the length that a header would tell is taken for
/// the document's.
struct Silence;

impl HttpBody for Silence {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// Whether a feed is published as the configuration stands.
fn is_ours(config: &Config, key: &FeedKey) -> bool {
    match key {
        FeedKey::All => true,
        FeedKey::Rubrique(slug) => config.rubriques.iter().any(|rubrique| rubrique.slug == *slug),
        FeedKey::Byline(_) => config.feeds.bylines,
    }
}

/// Whether a feed that is not published any more ever was.
async fn was_published(shared: &Shared, key: &FeedKey) -> crate::store::Result<bool> {
    let mut once = shared.stall().once.lock().await;
    let now = shared.now();
    match &*once {
        Some((at, keys)) if (now - *at).num_seconds() < FRESH => Ok(keys.contains(&key.key())),
        _ => {
            let keys: HashSet<String> = shared.store().feed_keys().await?.iter().map(FeedKey::key).collect();
            let found = keys.contains(&key.key());
            *once = Some((now, keys));
            Ok(found)
        }
    }
}
