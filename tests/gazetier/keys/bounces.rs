//! What comes back counts for the address that the letter went to, and until its reader has come back.

use chrono::Duration;
use gazetier::{
    model::{Edition, LetterState, ReaderName},
    store::{
        BounceKind::{self, Complaint, Soft},
        BounceNotice, Effect, Store,
    },
};

use super::{is_suppressed, known, move_reader};
use crate::{
    ledger::{WEEK, edition, frozen, lease, magazine, mark, settle, settled},
    store::{House, digest, on_both, subscriber},
};

on_both! {
    a_second_complaint_counts,
    passing_reasons_are_forgotten_when_the_reader_comes_back,
    passing_reasons_of_the_old_address_do_not_count_for_the_new,
    a_late_word_about_the_old_address_says_nothing_of_the_new,
}

const NOTHING: Effect = Effect::Noted { suppressed: false, left: false };
const SUPPRESSED: Effect = Effect::Noted { suppressed: true, left: false };
const BOTH: Effect = Effect::Noted { suppressed: true, left: true };

/// Freezes the n-th edition and has its letters taken.
async fn sent(store: &Store, columns: &[gazetier::model::ColumnId], number: i64) -> Edition {
    let column = columns[usize::try_from(number).expect("a small number")];
    let (edition, _) = frozen(store, &edition(number, &[column])).await;
    for leased in lease(store, &edition, edition.dated, 9).await {
        assert!(mark(store, leased.lease, edition.dated + Duration::seconds(20)).await);
        settle(store, &[settled(leased.lease, LetterState::Sent)], edition.dated).await;
    }
    edition
}

/// What comes of something that a reader's letter came back for, a day after it was sent.
async fn come_back(store: &Store, edition: &Edition, reader: ReaderName, reason: BounceKind) -> Effect {
    let notice = BounceNotice::Returned {
        edition: edition.id,
        reader,
        reason,
        words: "words".into(),
        by_envelope: false,
        is_domain_gone: false,
    };
    let effects = store.take_notices(&[notice], edition.dated + Duration::days(1), false).await.expect("effects");
    effects[0]
}

/// Brings a reader back, half a week before the n-th edition.
async fn revive(store: &Store, who: &str, number: i64) {
    let when = edition(number, &[]).dated - WEEK / 2;
    let back =
        store.enter_list(&digest(), vec![subscriber(who, &[]).into()], when, Some("asked to")).await.expect("a return");
    assert_eq!(back.revived, 1, "{back:?}");
}

async fn a_second_complaint_counts(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let reader = ReaderName::Id(known(&store, "all0@example.org").await.reader);
    let one = sent(&store, &columns, 1).await;
    assert_eq!(come_back(&store, &one, reader, Complaint).await, BOTH);
    assert_eq!(come_back(&store, &one, reader, Complaint).await, Effect::Known);
    revive(&store, "all0@example.org", 2).await;
    // Of the same letter, or of another one.
    assert_eq!(come_back(&store, &one, reader, Complaint).await, BOTH);
    revive(&store, "all0@example.org", 2).await;
    let two = sent(&store, &columns, 2).await;
    assert_eq!(come_back(&store, &two, reader, Complaint).await, BOTH);
    assert!(is_suppressed(&store, "all0@example.org").await);
    assert_eq!(known(&store, "all0@example.org").await.state, "unsubscribed");
}

async fn passing_reasons_are_forgotten_when_the_reader_comes_back(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let reader = ReaderName::Id(known(&store, "all0@example.org").await.reader);
    let mut last = None;
    for (number, expected) in [(1, NOTHING), (2, NOTHING), (3, SUPPRESSED)] {
        let edition = sent(&store, &columns, number).await;
        assert_eq!(come_back(&store, &edition, reader, Soft).await, expected, "edition {number}");
        last = Some(edition);
    }
    revive(&store, "all0@example.org", 4).await;
    // A letter of before the return that comes back late says nothing of the address as it is now.
    let late = BounceNotice::Returned {
        edition: last.expect("an edition").id,
        reader,
        reason: BounceKind::Hard,
        words: "late".into(),
        by_envelope: false,
        is_domain_gone: false,
    };
    let effects = store.take_notices(&[late], edition(4, &[]).dated, false).await.expect("effects");
    assert_eq!(effects, [NOTHING]);
    for (number, expected) in [(4, NOTHING), (5, NOTHING), (6, SUPPRESSED)] {
        let edition = sent(&store, &columns, number).await;
        assert_eq!(come_back(&store, &edition, reader, Soft).await, expected, "edition {number}");
    }
}

async fn passing_reasons_of_the_old_address_do_not_count_for_the_new(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let reader = ReaderName::Id(known(&store, "all0@example.org").await.reader);
    for number in [1, 2] {
        let edition = sent(&store, &columns, number).await;
        assert_eq!(come_back(&store, &edition, reader, Soft).await, NOTHING);
    }
    move_reader(&store, "all0@example.org", "new@example.org", edition(3, &[]).dated - WEEK / 2).await;
    for (number, expected) in [(3, NOTHING), (4, NOTHING), (5, SUPPRESSED)] {
        let edition = sent(&store, &columns, number).await;
        assert_eq!(come_back(&store, &edition, reader, Soft).await, expected, "edition {number}");
    }
    assert!(is_suppressed(&store, "new@example.org").await && !is_suppressed(&store, "all0@example.org").await);
}

async fn a_late_word_about_the_old_address_says_nothing_of_the_new(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let reader = ReaderName::Id(known(&store, "all0@example.org").await.reader);
    let one = sent(&store, &columns, 1).await;
    move_reader(&store, "all0@example.org", "new@example.org", one.dated + Duration::hours(1)).await;
    come_back(&store, &one, reader, BounceKind::Hard).await;
    assert!(!is_suppressed(&store, "new@example.org").await, "the reader is at another address");
    assert_eq!(known(&store, "new@example.org").await.state, "active");
}
