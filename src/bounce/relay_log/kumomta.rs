//! Records of KumoMTA's log hooks, one object of JSON on each line.

use chrono::DateTime;
use serde::Deserialize;

use super::Event;
use crate::{model::Instant, store::Fate};

/// What counts of a record. Of a letter it knows the envelope's sender, which names it.
#[derive(Deserialize)]
struct Record<'l> {
    #[serde(rename = "type", borrow)]
    kind: &'l str,
    #[serde(borrow)]
    id: &'l str,
    #[serde(borrow, default)]
    sender: &'l str,
    timestamp: Stamp<'l>,
}

/// Seconds since 1970, or RFC 3339.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stamp<'l> {
    Seconds(i64),
    Fraction(f64),
    #[serde(borrow)]
    Text(&'l str),
}

/// When a line was written, and what it says. None if it is no record.
pub(super) fn line(line: &str) -> Option<(Instant, Option<Event<'_>>)> {
    if !line.starts_with('{') {
        return None;
    }
    let record: Record<'_> = serde_json::from_str(line).ok()?;
    let at = match record.timestamp {
        Stamp::Seconds(seconds) => DateTime::from_timestamp(seconds, 0)?,
        Stamp::Fraction(seconds) => DateTime::from_timestamp_millis((seconds * 1000.0) as i64)?,
        Stamp::Text(text) => DateTime::parse_from_rfc3339(text).ok()?.to_utc(),
    };
    let queue = record.id;
    let fared = |fate| Some(Event::Fared { queue, fate });
    let event = match record.kind {
        "Reception" => Some(Event::Taken { queue, by: record.sender }),
        "Delivery" => fared(Fate::Delivered),
        "TransientFailure" => fared(Fate::Waiting),
        "Bounce" | "AdminBounce" | "Expiration" => fared(Fate::Bounced),
        _ => None,
    };
    Some((at, event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_kumomta_are_read() {
        let record = |kind: &str| {
            format!(
                "{{\"type\":\"{kind}\",\"id\":\"d7ef\",\"sender\":\"a+1@b\",\"recipient\":\"c@d\",\"queue\":\"d\",\"site\":\"\",\
                 \"size\":320,\"response\":{{\"code\":250,\"content\":\"OK\"}},\"timestamp\":1795417200,\"headers\":{{}}}}"
            )
        };
        for (kind, expected) in [
            ("Reception", Some(Event::Taken { queue: "d7ef", by: "a+1@b" })),
            ("Delivery", Some(Event::Fared { queue: "d7ef", fate: Fate::Delivered })),
            ("TransientFailure", Some(Event::Fared { queue: "d7ef", fate: Fate::Waiting })),
            ("Bounce", Some(Event::Fared { queue: "d7ef", fate: Fate::Bounced })),
            ("OOB", None),
        ] {
            let text = record(kind);
            let (at, event) = line(&text).expect("a record");
            assert_eq!((at.timestamp(), event), (1_795_417_200, expected), "{kind}");
        }
        assert!(line("Nov 28 relay").is_none() && line("{}").is_none());
    }
}
