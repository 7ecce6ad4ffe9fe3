//! What became of an edition's letters, by domain: what a relay, a mail server and readers have said, and nothing that
//! would be found out about anybody behind their back.

use super::{Result, Store, millis, query::from_row, sql};
use crate::model::Edition;

/// The letters of an edition to one domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DomainFigures {
    /// The domain of their addresses.
    pub domain: String,
    /// All of them.
    pub letters: i64,
    /// Taken by a relay.
    pub sent: i64,
    /// Refused by it for good.
    pub failed: i64,
    /// May have arrived.
    pub unsure: i64,
    /// Came back afterwards.
    pub came_back: i64,
    /// Complained of.
    pub complained: i64,
    /// Whose readers left before the next edition.
    pub gone: i64,
}

from_row!(in order DomainFigures { domain, letters, sent, failed, unsure, came_back, complained, gone });

impl DomainFigures {
    /// Adds others to these.
    pub fn add(&mut self, other: &Self) {
        self.letters += other.letters;
        self.sent += other.sent;
        self.failed += other.failed;
        self.unsure += other.unsure;
        self.came_back += other.came_back;
        self.complained += other.complained;
        self.gone += other.gone;
    }
}

impl Store {
    /// The figures of an edition, the domain with most letters first. Of letters that are no longer kept there are none.
    pub async fn figures(&self, edition: &Edition) -> Result<Vec<DomainFigures>> {
        let (newsletter, cutoff) = (edition.newsletter.as_str(), millis(edition.cutoff));
        let next: Option<i64> = self.read(sql::NEXT_CUTOFF).bind(newsletter).bind(cutoff).fetch_one().await?;
        self.read(sql::FIGURES)
            .bind(edition.id)
            .bind(newsletter)
            .bind(cutoff)
            .bind(next.unwrap_or(i64::MAX))
            .fetch_all()
            .await
    }
}
