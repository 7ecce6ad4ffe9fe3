//! Broken set-ups, each with what must be said of it.

use super::{Case, Doctor, told};

type Break = fn(&mut Case);

/// What is broken and how; then the level and check of the finding, words of it, and words of what is to be done.
const BROKEN: &[(&str, Break, &str, &str, &str)] = &[
    // SPF.
    (
        "no SPF",
        |c| c.zone("estran.example TXT", &[]),
        "wrong spf",
        "estran.example has no SPF record",
        "v=spf1 ip4:192.0.2.25 ~all",
    ),
    (
        "two SPF records",
        |c| c.zone("", &["estran.example TXT v=spf1 ip4:192.0.2.25 -all"]),
        "wrong spf",
        "has 2 SPF records",
        "into one TXT record",
    ),
    (
        "an SPF record with a typing error",
        |c| c.zone("estran.example TXT", &["estran.example TXT v=spf1 mx ipv4:192.0.2.9 -all"]),
        "wrong spf",
        "\"ipv4:192.0.2.9\"",
        "mend that term",
    ),
    (
        "an SPF record that is nearly one",
        |c| c.zone("estran.example TXT", &["estran.example TXT spf1 mx -all"]),
        "wrong spf",
        "\"spf1 mx -all\" looks like one",
        "publish",
    ),
    (
        "a network that is none",
        |c| c.zone("estran.example TXT", &["estran.example TXT v=spf1 mx ip4:192.0.2.0/33 -all"]),
        "wrong spf",
        "\"ip4:192.0.2.0/33\"",
        "mend that term",
    ),
    (
        "SPF without our machine",
        |c| c.zone("estran.example TXT", &["estran.example TXT v=spf1 ip4:192.0.2.99 -all"]),
        "wrong spf",
        "does not let 192.0.2.25 send",
        "ip4:192.0.2.25",
    ),
    (
        "SPF for everybody",
        |c| c.zone("estran.example TXT", &["estran.example TXT v=spf1 mx +all"]),
        "wrong spf",
        "lets everybody send",
        "~all or -all",
    ),
    (
        "SPF without an end",
        |c| c.zone("estran.example TXT", &["estran.example TXT v=spf1 mx"]),
        "advice spf",
        "says nothing of who is not in it",
        "~all or -all",
    ),
    (
        "SPF by ptr",
        |c| c.zone("estran.example TXT", &["estran.example TXT v=spf1 mx ptr -all"]),
        "advice spf",
        "the term ptr",
        "ip4:",
    ),
    (
        "SPF that asks too often",
        |c| {
            c.zone("estran.example TXT", &["estran.example TXT v=spf1 mx include:a.example include:b.example -all"]);
            let names: Vec<String> = (0..5).map(|n| format!("a:h{n}.example")).collect();
            for domain in ["a.example", "b.example"] {
                c.zone("", &[&format!("{domain} TXT v=spf1 {} -all", names.join(" "))]);
            }
            for n in 0..5 {
                c.zone("", &[&format!("h{n}.example A 192.0.2.{n}")]);
            }
        },
        "wrong spf",
        "has DNS asked 13 times",
        "take out each include:",
    ),
    (
        "SPF that asks for nothing",
        |c| c.zone("estran.example TXT", &["estran.example TXT v=spf1 mx a:x.example a:y.example a:z.example -all"]),
        "wrong spf",
        "x.example, y.example, z.example",
        "out of the record",
    ),
    (
        "SPF that includes nothing",
        |c| c.zone("estran.example TXT", &["estran.example TXT v=spf1 mx include:gone.example -all"]),
        "wrong spf",
        "includes gone.example, which has none",
        "include:gone.example",
    ),
    (
        "SPF in a circle",
        |c| c.zone("estran.example TXT", &["estran.example TXT v=spf1 mx include:estran.example -all"]),
        "wrong spf",
        "includes itself",
        "circle",
    ),
    // DKIM.
    (
        "no key in DNS",
        |c| c.zone("g1._domainkey", &[]),
        "wrong dkim",
        "g1._domainkey.estran.example has no key",
        "publish g1._domainkey.estran.example. IN TXT",
    ),
    (
        "another key in DNS",
        |c| c.zone("g1._domainkey", &["g1._domainkey.estran.example TXT v=DKIM1; k=rsa; p=MIIBIjANBg"]),
        "wrong dkim",
        "has another key than the one that signs",
        "publish",
    ),
    (
        "a key that was taken back",
        |c| c.zone("g1._domainkey", &["g1._domainkey.estran.example TXT v=DKIM1; k=rsa; p="]),
        "wrong dkim",
        "takes its key back",
        "publish",
    ),
    (
        "a key of another kind",
        |c| c.zone("g1._domainkey", &["g1._domainkey.estran.example TXT v=DKIM1; k=ed25519; p=abc"]),
        "wrong dkim",
        "a key of the kind ed25519, and ours is rsa",
        "publish",
    ),
    (
        "a key that is only a test",
        |c| {
            let record =
                c.zone.iter().find(|line| line.starts_with("g1.")).expect("a key").replace("k=rsa;", "k=rsa; t=y;");
            c.zone("g1._domainkey", &[&record]);
        },
        "advice dkim",
        "only a test (t=y)",
        "take t=y out",
    ),
    (
        "a key for SHA-1",
        |c| {
            let record =
                c.zone.iter().find(|line| line.starts_with("g1.")).expect("a key").replace("k=rsa;", "k=rsa; h=sha1;");
            c.zone("g1._domainkey", &[&record]);
        },
        "wrong dkim",
        "does not allow SHA-256",
        "publish",
    ),
    (
        "two keys under one name",
        |c| c.zone("", &["g1._domainkey.estran.example TXT v=DKIM1; k=rsa; p=abc"]),
        "wrong dkim",
        "has 2 records",
        "keep the one that says",
    ),
    (
        "letters that nobody signs",
        |c| c.config("[[dkim]]\nselector = \"g1\"\nkey = \"rsa.pem\"\n", ""),
        "advice dkim",
        "letters are not signed here",
        "[[dkim]]",
    ),
    // DMARC.
    (
        "no DMARC",
        |c| c.zone("_dmarc.", &[]),
        "wrong dmarc",
        "estran.example has no DMARC record that counts",
        "_dmarc.estran.example. IN TXT \"v=DMARC1; p=none; rua=mailto:lettre@estran.example\"",
    ),
    (
        "two DMARC records",
        |c| c.zone("", &["_dmarc.estran.example TXT v=DMARC1; p=reject"]),
        "wrong dmarc",
        "has 2 DMARC records",
        "keep one",
    ),
    (
        "a policy that is none",
        |c| c.zone("_dmarc.", &["_dmarc.estran.example TXT v=DMARC1; p=quarentine; rua=mailto:a@estran.example"]),
        "wrong dmarc",
        "p=quarentine means nothing",
        "p=none, p=quarantine or p=reject",
    ),
    (
        "DMARC in small letters",
        |c| c.zone("_dmarc.", &["_dmarc.estran.example TXT v=dmarc1; p=none"]),
        "wrong dmarc",
        "it must begin with v=DMARC1;",
        "publish",
    ),
    (
        "reports to nowhere",
        |c| c.zone("_dmarc.", &["_dmarc.estran.example TXT v=DMARC1; p=none; rua=dmarc@estran.example"]),
        "wrong dmarc",
        "is no address for reports",
        "rua=mailto:NAME@DOMAIN",
    ),
    (
        "reports that others do not take",
        |c| c.zone("_dmarc.", &["_dmarc.estran.example TXT v=DMARC1; p=none; rua=mailto:a@reports.example"]),
        "advice dmarc",
        "reports.example does not say that it takes those of estran.example",
        "estran.example._report._dmarc.reports.example. IN TXT",
    ),
    (
        "what RFC 9989 has taken out",
        |c| c.zone("_dmarc.", &["_dmarc.estran.example TXT v=DMARC1; p=none; pct=50; rua=mailto:a@estran.example"]),
        "advice dmarc",
        "pct= in the TXT record of _dmarc.estran.example is no more",
        "t=y",
    ),
    (
        "an envelope of somebody else, and no signature that counts",
        |c| {
            c.zone("_dmarc.", &["_dmarc.estran.example TXT v=DMARC1; p=none; aspf=s; rua=mailto:a@estran.example"]);
            c.config("[[dkim]]\nselector = \"g1\"\nkey = \"rsa.pem\"\n", "");
            c.config("retours@estran.example", "retours@back.estran.example");
            c.zone(
                "",
                &[
                    "back.estran.example MX 10 mail.estran.example",
                    "back.estran.example TXT v=spf1 ip4:192.0.2.25 -all",
                ],
            );
        },
        "advice dmarc",
        "back.estran.example is not aligned with estran.example",
        "aspf=r",
    ),
    // Domains.
    (
        "nobody takes what comes back",
        |c| {
            c.config("retours@estran.example", "retours@back.estran.example");
            c.zone("", &["back.estran.example TXT v=spf1 ip4:192.0.2.25 -all"]);
        },
        "wrong mx",
        "back.estran.example has no mail server",
        "back.estran.example. IN MX 10",
    ),
    (
        "a domain that takes no mail",
        |c| {
            c.zone("estran.example MX", &["estran.example MX 0 ."]);
            c.zone("estran.example TXT", &["estran.example TXT v=spf1 ip4:192.0.2.25 -all"]);
        },
        "wrong mx",
        "takes no mail at all",
        "IN MX 10",
    ),
    (
        "a mail server without an address",
        |c| {
            c.zone("", &["estran.example MX 20 gone.estran.example"]);
        },
        "wrong mx",
        "gone.estran.example, which takes the mail of estran.example, has no address",
        "gone.estran.example. IN A",
    ),
    (
        "no name of the machine",
        |c| c.zone("25.2.0.192", &[]),
        "wrong ptr",
        "192.0.2.25 has no name in DNS",
        "25.2.0.192.in-addr.arpa. IN PTR",
    ),
    (
        "a name that leads elsewhere",
        |c| c.zone("25.2.0.192", &["25.2.0.192.in-addr.arpa PTR other.example"]),
        "wrong ptr",
        "other.example does not lead back",
        "IN PTR NAME",
    ),
    (
        "a name of a lent line",
        |c| {
            c.zone(
                "25.2.0.192",
                &[
                    "25.2.0.192.in-addr.arpa PTR ip-192-0-2-25.lines.example",
                    "ip-192-0-2-25.lines.example A 192.0.2.25",
                ],
            )
        },
        "advice ptr",
        "dial-up",
        "IN PTR NAME",
    ),
    (
        "a mark that nobody shows",
        |c| c.zone("", &["default._bimi.estran.example TXT v=BIMI1; l=https://estran.example/logo.svg"]),
        "wrong bimi",
        "nobody shows it",
        "p=quarantine or p=reject",
    ),
    // Receivers.
    (
        "Gmail without DMARC",
        |c| c.zone("_dmarc.", &[]),
        "wrong gmail",
        "Gmail wants a DMARC record",
        "_dmarc.estran.example",
    ),
    (
        "Yahoo without a key",
        |c| c.zone("g1._domainkey", &[]),
        "wrong yahoo",
        "Yahoo wants a DKIM signature",
        "g1._domainkey",
    ),
    (
        "Microsoft without SPF",
        |c| c.zone("estran.example TXT", &[]),
        "wrong microsoft",
        "wants an SPF record",
        "v=spf1",
    ),
    (
        "Orange without a name",
        |c| c.zone("25.2.0.192", &[]),
        "wrong orange",
        "wants a name of the sending address",
        "IN PTR",
    ),
    (
        "laposte.net without reports",
        |c| c.zone("_dmarc.", &["_dmarc.estran.example TXT v=DMARC1; p=none"]),
        "advice laposte",
        "wants an address for DMARC reports",
        "rua=mailto:",
    ),
    // The relay.
    (
        "a relay that is not there",
        |c| {
            let at = c.config.find("url = \"smtp://127.0.0.1:").expect("a relay");
            let end = at + c.config[at..].find('\n').expect("a line");
            c.config.replace_range(at..end, "url = \"smtp://127.0.0.1:1\"");
        },
        "wrong relay",
        "127.0.0.1:1 cannot be used: Connection refused",
        "start the mail server",
    ),
    (
        "a relay that refuses the sender",
        |c| c.words.mail = "550 5.7.1 not from you",
        "wrong relay",
        "refuses a letter at MAIL: 550 5.7.1 not from you",
        "bounce_address",
    ),
    (
        "a relay that refuses readers",
        |c| c.words.recipient = "554 5.7.1 Relay access denied",
        "wrong relay",
        "refuses a letter at RCPT",
        "mynetworks",
    ),
    (
        "a relay for small letters",
        |c| c.words.hello = "250-relay.example\r\n250 SIZE 2000",
        "wrong relay",
        "takes letters of 2000 bytes",
        "message_size_limit",
    ),
    (
        "a relay without the TLS that is wanted",
        |c| c.config("[relay]\n", "[relay]\ntls = \"required\"\n"),
        "wrong relay",
        "it offers no STARTTLS",
        "",
    ),
    (
        "a password that is not there",
        |c| c.config("[relay]\n", "[relay]\nuser = \"estran\"\npassword_env = \"NO_SUCH_PASSWORD\"\n"),
        "wrong relay",
        "the environment has no NO_SUCH_PASSWORD",
        "password_file",
    ),
    (
        "a greeting that refuses",
        |c| c.words.greeting = "554 go away".into(),
        "wrong relay",
        "it greets with 554",
        "host and port",
    ),
    (
        "a clock that is wrong",
        |c| c.words.greeting = "220 relay.example ESMTP; Mon, 23 Nov 2020 08:00:00 +0100".into(),
        "wrong clock",
        "ahead of that of the relay",
        "NTP",
    ),
    // Pages, sources, files.
    (
        "a feed that is not there",
        |c| c.pages.retain(|(path, ..)| *path != "/feeds/rss.xml"),
        "wrong web",
        "feeds/rss.xml: the server answers 404",
        "gazetier feeds snippet",
    ),
    ("a page in the feed's place", |c| c.pages[1].2 = "<html>", "wrong web", "feeds/rss.xml is no feed", "feeds.path"),
    ("a site that fails", |c| c.pages[0].1 = 500, "wrong web", "the server answers 500", "web server"),
    (
        "a site in a private network",
        |c| c.config("private_hosts = [\"127.0.0.1\"]", "private_hosts = []"),
        "wrong web",
        "not on the public internet",
        "public internet",
    ),
    (
        "a source that is gone",
        |c| c.config("path = \"columns\"", "path = \"colonnes\""),
        "wrong sources",
        "cannot look at colonnes",
        "mend the path",
    ),
    (
        "a list that is gone",
        |c| c.config("subscribers.csv", "abonnes.csv"),
        "wrong modes",
        "cannot read abonnes.csv",
        "mend the path",
    ),
    (
        "feeds where a file is",
        |c| c.config("path = \"feeds\"", "path = \"config.toml/feeds\""),
        "wrong modes",
        "config.toml is a file",
        "name a folder",
    ),
    (
        "a Maildir that is none",
        |c| c.config("[fetch]\nprivate", "[bounces]\nmaildir = \"columns\"\n[fetch]\nprivate"),
        "wrong maildir",
        "columns is no Maildir",
        "mend the path",
    ),
    (
        "no store",
        |c| c.config("sqlite:gazetier.db", "postgres://nobody@127.0.0.1:1/none"),
        "wrong store",
        "postgres at 127.0.0.1:1",
        "start Postgres",
    ),
];

#[test]
fn each_broken_set_up_is_found_and_named() {
    assert!(BROKEN.len() >= 40);
    let doctor = Doctor::new();
    let mut missed = Vec::new();
    for (what, break_it, kind, words, mend) in BROKEN {
        let mut case = doctor.case();
        break_it(&mut case);
        let (outcome, found) = doctor.examine(&case);
        let told = told(&found, &["wrong", "advice"]);
        let is_wrong = told.iter().any(|line| line.starts_with("wrong"));
        assert_eq!(outcome.code, if is_wrong { 78 } else { 0 }, "{what}: {told:#?}");
        let named = told.iter().any(|line| {
            let (said, done) = line.rsplit_once("] -> ").expect("a mend");
            line.starts_with(&format!("{kind}: ")) && said.contains(words) && done.contains(mend)
        });
        if !named {
            missed.push(format!("{what}: {told:#?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// A place in the configuration is told with file, line and key.
#[test]
fn a_finding_has_its_place() {
    let doctor = Doctor::new();
    let mut case = doctor.case();
    case.zone("g1._domainkey", &[]);
    let (_, found) = doctor.examine(&case);
    let finding = found.iter().find(|finding| finding["check"] == "dkim").expect("a finding");
    let line = case.config.lines().position(|line| line == "selector = \"g1\"").expect("a line") + 1;
    assert_eq!(finding["file"], "config.toml");
    assert_eq!(finding["line"], line);
    assert_eq!(finding["column"], 1);
    assert_eq!(finding["key"], "dkim.selector");
    let resolver = doctor.names.address.to_string();
    let outcome = doctor.scene.run(&["doctor", "--resolver", &resolver, "--at", "2026-11-22T08:00"]);
    assert_eq!(outcome.code, 78, "{outcome:?}");
    let told =
        format!("\n    at config.toml:{line}:1, dkim.selector\n    do: publish g1._domainkey.estran.example. IN TXT");
    assert!(outcome.stdout.contains(&told), "{}", outcome.stdout);
}

/// Nothing is sent, and nobody is waited for longer than seconds.
#[test]
fn who_does_not_answer_is_told_as_not_asked() {
    let doctor = Doctor::new();
    let mut case = doctor.case();
    case.zone("estran.example TXT", &["estran.example SILENT"]);
    let begin = std::time::Instant::now();
    let (outcome, found) = doctor.examine(&case);
    assert!(begin.elapsed().as_secs() < 15, "{:?}", begin.elapsed());
    let lines = told(&found, &["not asked"]);
    assert!(lines.iter().any(|line| line.contains("DNS could not be asked for estran.example")), "{lines:?}");
    assert_eq!(outcome.code, 0, "{:?}", told(&found, &["wrong"]));
    let commands: Vec<String> = doctor.relay.take_told().iter().map(|line| line[..4].to_owned()).collect();
    assert_eq!(commands, ["EHLO", "MAIL", "RCPT", "RSET", "QUIT"]);
    // Without the network, only the machine is looked at.
    let mut case = doctor.case();
    case.arguments.push("--offline".to_owned());
    let (outcome, found) = doctor.examine(&case);
    assert_eq!(outcome.code, 0, "{found:?}");
    assert!(doctor.relay.take_told().is_empty());
    assert!(found.iter().all(|finding| finding["check"] != "spf"), "{found:?}");
}
