//! Leaving, choosing, moving, and being forgotten: behind links that came by mail.

use gazetier::{
    config::Config,
    model::{ReaderId, token},
    store::Store,
};

use super::{
    house::{Answer, House, at_home},
    mail::notes,
};
use crate::{
    store::digest,
    support::{MONDAY, Scene},
};

const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// The sample, with its edition frozen and its letters written.
fn sent() -> Scene {
    let scene = at_home(Scene::sample(), "");
    scene.ok(&["run", "--at", MONDAY]);
    scene
}

/// The path that a subscriber's letter of the sample names for leaving.
fn way_out(scene: &Scene, subscriber: &str) -> String {
    way_out_of(scene, subscriber, "2026-W47")
}

fn way_out_of(scene: &Scene, subscriber: &str, period: &str) -> String {
    let letter = scene.letter_to(&format!("{subscriber}@example.org"), period);
    let start = letter.find("List-Unsubscribe: <https://estran.example.org").expect("a header") + 45;
    letter[start..].split('>').next().expect("an address").to_owned()
}

fn state(scene: &Scene, address: &str) -> String {
    let list = scene.ok(&["subscribers", "list"]);
    let line = list.lines().find(|line| line.starts_with(address)).unwrap_or("gone\tgone");
    line.split('\t').nth(1).expect("a state").to_owned()
}

fn has(answer: &Answer, text: &str) -> bool {
    answer.text().contains(text)
}

#[test]
fn one_click_leaves_without_cookie_redirect_or_second_thought() {
    let scene = sent();
    let house = House::open(&scene, &["--at", MONDAY]);
    let way = way_out(&scene, "alix");
    // Programs look at links; they unsubscribe nobody.
    for method in ["GET", "HEAD"] {
        assert_eq!(house.ask(method, &way, "", "").status, 200);
    }
    let page = house.get(&way);
    assert!(has(&page, "<button type=\"submit\">Me désabonner</button>"), "{}", page.text());
    assert!(!has(&page, "alix@example.org"), "a letter that is passed on tells nothing about its reader");
    assert_eq!(state(&scene, "alix@example.org"), "active");
    for _ in 0..2 {
        let left = house.post(&way, ONE_CLICK);
        assert_eq!((left.status, left.header("location"), left.header("set-cookie")), (200, "", ""));
        assert!(has(&left, "<h1>C’est fait</h1>"));
        assert_eq!(state(&scene, "alix@example.org"), "unsubscribed");
    }
    // RFC 8058 lets mail programs send a form of either kind; upper case survives bad programs.
    let parts = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    let way = way_out(&scene, "sterenn");
    let (path, token) = way.rsplit_once('/').expect("a token");
    let upper = format!("{path}/{}", token.to_uppercase());
    let left = house.ask("POST", &upper, "Content-Type: multipart/form-data; boundary=b\r\n", parts);
    assert_eq!((left.status, state(&scene, "sterenn@example.org")), (200, "unsubscribed".into()));
    // The page's own button sends nothing at all.
    let left = house.ask("POST", &way_out(&scene, "loic"), "", "");
    assert_eq!((left.status, state(&scene, "loic@example.org")), (200, "unsubscribed".into()));
    let other = if token.starts_with('z') { "y" } else { "z" };
    for forged in
        [format!("{way}a"), way[..way.len() - 1].to_owned(), way.replace(&token[..1], other), format!("{path}/")]
    {
        assert_eq!(house.post(&forged, ONE_CLICK).status, 404, "{forged}");
    }
}

#[test]
fn who_leaves_gets_none_of_the_letters_that_wait() {
    let scene = at_home(Scene::sample(), "");
    // An edition too late to be sent is held: frozen, with its letters.
    scene.ok(&["run", "--at", "2026-11-16T08:00"]);
    let outcome = scene.run(&["run", "--at", "2026-11-23T22:00"]);
    assert!(outcome.stderr.contains("letters are held"), "{outcome:?}");
    let posted = scene.posted();
    let (period, reader) = posted.first().and_then(|letter| letter.split_once(' ')).expect("a letter");
    let way = way_out_of(&scene, reader.trim_end_matches("@example.org"), period);
    let house = House::open(&scene, &["--at", "2026-11-23T22:00"]);
    assert_eq!(house.post(&way, ONE_CLICK).status, 200);
    drop(house);
    scene.ok(&["digest", "send", "--at", "2026-11-23T22:10"]);
    let status: serde_json::Value = serde_json::from_str(&scene.ok(&["digest", "status", "--json"])).expect("JSON");
    let last = status.as_array().and_then(|editions| editions.last()).expect("an edition");
    assert_eq!(last["letters"]["suppressed"], 1, "{status}");
}

#[test]
fn the_link_works_a_year_later_and_after_the_address_has_changed() {
    let scene = sent();
    let way = way_out(&scene, "alix");
    scene.sql("UPDATE subscribers SET address = 'new@example.org', address_hash = 'x' WHERE id = 1");
    scene.sql("DELETE FROM letters");
    let house = House::open(&scene, &["--at", "2028-01-01T08:00"]);
    assert_eq!(house.post(&way, ONE_CLICK).status, 200);
    assert_eq!(state(&scene, "new@example.org"), "unsubscribed");
    // And when the subscriber is erased since: nobody is told that something is wrong.
    scene.sql("DELETE FROM subscribers WHERE id = 1");
    assert_eq!(house.post(&way, ONE_CLICK).status, 200);
}

#[test]
fn a_token_in_the_query_works_as_well() {
    let scene = Scene::sample().config("lettre/quitter/\"", "quitter?liste=1&t=\"");
    let scene = at_home(scene, "");
    scene.ok(&["run", "--at", MONDAY]);
    let way = way_out(&scene, "alix");
    assert!(way.starts_with("/quitter?liste=1&t="), "{way}");
    let house = House::open(&scene, &["--at", MONDAY]);
    assert_eq!(house.get(&way).status, 200);
    assert_eq!((house.post(&way, ONE_CLICK).status, state(&scene, "alix@example.org")), (200, "unsubscribed".into()));
    assert_eq!((house.post("/quitter?liste=1&t=x", ONE_CLICK).status, house.post("/quitter", "").status), (404, 404));
}

/// The path of a subscriber's preferences, by the letter that the page for leaving sends.
fn preferences(scene: &Scene, house: &House, subscriber: &str, letters: usize) -> String {
    let answer = house.post(&way_out(scene, subscriber), "do=preferences");
    assert!(answer.status == 200 && has(&answer, "Un lien vers vos préférences part vers"), "{}", answer.text());
    notes(scene, letters).pop().expect("a letter").link()
}

#[test]
fn a_subscriber_sees_and_changes_what_was_chosen() {
    for scene in [at_home(Scene::sample(), ""), at_home(Scene::sample(), "").on_postgres()] {
        scene.ok(&["run", "--at", MONDAY]);
        let house = House::open(&scene, &["--at", MONDAY]);
        let path = preferences(&scene, &house, "sterenn", 1);
        assert_eq!(state(&scene, "sterenn@example.org"), "active", "asking for the link is not leaving");
        let page = house.get(&path);
        assert!(has(&page, "sterenn@example.org") && has(&page, "value=\"Sterenn Daoudal\""));
        assert!(has(&page, "value=\"edito\" checked") && has(&page, "value=\"humeur\" checked"));
        assert!(!has(&page, "value=\"carnet\" checked"));
        let saved = house.post(&path, "do=save&name=S.+%3Cb%3E&rubriques=carnet&language=en");
        assert!(has(&saved, "<p class=\"done\" role=\"status\">Saved.</p>") && has(&saved, "<html lang=\"en\">"));
        assert!(has(&saved, "value=\"S. &#60;b&#62;\""), "{}", saved.text());
        assert!(scene.ok(&["subscribers", "list"]).contains("sterenn@example.org\tactive\tcarnet\tS. <b>\n"));
        // All rubriques ticked are all that there will be.
        let saved = house.post(&path, "do=save&name=&rubriques=carnet&rubriques=edito&rubriques=humeur");
        // Who ticks all of them sees all of them ticked.
        for page in [saved.text(), house.get(&path).text()] {
            for slug in ["edito", "humeur", "carnet"] {
                assert!(page.contains(&format!("value=\"{slug}\" checked")), "{page}");
            }
        }
        assert!(scene.ok(&["subscribers", "list"]).contains("sterenn@example.org\tactive\t*\t\n"));
        for wrong in ["do=save&rubriques=cuisine", "do=erase", "do=move&email=x"] {
            assert_eq!(house.post(&path, wrong).status, 422, "{wrong}");
        }
        assert_eq!(house.post(&path, "do=else").status, 400);

        let data = house.get(&format!("{path}/data"));
        assert_eq!(data.header("content-disposition"), "attachment; filename=\"data.json\"");
        let data: serde_json::Value = serde_json::from_slice(&data.body).expect("JSON");
        assert_eq!((data["address"].as_str(), data["language"].as_str()), (Some("sterenn@example.org"), Some("en")));
        assert_eq!(
            (data["letters"][0]["edition"].as_str(), data["letters"][0]["state"].as_str()),
            (Some("2026-W47"), Some("sent"))
        );

        drop(house);
        let house = House::open(&scene, &["--at", "2026-11-30T08:01"]);
        assert_eq!(house.get(&path).status, 410, "the link ends after seven days");
        assert_eq!(house.post(&path, "do=erase&sure=yes").status, 410);
    }
}

#[test]
fn a_subscriber_moves_once_the_new_address_confirms() {
    for scene in [at_home(Scene::sample(), ""), at_home(Scene::sample(), "").on_postgres()] {
        scene.ok(&["run", "--at", MONDAY]);
        let house = House::open(&scene, &["--at", MONDAY]);
        let path = preferences(&scene, &house, "alix", 1);
        let asked = house.post(&path, "do=move&email=alix%40autre.example");
        assert!(has(&asked, "Relevez votre courrier"));
        assert_eq!(state(&scene, "alix@example.org"), "active", "nothing changes yet");
        let note = notes(&scene, 2).pop().expect("a letter");
        assert_eq!(
            (note.to.as_str(), note.subject.as_str()),
            ("alix@autre.example", "Confirmez votre nouvelle adresse · L’Estran")
        );
        assert!(has(&house.get(&note.link()), "alix@autre.example"));
        assert!(has(&house.post(&note.link(), ""), "C’est noté"));
        assert_eq!(
            (state(&scene, "alix@example.org"), state(&scene, "alix@autre.example")),
            ("gone".into(), "active".into())
        );
        // The old address is told, so that nobody moves a subscriber behind one's back.
        let told = notes(&scene, 3).pop().expect("a letter");
        assert_eq!(
            (told.to.as_str(), told.subject.as_str()),
            ("alix@example.org", "La lettre va à une autre adresse · L’Estran")
        );
        assert_eq!(house.post(&note.link(), "").status, 410, "a used link does nothing");
        // An address that another subscriber has is not taken over.
        let path = preferences(&scene, &house, "loic", 4);
        house.post(&path, "do=move&email=sterenn%40example.org");
        let note = notes(&scene, 5).pop().expect("a letter");
        assert!(has(&house.post(&note.link(), ""), "Cette adresse reçoit déjà la lettre"));
        assert_eq!(
            (state(&scene, "loic@example.org"), state(&scene, "sterenn@example.org")),
            ("active".into(), "active".into())
        );
        // The letter's own link still names the subscriber.
        assert_eq!(house.post(&way_out(&scene, "alix"), ONE_CLICK).status, 200);
        assert_eq!(state(&scene, "alix@autre.example"), "unsubscribed");
    }
}

#[test]
fn who_is_erased_leaves_a_hash_and_nothing_else() {
    let scene = at_home(Scene::sample(), "");
    scene.ok(&["run", "--at", MONDAY]);
    let returned = "INSERT INTO bounces (edition_id, subscriber_id, kind, address_hash, words, noted_at) \
                    VALUES (1, 3, 'soft', x'00', '452 4.2.2 <loic@example.org> is full', 0)";
    assert_eq!(scene.sql(returned), 1);
    let house = House::open(&scene, &["--at", MONDAY]);
    let path = preferences(&scene, &house, "loic", 1);
    let erased = house.post(&path, "do=erase&sure=yes");
    assert!(has(&erased, "<h1>Tout est effacé</h1>"), "{}", erased.text());
    assert_eq!(state(&scene, "loic@example.org"), "gone");
    assert_eq!(house.get(&path).status, 410);
    drop(house);
    let (letters, frozen) = scene.letters();
    assert_eq!((letters.get("sent"), frozen), (Some(&3), 3), "the ledger's sums hold");
    assert_eq!(
        scene.sql(
            "UPDATE letters SET name = name WHERE address LIKE '%loic%' OR name LIKE '%Lo_c%' OR reply LIKE '%loic%'"
        ),
        0
    );
    for statement in [
        "DELETE FROM service_letters WHERE address LIKE '%loic%' OR message LIKE '%loic%'",
        "DELETE FROM requests WHERE address LIKE '%loic%'",
        "DELETE FROM consents WHERE subscriber_id = 3",
        "DELETE FROM bounces WHERE subscriber_id = 3",
    ] {
        assert_eq!(scene.sql(statement), 0, "{statement}");
    }
    // No list brings the address back, and a page does by its owner's word alone.
    let house = House::open(&scene, &["--at", "2026-11-24T08:00"]);
    assert_eq!(house.post("/lettre/", "email=LOIC%40example.org").status, 200);
    assert_eq!(notes(&scene, 1)[0].subject, "Confirmez votre abonnement · L’Estran");
    scene.ok(&["subscribers", "import", "subscribers.csv", "--at", "2026-11-24T08:00"]);
    assert_eq!(state(&scene, "loic@example.org"), "gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_confirmations_at_once_make_one_subscriber() {
    let scene = at_home(Scene::empty(), "");
    let house = House::open(&scene, &["--at", MONDAY]);
    house.post("/lettre/", "email=a%40example.org");
    let link = notes(&scene, 1)[0].link();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(|| house.post(&link, "").status)).collect();
        asked.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    // The token is the store's own: another magazine's opens nothing.
    let config = Config::load(&scene.path("config.toml")).expect("a configuration");
    let store = Store::open(&config.store).await.expect("a store");
    assert_eq!(token::request(store.key(), link.rsplit('/').next().expect("a token")).map(|id| id > 0), Some(true));
    let other = gazetier::model::Key::new([1; 32]);
    assert_eq!(
        house
            .post(
                &format!("/lettre/quitter/{}", token::unsubscribe(&other, &digest(), ReaderId::new([1; 16]))),
                ONE_CLICK
            )
            .status,
        404
    );
    store.close().await;
}

/// The address that a letter leads to for its reader's choices, as its text part has it.
fn manage(scene: &Scene, address: &str, period: &str) -> Option<String> {
    let letter = scene.letter_to(address, period);
    let parsed = mail_parser::MessageParser::default().parse(&letter).expect("a letter").into_owned();
    let (text, html) = (parsed.body_text(0).expect("a text"), parsed.body_html(0).expect("HTML"));
    let address = text.lines().find(|line| line.contains("/preferences/")).map(str::to_owned);
    assert_eq!(text.matches("/preferences/").count(), usize::from(address.is_some()), "{text}");
    assert_eq!(text.matches("/quitter/").count(), 1, "{text}");
    let in_html = address.iter().map(|address| html.matches(&format!("href=\"{address}\"")).count()).sum::<usize>();
    assert_eq!((html.matches("/preferences/").count(), html.matches("/quitter/").count()), (in_html, 1), "{html}");
    assert_eq!(in_html, usize::from(address.is_some()), "{html}");
    address.map(|address| address.replace("https://estran.example.org", ""))
}

#[test]
fn the_foot_of_a_letter_leads_to_a_page_that_mails_the_way_to_ones_choices() {
    for scene in [at_home(Scene::sample(), ""), at_home(Scene::sample(), "").on_postgres()] {
        scene.ok(&["run", "--at", MONDAY]);
        let house = House::open(&scene, &["--at", MONDAY]);
        let path = manage(&scene, "sterenn@example.org", "2026-W47").expect("a link");
        let page = house.get(&path);
        assert_eq!(page.status, 200);
        assert!(has(&page, "<h1>Gérer mes lettres</h1>") && has(&page, "Recevoir ce lien"), "{}", page.text());
        for told in ["sterenn", "Sterenn", "value=\"edito\""] {
            assert!(!has(&page, told), "a letter that is passed on tells nothing about its reader: {told}");
        }
        assert_eq!(house.get(&format!("{path}/data")).status, 404);
        assert!(notes(&scene, 0).is_empty());
        let sent = house.post(&path, "");
        assert!(sent.status == 200 && has(&sent, "Un lien vers vos préférences part vers"), "{}", sent.text());
        let note = notes(&scene, 1).remove(0);
        assert_eq!(note.to, "sterenn@example.org");
        assert!(has(&house.get(&note.link()), "value=\"Sterenn Daoudal\""));
        let foreign =
            house.ask("POST", &path, "Origin: https://elsewhere.example\r\nSec-Fetch-Site: cross-site\r\n", "");
        assert_eq!(foreign.status, 403);
        assert_eq!(house.post(&format!("{path}a"), "").status, 404);
        // Everybody's page of the letter has no such link, and the way out leads to the way in.
        let archived = house.get("/lettre/archive/2026-W47").text();
        assert!(!archived.contains("/preferences/") && !archived.contains("manage"), "{archived}");
        assert!(
            archived.contains("href=\"https://estran.example.org/lettre/\" style=\"color:inherit\">La recevoir</a>")
        );
        // Of somebody who was erased it looks the same, and nobody gets anything.
        scene.sql("DELETE FROM letters");
        scene.sql("DELETE FROM subscriptions WHERE subscriber_id IN (SELECT id FROM subscribers WHERE address LIKE 'sterenn%')");
        scene.sql("DELETE FROM subscribers WHERE address LIKE 'sterenn%'");
        assert_eq!(house.get(&path).text(), page.text());
        assert_eq!(house.post(&path, "").text(), sent.text());
        assert_eq!(notes(&scene, 1).len(), 1);
    }
}

#[test]
fn a_magazine_with_pages_elsewhere_leaves_that_link_out() {
    let scene = at_home(Scene::sample().config("[letters]\n", "[letters]\nmanage_link = false\n"), "");
    scene.ok(&["run", "--at", MONDAY]);
    assert_eq!(manage(&scene, "sterenn@example.org", "2026-W47"), None);
}

/// Whoever has a letter can have others mailed by its links: how often is bounded, whichever link it is. The limit of a
/// mailbox, which is of a day, comes later than that of a client, which is of half a minute.
#[test]
fn letters_that_are_asked_for_by_links_have_a_limit() {
    let scene = sent();
    let way = way_out(&scene, "alix");
    let manage = manage(&scene, "sterenn@example.org", "2026-W47").expect("a link");
    let house = House::open(&scene, &["--at", MONDAY]);
    assert_eq!(house.post(&way, "do=preferences").status, 200);
    let preferences = notes(&scene, 1).remove(0).link();
    drop(house);
    for (at, path, form) in [
        (MONDAY, &way, "do=preferences"),
        (MONDAY, &manage, ""),
        (MONDAY, &preferences, "do=move&email=nobody"),
        // That link is too old by then.
        ("2027-11-23T08:00", &preferences, "do=preferences"),
    ] {
        let house = House::open(&scene, &["--at", at]);
        let answers: Vec<Answer> = (0..20).map(|_| house.post(path, form)).collect();
        let soon = |answer: &Answer| answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds <= 31);
        assert_ne!(answers[0].status, 429, "{form} of {path}");
        let told: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert!(answers.iter().any(|answer| answer.status == 429 && soon(answer)), "{form} of {path}: {told:?}");
    }
}

/// The address of such a page holds a token: no page that it leads to learns it.
#[test]
fn pages_behind_links_do_not_tell_their_address() {
    let scene = sent();
    let way = way_out(&scene, "alix");
    let house = House::open(&scene, &["--at", MONDAY]);
    assert_eq!(house.post(&way, "do=preferences").status, 200);
    let preferences = notes(&scene, 1).remove(0).link();
    assert_eq!(house.post("/lettre/", "email=nouvelle%40example.org").status, 200);
    let confirm = notes(&scene, 2).pop().expect("a letter").link();
    let data = format!("{preferences}/data");
    for path in [way.clone(), preferences.clone(), confirm, data, format!("{way}x"), format!("{preferences}x")] {
        let answer = house.get(&path);
        let policy = answer.header("referrer-policy");
        // Where a form is, its origin has to be told, which holds no path.
        assert!(["no-referrer", "strict-origin"].contains(&policy), "{path}: {policy:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}
