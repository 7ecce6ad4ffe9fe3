//! Delivery under blows: the program is killed hundreds of times, put to sleep, or loses its
//! database or its disk while letters go out. Nobody is without a letter but who is told by name,
//! and nobody has two.

use std::{
    collections::BTreeSet,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    sink::{Options, Sink},
    support::{Dice, MONDAY, Outcome, SILENCE, Scene},
    wire::scene_with_subscribers,
};

/// A scene whose columns and subscribers are in the store already.
fn synced_scene(count: usize, port: u16, settings: &str, postgres: bool) -> Scene {
    let scene = scene_with_subscribers(count, port, settings);
    let scene = if postgres { scene.on_postgres() } else { scene };
    scene.ok(&["sync", "--at", MONDAY]);
    scene
}

fn start(scene: &Scene) -> Child {
    let mut command = scene.command(&["digest", "send", "--at", MONDAY]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program")
}

/// Waits until the sink has so many letters, or the run has ended.
fn until(sink: &Sink, letters: usize, run: &mut Child) {
    let begun = Instant::now();
    while sink.recipients().len() < letters && run.try_wait().expect("the program").is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} of {letters}", sink.recipients().len());
        sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().expect("kill");
    assert!(sent.success(), "no {name}");
    // A signal is on its way when it was sent: only then does a program sleep, when each of its threads does.
    while name == "STOP" && !is_asleep(child.id()) {
        sleep(Duration::from_millis(1));
    }
}

/// Whether all threads of a program are stopped (proc(5): the state stands behind the name in brackets).
fn is_asleep(program: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{program}/task")).expect("a program");
    let stats = threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok());
    stats.into_iter().all(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')))
}

/// Runs until no letter is left to do.
fn finish(scene: &Scene) {
    let begun = Instant::now();
    loop {
        let outcome = scene.run(&["digest", "send", "--at", MONDAY]);
        match outcome.code {
            0 => return,
            75 => assert!(begun.elapsed() < Duration::from_secs(120), "{outcome:?}"),
            _ => panic!("{outcome:?}"),
        }
        sleep(Duration::from_millis(200));
    }
}

/// Nobody has two letters, and whoever has none is told by name. Says how many are unknown.
fn check_letters(scene: &Scene, sink: &Sink, subscribers: usize) -> i64 {
    let (states, frozen) = scene.letters();
    let count = |state: &str| states.get(state).copied().unwrap_or_default();
    assert_eq!(usize::try_from(frozen), Ok(subscribers), "{states:?}");
    assert_eq!(count("sent") + count("unknown"), frozen, "{states:?}");
    let arrived = sink.recipients();
    let distinct: BTreeSet<&str> = arrived.iter().map(String::as_str).collect();
    assert_eq!(arrived.len(), distinct.len(), "somebody has two letters");
    let status = scene.ok(&["digest", "status"]);
    let told: BTreeSet<&str> = status.lines().filter_map(|line| line.strip_prefix("  unknown: ")).collect();
    assert_eq!(i64::try_from(told.len()), Ok(count("unknown")));
    for n in 0..subscribers {
        let address = format!("s{n}@example.org");
        let (has, unknown) = (distinct.contains(address.as_str()), told.contains(address.as_str()));
        assert!(has || unknown, "{address} has been forgotten");
    }
    count("unknown")
}

/// Kills the program at random instants, again and again.
fn killed(scene: &Scene, sink: &Sink, subscribers: usize, kills: i64, seed: u64, on_their_way: i64) {
    let mut dice = Dice(seed);
    let mut done = 0;
    while done < kills {
        let mut child = start(scene);
        if dice.between(0, 4) > 0 {
            // In the middle of the letters, or else while it looks round.
            until(sink, sink.recipients().len() + 1, &mut child);
        }
        sleep(Duration::from_millis(dice.between(0, 150)));
        child.kill().expect("a kill");
        child.wait().expect("the program");
        done += 1;
        if done % 20 == 0 {
            let (states, frozen) = scene.letters();
            assert_eq!(states.values().sum::<i64>(), frozen, "after {done} kills: {states:?}");
        }
    }
    let halfway = sink.recipients().len();
    assert!(halfway < subscribers, "all letters were out before the last kill");
    finish(scene);
    let unknown = check_letters(scene, sink, subscribers);
    assert!(unknown <= kills * on_their_way, "{unknown} unknown after {kills} kills");
    println!("{subscribers} letters, {kills} kills: {halfway} were out after the last, {unknown} are unknown");
}

/// Hundreds of kills over twenty thousand letters: in chunks on SQLite, in flights on Postgres.
#[test]
fn killed_hundreds_of_times_nobody_is_forgotten_and_nobody_gets_two_letters() {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let sink = Sink::start(Options { delay: Duration::from_millis(20), ..Options::default() });
            let scene = synced_scene(12_000, sink.port, "connections = 3\nwindow = 3", false);
            killed(&scene, &sink, 12_000, 150, 1, 3 * 3);
        });
        scope.spawn(|| {
            let options = Options { delay: Duration::from_millis(5), chunking: false, ..Options::default() };
            let sink = Sink::start(options);
            let scene = synced_scene(8_000, sink.port, "connections = 3", true);
            killed(&scene, &sink, 8_000, 150, 2, 3);
        });
    });
}

/// Whether somebody else may write to the scene's SQLite file now.
fn is_writable(scene: &Scene) -> bool {
    use sqlx::{ConnectOptions, Connection, Executor, sqlite::SqliteConnectOptions};
    let options =
        SqliteConnectOptions::new().filename(scene.path("gazetier.db")).busy_timeout(Duration::from_millis(50));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut line = options.connect().await.expect("SQLite");
        let free = line.execute("BEGIN IMMEDIATE").await.is_ok();
        if free {
            line.execute("ROLLBACK").await.expect("an end");
        }
        line.close().await.expect("SQLite");
        free
    })
}

/// A program that is put to sleep in the middle of its letters is taken for dead; when it wakes up
/// it settles only what nobody else has taken over.
#[test]
fn put_to_sleep_it_neither_repeats_nor_settles_what_another_has() {
    let options = Options { delay: Duration::from_millis(10), ..Options::default() };
    let sink = Sink::start(options);
    let scene = synced_scene(3_000, sink.port, "connections = 2\nwindow = 2", false);
    scene.reconfigure("\"2s\"", "\"1s\"");
    let mut sleeper = start(&scene);
    until(&sink, 200, &mut sleeper);
    signal(&sleeper, "STOP");
    while !is_writable(&scene) {
        // It fell asleep in a commit, and has the file to itself: a little further.
        signal(&sleeper, "CONT");
        sleep(Duration::from_millis(3));
        signal(&sleeper, "STOP");
    }
    // Another one does the rest, when the leases have ended.
    let begun = Instant::now();
    loop {
        let outcome = scene.run(&["digest", "send", "--at", MONDAY]);
        if outcome.code == 0 {
            break;
        }
        assert!(outcome.code == 75 && begun.elapsed() < Duration::from_secs(120), "{outcome:?}");
    }
    let (before, _) = scene.letters();
    signal(&sleeper, "CONT");
    let woken: Outcome = sleeper.wait_with_output().expect("the program").into();
    assert_eq!(woken.code, 0, "{woken:?}");
    // What the relay had answered in time is known now; nothing was sent twice.
    let unknown = check_letters(&scene, &sink, 3_000);
    assert!(unknown <= before.get("unknown").copied().unwrap_or_default(), "{before:?}");
    assert!(unknown <= 4, "{unknown}");
}

/// All connections to the database break, again and again; the letters whose fate is known are not
/// forgotten meanwhile.
#[test]
fn a_database_that_goes_away_for_a_moment_costs_no_letter() {
    let options = Options { delay: Duration::from_millis(5), chunking: false, ..Options::default() };
    let sink = Sink::start(options);
    let scene = synced_scene(3_000, sink.port, "connections = 3", true);
    let url = scene.store().expect("a database").to_owned();
    let mut blows = 0;
    for _ in 0..4 {
        let mut run = start(&scene);
        while run.try_wait().expect("the program").is_none() {
            let before = sink.recipients().len();
            if before == 3_000 {
                // It was cut off once more after the last letter: who is cut off again and again has no database.
                sleep(Duration::from_millis(20));
                continue;
            }
            until(&sink, (before + 150).min(3_000), &mut run);
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()";
            let done = Command::new("psql").args(["-X", "-q", "-d", &url, "-c", cut]).output().expect("psql");
            assert!(done.status.success(), "{done:?}");
            blows += 1;
        }
        let outcome: Outcome = run.wait_with_output().expect("the program").into();
        assert!(matches!(outcome.code, 0 | 75), "{outcome:?}");
    }
    finish(&scene);
    assert!(blows > 3, "only {blows}");
    assert_eq!(check_letters(&scene, &sink, 3_000), 0, "the relay had answered about every letter");
}

/// The disk is full in the middle of the letters, and then it is not.
#[test]
fn a_full_disk_stops_the_letters_and_forgets_none() {
    assert_eq!(full_disk(true), 0, "the relay had answered about every letter");
}

/// The disk stays full for longer than the ledger is tried: what the relay had answered last
/// cannot be written down, and is told by name.
#[test]
fn a_disk_that_stays_full_leaves_unknown_what_could_not_be_written_down() {
    let unknown = full_disk(false);
    assert!((1..=2).contains(&unknown), "{unknown} unknown with two connections");
}

/// Sends letters until the disk is full; then there is room again, at once or after the program has
/// given up. Says how many letters are unknown in the end.
fn full_disk(room: bool) -> i64 {
    let options = Options { delay: Duration::from_millis(5), chunking: false, ..Options::default() };
    let sink = Sink::start(options);
    let scene = synced_scene(2_000, sink.port, "connections = 2", false);
    // No file may grow beyond this: the journal of the store soon wants to.
    let most = std::fs::metadata(scene.path("gazetier.db")).expect("a store").len() + 1_500_000;
    let program = scene.command(&["digest", "send", "--at", MONDAY]);
    let mut command = Command::new("env");
    command.args(["--ignore-signal=XFSZ", "prlimit", &format!("--fsize={most}:unlimited")]).arg(program.get_program());
    command.args(program.get_args()).current_dir(scene.path("")).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = command.spawn().expect("the program");
    let (begun, mut last) = (Instant::now(), (0, Instant::now()));
    while last.0 == 0 || last.1.elapsed() < Duration::from_secs(2) {
        let count = sink.recipients().len();
        if count != last.0 {
            last = (count, Instant::now());
        }
        assert_eq!(run.try_wait().expect("the program"), None, "{count} letters");
        assert!(count < 2_000 && begun.elapsed() < Duration::from_secs(60), "the disk was never full");
        sleep(Duration::from_millis(20));
    }
    if room {
        let limit = ["--fsize=unlimited:unlimited", "--pid", &run.id().to_string()];
        assert!(Command::new("prlimit").args(limit).status().expect("prlimit").success());
    }
    let outcome: Outcome = run.wait_with_output().expect("the program").into();
    assert!(matches!(outcome.code, 69 | 73) || (room && outcome.code == 0), "{outcome:?}");
    finish(&scene);
    let unknown = check_letters(&scene, &sink, 2_000);
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    unknown
}
