//! What a subscriber chose, and what is known of one: behind a link that came by mail and ends.

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use url::Position;

use super::{
    BREATH, Note, answer, broken,
    form::{self, Fields, Tick, Wrong},
    post, words,
};
use crate::{
    digest::token,
    model::Instant,
    store::{Known, Request},
    web::{Client, Lang, Shared, page::Frame},
};

#[derive(Template)]
#[template(path = "web/preferences.html")]
struct Page<'a> {
    frame: Frame<'a>,
    words: &'a words::Words,
    lede: String,
    /// What was done, if something was.
    done: Option<&'a str>,
    wrong: Option<Wrong>,
    name: &'a str,
    email: &'a str,
    rubriques: Vec<Tick<'a>>,
    active: bool,
    leave: String,
    data: String,
}

impl Page<'_> {
    /// What is wrong with a field.
    fn wrong(&self, field: &str) -> Option<&'static str> {
        self.wrong.filter(|wrong| wrong.field == field).map(|wrong| wrong.words)
    }
}

/// The subscriber whose page a token opens.
async fn open(shared: &Shared, token: &str) -> Result<Known, StatusCode> {
    let (key, now) = (shared.store().key(), shared.now());
    let Some((reader, _)) = token::claim(key, token) else { return Err(StatusCode::NOT_FOUND) };
    match shared.store().reader(shared.newsletter(), reader).await {
        // Of somebody who has moved since, it opens nothing any more.
        Ok(Some(known)) if !token::opens_preferences(key, reader, &known.standing, token, now) => {
            Err(StatusCode::NOT_FOUND)
        }
        Ok(Some(known)) => Ok(known),
        Ok(None) => Err(StatusCode::GONE),
        Err(error) => {
            tracing::error!("{error}");
            Err(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// The language of a subscriber's page.
fn lang(shared: &Shared, known: &Known) -> Lang {
    post::language(known).unwrap_or_else(|| Lang::of(&shared.config().magazine.language))
}

pub(super) async fn show(State(shared): State<Shared>, Path(token): Path<String>) -> Response {
    match open(&shared, &token).await {
        Ok(known) => page(&shared, &token, &known, None, None, &Fields::default()),
        Err(status) => status.into_response(),
    }
}

fn page(
    shared: &Shared,
    token: &str,
    known: &Known,
    done: Option<&str>,
    wrong: Option<Wrong>,
    fields: &Fields,
) -> Response {
    let config = shared.config();
    let lang = lang(shared, known);
    let words = words::of(lang);
    let fill = |text: &str| words::fill(text, &config.magazine.name).replace("{address}", &known.address);
    let all = known.choice == crate::model::Choice::all();
    let page = Page {
        frame: Frame::of(shared, lang),
        words,
        lede: words.preferences.text.iter().map(|text| fill(text)).collect::<Vec<_>>().join(" "),
        done,
        wrong,
        name: known.name.as_deref().unwrap_or_default(),
        email: fields.get("email"),
        rubriques: form::ticks(config, |slug| !all && known.choice.wants(Some(slug))),
        active: known.state == "active",
        leave: format!(
            "{}{}",
            &config.letters.unsubscribe_url[Position::BeforePath..],
            token::unsubscribe(shared.store().key(), shared.newsletter(), known.reader)
        ),
        data: format!("{}preferences/{token}/data", config.web.url.path()),
    };
    answer(if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page)
}

pub(super) async fn take(
    State(shared): State<Shared>,
    Path(token): Path<String>,
    client: Client,
    body: Bytes,
) -> Response {
    let known = match open(&shared, &token).await {
        Ok(known) => known,
        Err(status) => return status.into_response(),
    };
    let fields = Fields::read(&body);
    let words = words::of(lang(&shared, &known));
    let outcome = match fields.get("do") {
        "save" => save(&shared, &token, known, &fields).await,
        "move" => match shared.gate().pass(client) {
            Ok(()) => change(&shared, &token, &known, &fields, client).await,
            Err(wait) => return wait.into_response(),
        },
        "erase" if fields.get("sure") == "yes" => {
            let erased = shared.store().erase(known.id, shared.now()).await;
            let frame = Frame::of(&shared, lang(&shared, &known));
            erased
                .map(|_| answer(StatusCode::OK, &Note::of(frame, words.erased, str::to_owned)))
                .map_err(post::Error::from)
        }
        "erase" => {
            let wrong = Wrong { field: "sure", words: words.erase_sure };
            Ok(page(&shared, &token, &known, None, Some(wrong), &fields))
        }
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    outcome.unwrap_or_else(|error| broken(&error))
}

async fn save(shared: &Shared, token: &str, mut known: Known, fields: &Fields) -> Result<Response, post::Error> {
    let words = words::of(lang(shared, &known));
    let checked = form::name(fields, words)
        .and_then(|name| form::choice(shared.config(), fields, words).map(|choice| (name, choice)));
    let (name, choice) = match checked {
        Ok(checked) => checked,
        Err(wrong) => return Ok(page(shared, token, &known, None, Some(wrong), fields)),
    };
    let language = Lang::known(fields.get("language")).unwrap_or_else(|| lang(shared, &known));
    let newsletter = shared.newsletter();
    shared.store().set_preferences(newsletter, known.id, name.as_deref(), &choice, language.tag()).await?;
    known = Known { name, choice, language: Some(language.tag().to_owned()), ..known };
    Ok(page(shared, token, &known, Some(words::of(language).saved), None, fields))
}

async fn change(
    shared: &Shared,
    token: &str,
    known: &Known,
    fields: &Fields,
    client: Client,
) -> Result<Response, post::Error> {
    let begun = tokio::time::Instant::now();
    let lang = lang(shared, known);
    let words = words::of(lang);
    let address = match form::address(fields, words) {
        Ok(address) => address,
        Err(wrong) => return Ok(page(shared, token, known, None, Some(wrong), fields)),
    };
    let now = shared.now();
    let request = Request {
        id: shared.store().unguessable()?,
        mover: Some(known.id),
        address,
        name: known.name.clone(),
        choice: known.choice.clone(),
        language: lang.tag().to_owned(),
        consent: words::fill(words.consent, &shared.config().magazine.name),
        way: "form",
        asked: now,
        from: client.address.map(|address| address.to_string()),
        expires: now + post::CONFIRM,
    };
    post::change(shared, lang, &request).await?;
    tokio::time::sleep_until(begun + BREATH).await;
    Ok(answer(StatusCode::OK, &Note::of(Frame::of(shared, lang), words.sent, str::to_owned)))
}

/// All that is known of a subscriber, for the subscriber (GDPR, article 15).
pub(super) async fn data(State(shared): State<Shared>, Path(token): Path<String>) -> Response {
    let known = match open(&shared, &token).await {
        Ok(known) => known,
        Err(status) => return status.into_response(),
    };
    match collect(&shared, &known).await {
        Ok(value) => {
            let mut response = axum::Json(value).into_response();
            let name = HeaderValue::from_static("attachment; filename=\"data.json\"");
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            response
        }
        Err(error) => broken(&error),
    }
}

async fn collect(shared: &Shared, known: &Known) -> crate::store::Result<serde_json::Value> {
    let when = |millis: i64| Instant::from_timestamp_millis(millis).map(|at| at.to_rfc3339());
    let consents = shared.store().consents(known.id).await?;
    let consents = consents.into_iter().map(|consent| {
        json!({
            "way": consent.way,
            "words": consent.consent,
            "asked": { "when": when(consent.asked_at), "from": consent.asked_from },
            "confirmed": { "when": when(consent.confirmed_at), "from": consent.confirmed_from },
        })
    });
    let letters = shared.store().letters_of(known.id).await?;
    let letters = letters
        .into_iter()
        .map(|(period, state, settled)| json!({ "edition": period, "state": state, "when": settled.and_then(when) }));
    let bounces = shared.store().bounces_of(known.id).await?;
    let bounces = bounces.into_iter().map(
        |(period, kind, words, noted)| json!({ "edition": period, "kind": kind, "words": words, "when": when(noted) }),
    );
    Ok(json!({
        "address": known.address,
        "name": known.name,
        "rubriques": known.choice.key().split(',').filter(|slug| !slug.is_empty()).collect::<Vec<_>>(),
        "language": known.language,
        "state": known.state,
        "joined": known.joined.to_rfc3339(),
        "consents": consents.collect::<Vec<_>>(),
        "letters": letters.collect::<Vec<_>>(),
        "bounces": bounces.collect::<Vec<_>>(),
    }))
}
