//! Why a letter came back, by evidence: the codes of the report and those that it quotes, the words, and at which step of
//! the dialogue they were said. Each is a fact with a meaning; one function weighs them. An address counts as dead only if
//! nothing contradicts that. docs/BOUNCES.md has the tables.

mod codes;
mod phrases;
mod sign;

use std::collections::HashSet;

use serde::Serialize;

pub(super) use codes::{EnhancedStatus, is_quoted};
pub(super) use phrases::{find, folded};
pub use sign::Sign;

use crate::store::BounceKind;

/// More of a text is not looked at: a notice says in its first lines what it has to say.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Further codes of one text are ignored.
const MAX_CODES: usize = 40;

/// Providers that say "unknown user" of readers whose own filter refuses the letter: NTT Docomo's phones take mail from
/// chosen senders alone.
const FILTERING_PROVIDERS: [&str; 1] = ["docomo.ne.jp"];

/// Where a fact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The action of a report's group of fields.
    Action,
    /// The status of a report's group of fields.
    Status,
    /// What the report quotes of the server that refused.
    Diagnostic,
    /// The text for people.
    Text,
    /// What is known of the provider's ways.
    Provider,
}

/// Something that a report says about why a letter came back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Fact {
    pub place: Place,
    /// The code or the words.
    pub what: String,
    pub sign: Sign,
    /// Whether it is particular enough to stand against what is only general.
    pub firm: bool,
}

/// What speaks for one reason or another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Evidence(Vec<Fact>);

impl Evidence {
    pub(super) fn facts(&self) -> &[Fact] {
        &self.0
    }

    pub(super) fn add(&mut self, place: Place, what: impl Into<String>, sign: Sign, firm: bool) {
        let fact = Fact { place, what: what.into(), sign, firm };
        if !self.0.contains(&fact) {
            self.0.push(fact);
        }
    }

    /// The status of a report's group of fields.
    pub(super) fn add_status(&mut self, status: EnhancedStatus) {
        if let Some((sign, firm)) = status.sign() {
            self.add(Place::Status, status.to_string(), sign, firm);
        }
    }

    /// All that a text says: the words of a mail server, or those for people.
    pub(super) fn add_text(&mut self, place: Place, text: &str) {
        let text = text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or(text);
        for (what, sign, firm) in codes::in_text(text).into_iter().take(MAX_CODES) {
            self.add(place, what, sign, firm);
        }
        for phrase in find(&folded(text)) {
            if phrase.sign.kind().is_some() {
                self.add(place, phrase.words, phrase.sign, phrase.firm);
            }
        }
    }

    /// Notes that nobody is there by words of which a provider is known to mean something else as well: the text names its
    /// domains or machines.
    pub(super) fn doubt_provider(&mut self, hosts: &str) {
        let says_nobody = self.0.iter().any(|fact| fact.sign == Sign::NoMailbox && fact.place != Place::Status);
        let hosts = hosts.to_ascii_lowercase();
        let is_of = |name: &str| {
            let mut hosts = hosts.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-'));
            hosts.any(|host| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
        };
        if let Some(name) = FILTERING_PROVIDERS.into_iter().find(|name| is_of(name)).filter(|_| says_nobody) {
            self.add(Place::Provider, name, Sign::Later, true);
        }
    }

    /// Whether anything particular is said.
    pub(super) fn is_firm(&self) -> bool {
        self.0.iter().any(|fact| fact.firm)
    }

    /// Why the letter came back. Of what is particular, words about us go first, then those of what may pass: either stands
    /// against an address that is dead. Of what is only general, the same. In doubt it is [`BounceKind::Soft`]: an address
    /// that does not exist will come back more than once.
    pub(super) fn judge(&self) -> BounceKind {
        let kinds = |firm: bool| -> HashSet<BounceKind> {
            self.0.iter().filter(|fact| fact.firm == firm).filter_map(|fact| fact.sign.kind()).collect()
        };
        for kinds in [kinds(true), kinds(false)] {
            for kind in [BounceKind::Ours, BounceKind::Soft, BounceKind::Hard] {
                if kinds.contains(&kind) {
                    return kind;
                }
            }
        }
        BounceKind::Soft
    }
}
