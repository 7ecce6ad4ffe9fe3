//! One letter a day for readers who ask for it: what is due on one day comes as one letter, and whatever becomes of that
//! costs nobody a column.

mod random;
mod ways;

use gazetier::model::token;

use crate::{
    readers::{
        house::{House, at_home},
        mail::notes,
    },
    store::slug,
    support::{MONDAY, Scene, column},
};

/// A second newsletter, at the hour of the first one, and the first without its rubrique.
const SECOND: &str = r#"[[newsletters]]
name = "carnet"
title = "Le Carnet du soir"
schedule = "Mon 07:30"
rubriques = ["carnet"]
subject = "Carnet : {lead}"

[digest]
rubriques = ["edito", "humeur"]
"#;

/// Three readers: of both newsletters as one letter, of both in two, and of the second one alone.
fn scene(scene: Scene, second: &str) -> Scene {
    let scene = at_home(scene.config("[digest]\n", second), "");
    scene.put("digest.csv", "email,one_a_day\nune@example.org,yes\ndeux@example.org,\n");
    scene.put("carnet.csv", "email\nune@example.org\ndeux@example.org\nseule@example.org\n");
    scene.ok(&["subscribers", "import", "digest.csv", "--at", "2026-11-10T07:00"]);
    scene.ok(&["subscribers", "import", "carnet.csv", "--newsletter", "carnet", "--at", "2026-11-10T07:00"]);
    scene.put("columns/a.md", &column("Une marée", "edito", "2026-11-19"));
    scene.put("columns/b.md", &column("Un coup de tabac", "humeur", "2026-11-18"));
    scene.put("columns/c.md", &column("Note du phare", "carnet", "2026-11-19"));
    scene.put("columns/d.md", &column("Note du quai", "carnet", "2026-11-18"));
    scene
}

fn letter(scene: &Scene, address: &str, period: &str) -> mail_parser::Message<'static> {
    let letter = scene.letter_to(address, period);
    mail_parser::MessageParser::default().parse(letter.as_bytes()).expect("a letter").into_owned()
}

#[test]
fn newsletters_due_at_once_come_as_one_letter() {
    for scene in [scene(Scene::empty(), SECOND), scene(Scene::empty().on_postgres(), SECOND)] {
        let sent = scene.run(&["run", "--at", MONDAY]);
        assert_eq!((sent.code, sent.stderr.as_str()), (0, ""));
        assert_eq!(
            scene.posted(),
            [
                "2026-W47 deux@example.org",
                "2026-W47 une@example.org",
                "carnet-2026-W47 deux@example.org",
                "carnet-2026-W47 seule@example.org",
            ]
        );
        let letter = letter(&scene, "une@example.org", "2026-W47");
        let (text, html) = (letter.body_text(0).expect("a text"), letter.body_html(0).expect("a page"));
        let text = text.replace("\r\n", "\n");
        assert!(letter.header_raw("List-Id").unwrap_or_default().contains("<lettre.estran"), "{letter:?}");
        for title in ["Une marée", "Un coup de tabac", "Note du phare", "Note du quai"] {
            assert_eq!(text.matches(&format!("{title}\n")).count(), 1, "{title}: {text}");
            assert_eq!(html.matches(&format!(">{title}</a>")).count(), 1, "{title}: {html}");
        }
        insta::assert_snapshot!("two_newsletters_as_one", without_tokens(&scene, &text));
        // Each has its own way out: one click leaves that newsletter alone.
        let ways: Vec<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("https://estran.example.org/lettre/quitter/"))
            .map(str::to_owned)
            .collect();
        assert_eq!(ways, [way(&scene, "une@example.org", "digest"), way(&scene, "une@example.org", "carnet")]);
        assert!(ways.iter().all(|way| html.contains(way.as_str())), "{html}");
        let house = House::open(&scene, &["--at", "2026-11-24T08:00"]);
        assert_eq!(house.post(&format!("/lettre/quitter/{}", ways[1]), "List-Unsubscribe=One-Click").status, 200);
        drop(house);
        assert_eq!(
            scene.pairs(
                "SELECT p.newsletter, p.state FROM subscriptions p JOIN subscribers s ON s.id = p.subscriber_id \
                 WHERE s.address = 'une@example.org' ORDER BY p.newsletter"
            ),
            [("carnet".to_owned(), "unsubscribed".to_owned()), ("digest".to_owned(), "active".to_owned())]
        );
        let status = scene.ok(&["digest", "status", "--at", "2026-11-24T08:00"]);
        assert!(status.contains("sent: 2 of 3 letters sent, 1 in another letter"), "{status}");
        // Nothing more to do, now or later.
        assert_eq!(scene.ok(&["run", "--at", "2026-11-24T08:00"]), "");
        assert_eq!(scene.posted().len(), 4);
    }
}

/// A text with the store's own tokens left out.
fn without_tokens(scene: &Scene, text: &str) -> String {
    let own = [way(scene, "une@example.org", "digest"), way(scene, "une@example.org", "carnet")];
    text.replace(&own[0], "[digest]").replace(&own[1], "[carnet]")
}

/// What stands at the end of a reader's way out of a newsletter.
fn way(scene: &Scene, address: &str, newsletter: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = gazetier::store::Store::open(&scene.store_url()).await.expect("a store");
        let address = address.parse().expect("an address");
        let known = store.subscriber_at(&slug(newsletter), &address).await.expect("a store").expect("a reader");
        token::unsubscribe(store.key(), &slug(newsletter), known.reader)
    })
}

#[test]
fn what_is_due_later_that_day_is_waited_for() {
    let later = SECOND.replace("Mon 07:30", "daily 18:00");
    for scene in [scene(Scene::empty(), &later), scene(Scene::empty().on_postgres(), &later)] {
        // Ahead of the database's clock, by which letters wait.
        scene.put("columns/e.md", &column("Une écluse", "edito", "2027-02-25"));
        scene.put("columns/f.md", &column("Note du soir", "carnet", "2027-03-01"));
        scene.ok(&["run", "--at", "2027-03-01T07:35"]);
        let due = || {
            scene.pairs(
                "SELECT e.period || ' ' || s.address, CAST(l.due_at AS TEXT) FROM letters l JOIN editions e ON e.id = l.edition_id \
                 JOIN subscribers s ON s.id = l.subscriber_id WHERE l.due_at > 0",
            )
        };
        let six = crate::store::at("2027-03-01T18:00").timestamp_millis().to_string();
        assert_eq!(due(), [("2027-W08 une@example.org".to_owned(), six)]);
        let status = scene.ok(&["status", "--at", "2027-03-01T12:00"]);
        assert!(!status.contains("still wait"), "{status}");
        // The hour comes, by the database's clock, too.
        scene.sql("UPDATE letters SET due_at = 1 WHERE due_at > 0");
        scene.sql("UPDATE letter_blocks SET due_at = 1");
        scene.ok(&["run", "--at", "2027-03-01T18:05"]);
        let posted = scene.posted();
        let theirs: Vec<&String> = posted.iter().filter(|letter| letter.ends_with(" une@example.org")).collect();
        assert_eq!(theirs, ["carnet-2027-03-01 une@example.org"], "{posted:?}");
        let letter = letter(&scene, "une@example.org", "carnet-2027-03-01");
        let text = letter.body_text(0).expect("a text");
        assert!(
            text.contains("Note du soir") && text.contains("Une écluse") && text.contains("\nL’ESTRAN\r\n"),
            "{text}"
        );
        // The next day only one comes, and holds nothing of the other.
        scene.put("columns/g.md", &column("Note du matin", "carnet", "2027-03-02"));
        scene.ok(&["run", "--at", "2027-03-02T18:05"]);
        let letter = self::letter(&scene, "une@example.org", "carnet-2027-03-02");
        let text = letter.body_text(0).expect("a text");
        assert!(text.contains("Note du matin") && !text.contains("Une écluse"), "{text}");
        assert!(text.contains("Se désabonner") && !text.contains("Ne plus recevoir"), "{text}");
    }
}

#[test]
fn a_reader_asks_for_one_letter_a_day_on_the_page_of_preferences() {
    for scene in [scene(Scene::empty(), SECOND), scene(Scene::empty().on_postgres(), SECOND)] {
        scene.ok(&["sync", "--at", MONDAY]);
        let house = House::open(&scene, &["--at", MONDAY]);
        house.post("/lettre/", "email=deux%40example.org");
        let link = notes(&scene, 1).remove(0).link();
        let page = house.get(&link).text();
        let unticked = "<input id=\"together\" name=\"together\" type=\"checkbox\" value=\"yes\" aria-describedby=\"together-hint\">";
        assert!(page.contains(unticked) && page.contains("Une lettre par jour au plus"), "{page}");
        let saved = house.post(&link, "do=save&together=&together=yes").text();
        assert!(saved.contains("aria-describedby=\"together-hint\" checked"), "{saved}");
        // A form without the box leaves it as it is.
        assert!(house.post(&link, "do=save&language=en").text().contains("aria-describedby=\"together-hint\" checked"));
        assert!(house.get(&format!("{link}/data")).text().contains("\"one_a_day\":true"));
        let shown = scene.ok(&["subscribers", "show", "deux@example.org"]);
        assert!(shown.contains("  one letter a day at the most\n"), "{shown}");
        for form in [&["--whole"][..], &[]] {
            let export = scene.ok(&[&["subscribers", "export"][..], form].concat());
            let other = Scene::empty();
            other.put("list", &export);
            other.ok(&["subscribers", "import", "list", "--at", MONDAY]);
            for (address, asked) in [("deux@example.org", true), ("une@example.org", true)] {
                let shown = other.ok(&["subscribers", "show", address]);
                assert_eq!(shown.contains("one letter a day at the most"), asked, "{shown}");
            }
        }
        assert_eq!(house.post(&link, "do=save&together=").text().matches("together-hint\" checked").count(), 0);
        drop(house);
        let wrong = scene.write("wrong.csv", "email,one_a_day\nx@example.org,peut-être\n");
        let refused = wrong.run(&["subscribers", "import", "wrong.csv", "--at", MONDAY]);
        assert!(refused.code != 0 && refused.stderr.contains("write yes or no"), "{}", refused.stderr);
    }
}
