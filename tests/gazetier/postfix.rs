//! A Postfix of the test's own on this machine: it takes letters, hands them to whom a test says,
//! and what comes back lands in a mailbox. It starts as root alone, and without it the test fails.

use std::{
    fs,
    net::TcpStream,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{smtp::free_port, support::needed};

/// The user `nobody` of every Debian: mailboxes must belong to somebody who is not root.
pub const NOBODY: u32 = 65_534;

const SERVICES: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

const REFUSED: &str = "{/^refused[0-9]/ 550 5.1.1 nobody of this name} {/^later[0-9]/ 450 4.2.0 not now}";

/// A running Postfix.
pub struct Postfix {
    master: Child,
    folder: TempDir,
    pub port: u16,
}

impl Postfix {
    /// Starts one that hands letters for these recipients to these transports, and puts what comes
    /// back to `retours` into this mailbox: a Maildir if its name ends in `/`, an mbox otherwise.
    /// What cannot be delivered at the first attempt comes back.
    pub fn start(transports: &[(&str, &str)], mailbox: &str) -> Self {
        Self::start_with(transports, mailbox, "", "0")
    }

    /// Starts one with these settings for TLS and logins. Debian's looks for those of Cyrus SASL in a folder
    /// beside its own.
    pub fn start_as(settings: &[(&str, String)], sasl: &str) -> Self {
        Self::begin(&[], "retours/", "tlsmgr unix - - n 1000? 1 tlsmgr", "0", (settings, sasl))
    }

    /// The same as [`Self::start`] with a service of the test's own, and with a time for which it tries again.
    pub fn start_with(transports: &[(&str, &str)], mailbox: &str, service: &str, lifetime: &str) -> Self {
        Self::begin(transports, mailbox, service, lifetime, (&[], ""))
    }

    fn begin(
        transports: &[(&str, &str)],
        mailbox: &str,
        service: &str,
        lifetime: &str,
        (own, sasl): (&[(&str, String)], &str),
    ) -> Self {
        let sink = PathBuf::from(needed("GAZETIER_TEST_SMTP_SINK"));
        let commands = sink.parent().expect("a folder").to_owned();
        let daemons = ["/usr/lib/postfix/sbin", "/usr/libexec/postfix"];
        let daemons = daemons.into_iter().find(|folder| PathBuf::from(folder).join("master").is_file());
        let daemons = daemons.expect("Postfix's master is missing: run the tests with sh tests/run.sh");

        let folder = tempfile::Builder::new().prefix("gazetier-postfix-").tempdir_in("/tmp").expect("a folder");
        let root = folder.path();
        let owner = fs::metadata(root).expect("a folder").uid();
        assert_eq!(owner, 0, "Postfix starts as root alone: run the tests as root");
        // Its programs work as another user than root.
        fs::set_permissions(root, fs::Permissions::from_mode(0o755)).expect("permissions");
        for name in ["conf", "queue", "data", "mail"] {
            fs::create_dir(root.join(name)).expect("a folder");
        }
        let postfix = user("postfix");
        chown(root.join("data"), Some(postfix), None).expect("an owner");
        chown(root.join("mail"), Some(NOBODY), Some(NOBODY)).expect("an owner");

        let port = free_port();
        let at = |name: &str| root.join(name).display().to_string();
        let maps: String = transports.iter().map(|(who, how)| format!(" {{{who} = {how}}}")).collect();
        let settings = [
            ("compatibility_level", "3.6".to_owned()),
            ("queue_directory", at("queue")),
            ("data_directory", at("data")),
            ("command_directory", commands.display().to_string()),
            ("daemon_directory", daemons.to_owned()),
            ("mail_owner", "postfix".to_owned()),
            ("setgid_group", "postdrop".to_owned()),
            ("maillog_file", at("log")),
            ("maillog_file_prefixes", root.display().to_string()),
            ("inet_interfaces", "127.0.0.1".to_owned()),
            ("inet_protocols", "ipv4".to_owned()),
            ("myhostname", "relay.example.net".to_owned()),
            ("mydestination", String::new()),
            ("mynetworks", "127.0.0.0/8".to_owned()),
            ("alias_maps", String::new()),
            ("alias_database", String::new()),
            ("local_recipient_maps", String::new()),
            ("recipient_delimiter", "+".to_owned()),
            // Refused at RCPT, for good or for now, by the name.
            (
                "smtpd_recipient_restrictions",
                format!("check_recipient_access regexp:{{ {REFUSED} }}, permit_mynetworks, reject"),
            ),
            // Else it refuses at once what the test wants to come back.
            ("smtpd_reject_unlisted_recipient", "no".to_owned()),
            ("default_transport", "error:5.1.2 the test knows no such domain".to_owned()),
            ("transport_maps", format!("inline:{{ {{none.example = discard:}}{maps} }}")),
            ("virtual_mailbox_domains", "estran.example.org".to_owned()),
            ("virtual_mailbox_base", at("mail")),
            ("virtual_mailbox_maps", format!("inline:{{ {{retours@estran.example.org = {mailbox}}} }}")),
            ("virtual_uid_maps", format!("static:{NOBODY}")),
            ("virtual_gid_maps", format!("static:{NOBODY}")),
            ("maximal_queue_lifetime", lifetime.to_owned()),
            ("bounce_queue_lifetime", lifetime.to_owned()),
            // A bounce that finds the mailbox locked is brought again soon.
            ("queue_run_delay", "1s".to_owned()),
            ("minimal_backoff_time", "1s".to_owned()),
            ("maximal_backoff_time", "1s".to_owned()),
            ("deliver_lock_attempts", "40".to_owned()),
        ];
        let settings = settings.iter().filter(|(name, _)| own.iter().all(|(other, _)| other != name)).chain(own);
        let main: String = settings.map(|(name, value)| format!("{name} = {value}\n")).collect();
        fs::write(root.join("conf/main.cf"), main).expect("a file");
        fs::create_dir(root.join("conf/sasl")).expect("a folder");
        fs::write(root.join("conf/sasl/smtpd.conf"), sasl).expect("a file");
        let services = format!("127.0.0.1:{port} inet n - n - - smtpd\n{SERVICES}{service}\n");
        fs::write(root.join("conf/master.cf"), services).expect("a file");

        // Makes the queue's folders.
        let checked = Command::new(commands.join("postfix")).args(["-c", &at("conf"), "check"]).output();
        let checked = checked.expect("postfix");
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        let mut command = Command::new(PathBuf::from(daemons).join("master"));
        command.args(["-c", &at("conf"), "-d"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // It ends its whole process group when it ends.
        let master = command.process_group(0).spawn().expect("Postfix's master");
        let mut relay = Self { master, folder, port };
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = relay.master.try_wait().expect("Postfix's master");
            assert!(ended.is_none() && Instant::now() < end, "Postfix does not start:\n{}", relay.log());
            sleep(Duration::from_millis(20));
        }
        relay
    }

    /// A path in the folder of its mailboxes.
    pub fn mail(&self, name: &str) -> PathBuf {
        self.folder.path().join("mail").join(name)
    }

    /// Waits until so many messages are in a Maildir.
    pub fn wait_for(&self, maildir: &str, count: usize) {
        let end = Instant::now() + Duration::from_secs(30);
        let there = || fs::read_dir(self.mail(maildir).join("new")).map_or(0, Iterator::count);
        while there() < count {
            assert!(Instant::now() < end, "{} of {count} came back:\n{}", there(), self.log());
            sleep(Duration::from_millis(50));
        }
    }

    /// Waits until it has said this.
    pub fn wait_for_word(&self, word: &str) {
        let end = Instant::now() + Duration::from_secs(30);
        while !self.log().contains(word) {
            assert!(Instant::now() < end, "it does not say {word:?}:\n{}", self.log());
            sleep(Duration::from_millis(50));
        }
    }

    /// What it has to say.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let process = rustix::process::Pid::from_child(&self.master);
        let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        let end = Instant::now() + Duration::from_secs(5);
        while self.master.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < end {
            sleep(Duration::from_millis(20));
        }
        let _ = rustix::process::kill_process_group(process, rustix::process::Signal::KILL);
        let _ = self.master.wait();
    }
}

/// The number of a user of this machine.
pub fn user(name: &str) -> u32 {
    let users = fs::read_to_string("/etc/passwd").expect("the users");
    let line = users.lines().find(|line| line.split(':').next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("the user {name} is missing: run the tests with sh tests/run.sh"));
    line.split(':').nth(2).expect("a number").parse().expect("a number")
}
