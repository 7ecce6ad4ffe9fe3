//! Letters that a real Postfix could not deliver, as it tells so.

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    postfix::{NOBODY, Postfix},
    smtp::{Act, Scripted, through},
    support::{MONDAY, SILENCE, Scene, column},
};

/// What the mail server of the readers says to each.
fn readers() -> Scripted {
    Scripted::start(|step, recipient| match (step, recipient.split('@').next().unwrap_or_default()) {
        ("RCPT", "nobody") => Act::Say("550 5.1.1 <nobody@example.org>: there is no such reader"),
        ("RCPT", "full") => Act::Say("552 5.2.2 the mailbox is full"),
        ("RCPT", "policy") => Act::Say("554 5.7.1 we take nothing from you"),
        ("RCPT", "later") => Act::Say("452 4.2.2 the mailbox is full just now"),
        ("RCPT", "plain") => Act::Say("550 not here"),
        (".", "large") => Act::Say("552 5.3.4 that is too long for us"),
        _ => Act::Accept,
    })
}

const READERS: [&str; 8] = ["nobody", "full", "policy", "later", "plain", "large", "moved", "good"];

#[test]
fn what_a_real_mail_server_returns_is_understood() {
    let readers = readers();
    let to_readers = format!("smtp:[127.0.0.1]:{}", readers.port);
    let addresses: Vec<String> = READERS.iter().map(|name| format!("{name}@example.org")).collect();
    let mut transports: Vec<(&str, &str)> = addresses.iter().map(|who| (who.as_str(), to_readers.as_str())).collect();
    transports[6].1 = "error:5.1.6 the reader has moved away";
    let relay = Postfix::start(&transports, "retours/");
    let scene = through(Scene::sample(), relay.port)
        .config("timeout = \"2s\"", "timeout = \"20s\"")
        .write("subscribers.csv", &format!("email\n{}\nnowhere@nowhere.example\n", addresses.join("\n")));
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    relay.wait_for("retours", 8);

    let maildir = relay.mail("retours");
    let maildir = maildir.to_str().expect("a path");
    let before = scene.ok(&["digest", "status"]);
    let rehearsal = scene.run(&["bounce", "--maildir", maildir, "--dry-run", "--at", "2026-11-24"]);
    let told = "8 messages read, 3 came back for good, 3 came back for now, 2 came back because of us";
    assert_eq!(rehearsal.stdout, format!("{told}; 3 addresses would be suppressed\n"), "{rehearsal:?}");
    assert_eq!(scene.ok(&["digest", "status"]), before);
    assert_eq!(fs::read_dir(relay.mail("retours/new")).expect("a folder").count(), 8);

    let outcome = scene.run(&["bounce", "--maildir", maildir, "--at", "2026-11-24"]);
    assert_eq!((outcome.code, outcome.stdout), (0, format!("{told}; 3 addresses suppressed\n")));
    assert!(outcome.stderr.starts_with("gazetier: 2 letters came back for what was sent or who sent it, not for"));
    assert_eq!(fs::read_dir(relay.mail("retours/new")).expect("a folder").count(), 0);
    assert_eq!(fs::read_dir(relay.mail("retours/.gazetier-handled/cur")).expect("a folder").count(), 8);
    let status = scene.ok(&["digest", "status"]);
    let (first, rest) = status.split_once('\n').expect("lines");
    assert_eq!(first, "2026-W47 (n° 1) sent: 1 of 9 letters sent, 8 refused");
    let mut lines: Vec<&str> = rest.lines().collect();
    lines.sort_unstable();
    insta::assert_snapshot!("returned_by_postfix", lines.join("\n"));

    // The next edition is not for those who are not there.
    scene.put("columns/next.md", &column("Next", "edito", "2026-11-25"));
    assert_eq!(scene.run(&["run", "--at", "2026-11-30T08:00"]), SILENCE);
    let status: serde_json::Value = serde_json::from_str(&scene.ok(&["digest", "status", "--json"])).expect("JSON");
    assert_eq!(status[1]["frozen"], 6, "{status}");
}

#[test]
fn an_mbox_is_read_while_the_mail_server_writes_to_it() {
    let relay = Postfix::start(&[], "retours");
    let roll: String = (0..60).map(|n| format!("r{n}@nowhere.example\n")).collect();
    let scene = through(Scene::sample(), relay.port)
        .config("timeout = \"2s\"", "timeout = \"20s\"")
        .write("subscribers.csv", &format!("email\n{roll}"));
    let mbox = relay.mail("retours");
    let mbox = mbox.to_str().expect("a path");
    let mut sending = scene.command(&["run", "--at", MONDAY]).spawn().expect("the program");
    let end = Instant::now() + Duration::from_secs(60);
    let (mut returned, mut reads) = (0, 0);
    while returned < 60 {
        assert!(Instant::now() < end, "{returned} of 60 came back:\n{}", relay.log());
        if !relay.mail("retours").exists() {
            sleep(Duration::from_millis(20));
            continue;
        }
        let summary = scene.ok(&["bounce", "--mbox", mbox, "--json", "--at", "2026-11-24"]);
        let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
        assert_eq!(summary["messages"], summary["hard"], "{summary}");
        returned += summary["hard"].as_i64().expect("a count");
        reads += i64::from(summary["hard"] != 0);
    }
    assert!(sending.wait().expect("the program").success());
    assert!(reads > 1, "it was not read while it was written to");
    assert_eq!(fs::metadata(relay.mail("retours")).expect("an mbox").len(), 0);
    let handled = fs::read_to_string(relay.mail("retours.handled")).expect("an mbox");
    assert_eq!(handled.matches("\nAction: failed\n").count(), 60);
    assert_eq!(handled.lines().filter(|line| line.starts_with("From MAILER-DAEMON ")).count(), 60);
    assert_eq!(scene.letters().0.get("failed"), Some(&60));
    assert_eq!(scene.sql("DELETE FROM suppressions WHERE reason = 'bounce'"), 60);
}

/// Gives a folder and all in it to the user that a mail server runs programs as.
fn chown_all(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).expect("an owner");
    for entry in fs::read_dir(path).into_iter().flatten() {
        chown_all(&entry.expect("an entry").path());
    }
}

#[test]
fn a_mail_server_pipes_and_acts_on_the_answer() {
    let scene = Scene::sample().write("subscribers.csv", "email\nnobody@nowhere.example\n");
    let folder = scene.path("");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("permissions");
    let program = scene.path("gazetier");
    fs::copy(env!("CARGO_BIN_EXE_gazetier"), &program).expect("the program");
    let [program, config] = [&program, &scene.path("pipe.toml")].map(|path| path.display().to_string());
    let service = format!(
        "gazetier unix - n n - 1 pipe flags=DO user=nobody argv={program} --config {config} bounce --at 2026-11-24"
    );
    let relay = Postfix::start_with(
        &[("retours@estran.example.org", "gazetier:"), ("human@example.org", "discard:")],
        "retours/",
        &service,
        "1h",
    );
    let scene = through(scene, relay.port).config("timeout = \"2s\"", "timeout = \"20s\"");
    let good = scene.read("config.toml");
    scene.put("pipe.toml", "nonsense");
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    chown_all(&folder);

    // What cannot be taken in now is kept and brought again.
    relay.wait_for_word("relay=gazetier, ");
    relay.wait_for_word("status=deferred (temporary failure. Command output: gazetier: ");
    assert_eq!(scene.letters().0.get("sent"), Some(&1));
    scene.put("pipe.toml", &good);
    relay.wait_for_word("status=sent (delivered via gazetier service (1 message read, 1 came back for good");
    assert_eq!(scene.letters().0.get("failed"), Some(&1));

    // Who writes by hand to where nobody reads is told so.
    let mut line = TcpStream::connect(("127.0.0.1", relay.port)).expect("a connection");
    let mut answers = BufReader::new(line.try_clone().expect("a connection")).lines();
    for command in [
        "HELO test",
        "MAIL FROM:<human@example.org>",
        "RCPT TO:<retours@estran.example.org>",
        "DATA",
        "Subject: Bonjour\r\n\r\nMerci !\r\n.",
        "QUIT",
    ] {
        answers.next().expect("an answer").expect("an answer");
        line.write_all(format!("{command}\r\n").as_bytes()).expect("a command");
    }
    relay.wait_for_word("dsn=5.6.0, status=bounced (data format error. Command output: 1 message read, 1 left there");
    relay.wait_for_word("to=<human@example.org>");
}
