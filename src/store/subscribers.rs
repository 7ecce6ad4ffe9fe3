//! Readers from lists: what a list may change in the store, and what it may not. Who left or is suppressed here is
//! not revived by a list; who left by a list gets nothing here, unless they said otherwise themselves since.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use serde::Serialize;

use super::{
    Result, Store,
    list_plan::{KnownAddressRow, Plan, Rows, SHORT_LIST_LINES, plan},
    millis, sql,
    sql::lists,
};
use crate::model::{HashedAddress, Instant, ListEntry, Slug, Subscriber};

/// What became of subscribers that were to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Added {
    /// New, and getting letters.
    pub added: u64,
    /// On the list already (or once): left as they are.
    pub known: u64,
    /// Of these, who had left.
    pub left: u64,
    /// Suppressed: left alone.
    pub suppressed: u64,
    /// Addresses from which readers have moved away: left alone, and counted among the known.
    pub moved: u64,
    /// Brought back, because that was wished.
    pub revived: u64,
    /// New, and unsubscribed by the list.
    pub as_left: u64,
    /// New, and suppressed by the list; also addresses that are known by their hashes alone.
    pub as_suppressed: u64,
    /// Got letters until now, and left or are suppressed by the list.
    pub let_go: u64,
    /// Never confirmed: not taken.
    pub unconfirmed: u64,
}

impl Added {
    /// Adds another count to this one.
    pub fn add(&mut self, other: Self) {
        self.added += other.added;
        self.known += other.known;
        self.left += other.left;
        self.suppressed += other.suppressed;
        self.moved += other.moved;
        self.revived += other.revived;
        self.as_left += other.as_left;
        self.as_suppressed += other.as_suppressed;
        self.let_go += other.let_go;
        self.unconfirmed += other.unconfirmed;
    }
}

/// A part of a list, made ready to be entered.
#[derive(Debug)]
pub struct ReadyPart {
    /// The lines with the hashes of their addresses.
    entries: Vec<(String, ListEntry)>,
    /// How many addresses stood there twice.
    twins: u64,
    /// All hashes, as statements take them.
    hashes: String,
}

impl Store {
    /// Adds subscribers of a newsletter, all or none. Nobody is revived: who is known or suppressed is left alone.
    pub async fn add_subscribers(&self, newsletter: &Slug, subscribers: &[Subscriber], at: Instant) -> Result<Added> {
        let entries: Vec<ListEntry> = subscribers.iter().cloned().map(ListEntry::from).collect();
        self.enter_list(newsletter, entries, at, None).await
    }

    /// Makes a part of a list ready: what takes time and no store. Of two lines about one address, what weighs more
    /// counts. A short list keeps its order, and so does one that another store wrote, so that both can be compared. A
    /// long one is put in the order of the hashes: an index is then read and written page by page, and not a page for
    /// each line.
    pub fn ready_part(&self, entries: Vec<ListEntry>) -> ReadyPart {
        let mut places: HashMap<String, usize> = HashMap::with_capacity(entries.len());
        let mut joined: Vec<(String, ListEntry)> = Vec::with_capacity(entries.len());
        let count = entries.len();
        for entry in entries {
            let hash = HEXLOWER.encode(&self.hash(&entry.subscriber.address));
            match places.get(&hash) {
                Some(place) => joined[*place].1.join(entry),
                None => {
                    places.insert(hash.clone(), joined.len());
                    joined.push((hash, entry));
                }
            }
        }
        let twins = count - joined.len();
        if joined.len() > SHORT_LIST_LINES && joined.iter().all(|(_, entry)| entry.identity.is_none()) {
            joined.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        }
        let hashes = Rows::hashes(&joined).into_text();
        ReadyPart { entries: joined, twins: twins as u64, hashes }
    }

    /// Takes in a part of a list: see [`Self::enter_part`].
    pub async fn enter_list(
        &self,
        newsletter: &Slug,
        entries: Vec<ListEntry>,
        at: Instant,
        revive: Option<&str>,
    ) -> Result<Added> {
        self.enter_part(newsletter, &self.ready_part(entries), at, revive).await
    }

    /// Takes in a part of a list, all or none. Who left, moved away or was suppressed here is brought back only if
    /// that is wished, in words that are kept.
    pub async fn enter_part(
        &self,
        newsletter: &Slug,
        part: &ReadyPart,
        at: Instant,
        revive: Option<&str>,
    ) -> Result<Added> {
        let ReadyPart { entries, twins, hashes } = part;
        let newsletter = newsletter.as_str();
        self.transact_alone(async |mut tx| {
            if entries.len() > SHORT_LIST_LINES {
                tx.expect_many_pages().await?;
            }
            let rows: Vec<KnownAddressRow> =
                tx.query(lists::STANDING_OF).bind(hashes).bind(newsletter).fetch_all().await?;
            let plan = plan(entries, rows, at, revive)?;
            if !plan.revived.is_empty() {
                let back = plan.revived.into_text();
                let forgiven = plan.forgiven.into_text();
                let query = tx.query(lists::KEEP_FORGIVEN).bind(forgiven).bind(millis(at));
                query.execute().await?;
                for statement in [sql::FORGIVE, sql::FORGET_FORMER] {
                    tx.query(statement).bind(&back).execute().await?;
                }
                let query = tx.query(sql::REVIVE).bind(&back).bind(millis(at)).bind(newsletter);
                query.execute().await?;
                tx.query(sql::RETURN_READERS).bind(&back).bind(millis(at)).execute().await?;
            }
            if !plan.readers.is_empty() {
                let (readers, subscriptions) = (plan.readers.into_text(), plan.subscriptions.into_text());
                tx.query(lists::ADD_LISTED_READERS).bind(readers).execute().await?;
                let query = tx.query(lists::ADD_LISTED_SUBSCRIPTIONS);
                query.bind(subscriptions).bind(newsletter).execute().await?;
            }
            if !plan.leavers.is_empty() {
                let query = tx.query(lists::LEAVE_LISTED).bind(plan.leavers.into_text());
                query.bind(newsletter).execute().await?;
            }
            for (statement, rows) in [
                (lists::SUPPRESS_LISTED, plan.suppressed),
                (lists::ADD_LISTED_CONSENTS, plan.consents),
                (lists::ADD_LISTED_ALLOWANCES, plan.allowances),
                (lists::ADD_LISTED_FORMER, plan.former),
            ] {
                if !rows.is_empty() {
                    tx.query(statement).bind(rows.into_text()).execute().await?;
                }
            }
            let mut count = plan.count;
            count.known += twins;
            tx.commit().await?;
            Ok(count)
        })
        .await
    }

    /// What taking in a part of a list would come to.
    pub async fn weigh_list(
        &self,
        newsletter: &Slug,
        entries: Vec<ListEntry>,
        at: Instant,
        revive: bool,
    ) -> Result<Added> {
        self.weigh_part(newsletter, &self.ready_part(entries), at, revive).await
    }

    /// The same of one that is ready.
    pub async fn weigh_part(&self, newsletter: &Slug, part: &ReadyPart, at: Instant, revive: bool) -> Result<Added> {
        let ReadyPart { entries, twins, hashes } = part;
        let rows: Vec<KnownAddressRow> =
            self.read(lists::STANDING_OF).bind(hashes).bind(newsletter.as_str()).fetch_all().await?;
        let mut count = plan(entries, rows, at, revive.then_some(""))?.count;
        count.known += twins;
        Ok(count)
    }

    /// Takes in addresses that a store with the same key knows by their hashes alone.
    pub async fn enter_hashes(&self, hashes: &[HashedAddress], at: Instant) -> Result<Added> {
        let Plan { count, suppressed, allowances, .. } = Plan::of_hashes(hashes, at);
        let rows = [(lists::SUPPRESS_LISTED, suppressed), (lists::ADD_LISTED_ALLOWANCES, allowances)];
        let rows = rows.map(|(statement, rows)| (statement, (!rows.is_empty()).then(|| rows.into_text())));
        self.transact_alone(async |mut tx| {
            for (statement, rows) in &rows {
                if let Some(rows) = rows {
                    tx.query(*statement).bind(rows).execute().await?;
                }
            }
            tx.commit().await?;
            Ok(count)
        })
        .await
    }
}
