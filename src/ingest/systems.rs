//! Which system a folder is of, by the files that it keeps its settings in, and what these say: where its texts lie, where
//! the site is, and where readers found its feed.

mod folders;
mod page;
mod settings;

use std::path::{Path, PathBuf};

use super::Error;
pub use page::SitePage;

/// A system that keeps columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    Hugo,
    Zola,
    Jekyll,
    Pelican,
    Eleventy,
    Decap,
    /// Markdown files that no system says its name of.
    Markdown,
}

impl System {
    pub fn name(self) -> &'static str {
        match self {
            Self::Hugo => "Hugo",
            Self::Zola => "Zola",
            Self::Jekyll => "Jekyll",
            Self::Pelican => "Pelican",
            Self::Eleventy => "Eleventy",
            Self::Decap => "Decap",
            Self::Markdown => "Markdown files",
        }
    }
}

/// A folder of a site.
#[derive(Debug)]
pub struct FoundSite {
    pub system: System,
    /// What it was known by.
    pub sign: Option<PathBuf>,
    /// Where its texts lie.
    pub folders: Vec<PathBuf>,
    /// Its address, if its settings say it.
    pub address: Option<String>,
    /// Its feeds below that address.
    pub feeds: Vec<OldFeed>,
}

/// A feed that readers know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldFeed {
    /// Below the site's address; `{rubrique}` is a rubrique's slug.
    pub path: String,
    /// The file of ours that has its form.
    pub form: &'static str,
}

impl OldFeed {
    pub fn new(path: &str) -> Self {
        let form = if path.contains("atom") {
            "atom.xml"
        } else if path.ends_with(".json") {
            "feed.json"
        } else {
            "rss.xml"
        };
        Self { path: path.trim_start_matches('/').to_owned(), form }
    }
}

/// Says what a folder holds.
pub fn recognise(folder: &Path) -> Result<FoundSite, Error> {
    let found = settings::read(folder)?;
    let mut site = found.unwrap_or_else(|| FoundSite {
        system: System::Markdown,
        sign: None,
        folders: vec![folder.to_owned()],
        address: None,
        feeds: Vec::new(),
    });
    site.folders = site.folders.into_iter().filter(|folder| folder.is_dir()).map(|f| folders::of_texts(&f)).collect();
    if site.folders.is_empty() {
        site.folders.push(folder.to_owned());
    }
    Ok(site)
}
