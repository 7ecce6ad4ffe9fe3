//! Where columns come from: each source reads its own form and yields drafts, ready for the store,
//! and warnings for the editors. Reading changes nothing.

mod api;
mod audio;
mod body;
pub mod clean;
pub mod detect;
pub mod folder;
mod front_matter;
pub mod listing;
pub mod markdown;
mod media;
pub mod moved;
pub mod parts;
pub mod records;
pub mod remote;
mod shortcodes;
pub mod similarity;
mod site_paths;
pub mod source;
pub mod spip;
mod spool;
mod sql;
pub mod subscribers;
pub mod survey;
pub mod sync;
pub mod systems;
mod typography;
mod utf8;

use std::{fmt, path::PathBuf};

use crate::{
    config::Magazine,
    model::{Instant, Rubrique, text},
};

/// Why a source cannot be taken. Nothing of it has been taken then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{place}: {message}")]
    Wrong { place: SourceLocation, message: String },
    /// A file that lies among columns and is none: nobody need mend it.
    #[error("{place}: it is no column: {why}")]
    NoColumn { place: SourceLocation, why: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLocation {
    pub file: String,
    /// Its line, counted from 1, if it is known.
    pub line: Option<usize>,
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// Something the editors should know, that stops nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub place: SourceLocation,
    pub message: String,
    /// Whether many files are likely to give the same: it is told once, with their number.
    pub of_many: bool,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

#[derive(Debug, Clone, Copy)]
pub struct ImportContext<'a> {
    pub magazine: &'a Magazine,
    pub rubriques: &'a [Rubrique],
    /// When it works: nothing was updated later.
    pub at: Instant,
}

#[derive(Debug, Default)]
pub struct ImportResult {
    pub drafts: Vec<crate::model::Draft>,
    pub warnings: Vec<Warning>,
    /// What columns without a rubrique have for one: the first category of each, or its folder.
    pub labels: Vec<String>,
}

impl ImportResult {
    /// Refuses two columns that would be one.
    pub fn refuse_duplicates(&self) -> Result<(), Error> {
        let mut seen = std::collections::HashSet::new();
        match self.drafts.iter().find(|draft| !seen.insert((&draft.source, &draft.key))) {
            None => Ok(()),
            Some(twin) => {
                let place = SourceLocation { file: twin.source.clone(), line: None };
                Err(wrong(&place, format!("two columns have the id {:?}: give one of them another", twin.key)))
            }
        }
    }

    fn warn(&mut self, place: &SourceLocation, message: impl Into<String>) {
        self.warnings.push(Warning { place: place.clone(), message: message.into(), of_many: false });
    }

    /// Warns of what many files are likely to have in common.
    fn warn_of_many(&mut self, place: &SourceLocation, message: impl Into<String>) {
        self.warnings.push(Warning { place: place.clone(), message: message.into(), of_many: true });
    }

    /// A text without characters that no feed can hold; says which were taken out of which field.
    fn legal(&mut self, place: &SourceLocation, field: &str, text: &str) -> String {
        let (clean, removed) = text::remove_illegal(text);
        if !removed.is_empty() {
            let codes: Vec<String> = removed.iter().map(|c| format!("U+{:04X}", *c as u32)).collect();
            self.warn(place, format!("the {field} held {}, which no feed can hold: taken out", codes.join(", ")));
        }
        clean.into_owned()
    }
}

/// The words of any HTML, whatever entities it names.
fn plain_of_html(html: &str) -> String {
    // Cleaned, it has no other entities than those that are needed.
    if html.contains(['<', '&']) { text::of_html(&ammonia::clean(html)) } else { html.to_owned() }
}

fn wrong(place: &SourceLocation, message: impl fmt::Display) -> Error {
    Error::Wrong { place: place.clone(), message: message.to_string() }
}
