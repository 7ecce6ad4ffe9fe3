//! What the configuration's types say of themselves: fields, comments and values, read from the source, whose layout is
//! that of rustfmt.

use std::{collections::BTreeMap, fs};

use super::root;

/// What a key may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text,
    Number,
    Choice,
    /// One of these texts.
    Words(Vec<String>),
    Texts,
    /// Texts by a name that the user gives.
    Named,
    /// A table of this type.
    Table(String),
    /// Several tables of it.
    Tables(String),
}

/// A key of a table.
#[derive(Debug, Clone)]
pub struct Key {
    pub name: String,
    pub value: Value,
    /// What it is for.
    pub words: String,
    /// What it is where it is not written; none if it must be.
    pub usual: Option<String>,
}

/// A field or a variant as it stands in the source.
#[derive(Debug, Clone)]
struct Field {
    name: String,
    kind: String,
    words: String,
    attributes: String,
}

/// A type as it stands in the source.
#[derive(Debug, Clone)]
struct Item {
    fields: Vec<Field>,
    words: String,
    attributes: String,
    /// The text of its file, where its functions for what is usual are.
    file: String,
}

/// All types of the configuration.
pub struct Types(BTreeMap<String, Item>);

impl Types {
    /// Reads the files of `src/config`.
    pub fn read() -> Self {
        let mut types = BTreeMap::new();
        for file in fs::read_dir(root().join("src/config")).expect("the files") {
            let path = file.expect("a file").path();
            if path.extension().is_some_and(|ending| ending == "rs") {
                items(&fs::read_to_string(path).expect("a file"), &mut types);
            }
        }
        Self(types)
    }

    fn item(&self, name: &str) -> &Item {
        self.0.get(name).unwrap_or_else(|| panic!("{name} is not there"))
    }

    /// The comment before a type.
    pub fn about(&self, name: &str) -> String {
        self.item(name).words.clone()
    }

    /// The keys of a type, in its order.
    pub fn keys(&self, name: &str) -> Vec<Key> {
        let item = self.item(name);
        item.fields.iter().map(|field| self.key(name, item, field)).collect()
    }

    fn key(&self, name: &str, item: &Item, field: &Field) -> Key {
        let kind = within(&field.kind, "Option");
        let value = self.value(kind.unwrap_or(&field.kind));
        let usual = if kind.is_some() {
            Some(String::new())
        } else if let Some(function) = between(&field.attributes, "default = \"", "\"") {
            let start = format!("fn {function}() -> ");
            let body = between(&item.file, &start, "\n}").unwrap_or_else(|| panic!("{function} is not there"));
            Some(self.written(&value, &field.kind, literal(body.split_once('\n').expect("a body").1)))
        } else if field.attributes.contains("default") {
            Some(self.empty(&value, &field.kind))
        } else if item.attributes.contains("default") {
            let given = given(&item.file, name, &field.name);
            Some(given.unwrap_or_else(|| self.empty(&value, &field.kind)))
        } else {
            None
        };
        Key { name: field.name.clone(), value, words: field.words.clone(), usual }
    }

    fn value(&self, kind: &str) -> Value {
        if let Some(inner) = within(kind, "Vec") {
            return match self.value(inner) {
                Value::Table(name) => Value::Tables(name),
                _ => Value::Texts,
            };
        }
        match last(kind) {
            "String" => Value::Text,
            "bool" => Value::Choice,
            "u32" | "usize" | "u64" | "f64" => Value::Number,
            named if named.starts_with("BTreeMap<") => Value::Named,
            raw if raw.starts_with("Raw") => Value::Table(raw.to_owned()),
            other => Value::Words(self.item(other).fields.iter().map(|variant| variant.kind.clone()).collect()),
        }
    }

    /// A variant as users write it; of other values, the value.
    fn written(&self, value: &Value, kind: &str, given: &str) -> String {
        let Value::Words(_) = value else { return given.to_owned() };
        let variant = self.item(last(kind)).fields.iter().find(|variant| variant.name == last(given));
        variant.unwrap_or_else(|| panic!("{given} is not known")).kind.clone()
    }

    /// What `Default` gives for plain types.
    fn empty(&self, value: &Value, kind: &str) -> String {
        match value {
            Value::Choice => "false".to_owned(),
            Value::Words(_) => {
                let variants = &self.item(last(kind)).fields;
                let usual = variants.iter().find(|variant| variant.attributes.contains("#[default]"));
                usual.map(|variant| variant.kind.clone()).unwrap_or_default()
            }
            _ => String::new(),
        }
    }
}

/// Finds the structs whose names begin with Raw, and the enums.
fn items(file: &str, types: &mut BTreeMap<String, Item>) {
    let (mut words, mut attributes) = (Vec::new(), String::new());
    let mut lines = file.lines();
    while let Some(line) = lines.next() {
        let declared = line.strip_prefix("pub ").unwrap_or(line);
        let head = declared.strip_suffix(" {").and_then(|head| head.split_once(' '));
        if let Some(comment) = line.strip_prefix("///") {
            words.push(comment.trim());
        } else if line.starts_with("#[") {
            attributes += line;
        } else {
            if let Some((kind @ ("struct" | "enum"), name)) = head
                && (kind == "enum" || name.starts_with("Raw"))
            {
                let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
                let is_lower = attributes.contains("rename_all = \"lowercase\"");
                let fields = fields(&body, kind == "enum", is_lower);
                let item =
                    Item { fields, words: words.join(" "), attributes: attributes.clone(), file: file.to_owned() };
                types.insert(name.to_owned(), item);
            }
            words.clear();
            attributes.clear();
        }
    }
}

/// Fields with their types; of an enum, variants with the word for each.
fn fields(body: &[&str], is_enum: bool, is_lower: bool) -> Vec<Field> {
    let mut fields = Vec::new();
    let (mut words, mut attributes) = (Vec::new(), String::new());
    for line in body.iter().map(|line| line.trim()) {
        if let Some(comment) = line.strip_prefix("///") {
            words.push(comment.trim());
        } else if line.starts_with("#[") {
            attributes += line;
        } else if !line.starts_with("//") && !line.is_empty() {
            let line = line.trim_start_matches("pub ").trim_end_matches(',');
            let (name, kind) = match line.split_once(": ") {
                Some((name, kind)) => (name, kind.to_owned()),
                None if is_enum => {
                    let renamed = between(&attributes, "rename = \"", "\"").map(str::to_owned);
                    (line, renamed.unwrap_or_else(|| if is_lower { line.to_lowercase() } else { line.to_owned() }))
                }
                None => panic!("{line} is no field"),
            };
            fields.push(Field { name: name.to_owned(), kind, words: words.join(" "), attributes: attributes.clone() });
            words.clear();
            attributes.clear();
        }
    }
    fields
}

/// What `Default` of a type gives for a field: what stands there, or at its place in a list that is taken apart before.
fn given(file: &str, name: &str, field: &str) -> Option<String> {
    let body = between(file, &format!("impl Default for {name} {{"), "\n}")?;
    if let Some(value) = between(body, &format!(" {field}: "), "\n") {
        let value = literal(value);
        return Some(if value == "None" || value == "Vec::new" { String::new() } else { value.to_owned() });
    }
    let list = between(body, "let [", "]")?;
    let at = list.split(", ").position(|other| other == field)?;
    let (_, values) = body.split_once("let [")?.1.split_once('[')?;
    let value = values.split_once(']')?.0.split(", ").nth(at)?;
    Some(match between(file, &format!("const {value}: &str = \""), "\"") {
        Some(constant) => constant.to_owned(),
        None => literal(value).to_owned(),
    })
}

/// A literal without what stands around it: `"x".into()`, `vec!["x".into()]`, `5,`.
fn literal(text: &str) -> &str {
    let text = text.trim().trim_end_matches(',');
    match between(text, "\"", "\"") {
        // Several stand as they are.
        Some(_) if text.matches('"').count() > 2 => {
            text.trim_start_matches("vec![").trim_end_matches(']').trim_matches('"')
        }
        Some(inner) => inner,
        None => text.trim_end_matches("()"),
    }
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    text.split_once(start)?.1.split_once(end).map(|(found, _)| found)
}

/// The type in `Option<…>` or `Vec<…>`.
fn within<'k>(kind: &'k str, around: &str) -> Option<&'k str> {
    kind.strip_prefix(around)?.strip_prefix('<')?.strip_suffix('>')
}

/// The last name of a path, whatever its arguments hold.
fn last(kind: &str) -> &str {
    let (path, _) = kind.split_once('<').unwrap_or((kind, ""));
    kind.get(path.rfind("::").map_or(0, |at| at + 2)..).unwrap_or(kind)
}
