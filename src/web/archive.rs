//! The archive: each edition under its own address, as it was sent and with nobody's name in it, an
//! index, and a feed of editions.

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::Datelike;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tower_http::compression::CompressionLayer;

use super::{
    Shared,
    feeds::permanent,
    page::{self, PageFrame},
};
use crate::{
    edition::render::archive,
    model::{Lang, Period, html::escape},
    publish::forms::editions,
    templates::View,
};

/// How many editions the index names: twenty years of weeks.
const MAX_INDEX_EDITIONS: u32 = 1_040;
/// How many the feed holds.
const FEED_EDITIONS: u32 = 20;

/// An edition hardly ever changes, the index once a week.
const CACHE_POLICY: &str = "public, max-age=300, must-revalidate";

/// A letter carries its styles on its elements, and pictures from the magazine's site.
const LETTER_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FEED_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'";

/// On paper, the sheet is the page: nothing is torn in two, and what leads on is not printed.
const PRINT_STYLE: &str = "@page{margin:16mm}@media print{body,.page{background:none!important}\
    .page h1,.page h2,.page h3{break-after:avoid}.page li,.page img,.page p{break-inside:avoid}\
    .page .button,.page .go,.foot-of-page{display:none!important}}";

/// The routes of the archive.
pub(super) fn routes(shared: &Shared) -> Router<Shared> {
    let mount = super::route(shared.config().web.archive.path());
    let mut router = Router::new()
        .route(&mount, get(index))
        .route(&format!("{mount}atom.xml"), get(feed))
        .route(&format!("{mount}{{period}}"), get(edition));
    let bare = mount.trim_end_matches('/');
    if !bare.is_empty() {
        let lead = |State(shared): State<Shared>| async move { permanent(shared.config().web.archive.path()) };
        router = router.route(bare, get(lead));
    }
    router.layer(CompressionLayer::new())
}

#[derive(Template, Serialize)]
#[template(path = "web/archive.html")]
struct Page<'a> {
    frame: PageFrame<'a>,
    title: &'a str,
    lede: &'a str,
    /// What is said where there is none.
    nothing: &'a str,
    years: Vec<(i32, Vec<Row>)>,
    feed: String,
    feed_label: &'a str,
    subscribe: &'a str,
    subscribe_label: &'a str,
}

impl View for Page<'_> {
    const TEMPLATE: &'static str = "web/archive.html";
}

/// An edition in the index.
#[derive(Serialize)]
struct Row {
    subject: String,
    url: String,
    date: String,
    day: String,
}

async fn index(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    let editions = match shared.store().archive(shared.newsletter(), MAX_INDEX_EDITIONS).await {
        Ok(editions) => editions,
        Err(error) => return broken(&error),
    };
    let lang = Lang::asked(&shared, &uri, headers.get(header::ACCEPT_LANGUAGE));
    let config = shared.config();
    let mut years: Vec<(i32, Vec<Row>)> = Vec::new();
    for edition in &editions {
        let day = config.magazine.zone.local(edition.dated).date_naive();
        let row = Row {
            subject: edition.subject.clone(),
            url: format!("{}{}", config.web.archive.path(), edition.period),
            date: lang.day(day),
            day: day.to_string(),
        };
        match years.last_mut() {
            Some((year, rows)) if *year == day.year() => rows.push(row),
            _ => years.push((day.year(), vec![row])),
        }
    }
    let words = &lang.words().archive;
    let page = Page {
        frame: PageFrame { listed: true, ..PageFrame::of(&shared, lang) },
        title: &words.title,
        lede: &words.lede,
        nothing: &words.none,
        years,
        feed: format!("{}atom.xml", config.web.archive),
        feed_label: &words.feed,
        subscribe: config.web.url.as_str(),
        subscribe_label: &words.subscribe,
    };
    match page::of_readers(&shared, StatusCode::OK, &page) {
        Ok(mut response) => {
            let ours = response.headers_mut();
            ours.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE_POLICY));
            ours.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
            response
        }
        Err(error) => page::broken(&error),
    }
}

async fn edition(State(shared): State<Shared>, Path(period): Path<String>, headers: HeaderMap) -> Response {
    let (edition, html) = match shared.store().archived(shared.newsletter(), &Period::from_key(&period)).await {
        Ok(Some(found)) => found,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return broken(&error),
    };
    let config = shared.config();
    let url = format!("{}{}", config.web.archive, edition.period);
    let title = escape(&format!("{} · {}", edition.subject, config.magazine.name));
    let head = format!(
        "<link rel=\"canonical\" href=\"{url}\">\
         <link rel=\"alternate\" type=\"application/atom+xml\" href=\"{}atom.xml\">\
         <meta property=\"og:type\" content=\"article\"><meta property=\"og:url\" content=\"{url}\">\
         <meta property=\"og:title\" content=\"{title}\">\
         <style>.foot-of-page{{padding:0 24px 40px;text-align:center;font:15px/1.5 {};color:{}}}\
         @media (prefers-color-scheme:dark){{.foot-of-page{{color:#b5b1a7}}}}{PRINT_STYLE}</style>",
        config.web.archive, config.theme.sans, config.theme.muted,
    );
    let all = &config.magazine.lang.words().archive.all;
    let foot = format!(
        "<footer class=\"foot-of-page\"><a href=\"{}\" style=\"color:inherit\">{all}</a></footer>",
        config.web.archive.path(),
    );
    let page = archive::page(config, &html, &head, &foot);
    public(&headers, "text/html; charset=utf-8", LETTER_POLICY, page.into_bytes())
}

async fn feed(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let store = shared.store();
    let editions = match store.archive(shared.newsletter(), FEED_EDITIONS).await {
        Ok(editions) => editions,
        Err(error) => return broken(&error),
    };
    let mut whole = Vec::with_capacity(editions.len());
    for edition in editions {
        match store.columns_of(edition.id).await {
            Ok(columns) => whole.push((edition, columns)),
            Err(error) => return broken(&error),
        }
    }
    match editions::atom(shared.config(), &shared.config().web.archive, &whole) {
        Ok(bytes) => public(&headers, "application/atom+xml; charset=utf-8", FEED_POLICY, bytes),
        Err(error) => broken(&error),
    }
}

/// A document that is everybody's, or word that the client has it. Its tag is weak, because it may be
/// packed on its way.
fn public(asked: &HeaderMap, kind: &'static str, policy: &'static str, bytes: Vec<u8>) -> Response {
    let tag = format!("W/\"{}\"", data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)[..12]));
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let known = known
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag.trim_start_matches("W/"));
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
    };
    let ours = response.headers_mut();
    if let Ok(tag) = HeaderValue::try_from(tag) {
        ours.insert(header::ETAG, tag);
    }
    ours.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE_POLICY));
    ours.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

fn broken(error: &dyn std::error::Error) -> Response {
    tracing::error!("{error}");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
