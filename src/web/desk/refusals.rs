//! Why a decision could not be carried out, in the language of the desk.

use crate::{
    edition::decide::DecisionRefusal,
    locales::fill,
    model::{Lang, NoteKind, Period},
};

/// What an edition is called, with what commands call it where that is something else.
fn named(lang: Lang, period: &Period) -> String {
    let words = lang.period(period.as_str());
    if words == period.as_str() { words } else { format!("{words} ({period})") }
}

/// The words for it.
pub(super) fn words(lang: Lang, refused: &DecisionRefusal) -> String {
    let words = &lang.words().desk.undecided;
    let reason = |why: &str| if why.is_empty() { String::new() } else { format!(" ({why})") };
    match refused {
        DecisionRefusal::NoSuchEdition(period) => fill(&words.no_such_edition, &[("period", &named(lang, period))]),
        DecisionRefusal::Empty(period) => fill(&words.empty, &[("period", &named(lang, period))]),
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
        DecisionRefusal::Hour(period) => fill(&words.hour, &[("period", &named(lang, period))]),
        DecisionRefusal::NotHeld(period) => fill(&words.not_held, &[("period", &named(lang, period))]),
        DecisionRefusal::Red(findings) => {
            let what = findings.iter().map(|finding| {
                let (what, mend) = finding.words(lang);
                format!("{what} ({mend})")
            });
            fill(&words.red, &[("what", &what.collect::<Vec<_>>().join("; "))])
        }
        DecisionRefusal::Stands(period, state) => {
            let text = match *state {
                "frozen" => &words.is_frozen,
                "sending" => &words.is_sending,
                "sent" => &words.is_sent,
                _ => &words.is_held,
            };
            fill(text, &[("period", &named(lang, period))])
        }
        DecisionRefusal::Withdrawn(period, titles) => {
            fill(&words.withdrawn, &[("period", period), ("list", &titles.join(", "))])
        }
    }
}
