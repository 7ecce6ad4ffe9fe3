//! Many changes of a sync at once. Nearly all of a large sync are columns that are new and in nobody's way,
//! or that are as they were: these are looked up together and written many rows to a statement. All
//! others are done one by one, in the order of the list.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::{
    Result, Tx,
    apply::{Applied, FileChange},
    bulk_rows::AddedColumn,
    column_entry::{ColumnBatch, Put, asked_update},
    query::from_row,
    sql,
};
use crate::model::{Draft, Instant};

/// What is done with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handling {
    /// Its column is new, and nothing of it is taken.
    Add,
    /// Its column is as it was; the file's stamp is new.
    Same,
    /// It is looked at by itself.
    Alone,
}

/// What the store holds of a change.
struct StoredChange {
    /// The change's place in the piece.
    place: i64,
    /// The stamp of its file.
    stamp: Option<String>,
    /// The fingerprint of its column.
    known: Option<String>,
    /// 1 if that is withdrawn.
    withdrawn: Option<i64>,
    /// How many columns have its guid.
    guids: i64,
    /// How many have its address.
    addresses: i64,
}

from_row!(in order StoredChange { place, stamp, known, withdrawn, guids, addresses });

/// Whether a change is one that may be done with others: it puts a column, or none, into a file's row.
fn is_plain(change: &FileChange<'_>, ours: &HashMap<String, bool>) -> bool {
    let plain = change.after.is_some() && change.moved_from.is_none() && change.withdraw.is_none();
    let puts = change.entry.as_ref().is_none_or(|entry| !entry.draft.withdrawn);
    plain && puts && ours.get(change.source) == Some(&true)
}

/// What a column is looked for by.
fn fingerprint(change: &FileChange<'_>) -> Option<String> {
    let own = || change.entry.map(|entry| entry.draft.fingerprint());
    change.stamps.map(|stamps| stamps.fingerprint.to_owned()).or_else(own)
}

/// The steps of a transaction that writes down a piece of what a sync found.
impl Tx<'_> {
    /// Writes a piece, of which the first change has this place in the list. `ours` are the sources that
    /// are read from here.
    pub(super) async fn apply_piece(
        &mut self,
        first: usize,
        piece: &[FileChange<'_>],
        ours: &HashMap<String, bool>,
        at: Instant,
        batch: &mut ColumnBatch,
        applied: &mut Applied,
    ) -> Result<()> {
        let mut handlings = self.handlings(piece, ours).await?;
        let (mut columns, mut files) = (Vec::new(), Vec::new());
        for (place, change) in piece.iter().enumerate() {
            match (handlings[place], &change.entry) {
                (Handling::Add, Some(entry)) => {
                    let draft = entry.draft;
                    let stamps = change.stamps;
                    batch.touch(draft.published, draft.rubrique.as_ref());
                    columns.push(AddedColumn {
                        draft,
                        fingerprint: fingerprint(change).unwrap_or_default(),
                        content: stamps.map_or_else(|| draft.content(), |stamps| stamps.content.to_owned()),
                        updated: batch.take(asked_update(draft)),
                        revision: batch.revision,
                    });
                    files.push(change);
                    applied.outcomes.push(Some(Put::Added));
                }
                (Handling::Same, entry) => {
                    files.push(change);
                    applied.outcomes.push(entry.map(|_| Put::Same));
                }
                _ => {
                    self.put_many(&mut columns, &mut files).await?;
                    if ours.get(change.source) == Some(&true) && self.is_as_read(change).await? {
                        self.apply_change(first + place, change, at, batch, applied).await?;
                        // What was looked up before may not be true any more.
                        handlings[place..].fill(Handling::Alone);
                    } else {
                        applied.outcomes.push(None);
                        applied.left += 1;
                    }
                }
            }
        }
        self.put_many(&mut columns, &mut files).await
    }

    /// How each change is done, if nothing of the piece is done alone before it.
    async fn handlings(&mut self, piece: &[FileChange<'_>], ours: &HashMap<String, bool>) -> Result<Vec<Handling>> {
        let mut handlings = vec![Handling::Alone; piece.len()];
        let names: Vec<_> = piece.iter().enumerate().filter(|(_, change)| is_plain(change, ours)).collect();
        if names.len() < 2 {
            return Ok(handlings);
        }
        let name = |(place, change): &(usize, &FileChange<'_>)| {
            let draft = change.entry.map(|entry| entry.draft);
            let text = |of: fn(&Draft) -> &str| draft.map_or("", of);
            let (key, guid) = (text(|draft| &draft.key), text(|draft| &draft.guid));
            json!([place, change.source, change.path, key, guid, text(|draft| draft.url.as_str())])
        };
        let names = serde_json::Value::from(names.iter().map(name).collect::<Vec<_>>()).to_string();
        let query = self.query(sql::STANDINGS).bind(names);
        let stored: Vec<StoredChange> = query.fetch_all().await?;
        let mut taken: HashSet<&str> = HashSet::new();
        for StoredChange { place, stamp, known, withdrawn, guids, addresses } in stored {
            let Some((place, change)) = usize::try_from(place).ok().and_then(|place| Some((place, piece.get(place)?)))
            else {
                continue;
            };
            let is_as_read = stamp.as_deref() == change.before;
            handlings[place] = match (&change.entry, known) {
                _ if !is_as_read => Handling::Alone,
                (None, _) => Handling::Same,
                (Some(_), Some(known)) if withdrawn == Some(0) && fingerprint(change).as_ref() == Some(&known) => {
                    Handling::Same
                }
                (Some(entry), None) if guids == 0 && addresses == 0 => {
                    // Of two in one piece that want the same, the second is told apart, alone.
                    let names = [&*entry.draft.key, &*entry.draft.guid, entry.draft.url.as_str()];
                    let free = names.iter().all(|name| !taken.contains(name));
                    taken.extend(names);
                    if free { Handling::Add } else { Handling::Alone }
                }
                _ => Handling::Alone,
            };
        }
        Ok(handlings)
    }

    /// Writes what was gathered.
    async fn put_many(&mut self, columns: &mut Vec<AddedColumn<'_>>, files: &mut Vec<&FileChange<'_>>) -> Result<()> {
        self.add_columns(columns).await?;
        columns.clear();
        let changed = files.iter().filter_map(|change| change.after).collect::<Vec<_>>();
        self.put_files(&changed).await?;
        files.clear();
        Ok(())
    }
}
