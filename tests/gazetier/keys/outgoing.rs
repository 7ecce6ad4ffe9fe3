//! Letters on their way, with the whole program: held in the middle, in the hands of a slow relay, written
//! into a folder before there was a relay.

use std::{
    collections::BTreeSet,
    process::{Child, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::{
    sink::{Options, Sink},
    smtp::{self, Act, Scripted, through},
    support::{MONDAY, Outcome, SILENCE, Scene, until},
    wire::scene_with_subscribers,
};

const SAMPLE: [&str; 3] = ["alix@example.org", "loic@example.org", "sterenn@example.org"];

fn start(scene: &Scene) -> Child {
    let mut command = scene.command(&["digest", "send", "--at", MONDAY]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program")
}

/// Held in the middle of its letters, an edition stops within a second, and goes on with the rest.
fn held_in_the_middle(postgres: bool) {
    let sink = Sink::start(Options { delay: Duration::from_millis(20), ..Options::default() });
    let scene = scene_with_subscribers(300, sink.port, "connections = 2\nwindow = 2\nper_second = 40");
    let scene = if postgres { scene.on_postgres() } else { scene };
    scene.ok(&["sync", "--at", MONDAY]);
    let run = start(&scene);
    until("letters on their way", || sink.recipients().len() >= 20);
    // The one that goes out, or the coming one: it asks.
    let which = scene.run(&["digest", "hold", "--at", MONDAY]);
    assert_eq!((which.code, which.stdout.as_str()), (65, ""));
    assert!(which.stderr.starts_with("gazetier: which one? Letters of 2026-W47 go out, "), "{which:?}");
    assert!(which.stderr.contains("`gazetier digest hold 2026-W48` holds the coming edition"), "{which:?}");
    let told = scene.ok(&["digest", "hold", "2026-W47", "--why", "le titre", "--at", MONDAY]);
    sleep(Duration::from_secs(1));
    let after = sink.recipients().len();
    let words = told.strip_prefix("2026-W47: held, ").unwrap_or_else(|| panic!("{told}"));
    let (out, rest) = words.split_once(' ').expect("a count");
    assert_eq!(rest, "of 300 letters are out; let it go with `gazetier digest release 2026-W47`\n");
    let out: usize = out.parse().expect("a count");
    // On two connections, two are on their way at a time.
    assert!((20..=after + 4).contains(&out), "{out} told, {after} arrived");
    let outcome: Outcome = run.wait_with_output().expect("the program").into();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "what is held is not to be run again");
    assert!(outcome.stdout.ends_with(&format!("2026-W47: held, {} letters wait\n", 300 - after)), "{outcome:?}");
    assert_eq!(sink.recipients().len(), after, "nothing went out any more");
    let (states, frozen) = scene.letters();
    assert_eq!((states.get("sent"), states.get("queued")), (Some(&(after as i64)), Some(&(300 - after as i64))));
    assert_eq!(frozen, 300);
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    assert_eq!(sink.recipients().len(), after);

    assert_eq!(scene.ok(&["digest", "send", "2026-W47", "--at", MONDAY]), "2026-W47: 300 of 300 letters sent\n");
    let arrived = sink.recipients();
    assert_eq!((arrived.len(), arrived.iter().collect::<BTreeSet<_>>().len()), (300, 300));
}

#[test]
fn hold_stops_letters_that_are_going_out_and_release_goes_on_with_the_rest() {
    held_in_the_middle(false);
    held_in_the_middle(true);
}

/// A relay holds the first letter longer than a mark lasts: a second run must call it neither dead nor its own.
fn slow(postgres: bool) {
    let relay = Scripted::start(|step, _| match step {
        "." => Act::Wait(34),
        _ => Act::Accept,
    });
    let scene = through(Scene::sample(), relay.port).config("timeout = \"2s\"", "timeout = \"2m\"");
    let scene = scene.write("subscribers.csv", "email\nalix@example.org\n");
    let scene = if postgres { scene.on_postgres() } else { scene };
    scene.ok(&["sync", "--at", MONDAY]);
    let run = start(&scene);
    until("the relay has the letter", || relay.count(".", "alix@example.org") == 1);
    sleep(Duration::from_secs(31));
    let second = scene.run(&["digest", "send", "--at", MONDAY]);
    assert!(matches!(second.code, 0 | 75) && second.stderr.is_empty(), "{second:?}");
    let first: Outcome = run.wait_with_output().expect("the program").into();
    assert_eq!((first.code, first.stderr.as_str()), (0, ""), "{first:?}");
    assert_eq!(scene.ok(&["digest", "status"]), "2026-W47 (n° 1) sent: 1 of 1 letters sent\n");
    assert_eq!(relay.count(".", "alix@example.org"), 1);
}

#[test]
fn letters_in_the_hands_of_a_slow_relay_are_called_unknown_by_nobody() {
    std::thread::scope(|scope| {
        scope.spawn(|| slow(false));
        scope.spawn(|| slow(true));
    });
}

#[test]
fn letters_that_were_written_into_a_folder_are_told_of_once_and_can_go_out() {
    for scene in [Scene::sample(), Scene::sample().on_postgres()] {
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        assert_eq!(scene.posted(), SAMPLE.map(|reader| format!("2026-W47 {reader}")));
        let resend = ["digest", "send", "2026-W47", "--resend-written", "--at", MONDAY];
        let nowhere = scene.run(&resend);
        assert_eq!((nowhere.code, nowhere.stderr.contains("there is no [relay]")), (78, true), "{nowhere:?}");
        let sink = smtp::Sink::start(&[]);
        let scene = through(scene, sink.port);
        let told = scene.run(&["run", "--at", "2026-11-23T08:10"]);
        let words = "gazetier: 2026-W47: 3 letters of it were written into a folder, before there was a relay, and \
                     nobody got them: give them to the relay with `gazetier digest send 2026-W47 --resend-written`\n";
        assert_eq!((told.code, told.stderr.as_str()), (0, words));
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T08:20"]), SILENCE);
        assert_eq!(sink.recipients(), [""; 0]);
        let unknown = scene.run(&["digest", "send", "2026-W46", "--resend-written", "--at", MONDAY]);
        assert_eq!(unknown.code, 65, "{unknown:?}");
        assert_eq!(scene.run(&["digest", "send", "--resend-written", "--at", MONDAY]).code, 2);
        assert_eq!(
            scene.ok(&resend),
            "2026-W47: 3 letters that were written into a folder go to the relay\n2026-W47: 3 of 3 letters sent\n"
        );
        assert_eq!(sink.recipients(), SAMPLE);
        // What a relay has taken is not sent again.
        assert!(scene.ok(&resend).starts_with("2026-W47: 0 letters "));
        assert_eq!(sink.recipients(), SAMPLE);
    }
}

#[test]
fn letters_that_serve_one_person_never_stand_before_the_digest() {
    for postgres in [false, true] {
        let port = smtp::free_port();
        let scene = scene_with_subscribers(12, port, "connections = 2")
            .config("# proof_at = \"Sun 18:00\"", "proof_at = \"Mon 07:00\"")
            .config("# editors = [", "editors = [");
        let scene = if postgres { scene.on_postgres() } else { scene };
        // The proof finds no relay, and waits.
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T07:10"]).code, 0);
        let sink = Sink::start(Options { port, keep: true, ..Options::default() });
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        let accepted: Vec<String> = sink.accepted().into_iter().flat_map(|letter| letter.recipients).collect();
        let readers = |place: std::ops::Range<usize>| accepted[place].iter().all(|to| to.ends_with("@example.org"));
        assert!(accepted.len() == 13 && readers(0..12), "{accepted:?}");
        assert_eq!(accepted[12], "maelle@estran.example.org");
    }
}
