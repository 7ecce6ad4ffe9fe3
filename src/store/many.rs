//! Many changes of a sync at once. Nearly all of a large sync are columns that are new and in nobody's way,
//! or that are as they were: these are looked up together and written many rows to a statement. All
//! others are done one by one, in the order of the list.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::{
    Result,
    apply::{Applied, FileChange, FileSteps},
    dialect::Dialect,
    put::{Batch, Put, asked_update},
    rows::{Added, RowSteps},
    sql,
};
use crate::model::{Draft, Instant, Slug};

/// What is done with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Its column is new, and nothing of it is taken.
    Add,
    /// Its column is as it was; the file's stamp is new.
    Same,
    /// It is looked at by itself.
    Alone,
}

/// What the store holds of a change, by its place in the piece: the stamp of its file, the fingerprint of
/// its column and whether that is withdrawn, how many columns have its guid and its address.
type Standing = (i64, Option<String>, Option<String>, Option<i64>, i64, i64);

/// The steps of a transaction that writes down a piece of what a sync found.
pub(super) trait ManySteps: RowSteps {
    /// Writes a piece, of which the first change has this place in the list. `ours` are the sources that
    /// are read from here.
    async fn apply_piece(
        &mut self,
        first: usize,
        piece: &[FileChange<'_>],
        ours: &HashMap<String, bool>,
        at: Instant,
        batch: &mut Batch,
        applied: &mut Applied,
    ) -> Result<()>;
    /// How each change is done, if nothing of the piece is done alone before it.
    async fn ways(&mut self, piece: &[FileChange<'_>], ours: &HashMap<String, bool>) -> Result<Vec<Way>>;
    /// Writes what was gathered.
    async fn put_many(&mut self, columns: &mut Vec<Added<'_>>, files: &mut Vec<&FileChange<'_>>) -> Result<()>;
}

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

macro_rules! on_both_lines {
    ($($line:ty, $database:ty);*) => { $(impl ManySteps for $line {
        async fn apply_piece(
            &mut self,
            first: usize,
            piece: &[FileChange<'_>],
            ours: &HashMap<String, bool>,
            at: Instant,
            batch: &mut Batch,
            applied: &mut Applied,
        ) -> Result<()> {
            let mut ways = self.ways(piece, ours).await?;
            let (mut columns, mut files) = (Vec::new(), Vec::new());
            for (place, change) in piece.iter().enumerate() {
                match (ways[place], &change.entry) {
                    (Way::Add, Some(entry)) => {
                        let draft = entry.draft;
                        let stamps = change.stamps;
                        let byline = draft.byline.as_deref().and_then(Slug::from_text);
                        batch.touch(draft.published, draft.rubrique.as_ref(), byline.as_ref());
                        columns.push(Added {
                            draft,
                            fingerprint: fingerprint(change).unwrap_or_default(),
                            content: stamps.map_or_else(|| draft.content(), |stamps| stamps.content.to_owned()),
                            updated: batch.take(asked_update(draft)),
                        });
                        files.push(change);
                        applied.outcomes.push(Some(Put::Added));
                    }
                    (Way::Same, entry) => {
                        files.push(change);
                        applied.outcomes.push(entry.map(|_| Put::Same));
                    }
                    _ => {
                        self.put_many(&mut columns, &mut files).await?;
                        if ours.get(change.source) == Some(&true) && self.is_as_read(change).await? {
                            self.apply_change(first + place, change, at, batch, applied).await?;
                            // What was looked up before may not be true any more.
                            ways[place..].fill(Way::Alone);
                        } else {
                            applied.outcomes.push(None);
                            applied.left += 1;
                        }
                    }
                }
            }
            self.put_many(&mut columns, &mut files).await
        }

        async fn ways(&mut self, piece: &[FileChange<'_>], ours: &HashMap<String, bool>) -> Result<Vec<Way>> {
            let mut ways = vec![Way::Alone; piece.len()];
            let names: Vec<_> = piece.iter().enumerate().filter(|(_, change)| is_plain(change, ours)).collect();
            if names.len() < 2 {
                return Ok(ways);
            }
            let name = |(place, change): &(usize, &FileChange<'_>)| {
                let draft = change.entry.map(|entry| entry.draft);
                let text = |of: fn(&Draft) -> &str| draft.map_or("", of);
                let (key, guid) = (text(|draft| &draft.key), text(|draft| &draft.guid));
                json!([place, change.source, change.path, key, guid, text(|draft| draft.url.as_str())])
            };
            let names = serde_json::Value::from(names.iter().map(name).collect::<Vec<_>>()).to_string();
            let query = sqlx::query_as(<$database as Dialect>::wording(sql::STANDINGS)).bind(names);
            let standings: Vec<Standing> = query.fetch_all(&mut *self).await?;
            let mut taken: HashSet<&str> = HashSet::new();
            for (place, stamp, known, withdrawn, guids, addresses) in standings {
                let Some((place, change)) =
                    usize::try_from(place).ok().and_then(|place| Some((place, piece.get(place)?)))
                else {
                    continue;
                };
                let is_as_read = stamp.as_deref() == change.before;
                ways[place] = match (&change.entry, known) {
                    _ if !is_as_read => Way::Alone,
                    (None, _) => Way::Same,
                    (Some(_), Some(known)) if withdrawn == Some(0) && fingerprint(change).as_ref() == Some(&known) => Way::Same,
                    (Some(entry), None) if guids == 0 && addresses == 0 => {
                        // Of two in one piece that want the same, the second is told apart, alone.
                        let names = [&*entry.draft.key, &*entry.draft.guid, entry.draft.url.as_str()];
                        let free = names.iter().all(|name| !taken.contains(name));
                        taken.extend(names);
                        if free { Way::Add } else { Way::Alone }
                    }
                    _ => Way::Alone,
                };
            }
            Ok(ways)
        }

        async fn put_many(&mut self, columns: &mut Vec<Added<'_>>, files: &mut Vec<&FileChange<'_>>) -> Result<()> {
            self.add_columns(columns).await?;
            columns.clear();
            let changed = files.iter().filter_map(|change| change.after).collect::<Vec<_>>();
            self.put_files(&changed).await?;
            files.clear();
            Ok(())
        }
    })* };
}

on_both_lines!(sqlx::SqliteConnection, sqlx::Sqlite; sqlx::PgConnection, sqlx::Postgres);
