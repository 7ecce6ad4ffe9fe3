//! What is forgotten after a time: letters of old editions and what came back of them, never what is still needed.
//! The sums stay as they were.

use chrono::Duration;
use gazetier::{
    model::{Edition, Instant, LetterState},
    store::{BounceKind, BounceNotice, Store, Tidied},
};

use crate::{
    keys::script,
    ledger::{edition, frozen, lease, magazine, mark, settle, settled, tally},
    store::{House, at, digest, on_both},
    support::{MONDAY, SILENCE, Scene},
};

on_both! {
    letters_of_old_editions_go_and_their_sums_stay,
    what_is_still_needed_stays,
    what_is_done_once_a_day_is_done_by_one,
    sums_are_those_of_the_letters_whatever_their_states,
}

/// Long after.
fn later() -> Instant {
    at("2028-12-01")
}

fn gone(letters: u64, variants: u64, returns: u64) -> Tidied {
    Tidied { letters, variants, returns, more: false }
}

/// An edition of which all letters are sent but one, which is refused, and that is closed.
async fn sent(store: &Store, number: i64, columns: &[gazetier::model::ColumnId]) -> Edition {
    let new = edition(number, columns);
    let (edition, letters) = frozen(store, &new).await;
    assert!(store.begin_edition(edition.id).await.expect("a beginning"));
    let leased = lease(store, &edition, new.dated, 99).await;
    assert_eq!(leased.len() as u64, letters);
    let mut fates = Vec::new();
    for (place, letter) in leased.iter().enumerate() {
        assert!(mark(store, letter.lease, new.dated + Duration::seconds(20)).await);
        fates.push(settled(letter.lease, if place == 0 { LetterState::Failed } else { LetterState::Sent }));
    }
    settle(store, &fates, new.dated).await;
    store.close_edition(edition.id).await.expect("an end");
    edition
}

/// Takes a complaint in about the first letter that an edition's first reader got.
async fn complain(store: &Store, edition: &Edition, who: &str, when: Instant) {
    let reader = crate::keys::known(store, who).await;
    let reader = gazetier::model::ReaderName::Id(reader.reader);
    let words = "abuse".to_owned();
    let notice = BounceNotice::Returned {
        edition: edition.id,
        reader,
        reason: BounceKind::Complaint,
        words,
        by_envelope: false,
        is_domain_gone: false,
    };
    store.take_notices(&[notice], when, false).await.expect("a notice");
}

async fn letters_of_old_editions_go_and_their_sums_stay(house: &House) {
    let (store, columns) = magazine(house, 2).await;
    let one = sent(&store, 1, &columns[..3]).await;
    complain(&store, &one, "all1@example.org", at("2026-11-24")).await;
    let two = sent(&store, 2, &columns[3..6]).await;
    let (sums, counts) = (tally(&store, &one).await, store.letter_counts().await.expect("counts"));
    assert_eq!(sums, [("sent", 3), ("failed", 1)]);
    // Not old enough.
    assert_eq!(store.tidy_ledger(at("2026-11-20"), 99).await.expect("nothing"), gone(0, 0, 0));
    // One transaction for each edition, and one for what came back.
    let first = store.tidy_ledger(later(), 1).await.expect("letters");
    assert_eq!(first, Tidied { letters: 4, variants: 1, returns: 0, more: true });
    assert_eq!(store.tidy_ledger(later(), 99).await.expect("the rest"), gone(0, 0, 1));
    assert_eq!(store.tidy_ledger(later(), 99).await.expect("nothing"), gone(0, 0, 0));
    assert_eq!(tally(&store, &one).await, sums);
    assert_eq!(store.letter_counts().await.expect("counts"), counts);
    assert!(store.failed_letters(one.id).await.expect("letters").is_empty());
    assert_eq!(store.failed_letters(two.id).await.expect("letters").len(), 1, "the newest edition keeps its letters");
    // What it held is in no edition again, and the archive has its page.
    let unsent = store.unsent(&digest(), at("2026-11-01"), at("2026-12-31")).await.expect("columns");
    let unsent: Vec<_> = unsent.into_iter().map(|column| column.id).collect();
    assert!(columns[..6].iter().all(|column| !unsent.contains(column)), "{unsent:?}");
    let variants = store.frozen_variants(one.id).await.expect("variants");
    assert_eq!(variants.iter().map(|variant| variant.audience.key()).collect::<Vec<_>>(), [""]);
    // An operator's word finds nothing to send again.
    assert_eq!(store.resend_unknown(one.id).await.expect("letters"), 0);
    assert_eq!(store.retry_refused(&one, "", "claire", at("2026-12-31")).await.expect("letters").letters, 0);
}

async fn what_is_still_needed_stays(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let held = sent(&store, 1, &columns[..2]).await;
    let open = sent(&store, 2, &columns[2..4]).await;
    sent(&store, 3, &columns[4..6]).await;
    let of = |edition: &Edition, what: &str| format!("{what} WHERE id = {}", edition.id);
    let hold = of(&held, "UPDATE editions SET state = 'held'");
    script(house, &hold, &hold).await;
    // Whatever the state of an edition says, a letter of it waits.
    let wait = format!(
        "UPDATE letters SET state = 'deferred' WHERE edition_id = {0} AND state = 'sent'; \
         INSERT INTO letter_blocks (edition_id, block, due_at) SELECT DISTINCT edition_id, id / 64, 0 FROM letters \
         WHERE edition_id = {0}",
        open.id
    );
    script(house, &wait, &wait).await;
    assert_eq!(store.tidy_ledger(later(), 99).await.expect("nothing"), gone(0, 0, 0));
    let release = of(&held, "UPDATE editions SET state = 'sent'");
    script(house, &release, &release).await;
    assert_eq!(store.tidy_ledger(later(), 99).await.expect("letters"), gone(2, 1, 0));
    assert_eq!(tally(&store, &open).await, [("deferred", 1), ("failed", 1)]);
}

async fn what_is_done_once_a_day_is_done_by_one(house: &House) {
    let store = house.open().await;
    let now = at("2026-11-23T08:00");
    let claims = async |when: Instant| {
        let (one, two) = tokio::join!(store.claim_daily("tidy", when), store.claim_daily("tidy", when));
        [one.expect("a claim"), two.expect("a claim")].into_iter().filter(|claimed| *claimed).count()
    };
    assert_eq!(claims(now).await, 1);
    assert_eq!(claims(now + Duration::hours(23)).await, 0);
    assert_eq!(claims(now + Duration::hours(24)).await, 1);
    // A clock that was ahead does not keep it from being done.
    assert_eq!(claims(now).await, 1);
    store.give_back_daily("tidy").await.expect("an end");
    assert_eq!(claims(now).await, 1);
}

async fn sums_are_those_of_the_letters_whatever_their_states(house: &House) {
    let (store, columns) = magazine(house, 4).await;
    let one = sent(&store, 1, &columns[..3]).await;
    for (state, count) in [("unknown", 2), ("suppressed", 1), ("queued", 1), ("sending", 1)] {
        let change = format!(
            "UPDATE letters SET state = '{state}' WHERE id IN (SELECT id FROM letters WHERE state = 'sent' \
             ORDER BY id LIMIT {count})"
        );
        script(house, &change, &change).await;
    }
    // What is to do is in a block.
    let blocks =
        "INSERT INTO letter_blocks (edition_id, block, due_at) SELECT DISTINCT edition_id, id / 64, 0 FROM letters";
    script(house, blocks, blocks).await;
    let sums = [("queued", 1), ("sending", 1), ("sent", 2), ("failed", 1), ("suppressed", 1), ("unknown", 2)];
    let mut counts: Vec<(String, i64)> = sums.iter().map(|(state, count)| ((*state).to_owned(), *count)).collect();
    counts.sort();
    let mut found = tally(&store, &one).await;
    let mut expected = sums.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(store.letter_counts().await.expect("counts"), counts);
}

#[test]
fn a_run_tidies_once_a_day_and_the_command_says_what_went() {
    for scene in [Scene::sample(), Scene::sample().on_postgres()] {
        scene.ok(&["run", "--at", MONDAY]);
        scene.put("columns/neuf.md", &crate::support::column("Un autre cap", "humeur", "2026-11-25"));
        scene.ok(&["run", "--at", "2026-11-30T08:00"]);
        let before = scene.ok(&["digest", "status", "--at", "2026-11-30T09:00"]);
        assert_eq!(scene.ok(&["tidy", "--at", "2026-11-30T09:00"]), "nothing is old enough to be removed\n");
        let old = scene.posted().iter().filter(|letter| letter.starts_with("2026-W47")).count();
        // Two years later the run does it, and has nothing to tell cron.
        scene.reconfigure("# [retention]\n# letters = \"24 months\"", "[retention]\nletters = \"forever\"");
        assert!(!scene.ok(&["tidy", "--at", "2028-12-20T09:00"]).contains("letters of old editions"));
        scene.reconfigure("letters = \"forever\"", "letters = \"24 months\"");
        let said = scene.ok(&["tidy", "--at", "2028-12-20T09:00"]);
        assert!(said.starts_with(&format!("removed: {old} letters of old editions, ")), "{said}");
        assert_eq!(scene.ok(&["digest", "status", "--at", "2026-11-30T09:00"]), before);
        assert_eq!(scene.run(&["run", "--at", "2026-11-30T10:00"]), SILENCE);
    }
}

#[test]
fn a_time_that_is_too_short_is_refused() {
    let scene = Scene::empty().config("# [retention]\n# letters = \"24 months\"", "[retention]\nletters = \"7d\"");
    let refused = scene.run(&["status"]);
    assert_eq!(refused.code, 78);
    let words = "gazetier: config.toml: retention.letters: that is too short, letters come back for weeks: write \"30d\" or \
                 more, or \"forever\"\n";
    assert_eq!(refused.stderr, words);
}

/// That somebody was sent a link is remembered for as long as the configuration says.
#[test]
fn letters_to_one_person_are_remembered_as_long_as_is_said() {
    use crate::readers::{
        house::{House as Server, at_home},
        mail::notes,
    };
    for (kept, after, removed) in [
        ("", "2026-12-01T08:00", "removed: 2 wishes and letters to one person that are over\n"),
        ("30 days", "2026-12-01T08:00", "removed: 1 wishes and letters to one person that are over\n"),
        ("30 days", "2026-12-24T08:00", "removed: 2 wishes and letters to one person that are over\n"),
        ("forever", "2027-12-24T08:00", "removed: 1 wishes and letters to one person that are over\n"),
    ] {
        let scene = at_home(Scene::empty(), "");
        if !kept.is_empty() {
            scene.reconfigure("[digest]\n", &format!("[retention]\nservice_letters = \"{kept}\"\n\n[digest]\n"));
        }
        let server = Server::open(&scene, &["--at", MONDAY]);
        assert_eq!(server.post("/lettre/", "email=alix%40example.org").status, 200);
        notes(&scene, 1);
        drop(server);
        assert_eq!(scene.ok(&["tidy", "--at", after]), removed, "{kept:?}");
    }
    let scene = Scene::empty().config("[digest]\n", "[retention]\nservice_letters = \"6 days\"\n\n[digest]\n");
    let told = "gazetier: config.toml: retention.service_letters: that is too short, limits count for a week: write \
                \"7d\" or more, or \"forever\"\n";
    assert_eq!(scene.run(&["tidy"]).stderr, told);
}
