//! The ledger while letters go out, at the store: what happens to readers and editions between a lease, a
//! mark and an answer.

use chrono::Duration;
use gazetier::{
    config::StoreUrl,
    model::{EditionState, Instant, LetterState, Note, NoteKind},
    store::{Confirmed, Mark, Reason, Released, Settlement, Store},
};
use sqlx::{Connection, PgConnection};

use super::{is_suppressed, known, move_reader, script};
use crate::{
    ledger::{addresses, edition, frozen, lease, magazine, mark, settle, settled, tally},
    store::{House, at, digest, on_both, subscriber},
};

on_both! {
    a_refusal_counts_for_the_address_that_the_letter_went_to,
    a_deferred_letter_goes_to_the_address_of_the_day,
    who_is_erased_gets_no_letter_that_was_only_leased,
    of_who_is_erased_no_word_is_kept,
    who_leaves_or_is_suppressed_gets_no_letter_that_was_only_leased,
    what_may_have_arrived_is_sent_again_in_one_commit,
    a_late_answer_opens_a_closed_edition_again,
    an_edition_with_something_to_do_is_never_closed,
    hold_stops_leases_and_marks_and_release_goes_on,
    a_mark_that_is_renewed_does_not_end,
    who_is_in_the_way_of_another_is_tried_again,
}

/// When the letters go out.
fn monday() -> Instant {
    at("2026-11-23T08:00")
}

/// An edition with the letters of two readers, all0@ and edito0@, both in hand and marked.
async fn in_hand(house: &House) -> (Store, gazetier::model::Edition, Vec<gazetier::store::Leased>) {
    let (store, columns) = magazine(house, 1).await;
    let (one, letters) = frozen(&store, &edition(1, &columns[..3])).await;
    assert!(letters == 2 && store.begin_edition(one.id).await.expect("a beginning"));
    let leased = lease(&store, &one, monday(), 9).await;
    assert_eq!(addresses(&leased), ["all0@example.org", "edito0@example.org"]);
    for letter in &leased {
        assert!(mark(&store, letter.lease, monday() + Duration::seconds(20)).await);
    }
    (store, one, leased)
}

async fn state(store: &Store, edition: &gazetier::model::Edition) -> EditionState {
    store.edition_at(&edition.key()).await.expect("an edition").expect("an edition").state
}

async fn open(store: &Store) -> Vec<i64> {
    store.open_editions().await.expect("editions").iter().map(|edition| edition.number).collect()
}

async fn a_refusal_counts_for_the_address_that_the_letter_went_to(house: &House) {
    let (store, _, leased) = in_hand(house).await;
    let moved = move_reader(&store, "all0@example.org", "new@example.org", monday()).await;
    assert!(matches!(&moved, Confirmed::Moved(_, before) if before == "all0@example.org"), "{moved:?}");
    // Now the relay says that there is nobody at the old address.
    let letter = leased.iter().find(|leased| leased.letter.address == "all0@example.org").expect("a letter");
    let refused = Settlement { suppress: true, ..settled(letter.lease, LetterState::Failed) };
    settle(&store, &[refused], monday()).await;
    assert!(is_suppressed(&store, "all0@example.org").await, "nobody is there");
    assert!(!is_suppressed(&store, "new@example.org").await, "the reader is at another address");
    let columns = store.unsent(&digest(), at("2026-11-17"), at("2026-11-18")).await.expect("columns");
    let (two, letters) = frozen(&store, &edition(2, &[columns[0].id])).await;
    assert_eq!(letters, 2);
    let leased = lease(&store, &two, monday(), 9).await;
    assert_eq!(addresses(&leased), ["edito0@example.org", "new@example.org"]);
}

async fn a_deferred_letter_goes_to_the_address_of_the_day(house: &House) {
    let (store, one, leased) = in_hand(house).await;
    move_reader(&store, "all0@example.org", "new@example.org", monday()).await;
    let due = monday() + Duration::minutes(5);
    let later = |lease| Settlement { due: Some(due), ..settled(lease, LetterState::Deferred) };
    settle(&store, &leased.iter().map(|leased| later(leased.lease)).collect::<Vec<_>>(), monday()).await;
    let again = lease(&store, &one, due, 9).await;
    assert_eq!(addresses(&again), ["edito0@example.org", "new@example.org"]);
}

async fn who_is_erased_gets_no_letter_that_was_only_leased(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let (one, _) = frozen(&store, &edition(1, &columns[..3])).await;
    let leased = lease(&store, &one, monday(), 9).await;
    let gone = known(&store, "all0@example.org").await;
    assert!(store.erase(gone.id, monday()).await.expect("an erasure"));
    let until = monday() + Duration::seconds(20);
    let marks: Vec<Mark> = leased.iter().map(|leased| Mark { lease: leased.lease, until }).collect();
    let granted = store.record(&[], &marks, monday()).await.expect("marks");
    let others = leased.iter().filter(|leased| leased.letter.address != "all0@example.org");
    assert_eq!(granted, others.map(|leased| leased.lease.letter).collect());
    assert_eq!(tally(&store, &one).await, [("sending", 1), ("suppressed", 1)]);
    // The worker gives back what it may not hand over: that changes nothing.
    let back: Vec<_> = leased.iter().map(|leased| settled(leased.lease, LetterState::Queued)).collect();
    settle(&store, &back, monday()).await;
    assert_eq!(tally(&store, &one).await, [("queued", 1), ("suppressed", 1)]);
}

async fn who_leaves_or_is_suppressed_gets_no_letter_that_was_only_leased(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let (one, _) = frozen(&store, &edition(1, &columns[..3])).await;
    let leased = lease(&store, &one, monday(), 9).await;
    let left = known(&store, "all0@example.org").await;
    store.unsubscribe(&digest(), left.id, monday()).await.expect("an answer");
    let complained = "edito0@example.org".parse().expect("an address");
    assert!(store.suppress(&complained, Reason::Complaint, monday()).await.expect("an answer"));
    for letter in &leased {
        assert!(!mark(&store, letter.lease, monday() + Duration::seconds(20)).await, "{letter:?}");
    }
    let back: Vec<_> = leased.iter().map(|leased| settled(leased.lease, LetterState::Queued)).collect();
    settle(&store, &back, monday()).await;
    assert!(lease(&store, &one, monday(), 9).await.is_empty());
    assert_eq!(tally(&store, &one).await, [("suppressed", 2)]);
}

async fn of_who_is_erased_no_word_is_kept(house: &House) {
    let (store, one, leased) = in_hand(house).await;
    for who in ["all0@example.org", "edito0@example.org"] {
        let gone = known(&store, who).await;
        assert!(store.erase(gone.id, monday()).await.expect("an erasure"));
    }
    // The relay quotes the address, as relays do; one letter would be tried again.
    let words = format!("550 5.1.1 <{}> unknown", leased[0].letter.address);
    let refused = Settlement { reply: words.clone(), suppress: true, ..settled(leased[0].lease, LetterState::Failed) };
    let later = Settlement { reply: words, due: Some(monday()), ..settled(leased[1].lease, LetterState::Deferred) };
    settle(&store, &[refused, later], monday()).await;
    assert_eq!(tally(&store, &one).await, [("failed", 1), ("suppressed", 1)]);
    let failed = store.failed_letters(one.id).await.expect("letters");
    assert_eq!(failed, [("(erased)".to_owned(), String::new())]);
    assert!(lease(&store, &one, monday() + Duration::hours(1), 9).await.is_empty());
}

async fn what_may_have_arrived_is_sent_again_in_one_commit(house: &House) {
    let (store, one, _) = in_hand(house).await;
    store.lapse(one.id, monday() + Duration::minutes(1), LetterState::Unknown).await.expect("a lapse");
    store.close_edition(one.id).await.expect("an end");
    assert_eq!((state(&store, &one).await, open(&store).await), (EditionState::Sent, vec![]));
    // It dies before the edition is open: then no letter is queued either.
    script(
        house,
        "CREATE TRIGGER no BEFORE UPDATE ON editions WHEN NEW.state <> OLD.state \
         BEGIN SELECT RAISE(ABORT, 'no'); END",
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'; \
         CREATE TRIGGER no BEFORE UPDATE ON editions FOR EACH ROW WHEN (NEW.state <> OLD.state) \
         EXECUTE FUNCTION no()",
    )
    .await;
    store.resend_unknown(one.id).await.expect_err("the edition cannot be opened");
    assert_eq!(tally(&store, &one).await, [("unknown", 2)]);
    script(house, "DROP TRIGGER no", "DROP TRIGGER no ON editions").await;
    assert_eq!(store.resend_unknown(one.id).await.expect("letters"), 2);
    assert_eq!((state(&store, &one).await, open(&store).await), (EditionState::Sending, vec![1]));
    assert_eq!(tally(&store, &one).await, [("queued", 2)]);
    // Whatever its state says, an edition with something to do is open, and its letters are handed out.
    script(house, "UPDATE editions SET state = 'sent'", "UPDATE editions SET state = 'sent'").await;
    assert_eq!(open(&store).await, [1]);
    store.close_edition(one.id).await.expect("no end");
    assert_eq!(state(&store, &one).await, EditionState::Sending);
    assert_eq!(lease(&store, &one, monday(), 9).await.len(), 2);
}

async fn a_late_answer_opens_a_closed_edition_again(house: &House) {
    let (store, one, leased) = in_hand(house).await;
    // Taken for dead, called unknown, closed; then the answers come.
    store.lapse(one.id, monday() + Duration::minutes(1), LetterState::Unknown).await.expect("a lapse");
    store.close_edition(one.id).await.expect("an end");
    settle(&store, &[settled(leased[0].lease, LetterState::Sent)], monday()).await;
    assert_eq!(state(&store, &one).await, EditionState::Sent, "nothing is to do");
    let due = monday() + Duration::minutes(5);
    let later = Settlement { due: Some(due), ..settled(leased[1].lease, LetterState::Deferred) };
    settle(&store, &[later], monday()).await;
    assert_eq!((state(&store, &one).await, open(&store).await), (EditionState::Sending, vec![1]));
    let again = lease(&store, &one, due, 9).await;
    assert_eq!(addresses(&again), [leased[1].letter.address.as_str()]);
    settle(&store, &[settled(again[0].lease, LetterState::Sent)], due).await;
    store.close_edition(one.id).await.expect("an end");
    assert_eq!((state(&store, &one).await, open(&store).await), (EditionState::Sent, vec![]));
}

async fn an_edition_with_something_to_do_is_never_closed(house: &House) {
    let (store, one, leased) = in_hand(house).await;
    settle(&store, &[settled(leased[0].lease, LetterState::Sent)], monday()).await;
    for state_of_other in [LetterState::Deferred, LetterState::Queued] {
        // Another run closes at the same time as the answer is written down.
        let other = store.clone();
        let id = one.id;
        let closing = tokio::spawn(async move { other.close_edition(id).await });
        let later = Settlement { due: Some(monday()), ..settled(leased[1].lease, state_of_other) };
        settle(&store, &[later], monday()).await;
        closing.await.expect("a task").expect("no end");
        assert_eq!((state(&store, &one).await, open(&store).await), (EditionState::Sending, vec![1]));
    }
}

async fn hold_stops_leases_and_marks_and_release_goes_on(house: &House) {
    let (store, columns) = magazine(house, 3).await;
    let (one, _) = frozen(&store, &edition(1, &columns[..3])).await;
    assert!(store.begin_edition(one.id).await.expect("a beginning"));
    let until = monday() + Duration::seconds(20);
    let leased = lease(&store, &one, monday(), 3).await;
    assert!(mark(&store, leased[0].lease, until).await);
    assert!(store.hold_edition(one.id, "the title").await.expect("a hold"));
    // What is on the wire goes on; what nobody has begun stays, and nothing is taken any more.
    for letter in &leased[1..] {
        assert!(!mark(&store, letter.lease, until).await);
    }
    assert!(lease(&store, &one, monday(), 9).await.is_empty());
    assert!(!store.is_going_out(one.id).await.expect("a state") && open(&store).await.is_empty());
    let back = leased[1..].iter().map(|leased| settled(leased.lease, LetterState::Queued));
    let sent = settled(leased[0].lease, LetterState::Sent);
    settle(&store, &back.chain([sent]).collect::<Vec<_>>(), monday()).await;
    assert_eq!(tally(&store, &one).await, [("queued", 5), ("sent", 1)]);
    assert_eq!(state(&store, &one).await, EditionState::Held, "an answer lets nothing go");
    // Release goes on with the rest, under the date that the others carry.
    let note = Note {
        kind: NoteKind::Released,
        subject: String::new(),
        who: "Yann".into(),
        words: String::new(),
        at: monday() + Duration::days(1),
    };
    assert_eq!(store.release_edition(&one, &note, false, None).await.expect("a release"), Released::Done);
    let released = store.edition_at(&one.key()).await.expect("an edition").expect("an edition");
    assert_eq!((released.state, released.dated), (EditionState::Frozen, one.dated));
    assert_eq!(lease(&store, &one, monday(), 9).await.len(), 5);
}

async fn a_mark_that_is_renewed_does_not_end(house: &House) {
    let (store, one, leased) = in_hand(house).await;
    let late = monday() + Duration::seconds(25);
    store.renew(&[leased[0].lease], late + Duration::seconds(30)).await.expect("a renewal");
    store.lapse(one.id, late, LetterState::Unknown).await.expect("a lapse");
    assert_eq!(tally(&store, &one).await, [("sending", 1), ("unknown", 1)]);
    // Who has lost a letter renews nothing: it is unknown, or another's.
    store.renew(&[leased[1].lease], late + Duration::seconds(30)).await.expect("no renewal");
    assert_eq!(tally(&store, &one).await, [("sending", 1), ("unknown", 1)]);
}

/// Two transactions that wait for one another: Postgres ends one of them, and it is tried again. SQLite has
/// one writer, and the other waits.
async fn who_is_in_the_way_of_another_is_tried_again(house: &House) {
    let (store, one, leased) = in_hand(house).await;
    let later = Settlement { due: Some(monday()), ..settled(leased[0].lease, LetterState::Deferred) };
    if let StoreUrl::Postgres { url, .. } = &house.url {
        let mut line = PgConnection::connect(url.expose()).await.expect("Postgres");
        let mut other = line.begin().await.expect("a transaction");
        let letter = sqlx::query("UPDATE letters SET name = name WHERE id = $1").bind(leased[0].lease.letter);
        letter.execute(&mut *other).await.expect("a letter");
        // It takes the edition, then waits for the letter.
        let recording = {
            let (store, later) = (store.clone(), later.clone());
            tokio::spawn(async move { store.record(&[later], &[], monday()).await })
        };
        let mut watch = PgConnection::connect(url.expose()).await.expect("Postgres");
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND wait_event_type = 'Lock'";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watch).await.expect("a count") == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        // Who has waited longest finds out, a second after it began: that is the store, unless this machine was busy
        // for so long that the store looked before there was anything to find. Then it is this transaction that is ended.
        let edition = sqlx::query("UPDATE editions SET subject = subject WHERE id = $1").bind(one.id);
        match edition.execute(&mut *other).await {
            Ok(_) => other.commit().await.expect("an end"),
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
                assert_eq!(code.as_deref(), Some("40P01"), "{error}");
                other.rollback().await.expect("an end");
            }
        }
        recording.await.expect("a task").expect("a settlement, at the latest the second time");
    } else {
        settle(&store, &[later], monday()).await;
    }
    assert_eq!(tally(&store, &one).await, [("sending", 1), ("deferred", 1)]);
    store.add_subscribers(&digest(), &[subscriber("new@example.org", &[])], monday()).await.expect("a reader");
}
