//! What a feed holds, and its three forms. Nothing here reads or writes a file (`press` aside) or
//! asks for the time: equal columns give equal bytes.

mod atom;
mod json;
pub mod page;
pub mod press;
mod rss;
pub mod serving;
mod words;

use url::Url;

use crate::{
    config::{Config, Content, FORMS},
    model::{Column, Image, Instant, Rubrique, Slug},
};

/// What files are made with, besides columns and configuration: when it changes, all are made
/// again.
pub const PRESS: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    include_str!("../../templates/feeds.html"),
    include_str!("../../templates/feeds.opml.xml"),
    include_str!("../../templates/feed.css")
);

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
    /// A web server cannot be told to serve the feeds.
    #[error("cannot write a snippet for {server}: {reason}")]
    Server {
        /// Which.
        server: &'static str,
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
    FORMS.map(|form| path(rubrique, form))
}

impl<'a> Feed<'a> {
    /// The feed of a rubrique, or of all columns.
    pub fn new(config: &'a Config, rubrique: Option<&'a Rubrique>, columns: &'a [Column]) -> Result<Self, Error> {
        let addresses = Addresses::of(config, rubrique.map(|r| &r.slug))?;
        Ok(Self { config, rubrique, columns, addresses })
    }

    /// Its files: path below the folder of the feeds, and bytes.
    pub fn files(&self) -> Result<Vec<(String, Vec<u8>)>, Error> {
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
        if !self.full() || column.body.is_empty() {
            return None;
        }
        let standfirst = match column.standfirst.as_str() {
            "" => String::new(),
            text => format!("<p><strong>{}</strong></p>\n", escape(text)),
        };
        Some(standfirst + &column.body)
    }

    /// A column's picture, unless the text that the feed carries shows it already.
    fn image<'c>(&self, column: &'c Column, content: Option<&str>) -> Option<&'c Image> {
        let shown = |image: &&Image| content.is_some_and(|html| html.contains(&*escape(image.url.as_str())));
        column.image.as_ref().filter(|image| !shown(image))
    }

    /// What readers call the rubrique of a column.
    fn label(&self, column: &Column) -> Option<&'a Rubrique> {
        let slug = column.rubrique.as_ref()?;
        self.config.rubriques.iter().find(|rubrique| rubrique.slug == *slug)
    }
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
