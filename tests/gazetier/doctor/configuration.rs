//! All that is wrong with a configuration, at once.

use crate::support::Scene;

/// What the doctor says of a configuration: line, key and the beginning of the words.
fn faults(scene: &Scene) -> Vec<String> {
    let outcome = scene.run(&["doctor", "--json", "--offline"]);
    assert_eq!(outcome.code, 78, "{outcome:?}");
    let found: Vec<serde_json::Value> = serde_json::from_str(&outcome.stdout).expect("JSON");
    let found = found.iter().filter(|finding| finding["check"] == "config" && finding["level"] == "wrong");
    found
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or_default();
            format!("{}:{} {}: {}", finding["line"], finding["column"], text("key"), text("what"))
        })
        .collect()
}

/// The line of a text, which must be there, from a line on.
fn line(scene: &Scene, text: &str) -> usize {
    scene.read("config.toml").lines().position(|line| line == text).unwrap_or_else(|| panic!("no {text}")) + 1
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let scene = Scene::sample()
        .config("timezone = \"Europe/Paris\"", "timezone = \"Paris\"")
        .config("postal_address = ", "adress = ")
        .config("label = \"Humeur\"", "label = \"Humeur\"\ncolor = \"#112233\"")
        .config("slug = \"carnet\"", "slug = \"Carnet d’été\"")
        .config("items = 50", "items = \"many\"")
        .config("schedule = \"Mon 07:30\"", "schedule = \"lundi\"")
        .config("max_columns = 30", "max_columns = 0")
        .config("lettre/quitter/\"", "lettre/quitter\"")
        .config("url = \"file:outbox\"", "url = \"smtp.example.org\"")
        .config("[theme]\n", "[tehme]\nink = \"#000000\"\n");
    let at = |text: &str| line(&scene, text);
    let found = faults(&scene);
    let expected = [
        (at("timezone = \"Paris\""), "magazine.timezone: \"Paris\" is no time zone"),
        (at("slug = \"Carnet d’été\""), "rubriques.slug (number 3): "),
        (at("color = \"#112233\""), "rubriques.color (number 2): unknown field `color`"),
        (at("items = \"many\""), "feeds.items: invalid type: string \"many\""),
        (at("schedule = \"lundi\""), "digest.schedule: "),
        (at("max_columns = 0"), "digest.max_columns: 0 is no number"),
        (at("[tehme]"), "tehme: unknown field `tehme`"),
        (at("url = \"smtp.example.org\""), "relay.url: write "),
        (at("[magazine]"), "magazine.postal_address: missing field `postal_address`"),
        (at("unsubscribe_url = \"https://estran.example.org/lettre/quitter\""), "letters.unsubscribe_url: "),
    ];
    for (line, words) in expected {
        let is_told = found.iter().any(|told| told.starts_with(&format!("{line}:")) && told.contains(words));
        assert!(is_told, "{line} {words}: {found:#?}");
    }
    assert!(found.iter().any(|told| told.contains("did you mean `colour`?")), "{found:#?}");
    assert!(found.iter().any(|told| told.contains("did you mean `theme`?")), "{found:#?}");
    // And the key that was meant for the postal address, which nobody knows; nothing else.
    assert!(found.iter().any(|told| told.contains("magazine.adress: unknown field `adress`")), "{found:#?}");
    assert_eq!(found.len(), expected.len() + 1, "{found:#?}");
    // They stand in the order of the file.
    let lines: Vec<usize> =
        found.iter().map(|told| told.split(':').next().and_then(|line| line.parse().ok()).expect("a line")).collect();
    assert!(lines.is_sorted(), "{lines:?}");
    assert!(!scene.path("gazetier.db").exists());
}

#[test]
fn what_follows_from_something_else_is_not_told() {
    // A sender that is none: whether the signature fits it cannot be known.
    let scene = Scene::sample().config("L’Estran <lettre@estran.example.org>", "lettre").config(
        "[relay]\n",
        "[[dkim]]\nselector = \"a\"\nkey = \"nowhere.pem\"\ndomain = \"estran.example.org\"\n[relay]\n",
    );
    let found = faults(&scene);
    let keys = ["letters.from: ", "dkim.key (number 1): "];
    assert!(found.len() == 2 && found.iter().zip(keys).all(|(told, key)| told.contains(key)), "{found:#?}");
    // A key that cannot be read is one thing, and not also a key that is missing.
    let scene = Scene::sample().config("[relay]\n", "[[dkim]]\nselector = \"a\"\nkey = \"nowhere.pem\"\n[relay]\n");
    let found = faults(&scene);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("dkim.key (number 1): nowhere.pem: cannot read it"), "{found:#?}");
    // Of several tables, the one that is wrong.
    let several = "[[relays]]\nurl = \"smtp://a.example\"\n[[relays]]\n";
    let scene = Scene::sample()
        .config("[relay]\n", several)
        .config("url = \"file:outbox\"", "url = \"smtp://b.example\"\nweight = 0");
    let found = faults(&scene);
    let at = line(&scene, "weight = 0");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with(&format!("{at}:1 relays.weight (number 2): 0 is no number")), "{found:#?}");
    let scene = Scene::sample().config("label = \"Carnet\"", "label = \"EDITO\"");
    let found = faults(&scene);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("rubriques (number 3): \"EDITO\" and \"Édito\" would be one rubrique"), "{found:#?}");
}

#[test]
fn what_is_no_toml_is_told_with_its_places() {
    let scene = Scene::sample().config("[feeds]", "[feeds").config("name = \"L’Estran\"", "name = L’Estran");
    let found = faults(&scene);
    let places = [line(&scene, "[feeds"), line(&scene, "name = L’Estran")];
    for place in places {
        assert!(found.iter().any(|told| told.starts_with(&format!("{place}:"))), "{place}: {found:#?}");
    }
    std::fs::write(scene.path("config.toml"), b"[magazine]\nname = \"L'\xc9t\xe9\"\n").expect("a file");
    let outcome = scene.run(&["doctor"]);
    assert_eq!(outcome.code, 78);
    let expected = "gazetier: config.toml: line 2 is not UTF-8, it looks like Latin-1 (ISO 8859-1, Windows-1252): save the file as UTF-8\n";
    assert_eq!(outcome.stderr, expected);
    std::fs::remove_file(scene.path("config.toml")).expect("a file");
    let outcome = scene.run(&["run"]);
    assert_eq!(outcome.code, 78);
    assert!(outcome.stderr.contains("or make one with `gazetier init`"), "{outcome:?}");
}
