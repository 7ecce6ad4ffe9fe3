//! Erasure erases: in the store's files, in what was written for the reader, and in the words of relays.

use super::{
    house::{House, at_home},
    mail::notes,
};
use crate::{
    smtp::{Act, Scripted, through},
    support::{MONDAY, Scene},
};

/// Where a text stands in the files of a scene, whatever the case of its letters.
fn standing(scene: &Scene, text: &str) -> Vec<String> {
    let needle = text.to_lowercase();
    let mut found = Vec::new();
    for folder in [".", "outbox", "feeds"] {
        let Ok(entries) = std::fs::read_dir(scene.path(folder)) else { continue };
        for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
            let bytes = std::fs::read(entry.path()).expect("a file").to_ascii_lowercase();
            if bytes.windows(needle.len()).any(|window| window == needle.as_bytes()) {
                found.push(entry.file_name().into_string().expect("UTF-8"));
            }
        }
    }
    found.sort();
    found
}

/// A magazine of readers, one of whom joined by the form, got letters and moved once.
fn lived_in(scene: Scene) -> (Scene, String) {
    let readers: Vec<String> = (0..400).map(|n| format!("reader{n}@example.org,Reader {n}\n")).collect();
    scene.put("list.csv", &format!("email,name\n{}", readers.concat()));
    scene.ok(&["subscribers", "import", "list.csv", "--at", "2026-11-20T08:00"]);
    std::fs::remove_file(scene.path("list.csv")).expect("a file");
    let house = House::open(&scene, &["--at", "2026-11-20T08:00"]);
    house.post("/lettre/", "lang=en&email=Marzhin.Kerbrat%40example.org&name=Marzhin+the+Wise");
    let done = house.post(&notes(&scene, 1)[0].link(), "");
    let page = done.text();
    let link = page.split("href=\"https://estran.example.org/lettre/preferences/").nth(1).expect("a link");
    let link = format!("/lettre/preferences/{}", link.split('"').next().expect("a link"));
    assert_eq!(house.post(&link, "do=move&email=Marzhin.Second%40example.org").status, 200);
    let moved =
        notes(&scene, 2).into_iter().find(|note| note.subject.starts_with("Confirm your new")).expect("a letter");
    assert_eq!(house.post(&moved.link(), "").status, 200);
    notes(&scene, 3);
    drop(house);
    scene.put(
        "columns/a.md",
        "---\ntitle: A\nrubrique: edito\npublished: 2026-11-20\n---\n\nUn corps assez long pour une lettre.\n",
    );
    scene.ok(&["run", "--at", MONDAY]);
    (scene, "Marzhin.Second@example.org".into())
}

#[test]
fn nothing_is_left_of_who_is_erased() {
    let (scene, address) = lived_in(at_home(Scene::empty(), ""));
    let texts = ["marzhin.kerbrat", "marzhin.second", "marzhin the wise"];
    assert!(texts.iter().all(|text| !standing(&scene, text).is_empty()), "there was something to erase");
    let proof = scene.ok(&["subscribers", "erase", &address, "--prove", "--at", MONDAY]);
    assert_eq!(
        proof,
        format!(
            "{address} is erased, and no list adds the address again\nlooked through gazetier.db, gazetier.db-wal, gazetier.db-shm, \
             outbox/\n{address}: found nowhere\n"
        )
    );
    for text in texts {
        // The old address has its own letters in the folder: they were written to it.
        assert_eq!(standing(&scene, text), Vec::<String>::new(), "{text}");
    }
    // Once more: it is a proof of itself.
    assert!(scene.ok(&["subscribers", "erase", &address, "--prove"]).ends_with("found nowhere\n"));
    // The others are all there.
    assert_eq!(scene.ok(&["subscribers", "list"]).lines().count(), 400);
}

#[test]
fn nothing_is_left_on_postgres() {
    let (scene, address) = lived_in(at_home(Scene::empty().on_postgres(), ""));
    let proof = scene.ok(&["subscribers", "erase", &address, "--prove", "--at", MONDAY]);
    assert!(proof.contains("looked through outbox/, all tables of the store\n"), "{proof}");
    assert!(proof.contains(": found nowhere\n"), "{proof}");
    // What is still there is found.
    let there = scene.run(&["subscribers", "erase", "nobody@example.org", "--prove"]);
    assert_eq!(there.code, 0, "{there:?}");
    scene.sql("UPDATE editions SET subject = 'For nobody@example.org'");
    let there = scene.run(&["subscribers", "erase", "nobody@example.org", "--prove"]);
    assert_eq!(
        (there.code, there.stderr.as_str()),
        (65, "gazetier: nobody@example.org still stands in editions.subject\n")
    );
}

#[test]
fn what_a_page_erases_leaves_the_files_of_a_running_server() {
    let (scene, _) = lived_in(at_home(Scene::empty(), ""));
    let house = House::open(&scene, &["--at", MONDAY]);
    house.post("/lettre/", "email=Marzhin.Second%40example.org");
    let link =
        notes(&scene, 4).into_iter().find(|note| note.subject.contains("subscribed already")).expect("a letter").link();
    assert_eq!(house.post(&link, "do=erase&sure=yes").status, 200);
    for text in ["marzhin.kerbrat", "marzhin.second"] {
        assert_eq!(standing(&scene, text), Vec::<String>::new(), "{text}");
    }
    drop(house);
    assert!(scene.ok(&["subscribers", "erase", "Marzhin.Second@example.org", "--prove"]).ends_with("found nowhere\n"));
}

#[test]
fn a_relay_s_words_are_kept_without_the_address() {
    let relay = Scripted::start(|step, line| match step {
        "RCPT" if line.contains("marzhin") => {
            Act::Say("451 4.2.2 <marzhin@example.org>: mailbox of Marzhin@example.org is full")
        }
        _ => Act::Accept,
    });
    let scene = through(at_home(Scene::empty(), ""), relay.port);
    scene.put("list.csv", "email\nmarzhin@example.org\n");
    scene.ok(&["subscribers", "import", "list.csv", "--at", MONDAY]);
    scene.put(
        "columns/a.md",
        "---\ntitle: A\nrubrique: edito\npublished: 2026-11-20\n---\n\nUn corps assez long pour une lettre.\n",
    );
    scene.run(&["run", "--at", MONDAY]);
    assert_eq!(scene.sql("UPDATE letters SET name = name WHERE reply LIKE '%full%'"), 1);
    assert_eq!(scene.sql("UPDATE letters SET name = name WHERE lower(reply) LIKE '%marzhin@%'"), 0);
    scene.put("list.csv", "email\n");
    let house = House::open(&scene, &["--at", MONDAY]);
    house.post("/lettre/", "email=marzhin%40example.org");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while scene.sql("UPDATE service_letters SET state = state WHERE reply LIKE '%full%'") == 0 {
        assert!(std::time::Instant::now() < end, "the letter was tried");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(scene.sql("UPDATE service_letters SET state = state WHERE lower(reply) LIKE '%marzhin@%'"), 0);
}

#[test]
fn what_need_not_be_kept_goes_after_its_time() {
    for scene in [at_home(Scene::empty(), ""), at_home(Scene::empty().on_postgres(), "")] {
        let (scene, address) = lived_in(scene);
        scene.ok(&["subscribers", "remove", "reader7@example.org", "--at", MONDAY]);
        let kept = |scene: &Scene| scene.ok(&["subscribers", "list"]).lines().count();
        assert_eq!(kept(&scene), 401);
        let tidy = |at: &str| scene.ok(&["tidy", "--at", at]);
        tidy("2026-12-20");
        assert_eq!(tidy("2026-12-20"), "nothing is old enough to be removed\n");
        // A year after, nobody has to know from where somebody confirmed; what was agreed to stays.
        assert_eq!(tidy("2027-12-20"), "removed: 2 consents' network addresses\n");
        let shown = scene.ok(&["subscribers", "show", &address]);
        assert!(shown.contains("consent by form, asked 2026-11-20") && !shown.contains("127.0.0.1"), "{shown}");
        // Three years after, who left is forgotten, and no list brings them back.
        let said = tidy("2029-12-20");
        assert!(said.contains("1 readers who left long ago"), "{said}");
        assert_eq!(kept(&scene), 400);
        scene.put("list.csv", "email\nreader7@example.org\n");
        scene.ok(&["subscribers", "import", "list.csv", "--at", "2029-12-20"]);
        assert_eq!(kept(&scene), 400);
        // Letters in the folder go by their files' time.
        let old = std::fs::File::options().write(true).open(scene.letter_file("reader8@example.org", "2026-W47"));
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(200 * 86_400);
        old.and_then(|file| file.set_modified(long_ago)).expect("a file's time");
        assert_eq!(tidy("2029-12-21"), "removed: 1 letters in the folder\n");
        let refused = scene.config("# [retention]", "[retention]\nleft = \"2 days\"").run(&["tidy"]);
        assert_eq!(
            (refused.code, refused.stderr.as_str()),
            (
                78,
                "gazetier: config.toml: retention.left: that is too short, letters come back for weeks: write \"30d\" or more, \
                 or \"forever\"\n"
            )
        );
    }
}
