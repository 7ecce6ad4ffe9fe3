//! Relays whose answers come twice, never, in pieces, late, as rubbish, without end or in another
//! charset; and every code at every step. Whatever they say: nobody counts as sent whose letter was not
//! taken, nobody gets two, nobody is refused or struck off the list by a fault of the dialogue.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, OnceLock},
    thread::sleep,
    time::Duration,
};

use crate::{
    support::{Dice, MONDAY, Outcome, Scene},
    wire::scene_with_subscribers,
};

/// How an answer is given.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Manner {
    Usual,
    Doubled,
    Missing,
    Split,
    Late,
    Garbled,
    Endless,
    Foreign,
    Bare,
    /// This code with the usual words; what it answers is done if it begins with the usual digit. After
    /// 421 the connection is closed.
    Code(u16),
}

/// Says how an answer is given: asked with the step (`EHLO`, `MAIL`, `RCPT`, `DATA`, `.`, `RSET`,
/// `QUIT`), the recipient named last, and how often that step came up.
type Script = Arc<dyn Fn(&str, &str, usize) -> Manner + Send + Sync>;

/// What a relay offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Chunks,
    Flights,
    Steps,
}

const WAYS: [Way; 3] = [Way::Chunks, Way::Flights, Way::Steps];

struct Relay {
    port: u16,
    way: Way,
    script: Mutex<Script>,
    /// Who got letters, in order.
    taken: Mutex<Vec<String>>,
    counts: Mutex<BTreeMap<String, usize>>,
}

/// What the relay thinks of a recipient at a step, whatever the manner of its answer: the readers of
/// whom it knows nothing, of whom it wants to know nothing now, and whose letters it does not like.
fn planned_refusal(step: &str, recipient: &str) -> Option<&'static str> {
    let number: usize = recipient.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0);
    match (step, number % 12) {
        ("RCPT", 3) => Some("550 5.1.1 nobody here"),
        ("RCPT", 4) => Some("450 4.2.1 later"),
        (".", 8) => Some("554 5.6.0 not like this"),
        (".", 9) => Some("451 4.3.0 not now"),
        _ => None,
    }
}

impl Relay {
    fn start(way: Way, script: Script) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (taken, counts) = (Mutex::default(), Mutex::default());
        let relay = Arc::new(Self { port, way, script: Mutex::new(script), taken, counts });
        let own = Arc::clone(&relay);
        // The threads end with the test program.
        std::thread::spawn(move || {
            for line in listener.incoming().flatten() {
                let own = Arc::clone(&own);
                std::thread::spawn(move || own.serve(line));
            }
        });
        relay
    }

    fn answer_as_usual(&self) {
        *self.script.lock().expect("a script") = Arc::new(|_, _, _| Manner::Usual);
    }

    fn taken(&self) -> Vec<String> {
        self.taken.lock().expect("letters").clone()
    }

    /// Answers a step; whether it is done.
    fn answer(&self, line: &mut TcpStream, step: &str, recipient: &str, usual: &str) -> Option<bool> {
        let nth = {
            let mut counts = self.counts.lock().ok()?;
            let count = counts.entry(step.to_owned()).or_default();
            *count += 1;
            *count
        };
        let script = Arc::clone(&*self.script.lock().ok()?);
        let manner = script(step, recipient, nth);
        let own = planned_refusal(step, recipient).unwrap_or(usual);
        let mut done = own == usual;
        let whole = format!("{own}\r\n").into_bytes();
        let bytes = match manner {
            Manner::Usual | Manner::Split | Manner::Late => whole.clone(),
            Manner::Doubled => whole.repeat(2),
            Manner::Missing => Vec::new(),
            Manner::Garbled => b"\x00\xff what?\r\n".to_vec(),
            Manner::Endless => [own.as_bytes(), &b"x".repeat(80_000)].concat(),
            Manner::Foreign => [own.as_bytes(), b" re\xe7u\r\n"].concat(),
            Manner::Bare => [&own.as_bytes()[..3], b"\n"].concat(),
            Manner::Code(code) => {
                done = code.to_string().starts_with(&usual[..1]);
                format!("{code}{}\r\n", &usual[3..]).into_bytes()
            }
        };
        if done && step == "." {
            // Before the answer leaves, as real ones do it.
            self.taken.lock().ok()?.push(recipient.to_owned());
        }
        match manner {
            Manner::Split => {
                for byte in bytes {
                    line.write_all(&[byte]).ok()?;
                    sleep(Duration::from_millis(1));
                }
            }
            _ => {
                if manner == Manner::Late {
                    sleep(Duration::from_millis(150));
                }
                line.write_all(&bytes).ok()?;
            }
        }
        (manner != Manner::Code(421)).then_some(done)
    }

    fn serve(&self, mut line: TcpStream) -> Option<()> {
        line.set_nodelay(true).ok()?;
        let mut input = BufReader::new(line.try_clone().ok()?);
        let offers = match self.way {
            Way::Chunks => "250-relay\r\n250-CHUNKING\r\n250-8BITMIME\r\n250 PIPELINING",
            Way::Flights => "250-relay\r\n250-8BITMIME\r\n250 PIPELINING",
            Way::Steps => "250-relay\r\n250 8BITMIME",
        };
        let (mut mail, mut recipient) = (false, None::<String>);
        self.answer(&mut line, "connect", "", "220 relay")?;
        loop {
            let mut command = String::new();
            if input.read_line(&mut command).ok()? == 0 {
                return None;
            }
            let verb = command.split([' ', ':', '\r']).next().unwrap_or_default().to_ascii_uppercase();
            let whom = command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            match verb.as_str() {
                "EHLO" => {
                    (mail, recipient) = (false, None);
                    self.answer(&mut line, "EHLO", "", offers)?;
                }
                "MAIL" => {
                    recipient = None;
                    // Of whom it speaks is known by the sender's address only.
                    mail = self.answer(&mut line, "MAIL", &whom, "250 2.1.0 fine")?;
                }
                "RCPT" if !mail => line.write_all(b"503 5.5.1 MAIL first\r\n").ok()?,
                "RCPT" => {
                    if self.answer(&mut line, "RCPT", &whom, "250 2.1.5 fine")? {
                        recipient = Some(whom);
                    }
                }
                "DATA" if recipient.is_none() => line.write_all(b"554 5.5.1 no valid recipients\r\n").ok()?,
                "DATA" => {
                    let whom = recipient.clone().unwrap_or_default();
                    if self.answer(&mut line, "DATA", &whom, "354 go on")? {
                        let mut text = String::new();
                        while text != ".\r\n" {
                            text.clear();
                            if input.read_line(&mut text).ok()? == 0 {
                                return None;
                            }
                        }
                        (mail, recipient) = (false, None);
                        self.answer(&mut line, ".", &whom, "250 2.0.0 taken")?;
                    }
                }
                "BDAT" => {
                    let length: usize = command.split_ascii_whitespace().nth(1)?.parse().ok()?;
                    input.read_exact(&mut vec![0; length]).ok()?;
                    match recipient.take() {
                        None => line.write_all(b"503 5.5.1 no valid recipients\r\n").ok()?,
                        Some(whom) => {
                            mail = false;
                            self.answer(&mut line, ".", &whom, "250 2.0.0 taken")?;
                        }
                    }
                }
                "RSET" => {
                    (mail, recipient) = (false, None);
                    self.answer(&mut line, "RSET", "", "250 2.0.0 fine")?;
                }
                "QUIT" => {
                    self.answer(&mut line, "QUIT", "", "221 2.0.0 bye")?;
                    return None;
                }
                _ => line.write_all(b"500 5.5.2 what?\r\n").ok()?,
            }
        }
    }
}

/// Each letter's state by its address, and who is suppressed.
fn ledger(scene: &Scene) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let store = rusqlite::Connection::open(scene.path("gazetier.db")).expect("SQLite");
    let rows = |statement: &str| -> Vec<(String, String)> {
        let mut statement = store.prepare(statement).expect("a statement");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        rows.collect::<Result<_, _>>().expect("rows")
    };
    let suppressed = "SELECT s.address, x.reason FROM suppressions x JOIN subscribers s USING (address_hash)";
    (
        rows("SELECT address, state FROM letters").into_iter().collect(),
        rows(suppressed).into_iter().map(|(address, _)| address).collect(),
    )
}

/// What must hold whatever the relay said; gives how many letters are in which state.
fn check(relay: &Relay, scene: &Scene, what: &str) -> BTreeMap<String, usize> {
    let taken = relay.taken();
    let distinct: BTreeSet<&str> = taken.iter().map(String::as_str).collect();
    assert_eq!(distinct.len(), taken.len(), "{what}: twice: {taken:?}");
    let (states, suppressed) = ledger(scene);
    for (address, state) in &states {
        let taken = distinct.contains(address.as_str());
        let refused =
            ["RCPT", "."].iter().any(|step| planned_refusal(step, address).is_some_and(|own| own.starts_with('5')));
        match state.as_str() {
            "sent" => assert!(taken, "{what}: {address} counts as sent and was not taken"),
            "queued" | "deferred" => assert!(!taken, "{what}: {address} was taken and would be sent again"),
            "failed" => assert!(refused && !taken, "{what}: {address} failed by a fault of the dialogue"),
            "unknown" => {}
            other => panic!("{what}: {address} is {other}"),
        }
    }
    for address in suppressed {
        let nobody = planned_refusal("RCPT", &address).is_some_and(|own| own.starts_with("550 5.1.1"));
        assert!(nobody, "{what}: {address} was struck off by a fault of the dialogue");
    }
    let mut counts = BTreeMap::new();
    for state in states.into_values() {
        *counts.entry(state).or_default() += 1;
    }
    counts
}

fn run(scene: &Scene) -> Outcome {
    scene.run(&["run", "--at", MONDAY])
}

/// A fault at one step, now and then; then the relay is whole again, and sends the rest. Gives how many
/// letters are in which state in the end.
fn play(way: Way, step: &'static str, manner: &Manner, seed: u64) -> BTreeMap<String, usize> {
    let what = format!("{way:?}, {step}, {manner:?}, seed {seed}");
    let mut dice = Dice(seed * 7_919 + step.len() as u64);
    // Once, or again and again.
    let (first, every) = (dice.between(1, 25) as usize, dice.between(1, 30) as usize);
    let again = dice.between(0, 2) == 1;
    let own = manner.clone();
    let script: Script = Arc::new(move |at, _, nth| {
        let now = nth == first || (again && nth > first && (nth - first) % every == 0);
        if at == step && now { own.clone() } else { Manner::Usual }
    });
    let relay = Relay::start(way, script);
    let is_honest = matches!(manner, Manner::Split | Manner::Late | Manner::Foreign | Manner::Bare);
    // Where an answer is missing, it is waited for; elsewhere a slow machine must not be taken for a slow relay.
    let (patient, timeout) = ("timeout = \"20s\"", "timeout = \"600ms\"");
    let scene = scene_with_subscribers(60, relay.port, &format!("connections = {}\nwindow = 6", 1 + seed % 3))
        .config("timeout = \"2s\"", if is_honest { patient } else { timeout });
    run(&scene);
    check(&relay, &scene, &what);
    relay.answer_as_usual();
    if !is_honest {
        scene.reconfigure(timeout, patient);
    }
    scene.sql("UPDATE letters SET due_at = 0 WHERE state IN ('queued', 'deferred')");
    scene.sql("UPDATE editions SET state = 'sending' WHERE state = 'held'");
    run(&scene);
    let counts = check(&relay, &scene, &format!("{what}, afterwards"));
    assert!(!counts.contains_key("queued"), "{what}: {counts:?}");
    // An honest answer however it is cut or written costs nobody a letter.
    if is_honest {
        assert!(!counts.contains_key("unknown"), "{what}: {counts:?}");
    }
    counts
}

/// How many seeds each fault is played with, unless `GAZETIER_TEST_SEEDS` says otherwise. Ten take ten
/// minutes.
const SEEDS: u64 = 1;

#[test]
fn whatever_is_wrong_with_an_answer_nobody_is_told_a_lie() {
    let seeds: u64 = std::env::var("GAZETIER_TEST_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let manners = [
        Manner::Doubled,
        Manner::Missing,
        Manner::Split,
        Manner::Late,
        Manner::Garbled,
        Manner::Endless,
        Manner::Foreign,
        Manner::Bare,
    ];
    let mut plays = Vec::new();
    for (number, manner) in manners.iter().enumerate() {
        for way in WAYS {
            for step in ["connect", "EHLO", "MAIL", "RCPT", "DATA", ".", "RSET", "QUIT"] {
                // The greeting is one answer like another to these.
                let is_dialogue = !matches!(step, "connect" | "EHLO") || matches!(number, 0 | 1 | 4);
                if is_dialogue && (step != "DATA" || way != Way::Chunks) {
                    plays.extend((1..=seeds).map(|seed| (way, step, manner, seed + number as u64)));
                }
            }
        }
    }
    let number = plays.len();
    // They mostly wait.
    let plays = Mutex::new(plays.into_iter());
    let totals: Mutex<BTreeMap<String, usize>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                loop {
                    let Some((way, step, manner, seed)) = plays.lock().expect("a play").next() else { break };
                    for (state, count) in play(way, step, manner, seed) {
                        *totals.lock().expect("counts").entry(state).or_default() += count;
                    }
                }
            });
        }
    });
    let totals = totals.into_inner().expect("counts");
    println!("{number} plays of 60 letters with {seeds} seeds: {totals:?}");
    assert_eq!(totals.values().sum::<usize>(), number * 60);
    // The relay takes forty of them. Faults are rare, and one costs at most a window of letters their certainty.
    assert!(totals["sent"] > number * 35, "{totals:?}");
}

/// Codes that stand for their kind: those that a client knows, and those that nobody knows.
const CODES: [u16; 38] = [
    200, 211, 214, 220, 221, 235, 250, 251, 252, 299, 300, 334, 354, 399, 400, 421, 432, 450, 451, 452, 454, 499, 500,
    501, 502, 503, 521, 530, 535, 541, 550, 552, 553, 554, 555, 571, 598, 599,
];

/// What becomes of a letter whose answer at a step has a code, with others around it that are taken.
#[test]
fn each_code_at_each_step_means_one_thing() {
    let steps =
        |way| ["MAIL", "RCPT", "DATA", "."].into_iter().filter(move |step| *step != "DATA" || way != Way::Chunks);
    let all: Vec<_> = WAYS.into_iter().flat_map(|way| steps(way).map(move |step| (way, step))).collect();
    // They mostly wait.
    let tables: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = all.into_iter().map(|(way, step)| scope.spawn(move || each_code(way, step))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a table")).collect()
    });
    insta::assert_snapshot!(tables.concat());
}

/// The reader's id in a letter's address for bounces, behind the edition's mark.
fn reader_of(sender: &str) -> Option<Vec<u8>> {
    let token = sender.split(['+', '@']).nth(1)?.to_ascii_uppercase();
    Some(data_encoding::BASE32_NOPAD.decode(token.as_bytes()).ok()?.get(3..19)?.to_vec())
}

/// Which reader of the scene_with_subscribers has which id.
fn readers_of(scene: &Scene) -> BTreeMap<Vec<u8>, usize> {
    let store = rusqlite::Connection::open(scene.path("gazetier.db")).expect("SQLite");
    let mut statement = store.prepare("SELECT public_id, address FROM subscribers").expect("a statement");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).expect("rows");
    rows.map(|row| {
        let (id, address) = row.expect("a reader");
        (id, address[1..].split('@').next().and_then(|number| number.parse().ok()).expect("a number"))
    })
    .collect()
}

fn each_code(way: Way, step: &'static str) -> String {
    let asked = Arc::new(Mutex::new(BTreeMap::<usize, usize>::new()));
    let own = Arc::clone(&asked);
    let readers = Arc::new(OnceLock::<BTreeMap<Vec<u8>, usize>>::new());
    let known = Arc::clone(&readers);
    let script: Script = Arc::new(move |at, whom, _| {
        // MAIL names the reader in the address for bounces.
        let number: Option<usize> = match at {
            "MAIL" => reader_of(whom).and_then(|id| known.get()?.get(&id).copied()),
            _ => whom.trim_start_matches('s').split('@').next().and_then(|id| id.parse().ok()),
        };
        let number = number.filter(|n| at == step && n % 12 == 1 && n / 12 < CODES.len());
        // Asked again, it has nothing against it.
        let first = number.filter(|n| {
            let mut asked = own.lock().expect("counts");
            let count = asked.entry(*n).or_default();
            *count += 1;
            *count == 1
        });
        let code = first.and_then(|n| CODES.get(n / 12));
        code.map_or(Manner::Usual, |code| Manner::Code(*code))
    });
    let relay = Relay::start(way, script);
    let scene = scene_with_subscribers(12 * CODES.len(), relay.port, "connections = 1\nwindow = 4");
    scene.ok(&["sync", "--at", MONDAY]);
    readers.set(readers_of(&scene)).expect("the first to set it");
    let outcome = run(&scene);
    let (states, suppressed) = ledger(&scene);
    let taken: BTreeSet<String> = relay.taken().into_iter().collect();
    let mut became: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (n, code) in CODES.iter().enumerate() {
        let address = format!("s{}@example.org", n * 12 + 1);
        let state = states.get(&address).expect("a letter").as_str();
        assert!(state != "sent" || taken.contains(&address), "{way:?}, {step}, {code}");
        let again = asked.lock().expect("counts").get(&(n * 12 + 1)).is_some_and(|count| *count > 1);
        let state = if again { format!("queued, then {state}") } else { state.to_owned() };
        became.entry(state).or_default().push(code.to_string());
    }
    assert!(
        suppressed.iter().all(|whom| planned_refusal("RCPT", whom).is_some_and(|own| own.starts_with("550 5.1.1")))
    );
    let mut table = format!("{way:?}, {step}: exit {}\n", outcome.code);
    for (state, codes) in became {
        table.push_str(&format!("  {state}: {}\n", codes.join(" ")));
    }
    table
}

/// A relay that answers in one way to everything else than the greeting, EHLO and QUIT.
fn refusing(step: &'static str, code: u16) -> Script {
    Arc::new(move |at, _, _| if at == step { Manner::Code(code) } else { Manner::Usual })
}

/// One wrong setting costs nobody a letter, nor the place on the list; what is queued again afterwards
/// is what was not taken.
#[test]
fn a_relay_that_refuses_everybody_holds_the_edition() {
    for way in WAYS {
        for step in ["RCPT", if way == Way::Chunks { "." } else { "DATA" }, "."] {
            let relay = Relay::start(way, refusing(step, 550));
            let scene = scene_with_subscribers(60, relay.port, "connections = 2");
            let outcome = run(&scene);
            assert_eq!(outcome.code, 75, "{way:?}, {step}: {outcome:?}");
            assert!(outcome.stderr.contains("is held, 60 letters wait: "), "{way:?}, {step}: {outcome:?}");
            let (states, suppressed) = ledger(&scene);
            let waits = |state: &String| state == "queued" || state == "deferred";
            assert!(states.values().all(waits), "{way:?}, {step}: {states:?}");
            assert_eq!((relay.taken().len(), suppressed.len()), (0, 0), "{way:?}, {step}");
            relay.answer_as_usual();
            // A domain that put letters off before rests for a while.
            scene.sql("UPDATE letters SET due_at = 0 WHERE state = 'deferred'");
            scene.run(&["digest", "send", "--at", MONDAY]);
            check(&relay, &scene, &format!("{way:?}, {step}"));
            assert_eq!(relay.taken().len(), 40, "{way:?}, {step}: each that is not refused for itself");
        }
    }
}

/// With a second relay that takes letters, one that refuses all is left alone.
#[test]
fn a_relay_that_refuses_everybody_leaves_them_to_the_other() {
    let (wrong, right) =
        (Relay::start(Way::Flights, refusing("RCPT", 550)), Relay::start(Way::Chunks, refusing("", 0)));
    let scene = scene_with_subscribers(240, 25, "");
    let text = scene.read("config.toml");
    let (before, _) = text.split_once("[relay]").expect("a relay");
    let relay = |name: &str, port| format!("[[relays]]\nname = \"{name}\"\nurl = \"smtp://127.0.0.1:{port}\"\n");
    scene.put("config.toml", &format!("{before}{}{}", relay("wrong", wrong.port), relay("right", right.port)));
    let outcome = run(&scene);
    assert!(outcome.stderr.contains("the relay wrong was out of use"), "{outcome:?}");
    let (states, _) = ledger(&scene);
    let count = |state: &str| states.values().filter(|own| *own == state).count();
    assert_eq!((count("sent"), count("failed"), count("queued")), (160, 40, 0), "{outcome:?}");
    check(&right, &scene, "the other");
}

/// What was refused goes once more, and nothing else, when somebody says so.
#[test]
fn refused_letters_can_be_tried_again() {
    let relay = Relay::start(Way::Chunks, refusing("", 0));
    for postgres in [false, true] {
        let scene = scene_with_subscribers(24, relay.port, "connections = 1");
        let scene = if postgres { scene.on_postgres() } else { scene };
        run(&scene);
        assert_eq!(
            scene.letters().0,
            [("deferred", 4), ("failed", 4), ("sent", 16)].map(|(s, n)| (s.to_owned(), n)).into()
        );
        assert_eq!(scene.ok(&["digest", "retry", "--failed", "no_such%"]).lines().count(), 1);
        assert_eq!(scene.letters().0.get("failed"), Some(&4));
        let said = scene.ok(&["digest", "retry", "2026-W47", "--failed", "5.1.1 NOBODY"]);
        assert_eq!(
            said,
            "2026-W47: 2 refused letters wait again, 2 addresses may be written to again; `gazetier digest send` sends them\n"
        );
        // One of the others was taken, and came back from afar.
        let back = "INSERT INTO bounces (edition_id, subscriber_id, kind, address_hash, words, noted_at) \
                    SELECT edition_id, MIN(subscriber_id), 'hard', 'x', 'x', 0 FROM letters WHERE state = 'failed' GROUP BY 1";
        assert_eq!(scene.sql(back), 1);
        assert!(scene.ok(&["digest", "retry"]).starts_with("2026-W47: 1 refused letters wait again; "));
        assert_eq!(
            scene.letters().0,
            [("deferred", 4), ("failed", 1), ("queued", 3), ("sent", 16)].map(|(s, n)| (s.to_owned(), n)).into()
        );
        assert_eq!(scene.run(&["digest", "retry", "2020-W01"]).code, 65);
    }
}
