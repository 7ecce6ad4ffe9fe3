//! What is told once: as long as something stays as it is, it is not told at each run again; what
//! was mended and breaks again is news.

use std::collections::HashSet;

use super::Synced;
use crate::cli::session::Session;

/// What all of a sync's notices begin with in the store.
const PREFIX: &str = "sync:";

#[derive(Debug)]
pub(super) struct Notices<'a> {
    session: &'a Session,
    /// Whether all is told, told before or not.
    pub(super) by_hand: bool,
    standing: Vec<String>,
}

impl<'a> Notices<'a> {
    pub(super) fn new(session: &'a Session, by_hand: bool) -> Self {
        Self { session, by_hand, standing: Vec::new() }
    }

    /// Whether this is to be told: about what, what of it, in which words.
    async fn is_news(&mut self, about: &str, what: &str, message: &str) -> anyhow::Result<bool> {
        let key = format!("{PREFIX}{about}:{what}:{message}");
        let news = self.session.store.tell_notice(&key, self.session.at).await?;
        self.standing.push(key);
        Ok(news || self.by_hand)
    }

    /// Tells once of something that could not be taken.
    pub(super) async fn refuse(
        &mut self,
        about: &str,
        what: &str,
        message: &str,
        synced: &mut Synced,
    ) -> anyhow::Result<()> {
        if self.is_news(about, what, message).await? {
            synced.refuse(message);
        }
        Ok(())
    }

    /// Tells once of something that somebody should know.
    pub(super) async fn warn(&mut self, about: &str, what: &str, message: &str) -> anyhow::Result<()> {
        if self.is_news(about, what, message).await? {
            eprintln!("gazetier: warning: {message}");
        }
        Ok(())
    }

    /// Forgets what stands no more, of what was told before.
    pub(super) async fn forget(&self, told: &HashSet<String>) -> anyhow::Result<()> {
        let is_over = |what: &&String| what.starts_with(PREFIX) && !self.standing.contains(what);
        if told.iter().any(|what| is_over(&what)) {
            self.session.store.forget_notices(PREFIX, &self.standing).await?;
        }
        Ok(())
    }
}
