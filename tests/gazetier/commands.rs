//! The commands as a user or a script meets them: what they print, and how they end.

use std::fs;

use crate::support::{MONDAY, Outcome, SILENCE, Scene, column};

fn told(code: i32, stderr: &str) -> Outcome {
    Outcome { code, stdout: String::new(), stderr: stderr.to_owned() }
}

#[test]
fn help_says_what_there_is() {
    let scene = Scene::empty();
    let help = |arguments: &[&str]| {
        let mut command = scene.command(arguments);
        let output = command.env_remove("COLUMNS").env_remove("GAZETIER_FUTURE").output().expect("the program");
        assert_eq!(Outcome::from(output.clone()).code, 0, "{arguments:?}");
        format!("$ gazetier {}\n{}", arguments.join(" "), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    let pages = [
        help(&["--help"]),
        help(&["digest", "--help"]),
        help(&["digest", "preview", "--help"]),
        help(&["digest", "send", "--help"]),
        help(&["digest", "redate", "--help"]),
        help(&["subscribers", "--help"]),
        help(&["import", "--help"]),
    ];
    insta::assert_snapshot!("help", pages.join("\n"));
    assert_eq!(scene.ok(&["--version"]), format!("gazetier {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(scene.files(""), ["config.toml", "subscribers.csv"], "help makes nothing");
}

#[test]
fn subscribers_are_read_whatever_their_header() {
    for header in [
        "email,name,rubriques",
        "\u{feff}E-Mail, Nom ,Rubrique",
        "ADRESSE,NAME,rubriques",
        "courriel,nom,Rubriques",
        "Address,Name,Rubriques",
    ] {
        let scene = Scene::empty();
        scene.put(
            "list.csv",
            &format!(
                "{header}\nzoe@Example.org,\"Zoé, dite \"\"Zo\"\"\",\"Édito; HUMEUR\"\n  yann@müller.example  ,,\n"
            ),
        );
        assert_eq!(
            scene.ok(&["subscribers", "import", "list.csv"]),
            "list.csv: 2 active, 0 left, 0 bounced, 0 refused\n2 added, 0 known already, 0 suppressed and left alone, 0 refused\n",
            "{header}"
        );
        assert_eq!(
            scene.ok(&["subscribers", "list"]),
            "zoe@example.org\tactive\tedito,humeur\tZoé, dite \"Zo\"\nyann@xn--mller-kva.example\tactive\t*\t\n",
            "{header}"
        );
    }
    // The columns may stand in any order, among others.
    let scene = Scene::empty();
    scene.put("list.csv", "id,rubriques,pays,email\r\n1,carnet,FR,a@example.org\r\n2\r\n3,,FR,b@example.org,more\r\n");
    let import = ["subscribers", "import", "list.csv", "--skip-bad"];
    assert_eq!(scene.run(&import).stderr, "gazetier: list.csv:3: it has no address\n");
    assert_eq!(scene.ok(&["subscribers", "list"]), "a@example.org\tactive\tcarnet\t\nb@example.org\tactive\t*\t\n");
}

#[test]
fn each_line_that_is_wrong_is_told_and_the_others_are_taken_if_asked() {
    let scene = Scene::empty();
    scene.put(
        "list.csv",
        "email,name,rubriques\n\
         good@example.org,\"Two\nlines\",\n\
         \n\
         nobody,,\n\
         a@b.fr,,cuisine\n\
         GOOD@example.org,Twice,\n\
         ,Without,edito\n\
         \"evil@example.org\nBcc: victim@example.org\",,\n\
         last@example.org,,humeur;edito;humeur\n",
    );
    let outcome = scene.run(&["subscribers", "import", "list.csv"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (65, ""));
    let last = "gazetier: 4 lines are wrong, nothing was changed: mend them, or take the others with --skip-bad\n";
    assert!(outcome.stderr.ends_with(last), "{outcome:?}");
    assert_eq!(scene.ok(&["subscribers", "list"]), "");
    let outcome = scene.run(&["subscribers", "import", "list.csv", "--skip-bad"]);
    insta::assert_snapshot!(
        "refused_lines",
        format!("code {}\n\n{}\n{}", outcome.code, outcome.stdout, outcome.stderr)
    );
    assert_eq!(
        scene.ok(&["subscribers", "list"]),
        "good@example.org\tactive\t*\tTwo lines\nlast@example.org\tactive\tedito,humeur\t\n"
    );
}

#[test]
fn who_is_known_or_suppressed_is_left_alone() {
    let scene = Scene::empty();
    scene.put("list.csv", "email,name,rubriques\na@example.org,A,edito\nb@example.org,B,\n");
    let import = ["subscribers", "import", "list.csv", "--at", MONDAY];
    scene.ok(&import);
    scene.put("list.csv", "email,name,rubriques\nA@EXAMPLE.org,Other,carnet\nb@example.org,,\nc@example.org,,\n");
    assert_eq!(
        scene.ok(&import),
        "list.csv: 3 active, 0 left, 0 bounced, 0 refused\n1 added, 2 known already, 0 suppressed and left alone, 0 refused\n"
    );
    assert_eq!(
        scene.sql(
            "INSERT INTO suppressions (address_hash, reason, suppressed_at) \
             SELECT address_hash, 'complaint', 0 FROM subscribers WHERE address = 'c@example.org'"
        ),
        1
    );
    assert_eq!(scene.sql("DELETE FROM subscribers WHERE address = 'c@example.org'"), 1);
    assert_eq!(scene.sql("UPDATE subscriptions SET state = 'unsubscribed' WHERE subscriber_id = (SELECT id FROM subscribers WHERE address = 'b@example.org')"), 1);
    assert_eq!(
        scene.ok(&import),
        "list.csv: 3 active, 0 left, 0 bounced, 0 refused\n0 added, 2 known already (1 of them unsubscribed), 1 suppressed and left alone, 0 refused\n"
    );
    insta::assert_snapshot!("subscribers_json", scene.ok(&["subscribers", "list", "--json"]));
}

#[test]
fn a_file_that_is_no_list_is_refused_whole() {
    let scene = Scene::empty();
    fs::write(scene.path("macintosh.csv"), b"email,name\na@example.org,Zo\x8e\x8f\n").expect("a file");
    scene.put("columns.csv", "name,age\na@example.org,12\n");
    scene.put("empty.csv", "");
    let header = "no column is headed \"email\": write a header such as email,name,rubriques\n";
    for (file, message) in [
        ("macintosh.csv", "macintosh.csv: not UTF-8 at byte 27: save it as UTF-8\n".to_owned()),
        ("columns.csv", format!("columns.csv:1: {header}")),
        ("empty.csv", format!("empty.csv:1: {header}")),
        ("missing.csv", "cannot read missing.csv: No such file or directory (os error 2)\n".to_owned()),
    ] {
        let outcome = scene.run(&["subscribers", "import", file]);
        assert_eq!(outcome, told(65, &format!("gazetier: {message}")), "{file}");
    }
    assert_eq!(scene.ok(&["subscribers", "list"]), "");
    assert_eq!(scene.ok(&["subscribers", "list", "--json"]), "[]\n");
}

#[test]
fn a_status_for_scripts() {
    let scene = Scene::sample();
    assert_eq!(scene.ok(&["digest", "status", "--json"]), "[]\n");
    scene.ok(&["run", "--at", MONDAY]);
    insta::assert_snapshot!("status_json", scene.ok(&["digest", "status", "--json"]));
}

#[test]
fn a_run_with_nothing_to_say_says_nothing() {
    for scene in [Scene::sample(), Scene::sample().on_postgres()] {
        for at in [MONDAY, MONDAY, "2026-11-23T08:10", "2026-11-29T23:00"] {
            assert_eq!(scene.run(&["run", "--at", at]), SILENCE, "at {at}");
        }
    }
}

#[test]
fn a_step_that_fails_does_not_keep_the_others_from_their_work() {
    let scene = Scene::sample().write("columns/broken.md", "---\ntitle: x\n---\n");
    scene.put("feeds", "a file stands where the folder should be");
    let outcome = scene.run(&["run", "--at", MONDAY]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (65, ""), "the first failure gives the code: {outcome:?}");
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert!(lines[0].starts_with("gazetier: columns/broken.md: "), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("gazetier: cannot write feeds")), "{lines:?}");
    assert_eq!(scene.files("outbox").len(), 3, "the digest is sent all the same");
}

#[test]
fn a_command_line_without_sense_ends_with_2() {
    let scene = Scene::sample();
    for arguments in [
        &["--nonsense"][..],
        &["digest"],
        &["digest", "send", "--now"],
        &["subscribers", "import"],
        &["import", "a.txt", "--newest", "2026-11-20"],
        &[],
    ] {
        let outcome = scene.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(outcome.stderr.contains("Usage: gazetier"), "{outcome:?}");
    }
    assert_eq!(
        scene.run(&["run", "--at", "yesterday"]),
        told(
            2,
            "gazetier: --at: \"yesterday\" is no instant: write 2026-11-23T08:00, 2026-11-23, or \
             2026-11-23T08:00+01:00\n"
        )
    );
    assert_eq!(scene.files("feeds"), [""; 0]);
}

#[test]
fn a_store_that_cannot_be_opened_ends_with_69_and_tells_no_secret() {
    let scene = Scene::sample();
    let url = "postgres://gazetier:hush@127.0.0.1:1/gazetier";
    let outcome: Outcome = scene.command(&["run"]).env("GAZETIER_STORE_URL", url).output().expect("the program").into();
    let expected = "gazetier: cannot open the store (postgres at 127.0.0.1:1): connection refused\n";
    assert_eq!(outcome, told(69, expected));

    let scene = scene.config("sqlite:gazetier.db", "sqlite:missing/gazetier.db");
    let outcome = scene.run(&["digest", "status"]);
    let expected = "gazetier: cannot make the store (missing/gazetier.db): No such file or directory (os error 2): \
                    make its folder first\n";
    assert_eq!(outcome, told(69, expected));
}

#[test]
fn what_cannot_be_written_ends_with_73_and_the_letters_wait() {
    let scene = Scene::sample();
    scene.put("outbox", "a file stands where the folder should be");
    let outcome = scene.run(&["run", "--at", MONDAY]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (73, ""));
    assert!(outcome.stderr.starts_with("gazetier: cannot write outbox: "), "{outcome:?}");
    assert!(outcome.stderr.ends_with("; the letters wait in the ledger, run again\n"), "{outcome:?}");
    let (states, _) = scene.letters();
    assert_eq!(states.into_iter().collect::<Vec<_>>(), [("queued".to_owned(), 3)]);
    fs::remove_file(scene.path("outbox")).expect("a file");
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    assert_eq!(scene.files("outbox").len(), 3);

    let outcome = scene.run(&["digest", "preview", "--at", "2026-11-29", "--folder", "config.toml"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (73, ""), "{outcome:?}");
    fs::remove_dir_all(scene.path("feeds")).expect("a folder");
    scene.put("feeds", "a file stands where the folder should be");
    let outcome = scene.run(&["publish", "--at", MONDAY]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (73, ""), "{outcome:?}");
}

#[test]
fn a_configuration_without_sense_ends_with_78() {
    let scene = Scene::sample().config("[digest]", "[digest]\nschedul = \"Mon 07:30\"");
    let outcome = scene.run(&["run"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (78, ""));
    assert!(outcome.stderr.starts_with("gazetier: config.toml: "), "{outcome:?}");
    assert!(outcome.stderr.contains("unknown field `schedul`"), "{outcome:?}");
    assert_eq!(
        scene.run(&["run", "--config", "other.toml"]),
        told(
            78,
            "gazetier: cannot read other.toml: No such file or directory (os error 2); name the file with --config, or \
             make one with `gazetier init`\n"
        )
    );
    assert!(!scene.path("gazetier.db").exists());
}

#[test]
fn a_configuration_elsewhere_takes_its_folders_with_it() {
    let scene = Scene::empty();
    for file in ["config.toml", "subscribers.csv"] {
        scene.put(&format!("press/{file}"), &scene.read(file));
    }
    scene.put("press/columns/a.md", &column("A", "edito", "2026-11-20"));
    scene.put("press/subscribers.csv", "email\na@example.org\n");
    let output = scene.command(&["run", "--at", MONDAY]).env("GAZETIER_CONFIG", "press/config.toml").output();
    assert_eq!(Outcome::from(output.expect("the program")), SILENCE);
    assert_eq!(scene.posted_in("press/outbox"), ["2026-W47 a@example.org"]);
    assert!(scene.path("press/gazetier.db").exists() && !scene.path("gazetier.db").exists());
}
