//! A running server of a scene, and how it is asked.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use crate::support::Scene;

/// A running `gazetier serve`; it ends with the value.
pub struct House {
    process: Child,
    /// Where it listens: `127.0.0.1:PORT`.
    pub place: String,
}

/// What it answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    headers: BTreeMap<String, Vec<String>>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |values| values[0].as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }
}

/// A scene whose server listens on a port that the system gives; `web` are further lines of `[web]`.
pub fn at_home(scene: Scene, web: &str) -> Scene {
    scene.config("[digest]\n", &format!("[web]\nlisten = \"127.0.0.1:0\"\n{web}\n\n[digest]\n"))
}

impl House {
    /// Opens it, on a scene made by [`at_home`].
    pub fn open(scene: &Scene, arguments: &[&str]) -> Self {
        let arguments = [&["serve"], arguments].concat();
        let mut process = scene.command(&arguments).stdout(Stdio::piped()).spawn().expect("the program");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let place = line.trim().strip_prefix("serving on http://").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { process, place }
    }

    /// A request without a body.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", "")
    }

    /// A form, sent.
    pub fn post(&self, path: &str, form: &str) -> Answer {
        self.ask("POST", path, "Content-Type: application/x-www-form-urlencoded\r\n", form)
    }

    /// Any request; headers end in CRLF.
    pub fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let length = match body {
            "" if method != "POST" => String::new(),
            body => format!("Content-Length: {}\r\n", body.len()),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: estran.example.org\r\nConnection: close\r\n{length}{headers}\r\n{body}"
        );
        read(&self.raw(request.as_bytes()))
    }

    /// A request to a Unix socket, which may not be there yet.
    pub fn ask_socket(socket: &Path, path: &str) -> Answer {
        let end = Instant::now() + Duration::from_secs(10);
        let mut line = loop {
            match UnixStream::connect(socket) {
                Ok(line) => break line,
                Err(error) => assert!(Instant::now() < end, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        write!(line, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("a request");
        let mut answer = Vec::new();
        line.read_to_end(&mut answer).expect("an answer");
        read(&answer)
    }

    /// Bytes on the line, and what comes back until it is closed.
    pub fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        Self::raw_at(&self.place, bytes)
    }

    /// The same at another place.
    pub fn raw_at(place: &str, bytes: &[u8]) -> Vec<u8> {
        let mut line = TcpStream::connect(place).expect("a connection");
        line.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        // Who refuses a request need not read all of it.
        let _ = line.write_all(bytes);
        let mut answer = Vec::new();
        let _ = line.read_to_end(&mut answer);
        answer
    }

    /// Its process, to be sent signals.
    pub fn process(&mut self) -> &mut Child {
        &mut self.process
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An answer taken apart.
pub fn read(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head of text");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status").parse().expect("a number");
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.entry(name.to_lowercase()).or_default().push(value.to_owned());
    }
    Answer { status, headers, body: bytes[end + 4..].to_vec() }
}
