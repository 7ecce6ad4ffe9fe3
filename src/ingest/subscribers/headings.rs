//! What the columns of a list mean, by their headings: ours, and those that other programs write
//! (docs/LISTS.md names them). Whose list one is says `programs.rs`.

use crate::model::{Membership, Reason, text};

/// A column that a list may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The address.
    Email,
    /// How the subscriber is called.
    Name,
    /// The same in two columns: the given name …
    Given,
    /// … and the other.
    Family,
    /// Labels or slugs of the rubriques.
    Rubriques,
    /// `fr` or `en`.
    Language,
    /// How the reader stands, in a word.
    State,
    /// Why the address is suppressed.
    Reason,
    /// Since when the state is so.
    Since,
    /// When the reader came.
    Joined,
    /// When the reader last proved the address.
    Returned,
    /// How often a letter is wanted.
    Rhythm,
    /// Until when none is.
    Paused,
    /// At which hour and on which day it is.
    LetterHour,
    /// Whether what is due on one day is wanted in one letter.
    OneADay,
    /// Since when the address is suppressed.
    Suppressed,
    /// The words that the reader agreed to last.
    Consent,
    /// By form, script or command.
    ConsentWay,
    /// When the words were shown.
    ConsentAsked,
    /// From which address.
    ConsentAskedFrom,
    /// When the consent was confirmed.
    ConsentConfirmed,
    /// From which address.
    ConsentConfirmedFrom,
    /// What was agreed to before, as JSON.
    EarlierConsents,
    /// What another program has put on the reader.
    Tags,
    /// The lists of another program that the line is about.
    Lists,
}

/// How many fields there are.
pub(super) const FIELDS: usize = Field::ALL.len();

impl Field {
    /// What each is called where a list's header is told, and what an export heads it.
    pub const ALL: [(&str, Self); 25] = [
        ("email", Self::Email),
        ("name", Self::Name),
        ("given_name", Self::Given),
        ("family_name", Self::Family),
        ("rubriques", Self::Rubriques),
        ("language", Self::Language),
        ("rhythm", Self::Rhythm),
        ("paused", Self::Paused),
        ("letter_hour", Self::LetterHour),
        ("one_a_day", Self::OneADay),
        ("state", Self::State),
        ("reason", Self::Reason),
        ("since", Self::Since),
        ("joined", Self::Joined),
        ("returned", Self::Returned),
        ("suppressed", Self::Suppressed),
        ("consent", Self::Consent),
        ("consent_way", Self::ConsentWay),
        ("consent_asked", Self::ConsentAsked),
        ("consent_asked_from", Self::ConsentAskedFrom),
        ("consent_confirmed", Self::ConsentConfirmed),
        ("consent_confirmed_from", Self::ConsentConfirmedFrom),
        ("earlier_consents", Self::EarlierConsents),
        ("tags", Self::Tags),
        ("lists", Self::Lists),
    ];

    /// Its own heading.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }

    /// What its column is headed by others, normalised.
    fn others(self) -> &'static [&'static str] {
        match self {
            Self::Email => &[
                "e mail",
                "mail",
                "email address",
                "e mail address",
                "subscriber email",
                "user email",
                "adresse e mail",
                "adresse email",
                "adresse mail",
                "adresse courriel",
                "adresse electronique",
                "adresse de courriel",
                "adresse de messagerie",
                "courriel",
                "mel",
                "e mailadresse",
                "e mail adresse",
                "emailadresse",
                // Last of all: with many programs these are streets.
                "address",
                "adresse",
            ],
            Self::Name => &["nom", "full name", "nom complet", "display name", "nom et prenom", "prenom et nom"],
            Self::Given => &["given name", "first name", "firstname", "prenom", "fname", "merge first name", "vorname"],
            Self::Family => &[
                "family name",
                "last name",
                "lastname",
                "lname",
                "nom de famille",
                "surname",
                "merge last name",
                "nachname",
            ],
            Self::Rubriques => &["rubrique"],
            Self::Language => &["langue", "lang", "locale", "mc language", "preferred language", "sprache"],
            Self::State => STATE_HEADINGS,
            Self::Joined => &[
                "created at",
                "optin time",
                "creation date",
                "added time",
                "subscribed at",
                "subscription time",
                "subscription date",
                "entered",
                "date added",
                "date subscribed",
                "join date",
                "user registered",
                "date d'inscription",
                "date inscription",
                "date d'abonnement",
                "date d'ajout",
                "inscrit le",
            ],
            Self::ConsentAskedFrom => &["optin ip", "subscription ip", "subscribed ip"],
            Self::ConsentConfirmed => &["confirm time", "confirmation time", "confirmed at", "date de confirmation"],
            Self::ConsentConfirmedFrom => &["confirm ip", "confirmation ip", "confirmed ip"],
            Self::ConsentWay => &["consent source", "optin source", "signup source", "source du consentement"],
            Self::Tags => &["tag", "labels", "label", "etiquettes", "etiquette"],
            Self::Lists => &["list", "liste", "listes", "list name", "listids", "list ids"],
            _ => &[],
        }
    }

    /// Which of some headings, normalised, means this field: ours before those of others, and of these the plainest.
    pub(super) fn among(self, headings: &[String]) -> Option<usize> {
        let own = normalise(self.name());
        let names = std::iter::once(own.as_str()).chain(self.others().iter().copied());
        names.into_iter().find_map(|name| headings.iter().position(|heading| heading == name))
    }

    /// Whether a heading, normalised, means this field.
    pub(super) fn is_headed(self, heading: &str) -> bool {
        normalise(self.name()) == heading || self.others().contains(&heading)
    }
}

/// Columns that say in a word how a reader stands.
const STATE_HEADINGS: &[&str] = &[
    "status",
    "etat",
    "statut",
    "subscription status",
    "subscription state",
    "subscriber status",
    "email subscriber status",
    "email marketing status",
    "email marketing",
    "email permission status",
    "email status",
    "contact status",
    "member status",
    "marketing status",
    "list status",
    "global status",
    "subscriber type",
    "email subscription",
    "statut de l'abonnement",
    "statut d'abonnement",
];

/// What a column says that is about one thing alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// A word for how the reader stands.
    Word,
    /// Yes or no; no means this.
    Yes(Fact),
    /// Yes, no or a date; yes or a date means this.
    No(Fact),
    /// Whatever stands there, mostly a date, means this.
    Mark(Fact),
}

/// What a list says of somebody who does not get letters.
pub(super) type Fact = (Membership, Option<Reason>);

pub(super) const ACTIVE: Fact = (Membership::Active, None);
pub(super) const PENDING: Fact = (Membership::Pending, None);
pub(super) const LEFT: Fact = (Membership::Left, None);
pub(super) const BOUNCED: Fact = (Membership::Active, Some(Reason::Bounce));
pub(super) const COMPLAINED: Fact = (Membership::Left, Some(Reason::Complaint));
pub(super) const BLOCKED: Fact = (Membership::Left, Some(Reason::Request));

/// What a heading, normalised, says about how readers stand; nothing if it is none of these.
pub(super) fn signal(heading: &str) -> Option<Signal> {
    if Field::State.is_headed(heading) {
        return Some(Signal::Word);
    }
    Some(match heading {
        "subscribed to emails"
        | "subscribed"
        | "is subscribed"
        | "enabled"
        | "email enabled"
        | "active"
        | "is active"
        | "actif"
        | "opt in"
        | "optin"
        | "opted in"
        | "email opt in"
        | "abonne" => Signal::Yes(LEFT),
        "confirmed"
        | "is confirmed"
        | "email confirmed"
        | "is the email of this subscriber confirmed"
        | "is the email of this user confirmed"
        | "is this subscriber confirmed"
        | "verified"
        | "email verified" => Signal::Yes(PENDING),
        "unsubscribed"
        | "is unsubscribed"
        | "opted out"
        | "opt out"
        | "optout"
        | "email opt out"
        | "has opted out of email"
        | "email disabled"
        | "disabled"
        | "is this account disabled"
        | "deleted"
        | "desabonne"
        | "desinscrit" => Signal::No(LEFT),
        "blocklisted"
        | "blacklisted"
        | "email blocklisted"
        | "email blacklisted"
        | "emailblacklisted"
        | "emailblocklisted"
        | "is blacklisted"
        | "is this subscriber blacklisted"
        | "is this user blacklisted"
        | "global unsubscribe"
        | "do not email"
        | "do not contact" => Signal::No(BLOCKED),
        "bounced" | "hard bounced" | "is bounced" | "cleaned" | "undeliverable" => Signal::No(BOUNCED),
        "complained" | "complaint" | "spam" | "spam complaint" | "is spam" | "marked as spam" => Signal::No(COMPLAINED),
        "unsub time"
        | "unsubscribed at"
        | "unsubscribed on"
        | "unsubscribe date"
        | "unsubscribed date"
        | "unsubscription date"
        | "optout time"
        | "optout date"
        | "opt out date"
        | "deleted at"
        | "date desinscription"
        | "date de desinscription" => Signal::Mark(LEFT),
        "clean time" | "cleaned at" | "bounced at" | "bounce date" | "undeliverability date" => Signal::Mark(BOUNCED),
        "complained at" | "complaint date" => Signal::Mark(COMPLAINED),
        _ => return None,
    })
}

/// A word for how a reader stands, in the words of many programs; none if it is not known.
pub(super) fn word(word: &str) -> Option<Fact> {
    Some(match normalise(word).as_str() {
        "active" | "subscribed" | "enabled" | "confirmed" | "regular" | "premium" | "gifted" | "trialed" | "unpaid"
        | "churning" | "past due" | "free" | "paid" | "comped" | "opted in" | "opt in" | "optin" | "actif"
        | "abonne" | "abonnee" | "inscrit" | "inscrite" | "confirme" | "confirmee" => ACTIVE,
        "pending"
        | "unconfirmed"
        | "unactivated"
        | "not confirmed"
        | "unverified"
        | "validating"
        | "non subscribed"
        | "nonsubscribed"
        | "never subscribed"
        | "transactional"
        | "awaiting confirmation"
        | "en attente"
        | "non confirme"
        | "non confirmee"
        | "a confirmer" => PENDING,
        "unsubscribed" | "unsub" | "opted out" | "opt out" | "optout" | "not subscribed" | "inactive" | "disabled"
        | "cancelled" | "canceled" | "removed" | "deleted" | "archived" | "expired" | "left" | "desabonne"
        | "desabonnee" | "desinscrit" | "desinscrite" | "inactif" => LEFT,
        "cleaned" | "bounced" | "bounce" | "hard bounced" | "hard bounce" | "hardbounced" | "unreachable"
        | "undeliverable" | "invalid" | "rebond" | "en erreur" => BOUNCED,
        "complained" | "complaint" | "spam" | "spam complaint" | "abuse" | "marked as spam" | "junk" => COMPLAINED,
        "suppressed" => (Membership::Active, Some(Reason::Request)),
        "not sending" | "blocklisted" | "blacklisted" | "blocked" | "banned" | "spammy" | "do not contact"
        | "do not email" => BLOCKED,
        _ => return None,
    })
}

/// Yes or no; none if it is neither.
pub(super) fn yes_or_no(cell: &str) -> Option<bool> {
    match text::fold(cell).as_str() {
        "true" | "1" | "yes" | "y" | "oui" | "vrai" | "on" | "t" => Some(true),
        "false" | "0" | "no" | "n" | "non" | "faux" | "off" | "f" => Some(false),
        _ => None,
    }
}

/// A heading or a word with case, accents and what stands between words folded.
pub(super) fn normalise(text: &str) -> String {
    let spaced: String =
        text.chars().map(|c| if matches!(c, '_' | '-' | '.' | '/' | ':' | '?' | '\u{a0}') { ' ' } else { c }).collect();
    text::fold(&spaced).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_means_one_thing() {
        for (name, field) in Field::ALL {
            let owners: Vec<_> =
                Field::ALL.into_iter().filter(|(_, other)| other.is_headed(&normalise(name))).collect();
            assert_eq!(owners, [(name, field)]);
            assert!(field == Field::State || signal(&normalise(name)).is_none(), "{name}");
            for other in field.others() {
                assert_eq!(*other, normalise(other), "{name}");
                assert_eq!(field == Field::State, signal(other).is_some(), "{name}: {other}");
            }
        }
    }

    #[test]
    fn words_of_our_own_export_are_known() {
        assert_eq!(word("active"), Some(ACTIVE));
        assert_eq!(word("unsubscribed"), Some(LEFT));
        assert_eq!(word("pending"), Some(PENDING));
        assert_eq!(word("suppressed"), Some((Membership::Active, Some(Reason::Request))));
        assert_eq!(word("en pause"), None);
    }
}
