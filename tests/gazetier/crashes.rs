//! Runs that are killed, stopped or doubled: nobody gets two letters, and nobody is forgotten.

use std::{
    collections::BTreeSet,
    os::unix::process::ExitStatusExt,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    smtp::{Sink, through},
    support::{Dice, MONDAY, Outcome, Scene},
};

/// The sample with so many subscribers.
fn scene_with_subscribers(count: usize) -> Scene {
    let rows =
        (0..count).map(|n| format!("s{n}@example.org,Lecteur n° {n},{}\n", ["", "edito", "humeur;carnet"][n % 3]));
    Scene::sample().write("subscribers.csv", &format!("email,name,rubriques\n{}", rows.collect::<String>()))
}

/// Starts a run and leaves it alone.
fn start(scene: &Scene, arguments: &[&str]) -> Child {
    let mut command = scene.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program")
}

fn end(child: Child) -> Outcome {
    child.wait_with_output().expect("the program").into()
}

/// Runs the program and kills it after a time, counted from when something has come so far.
fn kill(scene: &Scene, come_so_far: impl Fn() -> bool, milliseconds: u64) {
    let mut child = start(scene, &["run", "--at", MONDAY]);
    let begun = Instant::now();
    while !come_so_far() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not come so far");
        assert_eq!(child.try_wait().expect("the program"), None, "it is done already");
        sleep(Duration::from_millis(1));
    }
    sleep(Duration::from_millis(milliseconds));
    child.kill().expect("a kill");
    assert_eq!(child.wait().expect("the program").signal(), Some(9), "it was done already");
}

fn count(scene: &Scene, state: &str) -> i64 {
    scene.letters().0.get(state).copied().unwrap_or_default()
}

#[test]
fn killed_at_any_instant_it_writes_every_letter_once() {
    // Both at once, as the last run waits for the leases of the dead.
    std::thread::scope(|scope| {
        scope.spawn(|| killed_at_any_instant(&scene_with_subscribers(500), 1));
        scope.spawn(|| killed_at_any_instant(&scene_with_subscribers(500).on_postgres(), 2));
    });
}

fn killed_at_any_instant(scene: &Scene, seed: u64) {
    let mut dice = Dice(seed);
    // In the first instants, in which the store is made and filled …
    for latest in [20, 40, 80, 160] {
        kill(scene, || true, dice.between(1, latest));
    }
    // … and in the middle of the letters.
    for _ in 0..4 {
        let before = scene.files("outbox").len();
        let more = usize::try_from(dice.between(1, 60)).expect("a small number");
        kill(scene, || scene.files("outbox").len() >= before + more, dice.between(0, 10));
    }
    assert!(scene.files("outbox").len() < 500);
    let last = scene.run(&["run", "--at", MONDAY]);
    assert_eq!((last.code, last.stderr.as_str()), (0, ""), "{last:?}");
    assert_eq!(scene.ok(&["digest", "status"]), "2026-W47 (n° 1) sent: 500 of 500 letters sent\n");
    let letters: Vec<String> = scene.files("outbox").into_iter().filter(|name| name.ends_with(".eml")).collect();
    assert_eq!(letters.len(), 500);
    let addressed = |name: &String| {
        let letter = scene.read(&format!("outbox/{name}"));
        assert!(letter.ends_with("--\r\n"), "{name} is cut off");
        let to = letter.lines().find(|line| line.starts_with("To: ")).expect("a recipient");
        to.rsplit('<').next().expect("an address").trim_end_matches('>').to_owned()
    };
    let addresses: BTreeSet<String> = letters.iter().map(addressed).collect();
    assert_eq!(addresses, (0..500).map(|n| format!("s{n}@example.org")).collect());
}

#[test]
fn killed_while_it_sends_nobody_gets_two_letters() {
    const SUBSCRIBERS: usize = 300;
    const KILLS: i64 = 4;
    const CONNECTIONS: i64 = 4;
    let sink = Sink::start(&[]);
    let scene = through(scene_with_subscribers(SUBSCRIBERS), sink.port);
    let mut dice = Dice(3);
    for _ in 0..KILLS {
        let more = usize::try_from(dice.between(1, 20)).expect("a small number");
        let before = sink.count();
        kill(&scene, || sink.count() >= before + more, dice.between(0, 60));
        assert_eq!(scene.letters().1, 300);
    }

    // The leases of the dead end, and then nothing is left to do.
    let start = Instant::now();
    let last = loop {
        let outcome = scene.run(&["digest", "send", "--at", MONDAY]);
        assert!(matches!(outcome.code, 0 | 75), "{outcome:?}");
        if outcome.code == 0 {
            break outcome;
        }
        assert!(start.elapsed() < Duration::from_secs(90), "{outcome:?}");
        sleep(Duration::from_millis(200));
    };
    let (states, frozen) = scene.letters();
    let unknown = count(&scene, "unknown");
    assert_eq!((frozen, count(&scene, "sent") + unknown), (300, 300), "{states:?}");
    assert!(unknown <= KILLS * CONNECTIONS, "{unknown} unknown after {KILLS} kills");
    assert_eq!(last.stderr.is_empty(), unknown == 0, "{last:?}");

    let arrived = sink.recipients();
    let distinct: BTreeSet<&String> = arrived.iter().collect();
    assert_eq!(arrived.len(), distinct.len(), "somebody has two letters");
    let status = scene.ok(&["digest", "status"]);
    let told: BTreeSet<String> =
        status.lines().filter_map(|line| line.strip_prefix("  unknown: ")).map(str::to_owned).collect();
    assert_eq!(i64::try_from(told.len()), Ok(unknown));
    for n in 0..SUBSCRIBERS {
        let address = format!("s{n}@example.org");
        assert!(distinct.contains(&address) || told.contains(&address), "{address} has been forgotten");
    }
}

#[test]
fn runs_at_once_share_the_work() {
    for scene in [scene_with_subscribers(120), scene_with_subscribers(120).on_postgres()] {
        let sink = Sink::start(&[]);
        let scene = through(scene, sink.port);
        // All of it is done by three at once, beginning with the tables of the store.
        let runs: Vec<Child> = (0..3).map(|_| start(&scene, &["run", "--at", MONDAY])).collect();
        for run in runs {
            let outcome = end(run);
            assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{outcome:?}");
        }
        assert_eq!(count(&scene, "sent"), 120, "{:?}", scene.letters());
        let recipients = sink.recipients();
        assert_eq!(recipients.len(), 120);
        assert_eq!(recipients.iter().collect::<BTreeSet<_>>().len(), 120);
        assert_eq!(scene.files("feeds").len(), 15);
    }
}

#[test]
fn sends_at_once_to_a_folder_leave_one_letter_each() {
    let scene = scene_with_subscribers(200);
    let sends: Vec<Child> = (0..3).map(|_| start(&scene, &["run", "--at", MONDAY])).collect();
    for send in sends {
        let outcome = end(send);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{outcome:?}");
    }
    assert_eq!(scene.files("outbox").len(), 200);
    assert_eq!(count(&scene, "sent"), 200);
}

#[test]
fn told_to_stop_it_finishes_its_letter_and_leaves_the_rest() {
    const SUBSCRIBERS: usize = 4000;
    for signal in ["TERM", "INT"] {
        let sink = Sink::start(&[]);
        let scene = through(scene_with_subscribers(SUBSCRIBERS), sink.port);
        let run = start(&scene, &["run", "--at", MONDAY]);
        let begun = Instant::now();
        while sink.recipients().len() < 3 {
            assert!(begun.elapsed() < Duration::from_secs(20), "nothing is sent");
        }
        let id = run.id().to_string();
        let before = sink.count();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().expect("kill").success());
        let outcome = end(run);
        assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (75, "", ""), "{signal}");
        let (states, _) = scene.letters();
        let sent = count(&scene, "sent");
        let soon = 3..i64::try_from(before).expect("a count") + 200;
        assert!(soon.contains(&sent), "{states:?} after {before}");
        assert_eq!(count(&scene, "queued"), SUBSCRIBERS as i64 - sent, "{states:?}");
        assert_eq!(i64::try_from(sink.recipients().len()), Ok(sent), "what is sent has arrived, and nothing else");

        assert_eq!(scene.run(&["run", "--at", MONDAY]).code, 0);
        let recipients = sink.recipients();
        let distinct = recipients.iter().collect::<BTreeSet<_>>().len();
        assert_eq!((recipients.len(), distinct), (SUBSCRIBERS, SUBSCRIBERS), "{signal}");
        assert_eq!(count(&scene, "sent"), SUBSCRIBERS as i64);
    }
}
