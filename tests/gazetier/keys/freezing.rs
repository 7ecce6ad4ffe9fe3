//! What changes between an edition's drawing up and its freezing makes the freezing stale, or is in it.

use chrono::Duration;
use gazetier::{
    config::StoreUrl,
    model::{Audience, Choice, EditionState, Note, NoteKind, ReaderGroup, Rhythm},
    store::{Freeze, NewEdition, Noted, Preference, Put, Store},
};

use sqlx::{Connection, PgConnection};

use super::{known, script};
use crate::{
    ledger::{WEEK, edition, frozen, magazine, tally},
    store::{House, at, digest, draft, now, on_both, slug},
};

on_both! {
    a_column_that_changes_or_goes_makes_a_freezing_stale,
    a_hold_and_a_freezing_at_once_leave_nothing_that_goes_out,
    who_chooses_anew_while_an_edition_is_frozen_has_a_letter,
    a_column_is_in_one_edition_also_if_two_are_frozen_at_once,
}

fn held(words: &str) -> Note {
    Note { kind: NoteKind::Held, subject: String::new(), who: "Yann".into(), words: words.into(), at: now() }
}

async fn a_column_that_changes_or_goes_makes_a_freezing_stale(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let drawn = edition(1, &columns[..3]);
    assert_eq!(store.revision().await.expect("a revision"), drawn.revision);
    // A typo is mended: what was rendered is not what the feeds have.
    let mended = gazetier::model::Draft { title: "Corrigé".into(), ..draft("c3", "2026-11-17") };
    assert_eq!(store.put(&[mended], now()).await.expect("a column"), [Put::Changed]);
    assert!(matches!(store.freeze(&drawn).await, Ok(Freeze::Stale)));
    let drawn = NewEdition { revision: store.revision().await.expect("a revision"), ..drawn };
    // One is withdrawn.
    assert_eq!(store.withdraw("markdown", &["c4".to_owned()], now()).await.expect("a withdrawal"), 1);
    assert!(matches!(store.freeze(&drawn).await, Ok(Freeze::Stale)));
    assert_eq!(store.editions(&digest()).await.expect("editions"), []);
    // What changes nothing does not.
    let drawn = NewEdition { revision: store.revision().await.expect("a revision"), ..drawn };
    store.put(&[draft("c5", "2026-11-17")], now()).await.expect("a column");
    frozen(&store, &drawn).await;
}

async fn a_hold_and_a_freezing_at_once_leave_nothing_that_goes_out(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let other = house.open().await;
    let (mut first, mut second) = (0, 0);
    for number in 1..=8 {
        let new = edition(number, &columns[usize::try_from(number).expect("a small number")..][..1]);
        let key = new.key.clone();
        let freezing = {
            let (store, new) = (store.clone(), edition(number, &new.columns));
            tokio::spawn(async move { store.freeze(&new).await })
        };
        let noted = other.hold(&key, &held("the title")).await.expect("a decision");
        match (freezing.await.expect("a task").expect("a freezing"), noted) {
            // The hold came before: what was drawn up does not know it.
            (Freeze::Stale, Noted::OfDraft) => first += 1,
            (Freeze::Done(edition, _), Noted::OfEdition) => {
                second += 1;
                let edition = store.edition_at(&edition.key()).await.expect("an edition").expect("an edition");
                assert_eq!(edition.state, EditionState::Held);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(first + second, 8);
    assert_eq!(store.open_editions().await.expect("editions"), []);
    // And without luck, in both orders.
    let late = edition(9, &[]);
    let (nine, _) = frozen(&store, &late).await;
    assert_eq!(store.hold(&nine.key(), &held("")).await.expect("a decision"), Noted::OfEdition);
    assert_eq!(store.held_reason(nine.id).await.expect("a reason"), Some(String::new()));
    let early = edition(10, &[]);
    assert_eq!(store.hold(&early.key, &held("")).await.expect("a decision"), Noted::OfDraft);
    assert!(matches!(store.freeze(&early).await, Ok(Freeze::Stale)));
    let again = NewEdition { desk: stamp(&store, &early).await, ..early };
    let (ten, _) = frozen(&store, &again).await;
    // What is held is not held again: so it stands.
    assert_eq!(store.hold(&nine.key(), &held("non")).await.expect("a word"), Noted::TooLate(EditionState::Held));
    assert_eq!(tally(&store, &ten).await, [("queued", 2)]);
}

async fn stamp(store: &Store, new: &NewEdition) -> (i64, i64) {
    let desk = store.desk(&new.key).await.expect("a desk");
    (desk.version.number, desk.last_note)
}

async fn who_chooses_anew_while_an_edition_is_frozen_has_a_letter(house: &House) {
    let (store, columns) = magazine(house, 2).await;
    let other = house.open().await;
    // Between the choices and the letters the freezing takes its time.
    script(
        house,
        "SELECT 1",
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NULL; END'; \
         CREATE TRIGGER slow AFTER INSERT ON variants FOR EACH STATEMENT EXECUTE FUNCTION slow()",
    )
    .await;
    let reader = known(&store, "all0@example.org").await;
    let wanted = Choice::of([slug("edito"), slug("humeur")]);
    let new = edition(1, &columns[..3]);
    let mut groups = new.groups.clone();
    groups.push(ReaderGroup::of(wanted.clone()));
    let freezing = {
        let (store, new) = (store.clone(), edition(1, &columns[..3]));
        tokio::spawn(async move { store.freeze(&new).await })
    };
    if let StoreUrl::Postgres { url, .. } = &house.url {
        let mut watch = PgConnection::connect(url.expose()).await.expect("Postgres");
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND wait_event = 'PgSleep'";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watch).await.expect("a count") == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    let preference = Preference { choice: wanted.clone(), rhythm: Rhythm::Each, paused_until: None };
    assert!(other.set_preferences(&digest(), reader.id, None, "fr", &preference, now()).await.expect("a change"));
    let letters = match freezing.await.expect("a task").expect("a freezing") {
        // All letters were written before, or the choice was made.
        Freeze::Done(_, letters) => letters,
        Freeze::Stale => {
            assert_eq!(store.editions(&digest()).await.expect("editions"), []);
            let mut again = edition(1, &columns[..3]);
            let variant = again.variants.remove(0);
            again.variants =
                groups[..2].iter().chain(groups.last()).map(|group| copy(&variant, &group.choice)).collect();
            frozen(&store, &NewEdition { groups, ..again }).await.1
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(letters, 4, "two readers of all, two of editorials");
}

fn copy(variant: &gazetier::store::NewVariant, choice: &Choice) -> gazetier::store::NewVariant {
    gazetier::store::NewVariant {
        audience: Audience::of(choice.clone()),
        groups: vec![ReaderGroup::of(choice.clone())],
        subject: variant.subject.clone(),
        html: variant.html.clone(),
        plain: variant.plain.clone(),
        entity: variant.entity.clone(),
        content_hash: variant.content_hash.clone(),
        columns: variant.columns.clone(),
        earlier: Vec::new(),
        others: Vec::new(),
    }
}

async fn a_column_is_in_one_edition_also_if_two_are_frozen_at_once(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let other = house.open().await;
    // Two schedules, or two clocks: different hours of one week, the same columns.
    let one = edition(1, &columns[..3]);
    let moved = edition(1, &columns[..3]);
    let key = gazetier::model::EditionKey { cutoff: one.key.cutoff + Duration::days(2), ..one.key.clone() };
    let two = NewEdition { number: 2, period: one.period.numbered(2), key, ..moved };
    let (a, b) = tokio::join!(store.freeze(&one), other.freeze(&two));
    let done = [a, b].into_iter().filter(|freeze| matches!(freeze, Ok(Freeze::Done(..)))).count();
    assert_eq!(done, 1);
    let unsent = store.unsent(&digest(), at("2026-11-16") - WEEK, at("2026-11-18")).await.expect("columns");
    assert_eq!(unsent.len(), 6);
}
