//! What readers had in a letter is not put into another, even where the column's id was lost: its words tell.

use super::scenes;
use crate::{
    desk::{Open, Visitor},
    support::{MONDAY, SILENCE, Scene},
};

/// A text long enough that nobody writes it twice by chance.
fn text(title: &str, slug: &str, published: &str, words: &str) -> String {
    format!(
        "---\ntitle: {title}\nslug: {slug}\nrubrique: edito\npublished: {published}\n---\n\n{words} Le pont de la gare \
         ferme lundi pour deux mois, et la mairie promet des navettes que personne n'a encore vues passer sur le quai.\n"
    )
}

/// The titles in the letter of an edition.
fn titles(scene: &Scene, period: &str) -> Vec<String> {
    let letter = scene.letter_to("a@example.org", period);
    let parsed = mail_parser::MessageParser::default().parse(&letter).expect("a letter");
    let text = parsed.body_text(0).expect("a text part");
    let mut titles: Vec<String> = text.lines().filter(|line| line.starts_with("T-")).map(str::to_owned).collect();
    titles.sort();
    titles
}

/// A week whose letter has gone; then its column is entered a second time, under another name, while the first is
/// still there, so that nothing but its words says that it is the same.
fn written_anew(scene: &Scene) {
    scene.put("columns/pont.md", &text("T-pont", "pont", "2026-11-13", "Un."));
    assert_eq!(scene.run(&["run", "--at", "2026-11-16T08:00"]), SILENCE);
    scene.put("columns/autre.md", &text("T-autre", "autre", "2026-11-17", "Deux."));
    scene.ok(&["sync", "--at", "2026-11-17"]);
    scene.put("columns/neuf.md", &text("T-pont", "neuf", "2026-11-18", "<em>Un</em>&nbsp;!"));
}

#[test]
fn words_that_readers_had_are_not_sent_again() {
    for scene in scenes().map(|scene| scene.write("subscribers.csv", "email\na@example.org\n")) {
        written_anew(&scene);
        let told = scene.run(&["run", "--at", "2026-11-19T08:00"]);
        let words = "gazetier: warning: columns/neuf.md: its words were in the letter 2026-W46: it will be in no \
                     other one, unless an editor says so at the desk (`gazetier digest preview`)\n";
        assert_eq!((told.code, told.stderr.as_str()), (0, words), "when it comes in");
        assert_eq!(scene.run(&["run", "--at", "2026-11-19T08:10"]), SILENCE, "once");
        let status = scene.ok(&["digest", "status", "--at", "2026-11-19T09:00"]);
        assert!(
            status.ends_with("draft: 1 columns, due at 2026-11-23 07:30\n  already sent, left out: T-pont\n"),
            "{status}"
        );
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        assert_eq!(titles(&scene, "2026-W46"), ["T-pont"]);
        assert_eq!(titles(&scene, "2026-W47"), ["T-autre"]);
    }
}

#[test]
fn an_editor_may_send_words_again() {
    for scene in scenes().map(|scene| scene.write("subscribers.csv", "email\na@example.org\n")) {
        written_anew(&scene);
        scene.run(&["sync", "--at", "2026-11-19T08:00"]);
        let desk = Open::at(&scene, "2026-11-22T18:00");
        let editor = Visitor::editor(&desk, &desk.way_in);
        let page = editor.get("/").text;
        let list = page.split("Déjà envoyées").nth(1).expect("a list of what was sent").to_owned();
        assert!(list.contains("T-pont") && list.contains("18/11 · déjà envoyée dans la lettre 2026-W46"), "{list}");
        let button = list.split("value=\"again ").nth(1).and_then(|rest| rest.split('"').next()).expect("a button");
        let again = format!("again {button}");
        assert_eq!(editor.mend(&[("act", &again)]).status, 303);
        assert!(!editor.get("/").text.contains("Déjà envoyées"));
        drop(desk);
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        assert_eq!(titles(&scene, "2026-W47"), ["T-autre", "T-pont"]);
    }
}

#[test]
fn one_text_under_two_ids_is_once_in_an_edition() {
    for scene in scenes().map(|scene| scene.write("subscribers.csv", "email\na@example.org\n")) {
        scene.put("columns/a.md", &text("T-un", "a", "2026-11-18", "Un."));
        scene.put("columns/b.md", &text("T-un", "b", "2026-11-19", "Un."));
        scene.put("columns/c.md", &text("T-deux", "c", "2026-11-19", "Deux."));
        scene.ok(&["sync", "--at", "2026-11-19"]);
        scene.ok(&["run", "--at", MONDAY]);
        assert_eq!(titles(&scene, "2026-W47"), ["T-deux", "T-un"]);
        // Nor is the other one in the next.
        scene.put("columns/d.md", &text("T-trois", "d", "2026-11-24", "Trois."));
        scene.ok(&["run", "--at", "2026-11-30T08:00"]);
        assert_eq!(titles(&scene, "2026-W48"), ["T-trois"]);
    }
}

#[test]
fn a_short_text_may_come_every_week() {
    for scene in scenes().map(|scene| scene.write("subscribers.csv", "email\na@example.org\n")) {
        let short = |slug: &str, published: &str| {
            format!(
                "---\ntitle: T-mots croisés\nslug: {slug}\nrubrique: edito\npublished: {published}\n---\n\nLa grille.\n"
            )
        };
        scene.put("columns/a.md", &short("a", "2026-11-13"));
        assert_eq!(scene.run(&["run", "--at", "2026-11-16T08:00"]), SILENCE);
        scene.put("columns/b.md", &short("b", "2026-11-18"));
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        assert_eq!(titles(&scene, "2026-W47"), ["T-mots croisés"]);
    }
}
