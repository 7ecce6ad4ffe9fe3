//! What a file is that somebody wants to import: by its beginning and its name. A file that is nothing we read is
//! refused with what it looks like, never taken for something else.

use std::{ffi::OsStr, path::Path};

use crate::config::SourceKind;

/// What a file's columns are read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Markdown with front matter: one column.
    Markdown,
    /// A page of columns copied as text.
    Listing,
    /// A file with many columns.
    Records(SourceKind),
}

impl FileFormat {
    /// The format of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "listing" => Some(Self::Listing),
            name => SourceKind::named(name).filter(|kind| kind.is_of_files()).map(|kind| match kind {
                SourceKind::Markdown => Self::Markdown,
                kind => Self::Records(kind),
            }),
        }
    }

    /// All their names.
    pub fn names() -> String {
        let kinds = SourceKind::ALL.into_iter().filter(|kind| kind.is_of_files());
        kinds.map(SourceKind::name).chain(["listing"]).collect::<Vec<_>>().join(", ")
    }
}

/// Beginnings that say what a file is, and what that is.
const SIGNATURES: [(&[u8], &str); 8] = [
    (b"\xff\xfe", "a text in UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "a text in UTF-16: save it as UTF-8"),
    (b"PK\x03\x04", "a zip archive, or a document of an office program: unpack it, or save it as CSV or text"),
    (b"\x1f\x8b", "compressed with gzip: unpack it"),
    (b"%PDF", "a PDF document: save its text as UTF-8"),
    (b"{\\rtf", "a document in RTF: save it as plain text"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"\xd0\xcf\x11\xe0", "a document of an old office program: save it as CSV or text"),
];

/// The format of a file by its name and its first bytes; otherwise what it is, and what to do.
pub fn format(path: &Path, start: &[u8]) -> Result<FileFormat, String> {
    if let Some((_, what)) = SIGNATURES.iter().find(|(signature, _)| start.starts_with(signature)) {
        return Err(format!("it is {what}"));
    }
    // Feeds say themselves in which letters they are written.
    if is_feed(&String::from_utf8_lossy(start)) {
        return Ok(FileFormat::Records(SourceKind::Feed));
    }
    // One that has slipped into a text is taken out and told.
    let nuls = start.iter().filter(|byte| **byte == 0).count();
    if nuls * 20 > start.len() {
        return Err("it is no text".to_owned());
    }
    if let Err(error) = std::str::from_utf8(start)
        && error.error_len().is_some()
    {
        let at = error.valid_up_to();
        return Err(format!("byte {at} is not UTF-8, it looks like Windows-1252: save it as UTF-8"));
    }
    let text = String::from_utf8_lossy(start);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    let records = |kind| Ok(FileFormat::Records(kind));
    match ending.as_str() {
        "md" | "markdown" => return Ok(FileFormat::Markdown),
        "csv" | "tsv" => return records(SourceKind::Csv),
        "jsonl" | "ndjson" => return records(SourceKind::Jsonl),
        _ => {}
    }
    let first = text.lines().next().unwrap_or_default();
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).take(12).collect();
    if squeezed.starts_with("{\"db\":[{") {
        return records(SourceKind::Ghost);
    }
    if text.starts_with('{') {
        return match serde_json::from_str::<serde::de::IgnoredAny>(first) {
            Ok(_) => records(SourceKind::Jsonl),
            Err(_) => Err("it is JSON, and not one column in JSON on each line".to_owned()),
        };
    }
    if text.starts_with('[') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return Err("it is a list in JSON: write each column as JSON on a line of its own".to_owned());
    }
    let lower = text.get(..text.len().min(512)).unwrap_or(text).to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return Err("it is an HTML page: copy its text".to_owned());
    }
    if text.contains("wordpress.org/export/") && text.contains("<rss") {
        return records(SourceKind::Wordpress);
    }
    if text.starts_with("<?xml") || text.starts_with('<') {
        return Err("it is XML, of no kind that columns are read from".to_owned());
    }
    if text.starts_with("---\n") || text.starts_with("+++\n") {
        return Ok(FileFormat::Markdown);
    }
    let fields = first.split([',', ';', '\t']).map(|field| crate::model::text::fold(field.trim_matches(['"', ' '])));
    let fields: Vec<String> = fields.collect();
    let has = |names: &[&str]| fields.iter().any(|field| names.contains(&field.as_str()));
    if fields.len() > 2 && has(&["title", "titre"]) {
        return records(SourceKind::Csv);
    }
    Ok(FileFormat::Listing)
}

/// Whether a text begins as a feed does. An export of WordPress is one too, and more.
fn is_feed(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') {
        let squeezed: String = text.chars().filter(|c| !c.is_whitespace() && *c != '\\').collect();
        return text.contains("\"version\"") && squeezed.contains("\"version\":\"https://jsonfeed.org/version/");
    }
    let root = root_element(text).unwrap_or_default();
    let local = root.rsplit(':').next().unwrap_or_default();
    matches!(local, "rss" | "feed" | "RDF") && !text.contains("wordpress.org/export/")
}

/// The name of a document's first element.
fn root_element(mut text: &str) -> Option<&str> {
    loop {
        text = text.trim_start();
        let end = match text {
            text if text.starts_with("<?") => "?>",
            text if text.starts_with("<!--") => "-->",
            text if text.starts_with("<!") => ">",
            text => {
                let name = text.strip_prefix('<')?;
                return name.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next();
            }
        };
        text = &text[text.find(end)? + end.len()..];
    }
}
