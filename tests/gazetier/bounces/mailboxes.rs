//! Whole mailboxes: what was handled is set aside, what was not stays, and nothing is lost.

use std::{
    fs::{self, File},
    os::unix::fs::{PermissionsExt, symlink},
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

use rustix::fs::{FlockOperation, Mode, fcntl_lock, mkfifoat};

use super::post::{Sent, complaint, group, letter_head, nobody, report};
use crate::support::{Outcome, SILENCE, Scene, column};

const STRANGE: &str = "it is no report, no complaint and no unsubscription: somebody should read it";
const HUMAN: &str = "From: alix@example.org\nSubject: Bonjour\n\nMerci !\n";

/// A scene whose first edition has gone out to so many readers.
fn sent_to(readers: usize) -> Sent {
    let roll: String = (0..readers).map(|n| format!("r{n}@r{n}.example\n")).collect();
    let scene = Scene::empty().write("subscribers.csv", &format!("email\n{roll}"));
    Sent::out(scene.write("columns/a.md", &column("A", "edito", "2026-11-20")))
}

fn mailed(sent: &Sent, arguments: &[&str]) -> Outcome {
    sent.scene.run(&[&["bounce", "--at", "2026-11-24"], arguments].concat())
}

/// Each reader's report, in an mbox.
fn mbox_of(sent: &Sent, readers: usize) -> String {
    let groups = |n: usize| group(&format!("r{n}@r{n}.example"), "failed", "5.1.1", "550 5.1.1 nobody");
    let one = |n: usize| {
        format!("From MAILER-DAEMON Tue Nov 24 08:00:00 2026\n{}\n", report(&sent.verp(n + 1), &groups(n), ""))
    };
    (0..readers).map(one).collect()
}

#[test]
fn a_maildir_is_emptied_of_what_was_understood() {
    let sent = Sent::sample();
    let leave = format!("Subject: unsubscribe {}\n\n", sent.token(3));
    sent.scene.put("box/new/1.a", &report(&sent.verp(1), &nobody(), ""));
    sent.scene.put("box/new/2.human", HUMAN);
    sent.scene.put("box/cur/3.b:2,FS", &leave);
    let abuse = complaint("x", "abuse", "", &letter_head(&sent.message_id(2), ""));
    sent.scene.put("box/cur/4.c", &abuse);
    sent.scene.put("box/cur/5.human:2,", "no head at all");
    sent.scene.put("box/tmp/6.half", "To: ");
    sent.scene.put("box/new/.hidden", "no message");
    sent.scene.put("box/new/7.folder/file", "x");
    symlink("/nowhere/at/all", sent.scene.path("box/new/8.link")).expect("a link");
    let fifo = sent.scene.path("box/new/9.pipe");
    mkfifoat(rustix::fs::CWD, &fifo, Mode::RUSR | Mode::WUSR).expect("a pipe");
    // Something of the same name was set aside before.
    sent.scene.put("box/.gazetier-handled/cur/1.a:2,S", "an older one");

    let told = "8 messages read, 1 came back for good, 1 complained of, 5 left there";
    let words = |would: &str| format!("{told}; 2 {would}unsubscribed; 2 addresses {would}suppressed\n");
    let stderr = "gazetier: new/2.human: it is no report, no complaint and no unsubscription: somebody should read it\n\
                  gazetier: cur/5.human:2,: it is no report, no complaint and no unsubscription: somebody should read it\n\
                  gazetier: new/7.folder: it cannot be read: it is no file\n\
                  gazetier: new/8.link: it cannot be read: it is no file\n\
                  gazetier: new/9.pipe: it cannot be read: it is no file\n";
    let before = sent.scene.files("box");
    let rehearsal = mailed(&sent, &["--maildir", "box", "--dry-run"]);
    assert_eq!((rehearsal.code, rehearsal.stdout), (65, words("would be ")));
    assert_eq!(rehearsal.stderr, stderr);
    assert_eq!(sent.scene.files("box"), before);

    let outcome = mailed(&sent, &["--maildir", "box"]);
    assert_eq!(outcome, Outcome { code: 65, stdout: words(""), stderr: stderr.into() });
    assert_eq!(
        sent.scene.files("box"),
        [
            ".gazetier-handled/cur/1.a.1:2,S",
            ".gazetier-handled/cur/1.a:2,S",
            ".gazetier-handled/cur/3.b:2,FS",
            ".gazetier-handled/cur/4.c:2,S",
            ".gazetier-handled/maildirfolder",
            "cur/5.human:2,",
            "new/.hidden",
            "new/2.human",
            "new/7.folder/file",
            "new/8.link",
            "new/9.pipe",
            "tmp/6.half",
        ]
    );
    assert_eq!(sent.scene.read("box/.gazetier-handled/cur/1.a:2,S"), "an older one");
    assert_eq!(sent.scene.read("box/.gazetier-handled/cur/4.c:2,S"), abuse);
    // Who asks is told again.
    let outcome = mailed(&sent, &["--maildir", "box"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (65, "5 messages read, 5 left there\n"));
    assert_eq!(outcome.stderr, stderr);
}

#[test]
fn an_mbox_keeps_what_was_not_understood_byte_by_byte() {
    let sent = Sent::sample();
    // A body with lines that could begin a message, quoted and not.
    let human = "From alix@example.org Tue Nov 24 09:00:00 2026\nFrom: Alix\nSubject: Bonjour\n\n\
                 From time to time I read you.\n\nFrom here to there.\n\n>From MAILER-DAEMON Tue Nov 24 08:00:00 2026\n\
                 To: x\n\nend\n\n";
    let first = format!(
        "From MAILER-DAEMON Tue Nov 24 08:00:00 2026\n{}\n",
        report(&sent.verp(1), &nobody(), "").replace("It could", "\nFrom bad to worse,\n\n>From here it could")
    );
    let second = format!(
        "From MAILER-DAEMON@mx Tue Nov 24 08:00 +0100 2026\r\n{}\r\n",
        format!("Subject: unsubscribe {}\n\n", sent.token(3)).replace('\n', "\r\n")
    );
    // The mail server was killed in the middle of it.
    let last =
        format!("From x Tue Nov 24 10:00:00 2026\nTo: {}\nAuto-Submitted: auto-replied\n\nAbsente", sent.verp(2));
    sent.scene.put("mail/box", &format!("\n{first}{human}{second}{last}"));
    let told =
        "4 messages read, 1 came back for good, 1 by machines, 1 left there; 1 unsubscribed; 1 address suppressed\n";
    let outcome = mailed(&sent, &["--mbox", "mail/box"]);
    assert_eq!(
        outcome,
        Outcome {
            code: 65,
            stdout: told.into(),
            stderr: format!("gazetier: From alix@example.org Tue Nov 24 09:00:00 2026: {STRANGE}\n")
        }
    );
    assert_eq!(sent.scene.read("mail/box"), human);
    assert_eq!(sent.scene.read("mail/box.handled"), format!("{first}{second}{last}\n\n"));
    assert_eq!(sent.scene.files("mail"), ["box", "box.handled"]);

    // What comes later is handled and kept after it.
    sent.scene.put("mail/box", &format!("{human}{first}"));
    let outcome = mailed(&sent, &["--mbox", "mail/box"]);
    assert_eq!(outcome.stdout, "2 messages read, 1 without news, 1 left there\n");
    assert_eq!(sent.scene.read("mail/box"), human);
    assert_eq!(sent.scene.read("mail/box.handled"), format!("{first}{second}{last}\n\n{first}"));
}

#[test]
fn what_a_killed_run_left_beside_an_mbox_is_tidied_up() {
    let sent = Sent::sample();
    let message = format!("From x Tue Nov 24 10:00:00 2026\n{}\n", report(&sent.verp(1), &nobody(), ""));
    sent.scene.put("box", &message);
    // It had begun to keep messages, and not yet taken them out.
    sent.scene.put("box.handled", &format!("older\n{}", &message[..100]));
    sent.scene.put(".box.gazetier-6", "half of what was to sta");
    sent.scene.put(".box.gazetier-notes", "somebody's own");
    assert_eq!(mailed(&sent, &["--mbox", "box"]).code, 0);
    assert_eq!(sent.scene.read("box"), "");
    assert_eq!(sent.scene.read("box.handled"), format!("older\n{message}"));
    assert!(!sent.scene.path(".box.gazetier-6").exists() && sent.scene.path(".box.gazetier-notes").exists());
}

#[test]
fn where_nothing_can_be_written_nothing_is_taken_out() {
    let way_out = "; nothing is lost: read the mailbox again once it can be written";
    let sent = Sent::sample();
    let message = format!("From x Tue Nov 24 10:00:00 2026\n{}\n", report(&sent.verp(1), &nobody(), ""));
    sent.scene.put("mail/box", &message);
    let handled = sent.scene.path("mail/box.handled");
    // Nor is anything written through a link that somebody laid.
    sent.scene.put("theirs", "Not ours.\n");
    let mode = || fs::metadata(sent.scene.path("theirs")).expect("a file").permissions().mode();
    let before = mode();
    symlink("../theirs", &handled).expect("a link");
    let outcome = mailed(&sent, &["--mbox", "mail/box"]);
    let told = "gazetier: cannot write mail/box.handled: it is a link, or somebody else's: put it away";
    assert_eq!(outcome, Outcome { code: 73, stdout: String::new(), stderr: format!("{told}{way_out}\n") });
    assert_eq!(sent.scene.read("mail/box"), message);
    assert_eq!((sent.scene.read("theirs").as_str(), mode()), ("Not ours.\n", before));
    fs::remove_file(&handled).expect("a link");
    assert_eq!(sent.scene.files("mail"), ["box"]);
    // A file with another name elsewhere is a link as well.
    fs::hard_link(sent.scene.path("theirs"), &handled).expect("a link");
    assert_eq!(mailed(&sent, &["--mbox", "mail/box"]).code, 73);
    assert_eq!((sent.scene.read("theirs").as_str(), mode()), ("Not ours.\n", before));
    fs::remove_file(&handled).expect("a link");
    // What it said has taken effect, and counts once.
    assert_eq!(mailed(&sent, &["--mbox", "mail/box"]).stdout, "1 message read, 1 without news\n");
    assert_eq!((sent.scene.read("mail/box"), sent.scene.read("mail/box.handled")), (String::new(), message));

    sent.scene.put("dir/new/1.a", &report(&sent.verp(2), &nobody(), ""));
    fs::create_dir(sent.scene.path("dir/cur")).expect("a folder");
    sent.scene.put("dir/.gazetier-handled", "a file where a folder should be");
    let outcome = mailed(&sent, &["--maildir", "dir"]);
    let told = "gazetier: cannot write dir/.gazetier-handled: it is no folder: put it away";
    assert_eq!(outcome, Outcome { code: 73, stdout: String::new(), stderr: format!("{told}{way_out}\n") });
    assert_eq!(sent.scene.files("dir/new"), ["1.a"]);
    fs::remove_file(sent.scene.path("dir/.gazetier-handled")).expect("a file");
    assert_eq!(mailed(&sent, &["--maildir", "dir"]).code, 0);
    assert_eq!(sent.scene.files("dir/.gazetier-handled/cur"), ["1.a:2,S"]);
}

#[test]
fn what_is_no_mailbox_is_told_and_left_alone() {
    let sent = Sent::sample();
    sent.scene.put("text", "Dear editors,\n\nFrom me\n");
    sent.scene.put("empty", "");
    fs::create_dir(sent.scene.path("folder")).expect("a folder");
    symlink("text", sent.scene.path("link")).expect("a link");
    let maildir = "it is no Maildir: it must have the folders new and cur in it";
    let cases: [(&[&str], i32, String); 7] = [
        (&["--mbox", "text"], 65, "text: it is no mbox: its first line must begin with \"From \"".into()),
        (&["--mbox", "folder"], 65, "folder: it is no file, and an mbox is one: is it a Maildir?".into()),
        (
            &["--mbox", "link"],
            65,
            "link: it is a link: name the file itself, which is the one that mail servers lock".into(),
        ),
        (&["--mbox", "missing"], 65, "cannot read missing: No such file or directory (os error 2)".into()),
        (&["--maildir", "folder"], 65, format!("folder: {maildir}")),
        (&["--maildir", "missing"], 65, format!("missing: {maildir}")),
        (&["--maildir", "text"], 65, format!("text: {maildir}")),
    ];
    for (arguments, code, told) in cases {
        let outcome = mailed(&sent, arguments);
        assert_eq!(outcome, Outcome { code, stdout: String::new(), stderr: format!("gazetier: {told}\n") });
    }
    assert_eq!(mailed(&sent, &["--mbox", "text", "--maildir", "folder"]).code, 2);
    let outcome = mailed(&sent, &["--mbox", "empty"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "no message\n"));
    assert_eq!(sent.scene.read("text"), "Dear editors,\n\nFrom me\n");
    let names = ["empty", "text", "text.handled"].map(|name| sent.scene.path(name).exists());
    assert_eq!(names, [true, true, false]);
    assert!(sent.scene.files("").iter().all(|name| !name.ends_with(".lock")));
}

#[test]
fn a_run_reads_the_mailbox_before_letters_go_out_and_tells_of_each_message_once() {
    type Deliver = fn(&Sent, &str, &str);
    let names: [(&str, &str, Deliver); 2] = [
        ("maildir = \"mail/box\"", "new/9.human", |sent, name, text| {
            sent.scene.put(&format!("mail/box/new/{name}"), text);
            fs::create_dir_all(sent.scene.path("mail/box/cur")).expect("a folder");
        }),
        ("mbox = \"mail/box\"", "From x Tue Nov 24 10:00:00 2026", |sent, _, text| {
            let before = fs::read_to_string(sent.scene.path("mail/box")).unwrap_or_default();
            sent.scene.put("mail/box", &format!("{before}From x Tue Nov 24 10:00:00 2026\n{text}\n"));
        }),
    ];
    for (key, human, deliver) in names {
        let sent = Sent::sample();
        let config = sent.scene.read("config.toml");
        sent.scene.put("config.toml", &format!("{config}\n[bounces]\n{key}\n"));
        fs::create_dir(sent.scene.path("mail")).expect("a folder");
        // No letter has come back yet, and nobody has made the mailbox.
        assert_eq!(sent.scene.run(&["run", "--at", "2026-11-24"]), SILENCE, "{key}");
        deliver(&sent, "1.a", &report(&sent.verp(1), &nobody(), ""));
        deliver(&sent, "9.human", HUMAN);
        sent.scene.put("columns/next.md", &column("Next", "edito", "2026-11-25"));
        let outcome = sent.scene.run(&["run", "--at", "2026-11-30T08:00"]);
        let told = format!(
            "gazetier: mail/box: 1 message is left there for somebody to read:\ngazetier:   {human}: {STRANGE}\n"
        );
        assert_eq!(outcome, Outcome { code: 0, stdout: String::new(), stderr: told }, "{key}");
        let posted = sent.scene.posted();
        let has = |reader: &str| posted.contains(&format!("2026-W48 {reader}@example.org"));
        assert!(has("sterenn") && !has("alix"), "{posted:?}");
        for _ in 0..2 {
            assert_eq!(sent.scene.run(&["run", "--at", "2026-11-30T08:10"]), SILENCE, "{key}");
        }
        // Another one is told of alone; what lies with us is told of too.
        let policy = group("loic@example.org", "failed", "5.7.1", "554 5.7.1 not from you");
        deliver(&sent, "10.policy", &report(&sent.verp(3), &policy, ""));
        let outcome = sent.scene.run(&["run", "--at", "2026-11-30T08:20"]);
        let told = "gazetier: 1 letter came back for what was sent or who sent it, not for the address: \
                    554 5.7.1 not from you\n";
        assert_eq!(outcome, Outcome { code: 0, stdout: String::new(), stderr: told.into() }, "{key}");
        // It has not gone by itself.
        assert_eq!(sent.scene.run(&["run", "--at", "2026-11-30T08:30"]), SILENCE, "{key}");
        let mail: String =
            sent.scene.files("mail").iter().map(|name| sent.scene.read(&format!("mail/{name}"))).collect();
        assert_eq!(mail.matches("Merci !").count(), 1, "{key}");
    }
}

#[test]
fn what_could_not_be_read_is_tried_again_and_told_once() {
    let sent = Sent::sample();
    let config = sent.scene.read("config.toml");
    sent.scene.put("config.toml", &format!("{config}\n[bounces]\nmaildir = \"box\"\n"));
    fs::create_dir_all(sent.scene.path("box/cur")).expect("a folder");
    fs::create_dir_all(sent.scene.path("box/new/1.a")).expect("a folder");
    let told = "gazetier: box: 1 message is left there for somebody to read:\n\
                gazetier:   new/1.a: it cannot be read: it is no file\n";
    let outcome = sent.scene.run(&["run", "--at", "2026-11-24"]);
    assert_eq!(outcome, Outcome { code: 0, stdout: String::new(), stderr: told.into() });
    assert_eq!(sent.scene.run(&["run", "--at", "2026-11-24"]), SILENCE);
    fs::remove_dir(sent.scene.path("box/new/1.a")).expect("a folder");
    sent.scene.put("box/new/1.a", &report(&sent.verp(1), &nobody(), ""));
    assert_eq!(sent.scene.run(&["run", "--at", "2026-11-24"]), SILENCE);
    assert_eq!(sent.next_readers(), ["sterenn@example.org", "loic@example.org"]);
}

#[test]
fn the_configuration_names_one_mailbox() {
    let sent = Sent::sample();
    let config = sent.scene.read("config.toml");
    for (lines, told) in [
        ("maildir = \"a\"\nmbox = \"b\"", "bounces.mbox: bounces.maildir is there already: keep one of the two"),
        ("maildir = \" \"", "bounces.maildir: it is empty: write the path of the mailbox, or leave the key out"),
        ("imap = \"a\"", "unknown field `imap`"),
    ] {
        sent.scene.put("config.toml", &format!("{config}\n[bounces]\n{lines}\n"));
        let outcome = sent.scene.run(&["run"]);
        assert_eq!(outcome.code, 78, "{lines}");
        assert!(outcome.stderr.contains(told), "{lines}: {outcome:?}");
    }
}

#[test]
fn who_has_an_mbox_locked_is_waited_for() {
    let sent = sent_to(3);
    let config = sent.scene.read("config.toml");
    sent.scene.put("config.toml", &format!("{config}\n[bounces]\nmbox = \"box\"\n"));
    sent.scene.put("box", &mbox_of(&sent, 3));
    let (path, dot) = (sent.scene.path("box"), sent.scene.path("box.lock"));
    let open = || File::options().read(true).write(true).open(&path).expect("an mbox");
    let locked = "gazetier: box is locked by another program: run again\n";
    let assert_locked = |how: &str| {
        let outcome = sent.scene.run(&["run", "--at", "2026-11-24"]);
        assert_eq!(outcome, Outcome { code: 75, stdout: String::new(), stderr: locked.into() }, "{how}");
        assert_eq!(sent.scene.read("box"), mbox_of(&sent, 3), "{how}");
    };
    let file = open();
    file.lock().expect("a lock");
    assert_locked("flock");
    drop(file);
    assert!(!dot.exists(), "it leaves no lock of its own behind");
    let file = open();
    fcntl_lock(&file, FlockOperation::LockExclusive).expect("a lock");
    assert_locked("fcntl");
    drop(file);
    // A living process, and one that did not say who it is.
    for text in [std::process::id().to_string(), String::new(), "some host".to_owned()] {
        sent.scene.put("box.lock", &text);
        assert_locked(&format!("a lock file with {text:?}"));
        assert_eq!(sent.scene.read("box.lock"), text);
    }
    // It goes away while it is waited for.
    let waiting = {
        let dot = dot.clone();
        std::thread::spawn(move || {
            sleep(Duration::from_millis(700));
            fs::remove_file(dot).expect("a lock file");
        })
    };
    assert_eq!(sent.scene.run(&["run", "--at", "2026-11-24"]), SILENCE);
    waiting.join().expect("a thread");
    assert_eq!(sent.scene.read("box"), "");

    // Left over: by a process that is gone, and by nobody an hour ago.
    let mut gone = Command::new("true").spawn().expect("a program");
    let number = gone.id();
    gone.wait().expect("an end");
    for text in [number.to_string(), "no number".to_owned()] {
        sent.scene.put("box", &mbox_of(&sent, 1));
        sent.scene.put("box.lock", &text);
        let old = std::time::SystemTime::now() - Duration::from_secs(if text.contains(' ') { 3_600 } else { 0 });
        File::options().write(true).open(&dot).expect("a file").set_modified(old).expect("a time");
        assert_eq!(sent.scene.run(&["run", "--at", "2026-11-24"]), SILENCE, "{text:?}");
        assert_eq!((sent.scene.read("box"), dot.exists()), (String::new(), false), "{text:?}");
    }
}

/// Puts each reader's report into a Maildir.
fn fill_maildir(sent: &Sent, readers: usize) {
    for folder in ["box/new", "box/cur"] {
        fs::create_dir_all(sent.scene.path(folder)).expect("a folder");
    }
    for (n, message) in
        mbox_of(sent, readers).split("From MAILER-DAEMON Tue Nov 24 08:00:00 2026\n").skip(1).enumerate()
    {
        let folder = if n % 3 == 0 { "cur" } else { "new" };
        sent.scene.put(&format!("box/{folder}/{n}.x"), message);
    }
}

/// How many messages are in the mailbox, and how many were set aside.
fn places(sent: &Sent, arguments: &[&str]) -> (usize, usize) {
    if arguments[0] == "--maildir" {
        let files = sent.scene.files("box");
        let messages = files.iter().filter(|name| name.contains(".x"));
        let (aside, there): (Vec<&String>, Vec<&String>) = messages.partition(|name| name.starts_with(".gazetier"));
        return (there.len(), aside.len());
    }
    let count = |name: &str| {
        let text = fs::read_to_string(sent.scene.path(name)).unwrap_or_default();
        let begun = text.matches("From MAILER-DAEMON Tue").count();
        assert_eq!(text.matches("--=_b/1--\n").count(), begun, "{name} holds a piece of a message");
        begun
    };
    (count("box"), count("box.handled"))
}

const WAYS: [[&str; 2]; 2] = [["--maildir", "box"], ["--mbox", "box"]];

#[test]
fn runs_at_once_handle_each_message_once() {
    const READERS: usize = 300;
    for way in WAYS {
        let sent = sent_to(READERS);
        if way[0] == "--maildir" {
            fill_maildir(&sent, READERS)
        } else {
            sent.scene.put("box", &mbox_of(&sent, READERS))
        }
        let arguments = [&["bounce", "--at", "2026-11-24", "--json"], way.as_slice()].concat();
        let start = |_| {
            let mut command = sent.scene.command(&arguments);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program")
        };
        let running: Vec<_> = (0..4).map(start).collect();
        let mut hard = 0;
        for program in running {
            let outcome: Outcome = program.wait_with_output().expect("the program").into();
            assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{way:?}");
            let summary: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
            hard += summary["hard"].as_u64().expect("a count");
        }
        assert_eq!(hard, READERS as u64, "{way:?}");
        assert_eq!(places(&sent, &way), (0, READERS), "{way:?}");
        assert_eq!(sent.scene.letters(), ([("failed".to_owned(), 300)].into(), 300));
    }
}

#[test]
fn killed_at_any_instant_it_loses_nothing_and_handles_nothing_twice() {
    const READERS: usize = 600;
    for way in WAYS {
        let sent = sent_to(READERS);
        if way[0] == "--maildir" {
            fill_maildir(&sent, READERS)
        } else {
            sent.scene.put("box", &mbox_of(&sent, READERS))
        }
        let arguments = [&["bounce", "--at", "2026-11-24"], way.as_slice()].concat();
        let mut noise: u64 = 20_261_124;
        let (mut kills, mut finished) = (0, false);
        // A little later each time, so that every step is met.
        for turn in 0..60 {
            let mut program = sent.scene.command(&arguments).stdout(Stdio::null()).spawn().expect("the program");
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            sleep(Duration::from_millis(turn * 6 + (noise >> 33) % 10));
            match program.try_wait().expect("the program") {
                None => {
                    program.kill().expect("a kill");
                    program.wait().expect("an end");
                    kills += 1;
                }
                Some(status) => finished |= status.success(),
            }
            let (there, aside) = places(&sent, &way);
            assert!(there + aside >= READERS, "{way:?}: {there} there, {aside} aside");
            if finished {
                break;
            }
        }
        let outcome = mailed(&sent, &way);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{way:?}");
        assert_eq!(places(&sent, &way), (0, READERS), "{way:?} after {kills} kills");
        assert!(kills >= 5, "{way:?}: only {kills} kills");
        assert_eq!(sent.scene.letters().0, [("failed".to_owned(), 600)].into());
        assert_eq!(sent.scene.sql("DELETE FROM bounces WHERE kind = 'hard'"), READERS as u64);
        let rest: Vec<String> = sent
            .scene
            .files("")
            .into_iter()
            .filter(|name| name.contains(".gazetier-") && !name.starts_with("box/"))
            .collect();
        assert_eq!(rest, Vec::<String>::new(), "{way:?}");
        assert!(!sent.scene.path("box.lock").exists());
    }
}
