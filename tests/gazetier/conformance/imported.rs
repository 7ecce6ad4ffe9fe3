//! What imports bring in: none of it is refused, for what no feed can hold is told where it enters.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use chrono::Duration;
use gazetier::{
    ingest::{ImportContext, ImportResult, markdown},
    model::{Column, ColumnId, Draft},
    publish::forms::{
        Feed,
        conform::{self, FeedFinding},
    },
};
use proptest::{prelude::*, sample::select};

use super::{
    configs,
    generated::{guid, soup, text},
    now,
    readers::read_back,
    runner,
};
use crate::{strict, validator};

/// A text as YAML's quotation marks hold it.
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == ' ' { c.to_string() } else { format!("\\U{:08x}", c as u32) })
        .collect();
    format!("\"{escaped}\"")
}

fn file() -> impl Strategy<Value = String> {
    let url = prop_oneof![
        Just("/chroniques/à la côte|.html".to_owned()),
        Just("http://[::1]/".to_owned()),
        Just("mailto:zoe@example.org".to_owned()),
        text(1),
    ];
    let date = || {
        prop_oneof![
            8 => (0..9_000_i64).prop_map(|days| (now() - Duration::days(days)).format("%Y-%m-%dT%H:%M").to_string()),
            1 => Just("2099-12-31".to_owned()),
        ]
    };
    let byline = prop_oneof![text(2), Just("zoe@example.org".to_owned()), Just("Zoé <zoe@example.org>".to_owned())];
    let words = (text(2), prop::option::of(text(2)), prop::option::of(byline), prop_oneof![3 => soup(), 1 => text(2)]);
    let image =
        prop::option::of((select(&["phare.jpg", "/à b|.png", "data:,x", "x.svg?a=1&b=2"][..]), text(2), text(2)));
    let rest = (prop::option::weighted(0.2, url), prop::option::weighted(0.2, guid()), image);
    (words, rest, date(), prop::option::of(date())).prop_map(
        |((title, standfirst, byline, body), (url, guid, image), published, updated)| {
            let mut file = format!("---\ntitle: {}\npublished: {published}\n", quoted(&title));
            for (key, value) in [("standfirst", standfirst), ("byline", byline), ("url", url), ("guid", guid)] {
                file += &value.map_or(String::new(), |value| format!("{key}: {}\n", quoted(&value)));
            }
            file += &updated.map_or(String::new(), |updated| format!("updated: {updated}\n"));
            if let Some((url, alt, credit)) = image {
                let [url, alt, credit] = [quoted(url), quoted(&alt), quoted(&credit)];
                file += &format!("image:\n  url: {url}\n  alt: {alt}\n  credit: {credit}\n  width: 0\n");
            }
            file + "rubrique: Humeur\n---\n" + &body
        },
    )
}

/// A draft as the store gives it back.
fn stored(draft: &Draft) -> Column {
    let draft = draft.clone();
    Column {
        id: ColumnId(0),
        guid: draft.guid,
        rubrique: draft.rubrique,
        title: draft.title,
        standfirst: draft.standfirst,
        byline: draft.byline,
        bylines: draft.bylines,
        tags: draft.tags,
        body: draft.body,
        url: draft.url,
        image: draft.image,
        audio: draft.audio,
        published: draft.published,
        updated: draft.updated,
    }
}

#[test]
fn what_import_accepts_is_valid() {
    let configs = configs();
    let (taken, all) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let outcome = runner(400).run(&(file(), 0..2_usize), |(file, config)| {
        let config = &configs[config];
        let house = ImportContext { magazine: &config.magazine, rubriques: &config.rubriques, at: now() };
        let mut harvest = ImportResult::default();
        all.fetch_add(1, Relaxed);
        if markdown::read(&file, Path::new("phare.md"), "phare", house, &mut harvest).is_err() {
            return Ok(());
        }
        taken.fetch_add(1, Relaxed);
        let columns: Vec<Column> = harvest.drafts.iter().map(stored).collect();
        // The store gives out what has been published.
        let columns: Vec<Column> = columns.into_iter().filter(|column| column.published <= now()).collect();
        for column in &columns {
            prop_assert_eq!(strict::errors(&column.body), Vec::<String>::new(), "{}", column.body);
        }
        let feed = Feed::new(config, None, &columns).expect("a feed");
        prop_assert_eq!(conform::check(&feed, now()), Vec::<FeedFinding>::new());
        let files = feed.files().expect("files");
        prop_assert_eq!(validator::findings(config, None, &files, now()), Vec::<String>::new());
        read_back(&columns, &files)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let (taken, all) = (taken.into_inner(), all.into_inner());
    assert!(taken * 2 > all, "only {taken} of {all} files were accepted: this says little");
}
