//! What editors do with an edition beside mending it: skip it, send it after its hour, go back to a version of it, show
//! it to somebody; and in which words the desk speaks of it.

use super::{
    Open, SUNDAY, Visitor, magazine,
    together::{ids, send, unescaped},
    value,
};
use crate::{
    sink::{Fault, Options, Sink, faults},
    support::{MONDAY, SILENCE, Scene, column},
    wire::scene_with_subscribers,
};

fn letters(scene: &Scene) -> Vec<String> {
    scene.posted().into_iter().filter(|letter| !letter.starts_with("service ")).collect()
}

#[test]
fn an_edition_is_skipped_and_brought_back() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.ok(&["sync", "--take-over", "--at", SUNDAY]);
        let desk = Open::at(&scene, SUNDAY);
        let claire = Visitor::editor(&desk, &desk.way_in);
        let page = claire.get("/").text;
        assert_eq!(claire.decide(&page, "skip", &[]).status, 303);
        let next = claire.get("/").text;
        assert_eq!(value(&next, "period"), "2026-W48");
        assert!(next.contains("Un banc") && next.contains("sautée par claire"), "{next}");
        let cutoff = next.split("name=\"cutoff\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let back = [("act", "resume"), ("cutoff", cutoff.expect("a way back"))];
        assert_eq!(claire.post("/decide", &back).status, 303);
        let page = claire.get("/").text;
        assert_eq!(value(&page, "period"), "2026-W47");
        assert!(page.contains("sautée par claire") && page.contains("rétablie par claire"), "{page}");
        // Nobody brings back what nobody skipped.
        assert_eq!(claire.post("/decide", &back).status, 422);
        // Skipped again: nobody is asked for an approval, and its columns are in the next one.
        assert_eq!(claire.decide(&page, "skip", &[]).status, 303);
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        assert_eq!(letters(&scene), [""; 0]);
        let desk = Open::at(&scene, "2026-11-24T08:00");
        let claire = Visitor::editor(&desk, &desk.way_in);
        assert_eq!(claire.decide(&claire.get("/").text, "approve", &[]).status, 303);
        assert_eq!(scene.run(&["run", "--at", "2026-11-30T08:00"]), SILENCE);
        assert_eq!(letters(&scene), ["2026-W48 a@example.org"]);
        assert!(scene.letter_to("a@example.org", "2026-W48").contains("Un banc"));
    }
}

#[test]
fn an_edition_is_put_off_to_another_hour_and_back() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.ok(&["sync", "--take-over", "--at", SUNDAY]);
        let desk = Open::at(&scene, SUNDAY);
        let claire = Visitor::editor(&desk, &desk.way_in);
        let page = claire.get("/").text;
        assert!(page.contains("type=\"time\" value=\"07:30\""), "{page}");
        for wrong in ["06:00", "midi", ""] {
            let refused = claire.decide(&page, "put-off", &[("hour", wrong)]);
            assert_eq!(refused.status, 422, "{wrong}");
            assert!(
                refused.text.contains("peut être remise à une heure plus tardive du même jour"),
                "{}",
                refused.text
            );
        }
        assert_eq!(claire.decide(&page, "put-off", &[("hour", "12:00")]).status, 303);
        let page = claire.get("/").text;
        assert!(page.contains("Elle part lundi 23\u{a0}novembre 2026 à 12:00"), "{page}");
        assert!(page.contains("remise à 23\u{a0}novembre à 12:00 par claire"), "{page}");
        assert_eq!(claire.decide(&page, "approve", &[]).status, 303);
        let status = scene.ok(&["digest", "status", "--at", SUNDAY]);
        assert!(status.contains("2026-11-23 12:00"), "{status}");
        // At its own hour nothing goes; what appears after that is for the next one.
        scene.put("columns/late.md", &column("Trop tard", "edito", "2026-11-23T10:00"));
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T11:55"]), SILENCE);
        assert_eq!(letters(&scene), [""; 0]);
        let desk = Open::at(&scene, "2026-11-23T11:00");
        let maelle = Visitor::editor(&desk, &desk.way_in);
        let page = maelle.get("/").text;
        assert_eq!(maelle.decide(&page, "put-off", &[("hour", "11:00")]).status, 422, "that is over");
        assert_eq!(maelle.decide(&page, "put-back", &[]).status, 303);
        let page = maelle.get("/").text;
        assert!(page.contains("rendue à son heure par") && page.contains("Elle devait partir"), "{page}");
        assert_eq!(maelle.decide(&page, "put-off", &[("hour", "15:00")]).status, 303);
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T12:05"]), SILENCE);
        assert_eq!(letters(&scene), [""; 0]);
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T15:05"]), SILENCE);
        assert_eq!(letters(&scene), ["2026-W47 a@example.org"]);
        assert!(!scene.letter_to("a@example.org", "2026-W47").contains("Trop tard"));
        // It is drawn up: too late.
        assert_eq!(maelle.decide(&page, "put-off", &[("hour", "18:00")]).status, 422);
    }
}

#[test]
fn an_edition_after_its_hour_is_sent_in_a_minute_and_can_be_taken_back() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.ok(&["sync", "--take-over", "--at", SUNDAY]);
        let at = "2026-11-23T12:00";
        let desk = Open::at(&scene, at);
        let claire = Visitor::editor(&desk, &desk.way_in);
        let page = claire.get("/").text;
        assert!(page.contains("value=\"send\""), "{page}");
        assert_eq!(claire.decide(&page, "send", &[]).status, 303);
        let page = claire.get("/").text;
        let soon = "Part au prochain passage après 23\u{a0}novembre à 12:01, approuvée par claire";
        assert!(page.contains(soon), "{page}");
        assert!(page.contains(">Reprendre</button>"), "{page}");
        assert_eq!(scene.run(&["run", "--at", at]), SILENCE);
        assert_eq!(letters(&scene), [""; 0], "not within the minute");
        assert_eq!(claire.decide(&page, "hold", &[]).status, 303);
        scene.run(&["run", "--at", "2026-11-23T12:10"]);
        assert_eq!(letters(&scene), [""; 0], "it is taken back");
        assert_eq!(claire.decide(&claire.get("/").text, "release", &[]).status, 303);
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T12:10"]), SILENCE);
        assert_eq!(letters(&scene), ["2026-W47 a@example.org"]);
    }
}

#[test]
fn every_version_is_one_click_away() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.ok(&["sync", "--take-over", "--at", SUNDAY]);
        let desk = Open::at(&scene, SUNDAY);
        let claire = Visitor::editor(&desk, &desk.way_in);
        let page = claire.get("/").text;
        let own = unescaped(&value(&page, "subject"));
        let last = ids(&page).pop().expect("a column");
        for (field, text) in [("subject", "Le premier"), ("subject", "Le deuxième"), ("act", &format!("pin {last}"))] {
            assert_eq!(send(&claire, &claire.get("/").text, "/", &[(field, text)]).status, 303);
        }
        let page = claire.get("/").text;
        assert!(page.contains(", claire · les épingles</li>"), "{page}");
        assert_eq!(send(&claire, &page, "/", &[("act", "back 1")]).status, 303);
        let page = claire.get("/").text;
        assert_eq!((value(&page, "subject"), value(&page, "version")), ("Le premier".into(), "4".into()));
        assert!(!page.contains("value=\"unpin"), "{page}");
        assert_eq!(send(&claire, &page, "/", &[("act", "back 0")]).status, 303);
        assert_eq!(unescaped(&value(&claire.get("/").text, "subject")), own);
        assert_eq!(send(&claire, &claire.get("/").text, "/", &[("act", "back 77")]).status, 303);
        assert_eq!(value(&claire.get("/").text, "version"), "5");
    }
}

#[test]
fn the_proof_goes_to_any_address_and_opens_the_desk_to_editors_alone() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let page = claire.get("/").text;
    let to = [("to", "maelle@estran.example.org"), ("other", "imprimeur@example.org")];
    assert_eq!(send(&claire, &page, "/proof", &to).place, "/?said=proof");
    assert_eq!(scene.posted(), ["service imprimeur@example.org", "service maelle@estran.example.org"]);
    for file in scene.files("outbox") {
        let mail = scene.read(&format!("outbox/{file}"));
        let parsed = mail_parser::MessageParser::default().parse(&mail).expect("a proof");
        let text = parsed.body_text(0).expect("a text").into_owned();
        assert!(text.contains("Ceci est une épreuve."), "{text}");
        assert_eq!(text.contains("/enter/"), mail.contains("maelle@"), "{text}");
    }
    let wrong = send(&claire, &page, "/proof", &[("other", "imprimeur@")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("imprimeur@ n’est pas une adresse"), "{}", wrong.text);
}

/// On a French desk, everything is French: dates, headers and what is wrong.
#[test]
fn the_desk_speaks_as_editors_do() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let page = claire.get("/").text;
    assert!(page.contains("<p class=\"period\">Semaine 47 de 2026 <span>"), "{page}");
    assert!(page.contains("Elle part lundi 23\u{a0}novembre 2026 à 07:30"), "{page}");
    assert!(page.contains("16 points en ordre</summary>"), "{page}");
    let subject = [("subject", "L’été, enfin"), ("opening", "[par ici](http://127.0.0.1:9/x)")];
    assert_eq!(send(&claire, &page, "/", &subject).status, 303);
    let headers = claire.get("/?view=headers").text;
    assert!(headers.contains("\nSubject: L’été, enfin\n") && !headers.contains("=?"), "{headers}");
    let links = send(&claire, &claire.get("/").text, "/links", &[]).text;
    assert!(links.contains("elle mène à 127.0.0.1, qui n’est pas sur l’internet public"), "{links}");
    // What stops it is said in French, too.
    assert_eq!(send(&claire, &claire.get("/").text, "/", &[("opening", "[par ici](/x)")]).status, 303);
    let refused = claire.decide(&claire.get("/").text, "approve", &[]);
    assert_eq!(refused.status, 422);
    let notice = refused.text.split("id=\"trouble\"").next().unwrap_or_default();
    assert!(notice.contains("ces liens ne mènent nulle part\u{202f}: /x ("), "{}", refused.text);
    assert!(!refused.text.contains("these links"), "{}", refused.text);
}

/// The letter as one reader gets it, and why one gets none.
#[test]
fn the_letter_is_shown_as_one_reader_gets_it() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.put("subscribers.csv", "email,rubriques\na@example.org,\nb@example.org,carnet\nc@example.org,humeur\n");
        scene.ok(&["sync", "--take-over", "--at", SUNDAY]);
        let desk = Open::at(&scene, SUNDAY);
        let claire = Visitor::editor(&desk, &desk.way_in);
        let page = claire.get("/?view=text").text;
        let ask = |address: &str| send(&claire, &page, "/", &[("act", "reader"), ("reader", address)]);
        assert_eq!(ask("B@Example.org").place, "/?view=text&variant=carnet");
        assert_eq!(ask("a@example.org").place, "/?view=text");
        for (address, why) in [
            ("nobody@example.org", "nobody@example.org n’est l’adresse de personne"),
            ("c@example.org", "Cette fois, aucune lettre pour c@example.org"),
            ("c@", "c@ n’est pas une adresse"),
        ] {
            let told = ask(address);
            assert_eq!(told.status, 422, "{address}");
            assert!(told.text.contains(why), "{}", told.text);
        }
    }
}

/// What became of the letters, by domain, when somebody asks.
#[test]
fn a_past_edition_tells_what_became_of_its_letters() {
    let script = faults(|step, recipient, nth| match (step, recipient, nth) {
        ("RCPT", "s1@example.org", 1) => Fault::Reply("550 5.1.1 nobody".into()),
        _ => Fault::None,
    });
    for postgres in [false, true] {
        let options = Options { script: script.clone(), ..Options::default() };
        let sink = Sink::start(options);
        let scene = scene_with_subscribers(5, sink.port, "connections = 1");
        let scene = if postgres { scene.on_postgres() } else { scene };
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        scene.ok(&["subscribers", "remove", "s2@example.org", "--at", "2026-11-24T08:00"]);
        let desk = Open::at(&scene, "2026-11-24T09:00");
        let claire = Visitor::editor(&desk, &desk.way_in);
        let page = claire.get("/past/2026-W47").text;
        assert!(page.contains("Ni ouvertures ni clics") && !page.contains("<table class=\"figures\""), "{page}");
        let page = claire.get("/past/2026-W47?figures=1").text;
        let table = page.split("<table class=\"figures\"").nth(1).unwrap_or_else(|| panic!("{page}"));
        let numbers = "<td>5</td><td>4</td><td>1</td><td>0</td><td>0</td><td>0</td><td>1</td></tr>";
        assert!(table.contains(&format!("<th scope=\"row\">tous</th>{numbers}")), "{table}");
        assert!(table.contains(&format!("<th scope=\"row\">example.org</th>{numbers}")), "{table}");
    }
}
