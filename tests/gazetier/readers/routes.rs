//! Every route, with what it lets in and what it says of itself: the code has no other, each behaves as its line says,
//! and docs/SECURITY.md shows the same lines.

use std::{fs, path::Path};

use super::{
    house::{Answer, House, at_home, read},
    mail::notes,
};
use crate::{
    desk::Open,
    support::{MONDAY, Scene, column},
};

/// A route, as its line in docs/SECURITY.md says it.
struct Route {
    /// Where the code makes it: the file below `src/web`, and what stands there.
    code: (&'static str, &'static str),
    path: &'static str,
    methods: &'static str,
    /// Who may.
    who: &'static str,
    /// What becomes of a form from a foreign page.
    foreign: &'static str,
    limit: &'static str,
    cache: &'static str,
    policy: &'static str,
}

const FEEDS: &str = "public, max-age=300, must-revalidate";
const A_DAY: &str = "public, max-age=86400";

/// A line of the table.
macro_rules! route {
    ($file:literal $code:literal, $path:literal, $methods:literal, $who:literal, $foreign:literal, $limit:literal,
        $cache:expr, $policy:literal) => {
        Route {
            code: ($file, $code),
            path: $path,
            methods: $methods,
            who: $who,
            foreign: $foreign,
            limit: $limit,
            cache: $cache,
            policy: $policy,
        }
    };
}

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    route!("mod.rs" "\"/healthz\"", "/healthz", "GET", "anybody", "-", "16 KiB", "no-store", "page"),
    route!("mod.rs" "\"/readyz\"", "/readyz", "GET", "anybody", "-", "16 KiB", "no-store", "page"),
    route!("mod.rs" "\"/favicon.ico\"", "/favicon.ico", "GET", "anybody", "-", "16 KiB", A_DAY, "page"),
    route!("mod.rs" "\"/metrics\"", "figures: /metrics", "GET", "web.metrics", "-", "16 KiB", "no-store", "page"),
    route!("feeds/mod.rs" "&mount", "/feeds/", "GET", "anybody", "-", "16 KiB", FEEDS, "feed page"),
    route!("feeds/mod.rs" "&format!(\"{mount}{{*path}}\")", "/feeds/{file}", "GET", "anybody", "-", "16 KiB", FEEDS, "feed"),
    route!("feeds/mod.rs" "bare", "/feeds", "GET", "anybody", "-", "16 KiB", A_DAY, "page"),
    route!("feeds/mod.rs" "rights::TDM_PATH", "/.well-known/tdmrep.json", "GET", "anybody", "-", "16 KiB", FEEDS, "page"),
    route!("feeds/mod.rs" "&place", "/{key}.txt", "GET", "anybody", "-", "16 KiB", FEEDS, "page"),
    route!("readers/mod.rs" "&mount", "/lettre/", "GET POST OPTIONS", "anybody", "refused", "16 KiB, 8 at once", "no-store", "page"),
    route!("readers/mod.rs" "&format!(\"{mount}confirm/{{token}}\")", "/lettre/confirm/{token}", "GET POST", "the token", "refused", "16 KiB", "no-store", "page"),
    route!("readers/mod.rs" "&format!(\"{mount}preferences/{{token}}\")", "/lettre/preferences/{token}", "GET POST", "the token", "refused", "16 KiB, 8 letters at once", "no-store", "page"),
    route!("readers/mod.rs" "&format!(\"{mount}preferences/{{token}}/data\")", "/lettre/preferences/{token}/data", "GET", "the token", "-", "16 KiB", "no-store", "page"),
    route!("readers/mod.rs" "bare", "/lettre", "GET POST OPTIONS", "anybody", "refused", "16 KiB, 8 at once", "no-store", "page"),
    route!("readers/mod.rs" "&leave", "/lettre/quitter/", "GET POST", "the token", "taken", "16 KiB, 8 letters at once", "no-store", "page"),
    route!("readers/mod.rs" "&format!(\"{leave}{{token}}\")", "/lettre/quitter/{token}", "GET POST", "the token", "taken", "16 KiB, 8 letters at once", "no-store", "page"),
    route!("archive.rs" "&mount", "/lettre/archive/", "GET", "anybody", "-", "16 KiB", FEEDS, "page"),
    route!("archive.rs" "&format!(\"{mount}atom.xml\")", "/lettre/archive/atom.xml", "GET", "anybody", "-", "16 KiB", FEEDS, "archive feed"),
    route!("archive.rs" "&format!(\"{mount}{{period}}\")", "/lettre/archive/{period}", "GET", "anybody", "-", "16 KiB", FEEDS, "letter"),
    route!("archive.rs" "bare", "/lettre/archive", "GET", "anybody", "-", "16 KiB", A_DAY, "page"),
    route!("desk/mod.rs" "&at(\"\")", "desk: /", "GET POST", "a session", "refused", "256 KiB", "no-store", "desk"),
    route!("desk/mod.rs" "&at(\"decide\")", "desk: /decide", "POST", "a session", "refused", "256 KiB", "no-store", "page"),
    route!("desk/mod.rs" "&at(\"proof\")", "desk: /proof", "POST", "a session", "refused", "256 KiB", "no-store", "desk"),
    route!("desk/mod.rs" "&at(\"retry\")", "desk: /retry", "POST", "a session", "refused", "256 KiB", "no-store", "page"),
    route!("desk/mod.rs" "&at(\"links\")", "desk: /links", "POST", "a session", "refused", "256 KiB", "no-store", "desk"),
    route!("desk/mod.rs" "&at(\"leave\")", "desk: /leave", "POST", "a session", "refused", "256 KiB", "no-store", "page"),
    route!("desk/mod.rs" "&at(\"past\")", "desk: /past", "GET", "a session", "-", "256 KiB", "no-store", "desk"),
    route!("desk/mod.rs" "&at(\"past/{period}\")", "desk: /past/{period}", "GET", "a session", "-", "256 KiB", "no-store", "desk"),
    route!("desk/mod.rs" "&at(\"preview/{period}\")", "desk: /preview/{period}", "GET", "a session", "-", "256 KiB", "no-store", "frame"),
    route!("desk/mod.rs" "&at(\"pictures/{column}\")", "desk: /pictures/{column}", "GET", "a session", "-", "256 KiB", "no-store", "picture"),
    route!("desk/mod.rs" "&at(\"watch\")", "desk: /watch", "GET", "a session", "-", "256 KiB", "no-store", "page"),
    route!("desk/mod.rs" "&at(\"enter/{token}\")", "desk: /enter/{token}", "GET POST", "the token", "refused", "256 KiB", "no-store", "desk"),
];

/// How each policy begins; all of them load nothing that they do not name.
fn policy(name: &str) -> &'static str {
    match name {
        "page" => "default-src 'none'; img-src 'self'; style-src 'sha256-",
        "feed page" => {
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-"
        }
        "feed" => "default-src 'none'; style-src ",
        "archive feed" => "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'",
        "letter" => "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:",
        "desk" => "default-src 'none'; style-src 'sha256-",
        "frame" => {
            "sandbox allow-popups allow-same-origin; default-src 'none'; img-src https: http:; style-src 'unsafe-inline'"
        }
        "picture" => "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        other => panic!("{other}"),
    }
}

#[test]
fn the_code_has_these_routes_and_no_others() {
    let mut found = Vec::new();
    for file in ["mod.rs", "archive.rs", "feeds/mod.rs", "readers/mod.rs", "desk/mod.rs"] {
        let text = fs::read_to_string(root().join(file)).expect("a source");
        for rest in text.split(".route(").skip(1) {
            found.push((file, first_argument(rest)));
        }
    }
    let mut listed: Vec<(&str, String)> = ROUTES.iter().map(|route| (route.code.0, route.code.1.to_owned())).collect();
    found.sort();
    listed.sort();
    assert_eq!(found, listed, "each route has its line here, and so in docs/SECURITY.md");
    // And there is no other place where routes are made.
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if !listed.iter().any(|(file, _)| path == root().join(file)) {
                let text = fs::read_to_string(&path).expect("a source");
                for word in [".route(", ".nest(", "route_service(", "nest_service(", "fallback_service("] {
                    assert!(!text.contains(word), "{}: {word}", path.display());
                }
            }
        }
    }
}

#[test]
fn the_threat_model_shows_the_same_lines() {
    let doc = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/SECURITY.md")).expect("a document");
    let (_, routes) = doc.split_once("## Every route").expect("the routes");
    let shown: Vec<&str> = routes.lines().filter(|line| line.starts_with("| `")).collect();
    let lines: Vec<String> = ROUTES
        .iter()
        .map(|r| {
            let Route { path, methods, who, foreign, limit, cache, policy, .. } = r;
            format!("| `{path}` | {methods} | {who} | {foreign} | {limit} | {cache} | {policy} |")
        })
        .collect();
    assert_eq!(shown, lines.iter().map(String::as_str).collect::<Vec<_>>());
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web")
}

/// What stands before the first comma that is in no bracket.
fn first_argument(text: &str) -> String {
    let mut depth = 0;
    let mut quoted = false;
    let end = text.find(|c| {
        match c {
            '"' => quoted = !quoted,
            '(' | '{' if !quoted => depth += 1,
            ')' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0 && !quoted
    });
    text[..end.expect("a comma")].split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One request.
fn ask(place: &str, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let length =
        if method == "GET" || method == "HEAD" { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    read(&House::raw_at(
        place,
        format!(
            "{method} {path} HTTP/1.1\r\nHost: estran.example.org\r\nConnection: close\r\n{length}{headers}\r\n{body}"
        )
        .as_bytes(),
    ))
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const FOREIGN: &str = "Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\n";

/// Whether a route answers as its line says, asked at a place with these headers.
fn judge(route: &Route, place: &str, path: &str, headers: &str, refused: &str) {
    let name = route.path;
    let methods: Vec<&str> = route.methods.split(' ').collect();
    for method in ["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"] {
        // A form that leaves nobody and changes nothing: what it asks for is unknown.
        let form = format!("{FORM}{headers}");
        let answer = ask(place, method, path, &form, if method == "POST" { refused } else { "" });
        let known = methods.contains(&method) || (method == "HEAD" && methods.contains(&"GET"));
        assert_eq!(answer.status != 405, known, "{name}: {method} {}", answer.status);
        assert!(answer.status < 500, "{name}: {method} {}", answer.status);
        for (header, value) in [("x-content-type-options", "nosniff"), ("cross-origin-opener-policy", "same-origin")] {
            assert_eq!(answer.header(header), value, "{name}: {method}");
        }
    }
    let shown = if methods.contains(&"GET") { "GET" } else { "POST" };
    let answer = ask(place, shown, path, &format!("{FORM}{headers}"), if shown == "POST" { refused } else { "" });
    assert_eq!(answer.header("cache-control"), route.cache, "{name}");
    let told = answer.header("content-security-policy");
    assert!(told.starts_with(policy(route.policy)), "{name}: {told}");
    let (form, size) = (format!("{FORM}{FOREIGN}{}", headers.replace("Origin", "X-Origin")), route.limit);
    match route.foreign {
        "refused" => assert_eq!(ask(place, "POST", path, &form, refused).status, 403, "{name}"),
        "taken" => assert_ne!(ask(place, "POST", path, &form, refused).status, 403, "{name}"),
        "-" => assert!(!methods.contains(&"POST"), "{name}"),
        other => panic!("{other}"),
    }
    let most = if size.starts_with("256") { 262_144 } else { 16_384 };
    if methods.contains(&"POST") {
        let long = format!("a={}", "a".repeat(most));
        assert_eq!(ask(place, "POST", path, &format!("{FORM}{headers}"), &long).status, 413, "{name}");
    }
}

#[test]
fn each_route_of_the_readers_is_as_its_line_says() {
    let scene = at_home(
        Scene::sample(),
        "metrics_listen = \"unix:figures.sock\"\nproxies = [\"127.0.0.0/8\"]\n\n[rights]\ntdm_reservation = true\n\n[search_engines]\nindexnow_key = \"a-key-of-ours\"",
    );
    scene.ok(&["run", "--at", MONDAY]);
    let house = House::open(&scene, &["--at", MONDAY]);
    assert_eq!(house.post("/lettre/", "email=zoe%40example.org").status, 200);
    assert_eq!(house.post("/lettre/", "email=alix%40example.org").status, 200);
    let links: Vec<String> = notes(&scene, 2).iter().map(super::mail::Note::link).collect();
    let letter = scene.letter_to("alix@example.org", "2026-W47");
    let leave = letter.split("List-Unsubscribe: <https://estran.example.org").nth(1).expect("a way out");
    let leave = leave.split('>').next().expect("an address");
    for (number, route) in ROUTES.iter().filter(|route| !route.path.starts_with("desk: ")).enumerate() {
        if route.path.starts_with("figures: ") {
            let answer = House::ask_socket(&scene.path("figures.sock"), "/metrics");
            assert_eq!((answer.status, answer.header("cache-control")), (200, route.cache));
            continue;
        }
        let path = match route.path {
            "/lettre/confirm/{token}" => links[0].clone(),
            "/lettre/preferences/{token}" => links[1].clone(),
            "/lettre/preferences/{token}/data" => format!("{}/data", links[1]),
            "/lettre/quitter/{token}" => leave.to_owned(),
            path => path.replace("{key}", "a-key-of-ours").replace("{file}", "rss.xml").replace("{period}", "2026-W47"),
        };
        // Each from a client of its own, whose limit is not met.
        let client = format!("X-Forwarded-For: 198.51.{number}.1\r\n");
        let body = if route.path == "/lettre/quitter/{token}" { "do=nothing" } else { "email=nobody&do=nothing&name=" };
        if route.path == "/lettre/confirm/{token}" {
            // Confirming is done once: what it says of itself is looked at, then what it takes.
            let long = "z".repeat(101);
            judge(route, &house.place, &path, &client, &format!("name={long}"));
        } else {
            judge(route, &house.place, &path, &client, body);
        }
        if route.who == "the token" && path.len() > 30 {
            let at = path.trim_end_matches("/data").rfind('/').expect("a token") + 6;
            let other = if &path[at..=at] == "a" { "b" } else { "a" };
            let forged = format!("{}{other}{}", &path[..at], &path[at + 1..]);
            assert_eq!(ask(&house.place, "GET", &forged, &client, "").status, 404, "{}", route.path);
        }
    }
}

#[test]
fn each_route_of_the_desk_is_as_its_line_says() {
    let scene = Scene::sample();
    scene.ok(&["run", "--at", MONDAY]);
    scene.put("columns/prochaine.md", &column("La prochaine", "edito", "2026-11-24"));
    scene.ok(&["sync", "--at", "2026-11-25T08:00"]);
    let desk = Open::at(&scene, "2026-11-25T08:00");
    let place = desk.base.strip_prefix("http://").expect("an address").to_owned();
    let entry = desk.way_in.strip_prefix(&desk.base).expect("a way in");
    let own = format!("Origin: {}\r\n", desk.base);
    let entered = ask(&place, "POST", entry, &format!("{FORM}{own}"), "");
    let cookie = entered.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    assert!(!cookie.is_empty());
    let seen = format!("{own}Cookie: {cookie}\r\n");
    let letter = ask(&place, "GET", "/preview/2026-W47?variant=", &seen, "").text();
    let picture = letter.split("src=\"/pictures/").nth(1).and_then(|rest| rest.split('"').next()).expect("a picture");
    for route in ROUTES.iter().filter(|route| route.path.starts_with("desk: ")) {
        let path = route.path.trim_start_matches("desk: ");
        let path = match path {
            "/enter/{token}" => entry.to_owned(),
            "/preview/{period}" => "/preview/2026-W48?variant=".to_owned(),
            path => path.replace("{period}", "2026-W47").replace("{column}", picture),
        };
        if route.who == "a session" {
            for method in route.methods.split(' ') {
                assert_eq!(ask(&place, method, &path, &own, "").status, 401, "{}: {method}", route.path);
            }
        }
        if route.path == "desk: /leave" {
            // It ends the session: what it lets in was looked at above, and the others need it.
            assert_eq!(ask(&place, "POST", &path, &format!("{FOREIGN}Cookie: {cookie}\r\n"), "").status, 403);
            continue;
        }
        judge(route, &place, &path, &format!("{own}Cookie: {cookie}\r\n"), "act=nothing&period=1999-W01");
    }
}
