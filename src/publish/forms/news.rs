//! The sitemap of the news, as Google reads it: what was published within two days, a thousand columns at the most.

use chrono::{SecondsFormat, TimeDelta};

use super::{address, plain_text::is_blank};
use crate::{
    config::Config,
    model::{Column, html::escape},
};

/// The file, below the folder of the feeds.
pub const NEWS_FILE: &str = "news-sitemap.xml";

/// What is older is no news.
pub const NEWS_AGE: TimeDelta = TimeDelta::hours(48);

/// How many columns a sitemap holds at the most.
pub const MAX_NEWS: u32 = 1_000;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- gazetier -->\n\
    <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" xmlns:news=\"http://www.google.com/schemas/sitemap-news/0.9\">\n";

/// The sitemap of these columns. Pages elsewhere are no pages of the magazine, and are left out.
pub fn write(config: &Config, columns: &[Column]) -> Vec<u8> {
    let (name, language) = (escape(&config.magazine.name), language(&config.magazine.language));
    let mut xml = HEAD.to_owned();
    let own = columns.iter().filter(|column| column.url.origin() == config.magazine.url.origin());
    for column in own.filter(|column| !is_blank(&column.title)) {
        xml.push_str(&format!(
            " <url>\n  <loc>{}</loc>\n  <news:news>\n   <news:publication>\n    <news:name>{name}</news:name>\n    \
             <news:language>{language}</news:language>\n   </news:publication>\n   \
             <news:publication_date>{}</news:publication_date>\n   <news:title>{}</news:title>\n  </news:news>\n </url>\n",
            escape(&address(&column.url)),
            column.published.to_rfc3339_opts(SecondsFormat::Secs, true),
            escape(&column.title),
        ));
    }
    xml.push_str("</urlset>\n");
    xml.into_bytes()
}

/// Whether a file is such a sitemap of ours.
pub fn is_ours(bytes: &[u8]) -> bool {
    bytes.starts_with(HEAD.as_bytes())
}

/// A language by its two or three letters; Chinese by its script, which is told by a region.
fn language(tag: &str) -> String {
    let tag = tag.to_ascii_lowercase();
    let mut parts = tag.split('-');
    match parts.next().unwrap_or_default() {
        "zh" if parts.any(|part| matches!(part, "tw" | "hk" | "mo" | "hant")) => "zh-tw".to_owned(),
        "zh" => "zh-cn".to_owned(),
        language => language.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_as_google_wants_them() {
        for (tag, told) in
            [("fr-FR", "fr"), ("de", "de"), ("zh-Hans", "zh-cn"), ("zh-TW", "zh-tw"), ("zh-Hant-HK", "zh-tw")]
        {
            assert_eq!(language(tag), told);
        }
    }
}
