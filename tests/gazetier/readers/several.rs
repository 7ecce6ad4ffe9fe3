//! Several magazines in one `serve`: each is answered under its own hosts, and nobody meets another's.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use super::house::{Answer, House, at_home, read};
use crate::support::{MONDAY, Scene};

const TAGLINE: &str = "tagline = ";

/// A magazine whose addresses are all under a host.
fn magazine(host: &str, name: &str) -> Scene {
    let scene = at_home(Scene::sample(), "metrics_listen = \"unix:figures.sock\"");
    let text = scene.read("config.toml").replace("estran.example.org", host);
    let text = text.replacen("# url = \"https://desk.", "url = \"https://desk.", 1).replace("L’Estran", name);
    scene.put("config.toml", &text);
    scene.ok(&["sync", "--at", MONDAY]);
    scene.ok(&["publish", "--at", MONDAY]);
    scene
}

fn with(other: &Scene) -> Vec<String> {
    ["--with".to_owned(), other.path("config.toml").display().to_string(), "--at".to_owned(), MONDAY.to_owned()].into()
}

fn open(scene: &Scene, other: &Scene) -> House {
    let arguments = with(other);
    House::open(scene, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn ask(house: &House, host: &str, path: &str) -> Answer {
    read(&house.raw(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()))
}

#[test]
fn each_is_answered_under_its_own_hosts() {
    let (one, other) = (magazine("estran.example.org", "L’Estran"), magazine("large.example.org", "Le Large"));
    let house = open(&one, &other);
    // The second time, feeds come from what is at hand.
    for _ in 0..2 {
        for (host, name) in [
            ("estran.example.org", "<title>L’Estran</title>"),
            ("large.example.org", "<title>Le Large</title>"),
            ("LARGE.example.org.:8380", "<title>Le Large</title>"),
        ] {
            let answer = ask(&house, host, "/feeds/rss.xml");
            assert!(answer.status == 200 && answer.text().contains(name), "{host}: {}", answer.text());
            assert!(ask(&house, host, "/lettre/").text().contains(name.trim_matches(|c| "<>/title".contains(c))));
        }
        let whole = read(&house.raw(
            b"GET http://large.example.org/feeds/rss.xml HTTP/1.1\r\nHost: estran.example.org\r\nConnection: close\r\n\r\n",
        ));
        assert!(whole.text().contains("<title>Le Large</title>"), "an address that is told whole outranks the field");
    }
    for path in ["/feeds/rss.xml", "/lettre/", "/"] {
        for host in ["ailleurs.example.org", "127.0.0.1", ""] {
            let answer = ask(&house, host, path);
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (421, "no magazine here has this host\n"),
                "{host} {path}"
            );
        }
    }
    // Who watches the program knows no host.
    for path in ["/healthz", "/readyz"] {
        assert_eq!(ask(&house, "127.0.0.1", path).status, 200);
    }
    // The figures of each, under the one address that Prometheus knows.
    let figures = |query: &str| House::ask_socket(&one.path("figures.sock"), &format!("/metrics{query}"));
    for query in ["?host=estran.example.org", "?host=Large.example.org"] {
        assert!(
            figures(query).text().contains("gazetier_subscribers{state=\"active\"} 3"),
            "{query}: {}",
            figures(query).text()
        );
    }
    let answered = |query: &str| {
        let text = figures(query).text();
        let line = text.lines().find_map(|line| line.strip_prefix("gazetier_requests_total{status=\"2xx\"} "));
        line.expect("a figure").parse::<u32>().expect("a number")
    };
    let before = ["?host=estran.example.org", "?host=large.example.org"].map(answered);
    assert_eq!(ask(&house, "large.example.org", "/feeds/atom.xml").status, 200);
    let after = ["?host=estran.example.org", "?host=large.example.org"].map(answered);
    // Each question for figures is an answer, too.
    assert_eq!((after[0] - before[0], after[1] - before[1]), (1, 2));
    let lost = figures("");
    assert_eq!(lost.status, 421);
    assert_eq!(lost.text(), "say whose figures: ?host= with one of estran.example.org, large.example.org\n");
    // Who subscribes gets the letter of the magazine that was asked.
    let form = "email=lea%40example.org";
    let request = format!(
        "POST /lettre/ HTTP/1.1\r\nHost: large.example.org\r\nConnection: close\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let answer = read(&house.raw(request.as_bytes()));
    assert!(answer.status < 400, "{}", answer.text());
    let letters = |scene: &Scene| {
        let folder = std::fs::read_dir(scene.path("outbox"));
        folder.map_or(0, |folder| folder.filter_map(Result::ok).filter(|entry| entry.path().is_file()).count())
    };
    let end = Instant::now() + Duration::from_secs(20);
    while letters(&other) == 0 {
        assert!(Instant::now() < end, "the letter with the link");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(letters(&one), 0);
}

#[test]
fn what_could_be_taken_for_one_another_is_refused() {
    let (one, other) = (magazine("estran.example.org", "L’Estran"), magazine("large.example.org", "Le Large"));
    let refused = |scene: &Scene, other: &Scene| {
        let arguments = with(other);
        let arguments: Vec<&str> = ["serve"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        let outcome = scene.run(&arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (78, ""), "{outcome:?}");
        outcome
            .stderr
            .replace(&other.path("").display().to_string(), "OTHER/")
            .replace(&scene.path("").display().to_string(), "")
    };
    let told = refused(&one, &one);
    assert_eq!(
        told,
        "gazetier: OTHER/config.toml: its pages are under estran.example.org, as those of config.toml: magazines in one \
         serve need hosts of their own\n"
    );
    other.reconfigure("https://desk.large.example.org/", "https://desk.estran.example.org/");
    assert_eq!(
        refused(&one, &other),
        "gazetier: OTHER/config.toml: its desk is under desk.estran.example.org, as that of config.toml: magazines in one \
         serve need hosts of their own\n"
    );
    other.reconfigure("url = \"https://desk.estran.example.org/\"", "# no address");
    assert_eq!(
        refused(&one, &other),
        "gazetier: OTHER/config.toml: desk.url is missing: several desks are told apart by their hosts\n"
    );
}

#[test]
fn all_are_read_again_or_none() {
    let (one, other) = (magazine("estran.example.org", "L’Estran"), magazine("large.example.org", "Le Large"));
    let mut house = open(&one, &other);
    let id = house.process().id().to_string();
    let hang_up = || assert!(Command::new("kill").args(["-s", "HUP", &id]).status().expect("kill").success());
    let names = |house: &House| {
        ["estran.example.org", "large.example.org"].map(|host| {
            let page = ask(house, host, "/lettre/").text();
            let known = ["L’Estran", "La Marée", "Le Large", "La Houle"];
            known.into_iter().find(|name| page.contains(name)).expect("a name")
        })
    };
    let until = |house: &House, expected: [&str; 2]| {
        let end = Instant::now() + Duration::from_secs(10);
        while names(house) != expected {
            assert!(Instant::now() < end, "{:?}", names(house));
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    assert_eq!(names(&house), ["L’Estran", "Le Large"]);
    one.put("config.toml", &one.read("config.toml").replace("L’Estran", "La Marée"));
    other.put("config.toml", &other.read("config.toml").replace(TAGLINE, "tag line = "));
    hang_up();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(names(&house), ["L’Estran", "Le Large"]);
    other.put("config.toml", &other.read("config.toml").replace("tag line = ", TAGLINE));
    other.put("config.toml", &other.read("config.toml").replace("Le Large", "La Houle"));
    hang_up();
    until(&house, ["La Marée", "La Houle"]);
}
