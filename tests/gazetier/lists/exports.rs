//! What other programs write out, file by file as they name them: whole zips, encodings, names beside addresses, tags and
//! lists that are rubriques and newsletters here.

use std::{fs, io::Write};

use super::{both, states, told};
use crate::support::{MONDAY, Outcome, Scene, column};

/// A file of an export: its name in the zip, and its text.
type File = (&'static str, &'static str);

/// What each program gives out, and what the command line says of it.
const EXPORTS: [(&str, &[&str], &[File]); 13] = [
    (
        "mailchimp",
        &["tag:Carnets de bord=carnet", "tag:VIP=-"],
        &[
            (
                "subscribed_email_audience_export_1a2b3c.csv",
                "\"Email Address\",\"First Name\",\"Last Name\",Address,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,CC,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n\
                 anne@example.org,Anne,\"Le Goff\",\"1 quai des Îles\",2,\"2024-02-01 09:00:00\",192.0.2.7,\"2024-02-01 09:05:00\",192.0.2.7,48.1,FR,\"2024-02-01 09:05:00\",1,e1,,\"\"\"VIP\"\",\"\"Carnets de bord\"\"\"\n\
                 bob@example.org,,,,2,,,\"2024-03-01 09:05:00\",,,,\"2024-02-01 09:05:00\",2,e2,,\"\"\"Salon, 2024\"\"\"\n",
            ),
            (
                "unsubscribed_email_audience_export_1a2b3c.csv",
                "\"Email Address\",\"First Name\",\"Last Name\",MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,LAST_CHANGED,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,LEID,EUID,NOTES,TAGS\n\
                 cam@example.org,Cam,,2,,\"2024-02-01 09:05:00\",,\"2025-02-01 09:00:00\",Lettre,,3,e3,,\n",
            ),
            (
                "cleaned_email_audience_export_1a2b3c.csv",
                "\"Email Address\",\"First Name\",\"Last Name\",MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,LEID,EUID,NOTES,TAGS\n\
                 dan@example.org,,,1,,\"2024-02-01 09:05:00\",\"2025-03-01 09:00:00\",Lettre,4,e4,,\n",
            ),
            (
                "nonsubscribed_email_audience_export_1a2b3c.csv",
                "\"Email Address\",\"First Name\",MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,LEID,EUID,NOTES,TAGS\neve@example.org,,2,,,5,e5,,\n",
            ),
        ],
    ),
    (
        "brevo",
        &["tag:Carnets=carnet"],
        &[(
            "contacts-2026.csv",
            "CONTACT ID;EMAIL;PRENOM;NOM;SMS;EMAIL_BLACKLISTED;SMS_BLACKLISTED;ADDED_TIME;MODIFIED_TIME;TAGS\n\
             1;anne@example.org;Anne;Le Goff;;No;No;14-06-2021 10:25:11;14-06-2021 10:25:11;Carnets\n\
             2;bob@example.org;;;;Yes;No;15-06-2021 10:25:11;15-06-2021 10:25:11;\n",
        )],
    ),
    (
        "substack",
        &[],
        &[
            (
                "posts.csv",
                "post_id,post_date,is_published,email_sent_at,type,audience,title\n1,2024-01-01,true,,newsletter,everyone,Un\n",
            ),
            ("posts/1.un.opens.csv", "post_id,timestamp,email,post_type\n1,2024-01-01,gone@example.org,newsletter\n"),
            ("posts/1.un.delivers.csv", "post_id,timestamp,email\n1,2024-01-01,gone@example.org\n"),
            (
                "email_list.estran.csv",
                "email,active_subscription,expiry,plan,email_disabled,digest_enabled,created_at,first_payment_at\n\
                 anne@example.org,false,,other,false,false,2024-01-01T00:00:00.000Z,\n\
                 bob@example.org,true,2026-01-01T00:00:00.000Z,yearly,true,false,2024-01-02T00:00:00.000Z,2024-01-02T00:00:00.000Z\n",
            ),
        ],
    ),
    (
        "ghost",
        &["tag:Carnets=carnet"],
        &[(
            "estran.ghost.2026-11-20.members.csv",
            "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\n\
             1,anne@example.org,Anne Le Goff,,true,false,,2019-10-30T14:52:08.000Z,,\"Carnets,Import\",\n\
             2,bob@example.org,Bob,,false,false,,2019-10-30T14:52:08.000Z,,,\n",
        )],
    ),
    (
        "mailpoet",
        &["list:Le Bulletin=digest", "list:Clients=-"],
        &[(
            "MailPoet_export_1a2b.csv",
            "\u{feff}\"Email\",\"First name\",\"Last name\",\"Subscription IP\",\"Subscription time\",\"Confirmation time\",\"Confirmation IP\",\"List status\",\"Global status\",\"List\"\n\
             \"anne@example.org\",\"Anne\",\"Le Goff\",\"192.0.2.7\",\"2024-02-01 09:00:00\",\"2024-02-01 09:05:00\",\"192.0.2.7\",\"subscribed\",\"subscribed\",\"Le Bulletin\"\n\
             \"anne@example.org\",\"Anne\",\"Le Goff\",\"192.0.2.7\",\"2024-02-01 09:00:00\",\"2024-02-01 09:05:00\",\"192.0.2.7\",\"unsubscribed\",\"subscribed\",\"Clients\"\n\
             \"bob@example.org\",\"\",\"\",\"\",\"2024-02-01 09:00:00\",\"\",\"\",\"unsubscribed\",\"subscribed\",\"Le Bulletin\"\n\
             \"cam@example.org\",\"\",\"\",\"\",\"2024-02-01 09:00:00\",\"\",\"\",\"subscribed\",\"unconfirmed\",\"Le Bulletin\"\n\
             \"dan@example.org\",\"\",\"\",\"\",\"2024-02-01 09:00:00\",\"\",\"\",\"subscribed\",\"bounced\",\"Le Bulletin\"\n",
        )],
    ),
    (
        "listmonk",
        &[],
        &[(
            "subscribers.csv",
            "uuid,email,name,attributes,status,created_at,updated_at\n\
             11111111-2222-3333-4444-555555555555,anne@example.org,Anne,\"{\"\"city\"\": \"\"Brest\"\"}\",enabled,2021-01-01 09:00:00.123456+00,2021-01-01 09:00:00.123456+00\n\
             11111111-2222-3333-4444-555555555556,bob@example.org,Bob,{},disabled,2021-01-01 09:00:00+00,2021-01-01 09:00:00+00\n\
             11111111-2222-3333-4444-555555555557,cam@example.org,Cam,{},blocklisted,2021-01-01 09:00:00+00,2021-01-01 09:00:00+00\n",
        )],
    ),
    (
        "keila",
        &[],
        &[(
            "contacts.csv",
            "Email,First name,Last name,Data,Status,External ID\nanne@example.org,Anne,Le Goff,\"{\"\"a\"\":1}\",active,\n\
             bob@example.org,,,,unsubscribed,7\ncam@example.org,,,,unreachable,\n",
        )],
    ),
    (
        "mailtrain",
        &[],
        &[(
            "subscriptions-abc-0-2026.csv",
            "cid,status,HASH_EMAIL,EMAIL,MERGE_FIRST_NAME,MERGE_LAST_NAME\n\
             c1,subscribed,h1,anne@example.org,Anne,Le Goff\nc2,unsubscribed,h2,bob@example.org,,\nc3,bounced,h3,cam@example.org,,\n\
             c4,complained,h4,dan@example.org,,\nc5,unsubscribed,h5,,,\n",
        )],
    ),
    (
        "buttondown",
        &["tag:carnets=carnet"],
        &[
            (
                "subscribers.csv",
                "email_address,notes,metadata,tags,creation_date,source,type\n\
                 anne@example.org,,{},\"[\"\"carnets\"\"]\",2024-01-01T00:00:00Z,embedded_form,regular\n\
                 bob@example.org,,{},[],2024-01-01T00:00:00Z,api,unactivated\n",
            ),
            (
                "unsubscribers.csv",
                "email_address,notes,metadata,tags,creation_date,source,type,unsubscription_date\n\
                 cam@example.org,,{},[],2024-01-01T00:00:00Z,api,unsubscribed,2025-01-01T00:00:00Z\n",
            ),
            ("emails.csv", "subject,body\nUn,Deux\n"),
        ],
    ),
    (
        "sympa",
        &[],
        &[(
            "member.dump",
            "date 1217354130\nemail anne@example.org\ngecos Anne Le Goff\nreception mail\nvisibility noconceal\nupdate_date 1217354130\n\n\
             date 1217354130\nemail bob@example.org\nreception nomail\nvisibility noconceal\n\n\
             date 1217354130\nemail cam@example.org\nreception digest\nbounce 1217354130 1217354130 3 5.1.1\n\n\
             date 1217354130\nemail nobody\nreception mail\n",
        )],
    ),
    (
        "mailman",
        &[],
        &[(
            "members.txt",
            "anne@example.org\nBob Stone <bob@example.org>\n\"Goff, Cam\" <cam@example.org>\n\nnobody\n",
        )],
    ),
    (
        "sendy",
        &[],
        &[
            ("estran-active.csv", "Name,Email,Country\nAnne Le Goff,anne@example.org,FR\n"),
            ("estran-unconfirmed.csv", "Name,Email,Country\n,bob@example.org,FR\n"),
            ("estran-unsubscribed.csv", "Name,Email,Country\n,cam@example.org,FR\n,anne@example.org,FR\n"),
            ("estran-bounced.csv", "Name,Email,Country\n,dan@example.org,FR\n"),
            ("estran-complaints.csv", "Name,Email,Country\n,eve@example.org,FR\n"),
        ],
    ),
    (
        "wordpress",
        &[],
        &[(
            "newsletter-subscribers.csv",
            "\"email\";\"name\";\"surname\";\"sex\";\"status\";\"date\";\"token\";\"list_1\"\n\
             \"anne@example.org\";\"Anne\";\"Le Goff\";\"f\";\"C\";\"2024-01-01 00:00:00\";\"t1\";\"1\"\n\
             \"bob@example.org\";\"\";\"\";\"n\";\"S\";\"2024-01-01 00:00:00\";\"t2\";\"0\"\n\
             \"cam@example.org\";\"\";\"\";\"n\";\"U\";\"2024-01-01 00:00:00\";\"t3\";\"0\"\n\
             \"dan@example.org\";\"\";\"\";\"n\";\"B\";\"2024-01-01 00:00:00\";\"t4\";\"0\"\n\
             \"eve@example.org\";\"\";\"\";\"n\";\"P\";\"2024-01-01 00:00:00\";\"t5\";\"0\"\n",
        )],
    ),
];

/// Puts files into a zip.
fn zipped(scene: &Scene, name: &str, files: &[File]) {
    let mut zip = zip::ZipWriter::new(fs::File::create(scene.path(name)).expect("a file"));
    for (name, text) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a zip");
        zip.write_all(text.as_bytes()).expect("a zip");
    }
    zip.finish().expect("a zip");
}

fn import(scene: &Scene, file: &str, map: &[&str], more: &[&str]) -> Outcome {
    let map: Vec<&str> = map.iter().flat_map(|pair| ["--map", pair]).collect();
    scene.run(&[&["subscribers", "import", file, "--skip-bad", "--at", MONDAY], &map[..], more].concat())
}

#[test]
fn lists_of_each_program_move_in_whole() {
    for (program, map, files) in EXPORTS {
        let mut told = Vec::new();
        for scene in both() {
            zipped(&scene, "export.zip", files);
            let dry = import(&scene, "export.zip", map, &["--dry-run"]);
            assert_eq!(states(&scene), [""; 0], "{program}");
            let wet = import(&scene, "export.zip", map, &[]);
            let counts = |outcome: &Outcome| outcome.stdout.replace(": nothing was changed, this was a dry run", "");
            assert_eq!((counts(&dry), &dry.stderr), (counts(&wet), &wet.stderr), "{program}");
            let consents = scene.ok(&["subscribers", "show", "anne@example.org"]);
            let consents: Vec<&str> = consents.lines().filter(|line| line.contains("consent by")).collect();
            let listed = scene.ok(&["subscribers", "list", "--json"]);
            // A second time, nobody is anybody else.
            let again = import(&scene, "export.zip", map, &[]);
            assert_eq!(
                (again.code, scene.ok(&["subscribers", "list", "--json"])),
                (wet.code, listed.clone()),
                "{program}"
            );
            told.push(format!("{}{}{}{}", wet.stderr, wet.stdout, listed, consents.join("\n")));
            // Nobody gets a letter but who is active there.
            scene.put("columns/a.md", &column("Un", "edito", "2026-11-19"));
            scene.put("columns/b.md", &column("Deux", "carnet", "2026-11-19"));
            scene.ok(&["run", "--at", MONDAY]);
            let active = states(&scene).iter().filter(|state| state.ends_with(" active")).count();
            assert_eq!(scene.files("outbox").len(), active, "{program}");
        }
        assert_eq!(told[0], told[1], "{program}");
        insta::assert_snapshot!(format!("export_{program}"), told[0]);
    }
}

#[test]
fn a_file_of_an_export_is_taken_by_its_name_as_well() {
    for scene in both() {
        let list = "Email Address,First Name\nzoe@example.org,Zoé\n";
        scene.put("cleaned_members_export_1a2b.csv", list);
        let outcome = import(&scene, "cleaned_members_export_1a2b.csv", &[], &[]);
        assert_eq!((outcome.code, states(&scene)), (0, vec!["zoe suppressed bounce".to_owned()]), "{outcome:?}");
        let why = "by the word \"cleaned\" in its name, everybody in it is taken as bounced; if that is wrong, say --map state=-";
        assert!(outcome.stderr.contains(why), "{outcome:?}");
        scene.put("unsubscribed.csv", "email\nleft@example.org\n");
        import(&scene, "unsubscribed.csv", &["state=-"], &[]);
        assert_eq!(states(&scene), ["zoe suppressed bounce", "left active"]);
    }
}

#[test]
fn lists_are_read_in_the_encodings_and_forms_that_people_have() {
    let text = "Adresse e-mail;Prénom;Nom;Statut;Date d’inscription\r\nzoe@example.org;Zoé;Le Goff;Abonné;03/11/2026\r\n\
                Noël <noel@example.org>;;;Désabonnée;23/10/2026\r\nmailto:ann@example.org;Ann;;;\r\n";
    let utf16 = |big: bool| {
        let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>()
    };
    let windows: Vec<u8> =
        text.chars().map(|c| if c == '’' { 0x92 } else { u8::try_from(c as u32).expect("Latin") }).collect();
    let sep = format!("sep=;\r\n{text}");
    let expected = "zoe@example.org\tactive\t*\tZoé Le Goff\nnoel@example.org\tunsubscribed\t*\tNoël\nann@example.org\tactive\t*\tAnn\n";
    for (name, bytes) in [
        ("utf-8", text.as_bytes().to_vec()),
        ("with a mark", format!("\u{feff}{text}").into_bytes()),
        ("sep", sep.clone().into_bytes()),
        ("sep with a mark", format!("\u{feff}{sep}").into_bytes()),
        ("utf-16", utf16(false)),
        ("utf-16, the other way round", utf16(true)),
        ("windows", windows),
    ] {
        let scene = Scene::empty();
        fs::write(scene.path("list.csv"), bytes).expect("a file");
        let outcome = scene.run(&["subscribers", "import", "list.csv", "--at", MONDAY]);
        let note =
            "gazetier: list.csv: it is not UTF-8, and was read as Windows-1252: look at its names with accents\n";
        let note = if name == "windows" { note } else { "" };
        let words = "list.csv: 2 active, 1 left, 0 bounced, 0 refused\n2 added, 0 known already, 1 new and unsubscribed by the \
                     list, 0 suppressed and left alone, 0 refused\n";
        assert_eq!(outcome, told(0, words, note), "{name}");
        assert_eq!(scene.ok(&["subscribers", "list"]), expected, "{name}");
        assert!(scene.ok(&["subscribers", "show", "zoe@example.org"]).contains("joined 2026-11-03"), "{name}");
    }
    // A refused line has its number in the file, whatever stands before the table.
    let scene = Scene::empty();
    scene.put("list.csv", "sep=;\nemail;name\nzoe@example.org;Zoé\nzoe;Zoé\n");
    let outcome = scene.run(&["subscribers", "import", "list.csv"]);
    assert!(outcome.stderr.starts_with("gazetier: list.csv:4: \"zoe\" is no e-mail address"), "{outcome:?}");
    // What is damaged is not guessed at.
    fs::write(scene.path("list.csv"), b"email,name\na@example.org,Zo\xc3\xa9\nb@example.org,Zo\xe9\n").expect("a file");
    let outcome = scene.run(&["subscribers", "import", "list.csv"]);
    assert_eq!(outcome, told(65, "", "gazetier: list.csv: not UTF-8 at byte 46: save it as UTF-8\n"));
}

#[test]
fn who_left_on_one_line_is_not_kept_by_another_however_far_apart() {
    for scene in both() {
        // More than are entered at once.
        let many: String = (0..21_000).map(|n| format!("r{n}@example.org,subscribed\n")).collect();
        scene.put(
            "list.csv",
            &format!("email,status\nzoe@example.org,subscribed\n{many}zoe@example.org,unsubscribed\n"),
        );
        let outcome = import(&scene, "list.csv", &[], &[]);
        assert!(outcome.stdout.starts_with("list.csv: 21000 active, 1 left, 0 bounced, 0 refused\n"), "{outcome:?}");
        let shown = scene.ok(&["subscribers", "show", "zoe@example.org"]);
        assert!(shown.contains("  unsubscribed since"), "{shown}");
    }
}

#[test]
fn tags_and_lists_are_asked_about_and_mapped() {
    for scene in both() {
        scene.put("list.csv", "email,tags,list\na@example.org,\"Carnets, VIP\",Un\nb@example.org,VIP,Deux\n");
        let outcome = import(&scene, "list.csv", &[], &["--dry-run"]);
        let asked = "  its tags count for nothing without --map \"tag:NAME=RUBRIQUE\": VIP (2), Carnets (1)\n  \
                     its lists count for nothing without --map \"list:NAME=NEWSLETTER\": Deux (1), Un (1)\n";
        assert!(outcome.stdout.contains(asked), "{outcome:?}");
        let outcome = import(&scene, "list.csv", &["tag:Carnets=carnet", "list:Un=digest"], &[]);
        assert_eq!(outcome.code, 65, "{outcome:?}");
        assert!(
            outcome.stderr.contains("list.csv:3: the list \"Deux\" is no newsletter yet: say which with"),
            "{outcome:?}"
        );
        assert_eq!(scene.ok(&["subscribers", "list"]), "a@example.org\tactive\tcarnet\t\n");
        for (map, message) in [
            ("tag:VIP=vip", "write tag:NAME= and one of "),
            ("list:Un=un", "write list:NAME= and one of digest, or - for none"),
            ("dates=dmy", "write dates=day-first or dates=month-first"),
        ] {
            let outcome = import(&scene, "list.csv", &[map], &[]);
            assert!(outcome.code == 2 && outcome.stderr.contains(message), "{outcome:?}");
        }
    }
}

#[test]
fn zips_without_a_list_are_refused() {
    let scene = Scene::empty();
    for (files, message) in [
        (
            &[("a.csv", "email\n"), ("b.csv", "email\n")][..],
            "it holds several files, and none says that it is a list of readers",
        ),
        (&[("a.png", "")], "no file in it is a list"),
        (&[("xl/workbook.xml", "")], "it is a spreadsheet: save it as CSV (UTF-8) and import that"),
    ] {
        zipped(&scene, "export.zip", files);
        let outcome = scene.run(&["subscribers", "import", "export.zip"]);
        assert!(outcome.code == 65 && outcome.stderr.contains(message), "{outcome:?}");
    }
    scene.put("broken.zip", "PK\u{3}\u{4} and no more");
    let outcome = scene.run(&["subscribers", "import", "broken.zip"]);
    assert!(outcome.code == 65 && outcome.stderr.contains("it is a zip that cannot be read"), "{outcome:?}");
}
