//! What editors change and say before an edition is frozen, and what its variants were when it was.

use super::{
    Error, NewVariant, Result, ServiceLetter, Store, instant, millis, on, on_writing, service::queue_letter, sql,
    transact,
};
use crate::model::{Changes, Choice, ColumnId, Desk, EditionKey, EditionState, Instant, Note, NoteKind, Slug, Version};

/// What became of a word of the editors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It is written down, of an edition that is not frozen.
    OfDraft,
    /// It is written down, and the edition is held that was going out.
    OfEdition,
    /// It comes too late: so the edition stands.
    TooLate(EditionState),
}

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
        let state: Option<(i64, String)> = sqlx::query_as(sql::STATE_AT)
            .bind($key.newsletter.as_str())
            .bind(millis($key.cutoff))
            .fetch_optional(&mut *$tx)
            .await?;
        let read = |(id, state): (i64, String)| {
            Ok::<_, Error>((id, state.parse().map_err(|value| Error::Corrupt { what: "state", value })?))
        };
        state.map(read).transpose()?
    }};
}

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
struct NoteRow {
    id: i64,
    kind: String,
    subject: String,
    who: String,
    words: String,
    noted_at: i64,
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
        let last_note = rows.last().map_or(0, |row| row.id);
        let note = |row: NoteRow| {
            Ok(Note {
                kind: row.kind.parse().map_err(|value| Error::Corrupt { what: "note", value })?,
                subject: row.subject,
                who: row.who,
                words: row.words,
                at: instant(row.noted_at)?,
            })
        };
        let untouched = || Version { number: 0, changes: Changes::default(), who: String::new(), at: None };
        Ok(Desk {
            version: version.map(Version::try_from).transpose()?.unwrap_or_else(untouched),
            notes: rows.into_iter().map(note).collect::<Result<_>>()?,
            last_note,
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

    /// Writes down a decision about an edition that is not frozen. A hold also stops one that another run has
    /// frozen meanwhile.
    pub async fn decide(&self, key: &EditionKey, note: &Note) -> Result<Noted> {
        transact!(self, begin_alone, pool, tx => {
            let noted = match state_of!(tx, key) {
                None => Noted::OfDraft,
                Some((id, _)) if note.kind == NoteKind::Held => {
                    let query = sqlx::query(sql::HOLD_EDITION).bind(id).bind(&note.words);
                    if query.execute(&mut *tx).await?.rows_affected() == 0 {
                        let (_, state) = state_of!(tx, key).unwrap_or((id, EditionState::Sent));
                        return Ok(Noted::TooLate(state));
                    }
                    Noted::OfEdition
                }
                Some((_, state)) => return Ok(Noted::TooLate(state)),
            };
            add_note!(tx, key, note);
            noted
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
