//! Letters that serve one person, on their way: none goes that is of no use any more, none twice, and nothing is kept
//! of one that has gone.

use chrono::Duration;
use gazetier::store::{Pace, Queueing, ServiceKind, ServiceLetter, ServiceState, Store};

use super::house::at_home;
use crate::{
    store::at,
    support::{SILENCE, Scene},
};

/// Both backends, each with a letter to each of these people, which is of use for so many hours.
fn with_letters(letters: &[(&str, i64)]) -> [Scene; 2] {
    let scenes = [at_home(Scene::empty(), ""), at_home(Scene::empty().on_postgres(), "")];
    for scene in &scenes {
        scene.ok(&["subscribers", "list"]);
        on(scene, async |store| {
            for (address, hours) in letters {
                let letter = ServiceLetter {
                    kind: ServiceKind::Link,
                    address: address.parse().expect("an address"),
                    message: format!("From: lettre@estran.example.org\r\nTo: {address}\r\n\r\nhush\r\n"),
                    queued: at("2026-11-23T07:00"),
                    expires: at("2026-11-23T07:00") + Duration::hours(*hours),
                };
                let pace = Pace { pauses: &[], memory: Duration::days(7), open: Duration::days(3), a_day: 8 };
                assert_eq!(store.ask(None, &letter, &pace).await.expect("a store"), Queueing::Queued);
            }
        });
    }
    scenes
}

fn on(scene: &Scene, act: impl AsyncFnOnce(Store)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { act(Store::open(&scene.store_url()).await.expect("a store")).await });
}

#[test]
fn a_letter_that_is_of_no_use_any_more_is_not_sent() {
    for scene in with_letters(&[("hier@example.org", 2), ("demain@example.org", 72)]) {
        scene.ok(&["run", "--at", "2026-11-24T08:00"]);
        assert_eq!(scene.posted(), ["service demain@example.org"]);
        assert_eq!(scene.run(&["run", "--at", "2026-11-24T09:00"]), SILENCE);
        assert_eq!(scene.posted(), ["service demain@example.org"]);
    }
}

#[test]
fn of_a_letter_that_has_gone_neither_address_nor_words_are_kept() {
    for scene in with_letters(&[("a@example.org", 72)]) {
        let kept = || scene.pairs("SELECT address, message FROM service_letters");
        assert!(kept()[0].0 == "a@example.org" && kept()[0].1.contains("hush"), "{:?}", kept());
        scene.ok(&["run", "--at", "2026-11-23T09:00"]);
        assert_eq!(scene.posted(), ["service a@example.org"]);
        assert_eq!(kept(), [(String::new(), String::new())]);
    }
}

#[test]
fn of_two_who_send_letters_one_has_each_and_who_dies_is_followed() {
    for scene in with_letters(&[("a@example.org", 72), ("b@example.org", 72)]) {
        on(&scene, async |store| {
            let now = at("2026-11-23T09:00");
            let lease = async |clock: chrono::DateTime<chrono::Utc>| {
                let until = clock + Duration::minutes(10);
                store.lease_service_letters(now, 1, clock, until).await.expect("a store")
            };
            let (first, second) = (lease(now).await, lease(now).await);
            assert_eq!((first.len(), second.len()), (1, 1));
            assert_ne!(first[0].address, second[0].address, "one letter is in two hands");
            assert_eq!(lease(now + Duration::minutes(9)).await, []);
            // Who has the second says that it is still at it; who has the first is dead, and comes back too late.
            let clock = now + Duration::minutes(11);
            assert!(store.renew_service_letter(&second[0], clock + Duration::minutes(10)).await.expect("a store"));
            let again = lease(clock).await;
            assert_eq!((again.len(), &again[0].address), (1, &first[0].address));
            assert!(!store.renew_service_letter(&first[0], clock + Duration::hours(9)).await.expect("a store"));
            store.settle_service_letter(&first[0], ServiceState::Failed, "too late").await.expect("a store");
            assert!(store.renew_service_letter(&again[0], clock + Duration::minutes(10)).await.expect("a store"));
            // Tried again later, which is not now.
            let later = ServiceState::Queued(now + Duration::hours(1));
            store.settle_service_letter(&again[0], later, "later").await.expect("a store");
            assert_eq!(lease(clock).await, []);
        });
    }
}
