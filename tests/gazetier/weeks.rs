//! Week after week: every column is in exactly one edition.

use crate::support::{Outcome, SILENCE, Scene, column};

/// The titles in an edition's letter, in the order of its text part.
fn titles(scene: &Scene, period: &str) -> Vec<String> {
    let letter = scene.letter_to("a@example.org", period);
    let parsed = mail_parser::MessageParser::default().parse(&letter).expect("a letter");
    let text = parsed.body_text(0).expect("a text part");
    let mut titles: Vec<String> = text.lines().filter(|line| line.starts_with("T-")).map(str::to_owned).collect();
    titles.sort();
    titles
}

fn magazine() -> Scene {
    Scene::empty().write("subscribers.csv", "email\na@example.org\n")
}

fn enter(scene: &Scene, columns: &[(&str, &str)]) {
    for (title, published) in columns {
        scene.put(&format!("columns/{title}.md"), &column(title, "carnet", published));
    }
}

fn run(scene: &Scene, at: &str) {
    assert_eq!(scene.run(&["run", "--at", at]), SILENCE, "at {at}");
}

#[test]
fn across_the_end_of_summer_time_every_column_is_in_one_edition() {
    let scene = magazine();
    enter(
        &scene,
        &[
            ("T-a0-before-the-first-week", "2026-10-12T07:30"),
            ("T-a1", "2026-10-12T07:30:01"),
            ("T-a2-at-the-cutoff", "2026-10-19T07:30"),
            ("T-b1", "2026-10-19T07:30:01"),
            ("T-b2-in-the-hour-that-comes-twice", "2026-10-25T02:30"),
            // After seven times 24 hours, and before the cutoff.
            ("T-b3", "2026-10-26T06:45"),
            ("T-b4-at-the-cutoff", "2026-10-26T07:30"),
            ("T-c1", "2026-10-26T07:30:01"),
        ],
    );
    // Nothing is sent before its hour, also not by a magazine that begins in the middle of a week.
    for early in ["2026-10-16T12:00", "2026-10-19T07:29:59"] {
        run(&scene, early);
        assert_eq!(scene.files("outbox"), [""; 0], "at {early}");
    }
    for at in ["2026-10-19T07:30", "2026-10-19T07:40", "2026-10-25T12:00", "2026-10-26T07:29"] {
        run(&scene, at);
        assert_eq!(scene.posted(), ["2026-W42 a@example.org"], "at {at}");
    }
    run(&scene, "2026-10-26T07:30");
    // Entered late: published before the last edition, and one that is later than the grace.
    enter(&scene, &[("T-c2-late", "2026-10-22"), ("T-never", "2026-10-18")]);
    let told = scene.run(&["run", "--at", "2026-10-27T09:00"]);
    let never = "gazetier: warning: columns/T-never.md: new, and dated 2026-10-18 00:00: it will be in no letter; the letter \
                 of 2026-11-02 07:30 reaches back to 2026-10-19 07:30; to have it in that letter, write a later `published`\n";
    assert_eq!((told.code, told.stderr.as_str()), (0, never));
    run(&scene, "2026-11-02T07:30");
    // A week without a column has no edition; the next one takes up where the last one ended.
    run(&scene, "2026-11-09T07:30");
    enter(&scene, &[("T-d1", "2026-11-10"), ("T-d2-late-by-a-quiet-week", "2026-11-01")]);
    run(&scene, "2026-11-16T07:30");

    assert_eq!(
        scene.posted(),
        ["2026-W42 a@example.org", "2026-W43 a@example.org", "2026-W44 a@example.org", "2026-W46 a@example.org"]
    );
    assert_eq!(titles(&scene, "2026-W42"), ["T-a1", "T-a2-at-the-cutoff"]);
    assert_eq!(titles(&scene, "2026-W43"), ["T-b1", "T-b2-in-the-hour-that-comes-twice", "T-b3", "T-b4-at-the-cutoff"]);
    assert_eq!(titles(&scene, "2026-W44"), ["T-c1", "T-c2-late"]);
    assert_eq!(titles(&scene, "2026-W46"), ["T-d1", "T-d2-late-by-a-quiet-week"]);
    let status = scene.ok(&["digest", "status"]);
    let numbers: Vec<&str> = status.lines().map(|line| line.split(" sent").next().unwrap_or_default()).collect();
    assert_eq!(numbers, ["2026-W42 (n° 1)", "2026-W43 (n° 2)", "2026-W44 (n° 3)", "2026-W46 (n° 4)"]);
}

#[test]
fn an_edition_that_is_too_late_is_held_until_somebody_sends_it() {
    let scene = magazine();
    enter(&scene, &[("T-a", "2026-11-13"), ("T-b", "2026-11-18"), ("T-c", "2026-11-24")]);
    run(&scene, "2026-11-16T07:40");
    // The machine was down on Monday. Somebody is told, once.
    assert_eq!(
        scene.run(&["run", "--at", "2026-11-25T10:00"]),
        Outcome {
            code: 0,
            stdout: String::new(),
            stderr:
                "gazetier: 2026-W47 was due at 2026-11-23 07:30 and is too late to be sent by itself: its 1 letters \
                     are held; send them with `gazetier digest send 2026-W47`\n"
                    .into(),
        }
    );
    run(&scene, "2026-11-25T10:10");
    assert_eq!(scene.posted(), ["2026-W46 a@example.org"]);
    assert!(scene.ok(&["digest", "status"]).contains("2026-W47 (n° 2) held: 0 of 1 letters sent, 1 still to do\n"));

    assert_eq!(scene.ok(&["digest", "send", "--at", "2026-11-25T11:00"]), "2026-W47: 1 of 1 letters sent\n");
    let letter = scene.letter_to("a@example.org", "2026-W47");
    assert!(letter.contains("\r\nDate: Wed, 25 Nov 2026 10:00:00 +0000\r\n"), "the day it is sent: {letter}");
    run(&scene, "2026-11-30T07:40");
    assert_eq!(titles(&scene, "2026-W46"), ["T-a"]);
    assert_eq!(titles(&scene, "2026-W47"), ["T-b"]);
    assert_eq!(titles(&scene, "2026-W48"), ["T-c"]);
}

#[test]
fn after_weeks_without_a_run_one_edition_holds_all_of_them() {
    let scene = magazine();
    enter(&scene, &[("T-a", "2026-10-15"), ("T-b", "2026-10-21"), ("T-c", "2026-10-29"), ("T-d", "2026-11-14")]);
    run(&scene, "2026-10-19T08:00");
    run(&scene, "2026-11-16T08:00");
    assert_eq!(scene.posted(), ["2026-W42 a@example.org", "2026-W46 a@example.org"]);
    assert_eq!(titles(&scene, "2026-W46"), ["T-b", "T-c", "T-d"]);
    let letter = scene.letter_to("a@example.org", "2026-W46");
    assert!(letter.contains("du 19=C2=A0octobre au 15=C2=A0novembre 2026"), "{letter}");
}

#[test]
fn within_the_hours_that_are_allowed_it_is_sent_late() {
    let scene = magazine();
    enter(&scene, &[("T-a", "2026-11-13"), ("T-b", "2026-11-18")]);
    run(&scene, "2026-11-16T07:40");
    run(&scene, "2026-11-23T19:30");
    assert_eq!(titles(&scene, "2026-W47"), ["T-b"]);
}
