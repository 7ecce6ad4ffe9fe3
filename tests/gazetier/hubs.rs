//! WebSub, against a hub that is a real HTTP server on loopback: it takes, fails, hangs, holds its
//! answer back, goes away and comes back.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use gazetier::{
    config::{Secret, StoreUrl},
    model::FeedKey,
    store::{Commit, FeedRecord, Ping, PingState, Published, SettledPing, Store, Topic},
};
use url::Url;

use crate::support::{MONDAY, Outcome, Scene, fresh_database, until};

/// What a hub does with a request once it has read it.
#[derive(Clone, Copy, PartialEq)]
enum HubBehaviour {
    /// 204.
    Accepts,
    /// This status.
    Fails(&'static str),
    /// Nothing, until the behaviour changes; then that.
    Hangs,
    /// Drops the connection.
    Disconnects,
}

/// A hub and what it heard.
struct Hub {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    behaviour: Mutex<HubBehaviour>,
    changed: Condvar,
    heard: Mutex<Vec<String>>,
    closed: Mutex<bool>,
}

impl Hub {
    fn open() -> Self {
        Self::at("127.0.0.1:0".parse().expect("an address"))
    }

    fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("an address");
        let inner = Arc::new(Inner {
            behaviour: Mutex::new(HubBehaviour::Accepts),
            changed: Condvar::new(),
            heard: Mutex::default(),
            closed: Mutex::new(false),
        });
        let hub = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if *hub.closed.lock().expect("a lock") {
                    return;
                }
                let hub = Arc::clone(&hub);
                thread::spawn(move || hub.answer(stream.expect("a connection")));
            }
        });
        Self { address, inner }
    }

    fn url(&self) -> String {
        format!("http://{}/hub", self.address)
    }

    fn behave(&self, behaviour: HubBehaviour) {
        *self.inner.behaviour.lock().expect("a lock") = behaviour;
        self.inner.changed.notify_all();
    }

    /// How often each topic was heard of since the last time.
    fn heard(&self) -> BTreeMap<String, usize> {
        let mut count = BTreeMap::new();
        for topic in std::mem::take(&mut *self.inner.heard.lock().expect("a lock")) {
            *count.entry(topic).or_default() += 1;
        }
        count
    }

    fn wait_for(&self, count: usize) {
        until("the hub hears nothing", || self.inner.heard.lock().expect("a lock").len() >= count);
    }
}

impl Drop for Hub {
    /// Closes the port.
    fn drop(&mut self) {
        *self.inner.closed.lock().expect("a lock") = true;
        drop(TcpStream::connect(self.address));
    }
}

impl Inner {
    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a clone"));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).expect("a line") == 0 {
                return;
            }
        }
        let head = head.to_lowercase();
        assert!(head.starts_with("post /hub http/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/x-www-form-urlencoded\r\n"), "{head}");
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).expect("a length");
        let mut body = vec![0; length.parse().expect("a number")];
        reader.read_exact(&mut body).expect("a body");
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
        assert_eq!(form["hub.mode"], "publish");
        assert_eq!(form["hub.url"], form["hub.topic"]);
        self.heard.lock().expect("a lock").push(form["hub.url"].clone());
        let mut behaviour = self.behaviour.lock().expect("a lock");
        while *behaviour == HubBehaviour::Hangs {
            behaviour = self.changed.wait(behaviour).expect("a lock");
        }
        let status = match *behaviour {
            HubBehaviour::Fails(status) => status,
            HubBehaviour::Disconnects => return drop(stream.shutdown(Shutdown::Both)),
            HubBehaviour::Accepts | HubBehaviour::Hangs => "204 No Content",
        };
        // Who asked may be gone.
        let length = if status.starts_with("204") { "" } else { "Content-Length: 0\r\n" };
        let _ = write!(stream, "HTTP/1.1 {status}\r\nLocation: /elsewhere\r\n{length}Connection: close\r\n\r\n");
    }
}

/// The sample scene with these hubs.
fn scene(hubs: &[&Hub]) -> Scene {
    scene_of(Scene::sample(), hubs)
}

fn scene_of(scene: Scene, hubs: &[&Hub]) -> Scene {
    let urls: Vec<String> = hubs.iter().map(|hub| format!("{:?}", hub.url())).collect();
    scene.config("[feeds]\n", &format!("[feeds]\nhubs = [{}]\n", urls.join(", ")))
}

const FORMS: [&str; 3] = ["rss.xml", "atom.xml", "feed.json"];

/// Every form of these feeds, each once.
fn once(feeds: &[&str]) -> BTreeMap<String, usize> {
    let topic = |feed: &&str, form: &str| format!("https://estran.example.org/feeds/{feed}{form}");
    feeds.iter().flat_map(|feed| FORMS.map(|form| (topic(feed, form), 1))).collect()
}

const ALL: [&str; 4] = ["", "edito/", "humeur/", "carnet/"];

/// Adds or changes a column of a rubrique.
fn write_humeur(scene: &Scene, title: &str) {
    let text = format!(
        "---\ntitle: {title}\nstandfirst: Du vent.\nrubrique: humeur\npublished: 2026-11-22T20:00\n---\nRien d’autre.\n"
    );
    scene.put("columns/du-vent.md", &text);
}

fn start(scene: &Scene, arguments: &[&str]) -> Child {
    scene.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program")
}

fn end(child: Child) -> Outcome {
    child.wait_with_output().expect("an output").into()
}

fn quiet(scene: &Scene, arguments: &[&str]) {
    let outcome = scene.run(arguments);
    assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "", ""), "{arguments:?}");
}

#[test]
fn every_form_names_the_hubs_where_there_are_some() {
    let hubs = [Hub::open(), Hub::open()];
    let told = scene(&[&hubs[0], &hubs[1]]);
    let plain = Scene::sample();
    told.ok(&["run", "--at", MONDAY]);
    plain.ok(&["run", "--at", MONDAY]);
    for form in FORMS {
        assert!(!plain.read(&format!("feeds/{form}")).contains("hub"), "{form}");
    }
    for feed in ["", "humeur/"] {
        let [rss, atom, json] = FORMS.map(|form| told.read(&format!("feeds/{feed}{form}")));
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        for (index, hub) in hubs.iter().enumerate() {
            let rel = |name: &str| format!("<{name} href=\"{}\" rel=\"hub\"", hub.url());
            assert!(rss.contains(&rel("atom:link")), "{rss}");
            assert!(atom.contains(&rel("link")), "{atom}");
            assert_eq!(json["hubs"][index], serde_json::json!({ "type": "WebSub", "url": hub.url() }));
        }
        assert_eq!(json["hubs"].as_array().map(Vec::len), Some(2));
        feed_rs::parser::parse(rss.as_bytes()).expect("RSS");
        feed_rs::parser::parse(atom.as_bytes()).expect("Atom");
    }
}

#[test]
fn each_hub_is_told_once_of_each_topic_that_changed_and_of_no_other() {
    for start in [Scene::sample(), Scene::sample().on_postgres()] {
        let hubs = [Hub::open(), Hub::open()];
        let scene = scene_of(start, &[&hubs[0], &hubs[1]]);
        let heard =
            |topics: BTreeMap<String, usize>| assert_eq!([hubs[0].heard(), hubs[1].heard()], [topics.clone(), topics]);
        scene.ok(&["sync"]);
        let words = scene.ok(&["publish", "--at", MONDAY]);
        assert!(words.contains(&format!("{}: told of 12 changes\n", hubs[0].url())), "{words}");
        heard(once(&ALL));
        quiet(&scene, &["run", "--at", MONDAY]);
        heard(BTreeMap::new());
        // A file that is gone is written again as it was, and a configuration that makes no
        // difference to the feeds makes them again as they are.
        std::fs::remove_file(scene.path("feeds/edito/rss.xml")).expect("a file");
        let scene = scene.config("subject = \"{lead}\"", "subject = \"{magazine}\"");
        assert_eq!(scene.ok(&["publish", "--at", MONDAY]), format!("1 files published in {}\n", "feeds"));
        heard(BTreeMap::new());
        write_humeur(&scene, "Du vent");
        quiet(&scene, &["run", "--at", MONDAY]);
        heard(once(&["", "humeur/"]));
        // A hub that is new is told of everything; that it is named changes every feed for the other.
        let third = Hub::open();
        let scene = scene.config("hubs = [", &format!("hubs = [{:?}, ", third.url()));
        quiet(&scene, &["run", "--at", MONDAY]);
        assert_eq!(third.heard(), once(&ALL));
        heard(once(&ALL));
    }
}

#[test]
fn a_hub_that_hangs_holds_up_neither_feeds_nor_letters_nor_another_hub() {
    for start_scene in [Scene::sample(), Scene::sample().on_postgres()] {
        let (dead, alive) = (Hub::open(), Hub::open());
        dead.behave(HubBehaviour::Hangs);
        let scene = scene_of(start_scene, &[&dead, &alive]);
        let begun = Instant::now();
        let run = start(&scene, &["run", "--at", MONDAY]);
        dead.wait_for(1);
        assert_eq!(scene.files("feeds").len(), 15);
        until("not all letters are out while the hub hangs", || scene.files("outbox").len() == 3);
        assert_eq!(scene.ok(&["digest", "status"]), "2026-W47 (n° 1) sent: 3 of 3 letters sent\n");
        let outcome = end(run);
        assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "", ""));
        // Asked about each of the twelve in turn, it would take two minutes.
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
        assert_eq!(alive.heard(), once(&ALL));
        assert!(dead.heard().len() < 12, "a hub that hangs is not asked again and again");
        dead.behave(HubBehaviour::Accepts);
        // Not yet.
        quiet(&scene, &["run", "--at", MONDAY]);
        assert_eq!(dead.heard(), BTreeMap::new());
        quiet(&scene, &["run", "--at", "2026-11-23T08:02"]);
        assert_eq!(dead.heard(), once(&ALL));
        quiet(&scene, &["run", "--at", "2026-11-23T09:00"]);
        assert_eq!(dead.heard(), BTreeMap::new());
    }
}

#[test]
fn a_hub_that_fails_or_is_away_is_told_when_it_is_back() {
    let hub = Hub::open();
    let scene = scene(&[&hub]);
    hub.behave(HubBehaviour::Fails("500 Internal Server Error"));
    scene.ok(&["sync"]);
    let words = scene.ok(&["publish", "--at", MONDAY]);
    let waits = "12 changes wait to be told, because it answered 500 Internal Server Error (it names \"/elsewhere\")\n";
    assert!(words.ends_with(waits), "{words}");
    assert_eq!(hub.heard(), once(&ALL));
    hub.behave(HubBehaviour::Fails("301 Moved Permanently"));
    quiet(&scene, &["run", "--at", "2026-11-23T08:02"]);
    assert_eq!(hub.heard(), once(&ALL), "and no word to /elsewhere");
    hub.behave(HubBehaviour::Disconnects);
    // 2 minutes, and up to a quarter.
    quiet(&scene, &["run", "--at", "2026-11-23T08:03"]);
    assert_eq!(hub.heard(), BTreeMap::new());
    quiet(&scene, &["run", "--at", "2026-11-23T08:05"]);
    assert_eq!(hub.heard().values().sum::<usize>(), 8);
    let address = hub.address;
    drop(hub);
    quiet(&scene, &["run", "--at", "2026-11-23T08:11"]);
    // What changes meanwhile is told at once when the hub is back, the rest when it is due.
    write_humeur(&scene, "Du vent");
    let hub = Hub::at(address);
    quiet(&scene, &["run", "--at", "2026-11-23T08:12"]);
    assert_eq!(hub.heard(), once(&["", "humeur/"]));
    quiet(&scene, &["run", "--at", "2026-11-23T08:25"]);
    assert_eq!(hub.heard(), once(&["edito/", "carnet/"]));
}

#[test]
fn a_hub_that_is_gone_is_given_up_with_a_word_and_tried_anew_with_the_next_change() {
    let hub = Hub::open();
    let (scene, url) = (scene(&[&hub]), hub.url());
    let address = hub.address;
    drop(hub);
    for hour in ["08:00", "08:02", "08:05", "08:11", "08:25"] {
        quiet(&scene, &["run", "--at", &format!("2026-11-23T{hour}")]);
    }
    let outcome = scene.run(&["run", "--at", "2026-11-28T08:30"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    // On the 27th a column of the rubrique Édito came out: its topics have changed, and the hub
    // has not heard of them for as long as of the others.
    assert!(outcome.stderr.starts_with(&format!("gazetier: the hub {url} could not be told of 12 ")), "{outcome:?}");
    assert!(outcome.stderr.ends_with("If it is gone, take it out of feeds.hubs\n"), "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
    let hub = Hub::at(address);
    quiet(&scene, &["run", "--at", "2026-11-29T08:00"]);
    assert_eq!(hub.heard(), BTreeMap::new());
    write_humeur(&scene, "Du vent");
    quiet(&scene, &["run", "--at", "2026-11-29T08:10"]);
    assert_eq!(hub.heard(), once(&["", "humeur/"]));
}

#[test]
fn a_topic_that_changes_while_the_hub_is_told_is_told_again() {
    for start_scene in [Scene::sample(), Scene::sample().on_postgres()] {
        let hub = Hub::open();
        let scene = scene_of(start_scene, &[&hub]);
        write_humeur(&scene, "Du vent");
        scene.ok(&["sync"]);
        hub.behave(HubBehaviour::Hangs);
        let first = start(&scene, &["publish", "--at", MONDAY]);
        hub.wait_for(8);
        let held = hub.heard();
        write_humeur(&scene, "Du vent d’ouest");
        // The second run finds other news than the first one holds, and hangs with them.
        let second = start(&scene, &["run", "--at", MONDAY]);
        hub.wait_for(1);
        hub.behave(HubBehaviour::Accepts);
        assert_eq!((end(first).code, end(second).code), (0, 0));
        // Whatever was not begun when it changed is told once, as it is now.
        let mut expected = once(&ALL);
        expected.retain(|topic, _| !held.contains_key(topic));
        expected.extend(once(&["", "humeur/"]));
        assert_eq!(hub.heard(), expected);
        quiet(&scene, &["run", "--at", "2026-11-23T10:00"]);
        assert_eq!(hub.heard(), BTreeMap::new(), "nothing waits");
    }
}

#[test]
fn an_answer_about_what_a_topic_was_settles_nothing_about_what_it_is() {
    let hub = Hub::open();
    let scene = scene(&[&hub]);
    write_humeur(&scene, "Du vent");
    scene.ok(&["sync"]);
    hub.behave(HubBehaviour::Hangs);
    let first = start(&scene, &["publish", "--at", MONDAY]);
    hub.wait_for(8);
    // Published by a run that dies before it can tell; the first run then hears « taken ».
    write_humeur(&scene, "Du vent d’ouest");
    scene.ok(&["sync"]);
    let mut second = start(&scene, &["publish", "--at", MONDAY]);
    let begun = Instant::now();
    while !scene.read("feeds/humeur/feed.json").contains("ouest") || hub.inner.heard.lock().expect("a lock").len() < 9 {
        assert!(begun.elapsed() < Duration::from_secs(9));
        thread::sleep(Duration::from_millis(10));
    }
    second.kill().expect("a kill");
    second.wait().expect("an end");
    hub.behave(HubBehaviour::Accepts);
    assert_eq!(end(first).code, 0);
    hub.heard();
    // When the dead run's leases have ended, what it was to tell is told.
    thread::sleep(Duration::from_secs(16));
    quiet(&scene, &["run", "--at", MONDAY]);
    let heard = hub.heard();
    assert!(once(&["", "humeur/"]).keys().any(|topic| heard.contains_key(topic)), "{heard:?}");
    quiet(&scene, &["run", "--at", "2026-11-23T10:00"]);
    assert_eq!(hub.heard(), BTreeMap::new());
}

/// The same without luck, at the store: the topic changes between the lease and the answer, and
/// nobody takes the new ping before the old one is settled.
#[tokio::test]
async fn a_change_between_lease_and_answer_leaves_the_topic_queued() {
    let folder = tempfile::tempdir().expect("a folder");
    for place in [
        StoreUrl::Sqlite(folder.path().join("hubs.db")),
        StoreUrl::Postgres { url: Secret::new(fresh_database()), schema: None },
    ] {
        let store = Store::open(&place).await.expect("a store");
        let hubs = [Url::parse("https://hub.example.org/").expect("an address")];
        let at = |second| chrono::DateTime::from_timestamp(second, 0).expect("an instant");
        let publish = async |text: &str, second| {
            let topic =
                Topic::new(Url::parse("https://estran.example.org/rss.xml").expect("an address"), text.as_bytes());
            let before = store.published(&FeedKey::All).await.expect("a state");
            let at = at(second);
            let published = Published { fingerprint: text.into(), revision: 1, at, told: at };
            let standing =
                FeedRecord { feed: String::new(), before, published, months: Vec::new(), topics: vec![topic] };
            let publication = store.begin_publication(Vec::new(), at).await.expect("a publication");
            let standings = &[standing];
            let commit = Commit { publication: &publication, standings, all: None, sound: true, hubs: &hubs, at };
            assert_eq!(store.put_published(commit).await.expect("a commit"), [""; 0]);
        };
        let lease = async |second| {
            store.lease_pings(&hubs[0], at(second), 8, at(second), at(second + 15)).await.expect("pings")
        };
        let settle = async |ping: &Ping, state| {
            let settled = SettledPing { ping: ping.clone(), state, reply: String::new() };
            store.settle_pings(&[settled]).await.expect("a commit");
        };
        publish("one", 100).await;
        let first = lease(100).await.remove(0);
        assert_eq!(lease(114).await, []);
        publish("two", 101).await;
        settle(&first, PingState::Told).await;
        let second = lease(101).await.remove(0);
        // A worker that slept through its lease settles nothing either.
        let third = lease(117).await.remove(0);
        settle(&second, PingState::Told).await;
        settle(&third, PingState::Queued(at(200))).await;
        assert_eq!(lease(199).await, []);
        let fourth = lease(200).await.remove(0);
        assert_eq!((fourth.attempts, fourth.age(at(200))), (1, chrono::Duration::seconds(100)));
        settle(&fourth, PingState::Told).await;
        publish("two", 300).await;
        assert_eq!(lease(300).await, [], "what the hub knows is no news");
        publish("one", 400).await;
        let fifth = lease(400).await.remove(0);
        assert_eq!((fifth.attempts, fifth.age(at(400))), (0, chrono::Duration::zero()));
        store.close().await;
    }
}

#[test]
fn a_run_killed_while_it_tells_loses_nothing() {
    let hub = Hub::open();
    let scene = scene(&[&hub]);
    hub.behave(HubBehaviour::Hangs);
    let mut run = start(&scene, &["run", "--at", MONDAY]);
    hub.wait_for(8);
    run.kill().expect("a kill");
    run.wait().expect("an end");
    hub.behave(HubBehaviour::Accepts);
    let mut heard = hub.heard();
    // What was not begun goes out at once, what was when the dead run's lease has ended.
    quiet(&scene, &["run", "--at", MONDAY]);
    let rest = hub.heard();
    assert_eq!(rest.len(), 4);
    thread::sleep(Duration::from_secs(16));
    quiet(&scene, &["run", "--at", MONDAY]);
    assert_eq!(hub.heard(), heard);
    heard.extend(rest);
    assert_eq!(heard, once(&ALL));
    quiet(&scene, &["run", "--at", "2026-11-23T10:00"]);
    assert_eq!(hub.heard(), BTreeMap::new());
}

#[test]
fn a_run_killed_between_the_files_and_the_commit_loses_nothing() {
    let hub = Hub::open();
    let scene = scene_of(Scene::sample().on_postgres(), &[&hub]);
    scene.ok(&["sync"]);
    // The table that the commit writes is held by somebody else: the files come, the commit waits.
    let database = scene.store().expect("a database").to_owned();
    let mut session = Command::new("psql")
        .args(["-X", "-q", "-d", &database])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("psql");
    let mut input = session.stdin.take().expect("an input");
    writeln!(input, "BEGIN; LOCK TABLE feed_state IN EXCLUSIVE MODE; SELECT 'held';").expect("a line");
    let mut output = BufReader::new(session.stdout.take().expect("an output"));
    let mut line = String::new();
    while !line.contains("held") {
        line.clear();
        assert_ne!(output.read_line(&mut line).expect("a line"), 0);
    }
    let mut run = start(&scene, &["publish", "--at", MONDAY]);
    let begun = Instant::now();
    while scene.files("feeds").iter().filter(|name| !name.contains(".press-")).count() < 15 {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", scene.files("feeds"));
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(Duration::from_millis(200));
    run.kill().expect("a kill");
    run.wait().expect("an end");
    drop(input);
    session.wait().expect("an end");
    assert_eq!(hub.heard(), BTreeMap::new());
    // Nothing is written, since the files are right, and all is told.
    let words = scene.ok(&["publish", "--at", MONDAY]);
    assert_eq!(words, format!("nothing new to publish\n{}: told of 12 changes\n", hub.url()));
    assert_eq!(hub.heard(), once(&ALL));
}
