//! `config.toml`, checked once: what stands here is right, and everything below takes it as it is.

mod bounces;
mod bounds;
mod check;
mod desk;
mod digest;
mod dkim;
mod error;
mod feeds;
mod fetch;
mod podcast;
mod positions;
mod provider_limits;
mod raw;
mod reconfirm;
mod relay;
mod retention;
mod review;
mod rights;
mod search_engines;
mod secrets;
mod selections;
mod source_access;
mod source_url;
mod sources;
mod sql_source;
mod templates;
mod theme;
mod warm_up;
mod watch;
mod web;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization;
use url::Url;

pub use bounces::Inbox;
pub use check::RESERVED_SLUGS;
pub use desk::DeskConfig;
pub use digest::Digest;
pub use dkim::{Dkim, SigningKey};
pub use error::{Error, read_text};
pub use feeds::{Content, FORMS, LeadImage, Moved};
pub use fetch::Fetch;
pub use podcast::Podcast;
pub use positions::Position;
pub use provider_limits::ProviderLimit;
pub use reconfirm::{Reconfirm, WithoutAnswer};
pub use relay::{Certificates, Login, Proof, Rates, Relay, Relays, Secret, Security};
pub use retention::Retention;
pub use review::{ConfigFault, Review, review};
pub use rights::{Rights, RslTerms, TdmReservation};
pub use search_engines::{IndexNow, SearchEngines};
pub use source_access::SourceAccess;
pub use source_url::{SourceUrl, without_login};
pub use sources::{Source, SourceKind, Typography, is_built_in};
pub use sql_source::{SqlDatabase, SqlQuery, SqlSource, TextFormat};
pub use theme::{Logo, Theme};
pub use warm_up::{WarmUp, WarmUpDay};
pub use watch::Watch;
pub use web::{Listen, Proxy, Web};

use crate::model::{EmailAddress, FeedKey, FeedRules, Lang, Mailbox, Rubrique, Slug, Zone, column::fingerprint};

/// The checked configuration. Paths are absolute or relative to where the program was started.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// Changes when the file does: what was made by another configuration is made again.
    pub fingerprint: String,
    /// The magazine.
    pub magazine: Magazine,
    /// Where the store is.
    pub store: StoreUrl,
    /// How it is reached, if it is on Postgres.
    pub connections: Connections,
    /// What somebody should see to, though it stops nothing.
    pub warnings: Vec<String>,
    /// The files that hold secrets, with their keys.
    pub secret_files: Vec<(&'static str, PathBuf)>,
    /// Where columns come from at each run.
    pub sources: Vec<Source>,
    /// A CSV file whose new lines join at every run.
    pub subscribers_file: Option<PathBuf>,
    /// The rubriques, in the order of the digest.
    pub rubriques: Vec<Rubrique>,
    /// The feeds.
    pub feeds: Feeds,
    /// The newsletter that this is about: the first, unless it is a [`Config::view`].
    pub digest: Digest,
    /// All newsletters, in the order of the file.
    pub newsletters: Vec<Digest>,
    /// What this is a view of, if it is one.
    pub(crate) whole: Option<Arc<Config>>,
    /// How the digest and the page of feeds look.
    pub theme: Theme,
    /// What every letter carries.
    pub letters: Letters,
    /// Where letters go.
    pub relays: Relays,
    /// How the program serves readers itself.
    pub web: Web,
    /// The editors' desk.
    pub desk: DeskConfig,
    /// Where they come back to, if that is to be read at each run.
    pub bounces: Option<Inbox>,
    /// With what letters are signed.
    pub dkim: Vec<Dkim>,
    /// What may be got from other machines.
    pub fetch: Fetch,
    /// What is kept how long.
    pub retention: Retention,
    /// Whether readers of whom no consent is known are asked to confirm.
    pub reconfirm: Option<Reconfirm>,
    /// What machines are told of its rights.
    pub rights: Rights,
    /// What search engines are given.
    pub search_engines: SearchEngines,
    /// When the editors are told that something did not happen.
    pub watch: Watch,
    /// How many letters a new sender's providers get each day.
    pub warm_up: Option<WarmUp>,
}

/// The magazine.
#[derive(Debug, Clone)]
pub struct Magazine {
    /// The id that its store knows it by, if it is written down.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// One line under the name.
    pub tagline: Option<String>,
    /// Its language (BCP 47), such as `fr` or `fr-FR`.
    pub language: String,
    /// The words that go with it.
    pub lang: Lang,
    /// Its site.
    pub url: Url,
    /// Its clock.
    pub zone: Zone,
    /// A small square picture that stands for it.
    pub icon: Option<Url>,
    /// A large one.
    pub logo: Option<Url>,
    /// Who holds the rights, for the feeds.
    pub rights: Option<String>,
    /// Its postal address, for the foot of the digest.
    pub postal_address: String,
    /// Where images with a relative address are served.
    pub media_url: Url,
    /// A day on which it held its domain, for RFC 4151 tags.
    pub tag_date: NaiveDate,
    pub(crate) column_url: String,
}

impl Magazine {
    /// What tells this magazine from another one: its address without a scheme, and the day in its tags.
    pub fn authority(&self) -> String {
        let address = self.url.as_str();
        format!("{} {}", address.split_once("://").map_or(address, |(_, rest)| rest), self.tag_date)
    }

    /// The page of a column whose source names none.
    pub fn column_url(&self, slug: &Slug, rubrique: Option<&Slug>) -> Result<Url, url::ParseError> {
        let path =
            self.column_url.replace("{slug}", slug.as_str()).replace("{rubrique}", rubrique.map_or("", Slug::as_str));
        self.url.join(&path)
    }

    /// An id for ever, by RFC 4151: `tag:estran.example.org,2026-01-01:source/key`.
    pub fn tag(&self, source: &str, key: &str) -> String {
        let host = self.url.host_str().unwrap_or_default();
        // Two spellings of an accent are one id (RFC 4287 wants ids normalised), on every file system.
        let [source, key] = [source, key].map(|part| part.nfc().collect::<String>());
        let [source, key] = [&source, &key].map(|part| percent_encoding::utf8_percent_encode(part, TAG_ESCAPES));
        format!("tag:{host},{}:{source}/{key}", self.tag_date)
    }
}

/// What RFC 3986 does not allow in the specific part of a tag, `%` itself included.
const TAG_ESCAPES: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Where the store is.
#[derive(Debug, Clone)]
pub enum StoreUrl {
    /// A SQLite file, made on first use.
    Sqlite(PathBuf),
    /// A Postgres database.
    Postgres {
        /// Its `postgres://` address.
        url: Secret,
        /// The schema in it that is this magazine's; the user's own if missing.
        schema: Option<Slug>,
    },
}

/// How a Postgres store is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// How many there are at once, at the most.
    pub most: u32,
    /// Whether a pooler gives them out by transaction: then nothing lasts from one to the next.
    pub pooler: bool,
}

impl Default for Connections {
    fn default() -> Self {
        Self { most: 8, pooler: false }
    }
}

/// The feeds.
#[derive(Debug, Clone)]
pub struct Feeds {
    /// The folder they are written to.
    pub path: PathBuf,
    /// Where that folder is served; ends in `/`.
    pub url: Url,
    /// How many columns a feed holds at the most.
    pub items: u32,
    /// What a feed tells of a column.
    pub content: Content,
    /// Where it has a column's picture.
    pub lead_image: LeadImage,
    /// What feeds say that are podcasts.
    pub podcast: Option<Podcast>,
    /// What the feeds of some rubriques do otherwise.
    pub special: Vec<Special>,
    /// Closed months as archive documents (RFC 5005).
    pub archives: bool,
    /// Withdrawn columns as deleted entries in Atom (RFC 6721).
    pub tombstones: bool,
    /// Feeds beside those of all columns and of rubriques: of bylines, of tags, of columns that are chosen.
    pub rules: FeedRules,
    /// How many columns a byline or a tag must have for a feed.
    pub least_columns: u32,
    /// A `.br` and a `.gz` beside each file.
    pub precompress: bool,
    /// Where readers can subscribe to the digest.
    pub newsletter_url: Option<Url>,
    /// The WebSub hubs that are told of what changes.
    pub hubs: Vec<Url>,
    /// Feeds that have moved.
    pub moved: Vec<Moved>,
}

/// What the feed of one rubrique does otherwise.
#[derive(Debug, Clone)]
pub struct Special {
    /// Which rubrique.
    pub rubrique: Slug,
    /// What it tells of a column.
    pub content: Option<Content>,
    /// How many columns it holds at the most.
    pub items: Option<u32>,
}

impl Feeds {
    /// What a feed tells of a column.
    pub fn content(&self, feed: &FeedKey) -> Content {
        self.special(feed).and_then(|special| special.content).unwrap_or(self.content)
    }

    /// How many columns a feed holds at the most.
    pub fn items(&self, feed: &FeedKey) -> u32 {
        self.special(feed).and_then(|special| special.items).unwrap_or(self.items)
    }

    /// How many columns a feed must have to be published for the first time.
    pub fn least_columns(&self, feed: &FeedKey) -> u32 {
        match feed {
            FeedKey::Byline(_) | FeedKey::Tag(_) => self.least_columns,
            FeedKey::All | FeedKey::Rubrique(_) | FeedKey::Selection(_) => 0,
        }
    }

    fn special(&self, feed: &FeedKey) -> Option<&Special> {
        match feed {
            FeedKey::Rubrique(slug) => self.special.iter().find(|special| special.rubrique == *slug),
            FeedKey::All | FeedKey::Byline(_) | FeedKey::Tag(_) | FeedKey::Selection(_) => None,
        }
    }
}

/// How many letters of an edition go ahead, and how long the others wait for what becomes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canary {
    /// Of a thousand letters, so many.
    pub permille: u32,
    /// From when the last of them was settled.
    pub wait: chrono::Duration,
}

impl Canary {
    /// How many of so many letters: one at least.
    pub fn letters(&self, all: u64) -> u64 {
        (all * u64::from(self.permille) / 1_000).max(1)
    }
}

/// What every letter carries.
#[derive(Debug, Clone)]
pub struct Letters {
    /// The sender.
    pub from: Mailbox,
    /// Who gets the answers.
    pub reply_to: Option<Mailbox>,
    /// Takes unsubscriptions; a token is put at its end.
    pub unsubscribe_url: Url,
    /// Takes unsubscriptions by mail.
    pub unsubscribe_address: EmailAddress,
    /// RFC 2919.
    pub list_id: String,
    /// Past editions, for readers, each below by its period; ends in a slash.
    pub archive_url: Option<Url>,
    /// Completed for each letter (VERP).
    pub bounce_address: EmailAddress,
    /// Stands between it and what it is completed with: `+`, `-` or `=`.
    pub bounce_separator: char,
    /// Whether letters lead to the reader's choices, on a page of [`Web::url`].
    pub manage_link: bool,
}

impl Config {
    /// Reads and checks a configuration.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Self::parse(&read_text(path)?, path)
    }

    /// Checks the text of a configuration that is in a file, or would be.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let raw: raw::RawConfig = toml::from_str(text)
            .map_err(|error| Error::Shape { path: path.to_owned(), message: raw::shape(&error, text) })?;
        let mut config = check::check(raw, path)?;
        config.fingerprint = fingerprint([text]);
        Ok(config)
    }
}
