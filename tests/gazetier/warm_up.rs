//! A new sender's letters: so many a day to each provider, whoever sends them, and none lost.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::{Child, Stdio},
    time::Duration,
};

use chrono::NaiveDate;

use crate::{
    sink::{Options, Sink},
    support::{Scene, column, until},
    wire::scene_with_subscribers,
};

/// The days of the plan, three letters on the first and a twentieth more each day.
const DAYS: i64 = 42;

const PLAN: &str = "[warm_up]\nstart = \"2026-11-23\"\nletters = 3\nfactor = 1.05\ndays = 42\n";

/// How many readers a provider has, and their domains.
const PROVIDERS: [(&str, usize, &[&str]); 4] = [
    ("gmail", 420, &["gmail.com", "googlemail.com"]),
    ("orange", 90, &["orange.fr", "wanadoo.fr"]),
    ("posteo.example", 7, &["posteo.example"]),
    ("estran.example", 2, &["estran.example"]),
];

fn readers() -> Vec<String> {
    let of = |(name, count, domains): &(&str, usize, &'static [&str])| {
        let name = name.replace('.', "-");
        (0..*count).map(move |n| format!("{name}{n}@{}", domains[n % domains.len()])).collect::<Vec<_>>()
    };
    PROVIDERS.iter().flat_map(of).collect()
}

fn provider(address: &str) -> &'static str {
    let domain = address.split('@').nth(1).expect("a domain");
    PROVIDERS.iter().find(|(_, _, domains)| domains.contains(&domain)).expect("a provider").0
}

fn scene(port: u16, plan: &str) -> Scene {
    let rows: String = readers().iter().map(|reader| format!("{reader}\n")).collect();
    let scene = scene_with_subscribers(0, port, "").write("subscribers.csv", &format!("email\n{rows}"));
    let text = scene.read("config.toml");
    scene.put("config.toml", &format!("{text}\n{plan}"));
    scene
}

fn day(number: i64) -> String {
    let first = NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day");
    (first + chrono::Duration::days(number)).format("%Y-%m-%dT08:00").to_string()
}

fn allowed(number: i64) -> usize {
    (3.0 * 1.05_f64.powf(number as f64)) as usize
}

/// Letters as the relay took them: the edition and the reader.
fn taken(sink: &Sink) -> Vec<(String, String)> {
    let letters = sink.accepted().into_iter();
    let edition = |id: &str| id.trim_start_matches('<').split('.').next().unwrap_or_default().to_owned();
    letters.map(|letter| (edition(&letter.message_id), letter.recipients[0].clone())).collect()
}

fn by_provider<'a>(letters: impl Iterator<Item = &'a (String, String)>) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    letters.for_each(|(_, reader)| *counts.entry(provider(reader)).or_default() += 1);
    counts
}

fn start(scene: &Scene, at: &str) -> Child {
    let mut command = scene.command(&["run", "--at", at]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program")
}

/// Lets the leases end that a killed program had.
fn leases_end(scene: &Scene) {
    scene.sql("UPDATE letters SET lease_until = 1 WHERE state IN ('leased', 'sending')");
}

/// How many editions there are, and how many letters may or may not have arrived.
fn editions_and_doubts(scene: &Scene) -> (usize, usize) {
    let status: serde_json::Value = serde_json::from_str(&scene.ok(&["digest", "status", "--json"])).expect("JSON");
    let editions = status.as_array().expect("editions");
    let doubts = |edition: &serde_json::Value| edition["unknown"].as_array().map_or(0, Vec::len);
    (editions.len(), editions.iter().map(doubts).sum())
}

fn plan_is_kept(postgres: bool) {
    let sink = Sink::start(Options::default());
    let scene = scene(sink.port, PLAN);
    let scene = if postgres { scene.on_postgres() } else { scene };
    let all = readers();
    let mut to_come: BTreeMap<&str, usize> = BTreeMap::new();
    let mut editions = 0;
    let mut doubts = 0;
    for number in 0..DAYS {
        let at = day(number);
        // In the fourth week there is one more letter, and those before are not through.
        if number == 20 {
            scene.put("columns/late.md", &column("Tard", "edito", "2026-12-12"));
        }
        let before = taken(&sink).len();
        match number {
            // Killed as soon as something is out, and again by another one.
            7 | 22 | 30 => {
                for _ in 0..2 {
                    let mut child = start(&scene, &at);
                    let enough = sink.accepted().len() + 2;
                    while child.try_wait().expect("the program").is_none() && sink.accepted().len() < enough {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    child.kill().expect("a kill");
                    child.wait().expect("the program");
                    leases_end(&scene);
                }
                scene.run(&["run", "--at", &at]);
            }
            // Two machines at once.
            _ if number % 3 == 1 => {
                let mut both = [start(&scene, &at), start(&scene, &at)];
                both.iter_mut().for_each(|child| assert!(child.wait().expect("the program").success()));
            }
            _ => {
                let outcome = scene.run(&["run", "--at", &at]);
                assert_eq!(outcome.code, 0, "day {number}: {outcome:?}");
            }
        }
        // Whoever asks once more gets no more that day.
        if number % 5 == 0 {
            let outcome = scene.run(&["digest", "send", "--at", &at]);
            let told = format!("for a later day of the warm-up: on its day {} of 42, {} ", number + 1, allowed(number));
            assert!(outcome.code == 0 && outcome.stdout.contains(&told), "day {number}: {outcome:?}");
        }
        let letters = taken(&sink);
        let gone = by_provider(letters[before..].iter());
        let (more_editions, more_doubts) = editions_and_doubts(&scene);
        for _ in editions..more_editions {
            all.iter().for_each(|reader| *to_come.entry(provider(reader)).or_default() += 1);
        }
        editions = more_editions;
        // A letter in doubt was allowed, and the relay may have it or not.
        let slack = more_doubts - doubts;
        doubts = more_doubts;
        for (name, left) in &mut to_come {
            let due = allowed(number).min(*left);
            let went = gone.get(name).copied().unwrap_or(0);
            assert!(went <= due && went + slack >= due, "day {number}, {name}: {went} of {due}, {slack} in doubt");
            *left -= due;
        }
        assert_eq!(letters.iter().collect::<BTreeSet<_>>().len(), letters.len(), "none twice, day {number}");
    }
    assert!(to_come.values().sum::<usize>() > 0 && editions >= 2);
    // The plan is over: all that is left goes.
    let outcome = scene.run(&["run", "--at", &day(DAYS)]);
    assert!(!outcome.stderr.contains("wait"), "{outcome:?}");
    let letters = taken(&sink);
    let once: BTreeSet<_> = letters.iter().collect();
    assert_eq!(once.len(), letters.len(), "none twice");
    assert!(letters.len() + doubts >= editions * all.len(), "none lost: {}", letters.len());
    assert!(letters.len() <= editions * all.len());
}

#[test]
fn forty_two_days_are_kept_to_the_letter() {
    plan_is_kept(false);
}

#[test]
fn forty_two_days_are_kept_to_the_letter_on_postgres() {
    plan_is_kept(true);
}

#[test]
fn who_is_longest_on_the_list_goes_first_and_what_waits_is_told() {
    for postgres in [false, true] {
        let sink = Sink::start(Options::default());
        let scene = scene(sink.port, &PLAN.replace("letters = 3", "letters = 40"));
        let scene = if postgres { scene.on_postgres() } else { scene };
        scene.ok(&["sync", "--at", &day(0)]);
        scene.sql("UPDATE subscriptions SET since_at = since_at - 86400000 WHERE subscriber_id IN (SELECT id FROM subscribers WHERE address LIKE 'gmail2%')");
        let outcome = scene.run(&["digest", "send", "--at", &day(0)]);
        let told =
            ": 430 letters wait for a later day of the warm-up: on its day 1 of 42, 40 letters go to each provider\n";
        assert!(outcome.code == 0 && outcome.stdout.contains(told), "{outcome:?}");
        assert_eq!(sink.accepted().len(), 40 + 40 + 7 + 2);
        let first: Vec<String> = taken(&sink).into_iter().map(|(_, reader)| reader).collect();
        assert!(first.iter().filter(|reader| provider(reader) == "gmail").all(|reader| reader.starts_with("gmail2")));
        let status = scene.ok(&["digest", "status", "--at", &day(1)]);
        assert!(
            status.contains("  430 letters wait for a later day of the warm-up: on its day 2 of 42, 42 "),
            "{status}"
        );
        // It is no trouble that somebody must see to.
        let told = scene.ok(&["status", "--at", &day(1)]);
        assert!(!told.contains("alarm: ") && told.contains(" wait for a later day of the warm-up"), "{told}");
        // Who leaves meanwhile takes nobody's place.
        scene.sql("UPDATE subscriptions SET state = 'unsubscribed' WHERE subscriber_id IN (SELECT id FROM subscribers WHERE address LIKE 'orange%' AND address NOT LIKE 'orange8%')");
        scene.ok(&["run", "--at", &day(1)]);
        until("those who are left get theirs", || {
            scene.ok(&["run", "--at", &day(1)]);
            let readers = taken(&sink);
            readers.iter().filter(|(_, reader)| reader.starts_with("orange8")).count() == 11
        });
        // Without the plan, all go.
        let text = scene.read("config.toml");
        scene.put("config.toml", text.split("[warm_up]").next().expect("a configuration"));
        scene.ok(&["run", "--at", &day(1)]);
        assert_eq!(taken(&sink).iter().filter(|(_, reader)| provider(reader) == "gmail").count(), 420);
    }
}

/// The canary waits for its letters, and the warm-up for its days; a letter may wait for both.
#[test]
fn canary_and_warm_up_hold_together() {
    for postgres in [false, true] {
        let sink = Sink::start(Options::default());
        let plan = PLAN.replace("letters = 3", "letters = 100");
        let scene = scene(sink.port, &plan).config("[digest]\n", "[digest]\ncanary = \"1%\"\ncanary_wait = \"30m\"\n");
        let scene = if postgres { scene.on_postgres() } else { scene };
        scene.ok(&["run", "--at", &day(0)]);
        assert_eq!(sink.accepted().len(), 5);
        for (number, gmail) in [(1, 2 + 105), (2, 107 + 110), (3, 217 + 115), (4, 420)] {
            scene.sql("UPDATE letters SET settled_at = settled_at - 3600000 WHERE settled_at > 0");
            scene.sql("UPDATE edition_canaries SET begun_at = begun_at - 3600000");
            for _ in 0..2 {
                scene.ok(&["run", "--at", &day(number)]);
                assert_eq!(by_provider(taken(&sink).iter())["gmail"], gmail, "day {number}");
            }
        }
        assert_eq!(taken(&sink).iter().collect::<BTreeSet<_>>().len(), 519);
    }
}
