//! A way to a Postgres server that can be cut, or fall silent.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// It listens on a port of its own.
pub struct Proxy {
    url: String,
    frozen: Arc<AtomicBool>,
    waiting: Arc<AtomicUsize>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// Before the server of a database, which is on this machine.
    pub fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let own = listener.local_addr().expect("an address");
        let (base, database) = url.rsplit_once('/').expect("a database");
        let (user, server) = base.rsplit_once('@').expect("a user");
        let (server, url) = (server.to_owned(), format!("{user}@{own}/{database}"));
        let proxy = Self { url, frozen: Arc::default(), waiting: Arc::default(), open: Arc::default() };
        let (frozen, waiting, open) = (Arc::clone(&proxy.frozen), Arc::clone(&proxy.waiting), Arc::clone(&proxy.open));
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.expect("a client");
                if frozen.load(Ordering::Relaxed) {
                    waiting.fetch_add(1, Ordering::Relaxed);
                }
                let server = TcpStream::connect(&server).expect("the server");
                let both = [client, server];
                for stream in &both {
                    stream.set_nodelay(true).expect("a socket");
                    open.lock().expect("a list").push(stream.try_clone().expect("a socket"));
                }
                for (from, to) in [(0, 1), (1, 0)] {
                    let [from, to] = [from, to].map(|side: usize| both[side].try_clone().expect("a socket"));
                    let frozen = Arc::clone(&frozen);
                    thread::spawn(move || carry(from, to, &frozen));
                }
            }
        });
        proxy
    }

    /// The database's address through it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it carries nothing, and ends nothing.
    pub fn freeze(&self) {
        self.frozen.store(true, Ordering::Relaxed);
    }

    /// How many clients have come since.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Ends all connections that there are; says how many.
    pub fn cut(&self) -> usize {
        let open: Vec<TcpStream> = self.open.lock().expect("a list").drain(..).collect();
        open.iter().filter(|stream| stream.shutdown(Shutdown::Both).is_ok()).count()
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, frozen: &AtomicBool) {
    let mut buffer = [0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        while frozen.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(50));
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
