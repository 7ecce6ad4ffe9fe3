//! The server on the wire: sockets, limits, the end.

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::{fs::PermissionsExt, net::UnixStream},
    process::Command,
    time::{Duration, Instant},
};

use super::house::{House, at_home, read};
use crate::support::{MONDAY, Scene};

fn served() -> Scene {
    at_home(Scene::sample(), "")
}

fn terminate(id: u32) {
    assert!(Command::new("kill").args(["-s", "TERM", &id.to_string()]).status().expect("kill").success());
}

#[test]
fn it_stops_when_told_and_finishes_what_it_began() {
    let scene = served();
    scene.ok(&["run", "--at", MONDAY]);
    let mut house = House::open(&scene, &[]);
    let mut line = TcpStream::connect(&house.place).expect("a connection");
    line.write_all(b"POST /lettre/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n").expect("a head");
    std::thread::sleep(Duration::from_millis(200));
    terminate(house.process().id());
    std::thread::sleep(Duration::from_millis(200));
    assert!(TcpStream::connect(&house.place).is_err(), "nobody new is let in");
    line.write_all(b"email=nono").expect("the rest");
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 "), "{:?}", String::from_utf8_lossy(&answer));
    assert!(house.process().wait().expect("its end").success());
}

#[test]
fn it_listens_on_a_unix_socket_and_takes_away_one_that_is_dead() {
    let scene = Scene::sample().config("[digest]\n", "[web]\nlisten = \"unix:here.sock\"\n\n[digest]\n");
    scene.ok(&["run", "--at", MONDAY]);
    let path = scene.path("here.sock");
    for _ in 0..2 {
        let mut child = scene.command(&["serve"]).spawn().expect("the program");
        let end = Instant::now() + Duration::from_secs(20);
        let mut line = loop {
            match UnixStream::connect(&path) {
                Ok(line) => break line,
                Err(_) => assert!(Instant::now() < end, "nobody listens"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        line.write_all(b"GET /feeds/rss.xml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("a request");
        let mut bytes = Vec::new();
        line.read_to_end(&mut bytes).expect("an answer");
        assert_eq!(read(&bytes).status, 200);
        assert_eq!(path.metadata().expect("a socket").permissions().mode() & 0o777, 0o660);
        let twin = scene.run(&["serve"]);
        assert_eq!(twin.code, 69, "a socket that is answered is left alone: {twin:?}");
        assert!(twin.stderr.starts_with("gazetier: cannot listen on unix:here.sock: "), "{twin:?}");
        // Killed, it leaves its socket behind.
        child.kill().expect("an end");
        child.wait().expect("an end");
        assert!(path.exists());
    }
}

#[test]
fn slow_and_large_requests_are_left() {
    let scene = served();
    let house = House::open(&scene, &[]);
    // A head that never ends, and a body that stops.
    let begun = Instant::now();
    let mut head = TcpStream::connect(&house.place).expect("a connection");
    head.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ").expect("half a head");
    let mut body = TcpStream::connect(&house.place).expect("a connection");
    body.write_all(b"POST /lettre/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nemail=")
        .expect("half a body");
    for line in [&mut head, &mut body] {
        line.set_read_timeout(Some(Duration::from_secs(40))).expect("a timeout");
        let mut rest = Vec::new();
        let _ = line.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP/1.1 2"), "{:?}", String::from_utf8_lossy(&rest));
        assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    }
    // Who is refused in the middle of a request may find the line closed before the answer is read.
    let refused = |request: String, status: u16| {
        let answer = house.raw(request.as_bytes());
        assert!(answer.is_empty() || read(&answer).status == status, "{:?}", String::from_utf8_lossy(&answer));
    };
    let form = "POST /lettre/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n";
    refused(format!("{form}Content-Length: 20000\r\n\r\nemail="), 413);
    let chunk = format!("4000\r\n{}\r\n", "a".repeat(0x4000));
    refused(format!("{form}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"), 413);
    refused(format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(40_000)), 431);
    refused(format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(100)), 431);
    assert_eq!(house.get("/healthz").status, 200, "and the others are served");
}

#[test]
fn one_client_does_not_take_all_places() {
    let scene = at_home(Scene::sample(), "connections = 8\n");
    let house = House::open(&scene, &[]);
    let mut lines: Vec<TcpStream> = (0..4).map(|_| TcpStream::connect(&house.place).expect("a connection")).collect();
    let served = |line: &mut TcpStream| {
        line.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        let _ = line.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut bytes = [0; 12];
        line.read_exact(&mut bytes).is_ok() && bytes == *b"HTTP/1.1 200"
    };
    let served: Vec<bool> = lines.iter_mut().map(served).collect();
    assert_eq!(served, [true, true, false, false]);
}

#[test]
fn figures_are_for_those_who_keep_the_house() {
    let scene = served();
    scene.ok(&["run", "--at", MONDAY]);
    let house = House::open(&scene, &[]);
    assert_eq!(house.get("/healthz").text(), "ok\n");
    assert_eq!(house.get("/nothing").status, 404);
    let figures = house.get("/metrics");
    assert_eq!(figures.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "gazetier_requests_total{status=\"2xx\"} 1",
        "gazetier_requests_total{status=\"4xx\"} 1",
        "gazetier_letters{state=\"sent\"} 3",
        "gazetier_editions{state=\"sent\"} 1",
        "gazetier_subscribers{state=\"active\"} 3",
    ] {
        assert!(figures.text().lines().any(|other| other == line), "{line}\n{}", figures.text());
    }
    assert!(figures.text().contains("gazetier_feed_age_seconds{feed=\"humeur\"} "));
    let asked = house.ask("GET", "/metrics", "X-Forwarded-For: 127.0.0.1\r\n", "");
    assert_eq!(asked.status, 404, "a proxy that is not trusted stands between");
}
