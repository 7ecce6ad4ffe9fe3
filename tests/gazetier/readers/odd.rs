//! Thousands of requests as nobody should send them: each whole one is answered, and none by a fault of ours.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use super::house::{House, at_home};
use crate::support::{Dice, MONDAY, Scene};

/// How many, and by how many at once.
const REQUESTS: u64 = 4_000;
const AT_ONCE: u64 = 8;

const METHODS: [&str; 12] =
    ["GET", "GET", "GET", "POST", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "get", "CONNECT", "BR\u{e9}W"];
const PATHS: [&str; 24] = [
    "/",
    "/feeds/",
    "/feeds/rss.xml",
    "/feeds/humeur/atom.xml",
    "/feeds/../gazetier.db",
    "/feeds/%2e%2e/config.toml",
    "/feeds/archive/2026-11/rss.xml",
    "/lettre/",
    "/lettre",
    "/lettre/confirm/a",
    "/lettre/confirm/%00%ff",
    "/lettre/preferences/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "/lettre/preferences/a/data",
    "/lettre/quitter/",
    "/lettre/quitter/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    "/lettre/archive/",
    "/lettre/archive/2026-W47",
    "/lettre/archive/atom.xml",
    "/lettre/archive/%F0%9F%92%A9",
    "/healthz",
    "/favicon.ico",
    "/metrics",
    "*",
    "http://elsewhere.example/feeds/rss.xml",
];
const QUERIES: [&str; 7] = ["", "", "", "?lang=en", "?lang=%ff&lang=fr", "?&&&===", "?t=a#b"];
const HEADERS: [&str; 26] = [
    "Host: estran.example.org",
    "Host: ",
    "Host: a\r\nHost: b",
    "Accept-Encoding: br;q=0, gzip;q=0, *;q=0",
    "Accept-Encoding: ;;;,,,q=",
    "Accept-Language: fr;q=nan,en;q=-1",
    "Accept-Language: \u{fc}\u{fc}",
    "If-None-Match: \"",
    "If-None-Match: *, W/\"x\"",
    "If-Match: \"a\"",
    "If-Modified-Since: yesterday",
    "Range: bytes=-0",
    "Range: bytes=99999999999999999999-",
    "Range: bytes=5-2,0-0,-1",
    "If-Range: \"x\"",
    "Content-Type: application/json",
    "Content-Type: application/x-www-form-urlencoded",
    "Content-Type: ;",
    "Origin: null",
    "Origin: \u{e9}",
    "Sec-Fetch-Site: cross-site",
    "X-Forwarded-For: , ,[::1, 1.2.3.4:x",
    "Expect: 100-continue",
    "Cookie: =;;=",
    "Upgrade: h2c\r\nConnection: Upgrade",
    "X: \u{1}",
];
const BODIES: [&str; 10] = [
    "",
    "email=a%40example.org",
    "email=%ff%fe&name=%00",
    "{\"email\":\"a@example.org\"}",
    "{\"email\":[[[[",
    "null",
    "do=preferences",
    "do=erase&sure=yes",
    "&=&=&",
    "List-Unsubscribe=One-Click",
];

/// A request, and whether it is one to its end.
fn request(dice: &mut Dice) -> (Vec<u8>, bool) {
    let mut pick = |list: &[&'static str]| list[usize::try_from(dice.between(0, list.len() as u64)).expect("a place")];
    let body = pick(&BODIES);
    let mut text = format!("{} {}{} HTTP/1.1\r\n", pick(&METHODS), pick(&PATHS), pick(&QUERIES));
    if pick(&["a", "a", "a", "b"]) == "a" {
        text.push_str("Host: x\r\n");
    }
    for _ in 0..dice.between(0, 6) {
        let header = HEADERS[usize::try_from(dice.between(0, HEADERS.len() as u64)).expect("a place")];
        text.push_str(header);
        text.push_str("\r\n");
    }
    let mut whole = true;
    match dice.between(0, 8) {
        0 => {
            // Pieces of wrong sizes.
            text.push_str(&format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len() + 1));
            whole = false;
        }
        1 => {
            text.push_str(&format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len().max(1)))
        }
        2 => text.push_str("Content-Length: -1\r\n\r\n"),
        3 => text.push_str("Content-Length: 99999999999999999999\r\n\r\n"),
        4 => text.push_str(&format!("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{body}")),
        5 => {
            text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len() + 5));
            whole = false;
        }
        _ => text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len())),
    }
    if body.is_empty() && text.contains("chunked\r\n\r\n1\r\n") {
        whole = false;
    }
    let mut bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
    // Some are cut off, some have other bytes in them.
    if dice.between(0, 12) == 0 {
        let end = usize::try_from(dice.between(1, bytes.len() as u64)).expect("a place");
        bytes.truncate(end);
        whole = false;
    }
    if dice.between(0, 4) == 0 {
        for _ in 0..dice.between(1, 4) {
            let place = usize::try_from(dice.between(0, bytes.len() as u64)).expect("a place");
            bytes[place] = u8::try_from(dice.between(0, 256)).expect("a byte");
        }
        whole = whole && bytes.windows(4).any(|window| window == b"\r\n\r\n") && !text.contains("Length: ");
    }
    (bytes, whole)
}

/// What came back of some bytes after which the client says no more.
fn sent(place: &str, bytes: &[u8]) -> Vec<u8> {
    let mut line = TcpStream::connect(place).expect("a connection");
    line.set_read_timeout(Some(Duration::from_secs(45))).expect("a timeout");
    let _ = line.write_all(bytes);
    let _ = line.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let mut piece = [0; 16_384];
    loop {
        match line.read(&mut piece) {
            Ok(0) => return answer,
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return answer,
            Err(error) => panic!("{error}: {:?}", String::from_utf8_lossy(bytes)),
        }
    }
}

#[test]
fn odd_requests_are_answered_and_by_no_fault_of_ours() {
    let scene = at_home(Scene::sample(), "proxies = [\"127.0.0.0/8\"]");
    scene.ok(&["run", "--at", MONDAY]);
    let house = House::open(&scene, &["--at", MONDAY]);
    let place = house.place.as_str();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|worker| {
                scope.spawn(move || {
                    let mut dice = Dice(worker + 1);
                    let mut wrong = Vec::new();
                    for _ in 0..REQUESTS / AT_ONCE {
                        let (bytes, whole) = request(&mut dice);
                        let answer = sent(place, &bytes);
                        let shown = || String::from_utf8_lossy(&bytes).into_owned();
                        match answer.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2)) {
                            Some(b'1'..=b'4') => {}
                            None if answer.is_empty() && !whole => {}
                            _ => wrong.push(format!("{:?}\n{}", shown(), String::from_utf8_lossy(&answer))),
                        }
                    }
                    wrong
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    assert!(wrong.is_empty(), "{} of {REQUESTS}\n{}", wrong.len(), wrong.into_iter().take(5).collect::<String>());
    assert_eq!(house.get("/healthz").status, 200);
    // Nothing of it has changed who is on the list.
    assert_eq!(scene.ok(&["subscribers", "list"]).lines().filter(|line| line.contains("\tactive\t")).count(), 3);
}
