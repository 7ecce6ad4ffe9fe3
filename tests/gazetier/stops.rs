//! Told to stop, the program ends within five seconds, whatever the other side does; told twice, at once.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    proxy::Proxy,
    smtp::through,
    support::{MONDAY, Outcome, Scene, until},
};

/// Five seconds, and some for a machine on which all tests run at once.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

fn start(scene: &Scene, arguments: &[&str]) -> Child {
    let mut command = scene.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program")
}

fn tell(child: &Child, signal: &str) {
    let told = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().expect("kill");
    assert!(told.success(), "no {signal}");
}

/// Waits for the end; says how long it took.
fn end(mut child: Child) -> (Outcome, Duration, Option<i32>) {
    let begun = Instant::now();
    while child.try_wait().expect("the program").is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not end");
        thread::sleep(Duration::from_millis(20));
    }
    let took = begun.elapsed();
    let output = child.wait_with_output().expect("the program");
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    (output.into(), took, signal)
}

/// A relay that greets nobody: it takes connections and says nothing. Set once somebody has come.
fn silent_relay() -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let met = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&met);
    thread::spawn(move || {
        let mut guests: Vec<TcpStream> = Vec::new();
        for guest in listener.incoming() {
            guests.push(guest.expect("a guest"));
            seen.store(true, Ordering::Relaxed);
        }
    });
    (port, met)
}

#[test]
fn a_silent_relay_does_not_keep_it() {
    for signal in ["TERM", "INT", "HUP"] {
        let (port, met) = silent_relay();
        let scene = through(Scene::sample(), port).config("timeout = \"2s\"", "timeout = \"5m\"");
        let run = start(&scene, &["run", "--at", MONDAY]);
        until("nobody came to the relay", || met.load(Ordering::Relaxed));
        tell(&run, signal);
        let (outcome, took, _) = end(run);
        assert!(took < STOP_TIMEOUT, "{signal}: {took:?}");
        assert_eq!(outcome.code, 75, "{signal}: {outcome:?}");
        let (states, frozen) = scene.letters();
        let waiting: i64 = ["queued", "leased"].iter().filter_map(|state| states.get(*state)).sum();
        assert_eq!((frozen, waiting), (3, 3), "{signal}: {states:?}");
    }
}

#[test]
fn told_twice_it_ends_at_once() {
    let (port, met) = silent_relay();
    let scene = through(Scene::sample(), port).config("timeout = \"2s\"", "timeout = \"5m\"");
    let run = start(&scene, &["run", "--at", MONDAY]);
    until("nobody came to the relay", || met.load(Ordering::Relaxed));
    tell(&run, "TERM");
    thread::sleep(Duration::from_millis(300));
    tell(&run, "TERM");
    let (outcome, took, signal) = end(run);
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!((outcome.code, signal), (128 + 15, None), "{outcome:?}");
}

#[test]
fn a_database_that_says_nothing_any_more_does_not_keep_it() {
    let scene = Scene::sample().on_postgres();
    let proxy = Proxy::before(scene.store().expect("a database"));
    let (port, met) = silent_relay();
    let scene = through(scene, port).config("timeout = \"2s\"", "timeout = \"5m\"");
    scene.ok(&["sync", "--at", MONDAY]);
    let mut command = scene.command(&["run", "--at", MONDAY]);
    command.env("GAZETIER_STORE_URL", proxy.url()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let run = command.spawn().expect("the program");
    until("nobody came to the relay", || met.load(Ordering::Relaxed));
    proxy.freeze();
    tell(&run, "TERM");
    let (outcome, took, _) = end(run);
    assert!(took < STOP_TIMEOUT, "{took:?}");
    assert_eq!(outcome.code, 75, "{outcome:?}");
    // Before letters go out, the database alone is waited for.
    let mut command = scene.command(&["run", "--at", MONDAY]);
    let run = command.env("GAZETIER_STORE_URL", proxy.url()).spawn().expect("the program");
    until("nobody came to the database", || proxy.waiting() > 0);
    tell(&run, "TERM");
    let (_, took, signal) = end(run);
    assert!(took < STOP_TIMEOUT, "{took:?}");
    assert_eq!(signal, Some(15));
}

/// A server on a free port, and where it listens.
fn serving(scene: &Scene, command: &mut Command) -> (Child, u16) {
    assert!(scene.read("config.toml").contains("listen = \"127.0.0.1:0\""));
    let mut server = command.stdout(Stdio::piped()).spawn().expect("the program");
    let mut line = String::new();
    BufReader::new(server.stdout.as_mut().expect("its output")).read_line(&mut line).expect("a line");
    let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
    (server, port.unwrap_or_else(|| panic!("{line:?}")))
}

#[test]
fn a_client_that_stalls_does_not_keep_a_server() {
    let scene = Scene::sample().config("[desk]", "[web]\nlisten = \"127.0.0.1:0\"\n\n[desk]");
    scene.ok(&["run", "--at", MONDAY]);
    for signal in ["TERM", "INT"] {
        let (server, port) = serving(&scene, &mut scene.command(&["serve"]));
        let mut client = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        client
            .write_all(b"POST /lettre/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nemail")
            .expect("a beginning");
        thread::sleep(Duration::from_millis(200));
        tell(&server, signal);
        let (outcome, took, _) = end(server);
        assert!(took < STOP_TIMEOUT, "{signal}: {took:?}");
        assert_eq!(outcome.code, 0, "{signal}: {outcome:?}");
        let mut rest = Vec::new();
        let _ = client.read_to_end(&mut rest);
    }
}

#[test]
fn who_started_it_may_say_that_a_closed_terminal_is_none_of_its_business() {
    let scene = Scene::sample().config("[desk]", "[web]\nlisten = \"127.0.0.1:0\"\n\n[desk]");
    scene.ok(&["run", "--at", MONDAY]);
    let program = scene.command(&["serve"]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" serve"]).arg(program.get_program()).current_dir(scene.path(""));
    let (server, port) = serving(&scene, &mut command);
    tell(&server, "HUP");
    thread::sleep(Duration::from_millis(500));
    let mut client = TcpStream::connect(("127.0.0.1", port)).expect("it goes on");
    client.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").expect("a request");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    tell(&server, "TERM");
    assert_eq!(end(server).0.code, 0);
}
