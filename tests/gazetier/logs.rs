//! What is logged: for people or for programs, with a name for each run, and no address.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{MONDAY, SILENCE, Scene};

#[test]
fn logs_for_programs_are_json_and_name_their_run() {
    let scene = Scene::sample();
    let ids_of = |at: &str| -> BTreeSet<String> {
        let outcome = scene.run(&["run", "-v", "--log", "json", "--at", at]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert!(!outcome.stderr.contains('@') && !outcome.stderr.contains('\u{1b}'), "{outcome:?}");
        let lines = outcome.stderr.lines().filter(|line| !line.starts_with("gazetier: "));
        let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert!(lines.iter().any(|line| line["message"] == "a run begins"), "{lines:?}");
        let ours =
            lines.iter().filter(|line| line["target"].as_str().is_some_and(|target| target.starts_with("gazetier")));
        ours.map(|line| line["span"]["id"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned()).collect()
    };
    let (one, other) = (ids_of(MONDAY), ids_of("2026-11-23T08:10"));
    assert_eq!((one.len(), other.len()), (1, 1));
    assert_ne!(one, other);
    // Without -v, only what is wrong.
    assert_eq!(scene.run(&["run", "--log", "json", "--at", "2026-11-23T08:20"]), SILENCE);
    let told = scene.run(&["run", "--log", "xml"]);
    assert_eq!(told.code, 2, "{told:?}");
}

#[test]
fn who_wants_quiet_hears_what_is_wrong() {
    let scene = Scene::sample();
    assert_eq!(scene.run(&["sync", "-q", "--at", MONDAY]), SILENCE);
    // What was asked for is said.
    assert!(scene.ok(&["status", "-q", "--at", MONDAY]).starts_with("magazine "));
    scene.put("columns/broken.md", "---\ntitle: x\n---\n");
    let outcome = scene.run(&["sync", "-q", "--at", MONDAY]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (65, ""));
    assert!(outcome.stderr.contains("broken.md"), "{outcome:?}");
}
