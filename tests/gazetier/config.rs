//! A configuration that cannot be used is refused before anything is made: each refusal names the
//! file, the key or line, and the way out.

use crate::support::Scene;

/// The configuration and the environment in which each edit stands alone: what it is about, what
/// is replaced, and by what.
const WRONG: &[(&str, &str, &str)] = &[
    ("a key that nobody knows", "items = 50\n", "items = 50\nitmes = 40\n"),
    ("a table that nobody knows", "[store]\n", "[sotre]\n"),
    ("a key is missing", "name = \"L’Estran\"\n", ""),
    ("a table is missing", "[feeds]\n", "[relays]\n"),
    ("not TOML", "[feeds]", "[feeds"),
    ("a key of the wrong kind", "items = 50", "items = \"many\""),
    ("a key given twice", "items = 50\n", "items = 50\nitems = 51\n"),
    ("an unknown kind of content", "content = \"full\"", "content = \"half\""),
    ("an empty name", "name = \"L’Estran\"", "name = \" \""),
    ("a name that no feed can hold", "name = \"L’Estran\"", "name = \"L\\u000BEstran\""),
    ("no web address", "url = \"https://estran.example.org/\"", "url = \"estran.example.org\""),
    ("an address without a host", "url = \"https://estran.example.org/\"", "url = \"https:///\""),
    ("feeds that no browser fetches", "https://estran.example.org/feeds/", "ftp://estran.example.org/feeds/"),
    ("no language", "language = \"fr\"", "language = \"français\""),
    ("no time zone", "timezone = \"Europe/Paris\"", "timezone = \"Paris\""),
    ("no day", "tag_date = \"2026-01-01\"", "tag_date = \"2026-02-30\""),
    ("one page for all columns", "column_url = \"/chroniques/{slug}\"", "column_url = \"/chroniques\""),
    ("an unknown store", "sqlite:gazetier.db", "mysql://localhost/gazetier"),
    ("a store without a file", "sqlite:gazetier.db", "sqlite:"),
    ("an unknown source", "kind = \"markdown\"", "kind = \"word\""),
    (
        "a source within another",
        "path = \"columns\"\n",
        "path = \"columns\"\n[[sources]]\nkind = \"markdown\"\npath = \"./columns/2026\"\n",
    ),
    (
        "two sources of one name",
        "path = \"columns\"\n",
        "path = \"columns\"\nname = \"a\"\n[[sources]]\nkind = \"markdown\"\npath = \"b\"\nname = \"a\"\n",
    ),
    ("a source with a name of ours", "path = \"columns\"\n", "path = \"columns\"\nname = \"listing\"\n"),
    ("no slug", "slug = \"carnet\"", "slug = \"Carnet d’été\""),
    ("a slug of our own", "slug = \"carnet\"", "slug = \"archive\""),
    ("twins by slug", "slug = \"carnet\"", "slug = \"humeur\""),
    ("twins by label", "label = \"Carnet\"", "label = \"EDITO\""),
    ("no colour", "colour = \"#a8402f\"", "colour = \"rouge\""),
    ("a colour too short", "colour = \"#a8402f\"", "colour = \"#a84\""),
    ("feeds without columns", "items = 50", "items = 0"),
    ("no schedule", "schedule = \"Mon 07:30\"", "schedule = \"lundi 7h30\""),
    ("no length of time", "grace = \"7d\"", "grace = \"une semaine\""),
    ("nothing left of a standfirst", "standfirst_length = 330", "standfirst_length = 12"),
    ("a subject with an unknown placeholder", "subject = \"{lead}\"", "subject = \"{magazine} {week}\""),
    ("a proof for nobody", "# proof_at = \"Sun 18:00\"", "proof_at = \"Sun 18:00\""),
    ("no hour for the proof", "# proof_at = \"Sun 18:00\"", "proof_at = \"dimanche\""),
    ("a desk open to all", "listen = \"127.0.0.1:0\"", "listen = \"0.0.0.0:8381\""),
    (
        "an editor without an address",
        "# editors = [\"Maëlle Corvaisan <maelle@estran.example.org>\"]",
        "editors = [\"Maëlle\"]",
    ),
    ("an editor twice", "# editors = [", "editors = [\"M <MAELLE@estran.example.org>\", "),
    ("a colour of the theme", "[theme]\n", "[theme]\npaper = \"#ece7dd;\"\n"),
    ("ink that nobody can read", "[theme]\n", "[theme]\nink = \"#9aa0a6\"\n"),
    ("bylines that nobody can read", "[theme]\n", "[theme]\npaper = \"#7d8890\"\n"),
    ("an empty masthead", "[theme]\n", "[theme]\nmasthead = \"\"\n"),
    ("fonts in double quotes", "[theme]\n", "[theme]\nserif = '\"Iowan Old Style\", serif'\n"),
    ("no sender", "L’Estran <lettre@estran.example.org>", "L’Estran <lettre@estran>"),
    ("a sender with a header in it", "L’Estran <lettre@", "L’Estran\\r\\nBcc: <lettre@"),
    ("no room for the token", "lettre/quitter/\"", "lettre/quitter\""),
    ("a token that nobody reads", "lettre/quitter/\"", "lettre/quitter?lang=fr\""),
    ("leaving over http", "https://estran.example.org/lettre/quitter/", "http://estran.example.org/lettre/quitter/"),
    ("a sender beyond ASCII", "L’Estran <lettre@", "L’Estran <revue.été@"),
    ("bounces beyond ASCII", "retours@", "reçus@"),
    ("a separator that no mail server has", "# bounce_separator = \"-\"", "bounce_separator = \"_\""),
    ("no room for what bounces name", "retours@", "les-lettres-qui-nous-reviennent@"),
    ("no list", "list_id = \"lettre.estran.example.org\"", "list_id = \"lettre de l’estran\""),
    ("a relay in words", "url = \"file:outbox\"", "url = \"smtp.example.org\""),
    ("a relay that speaks HTTP", "url = \"file:outbox\"", "url = \"https://example.org/\""),
    ("a password in the file", "url = \"file:outbox\"", "url = \"smtps://lettre:secret@example.org\""),
    ("a user for a folder", "url = \"file:outbox\"", "url = \"file:outbox\"\nuser = \"lettre\""),
    ("a user without a password", "url = \"file:outbox\"", "url = \"smtps://example.org\"\nuser = \"lettre\""),
    (
        "a password without a user",
        "url = \"file:outbox\"",
        "url = \"smtps://example.org\"\npassword_env = \"RELAY_PASSWORD\"",
    ),
    (
        "a password that is not there",
        "url = \"file:outbox\"",
        "url = \"smtps://example.org\"\nuser = \"lettre\"\npassword_env = \"RELAY_PASSWORD\"",
    ),
    (
        "a password in the file that no key takes",
        "url = \"file:outbox\"",
        "url = \"smtps://example.org\"\nuser = \"lettre\"\npassword = \"hunter2\"",
    ),
    (
        "a token and a password",
        "url = \"file:outbox\"",
        "url = \"smtps://example.org\"\nuser = \"lettre\"\ntoken_command = \"x\"\npassword_env = \"PATH\"",
    ),
    ("a token for nobody", "url = \"file:outbox\"", "url = \"smtps://example.org\"\ntoken_command = \"x\""),
    (
        "TLS wanted and not wanted",
        "url = \"file:outbox\"",
        "url = \"smtp://example.org\"\nrequire_tls = true\ntls = \"opportunistic\"",
    ),
    ("TLS at once and perhaps", "url = \"file:outbox\"", "url = \"smtps://example.org\"\ntls = \"opportunistic\""),
    (
        "certificates that are not there",
        "url = \"file:outbox\"",
        "url = \"smtps://example.org\"\nca_file = \"nowhere.pem\"",
    ),
    ("certificates that are none", "url = \"file:outbox\"", "url = \"smtps://example.org\"\nca_file = \"config.toml\""),
    (
        "a certificate without its key",
        "url = \"file:outbox\"",
        "url = \"smtps://example.org\"\ncertificate = \"config.toml\"\ncertificate_key = \"config.toml\"",
    ),
    ("a relay without patience", "url = \"file:outbox\"", "url = \"file:outbox\"\ntimeout = \"0s\""),
];

#[test]
fn a_wrong_configuration_is_refused_in_words_and_nothing_is_made() {
    let mut told = String::new();
    for (what, from, to) in WRONG {
        let scene = Scene::sample().config(from, to);
        told += &refusal(&scene, what, &["run"]);
    }
    insta::assert_snapshot!("refusals", told);
}

#[test]
fn a_configuration_that_is_not_there_is_asked_for() {
    let scene = Scene::sample();
    insta::assert_snapshot!(
        refusal(&scene, "missing", &["--config", "elsewhere/magazine.toml", "publish"]),
        @r"
    # missing
    gazetier: cannot read elsewhere/magazine.toml: No such file or directory (os error 2); name the file with --config
    "
    );
}

#[test]
fn a_store_named_in_the_environment_is_checked_as_well() {
    let scene = Scene::sample();
    let outcome = scene.command(&["run"]).env("GAZETIER_STORE_URL", "oracle:x").output().expect("the program");
    assert_eq!(outcome.status.code(), Some(78));
    assert_eq!(
        String::from_utf8_lossy(&outcome.stderr),
        "gazetier: config.toml: store.url: write \"sqlite:FILE\" or \"postgres://USER@HOST/DATABASE\"\n"
    );
}

#[test]
fn an_instant_that_is_none_is_a_mistake_in_the_command() {
    let scene = Scene::sample();
    let outcome = scene.run(&["run", "--at", "nonsense"]);
    assert_eq!(
        (outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()),
        (
            2,
            "",
            "gazetier: --at: \"nonsense\" is no instant: write 2026-11-23T08:00, 2026-11-23, or \
             2026-11-23T08:00:00+01:00\n"
        )
    );
    assert_eq!(made(&scene), Vec::<String>::new());
}

#[test]
fn paths_are_beside_the_configuration_wherever_the_program_is_started() {
    let scene = Scene::sample();
    for name in ["config.toml", "subscribers.csv", "columns/2026-11-20-vue-mer-partielle.md"] {
        scene.put(&format!("house/{name}"), &scene.read(name));
    }
    std::fs::remove_dir_all(scene.path("columns")).expect("the columns");
    scene.ok(&["--config", "house/config.toml", "run", "--at", "2026-11-23T08:00"]);
    assert_eq!(made(&scene), Vec::<String>::new());
    assert!(scene.path("house/gazetier.db").is_file());
    assert_eq!(scene.files("house/feeds").len(), 15);
    assert_eq!(scene.files("house/outbox").len(), 2);
}

/// What the program says to a configuration: it must refuse it and make nothing.
fn refusal(scene: &Scene, what: &str, arguments: &[&str]) -> String {
    let outcome = scene.run(arguments);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (78, ""), "{what}: {outcome:?}");
    assert_eq!(made(scene), Vec::<String>::new(), "{what}");
    format!("# {what}\n{}", outcome.stderr)
}

/// What a run has made in the scene.
fn made(scene: &Scene) -> Vec<String> {
    let made = ["gazetier.db", "feeds", "outbox", "preview"];
    made.into_iter().filter(|name| scene.path(name).exists()).map(str::to_owned).collect()
}
