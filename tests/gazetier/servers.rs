//! Two more real servers: OpenSMTPD and Haraka. Who they don't know must not relay by them; who they know is served,
//! however the letters go. Debian's OpenSMTPD 6.8 cannot speak TLS with OpenSSL 3 ("missing private key"), so that
//! nobody can log in to it: it knows who comes by the address.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    relays::{LOGIN, PASSWORD, all_sent, fixture, none_sent, required, send, states},
    smtp::free_port,
    support::needed,
};

/// A server of the test's own, which writes its log into its folder.
struct Server {
    process: Child,
    folder: TempDir,
    port: u16,
}

impl Server {
    /// Waits until it listens.
    fn started(mut command: Command, folder: TempDir, port: u16) -> Self {
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let errors = log.try_clone().expect("a log");
        let process = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn().expect("a server");
        let mut server = Self { process, folder, port };
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.process.try_wait().expect("the server");
            assert!(ended.is_none() && Instant::now() < end, "it does not start:\n{}", server.log());
            sleep(Duration::from_millis(20));
        }
        server
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until its log has so many of these words.
    fn wait_for_words(&self, words: &str, count: usize) {
        let end = Instant::now() + Duration::from_secs(20);
        while self.log().matches(words).count() != count {
            assert!(Instant::now() < end, "not {count} times {words:?}:\n{}", self.log());
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The libraries of a program, and the loader.
pub fn libraries(program: &Path) -> Vec<String> {
    let output = Command::new("ldd").arg(program).output().expect("ldd");
    let text = String::from_utf8(output.stdout).expect("text");
    let paths = text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    paths.map(str::to_owned).collect()
}

/// An OpenSMTPD in a root of its own: its places and its users are compiled in. It takes what `rule` says.
fn opensmtpd(rule: &str) -> Server {
    let package = needed("GAZETIER_TEST_OPENSMTPD");
    let package = Path::new(&package);
    let folder = tempfile::Builder::new().prefix("gazetier-opensmtpd-").tempdir_in("/tmp").expect("a folder");
    let root = folder.path();
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).expect("permissions");
    for name in ["etc", "usr/sbin", "usr/libexec", "var/spool/smtpd", "var/lib/opensmtpd/empty", "var/run", "dev"] {
        fs::create_dir_all(root.join(name)).expect("a folder");
    }
    chown(root, Some(0), Some(0)).expect("an owner: run the tests as root");
    fs::set_permissions(root.join("var/spool/smtpd"), fs::Permissions::from_mode(0o711)).expect("permissions");
    for name in ["usr/sbin/smtpd", "usr/sbin/smtpctl"] {
        fs::copy(package.join(name), root.join(name)).expect("a program");
    }
    for library in libraries(&package.join("usr/sbin/smtpd")) {
        let copy = root.join(library.trim_start_matches('/'));
        fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder");
        fs::copy(&library, copy).expect("a library");
    }
    for (name, minor) in [("null", "3"), ("urandom", "9")] {
        let device = root.join("dev").join(name);
        let made = Command::new("mknod").arg("-m").arg("666").arg(device).args(["c", "1", minor]).status();
        assert!(made.expect("mknod").success(), "a device: run the tests as root");
    }
    let users = ["root:x:0:0", "opensmtpd:x:601:601", "opensmtpq:x:602:602"];
    let users: String = users.iter().map(|user| format!("{user}::/var/lib/opensmtpd/empty:/bin/false\n")).collect();
    let groups = "root:x:0:\nopensmtpd:x:601:\nopensmtpq:x:602:\n";
    let port = free_port();
    // Whom it hands letters on to is not there, and they stay in its queue.
    let rules = format!(
        "listen on 127.0.0.1 port {port} hostname relay.example.net\n\
         action \"keep\" relay host smtp://127.0.0.1:1\n{rule}\n"
    );
    for (name, text) in
        [("passwd", &*users), ("group", groups), ("hosts", "127.0.0.1 localhost\n"), ("smtpd.conf", &rules)]
    {
        fs::write(root.join("etc").join(name), text).expect("a file");
    }
    let mut command = Command::new("chroot");
    command.arg(root).args(["/usr/sbin/smtpd", "-d"]);
    Server::started(command, folder, port)
}

#[test]
fn opensmtpd_takes_letters_from_whom_it_knows() {
    for how in ["", "pipelining = false"] {
        let relay = opensmtpd("match from src 127.0.0.1 for any action \"keep\"");
        all_sent(how, &send(relay.port, how, ""));
        relay.wait_for_words("smtp message msgid=", 3);
        for n in 0..3 {
            relay.wait_for_words(&format!(" to=<s{n}@example.org>"), 1);
        }
    }
}

#[test]
fn opensmtpd_refuses_whom_it_does_not_know() {
    let relay = opensmtpd("match from src 192.0.2.1 for any action \"keep\"");
    for how in ["", "pipelining = false"] {
        none_sent(how, 75, "550 Invalid recipient", &send(relay.port, how, ""));
    }
    // TLS that it doesn't offer is not done without.
    none_sent("no TLS", 69, "it offers no STARTTLS", &send(relay.port, &required(""), ""));
    assert_eq!(relay.log().matches("smtp message msgid=").count(), 0, "{}", relay.log());
}

/// Takes what it is given, and says so, which the log repeats.
const KEEP: &str = r"
exports.keep = function (next, connection) {
    const { rcpt_to } = connection.transaction;
    next(OK, `kept for ${rcpt_to} of ${connection.notes.auth_user} tls=${connection.tls.enabled}`);
};
exports.hook_queue = exports.keep;
exports.hook_queue_outbound = exports.keep;
";

/// A Haraka with STARTTLS and these ways to log in. It hands nothing on for strangers.
fn haraka(methods: &str) -> Server {
    let folder = tempfile::Builder::new().prefix("gazetier-haraka-").tempdir_in("/tmp").expect("a folder");
    let root = folder.path();
    let package = Path::new(&needed("GAZETIER_TEST_MODULES")).join("Haraka");
    for name in ["config", "plugins", "queue"] {
        fs::create_dir(root.join(name)).expect("a folder");
    }
    let port = free_port();
    let key = fs::read_to_string(fixture("localhost.key")).expect("a key");
    let certificate = fs::read_to_string(fixture("localhost.pem")).expect("a certificate");
    // Without a file of its own, this version does not start.
    let connection = fs::read_to_string(package.join("config/connection.ini")).expect("its settings");
    for (name, text) in [
        ("config/smtp.ini", &*format!("listen=127.0.0.1:{port}\nnodes=0\n")),
        ("config/connection.ini", &connection),
        ("config/plugins", "tls\nauth/flat_file\nkeep\n"),
        ("config/auth_flat_file.ini", &format!("[core]\nmethods={methods}\n[users]\nestran={PASSWORD}\n")),
        ("config/me", "relay.example.net\n"),
        ("config/loglevel", "NOTICE\n"),
        ("config/tls_key.pem", &key),
        ("config/tls_cert.pem", &certificate),
        ("plugins/keep.js", KEEP),
    ] {
        fs::write(root.join(name), text).expect("a file");
    }
    let mut command = Command::new(needed("GAZETIER_TEST_NODE"));
    command.arg(package.join("bin/haraka")).arg("-c").arg(root);
    Server::started(command, folder, port)
}

#[test]
fn haraka_takes_letters_from_who_has_logged_in() {
    for (methods, how) in [("PLAIN", ""), ("LOGIN", "pipelining = false")] {
        let relay = haraka(methods);
        let settings = required(&format!("{LOGIN}\n{how}"));
        all_sent(methods, &send(relay.port, &settings, PASSWORD));
        for n in 0..3 {
            relay.wait_for_words(&format!("msg=\"kept for <s{n}@example.org> of estran tls=true"), 1);
        }
        none_sent(methods, 69, "it refused the login: 535 ", &send(relay.port, &settings, "marais"));
        assert_eq!(relay.log().matches("kept for <").count(), 3, "{}", relay.log());
    }
}

#[test]
fn haraka_refuses_strangers() {
    let relay = haraka("PLAIN");
    for how in ["", "pipelining = false", "tls = \"required\""] {
        let (scene, outcome) = send(relay.port, how, "");
        none_sent(how, 75, "550 I cannot deliver mail for", &(scene, outcome));
    }
    assert_eq!(relay.log().matches("kept for <").count(), 0, "{}", relay.log());
    let (scene, _) = send(relay.port, "pipelining = false", "");
    assert_eq!(states(&scene), ["queued"; 3]);
}
