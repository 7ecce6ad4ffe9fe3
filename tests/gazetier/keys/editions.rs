//! An edition is known by its hour: whatever happens to schedules, clocks and holds, none swallows another,
//! and none is lost without a word.

use gazetier::model::{Changes, Period};

use super::{in_store, scenes};
use crate::{
    smtp::{Sink, through},
    store::{at, digest},
    support::{MONDAY, Outcome, SILENCE, Scene, column},
};

fn told(stderr: &str) -> Outcome {
    Outcome { code: 0, stdout: String::new(), stderr: stderr.to_owned() }
}

/// A magazine of one reader on both backends.
fn magazines() -> [Scene; 2] {
    scenes().map(|scene| scene.write("subscribers.csv", "email\na@example.org\n"))
}

fn enter(scene: &Scene, title: &str, published: &str) {
    scene.put(&format!("columns/{title}.md"), &column(title, "edito", published));
}

fn run(scene: &Scene, at: &str) {
    assert_eq!(scene.run(&["run", "--at", at]), SILENCE, "at {at}");
}

/// The titles in the letter of an edition.
fn titles(scene: &Scene, period: &str) -> Vec<String> {
    let letter = scene.letter_to("a@example.org", period);
    let parsed = mail_parser::MessageParser::default().parse(&letter).expect("a letter");
    let text = parsed.body_text(0).expect("a text part");
    let mut titles: Vec<String> = text.lines().filter(|line| line.starts_with("T-")).map(str::to_owned).collect();
    titles.sort();
    titles
}

/// How the editions stand: label and state of each.
fn standing(scene: &Scene, at: &str) -> Vec<String> {
    let status = scene.ok(&["digest", "status", "--at", at]);
    let lines = status.lines().filter(|line| !line.starts_with(' '));
    lines
        .map(|line| {
            let (label, rest) = line.split_once(" (").expect("a label");
            let state = rest.split_once(") ").expect("a state").1.split(':').next().expect("a state");
            format!("{label} {state}")
        })
        .collect()
}

#[test]
fn a_schedule_that_moves_swallows_no_edition() {
    for scene in magazines() {
        scene.reconfigure("schedule = \"Mon 07:30\"", "schedule = \"Fri 17:00\"");
        enter(&scene, "T-a", "2026-11-18");
        run(&scene, "2026-11-20T16:50");
        run(&scene, "2026-11-20T17:10");
        // From Friday to Monday: both cutoffs lie in one week.
        scene.reconfigure("schedule = \"Fri 17:00\"", "schedule = \"Mon 07:30\"");
        enter(&scene, "T-b", "2026-11-21");
        run(&scene, MONDAY);
        run(&scene, "2026-11-23T08:10");
        assert_eq!(scene.posted(), ["2026-W47 a@example.org", "2026-W47-2 a@example.org"]);
        // And to another day of the same week, after it was sent.
        scene.reconfigure("schedule = \"Mon 07:30\"", "schedule = \"Wed 07:30\"");
        enter(&scene, "T-c", "2026-11-24");
        run(&scene, "2026-11-25T08:00");
        assert_eq!(standing(&scene, "2026-11-25T09:00"), ["2026-W47 sent", "2026-W47-2 sent", "2026-W47-3 sent"]);
        let letters = ["2026-W47", "2026-W47-2", "2026-W47-3"].map(|period| titles(&scene, period));
        assert_eq!(letters, [["T-a"], ["T-b"], ["T-c"]]);
        // The letters of a week are not one another's.
        let ids = ["2026-W47", "2026-W47-2"].map(|period| {
            let letter = scene.letter_to("a@example.org", period);
            letter.lines().find(|line| line.starts_with("Message-ID: ")).expect("an id").to_owned()
        });
        assert!(ids[0].starts_with("Message-ID: <2026-W47.digest.") && ids[1].starts_with("Message-ID: <2026-W47-2."));
    }
}

#[test]
fn a_schedule_that_moves_within_its_week_is_told_and_swallows_nothing() {
    for scene in magazines() {
        let scene = scene.config("# approval = true", "approval = true");
        enter(&scene, "T-a", "2026-11-18");
        scene.ok(&["sync", "--at", "2026-11-19"]);
        scene.ok(&["digest", "approve", "--at", "2026-11-19"]);
        run(&scene, MONDAY);
        scene.reconfigure("schedule = \"Mon 07:30\"", "schedule = \"Thu 07:30\"");
        enter(&scene, "T-b", "2026-11-24");
        scene.ok(&["sync", "--at", "2026-11-24"]);
        let status = scene.ok(&["digest", "status", "--at", "2026-11-24"]);
        assert!(status.ends_with("2026-W47-2 (n° 2) draft: 1 columns, due at 2026-11-26 07:30\n"), "{status}");
        // What it says is done: on Thursday somebody is asked, and then it goes.
        let words = "gazetier: 2026-W47-2: its hour has come and nobody has approved it: it is not sent; approve it with \
                     `gazetier digest approve 2026-W47-2`\n";
        assert_eq!(scene.run(&["run", "--at", "2026-11-26T08:00"]), told(words));
        scene.ok(&["digest", "approve", "2026-W47-2", "--at", "2026-11-26T08:05"]);
        run(&scene, "2026-11-26T08:10");
        assert_eq!(scene.posted(), ["2026-W47 a@example.org", "2026-W47-2 a@example.org"]);
        assert_eq!(titles(&scene, "2026-W47-2"), ["T-b"]);
        // And the week after.
        enter(&scene, "T-c", "2026-11-30");
        scene.ok(&["sync", "--at", "2026-12-01"]);
        scene.ok(&["digest", "approve", "--at", "2026-12-01"]);
        run(&scene, "2026-12-03T08:00");
        assert_eq!(scene.posted().len(), 3);
    }
}

#[test]
fn what_is_approved_after_the_schedule_has_moved_is_sent() {
    for scene in magazines() {
        let scene = scene.config("# approval = true", "approval = true");
        scene.reconfigure("schedule = \"Mon 07:30\"", "schedule = \"Fri 17:00\"");
        enter(&scene, "T-a", "2026-11-18");
        scene.ok(&["sync", "--at", "2026-11-19"]);
        assert_eq!(scene.ok(&["digest", "approve", "--at", "2026-11-19"]), "2026-W47: approved\n");
        run(&scene, "2026-11-20T17:10");
        scene.reconfigure("schedule = \"Fri 17:00\"", "schedule = \"Mon 07:30\"");
        enter(&scene, "T-b", "2026-11-21");
        scene.ok(&["sync", "--at", "2026-11-22"]);
        assert_eq!(scene.ok(&["digest", "approve", "--at", "2026-11-22"]), "2026-W47-2: approved\n");
        run(&scene, MONDAY);
        assert_eq!(scene.posted(), ["2026-W47 a@example.org", "2026-W47-2 a@example.org"]);
        // What was said of an hour that the schedule no longer has holds for the hour in its place.
        enter(&scene, "T-c", "2026-11-24");
        scene.ok(&["sync", "--at", "2026-11-24"]);
        assert_eq!(scene.ok(&["digest", "hold", "--at", "2026-11-24"]).split(':').next(), Some("2026-W48"));
        scene.reconfigure("schedule = \"Mon 07:30\"", "schedule = \"Sat 09:00\"");
        run(&scene, "2026-11-28T09:10");
        assert_eq!(scene.posted().len(), 2, "it is held");
        assert_eq!(standing(&scene, "2026-11-28T10:00").last().map(String::as_str), Some("2026-W48 held"));
    }
}

#[test]
fn an_edition_of_the_future_hides_nothing_of_the_present() {
    for scene in magazines() {
        enter(&scene, "T-a", "2026-11-13");
        run(&scene, "2026-11-16T08:00");
        enter(&scene, "T-b", "2026-11-17");
        // A clock runs wrong, once.
        scene.ok(&["run", "--at", "2062-11-27T08:00"]);
        let strange = "2062-W47";
        assert_eq!(titles(&scene, strange), ["T-b"]);
        enter(&scene, "T-c", "2026-11-18");
        let words = "gazetier: 2062-W47 stands in the future, at 2062-11-27 07:30: a clock was wrong when it was drawn \
                     up. Put it right with `gazetier digest redate 2062-W47`\n";
        // Each run says so, and sends what is due.
        assert_eq!(scene.run(&["run", "--at", MONDAY]), told(words));
        assert_eq!(titles(&scene, "2026-W47"), ["T-c"]);
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T08:10"]), told(words));
        assert!(scene.ok(&["status", "--at", MONDAY]).contains(words.trim_start_matches("gazetier: ")));
        let notices: serde_json::Value =
            serde_json::from_str(&scene.ok(&["status", "--json", "--at", MONDAY])).expect("JSON");
        assert_eq!(notices["notices"][0].as_str(), Some(words.trim_start_matches("gazetier: ").trim_end()));
        // Put right, it is one of this week, and nobody hears of it any more.
        let redate = |to: &str| scene.run(&["digest", "redate", strange, "--to", to, "--at", MONDAY]);
        assert_eq!(redate("2062-01-01").code, 2);
        assert_eq!(scene.run(&["digest", "redate", "2062-W01", "--at", MONDAY]).code, 65);
        assert_eq!(
            redate("2026-11-20T08:00").stdout,
            "2062-W47 is 2026-W47-2 now, with a cutoff at 2026-11-20 08:00\n"
        );
        run(&scene, "2026-11-23T08:20");
        enter(&scene, "T-d", "2026-11-26");
        run(&scene, "2026-11-30T08:00");
        assert_eq!(titles(&scene, "2026-W48"), ["T-d"]);
        let expected = ["2026-W46 sent", "2026-W47-2 sent", "2026-W47 sent", "2026-W48 sent"];
        assert_eq!(standing(&scene, "2026-12-01"), expected);
    }
}

#[test]
fn a_relay_gets_nothing_of_the_future_unless_somebody_says_so() {
    for scene in magazines() {
        let sink = Sink::start(&[]);
        let scene = through(scene, sink.port);
        enter(&scene, "T-a", "2062-11-24");
        // The year of this test is ahead of any machine's clock.
        let run = |arguments: &[&str]| -> Outcome {
            let arguments = [arguments, &["--at", "2062-11-27T08:00"]].concat();
            let mut command = scene.command(&arguments);
            command.env_remove("GAZETIER_FUTURE").output().expect("the program").into()
        };
        for arguments in [&["run"][..], &["digest", "send"]] {
            let outcome = run(arguments);
            assert!(outcome.stderr.contains("is more than a day ahead of this machine's clock"), "{outcome:?}");
            assert!(outcome.stderr.contains("Put the clock right, or say --future"), "{outcome:?}");
        }
        assert_eq!(scene.ok(&["digest", "status"]), "no edition yet\n", "nothing is frozen");
        assert_eq!(run(&["run", "--future"]).code, 0);
        assert_eq!(sink.recipients(), ["a@example.org"]);
    }
}

#[test]
fn a_hold_outlives_its_week_and_others() {
    for first in [true, false] {
        for scene in magazines() {
            if !first {
                enter(&scene, "T-a", "2026-11-12");
                run(&scene, "2026-11-16T08:00");
            }
            enter(&scene, "T-b", "2026-11-18");
            run(&scene, "2026-11-20T08:00");
            scene.ok(&["digest", "hold", "--by", "Yann", "--why", "le titre", "--at", "2026-11-20T09:00"]);
            run(&scene, MONDAY);
            // At the desk it can be mended until the next hour, and so it is sent.
            in_store(&scene, async |store| {
                let cutoff = at("2026-11-23T07:30");
                let key = gazetier::model::EditionKey { newsletter: digest(), cutoff };
                let changes = Changes { subject: Some("Le sujet de Yann".into()), ..Changes::default() };
                assert!(store.change(&key, 0, &changes, "Yann", at("2026-11-24")).await.expect("a change"));
            });
            enter(&scene, "T-c", "2026-11-26");
            run(&scene, "2026-11-30T08:00");
            assert_eq!(titles(&scene, "2026-W48"), ["T-c"]);
            enter(&scene, "T-d", "2026-12-02");
            run(&scene, "2026-12-07T08:00");
            assert_eq!(titles(&scene, "2026-W49"), ["T-d"]);
            let before: &[&str] = if first { &[] } else { &["2026-W46 sent"] };
            let expected = [before, &["2026-W47 held", "2026-W48 sent", "2026-W49 sent"]].concat();
            assert_eq!(standing(&scene, "2026-12-08"), expected);
            let status = scene.ok(&["digest", "status", "--at", "2026-12-08"]);
            assert!(status.contains("  held by Yann, 2026-11-20 09:00\n"), "{status}");

            let sent = scene.ok(&["digest", "send", "2026-W47", "--at", "2026-12-08T10:00"]);
            assert_eq!(sent, "2026-W47: 1 of 1 letters sent\n");
            assert_eq!(titles(&scene, "2026-W47"), ["T-b"]);
            assert!(scene.letter_to("a@example.org", "2026-W47").contains("\r\nSubject: Le sujet de Yann\r\n"));
            run(&scene, "2026-12-08T10:10");
        }
    }
}

#[test]
fn of_a_held_edition_what_is_withdrawn_meanwhile_is_not_sent() {
    for scene in magazines() {
        enter(&scene, "T-b", "2026-11-18");
        enter(&scene, "T-x", "2026-11-19");
        run(&scene, "2026-11-20T08:00");
        scene.ok(&["digest", "hold", "--at", "2026-11-20T09:00"]);
        enter(&scene, "T-c", "2026-11-26");
        run(&scene, "2026-11-30T08:00");
        assert_eq!(titles(&scene, "2026-W48"), ["T-c"]);
        // It has no letters yet: it is drawn up as it is now.
        std::fs::remove_file(scene.path("columns/T-x.md")).expect("a file");
        scene.ok(&["sync", "--at", "2026-12-01"]);
        scene.ok(&["digest", "send", "2026-W47", "--at", "2026-12-01"]);
        assert_eq!(titles(&scene, "2026-W47"), ["T-b"]);
    }
}

#[test]
fn withdrawn_columns_of_a_frozen_edition_are_told_at_release_and_leave_the_archive() {
    for scene in magazines() {
        enter(&scene, "T-a", "2026-11-13");
        run(&scene, "2026-11-16T08:00");
        enter(&scene, "T-b", "2026-11-18");
        enter(&scene, "T-x", "2026-11-19");
        let late = scene.run(&["run", "--at", "2026-11-24T08:00"]);
        assert!(late.stderr.contains("its 1 letters are held"), "{late:?}");
        std::fs::remove_file(scene.path("columns/T-x.md")).expect("a file");
        run(&scene, "2026-11-24T08:10");
        for arguments in [&["digest", "send", "2026-W47"][..], &["digest", "send"]] {
            let refused = scene.run(&[arguments, &["--at", "2026-11-24T09:00"]].concat());
            assert_eq!(refused.code, 65, "{refused:?}");
            let words = "gazetier: 2026-W47 holds what was withdrawn since: T-x; let it go all the same with \
                         `gazetier digest send 2026-W47 --with-withdrawn`\n";
            assert_eq!(refused.stderr, words);
        }
        assert_eq!(scene.posted(), ["2026-W46 a@example.org"]);
        let sent = scene.ok(&["digest", "send", "2026-W47", "--with-withdrawn", "--at", "2026-11-24T09:10"]);
        assert_eq!(sent, "2026-W47: 1 of 1 letters sent\n");
        let page = |scene: &Scene| {
            in_store(scene, async |store| {
                let period = Period::from_key("2026-W47");
                store.archived(&digest(), &period).await.expect("an edition").expect("an edition").1
            })
        };
        assert!(page(&scene).contains("T-x") && page(&scene).contains("T-b"));
        let redact = ["digest", "redact", "2026-W47", "--at", "2026-11-24T10:00"];
        assert_eq!(scene.ok(&redact), "2026-W47: the archive shows it without T-x\n");
        assert!(!page(&scene).contains("T-x") && page(&scene).contains("T-b"));
        let other = ["digest", "redact", "2026-W46", "--at", "2026-11-24T10:00"];
        assert_eq!(scene.ok(&other), "2026-W46: none of its columns was withdrawn, nothing is changed\n");
    }
}

#[test]
fn a_first_edition_that_is_missed_is_held_and_told() {
    for scene in magazines() {
        enter(&scene, "T-a", "2026-11-18");
        run(&scene, "2026-11-20T08:00");
        // The store stood before the hour; the next run comes twelve hours and a minute after it.
        let words = "gazetier: 2026-W47 was due at 2026-11-23 07:30 and is too late to be sent by itself: its 1 letters \
                     are held; send them with `gazetier digest send 2026-W47`\n";
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T19:31"]), told(words));
        run(&scene, "2026-11-23T19:40");
        assert_eq!(standing(&scene, "2026-11-23T19:50"), ["2026-W47 held"]);
        enter(&scene, "T-b", "2026-11-26");
        run(&scene, "2026-11-30T08:00");
        assert_eq!(titles(&scene, "2026-W48"), ["T-b"]);
        scene.ok(&["digest", "send", "2026-W47", "--at", "2026-12-01"]);
        assert_eq!(titles(&scene, "2026-W47"), ["T-a"]);
    }
}

#[test]
fn a_column_that_was_left_out_waits_however_long() {
    for scene in magazines() {
        enter(&scene, "T-a", "2026-11-18");
        enter(&scene, "T-out", "2026-11-17");
        run(&scene, "2026-11-20T08:00");
        for (number, (day, monday)) in
            [("2026-11-25", "2026-11-23"), ("2026-12-02", "2026-11-30"), ("2026-12-09", "2026-12-07")]
                .into_iter()
                .enumerate()
        {
            in_store(&scene, async |store| {
                let cutoff = at(&format!("{monday}T07:30"));
                let all = store.unsent(&digest(), at("2026-11-10"), cutoff).await.expect("columns");
                let out = all.iter().find(|column| column.title == "T-out").expect("it waits").id;
                let changes = Changes { left_out: vec![out], ..Changes::default() };
                let key = gazetier::model::EditionKey { newsletter: digest(), cutoff };
                assert!(store.change(&key, 0, &changes, "Yann", cutoff).await.expect("a change"), "{number}");
            });
            run(&scene, &format!("{monday}T08:00"));
            enter(&scene, &format!("T-{day}"), day);
        }
        run(&scene, "2026-12-14T08:00");
        assert_eq!(titles(&scene, "2026-W50"), ["T-2026-12-09", "T-out"]);
    }
}
