//! What is exported comes back as it was: as a table for people, as all that is known, and with the key.

use std::collections::BTreeMap;

use super::{both, states, told};
use crate::support::{MONDAY, Scene, column};

/// A store in which readers of all kinds are.
fn lived_in(scene: Scene) -> Scene {
    let list = "email,name,rubriques,language,joined,returned,consent,consent_way,consent_asked,consent_asked_from,\
                consent_confirmed,consent_confirmed_from,earlier_consents\n\
                zoe@example.org,\"Zoé, dite \"\"Zo\"\"\",edito;humeur,en,2026-01-02,2026-05-06T07:08:09.123Z,\"Yes,\nplease\",form,\
                2026-05-06T07:00:00Z,192.0.2.7,2026-05-06T07:08:00Z,192.0.2.8,\
                \"[{\"\"way\"\":\"\"script\"\",\"\"words\"\":\"\"Oui\"\",\"\"asked\"\":\"\"2026-01-01T23:00:00Z\"\",\
                \"\"confirmed\"\":\"\"2026-01-02T00:00:00Z\"\"}]\"\n\
                =sum@example.org,'=HYPERLINK(\"\"x\"\"),,,,,,,,,,,\n\
                left@example.org,'tis me,carnet,fr,,,,,,,,,\n\
                gone@example.org,Gone,,,,,,,,,,,\n\
                spam@example.org,,,,,,,,,,,,\n\
                back@example.org,,,,,,,,,,,,\n\
                erased@example.org,Erased,,,,,,,,,,,\n\
                mover@example.org,,,,,,,,,,,,\n";
    scene.put("list.csv", list);
    scene.ok(&["subscribers", "import", "list.csv", "--at", MONDAY]);
    scene.ok(&["subscribers", "remove", "left@example.org", "--at", "2026-11-24T08:00"]);
    for statement in [
        "INSERT INTO suppressions (address_hash, reason, suppressed_at) SELECT address_hash, 'bounce', 1795600000000 \
         FROM subscribers WHERE address IN ('gone@example.org', 'back@example.org')",
        "INSERT INTO suppressions (address_hash, reason, suppressed_at) SELECT address_hash, 'complaint', 1795700000000 \
         FROM subscribers WHERE address = 'spam@example.org'",
        "UPDATE subscriptions SET state = 'unsubscribed', since_at = 1795700000000 WHERE subscriber_id IN \
         (SELECT id FROM subscribers WHERE address = 'spam@example.org')",
        "INSERT INTO former_addresses (address_hash, subscriber_id, moved_at) SELECT s.address_hash, m.id, 1795800000000 \
         FROM subscribers s, subscribers m WHERE s.address = 'erased@example.org' AND m.address = 'mover@example.org'",
        "UPDATE subscribers SET moves = 1 WHERE address = 'mover@example.org'",
    ] {
        assert!(scene.sql(statement) > 0, "{statement}");
    }
    scene.ok(&["subscribers", "allow", "back@example.org", "--reason", "It works again", "--at", "2026-11-25T08:00"]);
    scene.ok(&["subscribers", "erase", "erased@example.org", "--at", "2026-11-26T08:00"]);
    scene
}

/// What `show` says of the readers of a store.
fn shown(scene: &Scene) -> BTreeMap<String, serde_json::Value> {
    let list: serde_json::Value = serde_json::from_str(&scene.ok(&["subscribers", "list", "--json"])).expect("JSON");
    let addresses = list.as_array().expect("a list").iter().map(|one| one["address"].as_str().expect("an address"));
    let show = |address: &str| scene.ok(&["subscribers", "show", address, "--json"]);
    addresses.map(|address| (address.to_owned(), serde_json::from_str(&show(address)).expect("JSON"))).collect()
}

#[test]
fn a_table_for_people_comes_back_as_it_was() {
    for (scene, other) in both().into_iter().zip(both()) {
        let scene = lived_in(scene);
        let table = scene.ok(&["subscribers", "export"]);
        insta::assert_snapshot!("table", table);
        other.put("list.csv", &table);
        let words = "4 added, 0 known already, 1 new and unsubscribed by the list, 2 new and suppressed by the list, \
                     0 suppressed and left alone, 0 refused\n";
        // Later than the export: what is not written down would be dated of now.
        let import = ["subscribers", "import", "list.csv", "--at", "2026-12-07T08:00"];
        let words = format!("list.csv (gazetier): 4 active, 1 left, 1 bounced, 1 complained, 0 refused\n{words}");
        assert_eq!(other.run(&import), told(0, &words, ""));
        assert_eq!(other.ok(&["subscribers", "export"]), table);
        let mut expected = shown(&scene);
        // A table for people does not hold what no reader wrote: former addresses and what was lifted.
        for one in expected.values_mut() {
            one["former_addresses"] = 0.into();
            one["allowed"] = serde_json::json!([]);
        }
        assert_eq!(shown(&other), expected);
        // A second time, everybody is known.
        let again = "0 added, 7 known already (2 of them unsubscribed), 0 suppressed and left alone, 0 refused\n";
        let again = format!("list.csv (gazetier): 4 active, 1 left, 1 bounced, 1 complained, 0 refused\n{again}");
        assert_eq!(other.run(&import), told(0, &again, ""));
        assert_eq!(other.ok(&["subscribers", "export"]), table);
    }
}

#[test]
fn names_that_a_spreadsheet_would_take_for_formulas_come_back_as_they_were() {
    let names = ["=1+1", "-3", "+33", "@a", "'=1", "''=1", "'tis", "L’Estran", "'", "\t=1"];
    for (scene, other) in both().into_iter().zip(both()) {
        for (at, name) in names.iter().enumerate() {
            scene.ok(&["subscribers", "add", &format!("r{at}@example.org"), &format!("--name={name}")]);
        }
        let table = scene.ok(&["subscribers", "export"]);
        for line in table.lines().skip(1) {
            let name = line.split(',').nth(1).expect("a name").trim_matches('"');
            assert!(!name.starts_with(['=', '+', '-', '@', '\t']), "{line}");
        }
        other.put("list.csv", &table);
        other.ok(&["subscribers", "import", "list.csv"]);
        assert_eq!(other.ok(&["subscribers", "export"]), table);
        for (at, name) in names.iter().enumerate() {
            let shown = &shown(&other)[&format!("r{at}@example.org")];
            assert_eq!(shown["name"].as_str(), Some(name.trim()), "{table}");
        }
    }
}

#[test]
fn all_that_is_known_of_who_is_on_the_list_comes_back_without_the_key() {
    for (scene, other) in both().into_iter().zip(both()) {
        let scene = lived_in(scene);
        scene.ok(&["subscribers", "export", "--whole", "--output", "whole.jsonl", "--at", MONDAY]);
        let whole = scene.read("whole.jsonl");
        for secret in ["\"key\"", "\"id\"", "\"hash\"", "\"former\""] {
            assert!(!whole.contains(secret), "{secret} is in {whole}");
        }
        // The other store has readers and a key of its own.
        other.put("own.csv", "email\nown@example.org\n");
        other.ok(&["subscribers", "import", "own.csv", "--at", MONDAY]);
        other.put("whole.jsonl", &whole);
        other.ok(&["subscribers", "import", "whole.jsonl", "--at", "2026-12-07T08:00"]);
        let (mut expected, mut found) = (shown(&scene), shown(&other));
        found.remove("own@example.org").expect("the store's own reader");
        expected.get_mut("mover@example.org").expect("a mover")["former_addresses"] = 0.into();
        assert_eq!(found, expected);
        // No id of one store is another's.
        let ids = |scene: &Scene| {
            let whole = scene.ok(&["subscribers", "export", "--with-key"]);
            let lines = whole.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
            lines.filter_map(|line| Some(line["reader"]["id"].as_str()?.to_owned())).collect::<Vec<_>>()
        };
        let (ours, theirs) = (ids(&scene), ids(&other));
        assert_eq!((ours.len(), theirs.len()), (7, 8));
        assert!(ours.iter().all(|id| !theirs.contains(id)), "{ours:?} {theirs:?}");
        // Who was erased there is nobody here: only the key could tell.
        other.ok(&["subscribers", "add", "erased@example.org"]);
    }
}

#[test]
fn with_the_key_a_store_takes_the_place_of_another() {
    for (scene, other) in both().into_iter().zip(both()) {
        let scene = lived_in(scene);
        let export = ["subscribers", "export", "--with-key", "--output", "whole.jsonl", "--at", MONDAY];
        scene.ok(&export);
        let whole = scene.read("whole.jsonl");
        other.put("whole.jsonl", &whole);
        let import = ["subscribers", "import", "whole.jsonl", "--at", "2026-12-07T08:00"];
        let dry = other.run(&[&import[..], &["--dry-run"]].concat());
        assert_eq!(dry.code, 0, "{dry:?}");
        assert_eq!(states(&other), [""; 0]);
        other.ok(&import);
        assert_eq!(shown(&other), shown(&scene));
        other.ok(&export);
        assert_eq!(
            other.read("whole.jsonl").lines().skip(1).collect::<Vec<_>>(),
            whole.lines().skip(1).collect::<Vec<_>>()
        );
        // Erased readers and former addresses are honoured.
        for (address, why) in [
            ("erased@example.org", "is suppressed"),
            ("Gone@example.org", "is suppressed"),
            ("left@example.org", "has left"),
        ] {
            let outcome = other.run(&["subscribers", "add", address]);
            assert_eq!(outcome.code, 65, "{outcome:?}");
            assert!(outcome.stderr.contains(why), "{outcome:?}");
        }
        // A second time it changes nothing, also beside a new reader, and nobody who was erased meanwhile is back.
        other.ok(&["subscribers", "add", "new@example.org", "--at", MONDAY]);
        other.ok(&["subscribers", "erase", "left@example.org", "--at", MONDAY]);
        let before = other.ok(&["subscribers", "export"]);
        other.put("whole.jsonl", &whole);
        other.ok(&import);
        assert_eq!(other.ok(&["subscribers", "export"]), before);
        assert!(!before.contains("left@example.org"), "{before}");
    }
}

#[test]
fn links_of_old_letters_go_on_working_in_a_store_that_was_moved() {
    let ways_out = |scene: &Scene| {
        scene.put("columns/a.md", &column("Un", "edito", "2026-11-19"));
        scene.ok(&["run", "--at", MONDAY]);
        let way = |name: String| {
            let letter = scene.read(&format!("outbox/{name}"));
            let start = letter.find("List-Unsubscribe: <").expect("a header");
            letter[start..].split('>').next().expect("a way out").to_owned()
        };
        scene.files("outbox").into_iter().map(way).collect::<Vec<_>>()
    };
    let (scene, moved, stranger) = (Scene::empty(), Scene::empty(), Scene::empty());
    scene.put("subscribers.csv", "email\na@example.org\nb@example.org\n");
    let ways = ways_out(&scene);
    let whole = scene.ok(&["subscribers", "export", "--with-key"]);
    for (other, more) in [(&moved, "--with-key"), (&stranger, "--whole")] {
        other.put("whole.jsonl", &scene.ok(&["subscribers", "export", more]));
        other.ok(&["subscribers", "import", "whole.jsonl", "--at", "2026-11-20T08:00"]);
    }
    assert!(whole.contains("\"key\"") && ways.len() > 1, "{ways:?}");
    assert_eq!(ways_out(&moved), ways);
    let strange = ways_out(&stranger);
    assert!(strange.len() == ways.len() && strange.iter().all(|way| !ways.contains(way)), "{strange:?} {ways:?}");
}

#[test]
fn a_key_does_not_come_into_a_store_that_is_in_use() {
    for (scene, other) in both().into_iter().zip(both()) {
        let scene = lived_in(scene);
        other.put("whole.jsonl", &scene.ok(&["subscribers", "export", "--with-key"]));
        other.ok(&["subscribers", "add", "own@example.org", "--at", MONDAY]);
        let before = other.ok(&["subscribers", "export", "--with-key", "--at", MONDAY]);
        let message = "gazetier: whole.jsonl: it carries the key of another store, and this one is in use with its own \
                       (1 readers): nothing was changed. Import it into a new store (another store.url), or a list that \
                       was written without --with-key\n";
        for more in [&[][..], &["--dry-run"]] {
            let import = [&["subscribers", "import", "whole.jsonl"], more].concat();
            assert_eq!(other.run(&import), told(65, "", message), "{more:?}");
        }
        assert_eq!(other.ok(&["subscribers", "export", "--with-key", "--at", MONDAY]), before);
        // Whoever was only erased here hangs on the key as well.
        other.ok(&["subscribers", "erase", "own@example.org"]);
        assert_eq!(other.run(&["subscribers", "import", "whole.jsonl"]).code, 65);
    }
}

#[test]
fn what_is_no_whole_file_changes_nothing() {
    let scene = lived_in(Scene::empty());
    let whole = scene.ok(&["subscribers", "export", "--whole", "--at", MONDAY]);
    let lines: Vec<&str> = whole.lines().collect();
    let cut = |count: usize| lines[..count].join("\n") + "\n";
    let replaced = |from: &str, to: &str| whole.replacen(from, to, 1);
    for (text, message) in [
        (cut(4), "list.csv:5: the last line is missing, {\"end\":…}: the file is not whole".to_owned()),
        (
            [lines[0], lines[2], lines[lines.len() - 1]].join("\n"),
            "list.csv:3: it tells of another number of lines than there are: the file is not whole".into(),
        ),
        (replaced("\"version\":1", "\"version\":2"), "list.csv:1: it is of version 2, and this gazetier reads version 1".into()),
        (
            cut(4)[lines[0].len() + 1..].to_owned(),
            "list.csv:1: it does not begin with {\"list\":…}, as `subscribers export --whole` writes it".into(),
        ),
        (
            replaced("\"state\":\"active\"", "\"state\":\"happy\""),
            "list.csv:2: \"happy\" is no state: write active, unsubscribed, suppressed or pending\ngazetier: 1 line is wrong, \
             nothing was changed: mend them, or take the others with --skip-bad"
                .into(),
        ),
        (
            replaced("{\"end\"", "{\"hash\":{\"hash\":\"00112233445566778899aabbccddeeff\"}}\n{\"end\"")
                .replace("\"hashes\":0", "\"hashes\":1"),
            "list.csv:9: a hash means nothing without the key that it was made with".into(),
        ),
        (
            replaced("2026-01-02T00:00:00Z", "2126-01-02T00:00:00Z"),
            "list.csv:2: since: 2126-01-02 00:00:00 UTC lies in the future: write when it was".into(),
        ),
    ] {
        let other = Scene::empty();
        let outcome = super::import(&other, &text, &[]);
        assert_eq!((outcome.code, &*outcome.stdout), (65, ""), "{outcome:?}");
        let wanted = message.split('\n').next().expect("a line");
        assert!(outcome.stderr.contains(wanted), "{message}\n{outcome:?}");
        assert_eq!(states(&other), [""; 0]);
    }
}
