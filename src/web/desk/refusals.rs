//! Why a decision could not be carried out, in the language of the desk.

use crate::{
    edition::decide::Refused,
    locales::fill,
    model::{Lang, NoteKind},
};

/// The words for it.
pub(super) fn words(lang: Lang, refused: &Refused) -> String {
    let words = &lang.words().desk.undecided;
    let reason = |why: &str| if why.is_empty() { String::new() } else { format!(" ({why})") };
    match refused {
        Refused::NoSuchEdition(period) => fill(&words.no_such_edition, &[("period", period)]),
        Refused::Empty(period) => fill(&words.empty, &[("period", period)]),
        Refused::Changed => words.changed.clone(),
        Refused::Decided(Some(note)) => {
            let text = match note.kind {
                NoteKind::Held => &words.held_meanwhile,
                NoteKind::Released => &words.released_meanwhile,
                _ => &words.approved_meanwhile,
            };
            fill(text, &[("who", &note.who), ("why", &reason(&note.words))])
        }
        Refused::Decided(None) => words.decided.clone(),
        Refused::Readers { seen, now } => lang.counted(&words.readers, now.unsigned_abs(), &[("seen", seen)]),
        Refused::Held { who, why, .. } => fill(&words.held, &[("who", who), ("why", &reason(why))]),
        Refused::NotHeld(period) => fill(&words.not_held, &[("period", period)]),
        Refused::Red(what) => fill(&words.red, &[("what", what)]),
        Refused::Stands(period, state) => {
            let text = match *state {
                "frozen" => &words.is_frozen,
                "sending" => &words.is_sending,
                "sent" => &words.is_sent,
                _ => &words.is_held,
            };
            fill(text, &[("period", period)])
        }
        Refused::Withdrawn(period, titles) => {
            fill(&words.withdrawn, &[("period", period), ("list", &titles.join(", "))])
        }
    }
}
