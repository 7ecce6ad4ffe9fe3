//! Finds out which feeds have changed: by what the store has noted, by the time that has passed, and by what is on the
//! disk.

use std::collections::{BTreeMap, BTreeSet};

use super::{Error, Publisher, files::FeedFiles, folder_stamp::FolderStamp, forms, months, name};
use crate::{
    model::{FeedKey, Month},
    store::{Documents, Published, SharedFeed, SortedFeeds},
};

/// Feeds to be looked at.
#[derive(Debug)]
pub(super) struct FeedsToBuild {
    pub(super) feeds: BTreeSet<FeedKey>,
    /// How the archives' folders look, if they were listed and nothing was missing.
    pub(super) folder_stamp: Option<String>,
}

impl Publisher {
    /// Sees to it that the columns are sorted into the feeds that have theirs by name. Gives the revision that they are
    /// of, and what is to be told.
    pub(super) async fn sorted(
        &self,
        sorted: Option<(String, i64)>,
        revision: i64,
    ) -> Result<(i64, Vec<String>), Error> {
        let rules = &self.config.feeds.rules;
        if rules.is_empty() || sorted.is_some_and(|sorted| sorted == (rules.fingerprint(), revision)) {
            return Ok((revision, Vec::new()));
        }
        let SortedFeeds { revision, shared } = self.store.sort_columns(rules).await?;
        let warning = |SharedFeed { feed, names }: SharedFeed| {
            let names = names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
            format!("the feed {} is one for several names, which would have one address: {names}", name(&feed))
        };
        Ok((revision, shared.into_iter().map(warning).collect()))
    }

    /// The feeds of which something may have changed since all was published last.
    pub(super) async fn changed(
        &self,
        last: Option<&Published>,
        revision: i64,
        come_out: Vec<FeedKey>,
        seen: Option<&str>,
    ) -> Result<FeedsToBuild, Error> {
        let (config, rules) = (&self.config, &self.config.feeds.rules);
        let rubriques = config.rubriques.iter().map(|rubrique| FeedKey::Rubrique(rubrique.slug.clone()));
        let selections = rules.selections.iter().map(|selection| FeedKey::Selection(selection.slug.clone()));
        let standing: Vec<FeedKey> = rubriques.chain(selections).chain([FeedKey::All]).collect();
        let ours = |feed: &FeedKey| rules.has(feed) || standing.contains(feed);
        let Some(last) = last.filter(|last| last.at <= self.at) else {
            // Never published, by another make, or the clock went back.
            let mut all: BTreeSet<FeedKey> = standing.iter().cloned().collect();
            if rules.bylines || rules.tags {
                all.extend(self.store.feed_keys().await?.into_iter().filter(|feed| ours(feed)));
            }
            return Ok(FeedsToBuild { feeds: all, folder_stamp: None });
        };
        let mut feeds: BTreeSet<FeedKey> = come_out.into_iter().collect();
        if last.revision != revision {
            feeds.extend(self.store.touched_feeds(last.revision).await?);
        }
        let month = Month::of(self.at);
        if self.config.feeds.archives && month > Month::of(last.at) {
            feeds.extend(self.store.feeds_to_close(month).await?);
        }
        let differing = self.differing(standing.clone(), last, seen).await?;
        feeds.extend(differing.feeds);
        feeds.retain(ours);
        Ok(FeedsToBuild { feeds, folder_stamp: differing.folder_stamp })
    }

    /// The feeds of which the disk has not all that it should, or what it should not. `seen` tells how the
    /// archives' folders looked when they were as they should be.
    async fn differing(
        &self,
        mut feeds: Vec<FeedKey>,
        last: &Published,
        seen: Option<&str>,
    ) -> Result<FeedsToBuild, Error> {
        let folder = FeedFiles::new(&self.config);
        let (archives, rules) = (self.config.feeds.archives, &self.config.feeds.rules);
        let mut documents = None;
        if rules.bylines || rules.tags {
            let Documents { archives, others } = self.store.documents().await?;
            let of_names = |feed: &FeedKey| matches!(feed, FeedKey::Byline(_) | FeedKey::Tag(_)) && rules.has(feed);
            feeds.extend(others.into_iter().filter(of_names));
            documents = Some(archives);
        }
        let lost = |feed: &&FeedKey| !forms::paths(feed, None).iter().all(|path| folder.has(path));
        let mut differing: BTreeSet<FeedKey> = feeds.iter().filter(lost).cloned().collect();
        // Where there are no archives, those of before went when the configuration changed.
        if !archives {
            return Ok(FeedsToBuild { feeds: differing, folder_stamp: None });
        }
        let present = Month::of(self.at);
        let stamp = FolderStamp::of(&self.config.feeds.path, &feeds);
        let compared =
            [&*self.build_fingerprint, &present.to_string(), &last.revision.to_string(), &last.at.to_rfc3339()];
        let folder_stamp = stamp.fingerprint(&compared);
        if seen == Some(&*folder_stamp) {
            return Ok(FeedsToBuild { feeds: differing, folder_stamp: None });
        }
        let documents = match documents {
            Some(documents) => documents,
            None => self.store.documents().await?.archives,
        };
        let mut wanted: BTreeMap<FeedKey, BTreeSet<String>> = BTreeMap::new();
        for (feed, month, count) in documents.into_iter().filter(|(_, month, _)| *month <= present) {
            wanted.entry(feed).or_default().extend(months::documents(month, count));
        }
        let differs = |feed: &&FeedKey| {
            let (disk, wanted) = (folder.documents(feed, true), wanted.get(feed).cloned().unwrap_or_default());
            let stray = |name: &str| !wanted.contains(name) && months::is_stray(feed, name, present, &folder);
            !wanted.iter().all(|name| disk.has(name)) || disk.names().any(stray)
        };
        differing.extend(feeds.iter().filter(differs).cloned());
        let settled = differing.is_empty() && self.clock.is_some_and(|clock| stamp.is_settled(clock));
        Ok(FeedsToBuild { feeds: differing, folder_stamp: settled.then_some(folder_stamp) })
    }
}
