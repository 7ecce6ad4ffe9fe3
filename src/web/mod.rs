//! What readers meet in a browser or a feed reader: the feeds, the pages to subscribe and to leave,
//! the archive of editions; and for who keeps the house, health and figures. Everything is rendered
//! here and works without a script; nothing is kept in cookies.

mod alarm;
mod answers;
mod archive;
mod client;
mod courier;
pub mod desk;
mod dress;
mod feeds;
mod gate;
mod health;
mod lang;
pub mod listen;
mod origin;
pub mod page;
mod places;
mod readers;
mod talk;
mod workers;

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
    model::{Instant, Now, Slug},
    store::Store,
};

pub use answers::{Answering, Answers};
pub use client::Client;
pub use courier::carry;
pub use dress::dress;
pub use listen::{Listener, Peer, Server, serve};

/// Why readers cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address or socket cannot be listened on.
    #[error("cannot listen on {place}: {source}{}", another(source))]
    Listen {
        /// Where.
        place: String,
        /// Why.
        source: std::io::Error,
    },
    /// The threads for connections do not start.
    #[error("cannot start threads for connections: {0}")]
    Threads(std::io::Error),
    /// A page cannot be made.
    #[error("cannot make a page: {0}")]
    Template(#[from] askama::Error),
}

/// What may be the cause of a place that is taken.
fn another(error: &std::io::Error) -> &'static str {
    if error.kind() == std::io::ErrorKind::AddrInUse {
        "; is another gazetier there? See web.listen"
    } else {
        "; see web.listen"
    }
}

/// How long a whole answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a piece of a request's body may be on its way.
const PIECE: Duration = Duration::from_secs(10);
/// The largest body that readers' forms have, in bytes.
const BODY: usize = 16_384;

/// What all rooms of the web share.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Arc<Config>,
    store: Store,
    /// With a connection of its own: whoever watches us must not wait behind readers.
    probe: Store,
    ahead: TimeDelta,
    style: page::Style,
    figures: health::Figures,
    stall: feeds::Stall,
    gate: gate::Gate,
    bell: courier::Bell,
}

impl Shared {
    /// What is shared by servers that begin at an instant: their clock goes on from there.
    pub fn new(config: Arc<Config>, store: Store, probe: Store, at: Instant) -> Result<Self, Error> {
        let style = page::Style::of(&config.theme)?;
        let ahead = at - chrono::Utc::now();
        let (figures, stall) = (health::Figures::default(), feeds::Stall::new(&config));
        Ok(Self(Arc::new(Inner {
            config,
            store,
            probe,
            ahead,
            style,
            figures,
            stall,
            gate: gate::Gate::new(),
            bell: courier::Bell::default(),
        })))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    fn probe(&self) -> &Store {
        &self.0.probe
    }

    /// The instant, in the milliseconds that the store keeps.
    pub fn now(&self) -> Instant {
        let now = chrono::Utc::now() + self.0.ahead;
        Instant::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
    }

    /// The same, with what the machine's own clock says.
    pub fn moment(&self) -> Now {
        Now { at: self.now(), clock: chrono::Utc::now() }
    }

    /// The newsletter that the pages are about.
    pub fn newsletter(&self) -> &Slug {
        &self.0.config.digest.newsletter
    }

    /// How pages look.
    pub fn style(&self) -> &page::Style {
        &self.0.style
    }

    fn stall(&self) -> &feeds::Stall {
        &self.0.stall
    }

    fn gate(&self) -> &gate::Gate {
        &self.0.gate
    }

    fn courier(&self) -> &courier::Bell {
        &self.0.bell
    }

    /// There is a letter to carry.
    pub fn call_courier(&self) {
        self.0.bell.call();
    }

    /// Forgets what is remembered for a while only.
    fn tidy(&self) {
        self.0.gate.tidy();
    }

    fn figures(&self) -> &health::Figures {
        &self.0.figures
    }
}

/// All that readers may ask for.
pub fn public(shared: &Shared) -> Answering {
    let router = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/favicon.ico", get(page::icon))
        .merge(feeds::routes(shared))
        .merge(readers::routes(shared))
        .merge(archive::routes(shared))
        .fallback(feeds::moved);
    Answering::with_feeds(guard(router.with_state(shared.clone()), shared, BODY), shared)
}

/// What Prometheus asks for.
pub fn figures(shared: &Shared) -> Router {
    let router = Router::new().route("/metrics", get(health::metrics));
    let router = router.fallback(|| async { StatusCode::NOT_FOUND });
    guard(router.with_state(shared.clone()), shared, BODY)
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
        .layer(RequestBodyTimeoutLayer::new(PIECE))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PATIENCE))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }))
        .layer(middleware::from_fn_with_state(shared.clone(), dress))
}

/// The longest address, and the largest head in bytes and in fields.
const ADDRESS: usize = 8_192;
const HEAD: usize = 16_384;
const FIELDS: usize = 64;

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
    if address > ADDRESS {
        return Some(StatusCode::URI_TOO_LONG);
    }
    (length > HEAD || headers.len() > FIELDS).then_some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
}
