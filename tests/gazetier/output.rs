//! Where messages and listings go may be full, closed or gone: that stops nothing that the program is
//! there for, and only who asked for a listing hears of it.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

use crate::support::{MONDAY, Outcome, SILENCE, Scene, column};

/// A device on which nothing has room.
fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").expect("/dev/full")
}

/// The writing end of a pipe that nobody reads.
fn unread() -> Stdio {
    let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().expect("true");
    let end = reader.stdin.take().expect("a pipe");
    reader.wait().expect("true");
    end.into()
}

fn ends(command: &mut Command) -> Outcome {
    command.output().expect("the program").into()
}

#[test]
fn how_far_a_sync_is_stands_on_a_terminal_and_nowhere_else() {
    let scene = Scene::sample();
    let call = format!("{} sync", env!("CARGO_BIN_EXE_gazetier"));
    let mut on_a_terminal = Command::new("script");
    on_a_terminal.args(["--quiet", "--return", "--command", &call, "/dev/null"]).current_dir(scene.path(""));
    let shown = ends(&mut on_a_terminal);
    assert_eq!((shown.code, shown.stdout.contains(" columns read, ")), (0, true), "{shown:?}");
    let elsewhere = Scene::sample().run(&["sync"]);
    assert_eq!((elsewhere.code, elsewhere.stderr.as_str()), (0, ""));
}

#[test]
fn a_message_that_cannot_be_written_stops_nothing() {
    for (name, stderr) in [("full", Stdio::from(full())), ("unread", unread())] {
        let scene = Scene::sample().write("columns/broken.md", "---\ntitle: x\n---\n");
        scene.put("list.csv", "email,name,rubriques\nnobody,,\n");
        let outcome = ends(scene.command(&["run", "--at", MONDAY]).stderr(stderr));
        assert_eq!(outcome.code, 65, "{name}: {outcome:?}");
        assert_eq!(scene.files("outbox").len(), 3, "{name}: the letters are sent");
        assert!(scene.path("feeds/rss.xml").exists(), "{name}");
        let import = ["subscribers", "import", "list.csv", "--skip-bad"];
        assert_eq!(ends(scene.command(&import).stderr(full())).code, 65, "{name}");
    }
    // Standard output and standard error are one, and gone.
    let scene = Scene::sample();
    let status = scene.command(&["run", "--at", MONDAY]).stdout(unread()).stderr(unread()).status();
    assert_eq!(status.expect("the program").code(), Some(0));
    // Nor does it when libraries are to say what they do.
    let status = scene.command(&["-v", "publish", "--at", MONDAY]).stdout(unread()).stderr(unread()).status();
    assert_eq!(status.expect("the program").code(), Some(0));
}

#[test]
fn a_listing_that_cannot_be_written_ends_with_73() {
    let scene = Scene::sample();
    scene.ok(&["run", "--at", MONDAY]);
    let listings: [&[&str]; 8] = [
        &["subscribers", "list"],
        &["subscribers", "list", "--json"],
        &["subscribers", "export"],
        &["digest", "status"],
        &["publish", "--check", "--at", MONDAY],
        &["feeds", "snippet", "nginx"],
        &["--help"],
        &["--version"],
    ];
    for arguments in listings {
        let outcome = ends(scene.command(arguments).stdout(full()));
        assert_eq!(outcome.code, 73, "{arguments:?}: {outcome:?}");
        let expected = "gazetier: cannot write to standard output: No space left on device (os error 28)\n";
        let export = "gazetier: cannot write standard output: No space left on device (os error 28)\n";
        assert!([expected, export].contains(&outcome.stderr.as_str()), "{arguments:?}: {outcome:?}");
        // `gazetier … | head` is no error.
        assert_eq!(ends(scene.command(arguments).stdout(unread())), SILENCE, "{arguments:?}");
    }
}

#[test]
fn libraries_say_nothing_unless_they_are_asked() {
    let scene = Scene::empty();
    // A table with a stray text, of which the parser of HTML would warn.
    let text = column("A", "edito", "2026-11-18") + "<table>stray<tr><td>x</td></tr></table>\n";
    scene.put("columns/a.md", &text);
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    scene.put("columns/a.md", &text.replace("stray", "strays"));
    let asked = ends(scene.command(&["run", "--at", MONDAY]).env("GAZETIER_LOG", "warn"));
    assert!(asked.stderr.contains("foster parenting"), "{asked:?}");
    assert!(!asked.stderr.contains('\u{1b}'), "a log that no terminal shows has no colours: {asked:?}");
    scene.put("columns/a.md", &text.replace("stray", "another"));
    let verbose = scene.run(&["run", "-v", "--at", MONDAY]);
    assert!(verbose.stderr.contains("foster parenting"), "{verbose:?}");
}

#[test]
fn the_store_is_its_owners_and_the_feeds_are_everybodys_whatever_the_umask() {
    for umask in ["077", "022", "000"] {
        let scene = Scene::sample();
        let run = format!("umask {umask} && exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &run, env!("CARGO_BIN_EXE_gazetier"), "run", "--at", MONDAY]);
        assert_eq!(ends(command.current_dir(scene.path(""))), SILENCE, "{umask}");
        let mode = |name: &str| fs::metadata(scene.path(name)).expect("a file").permissions().mode() & 0o7777;
        assert_eq!(mode("gazetier.db"), 0o600, "{umask}");
        for name in ["gazetier.db-wal", "gazetier.db-shm"] {
            assert!(!scene.path(name).exists() || mode(name) == 0o600, "{umask}: {name}");
        }
        for name in scene.files("feeds") {
            assert_eq!(mode(&format!("feeds/{name}")), 0o644, "{umask}: {name}");
        }
        for folder in ["feeds", "feeds/edito", "feeds/humeur"] {
            assert_eq!(mode(folder), 0o755, "{umask}: {folder}");
        }
    }
}

/// Pictures may stand in addresses (`data:`), and megabytes in one line: cron does not mail them, wherever a
/// message quotes them.
#[test]
fn pictures_in_addresses_are_not_told() {
    let picture = format!("data:image/png;base64,{}", "iVBORw0KGgo".repeat(100_000));
    let head = "title: Une marée\nrubrique: édito\npublished: 2026-11-19";
    let mut told = 0;
    for (what, text) in [
        ("an image", format!("---\n{head}\nimage: {picture}\n---\nx\n")),
        ("an image's address", format!("---\n{head}\nimage: {{ url: \"{picture}\" }}\n---\nx\n")),
        ("an open quote", format!("---\n{head}\nimage: \"{picture}\n---\nx\n")),
        ("TOML", format!("+++\ntitle = \"x\"\nimage = {picture}\n+++\nx\n")),
        ("an address", format!("---\n{head}\nurl: {picture}\n---\nx\n")),
        ("a rubrique", format!("---\n{}\n---\nx\n", head.replace("édito", &picture))),
        ("a date", format!("---\n{}\n---\nx\n", head.replace("2026-11-19", &picture))),
        ("a key", format!("---\n{head}\n\"{picture}\": x\n---\nx\n")),
        ("a body", format!("---\n{head}\n---\n![un phare]({picture})\n\n<img src=\"{picture}\">\n")),
        ("no head", format!("{picture}\n")),
    ] {
        let scene = Scene::sample().write("columns/picture.md", &text);
        let outcome = scene.run(&["run", "--at", MONDAY]);
        assert!(outcome.stderr.len() < 4_000, "{what}: {} bytes of {:.2000}", outcome.stderr.len(), outcome.stderr);
        assert!(!outcome.stderr.contains("GgoiVBORw0KGgoiVBORw0KGgoiVBORw0KGgo"), "{what}: {:.2000}", outcome.stderr);
        told += usize::from(outcome.stderr.contains("… ("));
    }
    assert!(told >= 4, "{told} messages quote the picture");
    let scene = Scene::sample().config("tag_date = ", &format!("picture = {picture}\ntag_date = "));
    let outcome = scene.run(&["run", "--at", MONDAY]);
    assert!(outcome.code == 78 && outcome.stderr.len() < 4_000, "{} bytes", outcome.stderr.len());
}
