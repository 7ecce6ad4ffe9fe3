//! A relay's log is read on from where it was read to, whatever became of its files.

use std::{
    fs::{self, OpenOptions},
    io::{Seek, SeekFrom, Write},
};

use crate::{
    sink::{Options, Sink},
    support::{MONDAY, Scene},
    wire::scene_with_subscribers,
};

fn line(service: &str, queue: &str, said: &str) -> String {
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    format!("{now} mx postfix/{service}[7]: {queue}: {said}\n")
}

/// What became of a reader's letter. Words are of one length, so that a line can be written over.
fn fared(reader: usize, status: &str) -> String {
    let status = format!("status={status} ({:-<1$})", "", 12 - status.len());
    line("smtp", &format!("QUEUE{reader}"), &format!("to=<s{reader}@example.org>, dsn=2.0.0, {status}"))
}

fn add(scene: &Scene, file: &str, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(scene.path(file)).expect("a log");
    file.write_all(text.as_bytes()).expect("a log");
}

/// Delivered, came back, and wait, after another run.
fn fates(scene: &Scene, minute: usize) -> [usize; 3] {
    scene.ok(&["run", "--at", &format!("2026-11-23T08:{minute:02}")]);
    let status = scene.ok(&["digest", "status"]);
    let told = status.lines().find(|line| line.contains(" taken: ")).unwrap_or_default();
    let count = |word: &str| {
        let before = told.split(word).next().expect("words");
        before.rsplit([' ', ',']).find(|word| !word.is_empty()).and_then(|n| n.parse().ok()).unwrap_or(99)
    };
    [" delivered", " came back", " wait at"].map(count)
}

#[test]
fn each_run_reads_what_is_new_alone() {
    for postgres in [false, true] {
        let sink = Sink::start(Options::default());
        let scene = scene_with_subscribers(5, sink.port, "log = \"relay.log\"");
        let scene = if postgres { scene.on_postgres() } else { scene };
        scene.put("relay.log", "");
        scene.ok(&["run", "--at", MONDAY]);
        let mut log = String::new();
        for letter in sink.accepted() {
            let reader: usize = letter.recipients[0][1..2].parse().expect("a reader");
            let queue = format!("QUEUE{reader}");
            log += &line("cleanup", &queue, &format!("message-id={}", letter.message_id));
            log += &line("qmgr", &queue, &format!("from=<{}>, size=9, nrcpt=1 (queue active)", letter.sender));
        }
        let told = fared(0, "sent");
        log += &told;
        log += &fared(1, "deferred");
        add(&scene, "relay.log", &log);
        assert_eq!(fates(&scene, 10), [1, 0, 1]);
        // What was read is not read again: it may be written over, and nobody sees it.
        let at = log.find(&told).expect("a line") as u64;
        let mut file = OpenOptions::new().write(true).open(scene.path("relay.log")).expect("a log");
        file.seek(SeekFrom::Start(at)).expect("a place");
        file.write_all(told.replace("status=sent (--------)", "status=bounced (-----)").as_bytes()).expect("a log");
        drop(file);
        // Set aside with a line that nobody has read, while another one begins.
        add(&scene, "relay.log", &fared(2, "sent"));
        fs::rename(scene.path("relay.log"), scene.path("relay.log.1")).expect("a log set aside");
        add(&scene, "relay.log", &fared(1, "sent"));
        assert_eq!(fates(&scene, 20), [3, 0, 0]);
        // A line that is being written counts once it is whole.
        let last = fared(3, "sent");
        let (begun, rest) = last.split_at(last.len() - 12);
        add(&scene, "relay.log", begun);
        fates(&scene, 30);
        add(&scene, "relay.log", rest);
        assert_eq!(fates(&scene, 40), [4, 0, 0]);
        // Set aside twice, and packed: what is there is read from its beginning, and letters of before are still known.
        fs::remove_file(scene.path("relay.log.1")).expect("a log");
        fs::remove_file(scene.path("relay.log")).expect("a log");
        add(&scene, "relay.log", &fared(4, "bounced"));
        assert_eq!(fates(&scene, 50), [4, 1, 0]);
        // Emptied in its place.
        fs::write(scene.path("relay.log"), line("smtp", "OTHER", "x")).expect("a log");
        assert_eq!(fates(&scene, 51), [4, 1, 0]);
        add(&scene, "relay.log", &fared(4, "deferred"));
        assert_eq!(fates(&scene, 52), [4, 0, 1]);
        // A doubt needs the whole log.
        scene.sql("UPDATE letters SET state = 'unknown', reply = NULL WHERE address = 's3@example.org'");
        add(&scene, "relay.log", &fared(3, "sent"));
        scene.ok(&["run", "--at", "2026-11-23T08:55"]);
        let status = scene.ok(&["digest", "status"]);
        assert!(status.contains("unknown: s3@example.org"), "the log names nobody any more: {status}");
        add(&scene, "relay.log", &log);
        scene.ok(&["run", "--at", "2026-11-23T08:56"]);
        let status = scene.ok(&["digest", "status"]);
        assert!(!status.contains("unknown"), "{status}");
    }
}
