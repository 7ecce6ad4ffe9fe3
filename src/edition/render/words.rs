//! The fixed words of a letter, in the two languages that gazetier speaks.
//!
//! Why here and not in the templates: a template is the same for every language. French typography is part of the words:
//! a narrow no-break space (U+202F) stands before : ; ! ?, and the apostrophe is ’.

/// The words that no editor writes anew each week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Before an edition's number, with the space that keeps them together.
    pub number: &'static str,
    /// Leads to the archived letter.
    pub view_in_browser: &'static str,
    /// Before a byline.
    pub by: &'static str,
    /// Leads from a standfirst to its column.
    pub read_on: &'static str,
    /// Above the columns that are shown as titles only.
    pub also_this_week: &'static str,
    /// Names the columns that have no rubrique, when there is nothing else in the letter.
    pub columns: &'static str,
    /// The same, when they come after a lead column or other rubriques.
    pub other_columns: &'static str,
    /// Why the letter came.
    pub why_you_receive: &'static str,
    /// The same, for everybody who finds the letter in the archive.
    pub why_it_comes: &'static str,
    /// Leads, in the archive, to the page to subscribe from.
    pub subscribe: &'static str,
    /// Leads to the page of feeds.
    pub feeds: &'static str,
    /// Leads to the page that ends the subscription.
    pub unsubscribe: &'static str,
    /// Says that a letter is a proof for the editors.
    pub proof: &'static str,
    /// The same in a sentence, above a proof.
    pub this_is_a_proof: &'static str,
    /// Leads to the desk.
    pub to_the_desk: &'static str,
    /// Before an address in the text part: a colon, with its space if the language wants one.
    pub colon: &'static str,
}

const FRENCH: Words = Words {
    number: "N°\u{a0}",
    view_in_browser: "Lire cette lettre en ligne",
    by: "Par",
    read_on: "Lire\u{a0}la\u{a0}suite",
    also_this_week: "Aussi cette semaine",
    columns: "Les chroniques de la semaine",
    other_columns: "Autres chroniques",
    why_you_receive: "Vous recevez cette lettre chaque semaine parce que vous en avez demandé l’envoi.",
    why_it_comes: "Cette lettre vient chaque semaine à qui la demande.",
    subscribe: "La recevoir",
    feeds: "Suivre nos chroniques dans un lecteur de flux",
    unsubscribe: "Se désabonner",
    proof: "Épreuve",
    this_is_a_proof: "Ceci est une épreuve. Les lecteurs ne l’ont pas reçue.",
    to_the_desk: "Corriger, approuver ou retenir cette lettre",
    colon: "\u{202f}:",
};

const ENGLISH: Words = Words {
    number: "No.\u{a0}",
    view_in_browser: "Read this letter online",
    by: "By",
    read_on: "Read\u{a0}on",
    also_this_week: "Also this week",
    columns: "This week’s columns",
    other_columns: "Other columns",
    why_you_receive: "You receive this letter every week because you asked for it.",
    why_it_comes: "This letter comes every week to those who ask for it.",
    subscribe: "Subscribe to it",
    feeds: "Follow our columns in a feed reader",
    unsubscribe: "Unsubscribe",
    proof: "Proof",
    this_is_a_proof: "This is a proof. Readers have not received it.",
    to_the_desk: "Mend, approve or hold this letter",
    colon: ":",
};

/// The words in `lang`, whatever its region.
pub fn of(lang: &str) -> Words {
    if is_french(lang) { FRENCH } else { ENGLISH }
}

/// Whether `lang` is French, of whatever region.
pub fn is_french(lang: &str) -> bool {
    lang.split(['-', '_']).next().is_some_and(|primary| primary.eq_ignore_ascii_case("fr"))
}
