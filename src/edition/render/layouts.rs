//! The layouts of a letter, each with a template for its HTML and one for its text.

use askama::Template;
use serde::Serialize;

use super::{Error, mjml, view::DigestView, wrap};
use crate::{
    model::LetterLayout,
    templates::{self, OwnTemplates, View},
};

/// A view for each template, under the name that a magazine's own one has.
macro_rules! views {
    ($($view:ident: $path:literal,)*) => {$(
        #[derive(Template, Serialize)]
        #[template(path = $path)]
        struct $view<'a> {
            v: &'a DigestView<'a>,
        }

        impl View for $view<'_> {
            const TEMPLATE: &'static str = $path;
        }
    )*};
}

views! {
    MagazineHtml: "digest.mjml",
    MagazineText: "digest.txt",
    ListHtml: "digest-list.mjml",
    ListText: "digest-list.txt",
    FullHtml: "digest-full.mjml",
    FullText: "digest-full.txt",
}

/// What a letter shows, in its two forms.
pub(super) struct DigestParts {
    pub(super) html: String,
    pub(super) plain: String,
}

/// A view by the templates of a layout: the magazine's own where it has them.
pub(super) fn parts(
    own: Option<&OwnTemplates>,
    layout: LetterLayout,
    v: &DigestView<'_>,
) -> Result<DigestParts, Error> {
    match layout {
        LetterLayout::Magazine => filled(own, v, &MagazineHtml { v }, &MagazineText { v }),
        LetterLayout::List => filled(own, v, &ListHtml { v }, &ListText { v }),
        LetterLayout::Full => filled(own, v, &FullHtml { v }, &FullText { v }),
    }
}

fn filled(
    own: Option<&OwnTemplates>,
    view: &DigestView<'_>,
    html: &impl View,
    text: &impl View,
) -> Result<DigestParts, Error> {
    let html = mjml::html_of(own, html)?;
    let plain = wrap::wrap(&templates::render(own, text)?, view.dir);
    Ok(DigestParts { html, plain })
}
