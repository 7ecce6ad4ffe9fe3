//! How the desk looks, and what browsers may load for it: its sheet and its script, each by its
//! hash, and the preview's frame.

use askama::Template;
use axum::http::HeaderValue;

use super::{Error, page::source};
use crate::{
    config::{Config, Theme},
    model::Rubrique,
};

#[derive(Template)]
#[template(path = "desk/desk.css", escape = "none")]
struct DeskStylesheet<'a> {
    theme: &'a Theme,
    rubriques: &'a [Rubrique],
}

/// The script: it says what cannot be done, renews the preview, sends the form while one writes, moves columns, and shows
/// what others do.
pub(super) const SCRIPT: &str = concat!(
    include_str!("../../../templates/desk/said.js"),
    include_str!("../../../templates/desk/frames.js"),
    include_str!("../../../templates/desk/desk.js"),
    include_str!("../../../templates/desk/list.js"),
    include_str!("../../../templates/desk/live.js")
);

/// How the desk looks.
#[derive(Debug)]
pub(super) struct DeskStyle {
    sheet: String,
    policy: HeaderValue,
}

impl DeskStyle {
    /// From the magazine's colours.
    pub(super) fn of(config: &Config) -> Result<Self, Error> {
        let sheet = DeskStylesheet { theme: &config.theme, rubriques: &config.rubriques }.render()?;
        let policy = format!(
            "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; frame-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            source(&sheet),
            source(SCRIPT)
        );
        let policy = HeaderValue::try_from(policy).map_err(askama::Error::custom)?;
        Ok(Self { sheet, policy })
    }

    /// The stylesheet, as it stands in each page.
    pub(super) fn sheet(&self) -> &str {
        &self.sheet
    }

    pub(super) fn policy(&self) -> &HeaderValue {
        &self.policy
    }
}
