//! What is asked for in a reader's name: the newest wish counts, its owner sees all of it and mends it, letters do not
//! become a flood, and who was struck off comes back by confirming.

use std::collections::BTreeSet;

use chrono::Duration;
use gazetier::{
    model::{Choice, DeliveryTime, Slug},
    store::{Confirmation, Confirmed, Pace, Queueing, Request, ServiceKind, ServiceLetter, Store},
};

use super::{
    house::{House, at_home},
    mail::notes,
};
use crate::{
    bounces::post::{Sent, group, letter_head, report},
    store::{at, digest},
    support::{MONDAY, Scene},
};

fn scenes() -> [Scene; 2] {
    [at_home(Scene::empty(), ""), at_home(Scene::empty().on_postgres(), "")]
}

/// What is known of a reader, as the page of preferences gives it.
fn data(house: &House, page: &str) -> serde_json::Value {
    let link = page.split("href=\"https://estran.example.org/lettre/preferences/").nth(1).expect("a link");
    let link = format!("/lettre/preferences/{}", link.split('"').next().expect("a link"));
    serde_json::from_slice(&house.get(&format!("{link}/data")).body).expect("JSON")
}

#[test]
fn the_newest_wish_counts_and_its_owner_mends_it() {
    for scene in scenes() {
        let house = House::open(&scene, &["--at", MONDAY]);
        // Somebody else asked first; the reader's own wish comes a moment later.
        assert_eq!(house.post("/lettre/", "lang=en&email=zoe%40example.org&name=Mallory&rubriques=humeur").status, 200);
        assert_eq!(house.post("/lettre/", "lang=fr&email=Zoe%40example.org&name=Zo%C3%A9&rubriques=edito").status, 200);
        let link = notes(&scene, 1)[0].link();
        let page = house.get(&link).text();
        assert!(page.contains("value=\"Zoé\"") && !page.contains("Mallory"), "{page}");
        assert!(page.contains("value=\"edito\" checked") && !page.contains("value=\"humeur\" checked"), "{page}");
        assert!(page.contains("Je souhaite recevoir chaque semaine la lettre de L’Estran"), "{page}");
        // What was agreed to is what the page showed.
        let changed = house.post(&link, "name=Zo%C3%A9&consent=I+agree+to+anything");
        assert_eq!(changed.status, 409);
        assert!(changed.text().contains("La demande a changé"), "{}", changed.text());
        // A name too long keeps the page; a mended one is taken.
        assert_eq!(house.post(&link, &format!("name={}", "z".repeat(101))).status, 422);
        let done = house.post(&link, "name=Zo%C3%A9+Le+Goff&rubriques=&rubriques=humeur");
        assert_eq!(done.status, 200, "{}", done.text());
        assert_eq!(scene.ok(&["subscribers", "list"]), "Zoe@example.org\tactive\thumeur\tZoé Le Goff\n");
        let known = data(&house, &done.text());
        assert_eq!(known["messages"][0]["about"], "join");
        assert_eq!(known["consents"][0]["version"].as_str().map(str::len), Some(8));
    }
}

#[test]
fn the_words_agreed_to_are_the_magazine_s() {
    let scene = at_home(Scene::empty(), "consents = [\"I want the letter of L’Estran, and its surveys.\"]\n");
    let house = House::open(&scene, &["--at", MONDAY]);
    let refused = house.post("/lettre/", "email=a%40example.org&consent=I+agree+to+anything");
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("n’est pas de ceux que le magazine propose"), "{}", refused.text());
    let json = "Content-Type: application/json\r\n";
    let refused = house.ask(
        "POST",
        "/lettre/",
        json,
        "{\"email\":\"a@example.org\",\"consent\":\"Anything\",\"language\":\"en\"}",
    );
    assert_eq!(
        (refused.status, refused.text().as_str()),
        (
            422,
            "{\"error\":\"consent\",\"message\":\"This consent is none of those that the magazine offers: load the page again.\"}"
        )
    );
    let form = "email=b%40example.org&lang=en&consent=I+want+the+letter+of+L%E2%80%99Estran%2C+and+its+surveys.";
    assert_eq!(house.post("/lettre/", form).status, 200);
    let note = notes(&scene, 1).remove(0);
    let words = note.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("By confirming, you agree to this: “I want the letter of L’Estran, and its surveys.”"),
        "{words}"
    );
    assert!(house.get(&note.link()).text().contains("and its surveys."), "the page shows it");
    assert_eq!(house.post(&note.link(), "").status, 200);
    let shown = scene.ok(&["subscribers", "show", "b@example.org"]);
    let consent = shown.lines().find(|line| line.contains("consent by form")).expect("a consent");
    assert!(consent.ends_with(": I want the letter of L’Estran, and its surveys."), "{shown}");

    // A regulator checks it without us.
    let receipt = scene.ok(&["subscribers", "receipt", "b@example.org", "--at", MONDAY]);
    scene.put("receipt.json", &receipt);
    let key = scene.ok(&["subscribers", "receipt", "--key"]);
    assert_eq!(
        scene.ok(&["subscribers", "receipt", "--check", "receipt.json"]),
        format!("receipt.json: signed by this store, with the key {key}")
    );
    scene.put("other.json", &receipt.replace("surveys", "anything"));
    let refused = scene.run(&["subscribers", "receipt", "--check", "other.json"]);
    assert_eq!(
        (refused.code, refused.stderr.as_str()),
        (65, "gazetier: other.json: what it says is not what was signed\n")
    );
    let strange = Scene::empty();
    strange.put("receipt.json", &receipt);
    let refused = strange.run(&["subscribers", "receipt", "--check", "receipt.json"]);
    assert!(refused.code == 65 && refused.stderr.contains("signed with another key than this store's"), "{refused:?}");
}

#[test]
fn kinds_of_letters_do_not_keep_one_another_away() {
    for scene in scenes() {
        scene.put("list.csv", "email\nknown@example.org\n");
        scene.ok(&["subscribers", "import", "list.csv", "--at", MONDAY]);
        let house = House::open(&scene, &["--at", MONDAY]);
        house.post("/lettre/", "email=known%40example.org");
        let preferences = notes(&scene, 1)[0].link();
        let page = house.get(&preferences).text();
        let leave =
            page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a way out").to_owned();
        assert!(leave.starts_with("/lettre/quitter"), "{leave}");
        assert_eq!(house.post(&leave, "do=preferences").status, 200);
        let subjects: Vec<String> = notes(&scene, 2).into_iter().map(|note| note.subject).collect();
        assert_eq!(subjects, ["Cette adresse est déjà abonnée · L’Estran", "Vos préférences · L’Estran"]);
        // What is changed is what was sent.
        assert_eq!(house.post(&preferences, "do=save&name=K&rubriques=&rubriques=humeur").status, 200);
        assert_eq!(house.post(&preferences, "do=save&language=en").status, 200);
        assert_eq!(scene.ok(&["subscribers", "list"]), "known@example.org\tactive\thumeur\tK\n");
        assert_eq!(house.post(&preferences, "do=save&rubriques=").status, 200);
        assert_eq!(scene.ok(&["subscribers", "list"]), "known@example.org\tactive\t*\tK\n");
        // Who left comes back by the same page.
        house.post(&leave, "");
        assert_eq!(scene.ok(&["subscribers", "list"]), "known@example.org\tunsubscribed\t*\tK\n");
        assert!(house.get(&preferences).text().contains("Get the letter again"));
        let back = house.post(&preferences, "do=rejoin");
        assert!(back.text().contains("the next letter will come to this address"), "{}", back.text());
        assert_eq!(scene.ok(&["subscribers", "list"]), "known@example.org\tactive\t*\tK\n");
        let shown = scene.ok(&["subscribers", "show", "known@example.org"]);
        assert!(shown.contains("consent by preferences, asked"), "{shown}");
        // A link that is too old says so, and offers another.
        drop(house);
        let house = House::open(&scene, &["--at", "2026-12-07T08:00"]);
        let old = house.get(&preferences);
        assert_eq!(old.status, 410);
        assert!(old.text().contains("This link is too old") && old.text().contains("Send me a new link"));
        assert_eq!(house.post(&preferences, "do=save&name=X").status, 410, "and does nothing else");
        assert_eq!(house.post(&preferences, "do=preferences").status, 200);
        assert_eq!(notes(&scene, 3)[2].subject, "Your preferences · L’Estran");
    }
}

#[test]
fn who_was_struck_off_comes_back_by_confirming() {
    for scene in scenes() {
        for (who, reason) in [("a", "bounce"), ("b", "complaint"), ("c", "request")] {
            scene.put("list.csv", &format!("email\n{who}@example.org\n"));
            scene.ok(&["subscribers", "import", "list.csv", "--at", MONDAY]);
            if reason == "request" {
                scene.ok(&["subscribers", "erase", "c@example.org", "--at", MONDAY]);
            }
        }
        scene.sql(
            "INSERT INTO suppressions (address_hash, reason, suppressed_at) SELECT address_hash, CASE address WHEN \
             'a@example.org' THEN 'bounce' ELSE 'complaint' END, 1 FROM subscribers WHERE address IN ('a@example.org', 'b@example.org')",
        );
        let house = House::open(&scene, &["--at", MONDAY]);
        for (at, who) in ["a", "b", "c"].iter().enumerate() {
            assert_eq!(house.post("/lettre/", &format!("email={who}%40example.org")).status, 200);
            let note = notes(&scene, at + 1).into_iter().find(|note| note.to == format!("{who}@example.org"));
            let note = note.expect("a letter");
            assert_eq!(note.subject, "Confirmez votre abonnement · L’Estran");
            assert_eq!(house.post(&note.link(), "").status, 200);
            let list = scene.ok(&["subscribers", "list"]);
            assert!(list.contains(&format!("{who}@example.org\tactive")), "{list}");
            let shown = scene.ok(&["subscribers", "show", &format!("{who}@example.org")]);
            assert!(shown.contains("confirmed by mail (was suppressed: "), "{shown}");
        }
    }
}

/// A relay has said just now that nobody is there: the letter waits for an hour from then, and the page says so.
#[test]
fn after_a_relays_refusal_the_letter_waits_for_an_hour() {
    for scene in scenes() {
        scene.put("list.csv", "email\na@example.org\n");
        scene.ok(&["subscribers", "import", "list.csv", "--at", MONDAY]);
        // Ten minutes before Monday's hour.
        scene.sql(
            "INSERT INTO suppressions (address_hash, reason, suppressed_at) SELECT address_hash, 'refused', \
             1795416600000 FROM subscribers",
        );
        let house = House::open(&scene, &["--at", MONDAY]);
        let page = house.post("/lettre/", "lang=en&email=a%40example.org");
        assert!(page.text().contains("If your server refused our last letter, the message waits for an hour."));
        drop(house);
        let queued = "UPDATE service_letters SET attempts = attempts WHERE state = 'queued' AND due_at = 1795420200000";
        assert_eq!(scene.sql(queued), 1);
        scene.ok(&["run", "--at", "2026-11-23T08:49"]);
        assert_eq!(scene.sql(queued), 1);
        scene.ok(&["run", "--at", "2026-11-23T08:51"]);
        assert_eq!(notes(&scene, 1)[0].subject, "Confirm your subscription · L’Estran");
    }
}

/// A report that came back to the letter's own address weighs as much. One that is known by the Message-ID alone
/// can be written by whoever has the letter: it makes nobody wait.
#[test]
fn after_a_bounce_the_letter_waits_if_the_envelope_proves_it() {
    for scene in [at_home(Scene::sample(), ""), at_home(Scene::sample().on_postgres(), "")] {
        let sent = Sent::out(scene);
        for (to, id, who) in [
            (sent.verp(1), sent.message_id(1), "alix"),
            ("retours@estran.example.org".to_owned(), sent.message_id(2), "sterenn"),
        ] {
            let groups = group(&format!("{who}@example.org"), "failed", "5.1.1", "550 5.1.1 no such reader");
            let report = report(&to, &groups, &letter_head(&id, &sent.token(1)));
            assert_eq!(sent.pipe_at("2026-11-23T08:30", report.as_bytes(), &[]).code, 0);
        }
        let scene = &sent.scene;
        assert_eq!(scene.sql("UPDATE suppressions SET reason = reason WHERE reason = 'bounce'"), 2);
        let house = House::open(scene, &["--at", "2026-11-23T08:40"]);
        for who in ["alix", "sterenn"] {
            assert_eq!(house.post("/lettre/", &format!("lang=en&email={who}%40example.org")).status, 200);
        }
        // Sterenn's is on its way at once; alix's an hour after the report.
        assert_eq!(notes(scene, 1)[0].to, "sterenn@example.org");
        drop(house);
        scene.ok(&["run", "--at", "2026-11-23T09:29"]);
        assert_eq!(notes(scene, 1).len(), 1);
        scene.ok(&["run", "--at", "2026-11-23T09:31"]);
        let to: BTreeSet<String> = notes(scene, 2).into_iter().map(|note| note.to).collect();
        assert_eq!(to.into_iter().collect::<Vec<_>>(), ["alix@example.org", "sterenn@example.org"]);
    }
}

/// A wish to join, with its letter.
fn wish(store: &Store, when: chrono::DateTime<chrono::Utc>, kind: ServiceKind) -> (Request, ServiceLetter) {
    let address: gazetier::model::EmailAddress = "a@example.org".parse().expect("an address");
    let request = Request {
        delivery: DeliveryTime::default(),
        id: store.unguessable().expect("a number"),
        mover: None,
        address: address.clone(),
        name: None,
        newsletter: digest(),
        others: Vec::new(),
        choice: Choice::of([Slug::parse("humeur").expect("a slug")]),
        language: "fr".into(),
        consent: "oui".into(),
        way: "form",
        asked: when,
        from: None,
        expires: when + Duration::days(3),
    };
    let letter = ServiceLetter { kind, address, message: "m".into(), queued: when, expires: when + Duration::days(3) };
    (request, letter)
}

#[test]
fn letters_to_one_address_become_rarer() {
    const PACE: Pace = Pace {
        pauses: &[Duration::minutes(10), Duration::hours(1), Duration::hours(6)],
        memory: Duration::days(7),
        open: Duration::days(3),
        a_day: 4,
    };
    for scene in scenes() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        scene.ok(&["subscribers", "list"]);
        runtime.block_on(async {
            let store = Store::open(&scene.store_url()).await.expect("a store");
            let begun = at("2026-11-23");
            let mut asked = Vec::new();
            for minutes in (0..36 * 60).step_by(5) {
                let when = begun + Duration::minutes(minutes);
                let (request, letter) = wish(&store, when, ServiceKind::Join);
                let open = store.open_request(&request).await.expect("a store");
                let request = Request { id: open.unwrap_or(request.id), ..request };
                if store.ask(Some(&request), &letter, &PACE).await.expect("a store") == Queueing::Queued {
                    asked.push(minutes);
                }
            }
            // Pauses of ten minutes, an hour, then six; no fifth in a day.
            assert_eq!(asked, [0, 10, 70, 430, 1440, 1800, 2160][..asked.len()], "minutes");
            assert_eq!(asked.len(), 6);
            // Another kind has its own count, though the day has its end.
            let when = begun + Duration::hours(36);
            let (_, letter) = wish(&store, when, ServiceKind::Link);
            assert_eq!(store.ask(None, &letter, &PACE).await.expect("a store"), Queueing::Queued);
            assert_eq!(store.ask(None, &letter, &PACE).await.expect("a store"), Queueing::IsThere);
            // All the while there was one wish, the newest.
            let (request, _) = wish(&store, when, ServiceKind::Join);
            let id = store.open_request(&request).await.expect("a store").expect("a wish");
            let confirmed = store.confirm(&digest(), id, when, &Confirmation::default()).await.expect("a store");
            assert!(matches!(confirmed, Confirmed::Joined(_)));
            assert_eq!(store.open_request(&request).await.expect("a store"), None);
            store.close().await;
        });
    }
}
