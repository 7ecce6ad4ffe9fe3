//! Reads delivery reports (RFC 3464) and complaints (RFC 5965). docs/BOUNCES.md has the table of the decisions made here,
//! with their reasons.

use super::{
    evidence::{EnhancedStatus, Evidence, Place, Sign},
    mime::{self, HeaderFields},
};
use crate::{model::text, store::BounceKind};

/// Further recipients of a report are ignored.
const MAX_RECIPIENTS: usize = 100;

/// How many characters of a mail server's diagnostic are kept.
const MAX_DIAGNOSTIC_CHARS: usize = 300;

/// What became of a letter for one of the recipients that a report names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecipientStatus {
    /// The addresses that the report names, in lower case: as we wrote it, and as it was forwarded.
    pub recipients: Vec<String>,
    /// Why it came back; `None` if it did not.
    pub reason: Option<BounceKind>,
    /// Whether it arrived, or was handed on.
    pub arrived: bool,
    /// The mail server's diagnostic, on one line.
    pub words: String,
    /// What the reason follows from.
    pub evidence: Evidence,
}

/// The kind of a feedback report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FeedbackType {
    Abuse,
    OptOut,
    /// Changes nothing.
    NoChange,
}

/// Reads the status of each recipient in a report.
pub(super) fn recipient_statuses(report: &str) -> Result<Vec<RecipientStatus>, String> {
    let groups = groups(report);
    let statuses = groups.iter().filter(|group| group.get("action").is_some() || group.get("status").is_some());
    let statuses: Vec<RecipientStatus> =
        statuses.take(MAX_RECIPIENTS).map(recipient_status).collect::<Result<_, _>>()?;
    if statuses.is_empty() { Err("its report names no recipient".into()) } else { Ok(statuses) }
}

/// The groups of fields in a report, which are separated by empty lines.
fn groups(text: &str) -> Vec<HeaderFields> {
    let mut groups = Vec::new();
    let mut rest = text.trim_start().as_bytes();
    while !rest.is_empty() && groups.len() <= MAX_RECIPIENTS {
        let (head, end) = mime::head(rest);
        rest = rest.get(end.max(1)..).unwrap_or_default().trim_ascii_start();
        groups.extend(Some(head).filter(|head| !head.is_empty()));
    }
    groups
}

fn recipient_status(group: &HeaderFields) -> Result<RecipientStatus, String> {
    let field = |name| group.get(name).unwrap_or_default();
    let named = ["original-recipient", "x-original-recipient", "final-recipient", "x-actual-recipient"];
    let recipients = named.iter().filter_map(|name| group.get(name)).map(|value| {
        let address = typed_value(value).trim_matches(['<', '>']);
        address.to_lowercase()
    });
    let status = EnhancedStatus::find(field("status"));
    let diagnostic = typed_value(field("diagnostic-code"));
    // A comment may follow.
    let action = field("action").split([' ', '\t', '(', ';']).next().unwrap_or_default().to_ascii_lowercase();
    let failed = match (action.as_str(), &status) {
        ("failed" | "failure" | "expired", _) => true,
        ("delayed" | "delivered" | "relayed" | "expanded", _) => false,
        // Some servers leave the action out; the status says it, too.
        ("", Some(status)) => status.is_failure(),
        (other, _) => {
            return Err(format!("its report tells of the action {:?}, which RFC 3464 does not know", shorten(other)));
        }
    };
    let arrived = matches!(action.as_str(), "delivered" | "relayed" | "expanded");
    let mut evidence = Evidence::default();
    if action == "expired" {
        evidence.add(Place::Action, action, Sign::GaveUp, true);
    }
    if let Some(status) = status {
        evidence.add_status(status);
    }
    evidence.add_text(Place::Diagnostic, diagnostic);
    let recipients: Vec<String> = recipients.collect();
    let hosts = [recipients.join(" "), field("remote-mta").to_owned(), diagnostic.to_owned()];
    evidence.doubt_provider(&hosts.join(" "));
    let code = field("status").split_whitespace().next().unwrap_or_default();
    let words = if diagnostic.contains(code) { diagnostic.to_owned() } else { format!("{code} {diagnostic}") };
    let reason = failed.then(|| evidence.judge());
    Ok(RecipientStatus { recipients, reason, arrived, words: shorten(&words), evidence })
}

/// The value of a field that begins with its type, such as `rfc822; alix@example.org`.
fn typed_value(value: &str) -> &str {
    value.split_once(';').map_or(value, |(_, rest)| rest).trim()
}

pub(super) fn shorten(words: &str) -> String {
    text::one_line(&text::remove_illegal(words).0).chars().take(MAX_DIAGNOSTIC_CHARS).collect()
}

/// Reads the type of a feedback report.
pub(super) fn feedback(report: &str) -> Result<FeedbackType, String> {
    let (head, _) = mime::head(report.trim_start().as_bytes());
    match head.get("feedback-type").unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        // A reader who takes our letter for a fraud does not want it either.
        "abuse" | "fraud" => Ok(FeedbackType::Abuse),
        "opt-out" | "opt-out-list" => Ok(FeedbackType::OptOut),
        "not-spam" | "virus" | "auth-failure" | "dmarc" => Ok(FeedbackType::NoChange),
        other => Err(format!("it is a complaint of the type {:?}, which is not known here", shorten(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(group: &str) -> RecipientStatus {
        recipient_statuses(group).expect("a status").remove(0)
    }

    #[test]
    fn each_status_is_judged_as_the_table_says() {
        use BounceKind::{Hard, Ours, Soft};
        for (status, reason) in [
            ("5.1.0", Hard),
            ("5.1.1", Hard),
            ("5.1.2", Hard),
            ("5.1.3", Hard),
            ("5.1.4", Hard),
            ("5.1.5", Soft),
            ("5.1.6", Hard),
            ("5.1.7", Ours),
            ("5.1.8", Ours),
            ("5.1.9", Soft),
            ("5.1.10", Hard),
            ("5.2.0", Soft),
            ("5.2.1", Hard),
            ("5.2.2", Soft),
            ("5.2.3", Ours),
            ("5.2.4", Soft),
            ("5.3.0", Soft),
            ("5.3.1", Soft),
            ("5.3.2", Soft),
            ("5.3.3", Ours),
            ("5.3.4", Ours),
            ("5.3.5", Soft),
            ("5.3.6", Ours),
            ("5.4.1", Soft),
            ("5.4.4", Hard),
            ("5.4.6", Soft),
            ("5.4.7", Soft),
            ("5.5.0", Ours),
            ("5.5.3", Ours),
            ("5.6.0", Ours),
            ("5.7.1", Ours),
            ("5.7.17", Hard),
            ("5.7.18", Hard),
            ("5.7.26", Ours),
            ("5.9.1", Soft),
            ("5.0.0", Soft),
            ("4.4.7", Soft),
            ("4.2.2", Soft),
            ("2.0.0", Soft),
            ("", Soft),
            ("550", Soft),
            ("5.1.1.1", Soft),
            ("5.1.99999", Soft),
        ] {
            let parsed = status_of(&format!("Action: failed\nStatus: {status}\n"));
            assert_eq!(parsed.reason, Some(reason), "{status}");
        }
    }

    #[test]
    fn the_words_of_who_refused_tell_what_the_status_does_not() {
        for (status, diagnostic, reason) in [
            ("5.0.0", "smtp; 550 5.1.1 <a@b.fr>: nobody", BounceKind::Hard),
            ("5.0.0", "smtp; 550-5.7.26 unauthenticated", BounceKind::Ours),
            ("5.0.0", "smtp; 550 no such user", BounceKind::Hard),
            ("5.0.0", "smtp; 550 it did not please us", BounceKind::Soft),
            ("5.0.0", "smtp; 550 from 192.0.2.1: 5.1.1", BounceKind::Hard),
            ("5.2.2", "smtp; 550 5.1.1 nobody", BounceKind::Soft),
            ("", "smtp; 550 5.1.1 nobody", BounceKind::Hard),
        ] {
            let parsed = status_of(&format!("Action: failed\nStatus: {status}\nDiagnostic-Code: {diagnostic}\n"));
            assert_eq!(parsed.reason, Some(reason), "{status} {diagnostic}");
        }
    }

    #[test]
    fn only_what_failed_came_back() {
        for (action, came_back) in [
            ("failed", true),
            ("Failed (unknown user)", true),
            ("delayed", false),
            ("delivered", false),
            ("relayed", false),
            ("expanded", false),
        ] {
            let parsed = status_of(&format!("Final-Recipient: rfc822; A@b.fr\nAction: {action}\nStatus: 5.1.1\n"));
            assert_eq!(
                (parsed.reason.is_some(), parsed.recipients),
                (came_back, vec!["a@b.fr".to_owned()]),
                "{action}"
            );
        }
        assert_eq!(status_of("Status: 5.1.1 (no action)").reason, Some(BounceKind::Hard));
        assert_eq!(status_of("Status: 4.1.1").reason, None);
        assert!(recipient_statuses("Action: exploded\nStatus: 5.1.1").is_err());
        assert!(recipient_statuses("").is_err());
        assert!(recipient_statuses("Reporting-MTA: dns; relay\n\nFinal-Recipient: rfc822; a@b.fr").is_err());
    }

    #[test]
    fn a_report_has_a_group_for_each_recipient() {
        let report = "\r\nReporting-MTA: dns; relay\r\nArrival-Date: today\r\n\r\n\
            Final-Recipient: rfc822;a@b.fr\r\nOriginal-Recipient: rfc822;<Alias@b.fr>\r\nAction: failed\r\n\
            Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 nobody\r\n here\r\n\r\n\r\n\
            Final-Recipient: rfc822;c@b.fr\r\nAction: relayed\r\nStatus: 2.0.0\r\n";
        let statuses = recipient_statuses(report).expect("statuses");
        assert_eq!(statuses.len(), 2);
        assert_eq!(statuses[0].recipients, ["alias@b.fr", "a@b.fr"]);
        assert_eq!((statuses[0].reason, statuses[0].words.as_str()), (Some(BounceKind::Hard), "550 5.1.1 nobody here"));
        assert_eq!((statuses[1].reason, statuses[1].words.as_str()), (None, "2.0.0"));
    }
}
