//! All that is wrong with a configuration at once. Each guard of `check.rs` stops at the first thing it finds; so what is
//! found is noted and mended in a draft of the text, and the draft is checked again, until nothing is found any more.

mod draft;

use std::{collections::HashSet, path::Path};

use toml::de::{DeTable, DeValue};

use super::{
    Config, Error,
    check::{ConfigRefusal, build},
    positions::Position,
    raw,
};
use crate::model::column::fingerprint;
use draft::Draft;

/// Something that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The key, such as `digest.schedule`; empty if the text is no TOML there.
    pub key: String,
    /// Which of several tables of one name holds it, counted from 0.
    pub entry: Option<usize>,
    /// Where it stands, or the head of its table.
    pub position: Option<Position>,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// What a configuration came to.
#[derive(Debug)]
pub struct Review {
    /// All that is wrong, in the order of the text.
    pub faults: Vec<ConfigFault>,
    /// The configuration, if nothing is.
    pub config: Option<Config>,
}

/// More faults than this are told another time.
const MAX_FAULTS: usize = 100;

/// Keys that are judged by others: where these are wrong, what is said of those would be wrong, too.
const JUDGED_BY: [(&str, &[&str]); 4] = [
    ("letters.from", &["dkim.domain", "newsletters.*.from"]),
    ("rubriques", &["sources.rubriques", "digest.rubriques", "newsletters.*.rubriques", "feeds."]),
    ("magazine.url", &["feeds.moved", "web.", "feeds.newsletter_url"]),
    ("desk.editors", &["digest.proof_at", "newsletters.*.proof_at"]),
];

/// Finds all that is wrong with the text of a configuration.
pub fn review(text: &str, path: &Path) -> Review {
    let mut reviewer = Reviewer { draft: Draft::new(text), faults: Vec::new(), mended: HashSet::new() };
    while reviewer.faults.len() < MAX_FAULTS {
        let before = reviewer.draft.text();
        match toml::from_str::<raw::RawConfig>(&before) {
            Err(error) => reviewer.shape(&before, &error),
            Ok(raw) => match build(raw, path) {
                Ok(mut config) if reviewer.faults.is_empty() => {
                    config.fingerprint = fingerprint([text]);
                    return Review { faults: Vec::new(), config: Some(config) };
                }
                Ok(_) => break,
                Err(refusal) => reviewer.refusal(&before, refusal),
            },
        }
        if reviewer.draft.text() == before {
            break;
        }
    }
    let mut faults = reviewer.faults;
    faults.sort_by_key(|fault| fault.position.map_or((usize::MAX, 0), |position| (position.line, position.column)));
    Review { faults, config: None }
}

impl Error {
    /// What is wrong, of an error about one place in the text.
    pub fn position(&self, text: &str) -> Option<Position> {
        match self {
            Self::Value { key, entry, .. } => Position::of_key(text, key, *entry),
            _ => None,
        }
    }
}

struct Reviewer {
    draft: Draft,
    faults: Vec<ConfigFault>,
    /// What was mended already, by key and entry.
    mended: HashSet<(String, Option<usize>)>,
}

impl Reviewer {
    /// Something about the form of the text.
    fn shape(&mut self, text: &str, error: &toml::de::Error) {
        let Ok(document) = DeTable::parse(text) else {
            let (_, errors) = DeTable::parse_recoverable(text);
            for error in errors {
                let position = error.span().map(|span| self.draft.original(Position::of(text, span.start)));
                let fault = ConfigFault { key: String::new(), entry: None, position, message: error.message().into() };
                // What follows on the same line follows from it.
                if self.faults.iter().all(|known| line(known) != line(&fault)) {
                    self.faults.push(fault);
                }
            }
            return;
        };
        let message = raw::with_suggestion(error.message());
        let byte = error.span().map(|span| span.start).unwrap_or_default();
        let (mut key, entry) = key_at(document.get_ref(), byte, "", None).unwrap_or_default();
        if let Some(missing) = quoted(error.message(), "missing field `") {
            key = if key.is_empty() { missing.to_owned() } else { format!("{key}.{missing}") };
            self.note(text, &key, entry, message);
            self.draft.add(document.get_ref(), &key, entry);
            return;
        }
        let is_unknown = error.message().starts_with("unknown field");
        let position = self.draft.original(Position::of(text, byte));
        let fault =
            ConfigFault { entry: self.draft.original_entry(&key, entry), key, position: Some(position), message };
        let (key, is_new) = (fault.key.clone(), self.mended.insert((fault.key.clone(), fault.entry)));
        if is_new {
            self.faults.push(fault);
        }
        self.draft.mend(document.get_ref(), &key, entry, !is_new || is_unknown);
    }

    /// Something about a value.
    fn refusal(&mut self, text: &str, refusal: ConfigRefusal) {
        let ConfigRefusal { key, entry, message } = refusal;
        let Ok(document) = DeTable::parse(text) else { return };
        let is_new = self.note(text, &key, entry, message);
        self.draft.mend(document.get_ref(), &key, entry, !is_new);
    }

    /// Keeps what is wrong, unless it follows from what was found before; says whether it was not known.
    fn note(&mut self, text: &str, key: &str, entry: Option<usize>, message: String) -> bool {
        let original = self.draft.original_entry(key, entry);
        if !self.mended.insert((key.to_owned(), original)) {
            return false;
        }
        let follows = JUDGED_BY.iter().any(|(judge, judged)| {
            let is_wrong = self.faults.iter().any(|fault| fault.key.starts_with(judge));
            is_wrong && judged.iter().any(|pattern| fits(pattern, key))
        });
        if !follows {
            let position = Position::of_key(text, key, entry).map(|position| self.draft.original(position));
            self.faults.push(ConfigFault { key: key.to_owned(), entry: original, position, message });
        }
        true
    }
}

fn line(fault: &ConfigFault) -> Option<usize> {
    fault.position.map(|position| position.line)
}

/// Whether a key begins with a pattern, in which `*` stands for any word.
fn fits(pattern: &str, key: &str) -> bool {
    match pattern.split_once("*.") {
        None => key.starts_with(pattern),
        Some((head, tail)) => key.starts_with(head) && key.ends_with(&format!(".{tail}")),
    }
}

/// What stands behind some words, up to the next backtick.
fn quoted<'m>(message: &'m str, words: &str) -> Option<&'m str> {
    message.strip_prefix(words)?.split('`').next()
}

/// The key that a byte belongs to, and in which of several tables.
fn key_at(table: &DeTable<'_>, byte: usize, above: &str, entry: Option<usize>) -> Option<(String, Option<usize>)> {
    for (name, value) in table {
        let key = if above.is_empty() { name.get_ref().to_string() } else { format!("{above}.{}", name.get_ref()) };
        let below = match value.get_ref() {
            DeValue::Table(below) => key_at(below, byte, &key, entry),
            DeValue::Array(list) => list.iter().enumerate().find_map(|(index, item)| {
                let table = item.get_ref().as_table()?;
                let own = item.span().contains(&byte).then(|| (key.clone(), Some(index)));
                key_at(table, byte, &key, Some(index)).or(own)
            }),
            _ => None,
        };
        if below.is_some() {
            return below;
        }
        if name.span().contains(&byte) || value.span().contains(&byte) {
            return Some((key, entry));
        }
    }
    None
}
