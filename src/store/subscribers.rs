//! Readers from lists: what a list may change in the store, and what it may not. Who left or is suppressed here is
//! not revived by a list; who left by a list gets nothing here, unless they said otherwise themselves since.

use std::collections::{HashMap, hash_map::Entry};

use serde::Serialize;

use super::{
    Result, Store, Tx,
    list_plan::{AddressHash, FreshIds, KnownAddressRow, Plan, Rows, SHORT_LIST_LINES, plan},
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

/// So many lines go to one statement: each takes its rows as a text, of which there are several copies by turns.
const LINES_IN_STATEMENT: usize = 4_000;

/// A part of a list, made ready to be entered.
#[derive(Debug, Default)]
pub struct ReadyPart {
    /// The lines with the hashes of their addresses.
    entries: Vec<(AddressHash, ListEntry)>,
    /// Where an address stands among them.
    places: HashMap<AddressHash, usize>,
    /// How many addresses stood there twice.
    twins: u64,
}

impl ReadyPart {
    /// Adds a line. Of two lines about one address, what weighs more counts.
    fn add(&mut self, hash: AddressHash, entry: ListEntry) {
        match self.places.entry(hash) {
            Entry::Occupied(place) => {
                self.twins += 1;
                self.entries[*place.get()].1.join(entry);
            }
            Entry::Vacant(place) => {
                place.insert(self.entries.len());
                self.entries.push((hash, entry));
            }
        }
    }

    /// When all lines are there. A short list keeps its order, and so does one that another store wrote, so that both can
    /// be compared. A long one is put in the order of the hashes: an index is then read and written page by page, and not
    /// a page for each line.
    pub fn close(&mut self) {
        self.places = HashMap::new();
        if self.entries.len() > SHORT_LIST_LINES && self.entries.iter().all(|(_, entry)| entry.identity.is_none()) {
            self.entries.sort_unstable_by_key(|(hash, _)| *hash);
        }
    }
}

impl Store {
    /// Adds subscribers of a newsletter, all or none. Nobody is revived: who is known or suppressed is left alone.
    pub async fn add_subscribers(&self, newsletter: &Slug, subscribers: &[Subscriber], at: Instant) -> Result<Added> {
        let entries: Vec<ListEntry> = subscribers.iter().cloned().map(ListEntry::from).collect();
        self.enter_list(newsletter, entries, at, None).await
    }

    /// Adds a line to a part of a list: what takes time and no store.
    pub fn add_to_part(&self, part: &mut ReadyPart, entry: ListEntry) {
        part.add(self.address_hash(&entry.subscriber.address), entry);
    }

    /// A whole list as one part.
    fn ready_part(&self, entries: Vec<ListEntry>) -> ReadyPart {
        let mut part = ReadyPart::default();
        entries.into_iter().for_each(|entry| self.add_to_part(&mut part, entry));
        part.close();
        part
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
        let newsletter = newsletter.as_str();
        self.transact_alone(async |mut tx| {
            if part.entries.len() > SHORT_LIST_LINES {
                tx.expect_many_pages().await?;
            }
            let mut count = Added { known: part.twins, ..Added::default() };
            let mut fresh = FreshIds::new(part.entries.len());
            let mut planned = None;
            // No address stands in two chunks: what is known of the next ones may be asked before these are written, and
            // while the store writes, the next plan is made.
            for lines in part.entries.chunks(LINES_IN_STATEMENT) {
                let rows = tx.standings(lines, newsletter).await?;
                let make_plan = async { plan(lines, rows, &mut fresh, at, revive) };
                let next = match planned.take() {
                    Some(current) => {
                        let (done, next) = tokio::join!(tx.carry_out(current, newsletter, at), make_plan);
                        done?;
                        next?
                    }
                    None => make_plan.await?,
                };
                count.add(next.count);
                planned = Some(next);
            }
            if let Some(last) = planned {
                tx.carry_out(last, newsletter, at).await?;
            }
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
        let mut count = Added { known: part.twins, ..Added::default() };
        let mut fresh = FreshIds::new(part.entries.len());
        for lines in part.entries.chunks(LINES_IN_STATEMENT) {
            let query = self.read(lists::STANDING_OF).bind(Rows::hashes(lines).into_text()).bind(newsletter.as_str());
            let rows: Vec<KnownAddressRow> = query.fetch_all().await?;
            count.add(plan(lines, rows, &mut fresh, at, revive.then_some(""))?.count);
        }
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

impl Tx<'_> {
    async fn standings(
        &mut self,
        lines: &[(AddressHash, ListEntry)],
        newsletter: &str,
    ) -> Result<Vec<KnownAddressRow>> {
        let hashes = Rows::hashes(lines).into_text();
        self.query(lists::STANDING_OF).bind(hashes).bind(newsletter).fetch_all().await
    }

    /// Writes down what is to be done about some lines of a list.
    async fn carry_out(&mut self, plan: Plan, newsletter: &str, at: Instant) -> Result<()> {
        if !plan.revived.is_empty() {
            let back = plan.revived.into_text();
            let forgiven = plan.forgiven.into_text();
            self.query(lists::KEEP_FORGIVEN).bind(forgiven).bind(millis(at)).execute().await?;
            for statement in [sql::FORGIVE, sql::FORGET_FORMER] {
                self.query(statement).bind(&back).execute().await?;
            }
            self.query(sql::REVIVE).bind(&back).bind(millis(at)).bind(newsletter).execute().await?;
            self.query(sql::RETURN_READERS).bind(&back).bind(millis(at)).execute().await?;
        }
        if !plan.readers.is_empty() {
            self.query(lists::ADD_LISTED_READERS).bind(plan.readers.into_text()).execute().await?;
            let query = self.query(lists::ADD_LISTED_SUBSCRIPTIONS).bind(plan.subscriptions.into_text());
            query.bind(newsletter).execute().await?;
        }
        if !plan.leavers.is_empty() {
            self.query(lists::LEAVE_LISTED).bind(plan.leavers.into_text()).bind(newsletter).execute().await?;
        }
        for (statement, rows) in [
            (lists::SUPPRESS_LISTED, plan.suppressed),
            (lists::ADD_LISTED_CONSENTS, plan.consents),
            (lists::ADD_LISTED_ALLOWANCES, plan.allowances),
            (lists::ADD_LISTED_FORMER, plan.former),
        ] {
            if !rows.is_empty() {
                self.query(statement).bind(rows.into_text()).execute().await?;
            }
        }
        Ok(())
    }
}
