//! What the parts of a publication cost, one by one: to see what a change does to one of them.
//! `benches/feeds.sh` measures the whole.
//!
//! `cargo bench --bench parts` takes half a minute; `cargo test --benches` runs each part once.
#![allow(missing_docs)]

#[path = "tools/columns.rs"]
mod columns;
// Most of it is for the corpus's configuration.
#[allow(dead_code)]
#[path = "tools/magazine.rs"]
mod magazine;

use std::{hint::black_box, path::Path, time::Duration};

use chrono::{DateTime, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gazetier::{
    config::Config,
    ingest::clean::clean,
    locales::Lang,
    model::{Column, ColumnId, Draft, html},
    publish::forms::{Feed, conform},
};

/// The columns of one feed of the corpus, drafts as an import gives them.
fn drafts() -> Vec<Draft> {
    (0..magazine::ITEMS as u64).map(|number| columns::column(number, 10_000, 20)).collect()
}

fn stored(draft: &Draft) -> Column {
    let draft = draft.clone();
    Column {
        id: ColumnId(1),
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

fn config() -> Config {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    Config::load(&path).expect("the sample configuration")
}

fn bytes(columns: &[Column]) -> u64 {
    columns.iter().map(|column| column.body.len() as u64).sum()
}

/// A document of fifty columns in each form, and the same without standfirsts and titles, which are
/// then made of the bodies.
fn writing(criterion: &mut Criterion) {
    let (config, columns) = (config(), drafts().iter().map(stored).collect::<Vec<_>>());
    let bare: Vec<Column> = columns
        .iter()
        .map(|column| Column { title: String::new(), standfirst: String::new(), ..column.clone() })
        .collect();
    let mut group = criterion.benchmark_group("write 50 columns");
    group.throughput(Throughput::Bytes(bytes(&columns)));
    let feed = Feed::new(&config, None, &columns).expect("a feed");
    group.bench_function("rss", |bencher| bencher.iter(|| feed.rss().expect("RSS")));
    group.bench_function("atom", |bencher| bencher.iter(|| feed.atom().expect("Atom")));
    group.bench_function("json", |bencher| bencher.iter(|| feed.json().expect("JSON")));
    let feed = Feed::new(&config, None, &bare).expect("a feed");
    group.bench_function("rss, gist from bodies", |bencher| bencher.iter(|| feed.rss().expect("RSS")));
    group.finish();
}

/// What is looked at before a document is published.
fn checking(criterion: &mut Criterion) {
    let (config, columns) = (config(), drafts().iter().map(stored).collect::<Vec<_>>());
    let at: DateTime<Utc> = columns.iter().map(|column| column.updated).max().expect("columns");
    let mut group = criterion.benchmark_group("check 50 columns");
    group.throughput(Throughput::Bytes(bytes(&columns)));
    let feed = Feed::new(&config, None, &columns).expect("a feed");
    assert_eq!(conform::check(&feed, at), []);
    group.bench_function("conform", |bencher| bencher.iter(|| conform::check(&feed, at)));
    group.bench_function("html::scan", |bencher| {
        bencher.iter(|| columns.iter().map(|column| html::scan(&column.body).len()).sum::<usize>());
    });
    group.finish();
}

/// What a column costs when it enters.
fn entering(criterion: &mut Criterion) {
    let (config, draft) = (config(), columns::column(7, 10_000, 20));
    let mut group = criterion.benchmark_group("one column enters");
    group.throughput(Throughput::Bytes(draft.body.len() as u64));
    let (url, media) = (&draft.url, &config.magazine.media_url);
    group.bench_function("clean", |bencher| {
        bencher.iter(|| clean(black_box(&draft.body_raw), url, media, Lang::english()))
    });
    group.bench_function("fingerprint", |bencher| bencher.iter(|| black_box(&draft).fingerprint()));
    group.finish();
}

criterion_group! {
    name = parts;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = writing, checking, entering
}
criterion_main!(parts);
