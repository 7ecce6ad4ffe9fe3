//! Where the link at the foot of a letter leads: a page that sends its reader a link to the preferences. Nothing about
//! the reader stands here, because letters are passed on, and their links with them.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{NoticePage, answer, letters, refused};
use crate::{
    model::{Lang, Slug},
    store::KnownReader,
    web::{Client, Shared, page::PageFrame},
};

/// Whose letter of which newsletter a token is of.
pub(super) struct LetterReader {
    pub(super) newsletter: Slug,
    /// None if there is no such reader any more: the page is the same.
    pub(super) known: Option<KnownReader>,
}

impl LetterReader {
    fn lang(&self, spoken: Lang) -> Lang {
        self.known.as_ref().and_then(letters::language).unwrap_or(spoken)
    }

    /// The page with its button.
    pub(super) fn show(&self, shared: &Shared, spoken: Lang) -> Response {
        let shared = &shared.view(&self.newsletter).unwrap_or_else(|| shared.clone());
        let lang = self.lang(spoken);
        let words = &lang.words().readers.manage;
        let page = NoticePage { button: &words.label, ..NoticePage::of(PageFrame::of(shared, lang), words, &[]) };
        answer(shared, StatusCode::OK, &page)
    }

    /// Sends the link.
    pub(super) async fn take(&self, shared: &Shared, spoken: Lang, client: Client) -> Response {
        if let Err(wait) = shared.rate_limit().check(client) {
            return wait.into_response();
        }
        let shared = &shared.view(&self.newsletter).unwrap_or_else(|| shared.clone());
        match self.send_link(shared, spoken).await {
            Ok(response) => response,
            Err(error) => refused(shared, self.lang(spoken), &error),
        }
    }

    /// Sends the link, and says so, also where there is nobody to send it to.
    pub(super) async fn send_link(&self, shared: &Shared, spoken: Lang) -> Result<Response, letters::Error> {
        let lang = self.lang(spoken);
        if let Some(known) = &self.known {
            letters::link(shared, lang, known).await?;
        }
        let page = NoticePage::of(PageFrame::of(shared, lang), &lang.words().readers.link_sent, &[]);
        Ok(answer(shared, StatusCode::OK, &page))
    }
}
