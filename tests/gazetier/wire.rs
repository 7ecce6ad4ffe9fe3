//! Letters over several connections to relays that take them in flights or in chunks: whatever goes
//! wrong at whatever step, each letter is where the ledger says it is.

mod policy;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};

use crate::{
    postfix::Postfix,
    sink::{Fault, Options, Sink, faults},
    smtp::through,
    support::{MONDAY, Outcome, SILENCE, Scene},
};

/// The sample with so many subscribers `s0@example.org`, …, and a relay's settings.
pub fn scene_with_subscribers(count: usize, port: u16, settings: &str) -> Scene {
    let rows = (0..count).map(|n| format!("s{n}@example.org\n")).collect::<String>();
    through(Scene::sample().write("subscribers.csv", &format!("email\n{rows}")), port)
        .config("timeout = \"2s\"", &format!("timeout = \"2s\"\n{settings}"))
}

fn bdat() -> Options {
    Options { keep: true, ..Options::default() }
}

fn pipelined_data() -> Options {
    Options { chunking: false, ..bdat() }
}

fn data_in_steps() -> Options {
    Options { pipelining: false, ..pipelined_data() }
}

/// The three ways to carry letters, by name.
fn dialogues() -> [(&'static str, Options); 3] {
    [("chunks", bdat()), ("flights", pipelined_data()), ("steps", data_in_steps())]
}

/// The states of a scene's letters that are not empty.
fn states(scene: &Scene) -> String {
    let (states, frozen) = scene.letters();
    assert_eq!(states.values().sum::<i64>(), frozen, "{states:?}");
    states.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}

/// Runs once, in which all that is due is settled.
fn run(scene: &Scene) -> Outcome {
    scene.run(&["run", "--at", MONDAY])
}

/// Nobody has two letters, who has one counts as sent, and each letter is whole.
fn check_arrived(sink: &Sink, scene: &Scene) -> BTreeSet<String> {
    let accepted = sink.accepted();
    let mut distinct = BTreeSet::new();
    for letter in &accepted {
        let [recipient] = letter.recipients.as_slice() else { panic!("{:?}", letter.recipients) };
        assert!(distinct.insert(recipient.clone()), "{recipient} has two letters");
        let text = String::from_utf8(letter.text.clone()).expect("UTF-8");
        assert!(text.contains(&format!("\nTo: {recipient}\r\n")), "{recipient} got another one's letter: {text}");
        assert!(text.ends_with("--\r\n") && text.starts_with("From: "), "{text}");
        // The envelope's sender and the message id name the same letter.
        let reader = letter.message_id.split('.').nth(2).expect("a reader");
        let reader: gazetier::model::ReaderId = reader.parse().expect("a reader");
        let verp = letter.sender.strip_prefix("retours+").and_then(|rest| rest.split('@').next()).expect("an address");
        let named = data_encoding::BASE32_NOPAD.decode(verp.to_uppercase().as_bytes()).expect("edition and reader");
        assert_eq!(named[3..19], *reader.bytes(), "{letter:?}");
    }
    let sent = scene.letters().0.get("sent").copied().unwrap_or_default();
    assert_eq!(usize::try_from(sent), Ok(accepted.len()), "{}", states(scene));
    distinct
}

#[test]
fn every_letter_arrives_once_whatever_the_relay_can_do() {
    for (way, options) in dialogues() {
        let sink = Sink::start(options);
        let scene = scene_with_subscribers(95, sink.port, "connections = 3\nwindow = 4");
        assert_eq!(run(&scene), SILENCE, "{way}");
        assert_eq!(states(&scene), "95 sent", "{way}");
        assert_eq!(check_arrived(&sink, &scene).len(), 95, "{way}");
        let accepted = sink.accepted();
        assert!(accepted.iter().all(|letter| letter.chunked == (way == "chunks")), "{way}");
        let connections: BTreeSet<u64> = accepted.iter().map(|letter| letter.connection).collect();
        assert!((1..=3).contains(&connections.len()), "{way}: {connections:?}");
    }
}

#[test]
fn what_a_relay_offers_is_used_and_can_be_forbidden() {
    let sink = Sink::start(bdat());
    let scene = scene_with_subscribers(1, sink.port, "chunking = false");
    run(&scene);
    let letter = &sink.accepted()[0];
    assert!(!letter.chunked);
    let size = letter.text.len();
    let reader = letter.message_id.split('.').nth(2).expect("a reader");
    assert_eq!(
        letter.parameters,
        [
            format!("SIZE={size} RET=HDRS ENVID=2026-W47.{reader}"),
            "NOTIFY=FAILURE ORCPT=rfc822;s0@example.org".to_owned()
        ]
    );
    for (settings, options) in
        [("pipelining = false", data_in_steps()), ("", Options { dsn: false, size: None, ..data_in_steps() })]
    {
        let sink = Sink::start(options);
        let scene = scene_with_subscribers(3, sink.port, settings);
        assert_eq!(run(&scene), SILENCE);
        assert_eq!(sink.accepted().len(), 3);
    }
    let sink = Sink::start(Options { size: Some(1_000), ..bdat() });
    let scene = scene_with_subscribers(1, sink.port, "");
    let outcome = run(&scene);
    assert!(outcome.code == 75 && outcome.stderr.contains("is held, 1 letters wait: the letter has "), "{outcome:?}");
    assert!(outcome.stderr.contains("the relay takes no more than 1000 (SIZE)"), "{outcome:?}");
    assert_eq!((states(&scene).as_str(), sink.count("MAIL", "")), ("1 queued", 0));
}

/// A refusal is one letter's own, also in the middle of others that are on their way.
#[test]
fn refusals_in_the_middle_cost_nobody_else_a_letter() {
    for (way, options) in dialogues() {
        for lenient in [false, true] {
            let script = faults(|step, recipient, _| match (step, recipient) {
                ("RCPT", "s3@example.org") => Fault::Reply("550 5.1.1 nobody".into()),
                ("RCPT", "s4@example.org" | "s11@example.org") => Fault::Reply("450 4.2.0 later".into()),
                ("DATA", "s6@example.org") => Fault::Reply("451 4.3.0 not now".into()),
                ("BDAT", "s6@example.org") => Fault::Reply("451 4.3.0 not now".into()),
                (".", "s8@example.org") => Fault::Reply("554 5.6.0 not like this".into()),
                (".", "s9@example.org" | "s10@example.org") => Fault::Reply("452 4.3.1 disk full".into()),
                _ => Fault::None,
            });
            let sink = Sink::start(Options { script, lenient, ..options.clone() });
            let scene = scene_with_subscribers(40, sink.port, "connections = 2\nwindow = 5");
            let outcome = run(&scene);
            assert_eq!((outcome.code, outcome.stderr.as_str()), (75, ""), "{way}");
            assert_eq!(states(&scene), "5 deferred, 2 failed, 33 sent", "{way}, lenient: {lenient}");
            assert_eq!(check_arrived(&sink, &scene).len(), 33, "{way}");
            let suppressed = scene.sql("UPDATE suppressions SET reason = reason WHERE reason = 'refused'");
            assert_eq!(suppressed, 1, "{way}: only who does not exist");
            // Each was tried once, whatever stage it came to.
            assert_eq!(
                scene.sql("UPDATE letters SET attempts = 0 WHERE state = 'deferred' AND attempts = 1"),
                5,
                "{way}"
            );
        }
    }
}

#[test]
fn a_relay_that_hangs_up_now_and_then_gets_the_rest_on_a_new_connection() {
    for (way, options) in dialogues() {
        // 421 after some letters on each connection, as relays do that bound them.
        let script = faults(|step, recipient, nth| {
            let number: usize = recipient.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(1);
            match step {
                "RCPT" if number % 10 == 7 && nth == 1 => Fault::ReplyThenHangUp("421 4.3.2 enough for now".into()),
                _ => Fault::None,
            }
        });
        let sink = Sink::start(Options { script, ..options });
        let scene = scene_with_subscribers(60, sink.port, "connections = 2\nwindow = 4");
        assert_eq!(run(&scene), SILENCE, "{way}");
        assert_eq!(states(&scene), "60 sent", "{way}");
        assert_eq!(check_arrived(&sink, &scene).len(), 60, "{way}");
    }
}

/// The line breaks at the end of a letter: in flights and steps one letter is unknown, in chunks
/// all that were on their way; none of them is sent again, and all others arrive.
#[test]
fn a_line_that_breaks_at_the_end_of_a_letter_leaves_it_unknown() {
    for (way, options) in dialogues() {
        for taken in [true, false] {
            let script = faults(move |step, recipient, nth| match (step, recipient) {
                (".", "s5@example.org") if nth == 1 => {
                    if taken {
                        Fault::HangUpAfterDot
                    } else {
                        Fault::HangUp
                    }
                }
                _ => Fault::None,
            });
            let sink = Sink::start(Options { script, ..options.clone() });
            let scene = scene_with_subscribers(30, sink.port, "connections = 1\nwindow = 3");
            let outcome = run(&scene);
            assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{way}");
            let (states, _) = scene.letters();
            let unknown = states.get("unknown").copied().unwrap_or_default();
            let most = if way == "chunks" { 3 } else { 1 };
            assert!((1..=most).contains(&unknown), "{way}: {states:?}");
            assert_eq!(states.get("sent"), Some(&(30 - unknown)), "{way}");
            let told = scene.ok(&["digest", "status"]);
            assert!(told.contains("  unknown: s5@example.org\n"), "{told}");
            let letters = sink.recipients();
            assert_eq!(letters.iter().collect::<BTreeSet<_>>().len(), letters.len(), "{way}: {letters:?}");

            // Only the operator's word sends them again.
            assert_eq!(run(&scene), SILENCE);
            let said = scene.ok(&["digest", "send", "--resend-unknown", "--at", MONDAY]);
            let first = format!("2026-W47: {unknown} letters that may have arrived are sent again");
            assert_eq!(said.lines().next(), Some(first.as_str()), "{way}");
            assert_eq!(self::states(&scene), "30 sent", "{way}");
            assert_eq!(sink.recipients().len(), 30 + usize::from(taken), "{way}: as the operator was told");
        }
    }
}

#[test]
fn silence_at_any_step_is_bounded_and_loses_nothing() {
    for (way, options) in dialogues() {
        for silent in ["connect", "EHLO", "MAIL", "RCPT", if way == "chunks" { "BDAT" } else { "DATA" }, "."] {
            let script = faults(move |step, _, _| if step == silent { Fault::Sleep } else { Fault::None });
            let sink = Sink::start(Options { script, ..options.clone() });
            let scene =
                scene_with_subscribers(4, sink.port, "connections = 1\nwindow = 2").config("\"2s\"", "\"300ms\"");
            let outcome = run(&scene);
            assert_eq!(outcome.code, 69, "{way}, {silent}: {outcome:?}");
            assert!(outcome.stderr.contains("no answer in 300ms"), "{way}, {silent}: {outcome:?}");
            // Of a window, as many are unknown as were on their way.
            let unknown = scene.letters().0.get("unknown").copied().unwrap_or_default();
            let expected = match (way, silent) {
                (_, "connect" | "EHLO") => 0..=0,
                ("chunks", _) => 1..=2,
                (_, ".") => 1..=1,
                _ => 0..=0,
            };
            assert!(expected.contains(&unknown), "{way}, {silent}: {unknown}");
            assert_eq!(scene.letters().0.get("queued"), Some(&(4 - unknown)), "{way}, {silent}");
            assert_eq!(sink.recipients().len(), 0);
        }
    }
}

#[test]
fn a_bounded_number_of_letters_goes_over_a_connection() {
    for (way, options) in dialogues() {
        let sink = Sink::start(options);
        let scene = scene_with_subscribers(20, sink.port, "connections = 1\nletters_per_connection = 6");
        assert_eq!(run(&scene), SILENCE, "{way}");
        let mut each: BTreeMap<u64, usize> = BTreeMap::new();
        for letter in sink.accepted() {
            *each.entry(letter.connection).or_default() += 1;
        }
        assert_eq!(each.into_values().collect::<Vec<_>>(), [6, 6, 6, 2], "{way}");
    }
}

#[test]
fn letters_go_no_faster_than_they_may() {
    let sink = Sink::start(bdat());
    let scene = scene_with_subscribers(30, sink.port, "connections = 3\nper_second = 10");
    assert_eq!(run(&scene), SILENCE);
    let span = sink.statistics();
    // Ten at once, and then ten a second: never faster, whatever the machine.
    assert!(span.seconds >= 1.8, "30 letters in {} s", span.seconds);
    assert_eq!(states(&scene), "30 sent");
}

#[test]
fn a_days_letters_are_counted_across_runs() {
    for postgres in [false, true] {
        let sink = Sink::start(pipelined_data());
        let scene = scene_with_subscribers(30, sink.port, "connections = 2\nper_day = 12");
        let scene = if postgres { scene.on_postgres() } else { scene };
        for _ in 0..2 {
            let outcome = run(&scene);
            assert_eq!((outcome.code, outcome.stderr.as_str()), (75, ""), "{outcome:?}");
            assert_eq!(states(&scene), "18 queued, 12 sent");
        }
        // What was not needed of the day was given back; an hour counts until all of it is a day old.
        assert_eq!(scene.sql("UPDATE relay_use SET hour = hour - 24 WHERE taken = 12"), 1);
        assert_eq!((run(&scene).code, states(&scene).as_str()), (75, "18 queued, 12 sent"));
        assert_eq!(scene.sql("UPDATE relay_use SET hour = hour - 1 WHERE taken = 12"), 1);
        assert_eq!(run(&scene).code, 75);
        assert_eq!(states(&scene), "6 queued, 24 sent");
        assert_eq!(check_arrived(&sink, &scene).len(), 24);
    }
}

#[test]
fn relays_share_by_weight_and_stand_in_for_one_another() {
    let (heavy, light) = (Sink::start(bdat()), Sink::start(pipelined_data()));
    let two = |scene: Scene| {
        let text = scene.read("config.toml");
        let (before, _) = text.split_once("[relay]").expect("a relay");
        let relays = format!(
            "[[relays]]\nname = \"heavy\"\nurl = \"smtp://127.0.0.1:{}\"\nweight = 3\ntimeout = \"2s\"\n\
             [[relays]]\nname = \"light\"\nurl = \"smtp://127.0.0.1:{}\"\ntimeout = \"2s\"\n",
            heavy.port, light.port
        );
        scene.put("config.toml", &format!("{before}{relays}"));
        scene
    };
    let scene = two(scene_with_subscribers(400, 25, ""));
    assert_eq!(run(&scene), SILENCE);
    let (many, few) = (heavy.accepted().len(), light.accepted().len());
    assert_eq!(many + few, 400);
    assert!((240..=360).contains(&many), "{many} and {few}");

    // One dies in the middle of everything; the other takes over, and somebody is told.
    let (dying, alive) = (
        Sink::start(Options {
            script: faults(|step, _, _| if step == "RCPT" { Fault::HangUp } else { Fault::None }),
            ..pipelined_data()
        }),
        Sink::start(bdat()),
    );
    let scene = scene_with_subscribers(200, 25, "");
    let text = scene.read("config.toml");
    let (before, _) = text.split_once("[relay]").expect("a relay");
    let relay = |name: &str, port| format!("[[relays]]\nname = \"{name}\"\nurl = \"smtp://127.0.0.1:{port}\"\n");
    scene.put("config.toml", &format!("{before}{}{}", relay("dying", dying.port), relay("alive", alive.port)));
    let outcome = run(&scene);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
    assert!(
        outcome.stderr.starts_with("gazetier: the relay dying was out of use, the others went on: "),
        "{outcome:?}"
    );
    assert_eq!(states(&scene), "200 sent");
    assert_eq!(alive.accepted().len(), 200);
}

#[test]
fn a_domain_that_puts_letters_off_rests_alone() {
    let rows: String = (0..60).map(|n| format!("s{n}@{}.example\n", ["quick", "slow"][n % 2])).collect();
    let script = faults(|step, recipient, _| match step {
        "RCPT" if recipient.ends_with("@slow.example") => Fault::Reply("452 4.5.3 too many for now".into()),
        _ => Fault::None,
    });
    let asked = Mutex::new(0);
    for (way, options) in dialogues() {
        let sink = Sink::start(Options { script: script.clone(), ..options });
        let scene = through(Scene::sample().write("subscribers.csv", &format!("email\n{rows}")), sink.port)
            .config("timeout = \"2s\"", "timeout = \"2s\"\nconnections = 1\nwindow = 2");
        assert_eq!(run(&scene).code, 75, "{way}");
        assert_eq!(states(&scene), "30 deferred, 30 sent", "{way}");
        let slow: usize = (0..60).map(|n| sink.count("RCPT", &format!("s{n}@slow.example"))).sum();
        *asked.lock().expect("a count") += slow;
        assert!(slow < 30, "{way}: {slow} of 30 were tried at a domain that takes none");
        // Those that were not tried have no try counted.
        let untried = scene.sql("UPDATE letters SET due_at = due_at WHERE state = 'deferred' AND attempts = 0");
        assert_eq!(usize::try_from(untried), Ok(30 - slow), "{way}");
    }
}

#[test]
fn more_connections_than_the_relay_takes_do_no_harm() {
    let script = faults(|step, _, nth| match step {
        "connect" if nth > 2 => Fault::ReplyThenHangUp("421 4.7.0 too many connections".into()),
        _ => Fault::None,
    });
    let sink = Sink::start(Options { script, delay: Duration::from_millis(5), ..pipelined_data() });
    let scene = scene_with_subscribers(150, sink.port, "connections = 8");
    assert_eq!(run(&scene), SILENCE);
    assert_eq!(states(&scene), "150 sent");
    assert_eq!(check_arrived(&sink, &scene).len(), 150);
}

/// A relay that finds everything out of order is in trouble itself: the run ends, and nothing goes
/// round and round.
#[test]
fn a_relay_that_finds_everything_out_of_order_is_left_alone() {
    for (way, options) in dialogues() {
        for stage in ["MAIL", "RCPT"] {
            let script = faults(move |step, _, _| match step {
                step if step == stage => Fault::Reply("503 5.5.1 not now, not ever".into()),
                _ => Fault::None,
            });
            let sink = Sink::start(Options { script, ..options.clone() });
            let scene = scene_with_subscribers(12, sink.port, "connections = 1\nwindow = 4");
            let outcome = run(&scene);
            let expected = (if stage == "MAIL" { 69 } else { 75 }, "12 queued");
            assert_eq!((outcome.code, states(&scene).as_str()), expected, "{way}, {stage}: {outcome:?}");
            let asked: usize = (0..12).map(|n| sink.count("RCPT", &format!("s{n}@example.org"))).sum();
            assert!(asked <= 48, "{way}, {stage}: asked {asked} times");
        }
    }
}

/// Told to stop while it waits for its turn, it does not wait.
#[test]
fn told_to_stop_it_does_not_wait_for_its_turn() {
    let sink = Sink::start(bdat());
    let scene = scene_with_subscribers(40, sink.port, "connections = 2\nper_minute = 60");
    let run =
        scene.command(&["run", "--at", MONDAY]).stderr(std::process::Stdio::piped()).spawn().expect("the program");
    let begun = std::time::Instant::now();
    while sink.recipients().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing is sent");
        std::thread::sleep(Duration::from_millis(10));
    }
    let told = std::time::Instant::now();
    let stop = std::process::Command::new("kill").arg(run.id().to_string()).status().expect("kill");
    assert!(stop.success());
    let outcome: Outcome = run.wait_with_output().expect("the program").into();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (75, ""));
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
    let (states, _) = scene.letters();
    assert_eq!(states.get("unknown"), None);
    assert_eq!(check_arrived(&sink, &scene).len() + usize::try_from(states["queued"]).expect("a count"), 40);
}

/// A real Postfix refuses readers in the middle of a window: everybody else gets the own letter,
/// with the own sender, once.
#[test]
fn a_real_relay_that_refuses_in_a_window_gives_everybody_their_own_letter() {
    let sink = Sink::start(Options { keep: true, ..Options::default() });
    let names: Vec<String> = (0..60)
        .map(|n| match n % 10 {
            3 | 4 => format!("refused{n}@example.org"),
            7 => format!("later{n}@example.org"),
            _ => format!("s{n}@example.org"),
        })
        .collect();
    let next = format!("smtp:[127.0.0.1]:{}", sink.port);
    let transports: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), next.as_str())).collect();
    let relay = Postfix::start_with(&transports, "retours/", "", "1h");
    let scene =
        through(Scene::sample().write("subscribers.csv", &format!("email\n{}\n", names.join("\n"))), relay.port)
            .config("timeout = \"2s\"", "timeout = \"20s\"\nconnections = 2\nwindow = 6");
    let outcome = run(&scene);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (75, ""), "{outcome:?}");
    assert_eq!(states(&scene), "6 deferred, 12 failed, 42 sent");
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while sink.accepted().len() < 42 && std::time::Instant::now() < end {
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut distinct = BTreeSet::new();
    for letter in sink.accepted() {
        let [recipient] = letter.recipients.as_slice() else { panic!("{:?}", letter.recipients) };
        assert!(recipient.starts_with('s') && distinct.insert(recipient.clone()), "{recipient}");
        let text = String::from_utf8(letter.text.clone()).expect("UTF-8");
        assert!(text.contains(&format!("\nTo: {recipient}\r\n")), "{recipient} got another one's letter");
        let reader = letter.message_id.split('.').nth(2).expect("a reader");
        let reader: gazetier::model::ReaderId = reader.parse().expect("a reader");
        let verp = letter.sender.strip_prefix("retours+").and_then(|rest| rest.split('@').next()).expect("an address");
        let named = data_encoding::BASE32_NOPAD.decode(verp.to_uppercase().as_bytes()).expect("edition and reader");
        assert_eq!(named[3..19], *reader.bytes(), "{letter:?}");
    }
    assert_eq!(distinct.len(), 42);
    assert!(!relay.log().contains("lost connection after BDAT"), "{}", relay.log());
}
