//! Finds out which letter a message is about, by what only we can have written: the VERP address that it came back to, the
//! letter's Message-ID, an unsubscribe token. Nothing else that a message claims is believed.

use std::collections::HashMap;

use crate::{
    edition::render::letter::message_name,
    model::{Edition, EditionKey, Key, ReaderId, ReaderName, Slug, token},
};

use super::mime::{HeaderFields, MessageParts};

const PROOF_CHARS: usize = 13;

/// Verifies the proofs in messages.
#[derive(Debug)]
pub(super) struct ProofVerifier {
    key: Key,
    /// Editions by their names in Message-IDs, in lower case.
    by_name: HashMap<String, (i64, EditionKey)>,
    /// Editions by their names in bounce addresses.
    by_mark: HashMap<i64, i64>,
    /// Editions by their labels, in lower case, as the first version named them.
    by_period: HashMap<String, i64>,
    newsletters: Vec<Slug>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ProvenLetter {
    /// The id of its edition in the store; 0 if only the reader is known.
    pub edition: i64,
    pub reader: ReaderName,
    /// Whether it is proved by its bounce address.
    pub by_envelope: bool,
}

/// The proofs that were found in some texts.
#[derive(Debug, Default)]
struct ProofMatches {
    /// By bounce addresses; each letter once.
    by_address: Vec<ProvenLetter>,
    /// By Message-IDs; each letter once.
    by_message: Vec<ProvenLetter>,
    /// Service letters, by their public ids.
    services: Vec<[u8; 16]>,
    /// Something has the form of a proof and is none.
    forged: bool,
}

impl ProofVerifier {
    pub(super) fn new(key: &Key, newsletters: Vec<Slug>, editions: &[Edition]) -> Self {
        let by_name = editions.iter().map(|e| (message_name(e).to_lowercase(), (e.id, e.key()))).collect();
        let by_mark = editions.iter().map(|e| (e.mark, e.id)).collect();
        let by_period = editions.iter().map(|e| (e.period.as_str().to_lowercase(), e.id)).collect();
        Self { key: key.clone(), by_name, by_mark, by_period, newsletters }
    }

    /// The letter that a report is about. The address that the message itself was sent to goes before what is in it, and a
    /// bounce address before a Message-ID: a letter does not contain its bounce address, so that nobody who reads a letter
    /// can make it bounce.
    pub(super) fn letter(&self, parts: &MessageParts, statements: &[String]) -> Result<ProvenLetter, String> {
        let outer = self.search(parts.heads.iter().take(1).flat_map(HeaderFields::values));
        let inner = parts.heads.iter().skip(1).flat_map(HeaderFields::values);
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

    /// The service letter that a report is about, if its bounce address is the only proof.
    pub(super) fn service(&self, parts: &MessageParts, statements: &[String]) -> Option<[u8; 16]> {
        let heads = parts.heads.iter().flat_map(HeaderFields::values);
        let found = self.search(heads.chain(statements.iter().map(String::as_str)));
        match (found.services.as_slice(), found.by_address.as_slice(), found.by_message.as_slice()) {
            ([one], [], []) => Some(*one),
            _ => None,
        }
    }

    /// The newsletter and the reader of the token in a letter's List-Unsubscribe, which may be all that is left of the
    /// letter in a complaint.
    pub(super) fn unsubscribe_token(&self, parts: &MessageParts) -> Option<(Slug, ReaderName)> {
        parts.heads.iter().filter_map(|head| head.get("list-unsubscribe")).find_map(|value| self.find_token(value))
    }

    /// The newsletter of a letter: by its token, or else the first one.
    pub(super) fn newsletter_of(&self, parts: &MessageParts) -> Option<Slug> {
        let named = self.unsubscribe_token(parts).map(|(newsletter, _)| newsletter);
        named.or_else(|| self.newsletters.first().cloned())
    }

    /// The reader who unsubscribes by the subject of a message: `unsubscribe` and a token, whatever stands before. `None`
    /// if it is no such message.
    pub(super) fn unsubscriber(&self, subject: &str) -> Option<Result<(Slug, ReaderName), String>> {
        let lower = subject.to_lowercase();
        // Some mail programs leave the subject percent-encoded as it is in the link.
        let rest = lower[lower.find("unsubscribe")? + "unsubscribe".len()..].replace("%20", " ");
        let broken = "somebody wants to leave, but the token in its subject is missing, broken or forged";
        Some(self.find_token(&rest).ok_or_else(|| broken.to_owned()))
    }

    /// The letter that a line of a relay's log names: by its bounce address, or else by its Message-ID.
    pub(super) fn of_text(&self, text: &str) -> Option<ProvenLetter> {
        let found = self.search(std::iter::once(text));
        match (found.by_address.as_slice(), found.by_message.as_slice()) {
            ([one], _) | ([], [one]) => Some(*one),
            _ => None,
        }
    }

    fn find_token(&self, text: &str) -> Option<(Slug, ReaderName)> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let mut words = words.filter(|word| word.len() == token::PLACEHOLDER.len());
        words.find_map(|word| token::leaver(&self.key, &self.newsletters, word))
    }

    fn search<'t>(&self, texts: impl Iterator<Item = &'t str>) -> ProofMatches {
        let mut found = ProofMatches::default();
        for text in texts {
            for (at, _) in text.match_indices('@') {
                self.match_local_part(local_part(text, at), &mut found);
            }
        }
        found
    }

    /// Checks whether a local part is `…+NAMES-AND-PROVES` or `PERIOD.NEWSLETTER.READER.PROOF`, or one of the first
    /// version.
    fn match_local_part(&self, local: &str, found: &mut ProofMatches) {
        let last = local.rsplit(['+', '-', '=', '.']).next().unwrap_or_default();
        if let Some(named) = token::bounced(&self.key, last) {
            // If the edition was removed, the reader is still known.
            let letter = |(mark, reader)| ProvenLetter {
                edition: self.by_mark.get(&mark).copied().unwrap_or(0),
                reader: ReaderName::Id(reader),
                by_envelope: true,
            };
            return match named {
                Ok(named) => add(&mut found.by_address, letter(named)),
                Err(()) => found.forged = true,
            };
        }
        if let Some(letter) = token::service_bounced(&self.key, last) {
            if !found.services.contains(&letter) {
                found.services.push(letter);
            }
            return;
        }
        let mut words = local.rsplitn(3, '.');
        let (Some(proof), Some(reader), Some(rest)) = (words.next(), words.next(), words.next()) else { return };
        if proof.len() != PROOF_CHARS || !proof.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return;
        }
        if let Ok(reader) = reader.parse::<ReaderId>() {
            return match self.by_name.get(&rest.to_lowercase()) {
                Some((edition, key)) if token::proves(&self.key, key, reader, proof) => {
                    let reader = ReaderName::Id(reader);
                    add(&mut found.by_message, ProvenLetter { edition: *edition, reader, by_envelope: false });
                }
                _ => found.forged = true,
            };
        }
        self.match_first_version(proof, reader, rest, found);
    }

    /// Checks for `…+EDITION.NUMBER.PROOF` and `PERIOD.NUMBER.PROOF`.
    fn match_first_version(&self, proof: &str, number: &str, rest: &str, found: &mut ProofMatches) {
        let Ok(reader) = number.parse::<i64>() else { return };
        let number = rest.rsplit(['+', '-', '=']).next().unwrap_or_default();
        let (by_envelope, purpose, edition, letters) = match number.parse::<i64>() {
            Ok(edition) => (true, "bounce", Some(edition), &mut found.by_address),
            Err(_) => (false, "message", self.by_period.get(&rest.to_lowercase()).copied(), &mut found.by_message),
        };
        match edition {
            Some(edition) if token::proved_before(&self.key, purpose, edition, reader, proof) => {
                add(letters, ProvenLetter { edition, reader: ReaderName::Old(reader), by_envelope });
            }
            _ => found.forged = true,
        }
    }
}

fn add(letters: &mut Vec<ProvenLetter>, letter: ProvenLetter) {
    if !letters.contains(&letter) {
        letters.push(letter);
    }
}

/// The part before an `@`, as long as our addresses and Message-IDs can be.
fn local_part(text: &str, at: usize) -> &str {
    let ours = |byte: &u8| byte.is_ascii_alphanumeric() || b".+-=_".contains(byte);
    let length = text.as_bytes()[..at].iter().rev().take(128).take_while(|byte| ours(byte)).count();
    &text[at - length..at]
}
