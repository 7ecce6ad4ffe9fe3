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
    // Whoever is refused in the middle of a request reads why.
    let refused = |request: String, status: u16| {
        let answer = house.raw(request.as_bytes());
        assert_eq!(read(&answer).status, status, "{:?}", String::from_utf8_lossy(&answer));
    };
    let form = "POST /lettre/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n";
    refused(format!("{form}Content-Length: 20000\r\n\r\nemail="), 413);
    let chunk = format!("4000\r\n{}\r\n", "a".repeat(0x4000));
    refused(format!("{form}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"), 413);
    refused(format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(40_000)), 431);
    refused(format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(100)), 431);
    refused(format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(400)), 431);
    refused(format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(20_000)), 431);
    refused(format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(200_000)), 431);
    refused(format!("GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "a".repeat(9_000)), 414);
    for nonsense in [
        "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nHost x\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\0\x01\0\r\n\r\n",
    ] {
        refused(nonsense.to_owned(), 400);
    }
    // What was asked before the nonsense is answered.
    let both = house.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n");
    let both = String::from_utf8_lossy(&both);
    assert!(both.starts_with("HTTP/1.1 200 ") && both.contains("HTTP/1.1 400 "), "{both}");
    // A page for what a person could meet.
    let long = house.get(&format!("/{}", "a".repeat(9_000)));
    assert!(long.text().contains("<h1>"), "{}", long.text());
    assert_eq!(house.get("/healthz").status, 200, "and the others are served");
}

#[test]
fn one_client_does_not_take_all_places() {
    let scene = at_home(Scene::sample(), "connections = 8\n");
    let house = House::open(&scene, &[]);
    let mut lines: Vec<TcpStream> = (0..4).map(|_| TcpStream::connect(&house.place).expect("a connection")).collect();
    // It has a quarter: its oldest connections, which ask for nothing, make room for its own.
    for line in &mut lines[..2] {
        line.set_read_timeout(Some(Duration::from_secs(8))).expect("a timeout");
        assert_eq!(line.read(&mut [0; 1]).expect("the end"), 0);
    }
    let served = |line: &mut TcpStream| {
        line.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        let _ = line.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut bytes = [0; 12];
        line.read_exact(&mut bytes).is_ok() && bytes == *b"HTTP/1.1 200"
    };
    let served: Vec<bool> = lines.iter_mut().map(served).collect();
    assert_eq!(served, [false, false, true, true]);
}

#[test]
fn figures_are_for_those_who_keep_the_house() {
    let scene = at_home(Scene::sample(), "metrics_listen = \"unix:figures.sock\"");
    scene.ok(&["run", "--at", MONDAY]);
    let house = House::open(&scene, &[]);
    let ask = |path: &str| House::ask_socket(&scene.path("figures.sock"), path);
    assert_eq!(house.get("/healthz").text(), "ok\n");
    assert_eq!(house.get("/nothing").status, 404);
    let figures = ask("/metrics");
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
    // Readers' pages have none, whoever asks and by whatever way: a proxy on this machine asks as if it were we.
    for headers in ["", "X-Forwarded-For: 127.0.0.1\r\n"] {
        assert_eq!(house.ask("GET", "/metrics", headers, "").status, 404, "{headers}");
    }
    for path in ["/", "/healthz", "/feeds/rss.xml", "/lettre/"] {
        assert_eq!(ask(path).status, 404, "{path}: there is nothing else");
    }
}

#[test]
fn figures_by_tcp_are_for_the_networks_that_are_named() {
    for (networks, status) in [("\"127.0.0.0/8\"", 200), ("\"10.0.0.0/8\"", 404)] {
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|ear| ear.local_addr()).expect("a port").port();
        let scene = at_home(Scene::empty(), &format!("metrics_listen = \"127.0.0.1:{port}\"\nmetrics = [{networks}]"));
        let house = House::open(&scene, &[]);
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "nobody listens");
            std::thread::sleep(Duration::from_millis(20));
        }
        let asked = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n";
        let figures = read(&House::raw_at(&format!("127.0.0.1:{port}"), asked));
        assert_eq!(figures.status, status, "{networks}");
        drop(house);
    }
}

#[test]
fn a_configuration_that_cannot_be_served_is_told_with_its_key() {
    for (web, key, words) in [
        ("listen = \"8380\"", "web.listen", "\"8380\": write an address with its port such as \"127.0.0.1:8380\""),
        ("listen = \"unix:\"", "web.listen", "\"unix:\": write an address"),
        ("url = \"lettre\"", "web.url", "\"lettre\" is no web address"),
        ("proxies = [\"proxy.example\"]", "web.proxies", "\"proxy.example\": write addresses or networks"),
        ("metrics = [\"unix\"]", "web.metrics", "\"unix\": write addresses or networks"),
        (
            "origins = [\"https://example.org/page\"]",
            "web.origins",
            "\"https://example.org/page\": write scheme and host",
        ),
        ("origins = [\"null\"]", "web.origins", "\"null\": write scheme and host"),
        ("connections = 0", "web.connections", "0 is no number from 1 to 100000"),
        (
            "url = \"https://estran.example.org/feeds\"",
            "web.url",
            "https://estran.example.org/feeds/ has the path of feeds.url",
        ),
        (
            "url = \"https://estran.example.org/lettre/quitter\"",
            "letters.unsubscribe_url",
            "https://estran.example.org/lettre/quitter/ has the path of web.url",
        ),
    ] {
        let scene = Scene::empty().config("[digest]\n", &format!("[web]\n{web}\n\n[digest]\n"));
        let outcome = scene.run(&["serve"]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (78, ""), "{web}: {outcome:?}");
        let told = format!("gazetier: config.toml: {key}: {words}");
        assert!(outcome.stderr.starts_with(&told), "{web}: {}", outcome.stderr);
    }
    // Who serves nothing is not asked for it.
    let same = Scene::empty().config("[digest]\n", "[web]\nurl = \"https://estran.example.org/feeds\"\n\n[digest]\n");
    assert_eq!(same.run(&["run", "--at", MONDAY]).code, 0);
    let house = House::open(&served(), &[]);
    let taken = Scene::empty().config("[digest]\n", &format!("[web]\nlisten = \"{}\"\n\n[digest]\n", house.place));
    let outcome = taken.run(&["serve"]);
    assert_eq!(outcome.code, 69, "{outcome:?}");
    assert!(outcome.stderr.contains("; is another gazetier there? See web.listen"), "{outcome:?}");
}

#[test]
fn it_stops_at_once_for_who_has_said_nothing() {
    let mut house = House::open(&served(), &[]);
    let silent: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(&house.place).expect("a connection")).collect();
    let mut kept = TcpStream::connect(&house.place).expect("a connection");
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request");
    let mut answer = [0; 12];
    kept.read_exact(&mut answer).expect("an answer");
    std::thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    terminate(house.process().id());
    assert!(house.process().wait().expect("its end").success());
    // Far less than the seconds that a request may take that has begun.
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    drop(silent);
}

#[test]
fn who_watches_learns_what_can_be_done() {
    let scene = served();
    scene.put("list.csv", "email\nknown@example.org\n");
    scene.ok(&["subscribers", "import", "list.csv"]);
    let house = House::open(&scene, &[]);
    assert_eq!((house.get("/healthz").text(), house.get("/readyz").text()), ("ok\n".into(), "ok\n".into()));
    assert_eq!(house.post("/lettre/", "email=known%40example.org").status, 200);
    let preferences = super::mail::notes(&scene, 1)[0].link();
    assert_eq!(house.get(&preferences).status, 200);
    // Somebody writes for long: readers wait, and whoever watches learns it, but the program is well.
    let lock = rusqlite::Connection::open(scene.path("gazetier.db")).expect("a store");
    lock.execute_batch("BEGIN IMMEDIATE; UPDATE revision SET number = number").expect("a lock");
    let waiting: Vec<_> = (0..8)
        .map(|who| {
            let mut line = TcpStream::connect(&house.place).expect("a connection");
            let body = format!("email=a{who}%40example.org");
            let head = "POST /lettre/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";
            line.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
                .expect("a request");
            line
        })
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(house.get("/healthz").status, 200);
    // Who reads does not wait for those who wait to write.
    for page in ["/lettre/archive/", "/lettre/confirm/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &preferences] {
        let begun = Instant::now();
        let answer = house.get(page);
        assert!(matches!(answer.status, 200 | 404), "{page}: {}", answer.status);
        assert!(begun.elapsed() < Duration::from_secs(2), "{page}: {:?}", begun.elapsed());
    }
    let ready = house.get("/readyz");
    assert_eq!((ready.status, ready.text().as_str()), (503, "\"the store cannot be written\"\n"));
    lock.execute_batch("COMMIT").expect("a commit");
    drop((waiting, lock));
    let end = Instant::now() + Duration::from_secs(20);
    while house.get("/readyz").status != 200 {
        assert!(Instant::now() < end, "it comes back");
    }
}

#[test]
fn a_hangup_has_it_read_the_configuration_again() {
    let scene = served();
    let mut house = House::open(&scene, &[]);
    let hang_up = |id: u32| {
        assert!(Command::new("kill").args(["-s", "HUP", &id.to_string()]).status().expect("kill").success());
    };
    assert!(house.get("/lettre/").text().contains("L’Estran"));
    // A connection that stays open is answered anew, too.
    let mut kept = TcpStream::connect(&house.place).expect("a connection");
    let mut ask = || {
        kept.write_all(b"GET /lettre/?lang=en HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request");
        let mut bytes = [0; 16_384];
        let count = kept.read(&mut bytes).expect("an answer");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    assert!(ask().contains("L’Estran"));
    scene.reconfigure("name = \"L’Estran\"", "name = \"La Marée\"");
    let id = house.process().id();
    hang_up(id);
    let end = Instant::now() + Duration::from_secs(10);
    while !house.get("/lettre/").text().contains("La Marée") {
        assert!(Instant::now() < end, "the new name");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(ask().contains("La Marée"));
    // A wrong one is told, and the old one stays.
    let good = scene.read("config.toml");
    scene.put("config.toml", "nonsense");
    hang_up(id);
    scene.put("config.toml", &good.replace("name = \"La Marée\"", "name = \"\""));
    hang_up(id);
    std::thread::sleep(Duration::from_millis(500));
    assert!(house.get("/lettre/").text().contains("La Marée"));
    terminate(id);
    assert!(house.process().wait().expect("its end").success());
}

#[test]
fn a_socket_may_be_handed_over() {
    use std::{net::TcpListener, os::fd::AsRawFd, process::Stdio};
    let scene = served();
    let ear = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let place = ear.local_addr().expect("an address").to_string();
    // As systemd does it: the socket as descriptor 3, its number and the process in the environment.
    let program = scene.command(&["serve"]).get_program().to_owned();
    let script = format!("exec 3<&{}; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$0\" serve", ear.as_raw_fd());
    let inherit = rustix::io::fcntl_setfd(&ear, rustix::io::FdFlags::empty());
    inherit.expect("a descriptor that is passed on");
    /// Ends the program whatever comes of the test.
    struct Ended(std::process::Child);
    impl Drop for Ended {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let child = Command::new("bash")
        .arg("-c")
        .arg(script)
        .arg(program)
        .current_dir(scene.path("."))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program");
    let mut child = Ended(child);
    let ask = || {
        let mut line = TcpStream::connect(&place).expect("the socket is open all the while");
        line.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("a request");
        let mut bytes = Vec::new();
        line.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        line.read_to_end(&mut bytes).expect("an answer");
        read(&bytes).status
    };
    assert_eq!(ask(), 200);
    terminate(child.0.id());
    child.0.wait().expect("its end");
    // Who asks now waits for the next one.
    assert!(TcpStream::connect(&place).is_ok());
}
