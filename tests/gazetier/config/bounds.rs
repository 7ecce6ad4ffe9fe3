//! Each number and length of time of the configuration: the least and the most that it may be are taken, and what lies
//! just beyond is refused.

use super::made;
use crate::support::Scene;

/// Each number and length of time: its key, what is replaced and by what (V is the value), and four values: just
/// below what it may be, the least, the most, and just above.
const BOUNDS: &[(&str, &str, &str, [&str; 4])] = &[
    ("feeds.items", "items = 50", "items = V", ["0", "1", "10000", "10001"]),
    ("feeds.least_columns", "items = 50", "items = 50\nleast_columns = V", ["0", "1", "1000", "1001"]),
    ("rubriques.items", "slug = \"carnet\"", "slug = \"carnet\"\nitems = V", ["0", "1", "10000", "10001"]),
    ("digest.max_columns", "max_columns = 30", "max_columns = V", ["0", "1", "1000", "1001"]),
    ("digest.standfirst_length", "standfirst_length = 330", "standfirst_length = V", ["79", "80", "10000", "10001"]),
    ("digest.grace", "grace = \"7d\"", "grace = \"V\"", ["-1s", "0s", "366d", "366d 1s"]),
    ("digest.send_within", "send_within = \"12h\"", "send_within = \"V\"", ["9m 59s", "10m", "7d", "7d 1s"]),
    ("store.connections", "[store]\n", "[store]\nconnections = V\n", ["1", "2", "100", "101"]),
    ("web.connections", "[digest]\n", "[web]\nconnections = V\n[digest]\n", ["0", "1", "100000", "100001"]),
    (
        "theme.logo.width",
        "[theme]\n",
        "[theme]\nlogo = { url = \"https://estran.example.org/l.png\", width = V }\n",
        ["0", "1", "600", "601"],
    ),
    (
        "relay.timeout",
        "url = \"file:outbox\"",
        "url = \"file:outbox\"\ntimeout = \"V\"",
        ["99ms", "100ms", "1h", "1h 1s"],
    ),
    ("relay.weight", RELAY.0, "url = \"smtp://127.0.0.1:9\"\nweight = V", ["0", "1", "1000", "1001"]),
    ("relay.connections", RELAY.0, "url = \"smtp://127.0.0.1:9\"\nconnections = V", ["0", "1", "1000", "1001"]),
    ("relay.window", RELAY.0, "url = \"smtp://127.0.0.1:9\"\nwindow = V", ["0", "1", "64", "65"]),
    ("relay.letters_per_connection", RELAY.0, "url = \"smtp://127.0.0.1:9\"\nletters_per_connection = V", RELAY.1),
    ("relay.per_second", RELAY.0, "url = \"smtp://127.0.0.1:9\"\nper_second = V", RELAY.1),
    ("relay.per_minute", RELAY.0, "url = \"smtp://127.0.0.1:9\"\nper_minute = V", RELAY.1),
    ("relay.per_day", RELAY.0, "url = \"smtp://127.0.0.1:9\"\nper_day = V", RELAY.1),
    ("retention.letters", "[theme]\n", "[retention]\nletters = \"V\"\n[theme]\n", KEPT),
    ("retention.left", "[theme]\n", "[retention]\nleft = \"V\"\n[theme]\n", KEPT),
    ("retention.consent_addresses", "[theme]\n", "[retention]\nconsent_addresses = \"V\"\n[theme]\n", KEPT),
    ("retention.outbox", "[theme]\n", "[retention]\noutbox = \"V\"\n[theme]\n", KEPT),
    ("watch.run_within", "[theme]\n", "[watch]\nrun_within = \"V\"\n[theme]\n", ["9m 59s", "10m", "30d", "30d 1s"]),
    (
        "watch.edition_within",
        "[theme]\n",
        "[watch]\nedition_within = \"V\"\n[theme]\n",
        ["9m 59s", "10m", "7d", "7d 1s"],
    ),
    (
        "watch.source_silent",
        "[theme]\n",
        "[watch]\nsource_silent = \"V\"\n[theme]\n",
        ["23h", "1d", "3660d", "3660d 1s"],
    ),
    ("watch.every", "[theme]\n", "[watch]\nevery = \"V\"\n[theme]\n", ["999ms", "1s", "1d", "1d 1s"]),
    ("reconfirm.after", "[theme]\n", "[reconfirm]\nafter = \"V\"\nwithout_answer = \"stay\"\n[theme]\n", LONG_HERE),
    (
        "reconfirm.wait",
        "[theme]\n",
        "[reconfirm]\nafter = \"60d\"\nwait = \"V\"\nwithout_answer = \"stay\"\n[theme]\n",
        ["6d 23h", "7d", "366d", "366d 1s"],
    ),
    (
        "reconfirm.a_day",
        "[theme]\n",
        "[reconfirm]\nafter = \"60d\"\na_day = V\nwithout_answer = \"stay\"\n[theme]\n",
        ["0", "1", "100000", "100001"],
    ),
    ("warm_up.letters", WARM_UP.0, "[warm_up]\nstart = \"2026-11-23\"\nletters = V\n[theme]\n", WARM_UP.1),
    (
        "warm_up.factor",
        WARM_UP.0,
        "[warm_up]\nstart = \"2026-11-23\"\nfactor = V\n[theme]\n",
        ["0.99", "1.0", "3.0", "3.01"],
    ),
    ("warm_up.days", WARM_UP.0, "[warm_up]\nstart = \"2026-11-23\"\ndays = V\n[theme]\n", ["0", "1", "366", "367"]),
    ("digest.canary", "[desk]\n", "canary = \"V\"\n[desk]\n", ["0.09%", "0.1%", "50%", "50.1%"]),
    ("digest.canary_wait", "[desk]\n", "canary = \"1%\"\ncanary_wait = \"V\"\n[desk]\n", ["59s", "1m", "1d", "1d 1s"]),
    ("relay.limits.connections", RELAY.0, LIMITS[0], RELAY.1),
    ("relay.limits.letters_per_connection", RELAY.0, LIMITS[1], RELAY.1),
    ("relay.limits.per_hour", RELAY.0, LIMITS[2], RELAY.1),
    ("relay.limits.per_day", RELAY.0, LIMITS[3], RELAY.1),
    (
        "digest.proof_at",
        "[desk]\n",
        "proof_at = \"V\"\n[desk]\neditors = [\"a@example.org\"]\n",
        ["Wed 07:29", "Wed 07:30", "Mon 07:29", "Mon 07:30"],
    ),
];

/// What is replaced for a relay, and the bounds of its counts.
const RELAY: (&str, [&str; 4]) = ("url = \"file:outbox\"", ["0", "1", "4294967295", "4294967296"]);

/// What is replaced for the limits of a provider.
const LIMITS: [&str; 4] = [
    "url = \"smtp://127.0.0.1:9\"\nlimits = [{ provider = \"gmail\", connections = V }]",
    "url = \"smtp://127.0.0.1:9\"\nlimits = [{ provider = \"gmail\", letters_per_connection = V }]",
    "url = \"smtp://127.0.0.1:9\"\nlimits = [{ provider = \"gmail\", per_hour = V }]",
    "url = \"smtp://127.0.0.1:9\"\nlimits = [{ provider = \"gmail\", per_day = V }]",
];

const WARM_UP: (&str, [&str; 4]) = ("[theme]\n", ["0", "1", "1000000", "1000001"]);

const LONG_HERE: [&str; 4] = ["29d 23h", "30d", "3650d", "3650d 1s"];

const KEPT: [&str; 4] = ["29d 23h", "30d", "36525d", "36525d 1s"];

#[test]
fn each_number_and_length_of_time_has_its_bounds() {
    for (key, from, to, values) in BOUNDS {
        for (at, value) in values.iter().enumerate() {
            let scene = Scene::sample().config(from, &to.replace('V', value));
            let outcome = scene.run(&["digest", "status"]);
            if at == 1 || at == 2 {
                assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{key} = {value}");
                continue;
            }
            assert_eq!((outcome.code, outcome.stdout.as_str()), (78, ""), "{key} = {value}: {outcome:?}");
            // A number that no machine would hold is told with its line.
            let name = key.rsplit('.').next().expect("a name");
            assert!(outcome.stderr.contains(name), "{key} = {value}: {outcome:?}");
            assert!(outcome.stderr.contains(key) || outcome.stderr.contains("expected u32"), "{key}: {outcome:?}");
            assert_eq!(made(&scene), Vec::<String>::new(), "{key} = {value}");
        }
    }
}

/// The keys of the configuration that hold a number or a length of time, all of them: a new one has its bounds.
#[test]
fn no_number_is_without_its_bounds() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config");
    let files = std::fs::read_dir(folder).expect("the source").map(|entry| entry.expect("a file").path());
    let files = files.filter(|path| path.is_file());
    let texts: Vec<String> = files.map(|path| std::fs::read_to_string(path).expect("the source")).collect();
    // The user's words alone: what is made of them is checked.
    let raws = texts.iter().flat_map(|text| text.split("\npub struct Raw").skip(1));
    let raws = raws.map(|raw| raw.split("\n}").next().expect("a type"));
    let numbers = ["u8", "u16", "u32", "u64", "usize", "i32", "i64", "f64"];
    let mut unbound = Vec::new();
    for line in raws.flat_map(str::lines) {
        let Some((name, kind)) = line.trim().trim_start_matches("pub ").trim_end_matches(',').split_once(": ") else {
            continue;
        };
        let kind = kind.trim_start_matches("Option<").trim_end_matches('>');
        let is_bound = BOUNDS.iter().any(|(key, ..)| key.rsplit('.').next() == Some(name));
        if numbers.contains(&kind) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && !is_bound {
            unbound.push(name.to_owned());
        }
    }
    assert_eq!(unbound, [""; 0]);
}
