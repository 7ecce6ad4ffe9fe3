//! What a sync tells. What stays as it is, is told once and not at each run again; what was mended and breaks
//! again is news. Each message is handed over at once: a sync that is killed has told what it says it told.

use std::{collections::HashSet, fmt::Display};

use super::{Error, SyncContext, SyncSummary};

/// What all of a sync's notices begin with in the store.
const NOTICE_PREFIX: &str = "sync:";

/// A message of a sync, for who looks after the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncMessage {
    /// Something could not be taken.
    Refused(String),
    /// Something that somebody should know, and that stops nothing.
    Warning(String),
}

/// Takes a sync's messages as they come.
pub type MessageHandler<'a> = &'a mut dyn FnMut(SyncMessage);

/// Hands messages over, and counts what was done.
pub(super) struct SyncReporter<'a> {
    context: SyncContext<'a>,
    /// Whether all is told, told before or not.
    pub(super) by_hand: bool,
    handler: MessageHandler<'a>,
    /// The keys of all notices of this run.
    standing: Vec<String>,
    pub(super) summary: SyncSummary,
}

impl<'a> SyncReporter<'a> {
    pub(super) fn new(context: SyncContext<'a>, by_hand: bool, handler: MessageHandler<'a>) -> Self {
        Self { context, by_hand, handler, standing: Vec::new(), summary: SyncSummary::default() }
    }

    /// Tells of something that could not be taken.
    pub(super) fn refuse(&mut self, message: impl Display) {
        (self.handler)(SyncMessage::Refused(message.to_string()));
        self.summary.refused += 1;
    }

    /// Tells of something that somebody should know.
    pub(super) fn warn(&mut self, message: impl Display) {
        (self.handler)(SyncMessage::Warning(message.to_string()));
    }

    /// Whether this is to be told: about what, what of it, in which words.
    async fn is_news(&mut self, about: &str, what: &str, message: &str) -> Result<bool, Error> {
        let key = format!("{NOTICE_PREFIX}{about}:{what}:{message}");
        let news = self.context.store.tell_notice(&key, self.context.at).await?;
        self.standing.push(key);
        Ok(news || self.by_hand)
    }

    /// Tells once of something that could not be taken.
    pub(super) async fn refuse_once(&mut self, about: &str, what: &str, message: &str) -> Result<(), Error> {
        if self.is_news(about, what, message).await? {
            self.refuse(message);
        }
        Ok(())
    }

    /// Tells once of something that somebody should know.
    pub(super) async fn warn_once(&mut self, about: &str, what: &str, message: &str) -> Result<(), Error> {
        if self.is_news(about, what, message).await? {
            self.warn(message);
        }
        Ok(())
    }

    /// Keeps a word in the store for the next sync, and tells nobody.
    pub(super) async fn note(&mut self, about: &str, what: &str, word: &str) -> Result<(), Error> {
        self.is_news(about, what, word).await.map(|_| ())
    }

    /// The words that were noted.
    pub(super) fn noted<'n>(
        &self,
        about: &str,
        what: &str,
        told: &'n HashSet<String>,
    ) -> impl Iterator<Item = &'n str> + use<'n> {
        let prefix = format!("{NOTICE_PREFIX}{about}:{what}:");
        told.iter().filter_map(move |notice| notice.strip_prefix(&prefix))
    }

    /// What was told and noted of a source that is not looked at now still stands.
    pub(super) fn keep(&mut self, about: &str, told: &HashSet<String>) {
        let prefix = format!("{NOTICE_PREFIX}{about}:");
        self.standing.extend(told.iter().filter(|notice| notice.starts_with(&prefix)).cloned());
    }

    /// Forgets what was told before and is over.
    pub(super) async fn forget_mended(&self, told: &HashSet<String>) -> Result<(), Error> {
        let is_over = |what: &&String| what.starts_with(NOTICE_PREFIX) && !self.standing.contains(what);
        if told.iter().any(|what| is_over(&what)) {
            self.context.store.forget_notices(NOTICE_PREFIX, &self.standing).await?;
        }
        Ok(())
    }
}
