//! Firefox, led by its own protocol: Debian has no geckodriver, which would do nothing else than to pass commands on.
//! A message is its length, a colon and JSON: `[0, number, command, parameters]`, and `[1, number, error, answer]` back.

use std::{
    fs,
    io::{BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::smtp::free_port;

/// A Firefox without a window; it ends with the value.
pub struct Firefox {
    process: Child,
    line: BufReader<TcpStream>,
    number: u64,
    _profile: TempDir,
}

impl Drop for Firefox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Firefox {
    pub fn open(fonts: &Path) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let port = free_port();
        // What the browser would ask of its maker, it asks of nobody.
        let settings = format!(
            "user_pref(\"marionette.port\", {port});\nuser_pref(\"remote.prefs.recommended\", true);\n\
             user_pref(\"network.proxy.type\", 0);\nuser_pref(\"network.dns.disabled\", true);\n"
        );
        fs::write(profile.path().join("user.js"), settings).expect("a file");
        let mut process = Command::new("firefox-esr")
            .args(["--headless", "--marionette", "--no-remote", "--profile"])
            .arg(profile.path())
            .env("HOME", profile.path())
            .env("FONTCONFIG_FILE", fonts)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("firefox-esr: run the tests with sh tests/run.sh");
        let end = Instant::now() + Duration::from_secs(60);
        let line = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(line) => break line,
                Err(_) if Instant::now() < end => sleep(Duration::from_millis(50)),
                Err(error) => {
                    let _ = process.kill();
                    panic!("Firefox does not start: {error}");
                }
            }
        };
        line.set_read_timeout(Some(Duration::from_secs(120))).expect("a limit");
        let mut firefox = Self { process, line: BufReader::new(line), number: 0, _profile: profile };
        let greeting = firefox.message();
        assert_eq!(greeting["marionetteProtocol"], 3, "{greeting}");
        firefox.command("WebDriver:NewSession", &json!({}));
        firefox.command("WebDriver:Navigate", &json!({ "url": "about:blank" }));
        firefox
    }

    /// Runs a script that calls its last argument with what it found.
    pub fn ask(&mut self, script: &str, arguments: &[Value]) -> Value {
        self.command("WebDriver:ExecuteAsyncScript", &json!({ "script": script, "args": arguments }))["value"].take()
    }

    fn command(&mut self, name: &str, parameters: &Value) -> Value {
        self.number += 1;
        let message = json!([0, self.number, name, parameters]).to_string();
        let line = self.line.get_mut();
        write!(line, "{}:{message}", message.len()).expect("Firefox listens");
        let mut answer = self.message();
        assert_eq!((&answer[1], &answer[2]), (&json!(self.number), &Value::Null), "{name}: {answer}");
        answer[3].take()
    }

    fn message(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut digit = [0];
            self.line.read_exact(&mut digit).expect("an answer of Firefox");
            match digit[0] {
                b':' => break,
                digit => length = length * 10 + usize::from(digit - b'0'),
            }
        }
        let mut message = vec![0; length];
        self.line.read_exact(&mut message).expect("an answer of Firefox");
        serde_json::from_slice(&message).expect("JSON")
    }
}
