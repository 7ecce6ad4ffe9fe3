//! When newsletters are due, over changes of clocks and years.

use super::*;

fn paris() -> Zone {
    "Europe/Paris".parse().expect("a zone")
}

fn at(text: &str) -> Instant {
    paris().parse(text).expect("an instant")
}

fn schedule(text: &str) -> Schedule {
    text.parse().expect("a schedule")
}

#[test]
fn due_by_the_magazines_clock_in_summer_and_winter() {
    let weekly = schedule("Mon 07:30");
    assert_eq!(weekly.last(at("2026-11-23T07:29:59"), &paris()), at("2026-11-16T07:30"));
    assert_eq!(weekly.last(at("2026-11-23T07:30"), &paris()), at("2026-11-23T07:30"));
    assert_eq!(weekly.previous(at("2026-11-23T07:30"), &paris()), at("2026-11-16T07:30"));
    let before = at("2026-10-19T07:30");
    let after = weekly.next(before, &paris());
    assert_eq!(after, at("2026-10-26T07:30"));
    assert_eq!(after - before, Duration::hours(7 * 24 + 1));
    let week = Duration::days(7);
    assert_eq!(weekly.before(after, week, &paris()), before);
    assert_eq!(weekly.before(after, week + Duration::minutes(90), &paris()), at("2026-10-19T06:00"));
    assert_eq!(weekly.before(at("2026-10-26T18:00"), week, &paris()), at("2026-10-19T18:00"));
    let night = schedule("Sun 02:30");
    assert_eq!(night.last(at("2026-03-29T12:00"), &paris()), at("2026-03-29T03:30"));
    assert_eq!(night.before(at("2026-03-29T03:30"), week, &paris()), at("2026-03-22T02:30"));
    let ahead = |proof: &str| schedule(proof).longest_before(&weekly, &paris());
    assert_eq!(ahead("Sun 18:00"), Duration::minutes(13 * 60 + 30));
    assert_eq!(ahead("Mon 07:30"), week);
    assert_eq!(ahead("Mon 07:31"), week - Duration::minutes(1));
    assert_eq!(ahead("Wed 07:30"), Duration::days(5));
    for wrong in [
        "07:30",
        "Lun 07:30",
        "Mon 25:00",
        "Mon",
        "monthly 0 07:30",
        "monthly 32 07:30",
        "daily",
        "daily 07:30,",
        "every 2 weeks Mon 07:30",
        "every 0 weeks Mon 07:30 from 2026-11-23",
        "Mon 07:30 08:30",
        "",
    ] {
        assert!(wrong.parse::<Schedule>().is_err(), "{wrong}");
    }
}

/// Which rhythms make fewer letters of it.
#[test]
fn repeats_in_days_weeks_and_months() {
    for (text, spans) in [
        ("Mon 07:30", [false, false, true]),
        ("Mon,Sun 07:30", [false, true, true]),
        ("Mon 07:30,18:00", [true, true, true]),
        ("daily 07:30", [false, true, true]),
        ("every 4 weeks Mon 07:30 from 2026-11-23", [false, false, true]),
        ("every 5 weeks Mon 07:30 from 2026-11-23", [false, false, false]),
        ("monthly 1 07:30", [false, false, false]),
        ("monthly last 07:30,18:00", [true, true, true]),
        ("published", [true, true, true]),
    ] {
        assert_eq!([Span::Day, Span::Week, Span::Month].map(|span| schedule(text).repeats_in(span)), spans, "{text}");
    }
}

/// The next hours after an instant, as the clock of the magazine has them.
fn hours(text: &str, from: &str, count: usize) -> String {
    let schedule = schedule(text);
    let mut hour = at(from);
    let mut all = Vec::new();
    for _ in 0..count {
        hour = schedule.next(hour, &paris());
        assert!(schedule.is_due_at(hour, &paris()), "{text} at {hour}");
        all.push(paris().local(hour).format("%a %m-%d %H:%M").to_string());
    }
    for pair in all.windows(2) {
        assert_ne!(pair[0], pair[1], "{text}");
    }
    all.join(", ")
}

#[test]
fn days_weeks_and_months() {
    for (text, count, expected) in [
        ("daily 07:30", 3, "Wed 11-25 07:30, Thu 11-26 07:30, Fri 11-27 07:30"),
        ("daily 18:00,07:30", 3, "Tue 11-24 18:00, Wed 11-25 07:30, Wed 11-25 18:00"),
        ("weekdays 07:30", 4, "Wed 11-25 07:30, Thu 11-26 07:30, Fri 11-27 07:30, Mon 11-30 07:30"),
        ("Mon,Thu 07:30", 3, "Thu 11-26 07:30, Mon 11-30 07:30, Thu 12-03 07:30"),
        ("Sat-Mon 07:30", 3, "Sat 11-28 07:30, Sun 11-29 07:30, Mon 11-30 07:30"),
        ("monthly 1 07:30", 2, "Tue 12-01 07:30, Fri 01-01 07:30"),
        ("monthly 31 07:30", 4, "Mon 11-30 07:30, Thu 12-31 07:30, Sun 01-31 07:30, Sun 02-28 07:30"),
        ("monthly last 18:00", 1, "Mon 11-30 18:00"),
        ("published", 2, "Tue 11-24 12:01, Tue 11-24 12:02"),
        ("every 2 weeks Mon 07:30 from 2026-11-23", 3, "Mon 12-07 07:30, Mon 12-21 07:30, Mon 01-04 07:30"),
        ("every 3 weeks Tue,Fri 07:30 from 2026-11-25", 3, "Fri 11-27 07:30, Tue 12-15 07:30, Fri 12-18 07:30"),
    ] {
        assert_eq!(hours(text, "2026-11-24T12:00", count), expected, "{text}");
    }
}

#[test]
fn no_hour_is_lost_or_doubled_where_clocks_change() {
    for zone in ["Europe/Paris", "Australia/Lord_Howe", "Pacific/Apia"] {
        let zone: Zone = zone.parse().expect("a zone");
        for text in
            ["daily 02:30", "daily 00:00,02:15,23:59", "daily 02:10,02:30,03:00", "Mon 02:30", "monthly 30 02:30"]
        {
            let schedule = schedule(text);
            let mut hour = zone.parse("2011-11-01").expect("an instant");
            let end = zone.parse("2013-12-01").expect("an instant");
            while hour < end {
                let next = schedule.next(hour, &zone);
                assert!(next > hour, "{text} at {hour}");
                assert_eq!(schedule.last(next, &zone), next, "{text}");
                if hour > zone.parse("2011-11-02").expect("an instant") {
                    assert_eq!(schedule.previous(next, &zone), hour, "{text}");
                }
                hour = next;
            }
        }
    }
}
