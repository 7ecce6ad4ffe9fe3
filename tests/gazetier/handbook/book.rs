//! The book that is made of docs/, built by mdBook, and the links in all documents.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{page, pages, root};
use crate::support::needed;

/// The texts of a page, without its blocks of code.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            prose += &format!("{line}\n");
        }
    }
    prose
}

/// Where the links of a page lead.
fn links(text: &str) -> Vec<String> {
    let parser = pulldown_cmark::Parser::new_ext(text, pulldown_cmark::Options::ENABLE_TABLES);
    let target = |event| match event {
        pulldown_cmark::Event::Start(
            pulldown_cmark::Tag::Link { dest_url, .. } | pulldown_cmark::Tag::Image { dest_url, .. },
        ) => Some(dest_url.to_string()),
        _ => None,
    };
    parser.filter_map(target).collect()
}

/// The anchors of a page's headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text);
    let headings = headings.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn the_links_of_the_documents_lead_somewhere() {
    let names = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/SUMMARY.md"];
    let all = pages().into_iter().map(|(_, path)| path).chain(names.map(|name| root().join(name)));
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in all {
        let text = fs::read_to_string(&path).expect("a page");
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            count += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().expect("a folder").join(file) };
            let leads = match fs::read_to_string(&target) {
                Ok(text) => anchor.is_empty() || anchors(&text).contains(anchor),
                Err(_) => target.exists(),
            };
            if !leads {
                wrong.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(count > 100, "{count}");
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn each_page_has_its_place_in_the_book() {
    let listed: BTreeSet<String> = links(&page("SUMMARY.md")).into_iter().collect();
    let there: BTreeSet<String> = pages().into_iter().map(|(name, _)| name).collect();
    assert_eq!(listed, there);
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// What a page loads, or leads to.
fn targets<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let mark = format!(" {name}=\"");
    html.split(mark.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn the_book_is_built_and_needs_no_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut mdbook = Command::new(needed("GAZETIER_TEST_MDBOOK"));
    let output =
        mdbook.arg("build").arg(root().join("docs")).arg("--dest-dir").arg(folder.path()).output().expect("mdbook");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !words.contains("WARN") && !words.contains("ERROR"), "{words}");
    for (name, _) in pages() {
        let name = if name == "README.md" { "index.md".to_owned() } else { name };
        assert!(folder.path().join(&name).with_extension("html").is_file(), "{name}");
    }
    let mut wrong = Vec::new();
    for path in files(folder.path()).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "html"))
    {
        let html = fs::read_to_string(&path).expect("a page");
        for source in targets(&html, "src") {
            if source.contains("://") {
                wrong.push(format!("{}: loads {source}", path.display()));
            }
        }
        // Links among the book's pages.
        for link in targets(&html, "href") {
            let (file, _) = link.split_once('#').unwrap_or((link, ""));
            if file.contains(':') || file.is_empty() || file.starts_with('/') {
                continue;
            }
            if !path.parent().expect("a folder").join(file).exists() {
                wrong.push(format!("{}: leads to {link}", path.display()));
            }
        }
        for line in html.lines().filter(|line| line.contains("<link ") || line.contains("<script")) {
            if line.contains("href=\"http") || line.contains("src=\"http") {
                wrong.push(format!("{}: {line}", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
