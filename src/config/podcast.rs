//! What feeds say that are podcasts: their columns have recordings, and directories of podcasts list them.

use serde::Deserialize;
use url::Url;

use super::check::{ConfigRefusal, line, parse, refuse, web};
use crate::model::{FeedKey, Mailbox};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPodcast {
    /// Which feeds are podcasts, as their addresses name them; empty for that of all columns.
    pub feeds: Vec<String>,
    /// The cover.
    pub image: String,
    /// One of Apple's.
    pub category: String,
    /// One of those below it.
    pub subcategory: Option<String>,
    /// Who makes it; the magazine if missing.
    pub author: Option<String>,
    /// Who directories write to: the feed tells this address everybody.
    pub owner: Option<String>,
    /// Whether it is not for children.
    #[serde(default)]
    pub explicit: bool,
    /// Whether it may not be taken over by another host.
    pub locked: Option<bool>,
    /// The id that it had elsewhere.
    pub guid: Option<String>,
}

/// Feeds that are podcasts.
#[derive(Debug, Clone)]
pub struct Podcast {
    /// Which.
    pub feeds: Vec<FeedKey>,
    /// The cover.
    pub image: Url,
    /// Apple's name of what it is about.
    pub category: String,
    /// One within that.
    pub subcategory: Option<String>,
    /// Who makes it, if not the magazine.
    pub author: Option<String>,
    /// Who directories write to.
    pub owner: Option<Mailbox>,
    /// Whether it is not for children.
    pub explicit: bool,
    /// Whether it may not be taken over by another host.
    pub locked: Option<bool>,
    /// The id that it had elsewhere.
    pub guid: Option<String>,
}

/// Apple's categories, which all directories go by.
const CATEGORIES: [&str; 19] = [
    "Arts",
    "Business",
    "Comedy",
    "Education",
    "Fiction",
    "Government",
    "Health & Fitness",
    "History",
    "Kids & Family",
    "Leisure",
    "Music",
    "News",
    "Religion & Spirituality",
    "Science",
    "Society & Culture",
    "Sports",
    "TV & Film",
    "Technology",
    "True Crime",
];

pub(super) fn check(raw: RawPodcast) -> Result<Podcast, ConfigRefusal> {
    let feed = |name: &String| {
        let key = FeedKey::from_key(name.trim().trim_matches('/'));
        key.ok_or_else(|| {
            let wanted =
                "write \"\" for all columns, or as its address has it, such as \"humeur\" or \"selection/port\"";
            refuse("feeds.podcast.feeds", format!("{name:?} names no feed: {wanted}"))
        })
    };
    let feeds = raw.feeds.iter().map(feed).collect::<Result<Vec<_>, _>>()?;
    if feeds.is_empty() {
        return Err(refuse("feeds.podcast.feeds", "it names no feed: leave [feeds.podcast] out"));
    }
    if !CATEGORIES.contains(&raw.category.as_str()) {
        let known = CATEGORIES.join(", ");
        let what = format!("{:?} is none of Apple's categories: {known}", raw.category);
        return Err(refuse("feeds.podcast.category", what));
    }
    let guid = raw.guid.map(|guid| guid.trim().to_ascii_lowercase());
    if guid.as_deref().is_some_and(|guid| !is_uuid(guid)) {
        let what =
            "write the UUID that the podcast had, such as \"917393e3-1b1e-5cef-ace4-edaa54e1f810\", or leave it out";
        return Err(refuse("feeds.podcast.guid", what));
    }
    // One podcast has one id.
    if guid.is_some() && feeds.len() > 1 {
        return Err(refuse("feeds.podcast.guid", "an id belongs to one feed, and here are several: leave it out"));
    }
    Ok(Podcast {
        feeds,
        image: web("feeds.podcast.image", &raw.image)?,
        category: raw.category,
        subcategory: raw.subcategory.map(|text| line("feeds.podcast.subcategory", text)).transpose()?,
        author: raw.author.map(|text| line("feeds.podcast.author", text)).transpose()?,
        owner: raw.owner.map(|text| parse("feeds.podcast.owner", &text)).transpose()?,
        explicit: raw.explicit,
        locked: raw.locked,
        guid,
    })
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
