//! The way out. Mail programs POST here for their reader (RFC 8058) and follow nothing; a GET shows
//! a button, so that a program that looks at links in mail unsubscribes nobody. The token names the
//! reader for ever: of an edition long gone, and whatever the address is by now.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::{Alternative, NoticeLink, NoticePage, answer, broken, form::Fields, letters, manage::LetterReader};
use crate::{
    model::{Lang, ReaderName, Slug, token},
    store::{self, KnownReader},
    web::{Client, Shared, origin, page::PageFrame},
};

/// The token, wherever in the address it stands.
fn token<'a>(shared: &Shared, path: &'a Option<Path<String>>, uri: &'a Uri) -> Option<&'a str> {
    if let Some(Path(token)) = path {
        return Some(token);
    }
    // `…?t=` in the configuration: what follows is the token.
    let query = shared.config().letters.unsubscribe_url.query()?;
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix(query.rsplit('&').next()?))
}

/// Who leaves what, by the token.
async fn named(shared: &Shared, path: &Option<Path<String>>, uri: &Uri) -> Result<Option<LetterReader>, store::Error> {
    match token(shared, path, uri) {
        Some(token) => reader_of_letter(shared, token).await,
        None => Ok(None),
    }
}

/// Whose letter of which newsletter a token is of, if it is one of ours.
pub(super) async fn reader_of_letter(shared: &Shared, token: &str) -> Result<Option<LetterReader>, store::Error> {
    let newsletters = shared.config().newsletters.iter().map(|digest| &digest.newsletter);
    let Some((newsletter, reader)) = token::leaver(shared.store().key(), newsletters, token) else { return Ok(None) };
    let known = match reader {
        ReaderName::Id(id) => shared.store().reader(&newsletter, id).await?,
        ReaderName::Old(number) => shared.store().reader_of_old(&newsletter, number).await?,
    };
    Ok(Some(LetterReader { newsletter, known }))
}

pub(super) async fn show(
    State(shared): State<Shared>,
    path: Option<Path<String>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let (shared, known) = match named(&shared, &path, &uri).await {
        Ok(Some(LetterReader { newsletter, known })) => (shared.view(&newsletter).unwrap_or(shared), known),
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return broken(&error),
    };
    let spoken = Lang::asked(&shared, &uri, headers.get(header::ACCEPT_LANGUAGE));
    let lang = known.as_ref().and_then(letters::language).unwrap_or(spoken);
    let words = &lang.words().readers;
    let magazine = &shared.config().letter_title();
    // Nothing about the subscriber stands here: letters are passed on, and their links with them.
    let page = NoticePage {
        button: &words.leave.label,
        rather: match known {
            Some(_) => Alternative { words: &words.rather, label: &words.rather_label },
            None => Alternative::default(),
        },
        ..NoticePage::of(PageFrame::of(&shared, lang), &words.leave, &[("magazine", magazine)])
    };
    answer(&shared, StatusCode::OK, &page)
}

pub(super) async fn take(
    State(shared): State<Shared>,
    path: Option<Path<String>>,
    client: Client,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (newsletter, known) = match named(&shared, &path, &uri).await {
        Ok(Some(LetterReader { newsletter, known })) => (newsletter, known),
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return broken(&error),
    };
    let spoken = Lang::asked(&shared, &uri, headers.get(header::ACCEPT_LANGUAGE));
    // Whatever a mail program sends, this alone is another wish.
    let rather = Fields::read(&body).get("do") == "preferences";
    if rather && origin::is_foreign(&shared, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if rather && let Err(wait) = shared.rate_limit().check(client) {
        return wait.into_response();
    }
    let all = Fields::read(&body).get("do") == "all";
    if all && origin::is_foreign(&shared, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let shared = shared.view(&newsletter).unwrap_or(shared);
    let wish = match (rather, all) {
        (true, _) => LeaveWish::Preferences,
        (_, true) => LeaveWish::All,
        _ => LeaveWish::This,
    };
    match leave(&shared, &newsletter, known, spoken, wish).await {
        Ok(response) => response,
        Err(error) => broken(&error),
    }
}

/// What somebody wants who has a letter's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeaveWish {
    /// No more of this newsletter.
    This,
    /// No more of any.
    All,
    /// A link to the preferences.
    Preferences,
}

async fn leave(
    shared: &Shared,
    newsletter: &Slug,
    known: Option<KnownReader>,
    spoken: Lang,
    wish: LeaveWish,
) -> Result<Response, letters::Error> {
    let lang = known.as_ref().and_then(letters::language).unwrap_or(spoken);
    let words = &lang.words().readers;
    let magazine = &shared.config().letter_title();
    if wish == LeaveWish::Preferences {
        return LetterReader { newsletter: newsletter.clone(), known }.send_link(shared, spoken).await;
    }
    // Done now, done before, or erased since: the letter does not come.
    if let Some(known) = &known {
        match wish {
            LeaveWish::All => shared.store().unsubscribe_all(known.id, shared.now()).await?,
            _ => {
                shared.store().unsubscribe(newsletter, known.id, shared.now()).await?;
            }
        }
    }
    if wish == LeaveWish::All {
        let with: &[(&str, &dyn std::fmt::Display)] = &[("magazine", &shared.config().magazine.name)];
        let page = NoticePage::of(PageFrame::of(shared, lang), &words.left_all, with);
        return Ok(answer(shared, StatusCode::OK, &page));
    }
    let page = NoticePage {
        // Whether the reader has others is not told: letters are passed on.
        rather: match shared.config().newsletters.len() {
            0 | 1 => Alternative::default(),
            _ => Alternative { words: &words.other_letters, label: &words.leave_all },
        },
        rather_value: "all",
        link: NoticeLink { label: &words.left.label, url: shared.config().web.url.to_string() },
        ..NoticePage::of(PageFrame::of(shared, lang), &words.left, &[("magazine", magazine)])
    };
    Ok(answer(shared, StatusCode::OK, &page))
}
