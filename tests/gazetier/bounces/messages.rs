//! What single messages mean, handed over as a mail server's pipe does.

use super::post::{Sent, complaint, forged_token, group, letter_head, nobody, report};
use crate::{
    sink::{Options, Sink},
    smtp::through,
    support::{Outcome, Scene},
};

const OTHERS: [&str; 2] = ["sterenn@example.org", "loic@example.org"];
const ALL: [&str; 3] = ["alix@example.org", "sterenn@example.org", "loic@example.org"];

fn done(words: &str) -> Outcome {
    Outcome { code: 0, stdout: format!("{words}\n"), stderr: String::new() }
}

fn left(why: &str) -> Outcome {
    Outcome {
        code: 65,
        stdout: "1 message read, 1 left there\n".into(),
        stderr: format!("gazetier: standard input: {why}\n"),
    }
}

const HARD: &str = "1 message read, 1 came back for good; 1 address suppressed";
const FORGED: &str = "it is about a letter of ours, it says, but its proof is broken or forged";
const STRANGE: &str = "it says of no letter of ours that it is about it";
const NO_REPORT: &str = "it is no report, no complaint and no unsubscription: somebody should read it";

#[test]
fn a_report_suppresses_who_is_not_there() {
    for scene in [Scene::sample(), Scene::sample().on_postgres()] {
        let sent = Sent::out(scene);
        let message = report(&sent.verp(1), &nobody(), "");
        assert_eq!(
            sent.pipe_with(message.as_bytes(), &["--dry-run"]),
            done("1 message read, 1 came back for good; 1 address would be suppressed")
        );
        assert_eq!(sent.pipe(message.as_bytes()), done(HARD));
        assert_eq!(sent.pipe(message.as_bytes()), done("1 message read, 1 without news"));
        assert_eq!(
            sent.scene.ok(&["digest", "status"]),
            "2026-W47 (n° 1) sent: 2 of 3 letters sent, 1 refused\n  \
             refused: alix@example.org: came back: 550 5.1.1 no such reader\n"
        );
        assert_eq!(sent.next_readers(), OTHERS);
    }
}

/// Mail servers part what is added to an address from it in several ways. What came back is understood
/// whichever it was, also after another one was chosen.
#[test]
fn the_separator_can_be_chosen_and_each_is_understood() {
    let line = |separator: char| format!("bounce_separator = \"{separator}\"");
    for separator in ['+', '-', '='] {
        let sink = Sink::start(Options::default());
        let scene = Scene::sample().config("# bounce_separator = \"-\"", &line(separator));
        let sent = Sent::out(through(scene, sink.port));
        let letters = sink.accepted();
        let letter = letters.iter().find(|letter| letter.recipients == ["alix@example.org"]).expect("a letter");
        assert_eq!(letter.sender, sent.verp_by(separator, 1));
        sent.scene.reconfigure(&line(separator), if separator == '-' { "" } else { "bounce_separator = \"-\"" });
        assert_eq!(sent.pipe(report(&letter.sender, &nobody(), "").as_bytes()), done(HARD), "{separator}");
    }
}

#[test]
fn the_letter_is_found_wherever_its_proof_stands() {
    type Way = fn(&Sent) -> (String, String);
    let ways: [Way; 10] = [
        |sent| (sent.verp(1), String::new()),
        |sent| (sent.verp(1).to_uppercase(), String::new()),
        |sent| (format!("\"L'Estran, retours\" <{}>", sent.verp(1)), String::new()),
        // The mail server rewrote the domain.
        |sent| (sent.verp(1).replace("estran.example.org", "hosting.example.net"), String::new()),
        // A forwarder wrapped the sender (SRS).
        |sent| {
            let verp = sent.verp(1);
            let (local, domain) = verp.split_once('@').expect("an address");
            (format!("SRS0=Xy12=AB={domain}={local}@forward.example"), String::new())
        },
        |sent| (format!("postmaster@estran.example.org\nDelivered-To: {}", sent.verp(1)), String::new()),
        |sent| ("postmaster".to_owned(), format!("BounceKind-Path: <{}>\nFrom: x@y.z\n", sent.verp(1))),
        |sent| ("postmaster".to_owned(), letter_head(&sent.message_id(1), &sent.token(1))),
        |sent| ("postmaster".to_owned(), letter_head(&sent.message_id(1).to_lowercase(), &sent.token(1))),
        // The address for bounces goes before a letter that is quoted, whosever it is.
        |sent| (sent.verp(1), letter_head(&sent.message_id(2), &sent.token(2))),
    ];
    for (number, way) in ways.iter().enumerate() {
        let sent = Sent::sample();
        let (to, returned) = way(&sent);
        let message = report(&to, &nobody(), &returned);
        assert_eq!(sent.pipe(message.as_bytes()), done(HARD), "way {number}");
        let status = sent.scene.ok(&["digest", "status"]);
        assert!(status.contains("refused: alix@example.org"), "way {number}: {status}");
    }
}

#[test]
fn what_proves_nothing_changes_nothing() {
    let sent = Sent::sample();
    let (verp, of_two) = (sent.verp(1), sent.verp(2));
    let name = |verp: &str| verp["retours+".len()..verp.len() - "@estran.example.org".len()].to_owned();
    let (ours, theirs) = (name(&verp), name(&of_two));
    let verp_of = |name: &str| verp.replace(&ours, name);
    let id = sent.message_id(1);
    let words = |id: &str| id.split(['.', '@']).map(str::to_owned).collect::<Vec<_>>();
    let (one, two) = (words(&id), words(&sent.message_id(2)));
    let (reader, id_proof) = (&one[2], &one[3]);
    let changed = if &ours[20..21] == "a" { "b" } else { "a" };
    for (to, returned, why) in [
        // Another's proof, one letter changed, nothing but the form, half of it.
        (verp_of(&format!("{}{}", &ours[..32], &theirs[32..])), String::new(), FORGED),
        (verp_of(&format!("{}{changed}{}", &ours[..20], &ours[21..])), String::new(), FORGED),
        (verp_of(&"a".repeat(39)), String::new(), FORGED),
        (verp_of(&ours[..38]), String::new(), STRANGE),
        // A letter's readers know its Message-ID; its proof is none for an address.
        (verp_of(&format!("{}{}a", &ours[..26], &id_proof[..12])), String::new(), FORGED),
        ("x".into(), letter_head(&id.replace(id_proof, &ours[26..]), ""), FORGED),
        // Another reader's, another edition's.
        ("x".into(), letter_head(&id.replace(reader, &two[2]), ""), FORGED),
        ("x".into(), letter_head(&id.replace("2026-W47", "2026-W48"), ""), FORGED),
        // As the first version wrote them, with numbers that nobody has signed or that are none.
        (verp_of("1.1.aaaaaaaaaaaaa"), String::new(), FORGED),
        (verp_of("9223372036854775807.-9223372036854775808.aaaaaaaaaaaaa"), String::new(), FORGED),
        (verp_of("92233720368547758071.1.aaaaaaaaaaaaa"), String::new(), FORGED),
        ("x".into(), letter_head("<2026-W47.1.aaaaaaaaaaaaa@estran.example.org>", ""), FORGED),
        // The recipient alone could be written by anybody.
        ("retours@estran.example.org".into(), "To: alix@example.org\nMessage-ID: <a@b.fr>\n".into(), STRANGE),
        // Two letters at once.
        (format!("{verp}, {of_two}"), String::new(), "it is about more than one letter"),
    ] {
        let outcome = sent.pipe(report(&to, &nobody(), &returned).as_bytes());
        assert_eq!(outcome, left(why), "{to} {returned}");
    }
    assert_eq!(sent.scene.ok(&["digest", "status"]), "2026-W47 (n° 1) sent: 3 of 3 letters sent\n");
    assert_eq!(sent.next_readers(), ALL);
}

#[test]
fn of_several_recipients_ours_counts_or_the_best_of_all() {
    let other = |action: &str, status: &str| group("other@example.com", action, status, "words");
    let alias = |status: &str| format!("Original-Recipient: rfc822;ALIX@example.org\n{}", other("failed", status));
    let delayed = "1 message read, 1 without news";
    let soft = "1 message read, 1 came back for now";
    for (groups, expected) in [
        (format!("{}\n{}", nobody(), other("delivered", "2.0.0")), HARD),
        (format!("{}\n{}", other("relayed", "2.0.0"), nobody()), HARD),
        (format!("{}\n{}", other("failed", "5.2.2"), alias("5.1.1")), HARD),
        // An address that stands for others is as good as the best of them.
        (format!("{}\n{}", other("failed", "5.1.1"), other("delivered", "2.0.0")), "1 message read, 1 arrived"),
        (format!("{}\n{}", other("failed", "5.1.1"), other("failed", "5.2.2")), soft),
        (format!("{}\n{}", other("failed", "5.1.1"), other("failed", "5.1.2")), HARD),
        (other("failed", "5.1.1"), HARD),
        (group("alix@example.org", "delayed", "4.4.1", "not yet"), delayed),
    ] {
        let sent = Sent::sample();
        assert_eq!(sent.pipe(report(&sent.verp(1), &groups, "").as_bytes()), done(expected), "{groups}");
    }
}

#[test]
fn who_complains_gets_no_letter_any_more() {
    let abuse = "1 message read, 1 complained of; 1 unsubscribed; 1 address suppressed";
    let unsubscribed = "1 message read; 1 unsubscribed";
    let nothing = "1 message read, 1 without news";
    type Way = fn(&Sent) -> String;
    let ways: [(Way, &str); 10] = [
        // RFC 9477: the same as the Message-ID, which was taken out.
        (
            |sent| {
                let id = sent.message_id(1);
                let returned = format!("CFBL-Feedback-ID: {}\nSubject: x\n", id.trim_matches(['<', '>']));
                complaint("x", "abuse", "", &returned)
            },
            abuse,
        ),
        (|sent| complaint("fbl@estran.example.org", "abuse", "", &letter_head(&sent.message_id(1), "")), abuse),
        (|sent| complaint(&sent.verp(1), "abuse", "", "Subject: redacted\n"), abuse),
        (|sent| complaint("x", "Abuse", &format!("Original-Mail-From: <{}>\n", sent.verp(1)), "Subject: x\n"), abuse),
        (|sent| complaint("x", "fraud", "", &letter_head(&sent.message_id(1), "")), abuse),
        // Where all is taken out but the way to leave, that proves whose letter it is.
        (|sent| complaint("x", "abuse", "", &letter_head("<redacted@mail.example>", &sent.token(1))), abuse),
        (|sent| complaint("x", "opt-out", "", &letter_head(&sent.message_id(1), "")), unsubscribed),
        (|sent| complaint("x", "not-spam", "", &letter_head(&sent.message_id(1), "")), nothing),
        (|_| complaint("x", "not-spam", "", "Subject: another's\n"), nothing),
        (|sent| complaint("x", "virus", "", &letter_head(&sent.message_id(1), "")), nothing),
    ];
    for (number, (way, expected)) in ways.iter().enumerate() {
        let sent = Sent::sample();
        assert_eq!(sent.pipe(way(&sent).as_bytes()), done(expected), "way {number}");
        let readers: &[&str] = if *expected == nothing { &ALL } else { &OTHERS };
        assert_eq!(sent.next_readers(), readers, "way {number}");
    }
    let sent = Sent::sample();
    let strange = complaint("x", "abuse", "", &letter_head("<a@b.fr>", &forged_token()));
    assert_eq!(sent.pipe(strange.as_bytes()), left(STRANGE));
    let unknown = complaint(&sent.verp(1), "grumble", "", "Subject: x\n");
    assert_eq!(
        sent.pipe(unknown.as_bytes()),
        left("it is a complaint of the type \"grumble\", which is not known here")
    );
    assert_eq!(sent.next_readers(), ALL);
}

#[test]
fn who_leaves_by_mail_has_left() {
    let subjects: [fn(&str) -> String; 7] = [
        |token| format!("unsubscribe {token}"),
        |token| format!("UNSUBSCRIBE {}", token.to_uppercase()),
        |token| format!("RE : Tr: [liste] unsubscribe {token} (fwd)"),
        |token| format!("unsubscribe%20{token}"),
        |token| format!("=?utf-8?Q?R=C3=A9p=2E_unsubscribe_{token}?="),
        |token| format!("unsubscribe\n {token}"),
        |token| format!("Re: unsubscribe: <{token}>"),
    ];
    for (number, subject) in subjects.iter().enumerate() {
        let sent = Sent::sample();
        let message = |token: &str| {
            let subject = subject(token);
            format!("From: x@y.example\nTo: quitter@estran.example.org\nSubject: {subject}\n\nSent from my phone\n")
        };
        // A year later, for an edition long gone.
        let outcome = sent.pipe_at("2027-12-01", message(&sent.token(1)).as_bytes(), &[]);
        assert_eq!(outcome, done("1 message read; 1 unsubscribed"), "subject {number}");
        assert_eq!(sent.pipe(message(&sent.token(1)).as_bytes()), done("1 message read, 1 without news"));
        assert_eq!(sent.next_readers(), OTHERS, "subject {number}");
        let broken = "somebody wants to leave, but the token in its subject is missing, broken or forged";
        assert_eq!(sent.pipe(message(&forged_token()).as_bytes()), left(broken));
        assert_eq!(sent.pipe(message("me please").as_bytes()), left(broken));
    }
}

#[test]
fn nobody_is_left_to_leave() {
    let sent = Sent::sample();
    let message = format!("Subject: unsubscribe {}\n\n", sent.token(99));
    assert_eq!(sent.pipe(message.as_bytes()), done("1 message read, 1 about what is gone"));
    let report = report(&sent.verp(99), &nobody(), "");
    assert_eq!(sent.pipe(report.as_bytes()), done("1 message read, 1 about what is gone"));
}

#[test]
fn answers_of_machines_are_counted_and_change_nothing() {
    let sent = Sent::sample();
    for head in [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-replied (vacation)",
        "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All",
        "Precedence: auto_reply",
        "X-Autoreply: yes",
        "X-Autorespond: La semaine",
    ] {
        let message =
            format!("From: alix@example.org\nTo: {}\n{head}\nSubject: Absente\n\nDe retour lundi.\n", sent.verp(1));
        assert_eq!(sent.pipe(message.as_bytes()), done("1 message read, 1 by machines"), "{head}");
    }
    let receipt = report("x", "", "").replace("delivery-status", "disposition-notification");
    assert_eq!(sent.pipe(receipt.as_bytes()), done("1 message read, 1 without news"));
    for head in ["Auto-Submitted: no", "Precedence: bulk", "Auto-Submitted: auto-generated", "X-Autoreply: no"] {
        let message = format!("From: alix@example.org\nTo: {}\n{head}\nSubject: Bonjour\n\nMerci.\n", sent.verp(1));
        assert_eq!(sent.pipe(message.as_bytes()), left(NO_REPORT), "{head}");
    }
    assert_eq!(sent.next_readers(), ALL);
}

#[test]
fn json_tells_all_of_it() {
    let sent = Sent::sample();
    let outcome = sent.pipe_with(report(&sent.verp(1), &nobody(), "").as_bytes(), &["--json"]);
    insta::assert_snapshot!("hard_as_json", outcome.stdout);
    let outcome = sent.pipe_with(b"Subject: hello\n\nDear editors\n", &["--json"]);
    insta::assert_snapshot!("left_as_json", outcome.stdout);
    assert_eq!(outcome.code, 65);
}

/// A mail server gives up what it hands over at any code but one.
#[test]
fn what_cannot_be_taken_in_now_stays_with_the_mail_server() {
    let sent = Sent::sample();
    let message = report(&sent.verp(1), &nobody(), "");
    let text = sent.scene.read("config.toml");
    sent.scene.reconfigure("language = \"fr\"", "language = \"?\"");
    assert_eq!(sent.pipe(message.as_bytes()).code, 75);
    sent.scene.put("config.toml", &text);
    sent.scene.reconfigure("url = \"sqlite:gazetier.db\"", "url = \"postgres://nobody@127.0.0.1:1/none\"");
    let outcome = sent.pipe(message.as_bytes());
    assert_eq!(outcome.code, 75, "{outcome:?}");
    assert!(outcome.stderr.contains("cannot open the store"), "{outcome:?}");
    sent.scene.put("config.toml", &text);
    assert_eq!(sent.pipe(message.as_bytes()), done(HARD));
}
