//! A reader's own hour and day for letters, within what the magazine offers: a letter waits for them, and holds what its
//! edition held.

use crate::{
    readers::{
        house::{House, at_home},
        mail::notes,
    },
    support::Scene,
};

/// Ahead of the database's clock, by which letters wait.
const SYNC: &str = "2027-03-01T06:00";
const HOUR: &str = "2027-03-01T07:35";

const LIST: &str = "email\nmatin@example.org\nsoir@example.org\nsamedi@example.org\nparti@example.org\n";

fn scene(scene: Scene) -> Scene {
    let offers = "[digest]\nreader_hours = [\"18:00\", \"12:00\"]\nreader_days = [\"Sat\", \"Sun\"]\n";
    let scene = at_home(scene.config("[digest]\n", offers), "");
    scene.put("list.csv", LIST);
    scene.ok(&["subscribers", "import", "list.csv", "--at", "2027-02-20T07:00"]);
    scene.put("columns/a.md", &crate::support::column("Une marée", "edito", "2027-02-25"));
    scene.ok(&["sync", "--at", SYNC]);
    scene
}

/// What the letters of readers wait for, by their addresses.
fn waits(scene: &Scene) -> Vec<(String, String)> {
    let due = scene.pairs(
        "SELECT s.address, CAST(l.due_at AS TEXT) FROM letters l JOIN subscribers s ON s.id = l.subscriber_id \
         WHERE l.due_at > 0 ORDER BY s.address",
    );
    let zone: gazetier::model::Zone = "Europe/Paris".parse().expect("a zone");
    let local = |millis: String| {
        let at =
            gazetier::model::Instant::from_timestamp_millis(millis.parse().expect("a number")).expect("an instant");
        zone.local(at).format("%a %Y-%m-%d %H:%M").to_string()
    };
    due.into_iter().map(|(address, due)| (address, local(due))).collect()
}

fn wants(scene: &Scene, house: &House, address: &str, letters: usize, form: &str) -> String {
    let sent = house.post("/lettre/", &format!("email={}", address.replace('@', "%40")));
    assert_eq!(sent.status, 200);
    let link = notes(scene, letters).pop().expect("a letter").link();
    let saved = house.post(&link, &format!("do=save&{form}"));
    assert_eq!(saved.status, 200, "{}", saved.text());
    saved.text()
}

#[test]
fn letters_wait_for_the_hour_and_the_day_that_readers_chose() {
    for scene in [scene(Scene::empty()), scene(Scene::empty().on_postgres())] {
        let house = House::open(&scene, &["--at", SYNC]);
        let page = wants(&scene, &house, "soir@example.org", 1, "hour=18%3A00");
        assert!(page.contains("<option value=\"18:00\" selected>18:00</option>"), "{page}");
        assert!(
            page.contains("<option value=\"12:00\">12:00</option><option value=\"18:00\"") || page.contains("12:00")
        );
        wants(&scene, &house, "samedi@example.org", 2, "hour=12%3A00&day=sat");
        wants(&scene, &house, "parti@example.org", 3, "hour=18%3A00");
        let link = notes(&scene, 3).pop().expect("a letter").link();
        for wrong in ["hour=19%3A00", "hour=demain", "day=mon"] {
            assert_eq!(house.post(&link, &format!("do=save&{wrong}")).status, 422, "{wrong}");
        }
        drop(house);
        let sent = scene.run(&["run", "--at", HOUR]);
        assert_eq!((sent.code, sent.stderr.as_str()), (0, ""), "what waits for its hour is nobody's trouble");
        let pair = |address: &str, due: &str| (address.to_owned(), due.to_owned());
        assert_eq!(
            waits(&scene),
            [
                pair("parti@example.org", "Mon 2027-03-01 18:00"),
                pair("samedi@example.org", "Sat 2027-03-06 12:00"),
                pair("soir@example.org", "Mon 2027-03-01 18:00"),
            ]
        );
        let posted = || scene.posted().into_iter().filter(|letter| letter.starts_with("2027-W08 ")).collect::<Vec<_>>();
        assert_eq!(posted(), ["2027-W08 matin@example.org"]);
        // Who leaves meanwhile gets none.
        scene.ok(&["subscribers", "remove", "parti@example.org", "--at", "2027-03-01T12:00"]);
        scene.sql("UPDATE letters SET due_at = 1 WHERE due_at > 0");
        scene.sql("UPDATE letter_blocks SET due_at = 1");
        scene.ok(&["run", "--at", "2027-03-01T18:05"]);
        let all = ["matin", "samedi", "soir"].map(|name| format!("2027-W08 {name}@example.org"));
        assert_eq!(posted(), all);
        let status = scene.ok(&["digest", "status", "--at", "2027-03-02T08:00"]);
        assert!(status.contains(") sent: 3 of 4 letters sent, 1 suppressed"), "{status}");
    }
}

#[test]
fn a_script_may_ask_for_an_hour_too() {
    for scene in [scene(Scene::empty()), scene(Scene::empty().on_postgres())] {
        let house = House::open(&scene, &["--at", SYNC]);
        let call = |hour: &str| {
            let body = format!("{{\"email\":\"neuve@example.org\",\"hour\":\"{hour}\",\"day\":\"sun\"}}");
            house.ask("POST", "/lettre/", "Content-Type: application/json\r\n", &body)
        };
        let refused = call("19:00");
        assert!(refused.status == 422 && refused.text().contains("\"error\":\"hour\""), "{}", refused.text());
        assert_eq!(call("12:00").status, 202);
        let link = notes(&scene, 1).pop().expect("a letter").link();
        assert_eq!(house.post(&link, "").status, 200);
        let kept = scene.pairs(
            "SELECT s.address, p.delivery FROM subscriptions p JOIN subscribers s ON s.id = p.subscriber_id \
             WHERE p.delivery <> ''",
        );
        assert_eq!(kept, [("neuve@example.org".to_owned(), "sun 12:00".to_owned())]);
        drop(house);
        // A list takes it along, whole or as a table.
        for form in [&["--whole"][..], &[]] {
            let export = scene.ok(&[&["subscribers", "export"][..], form].concat());
            assert!(export.contains("sun 12:00"), "{export}");
            let other = Scene::empty();
            other.put("list", &export);
            other.ok(&["subscribers", "import", "list", "--at", HOUR]);
            let shown = other.ok(&["subscribers", "show", "neuve@example.org"]);
            assert!(shown.contains("letters at: sun 12:00"), "{shown}");
        }
    }
}

#[test]
fn what_would_bring_letters_at_once_is_refused() {
    for (schedule, offer, told) in [
        (
            "daily 07:30,18:00",
            "reader_hours = [\"20:00\"]",
            "digest.reader_hours: the newsletter comes several times a day",
        ),
        ("daily 07:30", "reader_days = [\"Sat\"]", "digest.reader_days: the newsletter comes several times a week"),
        ("Mon 07:30", "reader_hours = [\"midi\"]", "digest.reader_hours: \"midi\""),
        ("Mon 07:30", "reader_days = [\"samedi\"]", "digest.reader_days: \"samedi\""),
    ] {
        let scene = Scene::empty()
            .config("schedule = \"Mon 07:30\"", &format!("schedule = \"{schedule}\""))
            .config("[digest]\n", &format!("[digest]\n{offer}\n"));
        let refused = scene.run(&["digest", "status"]);
        assert!(refused.code != 0 && refused.stderr.contains(told), "{refused:?}");
    }
}
