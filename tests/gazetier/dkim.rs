//! Signed letters, verified by another implementation: Python's dkimpy.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use gazetier::{config::Config, edition::render::letter::RenderedLetter, send::dkim::Signer};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    sink::{Options, Sink},
    smtp::through,
    support::{MONDAY, SILENCE, Scene, needed},
};

const KEYS: &str = "[[dkim]]\nselector = \"g1\"\nkey = \"rsa.pem\"\n\n\
                    [[dkim]]\nselector = \"g2\"\ndomain = \"Estran.example.org\"\nkey = \"ed25519.pem\"\n\n[relay]\n";

/// The sample with keys.
fn signing() -> Scene {
    with_keys(Scene::sample().config("[relay]\n", KEYS))
}

fn with_keys(scene: Scene) -> Scene {
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dkim");
    for entry in fs::read_dir(keys).expect("keys") {
        let file = entry.expect("an entry").path();
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
        scene.put(name, &fs::read_to_string(&file).expect("a key"));
        // A key that everybody can read is told.
        fs::set_permissions(scene.path(name), fs::Permissions::from_mode(0o600)).expect("a key");
    }
    scene
}

/// What `digest dkim` wants in DNS, by name.
fn records(scene: &Scene) -> BTreeMap<String, String> {
    let text = scene.ok(&["digest", "dkim"]);
    let record = |text: &str| {
        let (name, rest) = text.split_once(". IN TXT ( ").unwrap_or_else(|| panic!("{text}"));
        let strings: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
        assert!(strings.iter().all(|string| string.len() <= 255), "{text}");
        (name.to_owned(), strings.concat())
    };
    text.split_terminator(" )\n").map(record).collect()
}

/// What dkimpy says of each signature of each letter.
fn verify(records: &BTreeMap<String, String>, letters: &[String]) -> Vec<Vec<Value>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gazetier/verify_dkim.py");
    let mut python = Command::new(needed("GAZETIER_TEST_DKIMPY"))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python");
    let task = json!({ "records": records, "letters": letters }).to_string();
    python.stdin.take().expect("a pipe").write_all(task.as_bytes()).expect("a reader");
    let output = python.wait_with_output().expect("an end");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn both_signatures_hold_however_the_letter_travelled() {
    let ways = [
        ("chunks", Options::default()),
        ("pipelined", Options { chunking: false, ..Options::default() }),
        ("plain", Options { chunking: false, pipelining: false, ..Options::default() }),
    ];
    let folder = signing();
    assert_eq!(folder.run(&["run", "--at", MONDAY]), SILENCE);
    let names = folder.files("outbox");
    let letters: Vec<String> = names.iter().map(|name| folder.read(&format!("outbox/{name}"))).collect();
    let records = records(&folder);
    assert_eq!(
        records.keys().collect::<Vec<_>>(),
        ["g1._domainkey.estran.example.org", "g2._domainkey.estran.example.org"]
    );
    assert_eq!(verify(&records, &letters), vec![vec![json!(true), json!(true)]; 3]);
    for (way, options) in ways {
        let sink = Sink::start(Options { keep: true, ..options });
        let scene = through(signing(), sink.port);
        // The same store key, so that the letters are the same.
        fs::copy(folder.path("gazetier.db"), scene.path("gazetier.db")).expect("a copy");
        assert_eq!(scene.sql("UPDATE letters SET state = 'queued'"), 3);
        assert_eq!(scene.sql("UPDATE editions SET state = 'sending'"), 1);
        assert_eq!(scene.run(&["digest", "send", "--at", "2026-11-24T10:00"]).code, 0);
        let accepted = sink.accepted();
        assert!(accepted.iter().all(|letter| letter.chunked == (way == "chunks")), "{way}");
        let mut taken: Vec<String> =
            accepted.into_iter().map(|letter| String::from_utf8(letter.text).expect("ASCII")).collect();
        let mut written = letters.clone();
        taken.sort();
        written.sort();
        assert!(taken == written, "{way}: what arrived is not what was written");
    }
}

/// RFC 9477: providers heed where complaints go only in the name of a domain that has signed the letter.
#[test]
fn letters_say_where_complaints_go_if_they_are_signed() {
    let of = |scene: Scene| {
        scene.ok(&["run", "--at", MONDAY]);
        scene.letter_to("alix@example.org", "2026-W47")
    };
    let letter = of(signing());
    let id = letter.split("\r\nMessage-ID: <").nth(1).and_then(|rest| rest.split('>').next()).expect("an id");
    let told =
        format!("\r\nCFBL-Address: retours@estran.example.org; report=arf\r\nCFBL-Feedback-ID: {id}\r\nList-Id: ");
    assert!(letter.contains(&told), "{letter}");
    for unsigned in [Scene::sample(), signing().config("retours@estran.example.org", "retours@elsewhere.example")] {
        let letter = of(unsigned);
        assert!(!letter.contains("\r\nCFBL"), "{letter}");
    }
}

#[test]
fn what_readers_see_or_click_cannot_be_changed() {
    let scene = signing();
    scene.ok(&["run", "--at", MONDAY]);
    let letter = scene.letter_to("alix@example.org", "2026-W47");
    let mut changed = vec![letter.clone()];
    let mut change = |from: &str, to: &str| {
        assert!(letter.contains(from), "{from}");
        changed.push(letter.replacen(from, to, 1));
    };
    // What relays do to letters on their way changes nothing.
    change(
        "DKIM-Signature:",
        "Received: from a by b;\r\n\tMon, 23 Nov 2026 07:00:00 +0000\r\nX-Spam: no\r\nDKIM-Signature:",
    );
    change("MIME-Version: 1.0\r\n", "mime-version:  \t1.0 \r\n");
    change("Reply-To: ", "Reply-To:\r\n\t");
    change("DKIM-Signature:", "Feedback-ID: relay\r\nDKIM-Signature:");
    let harmless = changed.len();
    let mut change = |from: &str, to: &str| {
        assert!(letter.contains(from), "{from}");
        changed.push(letter.replacen(from, to, 1));
    };
    change("quitter/", "quittez/");
    change("mailto:quitter@", "mailto:quitter2@");
    change("List-Unsubscribe=One-Click", "List-Unsubscribe=No");
    change("\r\nList-Unsubscribe: ", "\r\nList-Unsubscribe: <https://x.example/>\r\nList-Unsubscribe: ");
    change("\r\nFrom: ", "\r\nFrom: Eve <eve@example.org>\r\nFrom: ");
    change("\r\nSubject: ", "\r\nSubject: Urgent\r\nSubject: ");
    change("\r\nTo: ", "\r\nCc: eve@example.org\r\nTo: ");
    change("\r\nTo: ", "\r\nSender: eve@example.org\r\nTo: ");
    change("CFBL-Address: retours@", "CFBL-Address: others@");
    change("\r\nCFBL-Address: ", "\r\nCFBL-Address: eve@example.org\r\nCFBL-Address: ");
    change("\r\nList-Id: ", "\r\nList-Id: <other.example.org>\r\nList-Id: ");
    change("alix@example.org", "alex@example.org");
    change("\r\nDate: Mon, 23", "\r\nDate: Tue, 24");
    change("2026-W47.digest.", "2026-W48.digest.");
    change("boundary=\"=_", "boundary=\"=_0");
    change("Le phare", "La phare");
    change("\r\n--=_", "\r\nx\r\n--=_");
    let results = verify(&records(&scene), &changed);
    for (at, (result, text)) in results.iter().zip(&changed).enumerate() {
        assert_eq!(result.len(), 2, "{text}");
        assert!(result.iter().all(|holds| (*holds == json!(true)) == (at < harmless)), "change {at}: {result:?}");
    }
}

/// A signer of the sample, and its records.
fn signer() -> (Signer, BTreeMap<String, String>) {
    let scene = signing();
    let config = Config::load(&scene.path("config.toml")).expect("a configuration");
    let at = config.magazine.zone.parse(MONDAY).expect("an instant");
    (Signer::new(&config, at).expect("a signer"), records(&scene))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]
    /// Canonical forms are made as another implementation makes them. Each case verifies many letters.
    #[test]
    fn whatever_the_letter_its_signatures_hold(
        letters in prop::collection::vec(
            (
                prop::collection::vec(
                    prop_oneof![
                        "(Subject|TO|from|X-[a-z]{1,4}|List-Id):([ \\t]{0,3}|\\r\\n |\\r\\n\\t)([!-~ \\té]{0,20}(\\r\\n[ \\t])?[!-~]{1,9}){0,3}[ \\t]{0,2}",
                    ],
                    0..6,
                ),
                "([!-~é]{0,9}[ \\t]{0,3}|\\r\\n){0,12}",
            ),
            60,
        ),
    ) {
        let (signer, records) = signer();
        let written: Vec<String> = letters.iter().map(|(fields, body)| {
            let head: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
            let text = format!("From: a@estran.example.org\r\n{head}\r\n{body}\r\n");
            let recipient = "a@example.org".parse().expect("an address");
            let mut letter = RenderedLetter { sender: String::new(), recipient, text };
            signer.sign(&mut letter).expect("a signature");
            letter.text
        }).collect();
        for (result, text) in verify(&records, &written).iter().zip(&written) {
            prop_assert_eq!(result, &vec![json!(true), json!(true)], "{:?}", text);
        }
    }
}

#[test]
fn signatures_are_the_same_at_every_attempt_and_fit_the_lines() {
    let (signer, _) = signer();
    let recipient = "a@example.org".parse().expect("an address");
    let text = "From: a@estran.example.org\r\nTo: b@x.org\r\n\r\nx\r\n".to_owned();
    let unsigned = RenderedLetter { sender: String::new(), recipient, text };
    let [first, second] = [(), ()].map(|()| {
        let mut letter = unsigned.clone();
        signer.sign(&mut letter).expect("a signature");
        letter.text
    });
    assert_eq!(first, second);
    assert!(first.ends_with(&unsigned.text));
    assert!(first.split("\r\n").all(|line| line.len() <= 76 && !line.starts_with('.')), "{first}");
    insta::assert_snapshot!(first.replace("\r\n", "\n"));
}

#[test]
fn the_records_to_publish_are_told() {
    insta::assert_snapshot!(signing().ok(&["digest", "dkim"]));
    let outcome = Scene::sample().run(&["digest", "dkim"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (78, ""));
    assert_eq!(
        outcome.stderr,
        "gazetier: no [[dkim]] in the configuration, letters are not signed: write one with a selector of your \
         choice and a key, a file made by `openssl genrsa -out dkim.pem 2048`\n"
    );
}

#[test]
fn keys_that_cannot_sign_are_refused_with_the_way_out() {
    let mut told = String::new();
    for (what, from, to) in [
        ("no file", "rsa.pem", "absent.pem"),
        ("no key", "rsa.pem", "config.toml"),
        ("a public key", "rsa.pem", "public.pem"),
        ("an encrypted key", "rsa.pem", "encrypted.pem"),
        ("a key that is too short", "rsa.pem", "rsa-1024.pem"),
        ("a key of another kind", "rsa.pem", "ec.pem"),
        ("nothing to sign with", "key = \"rsa.pem\"\n", ""),
        ("a file and a variable", "key = \"rsa.pem\"\n", "key = \"rsa.pem\"\nkey_env = \"X\"\n"),
        ("a variable that is not there", "key = \"rsa.pem\"\n", "key_env = \"GAZETIER_NO_KEY\"\n"),
        ("somebody else's domain", "Estran.example.org", "example.com"),
        ("a part of the sender's domain", "Estran.example.org", "stran.example.org"),
        ("no domain", "Estran.example.org", "estran..org"),
        ("a top-level domain", "Estran.example.org", "org"),
        ("a selector that DNS does not know", "\"g1\"", "\"g_1 \""),
        ("one record for two keys", "\"g1\"", "\"g2\""),
    ] {
        let scene = signing().config(from, to);
        let outcome = scene.run(&["run", "--at", MONDAY]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (78, ""), "{what}: {outcome:?}");
        assert!(!scene.path("gazetier.db").exists(), "{what}");
        told += &format!("# {what}\n{}", outcome.stderr);
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_key_may_come_as_pkcs1_or_from_the_environment_and_sign_for_a_parent_domain() {
    let scene = with_keys(Scene::sample().config(
        "[relay]\n",
        "[[dkim]]\nselector = \"a.b-1\"\ndomain = \"example.org\"\nkey = \"rsa-pkcs1.pem\"\n\n\
         [[dkim]]\nselector = \"c\"\nkey_env = \"LETTER_KEY\"\n\n[relay]\n",
    ));
    let with = |arguments: &[&str]| {
        let mut command = scene.command(arguments);
        command.env("LETTER_KEY", scene.read("ed25519.pem")).output().expect("the program")
    };
    assert!(with(&["run", "--at", MONDAY]).status.success());
    let told = String::from_utf8(with(&["digest", "dkim"]).stdout).expect("UTF-8");
    let names: Vec<&str> = told.lines().filter_map(|line| line.split_once(". IN TXT").map(|(name, _)| name)).collect();
    assert_eq!(names, ["a.b-1._domainkey.example.org", "c._domainkey.estran.example.org"]);
    let records = told
        .split_terminator(" )\n")
        .zip(&names)
        .map(|(text, name)| ((*name).to_owned(), text.split('"').skip(1).step_by(2).collect::<String>()));
    let results = verify(&records.collect(), &[scene.letter_to("sterenn@example.org", "2026-W47")]);
    assert_eq!(results, [[json!(true), json!(true)]]);
}

/// Names below a public suffix are anybody's: receivers pass over what such a domain signs. Who holds one
/// may write from it all the same.
#[test]
fn a_public_suffix_signs_nothing_but_its_own_letters() {
    let run = |from: &str, domain: &str| {
        let keys = format!("[[dkim]]\nselector = \"a\"\ndomain = \"{domain}\"\nkey = \"rsa.pem\"\n\n[relay]\n");
        let scene = with_keys(Scene::sample().config("[relay]\n", &keys)).config("lettre@estran.example.org", from);
        scene.run(&["digest", "dkim"])
    };
    for (from, domain) in [
        ("lettre@estran.co.uk", "co.uk"),
        ("lettre@estran.co.uk", "uk"),
        ("lettre@estran.github.io", "github.io"),
        ("lettre@estran.example", "example"),
        ("lettre@co.uk", "co.uk"),
    ] {
        let outcome = run(from, domain);
        let told = format!("under {domain:?} anybody registers names (publicsuffix.org)");
        assert!(outcome.code == 78 && outcome.stderr.contains(&told), "{from}, {domain}: {outcome:?}");
    }
    for (from, domain) in [
        ("lettre@estran.co.uk", "estran.co.uk"),
        ("lettre@a.estran.github.io", "estran.github.io"),
        ("lettre@github.io", "github.io"),
        ("lettre@estran.example", "estran.example"),
    ] {
        let outcome = run(from, domain);
        let record = format!("a._domainkey.{domain}. IN TXT ");
        assert!(outcome.code == 0 && outcome.stdout.starts_with(&record), "{from}, {domain}: {outcome:?}");
    }
}
