//! The digest as mail programs and spam filters see it: size, headings, words that can be read, and
//! what other people's knowledge of mail has to say.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{MONDAY, Scene, column, needed};

/// The HTML of the coming edition.
fn html(scene: &Scene) -> String {
    scene.ok(&["sync", "--at", MONDAY]);
    scene.ok(&["digest", "preview", "--at", MONDAY, "--folder", "preview"]);
    scene.read("preview/digest.html")
}

fn english() -> Scene {
    Scene::empty()
        .config("language = \"fr\"", "language = \"en\"")
        .config("opening = \"\"\"", "opening = \"\"\"Good morning, dry-footed readers. ")
        .write("subscribers.csv", "email\na@example.org\n")
        .write("columns/a.md", &column("The tide comes in early", "edito", "2026-11-18"))
        .write("columns/b.md", &column("A short lexicon of mud", "carnet", "2026-11-19"))
}

/// A week of thirty columns, all with a standfirst as long as it may be.
fn thirty() -> Scene {
    let scene = Scene::empty().write("subscribers.csv", "email\na@example.org\n");
    let standfirst =
        "L’été dernier, «\u{a0}à la criée\u{a0}», on vendait déjà des histoires\u{202f}; les voici. ".repeat(5);
    let rubriques = ["edito", "humeur", "carnet"];
    for n in 0..30 {
        let title = format!("Où l’on apprend, non sans étonnement, la suite de l’affaire {n}");
        let text = column(&title, rubriques[n % 3], &format!("2026-11-{}T08:{n:02}", 16 + n % 6))
            .replace(&format!("Chapô de {title}."), &format!("\"{}\"", standfirst.trim()))
            .replace("rubrique:", "byline: Anne-Élisabeth de La Villehuchet-Corvaisan\nrubrique:");
        scene.put(&format!("columns/{n}.md"), &text);
    }
    scene
}

#[test]
fn thirty_columns_stay_far_below_what_gmail_clips() {
    let html = html(&thirty());
    assert_eq!(html.matches("<h3").count(), 29);
    assert!(html.len() < 90_000, "{} bytes", html.len());
}

#[test]
fn headings_are_in_order_and_the_language_is_told_twice() {
    for (scene, lang) in [(Scene::sample(), "fr"), (english(), "en")] {
        let html = html(&scene);
        let levels: Vec<u32> = html
            .match_indices("<h")
            .filter_map(|(at, _)| html[at + 2..].chars().next().and_then(|c| c.to_digit(10)))
            .collect();
        assert_eq!(levels.first(), Some(&1));
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{levels:?}");
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
        assert!(html.contains(&format!("<html lang=\"{lang}\"")));
        assert!(html.contains(&format!("role=\"article\" lang=\"{lang}\"")));
    }
}

#[test]
fn the_masthead_and_the_foot_are_the_magazines_own() {
    let theme = "[theme]\nmasthead = \"Les Laisses de mer\"\nfooter = \"Offrez la revue\\u202f: [c’est ici](https://estran.example.org/offrir).\"\n";
    let scene = Scene::sample().config("[theme]\n", theme);
    let html = html(&scene);
    let text = scene.read("preview/digest.txt");
    assert!(html.contains(">Les Laisses de mer</a></h1>"), "{html}");
    assert!(html.contains(": <a href=\"https://estran.example.org/offrir\">c’est ici</a>."), "{html}");
    assert!(text.contains("\nLES LAISSES DE MER\n"), "{text}");
    assert!(text.contains("\nOffrez la revue\u{202f}: c’est ici (https://estran.example.org/offrir).\n"), "{text}");
}

#[test]
fn a_picture_without_a_description_is_not_shown() {
    let pictured = |alt: &str| {
        column("Vue", "carnet", "2026-11-20")
            .replace("rubrique:", &format!("image: {{url: images/a.jpg, alt: \"{alt}\"}}\nrubrique:"))
    };
    let scene = Scene::empty().write("columns/a.md", &pictured("Une dune"));
    assert!(html(&scene).contains("images/a.jpg"));
    let scene = Scene::empty().write("columns/a.md", &pictured(""));
    assert!(!html(&scene).contains("<img"));
}

/// SpamAssassin, offline, over a letter as it goes out: the points, and the rules that fired.
fn judged(scene: &Scene, reader: &str) -> (f64, Vec<String>) {
    scene.ok(&["run", "--at", MONDAY]);
    let letter = scene.letter_to(reader, "2026-W47").into_bytes();
    let mut judge = Command::new("spamassassin")
        .args(["-L", "-t"])
        .env("HOME", scene.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("spamassassin: run the tests with sh tests/run.sh");
    judge.stdin.take().expect("a way in").write_all(&letter).expect("a letter that is read");
    let output = judge.wait_with_output().expect("spamassassin");
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let details = report.split("Content analysis details:").nth(1).unwrap_or_else(|| panic!("{report}"));
    let points = details.split(['(', ' ']).find_map(|word| word.parse().ok()).expect("points");
    let rules = details.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        words.next()?.parse::<f64>().ok()?;
        words.next().filter(|rule| rule.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit()))
    });
    (points, rules.map(str::to_owned).collect())
}

#[test]
fn spamassassin_has_nothing_to_say_against_a_letter() {
    // That a letter has HTML, comes from a list, and came by no relay: these say what it is.
    let known = ["HTML_MESSAGE", "MAILING_LIST_MULTI", "NO_RECEIVED", "NO_RELAYS"];
    for (scene, reader) in
        [(Scene::sample(), "alix@example.org"), (english(), "a@example.org"), (thirty(), "a@example.org")]
    {
        let (points, rules) = judged(&scene, reader);
        assert!(points < 1.0, "{points} points: {rules:?}");
        assert!(rules.iter().any(|rule| rule == "HTML_MESSAGE"), "it read no letter: {rules:?}");
        let others: Vec<_> = rules.iter().filter(|rule| !known.contains(&rule.as_str())).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}

#[test]
fn what_mail_programs_do_not_support_is_known_and_has_its_reason() {
    let scene = Scene::sample();
    html(&scene);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(needed("GAZETIER_TEST_NODE"))
        .arg(root.join("tests/gazetier/caniemail.mjs"))
        .arg(needed("GAZETIER_TEST_MODULES"))
        .arg(scene.path("preview/digest.html"))
        .output()
        .expect("node");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    let found: BTreeSet<&str> = told.lines().filter_map(|line| line.split('\t').next()).collect();
    let page = fs::read_to_string(root.join("docs/EMAIL.md")).expect("docs/EMAIL.md");
    let known: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split('`').next()).collect();
    assert!(found.len() > 10, "it found too little to be true: {told}");
    assert_eq!(found, known, "{told}");
}
