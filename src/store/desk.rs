//! What editors change and say before an edition is frozen, and what its variants were when it was.

use std::collections::BTreeSet;

use super::{
    Error, NewVariant, Result, ServiceLetter, Store, instant, millis, on, on_writing, service::queue_letter, sql,
    transact,
};
use crate::model::{Changes, Choice, ColumnId, Desk, EditionKey, EditionState, Instant, Note, NoteKind, Slug, Version};

/// Writes a note down, inside a transaction; gives how many: 0 if it says what was told already.
macro_rules! add_note {
    ($tx:ident, $key:expr, $note:expr) => {{
        let (key, note): (&$crate::model::EditionKey, &$crate::model::Note) = ($key, $note);
        sqlx::query($crate::store::sql::ADD_NOTE)
            .bind(key.newsletter.as_str())
            .bind($crate::store::millis(key.cutoff))
            .bind(note.kind.as_str())
            .bind(&note.subject)
            .bind(&note.who)
            .bind(&note.words)
            .bind($crate::store::millis(note.at))
            .execute(&mut *$tx)
            .await?
            .rows_affected()
    }};
}
pub(super) use add_note;

/// The state of the edition with a key, inside a transaction.
macro_rules! state_of {
    ($tx:ident, $key:expr) => {{
        let state: Option<(i64, String)> = sqlx::query_as($crate::store::sql::STATE_AT)
            .bind($key.newsletter.as_str())
            .bind($crate::store::millis($key.cutoff))
            .fetch_optional(&mut *$tx)
            .await?;
        let read = |(id, state): (i64, String)| {
            let corrupt = |value| $crate::store::Error::Corrupt { what: "state", value };
            Ok::<_, $crate::store::Error>((id, state.parse().map_err(corrupt)?))
        };
        state.map(read).transpose()?
    }};
}
pub(super) use state_of;

#[derive(sqlx::FromRow)]
struct VersionRow {
    version: i64,
    changes: String,
    who: String,
    changed_at: i64,
}

impl TryFrom<VersionRow> for Version {
    type Error = Error;

    fn try_from(row: VersionRow) -> Result<Self> {
        let changes = serde_json::from_str(&row.changes)
            .map_err(|_| Error::Corrupt { what: "change of an edition", value: row.changes.clone() })?;
        Ok(Self { number: row.version, changes, who: row.who, at: Some(instant(row.changed_at)?) })
    }
}

#[derive(sqlx::FromRow)]
pub struct NoteRow {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) who: String,
    pub(super) words: String,
    pub(super) noted_at: i64,
}

#[derive(sqlx::FromRow)]
struct VariantRow {
    choice: String,
    html: String,
    plain: String,
    entity: Vec<u8>,
    content_hash: String,
}

impl Store {
    /// What the editors did to an edition and said of it.
    pub async fn desk(&self, key: &EditionKey) -> Result<Desk> {
        let (newsletter, cutoff) = (key.newsletter.as_str(), millis(key.cutoff));
        let version: Option<VersionRow> = on!(self, pool => {
            sqlx::query_as(sql::LAST_CHANGES).bind(newsletter).bind(cutoff).fetch_optional(pool).await?
        });
        let rows: Vec<NoteRow> = on!(self, pool => {
            sqlx::query_as(sql::NOTES).bind(newsletter).bind(cutoff).fetch_all(pool).await?
        });
        let notes = rows.into_iter().map(NoteRow::read).collect::<Result<Vec<_>>>()?;
        let untouched = || Version { number: 0, changes: Changes::default(), who: String::new(), at: None };
        Ok(Desk {
            version: version.map(Version::try_from).transpose()?.unwrap_or_else(untouched),
            last_note: notes.last().map_or(0, |(id, _)| *id),
            last_decision: notes.iter().rev().find(|(_, note)| note.kind.is_decision()).map_or(0, |(id, _)| *id),
            notes: notes.into_iter().map(|(_, note)| note).collect(),
        })
    }

    /// An older version of an edition's changes.
    pub async fn version(&self, key: &EditionKey, number: i64) -> Result<Option<Version>> {
        let row: Option<VersionRow> = on!(self, pool => {
            sqlx::query_as(sql::FIND_CHANGES)
                .bind(key.newsletter.as_str())
                .bind(millis(key.cutoff))
                .bind(number)
                .fetch_optional(pool)
                .await?
        });
        row.map(Version::try_from).transpose()
    }

    /// Keeps changes that were made to the version `base`; false if somebody else has changed that
    /// one already, or if the edition is frozen.
    pub async fn change(&self, key: &EditionKey, base: i64, changes: &Changes, who: &str, at: Instant) -> Result<bool> {
        let text = serde_json::to_string(changes)
            .map_err(|error| Error::Corrupt { what: "change of an edition", value: error.to_string() })?;
        let (newsletter, cutoff) = (key.newsletter.as_str(), millis(key.cutoff));
        transact!(self, begin_alone, pool, tx => {
            // Not while it is frozen: what is shown as kept is what will be sent.
            let edition: Option<(i64, EditionState)> = state_of!(tx, key);
            let last: (i64, i64) =
                sqlx::query_as(sql::DESK_STAMP).bind(newsletter).bind(cutoff).fetch_one(&mut *tx).await?;
            if edition.is_some() || last.0 != base {
                return Ok(false);
            }
            let added = sqlx::query(sql::ADD_CHANGES)
                .bind(newsletter)
                .bind(cutoff)
                .bind(base + 1)
                .bind(&text)
                .bind(who)
                .bind(millis(at))
                .execute(&mut *tx)
                .await?
                .rows_affected();
            added == 1
        })
    }

    /// Writes a note down; false if it says what was told already.
    pub async fn note(&self, key: &EditionKey, note: &Note) -> Result<bool> {
        self.note_and_queue(key, note, &[]).await
    }

    /// Writes a note down and queues letters about it, both or neither; false, and nothing, if it
    /// says what was told already.
    pub async fn note_and_queue(&self, key: &EditionKey, note: &Note, letters: &[ServiceLetter]) -> Result<bool> {
        transact!(self, begin_alone, pool, tx => {
            if add_note!(tx, key, note) == 0 {
                return Ok(false);
            }
            for letter in letters {
                queue_letter!(tx, self.hash(&letter.address), self.mailbox_hash(&letter.address), letter, letter.queued);
            }
            true
        })
    }

    /// Queues proofs of an edition and writes down to whom, each once for one content and address within a minute;
    /// gives how many.
    pub async fn queue_proofs(&self, key: &EditionKey, note: &Note, letters: &[ServiceLetter]) -> Result<usize> {
        let since = millis(note.at) - super::decisions::ONCE;
        transact!(self, begin_alone, pool, tx => {
            let had: Vec<String> = sqlx::query_scalar(sql::PROOFS_SINCE)
                .bind(key.newsletter.as_str())
                .bind(millis(key.cutoff))
                .bind(&note.subject)
                .bind(since)
                .fetch_all(&mut *tx)
                .await?;
            let mut had: BTreeSet<String> = had.iter().flat_map(|words| words.split(", ")).map(str::to_owned).collect();
            let new: Vec<&ServiceLetter> =
                letters.iter().filter(|letter| had.insert(letter.address.to_string())).collect();
            if new.is_empty() {
                return Ok(0);
            }
            let words = new.iter().map(|letter| letter.address.to_string()).collect::<Vec<_>>().join(", ");
            let note = Note { words, ..note.clone() };
            add_note!(tx, key, &note);
            for letter in &new {
                queue_letter!(tx, self.hash(&letter.address), self.mailbox_hash(&letter.address), letter, letter.queued);
            }
            new.len()
        })
    }

    /// Whether something is told for the first time.
    pub async fn tell_once(&self, key: &EditionKey, what: &str, at: Instant) -> Result<bool> {
        let note =
            Note { kind: NoteKind::Told, subject: what.to_owned(), who: String::new(), words: String::new(), at };
        self.note(key, &note).await
    }

    /// Cutoffs of which editors have said something and that have no edition yet, oldest first.
    pub async fn draft_cutoffs(&self, newsletter: &Slug) -> Result<Vec<Instant>> {
        let cutoffs: Vec<i64> = on!(self, pool => {
            sqlx::query_scalar(sql::DRAFT_CUTOFFS).bind(newsletter.as_str()).fetch_all(pool).await?
        });
        cutoffs.into_iter().map(instant).collect()
    }

    /// What editors said of an edition that the schedule no longer has is for the one that comes in its place:
    /// unless there something is said already.
    pub async fn move_draft(&self, from: &EditionKey, to: Instant) -> Result<()> {
        let (newsletter, before, after) = (from.newsletter.as_str(), millis(from.cutoff), millis(to));
        transact!(self, begin_alone, pool, tx => {
            let there: (i64, i64) =
                sqlx::query_as(sql::DESK_STAMP).bind(newsletter).bind(after).fetch_one(&mut *tx).await?;
            let frozen: Option<(i64, String)> =
                sqlx::query_as(sql::STATE_AT).bind(newsletter).bind(before).fetch_optional(&mut *tx).await?;
            if there != (0, 0) || frozen.is_some() {
                return Ok(());
            }
            for statement in [sql::MOVE_CHANGES, sql::MOVE_NOTES] {
                sqlx::query(statement).bind(newsletter).bind(before).bind(after).execute(&mut *tx).await?;
            }
        })
    }

    /// Says that nothing was new at a cutoff.
    pub async fn close_quiet(&self, key: &EditionKey) -> Result<()> {
        on_writing!(self, pool => {
            let query = sqlx::query(sql::ADD_QUIET_CUTOFF).bind(key.newsletter.as_str()).bind(millis(key.cutoff));
            query.execute(pool).await?;
        });
        Ok(())
    }

    /// The last such cutoff at or before an instant.
    pub async fn last_quiet(&self, newsletter: &Slug, until: Instant) -> Result<Option<Instant>> {
        let cutoff: Option<i64> = on!(self, pool => {
            sqlx::query_scalar(sql::LAST_QUIET_CUTOFF).bind(newsletter.as_str()).bind(millis(until)).fetch_one(pool).await?
        });
        cutoff.map(instant).transpose()
    }

    /// The columns of a frozen edition, in their order.
    pub async fn edition_columns(&self, edition: i64) -> Result<Vec<ColumnId>> {
        let ids: Vec<i64> =
            on!(self, pool => sqlx::query_scalar(sql::EDITION_COLUMNS).bind(edition).fetch_all(pool).await?);
        Ok(ids.into_iter().map(ColumnId).collect())
    }

    /// A fingerprint of what a frozen edition says, whatever readers chose.
    pub async fn frozen_hash(&self, edition: i64) -> Result<String> {
        let hashes: Vec<String> =
            on!(self, pool => sqlx::query_scalar(sql::VARIANT_HASHES).bind(edition).fetch_all(pool).await?);
        Ok(crate::model::column::fingerprint(hashes))
    }

    /// The variants of a frozen edition, that for all rubriques first.
    pub async fn frozen_variants(&self, edition: i64) -> Result<Vec<NewVariant>> {
        let rows: Vec<VariantRow> = on!(self, pool => {
            sqlx::query_as(sql::FROZEN_VARIANTS).bind(edition).fetch_all(pool).await?
        });
        let variant = |row: VariantRow| NewVariant {
            choice: Choice::from_key(&row.choice),
            html: row.html,
            plain: row.plain,
            entity: row.entity,
            content_hash: row.content_hash,
            columns: Vec::new(),
        };
        Ok(rows.into_iter().map(variant).collect())
    }
}
