//! Why a decision could not be carried out, in the language of the desk.

use crate::{
    edition::decide::DecisionRefusal,
    locales::fill,
    model::{Lang, NoteKind},
};

/// The words for it.
pub(super) fn words(lang: Lang, refused: &DecisionRefusal) -> String {
    let words = &lang.words().desk.undecided;
    let reason = |why: &str| if why.is_empty() { String::new() } else { format!(" ({why})") };
    match refused {
        DecisionRefusal::NoSuchEdition(period) => fill(&words.no_such_edition, &[("period", period)]),
        DecisionRefusal::Empty(period) => fill(&words.empty, &[("period", period)]),
        DecisionRefusal::Changed => words.changed.clone(),
        DecisionRefusal::Decided(Some(note)) => {
            let text = match note.kind {
                NoteKind::Held => &words.held_meanwhile,
                NoteKind::Released => &words.released_meanwhile,
                _ => &words.approved_meanwhile,
            };
            fill(text, &[("who", &note.who), ("why", &reason(&note.words))])
        }
        DecisionRefusal::Decided(None) => words.decided.clone(),
        DecisionRefusal::Readers { seen, now } => lang.counted(&words.readers, now.unsigned_abs(), &[("seen", seen)]),
        DecisionRefusal::Held { who, why, .. } => fill(&words.held, &[("who", who), ("why", &reason(why))]),
        DecisionRefusal::NotHeld(period) => fill(&words.not_held, &[("period", period)]),
        DecisionRefusal::Red(what) => fill(&words.red, &[("what", what)]),
        DecisionRefusal::Stands(period, state) => {
            let text = match *state {
                "frozen" => &words.is_frozen,
                "sending" => &words.is_sending,
                "sent" => &words.is_sent,
                _ => &words.is_held,
            };
            fill(text, &[("period", period)])
        }
        DecisionRefusal::Withdrawn(period, titles) => {
            fill(&words.withdrawn, &[("period", period), ("list", &titles.join(", "))])
        }
    }
}
