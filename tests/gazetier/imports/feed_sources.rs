//! Feeds as sources: RSS, Atom and JSON Feed with their awkward cases, from a file and from a server that changes its mind.
//! What has left a feed is not gone.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use super::LATER;
use crate::support::{Outcome, Scene, without_numbers};

const RSS: &str = include_str!("feeds/rss.xml");

const ATOM: &str = include_str!("feeds/atom.xml");

const JSON: &str = include_str!("feeds/feed.json");

/// A scene whose columns come from a feed.
fn scene(place: &str) -> Scene {
    Scene::empty()
        .config(
            "[[sources]]\nkind = \"markdown\"\npath = \"columns\"\n",
            &format!(
                "[[sources]]\nname = \"jetee\"\nkind = \"feed\"\n{place}\nrubriques = {{ Opinions = \"edito\" }}\n"
            ),
        )
        .config("[digest]\n", "[fetch]\nprivate_hosts = [\"127.0.0.1\"]\n\n[digest]\n")
}

/// The titles in the feed of all columns.
fn titles(scene: &Scene) -> Vec<String> {
    scene.ok(&["publish", "--at", LATER]);
    let items = scene.items("feed.json").into_iter();
    let mut titles: Vec<String> = items.map(|item| item["title"].as_str().expect("a title").to_owned()).collect();
    titles.sort();
    titles
}

/// An RSS feed with entries of these names.
pub(super) fn rss(names: &[&str]) -> String {
    let item = |name: &&str| {
        format!(
            "<item><title>{name}</title><link>https://jetee.example.org/{name}</link><guid>https://jetee.example.org/{name}</guid>\
             <pubDate>Wed, 18 Nov 2026 08:00:00 +0100</pubDate><description>Texte de {name}.</description></item>"
        )
    };
    format!(
        "<rss version=\"2.0\"><channel><title>J</title>{}</channel></rss>",
        names.iter().map(item).collect::<String>()
    )
}

#[test]
fn the_three_forms_give_what_their_readers_see() {
    for (name, file, text) in [("rss", "f.xml", RSS), ("atom", "f.xml", ATOM), ("json", "f.json", JSON)] {
        let scene = scene(&format!("path = \"{file}\"")).write(file, text);
        let outcome = scene.run(&["sync"]);
        scene.ok(&["publish", "--at", LATER]);
        let items = serde_json::to_string_pretty(&scene.items("feed.json")).expect("JSON");
        assert!(!items.contains("SECRET"), "{items}");
        let told = format!("{}\n{}{}{items}\n", outcome.code, outcome.stdout, outcome.stderr);
        insta::assert_snapshot!(format!("feed_{name}"), told);
        // By hand, it is found out what the file is, and the columns are the same.
        let by_hand = Scene::empty().write(file, text);
        let outcome = by_hand.run(&["import", "--keep-going", file]);
        assert_eq!(outcome.code, 65, "{outcome:?}");
        by_hand.ok(&["publish", "--at", LATER]);
        let ids = |scene: &Scene| scene.items("feed.json").iter().map(|item| item["title"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&by_hand), ids(&scene));
    }
}

#[test]
fn our_own_feeds_can_be_read_again() {
    let there = Scene::sample();
    there.ok(&["sync"]);
    there.ok(&["publish", "--at", LATER]);
    let of = |scene: &Scene, field: &str| {
        scene.ok(&["publish", "--at", LATER]);
        let items = scene.items("feed.json");
        // The same characters may be written in two ways, and Atom's texts are trimmed.
        let value = |item: &serde_json::Value| {
            let text = item[field].as_str().map_or_else(|| item[field].to_string(), str::to_owned);
            text.replace("&nbsp;", "\u{a0}").replace("&quot;", "\"").trim().to_owned()
        };
        items.iter().map(|item| (item["id"].to_string(), value(item))).collect::<BTreeMap<_, _>>()
    };
    for form in ["rss.xml", "atom.xml", "feed.json"] {
        let here = Scene::empty().write(form, &there.read(&format!("feeds/{form}")));
        here.ok(&["import", form]);
        for field in ["id", "url", "title", "date_published", "content_html", "tags", "authors"] {
            assert_eq!(of(&here, field), of(&there, field), "{form}: {field}");
        }
    }
}

#[test]
fn what_leaves_a_feed_stays() {
    let scene = scene("path = \"f.xml\"").write("f.xml", &rss(&["a", "b"]));
    assert_eq!(scene.ok(&["sync"]), "2 columns added\n");
    scene.put("f.xml", &rss(&["c", "b"]));
    assert_eq!(scene.ok(&["sync"]), "1 columns added\n");
    assert_eq!(titles(&scene), ["a", "b", "c"]);
    // Back again, changed, it is the same column.
    scene.put("f.xml", &rss(&["a"]).replace("Texte", "Autre texte"));
    assert_eq!(scene.ok(&["sync"]), "1 columns changed\n");
    for (text, told) in [
        (rss(&[]), "f.xml: the feed holds no entry: nothing is changed"),
        ("<!DOCTYPE html><html><body>x</body></html>".to_owned(), "f.xml: it is an HTML page, and no feed"),
        ("<rss version=\"2.0\"><channel><item></channel></rss>".to_owned(), "f.xml: no feed that can be read"),
        ("<note/>".to_owned(), "f.xml: no feed that can be read"),
        ("{\"version\": \"1\", \"items\": []}".to_owned(), "f.xml: no JSON Feed of version 1"),
        (format!("<rss version=\"2.0\">{}", "<channel>".repeat(100_000)), "more than 200 elements in one another"),
        (
            rss(&["a"]).replace("</title><link>", "</title><author>Anouk «a@example.org»</author><link>"),
            "f.xml: no feed that can be read: what reads feeds failed at it",
        ),
    ] {
        scene.put("f.xml", &text);
        let outcome = scene.run(&["sync"]);
        assert_eq!(outcome.code, 65, "{outcome:?}");
        assert!(outcome.stderr.contains(told) && !outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    }
    assert_eq!(titles(&scene), ["a", "b", "c"]);
}

#[test]
fn letters_are_read_as_the_feed_says() {
    let text = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{}", rss(&["été"]));
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("a letter of Latin-1")).collect();
    let scene = Scene::empty();
    std::fs::write(scene.path("f.xml"), bytes).expect("a file");
    scene.ok(&["import", "f.xml"]);
    assert_eq!(titles(&scene), ["été"]);
}

#[test]
fn a_source_has_a_path_or_a_url() {
    for (place, told) in [
        (
            "path = \"f.xml\"\nurl = \"https://jetee.example.org/\"",
            "sources.url: a source has a path or a url, not both",
        ),
        ("", "sources.path: it is missing"),
        ("url = \"ftp://jetee.example.org/\"", "sources.url: \"ftp\" is no address of the web"),
        ("url = \"https://anouk:SECRET@\"", "sources.url: it is no address"),
        ("url = \"https://anouk:SECRET@jetee.example.org/", "line "),
    ] {
        let outcome = scene(place).run(&["status"]);
        let said = without_numbers(&outcome.stderr);
        assert!(outcome.code == 78 && said.contains(told), "{place}: {outcome:?}");
        assert!(!outcome.stderr.contains("SECRET"), "{outcome:?}");
    }
    let outcome =
        scene("url = \"https://jetee.example.org/\"").config("kind = \"feed\"", "kind = \"csv\"").run(&["status"]);
    assert!(
        without_numbers(&outcome.stderr).contains("sources.url: a source of the kind \"csv\" is not fetched"),
        "{outcome:?}"
    );
}

/// A server that answers what it is told to; gives its port.
#[derive(Clone, Default)]
pub(super) struct Server {
    pub(super) port: u16,
    answer: Arc<Mutex<String>>,
    /// The heads of the requests, in small letters.
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn open(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = Self { port, ..Self::default() };
        server.answers(answer);
        let own = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut lines = BufReader::new(&stream).lines();
                let head: Vec<String> =
                    lines.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                drop(lines);
                own.heard.lock().expect("the requests").push(head.join("\n").to_lowercase());
                let answer = own.answer.lock().expect("the answer").clone();
                // Who asked may be gone.
                match answer.as_str() {
                    "hangs" => std::mem::forget(stream),
                    answer => drop(stream.write_all(format!("HTTP/1.1 {answer}").as_bytes())),
                }
            }
        });
        server
    }

    fn answers(&self, answer: &str) {
        answer.clone_into(&mut self.answer.lock().expect("the answer"));
    }

    /// Answers a document with these headers.
    pub(super) fn gives(&self, headers: &str, body: &str) {
        self.answers(&format!("200 OK\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()));
    }

    /// The requests since the last time.
    pub(super) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().expect("the requests"))
    }

    fn url(&self) -> String {
        format!("url = \"http://anouk:SECRET@127.0.0.1:{}/feed?token=SECRET\"", self.port)
    }

    /// The source as messages name it.
    fn shown(&self) -> String {
        format!("http://127.0.0.1:{}/feed?…", self.port)
    }
}

/// A run as cron calls it.
fn by_cron(scene: &Scene, at: &str) -> Outcome {
    let outcome = scene.run(&["run", "--at", at]);
    assert!(!outcome.stderr.contains("SECRET"), "{outcome:?}");
    outcome
}

#[test]
fn a_feed_is_fetched_when_it_has_changed_and_a_failure_is_told_once() {
    let server = Server::open("");
    let scene = scene(&server.url());
    server.gives("ETag: \"one\"\r\nLast-Modified: Wed, 18 Nov 2026 08:00:00 GMT\r\n", &rss(&["a", "b"]));
    assert_eq!(scene.ok(&["sync"]), "2 columns added\n");
    let heard = server.heard();
    assert!(
        heard.len() == 1 && !heard[0].contains("if-none-match") && heard[0].contains("authorization: basic "),
        "{heard:?}"
    );
    assert!(heard[0].contains("accept-encoding: identity"), "{heard:?}");
    server.answers("304 Not Modified\r\nETag: \"one\"\r\n\r\n");
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
    let heard = server.heard().concat();
    let asks = |word: &str| heard.contains(word);
    assert!(asks("if-none-match: \"one\"") && asks("if-modified-since: wed, 18 nov 2026 08:00:00 gmt"), "{heard}");
    server.gives("ETag: \"two\"\r\n", &rss(&["b", "c"]).replace("Texte de b", "Autre texte de b"));
    assert_eq!(scene.ok(&["sync"]), "1 columns added, 1 columns changed\n");
    // Whatever else a server does, is told once and takes nothing away.
    let shown = server.shown();
    for (answer, told) in [
        ("500 Oh\r\nContent-Length: 0\r\n\r\n", "the server answers 500"),
        ("404 Gone\r\nContent-Length: 0\r\n\r\n", "the server answers 404"),
        ("200 OK\r\nContent-Length: 15\r\n\r\n<!doctype html>", "it is an HTML page, and no feed"),
        ("200 OK\r\nContent-Length: 0\r\n\r\n", "no feed that can be read"),
        ("200 OK\r\nContent-Length: 99\r\n\r\n<rss", ""),
        (
            "302 Found\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n",
            "it leads to 127.0.0.1, which is not on the public internet",
        ),
    ] {
        server.answers(answer);
        let told = format!("gazetier: {shown}: {told}");
        let outcome = by_cron(&scene, "2026-11-20T08:00");
        assert!(outcome.code == 65 && outcome.stderr.contains(&told), "{told}: {outcome:?}");
        let again = by_cron(&scene, "2026-11-20T08:10");
        assert!(!again.stderr.contains(&shown), "{told}: {again:?}");
        let by_hand = scene.run(&["sync"]);
        assert!(by_hand.code == 65 && by_hand.stderr.contains(&told), "{told}: {by_hand:?}");
    }
    assert_eq!(titles(&scene), ["a", "b", "c"]);
    // What was there last is known still.
    server.heard();
    server.answers("304 Not Modified\r\n\r\n");
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
    assert!(server.heard().concat().contains("if-none-match: \"two\""));
    // At another address, it is the same source.
    let other = Server::open("");
    other.gives("", &rss(&["d", "c"]));
    scene
        .reconfigure(&format!("127.0.0.1:{}/feed?token=SECRET", server.port), &format!("127.0.0.1:{}/new", other.port));
    assert_eq!(scene.ok(&["sync"]), "1 columns added\n");
    assert!(!other.heard().concat().contains("if-none-match"));
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n", "without validators, by what it holds");
    assert_eq!(titles(&scene), ["a", "b", "c", "d"]);
    // Relative links lead from the address, and tell nobody's login.
    let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>J</title><entry><id>tag:jetee.example.org,2026:e</id><title>e</title>\
                <updated>2026-11-18T07:00:00Z</updated><link href=\"\"/><content type=\"html\">&lt;a href=\"b\"&gt;b&lt;/a&gt;</content></entry></feed>";
    other.gives("", atom);
    assert_eq!(scene.ok(&["sync"]), "1 columns added\n");
    assert_eq!(titles(&scene), ["a", "b", "c", "d", "e"]);
    let feed = scene.read("feeds/feed.json");
    assert!(feed.contains(&format!("http://127.0.0.1:{}/new", other.port)) && !feed.contains("SECRET"), "{feed}");
    // Under another name too, it is the same source.
    scene.reconfigure("name = \"jetee\"", "name = \"quai\"");
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
    assert_eq!(titles(&scene), ["a", "b", "c", "d", "e"]);
}

#[test]
fn a_server_is_left_alone_as_long_as_it_wants() {
    let server = Server::open("429 Too Many\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n");
    let scene = scene(&server.url());
    assert!(by_cron(&scene, "2026-11-20T08:00").stderr.contains("the server answers 429"));
    assert_eq!(server.heard().len(), 1);
    assert_eq!(by_cron(&scene, "2026-11-20T08:50").stderr, "");
    let by_hand = scene.run(&["sync", "--at", "2026-11-20T08:50"]);
    let told = format!("gazetier: {}: its server wants to be asked later; passed over\n", server.shown());
    assert!(by_hand.code == 65 && by_hand.stderr.starts_with(&told), "{by_hand:?}");
    assert_eq!(server.heard(), Vec::<String>::new());
    // Refused again, it is not told again.
    assert_eq!(by_cron(&scene, "2026-11-20T09:10").stderr, "");
    assert_eq!(server.heard().len(), 1);
    assert_eq!(by_cron(&scene, "2026-11-20T09:50").stderr, "");
    assert_eq!(server.heard().len(), 0);
    server.gives("", &rss(&["a"]));
    assert_eq!(scene.ok(&["sync", "--at", "2026-11-20T10:20"]), "1 columns added\n");
}

#[test]
fn an_address_is_the_same_place_on_all_machines() {
    let server = Server::open("");
    let scene = scene(&server.url()).on_postgres();
    for (machine, names, told) in [
        ("one", ["a", "b"], "2 columns added\n"),
        ("two", ["a", "b"], "nothing new in the sources\n"),
        ("one", ["b", "c"], "1 columns added\n"),
    ] {
        server.gives("", &rss(&names));
        let output = scene.command(&["sync"]).env("GAZETIER_MACHINE", machine).output().expect("the program");
        let outcome: Outcome = output.into();
        assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, told, ""), "{machine}");
    }
}

#[test]
fn a_private_address_is_refused_unless_it_is_named() {
    let server = Server::open("");
    server.gives("", &rss(&["a"]));
    let scene = scene(&server.url());
    scene.reconfigure("private_hosts = [\"127.0.0.1\"]", "private_hosts = []");
    let outcome = scene.run(&["sync"]);
    let told =
        "it leads to 127.0.0.1, which is not on the public internet: if it may, name 127.0.0.1 in fetch.private_hosts";
    assert!(outcome.code == 65 && outcome.stderr.contains(told), "{outcome:?}");
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[test]
fn a_server_that_hangs_keeps_neither_the_others_nor_the_end() {
    let (hangs, answers) = (Server::open("hangs"), Server::open(""));
    answers.gives("", &rss(&["a"]));
    let other = format!("{}\n[[sources]]\nname = \"autre\"\nkind = \"feed\"\n{}\n", hangs.url(), answers.url());
    let scene = scene(&other);
    let begun = Instant::now();
    let outcome = scene.run(&["sync"]);
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    let told = format!("gazetier: {}: no answer within 15 seconds\n", hangs.shown());
    assert!(outcome.code == 65 && outcome.stderr.starts_with(&told), "{outcome:?}");
    assert_eq!(outcome.stdout, "1 columns added\n");
    hangs.heard();
    let mut child = scene.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program");
    let begun = Instant::now();
    while hangs.heard.lock().expect("the requests").is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody asks");
        thread::sleep(Duration::from_millis(10));
    }
    let begun = Instant::now();
    assert!(Command::new("kill").arg(child.id().to_string()).status().expect("kill").success());
    child.wait().expect("an end");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
