//! The link in the letter that asks for a confirmation. A GET only shows what it is about: programs
//! that look at links in mail confirm nothing. What was asked for, whoever asked, can be mended here.

use std::fmt::Display;

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::{
    Note, Said, answer, broken,
    form::{self, Fields, Tick, Wrong},
    lede, post,
};
use crate::{
    locales::{Act, Readers, fill},
    model::{Choice, Lang, token},
    store::{Confirmation, Confirmed, PendingRequest},
    web::{Client, Shared, page::Frame},
};

/// What is to be confirmed.
#[derive(Template)]
#[template(path = "web/confirm.html")]
struct Page<'a> {
    frame: Frame<'a>,
    words: &'static Readers,
    say: &'static Act,
    lede: String,
    name: &'a str,
    rubriques: Vec<Tick<'a>>,
    consent: &'a str,
    wrong: Option<Wrong>,
    /// Whether the wish is another one than the page showed before.
    changed: bool,
}

impl Page<'_> {
    /// What is wrong with a field.
    fn wrong(&self, field: &str) -> Option<&'static str> {
        self.wrong.filter(|wrong| wrong.field == field).map(|wrong| wrong.words)
    }
}

pub(super) async fn show(
    State(shared): State<Shared>,
    Path(token): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(request) = token::request(shared.store().key(), &token) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match shared.store().wish(request, shared.now()).await {
        Ok(Some(wish)) => page(&shared, &wish, StatusCode::OK, None),
        Ok(None) => stale(&shared, Lang::asked(&shared, &uri, headers.get(header::ACCEPT_LANGUAGE))),
        Err(error) => broken(&error),
    }
}

/// The page before the button is pressed.
fn page(shared: &Shared, wish: &PendingRequest, status: StatusCode, wrong: Option<Wrong>) -> Response {
    let config = shared.config();
    let lang = spoken_in(shared, wish);
    let words = &lang.words().readers;
    let with: &[(&str, &dyn Display)] = &[("magazine", &config.magazine.name), ("address", &wish.address)];
    if wish.moves {
        let say = &words.confirm_move;
        let mut note = Note { button: Some(&say.label), ..Note::of(Frame::of(shared, lang), say, with) };
        note.text.push(fill(&words.agreed, &[("consent", &wish.consent)]));
        return answer(status, &note);
    }
    let all = wish.choice == Choice::all();
    let page = Page {
        frame: Frame::of(shared, lang),
        words,
        say: &words.confirm,
        lede: lede(&words.confirm.text, with),
        name: wish.name.as_deref().unwrap_or_default(),
        rubriques: form::ticks(config, |slug| !all && wish.choice.wants(Some(slug))),
        consent: &wish.consent,
        wrong,
        changed: status == StatusCode::CONFLICT,
    };
    answer(status, &page)
}

pub(super) async fn take(
    State(shared): State<Shared>,
    Path(token): Path<String>,
    client: Client,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(request) = token::request(shared.store().key(), &token) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let spoken = Lang::asked(&shared, &uri, headers.get(header::ACCEPT_LANGUAGE));
    match confirm(&shared, request, client, spoken, &Fields::read(&body)).await {
        Ok(response) => response,
        Err(error) => broken(&error),
    }
}

async fn confirm(
    shared: &Shared,
    request: i64,
    client: Client,
    spoken: Lang,
    fields: &Fields,
) -> Result<Response, post::Error> {
    let (store, now) = (shared.store(), shared.now());
    let Some(wish) = store.wish(request, now).await? else { return Ok(stale(shared, spoken)) };
    let lang = spoken_in(shared, &wish);
    let words = &lang.words().readers;
    // Who agreed to other words than the wish has by now looks at it again.
    if fields.has("consent") && fields.get("consent") != wish.consent {
        return Ok(page(shared, &wish, StatusCode::CONFLICT, None));
    }
    let mended = form::name(fields, words)
        .and_then(|name| form::choice(shared.config(), fields, words).map(|choice| (name, choice)));
    let (name, choice) = match mended {
        Ok((name, choice)) => (fields.has("name").then_some(name), fields.has("rubriques").then_some(choice)),
        Err(wrong) => return Ok(page(shared, &wish, StatusCode::UNPROCESSABLE_ENTITY, Some(wrong))),
    };
    let from = client.address.map(|address| address.to_string());
    let confirmation = Confirmation { from, name, choice };
    let confirmed = store.confirm(shared.newsletter(), request, now, &confirmation).await?;
    let (said, link): (Said<'_>, _) = match &confirmed {
        Confirmed::Joined(subscriber) => {
            let known = store.subscriber(shared.newsletter(), *subscriber).await?;
            (
                (&words.joined).into(),
                known.map(|known| (words.joined.label.as_str(), post::preferences(shared, &known, now))),
            )
        }
        Confirmed::Moved(_, before) => {
            post::tell(shared, lang, before).await?;
            ((&words.moved).into(), None)
        }
        Confirmed::Taken => ((&words.taken).into(), None),
        Confirmed::Nothing => return Ok(stale(shared, lang)),
    };
    let magazine = &shared.config().magazine.name;
    let with: &[(&str, &dyn Display)] = &[("magazine", magazine), ("address", &wish.address)];
    Ok(answer(StatusCode::OK, &Note { link, ..Note::of(Frame::of(shared, lang), said, with) }))
}

/// The language in which a wish was made.
fn spoken_in(shared: &Shared, wish: &PendingRequest) -> Lang {
    Lang::known(&wish.language).unwrap_or(shared.config().magazine.lang)
}

/// The link has done its work, or its time is over.
fn stale(shared: &Shared, lang: Lang) -> Response {
    let words = &lang.words().readers;
    let link = Some((words.stale.label.as_str(), shared.config().web.url.to_string()));
    answer(StatusCode::GONE, &Note { link, ..Note::of(Frame::of(shared, lang), &words.stale, &[]) })
}
