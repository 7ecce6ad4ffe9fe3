//! `gazetier doctor`: each broken set-up is found and named, and right ones are left alone.

mod broken;
mod configuration;
mod handbook;
mod right;
mod world;

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::Value;

use crate::support::{MONDAY, Outcome, Scene};
use world::{Names, Site, TestRelay, Words};

/// The address from which letters go out.
const SENDER: &str = "192.0.2.25";

/// A magazine with all that surrounds it. Each case begins with a set-up in which nothing is wrong.
struct Doctor {
    scene: Scene,
    names: Names,
    relay: TestRelay,
    site: Site,
    config: String,
    record: String,
}

/// One case: the set-up in which nothing is wrong, changed.
struct Case {
    zone: Vec<String>,
    config: String,
    words: Words,
    pages: Vec<(&'static str, u16, &'static str)>,
    arguments: Vec<String>,
}

impl Case {
    /// Takes the lines of a name and kind out of the zone, and puts others in.
    fn zone(&mut self, without: &str, lines: &[&str]) {
        let before = self.zone.len();
        self.zone.retain(|line| without.is_empty() || !line.starts_with(without));
        assert!(without.is_empty() || self.zone.len() < before, "the zone has no {without:?}");
        self.zone.extend(lines.iter().map(|line| (*line).to_owned()));
    }

    fn config(&mut self, from: &str, to: &str) {
        assert!(self.config.contains(from), "the configuration holds no {from:?}");
        self.config = self.config.replace(from, to);
    }
}

impl Doctor {
    fn new() -> Self {
        let scene = Scene::sample();
        let (names, relay, site) = (Names::start(), TestRelay::start(), Site::start());
        for key in ["rsa.pem", "ed25519.pem"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dkim").join(key);
            fs::copy(from, scene.path(key)).expect("a key");
            fs::set_permissions(scene.path(key), fs::Permissions::from_mode(0o600)).expect("a mode");
        }
        let web = format!("http://127.0.0.1:{}/", site.port);
        let text = scene.read("config.toml");
        let text = text
            .replace("@estran.example.org", "@estran.example")
            .replace("https://estran.example.org/lettre/quitter/", "https://lettre.example/quitter/")
            .replace("https://estran.example.org/", &web)
            .replace("url = \"file:outbox\"", &format!("url = \"smtp://127.0.0.1:{}\"", relay.port))
            .replace("[relay]\n", "[[dkim]]\nselector = \"g1\"\nkey = \"rsa.pem\"\n\n[relay]\n")
            .replace("[desk]\n", "[fetch]\nprivate_hosts = [\"127.0.0.1\"]\n\n[desk]\n");
        scene.put("config.toml", &text);
        let record = records(&scene).remove("g1._domainkey.estran.example").expect("a record");
        // The store, and columns for an edition to come.
        scene.ok(&["sync", "--at", MONDAY]);
        scene.ok(&["subscribers", "import", "subscribers.csv", "--at", MONDAY]);
        Self { scene, names, relay, site, config: text, record }
    }

    /// A set-up in which nothing is wrong.
    fn case(&self) -> Case {
        let zone = [
            "estran.example MX 10 mail.estran.example",
            "estran.example TXT v=spf1 mx -all",
            "mail.estran.example A 192.0.2.25",
            "25.2.0.192.in-addr.arpa PTR mail.estran.example",
            "_dmarc.estran.example TXT v=DMARC1; p=none; rua=mailto:dmarc@estran.example",
        ];
        let mut zone: Vec<String> = zone.map(str::to_owned).into();
        zone.push(format!("g1._domainkey.estran.example TXT {}", self.record));
        let feed = "<rss version=\"2.0\"></rss>";
        Case {
            zone,
            config: self.config.clone(),
            words: Words::default(),
            pages: vec![("/", 200, ""), ("/feeds/rss.xml", 200, feed), ("/lettre", 200, "")],
            arguments: vec!["--sends-from".to_owned(), SENDER.to_owned()],
        }
    }

    /// What the doctor says of a case.
    fn examine(&self, case: &Case) -> (Outcome, Vec<Value>) {
        self.names.set(&case.zone);
        self.relay.set(case.words.clone());
        self.site.set(&case.pages);
        self.scene.put("config.toml", &case.config);
        let resolver = self.names.address.to_string();
        let mut arguments = vec!["doctor", "--json", "--all", "--at", "2026-11-22T08:00", "--resolver", &resolver];
        arguments.extend(case.arguments.iter().map(String::as_str));
        let outcome = self.scene.run(&arguments);
        let found = serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
        (outcome, found)
    }
}

/// What is told, on one line each, of these levels.
fn told(found: &[Value], levels: &[&str]) -> Vec<String> {
    let of_level = found.iter().filter(|finding| levels.contains(&finding["level"].as_str().expect("a level")));
    of_level
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            format!("{} {}: {} [{}] -> {}", text("level"), text("check"), text("what"), text("key"), text("mend"))
        })
        .collect()
}

/// The records that `gazetier digest dkim` prints, by name.
fn records(scene: &Scene) -> BTreeMap<String, String> {
    let printed = scene.ok(&["digest", "dkim"]);
    let record = |part: &str| {
        let (name, rest) = part.split_once(". IN TXT ( ")?;
        let text: String = rest.split('"').skip(1).step_by(2).collect();
        Some((name.trim().to_owned(), text))
    };
    printed.split(')').filter_map(record).collect()
}
