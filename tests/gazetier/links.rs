//! "Try all links" at the desk: what a text leads to is got from the public internet, and from this machine or its
//! networks only where the configuration says so.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use crate::{
    desk::{Open, SUNDAY, Visitor},
    support::{Scene, column},
};

/// A server on this machine; gives its port and the paths that it was asked for.
fn server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let ear = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = ear.local_addr().expect("an address").port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let paths = Arc::clone(&asked);
    std::thread::spawn(move || {
        for line in ear.incoming() {
            let mut line = line.expect("a connection");
            let mut first = String::new();
            let _ = BufReader::new(&line).read_line(&mut first);
            let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
            let answer = match path.as_str() {
                "/leads" => format!("302 Found\r\nLocation: http://127.0.0.1:{port}/secret\r\nContent-Length: 0\r\n"),
                "/gone" => "404 Not Found\r\nContent-Length: 0\r\n".into(),
                _ => "200 OK\r\nContent-Length: 0\r\n".into(),
            };
            paths.lock().expect("the paths").push(path);
            let _ = line.write_all(format!("HTTP/1.1 {answer}Connection: close\r\n\r\n").as_bytes());
        }
    });
    (port, asked)
}

/// What the desk says of the links of an opening, and which of them the server saw.
fn tried(fetch: &str) -> (String, Vec<String>) {
    let (port, asked) = server();
    let hosts = ["127.0.0.1", "0x7f000001", "[::ffff:127.0.0.1]"];
    let opening: Vec<String> = hosts.iter().map(|host| format!("[a](http://{host}:{port}/direct)")).collect();
    let named = ["good", "leads", "gone"].map(|path| format!("[b](http://localhost:{port}/{path})"));
    let opening = format!("{} {}", opening.join(" "), named.join(" "));
    let scene = Scene::empty()
        .config("[digest]\n", &format!("[fetch]\n{fetch}\n\n[digest]\n"))
        .write("columns/a.md", &column("Une marée", "edito", "2026-11-18"));
    scene.ok(&["sync", "--at", SUNDAY]);
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    assert_eq!(claire.mend(&[("opening", &opening)]).status, 303);
    let page = claire.post("/links", &[]);
    assert_eq!(page.status, 200);
    let mut paths = asked.lock().expect("the paths").clone();
    paths.sort();
    (page.text.replace(&port.to_string(), "PORT"), paths)
}

#[test]
fn links_to_this_machine_are_not_followed() {
    let refused =
        "elle mène à 127.0.0.1, qui n’est pas sur l’internet public\u{202f}: si elle le peut, nommez 127.0.0.1 dans";
    let (page, asked) = tried("private_hosts = []");
    assert_eq!(asked, Vec::<String>::new(), "{page}");
    for link in ["http://127.0.0.1:PORT/direct", "http://localhost:PORT/good", "http://localhost:PORT/leads"] {
        assert!(page.contains(&format!("{link} (elle mène à ")), "{link}: {page}");
    }
    assert!(page.contains(&format!("http://127.0.0.1:PORT/direct ({refused}")), "{page}");
    // Where a host is named, its links are tried; where it leads on to another, that is not.
    let (page, asked) = tried("private_hosts = [\"LOCALHOST\"]");
    assert_eq!(asked, ["/gone", "/good", "/leads"], "{page}");
    assert!(!page.contains("localhost:PORT/good ("), "{page}");
    assert!(page.contains("http://localhost:PORT/gone (le serveur répond 404)"), "{page}");
    assert!(page.contains(&format!("http://localhost:PORT/leads ({refused}")), "{page}");
    assert!(page.contains(&format!("http://127.0.0.1:PORT/direct ({refused}")), "{page}");
}

#[test]
fn hosts_are_named_alone() {
    for wrong in ["http://intranet/", "intranet/page", "", "10.0.0.0/8", "www.lan:80"] {
        let scene =
            Scene::empty().config("[digest]\n", &format!("[fetch]\nprivate_hosts = [\"{wrong}\"]\n\n[digest]\n"));
        let outcome = scene.run(&["status"]);
        let told = format!("gazetier: config.toml: fetch.private_hosts: {wrong:?}: write hosts alone");
        assert!(outcome.code == 78 && outcome.stderr.starts_with(&told), "{outcome:?}");
    }
    for good in ["intranet", "www.estran.lan", "10.0.0.5", "::1", "[fd00::1]"] {
        let scene =
            Scene::empty().config("[digest]\n", &format!("[fetch]\nprivate_hosts = [\"{good}\"]\n\n[digest]\n"));
        scene.ok(&["status"]);
    }
}
