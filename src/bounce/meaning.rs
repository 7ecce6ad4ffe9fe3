//! Finds out what a message at the bounce address means. Nothing is changed here, and nothing is believed without a proof.

use super::{
    evidence::{Place, Sign},
    mime::{self, HeaderFields, MessageParts},
    notification,
    proof::{ProofVerifier, ProvenLetter},
    report::{self, FeedbackType, RecipientStatus},
    texts::{self, Signs},
};
use crate::{
    model::EmailAddress,
    store::{BounceKind, BounceNotice},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A delivery report about a letter of an edition.
    Report(ProvenLetter, Vec<RecipientStatus>),
    /// A delivery report about a service letter.
    Service([u8; 16], Vec<RecipientStatus>),
    /// A complaint, or a request to unsubscribe.
    Notice(BounceNotice),
    /// Somebody wants to leave, and this address is all that says who: it is asked to confirm. Where it is not on the list,
    /// somebody must read why.
    AskedToLeave(EmailAddress, String),
    AutoReply,
    /// It is understood, and changes nothing.
    Nothing,
}

/// What sort of message it is, and what it says: all that can be known without a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// With the texts of its fields.
    Complaint(FeedbackType, Vec<String>),
    /// A report with fields for programs.
    Report(Vec<RecipientStatus>),
    /// A returned letter with a text for people alone.
    Notice(RecipientStatus),
    Receipt,
    AutoReply,
    /// A reader writes that no more letters are wanted, without the token that proves who it is.
    Leave,
}

const NO_TOKEN: &str = "somebody who is not on the list wants to leave";

const NO_REPORT: &str = "it is no report, no complaint and no unsubscription: somebody should read it";

/// Says what sort of message it is, or why somebody must read it. The heads of letters that are returned within a text are
/// added to those of the message.
pub(super) fn classify(parts: &mut MessageParts) -> Result<Form, String> {
    notification::read(parts);
    let returned: Vec<HeaderFields> =
        parts.texts.iter().filter_map(|text| texts::split_notice(text).returned).collect();
    if let Some(form) = complaint(parts)? {
        parts.heads.extend(returned);
        return Ok(form);
    }
    let signs = Signs::of(parts);
    if !parts.statuses.is_empty() {
        return match statuses(parts) {
            Ok(statuses) => Ok(Form::Report(statuses)),
            Err(why) => {
                parts.heads.extend(returned);
                texts::recipient_status(parts).filter(|_| signs.is_returned()).map(Form::Notice).ok_or(why)
            }
        };
    }
    if parts.receipt {
        return Ok(Form::Receipt);
    }
    if signs.is_returned() || parts.report {
        parts.heads.extend(returned);
        if let Some(fields) = texts::report_fields(&parts.texts).map(str::to_owned)
            && let Ok(mut statuses) = report::recipient_statuses(&fields)
        {
            speak_beside(&mut statuses, parts);
            parts.statuses.push(fields);
            return Ok(Form::Report(statuses));
        }
        return match texts::recipient_status(parts) {
            Some(status) if signs.is_returned() => Ok(Form::Notice(status)),
            _ if parts.report => Err("it is a report that is broken, or of a kind that is not known here".into()),
            _ => Err("a letter came back, it says, but not why: somebody should read it".into()),
        };
    }
    let none = HeaderFields::default();
    let head = parts.heads.first().unwrap_or(&none);
    if signs.leave && !signs.null_sender {
        return Ok(Form::Leave);
    }
    if is_automatic(head) || signs.absence && (signs.null_sender || is_by_machine(head)) {
        return Ok(Form::AutoReply);
    }
    Err(NO_REPORT.into())
}

/// A complaint, in the form of RFC 5965 or with its fields in a text.
fn complaint(parts: &MessageParts) -> Result<Option<Form>, String> {
    if let Some(report) = parts.feedback.first() {
        return Ok(Some(Form::Complaint(report::feedback(report)?, parts.feedback.clone())));
    }
    if texts::is_plain_complaint(parts) {
        return Ok(Some(Form::Complaint(FeedbackType::Abuse, Vec::new())));
    }
    if let Some(fields) = texts::feedback_fields(&parts.texts)
        && let Ok(kind) = report::feedback(fields)
    {
        return Ok(Some(Form::Complaint(kind, vec![fields.to_owned()])));
    }
    Ok(None)
}

/// What a report's groups of fields say. Where one says nothing but that a letter failed, the text beside it speaks.
fn statuses(parts: &MessageParts) -> Result<Vec<RecipientStatus>, String> {
    let mut statuses = Vec::new();
    for report in &parts.statuses {
        statuses.extend(report::recipient_statuses(report)?);
    }
    speak_beside(&mut statuses, parts);
    Ok(statuses)
}

/// Lets the text speak beside the one group of a report that quotes nobody.
fn speak_beside(statuses: &mut [RecipientStatus], parts: &MessageParts) {
    let [status] = statuses else { return };
    let Some(told) = status.reason.and_then(|_| texts::recipient_status(parts)) else { return };
    let is_silent = !status.evidence.facts().iter().any(|fact| fact.place == Place::Diagnostic);
    // A mailbox that is full stands against one that does not exist, wherever that is said.
    for fact in told.evidence.facts().iter().filter(|fact| is_silent || fact.sign == Sign::Full) {
        status.evidence.add(Place::Text, fact.what.clone(), fact.sign, fact.firm);
    }
    status.reason = Some(status.evidence.judge());
}

/// Understands a message, or says why somebody must read it.
pub(super) fn understand(message: &[u8], proofs: &ProofVerifier) -> Result<Meaning, String> {
    if message.trim_ascii().is_empty() {
        return Err("it is empty".into());
    }
    let mut parts = mime::parse_message(message)?;
    let form = classify(&mut parts);
    // Whoever leaves may do so by a program that says it is one; a report goes before.
    if !matches!(form, Ok(Form::Complaint(..) | Form::Report(_) | Form::Notice(_) | Form::Receipt))
        && !parts.report
        && let Some(leaving) = parts.heads.first().and_then(|head| proofs.unsubscriber(&head.subject()))
    {
        return match leaving {
            Ok((newsletter, reader)) => Ok(Meaning::Notice(BounceNotice::Leave(newsletter, reader))),
            Err(why) if form == Ok(Form::Leave) => asked_to_leave(&parts, why),
            Err(why) => Err(why),
        };
    }
    match form? {
        Form::Complaint(feedback, reports) => complained(feedback, &reports, &parts, proofs),
        Form::Report(statuses) => returned(statuses, &parts, proofs),
        Form::Notice(status) => returned(vec![status], &parts, proofs),
        Form::Receipt => Ok(Meaning::Nothing),
        Form::AutoReply => Ok(Meaning::AutoReply),
        Form::Leave => asked_to_leave(&parts, NO_TOKEN.into()),
    }
}

/// Who wants to leave by the sender alone. Anybody can write that address, so that it is only asked.
fn asked_to_leave(parts: &MessageParts, why: String) -> Result<Meaning, String> {
    let from = parts.heads.first().and_then(|head| head.get("from")).unwrap_or_default();
    let address = from.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(from, |(address, _)| address);
    let is_automatic = parts.heads.first().is_some_and(is_automatic);
    match address.trim().parse() {
        Ok(sender) if !Signs::of(parts).null_sender && !is_automatic => Ok(Meaning::AskedToLeave(sender, why)),
        _ => Err(why),
    }
}

/// Whose letter came back.
fn returned(statuses: Vec<RecipientStatus>, parts: &MessageParts, proofs: &ProofVerifier) -> Result<Meaning, String> {
    if let Some(letter) = proofs.service(parts, &parts.statuses) {
        return Ok(Meaning::Service(letter, statuses));
    }
    let letter = proofs.letter(parts, &parts.statuses).or_else(|why| by_token(parts, proofs).ok_or(why))?;
    Ok(Meaning::Report(letter, statuses))
}

/// The reader whose token for leaving stands in the letter that came back, where all else is lost.
fn by_token(parts: &MessageParts, proofs: &ProofVerifier) -> Option<ProvenLetter> {
    let (_, reader) = proofs.unsubscribe_token(parts)?;
    Some(ProvenLetter { edition: 0, reader, by_envelope: false })
}

/// Who complained, and what of it.
fn complained(
    feedback: FeedbackType,
    reports: &[String],
    parts: &MessageParts,
    proofs: &ProofVerifier,
) -> Result<Meaning, String> {
    let who = match proofs.letter(parts, reports) {
        Ok(letter) => Ok(letter),
        Err(why) => by_token(parts, proofs).ok_or(why),
    };
    Ok(match feedback {
        FeedbackType::NoChange => Meaning::Nothing,
        FeedbackType::OptOut => {
            let newsletter = proofs.newsletter_of(parts);
            Meaning::Notice(BounceNotice::Leave(newsletter.ok_or("it names no newsletter of ours")?, who?.reader))
        }
        FeedbackType::Abuse => {
            let ProvenLetter { edition, reader, by_envelope } = who?;
            let (reason, words) = (BounceKind::Complaint, "the reader complained".to_owned());
            let is_domain_gone = false;
            Meaning::Notice(BounceNotice::Returned { edition, reader, reason, words, by_envelope, is_domain_gone })
        }
    })
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

/// Whether the head has what machines write and people do not, though it says nothing of a reply.
fn is_by_machine(head: &HeaderFields) -> bool {
    let value = |name| head.get(name).unwrap_or_default().trim().to_ascii_lowercase();
    let has = |name| head.get(name).is_some();
    ["junk", "bulk", "list"].contains(&value("precedence").as_str())
        || value("auto-submitted").starts_with("auto-")
        || has("x-auto-response-suppress")
        || has("x-autogenerated")
        || has("x-vacation")
        || has("x-autoreply-from")
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
    let is_domain_gone = best.evidence.facts().iter().any(|fact| matches!(fact.sign, Sign::NoDomain | Sign::NoMail));
    let words = best.words;
    match best.reason {
        Some(reason) => Some(BounceNotice::Returned { edition, reader, reason, words, by_envelope, is_domain_gone }),
        None => best.arrived.then_some(BounceNotice::Arrived { edition, reader }),
    }
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
