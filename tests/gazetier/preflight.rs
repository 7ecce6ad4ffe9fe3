//! What would break in mail programs stops an edition, what only looks like it does not, and whatever stops an edition
//! is told to the editors.

use crate::{
    approval::service_letters,
    support::{MONDAY, SILENCE, Scene, column},
};

fn magazine() -> Scene {
    Scene::empty()
        .config("# editors = [", "editors = [\"yann@estran.example.org\", ")
        .write("subscribers.csv", "email\na@example.org\n")
        .write("columns/a.md", &column("Une marée", "edito", "2026-11-18"))
}

/// Begins the opening words with others.
fn opening(words: &str) -> (&'static str, String) {
    ("opening = \"\"\"", format!("opening = \"\"\"{words} "))
}

#[test]
fn what_only_looks_wrong_goes_out() {
    for (from, to) in [
        opening("[Appelez-nous](tel:+33298000000)."),
        opening("[Ici](HTTPS://estran.example.org/)."),
        opening("[Ici](<https://estran.example.org/l'eau?a=1&b=\\\"2>)."),
        opening("[Écrivez](MAILTO:redaction@estran.example.org)."),
        opening("Il faut écrire href=\"x\" et src=\"y\", dit-elle."),
        opening("`<a href=\"/x\">` ou <img src=x> sont des mots."),
        ("lettre/quitter/\"", "l'estran/quitter/\"".to_owned()),
        ("lettre/quitter/\"", "lettre?a=1&jeton=\"".to_owned()),
    ] {
        let scene = magazine().config(from, &to);
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE, "{to}");
        assert_eq!(scene.posted(), ["2026-W47 a@example.org"], "{to}");
    }
}

#[test]
fn what_leads_nowhere_stops_the_edition_and_the_editors_are_told_once() {
    for (from, to, told) in [
        ("opening = \"\"\"", "opening = \"\"\"[Ici](https://). ", "these links lead nowhere: https://: "),
        ("opening = \"\"\"", "opening = \"\"\"[Ici](tel:). ", "these links lead nowhere: tel:: "),
        ("opening = \"\"\"", "opening = \"\"\"[Ici](mailto:). ", "these links lead nowhere: mailto:: "),
        (
            "opening = \"\"\"",
            "opening = \"\"\"[Ici](https:/estran.example.org). ",
            "these links lead nowhere: https:/e",
        ),
    ] {
        for scene in [magazine().config(from, to), magazine().config(from, to).on_postgres()] {
            for at in [MONDAY, "2026-11-23T08:10"] {
                let outcome = scene.run(&["run", "--at", at]);
                assert!(outcome.code == 65 && outcome.stderr.contains(told), "{to}: {outcome:?}");
            }
            let broken = "La lettre ne peut pas partir · 2026-W47".to_owned();
            let both = ["maelle", "yann"].map(|name| (format!("{name}@estran.example.org"), broken.clone()));
            assert_eq!(service_letters(&scene), both, "{to}");
        }
    }
}

#[test]
fn what_shows_nothing_is_no_subject() {
    let scene = magazine().write("columns/a.md", &column("\"\\u200B\"", "edito", "2026-11-18"));
    let outcome = scene.run(&["run", "--at", MONDAY]);
    assert!(outcome.code == 65 && outcome.stderr.contains("the subject has 0 characters"), "{outcome:?}");
    assert_eq!(scene.posted().iter().filter(|line| line.starts_with("2026")).count(), 0);
    let scene = magazine();
    scene.reconfigure("subject = \"{lead}\"", "subject = \"\\u200B\\u2060\"");
    assert_eq!(scene.run(&["run"]).stderr, "gazetier: config.toml: digest.subject: it is empty\n");
}

#[test]
fn no_title_is_too_long_for_a_letter() {
    let words = "Une marée d’avance\u{202f}! ".repeat(40);
    for title in ["a".repeat(1_000), "é".repeat(1_000), words.trim().to_owned()] {
        let scene = magazine().write("columns/a.md", &column(&title, "edito", "2026-11-18"));
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        let letter = scene.letter_to("a@example.org", "2026-W47");
        let parsed = mail_parser::MessageParser::default().parse(&letter).expect("a letter");
        let subject = parsed.subject().expect("a subject");
        assert!(subject.chars().count() <= 250 && subject.ends_with('…'), "{subject}");
        assert!(title.starts_with(subject.trim_end_matches('…')), "{subject}");
    }
}
