//! Readers, editions and magazines are known by keys that mean the thing itself, and what another process
//! may change is compared where it is written: each fault that came of anything else, once more.

mod bounces;
mod editions;
mod freezing;
mod magazines;
mod old;
mod outgoing;
mod readers;
mod repeats;
mod sending;

use chrono::Duration;
use gazetier::{
    config::StoreUrl,
    model::{DeliveryTime, EmailAddress, Instant},
    store::{Confirmation, Confirmed, KnownReader, Pace, Queueing, Request, ServiceKind, ServiceLetter, Store},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::{
    store::{House, at, digest, subscriber},
    support::Scene,
};

/// Does something with the store of a scene that has begun.
fn in_store<R>(scene: &Scene, work: impl AsyncFnOnce(&Store) -> R) -> R {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&scene.store_url()).await.expect("a store");
        let result = work(&store).await;
        store.close().await;
        result
    })
}

/// Both backends, each with an empty scene.
fn scenes() -> [Scene; 2] {
    [Scene::empty(), Scene::empty().on_postgres()]
}

fn address(text: &str) -> EmailAddress {
    text.parse().expect("an address")
}

/// A reader as the store knows one.
pub async fn known(store: &Store, who: &str) -> KnownReader {
    store.subscriber_at(&digest(), &address(who)).await.expect("a store").unwrap_or_else(|| panic!("no {who}"))
}

/// Letters as soon as they are asked for.
pub const NO_PAUSE: Pace = Pace { pauses: &[], memory: Duration::days(7), open: Duration::days(3), a_day: i64::MAX };

/// Has a reader confirm a new address.
async fn move_reader(store: &Store, from: &str, to: &str, at: Instant) -> Confirmed {
    let mover = known(store, from).await;
    let request = Request {
        delivery: DeliveryTime::default(),
        id: store.unguessable().expect("a number"),
        mover: Some(mover.id),
        address: address(to),
        name: mover.name,
        newsletter: digest(),
        others: Vec::new(),
        choice: mover.choice,
        language: "fr".into(),
        consent: "oui".into(),
        way: "form",
        asked: at,
        from: None,
        expires: at + Duration::days(3),
    };
    let letter = ServiceLetter {
        kind: ServiceKind::Move,
        address: address(to),
        message: "To: x\r\n\r\n".into(),
        queued: at,
        expires: at + Duration::days(3),
    };
    let queueing = store.ask(Some(&request), &letter, &NO_PAUSE).await.expect("a wish");
    assert_eq!(queueing, Queueing::Queued, "{to} must be written to");
    store.confirm(&digest(), request.id, at, &Confirmation::default()).await.expect("a move")
}

/// Whether an address must not be written to.
async fn is_suppressed(store: &Store, who: &str) -> bool {
    store
        .weigh_list(&digest(), vec![subscriber(who, &[]).into()], at("2026-11-23"), false)
        .await
        .expect("a count")
        .suppressed
        == 1
}

/// Runs statements behind a store's back, in the words of its backend.
pub async fn script(house: &House, sqlite: &str, postgres: &str) {
    match &house.url {
        StoreUrl::Sqlite(path) => {
            let mut line = SqliteConnection::connect(&path.display().to_string()).await.expect("SQLite");
            sqlx::raw_sql(AssertSqlSafe(sqlite.to_owned())).execute(&mut line).await.expect("statements");
        }
        StoreUrl::Postgres { url, .. } => {
            let mut line = PgConnection::connect(url.expose()).await.expect("Postgres");
            sqlx::raw_sql(AssertSqlSafe(postgres.to_owned())).execute(&mut line).await.expect("statements");
        }
    }
}
