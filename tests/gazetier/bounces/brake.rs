//! Where many readers of one domain come back together, it is about us, on both backends.

use chrono::Duration;
use gazetier::{
    model::{Column, EmailAddress, FeedKey, Instant, LetterState, ReaderName},
    store::{
        BounceKind::{self, Complaint, Hard, Ours, Soft},
        BounceNotice,
        Effect::Noted,
        Span, Store,
    },
};

use super::effects::{NOTHING, SUPPRESSED, frozen, monday, sent, settle, take};
use crate::{
    store::{House, at, digest, draft, now, on_both, subscriber},
    support::{MONDAY, Scene, column},
};

on_both! {
    so_many_at_once_are_about_us,
    what_may_pass_and_a_domain_that_is_gone_say_nothing_of_us,
    few_of_many_are_about_themselves,
    who_complains_in_a_crowd_has_left_all_the_same,
    a_rest_ends_and_can_be_ended,
}

/// A store with so many readers at provider.example, and two elsewhere.
async fn magazine(house: &House, readers: usize) -> (Store, Vec<Column>) {
    let store = house.open().await;
    let drafts: Vec<_> = (0..12).map(|n| draft(&format!("c{n}"), "2026-11-17")).collect();
    store.put(&drafts, now()).await.expect("columns");
    let columns = store.newest(&FeedKey::All, Span::until(at("2026-12-01")), 100).await.expect("columns").columns;
    let mut roll: Vec<_> = (0..readers).map(|n| subscriber(&format!("r{n}@Provider.example"), &[])).collect();
    roll.extend([subscriber("a@example.org", &[]), subscriber("b@notprovider.example", &[])]);
    store.add_subscribers(&digest(), &roll, at("2026-11-16")).await.expect("subscribers");
    (store, columns)
}

async fn returned(store: &Store, edition: i64, address: &str, reason: BounceKind) -> BounceNotice {
    let address: EmailAddress = address.parse().expect("an address");
    let known = store.subscriber_at(&digest(), &address).await.expect("a reader").expect("a reader");
    BounceNotice::Returned {
        edition,
        reader: ReaderName::Id(known.reader),
        reason,
        words: "550 no such user".into(),
        by_envelope: true,
        is_domain_gone: false,
    }
}

fn reader(number: usize) -> String {
    format!("r{number}@provider.example")
}

async fn suppressed(store: &Store, readers: usize) -> usize {
    let mut count = 0;
    for number in 0..readers {
        let address = reader(number).parse().expect("an address");
        count += usize::from(store.suppression(&address).await.expect("an answer").is_some());
    }
    count
}

async fn resting(store: &Store, when: Instant) -> Vec<String> {
    store.resting_domains(when).await.expect("domains").into_iter().map(|rest| rest.domain).collect()
}

async fn so_many_at_once_are_about_us(house: &House) {
    let (store, columns) = magazine(house, 12).await;
    let one = sent(&store, &columns, 1).await;
    let (two, letters) = frozen(&store, &columns, 2).await;
    assert_eq!(letters, 14);
    // An hour before the third edition is frozen.
    let when = monday(3) - Duration::hours(1);
    for number in 0..9 {
        let notice = returned(&store, one, &reader(number), Hard).await;
        assert_eq!(take(&store, notice, when).await, SUPPRESSED, "{number}");
    }
    assert_eq!((suppressed(&store, 12).await, resting(&store, when).await.len()), (9, 0));
    // The tenth: it is about us, and what was is taken back. So it is for all that come after it.
    for number in 9..12 {
        let notice = returned(&store, one, &reader(number), Hard).await;
        assert_eq!(take(&store, notice, when).await, NOTHING, "{number}");
    }
    assert_eq!((suppressed(&store, 12).await, resting(&store, when).await), (0, vec!["provider.example".into()]));
    // Others are judged as ever.
    let notice = returned(&store, one, "a@example.org", Hard).await;
    assert_eq!(take(&store, notice, when).await, SUPPRESSED);
    // That it was is kept, and read again it changes nothing.
    let standing = store.address_standing(&reader(0).parse().expect("an address")).await.expect("a standing").0;
    assert_eq!(standing.allowances[0].words, "taken back: many letters to the domain came back at once");
    let notice = returned(&store, one, &reader(0), Hard).await;
    assert_eq!(take(&store, notice, when).await, gazetier::store::Effect::Known);
    // The letters that wait, and those of an edition that is frozen meanwhile, go nowhere there; others go.
    settle(&store, two, when, LetterState::Sent).await;
    let (three, _) = frozen(&store, &columns, 3).await;
    settle(&store, three, monday(3), LetterState::Sent).await;
    for edition in [two, three] {
        let tally = store.tally(edition).await.expect("a tally");
        assert_eq!((tally.sent, tally.to_do()), (1, 12), "{tally:?}");
    }
    // Then they do.
    settle_all(&store, two, when + Duration::hours(25)).await;
    assert_eq!(store.tally(two).await.expect("a tally").sent, 13);
}

async fn settle_all(store: &Store, edition: i64, when: Instant) {
    for _ in 0..2 {
        settle(store, edition, when, LetterState::Sent).await;
    }
}

async fn what_may_pass_and_a_domain_that_is_gone_say_nothing_of_us(house: &House) {
    let (store, columns) = magazine(house, 12).await;
    let one = sent(&store, &columns, 1).await;
    for number in 0..12 {
        let notice = returned(&store, one, &reader(number), Soft).await;
        assert_eq!(take(&store, notice, monday(2)).await, NOTHING);
        let BounceNotice::Returned { edition, reader, reason, words, by_envelope, .. } =
            returned(&store, one, &reader(number), Hard).await
        else {
            panic!("a return")
        };
        let gone = BounceNotice::Returned { edition, reader, reason, words, by_envelope, is_domain_gone: true };
        assert_eq!(take(&store, gone, monday(2)).await, SUPPRESSED, "{number}");
    }
    assert_eq!((suppressed(&store, 12).await, resting(&store, monday(2)).await.len()), (12, 0));
}

async fn few_of_many_are_about_themselves(house: &House) {
    let (store, columns) = magazine(house, 60).await;
    let one = sent_all(&store, &columns).await;
    for number in 0..11 {
        let notice = returned(&store, one, &reader(number), Hard).await;
        assert_eq!(take(&store, notice, monday(2)).await, SUPPRESSED, "{number}");
    }
    // Nor are those of different days.
    for number in 11..20 {
        let notice = returned(&store, one, &reader(number), Hard).await;
        assert_eq!(take(&store, notice, monday(2) + Duration::hours(25)).await, SUPPRESSED, "{number}");
    }
    assert_eq!((suppressed(&store, 60).await, resting(&store, monday(2)).await.len()), (20, 0));
}

async fn sent_all(store: &Store, columns: &[Column]) -> i64 {
    let (edition, _) = frozen(store, columns, 1).await;
    for _ in 0..8 {
        settle(store, edition, monday(1), LetterState::Sent).await;
    }
    edition
}

async fn who_complains_in_a_crowd_has_left_all_the_same(house: &House) {
    let (store, columns) = magazine(house, 12).await;
    let one = sent(&store, &columns, 1).await;
    for number in 0..12 {
        let reason = if number < 9 { Ours } else { Complaint };
        let notice = returned(&store, one, &reader(number), reason).await;
        let effect = take(&store, notice, monday(2)).await;
        if number >= 9 {
            assert_eq!(effect, Noted { suppressed: false, left: true }, "{number}");
        }
    }
    assert_eq!((suppressed(&store, 12).await, resting(&store, monday(2)).await.len()), (0, 1));
    assert_eq!(frozen(&store, &columns, 2).await.1, 11);
}

async fn a_rest_ends_and_can_be_ended(house: &House) {
    let (store, columns) = magazine(house, 12).await;
    let one = sent(&store, &columns, 1).await;
    let (two, _) = frozen(&store, &columns, 2).await;
    let when = monday(2);
    for number in 0..10 {
        take(&store, returned(&store, one, &reader(number), Hard).await, when).await;
    }
    assert_eq!(store.untold_rests(when).await.expect("rests").len(), 1);
    assert!(store.tell_rest("provider.example", &[]).await.expect("an answer"));
    assert!(!store.tell_rest("provider.example", &[]).await.expect("an answer"));
    assert!(store.untold_rests(when).await.expect("rests").is_empty());
    assert!(!store.end_rest("example.org", when).await.expect("an answer"));
    assert!(store.end_rest("Provider.example", when).await.expect("an answer"));
    assert!(!store.end_rest("provider.example", when).await.expect("an answer"));
    settle_all(&store, two, when).await;
    assert_eq!(store.tally(two).await.expect("a tally").sent, 14);
}

/// The whole way: reports by pipe, the editors' letter, the terminal, `show`, `--release`.
#[test]
fn editors_are_told_what_to_do() {
    let roll: String = (0..12).map(|n| format!("r{n}@provider.example\n")).collect();
    let scene =
        Scene::sample().config("# editors = [", "editors = [").write("subscribers.csv", &format!("email\n{roll}"));
    scene.ok(&["run", "--at", MONDAY]);
    let folder = scene.path("mail");
    for sub in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(folder.join(sub)).expect("a maildir");
    }
    for (number, name) in scene.files("outbox").iter().enumerate() {
        let letter = scene.read(&format!("outbox/{name}"));
        let field =
            |name: &str| letter.lines().find_map(|line| line.strip_prefix(name)).expect("a field").trim().to_owned();
        let report = super::post::report(
            "x",
            &super::post::group(&field("To: "), "failed", "5.1.1", "550 5.1.1 no such user"),
            &format!("Message-ID: {}", field("Message-ID: ")),
        );
        std::fs::write(folder.join(format!("new/{number}.mail")), report).expect("a message");
    }
    let outcome = scene.run(&["bounce", "--maildir", "mail", "--at", "2026-11-24T08:00"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(
        outcome.stderr.contains("provider.example: 10 letters came back within a day, which is about us"),
        "{outcome:?}"
    );
    assert_eq!(scene.sql("DELETE FROM suppressions"), 0);
    let shown = scene.ok(&["subscribers", "show", "r1@provider.example", "--at", "2026-11-24T09:00"]);
    assert!(shown.contains("no letter goes to its domain until 2026-11-25 08:00"), "{shown}");
    assert!(scene.sql("UPDATE service_letters SET attempts = 0 WHERE kind = 'desk'") > 0);
    // Nothing goes there meanwhile.
    scene.put("columns/next.md", &column("Next", "edito", "2026-11-24"));
    let released = scene.run(&["bounce", "--release", "provider.example", "--at", "2026-11-24T10:00"]);
    assert_eq!((released.code, released.stdout.as_str()), (0, "letters go to provider.example again\n"));
    assert_eq!(scene.run(&["bounce", "--release", "provider.example", "--at", "2026-11-24T10:00"]).code, 65);
}
