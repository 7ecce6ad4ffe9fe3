//! Letters as a mail program gets them: read back by another library, and byte by byte.

use std::{collections::BTreeSet, fs, path::Path};

use gazetier::{
    config::Config,
    edition::render::{encode::entity, letter::LetterTemplate},
    model::{Edition, EditionState, Key, Period, ReaderId, token::PLACEHOLDER},
};
use mail_parser::{Address, Message, MessageParser, MimeHeaders, PartType};
use proptest::prelude::*;

use crate::support::{MONDAY, Scene, column};

/// The bytes of a reader's letter.
fn letter(scene: &Scene, reader: &str) -> Vec<u8> {
    scene.letter_to(reader, "2026-W47").into_bytes()
}

/// The names of the files in the outbox, each with its bytes.
fn outbox(scene: &Scene) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| (name.clone(), fs::read(scene.path("outbox").join(name)).expect("a letter"));
    scene.files("outbox").into_iter().map(read).collect()
}

fn parse(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).expect("a letter")
}

/// The lines of the head, unfolded, by name.
fn head(bytes: &[u8]) -> Vec<(String, String)> {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    let head = text.split("\r\n\r\n").next().expect("a head").replace("\r\n ", " ");
    let line = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    head.split("\r\n").map(|text| line(text).unwrap_or_else(|| panic!("{text:?}"))).collect()
}

fn value(head: &[(String, String)], name: &str) -> String {
    let mut values = head.iter().filter(|(other, _)| other == name).map(|(_, value)| value.clone());
    let only = values.next().unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(values.next(), None, "{name} stands twice");
    only
}

/// The subscriber's token, by the header that one-click unsubscription reads.
fn token(head: &[(String, String)]) -> String {
    let list = value(head, "List-Unsubscribe");
    let rest = list.strip_prefix("<https://estran.example.org/lettre/quitter/").expect("the page for leaving");
    rest.split('>').next().expect("a token").to_owned()
}

/// What mail programs and relays choke on.
fn assert_sound(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\r' | b'\n')), "{text}");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "a bare LF: {text:?}");
    assert_eq!(text.matches('\r').count(), text.matches("\r\n").count(), "a bare CR: {text:?}");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.split("\r\n").all(|line| line.len() < 200), "{head}");
    assert!(body.split("\r\n").all(|line| line.len() <= 76), "{body}");
    // The same bytes serve DATA, which would double such a dot, and BDAT, which would not.
    assert!(!text.starts_with('.') && !text.contains("\r\n.") && text.ends_with("\r\n"), "{text}");
}

fn parts(message: &Message<'_>) -> (String, String) {
    let kinds: Vec<_> = message.parts.iter().map(|part| &part.body).collect();
    let [PartType::Multipart(inner), PartType::Text(text), PartType::Html(html)] = kinds[..] else {
        panic!("not text, then HTML: {message:?}");
    };
    assert_eq!(inner, &[1, 2]);
    assert!(message.is_content_type("multipart", "alternative"));
    let lines = |text: &str| {
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        text.replace("\r\n", "\n")
    };
    (lines(text), lines(html))
}

#[test]
fn each_subscriber_gets_what_the_preview_shows() {
    let scene = Scene::sample();
    scene.ok(&["sync", "--at", MONDAY]);
    for (folder, rubriques) in [("1", ""), ("2", "edito,humeur"), ("3", "carnet")] {
        let preview = ["digest", "preview", "--at", MONDAY, "--folder", folder];
        let choice = ["--rubriques", rubriques];
        scene.ok(&[&preview, &choice[..if rubriques.is_empty() { 0 } else { 2 }]].concat());
    }
    scene.ok(&["run", "--at", MONDAY]);
    let (mut tokens, mut ids, mut dates) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    // The subject names a column that is in the letter.
    for (folder, name, address, subject) in [
        ("1", "Alix Le Goff", "alix@example.org", "Le phare ne dort que d’un œil"),
        ("2", "Sterenn Daoudal", "sterenn@example.org", "Une marée d’avance"),
        ("3", "Loïc Ménardeau-Frécot", "loic@example.org", "Le phare ne dort que d’un œil"),
    ] {
        let bytes = letter(&scene, address);
        assert_sound(&bytes);
        let (head, message) = (head(&bytes), parse(&bytes));
        let token = token(&head);

        // One token, in the header, and in text and HTML where one leaves and where one chooses.
        let (text, html) = parts(&message);
        assert_eq!(text.matches(&token).count(), 2);
        assert_eq!(html.matches(&token).count(), 2);
        assert!(!text.contains("subscriber0token") && !html.contains("subscriber0token"));
        assert_eq!(text.replace(&token, "preview"), scene.read(&format!("{folder}/digest.txt")));
        assert_eq!(html.replace(&token, "preview"), scene.read(&format!("{folder}/digest.html")));

        assert_eq!(
            value(&head, "List-Unsubscribe"),
            format!(
                "<https://estran.example.org/lettre/quitter/{token}>, \
                 <mailto:quitter@estran.example.org?subject=unsubscribe%20{token}>"
            )
        );
        for (name, expected) in [
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("List-Id", "<lettre.estran.example.org>"),
            ("List-Archive", "<https://estran.example.org/feeds/>"),
            ("Feedback-ID", "2026-W47:digest:lettre-estran-e"),
            ("Precedence", "bulk"),
            ("MIME-Version", "1.0"),
        ] {
            assert_eq!(value(&head, name), expected);
        }
        let id = value(&head, "Message-ID");
        let reader = scene.reader_id(address, "2026-W47");
        let proof = id.strip_prefix(&format!("<2026-W47.digest.{reader}.")).expect("edition and recipient");
        let proof = proof.strip_suffix("@estran.example.org>").expect("the sender's domain");
        assert!(proof.len() == 13 && proof.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{id}");

        let only = |list: Option<&Address<'_>>| {
            let list = list.expect("an address");
            assert_eq!(list.iter().count(), 1);
            let first = list.first().expect("an address");
            (first.name().unwrap_or_default().to_owned(), first.address().unwrap_or_default().to_owned())
        };
        assert_eq!(only(message.from()), ("L’Estran".into(), "lettre@estran.example.org".into()));
        assert_eq!(only(message.to()), (name.into(), address.into()));
        assert_eq!(only(message.reply_to()), ("La rédaction".into(), "redaction@estran.example.org".into()));
        assert_eq!(message.subject(), Some(subject));
        let names: Vec<&str> = head.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "From",
                "To",
                "Reply-To",
                "Subject",
                "Date",
                "MIME-Version",
                "Message-ID",
                "List-Id",
                "List-Unsubscribe",
                "List-Unsubscribe-Post",
                "List-Archive",
                "Feedback-ID",
                "Precedence",
                "Content-Type"
            ]
        );
        for part in &message.parts[1..] {
            let kind = part.content_type().expect("a type");
            assert_eq!(kind.attribute("charset"), Some("utf-8"));
            assert_eq!(part.content_transfer_encoding(), Some("quoted-printable"));
        }
        tokens.insert(token);
        ids.insert(id);
        dates.insert(value(&head, "Date"));
    }
    assert_eq!((tokens.len(), ids.len()), (3, 3));
    assert_eq!(dates, BTreeSet::from(["Mon, 23 Nov 2026 07:00:00 +0000".to_owned()]));
}

#[test]
fn a_whole_letter() {
    let scene = Scene::empty()
        .write("subscribers.csv", "email,name\nzoe@example.org,Zoé\n")
        .write("columns/a.md", &column("\"Déjà l’été\u{202f}?\"", "Édito", "2026-11-20"));
    scene.ok(&["run", "--at", MONDAY]);
    let bytes = letter(&scene, "zoe@example.org");
    assert_sound(&bytes);
    let head = head(&bytes);
    let id = value(&head, "Message-ID");
    let [reader, proof] = [2, 3].map(|place| id.split(['.', '@']).nth(place).expect("reader and proof"));
    let text = String::from_utf8(bytes).expect("ASCII").replace("\r\n", "\n");
    let redacted = text.replace(&token(&head), "TOKEN").replace(reader, "READER").replace(proof, "PROOF");
    insta::assert_snapshot!("whole_letter", redacted);
}

#[test]
fn every_attempt_gives_the_same_bytes() {
    let scene = Scene::sample().config("\"file:outbox\"", "\"smtp://127.0.0.1:1\"");
    assert_eq!(scene.run(&["run", "--at", MONDAY]).code, 69, "nobody listens on port 1");
    fs::copy(scene.path("gazetier.db"), scene.path("frozen.db")).expect("a copy");
    scene.reconfigure("\"smtp://127.0.0.1:1\"", "\"file:outbox\"");
    scene.ok(&["run", "--at", MONDAY]);
    let first = outbox(&scene);
    assert_eq!(first.len(), 3);

    // The outbox is lost, the store comes from a copy, with what tells that it is one, and it is a day later.
    fs::remove_dir_all(scene.path("outbox")).expect("an outbox");
    fs::remove_file(scene.path("feeds/.gazetier")).expect("what went out");
    fs::copy(scene.path("frozen.db"), scene.path("gazetier.db")).expect("a copy");
    assert_eq!(scene.ok(&["digest", "send", "--at", "2026-11-24T08:00"]), "2026-W47: 3 of 3 letters sent\n");
    assert!(outbox(&scene) == first, "{:?}", scene.files("outbox"));
}

#[test]
fn names_are_encoded_and_bring_no_header_of_their_own() {
    let names = [
        ("Renée \"la Vague\" d’Aubigné, fille", "Renée \"la Vague\" d’Aubigné, fille"),
        ("O\"Neil\\, <boss@example.com>", "O\"Neil\\, <boss@example.com>"),
        ("Plain Name", "Plain Name"),
        ("=?utf-8?q?Eve?=", "=?utf-8?q?Eve?="),
        ("Eve\r\nBcc: victim@example.com", "Eve Bcc: victim@example.com"),
        ("Eve\nBcc: victim@example.com\n\nbody", "Eve Bcc: victim@example.com body"),
        ("Eve\rBcc: victim@example.com", "Eve Bcc: victim@example.com"),
        ("Eve\u{2028}Bcc: v@example.com\u{85}X: y", "Eve Bcc: v@example.com X: y"),
        ("Eve\u{7f}\t", "Eve"),
        ("Eve\u{0}\u{b}\u{1b}[31m", "Eve [31m"),
        ("王小明 🦀 e\u{301} ع", "王小明 🦀 e\u{301} ع"),
        (&"Très long, é. ".repeat(40), "Très long, é. ".repeat(40).trim_end()),
    ]
    .map(|(given, read)| (given.to_owned(), read.to_owned()));
    let mut csv = "email,name\n".to_owned();
    for (n, (name, _)) in names.iter().enumerate() {
        csv.push_str(&format!("s{n}@example.org,\"{}\"\n", name.replace('"', "\"\"")));
    }
    let scene =
        Scene::empty().write("subscribers.csv", &csv).write("columns/a.md", &column("A", "edito", "2026-11-20"));
    scene.ok(&["run", "--at", MONDAY]);
    for (n, (name, read)) in names.iter().enumerate() {
        let bytes = letter(&scene, &format!("s{n}@example.org"));
        assert_sound(&bytes);
        assert_eq!(head(&bytes).len(), 14, "{name:?}");
        let message = parse(&bytes);
        let to = message.to().expect("a recipient");
        assert_eq!(to.iter().count(), 1, "{name:?}");
        let to = to.first().expect("a recipient");
        assert_eq!((to.name(), to.address()), (Some(read.as_str()), Some(format!("s{n}@example.org").as_str())));
        assert_eq!(message.bcc(), None);
    }
}

/// The project's own configuration, and an edition.
fn edition(subject: &str) -> (Config, Edition) {
    let config = Config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml")).expect("the configuration");
    let at = config.magazine.zone.parse(MONDAY).expect("an instant");
    let edition = Edition {
        id: 7,
        newsletter: config.digest.newsletter.clone(),
        mark: 7,
        number: 1,
        period: Period::of_week(at, &config.magazine.zone),
        since: at,
        cutoff: at,
        state: EditionState::Frozen,
        subject: subject.to_owned(),
        dated: at,
        is_frozen: true,
    };
    (config, edition)
}

fn form<R>(subject: &str, text: &str, use_it: impl FnOnce(&LetterTemplate) -> R) -> R {
    let (config, edition) = edition(subject);
    let html = format!("<p>{text}</p><a href=\"https://x.example.org/{PLACEHOLDER}\">.</a>\n");
    let entity = entity(text, &html, "u");
    use_it(&LetterTemplate::new(&config, &edition, &edition.subject, &Key::new([7; 32]), &entity).expect("a form"))
}

proptest! {
    #[test]
    fn whatever_is_filled_in_the_letter_is_sound(
        name in prop::option::of("(\\PC|[\r\n.\t\0]){0,120}"),
        subject in "(\\PC|[\r\n.]){0,200}",
        text in "(\\PC|\n|\n[.]|  ){0,400}",
        reader: [u8; 16],
    ) {
        let address = "zoe@example.org".parse().expect("an address");
        let written = form(&subject, &text, |form| form.write(ReaderId::new(reader), &address, name.as_deref())).expect("a letter");
        assert_sound(written.text.as_bytes());
        prop_assert_eq!(head(written.text.as_bytes()).len(), 14);
        let message = parse(written.text.as_bytes());
        prop_assert_eq!(message.to().and_then(|to| to.first()).and_then(|to| to.address()), Some("zoe@example.org"));
        prop_assert_eq!(message.bcc(), None);
        prop_assert_eq!(message.attachment_count(), 0);
    }
}

#[test]
fn a_recipient_beyond_ascii_stands_as_it_is_and_nothing_else_does() {
    for (address, name, to) in [
        ("zoé@müller.example", None, "zoé@xn--mller-kva.example"),
        ("zoé@müller.example", Some("Zoé M."), "=?utf-8?b?Wm/DqSBNLg==?= <zoé@xn--mller-kva.example>"),
        ("yann@müller.example", Some("Yann"), "Yann <yann@xn--mller-kva.example>"),
        ("a+b=c!@example.org", None, "a+b=c!@example.org"),
        ("a@example.org", Some(""), "a@example.org"),
    ] {
        let parsed = address.parse().expect("an address");
        let written = form("x", "x\n", |form| form.write(ReaderId::new([1; 16]), &parsed, name)).expect("a letter");
        assert_eq!(value(&head(written.text.as_bytes()), "To"), to);
        let rest = written.text.replacen(to, "", 1);
        assert!(rest.is_ascii() && written.sender.is_ascii(), "{rest}");
        assert_eq!(written.recipient, parsed);
    }
}

#[test]
fn a_form_that_no_mail_server_would_take_is_none() {
    let (config, edition) = edition("x");
    let key = Key::new([7; 32]);
    let long = format!("Content-Type: text/plain\r\n\r\n{}\r\n", "x".repeat(999));
    for (entity, told) in [
        (&b"Content-Type: text/plain\r\n\r\n\xff\r\n"[..], "the variant in the store is no text: "),
        (b"Content-Type: text/plain\r\n\r\n.\r\n", "no mail server would take the line that begins \".\""),
        (b"Content-Type: text/plain\r\n\r\na\nb\r\n", "no mail server would take the line that begins \"a\\nb\""),
        (long.as_bytes(), "no mail server would take the line that begins \"xxx"),
        (b"Content-Type: text/plain\r\n\r\nx", "the variant in the store is cut off"),
    ] {
        let error =
            LetterTemplate::new(&config, &edition, &edition.subject, &key, entity).expect_err("no form").to_string();
        assert!(error.starts_with(&format!("cannot write a letter: {told}")), "{error}");
    }
}

#[test]
fn a_hostile_title_stays_in_the_subject() {
    let hostile = r#"---
title: "Eve\r\nBcc: victim@example.com\n\n<b>é"
rubrique: edito
published: 2026-11-20
---
"#;
    let scene = Scene::empty().write("subscribers.csv", "email\na@example.org\n").write("columns/a.md", hostile);
    scene.ok(&["run", "--at", MONDAY]);
    let bytes = letter(&scene, "a@example.org");
    assert_sound(&bytes);
    assert_eq!(head(&bytes).len(), 14);
    assert_eq!(parse(&bytes).subject(), Some("Eve Bcc: victim@example.com <b>é"));
}
