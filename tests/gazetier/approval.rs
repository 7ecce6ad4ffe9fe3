//! What editors decide: nothing goes out that wants an approval and has none, what is approved is
//! what is sent, and what is held stays until somebody lets it go. And what would break is found
//! before.

use chrono::Duration;
use gazetier::{
    model::{Changes, ColumnId, EditionKey, EditionState, Note, NoteKind, Period},
    store::{Freeze, NewEdition, Noted},
};

use crate::{
    store::{House, at, digest, draft, now, on_both},
    support::{MONDAY, Outcome, SILENCE, Scene, column},
};

on_both! {
    of_two_editors_at_once_one_is_told,
    a_note_that_comes_while_an_edition_is_drawn_up_counts,
}

fn careful() -> Scene {
    Scene::empty()
        .config("# approval = true", "approval = true")
        .write("subscribers.csv", "email\na@example.org\n")
        .write("columns/a.md", &column("Une marée", "edito", "2026-11-18"))
        .write("columns/b.md", &column("Un banc", "carnet", "2026-11-19"))
}

fn told(stderr: &str) -> Outcome {
    Outcome { code: 0, stdout: String::new(), stderr: stderr.to_owned() }
}

fn status(scene: &Scene, at: &str) -> String {
    scene.ok(&["digest", "status", "--at", at])
}

#[test]
fn without_an_approval_nothing_is_sent_and_somebody_is_told_once() {
    for scene in [careful(), careful().on_postgres()] {
        scene.ok(&["sync", "--at", "2026-11-20"]);
        assert_eq!(status(&scene, "2026-11-22"), "2026-W47 (n° 1) draft: 2 columns, due at 2026-11-23 07:30\n");
        assert_eq!(
            scene.run(&["run", "--at", MONDAY]),
            told(
                "gazetier: 2026-W47: its hour has come and nobody has approved it: it is not sent; \
                 approve it with `gazetier digest approve 2026-W47`\n"
            )
        );
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T08:10"]), SILENCE);
        assert_eq!(scene.files("outbox"), [""; 0]);
        // Who asks is told each time.
        assert!(scene.run(&["digest", "send", "--at", "2026-11-23T08:20"]).stderr.contains("nobody has approved it"));

        // Two days later somebody does: that is a word, and nothing is too late.
        let approve = ["digest", "approve", "--by", "Maëlle", "--at", "2026-11-25T10:00"];
        assert_eq!(scene.ok(&approve), "2026-W47: approved\n");
        assert_eq!(
            status(&scene, "2026-11-25T10:05"),
            "2026-W47 (n° 1) approved: 2 columns, due at 2026-11-23 07:30\n  approved by Maëlle, 2026-11-25 10:00\n"
        );
        assert_eq!(scene.run(&["run", "--at", "2026-11-25T10:10"]), SILENCE);
        assert_eq!(scene.posted(), ["2026-W47 a@example.org"]);
        let status = status(&scene, "2026-11-25T10:20");
        let sent = "2026-W47 (n° 1) sent: 1 of 1 letters sent\n  approved by Maëlle, 2026-11-25 10:00\n\
                    2026-W48 (n° 2) empty: 0 columns, due at 2026-11-30 07:30\n";
        assert_eq!(status, sent);
    }
}

#[test]
fn an_approval_falls_when_the_content_changes() {
    let scene = careful();
    scene.ok(&["sync", "--at", "2026-11-20"]);
    scene.ok(&["digest", "approve", "--by", "Maëlle", "--at", "2026-11-22T18:00"]);
    assert_eq!(scene.run(&["run", "--at", "2026-11-22T18:10"]), SILENCE);
    // A typo is mended: readers would see something that nobody has approved.
    scene.put("columns/a.md", &scene.read("columns/a.md").replace("Chapô de", "Le chapô de"));
    let fallen = "gazetier: 2026-W47: it has changed since Maëlle approved it at 2026-11-22 18:00; \
                  approve it again with `gazetier digest approve 2026-W47`\n";
    assert_eq!(scene.run(&["run", "--at", "2026-11-22T18:20"]), told(fallen));
    assert_eq!(scene.run(&["run", "--at", "2026-11-22T18:30"]), SILENCE);
    assert_eq!(
        status(&scene, "2026-11-22T19:00"),
        "2026-W47 (n° 1) draft: 2 columns, due at 2026-11-23 07:30\n  \
         changed since Maëlle approved it, 2026-11-22 18:00: to be approved again\n"
    );
    let json = scene.ok(&["digest", "status", "--json", "--at", "2026-11-22T19:00"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let decided = serde_json::json!({ "what": "fallen", "who": "Maëlle", "at": "2026-11-22T18:00:00+01:00" });
    assert_eq!((&json[0]["decided"], json[0]["state"].as_str()), (&decided, Some("draft")));
    assert_eq!(json[0]["coming"]["due"].as_str(), Some("2026-11-23T07:30:00+01:00"));
    let unsent = scene.run(&["run", "--at", MONDAY]);
    assert!(unsent.stderr.contains("it has changed since Maëlle approved it"), "{unsent:?}");
    assert_eq!(scene.files("outbox"), [""; 0]);
    // What was approved comes back: so does the approval.
    scene.put("columns/a.md", &scene.read("columns/a.md").replace("Le chapô de", "Chapô de"));
    assert_eq!(scene.run(&["run", "--at", "2026-11-23T08:10"]), SILENCE);
    assert_eq!(scene.posted(), ["2026-W47 a@example.org"]);
}

/// The subjects of the letters to one person in the outbox, and to whom.
pub fn service_letters(scene: &Scene) -> Vec<(String, String)> {
    let names = scene.files("outbox").into_iter().filter(|name| name.starts_with("service."));
    let letters = names.map(|name| {
        let text = scene.read(&format!("outbox/{name}"));
        let letter = mail_parser::MessageParser::default().parse(&text).expect("a letter");
        let to = letter.to().and_then(|to| to.first()).and_then(|to| to.address()).expect("an address").to_owned();
        (to, letter.subject().expect("a subject").to_owned())
    });
    let mut letters: Vec<(String, String)> = letters.collect();
    letters.sort();
    letters
}

#[test]
fn editors_get_the_proof_at_its_hour_and_each_notice_once() {
    for scene in [careful(), careful().on_postgres()] {
        let scene = scene
            .config("# proof_at = \"Sun 18:00\"", "proof_at = \"Sun 18:00\"")
            .config("# editors = [", "editors = [\"yann@estran.example.org\", ");
        let run = |at: &str| scene.run(&["run", "--at", at]).stderr;
        let (maelle, yann) = ("maelle@estran.example.org".to_owned(), "yann@estran.example.org".to_owned());
        let both = |subject: &str| vec![(maelle.clone(), subject.to_owned()), (yann.clone(), subject.to_owned())];
        assert_eq!(run("2026-11-22T17:50"), "");
        assert_eq!(service_letters(&scene), []);
        for at in ["2026-11-22T18:00", "2026-11-22T18:10", "2026-11-22T23:00"] {
            assert_eq!(run(at), "");
            assert_eq!(service_letters(&scene), both("Épreuve · Une marée"), "{at}");
        }
        let mut expected = both("Épreuve · Une marée");
        assert!(run(MONDAY).contains("nobody has approved it"));
        expected.extend(both("La lettre attend votre accord · 2026-W47"));
        scene.ok(&["digest", "approve", "--at", "2026-11-23T08:05"]);
        scene.put("columns/a.md", &scene.read("columns/a.md").replace("Chapô de", "Le chapô de"));
        assert!(run("2026-11-23T08:10").contains("it has changed since"));
        expected.extend(both("La lettre a changé depuis son approbation · 2026-W47"));
        assert_eq!(run("2026-11-23T08:20"), "");
        expected.sort();
        assert_eq!(service_letters(&scene), expected);
        // What would break is told to those who can mend it, once for each trouble.
        scene.ok(&["digest", "approve", "--at", "2026-11-23T08:25"]);
        scene.reconfigure("approval = true", "approval = false");
        scene.reconfigure("opening = \"\"\"", "opening = \"\"\"[ici](/a) ");
        for at in ["2026-11-23T08:30", "2026-11-23T08:40"] {
            assert!(run(at).contains("these links lead nowhere: /a"));
        }
        expected.extend(both("La lettre ne peut pas partir · 2026-W47"));
        expected.sort();
        let told = service_letters(&scene);
        assert_eq!(told, expected);
        assert!(scene.files("outbox").iter().all(|name| name.starts_with("service.")), "no reader got a letter");
    }
}

#[test]
fn a_proof_goes_to_those_who_are_named() {
    let scene = careful().config("# editors = [", "editors = [\"yann@estran.example.org\", ");
    scene.ok(&["sync", "--at", "2026-11-20"]);
    let proof = |arguments: &[&str]| scene.run(&[&["digest", "proof", "--at", "2026-11-22"], arguments].concat());
    assert_eq!(proof(&["YANN@estran.example.org"]).stdout, "2026-W47: 1 proofs, 1 letters sent\n");
    assert_eq!(service_letters(&scene), [("yann@estran.example.org".into(), "Épreuve · Une marée".into())]);
    let outcome = proof(&["a@example.org"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (2, "gazetier: a@example.org is not one of desk.editors\n"));
    // Within a minute nobody gets the same twice; whoever has not had it does.
    assert_eq!(proof(&[]).stdout, "2026-W47: 1 proofs, 1 letters sent\n");
    assert_eq!(proof(&[]).stdout, "2026-W47: they got this proof a moment ago, and get no other\n");
    let later = ["digest", "proof", "--at", "2026-11-22T00:01"];
    assert_eq!(scene.ok(&later), "2026-W47: 2 proofs, 2 letters sent\n");
    let twice = ["digest", "proof", "yann@estran.example.org", "YANN@estran.example.org", "--at", "2026-11-22T00:03"];
    assert_eq!(scene.ok(&twice), "2026-W47: 1 proofs, 1 letters sent\n");
    assert_eq!(service_letters(&scene).len(), 5);
    // Nobody asked for it by mail, and no machine may answer it (RFC 3834).
    for name in scene.files("outbox") {
        let text = scene.read(&format!("outbox/{name}"));
        assert_eq!(text.matches("\r\nAuto-Submitted: auto-generated\r\n").count(), 1, "{text}");
    }
    let nobody = careful().run(&["digest", "proof"]);
    assert_eq!((nobody.code, nobody.stderr.contains("desk.editors names nobody")), (78, true));
}

#[test]
fn what_is_held_stays_until_its_name_is_called() {
    let scene = Scene::empty()
        .write("subscribers.csv", "email\na@example.org\n")
        .write("columns/a.md", &column("Une marée", "edito", "2026-11-18"));
    scene.ok(&["sync", "--at", "2026-11-20"]);
    let hold = ["digest", "hold", "--by", "Yann", "--why", "le titre", "--at", "2026-11-22"];
    assert_eq!(scene.ok(&hold), "2026-W47: held; let it go with `gazetier digest release 2026-W47`\n");
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    assert_eq!(scene.files("outbox"), [""; 0]);
    assert_eq!(
        status(&scene, MONDAY),
        "2026-W47 (n° 1) held: 1 columns, due at 2026-11-23 07:30\n  held by Yann, 2026-11-22 00:00\n"
    );
    let sent = "2026-W47: frozen with 1 letters, \"Une marée\"\n2026-W47: 1 of 1 letters sent\n";
    assert_eq!(scene.ok(&["digest", "send", "2026-W47", "--at", MONDAY]), sent);

    // Of two editions that are held, the command without a name lets the newest go.
    for (week, monday) in [("b", "2026-12-02T10:00"), ("c", "2026-12-09T10:00")] {
        let day = if week == "b" { "2026-11-25" } else { "2026-12-03" };
        scene.put(&format!("columns/{week}.md"), &column(week, "carnet", day));
        assert!(scene.run(&["run", "--at", monday]).stderr.contains("is too late to be sent by itself"));
    }
    assert_eq!(scene.ok(&["digest", "send", "--at", "2026-12-09T11:00"]), "2026-W49: 1 of 1 letters sent\n");
    assert_eq!(scene.posted(), ["2026-W47 a@example.org", "2026-W49 a@example.org"]);
    assert_eq!(
        scene.ok(&["digest", "send", "2026-W48", "--at", "2026-12-09T11:10"]),
        "2026-W48: 1 of 1 letters sent\n"
    );
    for (period, why) in
        [("2026-W47", "2026-W47 is sent: it is too late for that"), ("2026-W01", "there is no edition")]
    {
        for command in ["send", "hold", "approve"] {
            let outcome = scene.run(&["digest", command, period, "--at", "2026-12-09T12:00"]);
            assert_eq!(outcome.code, 65, "{outcome:?}");
            assert!(outcome.stderr.contains(why), "{command}: {outcome:?}");
        }
    }
}

#[test]
fn a_week_that_stayed_quiet_is_over() {
    let scene = Scene::empty()
        .write("subscribers.csv", "email\na@example.org\n")
        .write("columns/a.md", &column("A", "edito", "2026-11-13"));
    assert_eq!(scene.run(&["run", "--at", "2026-11-16T07:40"]), SILENCE);
    assert_eq!(scene.run(&["run", "--at", "2026-11-23T07:40"]), SILENCE);
    // In the hours in which the edition may go out, what is entered late still makes one …
    assert_eq!(scene.run(&["run", "--at", "2026-11-23T19:40"]), SILENCE);
    // … afterwards it is for the next edition, and nobody is told of an edition that is too late.
    scene.put("columns/b.md", &column("B", "edito", "2026-11-20"));
    assert_eq!(scene.run(&["run", "--at", "2026-11-24T10:00"]), SILENCE);
    assert_eq!(scene.run(&["run", "--at", "2026-11-30T07:40"]), SILENCE);
    assert_eq!(scene.posted(), ["2026-W46 a@example.org", "2026-W48 a@example.org"]);
}

#[test]
fn what_would_break_is_not_frozen() {
    let cases = [
        (
            "opening = \"\"\"",
            "opening = \"\"\"[par ici](/chroniques) ",
            "these links lead nowhere: /chroniques: write them in full",
        ),
        (
            "opening = \"\"\"",
            "opening = \"\"\"![](https://estran.example.org/a.jpg) ",
            "1 picture has no description: describe them in the brackets",
        ),
        (
            "url = \"file:outbox\"",
            "url = \"smtps://mail.example.org\"",
            "lettre@estran.example.org is the sample's sender",
        ),
    ];
    for (from, to, why) in cases {
        let trusting = careful().config("approval = true", "approval = false").config(from, to);
        for (scene, arguments) in [(careful().config(from, to), &["digest", "approve"][..]), (trusting, &["run"])] {
            scene.ok(&["sync", "--at", "2026-11-20"]);
            let outcome = scene.run(&[arguments, &["--at", MONDAY]].concat());
            assert_eq!(outcome.code, 65, "{arguments:?}: {outcome:?}");
            assert!(outcome.stderr.starts_with("gazetier: the digest cannot be sent: "), "{outcome:?}");
            assert!(outcome.stderr.contains(why), "{outcome:?}");
            assert_eq!(scene.files("outbox"), [""; 0]);
        }
    }
}

/// The edition of a week's Monday.
fn of(day: &str) -> EditionKey {
    EditionKey { newsletter: digest(), cutoff: at(&format!("{day}T07:30")) }
}

async fn of_two_editors_at_once_one_is_told(house: &House) {
    let store = house.open().await;
    let key = of("2026-11-23");
    let changes = |subject: &str| Changes {
        subject: Some(subject.into()),
        left_out: vec![ColumnId(3), ColumnId(1)],
        ..Changes::default()
    };
    let desk = store.desk(&key).await.expect("a desk");
    assert_eq!((desk.version.number, &desk.version.changes), (0, &Changes::default()));
    let (one, two) = (changes("Le «\u{a0}banc\u{a0}»"), changes("L’autre"));
    let (a, b) =
        tokio::join!(store.change(&key, 0, &one, "Maëlle", now()), store.change(&key, 0, &two, "Yann", now()),);
    let (a, b) = (a.expect("a store"), b.expect("a store"));
    assert!(a != b, "one of them is kept: {a} {b}");
    let kept = store.desk(&key).await.expect("a desk").version;
    let (winner, who) = if a { (&one, "Maëlle") } else { (&two, "Yann") };
    assert_eq!((kept.number, &kept.changes, kept.who.as_str(), kept.at), (1, winner, who, Some(now())));
    // No version is skipped, and each is there to be compared with.
    assert!(!store.change(&key, 2, &two, "Yann", now()).await.expect("a store"));
    assert!(store.change(&key, 1, &two, "Yann", now()).await.expect("a store"));
    assert_eq!(store.version(&key, 1).await.expect("a version"), Some(kept));
    assert_eq!(store.desk(&key).await.expect("a desk").version.changes, two);
    assert_eq!(store.desk(&of("2026-11-30")).await.expect("a desk").version.number, 0);
    // What is told is told once.
    assert!(store.tell_once(&key, "unapproved", now()).await.expect("a note"));
    assert!(!store.tell_once(&key, "unapproved", now()).await.expect("a note"));
    assert!(store.tell_once(&of("2026-11-30"), "unapproved", now()).await.expect("a note"));
}

async fn a_note_that_comes_while_an_edition_is_drawn_up_counts(house: &House) {
    let store = house.open().await;
    store.put(&[draft("a", "2026-11-17")], now()).await.expect("a column");
    let key = of("2026-11-23");
    let seen = store.desk(&key).await.expect("a desk");
    let new = |desk| NewEdition {
        key: key.clone(),
        period: Period::from_key("2026-W47"),
        since: at("2026-11-16T07:30"),
        state: EditionState::Frozen,
        subject: "A".into(),
        dated: now(),
        number: 1,
        columns: vec![ColumnId(1)],
        left_out: Vec::new(),
        variants: Vec::new(),
        groups: Vec::new(),
        rhythms: Vec::new(),
        editions: None,
        desk,
        revision: 1,
        held: None,
        note: None,
        readers: None,
        planned: None,
        delays: Vec::new(),
        waits: Vec::new(),
    };
    let note =
        Note { kind: NoteKind::Held, subject: String::new(), who: "Yann".into(), words: "non".into(), at: now() };
    assert_eq!(store.hold(&key, &note).await.expect("a note"), Noted::OfDraft);
    let stale = new((seen.version.number, seen.last_note));
    assert!(matches!(store.freeze(&stale).await, Ok(Freeze::Stale)));
    let desk = store.desk(&key).await.expect("a desk");
    assert_eq!(desk.notes, [note]);
    let frozen = store.freeze(&new((desk.version.number, desk.last_note))).await;
    let Ok(Freeze::Done(edition, 0)) = frozen else { panic!("{frozen:?}") };
    // What is frozen is not changed any more.
    assert!(!store.change(&key, 0, &Changes::default(), "Maëlle", now() + Duration::hours(1)).await.expect("a store"));
    assert_eq!(store.edition_columns(edition.id).await.expect("columns"), [ColumnId(1)]);
}
