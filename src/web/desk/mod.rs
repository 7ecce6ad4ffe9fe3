//! The editors' desk: they look at the coming edition as readers will, mend it, prove it and approve
//! it. A listener of its own, for people whom the configuration names; every page works without a
//! script.

mod audiences;
mod change;
mod edition;
mod figures;
mod form;
mod headers;
mod history;
mod links;
mod mend;
mod moments;
mod open;
mod pages;
mod past;
mod pictures;
mod presence;
mod preview;
mod proofs;
mod query;
mod reasons;
mod refusals;
mod session;
mod style;
mod texts;
mod versions;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use url::Url;

use self::presence::Presence;
use super::{Error, Shared, guard, page};
use crate::{locales, model::Lang, send, store};

/// The largest form: opening words may be long.
const MAX_FORM_BYTES: usize = 262_144;

/// What the desk's pages share.
#[derive(Debug, Clone)]
pub struct Desk(Arc<DeskInner>);

#[derive(Debug)]
struct DeskInner {
    shared: Shared,
    /// Under which address editors reach it.
    base: Url,
    /// The path that the pages of this newsletter stand below.
    root: String,
    /// Who works at the machine itself.
    operator: String,
    style: style::DeskStyle,
    /// Who is there.
    presence: presence::Presence,
}

impl Desk {
    /// A desk that is reached under an address; `operator` is who works at the machine itself.
    pub fn new(shared: Shared, base: String, operator: String) -> Result<Self, Error> {
        let style = style::DeskStyle::of(shared.config())?;
        let base = Url::parse(&base).map_err(askama::Error::custom)?;
        let root = base.path().to_owned();
        Ok(Self(Arc::new(DeskInner { shared, base, root, operator, style, presence: Presence::default() })))
    }

    /// The same for each newsletter: the first one's pages stand at the desk's own address, the others' below.
    fn of_newsletters(&self) -> Result<Vec<Self>, Error> {
        let desk = |(place, shared): (usize, Shared)| {
            let root = match place {
                0 => self.home().to_owned(),
                _ => format!("{}n/{}/", self.home(), shared.newsletter()),
            };
            let style = style::DeskStyle::of(shared.config())?;
            let (base, operator) = (self.0.base.clone(), self.0.operator.clone());
            let presence = Presence::default();
            Ok(Self(Arc::new(DeskInner { shared, base, root, operator, style, presence })))
        };
        self.shared().views().into_iter().enumerate().map(desk).collect()
    }

    /// The path that all of the desk's pages stand below, such as `/`.
    fn home(&self) -> &str {
        self.0.base.path()
    }

    /// The path that the pages of this newsletter stand below.
    fn root(&self) -> &str {
        &self.0.root
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    fn lang(&self) -> Lang {
        self.shared().config().magazine.lang
    }

    fn words(&self) -> &'static locales::Desk {
        &self.lang().words().desk
    }
}

/// All that editors may ask for.
pub fn routes(desk: &Desk) -> Result<Router, Error> {
    let at = |path: &str| format!("{}{path}", desk.home());
    let mut inside = Router::new();
    for newsletter in desk.of_newsletters()? {
        inside = inside.merge(pages_of(&newsletter));
    }
    let router = inside
        .fallback(|| async { StatusCode::NOT_FOUND })
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
        .route(&at("enter/{token}"), get(session::show_sign_in).post(session::begin).with_state(desk.clone()));
    Ok(guard(router, desk.shared(), MAX_FORM_BYTES))
}

/// The pages of one newsletter.
fn pages_of(desk: &Desk) -> Router {
    let root = desk.root();
    let at = |path: &str| format!("{root}{path}");
    Router::new()
        .route(&at(""), get(edition::coming).post(mend::mend))
        .route(&at("decide"), post(change::decide))
        .route(&at("proof"), post(change::proof))
        .route(&at("retry"), post(change::retry))
        .route(&at("links"), post(change::links))
        .route(&at("leave"), post(session::end))
        .route(&at("past"), get(past::past))
        .route(&at("past/{period}"), get(past::one))
        .route(&at("preview/{period}"), get(preview::preview))
        .route(&at("pictures/{column}"), get(pictures::picture))
        .route(&at("watch"), get(presence::watch))
        .layer(middleware::from_fn_with_state(desk.clone(), session::require))
        .with_state(desk.clone())
}

/// Why a page of the desk cannot be shown.
#[derive(Debug, thiserror::Error)]
enum DeskError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Edition(#[from] crate::edition::Error),
    #[error(transparent)]
    Render(#[from] crate::edition::render::Error),
    #[error(transparent)]
    Send(#[from] send::Error),
    #[error(transparent)]
    Page(#[from] Error),
    #[error("it is not there")]
    NotThere,
}

impl IntoResponse for DeskError {
    fn into_response(self) -> Response {
        if matches!(self, Self::NotThere) {
            return StatusCode::NOT_FOUND.into_response();
        }
        tracing::error!("{self}");
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}

/// A page of the desk, with the policy that its sheet, its script and the preview's frame need.
fn answer(desk: &Desk, status: StatusCode, template: &impl askama::Template) -> Result<Response, DeskError> {
    let mut response = page::html(status, template)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, desk.0.style.policy().clone());
    // With no referrer at all, a browser would not say where a form comes from either.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(response)
}

/// Sends the browser on to a page of the desk.
fn redirect(desk: &Desk, path: &str) -> Response {
    let place = format!("{}{path}", desk.root());
    let place = HeaderValue::try_from(place).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}
