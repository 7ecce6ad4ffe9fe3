//! What stops a command says what, where and what to do; and it stops no more than it must.

use std::{fs, net::TcpListener};

use crate::{
    support::{MONDAY, Outcome, Scene},
    wire::scene_with_subscribers,
};

#[test]
fn a_password_that_is_missing_stops_the_relay_alone() {
    let scene = scene_with_subscribers(3, 1, "user = \"estran\"\npassword_env = \"ESTRAN_NO_PASSWORD\"");
    let outcome = scene.run(&["run", "--at", MONDAY]);
    assert_eq!(outcome.code, 69, "{outcome:?}");
    let words =
        "relay.password_env: the environment has no ESTRAN_NO_PASSWORD; the letters wait in the ledger, run again";
    assert!(outcome.stderr.contains(words), "{outcome:?}");
    assert!(scene.path("feeds/rss.xml").exists(), "the feeds are there all the same");
    for command in [&["status"][..], &["digest", "status"], &["subscribers", "list"], &["publish", "--at", MONDAY]] {
        assert_eq!(scene.run(command).code, 0, "{command:?}");
    }
    // A file in its place that is not there, or is empty.
    for (text, words) in [(None, "cannot read password: "), (Some("\n"), "cannot read password: it is empty")] {
        let scene = scene_with_subscribers(3, 1, "user = \"estran\"\npassword_file = \"password\"");
        if let Some(text) = text {
            scene.put("password", text);
        }
        let outcome = scene.run(&["run", "--at", MONDAY]);
        assert_eq!(outcome.code, 69, "{outcome:?}");
        assert!(outcome.stderr.contains(&format!("relay.password_file: {words}")), "{outcome:?}");
    }
}

#[test]
fn a_secret_may_be_a_file_or_a_credential() {
    // Of the store.
    let scene = Scene::sample().config("url = \"sqlite:gazetier.db\"", "url_file = \"place\"");
    scene.put("place", "sqlite:elsewhere.db\n");
    scene.ok(&["run", "--at", MONDAY]);
    assert!(scene.path("elsewhere.db").exists() && !scene.path("gazetier.db").exists());
    // systemd gives it in a folder of its own.
    scene.put("credentials/place", "sqlite:credential.db");
    let mut command = scene.command(&["run", "--at", MONDAY]);
    let outcome: Outcome =
        command.env("CREDENTIALS_DIRECTORY", scene.path("credentials")).output().expect("the program").into();
    assert!(scene.path("credential.db").exists(), "{outcome:?}");
    let scene = scene.config("url_file = \"place\"", "url_file = \"place\"\nurl = \"sqlite:gazetier.db\"");
    let outcome = scene.run(&["status"]);
    assert_eq!(
        (outcome.code, outcome.stderr.contains("store.url_file: store.url is there too")),
        (78, true),
        "{outcome:?}"
    );

    // Of a key for signatures, which everybody may read: it is told.
    let scene = Scene::sample().config("[relay]\n", "[[dkim]]\nselector = \"a\"\nkey = \"signing\"\n[relay]\n");
    let key = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dkim/rsa.pem");
    scene.put("credentials/signing", &fs::read_to_string(key).expect("a key"));
    assert_eq!(scene.run(&["digest", "dkim"]).code, 78);
    let mut command = scene.command(&["digest", "dkim"]);
    let outcome: Outcome =
        command.env("CREDENTIALS_DIRECTORY", scene.path("credentials")).output().expect("the program").into();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stdout.starts_with("a._domainkey."), "{outcome:?}");
}

#[test]
fn a_port_that_is_taken_is_told_with_its_key() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    for (key, from, to) in [
        ("web.listen", "[theme]\n", format!("[web]\nlisten = \"{address}\"\n[theme]\n")),
        ("desk.listen", "listen = \"127.0.0.1:0\"", format!("listen = \"{address}\"")),
        (
            "web.metrics_listen",
            "[theme]\n",
            format!("[web]\nlisten = \"unix:web.sock\"\nmetrics_listen = \"{address}\"\n[theme]\n"),
        ),
    ] {
        let mut scene = Scene::sample();
        if key == "desk.listen" {
            scene = scene.config("[theme]\n", "[web]\nlisten = \"unix:web.sock\"\n[theme]\n");
        }
        let outcome = scene.config(from, &to).run(&["serve"]);
        assert_eq!(outcome.code, 69, "{outcome:?}");
        let words = format!("cannot listen on http://{address}: ");
        assert!(
            outcome.stderr.contains(&words) && outcome.stderr.trim_end().ends_with(&format!("See {key}")),
            "{outcome:?}"
        );
    }
}
