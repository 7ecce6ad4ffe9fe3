//! What a feed holds, and its three forms. Nothing here reads or writes a file or asks for the time: equal columns give equal bytes.

mod atom;
mod buffers;
pub mod conform;
pub mod editions;
mod json;
pub mod news;
pub mod page;
mod plain_text;
mod podcast;
pub mod rights;
mod rss;
pub mod serving;

use std::borrow::Cow;

use chrono::Datelike;
use url::Url;

pub use buffers::BufferPool;

use crate::{
    config::{Config, Content, FORMS, LeadImage, Podcast},
    model::{
        Audio, Column, EARLIEST, FeedKey, Image, Instant, Rubrique, Selection, Slug, Tombstone,
        html::{escape, escape_into},
        uri,
    },
};

/// What files are made with, besides columns and configuration: when it changes, all are made
/// again.
pub const BUILD_INPUTS: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    env!("GAZETIER_LOCALES"),
    include_str!("../../../templates/feeds.html"),
    include_str!("../../../templates/feeds.opml.xml"),
    include_str!("../../../templates/feed.css")
);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address of the feed cannot be made.
    #[error("cannot make an address under feeds.url: {0}")]
    Address(#[from] url::ParseError),
    #[error("cannot write a feed as {form}: {reason}")]
    Form {
        /// RSS, Atom, JSON, or a page.
        form: &'static str,
        reason: String,
    },
    /// A web server cannot be told to serve the feeds.
    #[error("cannot write a snippet for {server}: {reason}")]
    Server { server: &'static str, reason: String },
}

/// A file of a feed: its path below the folder of the feeds, and its bytes.
pub type FeedFile = (String, Vec<u8>);

/// What all forms of a document show of a column, made once. The crates want to own what they
/// write, so that the text is lent to one form after the other.
#[derive(Debug)]
struct ColumnContent<'a> {
    content: Option<String>,
    image: Option<&'a Image>,
}

/// A document of a feed and the columns it holds, newest first.
#[derive(Debug, Clone)]
pub struct Feed<'a> {
    config: &'a Config,
    key: FeedKey,
    rubrique: Option<&'a Rubrique>,
    columns: &'a [Column],
    history: History,
    tombstones: &'a [Tombstone],
    addresses: Addresses,
    /// When it is known to have changed, whatever its columns say.
    changed: Option<Instant>,
}

/// Where a document stands in its feed's history (RFC 5005).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// Which archive document it is; `None` for the one that readers subscribe to.
    pub archive: Option<String>,
    /// The archive document before it.
    pub previous: Option<String>,
    /// Of the oldest archive document: the one behind it, if there is one.
    pub next: Option<String>,
    /// Whether it holds all columns of the feed.
    pub complete: bool,
}

impl History {
    /// Whether the document says anything about it in words of RFC 5005's own.
    fn is_told(&self) -> bool {
        self.archive.is_some() || self.complete
    }
}

/// Where the forms of a document are published.
#[derive(Debug, Clone)]
pub struct Addresses {
    pub rss: Url,
    pub atom: Url,
    pub json: Url,
}

impl Addresses {
    /// Of a feed's document: the one to subscribe to, or an archive.
    pub fn of(config: &Config, feed: &FeedKey, archive: Option<&str>) -> Result<Self, Error> {
        let [rss, atom, json] = paths(feed, archive).map(|path| config.feeds.url.join(&path));
        Ok(Self { rss: rss?, atom: atom?, json: json? })
    }
}

/// The paths of a document's three forms, RSS, Atom and JSON, below the folder of the feeds.
pub fn paths(feed: &FeedKey, archive: Option<&str>) -> [String; 3] {
    let folder = match (feed.key().as_str(), archive) {
        ("", None) => String::new(),
        ("", Some(name)) => format!("archive/{name}/"),
        (key, None) => format!("{key}/"),
        (key, Some(name)) => format!("{key}/archive/{name}/"),
    };
    FORMS.map(|form| format!("{folder}{form}"))
}

/// The files that stand beside the feeds because the configuration asks for them.
pub fn beside(config: &Config) -> Vec<&'static str> {
    let rsl = config.rights.rsl.as_ref().map(|_| rights::RSL_FILE);
    let tdm = config.rights.tdm.as_ref().map(|_| rights::TDM_FILE);
    let news = config.search_engines.news_sitemap.then_some(news::NEWS_FILE);
    rsl.into_iter().chain(tdm).chain(news).collect()
}

/// The folder of a feed's archive documents, each in a folder of its own, below that of the feeds.
pub fn archive_folder(feed: &FeedKey) -> String {
    match feed.key().as_str() {
        "" => "archive".to_owned(),
        key => format!("{key}/archive"),
    }
}

impl<'a> Feed<'a> {
    /// The feed of a rubrique, or of all columns.
    pub fn new(config: &'a Config, rubrique: Option<&'a Rubrique>, columns: &'a [Column]) -> Result<Self, Error> {
        let key = rubrique.map_or(FeedKey::All, |rubrique| FeedKey::Rubrique(rubrique.slug.clone()));
        Self::document(config, key, columns, History::default(), &[])
    }

    /// Any document of any feed. Columns that were withdrawn are told in Atom.
    pub fn document(
        config: &'a Config,
        key: FeedKey,
        columns: &'a [Column],
        history: History,
        tombstones: &'a [Tombstone],
    ) -> Result<Self, Error> {
        let rubrique = match &key {
            FeedKey::Rubrique(slug) => config.rubriques.iter().find(|rubrique| rubrique.slug == *slug),
            _ => None,
        };
        let addresses = Addresses::of(config, &key, history.archive.as_deref())?;
        Ok(Self { config, key, rubrique, columns, history, tombstones, addresses, changed: None })
    }

    /// The same, and it tells its readers that it changed at this instant, unless a column did later.
    pub fn changed_at(self, changed: Option<Instant>) -> Self {
        Self { changed, ..self }
    }

    pub fn files(&self) -> Result<Vec<FeedFile>, Error> {
        self.files_with(&mut BufferPool::default())
    }

    /// Its files, in buffers that may have been used before.
    pub fn files_with(&self, buffers: &mut BufferPool) -> Result<Vec<FeedFile>, Error> {
        self.dated()?;
        let mut shown = self.shown();
        let room = self.room();
        let [rss, atom, json] = paths(&self.key, self.history.archive.as_deref());
        Ok(vec![
            (rss, rss::write(self, &mut shown, buffers.take(room))?),
            (atom, atom::write(self, &shown, buffers)?),
            (json, json::write(self, &shown, buffers.take(room))?),
        ])
    }

    pub fn rss(&self) -> Result<Vec<u8>, Error> {
        self.dated().and_then(|()| rss::write(self, &mut self.shown(), Vec::new()))
    }

    pub fn atom(&self) -> Result<Vec<u8>, Error> {
        self.dated().and_then(|()| atom::write(self, &self.shown(), &mut BufferPool::default()))
    }

    pub fn json(&self) -> Result<Vec<u8>, Error> {
        self.dated().and_then(|()| json::write(self, &self.shown(), Vec::new()))
    }

    /// RFC 822 and RFC 3339 have four digits for a year.
    fn dated(&self) -> Result<(), Error> {
        let dates = self.columns.iter().flat_map(|column| [column.published.max(EARLIEST), column.updated]);
        match dates.chain([self.updated()]).find(|date| !(0..=9999).contains(&date.year())) {
            Some(date) => Err(Error::Form { form: "RSS", reason: format!("no feed can hold the date {date}") }),
            None => Ok(()),
        }
    }

    /// The addresses of the document that readers subscribe to, for an archive.
    fn current(&self) -> Result<Option<Addresses>, Error> {
        let archive = self.history.archive.is_some();
        archive.then(|| Addresses::of(self.config, &self.key, None)).transpose()
    }

    fn previous(&self) -> Result<Option<Addresses>, Error> {
        let previous = self.history.previous.as_deref();
        previous.map(|name| Addresses::of(self.config, &self.key, Some(name))).transpose()
    }

    /// What follows the oldest archive document, which would lead to no other: the next one, or what readers subscribe to.
    fn next(&self) -> Result<Option<Addresses>, Error> {
        let is_oldest = self.history.archive.is_some() && self.history.previous.is_none();
        is_oldest.then(|| Addresses::of(self.config, &self.key, self.history.next.as_deref())).transpose()
    }

    fn title(&self) -> String {
        let magazine = &self.config.magazine.name;
        // As its newest column has the name.
        let named = |names: fn(&Column) -> &[String], slug: &Slug| {
            let is_it = |name: &&String| Slug::from_text(name).as_ref() == Some(slug);
            let name = self.columns.iter().find_map(|column| names(column).iter().find(is_it));
            name.map_or_else(|| slug.to_string(), String::clone)
        };
        let part = match &self.key {
            FeedKey::All => None,
            FeedKey::Rubrique(_) => self.rubrique.map(|rubrique| rubrique.label.clone()),
            FeedKey::Byline(slug) => Some(named(|column| &column.bylines, slug)),
            FeedKey::Tag(slug) => Some(named(|column| &column.tags, slug)),
            FeedKey::Selection(_) => self.selection().map(|selection| selection.title.clone()),
        };
        part.map_or_else(|| magazine.clone(), |part| format!("{magazine} — {part}"))
    }

    fn description(&self) -> String {
        let of_rubrique = || self.rubrique.and_then(|rubrique| rubrique.description.clone());
        let own = self.selection().map_or_else(of_rubrique, |selection| selection.description.clone());
        own.or_else(|| self.config.magazine.tagline.clone()).unwrap_or_else(|| self.title())
    }

    /// What the configuration says of it, if that chooses its columns.
    fn selection(&self) -> Option<&'a Selection> {
        match &self.key {
            FeedKey::Selection(slug) => self.config.feeds.rules.selection(slug),
            _ => None,
        }
    }

    /// What it says as a podcast, if it is one.
    fn podcast(&self) -> Option<&'a Podcast> {
        self.config.feeds.podcast.as_ref().filter(|podcast| podcast.feeds.contains(&self.key))
    }

    /// Its own id, as old as the rubrique's slug.
    fn id(&self) -> String {
        self.config.magazine.tag("feed", &self.key.key())
    }

    /// When its newest column was updated or withdrawn, or when it told so before; a feed without columns
    /// is as old as the magazine's name.
    pub fn updated(&self) -> Instant {
        let columns = self.columns.iter().map(|column| column.updated);
        columns
            .chain(self.tombstones.iter().map(|tombstone| tombstone.when))
            .chain(self.changed)
            .max()
            .unwrap_or_else(|| self.config.magazine.tag_date.and_time(chrono::NaiveTime::MIN).and_utc())
    }

    /// About how many bytes a form of it takes, so that its memory need not grow step by step.
    fn room(&self) -> usize {
        let texts = |column: &Column| 2_048 + 2 * column.standfirst.len() + column.body.len() * 9 / 8;
        self.columns.iter().map(texts).sum::<usize>() + 4_096
    }

    fn full(&self) -> bool {
        self.config.feeds.content(&self.key) == Content::Full
    }

    /// The stylesheet, told before the root element, where a browser looks for it.
    fn stylesheet(&self) -> Result<String, Error> {
        stylesheet(self.config)
    }

    /// A column's text as a reader that shows one text alone should show it: standfirst, then
    /// body. `None` where the feed tells the standfirst alone, or there is no body.
    fn content(&self, column: &Column) -> Option<String> {
        if !self.full() || plain_text::is_blank(&column.body) {
            return None;
        }
        let mut content = String::with_capacity(column.body.len() + column.standfirst.len() * 9 / 8 + 64);
        if !plain_text::is_blank(&column.standfirst) {
            content.push_str("<p><strong>");
            escape_into(&column.standfirst, &mut content);
            content.push_str("</strong></p>\n");
        }
        content.push_str(&column.body);
        Some(content)
    }

    /// What its forms show of its columns.
    fn shown(&self) -> Vec<ColumnContent<'a>> {
        let shown = |column: &'a Column| {
            let mut content = self.content(column);
            // No picture that the text shows already.
            let html = content.as_deref().unwrap_or_default();
            let twice = |image: &&Image| plain_text::shows(html, &escape(&address(&image.url)));
            let mut image = column.image.as_ref().filter(|image| !twice(image));
            if let (Some(text), LeadImage::Content) = (&mut content, self.config.feeds.lead_image)
                && let Some(lead) = image.take()
            {
                text.insert_str(0, &figure(lead));
            }
            ColumnContent { content, image }
        };
        self.columns.iter().map(shown).collect()
    }

    /// A column's id in Atom, which wants a URI in its one normal form (RFC 4287, section 4.2.6.1): the
    /// column's own id if it is such a one, else a tag with that id in it. An id that was imported
    /// from a feed of another kind may be any text, and RSS and JSON readers know it as it is.
    fn atom_id(&self, guid: &str) -> String {
        if uri::is_canonical(guid) {
            return guid.to_owned();
        }
        self.config.magazine.tag("guid", guid)
    }

    /// What readers call the rubrique of a column.
    fn label(&self, column: &Column) -> Option<&'a Rubrique> {
        let slug = column.rubrique.as_ref()?;
        self.config.rubriques.iter().find(|rubrique| rubrique.slug == *slug)
    }
}

/// The declaration of an XML document, and the stylesheet that a browser shows it with.
fn stylesheet(config: &Config) -> Result<String, Error> {
    let css = config.feeds.url.join("feed.css")?;
    let href = escape(css.as_str());
    Ok(format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?xml-stylesheet type=\"text/css\" href=\"{href}\"?>\n"))
}

/// Who wrote a column, a name each.
fn authors(column: &Column) -> impl Iterator<Item = &str> {
    column.bylines.iter().map(String::as_str).filter(|name| !plain_text::is_blank(name))
}

/// What a column is about, beside its rubrique.
fn tags(column: &Column) -> impl Iterator<Item = &str> {
    column.tags.iter().map(String::as_str).filter(|tag| !plain_text::is_blank(tag))
}

/// A column's recording, if a feed can tell it.
fn audio(column: &Column) -> Option<&Audio> {
    let is_audio = |audio: &&Audio| is_named(&audio.media_type, "audio/") && uri::is_web(&audio.url);
    column.audio.as_ref().filter(is_audio)
}

/// A picture as the text's own begins with.
fn figure(image: &Image) -> String {
    let mut html = format!("<figure><img src=\"{}\" alt=\"{}\"", escape(&address(&image.url)), escape(&image.alt));
    for (name, value) in [("width", measure(image.width)), ("height", measure(image.height))] {
        if let Some(value) = value {
            html.push_str(&format!(" {name}=\"{value}\""));
        }
    }
    html.push('>');
    if let Some(credit) = image.credit.as_deref().filter(|credit| !plain_text::is_blank(credit)) {
        html.push_str(&format!("<figcaption>{}</figcaption>", escape(credit)));
    }
    html + "</figure>\n"
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
    image.media_type.as_deref().filter(|text| is_named(text, "image/"))
}

/// Whether a text is a media type of this kind.
fn is_named(media_type: &str, kind: &str) -> bool {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    media_type.strip_prefix(kind).is_some_and(|name| !name.is_empty() && name.bytes().all(named))
}
