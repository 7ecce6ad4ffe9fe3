//! The snippets for web servers, given to the servers themselves: they must take them, and serve
//! the feeds as readers need them. A folder and addresses full of quotes, braces and dollars are
//! served no worse than plain ones.

use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::support::{MONDAY, Scene, without_numbers};

const SAMPLE: &str = "hubs = [\"https://hub.example.org/\"]\n";

const MOVED: &str = "\
[[feeds.moved]]
from = \"/old/feed.xml\"
to = \"edito/rss.xml\"

[[feeds.moved]]
from = \"https://estran.example.org/vieux flux/é+'.xml\"
to = \"https://ailleurs.example.org/?a=$b&c={d}&e=\\\"f\\\"\"

[[feeds.moved]]
from = \"http://estran.example.org/rss\"
to = \"https://estran.example.org/rss\"

[[feeds.moved]]
from = \"http://estran.example.org/a\"
to = \"http://estran.example.org/b\"

[[feeds.moved]]
from = \"https://estran.example.org/b\"
to = \"https://estran.example.org/a\"

[digest]
";

/// The sample with a hub and moved feeds.
fn plain() -> Scene {
    Scene::sample().config("[feeds]\n", &format!("[feeds]\n{SAMPLE}")).config("[digest]\n", MOVED)
}

/// The same where every name is a trap.
fn hostile() -> Scene {
    Scene::sample()
        .config("name = \"L’Estran\"", "name = \"L’Estran ; } { # <&>\"")
        .config("path = \"feeds\"", "path = \"fe\\\"ed; {s} #'é\"")
        .config("https://estran.example.org/feeds/", "https://estran.example.org/nos%20flux.(+)/")
        .config(
            "[feeds]\n",
            "[feeds]\nhubs = [\"https://hub.example.org/?a=$b&c={d}\", \"https://hub.example.com/\\\"é\"]\n",
        )
        .config("[digest]\n", MOVED)
}

/// What a server answers.
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, Vec<String>>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |values| values[0].as_str())
    }

    pub fn links(&self) -> Vec<&str> {
        let links = self.headers.get("link").into_iter().flatten();
        let mut links: Vec<&str> = links.flat_map(|line| line.split(", ")).collect();
        links.sort_unstable();
        links
    }
}

/// A web server with a snippet.
pub struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A body that came in pieces, each after a line with its length.
fn unchunked(mut pieces: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = pieces.windows(2).position(|window| window == b"\r\n").expect("a line");
        let length = std::str::from_utf8(&pieces[..line]).expect("a text");
        let length = usize::from_str_radix(length, 16).expect("a length");
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&pieces[line + 2..][..length]);
        pieces = &pieces[line + 2 + length + 2..];
    }
}

/// A port that nobody has, for now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

impl Server {
    /// Starts a server on a free port; `write` writes its configuration for one.
    fn start(write: impl Fn(u16) -> Command) -> Self {
        for _ in 0..10 {
            let port = free_port();
            let mut child = write(port).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the server");
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(30) {
                if child.try_wait().expect("its state").is_some() {
                    break;
                }
                match TcpStream::connect(("127.0.0.1", port)) {
                    Ok(_) => return Self { child, port },
                    Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionRefused),
                }
                thread::sleep(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("the server does not start");
    }

    pub fn nginx(scene: &Scene) -> Self {
        scene.put("snippet.conf", &scene.ok(&["feeds", "snippet", "nginx"]));
        let folder = scene.path("nginx");
        fs::create_dir_all(&folder).expect("a folder");
        let folder = folder.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
            .concat();
        let command = |arguments: &[&str]| {
            let mut command = Command::new("/usr/sbin/nginx");
            command
                .args(["-p", &folder.to_string(), "-c", &scene.path("nginx.conf").to_string_lossy()])
                .args(arguments);
            command
        };
        let write = |port: u16| {
            scene.put(
                "nginx.conf",
                &format!(
                    "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/errors;\nevents {{ }}\n\
                     http {{\naccess_log off;\n{temporary}server {{\nlisten 127.0.0.1:{port};\n\
                     # What sites do to their own files.\n\
                     location ~* [.](xml|json|css|html)$ {{ return 418; }}\n\
                     include {};\n}}\n}}\n",
                    scene.path("snippet.conf").display()
                ),
            );
            command(&[])
        };
        write(free_port());
        let tested = command(&["-t"]).output().expect("nginx");
        let words = String::from_utf8_lossy(&tested.stderr).into_owned();
        assert!(tested.status.success() && !words.contains("[warn]"), "{words}");
        Self::start(write)
    }

    pub fn caddy(scene: &Scene) -> Self {
        let snippet = scene.ok(&["feeds", "snippet", "caddy"]);
        let command = |arguments: &[&str]| {
            let mut command = Command::new("caddy");
            command.args(arguments).args(["--config", "Caddyfile", "--adapter", "caddyfile"]);
            command
                .current_dir(scene.path(""))
                .env("HOME", scene.path("home"))
                .env("XDG_DATA_HOME", scene.path("home"));
            command.env("XDG_CONFIG_HOME", scene.path("home"));
            command
        };
        let write = |port: u16| {
            scene.put(
                "Caddyfile",
                &format!(
                    "{{\n\tadmin off\n\tauto_https off\n}}\n\nhttp://:{port} {{\n\
                     bind 127.0.0.1\n{snippet}\n}}\n"
                ),
            );
            command(&["run"])
        };
        write(free_port());
        let tested = command(&["validate"]).output().expect("caddy");
        assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
        Self::start(write)
    }

    /// Our own server.
    pub fn gazetier(scene: &Scene) -> Self {
        Self::start(|port| {
            let web = format!("[web]\nlisten = \"127.0.0.1:{port}\"\n\n[digest]\n");
            scene.put("serve.toml", &scene.read("config.toml").replacen("[digest]\n", &web, 1));
            scene.command(&["serve", "--config", "serve.toml"])
        })
    }

    pub fn get(&self, path: &str, headers: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: estran.example.org\r\nConnection: close\r\n{headers}\r\n")
            .expect("a request");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("an answer");
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head of text");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status").parse().expect("a number");
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.entry(name.to_lowercase()).or_default().push(value.to_owned());
        }
        let mut body = bytes.split_off(end + 4);
        if headers.contains_key("transfer-encoding") {
            body = unchunked(&body);
        }
        Answer { status, headers, body }
    }
}

const FRESH: &str = "public, max-age=300, must-revalidate";

/// What holds whoever serves: `mount` is the feeds' path, `folder` their folder.
fn serves_feeds(server: &Server, scene: &Scene, mount: &str, folder: &str, hubs: &[&str]) {
    for (file, media_type) in [
        ("rss.xml", "application/rss+xml; charset=utf-8"),
        ("atom.xml", "application/atom+xml; charset=utf-8"),
        ("feed.json", "application/feed+json"),
        ("humeur/rss.xml", "application/rss+xml; charset=utf-8"),
        ("humeur/atom.xml", "application/atom+xml; charset=utf-8"),
        ("humeur/feed.json", "application/feed+json"),
    ] {
        let answer = server.get(&format!("{mount}{file}"), "");
        assert_eq!(answer.status, 200, "{file}");
        assert_eq!(answer.header("content-type"), media_type, "{file}");
        assert_eq!(answer.header("cache-control"), FRESH, "{file}");
        assert!(answer.body == scene.read(&format!("{folder}/{file}")).into_bytes(), "{file}");
        let itself = format!("<https://estran.example.org{mount}{file}>; rel=\"self\"");
        let hubs = hubs.iter().map(|hub| format!("<{hub}>; rel=\"hub\""));
        let mut links: Vec<String> = hubs.chain([itself]).collect();
        links.sort_unstable();
        assert_eq!(answer.links(), links, "{file}");
        // What has not changed is not sent again.
        let again = server.get(&format!("{mount}{file}"), &format!("If-None-Match: {}\r\n", answer.header("etag")));
        assert_eq!((again.status, again.body.len()), (304, 0), "{file}");
    }
    for (file, path, media_type) in [
        ("feeds.opml", "feeds.opml", "text/x-opml; charset=utf-8"),
        ("feed.css", "feed.css", "text/css; charset=utf-8"),
        ("index.html", "index.html", "text/html; charset=utf-8"),
        ("index.html", "", "text/html; charset=utf-8"),
    ] {
        let answer = server.get(&format!("{mount}{path}"), "");
        if path == "index.html" && answer.status != 200 {
            // Caddy names a page by its folder.
            assert_eq!(answer.status / 100, 3, "{file}");
            continue;
        }
        assert_eq!((answer.status, answer.header("content-type")), (200, media_type), "{file}");
        assert_eq!(answer.header("cache-control"), FRESH, "{file}");
        assert!(answer.body == scene.read(&format!("{folder}/{file}")).into_bytes(), "{file}");
        assert!(answer.links().is_empty(), "{file}");
    }
    // The file that says whose the folder is.
    assert!(!scene.read(&format!("{folder}/.gazetier")).is_empty());
    assert_eq!(server.get(&format!("{mount}.gazetier"), "").status, 404);
    // Archives, of all feeds and of one.
    for feed in ["", "humeur/", "byline/maelle-corvaisan/"] {
        for (form, media_type) in [
            ("rss.xml", "application/rss+xml; charset=utf-8"),
            ("atom.xml", "application/atom+xml; charset=utf-8"),
            ("feed.json", "application/feed+json"),
        ] {
            let file = format!("{feed}archive/2026-10/{form}");
            scene.put(&format!("{folder}/{file}"), "old");
            let answer = server.get(&format!("{mount}{file}"), "");
            assert_eq!((answer.status, answer.header("content-type")), (200, media_type), "{file}");
            assert_eq!(answer.header("cache-control"), "public, max-age=604800", "{file}");
            assert!(answer.links().is_empty(), "{file}");
        }
    }
    assert_eq!(server.get(&format!("{mount}fiction/rss.xml"), "").status, 404);
    for way in ["../config.toml", "..%2fconfig.toml", "humeur/../../config.toml"] {
        let answer = server.get(&format!("{mount}{way}"), "");
        assert!(!String::from_utf8_lossy(&answer.body).contains("[magazine]"), "{way}");
    }
    // What is compressed beside a file is sent for it.
    let name = format!("{folder}/humeur/rss.xml");
    let packed = Command::new("gzip").args(["-k", "-n"]).arg(scene.path(&name)).output().expect("gzip");
    assert!(packed.status.success());
    let answer = server.get(&format!("{mount}humeur/rss.xml"), "Accept-Encoding: gzip\r\n");
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert_eq!(answer.header("content-type"), "application/rss+xml; charset=utf-8");
    assert_eq!(answer.header("vary").to_lowercase(), "accept-encoding");
    assert_eq!(answer.links().len(), hubs.len() + 1);
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(answer.body.as_slice()).read_to_end(&mut unpacked).expect("gzip");
    assert!(unpacked == scene.read(&name).into_bytes());
    assert_eq!(server.get(&format!("{mount}humeur/rss.xml"), "").header("content-encoding"), "");
    // What has moved.
    for (old, new) in [
        ("/old/feed.xml", format!("https://estran.example.org{mount}edito/rss.xml")),
        ("/vieux%20flux/%C3%A9+'.xml", "https://ailleurs.example.org/?a=%24b&c=%7Bd%7D&e=%22f%22".into()),
    ] {
        let answer = server.get(old, "");
        assert_eq!((answer.status, answer.header("location")), (301, new.as_str()));
    }
    // What would lead back to itself is left out.
    for path in ["/rss", "/a", "/b"] {
        let answer = server.get(path, "");
        assert_ne!(answer.status, 301, "{path} leads to {}", answer.header("location"));
    }
}

const PLAIN_HUBS: [&str; 1] = ["https://hub.example.org/"];
const HOSTILE_HUBS: [&str; 2] = ["https://hub.example.org/?a=%24b&c=%7Bd%7D", "https://hub.example.com/%22%C3%A9"];

#[test]
fn nginx_serves_the_feeds_by_its_snippet() {
    let scene = plain();
    scene.ok(&["run", "--at", MONDAY]);
    serves_feeds(&Server::nginx(&scene), &scene, "/feeds/", "feeds", &PLAIN_HUBS);
    let scene = hostile();
    scene.ok(&["run", "--at", MONDAY]);
    serves_feeds(&Server::nginx(&scene), &scene, "/nos%20flux.(+)/", "fe\"ed; {s} #'é", &HOSTILE_HUBS);
}

#[test]
fn caddy_serves_the_feeds_by_its_snippet() {
    let scene = plain();
    scene.ok(&["run", "--at", MONDAY]);
    let server = Server::caddy(&scene);
    serves_feeds(&server, &scene, "/feeds/", "feeds", &PLAIN_HUBS);
    scene.put("feeds/humeur/rss.xml.br", "as if it were packed");
    let answer = server.get("/feeds/humeur/rss.xml", "Accept-Encoding: br, gzip\r\n");
    assert_eq!((answer.header("content-encoding"), answer.body.as_slice()), ("br", &b"as if it were packed"[..]));
    let scene = hostile();
    scene.ok(&["run", "--at", MONDAY]);
    serves_feeds(&Server::caddy(&scene), &scene, "/nos%20flux.(+)/", "fe\"ed; {s} #'é", &HOSTILE_HUBS);
}

#[test]
fn gazetier_serves_the_feeds_itself() {
    for (scene, mount, folder, hubs) in [
        (plain(), "/feeds/", "feeds", &PLAIN_HUBS[..]),
        (hostile(), "/nos%20flux.(+)/", "fe\"ed; {s} #'é", &HOSTILE_HUBS[..]),
    ] {
        let scene = scene.config("[feeds]\n", "[feeds]\nbylines = true\n");
        scene.ok(&["run", "--at", MONDAY]);
        serves_feeds(&Server::gazetier(&scene), &scene, mount, folder, hubs);
    }
}

#[test]
fn feeds_with_a_host_of_their_own_are_served_whole() {
    let config = |scene: Scene| scene.config("https://estran.example.org/feeds/", "https://flux.estran.example.org/");
    let scene = config(plain());
    scene.ok(&["run", "--at", MONDAY]);
    for server in [Server::nginx(&scene), Server::caddy(&scene), Server::gazetier(&scene)] {
        let answer = server.get("/humeur/rss.xml", "");
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/rss+xml; charset=utf-8"));
        assert!(answer.links().contains(&"<https://flux.estran.example.org/humeur/rss.xml>; rel=\"self\""));
    }
    for server in ["nginx", "caddy"] {
        let snippet = scene.ok(&["feeds", "snippet", server]);
        let (own, other) = snippet.split_once("block of estran.example.org.\n").expect("a part for the other host");
        assert!(!own.contains("/old/feed.xml") && other.contains("\"/old/feed.xml\""), "{snippet}");
    }
}

#[test]
fn the_snippets_are_as_they_were_reviewed() {
    let scene = plain();
    for server in ["nginx", "caddy", "html"] {
        let snippet = scene.ok(&["feeds", "snippet", server]);
        let folder = scene.path("").canonicalize().expect("a path");
        let snippet = snippet.replace(folder.to_str().expect("text"), "/srv/magazine");
        insta::assert_snapshot!(format!("snippet_{server}"), snippet);
    }
    let page = Scene::sample();
    page.ok(&["publish"]);
    let page = page.read("feeds/index.html");
    for line in scene.ok(&["feeds", "snippet", "html"]).lines() {
        assert!(page.contains(line), "the page of feeds and the snippet disagree about {line}");
    }
    let html = hostile().ok(&["feeds", "snippet", "html"]);
    assert!(html.contains("title=\"L’Estran ; } { # &lt;&amp;&gt; · Humeur (RSS)\""), "{html}");
}

#[test]
fn what_a_server_cannot_be_told_is_refused() {
    for (server, folder) in [("nginx", "a$b"), ("caddy", "a{$HOME}"), ("caddy", "a\\\\b")] {
        let outcome = Scene::sample()
            .config("path = \"feeds\"", &format!("path = \"{folder}\""))
            .run(&["feeds", "snippet", server]);
        assert_eq!(outcome.code, 78, "{server} {folder}");
        assert_eq!(outcome.stdout, "");
        assert!(outcome.stderr.contains("give the feeds another folder in feeds.path"), "{outcome:?}");
    }
}

#[test]
fn hubs_and_moved_feeds_that_make_no_sense_are_refused_with_their_key() {
    let moved = |from: &str, to: &str| format!("[[feeds.moved]]\nfrom = \"{from}\"\nto = \"{to}\"\n");
    let (old, new) = ("/old/feed.xml", "edito/rss.xml");
    let cases = [
        ("feeds.hubs: \"hub.example.org\" is no web address", "hubs = [\"hub.example.org\"]\n".into()),
        ("feeds.hubs: \"ftp://hub.example.org/\" is no web address", "hubs = [\"ftp://hub.example.org/\"]\n".into()),
        ("feeds.hubs: a hub's address stands", "hubs = [\"https://me:secret@hub.example.org/\"]\n".into()),
        ("feeds.hubs: \"https://h.example/#a\": what comes", "hubs = [\"https://h.example/#a\"]\n".into()),
        (
            "feeds.hubs: \"https://H.example\" is named",
            "hubs = [\"https://h.example/\", \"https://H.example\"]\n".into(),
        ),
        ("feeds.moved.from: \"old.xml\": write a path", moved("old.xml", new)),
        ("feeds.moved.from: \"https://example.com/old\" is not under estran", moved("https://example.com/old", new)),
        ("feeds.moved.from: \"//example.com/old\"", moved("//example.com/old", new)),
        ("feeds.moved.from: \"/?feed=rss2\": a path alone", moved("/?feed=rss2", new)),
        ("feeds.moved.from: \"/feeds/rss.xml\" is the address", moved("/feeds/rss.xml", new)),
        ("feeds.moved.from: \"/old/feed.xml\" is named twice", moved(old, new) + &moved(old, "rss.xml")),
        ("feeds.moved.to: \"edito/rss\" is no feed", moved(old, "edito/rss")),
        ("feeds.moved.to: \"fiction/rss.xml\" is no feed", moved(old, "fiction/rss.xml")),
        (
            "feeds.moved.to: \"https://estran.example.org/feeds/fiction/rss.xml\" is no feed",
            moved(old, "https://estran.example.org/feeds/fiction/rss.xml"),
        ),
        (
            "feeds.moved.to: https://estran.example.org/old/feed.xml has moved itself",
            moved(old, "https://estran.example.org/old/feed.xml"),
        ),
        (
            "feeds.moved.to: https://estran.example.org/older has moved itself",
            moved(old, "https://estran.example.org/older") + &moved("/older", new),
        ),
    ];
    for (complaint, text) in cases {
        // Hubs belong to [feeds]; the tables of moved feeds come after it.
        let scene = match text.starts_with("hubs") {
            true => Scene::sample().config("[feeds]\n", &format!("[feeds]\n{text}")),
            false => Scene::sample().config("[digest]\n", &format!("{text}\n[digest]\n")),
        };
        let outcome = scene.run(&["publish"]);
        assert_eq!(outcome.code, 78, "{outcome:?}");
        assert!(
            without_numbers(&outcome.stderr).starts_with(&format!("gazetier: config.toml: {complaint}")),
            "{text}\n{}",
            outcome.stderr
        );
        assert_eq!(outcome.stderr.lines().count(), 1);
    } // A byline's feed is one for who has such feeds.
    let byline = |feeds: &str| {
        let scene = Scene::sample().config("[feeds]\n", &format!("[feeds]\n{feeds}"));
        scene
            .config("[digest]\n", &format!("{}\n[digest]\n", moved(old, "byline/maelle-corvaisan/rss.xml")))
            .run(&["publish"])
    };
    assert_eq!((byline("").code, byline("bylines = true\n").code), (78, 0));
}
