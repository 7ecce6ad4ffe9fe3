//! Doubts that end by a relay's own log, and what became of letters: with a real Postfix and a real Exim, and a program
//! that is killed again and again while it gives them letters.

use std::{
    collections::BTreeSet,
    fs,
    process::{Child, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    postfix::Postfix,
    relays::Exim,
    support::{Dice, MONDAY, Scene},
    wire::scene_with_subscribers,
};

/// How many readers there are.
const READERS: usize = 400;

/// A relay of the test's own.
enum Relay {
    Postfix(Postfix),
    Exim(Exim),
}

impl Relay {
    fn port(&self) -> u16 {
        match self {
            Self::Postfix(relay) => relay.port,
            Self::Exim(relay) => relay.port,
        }
    }

    fn log(&self) -> String {
        match self {
            Self::Postfix(relay) => relay.log(),
            Self::Exim(relay) => relay.log(),
        }
    }

    /// How many letters it has taken, by its log.
    fn taken(&self) -> usize {
        let log = self.log();
        match self {
            Self::Postfix(_) => log.matches("(queue active)").count(),
            Self::Exim(_) => log.matches(" <= ").count(),
        }
    }

    /// How often it has taken a letter to somebody.
    fn taken_for(log: &str, reader: usize) -> usize {
        log.matches(&format!("to=<s{reader}@example.org>, ")).count()
            + log.matches(&format!(" for s{reader}@example.org\n")).count()
    }
}

fn start(scene: &Scene) -> Child {
    let mut command = scene.command(&["digest", "send", "--at", MONDAY]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program")
}

/// Kills the program again and again while it sends.
fn kill(scene: &Scene, relay: &Relay, kills: usize, seed: u64) {
    let mut dice = Dice(seed);
    for _ in 0..kills {
        let before = relay.taken();
        let mut child = start(scene);
        let end = Instant::now() + Duration::from_secs(60);
        while relay.taken() < before + 2 && child.try_wait().expect("the program").is_none() {
            assert!(Instant::now() < end, "nothing is sent:\n{}", relay.log());
            sleep(Duration::from_millis(3));
        }
        sleep(Duration::from_millis(dice.between(0, 20)));
        child.kill().expect("a kill");
        child.wait().expect("the program");
    }
}

/// Runs until no letter is left to do.
fn finish(scene: &Scene) {
    let end = Instant::now() + Duration::from_secs(180);
    loop {
        let outcome = scene.run(&["digest", "send", "--at", MONDAY]);
        match outcome.code {
            0 => return,
            75 => assert!(Instant::now() < end, "{outcome:?}"),
            _ => panic!("{outcome:?}"),
        }
        sleep(Duration::from_millis(200));
    }
}

fn count(scene: &Scene, state: &str) -> i64 {
    scene.letters().0.get(state).copied().unwrap_or_default()
}

/// What `relay-log` says of a log.
fn read(scene: &Scene, log: &str) -> String {
    fs::write(scene.path("relay.log"), log).expect("a file");
    scene.ok(&["relay-log", "relay.log"])
}

/// The log of a Postfix as KumoMTA's records would tell it.
fn as_kumomta(log: &str) -> String {
    let record = |line: &str| {
        let (head, sender) = line.split_once(": from=<").filter(|_| line.ends_with("(queue active)"))?;
        let (queue, sender) = (head.rsplit(' ').next()?, sender.split('>').next()?);
        Some(format!(
            "{{\"type\":\"Reception\",\"id\":\"{queue}\",\"sender\":\"{sender}\",\"timestamp\":1795417200}}\n"
        ))
    };
    log.lines().filter_map(record).collect()
}

/// Ends all doubts that a relay's log can end; nobody has two letters, and nobody is forgotten.
fn doubts_end(relay: &Relay, postgres: bool, seed: u64) {
    let scene = scene_with_subscribers(READERS, relay.port(), "connections = 3\nwindow = 8");
    let scene = if postgres { scene.on_postgres() } else { scene };
    scene.ok(&["sync", "--at", MONDAY]);
    // A log that proves something begins well before the first letter.
    sleep(Duration::from_secs(4));
    kill(&scene, relay, 6, seed);
    finish(&scene);
    let unknown = count(&scene, "unknown");
    assert!(unknown > 0, "six kills left no doubt");
    let log = relay.log();
    // What begins later, lacks letters or sessions proves nothing about letters that are not in it.
    let first = log.find("(queue active)").or_else(|| log.find(" <= ")).expect("a letter");
    let later = first + log[first..].find('\n').expect("an end") + 1;
    let taken = |line: &&str| line.contains("(queue active)") || line.contains(" <= ");
    // Of every tenth letter, no line is left: one of them at least is a letter that the relay said it took.
    let name = |line: &str| match relay {
        Relay::Postfix(_) => line.split("]: ").nth(1).and_then(|rest| rest.split(':').next()).map(str::to_owned),
        Relay::Exim(_) => line.split(' ').nth(2).map(str::to_owned),
    };
    let left_out: BTreeSet<String> = log.lines().filter(taken).step_by(10).filter_map(name).collect();
    let is_left = |line: &&str| !name(line).is_some_and(|name| left_out.contains(&name));
    let without_some: String = log.lines().filter(is_left).map(|line| format!("{line}\n")).collect();
    let without_ends: String = log
        .lines()
        .filter(|line| !line.contains("disconnect") && !line.contains(" lost"))
        .map(|line| format!("{line}\n"))
        .collect();
    if let Relay::Postfix(_) = relay {
        let told = read(&scene, &as_kumomta(&log));
        assert!(!told.contains("are queued again") || told.contains(" 0 had not"), "{told}");
    }
    for (what, cut) in
        [("later", log[later..].to_owned()), ("without some", without_some), ("without ends", without_ends)]
    {
        let told = read(&scene, &cut);
        assert!(!told.contains("are queued again") || told.contains(" 0 had not"), "{what}: {told}");
    }
    // The whole log does; what goes back is sent.
    let told = read(&scene, &log);
    let queued = count(&scene, "queued");
    println!("{unknown} unknown after six kills, {queued} never taken: {told}");
    finish(&scene);
    let left = count(&scene, "unknown");
    let log = relay.log();
    let told = read(&scene, &log);
    let status = scene.ok(&["digest", "status"]);
    let doubtful: Vec<&str> = status.lines().filter_map(|line| line.strip_prefix("  unknown: ")).collect();
    assert_eq!(i64::try_from(doubtful.len()), Ok(left), "{told}");
    assert!(queued > 0 && left < unknown, "{unknown} unknown, {queued} queued, {left} left: {told}");
    for reader in 0..READERS {
        let times = Relay::taken_for(&log, reader);
        let is_unknown = doubtful.contains(&format!("s{reader}@example.org").as_str());
        assert!(times == 1 || (is_unknown && times == 0), "s{reader} has {times} letters");
    }
    assert_eq!(count(&scene, "sent") + left, i64::try_from(READERS).expect("a number"));
    // A second time it says the same, and nothing changes.
    assert_eq!(read(&scene, &log), told);
    assert_eq!(count(&scene, "unknown"), left);
    fates_are_told(&scene, relay, &status);
}

/// What became of the letters: taken are those that were delivered, came back, wait, or of which nothing is said.
fn fates_are_told(scene: &Scene, relay: &Relay, status: &str) {
    let sent = count(scene, "sent");
    let words = match relay {
        Relay::Postfix(_) => {
            format!("{sent} taken: {sent} delivered, 0 came back, 0 wait at the relay, of 0 nothing is said")
        }
        Relay::Exim(_) => {
            format!("{sent} taken: 0 delivered, 0 came back, 0 wait at the relay, of {sent} nothing is said")
        }
    };
    for line in [format!("  {words}\n"), format!("    example.org: {words}\n")] {
        assert!(status.contains(&line), "{line}\n{status}");
    }
}

fn postfix() -> Relay {
    Relay::Postfix(Postfix::start(&[("example.org", "discard:")], "retours/"))
}

#[test]
fn a_log_of_postfix_ends_doubts() {
    std::thread::scope(|scope| {
        scope.spawn(|| doubts_end(&postfix(), false, 1));
        scope.spawn(|| doubts_end(&postfix(), true, 2));
    });
}

#[test]
fn a_log_of_exim_ends_doubts() {
    std::thread::scope(|scope| {
        scope.spawn(|| doubts_end(&Relay::Exim(Exim::start_open()), false, 3));
        scope.spawn(|| doubts_end(&Relay::Exim(Exim::start_open()), true, 4));
    });
}

#[test]
fn each_run_reads_the_log_that_the_configuration_names() {
    let relay = Postfix::start(&[("example.org", "discard:")], "retours/");
    let scene = scene_with_subscribers(5, relay.port, "log = \"relay.log\"");
    scene.put("relay.log", "");
    sleep(Duration::from_secs(4));
    scene.ok(&["run", "--at", MONDAY]);
    relay.wait_for_word("status=sent");
    // Two of them are in doubt: the log names one of them alone.
    scene.sql(
        "UPDATE letters SET state = 'unknown', reply = NULL WHERE address IN ('s1@example.org', 's2@example.org')",
    );
    let log = relay.log();
    let queue = |address: &str| {
        let line = log.lines().find(|line| line.contains(&format!("to=<{address}>"))).expect("a letter");
        line.split("]: ").nth(1).and_then(|rest| rest.split(':').next()).expect("a queue").to_owned()
    };
    let missing = queue("s2@example.org");
    // It was named, and its text may have broken off.
    let is_kept = |line: &&str| !line.contains(&missing) || line.contains("message-id=");
    let known: String = log.lines().filter(is_kept).map(|line| format!("{line}\n")).collect();
    scene.put("relay.log", &known);
    scene.ok(&["run", "--at", "2026-11-23T08:10"]);
    let status = scene.ok(&["digest", "status"]);
    assert!(
        status.contains("  4 taken: 4 delivered, 0 came back, 0 wait at the relay, of 0 nothing is said\n"),
        "{status}"
    );
    assert!(status.contains("  unknown: s2@example.org\n") && !status.contains("  unknown: s1@"), "{status}");
    let told = scene.ok(&["relay-log"]);
    assert!(
        told.contains("5 letters in the relays' logs; 1 stay unknown: a log names them, and does not say"),
        "{told}"
    );
    // Without a log that is named, and with one of nobody.
    let plain = Scene::sample();
    let outcome = plain.run(&["relay-log"]);
    assert!(outcome.code == 2 && outcome.stderr.contains("nothing to read: name a log"), "{outcome:?}");
    let outcome = plain.run(&["relay-log", "a.log"]);
    assert!(outcome.code == 2 && outcome.stderr.contains("the configuration has no relay"), "{outcome:?}");
}

#[test]
fn reports_of_arrival_end_doubts() {
    for postgres in [false, true] {
        let relay = Postfix::start(&[("example.org", "discard:")], "retours/");
        let maildir = relay.mail("retours");
        let scene = scene_with_subscribers(3, relay.port, "receipts = true");
        let scene = if postgres { scene.on_postgres() } else { scene };
        scene.ok(&["run", "--at", MONDAY]);
        relay.wait_for("retours", 3);
        scene.sql("UPDATE letters SET state = 'unknown', reply = NULL WHERE address = 's1@example.org'");
        let read = ["bounce", "--maildir", maildir.to_str().expect("a path"), "--at", "2026-11-23T09:00"];
        assert_eq!(scene.ok(&read), "3 messages read, 3 arrived\n");
        let status = scene.ok(&["digest", "status"]);
        let words = "  3 taken: 3 delivered, 0 came back, 0 wait at the relay, of 0 nothing is said\n";
        assert!(status.contains(words) && !status.contains("unknown"), "{status}");
    }
}
