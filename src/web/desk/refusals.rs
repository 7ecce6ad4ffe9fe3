//! Why a decision could not be carried out, in the language of the desk.

use super::Lang;
use crate::{edition::decide::DecisionRefusal, model::NoteKind};

/// The words for it.
pub(super) fn words(lang: Lang, refused: &DecisionRefusal) -> String {
    if lang != Lang::Fr {
        return english(refused);
    }
    match refused {
        DecisionRefusal::NoSuchEdition(period) => format!("il n’y a pas d’édition {period}"),
        DecisionRefusal::Empty(period) => {
            format!("{period}\u{202f}: aucune chronique n’est nouvelle, il n’y a rien à approuver")
        }
        DecisionRefusal::Changed => "l’édition a changé entre-temps\u{202f}: regardez-la encore une fois".into(),
        DecisionRefusal::Decided(Some(note)) => {
            let did = match note.kind {
                NoteKind::Held => "a retenu",
                NoteKind::Released => "a laissé partir",
                _ => "a approuvé",
            };
            let why = if note.words.is_empty() { String::new() } else { format!(" ({})", note.words) };
            format!("{} {did} l’édition entre-temps{why}\u{202f}: regardez-la encore une fois", note.who)
        }
        DecisionRefusal::Decided(None) => "ce qui était décidé a changé\u{202f}: regardez encore une fois".into(),
        DecisionRefusal::Readers { seen, now } => {
            format!("l’édition va maintenant à {now} lecteurs, et non à {seen}\u{202f}: regardez-la encore une fois")
        }
        DecisionRefusal::Held { who, why, .. } => {
            let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
            format!("elle est retenue par {who}{why}\u{202f}: laissez-la partir d’abord")
        }
        DecisionRefusal::NotHeld(period) => format!("{period} n’est pas retenue"),
        DecisionRefusal::Red(what) => format!("il reste quelque chose à corriger\u{202f}: {what}"),
        DecisionRefusal::Stands(period, state) => {
            let state = match *state {
                "frozen" => "figée",
                "sending" => "en cours d’envoi",
                "sent" => "envoyée",
                "held" => "retenue",
                other => other,
            };
            format!("{period} est {state}\u{202f}: il est trop tard pour cela")
        }
        DecisionRefusal::Withdrawn(period, titles) => format!(
            "{period} contient ce qui a été retiré depuis\u{202f}: {}\u{202f}; la commande gazetier digest send {period} \
             --with-withdrawn la laisse partir malgré tout",
            titles.join(", ")
        ),
    }
}

fn english(refused: &DecisionRefusal) -> String {
    match refused {
        DecisionRefusal::Held { who, why, .. } => {
            let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
            format!("it is held by {who}{why}: let it go first")
        }
        other => other.to_string(),
    }
}
