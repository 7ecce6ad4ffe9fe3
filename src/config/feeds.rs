//! Whom the feeds are told to, and where they were before.

use url::Url;

use super::{
    Feeds, Magazine,
    check::{ConfigRefusal, refuse, web},
    raw,
};
use crate::model::{FeedKey, Rubrique};

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
    raw: Vec<raw::RawMoved>,
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
    for entry in raw {
        let from = old_address(&entry.from, magazine, feeds)?;
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
