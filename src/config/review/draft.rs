//! A configuration's text as it is mended to look further. Its lines keep the number that they have in the user's file.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::super::positions::{self, Position};

pub(super) struct Draft {
    /// Each line with the number that it has in the file, counted from 1.
    lines: Vec<(usize, String)>,
    /// Entries of tables of one name that were taken out: the table, and which it was in the file.
    removed: Vec<(String, usize)>,
}

/// What is written where a value that must be there is wrong or missing; `N` is the number of its table.
const PLACEHOLDERS: [(&str, &str); 22] = [
    ("magazine.name", "\"placeholder\""),
    ("magazine.url", "\"https://placeholder.example/\""),
    ("magazine.postal_address", "\"placeholder\""),
    ("magazine.tag_date", "\"2026-01-01\""),
    ("rubriques.slug", "\"placeholder-N\""),
    ("rubriques.label", "\"Placeholder N\""),
    ("sources.kind", "\"markdown\""),
    ("sources.path", "\"placeholder-N\""),
    ("feeds.url", "\"https://placeholder.example/feeds/\""),
    ("feeds.selections.slug", "\"placeholder-N\""),
    ("feeds.selections.title", "\"placeholder-N\""),
    ("feeds.moved.from", "\"/placeholder-N\""),
    ("feeds.moved.to", "\"rss.xml\""),
    ("digest.schedule", "\"Mon 07:30\""),
    ("newsletters.name", "\"placeholder-N\""),
    ("newsletters.schedule", "\"Mon 07:30\""),
    ("letters.from", "\"placeholder@placeholder.example\""),
    ("letters.unsubscribe_url", "\"https://placeholder.example/leave/\""),
    ("dkim.selector", "\"placeholder-N\""),
    ("feeds.podcast.image", "\"https://placeholder.example/a.jpg\""),
    ("feeds.podcast.category", "\"Arts\""),
    ("feeds.podcast.feeds", "[\"\"]"),
];

/// The tables that must be there, with what they need.
const TABLES: [(&str, &str); 4] = [
    (
        "magazine",
        "[magazine]\nname = \"placeholder\"\nurl = \"https://placeholder.example/\"\npostal_address = \"placeholder\"\n\
         tag_date = \"2026-01-01\"",
    ),
    ("rubriques", "[[rubriques]]\nslug = \"placeholder\"\nlabel = \"Placeholder\""),
    ("feeds", "[feeds]\nurl = \"https://placeholder.example/feeds/\""),
    (
        "letters",
        "[letters]\nfrom = \"placeholder@placeholder.example\"\nunsubscribe_url = \"https://placeholder.example/leave/\"",
    ),
];

/// The value for a key that must be there.
fn placeholder(key: &str, entry: Option<usize>) -> Option<String> {
    let named = key.strip_prefix("newsletters.").and_then(|rest| rest.split_once('.'));
    let plain = named.map_or_else(|| key.to_owned(), |(_, last)| format!("newsletters.{last}"));
    let (_, value) = PLACEHOLDERS.iter().find(|(known, _)| *known == plain)?;
    Some(value.replace('N', &entry.unwrap_or_default().to_string()))
}

impl Draft {
    pub(super) fn new(text: &str) -> Self {
        let lines = text.split('\n').enumerate().map(|(at, line)| (at + 1, line.to_owned()));
        Self { lines: lines.collect(), removed: Vec::new() }
    }

    pub(super) fn text(&self) -> String {
        self.lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The place in the file of a place in the draft.
    pub(super) fn original(&self, at: Position) -> Position {
        let line = self.lines.get(at.line - 1).map_or(at.line, |(line, _)| *line);
        Position { line, ..at }
    }

    /// Which entry of the file an entry of the draft is.
    pub(super) fn original_entry(&self, key: &str, entry: Option<usize>) -> Option<usize> {
        let mut entry = entry?;
        let mut removed: Vec<usize> =
            self.removed.iter().filter(|(table, _)| is_below(key, table)).map(|(_, entry)| *entry).collect();
        removed.sort_unstable();
        for gone in removed {
            if gone <= entry {
                entry += 1;
            }
        }
        Some(entry)
    }

    /// Puts something right in the place of a value, or takes it out; with `wholly`, its whole table if need be.
    pub(super) fn mend(&mut self, document: &DeTable<'_>, key: &str, entry: Option<usize>, wholly: bool) {
        let found = positions::find(&self.text(), document, key, entry);
        match (found.statement, placeholder(key, entry)) {
            (Some(range), Some(value)) if !wholly => {
                let name = key.rsplit('.').next().unwrap_or(key);
                self.replace(range, &format!("{name} = {value}"));
            }
            (Some(range), _) => self.replace(range, ""),
            (None, _) => {
                if let Some(range) = found.nearest {
                    self.remove_table(document, key, entry, &range);
                }
            }
        }
    }

    /// Adds what is missing.
    pub(super) fn add(&mut self, document: &DeTable<'_>, key: &str, entry: Option<usize>) {
        if let Some((_, table)) = TABLES.iter().find(|(name, _)| *name == key) {
            let last = self.lines.last().map_or(1, |(line, _)| *line);
            self.lines.extend(table.split('\n').map(|line| (last, line.to_owned())));
            return;
        }
        let found = positions::find(&self.text(), document, key, entry);
        let name = key.rsplit('.').next().unwrap_or(key);
        match (found.statement, found.nearest, placeholder(key, entry)) {
            (None, Some(head), Some(value)) => {
                let at = self.line_of(head.start);
                let number = self.lines[at].0;
                self.lines.insert(at + 1, (number, format!("{name} = {value}")));
            }
            // In a value in braces: it goes.
            (Some(range), ..) => self.replace(range, ""),
            (None, Some(head), None) => self.remove_table(document, key, entry, &head),
            (None, None, _) => {}
        }
    }

    /// Writes other words where a statement stands. It keeps its lines.
    fn replace(&mut self, range: Range<usize>, words: &str) {
        let text = self.text();
        let Some(old) = text.get(range.clone()) else { return };
        let lines = "\n".repeat(old.matches('\n').count());
        let text = format!("{}{words}{lines}{}", &text[..range.start], &text[range.end..]);
        for ((_, line), new) in self.lines.iter_mut().zip(text.split('\n')) {
            new.clone_into(line);
        }
    }

    /// Takes a table out, up to the next one's head.
    fn remove_table(&mut self, document: &DeTable<'_>, key: &str, entry: Option<usize>, head: &Range<usize>) {
        let first = self.line_of(head.start);
        let name = self.lines[first].1.trim().trim_start_matches('[').split(']').next().unwrap_or_default().to_owned();
        let mut heads = Vec::new();
        collect_heads(&self.text(), document, &mut heads);
        let mut heads: Vec<usize> = heads.into_iter().map(|byte| self.line_of(byte)).filter(|at| *at > first).collect();
        heads.sort_unstable();
        let is_part = |at: usize| self.lines[at].1.trim().trim_start_matches('[').starts_with(&format!("{name}."));
        let end = heads.into_iter().find(|at| !is_part(*at)).unwrap_or(self.lines.len());
        for (_, line) in &mut self.lines[first..end] {
            line.clear();
        }
        if let Some(entry) = self.original_entry(key, entry) {
            self.removed.push((name, entry));
        }
    }

    /// The place in the list of the line with a byte.
    fn line_of(&self, byte: usize) -> usize {
        let mut end = 0;
        let found = self.lines.iter().position(|(_, line)| {
            end += line.len() + 1;
            byte < end
        });
        found.unwrap_or(self.lines.len() - 1)
    }
}

fn is_below(key: &str, table: &str) -> bool {
    key.strip_prefix(table).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Where the tables begin that have a line in brackets.
fn collect_heads(text: &str, table: &DeTable<'_>, heads: &mut Vec<usize>) {
    for value in table.values() {
        match value.get_ref() {
            DeValue::Table(below) if positions::is_headed(text, value) => {
                heads.push(value.span().start);
                collect_heads(text, below, heads);
            }
            DeValue::Array(list) => {
                for item in list.iter().filter(|item| positions::is_headed(text, item)) {
                    if let DeValue::Table(below) = item.get_ref() {
                        heads.push(item.span().start);
                        collect_heads(text, below, heads);
                    }
                }
            }
            _ => {}
        }
    }
}
