//! What a message at the bounce address wants of us: bytes in, a meaning out. Nothing is changed
//! here, and nothing is believed that is not proven.

use super::{
    mime::{self, Head},
    proof::{Letter, Seal},
    report::{self, Fate, Feedback},
};
use crate::store::{BounceKind, BounceNotice};

/// What a message means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A mail server says what became of a letter.
    Report(Letter, Vec<Fate>),
    /// The same of a letter to one person.
    Service([u8; 16], Vec<Fate>),
    /// A reader says something.
    Notice(BounceNotice),
    /// A reader is away, and a machine says so.
    AutoReply,
    /// It is well understood and changes nothing.
    Nothing,
}

/// Understands a message, or says why it is left to somebody who can.
pub(super) fn understand(message: &[u8], seal: &Seal<'_>) -> Result<Meaning, String> {
    if message.trim_ascii().is_empty() {
        return Err("it is empty".into());
    }
    let parts = mime::take_apart(message)?;
    if let Some(report) = parts.feedback.first() {
        let feedback = report::feedback(report)?;
        let who = match seal.letter(&parts, &parts.feedback) {
            Ok(letter) => Ok(letter),
            Err(why) => {
                seal.reader(&parts).map(|(_, reader)| Letter { edition: 0, reader, by_envelope: false }).ok_or(why)
            }
        };
        return Ok(match feedback {
            Feedback::Nothing => Meaning::Nothing,
            Feedback::OptOut => {
                let newsletter = seal.newsletter_of(&parts);
                Meaning::Notice(BounceNotice::Leave(newsletter.ok_or("it names no newsletter of ours")?, who?.reader))
            }
            Feedback::Abuse => {
                let Letter { edition, reader, by_envelope } = who?;
                let (reason, words) = (BounceKind::Complaint, "the reader complained".to_owned());
                Meaning::Notice(BounceNotice::Returned { edition, reader, reason, words, by_envelope })
            }
        });
    }
    if !parts.statuses.is_empty() {
        let mut fates = Vec::new();
        for status in &parts.statuses {
            fates.extend(report::fates(status)?);
        }
        if let Some(letter) = seal.service(&parts, &parts.statuses) {
            return Ok(Meaning::Service(letter, fates));
        }
        return Ok(Meaning::Report(seal.letter(&parts, &parts.statuses)?, fates));
    }
    if parts.receipt {
        return Ok(Meaning::Nothing);
    }
    if parts.report {
        return Err("it is a report that is broken, or of a kind that is not known here".into());
    }
    let none = Head::default();
    let head = parts.heads.first().unwrap_or(&none);
    if let Some(leaving) = seal.leaving(&head.subject()) {
        return leaving.map(|(newsletter, reader)| Meaning::Notice(BounceNotice::Leave(newsletter, reader)));
    }
    if by_a_machine(head) {
        return Ok(Meaning::AutoReply);
    }
    Err("it is no report, no complaint and no unsubscription: somebody should read it".into())
}

/// Whether a message is an answer that no human wrote (RFC 3834, and what was usual before).
fn by_a_machine(head: &Head) -> bool {
    let says = |name, what: &[&str]| {
        let value = head.get(name).unwrap_or_default().trim().to_ascii_lowercase();
        what.iter().any(|word| value.starts_with(word))
    };
    says("auto-submitted", &["auto-replied"])
        || says("auto-submitted", &["auto-"]) && head.get("x-auto-response-suppress").is_some()
        || says("precedence", &["auto_reply", "auto-reply"])
        || says("x-autoreply", &["yes"])
        || head.get("x-autorespond").is_some()
}

/// What a report comes to for a letter that went to this address. If it names the address, what it
/// says of others (to whom a mailbox forwards) counts for nothing; if it names only others, the
/// address stands for them all, and is as good as the best of them.
pub(super) fn weigh(letter: Letter, mut fates: Vec<Fate>, address: Option<&str>) -> Option<BounceNotice> {
    let Letter { edition, reader, by_envelope } = letter;
    if let Some(address) = address.map(str::to_lowercase)
        && fates.iter().any(|fate| fate.recipients.contains(&address))
    {
        fates.retain(|fate| fate.recipients.contains(&address));
    }
    let best = best(fates)?;
    best.reason.map(|reason| BounceNotice::Returned { edition, reader, reason, words: best.words, by_envelope })
}

/// The same for a letter to one person, which has gone to nobody else.
pub(super) fn weigh_service(letter: [u8; 16], fates: Vec<Fate>) -> Option<BounceNotice> {
    let best = best(fates)?;
    best.reason.map(|reason| BounceNotice::ServiceReturned { letter, reason })
}

fn best(fates: Vec<Fate>) -> Option<Fate> {
    let worth = |fate: &Fate| match fate.reason {
        None => 3,
        Some(BounceKind::Ours) => 2,
        Some(BounceKind::Soft) => 1,
        Some(BounceKind::Hard | BounceKind::Complaint) => 0,
    };
    fates.into_iter().max_by_key(worth)
}
