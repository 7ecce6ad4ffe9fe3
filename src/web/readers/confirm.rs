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
use serde::Serialize;

use super::{
    NoticeLink, NoticePage, Said, answer, broken,
    form::{self, FieldError, Fields, FormCheck, RubriqueBox, SentChoices},
    lede, letters,
};
use crate::{
    locales::{Act, Readers, fill},
    model::{Choice, Lang, token},
    outbox::welcome,
    store::{Confirmation, Confirmed, PendingRequest},
    templates::View,
    web::{Client, Shared, page::PageFrame},
};

/// What is to be confirmed.
#[derive(Template, Serialize)]
#[template(path = "web/confirm.html")]
struct Page<'a> {
    frame: PageFrame<'a>,
    words: &'static Readers,
    say: &'static Act,
    lede: String,
    name: &'a str,
    rubriques: Vec<RubriqueBox<'a>>,
    consent: &'a str,
    check: FormCheck,
    /// Whether the wish is another one than the page showed before.
    changed: bool,
}

impl View for Page<'_> {
    const TEMPLATE: &'static str = "web/confirm.html";
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
fn page(shared: &Shared, wish: &PendingRequest, status: StatusCode, wrong: Option<FieldError>) -> Response {
    let config = shared.config();
    let lang = spoken_in(shared, wish);
    let words = &lang.words().readers;
    let with: &[(&str, &dyn Display)] = &[("magazine", &config.letter_title()), ("address", &wish.address)];
    if wish.moves {
        let say = &words.confirm_move;
        let mut note = NoticePage { button: &say.label, ..NoticePage::of(PageFrame::of(shared, lang), say, with) };
        note.text.push(fill(&words.agreed, &[("consent", &wish.consent)]));
        return answer(shared, status, &note);
    }
    let all = wish.choice == Choice::all();
    let page = Page {
        frame: PageFrame::of(shared, lang),
        words,
        say: &words.confirm,
        lede: lede(&words.confirm.text, with),
        name: wish.name.as_deref().unwrap_or_default(),
        rubriques: form::rubrique_boxes(config, |slug| !all && wish.choice.wants(Some(slug))),
        consent: &wish.consent,
        check: FormCheck::of(wrong),
        changed: status == StatusCode::CONFLICT,
    };
    answer(shared, status, &page)
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
) -> Result<Response, letters::Error> {
    let (store, now) = (shared.store(), shared.now());
    let Some(wish) = store.wish(request, now).await? else { return Ok(stale(shared, spoken)) };
    let lang = spoken_in(shared, &wish);
    let words = &lang.words().readers;
    // Who agreed to other words than the wish has by now looks at it again.
    if fields.has("consent") && fields.get("consent") != wish.consent {
        return Ok(page(shared, &wish, StatusCode::CONFLICT, None));
    }
    let SentChoices { name, choice } = match form::sent_choices(shared.config(), fields, words) {
        Ok(sent) => sent,
        Err(wrong) => return Ok(page(shared, &wish, StatusCode::UNPROCESSABLE_ENTITY, Some(wrong))),
    };
    let from = client.address.map(|address| address.to_string());
    let confirmation = Confirmation { from, name, choice };
    let confirmed = store.confirm(shared.newsletter(), request, now, &confirmation).await?;
    let (said, link): (Said<'_>, _) = match &confirmed {
        Confirmed::Joined(subscriber) => {
            let known = store.subscriber(shared.newsletter(), *subscriber).await?;
            welcome(shared, *subscriber).await;
            (
                (&words.joined).into(),
                known.map(|known| NoticeLink {
                    label: words.joined.label.as_str(),
                    url: letters::preferences(shared, &known, now),
                }),
            )
        }
        Confirmed::Moved(_, before) => {
            letters::tell(shared, lang, before).await?;
            ((&words.moved).into(), None)
        }
        Confirmed::Taken => ((&words.taken).into(), None),
        Confirmed::Nothing => return Ok(stale(shared, lang)),
    };
    let magazine = &shared.config().letter_title();
    let with: &[(&str, &dyn Display)] = &[("magazine", magazine), ("address", &wish.address)];
    Ok(answer(
        shared,
        StatusCode::OK,
        &NoticePage { link: link.unwrap_or_default(), ..NoticePage::of(PageFrame::of(shared, lang), said, with) },
    ))
}

/// Welcomes who has joined, to the newsletter of this page if it is one of those. What goes wrong is told in the log: it
/// takes nothing from the subscription.
async fn welcome(shared: &Shared, subscriber: i64) {
    let (store, now) = (shared.store(), shared.now());
    let queued = async {
        let joined = store.subscribed_to(subscriber).await?;
        let others = shared.views();
        let mut views = std::iter::once(shared).chain(&others);
        let Some(view) = views.find(|view| joined.contains(view.newsletter())) else { return Ok(false) };
        match store.subscriber(view.newsletter(), subscriber).await? {
            Some(known) => welcome::queue(view.config(), store, &known, now).await,
            None => Ok(false),
        }
    };
    match queued.await {
        Ok(true) => shared.wake_outbox(),
        Ok(false) => {}
        Err(error) => tracing::error!("{error}"),
    }
}

/// The language in which a wish was made.
fn spoken_in(shared: &Shared, wish: &PendingRequest) -> Lang {
    Lang::known(&wish.language).unwrap_or(shared.config().magazine.lang)
}

/// The link has done its work, or its time is over.
fn stale(shared: &Shared, lang: Lang) -> Response {
    let words = &lang.words().readers;
    let link = NoticeLink { label: &words.stale.label, url: shared.config().web.url.to_string() };
    answer(
        shared,
        StatusCode::GONE,
        &NoticePage { link, ..NoticePage::of(PageFrame::of(shared, lang), &words.stale, &[]) },
    )
}
