//! What a token in an address leads to: a subscriber's page, the page that sends the way there, or nothing (any more).

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Alternative, NoticeLink, NoticePage, answer, broken, leave, letters, manage::LetterReader};
use crate::{
    model::{Lang, token},
    store::KnownReader,
    web::{Shared, page::PageFrame},
};

/// What a token leads to.
pub(super) enum PreferencesAccess {
    /// The page of a subscriber.
    Open(KnownReader),
    /// That of a subscriber, but it is too old.
    Expired(KnownReader),
    /// Nothing any more: the subscriber has moved since, or was erased.
    Gone,
    /// The page that sends the link: it is a letter's own token.
    Letter(LetterReader),
    /// Nothing: it is none of ours.
    None,
}

pub(super) async fn find_access(shared: &Shared, token: &str) -> Result<PreferencesAccess, Response> {
    let (key, now) = (shared.store().key(), shared.now());
    let Some((reader, until)) = token::claim(key, token) else {
        let letter = leave::reader_of_letter(shared, token).await.map_err(|error| broken(&error))?;
        return Ok(letter.map_or(PreferencesAccess::None, PreferencesAccess::Letter));
    };
    match shared.store().reader(shared.newsletter(), reader).await {
        Ok(Some(known)) if token::opens_preferences(key, reader, &known.standing, token, now) => {
            Ok(PreferencesAccess::Open(known))
        }
        // Of somebody who has moved since, it opens nothing any more.
        Ok(Some(known)) if token::opens_preferences(key, reader, &known.standing, token, until.min(now)) => {
            Ok(PreferencesAccess::Expired(known))
        }
        Ok(_) => Ok(PreferencesAccess::Gone),
        Err(error) => Err(broken(&error)),
    }
}

/// The answer to a token that opens no page (any more).
pub(super) fn refuse_access(shared: &Shared, access: &PreferencesAccess, spoken: Lang) -> Response {
    match access {
        PreferencesAccess::Open(_) | PreferencesAccess::None | PreferencesAccess::Letter(_) => {
            StatusCode::NOT_FOUND.into_response()
        }
        PreferencesAccess::Expired(known) => {
            let words = &lang(shared, known).words().readers;
            let page = NoticePage {
                rather: Alternative {
                    words: words.expired.text.first().map_or("", String::as_str),
                    label: &words.expired.label,
                },
                text: Vec::new(),
                ..NoticePage::of(PageFrame::of(shared, lang(shared, known)), &words.expired, &[])
            };
            answer(shared, StatusCode::GONE, &page)
        }
        PreferencesAccess::Gone => {
            let words = &spoken.words().readers;
            let link = NoticeLink { label: &words.ended.label, url: shared.config().web.url.to_string() };
            let page = NoticePage { link, ..NoticePage::of(PageFrame::of(shared, spoken), &words.ended, &[]) };
            answer(shared, StatusCode::GONE, &page)
        }
    }
}

/// The language of a subscriber's page.
pub(super) fn lang(shared: &Shared, known: &KnownReader) -> Lang {
    letters::language(known).unwrap_or(shared.config().magazine.lang)
}
