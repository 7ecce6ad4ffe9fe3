//! `publish --check`: what validators would find in any feed, and whether readers find what its
//! documents lead to.

use std::{collections::BTreeSet, fs};

use url::Url;

use super::forms::{
    self, BufferPool, Feed, History,
    conform::{self, FeedFinding},
};
use super::{Error, FolderOwner, Publisher, files::FeedFiles, months, name};
use crate::{
    model::{FeedKey, Month},
    store::{SharedAddress, Span},
};

/// What was found, each with its feed's name.
#[derive(Debug, Default)]
pub struct CheckResult {
    /// How many feeds there are.
    pub feeds: usize,
    /// What validators would find.
    pub findings: Vec<(String, FeedFinding)>,
    /// What is no fault, and would keep some readers from something.
    pub limits: Vec<(String, FeedFinding)>,
}

/// The same of one feed.
struct FeedCheck {
    findings: Vec<FeedFinding>,
    limits: Vec<FeedFinding>,
}

impl Publisher {
    /// Looks at every feed as validators would, changed or not, at its archives, and at the files of what
    /// was published.
    pub async fn check(&self) -> Result<CheckResult, Error> {
        if let Some(magazine) = self.store.magazine() {
            FolderOwner::check(&self.config.feeds.path, magazine)?;
        }
        let feeds = self.changed(None, 0, Vec::new(), None).await?.feeds;
        let (mut found, mut limits, mut buffers) = (Vec::new(), Vec::new(), BufferPool::default());
        for key in &feeds {
            let FeedCheck { mut findings, limits: limited } = self.contents(key, &mut buffers).await?;
            limits.extend(limited.into_iter().map(|finding| (name(key), finding)));
            findings.extend(self.files(key).await?);
            found.extend(findings.into_iter().map(|finding| (name(key), finding)));
        }
        let shared = self.store.shared_addresses().await?;
        found.extend(shared.into_iter().map(|shared| (name(&FeedKey::All), shared_address(shared))));
        Ok(CheckResult { feeds: feeds.len(), findings: found, limits })
    }

    /// What validators would find in a feed, and what some readers would not take.
    async fn contents(&self, key: &FeedKey, buffers: &mut BufferPool) -> Result<FeedCheck, Error> {
        let (limit, all) = (self.config.feeds.items(key), Span::until(self.at));
        let columns = self.store.newest(key, all, limit).await?.columns;
        let feed = Feed::document(&self.config, key.clone(), &columns, History::default(), &[])?;
        let (mut findings, files) = match conform::files(&feed, self.at, buffers)? {
            Ok(valid) => (Vec::new(), valid.files),
            Err(findings) => (findings, Vec::new()),
        };
        let mut limits = conform::limits(&feed, &files);
        // All columns are in one feed: they are told there.
        limits.retain(|finding| finding.column.is_none() || *key == FeedKey::All);
        let archived = if self.config.feeds.archives { limit } else { 0 };
        let mut columns = self.store.oldest(key, all, None, archived).await?;
        while let Some(newest) = columns.first() {
            let after = Some((newest.published, newest.id));
            let feed = Feed::document(&self.config, key.clone(), &columns, History::default(), &[])?;
            let older = conform::check(&feed, self.at).into_iter().filter(|finding| !findings.contains(finding));
            findings.extend(older.collect::<Vec<_>>());
            columns = self.store.oldest(key, all, after, archived).await?;
        }
        Ok(FeedCheck { findings, limits })
    }

    /// What is wrong with a feed's files: walks back from each of its forms, as readers do.
    async fn files(&self, key: &FeedKey) -> Result<Vec<FeedFinding>, Error> {
        if self.store.published(key).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut findings = Vec::new();
        let mut walked = BTreeSet::new();
        for path in forms::paths(key, None) {
            let mut next = Some(path);
            while let Some(path) = next.take().filter(|path| walked.insert(path.clone())) {
                next = match fs::read_to_string(self.config.feeds.path.join(&path)) {
                    Ok(text) => previous(&path, &text).and_then(|link| match self.path_of(&link) {
                        Some(path) => Some(path),
                        None => {
                            findings.push(finding("link", format!("{path} leads to {link}, which is no feed of ours")));
                            None
                        }
                    }),
                    Err(error) => {
                        let message = format!("{path} cannot be read ({error}): the next run writes it again");
                        findings.push(finding("file-missing", message));
                        None
                    }
                };
            }
        }
        let folder = FeedFiles::new(&self.config);
        let led_to = |name: &str| forms::paths(key, Some(name)).iter().any(|path| walked.contains(path));
        let stray = |name: &&str| !led_to(name) && months::is_stray(key, name, Month::of(self.at), &folder);
        for name in folder.documents(key, true).names().filter(stray) {
            let message = format!("nothing leads to its document {name}: the next run takes it away");
            findings.push(finding("file-stray", message));
        }
        Ok(findings)
    }

    /// The path below the feeds' folder of an address that a feed names.
    fn path_of(&self, link: &str) -> Option<String> {
        let link = Url::parse(link).ok()?;
        link.as_str().strip_prefix(self.config.feeds.url.as_str()).map(str::to_owned)
    }
}

fn finding(rule: &'static str, message: String) -> FeedFinding {
    FeedFinding { column: None, field: "folder", rule, message }
}

/// The address of the document before one, as its form names it.
fn previous(path: &str, text: &str) -> Option<String> {
    if path.ends_with(".json") {
        let feed: serde_json::Value = serde_json::from_str(text).ok()?;
        return feed["next_url"].as_str().map(str::to_owned);
    }
    let tags = text.split("link ").skip(1).filter_map(|rest| rest.split('>').next());
    let link = tags.into_iter().find(|tag| tag.contains("rel=\"prev-archive\""))?;
    let (_, rest) = link.split_once("href=\"")?;
    Some(rest.split('"').next()?.replace("&amp;", "&"))
}

/// What is found of a column that wants the address of another.
fn shared_address(shared: SharedAddress) -> FeedFinding {
    let SharedAddress { title, guid, url, owner, wanted } = shared;
    let stands = if url == wanted { String::new() } else { format!(" and stands at {url}") };
    FeedFinding {
        column: Some(format!("{title:?} ({guid})")),
        field: "url",
        rule: "address-twice",
        message: format!(
            "it wants {wanted}, which is that of {owner:?},{stands}: give one of them another slug or url"
        ),
    }
}
