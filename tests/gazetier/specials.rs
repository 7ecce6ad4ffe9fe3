//! Special editions: one letter more at an hour of the editors' choosing, of columns that they chose, and none of these
//! twice to anybody.

use gazetier::{
    model::{Choice, Rhythm},
    store::{Preference, Store},
};

use crate::{
    desk::{Open, Visitor, magazine, value},
    restored::put_back,
    store::digest,
    support::{Scene, column},
};

const LIST: &str = "email,rubriques,rhythm\nchaque@example.org,,\nhumeur@example.org,humeur,\nlundi@example.org,,weekly-mon\n\
                    pause@example.org,,\n";

/// A daily letter, with readers of several rhythms, and two columns of the 25th that are in no edition yet.
fn daily(scene: Scene) -> Scene {
    let scene = scene
        .config("schedule = \"Mon 07:30\"", "schedule = \"daily 07:30\"")
        .write("subscribers.csv", LIST)
        .write("columns/a.md", &column("Une marée", "edito", "2026-11-23T12:00"));
    scene.ok(&["subscribers", "import", "subscribers.csv", "--at", "2026-11-23T07:00"]);
    scene.ok(&["run", "--at", "2026-11-24T07:35"]);
    scene.put("columns/avis.md", &column("Avis", "edito", "2026-11-25T06:00"));
    scene.put("columns/vent.md", &column("Vent", "humeur", "2026-11-25T06:10"));
    scene.ok(&["sync", "--at", "2026-11-25T06:30"]);
    scene
}

fn pause(scene: &Scene, address: &str, until: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&scene.store_url()).await.expect("a store");
        let known = store.subscriber_at(&digest(), &address.parse().expect("an address")).await;
        let known = known.expect("a store").expect("a reader");
        let zone: gazetier::model::Zone = "Europe/Paris".parse().expect("a zone");
        let [until, at] = [until, "2026-11-25T06:40"].map(|text| zone.parse(text).expect("an instant"));
        let preference = Preference { choice: Choice::all(), rhythm: Rhythm::Each, paused_until: Some(until) };
        assert!(store.set_preferences(&digest(), known.id, None, "fr", &preference, at).await.expect("a store"));
        store.close().await;
    });
}

/// Who has got which columns, of which edition.
fn got(scene: &Scene, address: &str) -> Vec<String> {
    let all = scene.pairs(
        "SELECT s.address, e.period || ' ' || c.title FROM letters l JOIN subscribers s ON s.id = l.subscriber_id \
         JOIN editions e ON e.id = l.edition_id JOIN variant_columns v ON v.variant_id = l.variant_id \
         JOIN columns c ON c.id = v.column_id WHERE l.state = 'sent' ORDER BY e.cutoff_at, c.title",
    );
    all.into_iter().filter(|(reader, _)| reader == address).map(|(_, column)| column).collect()
}

const ADD: [&str; 11] = [
    "digest",
    "special",
    "add",
    "--hour",
    "2026-11-25T18:00",
    "--columns",
    "avis",
    "--subject",
    "Tempête en vue",
    "--by",
    "Yann",
];

fn add(scene: &Scene, at: &str) -> String {
    scene.ok(&[&ADD[..], &["--at", at]].concat())
}

#[test]
fn it_goes_to_all_readers_whole_and_its_columns_come_to_nobody_again() {
    for scene in [daily(Scene::empty()), daily(Scene::empty().on_postgres())] {
        pause(&scene, "pause@example.org", "2026-11-27T00:00");
        let added = add(&scene, "2026-11-25T06:50");
        assert_eq!(added, "2026-11-25-special: 1 columns, goes out at 2026-11-25 18:00\n");
        let listed = scene.ok(&["digest", "special", "list", "--at", "2026-11-25T06:50"]);
        assert_eq!(listed, "2026-11-25-special\t2026-11-25 18:00\tYann\tAvis\n");
        let status = scene.ok(&["digest", "status", "--at", "2026-11-25T06:50"]);
        assert!(status.contains("2026-11-25-special (n° 2) draft: 1 columns, due at 2026-11-25 18:00"), "{status}");
        // Until its hour, its columns are in no other edition.
        scene.ok(&["run", "--at", "2026-11-25T07:35"]);
        scene.ok(&["run", "--at", "2026-11-25T18:05"]);
        assert_eq!(scene.ok(&["run", "--at", "2026-11-25T18:10"]), "");
        scene.put("columns/banc.md", &column("Banc", "edito", "2026-11-27T20:00"));
        for at in ["2026-11-26T07:35", "2026-11-28T07:35", "2026-11-30T07:35"] {
            scene.ok(&["run", "--at", at]);
        }
        let maree = "2026-11-24 Une marée";
        assert_eq!(
            got(&scene, "chaque@example.org"),
            [maree, "2026-11-25 Vent", "2026-11-25-special Avis", "2026-11-28 Banc"]
        );
        // The editors' choice is for all, whatever rubriques they chose.
        assert_eq!(got(&scene, "humeur@example.org"), ["2026-11-25 Vent", "2026-11-25-special Avis"]);
        let lundi = got(&scene, "lundi@example.org");
        assert_eq!(lundi[0], "2026-11-25-special Avis");
        assert_eq!(lundi[1..], ["2026-11-30 Banc", "2026-11-30 Une marée", "2026-11-30 Vent"]);
        // Who pauses gets it with the first letter after.
        assert_eq!(got(&scene, "pause@example.org"), [maree, "2026-11-28 Avis", "2026-11-28 Banc", "2026-11-28 Vent"]);
        let letter = scene.letter_to("chaque@example.org", "2026-11-25-special");
        let parsed = mail_parser::MessageParser::default().parse(&letter).expect("a letter");
        assert_eq!(parsed.subject(), Some("Tempête en vue"));
        assert!(letter.contains("List-Id: <lettre.estran.example.org>"), "{letter}");
        let text = parsed.body_text(0).expect("a text");
        assert!(text.contains("N°\u{a0}3 · 25\u{a0}novembre 2026"), "{text}");
        let status = scene.ok(&["digest", "status", "--at", "2026-11-30T08:00"]);
        assert!(status.contains("2026-11-25-special (n° 3) sent"), "{status}");
        assert_eq!(scene.ok(&["digest", "special", "list"]), "");
    }
}

#[test]
fn what_cannot_be_planned_is_refused_in_words() {
    for scene in [daily(Scene::empty()), daily(Scene::empty().on_postgres())] {
        scene.put("columns/demain.md", &column("Demain", "edito", "2026-11-26T06:00"));
        scene.ok(&["sync", "--at", "2026-11-25T06:40"]);
        let refused = |hour: &str, columns: &str, words: &str| {
            let at = "2026-11-25T06:50";
            let told = scene.run(&["digest", "special", "add", "--hour", hour, "--columns", columns, "--at", at]);
            assert!(told.code != 0 && told.stderr.contains(words), "{hour} {columns}: {told:?}");
        };
        refused("2026-11-25T06:00", "avis", "write an hour to come");
        refused("2029-11-25T06:00", "avis", "write an hour to come");
        refused("demain", "avis", "--hour:");
        refused("2026-11-26T07:30", "avis", "comes at that hour by its schedule");
        refused("2026-11-25T18:00", "personne", "no column is named \"personne\"");
        refused("2026-11-25T18:00", "avis,avis", "is named twice");
        refused("2026-11-25T18:00", "a", "\"Une marée\" is in 2026-11-24");
        refused("2026-11-25T18:00", "demain", "\"Demain\" is published only after that hour");
        add(&scene, "2026-11-25T06:50");
        refused("2026-11-25T18:00", "vent", "there is an edition of that hour already");
        refused("2026-11-25T19:00", "avis", "\"Avis\" is in 2026-11-25-special");
        // Two of a day have two names.
        let more = ["digest", "special", "add", "--hour", "2026-11-25T19:00", "--columns", "vent"];
        let more = scene.ok(&[&more[..], &["--at", "2026-11-25T06:50"]].concat());
        assert!(more.starts_with("2026-11-25-special-2: 1 columns"), "{more}");
        // What is taken back is for the next edition again.
        let dropped = scene.ok(&["digest", "special", "drop", "2026-11-25-special"]);
        assert_eq!(dropped, "2026-11-25-special: dropped; its columns are for the other editions again\n");
        let twice = scene.run(&["digest", "special", "drop", "2026-11-25-special"]);
        assert!(twice.stderr.contains("no special edition 2026-11-25-special is to come"), "{twice:?}");
        scene.ok(&["run", "--at", "2026-11-25T07:35"]);
        assert_eq!(got(&scene, "chaque@example.org"), ["2026-11-24 Une marée", "2026-11-25 Avis"]);
        scene.ok(&["run", "--at", "2026-11-25T19:05"]);
        let late = scene.run(&["digest", "special", "drop", "2026-11-25-special-2"]);
        assert!(late.stderr.contains("2026-11-25-special-2 is sent: it is too late for that"), "{late:?}");
    }
}

#[test]
fn it_is_held_released_and_too_late_as_any_other() {
    for scene in [daily(Scene::empty()), daily(Scene::empty().on_postgres())] {
        add(&scene, "2026-11-25T06:50");
        let held = scene.ok(&["digest", "hold", "2026-11-25-special", "--why", "à relire", "--at", "2026-11-25T12:00"]);
        assert!(held.contains("2026-11-25-special: held"), "{held}");
        scene.ok(&["run", "--at", "2026-11-25T18:05"]);
        // The schedule goes on meanwhile, and its columns wait.
        scene.put("columns/banc.md", &column("Banc", "edito", "2026-11-25T20:00"));
        scene.ok(&["run", "--at", "2026-11-26T07:35"]);
        assert_eq!(got(&scene, "chaque@example.org"), ["2026-11-24 Une marée", "2026-11-25 Vent", "2026-11-26 Banc"]);
        scene.ok(&["digest", "release", "2026-11-25-special", "--at", "2026-11-26T08:00"]);
        scene.ok(&["run", "--at", "2026-11-26T08:05"]);
        assert!(got(&scene, "chaque@example.org").contains(&"2026-11-25-special Avis".to_owned()));
        // One that nobody sent for a day is held.
        scene.put("columns/quai.md", &column("Quai", "edito", "2026-11-26T20:00"));
        scene.ok(&["sync", "--at", "2026-11-26T20:10"]);
        let at = ["--at", "2026-11-26T20:10"];
        let plan = ["digest", "special", "add", "--hour", "2026-11-26T21:00", "--columns", "quai"];
        scene.ok(&[&plan[..], &at].concat());
        let late = scene.run(&["run", "--at", "2026-11-28T09:00"]);
        assert!(late.stderr.contains("2026-11-26-special was due at 2026-11-26 21:00 and is too late"), "{late:?}");
        scene.ok(&["digest", "send", "2026-11-26-special", "--at", "2026-11-28T09:10"]);
        let chaque = got(&scene, "chaque@example.org");
        assert!(chaque.contains(&"2026-11-26-special Quai".to_owned()), "{chaque:?}");
        let once: std::collections::BTreeSet<&str> =
            chaque.iter().filter_map(|column| column.split_once(' ')).map(|(_, title)| title).collect();
        assert_eq!(once.len(), chaque.len(), "{chaque:?}");
    }
}

#[test]
fn the_desk_shows_it_and_approves_it() {
    let scene = magazine();
    let at = "2026-11-22T18:00";
    let plan = ["digest", "special", "add", "--hour", "2026-11-22T20:00", "--columns", "c", "--at", at];
    let planned = scene.ok(&plan);
    assert!(
        planned.contains("2026-11-22-special: 1 columns, goes out at 2026-11-22 20:00, once it is approved"),
        "{planned}"
    );
    let desk = Open::at(&scene, at);
    let editor = Visitor::editor(&desk, &desk.way_in);
    // It comes next, and the other one has its page.
    let page = editor.get("/").text;
    assert!(page.contains("2026-11-22-special") && page.contains("Un banc") && !page.contains("Une marée"), "{page}");
    let other = editor.get("/?edition=2026-W47").text;
    assert!(other.contains("Une marée") && !other.contains("<p class=\"title\">Un banc"), "{other}");
    let saved = editor.mend_with(&page, &[("period", "2026-11-22-special"), ("subject", "Un banc de plus")]);
    assert_eq!((saved.status, saved.place.as_str()), (303, "/?edition=2026-11-22-special&said=saved"));
    let page = editor.get("/?edition=2026-11-22-special").text;
    assert_eq!(value(&page, "subject").as_str(), "Un banc de plus");
    let approved = editor.decide(&page, "approve", &[]);
    assert_eq!((approved.status, approved.place.as_str()), (303, "/?edition=2026-11-22-special"), "{}", approved.text);
    drop(desk);
    scene.ok(&["run", "--at", "2026-11-22T20:05"]);
    let letter = scene.letter_to("a@example.org", "2026-11-22-special");
    assert!(letter.contains("Subject: Un banc de plus"), "{letter}");
}

#[test]
fn a_store_that_was_put_back_does_not_send_it_again() {
    for scene in [daily(Scene::empty()), daily(Scene::empty().on_postgres())] {
        add(&scene, "2026-11-25T06:50");
        let mut sent = Vec::new();
        let scene = put_back(scene, |scene| {
            scene.ok(&["run", "--at", "2026-11-25T18:05"]);
            sent = scene.posted();
        });
        let told = scene.run(&["run", "--at", "2026-11-25T18:10"]);
        assert!(told.stderr.contains("2026-11-25-special is held: the store is older"), "{told:?}");
        scene.run(&["run", "--at", "2026-11-25T18:15"]);
        assert_eq!(scene.posted(), sent);
        // What did not go out is let go by somebody who knows.
        let release = scene.ok(&["digest", "release", "2026-11-25-special", "--at", "2026-11-25T18:20"]);
        assert!(release.contains("released"), "{release}");
    }
}
