//! What surrounds a magazine, on loopback: a DNS server with a zone of our own, a relay and a web server that say what they
//! are told to.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::{Arc, Mutex},
    thread,
};

/// A DNS server, whose zone is lines such as `estran.example MX 10 mail.estran.example`.
pub struct Names {
    pub address: SocketAddr,
    zone: Arc<Mutex<Vec<String>>>,
}

impl Names {
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let address = socket.local_addr().expect("an address");
        let zone: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = Arc::clone(&zone);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let zone = lines.lock().expect("the zone").clone();
                if let Some(answer) = answer(&buffer[..length], &zone) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { address, zone }
    }

    pub fn set(&self, zone: &[String]) {
        *self.zone.lock().expect("the zone") = zone.to_vec();
    }
}

/// The answer to a question by a zone; none where the zone says SILENT.
fn answer(question: &[u8], zone: &[String]) -> Option<Vec<u8>> {
    let (name, end) = read_name(question)?;
    let kind = u16::from_be_bytes([question[end], question[end + 1]]);
    let kinds = [(1, "A"), (28, "AAAA"), (15, "MX"), (16, "TXT"), (12, "PTR")];
    let wanted = kinds.iter().find(|(number, _)| *number == kind).map_or("?", |(_, name)| name);
    let of_name = zone.iter().filter_map(|line| {
        let (owner, rest) = line.split_once(' ')?;
        owner.eq_ignore_ascii_case(&name).then_some(rest)
    });
    let of_name: Vec<&str> = of_name.collect();
    if of_name.contains(&"SILENT") {
        return None;
    }
    let data = of_name.iter().filter_map(|rest| rest.split_once(' ')).filter(|(kind, _)| *kind == wanted);
    let data: Vec<Vec<u8>> = data.map(|(kind, text)| encode(kind, text)).collect();
    let code = if of_name.is_empty() { 3 } else { 0 };
    let mut answer = question[..2].to_vec();
    answer.extend([0x81, 0x80 | code, 0, 1]);
    answer.extend((data.len() as u16).to_be_bytes());
    answer.extend([0, 0, 0, 0]);
    answer.extend(&question[12..end + 4]);
    for bytes in data {
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60]);
        answer.extend((bytes.len() as u16).to_be_bytes());
        answer.extend(bytes);
    }
    Some(answer)
}

fn read_name(question: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*question.get(at)?);
        if length == 0 {
            return Some((labels.join("."), at + 1));
        }
        labels.push(String::from_utf8_lossy(question.get(at + 1..at + 1 + length)?).into_owned());
        at += length + 1;
    }
}

fn encode(kind: &str, text: &str) -> Vec<u8> {
    match kind {
        "A" => text.parse::<std::net::Ipv4Addr>().expect("an address").octets().to_vec(),
        "AAAA" => text.parse::<std::net::Ipv6Addr>().expect("an address").octets().to_vec(),
        "TXT" => text.as_bytes().chunks(255).flat_map(|part| [&[part.len() as u8], part].concat()).collect(),
        "MX" => {
            let (preference, server) = text.split_once(' ').expect("a preference and a name");
            let preference: u16 = preference.parse().expect("a number");
            [preference.to_be_bytes().to_vec(), encode_name(server)].concat()
        }
        _ => encode_name(text),
    }
}

fn encode_name(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// What a relay says.
#[derive(Clone)]
pub struct Words {
    pub greeting: String,
    pub hello: &'static str,
    pub mail: &'static str,
    pub recipient: &'static str,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            greeting: "220 relay.example ESMTP".into(),
            hello: "250-relay.example\r\n250-PIPELINING\r\n250 SIZE 10240000",
            mail: "250 2.1.0 ok",
            recipient: "250 2.1.5 ok",
        }
    }
}

pub struct TestRelay {
    pub port: u16,
    words: Arc<Mutex<Words>>,
    /// Every line that it was told.
    told: Arc<Mutex<Vec<String>>>,
}

impl TestRelay {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (words, told): (Arc<Mutex<Words>>, Arc<Mutex<Vec<String>>>) = Default::default();
        let (own, lines) = (Arc::clone(&words), Arc::clone(&told));
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (words, lines) = (own.lock().expect("words").clone(), Arc::clone(&lines));
                thread::spawn(move || -> std::io::Result<()> {
                    let reader = BufReader::new(stream.try_clone()?);
                    write!(stream, "{}\r\n", words.greeting)?;
                    for line in reader.lines() {
                        let line = line?;
                        let reply = match line.get(..4).unwrap_or_default() {
                            "EHLO" => words.hello,
                            "MAIL" => words.mail,
                            "RCPT" => words.recipient,
                            "QUIT" => "221 bye",
                            "RSET" => "250 ok",
                            _ => "502 no",
                        };
                        lines.lock().expect("lines").push(line);
                        write!(stream, "{reply}\r\n")?;
                    }
                    Ok(())
                });
            }
        });
        Self { port, words, told }
    }

    pub fn set(&self, words: Words) {
        *self.words.lock().expect("words") = words;
    }

    /// What it was told since the last time.
    pub fn take_told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().expect("lines"))
    }
}

/// A web server: paths with a status and a body; 404 for the others.
pub struct Site {
    pub port: u16,
    pages: Arc<Mutex<Vec<(String, u16, String)>>>,
}

impl Site {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let pages: Arc<Mutex<Vec<(String, u16, String)>>> = Arc::default();
        let own = Arc::clone(&pages);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut buffer = [0; 4096];
                let length = stream.read(&mut buffer).unwrap_or(0);
                let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                let pages = own.lock().expect("pages");
                let found = pages.iter().find(|(known, ..)| *known == path);
                let (status, body) = found.map_or((404, ""), |(_, status, body)| (*status, body.as_str()));
                let (head, body) = body.split_once("\n\n").unwrap_or(("", body));
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n{head}{}\r\n{body}",
                    body.len(),
                    if head.is_empty() { "" } else { "\r\n" },
                );
            }
        });
        Self { port, pages }
    }

    pub fn set(&self, pages: &[(&str, u16, &str)]) {
        let pages = pages.iter().map(|(path, status, body)| ((*path).to_owned(), *status, (*body).to_owned()));
        *self.pages.lock().expect("pages") = pages.collect();
    }
}
