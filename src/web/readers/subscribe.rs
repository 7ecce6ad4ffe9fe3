//! The way in: a form, or a call by a script of the magazine's own page. Whether an address is known
//! makes no difference to the answer, nor to the time that it takes.

use askama::Template;
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use super::{
    MIN_ANSWER_TIME, NoticePage, RETRY_TOMORROW_SECONDS, answer, broken, consent,
    form::{self, FieldError, Fields, FormCheck, RubriqueBox},
    lede, letters,
    newsletters::{self, NewsletterBox},
    refused,
};
use crate::{
    locales::Readers,
    model::{Choice, DeliveryTime, EmailAddress, Lang, Slug},
    store::{Request, WantedNewsletter},
    templates::View,
    web::{Client, Shared, origin, page::PageFrame},
};

#[derive(Template, Serialize)]
#[template(path = "web/subscribe.html")]
struct Page<'a> {
    frame: PageFrame<'a>,
    words: &'static Readers,
    lede: String,
    consent: String,
    action: &'a str,
    email: &'a str,
    name: &'a str,
    rubriques: Vec<RubriqueBox<'a>>,
    newsletters: Vec<NewsletterBox>,
    has_newsletters: bool,
    check: FormCheck,
    feeds: &'a str,
    /// The other languages that there are.
    others: Vec<Other>,
}

impl View for Page<'_> {
    const TEMPLATE: &'static str = "web/subscribe.html";
}

/// Another language than the page's.
#[derive(Serialize)]
struct Other {
    tag: &'static str,
    this_page: &'static str,
}

/// What somebody wants.
struct Subscription {
    address: EmailAddress,
    name: Option<String>,
    choice: Choice,
    delivery: DeliveryTime,
    newsletters: Option<Vec<Slug>>,
    consent: String,
}

pub(super) async fn show(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    let lang = Lang::asked(&shared, &uri, headers.get(header::ACCEPT_LANGUAGE));
    page(&shared, lang, StatusCode::OK, &Fields::default(), None).await
}

async fn page(shared: &Shared, lang: Lang, status: StatusCode, fields: &Fields, wrong: Option<FieldError>) -> Response {
    let config = shared.config();
    let words = &lang.words().readers;
    let ticked = |newsletter: &Slug| match fields.has("newsletters") {
        true => fields.all("newsletters").any(|name| name == newsletter.as_str()),
        false => newsletter == shared.newsletter(),
    };
    let newsletters = match newsletters::boxes(shared, words, ticked).await {
        Ok(newsletters) => newsletters,
        Err(error) => return broken(&error),
    };
    let others = Lang::all().filter(|other| *other != lang);
    let page = Page {
        frame: PageFrame { listed: true, ..PageFrame::of(shared, lang) },
        words,
        lede: lede(
            &words.subscribe.text,
            &[("magazine", &config.letter_title()), ("often", &newsletters::often(config, words))],
        ),
        consent: consent::ours(config, lang),
        action: config.web.url.path(),
        email: fields.get("email"),
        name: fields.get("name"),
        rubriques: form::rubrique_boxes(config, |slug| fields.all("rubriques").any(|label| label == slug.as_str())),
        has_newsletters: !newsletters.is_empty(),
        newsletters,
        check: FormCheck::of(wrong),
        feeds: config.feeds.url.as_str(),
        others: others.map(|other| Other { tag: other.tag(), this_page: &other.words().this_page }).collect(),
    };
    answer(shared, status, &page)
}

pub(super) async fn take(
    State(shared): State<Shared>,
    client: Client,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let begun = Instant::now();
    if origin::is_json(&headers) {
        return call(&shared, client, &uri, &headers, &body, begun).await;
    }
    let fields = Fields::read(&body);
    let lang = Lang::known(fields.get("lang"))
        .unwrap_or_else(|| Lang::asked(&shared, &uri, headers.get(header::ACCEPT_LANGUAGE)));
    if let Err(wait) = shared.rate_limit().check(client) {
        return wait.into_response();
    }
    let wanted = match check(&shared, lang, &fields) {
        Ok(wanted) => wanted,
        Err(wrong) => return page(&shared, lang, StatusCode::UNPROCESSABLE_ENTITY, &fields, Some(wrong)).await,
    };
    // Only a program fills in what nobody sees; it is told the same.
    let asked = match fields.get("website") {
        "" => ask(&shared, lang, client, wanted, "form").await,
        _ => Ok(()),
    };
    tokio::time::sleep_until(begun + MIN_ANSWER_TIME).await;
    if let Err(error) = asked {
        return refused(&shared, lang, &error);
    }
    let words = &lang.words().readers;
    answer(&shared, StatusCode::OK, &NoticePage::of(PageFrame::of(&shared, lang), &words.sent, &[]))
}

/// The same, asked by a script and answered in JSON.
async fn call(
    shared: &Shared,
    client: Client,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    begun: Instant,
) -> Response {
    let tell = |status: StatusCode, value: serde_json::Value| {
        let mut response = (status, axum::Json(value)).into_response();
        allow(shared, headers, response.headers_mut());
        response
    };
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    if origin.is_some_and(|origin| !origin::is_welcome(shared, origin)) {
        return tell(StatusCode::FORBIDDEN, json!({ "error": "origin" }));
    }
    let lang = Lang::asked(shared, uri, headers.get(header::ACCEPT_LANGUAGE));
    if let Err(wait) = shared.rate_limit().check(client) {
        let mut response = tell(StatusCode::TOO_MANY_REQUESTS, json!({ "error": "rate" }));
        response.headers_mut().insert(header::RETRY_AFTER, wait.header());
        return response;
    }
    let Some(fields) = Fields::read_json(body) else {
        return tell(StatusCode::BAD_REQUEST, json!({ "error": "json" }));
    };
    let lang = Lang::known(fields.get("language")).unwrap_or(lang);
    let wanted = match check(shared, lang, &fields) {
        Ok(wanted) => wanted,
        Err(wrong) => {
            let value = json!({ "error": wrong.field, "message": wrong.words });
            return tell(StatusCode::UNPROCESSABLE_ENTITY, value);
        }
    };
    let asked = match fields.get("website") {
        "" => ask(shared, lang, client, wanted, "script").await,
        _ => Ok(()),
    };
    tokio::time::sleep_until(begun + MIN_ANSWER_TIME).await;
    let words = &lang.words().readers;
    match asked {
        Ok(()) => {}
        Err(letters::Error::TooMany) => {
            let value = json!({ "error": "rate", "message": words.too_many.text.join(" ") });
            let mut response = tell(StatusCode::TOO_MANY_REQUESTS, value);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_TOMORROW_SECONDS));
            return response;
        }
        Err(error) => {
            tracing::error!("{error}");
            return tell(StatusCode::SERVICE_UNAVAILABLE, json!({ "error": "store" }));
        }
    }
    tell(StatusCode::ACCEPTED, json!({ "title": words.sent.title, "message": words.sent.text.join(" ") }))
}

/// Lets a browser send a script's call from the pages that the configuration names.
pub(super) async fn preflight(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let ours = response.headers_mut();
    if allow(&shared, &headers, ours) {
        ours.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        ours.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Content-Type"));
        ours.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    }
    response
}

/// Names the origin that asks, if it may.
fn allow(shared: &Shared, asked: &HeaderMap, ours: &mut HeaderMap) -> bool {
    ours.insert(header::VARY, HeaderValue::from_static("Origin"));
    let origin = asked
        .get(header::ORIGIN)
        .filter(|origin| origin.to_str().is_ok_and(|origin| origin::is_welcome(shared, origin)));
    if let Some(origin) = origin {
        ours.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    origin.is_some()
}

fn check(shared: &Shared, lang: Lang, fields: &Fields) -> Result<Subscription, FieldError> {
    let (config, words) = (shared.config(), &lang.words().readers);
    let newsletters = newsletters::sent(config, fields, words)?;
    if newsletters.as_ref().is_some_and(Vec::is_empty) {
        return Err(FieldError { field: "newsletters", words: &words.newsletters_wrong });
    }
    Ok(Subscription {
        newsletters,
        address: form::address(fields, words)?,
        name: form::name(fields, words)?,
        choice: form::choice(config, fields, words)?,
        delivery: form::delivery(config, fields, words, DeliveryTime::default())?,
        consent: consent::given(config, lang, fields.get("consent"))?,
    })
}

async fn ask(
    shared: &Shared,
    lang: Lang,
    client: Client,
    wanted: Subscription,
    way: &'static str,
) -> Result<(), letters::Error> {
    let now = shared.now();
    // The page's own one first, with its rubriques; if it is not wanted, the first of the others.
    let mut newsletters = wanted.newsletters.unwrap_or_else(|| vec![shared.newsletter().clone()]);
    let own = newsletters.iter().position(|newsletter| newsletter == shared.newsletter());
    let newsletter = newsletters.remove(own.unwrap_or_default());
    let choice = if own.is_some() { wanted.choice } else { Choice::all() };
    let delivery = if own.is_some() { wanted.delivery } else { DeliveryTime::default() };
    let all = |newsletter| WantedNewsletter { newsletter, choice: Choice::all() };
    let request = Request {
        newsletter,
        others: newsletters.into_iter().map(all).collect(),
        id: shared.store().unguessable()?,
        mover: None,
        address: wanted.address,
        name: wanted.name,
        choice,
        delivery,
        language: lang.tag().to_owned(),
        consent: wanted.consent,
        way,
        asked: now,
        from: client.address.map(|address| address.to_string()),
        expires: now + letters::CONFIRM_LIFETIME,
    };
    letters::join(shared, lang, &request).await
}
