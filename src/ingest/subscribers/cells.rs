//! The cells of a list as CSV, written and read: dates, names that spreadsheets would take for formulas, and the
//! consents of one reader in one line.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::headings::Field;
use crate::model::{Instant, ListConsent, ListEntry};

/// The fields that an export writes, in order.
const WRITTEN: [Field; 21] = [
    Field::Email,
    Field::Name,
    Field::Rubriques,
    Field::Language,
    Field::Rhythm,
    Field::Paused,
    Field::LetterHour,
    Field::OneADay,
    Field::State,
    Field::Reason,
    Field::Since,
    Field::Joined,
    Field::Returned,
    Field::Suppressed,
    Field::Consent,
    Field::ConsentWay,
    Field::ConsentAsked,
    Field::ConsentAskedFrom,
    Field::ConsentConfirmed,
    Field::ConsentConfirmedFrom,
    Field::EarlierConsents,
];

/// The header of a list that is exported.
pub fn header() -> [&'static str; 21] {
    WRITTEN.map(Field::name)
}

/// A reader as a line under it.
pub fn row(entry: &ListEntry) -> [String; 21] {
    let last = entry.consents.last();
    let said = |text: Option<&str>| guard(text.unwrap_or_default());
    let dated = |at: Option<Instant>| at.map(date).unwrap_or_default();
    WRITTEN.map(|field| match field {
        Field::Email => guard(&entry.subscriber.address.to_string()),
        Field::Name => said(entry.subscriber.name.as_deref()),
        Field::Rubriques => entry.subscriber.choice.key().replace(',', ";"),
        Field::Language => said(entry.language.as_deref()),
        Field::Rhythm => entry.rhythm.to_string(),
        Field::Paused => dated(entry.paused),
        Field::LetterHour => entry.delivery.to_string(),
        Field::OneADay => if entry.together { "yes" } else { "" }.to_owned(),
        Field::State => entry.state().to_owned(),
        Field::Reason => entry.suppression.map(|suppression| suppression.reason.to_string()).unwrap_or_default(),
        Field::Since => dated(entry.since),
        Field::Joined => dated(entry.joined),
        Field::Returned => dated(entry.returned),
        Field::Suppressed => dated(entry.suppression.and_then(|suppression| suppression.since)),
        Field::Consent => said(last.map(|consent| consent.words.as_str())),
        Field::ConsentWay => said(last.map(|consent| consent.way.as_str())),
        Field::ConsentAsked => dated(last.map(|consent| consent.asked)),
        Field::ConsentAskedFrom => said(last.and_then(|consent| consent.asked_from.as_deref())),
        Field::ConsentConfirmed => dated(last.map(|consent| consent.confirmed)),
        Field::ConsentConfirmedFrom => said(last.and_then(|consent| consent.confirmed_from.as_deref())),
        Field::EarlierConsents => earlier(&entry.consents),
        Field::Given | Field::Family | Field::Tags | Field::Lists => String::new(),
    })
}

/// All consents but the last, as JSON; nothing where there are none, as with nearly everybody.
fn earlier(consents: &[ListConsent]) -> String {
    match consents.split_last() {
        Some((_, earlier)) if !earlier.is_empty() => {
            let wire: Vec<ConsentLine> = earlier.iter().map(ConsentLine::from).collect();
            serde_json::to_string(&wire).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// A consent as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentLine {
    way: String,
    words: String,
    asked: Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked_from: Option<String>,
    confirmed: Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confirmed_from: Option<String>,
}

impl From<&ListConsent> for ConsentLine {
    fn from(consent: &ListConsent) -> Self {
        Self {
            way: consent.way.clone(),
            words: consent.words.clone(),
            asked: consent.asked,
            asked_from: consent.asked_from.clone(),
            confirmed: consent.confirmed,
            confirmed_from: consent.confirmed_from.clone(),
        }
    }
}

impl From<ConsentLine> for ListConsent {
    fn from(line: ConsentLine) -> Self {
        Self {
            way: line.way,
            words: line.words,
            asked: line.asked,
            asked_from: line.asked_from,
            confirmed: line.confirmed,
            confirmed_from: line.confirmed_from,
        }
    }
}

/// A text that no spreadsheet takes for a formula: readers choose their names themselves. What [`unguard`] would
/// change is guarded as well, so that each text comes back as it was.
pub(super) fn guard(text: &str) -> String {
    if is_formula(text.trim_start_matches('\'')) { format!("'{text}") } else { text.to_owned() }
}

/// The text that was guarded.
pub(super) fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest,
        _ => cell,
    }
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// An instant as a list writes it.
fn date(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Whether a date that is written with slashes has its day before its month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// As in most of the world.
    DayFirst,
    /// As in the United States.
    MonthFirst,
}

/// An instant as lists write them: RFC 3339, or a day and perhaps an hour, in UTC; seconds since 1970; or with the day
/// first. With slashes the order must be known, or be plain from the numbers.
pub(super) fn instant(cell: &str, order: Option<DateOrder>) -> Option<Instant> {
    common(cell).or_else(|| seconds(cell)).or_else(|| written_backwards(cell, order))
}

/// What databases count: seconds or milliseconds since 1970.
fn seconds(cell: &str) -> Option<Instant> {
    if !cell.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = cell.parse().ok()?;
    match cell.len() {
        9 | 10 => DateTime::from_timestamp(number, 0),
        13 => DateTime::from_timestamp_millis(number),
        _ => None,
    }
}

/// `23/11/2026`, `23.11.2026 08:00` or `23-11-2026 08:00:00`. With slashes, half of the world has it the other way round.
fn written_backwards(cell: &str, order: Option<DateOrder>) -> Option<Instant> {
    let (date, hour) = cell.split_once([' ', 'T']).map_or((cell, ""), |(date, hour)| (date, hour.trim()));
    let mut parts = date.split(['/', '.', '-']).map(|part| part.parse::<u32>().ok());
    let (Some(one), Some(two), Some(year), None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    let order = if date.contains('/') { order } else { Some(DateOrder::DayFirst) };
    let (day, month) = match order {
        Some(DateOrder::DayFirst) => (one, two),
        Some(DateOrder::MonthFirst) => (two, one),
        None if one > 12 || one == two => (one, two),
        None if two > 12 => (two, one),
        None => return None,
    };
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok().filter(|year| *year > 999)?, month, day)?;
    let time = match hour {
        "" => NaiveTime::MIN,
        hour => ["%H:%M:%S", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(hour, form).ok())?,
    };
    Some(date.and_time(time).and_utc())
}

/// How long a day is, in digits: `2026-11-23`.
const DAY_LENGTH: usize = 10;

/// The forms that most programs write.
fn common(cell: &str) -> Option<Instant> {
    let day = || Some(NaiveDate::parse_from_str(cell, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)?.and_utc());
    // Most lists say days alone, and each form that is tried takes its time.
    if cell.len() <= DAY_LENGTH
        && let Some(at) = day()
    {
        return Some(at);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(cell) {
        return Some(at.with_timezone(&Utc));
    }
    let hours = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let hour = hours.iter().find_map(|form| NaiveDateTime::parse_from_str(cell, form).ok());
    let offset = || {
        let forms = ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %z", "%Y-%m-%d %H:%M:%S %Z"];
        forms.iter().find_map(|form| DateTime::parse_from_str(cell, form).ok()).map(|at| at.with_timezone(&Utc))
    };
    hour.map(|at| at.and_utc()).or_else(day).or_else(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guarded_comes_back_as_it_was() {
        for text in ["", "Zoé", "=1", "'=1", "''=1", "'tis", "''", "+33", "-x@y.example", "@", "\tx", "'"] {
            let guarded = guard(text);
            assert!(!is_formula(&guarded), "{guarded:?}");
            assert_eq!(unguard(&guarded), text);
        }
        assert_eq!((guard("'tis"), unguard("'tis")), ("'tis".into(), "'tis"));
    }

    #[test]
    fn dates_of_many_programs_are_read() {
        for cell in [
            "2026-11-23T08:00:00Z",
            "2026-11-23T09:00:00.000+01:00",
            "2026-11-23 08:00:00",
            "2026-11-23 08:00",
            "2026-11-23 08:00:00.000000+00",
            "2026-11-23 08:00:00 +0000",
            "23-11-2026 08:00:00",
            "23.11.2026 08:00",
            "23/11/2026 08:00",
            "11/23/2026 08:00:00",
            "1795420800",
            "1795420800000",
        ] {
            assert_eq!(instant(cell, None).map(date).as_deref(), Some("2026-11-23T08:00:00Z"), "{cell}");
        }
        assert_eq!(instant("2026-11-23", None).map(date).as_deref(), Some("2026-11-23T00:00:00Z"));
        assert_eq!(instant("03.11.2026", None).map(date).as_deref(), Some("2026-11-03T00:00:00Z"));
        // Nobody knows whether this is of March or of November.
        assert_eq!(instant("03/11/2026", None), None);
        for (order, expected) in
            [(DateOrder::DayFirst, "2026-11-03T00:00:00Z"), (DateOrder::MonthFirst, "2026-03-11T00:00:00Z")]
        {
            assert_eq!(instant("03/11/2026", Some(order)).map(date).as_deref(), Some(expected));
        }
        assert_eq!(instant("11/23/2026", Some(DateOrder::DayFirst)), None);
        assert_eq!(instant("23/11/26", None), None);
    }
}
