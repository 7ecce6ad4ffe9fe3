//! What would keep letters and feeds from readers, found before they miss them: each finding says what, where and what to
//! do. Nothing is changed, and nothing is waited for longer than seconds.

pub mod alarms;
pub mod edition;
pub mod files;
pub mod mail;
pub mod metrics;
pub mod pages;
pub mod receivers;
pub mod relays;
pub mod sources;

use std::{fmt::Display, net::IpAddr};

use crate::{config::Config, dns::Dns, model::Now, store::Store};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It must be mended.
    Wrong,
    /// It should be.
    Advice,
    /// It could not be found out.
    NotAsked,
    /// It is worth knowing.
    Note,
    /// It is as it should be.
    Fine,
}

impl Level {
    /// As it is told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Advice => "advice",
            Self::NotAsked => "not asked",
            Self::Note => "note",
            Self::Fine => "fine",
        }
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub level: Level,
    /// What was looked at, in a word: `spf`, `relay`.
    pub check: &'static str,
    pub what: String,
    /// The key in the configuration that it goes back to.
    pub key: Option<String>,
    /// Which of several tables of one name has it, counted from 0.
    pub entry: Option<usize>,
    /// What to do.
    pub mend: Option<String>,
}

impl Finding {
    pub fn new(level: Level, check: &'static str, what: impl Display) -> Self {
        Self { level, check, what: what.to_string(), key: None, entry: None, mend: None }
    }

    pub fn wrong(check: &'static str, what: impl Display) -> Self {
        Self::new(Level::Wrong, check, what)
    }

    pub fn advice(check: &'static str, what: impl Display) -> Self {
        Self::new(Level::Advice, check, what)
    }

    pub fn not_asked(check: &'static str, what: impl Display) -> Self {
        Self::new(Level::NotAsked, check, what)
    }

    pub fn note(check: &'static str, what: impl Display) -> Self {
        Self::new(Level::Note, check, what)
    }

    pub fn fine(check: &'static str, what: impl Display) -> Self {
        Self::new(Level::Fine, check, what)
    }

    /// The same with the key that it goes back to.
    pub fn at(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// The same of one of several tables.
    pub fn in_entry(self, entry: usize) -> Self {
        Self { entry: Some(entry), ..self }
    }

    /// The same with what to do.
    pub fn mend(self, what: impl Display) -> Self {
        Self { mend: Some(what.to_string()), ..self }
    }
}

/// What is looked at, and by what.
#[derive(Debug)]
pub struct Examined<'a> {
    pub config: &'a Config,
    /// If it could be opened.
    pub store: Option<&'a Store>,
    pub now: Now,
    /// If there is somebody to ask.
    pub dns: Option<Dns>,
    /// Whether names are asked for that are set aside for examples: somebody named a resolver that may know them.
    pub asks_reserved: bool,
    /// The addresses from which letters go out, if somebody named them.
    pub sends_from: Vec<IpAddr>,
}

impl Examined<'_> {
    /// Whether a name means nothing on the internet (RFC 2606, RFC 6761), so that nobody is asked there.
    pub fn is_reserved(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let is_below = |name: &str| host == name || host.ends_with(&format!(".{name}"));
        let names = ["example", "test", "invalid", "localhost", "example.com", "example.net", "example.org"];
        names.into_iter().any(is_below)
    }
}
