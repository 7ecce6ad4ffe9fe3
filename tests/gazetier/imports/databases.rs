//! Databases of other programs as sources: SQLite, Postgres and MariaDB tell one story, and the systems that the
//! documentation has queries for are read as it says.

mod failures;
mod systems;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection};

use super::LATER;
use crate::support::{Scene, fresh_database, needed, peak};

/// The three that there are.
const SYSTEMS: [System; 3] = [System::Sqlite, System::Postgres, System::Mariadb];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Sqlite,
    Postgres,
    Mariadb,
}

/// A database of the test's own.
struct Database {
    system: System,
    /// For who writes into it.
    url: String,
}

impl Database {
    fn new(system: System, scene: &Scene) -> Self {
        let url = match system {
            System::Sqlite => {
                let path = scene.path("cms.db");
                std::fs::File::create(&path).expect("a file");
                path.display().to_string()
            }
            System::Postgres => fresh_database(),
            System::Mariadb => fresh_mariadb(),
        };
        Self { system, url }
    }

    /// Runs statements.
    fn run(&self, statements: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let all = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
        runtime.block_on(async {
            match self.system {
                System::Sqlite => {
                    let mut line = SqliteConnection::connect(&self.url).await.expect("SQLite");
                    all.execute(&mut line).await.map(drop)
                }
                System::Postgres => {
                    let mut line = PgConnection::connect(&self.url).await.expect("Postgres");
                    all.execute(&mut line).await.map(drop)
                }
                System::Mariadb => {
                    let mut line = MySqlConnection::connect(&self.url).await.expect("MariaDB");
                    all.execute(&mut line).await.map(drop)
                }
            }
            .expect("statements");
        });
    }

    /// As the configuration names it.
    fn configured(&self) -> String {
        match self.system {
            System::Sqlite => "sqlite:cms.db".to_owned(),
            System::Postgres | System::Mariadb => self.url.clone(),
        }
    }
}

/// A MariaDB database of the test's own.
fn fresh_mariadb() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = needed("GAZETIER_TEST_MARIADB");
    let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    Database { system: System::Mariadb, url: server.clone() }.run(&format!("CREATE DATABASE {name}"));
    format!("{server}{name}")
}

/// A scene whose only source is this database, and the database.
fn scene(system: System, block: &str) -> (Scene, Database) {
    let scene = Scene::empty();
    let database = Database::new(system, &scene);
    let source =
        format!("[[sources]]\nname = \"site\"\nkind = \"sql\"\nurl = \"{}\"\n{block}\n", database.configured());
    (scene.config("[[sources]]\nkind = \"markdown\"\npath = \"columns\"\n", &source), database)
}

/// The published columns, the newest first: title and what else is wanted of each.
fn published(scene: &Scene, fields: &[&str]) -> Vec<String> {
    scene.ok(&["publish", "--at", LATER]);
    let text = |item: &Value, field: &str| match &item[field] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let items = scene.items("feed.json").into_iter();
    items.map(|item| fields.iter().map(|field| text(&item, field)).collect::<Vec<_>>().join(" · ")).collect()
}

/// A table as many programs have one.
fn articles(system: System) -> &'static str {
    match system {
        System::Sqlite => {
            "CREATE TABLE articles (num INTEGER PRIMARY KEY, titre TEXT, chapo TEXT, corps TEXT, auteurs TEXT, rub TEXT,
             etat INTEGER, le TEXT, maj TEXT, slug TEXT);"
        }
        System::Postgres => {
            "CREATE TABLE articles (num bigint PRIMARY KEY, titre text, chapo text, corps text, auteurs text[], rub text,
             etat boolean, le timestamptz, maj timestamp, slug text);"
        }
        System::Mariadb => {
            "SET time_zone = '+00:00';
             CREATE TABLE articles (num bigint PRIMARY KEY, titre varchar(200), chapo text, corps longtext, auteurs json,
             rub varchar(90), etat boolean, le timestamp NULL, maj datetime NULL, slug varchar(90));"
        }
    }
}

/// Its rows. Times are written in another way in each.
fn rows(system: System) -> String {
    let (authors, ids, yes, no) = match system {
        System::Sqlite => ("'Anouk Le Goff|Jean O''Neill'", "le", "1", "0"),
        System::Postgres => ("ARRAY['Anouk Le Goff', 'Jean O''Neill']", "le", "true", "false"),
        System::Mariadb => ("'[\"Anouk Le Goff\", \"Jean O''Neill\"]'", "le", "true", "false"),
    };
    let utc = |time: &str| match system {
        System::Sqlite => format!("'{time}Z'"),
        System::Postgres => format!("'{time}+00'"),
        System::Mariadb => format!("'{time}'"),
    };
    let (one, two, three) = (utc("2026-11-18 07:00:00"), utc("2026-11-17 07:00:00"), utc("2026-11-16 07:00:00"));
    format!(
        "SET_ZONE INSERT INTO articles (num, titre, chapo, corps, auteurs, rub, etat, {ids}, maj, slug) VALUES
         (1, 'La digue & l''été', 'Chapô.', '<p>Corps é 🌊</p>', {authors}, 'Humeur', {yes}, {one}, '2026-11-18 09:00:00', 'digue'),
         (2, 'Le phare', NULL, '<p>Corps</p>', NULL, 'Humeur', {yes}, {two}, NULL, NULL),
         (3, 'SECRET', NULL, '<p>SECRET</p>', NULL, NULL, {no}, {three}, '2026-11-18 09:00:00', NULL);"
    )
    .replace("SET_ZONE", if system == System::Mariadb { "SET time_zone = '+00:00';" } else { "" })
}

const COLUMNS: &str = "columns = { id = \"num\", title = \"titre\", standfirst = \"chapo\", body = \"corps\", bylines = \
                       \"auteurs\", rubriques = \"rub\", status = \"etat\", published = \"le\", updated = \"maj\" }";

fn block(system: System) -> String {
    let yes = if system == System::Postgres { "true" } else { "1" };
    format!("table = \"articles\"\n{COLUMNS}\npublished = [\"{yes}\"]\n")
}

#[test]
fn the_three_systems_tell_one_story() {
    let mut told = Vec::new();
    for system in SYSTEMS {
        let (scene, database) = scene(system, &block(system));
        database.run(articles(system));
        database.run(&rows(system));
        let no = if system == System::Sqlite { "0" } else { "false" };
        let yes = if system == System::Sqlite { "1" } else { "true" };
        let fields =
            ["id", "title", "summary", "content_html", "authors", "tags", "url", "date_published", "date_modified"];
        let mut story = vec![scene.ok(&["sync"]), published(&scene, &fields).join("\n"), scene.ok(&["sync"])];
        // What is changed and dated; what becomes a draft without a word of when; what was one.
        database.run("UPDATE articles SET titre = 'La digue cède', maj = '2026-11-19 09:00:00' WHERE num = 1");
        story.push(scene.ok(&["sync"]));
        database.run(&format!(
            "UPDATE articles SET etat = {no} WHERE num = 2; UPDATE articles SET etat = {yes} WHERE num = 3"
        ));
        story.push(scene.ok(&["sync"]));
        story.push(published(&scene, &["title", "date_modified"]).join("\n"));
        // In the instant of the last change, there was another one.
        database.run("UPDATE articles SET titre = 'La digue a cédé' WHERE num = 1");
        story.push(scene.ok(&["sync"]));
        // Gone.
        database.run("DELETE FROM articles WHERE num = 3");
        story.push(scene.ok(&["sync"]));
        story.push(published(&scene, &["title"]).join("\n"));
        told.push(story.join("\n--\n"));
    }
    insta::assert_snapshot!("one_story", told[0]);
    assert_eq!((&told[1], &told[2]), (&told[0], &told[0]));
}

#[test]
fn where_nothing_says_what_has_changed_rows_are_compared() {
    for system in SYSTEMS {
        let columns = COLUMNS.replace(", updated = \"maj\"", "");
        let (scene, database) =
            scene(system, &format!("query = \"SELECT * FROM articles WHERE etat = etat -- all\"\n{columns}\n"));
        database.run(articles(system));
        let told = rows(system).replace("true, ", "TRUE, ");
        database.run(&told);
        // Its words for a status are not ours.
        let outcome = scene.run(&["sync"]);
        assert_eq!(outcome.code, 65, "{outcome:?}");
        assert!(outcome.stderr.contains("write into this source which values are: published = ["), "{outcome:?}");
        let yes = if system == System::Postgres { "true" } else { "1" };
        scene.reconfigure("kind = \"sql\"\n", &format!("kind = \"sql\"\npublished = [\"{yes}\"]\n"));
        assert_eq!(scene.ok(&["sync"]), "2 columns added\n", "{system:?}");
        assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
        database.run("UPDATE articles SET corps = '<p>Autre</p>' WHERE num = 2");
        assert_eq!(scene.ok(&["sync"]), "1 columns changed\n");
        database.run("DELETE FROM articles WHERE num = 1");
        assert_eq!(scene.ok(&["sync"]), "1 columns withdrawn\n");
    }
}

#[test]
fn times_are_by_the_clock_that_is_named() {
    let statement = "CREATE TABLE a (id INTEGER, title TEXT, published TEXT, body TEXT);
         INSERT INTO a VALUES (1, 'un', '2026-07-18 08:00:00', 'b'), (2, 'deux', '2026-07-17', 'b'),
         (3, 'trois', '1784188800', 'b'), (4, 'quatre', '2026-07-15T08:00:00+05:00', 'b');";
    for (zone, expected) in [
        ("", ["2026-07-18T06:00:00Z", "2026-07-16T22:00:00Z"]),
        ("timezone = \"America/Guadeloupe\"\n", ["2026-07-18T12:00:00Z", "2026-07-17T04:00:00Z"]),
    ] {
        let (scene, database) = scene(System::Sqlite, &format!("table = \"a\"\n{zone}"));
        database.run(statement);
        assert_eq!(scene.ok(&["sync"]), "4 columns added\n");
        let dates = published(&scene, &["date_published"]);
        assert_eq!(dates[..2], expected);
        assert_eq!(dates[2..], ["2026-07-16T08:00:00Z", "2026-07-15T03:00:00Z"]);
    }
}

#[test]
fn thousands_of_rows_are_read_in_pieces_and_ids_are_what_they_are() {
    for system in SYSTEMS {
        let (scene, database) =
            scene(system, "query = \"SELECT nom AS id, titre AS title, jour AS published, maj AS updated FROM a\"\n");
        let text = if system == System::Mariadb { "varchar(90) COLLATE utf8mb4_bin" } else { "text" };
        database.run(&format!("CREATE TABLE a (nom {text}, titre {text}, jour {text}, maj {text})"));
        let row = |n: usize| {
            // Quotes, backslashes and percent signs, capitals that make a difference.
            let slash = if system == System::Mariadb { "\\\\" } else { "\\" };
            let name = format!("{}''{slash}%{n}", if n.is_multiple_of(2) { "É" } else { "é" });
            format!("('{name}', 'Titre {n}', '2026-01-01', '2026-01-0{} 00:00:00')", 1 + n % 9)
        };
        let rows: Vec<String> = (0..3_000).map(row).collect();
        database.run(&format!("INSERT INTO a VALUES {}", rows.join(", ")));
        assert_eq!(scene.ok(&["sync"]), "3000 columns added\n", "{system:?}");
        assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
        database.run("UPDATE a SET titre = 'Autre', maj = '2026-02-01 00:00:00' WHERE titre LIKE 'Titre 12%'");
        assert_eq!(scene.ok(&["sync"]), "111 columns changed\n", "{system:?}");
    }
}

#[test]
fn a_recording_is_a_field_as_well() {
    let (scene, database) =
        scene(System::Mariadb, "table = \"a\"\ncolumns = { audio = \"son\", audio_length = \"octets\" }\n");
    database.run(
        "CREATE TABLE a (id int, title text, published date, body text, son text, octets bigint);
         INSERT INTO a VALUES (1, 'un', '2026-11-01', 'b', 'https://jetee.example.org/un.mp3', 12345)",
    );
    assert_eq!(scene.ok(&["sync"]), "1 columns added\n");
    scene.ok(&["publish", "--at", LATER]);
    let attachment = &scene.items("feed.json")[0]["attachments"][0];
    assert_eq!(attachment["url"], "https://jetee.example.org/un.mp3");
    assert_eq!(attachment["size_in_bytes"], 12345);
}

#[test]
fn a_source_that_was_renamed_keeps_its_columns() {
    let (scene, database) = scene(System::Mariadb, "table = \"a\"\n");
    database.run("CREATE TABLE a (id int, title text, published date); INSERT INTO a VALUES (1, 'un', '2026-11-01')");
    assert_eq!(scene.ok(&["sync"]), "1 columns added\n");
    scene.reconfigure("name = \"site\"", "name = \"intranet\"");
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
    let export = scene.ok(&["columns", "export"]);
    assert!(export.contains("\"source\":\"intranet\""), "{export}");
}

#[test]
fn memory_does_not_grow_with_the_rows() {
    for system in SYSTEMS {
        let most = |rows: usize| {
            let (scene, database) = scene(system, "table = \"a\"\n");
            database.run("CREATE TABLE a (id int, title text, published date, body text, updated date)");
            // Texts of 60 kB. Without a title, they are read and refused: what cleaning them takes is not the question.
            let row = |n: usize| format!("({n}, '', '2026-01-01', repeat('a', 60000), '2026-01-02')");
            let all: Vec<String> = (0..rows).map(row).collect();
            let all = all.join(", ");
            let all = match system {
                System::Sqlite => all.replace("repeat('a', 60000)", "hex(zeroblob(30000))"),
                System::Postgres | System::Mariadb => all,
            };
            database.run(&format!("INSERT INTO a VALUES {all}"));
            assert_eq!(scene.run(&["run", "--at", "2026-01-03"]).code, 65);
            // They have been told.
            peak(&scene, &["run", "--at", "2026-01-03"])
        };
        let (few, many) = (most(100), most(400));
        // 18 MB more were read.
        assert!(many < few + 12_000, "{system:?}: {few} kB for 100 rows, {many} kB for 400");
    }
}

#[test]
fn a_recording_stands_in_columns_of_its_own() {
    let (scene, database) = scene(System::Sqlite, "table = \"a\"\n");
    database.run(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, title TEXT, body TEXT, published TEXT, audio TEXT, audio_type TEXT,
         audio_length INTEGER, audio_duration TEXT);
         INSERT INTO a VALUES (1, 'A', 'Un.', '2026-11-18', 'https://a.example.org/1', 'audio/mpeg', 9, '1:01'),
         (2, 'B', 'Un.', '2026-11-17', NULL, NULL, NULL, NULL)",
    );
    scene.ok(&["sync"]);
    let heard = "[{\"duration_in_seconds\":61,\"mime_type\":\"audio/mpeg\",\"size_in_bytes\":9,\"url\":\"https://a.example.org/1\"}]";
    assert_eq!(published(&scene, &["attachments"]), [heard, "null"]);
}
