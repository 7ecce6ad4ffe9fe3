//! From an empty folder to a first letter: `gazetier init`.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use crate::support::Outcome;

fn gazetier(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gazetier"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GAZETIER_")) {
        command.env_remove(name);
    }
    command.env("GAZETIER_FUTURE", "true").env("LC_ALL", "fr_FR.UTF-8");
    command.args(arguments).current_dir(folder).stdin(std::process::Stdio::null()).output().expect("the program").into()
}

const SAID: [&str; 10] = [
    "init",
    "--yes",
    "--name",
    "La \"Jetée\"",
    "--url",
    "https://www.jetee.example.org",
    "--postal-address",
    "1 quai des Brumes, 29000 Port-Fictif",
    "--timezone",
    "Europe/Paris",
];

#[test]
fn an_empty_folder_becomes_a_magazine_that_sends() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = gazetier(folder.path(), &SAID);
    assert_eq!(made.code, 0, "{made:?}");
    let text = fs::read_to_string(folder.path().join("config.toml")).expect("a configuration");
    let day = text.split("tag_date = \"").nth(1).and_then(|rest| rest.get(..10)).expect("a day").to_owned();
    insta::assert_snapshot!("configuration", text.replace(&day, "DAY"));
    let mode = |name: &str| fs::metadata(folder.path().join(name)).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode("dkim.pem"), mode("config.toml")), (0o600, 0o644));
    // What is told holds the key's record and the place.
    let record = gazetier(folder.path(), &["digest", "dkim"]);
    assert!(made.stdout.contains(record.stdout.trim()) && record.stdout.contains("v=DKIM1; k=rsa"), "{made:?}");
    let place = fs::canonicalize(folder.path()).expect("a path").display().to_string();
    assert!(made.stdout.contains(&format!("*/10 * * * * cd {place} && ")), "{made:?}");
    assert!(made.stdout.contains("_dmarc.jetee.example.org. IN TXT"), "{made:?}");

    let column = "---\ntitle: La digue\npublished: 2026-11-18T08:00\nrubrique: Édito\n---\n\nElle tient.\n";
    fs::write(folder.path().join("columns/la-digue.md"), column).expect("a column");
    for arguments in [
        &["subscribers", "add", "alix@example.org", "--at", "2026-11-17T08:00"][..],
        &["run", "--at", "2026-11-23T08:00"],
    ] {
        let outcome = gazetier(folder.path(), arguments);
        assert_eq!(outcome.code, 0, "{outcome:?}");
    }
    let letters: Vec<_> = fs::read_dir(folder.path().join("outbox")).expect("an outbox").collect();
    assert_eq!(letters.len(), 1);
    let letter = fs::read_to_string(letters[0].as_ref().expect("a letter").path()).expect("a letter");
    assert!(letter.contains("DKIM-Signature: ") && letter.contains("Subject: La digue"), "{letter}");
    assert!(folder.path().join("feeds/edito/rss.xml").exists());

    // Nothing is written over.
    let again = gazetier(folder.path(), &SAID);
    assert_eq!((again.code, again.stdout.as_str()), (78, ""));
    assert!(again.stderr.contains("config.toml is there already: nothing is changed"), "{again:?}");
    assert_eq!(fs::read_to_string(folder.path().join("config.toml")).expect("a configuration"), text);
}

#[test]
fn what_cannot_be_used_is_told_by_its_option_and_leaves_nothing() {
    for (option, value, told) in [
        ("--url", "jetee", "--url: \"jetee\""),
        ("--from", "nobody", "--from: "),
        ("--timezone", "Mars/Olympus", "--timezone: \"Mars/Olympus\" is no time zone"),
        ("--language", "tlh", "--language: we have no words in \"tlh\""),
        ("--relay", "relay.example.org", "--relay: "),
        ("--postal-address", " ", "--postal-address: it is empty"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut arguments: Vec<&str> = SAID.to_vec();
        match arguments.iter().position(|argument| *argument == option) {
            Some(place) => arguments[place + 1] = value,
            None => arguments.extend([option, value]),
        }
        let outcome = gazetier(folder.path(), &arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{option}: {outcome:?}");
        assert!(outcome.stderr.contains(told), "{option}: {outcome:?}");
        let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
        assert!(left.is_empty(), "{option}: {left:?}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let missing = gazetier(folder.path(), &["init", "--yes", "--name", "La Jetée"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("--url is missing"), "{missing:?}");
}
