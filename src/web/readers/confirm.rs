//! The link in the letter that asks for a confirmation. A GET only shows what it is about: programs
//! that look at links in mail confirm nothing.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::{Note, answer, broken, post, words};
use crate::{
    digest::token,
    store::Confirmed,
    web::{Client, Lang, Shared, page::Frame},
};

pub(super) async fn show(
    State(shared): State<Shared>,
    Path(token): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(request) = token::request(shared.store().key(), &token) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let wish = match shared.store().wish(request, shared.now()).await {
        Ok(Some(wish)) => wish,
        Ok(None) => return stale(&shared, Lang::asked(&shared, &uri, headers.get(header::ACCEPT_LANGUAGE))),
        Err(error) => return broken(&error),
    };
    let lang = Lang::of(&wish.language);
    let words = words::of(lang);
    let say = if wish.moves { words.confirm_move } else { words.confirm };
    let magazine = &shared.config().magazine.name;
    let fill = |text: &str| words::fill(text, magazine).replace("{address}", &wish.address);
    answer(StatusCode::OK, &Note { button: Some(say.label), ..Note::of(Frame::of(&shared, lang), say, fill) })
}

pub(super) async fn take(
    State(shared): State<Shared>,
    Path(token): Path<String>,
    client: Client,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(request) = token::request(shared.store().key(), &token) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match confirm(&shared, request, client, Lang::asked(&shared, &uri, headers.get(header::ACCEPT_LANGUAGE))).await {
        Ok(response) => response,
        Err(error) => broken(&error),
    }
}

async fn confirm(shared: &Shared, request: i64, client: Client, spoken: Lang) -> Result<Response, post::Error> {
    let (store, now) = (shared.store(), shared.now());
    let Some(wish) = store.wish(request, now).await? else { return Ok(stale(shared, spoken)) };
    let lang = Lang::of(&wish.language);
    let words = words::of(lang);
    let from = client.address.map(|address| address.to_string());
    let confirmed = store.confirm(shared.newsletter(), request, now, from.as_deref()).await?;
    let (say, link) = match &confirmed {
        Confirmed::Joined(subscriber) => {
            let known = store.subscriber(shared.newsletter(), *subscriber).await?;
            (words.joined, known.map(|known| (words.joined.label, post::preferences(shared, &known, now))))
        }
        Confirmed::Moved(_, before) => {
            post::tell(shared, lang, before).await?;
            (words.moved, None)
        }
        Confirmed::Taken => (words.taken, None),
        Confirmed::Nothing => return Ok(stale(shared, lang)),
    };
    let magazine = &shared.config().magazine.name;
    let fill = |text: &str| words::fill(text, magazine).replace("{address}", &wish.address);
    Ok(answer(StatusCode::OK, &Note { link, ..Note::of(Frame::of(shared, lang), say, fill) }))
}

/// The link has done its work, or its time is over.
fn stale(shared: &Shared, lang: Lang) -> Response {
    let words = words::of(lang);
    let link = Some((words.stale.label, shared.config().web.url.to_string()));
    answer(StatusCode::GONE, &Note { link, ..Note::of(Frame::of(shared, lang), words.stale, str::to_owned) })
}
