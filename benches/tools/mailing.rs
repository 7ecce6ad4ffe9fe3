//! Makes what benches/delivery.sh sends: an edition of thirty columns whose HTML has about 62 KB in
//! a letter, and its subscribers.
//!
//! `mailing make FOLDER SUBSCRIBERS [URL COLUMNS]` makes a store and `base.toml`, a configuration without
//! a relay; on Postgres if that is the URL, and with letters as small as so few columns make them.
//! `mailing freeze FOLDER` freezes the edition, and prints how long that took.
//! `mailing letter FOLDER` writes the edition's parts, `letter.html` and `letter.txt`.
#![allow(missing_docs)]

mod columns;
mod magazine;

use std::{fs, path::Path, process::ExitCode, time::Instant};

use chrono::Duration;
use gazetier::{
    config::Config,
    edition::{
        freeze::{self, DueOutcome, FreezeOptions},
        next,
        render::render,
    },
    model::{Choice, Draft, Now, Subscriber},
    store::Store,
};

/// How many columns the edition has if nothing else is said, the standfirsts of which are long.
const COLUMNS: u64 = 30;
/// How many subscribers enter in one commit.
const BATCH: u64 = 10_000;
/// When the edition is due.
const MONDAY: &str = "2026-11-23T08:00";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    match args[..] {
        ["make", folder, subscribers] => {
            runtime.block_on(make(
                Path::new(folder),
                subscribers.parse().expect("a number"),
                "sqlite:store.db",
                COLUMNS,
            ));
        }
        ["make", folder, subscribers, url, columns] => {
            let columns = columns.parse().expect("a number");
            runtime.block_on(make(Path::new(folder), subscribers.parse().expect("a number"), url, columns));
        }
        ["freeze", folder] => runtime.block_on(freeze(Path::new(folder))),
        ["letter", folder] => runtime.block_on(letter(Path::new(folder))),
        _ => {
            eprintln!("mailing make FOLDER SUBSCRIBERS [URL COLUMNS] | freeze FOLDER | letter FOLDER");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

async fn open(folder: &Path) -> (Config, Store) {
    let config = Config::load(&folder.join("base.toml")).expect("a configuration that gazetier takes");
    let store = Store::open(&config.store).await.expect("the store");
    (config, store)
}

async fn make(folder: &Path, subscribers: u64, url: &str, columns: u64) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("base.toml"), configuration(url)).expect("the configuration");
    let (config, store) = open(folder).await;
    store.put_rubriques(&config.rubriques).await.expect("the rubriques");
    let monday = config.magazine.zone.parse(MONDAY).expect("an instant");
    let drafts = (0..columns).map(|number| {
        let draft = columns::column(number, COLUMNS, config.rubriques.len());
        let published = monday - Duration::hours(2 + 5 * i64::try_from(number).expect("a small number"));
        Draft { published, updated: published, ..draft }
    });
    store.put(&drafts.collect::<Vec<_>>(), monday).await.expect("columns");
    let mut from = 0;
    while from < subscribers {
        let batch: Vec<Subscriber> = (from..subscribers.min(from + BATCH)).map(subscriber).collect();
        store.add_subscribers(&config.digest.newsletter, &batch, monday).await.expect("subscribers");
        from += BATCH;
    }
    store.close().await;
}

/// Every second one has told a name.
fn subscriber(number: u64) -> Subscriber {
    let address = format!("lectrice{number}@example.org").parse().expect("an address");
    let name = number.is_multiple_of(2).then(|| format!("Zoé Tréhic-{number}"));
    Subscriber { address, name, choice: Choice::all() }
}

async fn freeze(folder: &Path) {
    let (config, store) = open(folder).await;
    let at = config.magazine.zone.parse(MONDAY).expect("an instant");
    let start = Instant::now();
    let drawn = freeze::freeze_due(
        &config,
        &store,
        Now { at, clock: at },
        FreezeOptions { on_request: true, allow_future: false },
    )
    .await
    .expect("an edition");
    let DueOutcome::Frozen(_, letters) = drawn else { panic!("nothing was frozen: {drawn:?}") };
    println!("{letters} letters frozen in {:.2} s", start.elapsed().as_secs_f64());
    store.close().await;
}

async fn letter(folder: &Path) {
    let (config, store) = open(folder).await;
    let at = config.magazine.zone.parse(MONDAY).expect("an instant");
    let coming = next::next_edition(&config, &store, Now { at, clock: at }).await.expect("an edition");
    let rendered = render(&config, &coming.draft, &Choice::all()).expect("a letter").expect("columns");
    fs::write(folder.join("letter.html"), &rendered.html).expect("the HTML");
    fs::write(folder.join("letter.txt"), &rendered.plain).expect("the text");
    println!("{} bytes encoded", rendered.entity.len());
    store.close().await;
}

fn configuration(url: &str) -> String {
    use magazine::{FEEDS, ITEMS, LANGUAGE, NAME, RIGHTS, SITE, TAG_DATE, TAGLINE};
    let mut text = format!(
        r#"[magazine]
name = "{NAME}"
tagline = "{TAGLINE}"
language = "{LANGUAGE}"
url = "{SITE}"
rights = "{RIGHTS}"
postal_address = "Le Grand Large, 1 quai des Essais, 29000 Port-Fictif"
tag_date = "{TAG_DATE}"

[store]
url = "{url}"

[feeds]
path = "feeds"
url = "{FEEDS}"
items = {ITEMS}

[digest]
schedule = "Mon 07:30"
max_columns = 30

[letters]
from = "Le Grand Large <lettre@large.example.org>"
unsubscribe_url = "https://large.example.org/quitter/"

"#
    );
    for number in 0..3 {
        let rubrique = magazine::rubrique(number);
        text.push_str(&format!("[[rubriques]]\nslug = \"{}\"\nlabel = \"{}\"\n\n", rubrique.slug, rubrique.label));
    }
    text
}
