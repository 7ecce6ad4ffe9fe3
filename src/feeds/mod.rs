//! What a feed holds, and its three forms. Nothing here reads or writes a file (`press` aside) or
//! asks for the time: equal columns give equal bytes.

mod atom;
pub mod conform;
mod gist;
mod json;
pub mod page;
pub mod press;
mod rss;
mod words;

use std::borrow::Cow;

use chrono::Datelike;
use url::Url;

use crate::{
    config::{Config, Content},
    model::{Column, Image, Instant, Rubrique, Slug, uri},
};

/// What files are made with, besides columns and configuration: when it changes, all are made
/// again.
pub const PRESS: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    include_str!("../../templates/feeds.html"),
    include_str!("../../templates/feeds.opml.xml"),
    include_str!("../../templates/feed.css")
);

/// 1990-01-01: an earlier date is a mistake, think validators and readers, and take it for now or
/// for 1970.
const EARLIEST: Instant = chrono::DateTime::from_timestamp_secs(631_152_000).expect("an instant");

/// Why a feed could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address of the feed cannot be made.
    #[error("cannot make an address under feeds.url: {0}")]
    Address(#[from] url::ParseError),
    /// The form failed.
    #[error("cannot write a feed as {form}: {reason}")]
    Form {
        /// RSS, Atom, JSON, or a page.
        form: &'static str,
        /// Why.
        reason: String,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A feed and the columns it holds, newest first.
#[derive(Debug)]
pub struct Feed<'a> {
    config: &'a Config,
    rubrique: Option<&'a Rubrique>,
    columns: &'a [Column],
    addresses: Addresses,
}

/// Where the forms of a feed are published.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// RSS 2.0.
    pub rss: Url,
    /// Atom 1.0 (RFC 4287).
    pub atom: Url,
    /// JSON Feed 1.1.
    pub json: Url,
}

impl Addresses {
    /// Of a rubrique's feed, or of that of all columns.
    pub fn of(config: &Config, rubrique: Option<&Slug>) -> Result<Self, Error> {
        let at = |form| config.feeds.url.join(&path(rubrique, form));
        Ok(Self { rss: at("rss.xml")?, atom: at("atom.xml")?, json: at("feed.json")? })
    }
}

/// The path of one form of a feed, below the folder of the feeds.
fn path(rubrique: Option<&Slug>, form: &str) -> String {
    rubrique.map_or_else(|| form.to_owned(), |slug| format!("{slug}/{form}"))
}

/// The paths of a feed's forms, below the folder of the feeds.
pub fn paths(rubrique: Option<&Slug>) -> [String; 3] {
    ["rss.xml", "atom.xml", "feed.json"].map(|form| path(rubrique, form))
}

impl<'a> Feed<'a> {
    /// The feed of a rubrique, or of all columns.
    pub fn new(config: &'a Config, rubrique: Option<&'a Rubrique>, columns: &'a [Column]) -> Result<Self, Error> {
        let addresses = Addresses::of(config, rubrique.map(|r| &r.slug))?;
        Ok(Self { config, rubrique, columns, addresses })
    }

    /// Its files: path below the folder of the feeds, and bytes.
    pub fn files(&self) -> Result<Vec<(String, Vec<u8>)>, Error> {
        // RFC 822 and RFC 3339 have four digits for a year.
        let dates = self.columns.iter().flat_map(|column| [column.published.max(EARLIEST), column.updated]);
        if let Some(date) = dates.chain([self.updated()]).find(|date| !(0..=9999).contains(&date.year())) {
            return Err(Error::Form { form: "RSS", reason: format!("no feed can hold the date {date}") });
        }
        let slug = self.rubrique.map(|r| &r.slug);
        let [rss, atom, json] = paths(slug);
        Ok(vec![(rss, rss::write(self)?), (atom, atom::write(self)?), (json, json::write(self)?)])
    }

    fn title(&self) -> String {
        let magazine = &self.config.magazine.name;
        self.rubrique.map_or_else(|| magazine.clone(), |rubrique| format!("{magazine} — {}", rubrique.label))
    }

    fn description(&self) -> String {
        let own = self.rubrique.and_then(|rubrique| rubrique.description.clone());
        own.or_else(|| self.config.magazine.tagline.clone()).unwrap_or_else(|| self.title())
    }

    /// Its own id, as old as the rubrique's slug.
    fn id(&self) -> String {
        self.config.magazine.tag("feed", self.rubrique.map_or("", |rubrique| rubrique.slug.as_str()))
    }

    /// When its newest column was updated; a feed without columns is as old as the magazine's name.
    fn updated(&self) -> Instant {
        let newest = self.columns.iter().map(|column| column.updated).max();
        newest.unwrap_or_else(|| self.config.magazine.tag_date.and_time(chrono::NaiveTime::MIN).and_utc())
    }

    fn full(&self) -> bool {
        self.config.feeds.content(self.rubrique.map(|r| &r.slug)) == Content::Full
    }

    /// The stylesheet, told before the root element, where a browser looks for it.
    fn stylesheet(&self) -> Result<String, Error> {
        let css = self.config.feeds.url.join("feed.css")?;
        let href = escape(css.as_str());
        Ok(format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?xml-stylesheet type=\"text/css\" href=\"{href}\"?>\n"
        ))
    }

    /// A column's text as a reader that shows one text alone should show it: standfirst, then
    /// body. `None` where the feed tells the standfirst alone, or there is no body.
    fn content(&self, column: &Column) -> Option<String> {
        if !self.full() || gist::is_blank(&column.body) {
            return None;
        }
        let standfirst = match column.standfirst.as_str() {
            text if gist::is_blank(text) => String::new(),
            text => format!("<p><strong>{}</strong></p>\n", escape(text)),
        };
        Some(standfirst + &column.body)
    }

    /// A column's picture, unless the text that the feed carries shows it already.
    fn image<'c>(&self, column: &'c Column, content: Option<&str>) -> Option<&'c Image> {
        let shown = |image: &&Image| content.is_some_and(|html| html.contains(&*escape(&address(&image.url))));
        column.image.as_ref().filter(|image| !shown(image))
    }

    /// A column's id in Atom, which wants a URI in its one normal form (RFC 4287, section 4.2.6.1): the
    /// column's own id if it is such a one, else a tag with that id in it. An id that was imported
    /// from a feed of another kind may be any text, and RSS and JSON readers know it as it is.
    fn atom_id(&self, column: &Column) -> String {
        if uri::is_canonical(&column.guid) {
            return column.guid.clone();
        }
        self.config.magazine.tag("guid", &column.guid)
    }

    /// What readers call the rubrique of a column.
    fn label(&self, column: &Column) -> Option<&'a Rubrique> {
        let slug = column.rubrique.as_ref()?;
        self.config.rubriques.iter().find(|rubrique| rubrique.slug == *slug)
    }
}

/// An address as a feed may carry it, a URI.
fn address(url: &Url) -> Cow<'_, str> {
    uri::encode(url.as_str())
}

/// What a picture measures, in pixels or bytes: nothing measures 0, and validators refuse it.
fn measure<N: PartialEq + Default + ToString>(n: Option<N>) -> Option<String> {
    n.filter(|n| *n != N::default()).map(|n| n.to_string())
}

/// A picture's media type, if it is one (RFC 6838: `image/` and a name).
fn media_type(image: &Image) -> Option<&str> {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(named);
    image.media_type.as_deref().filter(|text| text.strip_prefix("image/").is_some_and(is_name))
}

/// Escapes text for HTML, or for XML's text and attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
