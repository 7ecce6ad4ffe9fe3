//! The first letters of an edition go ahead, and the others follow once it is known what became of them.

use crate::{
    sink::{Fault, Options, Sink, faults},
    support::{MONDAY, Scene},
    wire::scene_with_subscribers,
};

/// Readers at several providers, and three relays.
fn scene(readers: usize, ports: [u16; 3], canary: &str) -> Scene {
    let providers = ["orange.example", "free.example", "gmail.example", "posteo.example"];
    let rows: String =
        (0..readers).map(|n| format!("s{n}@{}\n", providers[n % 3 + usize::from(n % 12 == 5)])).collect();
    let relays: String = ports
        .iter()
        .map(|port| format!("[[relays]]\nname = \"r{port}\"\nurl = \"smtp://127.0.0.1:{port}\"\ntimeout = \"5s\"\n"))
        .collect();
    let scene = scene_with_subscribers(0, ports[0], "").write("subscribers.csv", &format!("email\n{rows}"));
    let text = scene.read("config.toml");
    let (before, _) = text.split_once("[relay]").expect("a relay");
    let text = format!("{before}{relays}");
    scene.put("config.toml", &text.replacen("[digest]\n", &format!("[digest]\n{canary}\n"), 1));
    scene
}

fn taken(sinks: &[Sink]) -> Vec<String> {
    let mut all: Vec<String> = sinks.iter().flat_map(Sink::recipients).collect();
    all.sort();
    all
}

/// As if an hour had gone by since the first letters went out.
fn an_hour_later(scene: &Scene) {
    scene.sql("UPDATE letters SET settled_at = settled_at - 3600000 WHERE settled_at > 0");
    scene.sql("UPDATE edition_canaries SET begun_at = begun_at - 3600000");
}

const CANARY: &str = "canary = \"1%\"\ncanary_wait = \"30m\"";

#[test]
fn one_relay_of_three_that_refuses_costs_a_hundredth_of_the_letters() {
    for postgres in [false, true] {
        let refusing = || Options {
            script: faults(|step, _, _| match step {
                "RCPT" => Fault::Reply("550 5.1.1 we know nobody of this name".to_owned()),
                _ => Fault::None,
            }),
            ..Options::default()
        };
        let sinks = [Sink::start(Options::default()), Sink::start(refusing()), Sink::start(Options::default())];
        let scene = scene(3_000, [0, 1, 2].map(|n| sinks[n].port), CANARY);
        let scene = if postgres { scene.on_postgres() } else { scene };
        let outcome = scene.run(&["run", "--at", MONDAY]);
        assert!(outcome.stderr.contains("is held, 29"), "{outcome:?}");
        let ahead = taken(&sinks);
        assert!(!ahead.is_empty() && ahead.len() <= 30, "{} of 3,000 are out", ahead.len());
        // Whatever runs come: nothing goes before somebody lets it go.
        for at in ["2026-11-23T08:10", "2026-11-23T09:40"] {
            an_hour_later(&scene);
            scene.run(&["run", "--at", at]);
            assert_eq!(taken(&sinks).len(), ahead.len());
        }
        let status = scene.ok(&["digest", "status"]);
        assert!(status.contains(" held: "), "{status}");
    }
}

#[test]
fn the_others_follow_once_the_first_have_arrived() {
    for postgres in [false, true] {
        let sinks = [(); 3].map(|()| Sink::start(Options::default()));
        let scene = scene(1_000, [0, 1, 2].map(|n| sinks[n].port), CANARY);
        let scene = if postgres { scene.on_postgres() } else { scene };
        scene.ok(&["sync", "--at", MONDAY]);
        let outcome = scene.run(&["digest", "send", "--at", MONDAY]);
        assert!(outcome.code == 0 && outcome.stdout.contains(": 10 letters are ahead, the others wait"), "{outcome:?}");
        let ahead = taken(&sinks);
        let providers: std::collections::BTreeSet<&str> =
            ahead.iter().filter_map(|address| address.split('@').nth(1)).collect();
        assert_eq!((ahead.len(), providers.len()), (10, 4), "{ahead:?}");
        // Not before their time, whoever asks.
        let outcome = scene.run(&["digest", "send", "--at", MONDAY]);
        assert!(outcome.code == 0 && taken(&sinks).len() == 10, "{outcome:?}");
        an_hour_later(&scene);
        let outcome = scene.run(&["run", "--at", "2026-11-23T08:40"]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let all = taken(&sinks);
        let mut once = all.clone();
        once.dedup();
        assert_eq!((all.len(), once.len()), (1_000, 1_000));
        assert_eq!(scene.letters().0.get("sent"), Some(&1_000));
    }
}

#[test]
fn what_comes_back_of_the_first_holds_the_others() {
    for postgres in [false, true] {
        let sinks = [(); 3].map(|()| Sink::start(Options::default()));
        let scene = scene(1_000, [0, 1, 2].map(|n| sinks[n].port), CANARY);
        let scene = if postgres { scene.on_postgres() } else { scene };
        scene.ok(&["run", "--at", MONDAY]);
        scene.sql("UPDATE letters SET state = 'failed', reply = 'came back: 550 5.7.1 spam' WHERE state = 'sent' AND address LIKE '%@free.example'");
        scene.sql(
            "INSERT INTO bounces (edition_id, subscriber_id, kind, address_hash, words, noted_at) \
             SELECT l.edition_id, s.id, 'ours', s.address_hash, '550 5.7.1 spam', 0 FROM letters l \
             JOIN subscribers s ON s.id = l.subscriber_id WHERE l.state = 'failed'",
        );
        let outcome = scene.run(&["run", "--at", "2026-11-23T08:10"]);
        let why = "free.example: 3 of 3: came back: 550 5.7.1 spam";
        assert!(
            outcome.stderr.contains("is held, 990 letters wait: of the 10 letters that went ahead, ")
                && outcome.stderr.contains(why),
            "{outcome:?}"
        );
        assert_eq!(taken(&sinks).len(), 10);
        // Somebody looks into it, and lets it go.
        let outcome = scene.run(&["digest", "send", "--at", "2026-11-23T09:00"]);
        assert!(outcome.code == 0 && taken(&sinks).len() == 1_000, "{outcome:?}");
    }
}

#[test]
fn a_share_that_makes_no_sense_is_refused() {
    for (canary, message) in [
        ("canary = \"60%\"", "digest.canary: \"60%\" is no share from \"0.1%\" to \"50%\""),
        ("canary = \"some\"", "digest.canary: \"some\" is no share"),
        ("canary_wait = \"5m\"", "digest.canary_wait: no letters go ahead"),
        ("canary = \"1%\"\ncanary_wait = \"2d\"", "digest.canary_wait: \"2d\" is not between \"1m\" and \"1d\""),
    ] {
        let scene = Scene::sample().config("[digest]\n", &format!("[digest]\n{canary}\n"));
        let outcome = scene.run(&["status"]);
        assert!(outcome.code != 0 && outcome.stderr.contains(message), "{outcome:?}");
    }
}
