//! Who must not be written to any more, on both backends.

use gazetier::{
    model::{Choice, EmailAddress, ReaderGroup},
    store::{Leave, Reason},
};

use crate::store::{House, at, digest, now, on_both, subscriber};

on_both! {
    who_leaves_has_left,
    a_suppressed_address_stays_so,
}

async fn who_leaves_has_left(house: &House) {
    let store = house.open().await;
    let roll = [subscriber("a@example.org", &[]), subscriber("b@example.org", &["edito"])];
    store.add_subscribers(&digest(), &roll, now()).await.expect("subscribers");
    for (id, expected) in [(1, Leave::Done), (1, Leave::Before), (3, Leave::Nobody), (-1, Leave::Nobody)] {
        assert_eq!(store.unsubscribe(&digest(), id, now()).await.expect("an answer"), expected, "{id}");
    }
    let states =
        store.list_subscribers(&digest()).await.expect("a list").into_iter().map(|one| one.state).collect::<Vec<_>>();
    assert_eq!(states, ["unsubscribed", "active"]);
    // Nothing is rendered for who has left, and the roll's next reading brings nobody back.
    assert_eq!(store.groups(&digest()).await.expect("groups").len(), 1);
    assert_eq!(store.add_subscribers(&digest(), &roll, now()).await.expect("subscribers").known, 2);
    assert_eq!(
        store.groups(&digest()).await.expect("groups"),
        [ReaderGroup::of(Choice::of([crate::store::slug("edito")]))]
    );
}

async fn a_suppressed_address_stays_so(house: &House) {
    let store = house.open().await;
    let address = |text: &str| text.parse::<EmailAddress>().expect("an address");
    for (text, reason, changed) in [
        ("A@example.org", Reason::Bounce, true),
        ("a@EXAMPLE.org", Reason::Bounce, false),
        ("a@example.org", Reason::Request, false),
        // A complaint is the graver word, and the last one.
        ("a@example.org", Reason::Complaint, true),
        ("a@example.org", Reason::Bounce, false),
        ("a@example.org", Reason::Complaint, false),
    ] {
        let done = store.suppress(&address(text), reason, at("2026-11-24")).await.expect("an answer");
        assert_eq!(done, changed, "{text} for {reason:?}");
    }
    let roll = [subscriber("a@example.org", &[]), subscriber("b@example.org", &[])];
    let added = store.add_subscribers(&digest(), &roll, now()).await.expect("subscribers");
    assert_eq!((added.added, added.suppressed), (1, 1));
}
