//! What editors change and say before an edition is frozen, and what its variants were when it was.

use super::{
    Error, NewVariant, Result, ServiceLetter, Store, begin_alone, instant, millis, on, service::queue_letter, sql,
};
use crate::model::{Changes, Choice, ColumnId, Desk, Instant, Note, NoteKind, Period, Version};

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
    /// What the editors did to a period's edition and said of it.
    pub async fn desk(&self, period: &Period) -> Result<Desk> {
        let version: Option<VersionRow> = on!(self, pool => {
            sqlx::query_as(sql::LAST_CHANGES).bind(period.as_str()).fetch_optional(pool).await?
        });
        let rows: Vec<NoteRow> = on!(self, pool => {
            sqlx::query_as(sql::NOTES).bind(period.as_str()).fetch_all(pool).await?
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
    pub async fn version(&self, period: &Period, number: i64) -> Result<Option<Version>> {
        let row: Option<VersionRow> = on!(self, pool => {
            sqlx::query_as(sql::FIND_CHANGES).bind(period.as_str()).bind(number).fetch_optional(pool).await?
        });
        row.map(Version::try_from).transpose()
    }

    /// Keeps changes that were made to the version `base`; false if somebody else has changed that
    /// one already, or if the edition is frozen.
    pub async fn change(&self, period: &Period, base: i64, changes: &Changes, who: &str, at: Instant) -> Result<bool> {
        let text = serde_json::to_string(changes)
            .map_err(|error| Error::Corrupt { what: "change of an edition", value: error.to_string() })?;
        on!(self, pool => {
            // Not while it is frozen: what is shown as kept is what will be sent.
            let mut tx = begin_alone(pool).await?;
            let frozen: Option<(i64,)> =
                sqlx::query_as(sql::EDITION_ID).bind(period.as_str()).fetch_optional(&mut *tx).await?;
            let last: (i64, i64) =
                sqlx::query_as(sql::DESK_STAMP).bind(period.as_str()).fetch_one(&mut *tx).await?;
            if frozen.is_some() || last.0 != base {
                return Ok(false);
            }
            let added = sqlx::query(sql::ADD_CHANGES)
                .bind(period.as_str())
                .bind(base + 1)
                .bind(&text)
                .bind(who)
                .bind(millis(at))
                .execute(&mut *tx)
                .await?
                .rows_affected();
            tx.commit().await?;
            Ok(added == 1)
        })
    }

    /// Writes a note down; false if it says what was told already.
    pub async fn note(&self, period: &Period, note: &Note) -> Result<bool> {
        self.note_and_queue(period, note, &[]).await
    }

    /// Writes a note down and queues letters about it, both or neither; false, and nothing, if it
    /// says what was told already.
    pub async fn note_and_queue(&self, period: &Period, note: &Note, letters: &[ServiceLetter]) -> Result<bool> {
        on!(self, pool => {
            let mut tx = begin_alone(pool).await?;
            let added = sqlx::query(sql::ADD_NOTE)
                .bind(period.as_str())
                .bind(note.kind.as_str())
                .bind(&note.subject)
                .bind(&note.who)
                .bind(&note.words)
                .bind(millis(note.at))
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if added == 0 {
                return Ok(false);
            }
            for letter in letters {
                queue_letter!(tx, self.hash(&letter.address), letter);
            }
            tx.commit().await?;
        });
        Ok(true)
    }

    /// Whether something is told for the first time.
    pub async fn tell_once(&self, period: &Period, what: &str, at: Instant) -> Result<bool> {
        let note =
            Note { kind: NoteKind::Told, subject: what.to_owned(), who: String::new(), words: String::new(), at };
        self.note(period, &note).await
    }

    /// Says that a week ended without a column.
    pub async fn close_week(&self, period: &Period, cutoff: Instant) -> Result<()> {
        on!(self, pool => {
            sqlx::query(sql::ADD_QUIET_WEEK).bind(period.as_str()).bind(millis(cutoff)).execute(pool).await?;
        });
        Ok(())
    }

    /// When the last such week ended.
    pub async fn last_quiet_week(&self) -> Result<Option<Instant>> {
        let cutoff: Option<i64> = on!(self, pool => sqlx::query_scalar(sql::LAST_QUIET_WEEK).fetch_one(pool).await?);
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
        };
        Ok(rows.into_iter().map(variant).collect())
    }
}
