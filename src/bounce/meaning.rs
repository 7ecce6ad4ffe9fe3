//! Finds out what a message at the bounce address means. Nothing is changed here, and nothing is believed without a proof.

use super::{
    mime::{self, HeaderFields},
    proof::{ProofVerifier, ProvenLetter},
    report::{self, FeedbackType, RecipientStatus},
};
use crate::store::{BounceKind, BounceNotice};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A delivery report about a letter of an edition.
    Report(ProvenLetter, Vec<RecipientStatus>),
    /// A delivery report about a service letter.
    Service([u8; 16], Vec<RecipientStatus>),
    /// A complaint, or a request to unsubscribe.
    Notice(BounceNotice),
    AutoReply,
    /// It is understood, and changes nothing.
    Nothing,
}

/// Understands a message, or says why somebody must read it.
pub(super) fn understand(message: &[u8], proofs: &ProofVerifier<'_>) -> Result<Meaning, String> {
    if message.trim_ascii().is_empty() {
        return Err("it is empty".into());
    }
    let parts = mime::parse_message(message)?;
    if let Some(report) = parts.feedback.first() {
        let feedback = report::feedback(report)?;
        let who = match proofs.letter(&parts, &parts.feedback) {
            Ok(letter) => Ok(letter),
            Err(why) => proofs
                .unsubscribe_token(&parts)
                .map(|(_, reader)| ProvenLetter { edition: 0, reader, by_envelope: false })
                .ok_or(why),
        };
        return Ok(match feedback {
            FeedbackType::NoChange => Meaning::Nothing,
            FeedbackType::OptOut => {
                let newsletter = proofs.newsletter_of(&parts);
                Meaning::Notice(BounceNotice::Leave(newsletter.ok_or("it names no newsletter of ours")?, who?.reader))
            }
            FeedbackType::Abuse => {
                let ProvenLetter { edition, reader, by_envelope } = who?;
                let (reason, words) = (BounceKind::Complaint, "the reader complained".to_owned());
                Meaning::Notice(BounceNotice::Returned { edition, reader, reason, words, by_envelope })
            }
        });
    }
    if !parts.statuses.is_empty() {
        let mut statuses = Vec::new();
        for report in &parts.statuses {
            statuses.extend(report::recipient_statuses(report)?);
        }
        if let Some(letter) = proofs.service(&parts, &parts.statuses) {
            return Ok(Meaning::Service(letter, statuses));
        }
        return Ok(Meaning::Report(proofs.letter(&parts, &parts.statuses)?, statuses));
    }
    if parts.receipt {
        return Ok(Meaning::Nothing);
    }
    if parts.report {
        return Err("it is a report that is broken, or of a kind that is not known here".into());
    }
    let none = HeaderFields::default();
    let head = parts.heads.first().unwrap_or(&none);
    if let Some(leaving) = proofs.unsubscriber(&head.subject()) {
        return leaving.map(|(newsletter, reader)| Meaning::Notice(BounceNotice::Leave(newsletter, reader)));
    }
    if is_automatic(head) {
        return Ok(Meaning::AutoReply);
    }
    Err("it is no report, no complaint and no unsubscription: somebody should read it".into())
}

/// Whether a message is an automatic reply (RFC 3834, and what was usual before).
fn is_automatic(head: &HeaderFields) -> bool {
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

/// What a report says about a letter to this address. If it names the address, its other recipients (to whom a mailbox
/// forwards) do not count. If it names only others, the best of their statuses counts.
pub(super) fn letter_notice(
    letter: ProvenLetter,
    mut statuses: Vec<RecipientStatus>,
    address: Option<&str>,
) -> Option<BounceNotice> {
    let ProvenLetter { edition, reader, by_envelope } = letter;
    if let Some(address) = address.map(str::to_lowercase)
        && statuses.iter().any(|status| status.recipients.contains(&address))
    {
        statuses.retain(|status| status.recipients.contains(&address));
    }
    let best = best_status(statuses)?;
    best.reason.map(|reason| BounceNotice::Returned { edition, reader, reason, words: best.words, by_envelope })
}

/// What a report says about a service letter.
pub(super) fn service_notice(letter: [u8; 16], statuses: Vec<RecipientStatus>) -> Option<BounceNotice> {
    let best = best_status(statuses)?;
    best.reason.map(|reason| BounceNotice::ServiceReturned { letter, reason })
}

fn best_status(statuses: Vec<RecipientStatus>) -> Option<RecipientStatus> {
    let worth = |status: &RecipientStatus| match status.reason {
        None => 3,
        Some(BounceKind::Ours) => 2,
        Some(BounceKind::Soft) => 1,
        Some(BounceKind::Hard | BounceKind::Complaint) => 0,
    };
    statuses.into_iter().max_by_key(worth)
}
