//! The published feeds, served from their folder as `gazetier feeds snippet` has nginx and Caddy
//! do it: the same types, links and times. What was published once and is withdrawn is gone (410),
//! what has moved is there (301), and no other file of the folder can be had.

mod heads;
mod negotiate;
mod reply;
mod shelf;

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

use self::{heads::Manner, reply::Reply};
pub(super) use self::{reply::Content, shelf::Shelf};
use super::Shared;
use crate::{
    config::Config,
    model::{FeedKey, Instant},
    publish::forms::serving,
};

/// How old the list of what was once published may be, in seconds.
const FRESH: i64 = 60;

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
    found.retain(|moved| !serving::leads_back(config, moved));
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
    match shared.stall().shelf.take(path, || Manner::of(config, &served, path)).await {
        Ok(document) => loop {
            match reply::to(&headers, &document) {
                Reply::Made(response) => return response.map(Body::new),
                Reply::Wants(form) => document.pack(form).await,
                Reply::Refused(response) => return response,
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
pub(super) fn at_once<B: HttpBody>(shared: &Shared, request: &Request<B>) -> Option<Response<Content>> {
    let method = request.method();
    if !(method == Method::GET || method == Method::HEAD) || !request.body().is_end_stream() {
        return None;
    }
    let path = request.uri().path().strip_prefix(shared.config().feeds.url.path())?;
    super::too_large(request.uri(), request.headers()).is_none().then_some(())?;
    // A name is on the shelf if the router has led somebody to it: none of its other routes has it.
    let document = shared.stall().shelf.kept(path)?;
    let Reply::Made(mut response) = reply::to(request.headers(), &document) else { return None };
    if method == Method::HEAD {
        *response.body_mut() = Content::default();
    }
    shared.figures().answered(response.status());
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
