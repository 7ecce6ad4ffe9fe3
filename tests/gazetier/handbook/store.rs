//! docs/reference/store.md: the views that others may read a store by, tried on both databases, and its tables as the
//! migrations make them.

use std::{collections::BTreeMap, process::Command};

use rusqlite::{Connection, OpenFlags, types::ValueRef};

use super::{compare, made, page};
use crate::support::{MONDAY, Scene};

const QUESTIONS: [&str; 6] = [
    "SELECT guid, source, rubrique, title, byline, url, published_at FROM gazetier_columns ORDER BY guid",
    "SELECT newsletter, period, number, subject, state, cutoff_at, letters FROM gazetier_editions ORDER BY period",
    "SELECT newsletter, period, guid, place FROM gazetier_edition_columns ORDER BY newsletter, period, place",
    "SELECT newsletter, period, state, letters FROM gazetier_letters ORDER BY newsletter, period, state",
    "SELECT newsletter, state, choice, readers FROM gazetier_readers ORDER BY newsletter, state, choice",
    "SELECT newsletter, period, kind, domain, letters FROM gazetier_returned ORDER BY newsletter, period, kind, domain",
];

fn sqlite(scene: &Scene, question: &str) -> String {
    let views = page("reference/views.sql");
    let store = Connection::open_with_flags(scene.path("gazetier.db"), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let store = store.expect("the store");
    store.execute_batch(&views).expect("the views");
    let mut statement = store.prepare(question).expect("a question");
    let width = statement.column_count();
    let mut rows = statement.query([]).expect("rows");
    let mut told = String::new();
    while let Some(row) = rows.next().expect("a row") {
        let values = (0..width).map(|at| match row.get_ref(at).expect("a value") {
            ValueRef::Null => String::new(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => panic!("{other:?}"),
        });
        told += &format!("{}\n", values.collect::<Vec<_>>().join("|"));
    }
    told
}

fn postgres(scene: &Scene, question: &str) -> String {
    let url = scene.store().expect("a database");
    let views = super::root().join("docs/reference/views.sql");
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-A", "-t", "-F", "|", "-v", "ON_ERROR_STOP=1", "-d", url, "-f"]).arg(views);
    let output = psql.args(["-c", question]).output().expect("psql");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_views_say_the_same_of_both_databases() {
    let (one, other) = (Scene::sample(), Scene::sample().on_postgres());
    for scene in [&one, &other] {
        scene.ok(&["run", "--at", MONDAY]);
        scene.sql(
            "INSERT INTO bounces (edition_id, subscriber_id, kind, address_hash, words, noted_at, domain) \
             SELECT l.edition_id, l.subscriber_id, 'soft', s.address_hash, 'full', 0, 'example.org' \
             FROM letters l JOIN subscribers s ON s.id = l.subscriber_id",
        );
    }
    let mut told = String::new();
    for question in QUESTIONS {
        let answer = sqlite(&one, question);
        assert!(!answer.is_empty(), "{question}");
        assert_eq!(postgres(&other, question), answer, "{question}");
        let head = question.split_once(" FROM ").expect("columns").0.trim_start_matches("SELECT ");
        told += &format!("{head}\n{answer}\n");
    }
    insta::assert_snapshot!("views", told);
}

#[test]
fn the_page_of_the_store_has_its_tables_and_views() {
    let scene = Scene::sample();
    scene.ok(&["sync"]);
    let store = Connection::open(scene.path("gazetier.db")).expect("the store");
    let mut statement = store
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        .expect("a question");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    let tables: BTreeMap<String, String> = rows.map(|row| row.expect("a row")).collect();
    let words = "A store is a SQLite file or a schema of Postgres. The tables belong to the program: they change with its versions, \
                 and nothing else may write them. Who wants to read, for figures or another program, reads views that stay as they \
                 are. They hold no address, no name and nothing else of a reader.";
    let mut text = made("The store", words);
    text += "## Views for others\n\nThe file is `views.sql`, beside this page:\n\n";
    text += "```sh\nsqlite3 -readonly gazetier.db '.read views.sql' 'SELECT * FROM gazetier_letters'\n```\n\n";
    text += &format!("```sql\n{}```\n\n", page("reference/views.sql"));
    text += "## Tables\n\nAs SQLite has them after all migrations; on Postgres, `BLOB` is `BYTEA`, and keys are counted by the \
             database. Instants are milliseconds since 1970, in UTC.\n\n";
    for (name, sql) in tables.iter().filter(|(name, _)| *name != "_sqlx_migrations") {
        text += &format!("### {name}\n\n```sql\n{sql}\n```\n\n");
    }
    compare("store.md", &format!("{}\n", text.trim_end()));
}
