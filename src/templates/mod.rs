//! The templates of letters and of readers' pages. Those that are part of the program are compiled in (askama) and
//! known here by name and text; those that a magazine has in a folder of its own take their place (minijinja). Both
//! read the same files and the same views: what is given out and not changed gives the same bytes.
//!
//! No disk is read here: what the folder holds comes in as text.

mod own;

use serde::Serialize;

pub use own::{OwnError, OwnTemplates};

/// Names and texts of the templates that a magazine may have of its own.
macro_rules! defaults {
    ($($name:literal,)*) => { &[$(($name, include_str!(concat!("../../templates/", $name))),)*] };
}

/// The templates that a magazine may have of its own: name and text, as they are compiled in.
pub const DEFAULTS: &[(&str, &str)] = defaults![
    "digest-full.mjml",
    "digest-full.txt",
    "digest-list.mjml",
    "digest-list.txt",
    "digest.mjml",
    "digest.txt",
    "letter/foot.mjml",
    "letter/foot.txt",
    "letter/head.mjml",
    "letter/head.txt",
    "letter/lead-end.mjml",
    "letter/lead.mjml",
    "letter/masthead.mjml",
    "letter/others.mjml",
    "letter/others.txt",
    "letter/top.mjml",
    "service.mjml",
    "service.txt",
    "web/archive.html",
    "web/confirm.html",
    "web/failure.html",
    "web/layout.html",
    "web/name.html",
    "web/newsletters.html",
    "web/note.html",
    "web/page.css",
    "web/preferences.html",
    "web/rhythm.html",
    "web/rubriques.html",
    "web/subscribe.html",
];

/// What a template shows, and which it is.
pub trait View: askama::Template + Serialize {
    /// The name of its template.
    const TEMPLATE: &'static str;
}

/// Why a template could not be filled in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Compiled(#[from] askama::Error),
    #[error(transparent)]
    Own(#[from] OwnError),
}

/// A view by its template: the magazine's own, if it has one, else the one that is compiled in.
pub fn render<V: View>(own: Option<&OwnTemplates>, view: &V) -> Result<String, Error> {
    match own {
        Some(own) if own.concerns(V::TEMPLATE) => Ok(own.render(V::TEMPLATE, view)?),
        _ => Ok(view.render()?),
    }
}
