//! The blocks of code in the documents, and that each of them is of a kind that a test takes.

use std::{collections::BTreeMap, fs};

use gazetier::config::review;

use super::{pages, root, walks::RUN};

/// A block of code.
#[derive(Debug, Clone)]
pub struct Block {
    pub page: String,
    /// The line of its first mark, counted from 1.
    pub line: usize,
    pub language: String,
    pub text: String,
    /// Whether nothing stands between it and the block before.
    pub follows: bool,
}

/// The blocks of a page.
pub fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    let mut nothing_between = false;
    for (at, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let language = language.trim().to_owned();
                let follows = nothing_between;
                open = Some(Block { page: page.to_owned(), line: at + 1, language, text: String::new(), follows });
            }
            (Some(_), Some("")) => {
                blocks.extend(open.take());
                nothing_between = true;
            }
            (Some(block), _) => block.text += &format!("{line}\n"),
            (None, None) => nothing_between &= line.trim().is_empty(),
        }
    }
    assert!(open.is_none(), "{page}: a block has no end");
    blocks
}

/// The blocks of all pages below docs/, of the README and of CONTRIBUTING.md.
pub fn all() -> Vec<Block> {
    let mut all = Vec::new();
    for (name, path) in pages() {
        all.extend(blocks(&name, &fs::read_to_string(path).expect("a page")));
    }
    for name in ["README.md", "CONTRIBUTING.md"] {
        all.extend(blocks(&format!("../{name}"), &fs::read_to_string(root().join(name)).expect("a page")));
    }
    all
}

/// The sample with the tables of a block in the place of its own.
fn with(block: &str) -> Result<String, String> {
    let sample = fs::read_to_string(root().join("config.toml")).expect("the sample");
    let mut sample: toml::Table = toml::from_str(&sample).expect("TOML");
    let block: toml::Table = toml::from_str(block).map_err(|error| error.to_string())?;
    if block.contains_key("relays") {
        sample.remove("relay");
    }
    // What a block may name that the sample has not.
    let desk = sample.get_mut("desk").and_then(toml::Value::as_table_mut).expect("a table");
    desk.insert("editors".to_owned(), toml::Value::Array(vec!["Maëlle <maelle@estran.example.org>".into()]));
    for (name, value) in block {
        match (sample.get_mut(&name), value) {
            (Some(toml::Value::Table(own)), toml::Value::Table(other)) => own.extend(other),
            (Some(toml::Value::Array(own)), toml::Value::Array(other)) if name == "rubriques" => {
                let had = |new: &toml::Value, one: &toml::Value| {
                    let formerly = new.get("formerly").and_then(toml::Value::as_array);
                    formerly.is_some_and(|names| names.iter().any(|name| Some(name) == one.get("slug")))
                };
                own.retain(|one| other.iter().all(|new| one.get("slug") != new.get("slug") && !had(new, one)));
                own.extend(other);
            }
            (_, value) => drop(sample.insert(name, value)),
        }
    }
    toml::to_string(&sample).map_err(|error| error.to_string())
}

#[test]
fn each_block_of_configuration_in_the_documents_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("own-templates")).expect("a folder");
    let mut wrong = Vec::new();
    let mut tried = 0;
    for block in all().into_iter().filter(|block| block.language == "toml") {
        // Of the languages' files and of cargo.
        if ["LANGUAGES.md", "reference/configuration.md"].contains(&block.page.as_str()) {
            continue;
        }
        tried += 1;
        let place = format!("docs/{}:{}", block.page, block.line);
        match with(&block.text) {
            Err(error) => wrong.push(format!("{place}: {error}")),
            Ok(text) => {
                let faults = review(&text, &folder.path().join("config.toml")).faults;
                // Files and variables of the reader's are not here.
                let faults = faults.into_iter().filter(|fault| !is_of_this_machine(&fault.message));
                wrong.extend(faults.map(|fault| format!("{place}: {}: {}", fault.key, fault.message)));
            }
        }
    }
    assert!(tried > 30, "{tried}");
    assert_eq!(wrong, Vec::<String>::new());
}

fn is_of_this_machine(message: &str) -> bool {
    ["cannot read", "cannot be read", "the environment has no", "No such file"]
        .iter()
        .any(|words| message.contains(words))
}

/// How many blocks of each language there are, and what takes them. A block of another language has no test, and is no
/// block of these documents.
#[test]
fn each_block_in_the_documents_has_a_test() {
    let taken_by = BTreeMap::from([
        ("sh", "run, or each command and option looked up"),
        ("text", "what the command before it prints, or an excerpt"),
        ("toml", "the configuration takes it"),
        ("cron", "its command is run"),
        ("dns", "the doctor finds nothing wrong"),
        ("nginx", "nginx -t"),
        ("caddy", "caddy validate"),
        ("apache", "apache2 -t"),
        ("sql", "run on both databases"),
    ]);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut run = 0;
    // Pages that are made have as many as the code has.
    for block in all().into_iter().filter(|block| block.language == "sh" || !block.page.starts_with("reference/")) {
        run += usize::from(block.language == "sh" && RUN.contains(&block.page.as_str()));
        *counts.entry(block.language).or_default() += 1;
    }
    let others: Vec<&String> = counts.keys().filter(|language| !taken_by.contains_key(language.as_str())).collect();
    let mut told: String = counts.iter().map(|(language, count)| format!("{count:4} {language}\n")).collect();
    told += &format!("of the blocks of sh, {run} are run as they stand\n");
    insta::assert_snapshot!("blocks", told);
    // In the older documents: shapes of files and messages that other tests read or write.
    let known = ["", "html", "json", "markdown", "yaml", "csv", "jinja", "rust", "xml", "js"];
    assert!(others.iter().all(|language| known.contains(&language.as_str())), "{others:?}");
}
