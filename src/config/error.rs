//! Why a configuration cannot be used, and how its text is read.

use std::path::{Path, PathBuf};

/// Why a configuration cannot be used. Each names the file and the key or line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {}: {source}; name the file with --config{}", path.display(), way_to_one(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML, or has a key that is missing, unknown or of the wrong kind.
    #[error("{}: {message}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        message: String,
    },
    /// It is not UTF-8.
    #[error("{}: line {line} is not UTF-8{}: save the file as UTF-8", path.display(), latin(*is_latin))]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line of the first byte that is not.
        line: usize,
        /// Whether it could be Latin-1.
        is_latin: bool,
    },
    /// A value cannot be used.
    #[error("{}: {key}{}: {message}", path.display(), which(key, *entry))]
    Value {
        /// The file.
        path: PathBuf,
        /// The key, such as `digest.schedule`.
        key: String,
        /// Which of several tables of one name holds it, counted from 0.
        entry: Option<usize>,
        /// What is wrong and what to write instead.
        message: String,
    },
}

/// How to come to a configuration where there is none.
fn way_to_one(error: &std::io::Error) -> &'static str {
    if error.kind() == std::io::ErrorKind::NotFound { ", or make one with `gazetier init`" } else { "" }
}

fn latin(is_latin: bool) -> &'static str {
    if is_latin { ", it looks like Latin-1 (ISO 8859-1, Windows-1252)" } else { "" }
}

/// The tables of which there may be several.
const LISTS: [&str; 7] = ["rubriques", "sources", "newsletters", "relays", "dkim", "feeds.moved", "feeds.selections"];

/// Which of several tables of one name is meant, in words.
fn which(key: &str, entry: Option<usize>) -> String {
    let Some(entry) = entry else { return String::new() };
    let is_its = |table: &&&str| key.strip_prefix(**table).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let table = LISTS.iter().find(is_its).unwrap_or(&key);
    format!(" (number {} of [[{table}]])", entry + 1)
}

/// Reads the text of a configuration.
pub fn read_text(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    String::from_utf8(bytes).map_err(|error| {
        let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        // A letter with an accent stands alone there, and never begins one of UTF-8's pairs.
        let is_latin = bytes[at] >= 0xa0 && bytes.get(at + 1).is_none_or(|next| next.is_ascii());
        Error::NotUtf8 { path: path.to_owned(), line, is_latin }
    })
}
