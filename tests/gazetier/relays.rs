//! Real servers that want to know who sends: Exim, and Postfix with Cyrus SASL, over TLS, with logins of every
//! kind and with certificates. Who they don't know must not relay by them, as they are set up by default.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::chown,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    postfix::{NOBODY, Postfix},
    smtp::free_port,
    support::{MONDAY, Outcome, Scene, needed},
    wire::scene_with_subscribers,
};

pub const PASSWORD: &str = "marée";
pub const LOGIN: &str = "user = \"estran\"\npassword_env = \"ESTRAN_PASSWORD\"";

pub fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name).display().to_string()
}

/// Also on this machine.
pub fn required(settings: &str) -> String {
    format!("tls = \"required\"\n{settings}")
}

/// Our own certificate, as a relay wants it.
fn certificate() -> String {
    format!("certificate = {:?}\ncertificate_key = {:?}", fixture("localhost.pem"), fixture("localhost.key"))
}

const EXIM: &str = r"
primary_hostname = relay.example.net
spool_directory = ROOT/spool
log_file_path = ROOT/log/%slog
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = CERTIFICATE
tls_privatekey = KEY
tls_verify_certificates = AUTHORITY
tls_try_verify_hosts = *
chunking_advertise_hosts = *
dsn_advertise_hosts = *
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = rcpt
queue_only = true
keep_environment =
log_selector = +received_recipients
begin acl
rcpt:
  accept authenticated = *
  accept verify = certificate
  deny message = relay not permitted
begin routers
none:
  driver = redirect
  data = :fail: nothing is handed on
begin authenticators
";

/// An authenticator of Exim.
fn authenticator(name: &str) -> &'static str {
    match name {
        "PLAIN" => {
            r"PLAIN:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{estran}}{eq{$auth3}{marée}}}}
  server_set_id = $auth2
"
        }
        "LOGIN" => {
            r"LOGIN:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{estran}}{eq{$auth2}{marée}}}}
  server_set_id = $auth1
"
        }
        "XOAUTH2" => {
            r"XOAUTH2:
  driver = plaintext
  public_name = XOAUTH2
  server_prompts = :
  server_condition = ${if eq{$auth1}{user=estran\x01auth=Bearer ya29.token\x01\x01}}
  server_set_id = estran
"
        }
        other => panic!("{other}"),
    }
}

/// A running Exim, which keeps what it takes in its queue.
pub struct Exim {
    process: Child,
    folder: TempDir,
    pub port: u16,
}

impl Exim {
    /// Starts one that takes letters from everybody on this machine, and logs sessions.
    pub fn start_open() -> Self {
        let open = EXIM.replace("accept authenticated = *", "accept hosts = 127.0.0.1");
        Self::begin(&open.replace("+received_recipients", "+received_recipients +smtp_connection +incoming_port"))
    }

    /// Starts one with these ways to log in.
    fn start(logins: &[&str]) -> Self {
        let text: String = logins.iter().map(|login| authenticator(login)).collect();
        Self::begin(&format!("{EXIM}{text}"))
    }

    fn begin(text: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("gazetier-exim-").tempdir_in("/tmp").expect("a folder");
        let root = folder.path();
        chown(root, Some(NOBODY), Some(NOBODY)).expect("an owner: run the tests as root");
        for name in ["spool", "log"] {
            fs::create_dir(root.join(name)).expect("a folder");
            chown(root.join(name), Some(NOBODY), Some(NOBODY)).expect("an owner");
        }
        let text = text
            .replace("ROOT", &root.display().to_string())
            .replace("CERTIFICATE", &fixture("localhost.pem"))
            .replace("KEY", &fixture("localhost.key"))
            .replace("AUTHORITY", &fixture("ca.pem"));
        fs::write(root.join("exim.conf"), text).expect("a file");
        // It works as a user that this machine need not have.
        let users = format!("root:x:0:0::/:/bin/sh\nDebian-exim:x:{NOBODY}:{NOBODY}::/:/bin/sh\n");
        fs::write(root.join("passwd"), users).expect("a file");
        fs::write(root.join("group"), format!("root:x:0:\nmail:x:8:\nDebian-exim:x:{NOBODY}:\n")).expect("a file");
        let port = free_port();
        let mut command = Command::new(needed("GAZETIER_TEST_EXIM"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .arg("-bdf")
            .arg("-C")
            .arg(root.join("exim.conf"))
            .arg("-oP")
            .arg(root.join("pid"));
        command
            .arg("-oX")
            .arg(format!("127.0.0.1:{port}"))
            .env("LD_PRELOAD", needed("GAZETIER_TEST_NSS_WRAPPER"))
            .stderr(Stdio::null());
        command.env("NSS_WRAPPER_PASSWD", root.join("passwd")).env("NSS_WRAPPER_GROUP", root.join("group"));
        let mut relay = Self { process: command.spawn().expect("Exim"), folder, port };
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = relay.process.try_wait().expect("Exim");
            assert!(ended.is_none() && Instant::now() < end, "Exim does not start:\n{}", relay.log());
            sleep(Duration::from_millis(20));
        }
        relay
    }

    pub fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.path().join("log").join(name)).unwrap_or_default();
        format!("{}{}", read("mainlog"), read("paniclog"))
    }

    /// What it logs of each letter that it took.
    fn taken(&self) -> Vec<String> {
        let log = self.log();
        log.lines().filter(|line| line.contains(" <= ")).map(str::to_owned).collect()
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends three letters to a server whose certificate is known.
pub fn send(port: u16, settings: &str, password: &str) -> (Scene, Outcome) {
    let settings = format!("connections = 1\nca_file = {:?}\n{settings}", fixture("ca.pem"));
    let scene = scene_with_subscribers(3, 1, &settings).config("\"2s\"", "\"20s\"");
    scene.reconfigure("smtp://127.0.0.1:1", &format!("smtp://localhost:{port}"));
    let mut command = scene.command(&["run", "--at", MONDAY]);
    let outcome = command.env("ESTRAN_PASSWORD", password).output().expect("the program").into();
    (scene, outcome)
}

/// The states of all letters; no command of the program reads them without the password.
pub fn states(scene: &Scene) -> Vec<String> {
    let store = rusqlite::Connection::open(scene.path("gazetier.db")).expect("SQLite");
    let mut statement = store.prepare("SELECT state FROM letters").expect("a statement");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

pub fn all_sent(what: &str, (scene, outcome): &(Scene, Outcome)) {
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{what}");
    assert_eq!(states(scene), ["sent"; 3], "{what}");
}

/// Nothing is sent, nobody is given up, and somebody is told with these words.
pub fn none_sent(what: &str, code: i32, words: &str, (scene, outcome): &(Scene, Outcome)) {
    assert_eq!(outcome.code, code, "{what}: {outcome:?}");
    assert!(outcome.stderr.contains(words), "{what}: {outcome:?}");
    assert_eq!(states(scene), ["queued"; 3], "{what}");
    assert_eq!(scene.sql("UPDATE suppressions SET reason = reason"), 0, "{what}");
}

#[test]
fn exim_takes_letters_from_who_has_logged_in() {
    let token = "user = \"estran\"\ntoken_command = \"printf 'ya29.%s\\\\n' token\"".to_owned();
    let cases = [
        ("PLAIN", LOGIN.to_owned(), ""),
        ("PLAIN", LOGIN.to_owned(), "chunking = false"),
        ("LOGIN", LOGIN.to_owned(), "pipelining = false"),
        ("XOAUTH2", token.clone(), ""),
    ];
    for (login, settings, how) in cases {
        let what = format!("{login}, {how}");
        let relay = Exim::start(&[login]);
        all_sent(&what, &send(relay.port, &required(&format!("{settings}\n{how}")), PASSWORD));
        let taken = relay.taken();
        assert_eq!(taken.len(), 3, "{what}: {taken:?}");
        for n in 0..3 {
            let to = format!(" for s{n}@example.org");
            let line = taken.iter().find(|line| line.ends_with(&to)).unwrap_or_else(|| panic!("{what}: {taken:?}"));
            assert!(line.contains(&format!(" A={login}:estran ")) && line.contains(" X=TLS1.3:"), "{what}: {line}");
            // K says that it came in chunks.
            assert_eq!(line.contains(" K "), how.is_empty(), "{what}: {line}");
        }
    }
    let relay = Exim::start(&["PLAIN", "XOAUTH2"]);
    none_sent("another password", 69, "it refused the login: 535 ", &send(relay.port, &required(LOGIN), "marais"));
    let token = required(&token.replace("ya29", "ya30"));
    none_sent("another token", 69, "it refused the login: 535 ", &send(relay.port, &token, ""));
    assert_eq!(relay.taken(), [""; 0]);
}

#[test]
fn exim_knows_a_certificate_and_refuses_strangers() {
    let relay = Exim::start(&["PLAIN"]);
    let settings = required(&certificate());
    all_sent("a certificate", &send(relay.port, &settings, ""));
    assert_eq!(relay.taken().len(), 3, "{}", relay.log());
    // The commonest of all first mistakes costs no edition, however letters go.
    for how in ["", "chunking = false", "pipelining = false", "tls = \"required\""] {
        let (scene, outcome) = send(relay.port, how, "");
        none_sent(how, 75, "550 relay not permitted", &(scene, outcome));
    }
    assert_eq!(relay.taken().len(), 3);
}

/// A Postfix with TLS that relays for who has logged in in one of these ways, or has a certificate.
fn postfix(logins: &str, tls: bool) -> (Postfix, TempDir) {
    let sasl = tempfile::Builder::new().prefix("gazetier-sasl-").tempdir_in("/tmp").expect("a folder");
    let users = sasl.path().join("users");
    let mut command = Command::new(needed("GAZETIER_TEST_SASLPASSWD"));
    command.args(["-p", "-c", "-u", "relay.example.net", "-f"]).arg(&users).arg("estran").stdin(Stdio::piped());
    let mut process = command.spawn().expect("saslpasswd2");
    let mut pipe = process.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut pipe, PASSWORD.as_bytes()).expect("a reader");
    drop(pipe);
    assert!(process.wait().expect("saslpasswd2").success());
    let conf = format!(
        "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {}\nmech_list: {logins}\n",
        users.display()
    );
    for file in [sasl.path(), &users] {
        chown(file, Some(crate::postfix::user("postfix")), None).expect("an owner");
    }
    let settings = [
        ("smtpd_tls_security_level", if tls { "may" } else { "none" }.to_owned()),
        ("smtpd_tls_cert_file", fixture("localhost.pem")),
        ("smtpd_tls_key_file", fixture("localhost.key")),
        ("smtpd_tls_CAfile", fixture("ca.pem")),
        ("smtpd_tls_ask_ccert", "yes".to_owned()),
        ("smtpd_sasl_auth_enable", "yes".to_owned()),
        ("smtpd_sasl_type", "cyrus".to_owned()),
        ("smtpd_sasl_local_domain", "relay.example.net".to_owned()),
        ("smtpd_sasl_security_options", "noanonymous".to_owned()),
        ("smtpd_relay_restrictions", String::new()),
        (
            "smtpd_recipient_restrictions",
            "permit_sasl_authenticated, permit_tls_all_clientcerts, reject_unauth_destination, reject".to_owned(),
        ),
        ("default_transport", "discard:".to_owned()),
    ];
    (Postfix::start_as(&settings, &conf), sasl)
}

#[test]
fn postfix_takes_letters_from_who_has_proven_to_know_the_password() {
    for (logins, tls, method) in [
        ("SCRAM-SHA-256", true, "SCRAM-SHA-256"),
        ("PLAIN LOGIN SCRAM-SHA-256", true, "PLAIN"),
        ("LOGIN SCRAM-SHA-256", true, "LOGIN"),
        // Where others could read it, the password is not said.
        ("PLAIN LOGIN SCRAM-SHA-256", false, "SCRAM-SHA-256"),
    ] {
        let what = format!("{logins}, {tls}");
        let (relay, _users) = postfix(logins, tls);
        let settings = format!("tls = \"{}\"\n{LOGIN}", if tls { "required" } else { "opportunistic" });
        all_sent(&what, &send(relay.port, &settings, PASSWORD));
        relay.wait_for_word(&format!("sasl_method={method}, sasl_username=estran"));
        assert_eq!(relay.log().matches("sasl_method=").count(), 3, "{what}: {}", relay.log());
        none_sent(&what, 69, "it refused the login: 535 5.7.8 ", &send(relay.port, &settings, "marais"));
    }
}

#[test]
fn postfix_knows_a_certificate_and_refuses_strangers() {
    let (relay, _users) = postfix("SCRAM-SHA-256", true);
    let settings = required(&certificate());
    all_sent("a certificate", &send(relay.port, &settings, ""));
    for how in ["", "chunking = false", "pipelining = false"] {
        let (scene, outcome) = send(relay.port, how, "");
        assert!(outcome.code == 75 && outcome.stderr.contains("2026-W47 is held, 3 letters wait: "), "{outcome:?}");
        assert!(outcome.stderr.contains("@example.org>: Relay access denied"), "{outcome:?}");
        let waits = |state: &String| matches!(state.as_str(), "queued" | "deferred");
        assert!(states(&scene).iter().all(waits), "{how}: {:?}", states(&scene));
    }
}
