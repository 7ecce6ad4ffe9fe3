//! What the desk's script says, in French and in English: it finds these words in the page.

use super::Lang;

/// The script's words.
#[derive(Debug)]
pub(super) struct Script {
    /// Not saved: the desk does not answer.
    pub(super) offline: &'static str,
    /// Not saved: the session has ended.
    pub(super) closed: &'static str,
    /// Not saved: it is too long.
    pub(super) long: &'static str,
    /// Not saved: the desk did not understand.
    pub(super) refused: &'static str,
    /// Try again.
    pub(super) retry: &'static str,
    /// Others changed something meanwhile, and all is kept.
    pub(super) merged: &'static str,
    /// Others changed the same field.
    pub(super) conflict: &'static str,
    /// What they wrote.
    pub(super) theirs: &'static str,
    /// Keep one's own words.
    pub(super) mine: &'static str,
    /// Take theirs.
    pub(super) take: &'static str,
    /// The edition has gone; `{period}` is filled in.
    pub(super) gone: &'static str,
    /// The notice was read.
    pub(super) seen: &'static str,
    /// A decision was not carried out.
    pub(super) undone: &'static str,
    /// Because what was typed is not saved.
    pub(super) unsaved: &'static str,
}

static FRENCH: Script = Script {
    offline: "Pas encore enregistré\u{202f}: le bureau ne répond pas. Rien n’est perdu, ce navigateur garde ce que vous avez écrit\u{202f}; nouvel essai dans quelques secondes.",
    closed: "Pas encore enregistré\u{202f}: votre session est finie. Rien n’est perdu, ce navigateur garde ce que vous avez écrit. Rouvrez le bureau dans un autre onglet par le lien d’une épreuve, puis réessayez.",
    long: "Pas encore enregistré\u{202f}: c’est trop long pour le bureau. Raccourcissez, et cela sera gardé.",
    refused: "Pas encore enregistré\u{202f}: le bureau n’a pas compris. Rien n’est perdu, ce navigateur garde ce que vous avez écrit.",
    retry: "Réessayer",
    merged: "Quelqu’un a retouché l’édition pendant que vous écriviez\u{202f}; ce que vous aviez écrit est resté.",
    conflict: "Quelqu’un a changé le même champ que vous. Le vôtre y est encore, et n’est pas enregistré.",
    theirs: "L’autre a écrit\u{202f}:",
    mine: "Garder le mien",
    take: "Prendre l’autre",
    gone: "{period} n’est plus l’édition à venir. Vous aviez écrit pour elle, sans que cela ait été enregistré\u{202f}:",
    seen: "J’ai vu",
    undone: "Pas encore fait",
    unsaved: "ce que vous avez écrit n’a pas pu être enregistré.",
};

static ENGLISH: Script = Script {
    offline: "Not saved yet: the desk does not answer. Nothing is lost, this browser keeps what you wrote; the next try is in a few seconds.",
    closed: "Not saved yet: your session has ended. Nothing is lost, this browser keeps what you wrote. Open the desk in another tab by the link in a proof, then try again.",
    long: "Not saved yet: it is too long for the desk. Shorten it, and it will be kept.",
    refused: "Not saved yet: the desk did not understand. Nothing is lost, this browser keeps what you wrote.",
    retry: "Try again",
    merged: "Somebody touched the edition while you were writing; what you had written has stayed.",
    conflict: "Somebody changed the same field as you. Yours is still in it, and is not saved.",
    theirs: "The other wrote:",
    mine: "Keep mine",
    take: "Take the other",
    gone: "{period} is no longer the coming edition. You had written for it what was not saved:",
    seen: "I have seen it",
    undone: "Not done yet",
    unsaved: "what you wrote could not be saved.",
};

/// The words in a language.
pub(super) fn of(lang: Lang) -> &'static Script {
    match lang {
        Lang::Fr => &FRENCH,
        Lang::En => &ENGLISH,
    }
}
