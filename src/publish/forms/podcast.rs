//! What an RSS feed says as a podcast, in the elements of Apple (`itunes:`) and of Podcasting 2.0 (`podcast:`). Directories
//! read RSS alone.

use rss::extension::{
    Extension,
    itunes::{ITunesCategory, ITunesChannelExtension, ITunesItemExtension, ITunesOwner},
};

use super::{Addresses, Error, Feed, address, audio, authors, rss::extension};
use crate::{
    config::Podcast,
    model::{Column, FeedKey, uuid},
};

/// The names of what is said.
pub(super) const NAMESPACES: [(&str, &str); 2] =
    [("itunes", "http://www.itunes.com/dtds/podcast-1.0.dtd"), ("podcast", "https://podcastindex.org/namespace/1.0")];

/// In characters: programs cut longer names.
const MAX_PERSON_CHARS: usize = 128;

/// What Apple's elements say of a feed.
pub(super) fn channel(feed: &Feed<'_>, podcast: &Podcast) -> ITunesChannelExtension {
    let category = |text: &str, within| ITunesCategory { text: text.to_owned(), subcategory: within };
    let within = podcast.subcategory.as_deref().map(|text| Box::new(category(text, None)));
    let owner = podcast
        .owner
        .as_ref()
        .map(|owner| ITunesOwner { name: owner.name.clone(), email: Some(owner.address.to_string()) });
    ITunesChannelExtension {
        author: Some(podcast.author.as_ref().unwrap_or(&feed.config.magazine.name).clone()),
        categories: vec![category(&podcast.category, within)],
        image: Some(address(&podcast.image).into_owned()),
        explicit: Some(podcast.explicit.to_string()),
        owner,
        r#type: Some("episodic".to_owned()),
        ..ITunesChannelExtension::default()
    }
}

/// What those of Podcasting 2.0 say of it. Its id is made from its first address, and goes with it when it moves.
pub(super) fn tags(feed: &Feed<'_>, podcast: &Podcast) -> Result<Vec<(&'static str, &'static str, Extension)>, Error> {
    let guid = match &podcast.guid {
        Some(guid) => guid.clone(),
        None => of_address(feed, &feed.key)?,
    };
    let mut tags = vec![
        ("podcast", "guid", extension("podcast:guid", Some(&guid), [])),
        ("podcast", "medium", extension("podcast:medium", Some("podcast"), [])),
    ];
    if let Some(locked) = podcast.locked {
        let mut locked = extension("podcast:locked", Some(if locked { "yes" } else { "no" }), []);
        let owner = podcast.owner.as_ref().map(|owner| ("owner".to_owned(), owner.address.to_string()));
        locked.attrs.extend(owner);
        tags.push(("podcast", "locked", locked));
    }
    Ok(tags)
}

fn of_address(feed: &Feed<'_>, key: &FeedKey) -> Result<String, Error> {
    Ok(uuid::of_podcast(Addresses::of(feed.config, key, None)?.rss.as_str()))
}

/// What Apple's elements say of a column with a recording.
pub(super) fn item(column: &Column) -> Option<ITunesItemExtension> {
    let audio = audio(column)?;
    Some(ITunesItemExtension {
        duration: audio.seconds.filter(|seconds| *seconds > 0).map(|seconds| seconds.to_string()),
        episode_type: Some("full".to_owned()),
        ..ITunesItemExtension::default()
    })
}

/// Who is to be heard in it.
pub(super) fn persons(column: &Column) -> impl Iterator<Item = (&'static str, &'static str, Extension)> {
    let of_audio = audio(column).into_iter().flat_map(|_| authors(column));
    let short = of_audio.filter(|name| name.chars().count() <= MAX_PERSON_CHARS);
    short.map(|name| {
        let role = [("role", "author".to_owned()), ("group", "writing".to_owned())];
        ("podcast", "person", extension("podcast:person", Some(name), role))
    })
}
