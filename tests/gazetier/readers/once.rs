//! Letters that a reader gets once: the welcome, and the question whether to go on.

use super::{
    house::{House, at_home},
    mail::notes,
};
use crate::support::{MONDAY, Scene};

const TUESDAY: &str = "2026-11-24T08:00";

const WELCOME: &str = "[digest]\nwelcome = \"\"\"\nBonne lecture.\n\nLa rédaction\n\"\"\"\n";

const RECONFIRM: &str =
    "[reconfirm]\nafter = \"6 months\"\nwait = \"30 days\"\nwithout_answer = \"rest\"\na_day = 2\n\n[digest]\n";

fn joins(scene: &Scene, house: &House, letters: usize) {
    assert_eq!(house.post("/lettre/", "email=neuve%40example.org&name=Neuve").status, 200);
    let link = notes(scene, letters).pop().expect("a letter").link();
    assert_eq!(house.post(&link, "").status, 200);
}

/// A text without its lines.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn who_confirms_is_welcomed_once_if_the_magazine_wants_it() {
    let scene = || Scene::sample().config("[digest]\n", WELCOME);
    for scene in [at_home(scene(), ""), at_home(scene().on_postgres(), "")] {
        scene.ok(&["run", "--at", MONDAY]);
        let house = House::open(&scene, &["--at", MONDAY]);
        joins(&scene, &house, 1);
        let welcome = notes(&scene, 2).pop().expect("a letter");
        assert_eq!((welcome.to.as_str(), welcome.subject.as_str()), ("neuve@example.org", "Bienvenue · L’Estran"));
        let flat = flat(&welcome.text);
        assert!(flat.contains("elle viendra chaque semaine à cette adresse"), "{flat}");
        assert!(flat.contains("à cette adresse. Bonne lecture. La rédaction Lire la dernière lettre"), "{flat}");
        assert_eq!(welcome.link(), "/lettre/archive/2026-W47");
        drop(house);
        // Who leaves and comes back has had it.
        scene.sql("UPDATE subscriptions SET state = 'unsubscribed'");
        let house = House::open(&scene, &["--at", TUESDAY]);
        joins(&scene, &house, 3);
        drop(house);
        scene.ok(&["run", "--at", "2026-11-24T08:10"]);
        assert_eq!(notes(&scene, 3).len(), 3);
        let kept = scene.pairs("SELECT kind, newsletter FROM once_letters");
        assert_eq!(kept, [("welcome".to_owned(), "digest".to_owned())]);
        // An erased reader leaves nothing of it behind.
        scene.ok(&["subscribers", "erase", "neuve@example.org"]);
        assert_eq!(scene.pairs("SELECT kind, newsletter FROM once_letters"), []);
    }
}

#[test]
fn nobody_is_welcomed_or_asked_by_default() {
    let scene = at_home(Scene::sample(), "");
    scene.ok(&["subscribers", "import", "subscribers.csv", "--at", "2024-01-10T08:00"]);
    scene.ok(&["run", "--at", MONDAY]);
    let house = House::open(&scene, &["--at", MONDAY]);
    joins(&scene, &house, 1);
    drop(house);
    scene.ok(&["run", "--at", TUESDAY]);
    assert_eq!(notes(&scene, 1).len(), 1);
}

#[test]
fn readers_without_proof_are_asked_once_and_rest_if_they_do_not_answer() {
    let scene = || Scene::sample().config("[digest]\n", RECONFIRM);
    for scene in [at_home(scene(), ""), at_home(scene().on_postgres(), "")] {
        let list = "email,name,rubriques\nalix@example.org,,\nsterenn@example.org,,edito\nloic@example.org,,\nzoe@example.org,,\n";
        scene.put("subscribers.csv", list);
        scene.ok(&["subscribers", "import", "subscribers.csv", "--at", "2026-01-10T08:00"]);
        scene.ok(&["subscribers", "add", "recent@example.org", "--at", "2026-10-10T08:00"]);
        // Of this one a consent is known.
        scene.sql(
            "INSERT INTO consents (subscriber_id, way, consent, asked_at, confirmed_at) \
             SELECT id, 'form', 'oui', 1, 2 FROM subscribers WHERE address = 'zoe@example.org'",
        );
        scene.ok(&["run", "--at", MONDAY]);
        assert_eq!(notes(&scene, 2).len(), 2, "so many a day");
        scene.ok(&["run", "--at", "2026-11-23T12:00"]);
        assert_eq!(notes(&scene, 2).len(), 2, "once a day");
        scene.ok(&["run", "--at", "2026-11-24T08:05"]);
        scene.ok(&["run", "--at", "2026-11-25T08:10"]);
        let asked = notes(&scene, 3);
        let mut to: Vec<&str> = asked.iter().map(|note| note.to.as_str()).collect();
        to.sort_unstable();
        assert_eq!(to, ["alix@example.org", "loic@example.org", "sterenn@example.org"]);
        let sterenn = asked.iter().find(|note| note.to.starts_with("sterenn")).expect("a letter");
        assert_eq!(sterenn.subject, "Souhaitez-vous continuer\u{202f}? · L’Estran");
        let flat = flat(&sterenn.text);
        assert!(flat.contains("d’ici le 23 décembre, la lettre ne viendra plus"), "{flat}");
        let house = House::open(&scene, &["--at", "2026-11-26T08:00"]);
        let page = house.get(&sterenn.link()).text();
        assert!(page.contains("value=\"edito\" checked"), "{page}");
        assert_eq!(house.post(&sterenn.link(), "").status, 200);
        drop(house);
        let consents = scene.pairs(
            "SELECT s.address, c.way FROM consents c JOIN subscribers s ON s.id = c.subscriber_id ORDER BY s.address",
        );
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(consents, [pair("sterenn@example.org", "reconfirm"), pair("zoe@example.org", "form")]);
        // A month later, who has not answered rests; nobody is asked again.
        scene.ok(&["run", "--at", "2026-12-26T08:00"]);
        scene.ok(&["run", "--at", "2026-12-27T08:05"]);
        assert_eq!(notes(&scene, 3).len(), 3);
        let states = scene.pairs(
            "SELECT s.address, p.state FROM subscriptions p JOIN subscribers s ON s.id = p.subscriber_id ORDER BY s.address",
        );
        let expected = [
            pair("alix@example.org", "unsubscribed"),
            pair("loic@example.org", "unsubscribed"),
            pair("recent@example.org", "active"),
            pair("sterenn@example.org", "active"),
            pair("zoe@example.org", "active"),
        ];
        assert_eq!(states, expected);
    }
}

#[test]
fn what_reconfirm_says_is_checked() {
    for (from, to, told) in [
        ("\"rest\"", "\"leave\"", "reconfirm.without_answer: \"leave\" is neither"),
        ("\"6 months\"", "\"1 day\"", "reconfirm.after"),
        ("\"30 days\"", "\"1 day\"", "reconfirm.wait"),
        ("a_day = 2", "a_day = 0", "reconfirm.a_day"),
    ] {
        let scene = Scene::sample().config("[digest]\n", &RECONFIRM.replace(from, to));
        let refused = scene.run(&["digest", "status"]);
        assert!(refused.code != 0 && refused.stderr.contains(told), "{refused:?}");
    }
}
