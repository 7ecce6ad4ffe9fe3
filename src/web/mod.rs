//! What readers meet in a browser or a feed reader: the feeds, the pages to subscribe and to leave,
//! the archive of editions; and for who runs the program, health and metrics. Everything is rendered
//! here and works without a script; nothing is kept in cookies.

mod archive;
mod client;
mod connection;
pub mod desk;
mod feeds;
mod health;
mod hosts;
mod lang;
pub mod listen;
mod origin;
mod outbox_worker;
pub mod page;
mod rate_limit;
mod readers;
mod responder;
mod response;
mod slots;
mod threads;
mod timer;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, StatusCode, Uri},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::TimeDelta;
use tower_http::{
    catch_panic::CatchPanicLayer,
    limit::RequestBodyLimitLayer,
    timeout::{RequestBodyTimeoutLayer, TimeoutLayer},
};

use crate::{
    config::Config,
    edition::render::service,
    model::{Instant, Now, Slug},
    store::Store,
};

pub use client::Client;
pub use hosts::{by_host, metrics_by_host};
pub use listen::{Listener, Peer, Server, serve};
pub use outbox_worker::run_outbox_worker;
pub use responder::{Responder, ResponderWatch};
pub use response::finish_response;

/// Why readers cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address or socket cannot be listened on.
    #[error("cannot listen on {place}: {source}{}", listen_hint(source, key))]
    Listen {
        /// Where.
        place: String,
        /// Why.
        source: std::io::Error,
        /// The key that says so.
        key: &'static str,
    },
    /// The threads for connections do not start.
    #[error("cannot start threads for connections: {0}")]
    Threads(std::io::Error),
    /// A page cannot be made.
    #[error("cannot make a page: {0}")]
    Template(#[from] crate::templates::Error),
    /// A newsletter's pages have no place.
    #[error(transparent)]
    Config(#[from] crate::config::Error),
    /// The letters of readers' pages cannot be made.
    #[error(transparent)]
    Letter(#[from] crate::edition::render::Error),
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        Self::Template(error.into())
    }
}

/// What may be the cause of a place that is taken.
fn listen_hint(error: &std::io::Error, key: &str) -> String {
    if error.kind() == std::io::ErrorKind::AddrInUse {
        format!("; is another gazetier there? See {key}")
    } else {
        format!("; see {key}")
    }
}

/// How long a whole answer may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a piece of a request's body may be on its way.
const BODY_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest body that readers' forms have, in bytes.
const MAX_BODY_BYTES: usize = 16_384;

/// What all rooms of the web share.
#[derive(Debug, Clone)]
pub struct Shared {
    inner: Arc<SharedInner>,
    /// As the newsletter has it that a page is about.
    config: Arc<Config>,
}

#[derive(Debug)]
struct SharedInner {
    /// As each newsletter has it, in the order of the file.
    views: Vec<Arc<Config>>,
    store: Store,
    /// With a connection of its own: whoever watches us must not wait behind readers.
    health_store: Store,
    ahead: TimeDelta,
    style: page::PageStyle,
    metrics: health::Metrics,
    feeds_serving: feeds::FeedServing,
    rate_limit: rate_limit::RateLimit,
    outbox: outbox_worker::OutboxSignal,
}

impl Shared {
    /// What is shared by servers that begin at an instant: their clock goes on from there.
    pub fn new(config: Arc<Config>, store: Store, health_store: Store, at: Instant) -> Result<Self, Error> {
        let style = page::PageStyle::of(&config.theme)?;
        // Who subscribes should not be the one to find out.
        service::check(&config)?;
        let ahead = at - chrono::Utc::now();
        let (metrics, feeds_serving) = (health::Metrics::default(), feeds::FeedServing::new(&config));
        let views = config.newsletters.iter().map(|digest| config.view(&digest.newsletter).transpose());
        let views = views.flatten().map(|view| view.map(Arc::new)).collect::<Result<_, _>>()?;
        let inner = Arc::new(SharedInner {
            views,
            store,
            health_store,
            ahead,
            style,
            metrics,
            feeds_serving,
            rate_limit: rate_limit::RateLimit::new(),
            outbox: outbox_worker::OutboxSignal::default(),
        });
        Ok(Self { inner, config })
    }

    /// The same for each newsletter, in the order of the file.
    pub fn views(&self) -> Vec<Self> {
        let view = |config: &Arc<Config>| Self { inner: Arc::clone(&self.inner), config: Arc::clone(config) };
        self.inner.views.iter().map(view).collect()
    }

    /// The same for one newsletter.
    pub fn view(&self, newsletter: &Slug) -> Option<Self> {
        self.views().into_iter().find(|view| view.newsletter() == newsletter)
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    fn health_store(&self) -> &Store {
        &self.inner.health_store
    }

    /// The instant, in the milliseconds that the store keeps.
    pub fn now(&self) -> Instant {
        let now = chrono::Utc::now() + self.inner.ahead;
        Instant::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
    }

    /// The same, with what the machine's own clock says.
    pub fn moment(&self) -> Now {
        Now { at: self.now(), clock: chrono::Utc::now() }
    }

    /// The newsletter that the pages are about.
    pub fn newsletter(&self) -> &Slug {
        &self.config.digest.newsletter
    }

    /// How pages look.
    pub fn style(&self) -> &page::PageStyle {
        &self.inner.style
    }

    fn feeds(&self) -> &feeds::FeedServing {
        &self.inner.feeds_serving
    }

    fn rate_limit(&self) -> &rate_limit::RateLimit {
        &self.inner.rate_limit
    }

    fn outbox(&self) -> &outbox_worker::OutboxSignal {
        &self.inner.outbox
    }

    /// There is a letter to hand over.
    pub fn wake_outbox(&self) {
        self.inner.outbox.wake();
    }

    /// Forgets what is remembered for a while only.
    fn tidy(&self) {
        self.inner.rate_limit.tidy();
    }

    fn metrics(&self) -> &health::Metrics {
        &self.inner.metrics
    }
}

/// All that readers may ask for.
pub fn public(shared: &Shared) -> Responder {
    let router = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/favicon.ico", get(page::icon))
        .merge(feeds::routes(shared))
        .merge(readers::leaving(shared))
        .fallback(feeds::moved);
    let mut router = router.with_state(shared.clone());
    for view in shared.views() {
        router = router.merge(readers::routes(&view).merge(archive::routes(&view)).with_state(view.clone()));
    }
    Responder::with_feeds(guard(router, shared, MAX_BODY_BYTES), shared)
}

/// What Prometheus asks for.
pub fn metrics(shared: &Shared) -> Router {
    let router = Router::new().route("/metrics", get(health::metrics));
    let router = router.fallback(|| async { StatusCode::NOT_FOUND });
    guard(router.with_state(shared.clone()), shared, MAX_BODY_BYTES)
}

/// A path as a route: braces in it are no captures.
fn route(path: &str) -> String {
    path.replace('{', "{{").replace('}', "}}")
}

/// What stands before every router, ours and the desk's: limits of time and size, a page for
/// whatever goes wrong, and the headers that keep browsers safe.
pub fn guard(router: Router, shared: &Shared, body: usize) -> Router {
    router
        .layer(middleware::from_fn(limits))
        .layer(RequestBodyLimitLayer::new(body))
        .layer(axum::extract::DefaultBodyLimit::max(body))
        .layer(RequestBodyTimeoutLayer::new(BODY_READ_TIMEOUT))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, RESPONSE_TIMEOUT))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }))
        .layer(middleware::from_fn_with_state(shared.clone(), finish_response))
}

/// The longest address, and the largest head in bytes and in fields.
const MAX_URI_BYTES: usize = 8_192;
const MAX_HEAD_BYTES: usize = 16_384;
const MAX_HEADER_FIELDS: usize = 64;

/// Refuses what is larger than any browser sends, and says what it was.
async fn limits(request: Request, next: Next) -> Response {
    match too_large(request.uri(), request.headers()) {
        Some(status) => status.into_response(),
        None => next.run(request).await,
    }
}

/// What a request is refused with that is larger than any browser's.
fn too_large(address: &Uri, headers: &HeaderMap) -> Option<StatusCode> {
    let length: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let address = address.path_and_query().map_or(0, |address| address.as_str().len());
    if address > MAX_URI_BYTES {
        return Some(StatusCode::URI_TOO_LONG);
    }
    (length > MAX_HEAD_BYTES || headers.len() > MAX_HEADER_FIELDS)
        .then_some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
}
