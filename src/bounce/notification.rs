//! Amazon SES tells of bounces, complaints and deliveries in JSON, which its notification service mails, often in an
//! envelope of JSON of its own. What it says becomes what a report would have said, and what it tells of the letter becomes
//! the head of a returned letter; it is judged and proved as any other.

use serde::Deserialize;

use super::mime::{self, MessageParts};
use crate::model::text::one_line;

/// Further recipients or fields are ignored.
const MAX_ENTRIES: usize = 100;

/// What the notification service puts around a message.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Message")]
    message: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Notification {
    #[serde(alias = "eventType")]
    notification_type: String,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
    delivery: Option<Delivery>,
    mail: Mail,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Bounce {
    bounce_type: String,
    bounced_recipients: Vec<Recipient>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Recipient {
    email_address: String,
    action: Option<String>,
    status: Option<String>,
    diagnostic_code: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Complaint {
    complaint_feedback_type: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Delivery {
    recipients: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Mail {
    /// What stood in MAIL FROM.
    source: String,
    headers: Vec<Field>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Field {
    name: String,
    value: String,
}

/// Adds what a notification in the message's text says to its parts.
pub(super) fn read(parts: &mut MessageParts) {
    if !parts.statuses.is_empty() || !parts.feedback.is_empty() {
        return;
    }
    let Some(notification) = parts.texts.iter().find_map(|text| parse(text).or_else(|| parse(&joined(text)))) else {
        return;
    };
    let Notification { notification_type, bounce, complaint, delivery, mail } = notification;
    match notification_type.as_str() {
        "Bounce" => {
            let Bounce { bounce_type, bounced_recipients } = bounce.unwrap_or_default();
            let groups = bounced_recipients.iter().take(MAX_ENTRIES).map(|recipient| group(recipient, &bounce_type));
            parts.statuses.push(groups.collect());
        }
        "Complaint" => {
            let kind = complaint.unwrap_or_default().complaint_feedback_type.unwrap_or_default();
            // "other" is a complaint all the same.
            let kind = if matches!(kind.as_str(), "" | "other") { "abuse" } else { kind.as_str() };
            parts.feedback.push(format!("Feedback-Type: {}\n", one_line(kind)));
        }
        "Delivery" => {
            let recipients = delivery.unwrap_or_default().recipients;
            let group = |address: &String| format!("{}Action: delivered\nStatus: 2.0.0\n\n", final_recipient(address));
            parts.statuses.push(recipients.iter().take(MAX_ENTRIES).map(group).collect());
        }
        _ => return,
    }
    let fields = mail.headers.iter().take(MAX_ENTRIES);
    let fields: String =
        fields.map(|Field { name, value }| format!("{}: {}\n", one_line(name), one_line(value))).collect();
    let head = format!("Return-Path: <{}>\n{fields}\n", one_line(&mail.source));
    parts.heads.push(mime::head(head.as_bytes()).0);
}

/// A notification at the beginning of a text; what follows is for people.
fn parse(text: &str) -> Option<Notification> {
    fn first<'t, T: Deserialize<'t>>(text: &'t str) -> Option<T> {
        serde_json::Deserializer::from_str(text).into_iter().next()?.ok()
    }
    let text = text.trim_start();
    if !text.starts_with('{') {
        return None;
    }
    match first::<Envelope>(text) {
        Some(Envelope { message }) => first(&message),
        None => first(text),
    }
    .filter(|notification: &Notification| !notification.notification_type.is_empty())
}

/// Undoes what mail servers do to lines that are too long for them: they break them, Sendmail after an exclamation mark. No
/// text in JSON goes over a line's end.
fn joined(text: &str) -> String {
    text.replace('\r', "").replace("!\n ", "").replace("\n ", "")
}

/// A report's group of fields.
fn group(recipient: &Recipient, bounce_type: &str) -> String {
    let Recipient { email_address, action, status, diagnostic_code } = recipient;
    // Answers of machines that say who is away are told as bounces that pass, without a status.
    let silent = status.is_none() && bounce_type != "Permanent";
    let action = if silent { "delayed" } else { action.as_deref().unwrap_or("failed") };
    let mut group = format!("{}Action: {}\n", final_recipient(email_address), one_line(action));
    for (name, value) in [("Status", status), ("Diagnostic-Code", diagnostic_code)] {
        if let Some(value) = value {
            group.push_str(&format!("{name}: {}\n", one_line(value)));
        }
    }
    group.push('\n');
    group
}

fn final_recipient(address: &str) -> String {
    format!("Final-Recipient: rfc822; {}\n", one_line(address))
}
