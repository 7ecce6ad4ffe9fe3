//! History and withdrawals as validators see them: archive documents (RFC 5005), `next_url`, and
//! deleted entries (RFC 6721).

use std::{
    collections::HashSet,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use chrono::Duration;
use gazetier::{
    model::{Column, Tombstone},
    publish::forms::{Feed, History, conform},
};
use proptest::{prelude::*, sample::select};

use super::{
    configs,
    generated::{column, guid},
    now,
    readers::read_back,
    runner,
};
use crate::validator;

fn history() -> impl Strategy<Value = History> {
    let name = || select(&["2026-10", "2026-10.2", "1987-01.13"][..]).prop_map(str::to_owned);
    prop_oneof![
        3 => (name(), prop::option::of(name())).prop_filter("another", |(a, b)| Some(a) != b.as_ref())
            .prop_map(|(name, previous)| History { archive: Some(name), previous, ..History::default() }),
        1 => name().prop_map(|name| History {
            archive: Some(name), next: Some("2027-01".to_owned()), ..History::default()
        }),
        2 => name().prop_map(|previous| History { previous: Some(previous), ..History::default() }),
        1 => Just(History { complete: true, ..History::default() }),
        1 => Just(History::default()),
    ]
}

fn tombstones() -> impl Strategy<Value = Vec<Tombstone>> {
    let when = (0..400_000_000_i64).prop_map(|seconds| now() - Duration::seconds(seconds));
    let one = (guid(), when).prop_map(|(guid, when)| Tombstone { guid, when });
    prop::collection::vec(one, 0..6)
}

#[test]
fn archives_and_tombstones_are_valid() {
    let configs = configs();
    let (sound, all) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let columns = prop::collection::vec(column(), 0..3);
    let case = (columns, history(), tombstones(), 0..2_usize, prop::option::of(0..3_usize));
    let outcome = runner(300).run(&case, |(columns, history, tombstones, config, rubrique)| {
        let config = &configs[config];
        let key = validator::key(rubrique.map(|index| &config.rubriques[index]));
        // What was withdrawn is not there, and was withdrawn once; archives tell of none.
        let mut guids: HashSet<String> = columns.iter().map(|column: &Column| column.guid.clone()).collect();
        let tombstones: Vec<Tombstone> = tombstones
            .into_iter()
            .filter(|tombstone| history.archive.is_none() && guids.insert(tombstone.guid.clone()))
            .collect();
        let feed = Feed::document(config, key.clone(), &columns, history.clone(), &tombstones).expect("a feed");
        all.fetch_add(1, Relaxed);
        if !conform::check(&feed, now()).is_empty() {
            return Ok(());
        }
        sound.fetch_add(1, Relaxed);
        let files = feed.files().expect("files");
        let findings = validator::document(config, &key, history.archive.as_deref(), &files, now());
        prop_assert_eq!(findings, Vec::<String>::new());
        let atom = String::from_utf8(files[1].1.clone()).expect("UTF-8");
        prop_assert_eq!(atom.matches("<at:deleted-entry ").count(), tombstones.len());
        read_back(&columns, &files)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let (sound, all) = (sound.into_inner(), all.into_inner());
    assert!(sound * 3 > all, "only {sound} of {all} documents were not refused: this says little");
}

#[test]
fn the_validator_finds_what_is_broken_in_a_history() {
    let [config, _] = configs();
    let key = validator::key(None);
    let columns = [super::sound()];
    let stones = [Tombstone { guid: "12 at https://ancien.example".into(), when: now() - Duration::days(2) }];
    let archive = History { archive: Some("2026-10".into()), previous: Some("2026-09".into()), ..History::default() };
    let current = History { previous: Some("2026-10".into()), ..History::default() };
    let name = archive.archive.clone();
    let archived = Feed::document(&config, key.clone(), &columns, archive, &[]).expect("a feed").files();
    let subscribed = Feed::document(&config, key.clone(), &columns, current, &stones).expect("a feed").files();
    let (archived, subscribed) = (archived.expect("files"), subscribed.expect("files"));
    let own = "tag:estran.example.org,2026-01-01:markdown/phare";
    let stone = "tag:estran.example.org,2026-01-01:guid/12%20at%20https://ancien.example";
    for (archive, form, from, to, rule) in [
        (true, "atom.xml", "rel=\"current\"", "rel=\"related\"", "MissingCurrent"),
        (true, "rss.xml", "rel=\"current\"", "rel=\"related\"", "MissingCurrent"),
        (true, "atom.xml", "rel=\"prev-archive\"", "rel=\"related\"", "ArchiveIncomplete"),
        (true, "atom.xml", "<fh:archive/>", "<fh:archive>x</fh:archive>", "NotEmpty"),
        (true, "rss.xml", "<fh:archive>", "<fh:complete></fh:complete><fh:archive>", "ArchiveAndComplete"),
        (true, "atom.xml", "/archive/2026-09/atom.xml", "/archive/2026-10/atom.xml", "PrevArchiveIsSelf"),
        (true, "feed.json", "/archive/2026-09/feed.json", "/archive/2026-10/feed.json", "NextIsSelf"),
        (
            false,
            "atom.xml",
            " <at:deleted-entry",
            " <fh:complete xmlns:fh=\"http://purl.org/syndication/history/1.0\"/>\n <at:deleted-entry",
            "CompleteHasArchives",
        ),
        (false, "atom.xml", stone, "12 at https://ancien.example", "SchemeNotIANARegistered"),
        (false, "atom.xml", stone, own, "DeletedEntryIsThere"),
        (false, "atom.xml", "when=\"2026", "when=\"2099", "ImplausibleDate"),
        (false, "atom.xml", "when=\"", "at=\"", "UnexpectedAttribute"),
    ] {
        let mut broken = if archive { archived.clone() } else { subscribed.clone() };
        let name = name.as_deref().filter(|_| archive);
        assert_eq!(validator::document(&config, &key, name, &broken, now()), Vec::<String>::new());
        for (path, bytes) in broken.iter_mut().filter(|(path, _)| path.ends_with(form)) {
            let text = String::from_utf8(bytes.clone()).expect("UTF-8");
            assert!(text.contains(from), "{path} holds no {from:?}: {text}");
            *bytes = text.replace(from, to).into_bytes();
        }
        let found = validator::document(&config, &key, name, &broken, now());
        assert!(found.iter().any(|finding| finding.contains(rule)), "{form}, {to:?}: {found:?}");
    }
}
