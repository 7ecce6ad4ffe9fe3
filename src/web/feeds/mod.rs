//! The published feeds, served from their folder as `gazetier feeds snippet` has nginx and Caddy
//! do it: the same types, links and times. What was published once and is withdrawn is gone (410),
//! what has moved is there (301), and no other file of the folder can be had.

mod file_cache;
mod file_headers;
mod negotiate;
mod reply;

use std::{collections::HashSet, io};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::sync::Mutex;

pub(super) use self::{file_cache::FileCache, reply::CachedBody};
use self::{file_headers::ServingRules, reply::FeedReply};
use super::Shared;
use crate::{
    config::Config,
    model::{FeedKey, Instant},
    publish::forms::{rights, serving},
};

/// How old the list of what was once published may be, in seconds.
const KEYS_MAX_AGE_SECONDS: i64 = 60;

/// What is kept between requests.
#[derive(Debug)]
pub(super) struct FeedServing {
    files: FileCache,
    /// Feeds that were ever published, and when that was looked up.
    once: Mutex<Option<(Instant, HashSet<String>)>>,
}

impl FeedServing {
    pub(super) fn new(config: &Config) -> Self {
        Self { files: FileCache::new(&config.feeds.path), once: Mutex::new(None) }
    }
}

/// The routes of the feeds.
pub(super) fn routes(shared: &Shared) -> Router<Shared> {
    let mount = super::route(shared.config().feeds.url.path());
    let mut router = Router::new().route(&mount, get(serve)).route(&format!("{mount}{{*path}}"), get(serve));
    router = router.route(rights::TDM_PATH, get(reservation));
    if let Some((place, _)) = rights::key_file(shared.config()) {
        router = router.route(&place, get(key));
    }
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

/// Whether texts may be mined, where machines look for it.
async fn reservation(State(shared): State<Shared>) -> Response {
    let config = shared.config();
    let Ok(Some(rules)) = rights::tdm_file(config) else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = rules.into_response();
    insert(response.headers_mut(), header::CONTENT_TYPE, "application/json");
    insert(response.headers_mut(), header::CACHE_CONTROL, serving::FEED_CACHE_CONTROL);
    response
}

/// The key by which search engines believe that the magazine tells them of its pages.
async fn key(State(shared): State<Shared>) -> Response {
    let config = shared.config();
    let Some((_, key)) = rights::key_file(config) else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = key.to_owned().into_response();
    insert(response.headers_mut(), header::CONTENT_TYPE, "text/plain; charset=utf-8");
    insert(response.headers_mut(), header::CACHE_CONTROL, serving::FEED_CACHE_CONTROL);
    response
}

async fn serve(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    let config = shared.config();
    let path = uri.path().strip_prefix(config.feeds.url.path()).unwrap_or_default();
    let Some(served) = serving::served(path).or_else(|| serving::beside(config, path)) else {
        return moved(State(shared), uri, headers).await;
    };
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
    match shared.feeds().files.take(path, || ServingRules::of(config, &served, path)).await {
        Ok(document) => loop {
            match reply::to(&headers, &document) {
                FeedReply::Made(response) => return response.map(Body::new),
                FeedReply::Wants(form) => document.pack(form).await,
                FeedReply::Refused(response) => return response,
            }
        },
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            moved(State(shared), uri, headers).await
        }
        Err(error) => {
            // A folder that is not mounted must not tell readers that a feed is no more.
            tracing::error!("{path}: {error}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// The answer to who asks for a file that is at hand: at once, with none of what stands before the router, because
/// nothing of it changes such an answer. It is the one that the router would give.
pub(super) fn answer_from_cache<B: HttpBody>(shared: &Shared, request: &Request<B>) -> Option<Response<CachedBody>> {
    let method = request.method();
    if !(method == Method::GET || method == Method::HEAD) || !request.body().is_end_stream() {
        return None;
    }
    let path = request.uri().path().strip_prefix(shared.config().feeds.url.path())?;
    super::too_large(request.uri(), request.headers()).is_none().then_some(())?;
    // A name is on the shelf if the router has led somebody to it: none of its other routes has it.
    let document = shared.feeds().files.kept(path)?;
    let FeedReply::Made(mut response) = reply::to(request.headers(), &document) else { return None };
    if method == Method::HEAD {
        *response.body_mut() = CachedBody::default();
    }
    shared.metrics().answered(response.status());
    Some(response)
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
        feed => config.feeds.rules.has(feed),
    }
}

/// Whether a feed that is not published any more ever was.
async fn was_published(shared: &Shared, key: &FeedKey) -> crate::store::Result<bool> {
    let mut once = shared.feeds().once.lock().await;
    let now = shared.now();
    match &*once {
        Some((at, keys)) if (now - *at).num_seconds() < KEYS_MAX_AGE_SECONDS => Ok(keys.contains(&key.key())),
        _ => {
            let keys: HashSet<String> = shared.store().feed_keys().await?.iter().map(FeedKey::key).collect();
            let found = keys.contains(&key.key());
            *once = Some((now, keys));
            Ok(found)
        }
    }
}
