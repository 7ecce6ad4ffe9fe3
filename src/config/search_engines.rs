//! What search engines are given: a sitemap of the news, and word of pages that changed (IndexNow).

use serde::Deserialize;
use url::Url;

use super::check::{ConfigRefusal, refuse, web};

/// Tells all engines that take part.
const INDEXNOW: &str = "https://api.indexnow.org/indexnow";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawSearchEngines {
    /// Whether `news-sitemap.xml` is written, as Google News reads it.
    pub news_sitemap: bool,
    /// 8 to 128 letters and digits: tells Bing and others of pages that changed.
    pub indexnow_key: Option<String>,
    /// Whom, if not api.indexnow.org.
    pub indexnow_url: Option<String>,
}

/// What search engines are given.
#[derive(Debug, Default, Clone)]
pub struct SearchEngines {
    /// Whether there is a sitemap of the news.
    pub news_sitemap: bool,
    /// Who is told of pages that changed.
    pub indexnow: Option<IndexNow>,
}

/// Who is told of pages that changed, and the key that shows that it is the magazine who tells.
#[derive(Debug, Clone)]
pub struct IndexNow {
    /// Stands in a file at the root of the magazine's host, for all to read.
    pub key: String,
    /// Who is told.
    pub url: Url,
}

pub(super) fn check(raw: RawSearchEngines) -> Result<SearchEngines, ConfigRefusal> {
    if raw.indexnow_key.is_none() && raw.indexnow_url.is_some() {
        return Err(refuse("search_engines.indexnow_key", "it is missing: make one of 8 to 128 letters and digits"));
    }
    let indexnow = raw.indexnow_key.map(|key| {
        let is_key = (8..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_key {
            let what = "write 8 to 128 letters, digits and hyphens: it is the name of a file, too";
            return Err(refuse("search_engines.indexnow_key", what));
        }
        let url = web("search_engines.indexnow_url", raw.indexnow_url.as_deref().unwrap_or(INDEXNOW))?;
        Ok(IndexNow { key, url })
    });
    Ok(SearchEngines { news_sitemap: raw.news_sitemap, indexnow: indexnow.transpose()? })
}
