//! What is to be done about a part of a list, by what the store knows of its readers: rows for the statements of
//! `sql/lists.rs`.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use serde::Serialize;

use super::{Error, Result, Store, millis, query::from_row, subscribers::Added};
use crate::model::{Allowance, HashedAddress, Instant, ListEntry, Membership};

/// So many lines are no long list.
pub(super) const SHORT_LIST_LINES: usize = 1_000;

/// What the store knows of an address that a list names.
pub(super) struct KnownAddressRow {
    hash: Vec<u8>,
    reader: Option<i64>,
    state: Option<String>,
    suppressed_for: Option<String>,
    is_former: i64,
    returned: Option<i64>,
    confirmed: Option<i64>,
}

from_row!(in order KnownAddressRow { hash, reader, state, suppressed_for, is_former, returned, confirmed });

/// The same.
struct KnownAddress {
    is_reader: bool,
    state: Option<String>,
    suppressed: bool,
    is_former: bool,
    /// When the reader last said by themselves that they want the letters.
    wished: Option<i64>,
}

impl From<KnownAddressRow> for KnownAddress {
    fn from(row: KnownAddressRow) -> Self {
        Self {
            is_reader: row.reader.is_some(),
            state: row.state,
            suppressed: row.suppressed_for.is_some(),
            is_former: row.is_former == 1,
            wished: row.returned.max(row.confirmed),
        }
    }
}

impl KnownAddress {
    /// Whether what a list says against a reader is older than the reader's own word. What has no date is older
    /// than any.
    fn outlives(&self, said: Option<Instant>) -> bool {
        self.wished.is_some_and(|wished| said.is_none_or(|said| millis(said) <= wished))
    }
}

/// What is to be written of a part of a list.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) count: Added,
    /// Who is new, and their subscriptions.
    pub(super) readers: Rows,
    pub(super) subscriptions: Rows,
    pub(super) leavers: Rows,
    pub(super) suppressed: Rows,
    pub(super) consents: Rows,
    pub(super) allowances: Rows,
    pub(super) former: Rows,
    pub(super) revived: Rows,
    /// The same, each with why.
    pub(super) forgiven: Rows,
}

/// What an address is recognised by.
pub(super) type AddressHash = [u8; 16];

/// Ids for the new readers of a list, in order, for the sake of their index. They are drawn when the first is wanted:
/// of a list that was read before, nearly all readers are known.
pub(super) struct FreshIds {
    lines: usize,
    ids: Option<std::vec::IntoIter<[u8; 16]>>,
}

impl FreshIds {
    /// For a list of so many lines.
    pub(super) fn new(lines: usize) -> Self {
        Self { lines, ids: None }
    }

    fn next(&mut self) -> Result<[u8; 16]> {
        let ids = match &mut self.ids {
            Some(ids) => ids,
            None => self.ids.insert(draw_ids(self.lines)?.into_iter()),
        };
        ids.next().map_or_else(Store::random, Ok)
    }
}

/// Rows as a statement takes them: the text of one JSON array, and nothing besides, because there are many.
#[derive(Default)]
pub(super) struct Rows(Vec<u8>);

impl Rows {
    /// Adds a row: a tuple of texts and numbers, which can all be said in JSON.
    fn push(&mut self, row: impl Serialize) {
        self.0.push(if self.0.is_empty() { b'[' } else { b',' });
        // Nothing fails here: memory takes all, and the keys of no map are written.
        let _ = serde_json::to_writer(&mut self.0, &row);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_text(mut self) -> String {
        self.0.extend_from_slice(if self.is_empty() { b"[]" } else { b"]" });
        String::from_utf8(self.0).unwrap_or_default()
    }

    /// The hashes of lines.
    pub(super) fn hashes(entries: &[(AddressHash, ListEntry)]) -> Self {
        let mut rows = Self::default();
        entries.iter().for_each(|(hash, _)| rows.push((HEXLOWER.encode(hash),)));
        rows
    }
}

/// A line of a list, and what the store knows of its address.
struct Line<'a> {
    /// In hexadecimal digits.
    hash: &'a str,
    entry: &'a ListEntry,
    known: Option<&'a KnownAddress>,
    /// When the list is read.
    at: Instant,
}

impl Plan {
    /// Says what is to be done about one line, and counts it.
    fn add(&mut self, line: &Line<'_>, fresh: &mut FreshIds, revive: Option<&str>) -> Result<()> {
        let Line { hash, entry, known: standing, .. } = *line;
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
                self.revived.push((hash,));
                self.forgiven.push((hash, words));
                self.reader(line, fresh)?;
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
                    self.reader(line, fresh)?;
                }
            }
        } else {
            self.bar(line, fresh)?;
        }
        Ok(())
    }

    /// The same of somebody who gets no letters by the list.
    fn bar(&mut self, line: &Line<'_>, fresh: &mut FreshIds) -> Result<()> {
        let Line { hash, entry, known: standing, at } = *line;
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
                self.reader(line, fresh)?;
            }
            Some("active") if !suppressed => self.count.let_go += 1,
            Some(state) => {
                self.count.known += 1;
                self.count.left += u64::from(state == "unsubscribed");
            }
        }
        if state.is_some() && entry.membership == Membership::Left {
            self.leavers.push((hash, millis(entry.since.unwrap_or(at))));
        }
        if let Some(suppression) = entry.suppression {
            let since = millis(suppression.since.unwrap_or(at));
            self.suppressed.push((hash, suppression.reason.as_str(), since));
        }
        Ok(())
    }

    /// A reader that is new, with all that hangs on one.
    fn reader(&mut self, line: &Line<'_>, fresh: &mut FreshIds) -> Result<()> {
        let Line { hash, entry, known: standing, at } = *line;
        let own = entry.identity.as_ref();
        let id = HEXLOWER.encode(&match own {
            Some(own) => *own.reader.bytes(),
            None => fresh.next()?,
        });
        let joined = entry.joined.unwrap_or(at);
        // When somebody left is not known by when they came.
        let since = entry.since.unwrap_or(if entry.membership == Membership::Left { at } else { joined });
        let choice = entry.subscriber.choice.key();
        let (rhythm, paused) = (entry.rhythm.to_string(), entry.paused.map(millis));
        let (state, hour) = (entry.membership.as_str(), entry.delivery.to_string());
        self.subscriptions.push((hash, choice, state, millis(since), rhythm, paused, hour));
        self.readers.push((
            hash,
            entry.subscriber.address.to_string(),
            &entry.subscriber.name,
            id,
            &entry.language,
            millis(joined),
            millis(entry.returned.unwrap_or(joined)),
            own.and_then(|own| own.old_number),
            own.map_or(0, |own| own.moves),
            i64::from(entry.together),
        ));
        // Of who is there already, the store knows better.
        if standing.is_some_and(|standing| standing.is_reader) {
            return Ok(());
        }
        for consent in &entry.consents {
            self.consents.push((
                hash,
                &consent.way,
                &consent.words,
                millis(consent.asked),
                &consent.asked_from,
                millis(consent.confirmed),
                &consent.confirmed_from,
            ));
        }
        for former in own.iter().flat_map(|own| &own.former) {
            self.former.push((hash, HEXLOWER.encode(&former.hash), millis(former.moved)));
        }
        self.allow(hash, &entry.allowances);
        Ok(())
    }

    /// What is to be written of addresses that are known by their hashes alone.
    pub(super) fn of_hashes(hashes: &[HashedAddress], at: Instant) -> Self {
        let mut plan = Self::default();
        for hashed in hashes {
            let hash = HEXLOWER.encode(&hashed.hash);
            if let Some(suppression) = hashed.suppression {
                plan.count.as_suppressed += 1;
                let since = millis(suppression.since.unwrap_or(at));
                plan.suppressed.push((&hash, suppression.reason.as_str(), since));
            }
            plan.allow(&hash, &hashed.allowances);
        }
        plan
    }

    fn allow(&mut self, hash: &str, allowances: &[Allowance]) {
        for one in allowances {
            self.allowances.push((hash, &one.words, one.reason.as_str(), millis(one.suppressed), millis(one.at)));
        }
    }
}

/// What is to be written of some lines of a list, by what the store knows.
pub(super) fn plan(
    entries: &[(AddressHash, ListEntry)],
    rows: Vec<KnownAddressRow>,
    fresh: &mut FreshIds,
    at: Instant,
    revive: Option<&str>,
) -> Result<Plan> {
    let standings: HashMap<Vec<u8>, KnownAddress> =
        rows.into_iter().map(|mut row| (std::mem::take(&mut row.hash), KnownAddress::from(row))).collect();
    let mut plan = Plan::default();
    for (hash, entry) in entries {
        let line = Line { hash: &HEXLOWER.encode(hash), entry, known: standings.get(hash.as_slice()), at };
        plan.add(&line, fresh, revive)?;
    }
    Ok(plan)
}

/// Random ids for so many new readers, in order; none for a few.
fn draw_ids(readers: usize) -> Result<Vec<[u8; 16]>> {
    let count = if readers > SHORT_LIST_LINES { readers } else { 0 };
    let mut bytes = vec![0; count * 16];
    // All at once: the system is asked once, and not for each reader.
    getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
    let mut ids = bytes.as_chunks::<16>().0.to_vec();
    ids.sort_unstable();
    Ok(ids)
}
