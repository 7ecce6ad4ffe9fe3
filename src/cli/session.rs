//! What every command begins with: the configuration, the store, and the clock, which stands here
//! and nowhere below.

use std::{path::Path, sync::Arc};

use anyhow::Context;

use super::{exit, reconnect::retry_lost};
use crate::{
    config::{Config, Connections, Digest},
    ingest::ImportContext,
    model::{Instant, Now, Slug},
    store::{MagazineName, Store},
};

/// A configuration with its store.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) config: Arc<Config>,
    pub(super) store: Store,
    /// The instant of this run, which `--at` sets.
    pub(super) at: Instant,
    /// Whether editions of the future may go out.
    pub(super) future: bool,
    /// Whether somebody named the newsletter that this is about.
    chosen: bool,
    /// Whether it is about copies alone: nobody outside is told anything.
    pub(super) is_copy: bool,
}

impl Session {
    /// Opens it; `concurrent` says that several things will be asked of the store at once.
    pub(super) async fn open(config: &Path, at: Option<&str>, future: bool, concurrent: bool) -> anyhow::Result<Self> {
        let config = Arc::new(Config::load(config)?);
        let at = match at {
            None => clock(),
            Some(text) => config
                .magazine
                .zone
                .parse(text)
                .map_err(|error| exit::failure(exit::USAGE, format!("--at: {error}")))?,
        };
        let most = if concurrent { config.connections.most } else { 1 };
        let connections = Connections { most, ..config.connections };
        let magazine = &config.magazine;
        let (id, authority) = (magazine.id.as_deref(), magazine.authority());
        let several = config.newsletters.len() > 1 || config.digest.newsletter.as_str() != "digest";
        let store = retry_lost(async || {
            let mut store = Store::open_with(&config.store, connections).await?;
            store.belong(MagazineName { id, name: &magazine.name, address: &authority }, at).await?;
            if several {
                store.know_newsletters(config.newsletters.iter().map(|digest| &digest.newsletter)).await?;
            }
            Ok(store)
        })
        .await?;
        Ok(Self { config, store, at, future, chosen: false, is_copy: false })
    }

    /// The same for one newsletter, that somebody named.
    pub(super) fn of_newsletter(&self, name: &str) -> anyhow::Result<Self> {
        let view = Slug::parse(name).ok().map(|slug| self.config.view(&slug)).transpose()?.flatten();
        let view = view.ok_or_else(|| {
            let known: Vec<&str> = self.config.newsletters.iter().map(|digest| digest.newsletter.as_str()).collect();
            let what = format!("--newsletter: there is none called {name:?}: write one of {}", known.join(", "));
            exit::failure(exit::USAGE, what)
        })?;
        let (store, at, future) = (self.store.clone(), self.at, self.future);
        Ok(Self { config: Arc::new(view), store, at, future, chosen: true, is_copy: self.is_copy })
    }

    /// The same for the newsletter whose edition has a label, if the label says so.
    pub(super) fn of_period(&self, period: Option<&str>) -> anyhow::Result<Self> {
        let named = |digest: &&Digest| {
            let rest = period.and_then(|period| period.strip_prefix(digest.newsletter.as_str()));
            rest.is_some_and(|rest| rest.starts_with('-'))
        };
        let named = self.config.newsletters.iter().filter(named).max_by_key(|digest| digest.newsletter.as_str().len());
        let name = named.map_or_else(|| self.newsletter(), |digest| &digest.newsletter);
        Ok(Self { chosen: self.chosen || named.is_some(), ..self.of_newsletter(name.as_str())? })
    }

    /// A session for each newsletter; only the one that was named, if one was.
    pub(super) fn each_newsletter(&self) -> anyhow::Result<Vec<Self>> {
        if self.chosen {
            return Ok(vec![self.of_newsletter(self.newsletter().as_str())?]);
        }
        self.config.newsletters.iter().map(|digest| self.of_newsletter(digest.newsletter.as_str())).collect()
    }

    /// The same with another configuration and a copy of the store.
    pub(super) async fn on_copy(&self, config: Arc<Config>, mut store: Store) -> anyhow::Result<Self> {
        let magazine = &config.magazine;
        let (id, authority) = (magazine.id.as_deref(), magazine.authority());
        store.belong(MagazineName { id, name: &magazine.name, address: &authority }, self.at).await?;
        Ok(Self { config, store, at: self.at, future: self.future, chosen: self.chosen, is_copy: true })
    }

    /// The instant, and the machine's clock.
    pub(super) fn now(&self) -> Now {
        Now { at: self.at, clock: clock() }
    }

    /// The newsletter that this is about.
    pub(super) fn newsletter(&self) -> &Slug {
        &self.config.digest.newsletter
    }

    /// Tells what somebody should see to, though it stops nothing.
    pub(super) fn warn(&self) {
        for warning in &self.config.warnings {
            eprintln!("gazetier: warning: {}: {warning}", self.config.path.display());
        }
    }

    /// An instant by the magazine's clock.
    pub(super) fn local_hour(&self, at: Instant) -> String {
        self.config.magazine.zone.local(at).format("%Y-%m-%d %H:%M").to_string()
    }

    pub(super) fn import_context(&self) -> ImportContext<'_> {
        ImportContext { magazine: &self.config.magazine, rubriques: &self.config.rubriques, at: self.at }
    }
}

/// The machine's clock, in the milliseconds that the store keeps.
pub(super) fn clock() -> Instant {
    let now = chrono::Utc::now();
    Instant::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
}

/// Reads a text file; says which if it cannot.
pub(super) fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).map_err(|source| crate::ingest::Error::Read { path: path.to_owned(), source })?;
    String::from_utf8(bytes)
        .map_err(|error| {
            exit::failure(
                exit::BAD_INPUT,
                format!("not UTF-8 at byte {}: save it as UTF-8", error.utf8_error().valid_up_to()),
            )
        })
        .with_context(|| path.display().to_string())
}
