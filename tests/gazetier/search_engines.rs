//! What search engines are given: a sitemap of the news, which grows old by itself, and word of pages that changed, from an
//! outbox with retries.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use crate::{
    serving::Server,
    support::{MONDAY, Scene, column},
};

const KEY: &str = "7be9fca90b3b4b03-9983fa8f06e03ee8";

#[test]
fn the_sitemap_of_the_news_holds_two_days_and_changes_with_them() {
    let scene = Scene::empty().config("[digest]\n", "[search_engines]\nnews_sitemap = true\n\n[digest]\n");
    scene.put("columns/a.md", &column("A & <b>", "edito", "2026-11-21T08:00:01"));
    scene.put("columns/b.md", &column("B", "humeur", "2026-11-22T08:00"));
    scene.put(
        "columns/ailleurs.md",
        &column("Ailleurs", "humeur", "2026-11-22T09:00").replacen(
            "---\n",
            "---\nurl: https://autre.example.org/x\n",
            1,
        ),
    );
    scene.put("columns/vieux.md", &column("Vieux", "edito", "2026-11-20T08:00"));
    scene.ok(&["run", "--at", "2026-11-23T08:00"]);
    insta::assert_snapshot!("news_sitemap", scene.read("feeds/news-sitemap.xml"));
    // Nothing new is written, until one is too old.
    assert_eq!(scene.ok(&["publish", "--at", "2026-11-23T08:00"]), "nothing new to publish\n");
    assert_eq!(scene.ok(&["publish", "--at", "2026-11-23T08:01"]), "1 files published in feeds\n");
    assert!(!scene.read("feeds/news-sitemap.xml").contains("A &amp;"));
    std::fs::remove_file(scene.path("feeds/news-sitemap.xml")).expect("a file");
    assert_eq!(scene.ok(&["publish", "--at", "2026-11-23T08:01"]), "1 files published in feeds\n");
    assert_eq!(
        scene.ok(&["feeds", "snippet", "robots"]).trim(),
        "Sitemap: https://estran.example.org/feeds/news-sitemap.xml"
    );
    for (name, server) in
        [("nginx", Server::nginx(&scene)), ("caddy", Server::caddy(&scene)), ("gazetier", Server::gazetier(&scene))]
    {
        let answer = server.get("/feeds/news-sitemap.xml", "");
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/xml; charset=utf-8"), "{name}");
    }
    scene.reconfigure("news_sitemap = true", "news_sitemap = false");
    scene.ok(&["publish", "--at", "2026-11-23T08:01"]);
    assert!(!scene.path("feeds/news-sitemap.xml").exists());
}

/// A search engine: what it was told, and what it answers.
#[derive(Clone)]
struct Engine {
    port: u16,
    answer: Arc<Mutex<&'static str>>,
    heard: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl Engine {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let engine = Self { port, answer: Arc::new(Mutex::new("202 Accepted")), heard: Arc::default() };
        let own = engine.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut reader = BufReader::new(stream.try_clone().expect("a clone"));
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).expect("a line") > 0 {}
                let head = head.to_lowercase();
                assert!(head.starts_with("post /indexnow http/1.1\r\n"), "{head}");
                assert!(head.contains("content-type: application/json; charset=utf-8\r\n"), "{head}");
                let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
                let mut body = vec![0; length.expect("a length").parse().expect("a number")];
                reader.read_exact(&mut body).expect("a body");
                own.heard.lock().expect("a lock").push(serde_json::from_slice(&body).expect("JSON"));
                let answer = *own.answer.lock().expect("a lock");
                let _ = write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        });
        engine
    }

    fn answers(&self, answer: &'static str) {
        *self.answer.lock().expect("a lock") = answer;
    }

    /// The pages of each request since the last time.
    fn heard(&self) -> Vec<Vec<String>> {
        let heard = std::mem::take(&mut *self.heard.lock().expect("a lock"));
        let pages = |told: serde_json::Value| {
            assert_eq!((&told["host"], &told["key"]), (&"estran.example.org".into(), &KEY.into()));
            let pages = told["urlList"].as_array().expect("a list").iter();
            let mut pages: Vec<String> = pages.map(|page| page.as_str().expect("a page").to_owned()).collect();
            pages.sort();
            pages
        };
        heard.into_iter().map(pages).collect()
    }
}

#[test]
fn search_engines_are_told_of_pages_that_changed() {
    for start in [Scene::empty(), Scene::empty().on_postgres()] {
        let engine = Engine::open();
        let table = format!(
            "[search_engines]\nindexnow_key = \"{KEY}\"\nindexnow_url = \"http://127.0.0.1:{}/indexnow\"\n\n[digest]\n",
            engine.port
        );
        let scene = start.config("[digest]\n", &table);
        let page = |slug: &str| format!("https://estran.example.org/chroniques/{slug}");
        scene.put("columns/a.md", &column("A", "edito", "2026-11-21"));
        scene.put("columns/b.md", &column("B", "humeur", "2026-11-22"));
        scene.ok(&["run", "--at", MONDAY]);
        assert_eq!(engine.heard(), [vec![page("a"), page("b")]], "all at once");
        scene.ok(&["run", "--at", MONDAY]);
        assert_eq!(engine.heard(), Vec::<Vec<String>>::new());
        // What is not accepted waits, and is told again.
        engine.answers("429 Too Many Requests");
        scene
            .put("columns/b.md", &column("B", "humeur", "2026-11-22").replacen("title: B", "title: B bis\nslug: b", 1));
        scene.ok(&["run", "--at", MONDAY]);
        assert_eq!(engine.heard(), [vec![page("b")]]);
        engine.answers("200 OK");
        scene.ok(&["run", "--at", "2026-11-23T08:10"]);
        assert_eq!(engine.heard(), [vec![page("b")]]);
        scene.ok(&["run", "--at", "2026-11-23T12:00"]);
        assert_eq!(engine.heard(), Vec::<Vec<String>>::new());
    }
}

#[test]
fn the_key_stands_at_the_root_of_the_host() {
    let table =
        format!("[search_engines]\nindexnow_key = \"{KEY}\"\nindexnow_url = \"http://127.0.0.1:1/\"\n\n[digest]\n");
    let scene = Scene::sample().config("[digest]\n", &table);
    scene.ok(&["sync"]);
    scene.run(&["publish", "--at", MONDAY]);
    for (name, server) in
        [("nginx", Server::nginx(&scene)), ("caddy", Server::caddy(&scene)), ("gazetier", Server::gazetier(&scene))]
    {
        let answer = server.get(&format!("/{KEY}.txt"), "");
        assert_eq!((answer.status, answer.body.as_slice()), (200, KEY.as_bytes()), "{name}");
        assert!(answer.header("content-type").starts_with("text/plain"), "{name}: {}", answer.header("content-type"));
    }
    for (text, told) in [
        ("indexnow_key = \"short\"", "search_engines.indexnow_key: write 8 to 128 letters"),
        ("indexnow_key = \"../../etc/passwd\"", "search_engines.indexnow_key: write 8 to 128 letters"),
        ("indexnow_url = \"https://a.example/\"", "search_engines.indexnow_key: it is missing"),
        ("indexnow_key = \"12345678\"\nindexnow_url = \"ftp://a.example/\"", "search_engines.indexnow_url: "),
    ] {
        let text = format!("[search_engines]\n{text}\n\n[digest]\n");
        let outcome = Scene::sample().config("[digest]\n", &text).run(&["status"]);
        assert!(outcome.code == 78 && outcome.stderr.contains(told), "{text}: {outcome:?}");
    }
}
