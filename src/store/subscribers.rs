//! Readers from lists: what a list may change in the store, and what it may not. Who left or is suppressed here is
//! not revived by a list; who left by a list gets nothing here, unless they said otherwise themselves since.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Result, Store, for_many_pages, millis, on, sql, sql::lists, transact, worded};
use crate::model::{HashedAddress, Instant, ListEntry, Membership, Slug, Subscriber};

/// So many lines are no long list.
const FEW: usize = 1_000;

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

/// What the store knows of an address that a list names.
#[derive(sqlx::FromRow)]
struct StandingRow(Vec<u8>, Option<i64>, Option<String>, Option<String>, i64, Option<i64>, Option<i64>);

/// The same.
struct Standing {
    is_reader: bool,
    state: Option<String>,
    suppressed: bool,
    is_former: bool,
    /// When the reader last said by themselves that they want the letters.
    wished: Option<i64>,
}

impl From<StandingRow> for Standing {
    fn from(row: StandingRow) -> Self {
        let StandingRow(_, id, state, reason, is_former, returned, confirmed) = row;
        Self {
            is_reader: id.is_some(),
            state,
            suppressed: reason.is_some(),
            is_former: is_former == 1,
            wished: returned.max(confirmed),
        }
    }
}

impl Standing {
    /// Whether what a list says against a reader is older than the reader's own word. What has no date is older
    /// than any.
    fn outlives(&self, said: Option<Instant>) -> bool {
        self.wished.is_some_and(|wished| said.is_none_or(|said| millis(said) <= wished))
    }
}

/// What is to be written of a part of a list.
#[derive(Default)]
struct Plan {
    count: Added,
    /// Rows for the statements of `sql/lists.rs`.
    readers: Rows,
    leavers: Rows,
    suppressed: Rows,
    consents: Rows,
    allowances: Rows,
    former: Rows,
    revived: Rows,
    /// The same, each with why.
    forgiven: Rows,
    /// Ids for new readers.
    fresh: std::vec::IntoIter<[u8; 16]>,
}

/// Rows as a statement takes them: the text of one JSON array, and nothing besides, because there are many.
#[derive(Default)]
struct Rows(String);

impl Rows {
    fn push(&mut self, row: Value) {
        self.0.push(if self.0.is_empty() { '[' } else { ',' });
        self.0.push_str(&row.to_string());
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn text(&self) -> String {
        if self.is_empty() { "[]".to_owned() } else { format!("{}]", self.0) }
    }

    /// The hashes of lines.
    fn hashes(entries: &[(String, ListEntry)]) -> Self {
        let mut rows = Self::default();
        entries.iter().for_each(|(hash, _)| rows.push(json!([hash])));
        rows
    }
}

impl Plan {
    /// Says what is to be done about one line, and counts it.
    fn add(
        &mut self,
        hash: &str,
        entry: &ListEntry,
        standing: Option<&Standing>,
        at: Instant,
        revive: Option<&str>,
    ) -> Result<()> {
        let state = standing.and_then(|standing| standing.state.as_deref());
        let suppressed = standing.is_some_and(|standing| standing.suppressed);
        let is_former = state.is_none() && standing.is_some_and(|standing| standing.is_former && !standing.is_reader);
        let wants = entry.membership == Membership::Active && entry.suppression.is_none();
        if entry.membership == Membership::Pending && entry.suppression.is_none() {
            match state {
                Some(_) => self.count.known += 1,
                None => self.count.unconfirmed += 1,
            }
        } else if wants && (suppressed || state == Some("unsubscribed") || is_former) {
            if let Some(words) = revive {
                self.count.revived += 1;
                self.revived.push(json!([hash]));
                self.forgiven.push(json!([hash, words]));
                self.reader(hash, entry, standing, at)?;
            } else if suppressed {
                self.count.suppressed += 1;
            } else {
                self.count.known += 1;
                self.count.left += u64::from(!is_former);
                self.count.moved += u64::from(is_former);
            }
        } else if wants {
            match state {
                Some(_) => self.count.known += 1,
                None => {
                    self.count.added += 1;
                    self.reader(hash, entry, standing, at)?;
                }
            }
        } else {
            self.bar(hash, entry, standing, at)?;
        }
        Ok(())
    }

    /// The same of somebody who gets no letters by the list.
    fn bar(&mut self, hash: &str, entry: &ListEntry, standing: Option<&Standing>, at: Instant) -> Result<()> {
        let said = entry.suppression.map_or(entry.since, |suppression| suppression.since.or(entry.since));
        let state = standing.and_then(|standing| standing.state.as_deref());
        let suppressed = standing.is_some_and(|standing| standing.suppressed);
        if standing.is_some_and(|standing| standing.outlives(said)) {
            self.count.known += 1;
            return Ok(());
        }
        match state {
            None if standing.is_some_and(|standing| standing.is_former) => {
                self.count.known += 1;
                self.count.moved += 1;
            }
            // Erased: the address is not written down again.
            None if suppressed => self.count.suppressed += 1,
            None => {
                match entry.suppression {
                    Some(_) => self.count.as_suppressed += 1,
                    None => self.count.as_left += 1,
                }
                self.reader(hash, entry, standing, at)?;
            }
            Some("active") if !suppressed => self.count.let_go += 1,
            Some(state) => {
                self.count.known += 1;
                self.count.left += u64::from(state == "unsubscribed");
            }
        }
        if state.is_some() && entry.membership == Membership::Left {
            self.leavers.push(json!([hash, millis(entry.since.unwrap_or(at))]));
        }
        if let Some(suppression) = entry.suppression {
            let since = millis(suppression.since.unwrap_or(at));
            self.suppressed.push(json!([hash, suppression.reason.as_str(), since]));
        }
        Ok(())
    }

    /// A reader that is new, with all that hangs on one.
    fn reader(&mut self, hash: &str, entry: &ListEntry, standing: Option<&Standing>, at: Instant) -> Result<()> {
        let own = entry.identity.as_ref();
        let id = match (own, self.fresh.next()) {
            (Some(own), _) => HEXLOWER.encode(own.reader.bytes()),
            (None, Some(fresh)) => HEXLOWER.encode(&fresh),
            (None, None) => HEXLOWER.encode(&Store::random()?),
        };
        let joined = entry.joined.unwrap_or(at);
        // When somebody left is not known by when they came.
        let since = entry.since.unwrap_or(if entry.membership == Membership::Left { at } else { joined });
        self.readers.push(json!([
            hash,
            entry.subscriber.address.to_string(),
            entry.subscriber.name,
            entry.subscriber.choice.key(),
            id,
            entry.language,
            entry.membership.as_str(),
            millis(since),
            millis(joined),
            millis(entry.returned.unwrap_or(joined)),
            own.and_then(|own| own.old_number),
            own.map_or(0, |own| own.moves),
        ]));
        // Of who is there already, the store knows better.
        if standing.is_some_and(|standing| standing.is_reader) {
            return Ok(());
        }
        for consent in &entry.consents {
            self.consents.push(json!([
                hash,
                consent.way,
                consent.words,
                millis(consent.asked),
                consent.asked_from,
                millis(consent.confirmed),
                consent.confirmed_from,
            ]));
        }
        for former in own.iter().flat_map(|own| &own.former) {
            self.former.push(json!([hash, HEXLOWER.encode(&former.hash), millis(former.moved)]));
        }
        self.allow(hash, &entry.allowances);
        Ok(())
    }

    fn allow(&mut self, hash: &str, allowances: &[crate::model::Allowance]) {
        for one in allowances {
            self.allowances.push(json!([hash, one.words, one.reason.as_str(), millis(one.suppressed), millis(one.at)]));
        }
    }
}

impl Store {
    /// Adds subscribers of a newsletter, all or none. Nobody is revived: who is known or suppressed is left alone.
    pub async fn add_subscribers(&self, newsletter: &Slug, subscribers: &[Subscriber], at: Instant) -> Result<Added> {
        let entries: Vec<ListEntry> = subscribers.iter().cloned().map(ListEntry::from).collect();
        self.enter_list(newsletter, entries, at, None).await
    }

    /// Takes in a part of a list, all or none. Who left, moved away or was suppressed here is brought back only if
    /// that is wished, in words that are kept.
    pub async fn enter_list(
        &self,
        newsletter: &Slug,
        entries: Vec<ListEntry>,
        at: Instant,
        revive: Option<&str>,
    ) -> Result<Added> {
        let (entries, twins) = self.join_twins(entries);
        let hashes = Rows::hashes(&entries).text();
        let newsletter = newsletter.as_str();
        transact!(self, begin_alone, pool, tx => {
            if let Some(statement) = for_many_pages(pool).filter(|_| entries.len() > FEW) {
                sqlx::query(statement).execute(&mut *tx).await?;
            }
            let rows: Vec<StandingRow> = sqlx::query_as(worded(pool, lists::STANDING_OF))
                .bind(&hashes)
                .bind(newsletter)
                .fetch_all(&mut *tx)
                .await?;
            let plan = plan(&entries, rows, at, revive)?;
            if !plan.revived.is_empty() {
                let back = plan.revived.text();
                let query = sqlx::query(worded(pool, lists::KEEP_FORGIVEN)).bind(plan.forgiven.text()).bind(millis(at));
                query.execute(&mut *tx).await?;
                for statement in [sql::FORGIVE, sql::FORGET_FORMER] {
                    sqlx::query(worded(pool, statement)).bind(&back).execute(&mut *tx).await?;
                }
                let query = sqlx::query(worded(pool, sql::REVIVE)).bind(&back).bind(millis(at)).bind(newsletter);
                query.execute(&mut *tx).await?;
                sqlx::query(worded(pool, sql::RETURN_READERS)).bind(&back).bind(millis(at)).execute(&mut *tx).await?;
            }
            if !plan.readers.is_empty() {
                let readers = plan.readers.text();
                sqlx::query(worded(pool, lists::ADD_LISTED_READERS)).bind(&readers).execute(&mut *tx).await?;
                let query = sqlx::query(worded(pool, lists::ADD_LISTED_SUBSCRIPTIONS)).bind(&readers).bind(newsletter);
                query.execute(&mut *tx).await?;
            }
            if !plan.leavers.is_empty() {
                let query = sqlx::query(worded(pool, lists::LEAVE_LISTED)).bind(plan.leavers.text()).bind(newsletter);
                query.execute(&mut *tx).await?;
            }
            for (statement, rows) in [
                (lists::SUPPRESS_LISTED, &plan.suppressed),
                (lists::ADD_LISTED_CONSENTS, &plan.consents),
                (lists::ADD_LISTED_ALLOWANCES, &plan.allowances),
                (lists::ADD_LISTED_FORMER, &plan.former),
            ] {
                if !rows.is_empty() {
                    sqlx::query(worded(pool, statement)).bind(rows.text()).execute(&mut *tx).await?;
                }
            }
            let mut count = plan.count;
            count.known += twins;
            count
        })
    }

    /// What taking in a part of a list would come to.
    pub async fn weigh_list(
        &self,
        newsletter: &Slug,
        entries: Vec<ListEntry>,
        at: Instant,
        revive: bool,
    ) -> Result<Added> {
        let (entries, twins) = self.join_twins(entries);
        let hashes = Rows::hashes(&entries).text();
        let rows: Vec<StandingRow> = on!(self, pool => {
            let query = sqlx::query_as(worded(pool, lists::STANDING_OF)).bind(&hashes).bind(newsletter.as_str());
            query.fetch_all(pool).await?
        });
        let mut count = plan(&entries, rows, at, revive.then_some(""))?.count;
        count.known += twins;
        Ok(count)
    }

    /// Takes in addresses that a store with the same key knows by their hashes alone.
    pub async fn enter_hashes(&self, hashes: &[HashedAddress], at: Instant) -> Result<Added> {
        let mut plan = Plan::default();
        for hashed in hashes {
            let hash = HEXLOWER.encode(&hashed.hash);
            if let Some(suppression) = hashed.suppression {
                plan.count.as_suppressed += 1;
                let since = millis(suppression.since.unwrap_or(at));
                plan.suppressed.push(json!([hash, suppression.reason.as_str(), since]));
            }
            plan.allow(&hash, &hashed.allowances);
        }
        transact!(self, begin_alone, pool, tx => {
            for (statement, rows) in
                [(lists::SUPPRESS_LISTED, &plan.suppressed), (lists::ADD_LISTED_ALLOWANCES, &plan.allowances)]
            {
                if !rows.is_empty() {
                    sqlx::query(worded(pool, statement)).bind(rows.text()).execute(&mut *tx).await?;
                }
            }
            plan.count
        })
    }

    /// The lines of a list with the hashes of their addresses; how many addresses stood there twice. Of two lines
    /// about one address, what weighs more counts. A short list keeps its order, and so does one that another
    /// store wrote, so that both can be compared. A long one is put in the order of the hashes: an index is then read
    /// and written page by page, and not a page for each line.
    fn join_twins(&self, entries: Vec<ListEntry>) -> (Vec<(String, ListEntry)>, u64) {
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
        if joined.len() > FEW && joined.iter().all(|(_, entry)| entry.identity.is_none()) {
            joined.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        }
        (joined, twins as u64)
    }
}

/// What is to be written of a part of a list, by what the store knows.
fn plan(entries: &[(String, ListEntry)], rows: Vec<StandingRow>, at: Instant, revive: Option<&str>) -> Result<Plan> {
    let standings: HashMap<String, Standing> =
        rows.into_iter().map(|row| (HEXLOWER.encode(&row.0), Standing::from(row))).collect();
    // Of a list that was read before, nearly all are known: no ids are drawn for them.
    let unknown = entries.len().saturating_sub(standings.len());
    let mut plan = Plan { fresh: fresh_ids(unknown)?.into_iter(), ..Plan::default() };
    for (hash, entry) in entries {
        plan.add(hash, entry, standings.get(hash), at, revive)?;
    }
    Ok(plan)
}

/// Random ids for so many new readers, in order, for the sake of their index; none for a few.
fn fresh_ids(readers: usize) -> Result<Vec<[u8; 16]>> {
    let count = if readers > FEW { readers } else { 0 };
    let mut ids = (0..count).map(|_| Store::random()).collect::<Result<Vec<_>>>()?;
    ids.sort_unstable();
    Ok(ids)
}
