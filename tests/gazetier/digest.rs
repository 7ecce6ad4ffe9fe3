//! The digest as it is drawn up: what it looks like, and which columns are in which edition.

use std::collections::BTreeSet;

use crate::support::{MONDAY, Outcome, SILENCE, Scene, column};

/// HTML with a line for each element, so that a change can be read.
fn unfolded(html: &str) -> String {
    html.replace("><", ">\n<")
}

/// Text as a browser shows it, without markup; character references are read once.
fn shown(html: &str) -> String {
    mail_parser::decoders::html::html_to_text(html)
}

/// Text on one line: spaces and line ends are one space, no-break spaces stay.
fn flat(text: &str) -> String {
    text.split([' ', '\n', '\r']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What is between two marks, each time.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).map(|rest| rest.split(end).next().unwrap_or_default()).collect()
}

fn preview(scene: &Scene, arguments: &[&str]) -> (String, String) {
    scene.ok(&["sync", "--at", MONDAY]);
    scene.ok(&[&["digest", "preview", "--folder", "preview", "--at", MONDAY], arguments].concat());
    (scene.read("preview/digest.html"), scene.read("preview/digest.txt"))
}

/// The text parts of an edition's letters in the outbox, in the order of their addresses.
fn texts(scene: &Scene, period: &str) -> Vec<String> {
    let posted = scene.posted();
    let readers = posted.iter().filter_map(|letter| letter.strip_prefix(period)?.strip_prefix(' '));
    let text = |reader: &str| {
        let letter = scene.letter_to(reader, period);
        let parsed = mail_parser::MessageParser::default().parse(&letter).expect("a letter");
        parsed.body_text(0).expect("a text part").into_owned()
    };
    readers.map(text).collect()
}

#[test]
fn the_sample_is_previewed() {
    let scene = Scene::sample();
    let (html, text) = preview(&scene, &[]);
    insta::assert_snapshot!("preview_text", text);
    insta::assert_snapshot!("preview_html", unfolded(&html));
    assert!(html.len() < 90_000, "{} bytes", html.len());
    assert!(text.contains("«\u{a0}Bonjour <nom du bateau>\u{202f}!\u{a0}» & autres civilités du port 🦀\n"), "{text}");
    assert!(text.lines().all(|line| line.starts_with("http") || line.chars().count() <= 78), "{text}");

    // It is the same as often as one looks, and looking changes nothing. A letter is longer than
    // its preview by its subscriber's token, which stands there twice.
    let size = html.len() - 2 * "preview".len() + 2 * 39;
    assert_eq!(
        scene.ok(&["digest", "preview", "--at", MONDAY, "--folder", "elsewhere/deep"]),
        format!(
            "elsewhere/deep/digest.html\nelsewhere/deep/digest.txt\n\
             2026-W47: Le phare ne dort que d’un œil ({size} bytes of HTML)\n"
        )
    );
    assert_eq!((scene.read("elsewhere/deep/digest.html"), scene.read("elsewhere/deep/digest.txt")), (html, text));
    assert_eq!(scene.ok(&["digest", "status"]), "no edition yet\n");
    assert_eq!(scene.files("outbox"), [""; 0]);
}

#[test]
fn french_spaces_arrive_in_html_as_in_text() {
    let (html, text) = preview(&Scene::sample(), &[]);
    let (shown, text) = (flat(&shown(&html)), flat(&text));
    for words in [
        "«\u{a0}Bonjour <nom du bateau>\u{202f}!\u{a0}» & autres civilités du port 🦀",
        "C’est le moment de venir\u{a0}: on y croise",
        "\"léger souci de balises\"\u{202f}; le maître",
        "en retard aux grandes marées.\u{a0}[…]",
        "N°\u{a0}1",
    ] {
        assert!(text.contains(words), "no {words:?} in {text}");
        assert!(shown.contains(words), "no {words:?} in {shown}");
    }
    assert!(!html.contains("\\u"), "an escape of Rust's has come through");
}

#[test]
fn nothing_is_fetched_but_the_magazines_own_pictures() {
    // These are names of fonts that MJML renderers like to fetch.
    let fonts = "[theme]\nserif = \"'Open Sans', Lato, serif\"\nsans = \"Roboto, Ubuntu, sans-serif\"\n";
    let (html, _) = preview(&Scene::sample().config("[theme]\n", fonts), &[]);
    assert!(html.contains("Open Sans") && html.contains("Roboto"));
    let mut fetched: BTreeSet<&str> = BTreeSet::new();
    for start in ["src=\"", "srcset=\"", "background=\"", "data=\"", "poster=\"", "url(", "@import ", "xlink:href=\""] {
        fetched.extend(between(&html, start, if start == "url(" { ")" } else { "\"" }));
    }
    assert_eq!(fetched, BTreeSet::from(["https://estran.example.org/images/phare.jpg"]));
    for tag in ["<link", "<script", "<iframe", "<object", "<embed", "<video", "<base", "fonts.g"] {
        assert!(!html.contains(tag), "{tag}");
    }
    // Every picture says what it shows, and every link leads to the magazine.
    assert_eq!(
        html.matches("<img").count(),
        between(&html, "alt=\"", "\"").iter().filter(|alt| !alt.is_empty()).count()
    );
    for link in between(&html, "href=\"", "\"") {
        assert!(link.starts_with("https://estran.example.org/"), "{link}");
    }
}

#[test]
fn markup_in_words_is_shown_and_not_obeyed() {
    let hostile =
        r#"</title><script>alert(1)</script> & "double" 'simple' &amp; {{ v.subject }} {% if %} \u{41} {magazine}"#;
    let yaml = format!("'{}'", hostile.replace('\'', "''"));
    let scene = Scene::empty().config("opening = \"\"\"", "opening = \"\"\"<script>alert(2)</script> & co. ");
    for (name, title) in [("a", yaml.clone()), ("b", yaml.clone())] {
        scene.put(
            &format!("columns/{name}.md"),
            &format!(
                "---\ntitle: {title}\nstandfirst: {yaml}\nbyline: {yaml}\npublished: 2026-11-20\n\
                 image: {{url: a.jpg, alt: {yaml}, credit: {yaml}}}\n---\n"
            ),
        );
    }
    let (html, text) = preview(&scene, &[]);
    assert!(!html.contains("<script"), "{html}");
    assert!(!html.contains("&amp;lt;") && !html.contains("&amp;#"), "escaped twice: {html}");
    // Twice title, standfirst, byline and credit (the alt is an attribute); once preheader and title.
    assert_eq!(shown(&html).matches(hostile).count(), 9, "{}", shown(&html));
    assert_eq!(flat(&text).matches(hostile).count(), 6, "{text}");
    for attribute in ["alt", "aria-label"] {
        let value = between(&html, &format!(" {attribute}=\""), "\"")[0];
        assert_eq!(shown(value), hostile, "{attribute}: {value}");
    }
    assert!(shown(&html).contains("<script>alert(2)</script> & co."));
}

#[test]
fn a_title_that_reads_like_the_tokens_place_gets_no_token() {
    let places = ["subscriber0token0stands0here0in0letters".to_owned(), "\\uFDD0".repeat(13), "&#64976;".repeat(13)];
    let scene = Scene::empty().config("opening = \"\"\"", &format!("opening = \"\"\"{} ", places[2]));
    let scene = scene.write("subscribers.csv", "email\na@example.org\n");
    for (place, name) in places.iter().zip(["a", "b", "c"]) {
        let front = format!("title: \"x {place}\"\nstandfirst: \"{place}\"\nrubrique: edito\npublished: 2026-11-20\n");
        scene.put(&format!("columns/{name}.md"), &format!("---\n{front}---\n"));
    }
    scene.run(&["run", "--at", MONDAY]);
    let letter = scene.letter_to("a@example.org", "2026-W47");
    let parsed = mail_parser::MessageParser::default().parse(&letter).expect("a letter");
    let token = between(&letter.replace("=\r\n", ""), "/lettre/quitter/", ">")[0].to_owned();
    assert_eq!(token.len(), 39, "{token}");
    for (part, times) in [(parsed.body_text(0), 2), (parsed.body_html(0), 2)] {
        let part = part.expect("a part");
        assert_eq!(part.matches(&token).count(), times, "{part}");
        assert!(part.contains(&places[0]), "{part}");
    }
}

#[test]
fn the_preheader_names_the_lead_if_the_subject_does_not() {
    let scene = |subject: &str| Scene::sample().config("subject = \"{lead}\"", &format!("subject = \"{subject}\""));
    let preheader = |scene: Scene, arguments: &[&str]| {
        let (html, _) = preview(&scene, arguments);
        shown(between(&html, "mso-hide:all\">", "</div>")[0]).trim().to_owned()
    };
    let lead = "Le phare ne dort que d’un œil";
    assert!(!preheader(scene("{magazine} : {lead}"), &[]).contains(lead));
    assert!(preheader(scene("La lettre du {number}"), &[]).starts_with(&format!("{lead} · ")));
    // Who chose other rubriques has another lead, and it is the one that the subject names.
    let (html, _) = preview(&scene("{lead}"), &["--rubriques", "humeur"]);
    let own = shown(between(&html, "<h2 class=\"big\"", "</h2>")[0].split_once('>').expect("a tag").1);
    assert!(!preheader(scene("{lead}"), &["--rubriques", "humeur"]).contains(own.trim()), "{own}");
    assert!(preheader(scene("{period}"), &["--rubriques", "humeur"]).starts_with(own.trim()), "{own}");
}

#[test]
fn a_choice_of_rubriques_is_previewed() {
    let scene = Scene::sample();
    let (_, whole) = preview(&scene, &[]);
    let (_, text) = preview(&scene, &["--rubriques", "ÉDITO,humeur"]);
    insta::assert_snapshot!("preview_text_edito_humeur", text);
    let (_, swapped) = preview(&scene, &["--rubriques", "humeur", "--rubriques", "edito"]);
    assert_eq!(swapped, text);
    assert_ne!(text, whole);

    let outcome = scene.run(&["digest", "preview", "--folder", "preview", "--rubriques", "cuisine", "--at", MONDAY]);
    assert_eq!(
        outcome,
        Outcome {
            code: 2,
            stdout: String::new(),
            stderr: "gazetier: --rubriques: the configuration has no \"cuisine\"\n".into(),
        }
    );
}

#[test]
fn with_nothing_new_there_is_no_edition() {
    let scene = Scene::empty()
        .write("subscribers.csv", "email\na@example.org\n")
        .write("columns/a.md", &column("A", "carnet", "2026-11-20"));
    scene.ok(&["sync"]);
    let nothing = "nothing new for 2026-W47: no letter would be sent\n";
    assert_eq!(
        scene.ok(&["digest", "preview", "--folder", "preview", "--at", MONDAY, "--rubriques", "humeur"]),
        nothing
    );
    assert_eq!(
        scene
            .ok(&["digest", "preview", "--folder", "preview", "--at", "2026-11-16T08:00", "--rubriques", "humeur"])
            .len(),
        nothing.len()
    );
    assert_eq!(scene.files("preview"), [""; 0]);
    assert_eq!(scene.ok(&["digest", "send", "--at", "2026-11-16T08:00"]), "2026-W46: no new column, nothing is sent\n");
    assert_eq!(scene.run(&["run", "--at", "2026-11-16T08:00"]), SILENCE);
    assert_eq!(scene.ok(&["digest", "status"]), "no edition yet\n");
    assert_eq!(scene.files("outbox"), [""; 0]);
}

#[test]
fn above_the_limit_columns_stand_as_titles() {
    let (_, text) = preview(&Scene::sample().config("max_columns = 30", "max_columns = 4"), &[]);
    insta::assert_snapshot!("preview_text_four_columns", text);
}

#[test]
fn an_english_magazine_writes_english() {
    let scene = Scene::empty()
        .config("language = \"fr\"", "language = \"en-GB\"")
        .config(
            "url = \"https://estran.example.org/lettre/quitter/\"",
            "url = \"https://x.example.org/u?t=\"\narchive_url = \"https://x.example.org/a/\"",
        )
        .write("columns/a.md", &column("One", "carnet", "2026-11-18"))
        .write("columns/b.md", &column("Two", "humeur", "2026-11-19"));
    let (html, text) = preview(&scene, &[]);
    insta::assert_snapshot!("preview_text_english", text);
    assert!(html.contains("<html lang=\"en-GB\""));
}

#[test]
fn what_mail_programs_would_cut_off_is_not_sent() {
    let long = "Une phrase de quarante caractères, au plus. ".repeat(60);
    let scene = Scene::empty()
        .config("standfirst_length = 330", "standfirst_length = 5000")
        .write("subscribers.csv", "email\na@example.org\n");
    for n in 0..30 {
        let column =
            column(&format!("C{n}"), "carnet", "2026-11-20").replace("standfirst: ", &format!("standfirst: {long}"));
        scene.put(&format!("columns/{n}.md"), &column);
    }
    let outcome = scene.run(&["run", "--at", MONDAY]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (65, ""));
    assert!(outcome.stderr.starts_with("gazetier: the digest cannot be sent: its HTML has "), "{outcome:?}");
    assert!(outcome.stderr.contains("lower digest.max_columns or digest.standfirst_length"), "{outcome:?}");
    assert_eq!(
        scene.ok(&["digest", "status", "--at", MONDAY]),
        "2026-W47 (n° 1) draft: 30 columns, due at 2026-11-23 07:30\n"
    );
    scene.reconfigure("standfirst_length = 5000", "standfirst_length = 330");
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    assert_eq!(scene.posted(), ["2026-W47 a@example.org"]);
}

#[test]
fn a_listing_is_imported_and_sent() {
    let scene = Scene::empty().write("subscribers.csv", "email,rubriques\na@example.org,\nh@example.org,humeur\n");
    let listing = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/listing.txt");
    scene.put("listing.txt", &std::fs::read_to_string(listing).expect("the listing"));
    scene.ok(&["import", "listing.txt", "--newest", "2026-11-22T12:00", "--step", "8h"]);
    assert_eq!(scene.run(&["run", "--at", MONDAY]).code, 0);
    let letters = texts(&scene, "2026-W47");
    assert_eq!(letters.len(), 2);
    let token = between(&letters[0], "https://estran.example.org/lettre/quitter/", "\r")[0];
    insta::assert_snapshot!("listing_text", letters[0].replace("\r\n", "\n").replace(token, "TOKEN"));
    let labels = |text: &str| -> Vec<String> {
        let known = ["ÉDITO", "HUMEUR", "CARNET", "AUTRES CHRONIQUES"];
        text.lines().filter(|line| known.contains(line)).map(str::to_owned).collect()
    };
    assert_eq!(labels(&letters[0]), ["ÉDITO", "ÉDITO", "HUMEUR", "AUTRES CHRONIQUES"]);
    assert_eq!(labels(&letters[1]), ["HUMEUR"]);
}
