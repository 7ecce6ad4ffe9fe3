//! What strangers can make the magazine write: to an address that nobody has confirmed goes no word that somebody else
//! has chosen, and a letter that found nobody ends what it was for.

use std::{io::Write, process::Stdio};

use data_encoding::BASE32_NOPAD;
use gazetier::{model::token, store::Store};
use mail_parser::MessageParser;

use super::{
    house::{House, at_home},
    mail::notes,
};
use crate::{
    bounces::post::{group, report},
    support::{MONDAY, Outcome, Scene},
};

/// What a stranger would like to have in a letter of ours.
const BAIT: &str = "GAGNEZ 500 EUR http://evil.example";
const BAIT_IN_A_FORM: &str = "GAGNEZ+500+EUR+http%3A%2F%2Fevil.example";

#[test]
fn no_name_goes_to_an_address_that_nobody_confirmed() {
    for scene in [at_home(Scene::empty(), ""), at_home(Scene::empty().on_postgres(), "")] {
        scene.put("list.csv", &format!("email,name\nmallory@example.org,{BAIT}\nbarred@example.org,{BAIT}\n"));
        scene.ok(&["subscribers", "import", "list.csv", "--at", MONDAY]);
        scene.sql("INSERT INTO suppressions (address_hash, reason, suppressed_at) SELECT address_hash, 'bounce', 0 FROM subscribers WHERE address = 'barred@example.org'");
        let house = House::open(&scene, &["--at", MONDAY]);
        // Mallory's own page, by mail; from there, a move to somebody else's address.
        assert_eq!(house.post("/lettre/", "email=mallory%40example.org").status, 200);
        let preferences = notes(&scene, 1).remove(0).link();
        assert_eq!(house.post(&preferences, &format!("do=save&name={BAIT_IN_A_FORM}")).status, 200);
        assert_eq!(house.post(&preferences, "do=move&email=victim%40example.org").status, 200);
        // And subscriptions in others' names, by a form and by a script.
        let form = format!("email=other%40example.org&name={BAIT_IN_A_FORM}");
        assert_eq!(house.post("/lettre/", &form).status, 200);
        let form = format!("email=barred%40example.org&name={BAIT_IN_A_FORM}");
        assert_eq!(house.post("/lettre/", &form).status, 200);
        let script = format!("{{\"email\":\"third@example.org\",\"name\":\"{BAIT}\"}}");
        assert_eq!(house.ask("POST", "/lettre/", "Content-Type: application/json\r\n", &script).status, 202);
        notes(&scene, 5);
        let mut to = Vec::new();
        for name in scene.files("outbox").into_iter().filter(|name| name.ends_with(".eml")) {
            let raw = scene.read(&format!("outbox/{name}"));
            let mail = MessageParser::default().parse(&raw).expect("a letter");
            let (whom, _) = (mail.to().and_then(|to| to.first()).expect("somebody"), ());
            let address = whom.address().expect("an address").to_owned();
            // What a confirmed reader is called, only that reader is told.
            let is_own = address == "mallory@example.org";
            assert_eq!(whom.name().is_some(), is_own, "{address}: {raw}");
            let whole = format!(
                "{raw} {} {} {}",
                mail.subject().unwrap_or_default(),
                mail.body_text(0).unwrap_or_default(),
                mail.body_html(0).unwrap_or_default()
            );
            if !is_own {
                assert!(!whole.contains("GAGNEZ") && !whole.contains("evil.example"), "{address}: {whole}");
            }
            to.push(address);
        }
        to.sort();
        let expected = ["barred", "mallory", "other", "third", "victim"].map(|who| format!("{who}@example.org"));
        assert_eq!(to, expected);
    }
}

/// Hands a message over as a mail server does.
fn bounce(scene: &Scene, message: &str) -> Outcome {
    let mut command = scene.command(&["bounce", "--at", "2026-11-23T08:05"]);
    let mut program =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
    program.stdin.take().expect("a pipe").write_all(message.as_bytes()).expect("a message");
    program.wait_with_output().expect("the program").into()
}

/// The address that the letter in a file comes back to.
fn comes_back_to(scene: &Scene, file: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let key = runtime.block_on(async {
        let store = Store::open(&scene.store_url()).await.expect("a store");
        let key = store.key().clone();
        store.close().await;
        key
    });
    let name = file.split('.').nth(1).expect("a name").to_ascii_uppercase();
    let id: [u8; 16] = BASE32_NOPAD.decode(name.as_bytes()).expect("an id").try_into().expect("an id");
    format!("retours+{}@estran.example.org", token::service_bounce(&key, &id))
}

#[test]
fn a_confirmation_that_comes_back_ends_the_wish() {
    let proxied = "proxies = [\"127.0.0.0/8\"]";
    for scene in [at_home(Scene::empty(), proxied), at_home(Scene::empty().on_postgres(), proxied)] {
        let house = House::open(&scene, &["--at", MONDAY]);
        // Each time from another client, so that no client's own limit is met.
        let ask = |client: usize| {
            let headers =
                format!("Content-Type: application/x-www-form-urlencoded\r\nX-Forwarded-For: 192.0.{client}.1\r\n");
            house.ask("POST", "/lettre/", &headers, "email=nobody%40example.org")
        };
        assert_eq!(ask(0).status, 200);
        let link = notes(&scene, 1).remove(0).link();
        assert_eq!(house.get(&link).status, 200);
        let file = scene.files("outbox").remove(0);
        let address = comes_back_to(&scene, &file);
        let there = group("nobody@example.org", "failed", "5.1.1", "550 5.1.1 no such user");
        let done = |words: &str| Outcome { code: 0, stdout: format!("{words}\n"), stderr: String::new() };
        // A passing reason ends nothing, a forged address is nobody's.
        let full = group("nobody@example.org", "failed", "4.2.2", "452 4.2.2 mailbox full");
        assert_eq!(bounce(&scene, &report(&address, &full, "")), done("1 message read, 1 without news"));
        let forged = address.replace("retours+", "retours+a");
        assert_eq!(bounce(&scene, &report(&forged, &there, "")).code, 65);
        assert_eq!(house.get(&link).status, 200);
        assert_eq!(bounce(&scene, &report(&address, &there, "")), done("1 message read, 1 came back for good"));
        assert_eq!(bounce(&scene, &report(&address, &there, "")), done("1 message read, 1 without news"));
        assert_eq!(house.get(&link).status, 410);
        assert_eq!(scene.ok(&["subscribers", "list"]), "");
        // Who asks again begins anew: there is no letter that the page could speak of.
        assert_eq!(ask(1).status, 200);
        assert_ne!(notes(&scene, 2).remove(1).link(), link);
        // And it counts: the day's letters come to their end though all of them come back.
        let returned = || {
            for file in scene.files("outbox") {
                bounce(&scene, &report(&comes_back_to(&scene, &file), &there, ""));
            }
        };
        for count in 3..=8 {
            returned();
            assert_eq!(ask(count).status, 200);
            notes(&scene, count);
        }
        returned();
        let refused = ask(9);
        assert_eq!((refused.status, refused.header("retry-after")), (429, "86400"), "{}", refused.text());
    }
}
