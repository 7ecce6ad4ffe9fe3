//! What editors change and say before an edition is frozen, and what its variants were when it was.

use std::collections::BTreeSet;

use super::{
    Error, NewVariant, Result, ServiceLetter, Store, Tx, instant, millis, packed_columns::Packed, query::from_row, sql,
};
use crate::model::{
    Audience, Changes, Column, ColumnId, DeskRecord, EditionKey, EditionState, Instant, Note, NoteKind, Slug, Version,
};

/// Writes a note down; false if it says what was told already.
pub(super) async fn add_note(tx: &mut Tx<'_>, key: &EditionKey, note: &Note) -> Result<bool> {
    let added = tx
        .query(sql::ADD_NOTE)
        .bind(key.newsletter.as_str())
        .bind(millis(key.cutoff))
        .bind(note.kind.as_str())
        .bind(&note.subject)
        .bind(&note.who)
        .bind(&note.words)
        .bind(millis(note.at))
        .execute()
        .await?;
    Ok(added == 1)
}

/// The number and the state of the edition with a key.
pub(super) async fn edition_state(tx: &mut Tx<'_>, key: &EditionKey) -> Result<Option<(i64, EditionState)>> {
    let query = tx.query(sql::STATE_AT).bind(key.newsletter.as_str()).bind(millis(key.cutoff));
    let found: Option<(i64, String)> = query.fetch_optional().await?;
    let Some((id, state)) = found else { return Ok(None) };
    Ok(Some((id, state.parse().map_err(|value| Error::Corrupt { what: "state", value })?)))
}

/// The version of the editors' changes and the last of their notes.
pub(super) async fn desk_stamp(tx: &mut Tx<'_>, newsletter: &Slug, cutoff: Instant) -> Result<(i64, i64)> {
    tx.query(sql::DESK_STAMP).bind(newsletter.as_str()).bind(millis(cutoff)).fetch_one().await
}

struct VersionRow {
    version: i64,
    changes: String,
    who: String,
    changed_at: i64,
}

from_row!(VersionRow { version, changes, who, changed_at });

impl TryFrom<VersionRow> for Version {
    type Error = Error;

    fn try_from(row: VersionRow) -> Result<Self> {
        let changes = serde_json::from_str(&row.changes)
            .map_err(|_| Error::Corrupt { what: "change of an edition", value: row.changes.clone() })?;
        Ok(Self { number: row.version, changes, who: row.who, at: Some(instant(row.changed_at)?) })
    }
}

pub struct NoteRow {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) who: String,
    pub(super) words: String,
    pub(super) noted_at: i64,
}

from_row!(NoteRow { id, kind, subject, who, words, noted_at });

struct VariantRow {
    audience: String,
    subject: String,
    html: String,
    plain: String,
    entity: Vec<u8>,
    content_hash: String,
}

from_row!(VariantRow { audience, subject, html, plain, entity, content_hash });

impl Store {
    /// What the editors did to an edition and said of it.
    pub async fn desk(&self, key: &EditionKey) -> Result<DeskRecord> {
        let (newsletter, cutoff) = (key.newsletter.as_str(), millis(key.cutoff));
        let version: Option<VersionRow> =
            self.read(sql::LAST_CHANGES).bind(newsletter).bind(cutoff).fetch_optional().await?;
        let rows: Vec<NoteRow> = self.read(sql::NOTES).bind(newsletter).bind(cutoff).fetch_all().await?;
        let notes = rows.into_iter().map(NoteRow::read).collect::<Result<Vec<_>>>()?;
        let untouched = || Version { number: 0, changes: Changes::default(), who: String::new(), at: None };
        Ok(DeskRecord {
            version: version.map(Version::try_from).transpose()?.unwrap_or_else(untouched),
            last_note: notes.last().map_or(0, |(id, _)| *id),
            last_decision: notes.iter().rev().find(|(_, note)| note.kind.is_decision()).map_or(0, |(id, _)| *id),
            notes: notes.into_iter().map(|(_, note)| note).collect(),
        })
    }

    /// An older version of an edition's changes.
    pub async fn version(&self, key: &EditionKey, number: i64) -> Result<Option<Version>> {
        let row: Option<VersionRow> = self
            .read(sql::FIND_CHANGES)
            .bind(key.newsletter.as_str())
            .bind(millis(key.cutoff))
            .bind(number)
            .fetch_optional()
            .await?;
        row.map(Version::try_from).transpose()
    }

    /// Keeps changes that were made to the version `base`; false if somebody else has changed that
    /// one already, or if the edition is frozen.
    pub async fn change(&self, key: &EditionKey, base: i64, changes: &Changes, who: &str, at: Instant) -> Result<bool> {
        let text = serde_json::to_string(changes)
            .map_err(|error| Error::Corrupt { what: "change of an edition", value: error.to_string() })?;
        let (newsletter, cutoff) = (key.newsletter.as_str(), millis(key.cutoff));
        self.transact_alone(async |mut tx| {
            // Not while it is frozen: what is shown as kept is what will be sent.
            let edition = edition_state(&mut tx, key).await?;
            let (version, _) = desk_stamp(&mut tx, &key.newsletter, key.cutoff).await?;
            if edition.is_some() || version != base {
                return Ok(false);
            }
            let added = tx
                .query(sql::ADD_CHANGES)
                .bind(newsletter)
                .bind(cutoff)
                .bind(base + 1)
                .bind(&text)
                .bind(who)
                .bind(millis(at))
                .execute()
                .await?;
            tx.commit().await?;
            Ok(added == 1)
        })
        .await
    }

    /// Writes a note down; false if it says what was told already.
    pub async fn note(&self, key: &EditionKey, note: &Note) -> Result<bool> {
        self.note_and_queue(key, note, &[]).await
    }

    /// Writes a note down and queues letters about it, both or neither; false, and nothing, if it
    /// says what was told already.
    pub async fn note_and_queue(&self, key: &EditionKey, note: &Note, letters: &[ServiceLetter]) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            if !add_note(&mut tx, key, note).await? {
                return Ok(false);
            }
            for letter in letters {
                self.queue_letter(&mut tx, letter).await?;
            }
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Queues proofs of an edition and writes down to whom, each once for one content and address within a minute;
    /// gives how many.
    pub async fn queue_proofs(&self, key: &EditionKey, note: &Note, letters: &[ServiceLetter]) -> Result<usize> {
        let since = millis(note.at) - super::decisions::SAME_ACT_MS;
        self.transact_alone(async |mut tx| {
            let had: Vec<String> = tx
                .query(sql::PROOFS_SINCE)
                .bind(key.newsletter.as_str())
                .bind(millis(key.cutoff))
                .bind(&note.subject)
                .bind(since)
                .fetch_all()
                .await?;
            let mut had: BTreeSet<String> = had.iter().flat_map(|words| words.split(", ")).map(str::to_owned).collect();
            let new: Vec<&ServiceLetter> =
                letters.iter().filter(|letter| had.insert(letter.address.to_string())).collect();
            if new.is_empty() {
                return Ok(0);
            }
            let words = new.iter().map(|letter| letter.address.to_string()).collect::<Vec<_>>().join(", ");
            let note = Note { words, ..note.clone() };
            add_note(&mut tx, key, &note).await?;
            for letter in &new {
                self.queue_letter(&mut tx, letter).await?;
            }
            tx.commit().await?;
            Ok(new.len())
        })
        .await
    }

    /// Whether something is told for the first time.
    pub async fn tell_once(&self, key: &EditionKey, what: &str, at: Instant) -> Result<bool> {
        let note =
            Note { kind: NoteKind::Told, subject: what.to_owned(), who: String::new(), words: String::new(), at };
        self.note(key, &note).await
    }

    /// Cutoffs of which editors have said something and that have no edition yet, oldest first.
    pub async fn draft_cutoffs(&self, newsletter: &Slug) -> Result<Vec<Instant>> {
        let cutoffs: Vec<i64> = self.read(sql::DRAFT_CUTOFFS).bind(newsletter.as_str()).fetch_all().await?;
        cutoffs.into_iter().map(instant).collect()
    }

    /// What editors said of an edition that the schedule no longer has is for the one that comes in its place:
    /// unless there something is said already.
    pub async fn move_draft(&self, from: &EditionKey, to: Instant) -> Result<()> {
        let (newsletter, before, after) = (from.newsletter.as_str(), millis(from.cutoff), millis(to));
        self.transact_alone(async |mut tx| {
            let there = desk_stamp(&mut tx, &from.newsletter, to).await?;
            let frozen = edition_state(&mut tx, from).await?;
            if there != (0, 0) || frozen.is_some() {
                return Ok(());
            }
            for statement in [sql::MOVE_CHANGES, sql::MOVE_NOTES] {
                tx.query(statement).bind(newsletter).bind(before).bind(after).execute().await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Says that nothing was new at a cutoff.
    pub async fn close_quiet(&self, key: &EditionKey) -> Result<()> {
        self.write(sql::ADD_QUIET_CUTOFF).bind(key.newsletter.as_str()).bind(millis(key.cutoff)).execute().await?;
        Ok(())
    }

    /// The last such cutoff at or before an instant.
    pub async fn last_quiet(&self, newsletter: &Slug, until: Instant) -> Result<Option<Instant>> {
        let cutoff: Option<i64> =
            self.read(sql::LAST_QUIET_CUTOFF).bind(newsletter.as_str()).bind(millis(until)).fetch_one().await?;
        cutoff.map(instant).transpose()
    }

    /// Cutoffs after an instant that have no edition to come: editors skip them.
    pub async fn quiet_after(&self, newsletter: &Slug, at: Instant) -> Result<Vec<Instant>> {
        let cutoffs: Vec<i64> =
            self.read(sql::QUIET_AFTER).bind(newsletter.as_str()).bind(millis(at)).fetch_all().await?;
        cutoffs.into_iter().map(instant).collect()
    }

    /// The editions after an instant that editors skip: the cutoff of each, and who said so.
    pub async fn skipped_after(&self, newsletter: &Slug, at: Instant) -> Result<Vec<(Instant, String)>> {
        let rows: Vec<(i64, String)> =
            self.read(sql::SKIPPED_AFTER).bind(newsletter.as_str()).bind(millis(at)).fetch_all().await?;
        rows.into_iter().map(|(cutoff, who)| Ok((instant(cutoff)?, who))).collect()
    }

    /// The newest versions of an edition's changes, newest first.
    pub async fn versions(&self, key: &EditionKey) -> Result<Vec<Version>> {
        let rows: Vec<VersionRow> =
            self.read(sql::VERSIONS).bind(key.newsletter.as_str()).bind(millis(key.cutoff)).fetch_all().await?;
        rows.into_iter().map(Version::try_from).collect()
    }

    /// A column, wherever it is.
    pub async fn column(&self, id: ColumnId) -> Result<Option<Column>> {
        let packed: Packed = self.read(sql::COLUMN).bind(id.0).fetch_one().await?;
        Ok(packed.columns?.into_iter().next())
    }

    /// The documents that gave a column: the name of each one's source, and its path there.
    pub async fn documents_of(&self, id: ColumnId) -> Result<Vec<(String, String)>> {
        self.read(sql::DOCUMENTS_OF).bind(id.0).fetch_all().await
    }

    /// The columns of a frozen edition, in their order.
    pub async fn edition_columns(&self, edition: i64) -> Result<Vec<ColumnId>> {
        let ids: Vec<i64> = self.read(sql::EDITION_COLUMNS).bind(edition).fetch_all().await?;
        Ok(ids.into_iter().map(ColumnId).collect())
    }

    /// A fingerprint of what a frozen edition says, whatever readers chose.
    pub async fn frozen_hash(&self, edition: i64) -> Result<String> {
        let hashes: Vec<String> = self.read(sql::VARIANT_HASHES).bind(edition).fetch_all().await?;
        Ok(crate::model::column::fingerprint(hashes))
    }

    /// The variants of a frozen edition, that for all rubriques first.
    pub async fn frozen_variants(&self, edition: i64) -> Result<Vec<NewVariant>> {
        let rows: Vec<VariantRow> = self.read(sql::FROZEN_VARIANTS).bind(edition).fetch_all().await?;
        let variant = |row: VariantRow| NewVariant {
            audience: Audience::from_key(&row.audience),
            subject: row.subject,
            html: row.html,
            plain: row.plain,
            entity: row.entity,
            content_hash: row.content_hash,
            columns: Vec::new(),
            groups: Vec::new(),
            earlier: Vec::new(),
            others: Vec::new(),
        };
        Ok(rows.into_iter().map(variant).collect())
    }
}
