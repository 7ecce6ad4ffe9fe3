//! Joining: asked in a form or by a script, confirmed by mail.

use super::{
    house::{Answer, House, at_home},
    mail::notes,
};
use crate::support::{MONDAY, Scene, until};

fn scene() -> Scene {
    at_home(Scene::empty(), "")
}

const JSON: &str = "Content-Type: application/json\r\n";

/// What a page says, without its frame.
fn main(answer: &Answer) -> String {
    let text = answer.text();
    let start = text.find("<main>").expect("a page") + 6;
    text[start..text.find("</main>").expect("a page")].trim().to_owned()
}

#[test]
fn a_reader_subscribes_and_confirms_on_both_backends() {
    for scene in [scene(), scene().on_postgres()] {
        let house = House::open(&scene, &["--at", MONDAY]);
        let page = house.get("/lettre");
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(page.text().contains("<html lang=\"fr\">") && !page.text().contains("noindex"));
        let sent = house.post(
            "/lettre/",
            "lang=fr&email=+Zo%C3%A9.LeGoff%40Example.org+&name=Zo%C3%A9%0d%0a+Le+Goff&rubriques=humeur&rubriques=edito&website=",
        );
        assert_eq!(sent.status, 200, "{}", sent.text());
        assert!(sent.text().contains("<h1>Relevez votre courrier</h1>"));
        assert_eq!(scene.ok(&["subscribers", "list"]), "", "nobody has joined yet");

        let note = notes(&scene, 1).remove(0);
        assert_eq!(
            (note.to.as_str(), note.subject.as_str()),
            ("Zoé.LeGoff@example.org", "Confirmez votre abonnement · L’Estran")
        );
        let link = note.link();
        // A program that looks at links confirms nothing.
        for _ in 0..2 {
            let page = house.get(&link);
            assert_eq!(page.status, 200);
            assert!(main(&page).contains("Zoé.LeGoff@example.org") && main(&page).contains("Confirmer mon abonnement"));
            assert_eq!(house.ask("HEAD", &link, "", "").status, 200);
        }
        assert_eq!(scene.ok(&["subscribers", "list"]), "");
        let done = house.post(&link, "");
        assert_eq!(done.status, 200);
        assert!(main(&done).starts_with("<h1>C’est fait, bienvenue</h1>"), "{}", main(&done));
        assert_eq!(scene.ok(&["subscribers", "list"]), "Zoé.LeGoff@example.org\tactive\tedito,humeur\tZoé Le Goff\n");
        // Used once: whoever has it now, nothing happens.
        for again in [house.post(&link, ""), house.get(&link)] {
            assert_eq!(again.status, 410);
            assert!(main(&again).contains("Ce lien a servi ou a vieilli"));
        }
        // What was agreed to is kept.
        let preferences = main(&done).split("href=\"https://estran.example.org").nth(1).expect("a link").to_owned();
        let preferences = preferences.split('"').next().expect("a link").to_owned();
        let data: serde_json::Value =
            serde_json::from_slice(&house.get(&format!("{preferences}/data")).body).expect("JSON");
        assert_eq!(
            data["consents"],
            serde_json::json!([{
                "way": "form",
                "words": "Je souhaite recevoir chaque semaine la lettre de L’Estran à cette adresse. Elle ne sert à rien d’autre et n’est donnée à personne.",
                "version": data["consents"][0]["version"],
                "asked": { "when": data["consents"][0]["asked"]["when"], "from": "127.0.0.1" },
                "confirmed": { "when": data["consents"][0]["confirmed"]["when"], "from": "127.0.0.1" },
            }])
        );
        assert!(data["consents"][0]["asked"]["when"].as_str().expect("an instant").starts_with("2026-11-23T07:0"));
    }
}

#[test]
fn the_answer_is_the_same_whoever_is_on_the_list() {
    let scene = scene();
    scene.put("list.csv", "email\nknown@example.org\ngone@example.org\nsuppressed@example.org\n");
    scene.ok(&["subscribers", "import", "list.csv", "--at", MONDAY]);
    scene.sql("UPDATE subscriptions SET state = 'unsubscribed' WHERE subscriber_id = (SELECT id FROM subscribers WHERE address = 'gone@example.org')");
    scene.sql("INSERT INTO suppressions (address_hash, reason, suppressed_at) SELECT address_hash, 'complaint', 0 FROM subscribers WHERE address = 'suppressed@example.org'");
    let house = House::open(&scene, &["--at", MONDAY]);
    let mut pages = Vec::new();
    for who in ["new", "known", "gone", "suppressed", "KNOWN", "bot"] {
        let begun = std::time::Instant::now();
        let trap = if who == "bot" { "&website=x" } else { "" };
        let answer = house.post("/lettre/", &format!("email={who}%40example.org{trap}"));
        let taken = begun.elapsed().as_millis();
        assert!(taken >= 250, "{who}: {taken} ms");
        pages.push((answer.status, answer.text()));
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:?}");
    // In any spelling, an address gets one letter at a time; who has joined is not asked to confirm, unless letters
    // came back or were called spam.
    let told: Vec<_> = notes(&scene, 4).into_iter().map(|note| (note.to, note.subject)).collect();
    let pair = |to: &str, subject: &str| (format!("{to}@example.org"), format!("{subject} · L’Estran"));
    assert_eq!(
        told,
        [
            pair("new", "Confirmez votre abonnement"),
            pair("known", "Cette adresse est déjà abonnée"),
            pair("gone", "Confirmez votre abonnement"),
            pair("suppressed", "Confirmez votre abonnement"),
        ]
    );
    drop(house);
    // An hour later it gets another, and either link does.
    let house = House::open(&scene, &["--at", "2026-11-23T09:01"]);
    assert_eq!(house.post("/lettre/", "email=new%40example.org").status, 200);
    let notes = notes(&scene, 5);
    assert_eq!(notes[4].to, "new@example.org");
    assert_eq!(notes[4].link(), notes[0].link());
    // Who left may come back.
    assert_eq!(house.post(&notes[2].link(), "").status, 200);
    assert_eq!(house.post(&notes[0].link(), "").status, 200);
    let list = scene.ok(&["subscribers", "list"]);
    assert!(list.contains("gone@example.org\tactive") && list.contains("new@example.org\tactive"), "{list}");
}

#[test]
fn a_link_to_confirm_ends_and_cannot_be_made() {
    let scene = scene();
    let house = House::open(&scene, &["--at", MONDAY]);
    house.post("/lettre/", "email=a%40example.org");
    let link = notes(&scene, 1)[0].link();
    let token = link.rsplit('/').next().expect("a token").to_owned();
    let mut forged: Vec<String> = (0..token.len())
        .step_by(5)
        .map(|at| {
            let other = if token.as_bytes()[at] == b'a' { "b" } else { "a" };
            format!("{}{other}{}", &token[..at], &token[at + 1..])
        })
        .collect();
    forged.extend([
        String::new(),
        "a".into(),
        token[1..].to_owned(),
        format!("{token}a"),
        "' OR 1=1 --".replace(' ', "%20"),
        "..%2f..%2fetc".into(),
        "%00".into(),
        "%ff".into(),
        "a".repeat(8_000),
    ]);
    for token in &forged {
        for (method, page) in [("GET", "confirm"), ("POST", "confirm"), ("GET", "preferences"), ("POST", "preferences")]
        {
            let status = house.ask(method, &format!("/lettre/{page}/{token}"), "", "").status;
            assert!(matches!(status, 404 | 400), "{method} {page} {token}: {status}");
        }
        // What is signed to confirm opens nothing else.
        let status = house.ask("POST", &format!("/lettre/quitter/{token}"), "", "").status;
        assert!(matches!(status, 404 | 400), "quitter {token}: {status}");
    }
    assert_eq!(house.post(&format!("/lettre/preferences/{token}"), "do=erase&sure=yes").status, 404);
    drop(house);
    let house = House::open(&scene, &["--at", "2026-11-26T08:01"]);
    assert_eq!(house.post(&link, "").status, 410, "three days later");
    assert_eq!(scene.ok(&["subscribers", "list"]), "");
    // Nothing is kept of who did not confirm.
    scene.ok(&["run", "--at", "2026-12-03T08:00"]);
    assert_eq!(scene.sql("DELETE FROM requests") + scene.sql("DELETE FROM service_letters"), 0);
}

#[test]
fn what_is_wrong_is_told_beside_its_field_and_what_was_written_is_kept() {
    let scene = scene();
    let house = House::open(&scene, &["--at", MONDAY]);
    for (form, field, told) in [
        ("email=&name=%3Cb%3EZo%C3%A9", "email", "Écrivez votre adresse électronique."),
        ("email=nobody&rubriques=humeur", "email", "Cette adresse ne semble pas complète."),
        ("email=a%40b.fr%0d%0aBcc%3A+victim%40example.org", "email", "Cette adresse ne semble pas complète."),
        ("email=a%40example.org%2Cb%40example.org", "email", "Cette adresse ne semble pas complète."),
        (&format!("email=a%40example.org&name={}", "a".repeat(101)), "name", "Ce nom est trop long"),
        (
            "email=a%40example.org&rubriques=%27%3B+DROP+TABLE+subscribers%3B--",
            "rubriques",
            "Cette rubrique n’existe pas.",
        ),
    ] {
        let answer = house.post("/lettre/", form);
        assert_eq!(answer.status, 422, "{form}");
        let page = main(&answer);
        assert!(page.contains(told), "{page}");
        assert!(field == "rubriques" || page.contains(&format!("aria-describedby=\"{field}-wrong\"")), "{page}");
        assert!(!page.contains("<b>"), "{page}");
        assert!(!form.contains("Zo%C3%A9") || page.contains("value=\"&#60;b&#62;Zoé\""), "{page}");
        assert!(!form.contains("humeur") || page.contains("value=\"humeur\" checked"), "{page}");
    }
    assert!(
        main(&house.ask("POST", "/lettre/?lang=en", "Content-Type: application/x-www-form-urlencoded\r\n", "email=x"))
            .contains("This address seems incomplete.")
    );
    assert!(
        main(&house.ask("GET", "/lettre/", "Accept-Language: it, en;q=0.7, fr;q=0.3\r\n", ""))
            .contains("Get our letter")
    );
    notes(&scene, 0);
}

#[test]
fn a_script_of_the_magazine_s_own_page_subscribes() {
    let scene =
        at_home(Scene::empty(), "origins = [\"https://www.estran.example.org\"]\nconsents = [\"I want it.\"]\n");
    let house = House::open(&scene, &["--at", MONDAY]);
    let ours = "Origin: https://www.estran.example.org\r\n";
    let preflight = house.ask("OPTIONS", "/lettre/", &format!("{ours}Access-Control-Request-Method: POST\r\n"), "");
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-origin")),
        (204, "https://www.estran.example.org")
    );
    assert_eq!(preflight.header("access-control-allow-headers"), "Content-Type");
    let strange = house.ask("OPTIONS", "/lettre/", "Origin: https://evil.example\r\n", "");
    assert_eq!(strange.header("access-control-allow-origin"), "");

    let body = "{\"email\":\"a@example.org\",\"name\":\"A\",\"rubriques\":[\"Édito\"],\"language\":\"en\",\"consent\":\"I want it.\"}";
    let answer = house.ask("POST", "/lettre/", &format!("{JSON}{ours}"), body);
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (202, "https://www.estran.example.org"));
    assert!(answer.text().contains("\"Look at your mail\""), "{}", answer.text());
    let note = notes(&scene, 1).remove(0);
    assert_eq!(note.subject, "Confirm your subscription · L’Estran");
    house.post(&note.link(), "");
    assert_eq!(scene.ok(&["subscribers", "list"]), "a@example.org\tactive\tedito\tA\n");
    assert_eq!(scene.sql("UPDATE consents SET way = 'x' WHERE way = 'script' AND consent = 'I want it.'"), 1);
    for (headers, body, status, told) in [
        ("Origin: https://evil.example\r\n", body, 403, "{\"error\":\"origin\"}"),
        (ours, "{", 400, "{\"error\":\"json\"}"),
        (ours, "[]", 400, "{\"error\":\"json\"}"),
        (ours, "{\"email\":{}}", 400, "{\"error\":\"json\"}"),
        (
            "",
            "{\"email\":\"x\",\"language\":\"en\"}",
            422,
            "{\"error\":\"email\",\"message\":\"This address seems incomplete. It looks like name@example.org.\"}",
        ),
    ] {
        let answer = house.ask("POST", "/lettre/", &format!("{JSON}{headers}"), body);
        assert_eq!((answer.status, answer.text().as_str()), (status, told), "{body}");
    }
}

#[test]
fn who_asks_too_often_has_to_wait() {
    let scene = at_home(Scene::empty(), "proxies = [\"127.0.0.1\"]\n");
    let house = House::open(&scene, &["--at", MONDAY]);
    let ask = |client: &str, who: usize| {
        let headers = format!("{JSON}X-Forwarded-For: {client}\r\n");
        house.ask("POST", "/lettre/", &headers, &format!("{{\"email\":\"a{who}@example.org\",\"website\":\"x\"}}"))
    };
    let statuses: Vec<u16> = (0..9).map(|who| ask("203.0.113.7", who).status).collect();
    assert_eq!(statuses, [202, 202, 202, 202, 202, 202, 202, 202, 429]);
    let answer = ask("203.0.113.7", 9);
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=31).contains(&wait), "{wait}");
    assert_eq!(ask("198.51.100.7", 0).status, 202, "another client is not held up");
    let neighbours = (0..60).filter(|who| ask(&format!("203.0.113.{}", 100 + who), *who).status == 429).count();
    assert!(neighbours > 20, "a network that sends many clients is slowed as a whole: {neighbours}");
}

#[test]
fn letters_go_through_the_relay_at_once_and_again_later_when_it_asks() {
    use crate::smtp::{Act, Scripted, Sink, through};
    let sink = Sink::start(&[]);
    let scene = through(scene(), sink.port);
    let house = House::open(&scene, &["--at", MONDAY]);
    house.post("/lettre/", "email=z%40example.org");
    house.post("/lettre/", "email=a%40example.org&lang=en");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while sink.count() < 2 && std::time::Instant::now() < end {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let mails = sink.mails();
    assert_eq!(
        mails.iter().map(|mail| mail.recipient.as_str()).collect::<Vec<_>>(),
        ["a@example.org", "z@example.org"]
    );
    assert!(mails[0].text.contains("\nAuto-Submitted: auto-replied\n"));
    // It comes back to an address that names it.
    let named = mails[0].sender.strip_prefix("retours+").and_then(|rest| rest.strip_suffix("@estran.example.org"));
    assert_eq!(named.map(str::len), Some(34), "{}", mails[0].sender);
    drop(house);

    let relay = Scripted::start(|step, _| if step == "RCPT" { Act::Say("450 4.2.1 later") } else { Act::Accept });
    let scene = through(self::scene(), relay.port);
    let house = House::open(&scene, &["--at", MONDAY]);
    house.post("/lettre/", "email=b%40example.org");
    until("nobody came to the relay", || relay.count("RCPT", "b@example.org") > 0);
    drop(house);
    std::thread::sleep(std::time::Duration::from_millis(100));
    let sink = Sink::start(&[]);
    let config = scene.read("config.toml");
    scene.put("config.toml", &config.replace(&format!(":{}\"", relay.port), &format!(":{}\"", sink.port)));
    scene.ok(&["run", "--at", MONDAY]);
    assert_eq!(sink.count(), 0, "not yet");
    scene.ok(&["run", "--at", "2026-11-23T08:10"]);
    assert_eq!(sink.recipients(), ["b@example.org"]);
}
