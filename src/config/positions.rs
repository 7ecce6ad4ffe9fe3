//! Where a key stands in the text of a configuration: what is told of it names the line.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A place in a text, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

impl Position {
    /// The place of a byte.
    pub(super) fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }

    /// The place of a key such as `rubriques.slug`, of one of several tables if `entry` counts it from 0. Where it is not
    /// written, the place of the nearest that is: the head of its table.
    pub fn of_key(text: &str, key: &str, entry: Option<usize>) -> Option<Self> {
        let document = DeTable::parse(text).ok()?;
        let found = find(text, document.get_ref(), key, entry);
        found.nearest.map(|range| Self::of(text, range.start))
    }
}

/// What is found of a key.
#[derive(Debug, Default)]
pub(super) struct KeyRange {
    /// The head of its table, or itself.
    pub(super) nearest: Option<Range<usize>>,
    /// Itself with its value: where it is in a value, such as `{ url = "…" }`, all of that value's line.
    pub(super) statement: Option<Range<usize>>,
}

/// Looks for a key.
pub(super) fn find(text: &str, document: &DeTable<'_>, key: &str, entry: Option<usize>) -> KeyRange {
    let mut found = KeyRange::default();
    let mut table = document;
    let mut words = key.split('.').peekable();
    while let Some(word) = words.next() {
        let Some((name, value)) = table.iter().find(|(name, _)| name.get_ref() == word) else { break };
        let mut here = value;
        if let DeValue::Array(list) = value.get_ref()
            && let Some(chosen) = chosen(list, words.peek().copied(), entry)
        {
            if chosen.is_named {
                words.next();
            }
            here = chosen.table;
        }
        match here.get_ref() {
            // A table with a head of its own.
            DeValue::Table(below) if found.statement.is_none() && is_headed(text, here) => {
                found.nearest = Some(here.span());
                table = below;
            }
            value => {
                let whole = name.span().start.min(here.span().start)..here.span().end.max(name.span().end);
                found.statement.get_or_insert(whole);
                found.nearest = Some(name.span());
                let DeValue::Table(below) = value else { break };
                table = below;
            }
        }
    }
    found
}

/// One of several tables of a name.
struct Chosen<'a, 'i> {
    table: &'a Spanned<DeValue<'i>>,
    /// Whether the key has its name in it, as `newsletters.carnet.schedule`.
    is_named: bool,
}

fn chosen<'a, 'i>(list: &'a toml::de::DeArray<'i>, next: Option<&str>, entry: Option<usize>) -> Option<Chosen<'a, 'i>> {
    let has_name = |value: &Spanned<DeValue<'i>>| {
        let name = value.get_ref().as_table().and_then(|table| {
            table.iter().find(|(key, _)| key.get_ref() == "name").and_then(|(_, value)| value.get_ref().as_str())
        });
        name.is_some() && name == next
    };
    let is_table = |value: &&Spanned<DeValue<'i>>| value.get_ref().is_table();
    match entry {
        Some(entry) => list.get(entry).filter(is_table).map(|table| Chosen { table, is_named: false }),
        None => list.iter().find(|value| has_name(value)).map(|table| Chosen { table, is_named: true }),
    }
}

/// Whether a table begins with a line in brackets, and not with a brace behind an equals sign.
pub(super) fn is_headed(text: &str, value: &Spanned<DeValue<'_>>) -> bool {
    text.get(value.span().start..).is_some_and(|rest| rest.starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "top = 1\n[magazine]\nname = \"é\" # x\nlogo = { url = \"a\", width = 3 }\n\n[[rubriques]]\nslug = \"a\"\n\
                        [[rubriques]]\n  slug = \"b\"\n[feeds]\n[[feeds.moved]]\nfrom = \"/a\"\n[[newsletters]]\nname = \"c\"\n\
                        schedule = \"x\"\n[[newsletters]]\nname = \"d\"\nschedule = \"y\"\n";

    #[test]
    fn a_key_is_found_in_its_line() {
        let place = |key, entry| {
            let position = Position::of_key(TEXT, key, entry).expect("a place");
            (position.line, position.column)
        };
        assert_eq!(place("top", None), (1, 1));
        assert_eq!(place("magazine.name", None), (3, 1));
        assert_eq!(place("magazine.logo.width", None), (4, 21));
        // What is not there is told with the head of its table.
        assert_eq!(place("magazine.url", None), (2, 1));
        assert_eq!(place("rubriques.slug", Some(0)), (7, 1));
        assert_eq!(place("rubriques.slug", Some(1)), (9, 3));
        assert_eq!(place("rubriques.label", Some(1)), (8, 1));
        assert_eq!(place("feeds.moved.from", Some(0)), (12, 1));
        assert_eq!(place("newsletters.d.schedule", None), (18, 1));
        assert_eq!(Position::of_key(TEXT, "relay.url", None), None);
        assert_eq!(Position::of_key("[", "relay.url", None), None);
    }

    #[test]
    fn a_statement_is_a_whole_line_of_its_table() {
        let document = DeTable::parse(TEXT).expect("TOML");
        let statement = |key, entry| {
            let range = find(TEXT, document.get_ref(), key, entry).statement.expect("a statement");
            &TEXT[range]
        };
        assert_eq!(statement("magazine.name", None), "name = \"é\"");
        assert_eq!(statement("magazine.logo.width", None), "logo = { url = \"a\", width = 3 }");
        assert_eq!(statement("rubriques.slug", Some(1)), "slug = \"b\"");
        assert!(find(TEXT, document.get_ref(), "magazine.url", None).statement.is_none());
    }
}
