//! The frame that all public pages stand in: masthead, colours and type of the magazine, and the
//! policy that lets a browser load nothing but these.

use askama::Template;
use axum::{
    extract::State,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Error, Shared};
use crate::{
    config::Theme,
    edition::render::view::ThemeView,
    locales::Brief,
    model::{Colour, Lang},
    templates::{self, View},
};

/// The stylesheet of all pages, filled in with the magazine's theme.
#[derive(Template, Serialize)]
#[template(path = "web/page.css", escape = "none")]
struct PageStylesheet<'a> {
    theme: ThemeView<'a>,
}

impl View for PageStylesheet<'_> {
    const TEMPLATE: &'static str = "web/page.css";
}

/// How pages look, and what browsers may load for them.
#[derive(Debug)]
pub struct PageStyle {
    text: String,
    policy: HeaderValue,
}

impl PageStyle {
    /// From the magazine's theme.
    pub fn of(theme: &Theme) -> Result<Self, Error> {
        let text = templates::render(theme.templates.as_ref(), &PageStylesheet { theme: ThemeView::of(theme) })?;
        let policy = format!(
            "default-src 'none'; img-src 'self'; style-src {}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            source(&text)
        );
        let policy = HeaderValue::try_from(policy).map_err(askama::Error::custom)?;
        Ok(Self { text, policy })
    }

    /// The stylesheet, as it stands in each page.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The Content-Security-Policy of pages that hold nothing but their words and this sheet.
    pub fn policy(&self) -> &HeaderValue {
        &self.policy
    }
}

/// How a policy names an element by its text.
pub fn source(text: &str) -> String {
    format!("'sha256-{}'", data_encoding::BASE64.encode(&Sha256::digest(text.as_bytes())))
}

/// What every page's frame shows.
#[derive(Debug, Serialize)]
pub struct PageFrame<'a> {
    /// Of the page.
    pub lang: &'static str,
    /// The way in which that is written.
    pub dir: &'static str,
    /// The magazine's name.
    pub magazine: &'a str,
    /// Its site.
    pub home: &'a str,
    /// One line under the name; may be empty.
    pub tagline: &'a str,
    /// Who holds the rights; may be empty.
    pub rights: &'a str,
    /// For the browser's own frame.
    pub paper: Colour,
    /// Where the browser finds the icon.
    pub icon: &'static str,
    /// The stylesheet.
    pub style: &'a str,
    /// Whether search engines may list the page.
    pub listed: bool,
}

impl<'a> PageFrame<'a> {
    /// The frame of a page in a language; search engines are asked not to list it.
    pub fn of(shared: &'a Shared, lang: Lang) -> Self {
        let magazine = &shared.config().magazine;
        Self {
            lang: lang.tag(),
            dir: lang.dir(),
            magazine: &magazine.name,
            home: magazine.url.as_str(),
            tagline: magazine.tagline.as_deref().unwrap_or_default(),
            rights: magazine.rights.as_deref().unwrap_or_default(),
            paper: shared.config().theme.surface,
            icon: "/favicon.ico",
            style: shared.style().text(),
            listed: false,
        }
    }
}

#[derive(Template, Serialize)]
#[template(path = "web/failure.html")]
struct FailurePage<'a> {
    frame: PageFrame<'a>,
    title: &'a str,
    text: &'a str,
}

impl View for FailurePage<'_> {
    const TEMPLATE: &'static str = "web/failure.html";
}

/// The page for an answer that went wrong. Where that is the magazine's own template, it is the program's.
pub fn failure(shared: &Shared, lang: Lang, status: StatusCode) -> Result<Response, Error> {
    let Brief { title, text } = lang.failure(status);
    let page = FailurePage { frame: PageFrame::of(shared, lang), title, text };
    of_readers(shared, status, &page).or_else(|error| {
        tracing::error!("{error}");
        html(status, &page)
    })
}

/// A page for readers as an answer, by the magazine's own template if it has one.
pub fn of_readers(shared: &Shared, status: StatusCode, page: &impl View) -> Result<Response, Error> {
    Ok(response(status, templates::render(shared.config().theme.templates.as_ref(), page)?))
}

/// A page as an answer, by the program's template.
pub fn html(status: StatusCode, page: &impl Template) -> Result<Response, Error> {
    Ok(response(status, page.render()?))
}

/// The answer where a page cannot be made: that is told in the log, and not to the reader.
pub fn broken(error: &Error) -> Response {
    tracing::error!("{error}");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn response(status: StatusCode, text: String) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], text).into_response()
}

/// The icon in a browser's tab: the magazine's first letter on its accent.
#[derive(Template)]
#[template(path = "web/icon.svg", escape = "html")]
struct IconImage<'a> {
    theme: &'a Theme,
    letter: String,
}

/// Answers with the icon.
pub async fn icon(State(shared): State<Shared>) -> Result<Response, StatusCode> {
    let config = shared.config();
    let letter = config.magazine.name.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().to_string());
    let icon = IconImage { theme: &config.theme, letter: letter.unwrap_or_default() };
    let text = icon.render().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400")),
    ];
    Ok((headers, text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_when_it_is_written_from_right_to_left() {
        let page = |tag: &str| {
            let lang = Lang::known(tag).expect("a language");
            let frame = PageFrame {
                lang: lang.tag(),
                dir: lang.dir(),
                magazine: "L’Estran",
                home: "https://estran.example.org/",
                tagline: "",
                rights: "",
                paper: Colour::new(0xff, 0xff, 0xff),
                icon: "/favicon.ico",
                style: "",
                listed: false,
            };
            let Brief { title, text } = lang.failure(StatusCode::NOT_FOUND);
            FailurePage { frame, title, text }.render().expect("a page")
        };
        assert!(page("ar").starts_with("<!DOCTYPE html>\n<html lang=\"ar\" dir=\"rtl\">\n"), "{}", page("ar"));
        assert!(page("fr").starts_with("<!DOCTYPE html>\n<html lang=\"fr\">\n"), "{}", page("fr"));
    }
}
