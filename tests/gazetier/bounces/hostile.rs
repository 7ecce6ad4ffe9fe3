//! Anybody may write to an address for bounces, and mail servers write strangely.

use std::time::{Duration, Instant};

use chrono::Utc;
use data_encoding::BASE64_MIME;
use gazetier::{
    bounce::{BounceHandler, Summary},
    config::Config,
    model::{self, Key},
    store::Store,
};
use proptest::{
    prelude::{ProptestConfig, any},
    proptest,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use super::post::{Sent, group, letter_head, nobody, report};
use crate::support::Outcome;

const HARD: &str = "1 message read, 1 came back for good; 1 address suppressed\n";
const LEFT: &str = "1 message read, 1 left there\n";

fn base64(bytes: &[u8]) -> String {
    BASE64_MIME.encode(bytes).replace("\r\n", "\n")
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// A report whose status part has this type and encoding, and this body.
fn report_with(to: &str, head: &str, body: &[u8]) -> Vec<u8> {
    let before = format!(
        "To: {to}\nMIME-Version: 1.0\nContent-Type: multipart/report; boundary=b\n\n--b\n\n\
         --b\nContent-Type: {head}\n\n"
    );
    [before.as_bytes(), body, b"\n--b--\n"].concat()
}

/// A message in messages in messages.
fn wrapped(mut message: String, depth: usize, head: &str) -> String {
    for _ in 0..depth {
        message = format!("{head}\n\n{message}");
    }
    message
}

#[test]
fn a_report_is_found_in_whatever_it_is_wrapped_in() {
    type Wrap = fn(&str, String) -> Vec<u8>;
    let plain = |verp: &str| report(verp, &nobody(), "");
    let wraps: [(&str, Wrap); 11] = [
        ("with the line of an mbox before it, as Exim pipes it", |_, plain| {
            format!("From MAILER-DAEMON Tue Nov 24 06:39:23 2026\nEnvelope-to: x\n{plain}").into_bytes()
        }),
        ("with CRLF", |_, plain| plain.replace('\n', "\r\n").into_bytes()),
        ("forwarded as an attachment", |_, plain| {
            let head = "Subject: Fwd\nContent-Type: multipart/mixed; boundary=\"x y\"\n\n--x y\n\nSee below\n--x y";
            format!("{head}\nContent-Type: message/rfc822\n\n{plain}\n--x y--\n").into_bytes()
        }),
        ("forwarded in base64", |_, plain| {
            let body = base64(plain.as_bytes());
            format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{body}").into_bytes()
        }),
        ("with a footer of a list", |_, plain| {
            let (head, body) = plain.split_once("\n\n").expect("a head");
            let (head, kind) = head.split_once("Content-Type: ").expect("a type");
            format!(
                "{head}Content-Type: multipart/mixed; boundary=outer\n\n--outer\nContent-Type: {kind}\n\n{body}\n\
                 --outer\n\nFooter\n--outer--\n"
            )
            .into_bytes()
        }),
        ("six messages deep", |_, plain| wrapped(plain, 6, "Content-Type: message/rfc822").into_bytes()),
        ("with a boundary that others begin with", |verp, _| {
            let inner = "--a\nContent-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1\n--a--";
            format!("To: {verp}\nContent-Type: multipart/mixed; boundary=a\n\n--ab\n--a\nContent-Type: multipart/report;\n boundary=ab\n\n--ab\n{}\n--a--\n",
                inner.replace("--a--", "--ab--").trim_start_matches("--a\n")).into_bytes()
        }),
        ("without an end", |_, plain| {
            plain.split("\n--=_b/1\nContent-Type: text/rfc822").next().expect("a part").into()
        }),
        ("with comments and capitals", |_, plain| {
            plain
                .replace("message/delivery-status", "Message/Delivery-Status (a report); charset=us-ascii")
                .replace("Action: failed", "ACTION:   Failed (for good)")
                .replace("Status: 5.1.1", "STATUS: 5.1.1 (bad mailbox)")
                .into_bytes()
        }),
        ("folded", |_, plain| {
            plain
                .replace("To: ", "To:\n\t")
                .replace("report-type=delivery-status;", "report-type=delivery-status;\n\t")
                .replace("smtp; 550", "smtp;\n 550")
                .into_bytes()
        }),
        ("with too many empty lines", |_, plain| plain.replace("\n\nFinal-", "\n\n\n\n\nFinal-").into_bytes()),
    ];
    for (name, wrap) in wraps {
        let sent = Sent::sample();
        let message = wrap(&sent.verp(1), plain(&sent.verp(1)));
        let outcome = sent.pipe(&message);
        let text = String::from_utf8_lossy(&message);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, HARD), "{name}: {outcome:?}\n{text}");
    }
}

#[test]
fn a_report_is_read_in_whatever_it_is_written_in() {
    let status = "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; alix@example.org\nAction: failed\n\
                  Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 boîte inconnue\n";
    let latin: Vec<u8> = status.chars().map(|c| u8::try_from(u32::from(c)).expect("a character of Latin-1")).collect();
    let kind = "message/delivery-status";
    let words = "boîte inconnue";
    for (head, body, words) in [
        (format!("{kind}; charset=utf-8"), status.into(), words),
        (kind.to_owned(), status.into(), words),
        (format!("{kind}; charset=iso-8859-1"), latin.clone(), words),
        // Unlabelled, and no UTF-8.
        (kind.to_owned(), latin.clone(), words),
        (format!("{kind}; charset=no-such-charset"), status.into(), words),
        (format!("{kind}\nContent-Transfer-Encoding: base64"), base64(status.as_bytes()).into(), words),
        (
            format!("{kind}; charset=\"utf-16\"\nContent-Transfer-Encoding: BASE64"),
            base64(&[vec![0xff, 0xfe], utf16(status, u16::to_le_bytes)].concat()).into(),
            words,
        ),
        (
            format!("{kind}; charset=UTF-16BE\nContent-Transfer-Encoding: base64"),
            base64(&utf16(status, u16::to_be_bytes)).into(),
            words,
        ),
        (
            format!("{kind}; charset=windows-1252\nContent-Transfer-Encoding: quoted-printable"),
            status.replace('î', "=EE").replace("failed", "fail=\ned").into(),
            words,
        ),
        ("message/global-delivery-status; charset=utf-8".to_owned(), status.into(), words),
    ] {
        let sent = Sent::sample();
        let outcome = sent.pipe(&report_with(&sent.verp(1), &head, &body));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, HARD), "{head}: {outcome:?}");
        let status = sent.scene.ok(&["digest", "status"]);
        let told = format!("refused: alix@example.org: came back: 550 5.1.1 {words}\n");
        assert!(status.ends_with(&told), "{head}: {status}");
    }
}

#[test]
fn what_is_no_message_is_left_and_nothing_breaks() {
    let sent = Sent::sample();
    let verp = sent.verp(1);
    let plain = report(&verp, &nobody(), "");
    let megabytes = 5 * 1024 * 1024;
    let mut noise: u64 = 7;
    let binary: Vec<u8> = (0..300_000)
        .map(|_| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (noise >> 56) as u8
        })
        .collect();
    let deep = |head: &str, depth| wrapped(plain.clone(), depth, head).into_bytes();
    let boundaries = |depth: usize| {
        let mut text = format!("To: {verp}\n");
        for n in 0..depth {
            text.push_str(&format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"));
        }
        text.push_str("Content-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1\n");
        text.into_bytes()
    };
    let bombs: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("a line end", b"\n".to_vec()),
        ("zeros", vec![0; megabytes]),
        ("noise", binary.clone()),
        ("noise after a head", [format!("To: {verp}\n\n").as_bytes(), &binary].concat()),
        ("noise as a report", report_with(&verp, "message/delivery-status", &binary)),
        ("a line without end", vec![b'a'; megabytes]),
        ("a head without end", "a:\n".repeat(megabytes / 3).into_bytes()),
        ("a field without end", [format!("To: {verp}\nSubject: ").as_bytes(), &vec![b'x'; megabytes]].concat()),
        (
            "a type with a million attributes",
            format!("To: {verp}\nContent-Type: multipart/report{}\n\n", "; a*1=x".repeat(megabytes / 7)).into_bytes(),
        ),
        ("addresses without end", format!("To: {}\n\nhello", "a+1.1.aaaaaaaaaaaaa@b.fr, ".repeat(30_000)).into_bytes()),
        ("30,000 messages deep", deep("Content-Type: message/rfc822", 30_000)),
        ("in a digest in a digest", deep("Content-Type: multipart/digest; boundary=d\n\n--d\n", 20_000)),
        (
            "in base64, 30,000 messages deep",
            format!(
                "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{}",
                base64(&deep("Content-Type:message/rfc822", 25_000))
            )
            .into_bytes(),
        ),
        ("boundaries in boundaries", boundaries(10_000)),
        (
            "a hundred thousand parts",
            [b"Content-Type: multipart/mixed; boundary=b\n".as_slice(), &b"\n--b\n".repeat(100_000)].concat(),
        ),
        ("an empty report", report(&verp, "", "").into_bytes()),
        ("a report of another kind", report(&verp, "Action: blown-up\nStatus: 5.1.1\n", "").into_bytes()),
        ("a letter of a human", format!("To: {verp}\nSubject: Bonjour\n\nMerci !\n").into_bytes()),
        ("another's report", report("x@y.example", &group("a@b.fr", "failed", "5.1.1", "x"), "").into_bytes()),
    ];
    for (name, bytes) in bombs {
        let begun = Instant::now();
        let outcome = sent.pipe(&bytes);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (65, LEFT), "{name}: {outcome:?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{name}: {outcome:?}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{name} took {:?}", begun.elapsed());
    }
    assert_eq!(sent.scene.ok(&["digest", "status"]), "2026-W47 (n° 1) sent: 3 of 3 letters sent\n");
}

#[test]
fn a_long_letter_is_read_as_far_as_the_report_goes() {
    let sent = Sent::sample();
    let letter = format!("{}\n{}", letter_head("<a@b.fr>", ""), "very long\n".repeat(1_000_000));
    let outcome = sent.pipe(report(&sent.verp(1), &nobody(), &letter).as_bytes());
    assert_eq!(outcome, Outcome { code: 0, stdout: HARD.into(), stderr: String::new() });
}

/// Handles messages in this process; each in a rehearsal, so that none changes the next.
struct Rehearsal {
    runtime: tokio::runtime::Runtime,
    config: Config,
    store: Store,
    verp: String,
    _scene: Sent,
}

impl Rehearsal {
    fn new() -> Self {
        let sent = Sent::sample();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let store = runtime.block_on(Store::open(&sent.scene.store_url())).expect("a store");
        let config = Config::load(&sent.scene.path("config.toml")).expect("a configuration");
        Self { runtime, config, store, verp: sent.verp(1), _scene: sent }
    }

    fn handle(&self, message: &[u8]) -> Summary {
        let at = "2026-11-24T08:00:00Z".parse::<model::Instant>().expect("an instant");
        let bounces = BounceHandler {
            config: &self.config,
            store: &self.store,
            at,
            clock: Utc::now,
            rehearsal: true,
            only_new: false,
        };
        self.runtime.block_on(bounces.message(message)).expect("a summary")
    }
}

#[test]
fn cut_off_anywhere_it_is_whole_or_left() {
    let rehearsal = Rehearsal::new();
    let plain = report(&rehearsal.verp, &nobody(), &letter_head("<a@b.fr>", ""));
    let (mut hard, mut other) = (0, 0);
    for end in 0..plain.len() {
        let summary = rehearsal.handle(&plain.as_bytes()[..end]);
        assert_eq!(summary.messages, 1);
        hard += summary.hard;
        other += summary.left;
        // Cut off within the status, it may only be less than what it says.
        assert_eq!(summary.hard + summary.left + summary.soft + summary.auto_replies, 1, "{end}: {summary:?}");
    }
    assert!(hard > 100 && other > 100, "{hard} hard, {other} left");
}

#[test]
fn whatever_is_changed_in_it_nobody_else_is_meant() {
    let rehearsal = Rehearsal::new();
    let plain = report(&rehearsal.verp, &nobody(), &letter_head("<a@b.fr>", ""));
    let lines: Vec<&str> = plain.lines().collect();
    let mut runner = TestRunner::deterministic();
    let change = (0..lines.len(), 0..lines.len(), 0..6usize, any::<[u8; 6]>());
    for _ in 0..1_500 {
        let (a, b, how, noise) = change.new_tree(&mut runner).expect("a change").current();
        let mut changed: Vec<Vec<u8>> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        match how {
            0 => changed.swap(a, b),
            1 => changed[a] = changed[b].clone(),
            2 => drop(changed.remove(a)),
            3 => changed[a].extend_from_slice(&noise),
            4 => {
                let length = changed[a].len();
                if length > 0 {
                    changed[a][usize::from(noise[0]) % length] = noise[1];
                }
            }
            _ => changed.insert(a, noise.to_vec()),
        }
        let message = changed.join(&b'\n');
        let summary = rehearsal.handle(&message);
        assert_eq!((summary.messages, summary.gone, summary.unsubscribed), (1, 0, 0), "{summary:?}");
        assert!(summary.suppressed <= 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_address_is_believed_without_its_proof(mark in 0..1i64 << 24, reader: [u8; 16], at in 0..39usize, to in "[a-z2-7]") {
        let key = Key::new([3; 32]);
        let reader = gazetier::model::ReaderId::new(reader);
        let ours = gazetier::model::token::bounce(&key, mark, reader);
        let mut given = ours.clone();
        given.replace_range(at..=at, &to);
        let proven = gazetier::model::token::bounced(&key, &given).and_then(Result::ok);
        assert_eq!(proven, (given == ours).then_some((mark, reader)));
    }
}
