//! Letters on their way to a relay: what becomes of each, whatever the relay says.

use crate::{
    smtp::{Act, Scripted, Sink, free_port, through},
    support::{MONDAY, SILENCE, Scene, column},
};

const SAMPLE: [&str; 3] = ["alix@example.org", "loic@example.org", "sterenn@example.org"];

/// The states of a scene's letters, in words; their sum must be three.
fn states(scene: &Scene) -> String {
    let (states, frozen) = scene.letters();
    assert_eq!((states.values().sum::<i64>(), frozen), (3, 3), "{states:?}");
    states.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_letter_arrives_once_with_its_envelope() {
    let sink = Sink::start(&[]);
    let dots = "\".\\n..\\n... et pourtant\""; // A line of the text part begins with it.
    let scene = through(Scene::sample(), sink.port)
        .write("columns/dots.md", &column("x", "edito", "2026-11-20").replace("title: x", &format!("title: {dots}")));
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    let mails = sink.mails();
    assert_eq!(mails.iter().map(|mail| mail.recipient.as_str()).collect::<Vec<_>>(), SAMPLE);
    let mut proofs = Vec::new();
    for mail in &mails {
        let sender = mail.sender.strip_prefix("retours+").expect("the address for bounces");
        let proof = sender.strip_suffix("@estran.example.org").expect("the domain for bounces");
        assert!(proof.len() == 39 && proof.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{proof}");
        assert!(!mail.text.contains(proof), "who reads the letter could bounce it");
        proofs.push(proof);
    }
    proofs.sort_unstable();
    proofs.dedup();
    assert_eq!(proofs.len(), 3);

    // What the relay took is what a folder gets, byte by byte.
    assert_eq!(scene.sql("UPDATE letters SET state = 'queued'"), 3);
    assert_eq!(scene.sql("UPDATE editions SET state = 'sending'"), 1);
    // Beside the store it is written how many went out.
    std::fs::remove_file(scene.path("feeds/.gazetier")).expect("what went out");
    scene.reconfigure("url = \"smtp:", "url = \"file:outbox\"\n#");
    scene.ok(&["digest", "send", "--at", MONDAY]);
    for mail in &mails {
        let file = scene.letter_to(&mail.recipient, "2026-W47").replace("\r\n", "\n");
        assert_eq!(mail.text, file);
    }
    assert!(mails[0].text.contains("\n=2E .. ... et pourtant\n"), "{}", mails[0].text);
}

#[test]
fn what_is_sent_is_not_sent_again() {
    for scene in [Scene::sample(), Scene::sample().on_postgres()] {
        let sink = Sink::start(&[]);
        let scene = through(scene, sink.port);
        for _ in 0..3 {
            assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
            scene.ok(&["digest", "send", "--at", MONDAY]);
        }
        assert_eq!(sink.recipients(), SAMPLE);
        assert_eq!(states(&scene), "3 sent");
    }
}

#[test]
fn without_a_relay_the_letters_wait() {
    let port = free_port();
    let scene = through(Scene::sample(), port);
    for _ in 0..2 {
        let outcome = scene.run(&["run", "--at", MONDAY]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (69, ""));
        let told = format!("gazetier: the relay 127.0.0.1:{port} cannot be used: ");
        assert!(outcome.stderr.starts_with(&told), "{outcome:?}");
        assert!(outcome.stderr.ends_with("; the letters wait in the ledger, run again\n"), "{outcome:?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
        assert_eq!(states(&scene), "3 queued");
    }
    let sink = Sink::on(port, &[]).expect("the port is still free");
    // The edition was drawn up on Monday; its letters go whenever the relay is back.
    assert_eq!(scene.run(&["run", "--at", "2026-11-24T03:00"]), SILENCE);
    assert_eq!(sink.recipients(), SAMPLE);
    assert!(sink.mails().iter().all(|mail| mail.text.contains("\nDate: Mon, 23 Nov 2026 07:00:00 +0000\n")));
    assert_eq!(states(&scene), "3 sent");
}

/// Each trouble that smtp-sink can make, the exit code, and what becomes of the letters.
#[test]
fn each_answer_means_what_it_says() {
    let cases: &[(&[&str], i32, &str)] = &[
        // The relay is in trouble, and no letter was taken: they wait.
        (&["-q", "CONNECT"], 69, "3 queued"),
        (&["-Q", "CONNECT"], 69, "3 queued"),
        (&["-f", "CONNECT"], 69, "3 queued"),
        (&["-Q", "EHLO"], 69, "3 queued"),
        (&["-q", "MAIL"], 69, "3 queued"),
        (&["-Q", "MAIL"], 69, "3 queued"),
        (&["-q", "RCPT"], 69, "3 queued"),
        (&["-Q", "RCPT"], 69, "3 queued"),
        (&["-q", "DATA"], 69, "3 queued"),
        (&["-Q", "DATA"], 69, "3 queued"),
        (&["-Q", "."], 69, "3 queued"),
        // It speaks no ESMTP.
        (&["-e"], 69, "3 queued"),
        // It does not want our sender, whoever the letters are for.
        (&["-f", "MAIL"], 69, "3 queued"),
        (&["-r", "MAIL"], 69, "3 queued"),
        // It does not want the letter now.
        (&["-r", "RCPT"], 75, "3 deferred"),
        (&["-r", "DATA"], 75, "3 deferred"),
        (&["-r", "."], 75, "3 deferred"),
        // It wants no letter at all: the edition is held.
        (&["-f", "RCPT"], 75, "3 queued"),
        (&["-f", "DATA"], 75, "3 queued"),
        (&["-f", "."], 75, "3 queued"),
        // It went away after the last byte.
        (&["-q", "."], 0, "3 unknown"),
        // It goes away afterwards, or knows nothing new.
        (&["-q", "QUIT"], 0, "3 sent"),
        (&["-p"], 0, "3 sent"),
        (&["-8"], 0, "3 sent"),
    ];
    for (flags, code, expected) in cases {
        let sink = Sink::start(flags);
        let scene = through(Scene::sample(), sink.port);
        let outcome = scene.run(&["run", "--at", MONDAY]);
        assert_eq!((outcome.code, states(&scene).as_str()), (*code, *expected), "{flags:?}: {outcome:?}");
        assert_eq!(outcome.stdout, "", "{flags:?}");
        assert_eq!(outcome.stderr.is_empty(), *expected == "3 sent" || *expected == "3 deferred", "{outcome:?}");
        drop(sink);

        // Whatever waits is sent by the next run, and nothing else.
        let sink = Sink::start(&[]);
        let text = scene.read("config.toml");
        let line = text.lines().find(|line| line.starts_with("url = \"smtp:")).expect("a relay");
        scene.reconfigure(line, &format!("url = \"smtp://127.0.0.1:{}\"", sink.port));
        let again = if (*code, *expected) == (75, "3 queued") { ["digest", "send"].as_slice() } else { &["run"] };
        let outcome = scene.run(&[again, &["--at", MONDAY]].concat());
        assert_eq!(sink.recipients().len(), if *expected == "3 queued" { 3 } else { 0 }, "{flags:?}: {outcome:?}");
        let settled = if *expected == "3 queued" { "3 sent" } else { expected };
        assert_eq!(states(&scene), settled, "{flags:?}");
    }
}

#[test]
fn one_that_is_refused_does_not_keep_the_others_from_theirs() {
    let relay = Scripted::start(|step, recipient| match (step, recipient) {
        ("RCPT", "alix@example.org") => Act::Say("550 5.1.1 no such reader"),
        _ => Act::Accept,
    });
    let scene = through(Scene::sample(), relay.port);
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    let status = scene.ok(&["digest", "status"]);
    assert_eq!(
        status,
        "2026-W47 (n° 1) sent: 2 of 3 letters sent, 1 refused\n  \
         refused: alix@example.org: 550 5.1.1 no such reader\n"
    );
    assert_eq!(scene.sql("DELETE FROM suppressions WHERE reason = 'refused'"), 1, "nobody writes there again");
    // One connection serves them all, unless its end must prove the refusal first: this relay has no
    // other proof.
    assert!(relay.count("connect", "") <= 2);
    assert_eq!((relay.count(".", "loic@example.org"), relay.count(".", "alix@example.org")), (1, 0));
}

#[test]
fn one_that_is_deferred_waits_its_time() {
    let relay = Scripted::start(|step, recipient| match (step, recipient) {
        ("RCPT", "sterenn@example.org") => Act::Say("450 4.2.1 come back later"),
        _ => Act::Accept,
    });
    let scene = through(Scene::sample(), relay.port);
    for _ in 0..3 {
        let outcome = scene.run(&["run", "--at", MONDAY]);
        assert_eq!((outcome.code, states(&scene).as_str()), (75, "1 deferred, 2 sent"), "{outcome:?}");
    }
    assert_eq!(relay.count("RCPT", "sterenn@example.org"), 1, "not before five minutes are over");
    // Each time it waits twice as long, and a quarter more at the most.
    let first = "UPDATE letters SET due_at = 0 WHERE state = 'deferred' AND attempts = 1 \
                 AND due_at - settled_at BETWEEN 300000 AND 375000";
    let second = "UPDATE letters SET due_at = 0, attempts = 11 WHERE state = 'deferred' AND attempts = 2 \
                  AND due_at - settled_at BETWEEN 600000 AND 750000";
    for statement in [first, second] {
        assert_eq!(scene.sql(statement), 1, "{statement}");
        scene.run(&["digest", "send", "--at", MONDAY]);
    }
    assert_eq!(states(&scene), "1 failed, 2 sent");
    let status = scene.ok(&["digest", "status"]);
    assert!(status.contains("refused: sterenn@example.org: given up after 12 tries: "), "{status}");
    assert_eq!(relay.count("RCPT", "sterenn@example.org"), 3);
}

#[test]
fn silence_after_the_last_byte_is_told_and_never_sent_again() {
    let relay = Scripted::start(|step, recipient| match (step, recipient) {
        (".", "sterenn@example.org") => Act::Sleep,
        (".", "loic@example.org") => Act::HangUp,
        _ => Act::Accept,
    });
    let scene = through(Scene::sample(), relay.port).config("timeout = \"2s\"", "timeout = \"500ms\"");
    // A relay that says nothing gets nothing more before the next run.
    let outcome = scene.run(&["run", "--at", MONDAY]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (69, ""));
    assert!(outcome.stderr.contains("cannot be used: no answer in 500ms"), "{outcome:?}");
    assert_eq!(states(&scene), "1 queued, 1 sent, 1 unknown");
    let outcome = scene.run(&["run", "--at", MONDAY]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    assert_eq!(
        outcome.stderr,
        "gazetier: 2026-W47: 2 letters may or may not have arrived and are not sent again; \
         `gazetier digest status` names them\n"
    );
    let status = scene.ok(&["digest", "status"]);
    let mut lines: Vec<&str> = status.lines().collect();
    lines[1..].sort_unstable();
    let first = "2026-W47 (n° 1) sent: 1 of 3 letters sent, 2 unknown";
    assert_eq!(lines, [first, "  unknown: loic@example.org", "  unknown: sterenn@example.org"]);
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    scene.ok(&["digest", "send", "--at", MONDAY]);
    for address in SAMPLE {
        assert_eq!(relay.count(".", address), 1, "{address}");
    }
}

#[test]
fn silence_before_the_last_byte_takes_nothing() {
    for silent in ["connect", "EHLO", "MAIL", "RCPT", "DATA"] {
        let relay = Scripted::start(move |step, _| if step == silent { Act::Sleep } else { Act::Accept });
        let scene = through(Scene::sample(), relay.port).config("timeout = \"2s\"", "timeout = \"300ms\"");
        let outcome = scene.run(&["run", "--at", MONDAY]);
        assert_eq!((outcome.code, states(&scene).as_str()), (69, "3 queued"), "{silent}: {outcome:?}");
        assert!(outcome.stderr.contains("no answer in 300ms"), "{silent}: {outcome:?}");
    }
}

#[test]
fn a_slow_relay_that_answers_in_time_is_only_slow() {
    let sink = Sink::start(&["-w", "1"]);
    let scene = through(Scene::sample(), sink.port);
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    assert_eq!(sink.recipients(), SAMPLE);
    assert_eq!(states(&scene), "3 sent");
}

#[test]
fn who_leaves_after_the_freezing_gets_no_letter() {
    for scene in [Scene::sample(), Scene::sample().on_postgres()] {
        let port = free_port();
        let scene = through(scene, port);
        assert_eq!(scene.run(&["run", "--at", MONDAY]).code, 69);
        assert_eq!(scene.sql("UPDATE subscriptions SET state = 'unsubscribed' WHERE subscriber_id = (SELECT id FROM subscribers WHERE address = 'alix@example.org')"), 1);
        let complaint = "INSERT INTO suppressions (address_hash, reason, suppressed_at) \
                         SELECT address_hash, 'complaint', 0 FROM subscribers WHERE address = 'loic@example.org'";
        assert_eq!(scene.sql(complaint), 1);
        let sink = Sink::on(port, &[]).expect("the port is still free");
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        assert_eq!(sink.recipients(), ["sterenn@example.org"]);
        assert_eq!(states(&scene), "1 sent, 2 suppressed");
        assert_eq!(scene.ok(&["digest", "status"]), "2026-W47 (n° 1) sent: 1 of 3 letters sent, 2 suppressed\n");
    }
}

#[test]
fn an_address_beyond_ascii_is_not_sent_to_a_relay_that_takes_none() {
    let scene =
        Scene::sample().write("subscribers.csv", "email\nzoé@example.org\nyann@müller.example\na@example.org\n");
    let sink = Sink::start(&[]);
    let scene = through(scene, sink.port);
    scene.run(&["run", "--at", MONDAY]);
    assert_eq!(sink.recipients(), ["a@example.org", "yann@xn--mller-kva.example"]);
    let status = scene.ok(&["digest", "status"]);
    assert!(status.contains("refused: zoé@example.org: not sent: the relay takes no address beyond ASCII"), "{status}");

    let relay =
        Scripted::start(|step, _| if step == "EHLO" { Act::Say("250-relay\r\n250 SMTPUTF8") } else { Act::Accept });
    let scene = through(Scene::sample().write("subscribers.csv", "email\nzoé@example.org\n"), relay.port);
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    assert_eq!(relay.count(".", "zoé@example.org"), 1);
    assert!(relay.heard("> SMTPUTF8"), "the relay was not told");
}
