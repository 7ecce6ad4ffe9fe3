//! The handbook in docs/: pages that are made of the code are as the code has it, what they show runs, their links lead
//! somewhere, and the book is built. `GAZETIER_TEST_WRITE=1` writes the pages of docs/reference anew.

mod blocks;
mod book;
mod commands;
mod configuration;
mod exit_codes;
mod figures;
mod records;
mod store;
pub mod walks;
mod web_servers;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A page of docs/.
fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap_or_else(|error| panic!("docs/{name}: {error}"))
}

/// All pages of docs/ by their names below it, in order; the table of contents is none.
pub fn pages() -> Vec<(String, PathBuf)> {
    let docs = root().join("docs");
    let mut pages = Vec::new();
    let mut folders = vec![docs.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") && !path.ends_with("SUMMARY.md") {
                let name = path.strip_prefix(&docs).expect("a path below").display().to_string();
                pages.push((name, path));
            }
        }
    }
    pages.sort();
    pages
}

/// Compares a page of docs/reference with what it should be, or writes it.
fn compare(name: &str, text: &str) {
    let path = root().join("docs/reference").join(name);
    if std::env::var_os("GAZETIER_TEST_WRITE").is_some() {
        fs::write(&path, text).expect("a page");
        return;
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    let differs = there.lines().zip(text.lines()).find(|(there, new)| there != new);
    assert!(
        there == text,
        "docs/reference/{name} is not what the code says: GAZETIER_TEST_WRITE=1 cargo test --test gazetier -- handbook \
         writes it anew. The first difference, there and now: {differs:#?}"
    );
}

/// What stands above a page that is made.
fn made(title: &str, words: &str) -> String {
    format!("# {title}\n\n<!-- Made of the code by the test `handbook`; CONTRIBUTING.md tells how. -->\n\n{words}\n\n")
}

/// A text in a table's cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
