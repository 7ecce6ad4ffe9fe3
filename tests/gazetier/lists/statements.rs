//! Every statement about lists is understood by both backends.

use gazetier::store::sql::lists;
use sqlx::{Connection, Executor, PgConnection, SqlSafeStr, SqliteConnection};

use crate::support::Scene;

#[tokio::test]
async fn every_statement_about_lists_is_prepared_on_both_backends() {
    let scene = Scene::empty();
    scene.ok(&["sync"]);
    let path = scene.path("gazetier.db").display().to_string();
    let mut line = SqliteConnection::connect(&path).await.expect("SQLite");
    let both = || lists::BOTH.iter().copied();
    for (name, statement) in lists::ALL.iter().copied().chain(both().map(|(name, two)| (name, two.sqlite))) {
        line.prepare(statement.into_sql_str()).await.unwrap_or_else(|error| panic!("SQLite, {name}: {error}"));
    }
    let scene = Scene::empty().on_postgres();
    scene.ok(&["sync"]);
    let mut line = PgConnection::connect(scene.store().expect("a database")).await.expect("Postgres");
    for (name, statement) in lists::ALL.iter().copied().chain(both().map(|(name, two)| (name, two.postgres))) {
        line.prepare(statement.into_sql_str()).await.unwrap_or_else(|error| panic!("Postgres, {name}: {error}"));
    }
}
