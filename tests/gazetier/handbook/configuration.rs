//! docs/reference/configuration.md: each key of config.toml with what it may be and what it is for, made of the types that
//! read it; and these are the keys that the program takes.

use std::{collections::BTreeSet, path::Path};

use gazetier::config::review;

use super::{
    cell, compare, made,
    records::{Key, Types, Value},
    root,
};

/// A table of the configuration.
struct Table {
    /// As `feeds.podcast`.
    path: String,
    is_list: bool,
    words: String,
    keys: Vec<Key>,
}

fn tables() -> Vec<Table> {
    let types = Types::read();
    let mut tables = Vec::new();
    collect(&types, "RawConfig", "", &mut tables);
    tables
}

fn collect(types: &Types, name: &str, above: &str, tables: &mut Vec<Table>) {
    for key in types.keys(name) {
        let path = if above.is_empty() { key.name.clone() } else { format!("{above}.{}", key.name) };
        let (kind, is_list) = match &key.value {
            Value::Table(kind) => (kind, false),
            Value::Tables(kind) => (kind, true),
            _ => continue,
        };
        let words = if key.words.is_empty() { types.about(kind) } else { key.words.clone() };
        tables.push(Table { path: path.clone(), is_list, words, keys: types.keys(kind) });
        collect(types, kind, &path, tables);
    }
}

fn kind(value: &Value) -> String {
    match value {
        Value::Text => "text".to_owned(),
        Value::Number => "number".to_owned(),
        Value::Choice => "`true` or `false`".to_owned(),
        Value::Words(words) => words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(" or "),
        Value::Texts => "list of texts".to_owned(),
        Value::Named => "texts by name".to_owned(),
        Value::Table(_) => "table, see below".to_owned(),
        Value::Tables(_) => "tables, see below".to_owned(),
    }
}

fn usual(key: &Key) -> String {
    match &key.usual {
        None => "*it must be there*".to_owned(),
        Some(usual) if usual.is_empty() => "–".to_owned(),
        Some(usual) => match key.value {
            Value::Text | Value::Words(_) => format!("`\"{usual}\"`"),
            _ => format!("`{usual}`"),
        },
    }
}

#[test]
fn the_page_of_the_configuration_is_what_the_types_say() {
    let words = "Each key of `config.toml`. Paths are relative to the file. A key that is not here is refused, with its line and \
                 the key that was probably meant; `gazetier doctor` finds all that is wrong at once. The sample at the end has \
                 most of them in their places.";
    let mut text = made("Configuration", words);
    for table in tables() {
        let head = if table.is_list { format!("[[{}]]", table.path) } else { format!("[{}]", table.path) };
        text += &format!("## `{head}`\n\n");
        assert!(!table.words.is_empty(), "{head} says nothing of itself");
        text += &format!("{}\n\n| key | value | without it | what it is |\n| --- | --- | --- | --- |\n", table.words);
        for key in &table.keys {
            assert!(
                !key.words.is_empty() || matches!(key.value, Value::Table(_) | Value::Tables(_)),
                "{head} {}",
                key.name
            );
            text += &format!("| `{}` | {} | {} | {} |\n", key.name, kind(&key.value), usual(key), cell(&key.words));
        }
        text.push('\n');
    }
    let sample = std::fs::read_to_string(root().join("config.toml")).expect("the sample");
    text +=
        &format!("## The sample\n\n`config.toml` of the project, which works as it stands:\n\n```toml\n{sample}```\n");
    compare("configuration.md", &text);
}

/// A configuration with a key in a table that nobody knows.
fn with_unknown(sample: &toml::Table, table: &Table) -> String {
    let mut sample = sample.clone();
    let names: Vec<&str> = table.path.split('.').collect();
    let mut here = &mut sample;
    let tables = tables();
    for (place, name) in names.iter().enumerate() {
        let path = names[..=place].join(".");
        let is_list = tables.iter().any(|table| table.path == path && table.is_list);
        let empty = || toml::Value::Table(toml::Table::new());
        let entry = here.entry((*name).to_owned());
        let value = entry.or_insert_with(|| if is_list { toml::Value::Array(vec![empty()]) } else { empty() });
        here = match value {
            toml::Value::Table(below) => below,
            toml::Value::Array(list) => match list.first_mut() {
                Some(toml::Value::Table(below)) => below,
                _ => panic!("{name} is no list of tables"),
            },
            _ => panic!("{name} is no table"),
        };
    }
    here.insert("aaa_unknown".to_owned(), toml::Value::Boolean(true));
    toml::to_string(&sample).expect("TOML")
}

#[test]
fn the_keys_of_the_page_are_those_that_the_program_takes() {
    let sample = std::fs::read_to_string(root().join("config.toml")).expect("the sample");
    let sample: toml::Table = toml::from_str(&sample).expect("TOML");
    for table in tables() {
        let text = with_unknown(&sample, &table);
        let faults = review(&text, Path::new("config.toml")).faults;
        let told = faults.iter().find(|fault| fault.message.contains("unknown field `aaa_unknown`"));
        let told = told.unwrap_or_else(|| panic!("{}: {faults:?}", table.path));
        let (_, expected) = told.message.split_once("expected ").expect("the keys");
        let taken: BTreeSet<&str> = expected.split('`').skip(1).step_by(2).collect();
        let listed: BTreeSet<&str> = table.keys.iter().map(|key| key.name.as_str()).collect();
        assert_eq!(listed, taken, "{}", table.path);
    }
}
