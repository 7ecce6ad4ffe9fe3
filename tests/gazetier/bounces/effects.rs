//! What comes back takes effect in the store, once, on both backends.

use chrono::Duration;
use gazetier::{
    model::{
        Audience, Choice, Column, EditionKey, EditionState, EmailAddress, FeedKey, Instant, LetterState, Period,
        ReaderGroup, ReaderId, ReaderName, Tally,
    },
    store::{
        BounceKind::{self, Complaint, Hard, Ours, Soft},
        BounceNotice,
        Effect::{self, Gone, Known},
        Freeze, Mark, NewEdition, NewVariant, Reason, Settlement, Span, Store,
    },
};

use crate::store::{House, at, digest, draft, now, on_both, subscriber};

on_both! {
    who_is_not_there_is_not_written_to_again,
    only_what_was_taken_can_come_back,
    passing_reasons_count_in_a_row,
    a_letter_that_arrived_begins_the_count_anew,
    a_late_word_still_counts,
    what_lies_with_us_is_no_word_about_the_address,
    who_complains_is_let_go,
    who_leaves_by_mail_has_left,
    what_nobody_knows_any_more_changes_nothing,
    a_rehearsal_tells_the_same_and_changes_nothing,
    mailboxes_read_at_once_count_once,
    what_was_left_is_remembered_for_each_mailbox,
}

pub(super) const NOTHING: Effect = Effect::Noted { suppressed: false, left: false };
pub(super) const SUPPRESSED: Effect = Effect::Noted { suppressed: true, left: false };

/// A store with columns enough and two subscribers, a@example.org and b@example.org.
async fn magazine(house: &House) -> (Store, Vec<Column>) {
    let store = house.open().await;
    let drafts: Vec<_> = (0..12).map(|n| draft(&format!("c{n}"), "2026-11-17")).collect();
    store.put(&drafts, now()).await.expect("columns");
    let columns = store.newest(&FeedKey::All, Span::until(at("2026-12-01")), 100).await.expect("columns").columns;
    let roll = [subscriber("a@example.org", &[]), subscriber("b@example.org", &[])];
    store.add_subscribers(&digest(), &roll, at("2026-11-16")).await.expect("subscribers");
    (store, columns)
}

/// The Monday of the n-th edition.
pub(super) fn monday(number: i64) -> Instant {
    at("2026-11-16T08:00") + Duration::weeks(number)
}

/// Freezes the n-th edition; its letters wait.
pub(super) async fn frozen(store: &Store, columns: &[Column], number: i64) -> (i64, u64) {
    let column = columns[usize::try_from(number).expect("a small number")].id;
    let variant = NewVariant {
        audience: Audience::of(Choice::all()),
        groups: vec![ReaderGroup::of(Choice::all())],
        subject: String::new(),
        html: String::new(),
        plain: String::new(),
        entity: Vec::new(),
        content_hash: String::new(),
        columns: vec![column],
        earlier: Vec::new(),
        others: Vec::new(),
    };
    let new = NewEdition {
        key: EditionKey { newsletter: digest(), cutoff: monday(number) },
        period: Period::from_key(&format!("2026-W{}", 46 + number)),
        since: monday(number - 1),
        state: EditionState::Frozen,
        subject: "s".into(),
        dated: monday(number),
        number,
        columns: vec![column],
        left_out: Vec::new(),
        variants: vec![variant],
        groups: vec![ReaderGroup::of(Choice::all())],
        rhythms: Vec::new(),
        editions: None,
        desk: (0, 0),
        revision: 1,
        held: None,
        note: None,
        readers: None,
        planned: None,
        delays: Vec::new(),
        waits: Vec::new(),
    };
    match store.freeze(&new).await.expect("a freezing") {
        Freeze::Done(edition, letters) => (edition.id, letters),
        other => panic!("{other:?}"),
    }
}

/// Freezes the n-th edition, and hands its letters over at the hour.
pub(super) async fn sent(store: &Store, columns: &[Column], number: i64) -> i64 {
    let (edition, _) = frozen(store, columns, number).await;
    settle(store, edition, monday(number), LetterState::Sent).await;
    edition
}

pub(super) async fn settle(store: &Store, edition: i64, when: Instant, state: LetterState) {
    store.lapse(edition, when, LetterState::Unknown).await.expect("a lapse");
    let until = when + Duration::seconds(20);
    let batch = store.lease_letters(edition, when, 9, until).await.expect("leases");
    let marks: Vec<Mark> = batch.letters.iter().map(|leased| Mark { lease: leased.lease, until }).collect();
    assert_eq!(store.record(&[], &marks, when).await.expect("marks").len(), marks.len());
    let done = |mark: &Mark| Settlement {
        lease: mark.lease,
        state,
        due: None,
        reply: "so be it".into(),
        tries: 0,
        suppress: false,
    };
    store.record(&marks.iter().map(done).collect::<Vec<_>>(), &[], when).await.expect("settlements");
}

/// What readers are known by; who is not on the list is somebody who never was.
async fn id(store: &Store, name: &str) -> ReaderId {
    let address = format!("{name}@example.org").parse().expect("an address");
    let known = store.subscriber_at(&digest(), &address).await.expect("a reader");
    known.map_or(ReaderId::new([9; 16]), |known| known.reader)
}

async fn returned(store: &Store, edition: i64, name: &str, reason: BounceKind) -> BounceNotice {
    let reader = ReaderName::Id(id(store, name).await);
    BounceNotice::Returned {
        edition,
        reader,
        reason,
        words: format!("{} words", reason.as_str()),
        by_envelope: false,
        is_domain_gone: false,
    }
}

async fn leave(store: &Store, name: &str) -> BounceNotice {
    BounceNotice::Leave(digest(), ReaderName::Id(id(store, name).await))
}

pub(super) async fn take(store: &Store, notice: BounceNotice, when: Instant) -> Effect {
    let effects = store.take_notices(&[notice], when, false).await.expect("effects");
    assert_eq!(effects.len(), 1);
    effects[0]
}

async fn tally(store: &Store, edition: i64) -> Tally {
    let tally = store.tally(edition).await.expect("a tally");
    assert_eq!(tally.frozen(), 2, "{tally:?}");
    tally
}

async fn who_is_not_there_is_not_written_to_again(house: &House) {
    let (store, columns) = magazine(house).await;
    let one = sent(&store, &columns, 1).await;
    let (two, _) = frozen(&store, &columns, 2).await;
    assert_eq!(take(&store, returned(&store, one, "a", Hard).await, monday(2)).await, SUPPRESSED);
    assert_eq!(tally(&store, one).await, Tally { sent: 1, failed: 1, ..Tally::default() });
    let failed = store.failed_letters(one).await.expect("letters");
    assert_eq!(failed, [("a@example.org".to_owned(), "came back: hard words".to_owned())]);
    // The subscriber stays on the list, and a letter that waited does not go out.
    assert!(store.list_subscribers(&digest()).await.expect("a list").iter().all(|one| one.state == "active"));
    settle(&store, two, monday(2), LetterState::Sent).await;
    assert_eq!(tally(&store, two).await, Tally { sent: 1, suppressed: 1, ..Tally::default() });
    assert_eq!(frozen(&store, &columns, 3).await.1, 1);
    // Said again, by the same letter or another one, it changes nothing.
    assert_eq!(take(&store, returned(&store, one, "a", Hard).await, monday(3)).await, Known);
    assert_eq!(take(&store, returned(&store, two, "a", Hard).await, monday(3)).await, NOTHING);
    assert_eq!(tally(&store, one).await, Tally { sent: 1, failed: 1, ..Tally::default() });
}

async fn only_what_was_taken_can_come_back(house: &House) {
    let (store, columns) = magazine(house).await;
    // A worker died: nobody knows. If it came back, it had been taken.
    let (one, _) = frozen(&store, &columns, 1).await;
    settle(&store, one, monday(1), LetterState::Unknown).await;
    assert_eq!(take(&store, returned(&store, one, "a", Soft).await, monday(1)).await, NOTHING);
    assert_eq!(tally(&store, one).await, Tally { unknown: 1, failed: 1, ..Tally::default() });
    // One that is not yet known to be taken goes its way; the address counts as dead all the same.
    let (two, _) = frozen(&store, &columns, 2).await;
    assert_eq!(take(&store, returned(&store, two, "a", Hard).await, monday(2)).await, SUPPRESSED);
    assert_eq!(tally(&store, two).await, Tally { queued: 2, ..Tally::default() });
    settle(&store, two, monday(2), LetterState::Sent).await;
    assert_eq!(tally(&store, two).await, Tally { sent: 1, suppressed: 1, ..Tally::default() });
}

async fn passing_reasons_count_in_a_row(house: &House) {
    let (store, columns) = magazine(house).await;
    for number in 1..=3 {
        let edition = sent(&store, &columns, number).await;
        let day = monday(number) + Duration::days(1);
        let expected = if number == 3 { SUPPRESSED } else { NOTHING };
        assert_eq!(take(&store, returned(&store, edition, "a", Soft).await, day).await, expected, "edition {number}");
        // Once for each edition, however often it is said.
        assert_eq!(take(&store, returned(&store, edition, "a", Soft).await, day).await, Known);
        assert_eq!(tally(&store, edition).await, Tally { sent: 1, failed: 1, ..Tally::default() });
    }
    assert_eq!(frozen(&store, &columns, 4).await.1, 1);
}

async fn a_letter_that_arrived_begins_the_count_anew(house: &House) {
    let (store, columns) = magazine(house).await;
    let mut editions = vec![0];
    for number in 1..=6 {
        editions.push(sent(&store, &columns, number).await);
    }
    // The third one arrived.
    for (number, expected) in [(1, NOTHING), (2, NOTHING), (4, NOTHING), (5, NOTHING), (6, SUPPRESSED)] {
        let effect =
            take(&store, returned(&store, editions[number], "a", Soft).await, monday(6) + Duration::days(1)).await;
        assert_eq!(effect, expected, "edition {number}");
    }
    // Read late, three in a row are not enough where a later one arrived: it is older than any mail
    // server tries.
    for number in [1, 2, 3] {
        let effect =
            take(&store, returned(&store, editions[number], "b", Soft).await, monday(6) + Duration::days(1)).await;
        assert_eq!(effect, NOTHING, "edition {number}");
    }
    // The fifth had seemed to arrive until now: with it the row is one of five.
    for (number, expected) in [(4, NOTHING), (5, SUPPRESSED)] {
        let effect =
            take(&store, returned(&store, editions[number], "b", Soft).await, monday(6) + Duration::days(1)).await;
        assert_eq!(effect, expected, "edition {number}");
    }
}

async fn a_late_word_still_counts(house: &House) {
    let (store, columns) = magazine(house).await;
    let mut editions = vec![0];
    for number in 1..=4 {
        editions.push(sent(&store, &columns, number).await);
    }
    // The fourth went out this morning and says nothing yet; the second comes back last.
    let day = monday(4) + Duration::hours(2);
    for (number, expected) in [(1, NOTHING), (3, NOTHING), (2, SUPPRESSED)] {
        assert_eq!(
            take(&store, returned(&store, editions[number], "a", Soft).await, day).await,
            expected,
            "edition {number}"
        );
    }
    // A week later it has arrived.
    let later = monday(5) + Duration::hours(2);
    for (number, when, expected) in [(1, day, NOTHING), (3, day, NOTHING), (2, later, NOTHING)] {
        assert_eq!(
            take(&store, returned(&store, editions[number], "b", Soft).await, when).await,
            expected,
            "edition {number}"
        );
    }
}

async fn what_lies_with_us_is_no_word_about_the_address(house: &House) {
    let (store, columns) = magazine(house).await;
    for number in 1..=5 {
        let edition = sent(&store, &columns, number).await;
        let day = monday(number) + Duration::days(1);
        // Neither does it count, nor does it begin the count anew.
        let reason = if number % 2 == 0 { Ours } else { Soft };
        let expected = if number == 5 { SUPPRESSED } else { NOTHING };
        assert_eq!(take(&store, returned(&store, edition, "a", reason).await, day).await, expected, "edition {number}");
        assert_eq!(take(&store, returned(&store, edition, "b", Ours).await, day).await, NOTHING);
        assert_eq!(tally(&store, edition).await, Tally { failed: 2, ..Tally::default() });
    }
    assert_eq!(frozen(&store, &columns, 6).await.1, 1);
}

async fn who_complains_is_let_go(house: &House) {
    let (store, columns) = magazine(house).await;
    let one = sent(&store, &columns, 1).await;
    let both = Effect::Noted { suppressed: true, left: true };
    assert_eq!(take(&store, returned(&store, one, "a", Complaint).await, monday(2)).await, both);
    assert_eq!(take(&store, returned(&store, one, "a", Complaint).await, monday(2)).await, Known);
    // It was delivered, and stays so.
    assert_eq!(tally(&store, one).await, Tally { sent: 2, ..Tally::default() });
    // A complaint outranks what the address was suppressed for before.
    assert_eq!(take(&store, returned(&store, one, "b", Hard).await, monday(2)).await, SUPPRESSED);
    assert_eq!(take(&store, returned(&store, 0, "b", Complaint).await, monday(2)).await, both);
    let address: EmailAddress = "b@example.org".parse().expect("an address");
    assert!(!store.suppress(&address, Reason::Complaint, monday(2)).await.expect("an answer"));
    assert!(store.groups(&digest()).await.expect("groups").is_empty());
}

async fn who_leaves_by_mail_has_left(house: &House) {
    let (store, columns) = magazine(house).await;
    let (one, _) = frozen(&store, &columns, 1).await;
    let left = Effect::Noted { suppressed: false, left: true };
    assert_eq!(take(&store, leave(&store, "a").await, monday(60)).await, left);
    assert_eq!(take(&store, leave(&store, "a").await, monday(60)).await, Known);
    settle(&store, one, monday(1), LetterState::Sent).await;
    assert_eq!(tally(&store, one).await, Tally { sent: 1, suppressed: 1, ..Tally::default() });
}

async fn what_nobody_knows_any_more_changes_nothing(house: &House) {
    let (store, columns) = magazine(house).await;
    let one = sent(&store, &columns, 1).await;
    for notice in [
        returned(&store, one, "nobody", Hard).await,
        returned(&store, 9, "nobody", Complaint).await,
        returned(&store, 0, "nobody", Soft).await,
        leave(&store, "nobody").await,
    ] {
        assert_eq!(take(&store, notice.clone(), monday(2)).await, Gone, "{notice:?}");
    }
    // The ledger has forgotten the letter, and the list still has the subscriber.
    assert_eq!(take(&store, returned(&store, 9, "a", Hard).await, monday(2)).await, SUPPRESSED);
    assert_eq!(tally(&store, one).await, Tally { sent: 2, ..Tally::default() });
}

async fn a_rehearsal_tells_the_same_and_changes_nothing(house: &House) {
    let (store, columns) = magazine(house).await;
    let one = sent(&store, &columns, 1).await;
    let notices = [
        returned(&store, one, "a", Hard).await,
        returned(&store, one, "a", Hard).await,
        returned(&store, one, "b", Complaint).await,
        leave(&store, "a").await,
    ];
    let rehearsed = store.take_notices(&notices, monday(2), true).await.expect("effects");
    assert_eq!(tally(&store, one).await, Tally { sent: 2, ..Tally::default() });
    assert_eq!(frozen(&store, &columns, 2).await.1, 2);
    assert_eq!(store.take_notices(&notices, monday(2), false).await.expect("effects"), rehearsed);
    assert_eq!(rehearsed[1], Known);
    assert_eq!(frozen(&store, &columns, 3).await.1, 0);
    assert_eq!(store.take_notices(&[], monday(2), false).await.expect("effects"), []);
}

async fn mailboxes_read_at_once_count_once(house: &House) {
    let (store, columns) = magazine(house).await;
    let mut notices = Vec::new();
    for number in 1..=3 {
        let edition = sent(&store, &columns, number).await;
        notices.extend([
            returned(&store, edition, "a", Soft).await,
            returned(&store, edition, "b", Hard).await,
            returned(&store, edition, "b", Complaint).await,
        ]);
    }
    let tasks: Vec<_> = (0..6)
        .map(|turn| {
            let (store, mut notices) = (store.clone(), notices.clone());
            notices.rotate_left(turn);
            tokio::spawn(async move { store.take_notices(&notices, monday(4), false).await })
        })
        .collect();
    let (mut noted, mut known) = (0, 0);
    for task in tasks {
        for effect in task.await.expect("a task").expect("effects") {
            match effect {
                Effect::Noted { .. } => noted += 1,
                Known => known += 1,
                Gone => panic!("nobody is gone"),
            }
        }
    }
    assert_eq!((noted, known), (9, 45));
    assert_eq!(frozen(&store, &columns, 4).await.1, 0);
}

async fn what_was_left_is_remembered_for_each_mailbox(house: &House) {
    let store = house.open().await;
    let key = |text: &str| text.as_bytes().to_vec();
    store.note_mail_left("/m", &[key("a"), key("b"), key("b")], &[]).await.expect("a note");
    store.note_mail_left("/n", &[key("a")], &[]).await.expect("a note");
    store.note_mail_left("/m", &[key("c")], &[key("a"), key("z")]).await.expect("a note");
    assert_eq!(store.mail_left("/m").await.expect("keys"), [key("b"), key("c")].into());
    assert_eq!(store.mail_left("/n").await.expect("keys"), [key("a")].into());
    assert!(store.mail_left("/o").await.expect("keys").is_empty());
}
