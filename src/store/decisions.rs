//! Decisions of editors. Each is written down in the transaction that compares what its sender saw with what there
//! is: the last decision before it, the content, and for how many readers it is.

use super::{
    Error, Result, Store, Tx,
    audiences::{count_readers, move_behind},
    desk::{NoteRow, add_note, desk_stamp, edition_state},
    millis, sql,
    together::part_edition,
};
use crate::model::{Edition, EditionKey, EditionState, Note, NoteKind, ReaderGroup};

/// Within so many milliseconds the same word of the same person is one: a button was pressed twice.
pub const SAME_ACT_MS: i64 = 60_000;

/// How many readers there may be more or fewer than were seen: one in so many. A list that grows while somebody
/// reads stops no decision, another list does.
const TOLERATED_FRACTION: i64 = 100;

/// What somebody had before them who decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The number of the last decision, 0 if there was none.
    pub decision: i64,
    /// The version of the changes that the content had.
    pub version: i64,
    /// How many commits had changed columns before.
    pub revision: i64,
    /// For how many readers it was.
    pub readers: i64,
    /// Which groups of readers get a letter.
    pub groups: Vec<ReaderGroup>,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// It is written down, of an edition that is not frozen.
    OfDraft,
    /// It is written down, and the edition is held that was going out.
    OfEdition,
    /// The same person had said the same a moment before: it is written down once.
    Again,
    /// It comes too late: so the edition stands.
    TooLate(EditionState),
    /// Somebody else has decided since: this is the last word.
    Decided(Option<Note>),
    /// It would go to so many readers, and that is not what was seen.
    Readers(i64),
    /// Changes or columns have changed since the content was looked at: look at it again.
    Stale,
}

/// What became of an edition that was to be let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Released {
    /// It goes out.
    Done,
    /// It is not held.
    NotHeld(EditionState),
    /// Columns of it were withdrawn since: these titles.
    Withdrawn(Vec<String>),
    /// The same person had let it go a moment before: it is written down once.
    Again,
    /// Somebody else has decided since: this is the last word.
    Decided(Option<Note>),
    /// It would go to so many readers, and that is not what was seen.
    Readers(i64),
}

/// Whether a number of readers is no longer the one that was seen.
pub fn is_another_list(seen: i64, now: i64) -> bool {
    (seen - now).abs() * TOLERATED_FRACTION > seen.max(now)
}

/// The last decision about an edition, with its number.
async fn last_decision(tx: &mut Tx<'_>, key: &EditionKey) -> Result<Option<(i64, Note)>> {
    let query = tx.query(sql::LAST_DECISION).bind(key.newsletter.as_str()).bind(millis(key.cutoff));
    query.fetch_optional::<NoteRow>().await?.map(NoteRow::read).transpose()
}

/// Whether a note says what the last one said, by the same person a moment ago.
fn is_again(last: Option<&(i64, Note)>, note: &Note) -> bool {
    last.is_some_and(|(_, last)| {
        let apart = millis(note.at) - millis(last.at);
        (last.kind, &last.subject, &last.who, &last.words) == (note.kind, &note.subject, &note.who, &note.words)
            && apart.abs() < SAME_ACT_MS
    })
}

impl Store {
    /// Holds an edition: one that is not frozen, also if another run has frozen it meanwhile. A hold comes through
    /// whatever was decided before: it is the word that can be taken back.
    pub async fn hold(&self, key: &EditionKey, note: &Note) -> Result<Noted> {
        self.transact_alone(async |mut tx| {
            let last = last_decision(&mut tx, key).await?;
            let state = edition_state(&mut tx, key).await?;
            let noted = match state {
                Some((_, EditionState::Held)) | None if is_again(last.as_ref(), note) => return Ok(Noted::Again),
                None => Noted::OfDraft,
                Some((id, state)) => {
                    let query = tx.query(sql::HOLD_EDITION).bind(id).bind(&note.words);
                    if query.execute().await? == 0 {
                        return Ok(Noted::TooLate(state));
                    }
                    part_edition(&mut tx, id).await?;
                    Noted::OfEdition
                }
            };
            add_note(&mut tx, key, note).await?;
            tx.commit().await?;
            Ok(noted)
        })
        .await
    }

    /// Skips an edition that is not frozen: nobody gets a letter of it, and its columns wait for the next one.
    pub async fn skip(&self, key: &EditionKey, note: &Note) -> Result<Noted> {
        self.set_quiet(key, note, sql::ADD_QUIET_CUTOFF).await
    }

    /// An edition that was skipped comes after all.
    pub async fn resume(&self, key: &EditionKey, note: &Note) -> Result<Noted> {
        self.set_quiet(key, note, sql::DROP_QUIET_CUTOFF).await
    }

    /// Writes down that an edition that is not frozen goes at another hour.
    pub async fn put_off_edition(&self, key: &EditionKey, note: &Note) -> Result<Noted> {
        self.transact_alone(async |mut tx| {
            if let Some((_, state)) = edition_state(&mut tx, key).await? {
                return Ok(Noted::TooLate(state));
            }
            add_note(&mut tx, key, note).await?;
            tx.commit().await?;
            Ok(Noted::OfDraft)
        })
        .await
    }

    async fn set_quiet(&self, key: &EditionKey, note: &Note, statement: &'static str) -> Result<Noted> {
        self.transact_alone(async |mut tx| {
            if let Some((_, state)) = edition_state(&mut tx, key).await? {
                return Ok(Noted::TooLate(state));
            }
            let query = tx.query(statement).bind(key.newsletter.as_str()).bind(millis(key.cutoff));
            if query.execute().await? == 0 {
                return Ok(Noted::Again);
            }
            add_note(&mut tx, key, note).await?;
            tx.commit().await?;
            Ok(Noted::OfDraft)
        })
        .await
    }

    /// Writes down that an edition may go out that is not frozen, if it is still what was seen.
    pub async fn decide(&self, key: &EditionKey, notes: &[Note], seen: &Seen) -> Result<Noted> {
        self.transact_alone(async |mut tx| {
            let state = edition_state(&mut tx, key).await?;
            if let Some((_, state)) = state {
                return Ok(Noted::TooLate(state));
            }
            let last = last_decision(&mut tx, key).await?;
            if notes.last().is_some_and(|note| is_again(last.as_ref(), note)) {
                return Ok(Noted::Again);
            }
            if last.as_ref().map_or(0, |(id, _)| *id) != seen.decision {
                return Ok(Noted::Decided(last.map(|(_, note)| note)));
            }
            let (version, _) = desk_stamp(&mut tx, &key.newsletter, key.cutoff).await?;
            let revision: i64 = tx.query(sql::REVISION).fetch_one().await?;
            if (version, revision) != (seen.version, seen.revision) {
                return Ok(Noted::Stale);
            }
            let readers = count_readers(&mut tx, &key.newsletter, &seen.groups).await?;
            if is_another_list(seen.readers, readers) {
                return Ok(Noted::Readers(readers));
            }
            for note in notes {
                add_note(&mut tx, key, note).await?;
            }
            tx.commit().await?;
            Ok(Noted::OfDraft)
        })
        .await
    }

    /// Lets a held edition go that is frozen, with a new date on its letters, and writes down who said so.
    /// One of which columns were withdrawn meanwhile only if that is wished. `seen`: the number of the last decision
    /// and for how many readers it was, if somebody looked.
    pub async fn release_edition(
        &self,
        edition: &Edition,
        note: &Note,
        with_withdrawn: bool,
        seen: Option<(i64, i64)>,
    ) -> Result<Released> {
        let key = edition.key();
        self.transact_alone(async |mut tx| {
            let last = last_decision(&mut tx, &key).await?;
            let state: String = tx.query(sql::EDITION_STATE).bind(edition.id).fetch_one().await?;
            if state != EditionState::Held.as_str() && is_again(last.as_ref(), note) {
                return Ok(Released::Again);
            }
            if let Some((decision, readers)) = seen.filter(|_| state == EditionState::Held.as_str()) {
                if last.as_ref().map_or(0, |(id, _)| *id) != decision {
                    return Ok(Released::Decided(last.map(|(_, note)| note)));
                }
                let to_do: i64 = tx.query(sql::ledger::COUNT_TO_DO).bind(edition.id).fetch_one().await?;
                if is_another_list(readers, to_do) {
                    return Ok(Released::Readers(to_do));
                }
            }
            let withdrawn: Vec<String> = tx.query(sql::WITHDRAWN_IN).bind(edition.id).fetch_all().await?;
            if !withdrawn.is_empty() && !with_withdrawn {
                return Ok(Released::Withdrawn(withdrawn));
            }
            move_behind(&mut tx, edition.id, note.at).await?;
            let query = tx.query(sql::RELEASE_EDITION).bind(edition.id).bind(millis(note.at));
            if query.execute().await? == 0 {
                let state = state.parse().map_err(|value| Error::Corrupt { what: "state", value })?;
                return Ok(Released::NotHeld(state));
            }
            add_note(&mut tx, &key, note).await?;
            tx.commit().await?;
            Ok(Released::Done)
        })
        .await
    }
}

impl NoteRow {
    /// The note, with its number.
    pub(super) fn read(self) -> Result<(i64, Note)> {
        let kind: NoteKind = self.kind.parse().map_err(|value| Error::Corrupt { what: "note", value })?;
        let at = super::instant(self.noted_at)?;
        Ok((self.id, Note { kind, subject: self.subject, who: self.who, words: self.words, at }))
    }
}
