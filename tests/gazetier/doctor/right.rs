//! Set-ups in which nothing is wrong: not one false alarm.

use super::{Case, Doctor, records, told};
use crate::support::{MONDAY, Scene};

type Change = fn(&Doctor, &mut Case);

const RIGHT: &[(&str, Change)] = &[
    ("the usual", |_, _| {}),
    ("SPF by address", |_, c| c.zone("estran.example TXT", &["estran.example TXT v=spf1 ip4:192.0.2.0/24 ~all"])),
    ("SPF that includes the provider's", |_, c| {
        c.zone("estran.example TXT", &["estran.example TXT v=spf1 include:_spf.provider.example ~all"]);
        c.zone(
            "",
            &["_spf.provider.example TXT v=spf1 a:out.provider.example -all", "out.provider.example A 192.0.2.25"],
        );
    }),
    ("SPF that leads on", |_, c| {
        c.zone("estran.example TXT", &["estran.example TXT v=spf1 redirect=_spf.provider.example"]);
        c.zone("", &["_spf.provider.example TXT v=spf1 ip4:192.0.2.25 -all"]);
    }),
    ("SPF with macros and other texts beside it", |_, c| {
        let record = "estran.example TXT v=spf1 exists:%{i}._spf.provider.example mx -all exp=explain.example";
        c.zone("estran.example TXT", &[record, "estran.example TXT some-verification=1234"]);
    }),
    ("ten lookups, which is as many as there may be", |_, c| {
        let names: Vec<String> = (0..9).map(|n| format!("a:h{n}.example")).collect();
        c.zone("estran.example TXT", &[&format!("estran.example TXT v=spf1 mx {} -all", names.join(" "))]);
        for n in 0..9 {
            c.zone("", &[&format!("h{n}.example A 192.0.2.{n}")]);
        }
    }),
    ("what comes back has a domain below", |_, c| {
        c.config("retours@estran.example", "retours@back.estran.example");
        let lines =
            ["back.estran.example MX 10 mail.estran.example", "back.estran.example TXT v=spf1 ip4:192.0.2.25 -all"];
        c.zone("", &lines);
    }),
    ("the policy stands above the sender's domain", |doctor, c| {
        c.config("@estran.example\"", "@lettre.estran.example\"");
        c.config("@estran.example>", "@lettre.estran.example>");
        c.config("selector = \"g1\"", "selector = \"g1\"\ndomain = \"estran.example\"");
        let record = doctor.record.clone();
        c.zone("g1.", &[&format!("g1._domainkey.estran.example TXT {record}")]);
        c.zone(
            "",
            &[
                "lettre.estran.example MX 10 mail.estran.example",
                "lettre.estran.example TXT v=spf1 ip4:192.0.2.25 -all",
            ],
        );
    }),
    ("a strict policy, and a mark with its certificate", |_, c| {
        c.zone(
            "_dmarc.",
            &[
                "_dmarc.estran.example TXT v=DMARC1; p=reject; sp=reject; np=reject; adkim=s; aspf=s; rua=mailto:a@estran.example",
                "default._bimi.estran.example TXT v=BIMI1; l=https://estran.example/logo.svg; a=https://estran.example/mark.pem",
            ],
        );
    }),
    ("a record in pieces, with flags", |_, c| {
        let record = c.zone.iter().find(|line| line.starts_with("g1.")).expect("a key").clone();
        let (head, key) = record.split_at(record.len() - 40);
        let pieces = format!("{} {key}", head.replace("k=rsa;", "k=rsa; t=s; s=email; h=sha256;"));
        c.zone("g1.", &[&pieces]);
    }),
    ("two keys, of both kinds", |doctor, c| {
        c.config(
            "[[dkim]]\nselector = \"g1\"\nkey = \"rsa.pem\"\n",
            "[[dkim]]\nselector = \"g1\"\nkey = \"rsa.pem\"\n\n[[dkim]]\nselector = \"g2\"\nkey = \"ed25519.pem\"\n",
        );
        doctor.scene.put("config.toml", &c.config);
        let record = records(&doctor.scene).remove("g2._domainkey.estran.example").expect("a record");
        c.zone("", &[&format!("g2._domainkey.estran.example TXT {record}")]);
    }),
    ("reports to somebody who takes them", |_, c| {
        c.zone("_dmarc.", &["_dmarc.estran.example TXT v=DMARC1; p=none; rua=mailto:a@reports.example"]);
        c.zone("", &["estran.example._report._dmarc.reports.example TXT v=DMARC1"]);
    }),
    ("over IPv6", |_, c| {
        c.arguments = vec!["--sends-from".to_owned(), "2001:db8::25".to_owned()];
        c.zone("", &["mail.estran.example AAAA 2001:db8::25"]);
        c.zone(
            "",
            &["5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mail.estran.example"],
        );
    }),
    ("a domain of which a provider takes the mail", |_, c| {
        c.zone(
            "estran.example MX",
            &["estran.example MX 1 mx1.provider.example", "estran.example MX 5 mx2.provider.example"],
        );
        c.zone("", &["mx1.provider.example A 192.0.2.90", "mx2.provider.example AAAA 2001:db8::90"]);
        c.zone("estran.example TXT", &["estran.example TXT v=spf1 mx ip4:192.0.2.25 ~all"]);
    }),
];

#[test]
fn right_set_ups_raise_no_alarm() {
    assert!(RIGHT.len() >= 10);
    let doctor = Doctor::new();
    for (what, change) in RIGHT {
        let mut case = doctor.case();
        change(&doctor, &mut case);
        let (outcome, found) = doctor.examine(&case);
        assert_eq!(told(&found, &["wrong", "advice", "not asked"]), Vec::<String>::new(), "{what}");
        assert_eq!(outcome.code, 0, "{what}: {outcome:?}");
    }
    // All that there is to look at was looked at.
    let (_, found) = doctor.examine(&doctor.case());
    let fine: Vec<&str> = found
        .iter()
        .filter(|finding| finding["level"] == "fine")
        .map(|finding| finding["check"].as_str().expect("a name"))
        .collect();
    for check in ["modes", "disk", "store", "sources", "web", "relay", "spf", "dkim", "dmarc", "mx", "ptr", "clock"] {
        assert!(fine.contains(&check), "{check}: {fine:?}");
    }
    let next = found.iter().find(|finding| finding["check"] == "next").expect("an edition");
    let words = next["what"].as_str().expect("words");
    assert!(
        words.contains("2026-W47 of digest goes at 2026-11-23 07:30 +01:00 (Europe/Paris) to 3 readers"),
        "{words}"
    );
}

/// What is there to begin with has nothing wrong, and the store is not made by looking.
#[test]
fn a_new_magazine_is_well() {
    let scene = Scene::sample();
    let outcome = scene.run(&["doctor", "--at", MONDAY]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(!outcome.stdout.lines().any(|line| line.starts_with("wrong: ")), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("letters go into the folder outbox"), "{}", outcome.stdout);
    assert!(!scene.path("gazetier.db").exists());
    scene.ok(&["run", "--at", MONDAY]);
    let outcome = scene.run(&["doctor", "--at", "2026-11-23T09:00"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    // A run that is still to come.
    scene.ok(&["run", "--at", "2026-11-25T09:00"]);
    let outcome = scene.run(&["doctor", "--at", "2026-11-23T09:00"]);
    assert_eq!(outcome.code, 78, "{outcome:?}");
    assert!(outcome.stdout.contains("wrong: clock: the last run was at 2026-11-25 09:00"), "{}", outcome.stdout);
}
