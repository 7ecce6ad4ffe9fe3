//! The feeds as real readers fetch them, and what HTTP has to say of them.

use std::{
    fs,
    os::unix::fs::symlink,
    process::{Command, Output},
};

use super::house::{House, at_home};
use crate::support::{MONDAY, Scene, needed};

fn published() -> Scene {
    let scene = at_home(Scene::sample(), "");
    scene.ok(&["run", "--at", MONDAY]);
    scene
}

#[test]
fn feedparser_fetches_a_feed_once() {
    let scene = published();
    let house = House::open(&scene, &[]);
    let script = "
import sys, feedparser
for url in sys.argv[1:]:
    first = feedparser.parse(url)
    assert not first.bozo, first.bozo_exception
    by_tag = feedparser.parse(url, etag=first.etag)
    by_date = feedparser.parse(url, modified=first.modified)
    print(first.status, len(first.entries), by_tag.status, len(by_tag.entries), by_date.status, first.encoding)
";
    let urls = ["rss.xml", "humeur/atom.xml"].map(|feed| format!("http://{}/feeds/{feed}", house.place));
    let told = Command::new(needed("GAZETIER_TEST_PYTHON"))
        .args(["-c", script])
        .args(&urls)
        .env("no_proxy", "127.0.0.1")
        .output()
        .expect("Python");
    assert_eq!(told_by(&told), "200 11 304 0 304 utf-8\n200 3 304 0 304 utf-8\n");
}

fn told_by(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn newsboat_fetches_a_feed_once() {
    let scene = published();
    scene.reconfigure("[web]\n", "[web]\nmetrics_listen = \"unix:figures.sock\"\n");
    let house = House::open(&scene, &[]);
    let feeds = ["rss.xml", "humeur/atom.xml"];
    let urls: String = feeds.map(|feed| format!("http://{}/feeds/{feed}\n", house.place)).concat();
    scene.put("newsboat/urls", &urls);
    scene.put("newsboat/config", "");
    let newsboat = |arguments: &[&str]| {
        let folder = |name: &str| scene.path("newsboat").join(name).display().to_string();
        let output = Command::new("newsboat")
            .args(["-u", &folder("urls"), "-C", &folder("config"), "-c", &folder("cache")])
            .args(arguments)
            .env("HOME", scene.path("newsboat"))
            .env("no_proxy", "127.0.0.1")
            .output()
            .expect("newsboat");
        told_by(&output)
    };
    newsboat(&["-x", "reload"]);
    assert_eq!(newsboat(&["-x", "print-unread"]), "11 unread articles\n");
    // newsboat 2.21 notes an ETag before it has a row for the feed: it keeps the second one.
    newsboat(&["-x", "reload"]);
    let unchanged = || {
        let figures = House::ask_socket(&scene.path("figures.sock"), "/metrics").text();
        let line = figures.lines().find_map(|line| line.strip_prefix("gazetier_requests_total{status=\"3xx\"} "));
        line.expect("a figure").to_owned()
    };
    assert_eq!(unchanged(), "0");
    newsboat(&["-x", "reload"]);
    assert_eq!(unchanged(), "2", "what it has is not sent again");
    assert_eq!(newsboat(&["-x", "print-unread"]), "11 unread articles\n");
}

#[test]
fn what_was_published_once_and_is_withdrawn_is_gone() {
    let scene = published();
    let house = House::open(&scene, &[]);
    assert_eq!(house.get("/feeds/humeur/rss.xml").status, 200);
    assert_eq!(house.get("/feeds/fiction/rss.xml").status, 404);
    drop(house);
    let config = scene.read("config.toml");
    let (before, rest) = config.split_once("[[rubriques]]\nslug = \"humeur\"").expect("a rubrique");
    let (_, after) = rest.split_once("[[rubriques]]").expect("the next one");
    scene.put("config.toml", &format!("{before}[[rubriques]]{after}"));
    let house = House::open(&scene, &[]);
    for path in ["/feeds/humeur/rss.xml", "/feeds/humeur/feed.json", "/feeds/humeur/archive/2026-10/atom.xml"] {
        let answer = house.get(path);
        assert_eq!(answer.status, 410, "{path}");
        assert!(answer.text().contains("<h1>Ce contenu a été retiré</h1>"), "{path}");
    }
    assert_eq!(house.get("/feeds/fiction/rss.xml").status, 404);
    assert_eq!(house.get("/feeds/edito/rss.xml").status, 200);
    // A disk that is not mounted withdraws nothing.
    fs::rename(scene.path("feeds"), scene.path("elsewhere")).expect("a folder");
    assert_eq!(house.get("/feeds/edito/rss.xml").status, 503);
}

#[test]
fn a_document_comes_whole_packed_or_in_part() {
    let scene = published();
    let house = House::open(&scene, &[]);
    let ask = |headers: &str| house.ask("GET", "/feeds/rss.xml", headers, "");
    let plain = ask("");
    assert_eq!(plain.body, scene.read("feeds/rss.xml").into_bytes());
    let br = ask("Accept-Encoding: gzip, br\r\n");
    let mut unpacked = Vec::new();
    brotli::BrotliDecompress(&mut br.body.as_slice(), &mut unpacked).expect("Brotli");
    assert_eq!((br.header("content-encoding"), unpacked == plain.body), ("br", true));
    assert_ne!(plain.header("etag"), br.header("etag"));
    for tag in [plain.header("etag"), br.header("etag"), &format!("\"x\", W/{}", plain.header("etag"))] {
        let known = ask(&format!("Accept-Encoding: br\r\nIf-None-Match: {tag}\r\n"));
        assert_eq!((known.status, known.body.len()), (304, 0), "{tag}");
        assert_eq!(known.header("content-length"), "", "the length of a 304 would be taken for the document's");
        assert_eq!(known.header("content-security-policy"), plain.header("content-security-policy"));
    }
    let part = ask("Accept-Encoding: br\r\nRange: bytes=10-19\r\n");
    assert_eq!((part.status, part.body.as_slice()), (206, &plain.body[10..20]));
    assert_eq!(part.header("content-range"), format!("bytes 10-19/{}", plain.body.len()));
    let beyond = ask("Range: bytes=9999999-\r\n");
    assert_eq!((beyond.status, beyond.header("content-range")), (416, &*format!("bytes */{}", plain.body.len())));
    let head = house.ask("HEAD", "/feeds/rss.xml", "", "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), plain.body.len().to_string());
    let wrong = house.ask("DELETE", "/feeds/rss.xml", "", "");
    assert_eq!((wrong.status, wrong.header("allow")), (405, "GET,HEAD"));
    // What the press replaces is seen at once; a file that lies beside it by mistake is not sent.
    scene.put("feeds/rss.xml", &"<rss/>".repeat(1_000));
    scene.put("feeds/rss.xml.br", "of another text");
    let next = ask("Accept-Encoding: br\r\n");
    let mut unpacked = Vec::new();
    brotli::BrotliDecompress(&mut next.body.as_slice(), &mut unpacked).expect("Brotli");
    assert_eq!(unpacked, scene.read("feeds/rss.xml").into_bytes());
}

#[test]
fn no_other_file_can_be_had() {
    let scene = published();
    let house = House::open(&scene, &[]);
    scene.put("feeds/.press-abc", "half a file");
    scene.put("feeds/notes.txt", "ours");
    scene.put("secret.xml", "secret");
    fs::remove_file(scene.path("feeds/humeur/rss.xml")).expect("a file");
    symlink(scene.path("secret.xml"), scene.path("feeds/humeur/rss.xml")).expect("a link");
    for path in [
        "/feeds/.press-abc",
        "/feeds/notes.txt",
        "/feeds/rss.xml.gz",
        "/feeds/humeur/rss.xml",
        "/feeds/../config.toml",
        "/feeds/%2e%2e/config.toml",
        "/feeds/..%2fconfig.toml",
        "/feeds/humeur/../../config.toml",
        "/feeds/archive/../rss.xml",
        "/feeds/archive/..",
        "/feeds//rss.xml",
        "/feeds/rss.xml/",
        "/feeds/rss.xml%00",
        "/feeds/humeur",
        "//etc/passwd",
        "/config.toml",
        "/gazetier.db",
    ] {
        assert_eq!(house.get(path).status, 404, "{path}");
    }
    // A link that stays in the folder is a file like others.
    fs::remove_file(scene.path("feeds/humeur/rss.xml")).expect("a link");
    symlink(scene.path("feeds/rss.xml"), scene.path("feeds/humeur/rss.xml")).expect("a link");
    assert_eq!(house.get("/feeds/humeur/rss.xml").status, 200);
    let bare = house.get("/feeds");
    assert_eq!((bare.status, bare.header("location")), (301, "/feeds/"));
}
