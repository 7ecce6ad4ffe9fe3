//! What machines are told of the magazine's rights: the same in all forms, headers and files, and nothing where nothing is
//! stated.

use gazetier::{config::Config, model::Instant};

use crate::{
    serving::Server,
    support::{MONDAY, Scene},
    validator,
};

const RIGHTS: &str = "[rights]\n\
    license = \"https://creativecommons.org/licenses/by-nd/4.0/\"\n\
    tdm_reservation = true\n\
    tdm_policy = \"https://estran.example.org/fouille.json?a=1&b=2\"\n\n\
    [rights.rsl]\n\
    permits = [\"search\", \"ai-index\"]\n\
    prohibits = [\"ai-train\"]\n\
    payment = \"subscription\"\n\
    payment_url = \"https://estran.example.org/conditions?a=1&b=2\"\n\n";

fn stated() -> Scene {
    Scene::sample().config("[digest]\n", &format!("{RIGHTS}[digest]\n"))
}

#[test]
fn all_forms_say_the_same_and_are_valid() {
    let scene = stated();
    scene.ok(&["run", "--at", MONDAY]);
    let (rss, atom) = (scene.read("feeds/rss.xml"), scene.read("feeds/atom.xml"));
    let json: serde_json::Value = serde_json::from_str(&scene.read("feeds/feed.json")).expect("JSON");
    let config = Config::load(&scene.path("config.toml")).expect("a configuration");
    let at: Instant = "2026-11-23T07:00:00Z".parse().expect("an instant");
    let files = ["rss.xml", "atom.xml", "feed.json"]
        .map(|form| (form.to_owned(), std::fs::read(scene.path(&format!("feeds/{form}"))).expect("a feed")));
    assert_eq!(validator::findings(&config, None, &files, at), Vec::<String>::new());
    let head = |text: &str, item: &str| text.split(item).next().expect("a head").to_owned();
    let first = rss.split("<rsl:content").nth(1).and_then(|rest| rest.split("</rsl:content>").next()).expect("terms");
    insta::assert_snapshot!(
        "rights",
        [
            head(&rss, "<item>"),
            format!("<rsl:content{first}</rsl:content>"),
            head(&atom, "<entry>"),
            serde_json::to_string_pretty(&json["_rights"]).expect("JSON"),
            scene.read("feeds/rsl.xml"),
            scene.read("feeds/tdmrep.json"),
            scene.ok(&["feeds", "snippet", "robots"]),
        ]
        .join("\n")
    );
    assert_eq!(rss.matches("<rsl:content").count(), rss.matches("<item>").count());
}

#[test]
fn what_is_stated_no_more_is_taken_away_and_what_is_others_stays() {
    let scene = stated();
    scene.ok(&["run", "--at", MONDAY]);
    let nothing = Scene::sample();
    nothing.put("feeds/tdmrep.json", "[{\"location\": \"/\", \"tdm-reservation\": 0}]");
    nothing.put("feeds/rsl.xml", "<rsl/>");
    nothing.ok(&["run", "--at", MONDAY]);
    assert_eq!(nothing.read("feeds/rsl.xml"), "<rsl/>");
    assert!(nothing.path("feeds/tdmrep.json").exists());
    scene.reconfigure(RIGHTS, "");
    scene.ok(&["run", "--at", MONDAY]);
    for file in ["rsl.xml", "tdmrep.json"] {
        assert!(!scene.path(&format!("feeds/{file}")).exists(), "{file}");
    }
    for form in ["rss.xml", "atom.xml", "feed.json"] {
        assert_eq!(scene.read(&format!("feeds/{form}")), nothing.read(&format!("feeds/{form}")), "{form}");
    }
    assert_eq!(scene.ok(&["feeds", "snippet", "robots"]).trim(), "");
}

#[test]
fn servers_say_it_with_each_file() {
    let scene = stated();
    scene.ok(&["run", "--at", MONDAY]);
    let feed_links = [
        "<https://creativecommons.org/licenses/by-nd/4.0/>; rel=\"license\"",
        "<https://estran.example.org/feeds/rsl.xml>; rel=\"license\"; type=\"application/rsl+xml\"",
    ];
    for (name, server) in
        [("nginx", Server::nginx(&scene)), ("caddy", Server::caddy(&scene)), ("gazetier", Server::gazetier(&scene))]
    {
        for path in ["/feeds/rss.xml", "/feeds/edito/feed.json", "/feeds/"] {
            let answer = server.get(path, "");
            assert_eq!(
                (answer.status, answer.header("tdm-reservation"), answer.header("tdm-policy")),
                (200, "1", "https://estran.example.org/fouille.json?a=1&b=2"),
                "{name} {path}"
            );
            for link in feed_links {
                assert!(answer.links().contains(&link), "{name} {path}: {:?}", answer.links());
            }
        }
        let rsl = server.get("/feeds/rsl.xml", "");
        assert_eq!((rsl.status, rsl.header("content-type")), (200, "application/rsl+xml"), "{name}");
        let tdm = server.get("/.well-known/tdmrep.json", "");
        assert_eq!((tdm.status, tdm.header("content-type")), (200, "application/json"), "{name}");
        assert_eq!(String::from_utf8_lossy(&tdm.body), scene.read("feeds/tdmrep.json"), "{name}");
    }
    let plain = Scene::sample();
    plain.ok(&["run", "--at", MONDAY]);
    let server = Server::gazetier(&plain);
    assert_eq!(server.get("/feeds/rss.xml", "").header("tdm-reservation"), "");
    assert_eq!(server.get("/.well-known/tdmrep.json", "").status, 404);
    assert_eq!(server.get("/feeds/rsl.xml", "").status, 404);
}

#[test]
fn what_no_machine_would_understand_is_refused() {
    for (text, told) in [
        ("license = \"cc-by\"", "rights.license: \"cc-by\" is no web address"),
        ("tdm_policy = \"https://a.example/\"", "rights.tdm_policy: it tells how to get what is reserved"),
        ("[rights.rsl]\npermits = [\"reading\"]", "rights.rsl.permits: \"reading\" is no use that RSL knows"),
        (
            "[rights.rsl]\npermits = [\"search\"]\nprohibits = [\"search\"]",
            "rights.rsl.prohibits: \"search\" is permitted",
        ),
        ("[rights.rsl]\npayment = \"free\"", "rights.rsl: it says nothing"),
        ("[rights.rsl]\npermits = [\"all\"]\npayment = \"beer\"", "rights.rsl.payment: \"beer\" is no payment"),
        (
            "[rights.rsl]\npermits = [\"all\"]\npayment_url = \"https://a.example/\"",
            "rights.rsl.payment: it is missing",
        ),
    ] {
        let outcome = Scene::sample().config("[digest]\n", &format!("[rights]\n{text}\n\n[digest]\n")).run(&["status"]);
        assert!(outcome.code == 78 && outcome.stderr.contains(told), "{text}: {outcome:?}");
    }
}
