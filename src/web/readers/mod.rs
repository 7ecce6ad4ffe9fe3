//! The readers' own pages: to subscribe, to confirm, to choose, to leave. Each works without a
//! script and without a cookie; what a page may do, the token in its address says.

mod confirm;
mod consent;
pub(super) mod form;
mod leave;
mod post;
mod preferences;
mod subscribe;
mod words;

use std::time::Duration;

use askama::Template;
use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::{
    Shared,
    page::{self, Frame},
};

/// Answers that must not tell whether an address is known take at least so long: longer than what
/// the store does meanwhile.
const BREATH: Duration = Duration::from_millis(250);

/// The routes of the readers' pages.
pub(super) fn routes(shared: &Shared) -> Router<Shared> {
    let config = shared.config();
    let mount = super::route(config.web.url.path());
    let leave = super::route(config.letters.unsubscribe_url.path());
    let mut router = Router::new()
        .route(&mount, get(subscribe::show).post(subscribe::take).options(subscribe::preflight))
        .route(&format!("{mount}confirm/{{token}}"), get(confirm::show).post(confirm::take))
        .route(&format!("{mount}preferences/{{token}}"), get(preferences::show).post(preferences::take))
        .route(&format!("{mount}preferences/{{token}}/data"), get(preferences::data))
        // The token stands at the end of the address: of its path, or of its query.
        .route(&leave, get(leave::show).post(leave::take));
    if leave.ends_with('/') {
        router = router.route(&format!("{leave}{{token}}"), get(leave::show).post(leave::take));
    }
    let bare = mount.trim_end_matches('/');
    if !bare.is_empty() {
        router = router.route(bare, get(subscribe::show).post(subscribe::take).options(subscribe::preflight));
    }
    router
}

/// A page that says something and may offer one thing to do.
#[derive(Template)]
#[template(path = "web/note.html")]
struct Note<'a> {
    frame: Frame<'a>,
    title: &'a str,
    text: Vec<String>,
    /// A button, sent to the page itself.
    button: Option<&'a str>,
    /// A link: label and address.
    link: Option<(&'a str, String)>,
    /// A second button and what stands before it.
    rather: Option<(&'a str, &'a str)>,
}

impl<'a> Note<'a> {
    fn of(frame: Frame<'a>, say: words::Say, fill: impl Fn(&str) -> String) -> Self {
        let text = say.text.iter().map(|text| fill(text)).collect();
        Self { frame, title: say.title, text, button: None, link: None, rather: None }
    }
}

/// A page as an answer; one that cannot be made is our own fault.
fn answer(status: StatusCode, page: &impl Template) -> Response {
    match page::html(status, page) {
        Ok(mut response) => {
            response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Language"));
            response
        }
        Err(error) => broken(&error),
    }
}

/// What went wrong on our side is told in the log, and not to the reader.
fn broken(error: &dyn std::error::Error) -> Response {
    tracing::error!("{error}");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
