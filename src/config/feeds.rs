//! The feeds: which there are, what they hold, whom they are told to, and where they were before.

use std::path::Path;

use serde::Deserialize;
use url::Url;

use super::{
    Feeds, Magazine, Special,
    bounds::{number, path as path_of},
    check::{ConfigRefusal, ITEMS, folder, refuse, web},
    podcast, selections,
};
use crate::model::{FeedKey, FeedRules, Rubrique};

/// The files of a feed's forms: RSS, Atom and JSON.
pub const FORMS: [&str; 3] = ["rss.xml", "atom.xml", "feed.json"];

/// A feed that has moved: readers of the old address are led to the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Where it was: an address without a query.
    pub from: Url,
    /// Where it is.
    pub to: Url,
}

/// What a feed tells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// Standfirst and body.
    Full,
    /// The standfirst alone.
    Standfirst,
}

/// Where a feed has a column's picture that the text does not show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeadImage {
    /// Before the text: every reader shows it there.
    #[default]
    Content,
    /// In elements of its own, which some readers show.
    Metadata,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawFeeds {
    /// The folder that they are written into.
    #[serde(default = "feeds_path")]
    pub path: String,
    /// Where a web server, or `gazetier serve`, has that folder.
    pub url: String,
    /// How many columns a feed holds.
    #[serde(default = "fifty")]
    pub items: u32,
    /// Whether feeds tell columns in full, or by their standfirst.
    #[serde(default = "full")]
    pub content: Content,
    /// Where a column's picture goes that its text does not show: before the text, where every reader shows it, or into
    /// elements of its own.
    #[serde(default)]
    pub lead_image: LeadImage,
    /// The page where readers subscribe: feeds and letters lead there.
    pub newsletter_url: Option<String>,
    /// Closed months as archive documents (RFC 5005).
    #[serde(default = "yes")]
    pub archives: bool,
    /// Withdrawn columns as deleted entries in Atom (RFC 6721).
    #[serde(default)]
    pub tombstones: bool,
    /// A feed for each byline.
    #[serde(default)]
    pub bylines: bool,
    /// A feed for each tag.
    #[serde(default)]
    pub tags: bool,
    /// How many columns a byline or a tag must have for a feed.
    #[serde(default = "one")]
    pub least_columns: u32,
    /// Feeds of the columns that are chosen by what they have.
    #[serde(default)]
    pub selections: Vec<super::selections::RawSelection>,
    /// A .br and a .gz beside each file.
    #[serde(default)]
    pub precompress: bool,
    /// WebSub hubs.
    #[serde(default)]
    pub hubs: Vec<String>,
    /// Feeds that stood elsewhere: their readers are led on.
    #[serde(default)]
    pub moved: Vec<RawMoved>,
    /// Feeds that are podcasts.
    pub podcast: Option<super::podcast::RawPodcast>,
}

/// A feed that has moved: readers of the old address are led to the new one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMoved {
    /// A path of the magazine's host.
    pub from: String,
    /// A path below the feeds, or a whole address.
    pub to: String,
}

pub(super) fn check(
    raw: RawFeeds,
    special: Vec<Special>,
    rubriques: &[Rubrique],
    base: &Path,
) -> Result<Feeds, ConfigRefusal> {
    let selections = selections::check(raw.selections, rubriques)?;
    // Files of these feeds lie in folders of these names.
    for (folder, is_used) in [("tag", raw.tags), ("selection", !selections.is_empty())] {
        if is_used && rubriques.iter().any(|rubrique| rubrique.slug.as_str() == folder) {
            let what = format!("{folder:?} is a name gazetier uses itself for the feeds that [feeds] asks for");
            return Err(refuse("rubriques.slug", what));
        }
    }
    let rules = FeedRules { bylines: raw.bylines, tags: raw.tags, selections };
    let podcast = raw.podcast.map(podcast::check).transpose()?;
    let is_feed = |feed: &FeedKey| match feed {
        FeedKey::All => true,
        FeedKey::Rubrique(slug) => rubriques.iter().any(|rubrique| rubrique.slug == *slug),
        feed => rules.has(feed),
    };
    if let Some(feed) = podcast.iter().flat_map(|podcast| &podcast.feeds).find(|feed| !is_feed(feed)) {
        let what = format!("{:?} is no feed that there is: name a rubrique, or one that [feeds] asks for", feed.key());
        return Err(refuse("feeds.podcast.feeds", what));
    }
    Ok(Feeds {
        path: path_of("feeds.path", base, &raw.path)?,
        url: folder("feeds.url", &raw.url)?,
        items: number("feeds.items", raw.items, 1, ITEMS)?,
        content: raw.content,
        special,
        archives: raw.archives,
        tombstones: raw.tombstones,
        rules,
        least_columns: number("feeds.least_columns", raw.least_columns, 1, 1_000)?,
        precompress: raw.precompress,
        lead_image: raw.lead_image,
        podcast,
        newsletter_url: raw.newsletter_url.map(|u| web("feeds.newsletter_url", &u)).transpose()?,
        hubs: hubs(&raw.hubs)?,
        moved: Vec::new(),
    })
}

/// The hubs that are told of what changes.
pub(super) fn hubs(raw: &[String]) -> Result<Vec<Url>, ConfigRefusal> {
    let mut hubs = Vec::new();
    for text in raw {
        let hub = web("feeds.hubs", text)?;
        if !hub.username().is_empty() || hub.password().is_some() {
            return Err(refuse(
                "feeds.hubs",
                "a hub's address stands in the feeds for all to read: no user, no password",
            ));
        }
        if hub.fragment().is_some() {
            return Err(refuse("feeds.hubs", format!("{text:?}: what comes after # reaches no hub: leave it out")));
        }
        if hubs.contains(&hub) {
            return Err(refuse("feeds.hubs", format!("{text:?} is named twice")));
        }
        hubs.push(hub);
    }
    Ok(hubs)
}

/// The feeds that have moved, of a magazine whose feeds are known.
pub(super) fn moved(
    raw: Vec<RawMoved>,
    magazine: &Magazine,
    rubriques: &[Rubrique],
    feeds: &Feeds,
) -> Result<Vec<Moved>, ConfigRefusal> {
    let address = |path: &str| feeds.url.join(path).map_err(|error| refuse("feeds.moved.to", error));
    let mut ours = Vec::new();
    for form in FORMS {
        ours.push(address(form)?);
        for rubrique in rubriques {
            ours.push(address(&format!("{}/{form}", rubrique.slug))?);
        }
        for selection in &feeds.rules.selections {
            ours.push(address(&format!("selection/{}/{form}", selection.slug))?);
        }
    }
    let mut moved: Vec<Moved> = Vec::new();
    for (index, entry) in raw.into_iter().enumerate() {
        let refuse = |key: &str, what: String| refuse(key, what).in_entry(index);
        let from = old_address(&entry.from, magazine, feeds).map_err(|refusal| refusal.in_entry(index))?;
        if ours.contains(&from) {
            return Err(refuse("feeds.moved.from", format!("{:?} is the address of a feed that is there", entry.from)));
        }
        if moved.iter().any(|other| other.from == from) {
            return Err(refuse("feeds.moved.from", format!("{:?} is named twice", entry.from)));
        }
        let elsewhere = Url::parse(&entry.to).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let to = match elsewhere {
            Some(url) => url,
            None => address(&entry.to)?,
        };
        let below = to.as_str().starts_with(feeds.url.as_str());
        // Only who asks for feeds by byline or tag has them, and only the store knows of which.
        let byline = is_of_name(&to, feeds);
        // Longer chains are found when all are known.
        if to != from && !ours.contains(&to) && !byline && (below || !entry.to.contains("://")) {
            let wanted =
                "write the path of one, such as \"rss.xml\" or \"edito/rss.xml\", or a whole address elsewhere";
            return Err(refuse("feeds.moved.to", format!("{:?} is no feed of ours: {wanted}", entry.to)));
        }
        moved.push(Moved { from, to });
    }
    if let Some(chain) = moved.iter().find(|one| moved.iter().any(|other| other.from == one.to)) {
        let reason = format!("{} has moved itself: name the address where its readers end up", chain.to);
        return Err(refuse("feeds.moved.to", reason));
    }
    Ok(moved)
}

/// Whether an address could be that of the feed of a byline or a tag.
fn is_of_name(url: &Url, feeds: &Feeds) -> bool {
    let path = url.as_str().strip_prefix(feeds.url.as_str()).and_then(|path| path.rsplit_once('/'));
    path.is_some_and(|(feed, form)| {
        let feed = FeedKey::from_key(feed);
        feed.is_some_and(|feed| feeds.rules.has(&feed)) && FORMS.contains(&form)
    })
}

/// An address that our web server is asked for: a path, or a whole one on one of our hosts.
fn old_address(text: &str, magazine: &Magazine, feeds: &Feeds) -> Result<Url, ConfigRefusal> {
    const KEY: &str = "feeds.moved.from";
    let url = if text.starts_with('/') && !text.starts_with("//") {
        magazine.url.join(text).map_err(|error| refuse(KEY, error))?
    } else {
        Url::parse(text).map_err(|_| refuse(KEY, format!("{text:?}: write a path such as \"/old/feed.xml\"")))?
    };
    if url.host() != magazine.url.host() && url.host() != feeds.url.host() || !matches!(url.scheme(), "http" | "https")
    {
        let host = magazine.url.host_str().unwrap_or_default();
        return Err(refuse(
            KEY,
            format!("{text:?} is not under {host}: others must lead their readers here themselves"),
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse(KEY, format!("{text:?}: a path alone, without ? and #, is what a web server looks for")));
    }
    Ok(url)
}

fn feeds_path() -> String {
    "feeds".into()
}
fn full() -> Content {
    Content::Full
}
fn fifty() -> u32 {
    50
}
fn one() -> u32 {
    1
}
fn yes() -> bool {
    true
}
