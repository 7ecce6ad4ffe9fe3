//! What a provider takes of us: connections at once, letters for each, and how many in an hour and a day.

use std::collections::BTreeMap;

use crate::{
    sink::{Options, Sink},
    support::{MONDAY, Scene},
    wire::scene_with_subscribers,
};

fn scene(port: u16, each: usize, limit: &str) -> Scene {
    let domains = ["orange.fr", "wanadoo.fr", "example.net", "gmail.com"];
    let rows: String = (0..each * 4).map(|n| format!("r{n}@{}\n", domains[n % 4])).collect();
    let settings = format!("connections = 6\n\n[[relay.limits]]\n{limit}\n");
    scene_with_subscribers(0, port, &settings).write("subscribers.csv", &format!("email\n{rows}"))
}

fn is_orange(reader: &str) -> bool {
    reader.ends_with("@orange.fr") || reader.ends_with("@wanadoo.fr")
}

#[test]
fn a_provider_gets_its_connections_and_letters_and_no_more() {
    for postgres in [false, true] {
        for options in [Options::default(), Options { chunking: false, ..Options::default() }] {
            let sink = Sink::start(Options { delay: std::time::Duration::from_millis(2), ..options });
            let scene = scene(sink.port, 60, "provider = \"orange\"\nconnections = 2\nletters_per_connection = 10");
            let scene = if postgres { scene.on_postgres() } else { scene };
            scene.ok(&["run", "--at", MONDAY]);
            let letters = sink.accepted();
            assert_eq!(letters.len(), 240);
            let mut spans: BTreeMap<u64, (usize, usize, usize)> = BTreeMap::new();
            for (at, letter) in letters.iter().enumerate().filter(|(_, letter)| is_orange(&letter.recipients[0])) {
                let span = spans.entry(letter.connection).or_insert((at, at, 0));
                (span.1, span.2) = (at, span.2 + 1);
            }
            assert!(spans.values().all(|(_, _, count)| *count <= 10), "{spans:?}");
            for at in 0..letters.len() {
                let open = spans.values().filter(|(first, last, _)| *first <= at && at <= *last).count();
                assert!(open <= 2, "{open} at letter {at}: {spans:?}");
            }
            assert!(spans.len() >= 12);
        }
    }
}

#[test]
fn an_hour_and_a_day_are_one_for_all_runs() {
    for postgres in [false, true] {
        let sink = Sink::start(Options::default());
        let limit = "provider = \"wanadoo.fr\"\nper_hour = 15\nper_day = 40";
        let scene = scene(sink.port, 30, limit);
        let scene = if postgres { scene.on_postgres() } else { scene };
        scene.ok(&["sync", "--at", MONDAY]);
        let orange = || sink.recipients().iter().filter(|reader| is_orange(reader)).count();
        let mut went = Vec::new();
        for hour in 0..4 {
            let start = || {
                let mut command = scene.command(&["digest", "send", "--at", MONDAY]);
                command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
                command.spawn().expect("the program")
            };
            let mut both = [start(), start()];
            both.iter_mut().for_each(|child| _ = child.wait().expect("the program"));
            // What two reserve may be given back while one of them is told that there is no more.
            let outcome = scene.run(&["digest", "send", "--at", MONDAY]);
            assert_eq!(outcome.code, 75, "hour {hour}: {outcome:?}");
            went.push(orange());
            scene.sql("UPDATE relay_use SET hour = hour - 1");
            scene.sql("UPDATE letters SET due_at = 0 WHERE state = 'deferred'");
        }
        assert!(went[0] <= 15 && went[1] <= 30 && went[2] <= 40 && went[3] == 40, "{went:?}");
        assert_eq!(sink.recipients().len() - orange(), 60, "the others go on");
        // A day later the rest goes, and none of them was tried in vain.
        scene.sql("UPDATE relay_use SET hour = hour - 24");
        scene.sql("UPDATE letters SET due_at = 0 WHERE state = 'deferred'");
        scene.run(&["digest", "send", "--at", MONDAY]);
        scene.sql("UPDATE relay_use SET hour = hour - 24");
        scene.sql("UPDATE letters SET due_at = 0 WHERE state = 'deferred'");
        assert_eq!(scene.run(&["digest", "send", "--at", MONDAY]).code, 0);
        assert_eq!(sink.recipients().len(), 120);
        assert!(scene.pairs("SELECT address, CAST(attempts AS TEXT) FROM letters WHERE attempts <> 1").is_empty());
    }
}

#[test]
fn a_limit_that_makes_no_sense_is_refused() {
    for (limit, message) in [
        ("connections = 2", "relay.limits: it says of nobody"),
        ("provider = \"orange\"", "relay.limits: it sets orange no limit"),
        ("provider = \"nobody\"\nper_day = 5", "relay.limits.provider: \"nobody\" is none that is known"),
        ("domains = [\"a@b.fr\"]\nper_day = 5", "relay.limits.domains: \"a@b.fr\" is no domain"),
        ("provider = \"free\"\nper_hour = 0", "relay.limits.per_hour: 0 are none"),
        (
            "provider = \"free\"\nper_day = 5\n[[relay.limits]]\ndomains = [\"free.fr\"]\nper_day = 6",
            "free.fr has two limits",
        ),
    ] {
        let outcome = scene(1, 1, limit).run(&["status"]);
        assert!(outcome.code != 0 && outcome.stderr.contains(message), "{limit}: {outcome:?}");
    }
}
