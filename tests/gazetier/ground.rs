//! What a program stands on: files of others in its way, a disk that is full, a store that cannot be
//! written. Nothing of anybody's is removed, and each ends with its code and the way out.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::Command,
};

use crate::support::{MONDAY, Outcome, SILENCE, Scene};

/// The program as a user who owns nothing, from the scene's folder, which all may read.
fn as_nobody(scene: &Scene, arguments: &[&str]) -> Outcome {
    fs::set_permissions(scene.path(""), Permissions::from_mode(0o755)).expect("a folder");
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_gazetier")]);
    command.args(arguments).current_dir(scene.path("")).output().expect("setpriv").into()
}

/// The program where no file can grow beyond so many bytes.
fn on_a_disk_with(scene: &Scene, room: u64, arguments: &[&str]) -> Outcome {
    let mut command = Command::new("env");
    command.args(["--ignore-signal=XFSZ", "prlimit", &format!("--fsize={room}:unlimited")]);
    command.arg(env!("CARGO_BIN_EXE_gazetier")).args(arguments);
    command.current_dir(scene.path("")).output().expect("prlimit").into()
}

#[test]
fn only_a_socket_is_ever_taken_away() {
    let scene = Scene::sample().config("[desk]", "[web]\nlisten = \"unix:gazetier.db\"\n\n[desk]");
    scene.ok(&["run", "--at", MONDAY]);
    let before = fs::read(scene.path("gazetier.db")).expect("the store");
    let outcome = scene.run(&["serve"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (69, ""), "{outcome:?}");
    let expected = "gazetier: cannot listen on unix:gazetier.db: it is no socket, and is left alone: give the socket a \
                    name that nothing has; see web.listen\n";
    assert_eq!(outcome.stderr, expected);
    assert_eq!(fs::read(scene.path("gazetier.db")).expect("the store"), before);
    // Nor through a link to it.
    std::os::unix::fs::symlink("gazetier.db", scene.path("link")).expect("a link");
    scene.reconfigure("unix:gazetier.db", "unix:link");
    assert_eq!(scene.run(&["serve"]).code, 69);
    assert_eq!(fs::read(scene.path("gazetier.db")).expect("the store"), before);
    // What a dead program left behind is taken away: the next one starts.
    drop(std::os::unix::net::UnixListener::bind(scene.path("left.sock")).expect("a socket"));
    scene.reconfigure("unix:link", "unix:left.sock");
    let mut server = scene.command(&["serve"]).stdout(std::process::Stdio::piped()).spawn().expect("the program");
    let mut line = String::new();
    let out = server.stdout.take().expect("its output");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("a line");
    assert_eq!(line, "serving on unix:left.sock\n");
    server.kill().expect("an end");
    server.wait().expect("the program");
}

#[test]
fn a_full_disk_under_the_store_ends_with_73() {
    let scene = Scene::sample();
    let outcome = on_a_disk_with(&scene, 40_000, &["sync"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (73, ""), "{outcome:?}");
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE, "with room again, all is done");
    for arguments in [&["subscribers", "add", "new@example.org"][..], &["run", "--at", "2026-11-30T08:00"]] {
        scene.put("columns/new.md", "---\ntitle: Neuf\nrubrique: edito\npublished: 2026-11-28\n---\n\nUn corps.\n");
        let outcome = on_a_disk_with(&scene, 4_000, arguments);
        assert_eq!(outcome.code, 73, "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.starts_with("gazetier: "), "{outcome:?}");
    }
    scene.ok(&["run", "--at", "2026-11-30T08:00"]);
    assert!(scene.read("feeds/rss.xml").contains("<title>Neuf</title>"));
}

#[test]
fn a_store_that_cannot_be_written_is_read_and_told() {
    let scene = Scene::sample();
    scene.ok(&["run", "--at", MONDAY]);
    let status = scene.ok(&["digest", "status"]);
    let list = scene.ok(&["subscribers", "list"]);
    fs::set_permissions(scene.path("gazetier.db"), Permissions::from_mode(0o644)).expect("the store");
    for (arguments, expected) in [(["digest", "status"], &status), (["subscribers", "list"], &list)] {
        let outcome = as_nobody(&scene, &arguments);
        assert_eq!(outcome, Outcome { code: 0, stdout: expected.clone(), stderr: String::new() }, "{arguments:?}");
    }
    let outcome = as_nobody(&scene, &["subscribers", "add", "new@example.org"]);
    let expected = "gazetier: the store failed: attempt to write a readonly database\n";
    assert_eq!(outcome, Outcome { code: 73, stdout: String::new(), stderr: expected.into() });
    assert_eq!(scene.ok(&["subscribers", "list"]), list);

    // A folder of somebody else, and no store yet.
    let scene = Scene::sample();
    let outcome = as_nobody(&scene, &["run"]);
    let expected = "gazetier: cannot make the store (gazetier.db): Permission denied (os error 13): run as the owner \
                    of its folder, or let who runs this write there\n";
    assert_eq!(outcome, Outcome { code: 73, stdout: String::new(), stderr: expected.into() });
}

#[test]
fn a_key_that_everybody_can_read_is_told_of() {
    let scene = Scene::sample().config("[relay]", "[[dkim]]\nselector = \"g\"\nkey = \"dkim.pem\"\n\n[relay]");
    let made = Command::new("openssl").args(["genpkey", "-algorithm", "ed25519"]).output().expect("openssl");
    fs::write(scene.path("dkim.pem"), made.stdout).expect("a key");
    let mode = |mode| fs::set_permissions(scene.path("dkim.pem"), Permissions::from_mode(mode)).expect("a key");
    let warning =
        "gazetier: warning: config.toml: dkim.key: everybody on this machine can read dkim.pem: `chmod 600 dkim.pem`\n";
    mode(0o644);
    assert_eq!(scene.run(&["digest", "dkim"]).stderr, warning);
    // Cron hears of it once a week, with the letters.
    assert_eq!(scene.run(&["run", "--at", MONDAY]).stderr, warning);
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    for quiet in [0o600, 0o640] {
        mode(quiet);
        assert_eq!(scene.run(&["digest", "dkim"]).stderr, "");
    }
}
