//! Which letter a message is about, by what only we can have written: the VERP address that it came
//! back to, the letter's Message-ID, a token for leaving. Whatever else a message claims counts for
//! nothing.

use std::collections::HashMap;

use crate::{
    edition::render::letter::message_name,
    model::{Edition, EditionKey, Key, ReaderId, ReaderName, Slug, token},
};

use super::mime::{Head, Parts};

/// How many characters a proof has.
const PROOF: usize = 13;

/// What proofs are checked with.
#[derive(Debug)]
pub(super) struct Seal<'a> {
    key: &'a Key,
    /// The editions by what message ids name them, in lower case.
    by_name: HashMap<String, (i64, EditionKey)>,
    /// The editions by what addresses for bounces name them.
    by_mark: HashMap<i64, i64>,
    /// Those of the first version, by their labels in lower case.
    by_period: HashMap<String, i64>,
    newsletters: Vec<Slug>,
}

/// A letter of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Letter {
    /// The store's key of its edition; 0 if only the reader is known.
    pub edition: i64,
    pub reader: ReaderName,
    /// Whether its address for bounces names it.
    pub by_envelope: bool,
}

/// What was found of proofs in some texts.
#[derive(Debug, Default)]
struct Found {
    /// By addresses for bounces, then by Message-IDs; each letter once.
    by_address: Vec<Letter>,
    by_message: Vec<Letter>,
    /// Letters to one person, by their public ids.
    services: Vec<[u8; 16]>,
    /// Something has the form of a proof of ours and is none.
    forged: bool,
}

impl<'a> Seal<'a> {
    pub(super) fn new(key: &'a Key, newsletters: Vec<Slug>, editions: &[Edition]) -> Self {
        let by_name = editions.iter().map(|e| (message_name(e).to_lowercase(), (e.id, e.key()))).collect();
        let by_mark = editions.iter().map(|e| (e.mark, e.id)).collect();
        let by_period = editions.iter().map(|e| (e.period.as_str().to_lowercase(), e.id)).collect();
        Self { key, by_name, by_mark, by_period, newsletters }
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

    /// The letter to one person that a report is about, by the address that it came back to: one and no other.
    pub(super) fn service(&self, parts: &Parts, statements: &[String]) -> Option<[u8; 16]> {
        let heads = parts.heads.iter().flat_map(Head::values);
        let found = self.search(heads.chain(statements.iter().map(String::as_str)));
        match (found.services.as_slice(), found.by_address.as_slice(), found.by_message.as_slice()) {
            ([one], [], []) => Some(*one),
            _ => None,
        }
    }

    /// The reader whose token for leaving stands in a letter's head, for complaints in which nothing else is
    /// left, and the newsletter that it is for.
    pub(super) fn reader(&self, parts: &Parts) -> Option<(Slug, ReaderName)> {
        parts.heads.iter().filter_map(|head| head.get("list-unsubscribe")).find_map(|value| self.token(value))
    }

    /// The newsletter that a letter is of: by its token for leaving, else the first there is.
    pub(super) fn newsletter_of(&self, parts: &Parts) -> Option<Slug> {
        let named = self.reader(parts).map(|(newsletter, _)| newsletter);
        named.or_else(|| self.newsletters.first().cloned())
    }

    /// The reader who wants to leave, by the subject of a message: `unsubscribe` and a token,
    /// whatever stands before. `None` if it is no such message.
    pub(super) fn leaving(&self, subject: &str) -> Option<Result<(Slug, ReaderName), String>> {
        let lower = subject.to_lowercase();
        // Some mail programs take the subject from the link as it is encoded there.
        let rest = lower[lower.find("unsubscribe")? + "unsubscribe".len()..].replace("%20", " ");
        let broken = "somebody wants to leave, but the token in its subject is missing, broken or forged";
        Some(self.token(&rest).ok_or_else(|| broken.to_owned()))
    }

    fn token(&self, text: &str) -> Option<(Slug, ReaderName)> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let mut words = words.filter(|word| word.len() == token::PLACEHOLDER.len());
        words.find_map(|word| token::leaver(self.key, &self.newsletters, word))
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

    /// Looks whether a local part is `…+NAMES-AND-PROVES` or `PERIOD.NEWSLETTER.READER.PROOF`, or what the
    /// first version wrote.
    fn look_at(&self, local: &str, found: &mut Found) {
        let last = local.rsplit(['+', '-', '=', '.']).next().unwrap_or_default();
        if let Some(named) = token::bounced(self.key, last) {
            // Of an edition that is no more, the reader is still known.
            let letter = |(mark, reader)| Letter {
                edition: self.by_mark.get(&mark).copied().unwrap_or(0),
                reader: ReaderName::Id(reader),
                by_envelope: true,
            };
            return match named {
                Ok(named) => add(&mut found.by_address, letter(named)),
                Err(()) => found.forged = true,
            };
        }
        if let Some(letter) = token::service_bounced(self.key, last) {
            if !found.services.contains(&letter) {
                found.services.push(letter);
            }
            return;
        }
        let mut words = local.rsplitn(3, '.');
        let (Some(proof), Some(reader), Some(rest)) = (words.next(), words.next(), words.next()) else { return };
        if proof.len() != PROOF || !proof.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return;
        }
        if let Ok(reader) = reader.parse::<ReaderId>() {
            return match self.by_name.get(&rest.to_lowercase()) {
                Some((edition, key)) if token::proves(self.key, key, reader, proof) => {
                    let reader = ReaderName::Id(reader);
                    add(&mut found.by_message, Letter { edition: *edition, reader, by_envelope: false });
                }
                _ => found.forged = true,
            };
        }
        self.look_at_old(proof, reader, rest, found);
    }

    /// The same for `…+EDITION.NUMBER.PROOF` and `PERIOD.NUMBER.PROOF`.
    fn look_at_old(&self, proof: &str, number: &str, rest: &str, found: &mut Found) {
        let Ok(reader) = number.parse::<i64>() else { return };
        let number = rest.rsplit(['+', '-', '=']).next().unwrap_or_default();
        let (by_envelope, purpose, edition, letters) = match number.parse::<i64>() {
            Ok(edition) => (true, "bounce", Some(edition), &mut found.by_address),
            Err(_) => (false, "message", self.by_period.get(&rest.to_lowercase()).copied(), &mut found.by_message),
        };
        match edition {
            Some(edition) if token::proved_before(self.key, purpose, edition, reader, proof) => {
                add(letters, Letter { edition, reader: ReaderName::Old(reader), by_envelope });
            }
            _ => found.forged = true,
        }
    }
}

fn add(letters: &mut Vec<Letter>, letter: Letter) {
    if !letters.contains(&letter) {
        letters.push(letter);
    }
}

/// What stands before an `@`, as far as our addresses and Message-IDs reach.
fn local_part(text: &str, at: usize) -> &str {
    let ours = |byte: &u8| byte.is_ascii_alphanumeric() || b".+-=_".contains(byte);
    let length = text.as_bytes()[..at].iter().rev().take(128).take_while(|byte| ours(byte)).count();
    &text[at - length..at]
}
