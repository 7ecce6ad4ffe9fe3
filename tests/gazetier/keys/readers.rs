//! A reader's links and letters are that one reader's, whatever becomes of rows, lists and addresses.

use chrono::Duration;
use gazetier::{model::token, store::Added};

use super::{address, in_store, known, move_reader, scenes};
use crate::{
    bounces::post::{group, report},
    readers::{
        house::{House as Server, at_home},
        mail::notes,
    },
    store::{House, at, digest, on_both, subscriber},
    support::{MONDAY, Scene, column},
};

on_both! {
    an_address_that_was_left_by_a_move_joins_nobody,
    the_link_to_the_preferences_ends_with_the_move,
    an_id_is_never_used_again,
}

const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// Scenes with a server, in which a@example.org has got the edition of the week.
fn with_a() -> [Scene; 2] {
    scenes().map(|scene| {
        let scene = at_home(scene, "").write("columns/a.md", &column("Une marée", "edito", "2026-11-18"));
        scene.ok(&["subscribers", "add", "a@example.org", "--at", "2026-11-20"]);
        scene.ok(&["run", "--at", MONDAY]);
        scene
    })
}

/// The path of the one-click link in a reader's letter.
fn way_out(scene: &Scene, reader: &str) -> String {
    let letter = scene.letter_to(reader, "2026-W47");
    let start = letter.find("List-Unsubscribe: <https://estran.example.org").expect("a header") + 45;
    letter[start..].split('>').next().expect("an address").to_owned()
}

/// The address that a reader's letter of the first edition comes back to.
fn verp(scene: &Scene, reader: &str) -> String {
    let reader = scene.reader_id(reader, "2026-W47");
    in_store(scene, async |store| {
        let edition = store.editions(&digest()).await.expect("editions").remove(0);
        format!("retours+{}@estran.example.org", token::bounce(store.key(), edition.mark, reader))
    })
}

fn list(scene: &Scene) -> String {
    scene.ok(&["subscribers", "list"])
}

/// Hands a report over as a mail server does.
fn come_back(scene: &Scene, to: &str, recipient: &str) -> String {
    scene.put("report", &report(to, &group(recipient, "failed", "5.1.1", "550 5.1.1 no such reader"), ""));
    let file = std::fs::File::open(scene.path("report")).expect("a report");
    let output = scene.command(&["bounce", "--at", "2026-11-24"]).stdin(file).output().expect("the program");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_links_of_an_erased_reader_open_nobody_else() {
    for scene in with_a() {
        let server = Server::open(&scene, &["--at", MONDAY]);
        let (way, verp) = (way_out(&scene, "a@example.org"), verp(&scene, "a@example.org"));
        server.post(&way, "do=preferences");
        let preferences = notes(&scene, 1)[0].link();
        assert!(server.get(&preferences).text().contains("a@example.org"));
        scene.ok(&["subscribers", "erase", "a@example.org", "--at", MONDAY]);
        scene.ok(&["subscribers", "add", "b@example.org", "--at", MONDAY]);
        // One click, the preferences, the data, an erasure, a move: nothing of b's.
        assert_eq!(server.post(&way, ONE_CLICK).status, 200, "the letter does not come: that is so");
        for path in [preferences.clone(), format!("{preferences}/data")] {
            let page = server.get(&path);
            assert!(page.status == 410 && !page.text().contains("b@example.org"), "{}", page.text());
        }
        for wish in ["do=erase&sure=yes", "do=move&email=c%40example.org", "do=save&rubriques=carnet"] {
            assert_eq!(server.post(&preferences, wish).status, 410, "{wish}");
        }
        assert_eq!(come_back(&scene, &verp, "a@example.org"), "1 message read, 1 about what is gone\n");
        assert_eq!(list(&scene), "b@example.org\tactive\t*\t\n");
        scene.put("columns/b.md", &column("Un banc", "edito", "2026-11-25"));
        scene.ok(&["run", "--at", "2026-11-30T08:00"]);
        assert!(scene.posted().contains(&"2026-W48 b@example.org".to_owned()), "{:?}", scene.posted());
    }
}

#[test]
fn the_links_of_who_left_do_not_reach_who_moves_to_that_address() {
    for scene in with_a() {
        let way = way_out(&scene, "a@example.org");
        let verp = verp(&scene, "a@example.org");
        scene.ok(&["subscribers", "remove", "a@example.org", "--at", MONDAY]);
        scene.ok(&["subscribers", "add", "b@example.org", "--at", MONDAY]);
        in_store(&scene, async |store| {
            move_reader(store, "b@example.org", "a@example.org", at(MONDAY)).await;
        });
        let server = Server::open(&scene, &["--at", MONDAY]);
        assert_eq!(server.post(&way, ONE_CLICK).status, 200);
        assert_eq!(list(&scene), "a@example.org\tactive\t*\t\n", "b lives there now");
        assert_eq!(come_back(&scene, &verp, "a@example.org"), "1 message read, 1 about what is gone\n");
        // And who comes after that is somebody else again.
        scene.ok(&["subscribers", "add", "c@example.org", "--at", MONDAY]);
        assert_eq!(server.post(&way, ONE_CLICK).status, 200);
        assert_eq!(list(&scene), "a@example.org\tactive\t*\t\nc@example.org\tactive\t*\t\n");
    }
}

#[test]
fn a_letter_to_one_person_never_takes_the_place_of_anothers() {
    for scene in scenes() {
        let scene = at_home(scene, "");
        let server = Server::open(&scene, &["--at", MONDAY]);
        server.post("/lettre/", "email=a%40example.org");
        notes(&scene, 1);
        // Settled and forgotten: its row is gone.
        assert_eq!(scene.sql("DELETE FROM service_letters"), 1);
        server.post("/lettre/", "email=b%40example.org");
        notes(&scene, 2);
        assert_eq!(scene.posted(), ["service a@example.org", "service b@example.org"]);
    }
}

#[test]
fn a_twin_spelling_gets_no_link() {
    for scene in scenes() {
        let scene = at_home(scene, "");
        scene.ok(&["subscribers", "add", "karine@example.org", "--at", MONDAY]);
        let server = Server::open(&scene, &["--at", MONDAY]);
        // U+212A looks like a K and is none; capitals are the same mailbox, as typed by anybody.
        for twin in ["%E2%84%AAarine", "KARINE"] {
            assert_eq!(server.post("/lettre/", &format!("email={twin}%40example.org")).status, 200);
        }
        let told: Vec<_> = notes(&scene, 2).into_iter().map(|note| (note.to, note.subject)).collect();
        let pair = |to: &str, subject: &str| (to.to_owned(), format!("{subject} · L’Estran"));
        let expected = [
            pair("\u{212a}arine@example.org", "Confirmez votre abonnement"),
            pair("karine@example.org", "Cette adresse est déjà abonnée"),
        ];
        assert_eq!(told, expected);
    }
}

#[test]
fn the_list_that_run_reads_does_not_join_who_moved_away() {
    for scene in scenes() {
        let scene = scene
            .write("subscribers.csv", "email\nold@example.org\n")
            .write("columns/a.md", &column("Une marée", "edito", "2026-11-18"));
        scene.ok(&["run", "--at", MONDAY]);
        in_store(&scene, async |store| {
            move_reader(store, "old@example.org", "new@example.org", at("2026-11-24")).await;
        });
        // A new line, and another configuration: the list is read anew.
        scene.put("subscribers.csv", "email\nold@example.org\nnext@example.org\n");
        scene.reconfigure("grace = \"7d\"", "grace = \"8d\"");
        scene.put("columns/b.md", &column("Un banc", "edito", "2026-11-25"));
        scene.ok(&["run", "--at", "2026-11-30T08:00"]);
        let expected = ["2026-W47 old@example.org", "2026-W48 new@example.org", "2026-W48 next@example.org"];
        assert_eq!(scene.posted(), expected);
    }
}

async fn an_address_that_was_left_by_a_move_joins_nobody(house: &House) {
    let store = house.open().await;
    let old = [subscriber("old@example.org", &[])];
    let when = at(MONDAY);
    store.add_subscribers(&digest(), &old, when).await.expect("a reader");
    move_reader(&store, "old@example.org", "new@example.org", when).await;
    for spelling in ["old@example.org", "OLD@Example.org"] {
        let added = store.add_subscribers(&digest(), &[subscriber(spelling, &[])], when).await.expect("nobody");
        assert_eq!(added, Added { known: 1, moved: 1, ..Added::default() }, "{spelling}");
    }
    // Who moves back is there again; the other address is the former one now.
    move_reader(&store, "new@example.org", "old@example.org", when).await;
    let added = store.add_subscribers(&digest(), &[subscriber("new@example.org", &[])], when).await.expect("nobody");
    assert_eq!(added.moved, 1);
    // Told so, the address joins.
    let new = vec![subscriber("new@example.org", &[]).into()];
    let back = store.enter_list(&digest(), new, when, Some("asked to")).await.expect("a reader");
    assert_eq!((back.added, back.revived, back.moved), (0, 1, 0), "{back:?}");
    let both = store.list_subscribers(&digest()).await.expect("a list");
    assert_eq!(both.iter().map(|one| one.address.as_str()).collect::<Vec<_>>(), ["old@example.org", "new@example.org"]);
}

async fn the_link_to_the_preferences_ends_with_the_move(house: &House) {
    let store = house.open().await;
    let when = at(MONDAY);
    store.add_subscribers(&digest(), &[subscriber("old@example.org", &[])], when).await.expect("a reader");
    let before = known(&store, "old@example.org").await;
    let until = when + Duration::days(7);
    let link = token::preferences(store.key(), before.reader, &before.standing, until);
    let opens = |now: &gazetier::store::KnownReader| {
        token::opens_preferences(store.key(), now.reader, &now.standing, &link, when)
    };
    assert!(opens(&before));
    move_reader(&store, "old@example.org", "new@example.org", when).await;
    let after = known(&store, "new@example.org").await;
    assert_eq!(after.reader, before.reader, "it is the same reader, whose letters' links go on");
    assert!(!opens(&after));
    // Also if they move back to where the link went.
    move_reader(&store, "new@example.org", "old@example.org", when).await;
    assert!(!opens(&known(&store, "old@example.org").await));
    // The way out of any letter still names the reader.
    let way = token::unsubscribe(store.key(), &digest(), before.reader);
    let named = token::leaver(store.key(), [&digest()], &way);
    assert_eq!(named, Some((digest(), gazetier::model::ReaderName::Id(before.reader))));
}

async fn an_id_is_never_used_again(house: &House) {
    let store = house.open().await;
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..5 {
        let who = format!("r{n}@example.org");
        store.add_subscribers(&digest(), &[subscriber(&who, &[])], at(MONDAY)).await.expect("a reader");
        let reader = known(&store, &who).await;
        assert!(seen.insert((reader.id, reader.reader)), "{reader:?}");
        assert!(seen.iter().filter(|(id, _)| *id == reader.id).count() == 1, "a row number comes once");
        assert!(store.erase(reader.id, at(MONDAY)).await.expect("an erasure"));
        assert_eq!(store.reader(&digest(), reader.reader).await.expect("nobody"), None);
        assert_eq!(store.subscriber_at(&digest(), &address(&who)).await.expect("nobody"), None);
    }
}
