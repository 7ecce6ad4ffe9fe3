//! Several newsletters on one store: each with its own hour, columns, sender, readers and ways out.

use gazetier::{model::token, store::Store};

use crate::{
    readers::{
        house::{House, at_home},
        mail::notes,
    },
    store::slug,
    support::{MONDAY, Scene},
};

const SECOND: &str = r#"[[newsletters]]
name = "carnet"
title = "Le Carnet du soir"
description = "Une note chaque soir"
schedule = "daily 18:00"
rubriques = ["carnet"]
from = "Le Carnet <carnet@estran.example.org>"
subject = "Carnet : {lead}"

[digest]
"#;

/// The sample with a second newsletter, that has the notes of each day.
fn scene() -> Scene {
    at_home(Scene::sample().config("[digest]\n", SECOND), "")
}

/// Where one click leads in a reader's letters of a newsletter.
fn leaving(scene: &Scene, address: &str, newsletter: &str) -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&scene.store_url()).await.expect("a store");
        let newsletter = slug(newsletter);
        let address = address.parse().expect("an address");
        let known = store.subscriber_at(&newsletter, &address).await.expect("a store").expect("a reader");
        format!("/lettre/quitter/{}", token::unsubscribe(store.key(), &newsletter, known.reader))
    })
}

#[test]
fn each_newsletter_has_its_hour_its_columns_and_its_readers() {
    for scene in [scene(), scene().on_postgres()] {
        scene.ok(&["subscribers", "add", "soir@example.org", "--newsletter", "carnet", "--at", "2026-11-17T08:00"]);
        for at in ["2026-11-18T18:05", "2026-11-19T18:05", MONDAY, "2026-11-23T18:05"] {
            scene.ok(&["run", "--at", at]);
        }
        insta::assert_snapshot!("letters_of_two_newsletters", scene.posted().join("\n"));
        // What the digest holds is not taken from it by the other one.
        let letter = scene.letter_to("soir@example.org", "carnet-2026-11-19");
        let parsed = mail_parser::MessageParser::default().parse(&letter).expect("a letter");
        let head = ["From", "Subject", "List-Id", "List-Archive", "Feedback-ID"];
        let head = head.map(|name| format!("{name}: {}", parsed.header_raw(name).unwrap_or_default().trim()));
        insta::assert_snapshot!(
            "head_of_a_second_newsletter",
            format!("{}\n{}", head.join("\n"), parsed.subject().unwrap_or_default())
        );
        let text = parsed.body_text(0).expect("a text");
        assert!(text.contains("LE CARNET DU SOIR") && !text.contains("du 19 au 19"), "{text}");
        let status = scene.ok(&["digest", "status"]);
        assert!(status.contains("2026-W47 (n° 1)") && status.contains("carnet-2026-11-"), "{status}");
        let one = scene.ok(&["digest", "status", "--newsletter", "carnet"]);
        assert!(!one.contains("\n2026-W47") && one.contains("carnet-2026-11-"), "{one}");
        let wrong = scene.run(&["digest", "status", "--newsletter", "minuit"]);
        assert_eq!(wrong.code, 2);
        assert!(wrong.stderr.contains("write one of digest, carnet"), "{}", wrong.stderr);
        // Nothing more to do.
        assert_eq!(scene.ok(&["run", "--at", "2026-11-23T18:30"]), "");
    }
}

#[test]
fn readers_choose_among_newsletters_and_leave_one_or_all() {
    for scene in [scene(), scene().on_postgres()] {
        scene.ok(&["sync", "--at", MONDAY]);
        let house = House::open(&scene, &["--at", MONDAY]);
        let page = house.get("/lettre/").text();
        assert!(page.contains("Le Carnet du soir") && page.contains("chaque jour · Une note chaque soir"), "{page}");
        assert!(page.contains("value=\"digest\" checked") && !page.contains("value=\"carnet\" checked"), "{page}");
        // The page of the second one has its own name, and its rubriques alone.
        let own = house.get("/lettre/carnet/").text();
        assert!(own.contains("value=\"carnet\" checked") && !own.contains("value=\"humeur\""), "{own}");
        assert!(own.contains("Je souhaite recevoir chaque jour la lettre de Le Carnet du soir"), "{own}");
        assert_eq!(house.post("/lettre/", "email=a%40example.org&newsletters=").status, 422);
        assert_eq!(house.post("/lettre/", "email=a%40example.org&newsletters=minuit").status, 422);

        let sent = house.post("/lettre/", "email=a%40example.org&newsletters=&newsletters=digest&newsletters=carnet");
        assert_eq!(sent.status, 200, "{}", sent.text());
        let link = notes(&scene, 1).remove(0).link();
        assert_eq!(house.post(&link, "").status, 200);
        let subscribed = || {
            scene.pairs(
                "SELECT p.newsletter, p.state FROM subscriptions p JOIN subscribers s ON s.id = p.subscriber_id \
                 WHERE s.address = 'a@example.org' ORDER BY p.newsletter",
            )
        };
        let pair = |newsletter: &str, state: &str| (newsletter.to_owned(), state.to_owned());
        assert_eq!(subscribed(), [pair("carnet", "active"), pair("digest", "active")]);

        // One click leaves the newsletter that the letter is of, and the page offers all.
        let leaving = |newsletter: &str| leaving(&scene, "a@example.org", newsletter);
        let left = house.post(&leaving("carnet"), "List-Unsubscribe=One-Click");
        assert_eq!(left.status, 200);
        assert!(left.text().contains("Me désabonner de tout"), "{}", left.text());
        assert_eq!(subscribed(), [pair("carnet", "unsubscribed"), pair("digest", "active")]);
        let all = house.post(&leaving("carnet"), "do=all");
        assert!(all.text().contains("Aucune lettre de L’Estran"), "{}", all.text());
        assert_eq!(subscribed(), [pair("carnet", "unsubscribed"), pair("digest", "unsubscribed")]);
    }
}

#[test]
fn a_newsletter_comes_with_each_column_and_in_sum_to_who_wants_it_less_often() {
    let schedule = "[[newsletters]]\nname = \"alerte\"\nschedule = \"published\"\nrhythms = [\"daily\"]\n\n[digest]\n";
    for scene in
        [Scene::sample().config("[digest]\n", schedule), Scene::sample().config("[digest]\n", schedule).on_postgres()]
    {
        let list = "email,rhythm\nchaque@example.org,\njour@example.org,daily\n";
        scene.put("alerte.csv", list);
        let import = ["subscribers", "import", "alerte.csv", "--newsletter", "alerte", "--at", "2026-11-16T07:00"];
        scene.ok(&import);
        for at in ["2026-11-16T09:20", "2026-11-16T12:00", "2026-11-16T17:45", "2026-11-17T08:35", "2026-11-18T07:05"] {
            scene.ok(&["run", "--at", at]);
        }
        insta::assert_snapshot!("letters_with_each_column", scene.posted().join("\n"));
        // The daily one has what came since the one before it.
        let sum = scene.letter_to("jour@example.org", "alerte-2026-11-17");
        let parsed = mail_parser::MessageParser::default().parse(&sum).expect("a letter");
        let text = parsed.body_text(0).expect("a text");
        let titles: Vec<&str> = text.lines().filter(|line| line.contains("chroniques/")).map(str::trim).collect();
        insta::assert_snapshot!("a_letter_in_sum", titles.join("\n"));
        let list = scene.ok(&["subscribers", "export", "--newsletter", "alerte"]);
        assert!(list.contains("jour@example.org,,,,daily,"), "{list}");
    }
}
