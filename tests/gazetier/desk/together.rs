//! Several editors, several editions, and what goes wrong around them: as a browser without a script meets it.

use super::{Answer, Open, SUNDAY, Visitor, link_of_proof, magazine, value};
use crate::{
    smtp::{free_port, through},
    support::{MONDAY, SILENCE, column},
};

/// Sends the form of a page as a browser does that has no script: with what the page showed in its fields.
pub fn send(visitor: &Visitor, page: &str, path: &str, changed: &[(&str, &str)]) -> Answer {
    let names = ["period", "version", "edition", "view"];
    let texts = [
        ("subject", "was-subject"),
        ("preheader", "was-preheader"),
        ("opening", "was-opening"),
        ("signed", "was-signed"),
        ("portrait", "was-portrait"),
        ("closing", "was-closing"),
    ];
    let own = names.into_iter().chain(texts.map(|(_, was)| was));
    let mut fields: Vec<(&str, String)> = own.map(|name| (name, unescaped(&value(page, name)))).collect();
    for (name, was) in texts {
        let shown = fields.iter().find(|field| field.0 == was).map(|field| field.1.clone()).expect("a field");
        fields.push((name, shown));
    }
    fields.push(("act", "save".to_owned()));
    for (name, text) in changed {
        fields.retain(|field| field.0 != *name);
        fields.push((name, (*text).to_owned()));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
    visitor.post(path, &fields)
}

pub fn unescaped(text: &str) -> String {
    text.replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">").replace("&#39;", "'").replace("&#38;", "&")
}

pub fn ids(page: &str) -> Vec<String> {
    let ids = page.split("<li data-id=\"").skip(1).map(|rest| rest.split('"').next().expect("an id"));
    ids.map(str::to_owned).collect()
}

/// The subject of the lead of before is not one that somebody wrote, whatever is saved after another column leads.
#[test]
fn a_subject_that_nobody_wrote_follows_the_lead() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let before = claire.get("/").text;
    let last = ids(&before).pop().expect("a column");
    assert_eq!(send(&claire, &before, "/", &[("act", &format!("pin {last}"))]).status, 303);
    // A page from before, of which another field was changed: with the other lead's title in the field.
    assert_eq!(send(&claire, &before, "/", &[("preheader", "Une accroche")]).status, 200);
    let page = claire.get("/").text;
    assert!(!page.contains("data-own"), "{page}");
    assert!(unescaped(&value(&page, "was-subject")).contains("Un banc"), "{page}");
    // Nor does a column that comes in by a sync make the old one somebody's.
    scene.put("columns/d.md", &column("Une balise", "edito", "2026-11-21"));
    assert_eq!(send(&claire, &page, "/", &[("act", &format!("unpin {last}"))]).status, 303);
    let page = claire.get("/").text;
    scene.ok(&["sync", "--at", SUNDAY]);
    assert_eq!(send(&claire, &page, "/", &[("opening", "Bonjour.")]).status, 303);
    assert!(!claire.get("/").text.contains("data-own"));
}

#[test]
fn two_editors_who_change_different_fields_are_in_nobodys_way() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.ok(&["sync", "--take-over", "--at", SUNDAY]);
        let desk = Open::at(&scene, SUNDAY);
        let claire = Visitor::editor(&desk, &desk.way_in);
        let maelle = Visitor::editor(&desk, &link_of_proof(&scene, &desk, SUNDAY));
        let page = claire.get("/").text;
        let last = ids(&page).pop().expect("a column");
        assert_eq!(send(&maelle, &page, "/", &[("subject", "Le sujet de Maëlle")]).status, 303);
        let merged = send(&claire, &page, "/", &[("opening", "Les mots de Claire."), ("act", &format!("pin {last}"))]);
        assert_eq!(merged.status, 200);
        assert!(merged.text.contains("Maëlle a changé le sujet"), "{}", merged.text);
        let page = claire.get("/").text;
        assert_eq!((value(&page, "subject"), value(&page, "version")), ("Le sujet de Maëlle".into(), "2".into()));
        assert!(page.contains("\nLes mots de Claire.</textarea>") && page.contains("à la une"), "{page}");

        // Of three fields, one is the same: that one is refused, with both texts, and the others are kept.
        assert_eq!(send(&maelle, &page, "/", &[("subject", "Encore Maëlle")]).status, 303);
        let clash = send(&claire, &page, "/", &[("subject", "Claire"), ("preheader", "L’accroche de Claire")]);
        assert_eq!(clash.status, 409);
        assert!(clash.text.contains("value=\"Claire\""), "{}", clash.text);
        assert!(clash.text.contains("<b>Sujet</b> <span>Encore Maëlle</span>"), "{}", clash.text);
        let kept = claire.get("/").text;
        assert_eq!(value(&kept, "subject"), "Encore Maëlle");
        assert_eq!(value(&kept, "preheader"), "L’accroche de Claire");
        // Pressed once more on the page that says so, it is meant.
        assert_eq!(send(&claire, &clash.text, "/", &[("subject", "Claire")]).status, 303);
        assert_eq!(value(&claire.get("/").text, "subject"), "Claire");

        // An order that was made for another one is not kept.
        let page = claire.get("/").text;
        let mut order = ids(&page);
        order.reverse();
        assert_eq!(send(&maelle, &page, "/", &[("act", &format!("unpin {last}"))]).status, 303);
        let moved = send(&claire, &page, "/", &[("act", &format!("order {}", order.join(",")))]);
        assert_eq!(moved.status, 409);
        assert!(moved.text.contains("Quelqu’un a déplacé des chroniques"), "{}", moved.text);
    }
}

/// Without a script, what is typed goes with every button of the page.
#[test]
fn another_view_the_links_and_the_proof_take_what_was_typed_with_them() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let page = claire.get("/").text;
    for control in ["<button name=\"show\" value=\"text\" form=\"mend\"", "<select name=\"variant\" form=\"mend\""] {
        assert!(page.contains(control), "{control}: {page}");
    }
    for path in ["links", "proof"] {
        assert!(page.contains(&format!("form=\"mend\" formaction=\"/{path}\"")), "{page}");
    }
    let shown = send(&claire, &page, "/", &[("opening", "Les mots d’avant."), ("show", "text"), ("variant", "edito")]);
    assert_eq!((shown.status, shown.place.as_str()), (303, "/?view=text&variant=edito&said=saved"));
    let page = claire.get(&shown.place).text;
    assert!(page.contains("\nLes mots d’avant.</textarea>") && page.contains("<pre class=\"page\""), "{page}");
    // Where nothing was typed, nothing was saved.
    assert_eq!(send(&claire, &page, "/", &[("show", "source"), ("act", "")]).place, "/?view=source");
    let page = claire.get("/").text;
    let proof = send(&claire, &page, "/proof", &[("preheader", "Une accroche"), ("to", "maelle@estran.example.org")]);
    assert_eq!((proof.status, proof.place.as_str()), (303, "/?said=proof"));
    assert_eq!(value(&claire.get("/").text, "preheader"), "Une accroche");
    assert!(claire.get("/?said=proof").text.contains("L’épreuve est partie."));
}

#[test]
fn a_proof_that_no_relay_took_is_not_on_its_way() {
    let scene = through(magazine(), free_port());
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let page = claire.get("/").text;
    let told = send(&claire, &page, "/proof", &[("to", "maelle@estran.example.org")]);
    assert_eq!(told.status, 200);
    assert!(told.text.contains("L’épreuve n’est pas partie\u{202f}: elle attend, et sera réessayée."), "{}", told.text);
    assert!(!told.text.contains("L’épreuve est partie"), "{}", told.text);
}

/// The edition whose hour has come does not hide the one that comes after it.
#[test]
fn all_editions_that_want_something_are_there() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.put("columns/d.md", &column("Une balise", "edito", "2026-11-23T10:00"));
        scene.ok(&["sync", "--take-over", "--at", "2026-11-23T12:00"]);
        let desk = Open::at(&scene, "2026-11-23T12:00");
        let claire = Visitor::editor(&desk, &desk.way_in);
        let due = claire.get("/").text;
        assert!(due.contains("Un banc") && !due.contains("Une balise"), "{due}");
        assert!(due.contains("href=\"/?edition=2026-W48\""), "{due}");
        let next = claire.get("/?edition=2026-W48").text;
        assert!(next.contains("Une balise") && !next.contains("Un banc"), "{next}");
        assert_eq!((value(&next, "period"), value(&next, "edition")), ("2026-W48".into(), "2026-W48".into()));
        // Both are mended, and both are approved: each as what it is.
        let mended = send(&claire, &next, "/", &[("subject", "La suivante")]);
        assert_eq!((mended.status, mended.place.as_str()), (303, "/?edition=2026-W48&said=saved"));
        assert_eq!(value(&claire.get("/").text, "version"), "0");
        let next = claire.get("/?edition=2026-W48").text;
        assert_eq!(value(&next, "subject"), "La suivante");
        assert_eq!(claire.get("/preview/2026-W48?variant=").status, 200);
        let approved = claire.decide(&next, "approve", &[]);
        assert_eq!(approved.status, 303, "{}", approved.text);
        assert_eq!(claire.decide(&claire.get("/").text, "approve", &[]).status, 303);
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T12:10"]), SILENCE);
        assert_eq!(scene.posted(), ["2026-W47 a@example.org"]);
        assert_eq!(scene.run(&["run", "--at", "2026-11-30T08:00"]), SILENCE);
        assert_eq!(scene.posted(), ["2026-W47 a@example.org", "2026-W48 a@example.org"]);
        // What is held stands there as well.
        scene.put("columns/e.md", &column("Une digue", "edito", "2026-12-02"));
        scene.ok(&["digest", "hold", "--by", "Yann", "--why", "le titre", "--at", "2026-12-06T18:00"]);
        scene.run(&["run", "--at", "2026-12-14T08:00"]);
        let desk = Open::at(&scene, "2026-12-14T09:00");
        let claire = Visitor::editor(&desk, &desk.way_in);
        let page = claire.get("/").text;
        assert!(page.contains("href=\"/past/2026-W49\"") && page.contains("Retenue · le titre"), "{page}");
    }
    assert!(MONDAY < "2026-11-30");
}

/// A picture that lies beside its column is shown before the site has it, and nothing else of the machine is.
#[test]
fn pictures_beside_the_columns_are_shown_by_the_desk() {
    let scene = magazine();
    let picture = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/columns/images/phare.jpg")).expect("a picture");
    std::fs::create_dir_all(scene.path("columns/images")).expect("a folder");
    std::fs::write(scene.path("columns/images/a&b.jpg"), &picture).expect("a picture");
    std::fs::write(scene.path("secret.jpg"), "secret").expect("a file");
    let with_image = |name: &str, day: &str| {
        let text = column(&format!("Avec {}", name.len()), "edito", day);
        text.replacen("---\n", &format!("---\nimage:\n  url: \"{name}\"\n  alt: Un phare\n"), 1)
    };
    scene.put("columns/e.md", &with_image("images/a&b.jpg", "2026-11-21"));
    scene.put("columns/f.md", &with_image("../secret.jpg", "2026-11-20"));
    scene.ok(&["sync", "--at", SUNDAY]);
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let letter = claire.get("/preview/2026-W47?variant=").text;
    let path = letter.split("src=\"/pictures/").nth(1).unwrap_or_else(|| panic!("{letter}"));
    let path = format!("/pictures/{}", path.split('"').next().expect("an address"));
    let mut response =
        claire.agent.get(format!("{}{path}", desk.base)).header("Cookie", &claire.cookie).call().expect("an answer");
    assert_eq!(response.headers().get("content-type").expect("a type"), "image/jpeg");
    assert_eq!(response.body_mut().read_to_vec().expect("a picture"), picture);
    assert_eq!(Visitor::stranger(&desk).get(&path).status, 401);
    let others = ids(&claire.get("/").text).into_iter().map(|id| format!("/pictures/{id}"));
    for other in others.filter(|other| *other != path) {
        assert_eq!(claire.get(&other).status, 404, "{other}");
    }
    // The readers' letter leads to the site, as ever.
    assert_eq!(claire.decide(&claire.get("/").text, "approve", &[]).status, 303);
    scene.ok(&["run", "--at", MONDAY]);
    let sent = claire.get("/past/2026-W47?view=source").text;
    assert!(sent.contains("images/a&#38;") && !sent.contains("pictures/"), "{sent}");
    assert!(claire.get("/preview/2026-W47?variant=").text.contains(&path));
}
