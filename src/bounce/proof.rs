//! Which letter a message is about, by what only we can have written: the VERP address that it came
//! back to, the letter's Message-ID, a token for leaving. Whatever else a message claims counts for
//! nothing.

use std::collections::HashMap;

use crate::{
    digest::token,
    model::{Edition, Key},
};

use super::mime::{Head, Parts};

/// How many characters a proof has.
const PROOF: usize = 13;

/// What proofs are checked with.
#[derive(Debug)]
pub(super) struct Seal<'a> {
    key: &'a Key,
    /// The editions by their periods, which Message-IDs name.
    editions: HashMap<String, i64>,
}

/// A letter of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Letter {
    pub edition: i64,
    pub subscriber: i64,
}

/// What was found of proofs in some texts.
#[derive(Debug, Default)]
struct Found {
    /// By addresses for bounces, then by Message-IDs; each letter once.
    by_address: Vec<Letter>,
    by_message: Vec<Letter>,
    /// Something has the form of a proof of ours and is none.
    forged: bool,
}

impl<'a> Seal<'a> {
    pub(super) fn new(key: &'a Key, editions: &[Edition]) -> Self {
        let editions = editions.iter().map(|edition| (edition.period.to_string(), edition.id)).collect();
        Self { key, editions }
    }

    /// The letter that a report is about. The address that the message itself was sent to goes
    /// before what lies in it, an address for bounces before a Message-ID: that one never stands in
    /// a letter, so that nobody who reads a letter can let it bounce by it.
    pub(super) fn letter(&self, parts: &Parts, statements: &[String]) -> Result<Letter, String> {
        let outer = self.search(parts.heads.iter().take(1).flat_map(Head::values));
        let inner = parts.heads.iter().skip(1).flat_map(Head::values);
        let inner = self.search(inner.chain(statements.iter().map(String::as_str)));
        for letters in [&outer.by_address, &inner.by_address, &inner.by_message, &outer.by_message] {
            match letters.as_slice() {
                [] => {}
                [one] => return Ok(*one),
                _ => return Err("it is about more than one letter".into()),
            }
        }
        Err(if outer.forged || inner.forged {
            "it is about a letter of ours, it says, but its proof is broken or forged".into()
        } else {
            "it says of no letter of ours that it is about it".into()
        })
    }

    /// The subscriber whose token for leaving stands in a letter's head, for complaints in which
    /// nothing else is left.
    pub(super) fn subscriber(&self, parts: &Parts) -> Option<i64> {
        parts.heads.iter().filter_map(|head| head.get("list-unsubscribe")).find_map(|value| self.token(value))
    }

    /// The subscriber who wants to leave, by the subject of a message: `unsubscribe` and a token,
    /// whatever stands before. `None` if it is no such message.
    pub(super) fn leaving(&self, subject: &str) -> Option<Result<i64, String>> {
        let lower = subject.to_lowercase();
        // Some mail programs take the subject from the link as it is encoded there.
        let rest = lower[lower.find("unsubscribe")? + "unsubscribe".len()..].replace("%20", " ");
        let broken = "somebody wants to leave, but the token in its subject is missing, broken or forged";
        Some(self.token(&rest).ok_or_else(|| broken.to_owned()))
    }

    fn token(&self, text: &str) -> Option<i64> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.filter(|word| word.len() == token::PLACEHOLDER.len()).find_map(|word| token::subscriber(self.key, word))
    }

    fn search<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Found {
        let mut found = Found::default();
        for text in texts {
            for (at, _) in text.match_indices('@') {
                self.look_at(local_part(text, at), &mut found);
            }
        }
        found
    }

    /// Looks whether a local part is `…+EDITION.SUBSCRIBER.PROOF` or `PERIOD.SUBSCRIBER.PROOF`.
    fn look_at(&self, local: &str, found: &mut Found) {
        let mut words = local.rsplitn(3, '.');
        let (Some(proof), Some(subscriber), Some(rest)) = (words.next(), words.next(), words.next()) else { return };
        let Ok(subscriber) = subscriber.parse::<i64>() else { return };
        if proof.len() != PROOF || !proof.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return;
        }
        let number = rest.rsplit(['+', '-', '=']).next().unwrap_or_default();
        let (purpose, edition, letters) = match number.parse::<i64>() {
            Ok(edition) => ("bounce", Some(edition), &mut found.by_address),
            Err(_) => ("message", self.editions.get(&rest.to_uppercase()).copied(), &mut found.by_message),
        };
        match edition {
            Some(edition) if token::proves(self.key, purpose, edition, subscriber, proof) => {
                let letter = Letter { edition, subscriber };
                if !letters.contains(&letter) {
                    letters.push(letter);
                }
            }
            _ => found.forged = true,
        }
    }
}

/// What stands before an `@`, as far as our addresses and Message-IDs reach.
fn local_part(text: &str, at: usize) -> &str {
    let ours = |byte: &u8| byte.is_ascii_alphanumeric() || b".+-=_".contains(byte);
    let length = text.as_bytes()[..at].iter().rev().take(128).take_while(|byte| ours(byte)).count();
    &text[at - length..at]
}
