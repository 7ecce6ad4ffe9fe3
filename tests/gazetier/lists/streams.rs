//! Long lists take no more memory than short ones, and a file appears whole or not at all.

use std::{
    fs::File,
    io::{BufWriter, Write},
    os::unix::fs::PermissionsExt,
};

use crate::support::{MONDAY, Scene, peak};

#[test]
fn memory_does_not_grow_with_the_list() {
    let scene = Scene::empty();
    let list = |name: &str, count: usize| {
        let mut file = BufWriter::new(File::create(scene.path(name)).expect("a file"));
        writeln!(file, "email,name,status,consent,consent_confirmed").expect("a line");
        for n in 0..count {
            let status = ["subscribed", "unsubscribed", "cleaned"][usize::from(n % 10 == 0) + usize::from(n % 20 == 0)];
            writeln!(file, "reader{n}@m{}.example.org,Reader {n},{status},Yes,2026-11-01", n % 97).expect("a line");
        }
    };
    // Both are longer than what is read at once; the caches of the store grow to what they may take.
    list("short.csv", 60_000);
    list("long.csv", 90_000);
    let import = |name| peak(&scene, &["subscribers", "import", name, "--at", MONDAY]);
    let short = import("short.csv");
    let long = import("long.csv");
    assert!(long < short + short / 4 && long < 150_000, "import: {short} and {long} kB");
    let whole = peak(&scene, &["subscribers", "export", "--with-key", "--output", "whole.jsonl"]);
    let table = peak(&scene, &["subscribers", "export", "--output", "table.csv"]);
    assert!(whole < 100_000 && table < 100_000, "export: {whole} and {table} kB");
    let other = Scene::empty();
    std::fs::copy(scene.path("whole.jsonl"), other.path("whole.jsonl")).expect("a copy");
    let back = peak(&other, &["subscribers", "import", "whole.jsonl"]);
    assert!(back < 150_000, "import of the whole: {back} kB");
    other.ok(&["subscribers", "export", "--with-key", "--output", "again.jsonl"]);
    let rest = |text: String| text.split_once('\n').expect("lines").1.to_owned();
    assert!(
        rest(other.read("again.jsonl")) == rest(scene.read("whole.jsonl")),
        "90,000 readers come back as they were"
    );
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let scene = Scene::empty();
    scene.ok(&["subscribers", "add", "a@example.org", "--at", MONDAY]);
    for more in [&["--whole"][..], &["--with-key"], &[]] {
        let export = [&["subscribers", "export"], more].concat();
        scene.put("list", "before");
        let failed = scene.run(&[&export[..], &["--output", "missing/list"]].concat());
        assert_eq!(failed.code, 73, "{failed:?}");
        assert_eq!(scene.run(&[&export[..], &["--state", "happy", "--output", "list"]].concat()).code, 2);
        assert_eq!(scene.read("list"), "before");
        scene.ok(&[&export[..], &["--output", "list", "--at", MONDAY]].concat());
        assert_eq!(scene.read("list"), scene.ok(&[&export[..], &["--at", MONDAY]].concat()));
        // It holds addresses, and perhaps the key.
        let mode = std::fs::metadata(scene.path("list")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
        let full =
            scene.command(&export).stdout(File::create("/dev/full").expect("a device")).output().expect("the program");
        assert_eq!(full.status.code(), Some(73), "{full:?}");
    }
    let left: Vec<String> = scene.files(".").into_iter().filter(|name| name.starts_with(".tmp")).collect();
    assert_eq!(left, [""; 0]);
    // Part of the readers is no store to move.
    let part = scene.run(&["subscribers", "export", "--with-key", "--state", "active"]);
    assert!(part.code == 2 && part.stderr.contains("leave --state out"), "{part:?}");
}
