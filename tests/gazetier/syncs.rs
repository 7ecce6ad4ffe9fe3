//! Syncs that overlap: who read a file before another wrote it changes nothing of it.

use std::collections::HashMap;

use gazetier::{
    model::{Column, Draft, FeedKey, FeedRules, Image},
    store::{Entry, FileChange, MovedFrom, Put, SourceFile, Span, Store},
};

use crate::store::{House, at, draft, now, on_both, slug};

on_both! {
    an_older_reading_does_not_come_back,
    a_column_is_not_withdrawn_while_its_file_is_there,
    a_move_goes_with_both_files_or_not_at_all,
    a_guid_that_is_taken_is_told_apart_unless_it_was_given,
    a_text_is_known_by_its_words,
    what_comes_together_is_what_it_would_be_alone,
}

fn file(path: &str, content: &str) -> SourceFile {
    SourceFile {
        source: "markdown".into(),
        path: format!("{path}.md"),
        column_key: Some(path.into()),
        content: content.into(),
        seen: String::new(),
        due_at: None,
        refused: None,
    }
}

fn titled(key: &str, title: &str) -> Draft {
    Draft { title: title.into(), ..draft(key, "2026-11-16") }
}

/// What a sync writes of a file with a column.
fn read<'a>(before: Option<&'a str>, file: &'a SourceFile, draft: &'a Draft) -> FileChange<'a> {
    FileChange {
        source: "markdown",
        path: &file.path,
        before,
        after: Some(file),
        entry: Some(Entry { draft, given_guid: false, given_url: false }),
        ..FileChange::default()
    }
}

fn gone<'a>(before: &'a str, path: &'a str, key: &'a str) -> FileChange<'a> {
    FileChange { source: "markdown", path, before: Some(before), withdraw: Some(key), ..FileChange::default() }
}

async fn apply(store: &Store, change: FileChange<'_>) -> (Option<Put>, usize, usize) {
    let places = HashMap::from([("markdown".to_owned(), "here".to_owned())]);
    let applied = store.apply(&[change], &places, now()).await.expect("a sync");
    (applied.outcomes[0], applied.withdrawn, applied.left)
}

async fn columns(store: &Store) -> Vec<Column> {
    store.newest(&FeedKey::All, Span::until(at("2030-01-01")), 100).await.expect("columns").columns
}

async fn titles(store: &Store) -> Vec<String> {
    columns(store).await.into_iter().map(|column| column.title).collect()
}

async fn open(house: &House) -> Store {
    let store = house.open().await;
    store.take_source("markdown", "here", None, now()).await.expect("a source");
    store
}

async fn an_older_reading_does_not_come_back(house: &House) {
    let store = open(house).await;
    let versions = ["v1", "v2", "v3"].map(|version| (file("a", version), titled("a", version)));
    let [(f1, d1), (f2, d2), (f3, d3)] = &versions;
    assert_eq!(apply(&store, read(None, f1, d1)).await, (Some(Put::Added), 0, 0));
    // One sync reads v2, another v3 and writes it, then the first one writes.
    assert_eq!(apply(&store, read(Some("v1"), f3, d3)).await, (Some(Put::Changed), 0, 0));
    assert_eq!(apply(&store, read(Some("v1"), f2, d2)).await, (None, 0, 1));
    assert_eq!(titles(&store).await, ["v3"]);
    let state = store.source_state().await.expect("files");
    assert_eq!(state.files["markdown"]["a.md"].content, "v3", "the next run reads the file again");
}

async fn a_column_is_not_withdrawn_while_its_file_is_there(house: &House) {
    let store = open(house).await;
    let (f1, d1, f2, d2) = (file("a", "v1"), titled("a", "v1"), file("a", "v2"), titled("a", "v2"));
    apply(&store, read(None, &f1, &d1)).await;
    // One sync finds the file gone, another finds it there again, and newer.
    assert_eq!(apply(&store, read(Some("v1"), &f2, &d2)).await, (Some(Put::Changed), 0, 0));
    assert_eq!(apply(&store, gone("v1", "a.md", "a")).await, (None, 0, 1));
    assert_eq!(titles(&store).await, ["v2"]);
    // The other way round, the file is new to the store.
    assert_eq!(apply(&store, gone("v2", "a.md", "a")).await, (None, 1, 0));
    assert_eq!(apply(&store, read(Some("v2"), &f1, &d1)).await, (None, 0, 1));
    assert_eq!(apply(&store, read(None, &f1, &d1)).await, (Some(Put::Changed), 0, 0));
    assert_eq!(titles(&store).await, ["v1"]);
}

async fn a_move_goes_with_both_files_or_not_at_all(house: &House) {
    let store = open(house).await;
    let (f1, d1, f2, d2) = (file("a", "v1"), titled("a", "v1"), file("b", "w1"), titled("b", "v1"));
    apply(&store, read(None, &f1, &d1)).await;
    let guid = columns(&store).await[0].guid.clone();
    let moved = |before| FileChange {
        moved_from: Some(MovedFrom { source: "markdown", key: "a", file: Some(("markdown", "a.md", before)) }),
        ..read(None, &f2, &d2)
    };
    assert_eq!(apply(&store, moved("v0")).await, (None, 0, 1));
    assert_eq!(apply(&store, moved("v1")).await, (Some(Put::Changed), 0, 0));
    let after = columns(&store).await;
    assert_eq!((after.len(), &after[0].guid), (1, &guid));
    assert!(!store.source_state().await.expect("files").files["markdown"].contains_key("a.md"));
    // A second sync that found the same move finds it done.
    assert_eq!(apply(&store, moved("v1")).await, (None, 0, 1));
}

async fn a_guid_that_is_taken_is_told_apart_unless_it_was_given(house: &House) {
    let store = open(house).await;
    let (f1, d1) = (file("a", "v1"), titled("a", "Un"));
    let (f2, d2) = (file("b", "v1"), Draft { guid: d1.guid.clone(), ..titled("b", "Deux") });
    apply(&store, read(None, &f1, &d1)).await;
    let mut change = read(None, &f2, &d2);
    change.entry = Some(Entry { draft: &d2, given_guid: true, given_url: false });
    let places = HashMap::from([("markdown".to_owned(), "here".to_owned())]);
    let applied = store.apply(&[change], &places, now()).await.expect("a sync");
    assert_eq!((applied.outcomes, applied.refused.len()), (vec![None], 1));
    let refused = store.source_state().await.expect("files").files["markdown"]["b.md"].clone();
    assert!(refused.refused.expect("a reason").contains("has the guid"));
    assert_eq!(apply(&store, read(Some("v1"), &f2, &d2)).await, (Some(Put::Added), 0, 0));
    let guids: Vec<String> = columns(&store).await.into_iter().map(|column| column.guid).collect();
    assert!(guids.contains(&d1.guid) && guids.contains(&format!("{}-2", d1.guid)), "{guids:?}");
}

async fn a_text_is_known_by_its_words(house: &House) {
    let store = open(house).await;
    let one = Draft { title: "L’Été".into(), body: "<p>Un <em>mot</em>.</p>".into(), ..draft("a", "2026-11-16") };
    let same = Draft { title: "l'ete !".into(), body: "<p>un mot</p>".into(), ..draft("b", "2026-11-20") };
    let other = Draft { body: "<p>Deux mots</p>".into(), ..one.clone() };
    assert_eq!(one.content(), same.content());
    assert_ne!(one.content(), other.content());
    store.put(&[one.clone(), same], now()).await.expect("columns");
    let contents = async || {
        let traces = store.traces_of("markdown").await.expect("columns");
        traces.into_iter().map(|trace| trace.content).collect::<Vec<_>>()
    };
    let filled = vec![one.content(), one.content()];
    assert_eq!(contents().await, filled);
    // Of a store that had none before, they are found.
    house.meddle("UPDATE columns SET content = '' WHERE $1 = $1", b"").await;
    assert!(store.source_state().await.expect("a state").without_content);
    store.fill_contents().await.expect("contents");
    assert_eq!(contents().await, filled);
    assert!(!store.source_state().await.expect("a state").without_content);
}

async fn what_comes_together_is_what_it_would_be_alone(house: &House) {
    // More than one piece, of which every third column has all that a column may have.
    let drafts: Vec<Draft> = (0..300)
        .map(|number| {
            let plain = Draft { updated: at("2026-11-17"), ..draft(&format!("c{number:03}"), "2026-11-16") };
            if number % 3 > 0 {
                return plain;
            }
            let image = Image {
                url: "https://estran.example.org/a%20b.jpg".parse().expect("a URL"),
                alt: "{\"Une\", NULL}".into(),
                credit: (number % 2 == 0).then(|| "L’Estran".into()),
                media_type: Some("image/jpeg".into()),
                width: Some(1_200),
                height: (number % 2 == 0).then_some(800),
                length: Some(3_000_000_000),
            };
            let (byline, tags) = (Some("Basile Hauterive".into()), vec!["{\"Le large\", NULL}".into()]);
            Draft { rubrique: Some(slug("humeur")), byline, tags, image: Some(image), ..plain }
        })
        .collect();
    let files: Vec<SourceFile> = drafts
        .iter()
        .enumerate()
        .map(|(number, draft)| SourceFile {
            due_at: (number % 5 == 0).then_some(5),
            refused: (number % 7 == 0).then(|| "it \"is\" wrong".into()),
            ..file(&draft.key, "v1")
        })
        .collect();
    let store = open(house).await;
    let changes: Vec<FileChange<'_>> = files.iter().zip(&drafts).map(|(file, draft)| read(None, file, draft)).collect();
    let places = HashMap::from([("markdown".to_owned(), "here".to_owned())]);
    let applied = store.apply(&changes, &places, now()).await.expect("a sync");
    assert_eq!(applied.outcomes, vec![Some(Put::Added); drafts.len()]);
    let other = House::sqlite();
    let alone = other.open().await;
    alone.put(&drafts, now()).await.expect("columns");
    let all = async |store: &Store, feed: FeedKey| {
        store.newest(&feed, Span::until(at("2030-01-01")), 1_000).await.expect("columns").columns
    };
    let rules = FeedRules { bylines: true, tags: true, selections: Vec::new() };
    for store in [&store, &alone] {
        store.sort_columns(&rules).await.expect("columns in feeds");
    }
    let (byline, tag) = (FeedKey::Byline(slug("basile-hauterive")), FeedKey::Tag(slug("le-large-null")));
    for feed in [FeedKey::All, FeedKey::Rubrique(slug("humeur")), byline, tag] {
        assert_ne!(all(&alone, feed.clone()).await, []);
        assert_eq!(all(&store, feed.clone()).await, all(&alone, feed.clone()).await);
        let months = async |store: &Store| store.feed_months(&feed).await.expect("months");
        assert_eq!(months(&store).await, months(&alone).await);
    }
    let known = store.source_state().await.expect("a state").files.remove("markdown").unwrap_or_default();
    assert_eq!(known.len(), files.len());
    assert!(files.iter().all(|file| known.get(&file.path) == Some(file)));
    let contents: Vec<String> = drafts.iter().map(Draft::content).collect();
    let traces = store.traces_of("markdown").await.expect("columns");
    assert_eq!(traces.into_iter().map(|trace| trace.content).collect::<Vec<_>>(), contents);
}
