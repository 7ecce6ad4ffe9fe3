//! When a line of a log was written. Logs that do not say in which zone are read as if they were in UTC: by how much that
//! is wrong is found out by letters whose instants the ledger knows.

use chrono::{DateTime, Datelike, Duration, NaiveDateTime};

use crate::model::Instant;

/// How far a line without its year may lie ahead of the clock: it is of the year before otherwise.
const AHEAD: Duration = Duration::days(2);

/// When a line was written, and what follows.
pub(super) fn begin(line: &str, now: Instant) -> Option<(Instant, &str)> {
    let bytes = line.as_bytes();
    if bytes.first()?.is_ascii_digit() { dated(line) } else { syslog(line, now) }
}

/// `2026-11-28T18:19:00.123456+01:00`, or Exim's `2026-11-28 18:19:00`, `….123`, `… +0100`.
fn dated(line: &str) -> Option<(Instant, &str)> {
    let (first, rest) = line.split_once(' ')?;
    if let Ok(at) = DateTime::parse_from_rfc3339(first) {
        return Some((at.to_utc(), rest));
    }
    let (hour, rest) = rest.split_once(' ')?;
    let at = NaiveDateTime::parse_from_str(&format!("{first} {hour}"), "%Y-%m-%d %H:%M:%S%.f").ok()?;
    let zone = rest.split(' ').next().filter(|word| word.len() == 5 && word.starts_with(['+', '-']));
    match zone {
        None => Some((at.and_utc(), rest)),
        Some(zone) => {
            let at = DateTime::parse_from_str(&format!("{first} {hour} {zone}"), "%Y-%m-%d %H:%M:%S%.f %z").ok()?;
            Some((at.to_utc(), rest.split_once(' ').map_or("", |(_, rest)| rest)))
        }
    }
}

/// `Nov 28 18:19:00`, as syslog has it, without a year.
fn syslog(line: &str, now: Instant) -> Option<(Instant, &str)> {
    let stamp = line.get(..15)?;
    let rest = line.get(16..)?;
    let of_year = |year: i32| {
        NaiveDateTime::parse_from_str(&format!("{year} {stamp}"), "%Y %b %e %H:%M:%S").ok().map(|at| at.and_utc())
    };
    let at = of_year(now.year()).filter(|at| *at <= now + AHEAD).or_else(|| of_year(now.year() - 1))?;
    Some((at, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_of_logs_are_read() {
        let now: Instant = "2026-01-02T00:00:00Z".parse().expect("an instant");
        for (line, expected) in [
            ("2026-01-01T18:19:00.5+01:00 relay x", "2026-01-01T17:19:00.500Z relay x"),
            ("2026-01-01 18:19:00 x", "2026-01-01T18:19:00Z x"),
            ("2026-01-01 18:19:00.250 x", "2026-01-01T18:19:00.250Z x"),
            ("2026-01-01 18:19:00 +0100 x", "2026-01-01T17:19:00Z x"),
            ("Jan  1 18:19:00 relay x", "2026-01-01T18:19:00Z relay x"),
            ("Dec 31 18:19:00 relay x", "2025-12-31T18:19:00Z relay x"),
        ] {
            let (at, rest) = begin(line, now).expect(line);
            let at = at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
            assert_eq!(format!("{at} {rest}"), expected, "{line}");
        }
        for line in ["", "x", "Jan  1", "2026-01-01", "no date here at all"] {
            assert_eq!(begin(line, now), None, "{line}");
        }
    }
}
