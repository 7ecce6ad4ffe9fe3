//! The readers' own pages: to subscribe, to confirm, to choose, to leave. Each works without a
//! script and without a cookie; what a page may do, the token in its address says.

mod access;
mod confirm;
mod consent;
mod data;
pub(super) mod form;
mod leave;
mod letters;
mod manage;
mod newsletters;
mod preferences;
mod subscribe;

use std::{fmt::Display, time::Duration};

use askama::Template;
use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;

use super::{
    Shared, origin,
    page::{self, PageFrame},
};
use crate::{
    locales::{Act, Say, fill},
    model::Lang,
    templates::View,
};

/// Answers that must not tell whether an address is known take at least so long: longer than what
/// the store does meanwhile.
const MIN_ANSWER_TIME: Duration = Duration::from_millis(250);

/// The routes of the readers' pages.
pub(super) fn routes(shared: &Shared) -> Router<Shared> {
    let config = shared.config();
    let mount = super::route(config.web.url.path());
    let mut router = Router::new()
        .route(&mount, get(subscribe::show).post(subscribe::take).options(subscribe::preflight))
        .route(&format!("{mount}confirm/{{token}}"), get(confirm::show).post(confirm::take))
        .route(&format!("{mount}preferences/{{token}}"), get(preferences::show).post(preferences::take))
        .route(&format!("{mount}preferences/{{token}}/data"), get(data::show));
    let bare = mount.trim_end_matches('/');
    if !bare.is_empty() {
        router = router.route(bare, get(subscribe::show).post(subscribe::take).options(subscribe::preflight));
    }
    router.route_layer(middleware::from_fn_with_state(shared.clone(), origin::own_forms))
}

/// The way out of all newsletters: the token names the one. Leaving by one click comes from mail programs, whatever they
/// say of themselves: the token is all that counts.
pub(super) fn leaving(shared: &Shared) -> Router<Shared> {
    let leave = super::route(shared.config().letters.unsubscribe_url.path());
    // The token stands at the end of the address: of its path, or of its query.
    let mut router = Router::new().route(&leave, get(leave::show).post(leave::take));
    if leave.ends_with('/') {
        router = router.route(&format!("{leave}{{token}}"), get(leave::show).post(leave::take));
    }
    router
}

/// A page that says something and may offer one thing to do. What it does not offer is empty.
#[derive(Template, Serialize)]
#[template(path = "web/note.html")]
struct NoticePage<'a> {
    frame: PageFrame<'a>,
    title: &'a str,
    text: Vec<String>,
    /// A button, sent to the page itself.
    button: &'a str,
    link: NoticeLink<'a>,
    /// A second button, and what it sends.
    rather: Alternative<'a>,
    rather_value: &'a str,
}

impl View for NoticePage<'_> {
    const TEMPLATE: &'static str = "web/note.html";
}

/// Where a notice leads.
#[derive(Debug, Default, Serialize)]
struct NoticeLink<'a> {
    label: &'a str,
    url: String,
}

/// A second button and what stands before it.
#[derive(Debug, Default, Serialize)]
struct Alternative<'a> {
    words: &'a str,
    label: &'a str,
}

impl<'a> NoticePage<'a> {
    fn of(frame: PageFrame<'a>, said: impl Into<Said<'a>>, with: &[(&str, &dyn Display)]) -> Self {
        let said = said.into();
        let text = said.text.iter().map(|text| fill(text, with)).collect();
        let (link, rather) = (NoticeLink::default(), Alternative::default());
        Self { frame, title: said.title, text, button: "", link, rather, rather_value: "preferences" }
    }
}

/// What a page or a letter says: heading and paragraphs.
#[derive(Debug, Clone, Copy)]
struct Said<'a> {
    title: &'a str,
    text: &'a [String],
}

impl<'a> From<&'a Say> for Said<'a> {
    fn from(say: &'a Say) -> Self {
        Self { title: &say.title, text: &say.text }
    }
}

impl<'a> From<&'a Act> for Said<'a> {
    fn from(act: &'a Act) -> Self {
        Self { title: &act.title, text: &act.text }
    }
}

/// Paragraphs as one, with what stands for something filled in.
fn lede(text: &[String], with: &[(&str, &dyn Display)]) -> String {
    fill(&text.join(" "), with)
}

/// A page as an answer; one that cannot be made is our own fault.
fn answer(shared: &Shared, status: StatusCode, page: &impl View) -> Response {
    match page::of_readers(shared, status, page) {
        Ok(mut response) => {
            let headers = response.headers_mut();
            headers.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
            // With no referrer at all, a browser would not say where a form comes from either. Of an address, which
            // may hold a token, it tells nobody more than the host: not the magazine's own pages, either.
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
            response
        }
        Err(error) => page::broken(&error),
    }
}

/// When to come again whose mailbox has had too many letters today, in seconds.
const RETRY_TOMORROW_SECONDS: u32 = 86_400;

/// Why a letter is not on its way.
fn refused(shared: &Shared, lang: Lang, error: &letters::Error) -> Response {
    let letters::Error::TooMany = error else { return broken(error) };
    let note = NoticePage::of(PageFrame::of(shared, lang), &lang.words().readers.too_many, &[]);
    let mut response = answer(shared, StatusCode::TOO_MANY_REQUESTS, &note);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_TOMORROW_SECONDS));
    response
}

/// What went wrong on our side is told in the log, and not to the reader.
fn broken(error: &dyn std::error::Error) -> Response {
    tracing::error!("{error}");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
