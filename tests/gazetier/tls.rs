//! The way to the relay: TLS wherever it is wanted, nobody but the one that was meant, and a login.
//! The relay is Python's aiosmtpd.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    support::{MONDAY, Outcome, Scene, needed},
    wire::scene_with_subscribers,
};

const LOGIN: &str = "user = \"estran\"\npassword_env = \"ESTRAN_PASSWORD\"";

struct Server {
    process: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

/// Starts a relay with the certificate of a host.
fn server(mode: &str, host: &str, record: &Path) -> Server {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gazetier/relay.py");
    let mut command = Command::new(needed("GAZETIER_TEST_AIOSMTPD"));
    command.arg(script).arg(mode).arg(fixture(&format!("{host}.pem"))).arg(fixture(&format!("{host}.key"))).arg(record);
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("Python");
    let mut port = String::new();
    BufReader::new(process.stdout.take().expect("its output")).read_line(&mut port).expect("its port");
    Server { process, port: port.trim().parse().expect("a port") }
}

/// Sends three letters by a route; says how they arrived.
fn send(mode: &str, host: &str, settings: &str, password: &str, trusted: bool) -> (Outcome, Vec<String>) {
    let scene = scene_with_subscribers(3, 1, &format!("connections = 1\n{settings}"));
    let server = server(mode, host, &scene.path("taken"));
    let scheme = if mode == "smtps" { "smtps" } else { "smtp" };
    scene.reconfigure("smtp://127.0.0.1:1", &format!("{scheme}://localhost:{}", server.port));
    let outcome = run(&scene, password, trusted);
    let taken = fs::read_to_string(scene.path("taken")).unwrap_or_default();
    // They wait, or they are sent.
    let waiting = scene.sql("UPDATE letters SET due_at = 0 WHERE state = 'queued'");
    assert_eq!((waiting, taken.lines().count()), if taken.is_empty() { (3, 0) } else { (0, 3) }, "{outcome:?}");
    (outcome, taken.lines().map(str::to_owned).collect())
}

fn run(scene: &Scene, password: &str, trusted: bool) -> Outcome {
    let mut command = scene.command(&["run", "--at", MONDAY]);
    // Whom the machine trusts, or only whom the test trusts.
    if trusted {
        command.env("SSL_CERT_FILE", fixture("ca.pem"));
    }
    command.env("ESTRAN_PASSWORD", password).output().expect("the program").into()
}

#[test]
fn letters_travel_by_tls_to_who_was_meant() {
    for (mode, settings) in [("starttls", "require_tls = true"), ("smtps", "")] {
        let settings = format!("{settings}\n{LOGIN}");
        let (outcome, taken) = send(mode, "localhost", &settings, "marée", true);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{mode}");
        assert_eq!(taken.len(), 3, "{mode}");
        assert!(taken.iter().all(|line| line.ends_with(" TLSv1.3")), "{mode}: {taken:?}");

        for (host, password, trusted, words) in [
            // Somebody else's certificate; one that nobody trusts; the wrong password.
            ("elsewhere", "marée", true, "not valid for name"),
            ("localhost", "marée", false, "UnknownIssuer"),
            ("localhost", "marais", true, "it refused the login: "),
        ] {
            let (outcome, taken) = send(mode, host, &settings, password, trusted);
            assert_eq!((outcome.code, taken), (69, Vec::new()), "{mode}, {words}");
            assert!(outcome.stderr.contains(words), "{mode}, {words}: {outcome:?}");
            assert!(!outcome.stderr.contains(password), "{outcome:?}");
        }
    }
}

/// Somebody between us and the relay takes the offer of STARTTLS away: nothing goes in the clear.
#[test]
fn without_tls_where_it_is_wanted_nothing_goes() {
    let (outcome, taken) = send("bare", "localhost", "require_tls = true", "", true);
    assert_eq!((outcome.code, taken), (69, Vec::new()));
    assert!(outcome.stderr.contains("it offers no STARTTLS, and letters don't travel in the clear"), "{outcome:?}");
    // On this machine alone it may, if nobody says otherwise.
    let (outcome, taken) = send("bare", "localhost", "", "", true);
    assert_eq!((outcome.code, taken.len()), (0, 3), "{outcome:?}");
}

/// Certificates may be named for one relay, and STARTTLS be used where it is offered.
#[test]
fn certificates_can_be_named_and_tls_be_left_to_the_relay() {
    let ca = fixture("ca.pem").display().to_string();
    for mode in ["starttls", "smtps"] {
        let settings =
            format!("ca_file = {ca:?}\n{LOGIN}{}", if mode == "starttls" { "\ntls = \"required\"" } else { "" });
        let (outcome, taken) = send(mode, "localhost", &settings, "marée", false);
        assert_eq!((outcome.code, taken.len()), (0, 3), "{mode}: {outcome:?}");
        let (outcome, taken) = send(mode, "elsewhere", &settings, "marée", false);
        assert_eq!((outcome.code, taken.len()), (69, 0), "{mode}: {outcome:?}");
    }
    for (mode, how) in [("starttls", "TLSv1.3"), ("bare", "in the clear")] {
        let login = if mode == "bare" { "" } else { LOGIN };
        let settings = format!("tls = \"opportunistic\"\nca_file = {ca:?}\n{login}");
        let (outcome, taken) = send(mode, "localhost", &settings, "marée", false);
        assert!(outcome.code == 0 && taken.iter().all(|line| line.ends_with(how)), "{mode}: {outcome:?} {taken:?}");
    }
}

/// What somebody on the way puts behind the leave to begin with TLS ends the connection.
#[test]
fn what_stands_before_tls_is_not_believed_behind_it() {
    use std::io::Write;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut line in listener.incoming().flatten() {
            std::thread::spawn(move || -> std::io::Result<()> {
                let mut commands = BufReader::new(line.try_clone()?).lines();
                line.write_all(b"220 relay\r\n")?;
                commands.next();
                line.write_all(b"250-relay\r\n250 STARTTLS\r\n")?;
                commands.next();
                line.write_all(b"220 go on\r\n250-relay\r\n250 PIPELINING\r\n250 ok\r\n")?;
                commands.for_each(drop);
                Ok(())
            });
        }
    });
    let scene = scene_with_subscribers(3, port, "connections = 1\nrequire_tls = true");
    let outcome = run(&scene, "", true);
    assert_eq!(outcome.code, 69, "{outcome:?}");
    assert!(outcome.stderr.contains("it gave an answer when none was due"), "{outcome:?}");
}
