//! Dates as generators write them, and those in the names of files.

use chrono::{DateTime, NaiveDate};

use crate::model::{Instant, Zone};

/// Reads a date in any form that generators take.
pub(in crate::ingest) fn instant(text: &str, zone: &Zone) -> Result<Instant, String> {
    let wrong = match zone.parse(text) {
        Ok(at) => return Ok(at),
        Err(error) => error,
    };
    let text = text.trim();
    let day = text.find([' ', 'T', 't']).unwrap_or(text.len());
    let hour = text[day..].trim_start_matches(['T', 't']).trim_start();
    let mut plain = format!("{} {hour}", text[..day].replace('/', "-"));
    for utc in ["UTC", "GMT", "Z", "z"] {
        if let Some(local) = plain.strip_suffix(utc) {
            plain = format!("{} +0000", local.trim_end());
            break;
        }
    }
    for form in ["%Y-%m-%d %H:%M:%S%.f %z", "%Y-%m-%d %H:%M %z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z"] {
        if let Ok(at) = DateTime::parse_from_str(&plain, form) {
            return Ok(at.to_utc());
        }
    }
    if let Ok(at) = DateTime::parse_from_rfc2822(text) {
        return Ok(at.to_utc());
    }
    zone.parse(plain.trim_end()).map_err(|_| wrong.to_string())
}

/// The day in a file's name or in the folders that it lies in: `2026-10-02-x`, `2026/10/02/x`, `2026-10-02-x/page`.
pub(in crate::ingest) fn in_name(key: &str) -> Option<NaiveDate> {
    let parts: Vec<&str> = key.split('/').collect();
    if let Some(day) = parts.iter().rev().find_map(|part| leading(part)) {
        return Some(day);
    }
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    parts.windows(3).rev().find_map(|parts| {
        let [year, month, day] = parts else { return None };
        let year = number(year).filter(|_| year.len() == 4)?;
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(month)?, number(day)?)
    })
}

/// The day that a name begins with.
fn leading(name: &str) -> Option<NaiveDate> {
    let (date, rest) = (name.get(..10)?, name.get(10..)?);
    let ends = rest.is_empty() || rest.starts_with(['-', '_', ' ', '.']);
    let plain = date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    NaiveDate::parse_from_str(date, "%Y-%m-%d").ok().filter(|_| ends && plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_form() {
        let paris: Zone = "Europe/Paris".parse().expect("a zone");
        let of = |text: &str| instant(text, &paris).map(|at| at.to_rfc3339()).ok();
        for text in [
            "2026-10-02 08:30:15 +0200",
            "2026-10-02T08:30:15+0200",
            "2026-10-02 06:30:15 UTC",
            "2026-10-02 06:30:15Z",
            "2026-10-02 06:30:15 Z",
            "2026/10/02 08:30:15",
            "2026-10-02T08:30:15.000+02:00",
            "2026-10-02 08:30:15+02",
            "2026-10-02 8:30:15",
            "Fri, 02 Oct 2026 08:30:15 +0200",
        ] {
            assert_eq!(of(text).as_deref(), Some("2026-10-02T06:30:15+00:00"), "{text}");
        }
        assert_eq!(of("2026-10-02 08:30 +02:00").as_deref(), Some("2026-10-02T06:30:00+00:00"));
        assert_eq!(of("2026-1-5").as_deref(), Some("2026-01-04T23:00:00+00:00"));
        for text in ["Last Modified", "2026-02-30", "{{ date }}", ""] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_may_hold_a_day() {
        let of = |key: &str| in_name(key).map(|day| day.to_string());
        for key in ["_posts/2026-10-02-x", "2026/10/02/x", "2026/2026-10-02-x", "a/2026-10-02", "a/2026/10/2/b/c"] {
            assert_eq!(of(key).as_deref(), Some("2026-10-02"), "{key}");
        }
        for key in ["x", "2026/x", "2026/13/02/x", "2026-10-0é", "12026/10/02/x", "2026-10-021"] {
            assert_eq!(of(key), None, "{key}");
        }
    }
}
