//! Makes the corpus of the benchmarks: a SQLite store, through gazetier's own `Store::put`, and a
//! configuration.
//!
//! `corpus make FOLDER COLUMNS RUBRIQUES` makes both, unless they are there.
//! `corpus add FOLDER` adds one column, newer than all.
//! `corpus stale FOLDER` changes the configuration, so that everything must be made again.
#![allow(missing_docs)]

mod columns;
mod magazine;

use std::{fmt::Write as _, fs, path::Path, process::ExitCode};

use gazetier::{
    config::{Config, StoreUrl},
    ingest::clean::clean,
    model::Draft,
    store::Store,
};

/// How many columns enter in one commit.
const BATCH: u64 = 500;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match args[..] {
        ["make", folder, columns, rubriques] => {
            runtime.block_on(make(Path::new(folder), number(columns), number(rubriques)));
        }
        ["add", folder] => runtime.block_on(add(Path::new(folder))),
        ["stale", folder] => stale(Path::new(folder)),
        _ => {
            eprintln!("corpus make FOLDER COLUMNS RUBRIQUES | add FOLDER | stale FOLDER");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// What was made, and how many columns were added since.
struct Size {
    columns: u64,
    rubriques: u64,
    added: u64,
}

impl Size {
    fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join("size")).ok()?;
        let mut numbers = text.split_whitespace().map(|word| word.parse().unwrap_or(0));
        Some(Self { columns: numbers.next()?, rubriques: numbers.next()?, added: numbers.next()? })
    }

    fn write(&self, folder: &Path) {
        let text = format!("{} {} {}\n", self.columns, self.rubriques, self.added);
        fs::write(folder.join("size"), text).expect("the corpus's size");
    }

    fn draft(&self, number: u64) -> Draft {
        columns::column(number, self.columns, usize::try_from(self.rubriques).expect("a small number"))
    }
}

async fn make(folder: &Path, columns: u64, rubriques: u64) {
    let size = Size { columns, rubriques, added: 0 };
    if Size::read(folder).is_some_and(|old| old.columns == columns && old.rubriques == rubriques) {
        return;
    }
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("the corpus's folder");
    fs::write(folder.join("config.toml"), configuration(rubriques)).expect("the configuration");
    let config = Config::load(&folder.join("config.toml")).expect("a configuration that gazetier takes");
    for number in 0..3 {
        let draft = size.draft(number);
        let cleaned = clean(&draft.body, &draft.url, &config.magazine.media_url, config.magazine.lang);
        assert_eq!(cleaned, draft.body, "the cleaner would change the corpus's bodies");
    }
    let store = open(folder).await;
    store.put_rubriques(&config.rubriques).await.expect("the rubriques");
    let mut from = 0;
    while from < columns {
        let drafts: Vec<Draft> = (from..columns.min(from + BATCH)).map(|number| size.draft(number)).collect();
        store.put(&drafts, chrono::Utc::now()).await.expect("columns");
        from += BATCH;
    }
    store.close().await;
    size.write(folder);
}

async fn add(folder: &Path) {
    let mut size = Size::read(folder).expect("a corpus");
    let store = open(folder).await;
    store.put(&[size.draft(size.columns + size.added)], chrono::Utc::now()).await.expect("a column");
    store.close().await;
    size.added += 1;
    size.write(folder);
}

fn stale(folder: &Path) {
    let path = folder.join("config.toml");
    let mut text = fs::read_to_string(&path).expect("the configuration");
    text.push_str("# changed\n");
    fs::write(path, text).expect("the configuration");
}

async fn open(folder: &Path) -> Store {
    Store::open(&StoreUrl::Sqlite(folder.join("store.db"))).await.expect("the store")
}

fn configuration(rubriques: u64) -> String {
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
url = "sqlite:store.db"

[feeds]
path = "feeds"
url = "{FEEDS}"
items = {ITEMS}
# The floor writes the documents to subscribe to, and no history.
archives = false
# And pictures in elements of their own.
lead_image = "metadata"

[digest]
schedule = "Mon 07:30"

[letters]
from = "Le Grand Large <lettre@large.example.org>"
unsubscribe_url = "https://large.example.org/quitter/"

"#
    );
    for number in 0..rubriques {
        let rubrique = magazine::rubrique(usize::try_from(number).expect("a small number"));
        writeln!(
            text,
            "[[rubriques]]\nslug = \"{}\"\nlabel = \"{}\"\ndescription = \"{}\"\n",
            rubrique.slug, rubrique.label, rubrique.description
        )
        .expect("text");
    }
    text
}
