//! Answers that are about us: they stop an edition where they come in a row or are about its text, and what had gone by
//! then is not sent again.

use super::{dialogues, pipelined_data, run, scene_with_subscribers, states};
use crate::{
    sink::{Fault, Options, Sink, faults},
    support::{MONDAY, SILENCE},
};

#[test]
fn answers_about_policy_hold_the_edition_until_somebody_lets_it_go() {
    for (way, options) in dialogues() {
        for (stage, answer) in
            [("RCPT", "554 5.7.1 blocked"), (".", "550 5.7.26 unauthenticated"), ("MAIL", "550 5.7.1 no")]
        {
            let script =
                faults(move |step, _, _| if step == stage { Fault::Reply(answer.into()) } else { Fault::None });
            let sink = Sink::start(Options { script, ..options.clone() });
            let scene = scene_with_subscribers(50, sink.port, "connections = 1\nwindow = 4");
            let outcome = run(&scene);
            assert_eq!(outcome.code, 75, "{way}, {stage}: {outcome:?}");
            let told = format!(
                "50 letters wait: 127.0.0.1:{} refuses for reasons of policy or reputation: {answer}",
                sink.port
            );
            assert!(outcome.stderr.contains(&told), "{way}, {stage}: {outcome:?}");
            assert!(scene.ok(&["digest", "status"]).starts_with("2026-W47 (n° 1) held"), "{way}");
            assert!(sink.count("RCPT", "s20@example.org") == 0, "{way}, {stage}: it went on and on");
            assert_eq!(run(&scene), SILENCE, "{way}: told once");
            drop(sink);

            let sink = Sink::start(options.clone());
            let text = scene.read("config.toml");
            let line = text.lines().find(|line| line.starts_with("url = \"smtp:")).expect("a relay");
            scene.reconfigure(line, &format!("url = \"smtp://127.0.0.1:{}\"", sink.port));
            scene.sql("UPDATE letters SET due_at = 0");
            scene.ok(&["digest", "send", "--at", MONDAY]);
            assert_eq!(states(&scene), "50 sent", "{way}, {stage}");
        }
    }
    // One reader's own filter holds nothing up.
    let script = faults(|step, recipient, _| match (step, recipient) {
        ("RCPT", "s3@example.org") => Fault::Reply("550 5.7.1 this reader wants no post".into()),
        _ => Fault::None,
    });
    let sink = Sink::start(Options { script, ..pipelined_data() });
    let scene = scene_with_subscribers(20, sink.port, "connections = 1");
    assert_eq!((run(&scene).code, states(&scene).as_str()), (75, "1 deferred, 19 sent"));
    // And is not asked for ever.
    for state in ["deferred", "failed", "failed"] {
        scene.sql("UPDATE letters SET due_at = 0 WHERE state = 'deferred'");
        run(&scene);
        assert_eq!(states(&scene), format!("1 {state}, 19 sent"));
    }
    assert_eq!(sink.count("RCPT", "s3@example.org"), 3);
}

/// Answers about policy are about us where they come in a row; filters of single readers among letters that are taken
/// are not, however many there are.
#[test]
fn filters_of_several_readers_hold_nobody_elses_letter() {
    const FILTERED: [&str; 5] =
        ["s3@example.org", "s8@example.org", "s13@example.org", "s18@example.org", "s23@example.org"];
    for (way, options) in dialogues() {
        let script = faults(|step, recipient, _| match (step, FILTERED.contains(&recipient)) {
            ("RCPT", true) => Fault::Reply("550 5.7.1 this reader wants no post".into()),
            _ => Fault::None,
        });
        let sink = Sink::start(Options { script, ..options });
        let scene = scene_with_subscribers(28, sink.port, "connections = 1\nwindow = 2");
        assert_eq!((run(&scene).code, states(&scene).as_str()), (75, "5 deferred, 23 sent"), "{way}");
        assert!(!scene.ok(&["digest", "status"]).contains(" held"), "{way}");
    }
}

/// All letters of an edition bear one date, also those that go out a day later: a reader's answer and two readers'
/// letters are found by it.
#[test]
fn letters_of_an_edition_that_was_stopped_in_the_middle_have_one_date() {
    let dates = |sink: &Sink| -> Vec<String> {
        let texts = sink.accepted().into_iter().map(|letter| String::from_utf8(letter.text).expect("UTF-8"));
        texts.map(|text| text.lines().find(|line| line.starts_with("Date: ")).expect("a date").to_owned()).collect()
    };
    for postgres in [false, true] {
        let script = faults(|step, recipient, _| match (step, recipient.len() > "s9@example.org".len()) {
            ("RCPT", true) => Fault::Reply("550 5.7.1 blocked".into()),
            _ => Fault::None,
        });
        let first = Sink::start(Options { script, ..pipelined_data() });
        let scene = scene_with_subscribers(20, first.port, "connections = 1");
        let scene = if postgres { scene.on_postgres() } else { scene };
        assert_eq!(run(&scene).code, 75);
        assert!(scene.ok(&["digest", "status"]).starts_with("2026-W47 (n° 1) held"));
        let second = Sink::start(pipelined_data());
        scene.reconfigure(&format!("127.0.0.1:{}", first.port), &format!("127.0.0.1:{}", second.port));
        scene.sql("UPDATE letters SET due_at = 0");
        scene.ok(&["digest", "send", "--at", "2026-11-24T08:00"]);
        assert_eq!(states(&scene), "20 sent");
        let (early, late) = (dates(&first), dates(&second));
        assert_eq!((early.len(), late.len()), (10, 10));
        assert!(early.iter().chain(&late).all(|date| *date == early[0]), "{early:?}, {late:?}");
    }
}
