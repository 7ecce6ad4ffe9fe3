//! Relays on this machine: Postfix's smtp-sink, which keeps what it takes in a folder, and one that
//! answers as a test wants.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::MetadataExt,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::support::{Scene, needed};

/// The line of the sample's configuration that names the relay.
const OUTBOX: &str = "url = \"file:outbox\"";

/// Sends the letters of a scene to a port of this machine.
pub fn through(scene: Scene, port: u16) -> Scene {
    scene.config(OUTBOX, &format!("url = \"smtp://127.0.0.1:{port}\"\ntimeout = \"2s\""))
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// A running smtp-sink.
pub struct Sink {
    process: Child,
    folder: TempDir,
    pub port: u16,
}

/// A letter that a relay took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub sender: String,
    pub recipient: String,
    /// With LF for CRLF.
    pub text: String,
}

impl Sink {
    /// Starts one with these flags on a port of its own.
    pub fn start(flags: &[&str]) -> Self {
        for _ in 0..20 {
            if let Some(sink) = Self::on(free_port(), flags) {
                return sink;
            }
        }
        panic!("smtp-sink does not start with {flags:?}");
    }

    /// Starts one on a port, unless somebody else has it.
    pub fn on(port: u16, flags: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(needed("GAZETIER_TEST_SMTP_SINK"));
        // Started by root it wants to be told as whom to go on.
        if fs::metadata(folder.path()).expect("a folder").uid() == 0 {
            command.args(["-u", "root"]);
        }
        let template = folder.path().join("mail.").display().to_string();
        command.args(["-d", &template]).args(flags).args([&format!("127.0.0.1:{port}"), "100"]);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut sink = Self { process: process.expect("smtp-sink"), folder, port };
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if sink.process.try_wait().expect("smtp-sink").is_some() {
                return None;
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(sink);
            }
            sleep(Duration::from_millis(10));
        }
        None
    }

    /// What it took, by recipient and in no other order. Waits until no letter is half there.
    pub fn mails(&self) -> Vec<Mail> {
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let files =
                fs::read_dir(self.folder.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
            let texts: Vec<String> = files.map(|path| fs::read_to_string(path).unwrap_or_default()).collect();
            let whole = |text: &String| text.trim_end().ends_with("--");
            if texts.iter().all(whole) || Instant::now() > end {
                let mut mails: Vec<Mail> =
                    texts.iter().filter(|text| whole(text)).map(|text| Mail::read(text)).collect();
                mails.sort_by(|a, b| a.recipient.cmp(&b.recipient));
                return mails;
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// How many letters it took or is taking.
    pub fn count(&self) -> usize {
        fs::read_dir(self.folder.path()).expect("a folder").count()
    }

    /// Whom it took letters for, in order.
    pub fn recipients(&self) -> Vec<String> {
        self.mails().into_iter().map(|mail| mail.recipient).collect()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Mail {
    /// Reads one of the sink's files: the envelope and a `Received` stand before the letter.
    fn read(text: &str) -> Self {
        let field = |name: &str| {
            let mut values = text.lines().filter_map(|line| line.strip_prefix(name));
            let value = values.next().unwrap_or_else(|| panic!("no {name} in {text}")).to_owned();
            assert_eq!(values.next(), None, "{name} stands twice");
            // Parameters of the command stand behind the address.
            let address = value.strip_prefix('<').and_then(|rest| rest.split_once('>'));
            address.unwrap_or_else(|| panic!("{name}{value}")).0.to_owned()
        };
        let start = text.find("\nFrom: ").expect("a letter") + 1;
        let letter = text[start..].strip_suffix('\n').expect("the sink's own line end");
        Self { sender: field("X-Mail-Args: "), recipient: field("X-Rcpt-Args: "), text: letter.to_owned() }
    }
}

/// What a scripted relay does at a step.
#[derive(Clone, Copy)]
pub enum Act {
    /// What a relay usually does.
    Accept,
    /// Gives this answer.
    Say(&'static str),
    /// Closes the connection without a word.
    HangUp,
    /// Says nothing for longer than anybody waits.
    Sleep,
    /// Does what it usually does, so many seconds later.
    Wait(u64),
}

/// A relay that answers each step of a letter as a test wants.
#[derive(Clone)]
pub struct Scripted {
    pub port: u16,
    log: Arc<Mutex<Vec<(String, String)>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Starts one. At each of the steps `connect`, `EHLO`, `MAIL`, `RCPT`, `DATA`, `.`, `RSET` and
    /// `QUIT`, the script is asked with the recipient, as far as one is known.
    pub fn start(script: impl Fn(&str, &str) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let relay = Self { port, log: Arc::default(), heard: Arc::default() };
        let (own, script) = (relay.clone(), Arc::new(script));
        // The threads end with the test program.
        std::thread::spawn(move || {
            for line in listener.incoming().flatten() {
                let (own, script) = (own.clone(), Arc::clone(&script));
                std::thread::spawn(move || own.serve(line, &*script));
            }
        });
        relay
    }

    /// How often it came to a step, for a recipient.
    pub fn count(&self, step: &str, recipient: &str) -> usize {
        let log = self.log.lock().expect("a log");
        log.iter().filter(|(name, whom)| name == step && whom == recipient).count()
    }

    /// Whether a command ended like this.
    pub fn heard(&self, end: &str) -> bool {
        self.heard.lock().expect("a log").iter().any(|command| command.ends_with(end))
    }

    fn serve(&self, mut line: TcpStream, script: &dyn Fn(&str, &str) -> Act) -> Option<()> {
        let mut lines = BufReader::new(line.try_clone().ok()?).lines();
        let mut recipient = String::new();
        let mut step = "connect".to_owned();
        loop {
            if step == "RSET" || step == "MAIL" {
                recipient.clear();
            }
            self.log.lock().ok()?.push((step.clone(), recipient.clone()));
            let usual = match step.as_str() {
                "connect" => "220 relay",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 2.0.0 taken",
            };
            let answer = match script(&step, &recipient) {
                Act::Accept => usual,
                Act::Say(answer) => answer,
                Act::HangUp => return None,
                Act::Wait(seconds) => {
                    sleep(Duration::from_secs(seconds));
                    usual
                }
                Act::Sleep => {
                    sleep(Duration::from_secs(60));
                    return None;
                }
            };
            line.write_all(format!("{answer}\r\n").as_bytes()).ok()?;
            if step == "QUIT" || answer.starts_with("421") {
                return None;
            }
            if answer.starts_with("354") {
                while lines.next()?.ok()? != "." {}
                step = ".".into();
                continue;
            }
            let command = lines.next()?.ok()?;
            self.heard.lock().ok()?.push(command.clone());
            step = command.split([' ', ':']).next().unwrap_or_default().to_uppercase();
            if step == "RCPT" {
                recipient = command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            }
        }
    }
}
