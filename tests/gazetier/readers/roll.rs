//! The list of subscribers, by hand and from files: what it takes, what it leaves alone.

use std::io::Write;

use crate::support::{MONDAY, Outcome, Scene};

fn import(scene: &Scene, more: &[&str]) -> Outcome {
    scene.run(&[&["subscribers", "import", "list.csv", "--at", MONDAY], more].concat())
}

fn told(code: i32, stdout: &str, stderr: &str) -> Outcome {
    Outcome { code, stdout: stdout.to_owned(), stderr: stderr.to_owned() }
}

#[test]
fn a_list_is_read_however_it_is_laid_out() {
    let expected = "zoe@example.org\tactive\tedito,humeur\tZoé, dite Zo\nyann@example.org\tactive\t*\t\n";
    for (text, arguments) in [
        ("email;name;rubriques\nzoe@example.org;Zoé, dite Zo;Édito,Humeur\nyann@example.org;;\n", &[][..]),
        ("email\tname\trubriques\nzoe@example.org\tZoé, dite Zo\tedito|humeur\nyann@example.org\n", &[]),
        (
            "\u{feff}email|name|rubriques\r\nzoe@example.org|Zoé, dite Zo|edito; humeur\r\n\r\nyann@example.org||\r\n",
            &[],
        ),
        (
            "\"a;b;c;d\",email,name,rubriques\n1,zoe@example.org,\"Zoé, dite Zo\",edito;humeur\n2,yann@example.org\n",
            &[],
        ),
        (
            "Contact,Prénom,Sujets,E-mail\nzoe@example.org,\"Zoé, dite Zo\",edito;humeur,x\nyann@example.org,,,\n",
            &["--map", "email=CONTACT", "--map", "name=prenom", "--map", "rubriques=Sujets"],
        ),
        (
            "email_name;x^email^name^rubriques\n1^zoe@example.org^Zoé, dite Zo^edito;humeur\n2^yann@example.org\n",
            &["--delimiter", "^"],
        ),
    ] {
        let scene = Scene::empty();
        scene.put("list.csv", text);
        let outcome = import(&scene, arguments);
        assert_eq!(
            outcome,
            told(
                0,
                "list.csv: 2 active, 0 left, 0 bounced, 0 refused\n2 added, 0 known already, 0 suppressed and left alone, 0 refused\n",
                ""
            ),
            "{text}"
        );
        assert_eq!(scene.ok(&["subscribers", "list"]), expected, "{text}");
    }
    let scene = Scene::empty();
    scene.put("list.csv", "email,name\n");
    let fields = "write FIELD=HEADING, where FIELD is one of email, name, given_name, family_name, rubriques, language, rhythm, \
                  paused, letter_hour, one_a_day, state, reason, since, joined, returned, suppressed, consent, consent_way, consent_asked, consent_asked_from, \
                  consent_confirmed, consent_confirmed_from, earlier_consents, tags, lists";
    for (arguments, code, message) in [
        (
            &["--map", "email=Courrier"][..],
            65,
            "list.csv:1: no column is headed \"Courrier\": there are email, name".to_owned(),
        ),
        (&["--map", "mail=x"], 2, format!("--map: \"mail=x\": {fields}")),
        (&["--map", "email"], 2, format!("--map: \"email\": {fields}")),
        (&["--delimiter", "::"], 2, "--delimiter: \"::\": write one character such as ; or tab".to_owned()),
    ] {
        assert_eq!(import(&scene, arguments), told(code, "", &format!("gazetier: {message}\n")), "{arguments:?}");
    }
}

#[test]
fn a_dry_run_says_what_would_come_of_it() {
    for scene in [Scene::empty(), Scene::empty().on_postgres()] {
        scene.put("list.csv", "email\nknown@example.org\nleft@example.org\nsuppressed@example.org\n");
        import(&scene, &[]);
        scene.sql("UPDATE subscriptions SET state = 'unsubscribed' WHERE subscriber_id = (SELECT id FROM subscribers WHERE address = 'left@example.org')");
        scene.sql(
            "INSERT INTO suppressions (address_hash, reason, suppressed_at) \
             SELECT address_hash, 'complaint', 0 FROM subscribers WHERE address = 'suppressed@example.org'",
        );
        scene.put(
            "list.csv",
            "email,name\nnew@example.org,N\nNEW@example.org,twice\nKnown@example.org,K\nleft@example.org,\nsuppressed@example.org,\nnobody,\n",
        );
        let before = scene.ok(&["subscribers", "list"]);
        let words = "list.csv: 4 active, 0 left, 0 bounced, 1 refused\n1 added, 3 known already (1 of them unsubscribed), 1 suppressed and left alone, 1 refused";
        let refused = "gazetier: list.csv:7: \"nobody\" is no e-mail address: it has no @\n";
        assert_eq!(
            import(&scene, &["--dry-run"]),
            told(65, &format!("{words}: nothing was changed, this was a dry run\n"), refused)
        );
        assert_eq!(scene.ok(&["subscribers", "list"]), before);
        assert_eq!(import(&scene, &["--skip-bad"]), told(65, &format!("{words}\n"), refused));
        let list = scene.ok(&["subscribers", "list"]);
        assert!(
            list.contains("left@example.org\tunsubscribed") && list.contains("new@example.org\tactive\t*\tN\n"),
            "{list}"
        );
        // Told so, it brings back who had left or was suppressed.
        assert_eq!(
            import(&scene, &["--skip-bad", "--revive"]).stdout,
            "list.csv: 4 active, 0 left, 0 bounced, 1 refused\n0 added, 3 known already, 2 brought back, 0 suppressed and left alone, 1 refused\n"
        );
        assert!(scene.ok(&["subscribers", "list"]).contains("left@example.org\tactive"));
        assert_eq!(scene.sql("DELETE FROM suppressions"), 0);
    }
}

#[test]
fn one_is_added_removed_and_erased_by_hand() {
    let scene = Scene::empty();
    let run = |arguments: &[&str]| scene.run(&[&["subscribers"], arguments, &["--at", MONDAY]].concat());
    let said = |text: &str| told(0, &format!("{text}\n"), "");
    let add = ["add", "Zoe@Example.org", "--name", "Zoé\r\nBcc: x", "--rubriques", "Édito,humeur"];
    assert_eq!(run(&add), said("Zoe@example.org is subscribed"));
    assert_eq!(scene.ok(&["subscribers", "list"]), "Zoe@example.org\tactive\tedito,humeur\tZoé Bcc: x\n");
    assert_eq!(run(&["add", "zoe@example.org"]), said("zoe@example.org is subscribed already, and stays as it is"));
    assert_eq!(run(&["remove", "ZOE@example.org"]), said("Zoe@example.org is unsubscribed"));
    assert_eq!(run(&["remove", "zoe@example.org"]), said("Zoe@example.org had left already"));
    let alone = "and was left alone: if it is the reader's own wish, say --revive\n";
    assert_eq!(run(&["add", "zoe@example.org"]), told(65, "", &format!("gazetier: zoe@example.org has left {alone}")));
    assert_eq!(run(&["add", "zoe@example.org", "--revive"]), said("zoe@example.org is subscribed again"));
    assert_eq!(
        run(&["erase", "zoe@example.org"]),
        said("Zoe@example.org is erased, and no list adds the address again")
    );
    assert_eq!(
        run(&["add", "zoe@example.org"]),
        told(65, "", &format!("gazetier: zoe@example.org is suppressed {alone}"))
    );
    assert_eq!(run(&["erase", "zoe@example.org"]), told(65, "", "gazetier: zoe@example.org is not on the list\n"));
    assert_eq!(run(&["remove", "zoe@example.org"]), told(65, "", "gazetier: zoe@example.org is not on the list\n"));
    assert_eq!(run(&["add", "zoe"]).code, 2);
    assert_eq!(run(&["add", "a@example.org", "--rubriques", "cuisine"]).code, 2);
    assert_eq!(scene.ok(&["subscribers", "list", "--json"]), "[]\n");
}

#[test]
fn what_is_exported_can_be_imported_again() {
    let scene = Scene::sample();
    scene.ok(&["subscribers", "import", "subscribers.csv", "--at", MONDAY]);
    scene.ok(&["subscribers", "add", "formula@example.org", "--name", "=HYPERLINK(\"x\")", "--at", MONDAY]);
    scene.sql("UPDATE subscriptions SET state = 'unsubscribed' WHERE subscriber_id = 1");
    let csv = scene.ok(&["subscribers", "export"]);
    assert_eq!(
        csv,
        "email,name,rubriques,language,rhythm,paused,letter_hour,one_a_day,state,reason,since,joined,returned,suppressed,consent,consent_way,\
         consent_asked,consent_asked_from,consent_confirmed,consent_confirmed_from,earlier_consents\n\
         alix@example.org,Alix Le Goff,,,,,,,unsubscribed,,JOINED,,,,,,,,\n\
         sterenn@example.org,Sterenn Daoudal,edito;humeur,,,,,,active,,JOINED,,,,,,,,\n\
         loic@example.org,Loïc Ménardeau-Frécot,carnet,,,,,,active,,JOINED,,,,,,,,\n\
         formula@example.org,\"'=HYPERLINK(\"\"x\"\")\",,,,,,,active,,JOINED,,,,,,,,\n"
            .replace("JOINED", "2026-11-23T07:00:00Z,2026-11-23T07:00:00Z,2026-11-23T07:00:00Z")
    );
    scene.ok(&["subscribers", "export", "--state", "active", "--output", "list.csv"]);
    assert_eq!(scene.read("list.csv").lines().count(), 4);
    let other = Scene::empty();
    other.put("list.csv", &scene.read("list.csv"));
    assert_eq!(import(&other, &[]).code, 0);
    assert!(
        other.ok(&["subscribers", "list"]).starts_with("sterenn@example.org\tactive\tedito,humeur\tSterenn Daoudal\n")
    );
    assert_eq!(scene.run(&["subscribers", "export", "--output", "missing/list.csv"]).code, 73);
    assert_eq!(scene.run(&["subscribers", "export", "--state", "pending"]).code, 2);
}

#[test]
fn a_long_list_comes_by_standard_input_and_its_refusals_are_not_all_told() {
    let scene = Scene::empty();
    let mut list = String::from("email\n");
    for n in 0..5_000 {
        list.push_str(&format!("a{n}@example.org\n"));
        if n % 50 == 0 {
            list.push_str("\r\n\n,wrong\n");
        }
    }
    let mut command = scene.command(&["subscribers", "import", "-", "--skip-bad"]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program");
    child.stdin.take().expect("its input").write_all(list.as_bytes()).expect("a list");
    let outcome = Outcome::from(child.wait_with_output().expect("the program"));
    assert_eq!(
        outcome.stdout,
        "-: 5000 active, 0 left, 0 bounced, 100 refused\n5000 added, 0 known already, 0 suppressed and left alone, 100 refused\n"
    );
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[50]), (51, "gazetier: -:5: it has no address", "gazetier: … and 50 more"));
    assert_eq!(lines[1], "gazetier: -:58: it has no address", "empty lines count");
    assert_eq!(scene.ok(&["subscribers", "list"]).lines().count(), 5_000);
    let json: serde_json::Value = serde_json::from_str(&scene.ok(&["subscribers", "list", "--json"])).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(5_000));
}
