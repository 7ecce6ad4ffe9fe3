//! The archive of editions: everybody's, with nobody's name in it.

use super::{
    house::{House, at_home},
    mail::notes,
};
use crate::support::{MONDAY, Scene};

fn scene() -> Scene {
    let archive = "archive_url = \"https://estran.example.org/lettre/archive/\"\nlist_id";
    at_home(Scene::sample().config("list_id", archive), "")
}

#[test]
fn each_edition_has_its_page_and_nothing_personal_in_it() {
    for scene in [scene(), scene().on_postgres()] {
        let house = House::open(&scene, &["--at", MONDAY]);
        assert!(house.get("/lettre/archive/").text().contains("Aucune lettre n’est encore parue."));
        assert_eq!(house.get("/lettre/archive/2026-W47").status, 404);
        scene.ok(&["run", "--at", MONDAY]);
        let index = house.get("/lettre/archive/");
        assert!(index.text().contains("<a href=\"/lettre/archive/2026-W47\">"), "{}", index.text());
        assert!(index.text().contains("<time datetime=\"2026-11-23\">23\u{a0}novembre</time>"), "{}", index.text());

        // The letter leads there.
        let letter = mail_parser::MessageParser::default()
            .parse(scene.letter_to("alix@example.org", "2026-W47").as_bytes())
            .expect("a letter")
            .body_html(0)
            .expect("HTML")
            .into_owned();
        assert!(letter.contains("href=\"https://estran.example.org/lettre/archive/2026-W47\""));

        let page = house.get("/lettre/archive/2026-W47");
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        let text = page.text();
        for personal in ["quitter/", "subscriber0token", "alix@", "Alix", "Vous recevez cette lettre", "Se désabonner"]
        {
            assert!(!text.contains(personal), "{personal}");
        }
        // Apart from that, it is the letter.
        assert!(text.contains("href=\"https://estran.example.org/lettre/\"") && text.contains(">La recevoir<"));
        assert!(text.contains("<link rel=\"canonical\" href=\"https://estran.example.org/lettre/archive/2026-W47\">"));
        assert_eq!(text.matches("<h3").count(), letter.matches("<h3").count());
        assert_eq!(text.matches("</body>").count(), 1);

        let again =
            house.ask("GET", "/lettre/archive/2026-W47", &format!("If-None-Match: {}\r\n", page.header("etag")), "");
        assert_eq!((again.status, again.body.len()), (304, 0));
        let packed = house.ask("GET", "/lettre/archive/2026-W47", "Accept-Encoding: br\r\n", "");
        assert_eq!(packed.header("content-encoding"), "br");
        for strange in ["2026-W46", "2026-W47/", "'; DROP TABLE editions; --", "..%2f2026-W47", "atom.xml/"] {
            let status = house.get(&format!("/lettre/archive/{}", strange.replace(' ', "%20"))).status;
            assert_eq!(status, 404, "{strange}");
        }
        assert_eq!(house.get("/lettre/archive").header("location"), "/lettre/archive/");
    }
}

#[test]
fn a_column_that_is_called_like_our_own_words_keeps_its_title() {
    let scene = scene();
    let why = "Vous recevez cette lettre parce que vous en avez demandé l’envoi.";
    for (name, title) in [("x", "Se désabonner"), ("y", why), ("z", "Lire cette lettre en ligne")] {
        scene.put(&format!("columns/{name}.md"), &crate::support::column(title, "humeur", "2026-11-20"));
    }
    scene.ok(&["run", "--at", MONDAY]);
    let house = House::open(&scene, &["--at", MONDAY]);
    let text = house.get("/lettre/archive/2026-W47").text();
    for (phrase, times) in [("Se désabonner", 1), (why, 1), ("Lire cette lettre en ligne", 1)] {
        assert_eq!(text.matches(&format!(">{phrase}</a></h3>")).count(), times, "{phrase}");
        // The table of contents names it as well.
        let elsewhere =
            text.matches(&format!(">{phrase}<")).count() - text.matches(&format!(">{phrase}</a></li>")).count();
        assert_eq!(elsewhere, times, "{phrase}");
    }
    assert!(text.contains(">Cette lettre vient à qui la demande.<") && text.contains(">La recevoir<"));
}

#[test]
fn what_nobody_has_got_is_not_shown() {
    let scene = scene();
    scene.ok(&["run", "--at", "2026-11-16T08:00"]);
    let outcome = scene.run(&["run", "--at", "2026-11-23T22:00"]);
    assert!(outcome.stderr.contains("letters are held"), "{outcome:?}");
    let house = House::open(&scene, &["--at", "2026-11-23T22:00"]);
    assert_eq!(house.get("/lettre/archive/2026-W47").status, 404);
    let index = house.get("/lettre/archive/").text();
    assert!(index.contains("2026-W46") && !index.contains("2026-W47"), "{index}");
    scene.ok(&["digest", "send", "--at", "2026-11-23T22:10"]);
    assert_eq!(house.get("/lettre/archive/2026-W47").status, 200);
    notes(&scene, 0);
}

#[test]
fn the_feed_of_editions_is_valid_and_read_by_others() {
    let scene = scene().config("subject = \"{lead}\"", "subject = \"<b>{lead}</b> & ]]>\"");
    scene.ok(&["run", "--at", "2026-11-16T08:00"]);
    scene.ok(&["run", "--at", MONDAY]);
    let house = House::open(&scene, &["--at", MONDAY]);
    let answer = house.get("/lettre/archive/atom.xml");
    assert_eq!(answer.header("content-type"), "application/atom+xml; charset=utf-8");
    let config = gazetier::config::Config::load(&scene.path("config.toml")).expect("a configuration");
    let at = config.magazine.zone.parse(MONDAY).expect("an instant");
    let url = "https://estran.example.org/lettre/archive/atom.xml";
    assert_eq!(crate::validator::of_atom(&answer.text(), url, at), [""; 0]);
    let feed = feed_rs::parser::parse(answer.body.as_slice()).expect("a feed");
    assert_eq!(feed.title.expect("a title").content, "L’Estran — La lettre de la semaine");
    let entries: Vec<_> = feed.entries.iter().map(|entry| (entry.id.as_str(), entry.links[0].href.as_str())).collect();
    assert_eq!(
        entries,
        [
            (
                "tag:estran.example.org,2026-01-01:edition/2026-W47",
                "https://estran.example.org/lettre/archive/2026-W47"
            ),
            (
                "tag:estran.example.org,2026-01-01:edition/2026-W46",
                "https://estran.example.org/lettre/archive/2026-W46"
            ),
        ]
    );
    let body = feed.entries[0].content.as_ref().and_then(|content| content.body.as_deref()).expect("a text");
    assert!(body.contains("<h2><a href=\"https://estran.example.org/chroniques/"), "{body}");
}
