//! A configuration that cannot be used is refused before anything is made: each refusal names the
//! file, the key or line, and the way out.

mod bounds;
mod tables;

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
    ("a language without words", "language = \"fr\"", "language = \"it\""),
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
    (
        "an approval of what goes out at once",
        "schedule = \"Mon 07:30\"\n",
        "schedule = \"published\"\napproval = true\n",
    ),
    ("a newsletter without a name", "[desk]\n", "[[newsletters]]\nschedule = \"daily 18:00\"\n[desk]\n"),
    (
        "a newsletter of another domain",
        "[desk]\n",
        "[[newsletters]]\nname = \"carnet\"\nschedule = \"daily 18:00\"\nfrom = \"a@example.com\"\n[desk]\n",
    ),
    (
        "a newsletter of no rubrique",
        "[desk]\n",
        "[[newsletters]]\nname = \"carnet\"\nschedule = \"daily 18:00\"\nrubriques = [\"cuisine\"]\n[desk]\n",
    ),
    (
        "a newsletter named as a page",
        "[desk]\n",
        "[[newsletters]]\nname = \"archive\"\nschedule = \"daily 18:00\"\n[desk]\n",
    ),
    ("a rhythm that is none", "[desk]\n", "rhythms = [\"hourly\"]\n[desk]\n"),
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
    ("an edition that is late at once", "send_within = \"12h\"", "send_within = \"0\""),
    ("an edition without columns", "max_columns = 30", "max_columns = 0"),
    ("a feed of a rubrique without columns", "slug = \"carnet\"\n", "slug = \"carnet\"\nitems = 0\n"),
    ("a proof at the hour itself", "[desk]\n", "proof_at = \"Mon 07:30\"\n[desk]\neditors = [\"a@example.org\"]\n"),
    ("a proof after the hour", "[desk]\n", "proof_at = \"Mon 08:00\"\n[desk]\neditors = [\"a@example.org\"]\n"),
    ("a proof for a week to come", "[desk]\n", "proof_at = \"Tue 18:00\"\n[desk]\neditors = [\"a@example.org\"]\n"),
    ("feeds at home", "path = \"feeds\"", "path = \"~/feeds\""),
    ("feeds nowhere", "path = \"feeds\"", "path = \"\""),
    ("a store at home", "sqlite:gazetier.db", "sqlite:~/gazetier.db"),
    ("columns at somebody's home", "path = \"columns\"", "path = \"~claire/columns\""),
    ("subscribers at home", "file = \"subscribers.csv\"", "file = \"~/subscribers.csv\""),
    ("letters at home", "url = \"file:outbox\"", "url = \"file:~/outbox\""),
    ("what comes back at home", "[theme]\n", "[bounces]\nmaildir = \"~/Maildir\"\n[theme]\n"),
    ("a key at home", "[theme]\n", "[[dkim]]\nselector = \"a\"\nkey = \"~/dkim.pem\"\n[theme]\n"),
    ("certificates at home", "url = \"file:outbox\"", "url = \"smtps://example.org\"\nca_file = \"~/ca.pem\""),
    ("a socket at home", "listen = \"127.0.0.1:0\"", "listen = \"unix:~/desk.sock\""),
    (
        "a magazine with a query",
        "url = \"https://estran.example.org/\"",
        "url = \"https://estran.example.org/?lang=fr\"",
    ),
    (
        "a magazine with a fragment",
        "url = \"https://estran.example.org/\"",
        "url = \"https://estran.example.org/#haut\"",
    ),
    ("feeds with a query", "https://estran.example.org/feeds/", "https://estran.example.org/feeds?v=2"),
    ("feeds with a fragment", "https://estran.example.org/feeds/", "https://estran.example.org/feeds/#rss"),
    ("a form with a query", "[digest]\n", "[web]\nurl = \"https://estran.example.org/lettre?x\"\n[digest]\n"),
    ("a desk with a fragment", "[desk]\n", "[desk]\nurl = \"https://desk.example.org/#a\"\n"),
    ("an archive with a query", "[letters]\n", "[letters]\narchive_url = \"https://estran.example.org/a?b\"\n"),
    ("leaving by a fragment", "lettre/quitter/\"", "lettre/#quitter/\""),
    ("a relay with a path", "url = \"file:outbox\"", "url = \"smtps://example.org/lettres\""),
    ("a relay with a query", "url = \"file:outbox\"", "url = \"smtps://example.org?tls=no\""),
    ("a selection of everything", "[digest]\n", "[[feeds.selections]]\nslug = \"a\"\ntitle = \"A\"\n[digest]\n"),
    (
        "a selection of a rubrique that is none",
        "[digest]\n",
        "[[feeds.selections]]\nslug = \"a\"\ntitle = \"A\"\nrubriques = [\"large\"]\n[digest]\n",
    ),
    (
        "a selection by no word",
        "[digest]\n",
        "[[feeds.selections]]\nslug = \"a\"\ntitle = \"A\"\nwords = [\"…\"]\n[digest]\n",
    ),
    (
        "a rubrique where the feeds of tags are",
        "slug = \"carnet\"\nlabel = \"Carnet\"\ndescription = \"Notes prises à marée basse\"\ncolour = \"#5d6b2f\"\n# formerly = [\"Billet\"]     # labels or slugs that it had: readers and columns follow\n\n[feeds]\n",
        "slug = \"tag\"\nlabel = \"Carnet\"\n[feeds]\ntags = true\n",
    ),
    (
        "a podcast that Apple has no place for",
        "[digest]\n",
        "[feeds.podcast]\nfeeds = [\"\"]\nimage = \"https://a.example/\"\ncategory = \"Mer\"\n[digest]\n",
    ),
    (
        "a podcast of a feed that is not there",
        "[digest]\n",
        "[feeds.podcast]\nfeeds = [\"tag/a\"]\nimage = \"https://a.example/\"\ncategory = \"Arts\"\n[digest]\n",
    ),
    ("an icon that is no address", "rights = ", "icon = \"icon.png\"\nrights = "),
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

/// A misspelt key is told in whatever table it stands: otherwise `requiretls = true` would pass, and mean nothing.
#[test]
fn a_key_that_nobody_knows_is_refused_in_every_table() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/configuration.md");
    let reference = std::fs::read_to_string(path).expect("the reference");
    let headings = reference.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`'));
    let tables: Vec<&str> = headings.filter(|heading| heading.starts_with('[')).collect();
    assert!(tables.len() >= 30, "{tables:?}");
    for table in tables {
        let scene = Scene::sample();
        let parent = if table == "[[relays.limits]]" { "\n[[relays]]" } else { "" };
        let (text, heading) = (scene.read("config.toml"), format!("{parent}\n{table}\n"));
        let with_key = format!("{heading}nobody_knows = 1\n");
        let is_there = text.contains(&heading);
        scene.put("config.toml", &if is_there { text.replacen(&heading, &with_key, 1) } else { text + &with_key });
        let told = refusal(&scene, table, &["digest", "status"]);
        assert!(told.contains("nobody_knows"), "{told}");
    }
}

/// The configuration may stand in a log, or in the words of a panic: what is secret in it must not.
#[test]
fn no_password_stands_in_what_is_printed_of_a_configuration() {
    const SECRET: &str = "dindonneau93";
    let scene = Scene::sample()
        .write("secret", SECRET)
        .config("url = \"sqlite:gazetier.db\"", &format!("url = \"postgres://estran:{SECRET}@127.0.0.1/estran\""))
        .config(
            "url = \"file:outbox\"",
            "url = \"smtps://example.org\"\nuser = \"lettre\"\npassword_file = \"secret\"",
        );
    let sources = [
        format!("kind = \"ghost\"\nurl = \"https://b.example/\"\nkey = \"{SECRET}\""),
        format!("kind = \"feed\"\nurl = \"https://u:{SECRET}@c.example/feed\""),
        "kind = \"sql\"\nurl = \"mysql://u@127.0.0.1/d\"\ntable = \"t\"\npassword_file = \"secret\"".to_owned(),
    ];
    let sources: String = sources.iter().map(|source| format!("[[sources]]\n{source}\n")).collect();
    scene.put("config.toml", &(scene.read("config.toml") + "\n" + &sources));
    let config = gazetier::config::Config::load(&scene.path("config.toml")).expect("a configuration");
    let printed = format!("{config:?}");
    assert!(!printed.contains(SECRET), "{printed}");
    assert!(printed.matches("(secret)").count() >= 4, "{printed}");
}

#[test]
fn a_configuration_that_is_not_there_is_asked_for() {
    let scene = Scene::sample();
    insta::assert_snapshot!(
        refusal(&scene, "missing", &["--config", "elsewhere/magazine.toml", "publish"]),
        @r"
    # missing
    gazetier: cannot read elsewhere/magazine.toml: No such file or directory (os error 2); name the file with --config, or make one with `gazetier init`
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
             2026-11-23T08:00+01:00\n"
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
