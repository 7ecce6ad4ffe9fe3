//! Feeds as validators see them: whatever a column holds, a feed of it is either refused by our own
//! check or passes an independent one, and readers read back what was written.

mod archives;
mod generated;
mod imported;
mod program;
mod readers;
mod rules;
mod teeth;
mod valid;

use chrono::{Duration, TimeZone, Utc};
use gazetier::{
    config::Config,
    model::{Column, ColumnId, Image, Instant, Slug},
};
use proptest::test_runner::{Config as Settings, RngSeed, TestRunner};
use url::Url;

use crate::support::Scene;

/// The instant of all feeds here.
fn now() -> Instant {
    Utc.with_ymd_and_hms(2026, 11, 23, 8, 0, 0).single().expect("an instant")
}

/// The sample's configuration, and one whose every word is a trap.
fn configs() -> [Config; 2] {
    let tricky = Scene::empty()
        .config("name = \"L’Estran\"", "name = \"L’Estran & <b>Cie</b> &copy; 2026\"")
        .config("La revue du bord de mer", "]]> La revue &amp; &lt;i&gt;")
        .config("rights = \"© L’Estran\"", "rights = \"&copy; <zoe@example.org>\"")
        .config("label = \"Humeur\"", "label = \"Humeur &#38; </b>\\\"\"")
        .config("url = \"https://estran.example.org/feeds/\"", "url = \"https://estran.example.org/é|/flux/\"")
        .config("language = \"fr\"", "language = \"fr-FR\"\nicon = \"https://estran.example.org/é.png?a=1&b=2\"")
        .config("rights = ", "logo = \"https://estran.example.org/logo.png\"\nrights = ")
        .config("\n[digest]\n", PODCAST);
    let plain = Scene::empty().config("items = 50", "items = 50\nlead_image = \"metadata\"");
    [plain, tricky].map(|scene| Config::load(&scene.path("config.toml")).expect("a configuration"))
}

/// Feeds that are podcasts.
const PODCAST: &str = "\n[feeds.podcast]\nfeeds = [\"\", \"humeur\"]\nimage = \"https://estran.example.org/é.jpg?a&b\"\n\
    category = \"Society & Culture\"\nowner = \"Zoé & <zoe@example.org>\"\nlocked = true\n\n[digest]\n";

/// A column with nothing wrong in it.
fn sound() -> Column {
    Column {
        id: ColumnId(1),
        guid: "tag:estran.example.org,2026-01-01:markdown/phare".into(),
        rubrique: Slug::parse("humeur").ok(),
        title: "Le phare".into(),
        standfirst: "Il s’éteint à l’heure où l’on s’y attend le moins.".into(),
        byline: Some("Zoé Le Goff".into()),
        bylines: vec!["Zoé Le Goff".into()],
        tags: Vec::new(),
        body: "<p>Il n’éclaire plus.</p>".into(),
        url: web("https://estran.example.org/chroniques/phare"),
        image: None,
        audio: None,
        published: now() - Duration::days(1),
        updated: now() - Duration::days(1),
    }
}

fn web(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

fn image() -> Image {
    Image {
        url: web("https://estran.example.org/phare.jpg?a=1&b=2"),
        alt: "Un phare".into(),
        credit: Some("Photo de Zoé".into()),
        media_type: Some("image/jpeg".into()),
        width: Some(1200),
        height: Some(800),
        length: Some(90_000),
    }
}

/// A runner of so many cases, or of `PROPTEST_CASES`.
fn runner(cases: u32) -> TestRunner {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let cases = number("PROPTEST_CASES").and_then(|cases| cases.try_into().ok()).unwrap_or(cases);
    // The same columns each time: a change is judged by what it changes. PROPTEST_RNG_SEED gives others.
    let rng_seed = RngSeed::Fixed(number("PROPTEST_RNG_SEED").unwrap_or(20_261_123));
    TestRunner::new(Settings {
        cases,
        rng_seed,
        max_shrink_iters: 600,
        failure_persistence: None,
        ..Settings::default()
    })
}
