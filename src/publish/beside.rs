//! The files that stand beside the feeds: pages, what is told of rights, the sitemap of the news.

use super::{
    Error, Publisher,
    files::FeedFiles,
    forms::{self, news, page, rights},
};
use crate::{model::FeedKey, store::Span};

/// Files that depend on the configuration alone, and are there whatever it says.
const PAGES: [&str; 3] = ["index.html", "feeds.opml", "feed.css"];

impl Publisher {
    /// Whether all files are there that depend on the configuration alone.
    pub(super) fn has_pages(&self, folder: &FeedFiles) -> bool {
        let beside = forms::beside(&self.config);
        PAGES.iter().chain(&beside).filter(|path| **path != news::NEWS_FILE).all(|path| folder.has(path))
    }

    /// Writes what stands beside the feeds.
    pub(super) fn pages(&self) -> Result<usize, Error> {
        let mut folder = FeedFiles::new(&self.config);
        let mut written = 0;
        for (path, bytes) in page::files(&self.config)? {
            written += usize::from(folder.put(&path, &bytes, true)?);
        }
        for (path, bytes) in rights::files(&self.config)? {
            written += usize::from(folder.put(path, &bytes, true)?);
        }
        let wanted = forms::beside(&self.config);
        // What was stated and is stated no more must not stand there.
        for path in [rights::RSL_FILE, rights::TDM_FILE, news::NEWS_FILE] {
            let is_ours = |bytes: &[u8]| rights::is_ours(path, bytes) || news::is_ours(bytes);
            if !wanted.contains(&path) && is_ours(&folder.read(path)) {
                folder.remove(path.to_owned());
            }
        }
        self.put_into_place(folder)?;
        Ok(written)
    }

    /// The sitemap of the news, if there is to be one and the disk has another. News grow old by themselves: it is looked
    /// at in each run.
    pub(super) async fn news(&self) -> Result<Option<Vec<u8>>, Error> {
        if !self.config.search_engines.news_sitemap {
            return Ok(None);
        }
        let span = Span { from: self.at - news::NEWS_AGE, until: self.at };
        let columns = self.store.newest(&FeedKey::All, span, news::MAX_NEWS).await?.columns;
        let bytes = news::write(&self.config, &columns);
        let folder = FeedFiles::new(&self.config);
        let is_there = folder.has(news::NEWS_FILE) && folder.read(news::NEWS_FILE) == bytes;
        Ok((!is_there).then_some(bytes))
    }

    /// Writes the sitemap of the news.
    pub(super) fn put_news(&self, bytes: &[u8]) -> Result<usize, Error> {
        let mut folder = FeedFiles::new(&self.config);
        let written = folder.put(news::NEWS_FILE, bytes, true)?;
        self.put_into_place(folder)?;
        Ok(usize::from(written))
    }

    fn put_into_place(&self, mut folder: FeedFiles) -> Result<(), Error> {
        folder.commit(|| Ok(()))?;
        let parents = folder.take_parents();
        folder.sync_folders(&parents)
    }
}
