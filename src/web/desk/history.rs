//! What was decided about an edition, in words, and what a decision about it carries.

use super::{Desk, moments::short_hour, pages::SeenState};
use crate::{
    edition::another_hour,
    locales::fill,
    model::{self, NoteKind},
};

/// What was decided, the last first; `fallen` says that the last approval holds no longer.
pub(super) fn history(desk: &Desk, notes: &[model::Note], fallen: bool) -> Vec<String> {
    let w = desk.words();
    let last = notes.iter().rposition(|note| note.kind == NoteKind::Approved).filter(|_| fallen);
    let said = notes.iter().enumerate().rev().filter_map(|(at, note)| {
        let hour = another_hour::hour_of(note).map(|at| short_hour(desk.shared().config(), at)).unwrap_or_default();
        let what = match note.kind {
            NoteKind::Approved if Some(at) == last => &w.note_fallen,
            NoteKind::Approved => &w.note_approved,
            NoteKind::Held => &w.note_held,
            NoteKind::Released => &w.note_released,
            NoteKind::Retried => &w.note_retried,
            NoteKind::Proof => &w.note_proof,
            NoteKind::Skipped => &w.note_skipped,
            NoteKind::Resumed => &w.note_resumed,
            NoteKind::PutOff if hour.is_empty() => &w.note_put_back,
            NoteKind::PutOff => &w.note_put_off,
            NoteKind::Told => return None,
        };
        let at = short_hour(desk.shared().config(), note.at);
        let words = if note.words.is_empty() { String::new() } else { format!(" ({})", note.words) };
        let what = fill(what, &[("who", &note.who), ("hour", &hour)]) + &words;
        Some(fill(&w.note, &[("hour", &at), ("what", &what)]))
    });
    said.collect()
}

/// What a decision carries.
pub(super) fn before(desk: &Desk, decision: i64, hash: String, readers: i64) -> SeenState {
    let goes_to = desk.lang().counted(&desk.words().goes_to, readers.unsigned_abs(), &[]);
    SeenState { decision, hash, readers, goes_to }
}
