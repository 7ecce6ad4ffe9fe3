//! What bounds those who ask too much: none of it may keep anybody else out.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{
    house::{House, at_home},
    mail::notes,
};
use crate::support::{MONDAY, Scene};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// A proxy before us that we believe.
fn behind_a_proxy(scene: Scene) -> Scene {
    at_home(scene, "proxies = [\"127.0.0.0/8\"]")
}

/// What a form comes to that a client at an address sends.
fn ask(house: &House, client: &str, email: &str) -> u16 {
    let headers = format!("{FORM}X-Forwarded-For: {client}\r\n");
    house.ask("POST", "/lettre/", &headers, &format!("email={email}")).status
}

#[test]
fn who_is_refused_spends_nothing_of_its_neighbours() {
    let house_of = |scene: &Scene| House::open(scene, &["--at", MONDAY]);
    let scene = behind_a_proxy(Scene::empty());
    let house = house_of(&scene);
    // What is wrong with the form is told before a letter is thought of, and counts all the same.
    let many: Vec<u16> = (0..60).map(|_| ask(&house, "198.51.100.1", "nobody")).collect();
    assert_eq!(many.iter().filter(|status| **status == 422).count(), 8, "{many:?}");
    assert_eq!(many.iter().filter(|status| **status == 429).count(), 52, "{many:?}");
    for neighbour in 2..20 {
        assert_eq!(ask(&house, &format!("198.51.100.{neighbour}"), "nobody"), 422, "{neighbour}");
    }
    // In IPv6, all addresses of a /64 are one client, and the next one is a neighbour.
    let many: Vec<u16> = (0..60).map(|n| ask(&house, &format!("2001:db8:1:1::{n:x}"), "nobody")).collect();
    assert_eq!(many.iter().filter(|status| **status == 422).count(), 8, "{many:?}");
    assert_eq!(ask(&house, "2001:db8:1:2::1", "nobody"), 422);
}

#[test]
fn a_mailbox_gets_no_more_letters_under_many_addresses() {
    for scene in [behind_a_proxy(Scene::empty()), behind_a_proxy(Scene::empty().on_postgres())] {
        scene.put("list.csv", "email\nknown@example.org\n");
        scene.ok(&["subscribers", "import", "list.csv", "--at", MONDAY]);
        let house = House::open(&scene, &["--at", MONDAY]);
        let client = |n: usize| format!("203.0.{n}.1");
        let told: Vec<u16> = (0..20).map(|n| ask(&house, &client(n), &format!("Alix%2B{n}%40example.org"))).collect();
        assert_eq!(told, [[200; 8].as_slice(), &[429; 12]].concat());
        let letters = notes(&scene, 8);
        let mine = |to: &str| to.to_lowercase().starts_with("alix");
        assert_eq!(letters.iter().filter(|letter| mine(&letter.to)).count(), 8);
        // What the page says is true: the ninth has no letter, and nothing was kept of it.
        let headers = format!("{FORM}X-Forwarded-For: 203.0.99.1\r\n");
        let refused = house.ask("POST", "/lettre/?lang=en", &headers, "email=alix%40example.org");
        assert_eq!((refused.status, refused.header("retry-after")), (429, "86400"));
        assert!(refused.text().contains("<h1>Too many messages today</h1>"), "{}", refused.text());
        let script = "Content-Type: application/json\r\nX-Forwarded-For: 203.0.99.2\r\n";
        let refused = house.ask("POST", "/lettre/?lang=en", script, "{\"email\": \"alix+x@example.org\"}");
        let value: serde_json::Value = serde_json::from_slice(&refused.body).expect("JSON");
        assert_eq!((refused.status, value["error"].as_str()), (429, Some("rate")));
        // Who asked before has a link, which is good for the new wish.
        assert_eq!(ask(&house, "203.0.98.1", "alix%2B3%40example.org"), 200);
        // Whether an address of the mailbox has joined cannot be told from that.
        for n in 0..8 {
            assert_eq!(ask(&house, &format!("203.1.{n}.1"), &format!("known%2B{n}%40example.org")), 200);
        }
        assert_eq!(ask(&house, "203.1.50.1", "known%40example.org"), 429);
        // Others are not concerned, and tomorrow is another day.
        assert_eq!(ask(&house, "203.0.97.1", "maelle%40example.org"), 200);
        drop(house);
        let house = House::open(&scene, &["--at", "2026-11-24T08:01"]);
        assert_eq!(ask(&house, "203.0.96.1", "alix%40example.org"), 200);
    }
}

#[test]
fn a_letter_that_was_refused_is_no_link() {
    let scene = at_home(Scene::empty(), "");
    let house = House::open(&scene, &["--at", MONDAY]);
    assert_eq!(house.post("/lettre/", "email=alix%40example.org").status, 200);
    notes(&scene, 1);
    // Asked again at once, there is one.
    assert_eq!(house.post("/lettre/", "email=alix%40example.org").status, 200);
    notes(&scene, 1);
    scene.sql("UPDATE service_letters SET state = 'failed'");
    assert_eq!(house.post("/lettre/", "email=alix%40example.org").status, 200);
    notes(&scene, 2);
}

#[test]
fn forms_are_taken_from_our_pages_and_the_magazines() {
    let scene = at_home(
        Scene::empty(),
        "origins = [\"https://www.estran.example.org\"]\nurl = \"https://lettre.estran.example.org/lettre/\"",
    );
    let house = House::open(&scene, &["--at", MONDAY]);
    assert_eq!(house.get("/lettre/").header("referrer-policy"), "strict-origin", "or the form's Origin were null");
    let sent = |headers: &str| house.ask("POST", "/lettre/", &format!("{FORM}{headers}"), "email=nobody").status;
    for own in [
        "",
        "Origin: https://lettre.estran.example.org\r\n",
        "Origin: https://estran.example.org\r\n",
        "Origin: https://www.estran.example.org\r\nSec-Fetch-Site: same-site\r\n",
        "Origin: https://www.estran.example.org\r\nSec-Fetch-Site: cross-site\r\n",
        "Origin: null\r\nSec-Fetch-Site: same-origin\r\n",
        "Origin: http://127.0.0.1:8380\r\nSec-Fetch-Site: same-origin\r\n",
    ] {
        // Each reaches the form, and is told what is wrong with it, or that it asks too often.
        assert!(matches!(sent(own), 422 | 429), "{own}");
    }
    let foreign = [
        "Origin: https://evil.example\r\n",
        "Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\n",
        "Origin: https://other.example.org\r\nSec-Fetch-Site: same-site\r\n",
        "Origin: null\r\n",
        "Origin: null\r\nSec-Fetch-Site: cross-site\r\n",
        "Origin: https://estran.example.org.evil.example\r\n",
        "Origin: http://estran.example.org:8080\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
    ];
    for foreign in foreign {
        assert_eq!(sent(foreign), 403, "{foreign}");
    }
    let page = house.ask("POST", "/lettre/?lang=en", &format!("{FORM}{}", foreign[0]), "email=a%40example.org");
    assert!(page.text().contains("<h1>This request comes from another page</h1>"), "{}", page.text());
    // A form that says it is none of a form's kinds is no script's call.
    let plain = "Content-Type: text/plain\r\nOrigin: https://evil.example\r\n";
    assert_eq!(house.ask("POST", "/lettre/", plain, "{\"email\": \"a@example.org\"}").status, 403);
    assert_eq!(scene.files("outbox"), Vec::<String>::new());
}

/// A mail program's POST is taken wherever it says that it comes from; the button that has a letter sent is not.
#[test]
fn leaving_by_one_click_asks_for_no_origin() {
    let scene = at_home(Scene::empty(), "");
    scene.put("list.csv", "email\nalix@example.org\n");
    scene.put("columns/a.md", &crate::support::column("Une marée", "edito", "2026-11-19"));
    scene.ok(&["subscribers", "import", "list.csv", "--at", "2026-11-19"]);
    scene.ok(&["run", "--at", MONDAY]);
    let letter = scene.letter_to("alix@example.org", "2026-W47");
    let token = letter.split("/lettre/quitter/").nth(1).and_then(|rest| rest.split('>').next()).expect("a token");
    let token: String = token.split_whitespace().collect();
    let house = House::open(&scene, &["--at", MONDAY]);
    let path = format!("/lettre/quitter/{token}");
    let foreign = format!("{FORM}Origin: https://webmail.example\r\nSec-Fetch-Site: cross-site\r\n");
    assert_eq!(house.ask("POST", &path, &foreign, "do=preferences").status, 403);
    assert!(scene.ok(&["subscribers", "list"]).contains("\tactive\t"));
    assert_eq!(house.ask("POST", &path, &foreign, "List-Unsubscribe=One-Click").status, 200);
    assert!(scene.ok(&["subscribers", "list"]).contains("\tunsubscribed\t"));
}

/// Connections from one address of this machine.
fn connect(from: [u8; 4], to: SocketAddr) -> TcpStream {
    use rustix::net::{AddressFamily, SocketAddrV4, SocketType, bind, connect, socket};
    let line = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&line, &SocketAddrV4::new(Ipv4Addr::from(from), 0)).expect("an address of ours");
    connect(&line, &to).expect("a connection");
    line.into()
}

#[test]
fn unfinished_heads_keep_nobody_waiting() {
    let scene = at_home(Scene::sample(), "connections = 1024");
    let house = House::open(&scene, &[]);
    let place: SocketAddr = house.place.parse().expect("an address");
    let mut open = Vec::new();
    for client in 1..=4 {
        for _ in 0..256 {
            let mut line = connect([127, 0, 0, client], place);
            line.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ").expect("half a head");
            open.push(line);
        }
    }
    // And some that have been answered, and ask for nothing more.
    let begun = Instant::now();
    for _ in 0..20 {
        let mut line = connect([127, 0, 0, 9], place);
        line.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        line.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request");
        let mut answer = [0; 12];
        line.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 200");
        open.push(line);
    }
    // Before, the first of them waited for as long as a head may take: ten seconds.
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}
