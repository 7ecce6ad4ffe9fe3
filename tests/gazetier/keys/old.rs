//! A store of the first version: the links and addresses in its letters, which name readers by numbers, go on
//! working for the same persons, and open nobody else.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use gazetier::{config::StoreUrl, model::Key};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::SqliteConnectOptions,
};

use super::scenes;
use crate::{
    bounces::post::{group, letter_head, report},
    readers::house::{House as Server, at_home},
    store::at,
    support::{MONDAY, Scene, column},
};

/// What the first version's migrations were, by name.
const MIGRATIONS: [(&str, &str); 7] = [
    ("press", include_str!("../../../src/store/migrations/0001_press.sql")),
    ("hubs", include_str!("../../../src/store/migrations/0002_hubs.sql")),
    ("delivery", include_str!("../../../src/store/migrations/0003_delivery.sql")),
    ("bounces", include_str!("../../../src/store/migrations/0004_bounces.sql")),
    ("readers", include_str!("../../../src/store/migrations/0005_readers.sql")),
    ("desk", include_str!("../../../src/store/migrations/0006_desk.sql")),
    ("documents", include_str!("../../../src/store/migrations/0007_documents.sql")),
];

fn key() -> Key {
    Key::new([7; 32])
}

/// The token for leaving that the first version wrote.
fn token(number: i64) -> String {
    let claim = number.to_be_bytes();
    BASE32_NOPAD.encode(&[claim.as_slice(), &key().sign("unsubscribe", &claim)].concat()).to_lowercase()
}

fn proof(purpose: &str, number: i64) -> String {
    let message = [1i64.to_be_bytes(), number.to_be_bytes()].concat();
    BASE32_NOPAD.encode(&key().sign(purpose, &message)[..8]).to_lowercase()
}

/// The address for bounces that the first version wrote, of the first edition.
fn verp(number: i64) -> String {
    format!("retours+1.{number}.{}@estran.example.org", proof("bounce", number))
}

fn message_id(number: i64) -> String {
    format!("<2026-W46.{number}.{}@estran.example.org>", proof("message", number))
}

/// What a store of the first version holds: an edition that was sent to readers 1, 3 and 4, and to one who was
/// erased since; b@example.org got that one's number.
fn rows(bytes: &dyn Fn(&str) -> String) -> String {
    let millis = |text: &str| at(text).timestamp_millis();
    let (before, cutoff, after) = (millis("2026-11-01"), millis("2026-11-16T07:30"), millis("2026-11-18"));
    let mut text = format!(
        "INSERT INTO secrets (name, value) VALUES ('key', {}); \
         INSERT INTO columns (source, source_key, guid, title, standfirst, body, cleaner, url, published_at, \
         updated_at, fingerprint, body_raw) VALUES ('elsewhere', 'a', 'tag:a', 'A', '', '', 1, \
         'https://estran.example.org/a', {before}, {before}, 'f', ''); \
         INSERT INTO editions (id, number, period, since_at, cutoff_at, state, subject, dated_at, frozen_at) \
         VALUES (1, 1, '2026-W46', {before}, {cutoff}, 'sent', 'A', {cutoff}, {cutoff}); \
         INSERT INTO edition_columns (edition_id, column_id, place) VALUES (1, 1, 0); \
         INSERT INTO variants (id, edition_id, choice, html, plain, entity, content_hash) \
         VALUES (1, 1, '', '<p>A</p>', 'A', {}, 'h'); ",
        bytes(&"07".repeat(32)),
        bytes("00"),
    );
    for (number, who, joined) in [(1, "alix", before), (2, "b", after), (3, "loic", before), (4, "zoe", before)] {
        let address = format!("{who}@example.org");
        let hash = bytes(&HEXLOWER.encode(&key().sign("address", address.as_bytes())));
        let went_to = if number == 2 { "(erased)" } else { &address };
        text.push_str(&format!(
            "INSERT INTO subscribers (id, address, address_hash, choice, state, joined_at) \
             VALUES ({number}, '{address}', {hash}, '', 'active', {joined}); \
             INSERT INTO letters (id, edition_id, subscriber_id, variant_id, address, state, attempts, fence, due_at, \
             settled_at) VALUES ({number}, 1, {number}, 1, '{went_to}', 'sent', 1, 1, 0, {cutoff}); "
        ));
    }
    text
}

/// Makes the store as the first version left it.
fn made_by_the_first_version(scene: &Scene) {
    let migrator = |key: &str, bytes: &str| {
        let migration = |(version, (name, text)): (i64, (&'static str, &str))| {
            let text = text.replace("{key}", key).replace("{bytes}", bytes);
            Migration::new(version, name.into(), MigrationType::Simple, AssertSqlSafe(text).into_sql_str(), false)
        };
        Migrator::with_migrations((1..).zip(MIGRATIONS).map(migration).collect())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        match scene.store_url() {
            StoreUrl::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
                let mut line = options.connect().await.expect("SQLite");
                migrator("INTEGER PRIMARY KEY", "BLOB").run(&mut line).await.expect("tables");
                let rows = rows(&|hex| format!("x'{hex}'"));
                sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut line).await.expect("rows");
                line.close().await.expect("an end");
            }
            StoreUrl::Postgres { url, .. } => {
                let mut line = PgConnection::connect(url.expose()).await.expect("Postgres");
                let key = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY";
                migrator(key, "BYTEA").run(&mut line).await.expect("tables");
                let rows = rows(&|hex| format!("decode('{hex}', 'hex')"));
                sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut line).await.expect("rows");
                line.close().await.expect("an end");
            }
        }
    });
}

fn list(scene: &Scene) -> String {
    scene.ok(&["subscribers", "list"])
}

/// Hands a message over as a mail server does.
fn pipe(scene: &Scene, message: &str) -> String {
    scene.put("message", message);
    let file = std::fs::File::open(scene.path("message")).expect("a message");
    let output = scene.command(&["bounce", "--at", MONDAY]).stdin(file).output().expect("the program");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn links_of_the_first_version_are_their_readers_and_nobody_elses() {
    for scene in scenes() {
        let scene = at_home(scene, "").write("columns/b.md", &column("Un banc", "edito", "2026-11-19"));
        made_by_the_first_version(&scene);
        assert_eq!(scene.ok(&["digest", "status"]), "2026-W46 (n° 1) sent: 4 of 4 letters sent\n");
        let server = Server::open(&scene, &["--at", MONDAY]);
        let click = |number| server.post(&format!("/lettre/quitter/{}", token(number)), "List-Unsubscribe=One-Click");
        // The same person's; the number that was another's; one that was never given out; a forged one.
        assert_eq!((click(1).status, click(2).status, click(9).status), (200, 200, 200));
        assert_eq!(
            server.post(&format!("/lettre/quitter/{}", token(3).replace(&token(3)[13..], &token(4)[13..])), "").status,
            404
        );
        let all = |states: [&str; 4]| {
            let lines = ["alix", "b", "loic", "zoe"].iter().zip(states);
            lines.map(|(who, state)| format!("{who}@example.org\t{state}\t*\t\n")).collect::<String>()
        };
        assert_eq!(list(&scene), all(["unsubscribed", "active", "active", "active"]));

        let dead = |who: &str| group(&format!("{who}@example.org"), "failed", "5.1.1", "550 5.1.1 no such reader");
        let gone = "1 message read, 1 about what is gone\n";
        let hard = "1 message read, 1 came back for good; 1 address suppressed\n";
        assert_eq!(pipe(&scene, &report(&verp(2), &dead("b"), "")), gone);
        assert_eq!(pipe(&scene, &report("x@example.org", &dead("b"), &letter_head(&message_id(2), ""))), gone);
        assert_eq!(pipe(&scene, &format!("Subject: unsubscribe {}\n\n", token(2))), gone);
        assert_eq!(pipe(&scene, &report(&verp(3), &dead("loic"), "")), hard);
        assert_eq!(pipe(&scene, &report("x@example.org", &dead("zoe"), &letter_head(&message_id(4), ""))), hard);
        let status = scene.ok(&["digest", "status"]);
        assert!(
            status.contains("refused: loic@example.org") && status.contains("refused: zoe@example.org"),
            "{status}"
        );

        // The next edition is for b alone, and its letter's link is b's.
        scene.ok(&["run", "--at", MONDAY]);
        assert_eq!(scene.posted(), ["2026-W47 b@example.org"]);
        let letter = scene.letter_to("b@example.org", "2026-W47");
        let start = letter.find("List-Unsubscribe: <https://estran.example.org").expect("a header") + 45;
        server.post(letter[start..].split('>').next().expect("an address"), "List-Unsubscribe=One-Click");
        assert_eq!(
            list(&scene),
            "alix@example.org\tunsubscribed\t*\t\nb@example.org\tunsubscribed\t*\t\n\
             loic@example.org\tsuppressed\t*\t\tbounce since 2026-11-23 08:00\n\
             zoe@example.org\tsuppressed\t*\t\tbounce since 2026-11-23 08:00\n"
        );
    }
}
