//! `gazetier store`: copies of the store, to keep and to move it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{
    Execute, exit,
    session::{Session, clock},
};
use crate::{
    config::{Config, Connections, Secret, StoreUrl},
    store::{CopyKind, Store, StoreSums},
};

/// Keep copies of the store, put them back, and move it.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Write all that is in the store into a SQLite file, as of one instant, while everything goes on.
    Backup {
        /// The file, which must not be there yet; or a folder, in which it is named by the hour.
        #[arg(value_name = "FILE|DIR")]
        target: PathBuf,
    },
    /// Put a backup into the configuration's store, which must be new.
    Restore {
        /// What `backup` wrote.
        file: PathBuf,
    },
    /// Move a store: FROM and TO are sqlite:FILE or postgres://USER@HOST/DATABASE, or "-" for the configuration's. FROM is not
    /// used any more afterwards. Stop `serve` and cron before.
    Copy {
        /// What is there.
        from: String,
        /// A new one.
        to: String,
    },
    /// Count and hash all rows, and look for damage.
    Check {
        /// Use a store again that says that it has moved. What both send, readers get twice.
        #[arg(long)]
        take_back: bool,
    },
}

impl Execute for Command {
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        run(self, &session.config.path).await
    }
}

/// Works on stores that need not be in use.
pub(super) async fn run(command: Command, path: &Path) -> anyhow::Result<ExitCode> {
    let config = Config::load(path)?;
    match command {
        Command::Backup { target } => backup(&config, &target).await,
        Command::Restore { file } => restore(&config, &file).await,
        Command::Copy { from, to } => copy(&config, &from, &to).await,
        Command::Check { take_back } => check(&config, take_back).await,
    }
}

async fn open(config: &Config, url: &StoreUrl) -> anyhow::Result<Store> {
    let connections = Connections { most: 2, ..config.connections };
    Ok(Store::open_in_any_case(url, connections).await?)
}

/// A store that must be there.
async fn open_known(config: &Config, url: &StoreUrl) -> anyhow::Result<Store> {
    if let StoreUrl::Sqlite(path) = url
        && !path.exists()
    {
        return Err(exit::failure(exit::BAD_INPUT, format!("there is no store at {}", path.display())));
    }
    open(config, url).await
}

async fn backup(config: &Config, target: &Path) -> anyhow::Result<ExitCode> {
    let at = config.magazine.zone.local(clock());
    let file = if target.is_dir() {
        target.join(format!("gazetier-{}.db", at.format("%Y%m%d-%H%M%S")))
    } else {
        target.to_owned()
    };
    if file.exists() {
        let what = format!("{} is there already: a backup is written over nothing", file.display());
        return Err(exit::failure(exit::CANNOT_WRITE, what));
    }
    let source = open_known(config, &config.store).await?;
    // It has its name when it is whole.
    let draft = PathBuf::from(format!("{}.part", file.display()));
    remove(&draft)?;
    let words = format!(
        "it is a backup of {}: `gazetier store restore {}` puts it back",
        at.format("%Y-%m-%d %H:%M"),
        file.display()
    );
    let copied = copy_between(config, &source, &StoreUrl::Sqlite(draft.clone()), CopyKind::Backup(&words)).await;
    source.close().await;
    let sums = match copied {
        Ok(sums) => sums,
        Err(error) => {
            remove(&draft)?;
            return Err(error);
        }
    };
    let unwritten =
        |error: std::io::Error| exit::failure(exit::CANNOT_WRITE, format!("cannot write {}: {error}", file.display()));
    fs::File::open(&draft).and_then(|file| file.sync_all()).map_err(unwritten)?;
    fs::rename(&draft, &file).map_err(unwritten)?;
    tell(&sums, &format!("kept in {}", file.display()));
    Ok(ExitCode::SUCCESS)
}

/// Removes what an earlier try has left.
fn remove(draft: &Path) -> anyhow::Result<()> {
    for ending in ["", "-wal", "-shm"] {
        match fs::remove_file(format!("{}{ending}", draft.display())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(exit::failure(exit::CANNOT_WRITE, format!("cannot remove {}: {error}", draft.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

async fn restore(config: &Config, file: &Path) -> anyhow::Result<ExitCode> {
    let source = open_known(config, &StoreUrl::Sqlite(file.to_owned())).await?;
    let copied = copy_between(config, &source, &config.store, CopyKind::Restore).await;
    source.close().await;
    tell(&copied?, &format!("put back from {}", file.display()));
    println!("what went out since is found by the feeds' folder: `gazetier run` holds it, and tells");
    Ok(ExitCode::SUCCESS)
}

async fn copy(config: &Config, from: &str, to: &str) -> anyhow::Result<ExitCode> {
    let [source_url, target_url] = [address(config, from)?, address(config, to)?];
    let [shown_from, shown_to] = [&source_url, &target_url].map(shown);
    if shown_from == shown_to {
        return Err(exit::failure(exit::USAGE, format!("{shown_from} is both: name two stores")));
    }
    let source = open_known(config, &source_url).await?;
    if let Some(words) = source.moved().await? {
        let what =
            format!("{shown_from} is not used any more: {words}. A second copy would send everything a second time");
        return Err(exit::failure(exit::CONFIGURATION, what));
    }
    let kind = CopyKind::Move { from: &shown_from, to: &shown_to };
    let copied = copy_between(config, &source, &target_url, kind).await;
    source.close().await;
    tell(&copied?, &format!("moved to {shown_to}"));
    println!(
        "{shown_from} says so and is not used any more. Now write the new address into store.url (or GAZETIER_STORE_URL)"
    );
    Ok(ExitCode::SUCCESS)
}

async fn copy_between(
    config: &Config,
    source: &Store,
    target: &StoreUrl,
    kind: CopyKind<'_>,
) -> anyhow::Result<StoreSums> {
    let target = open(config, target).await?;
    let copied = source.copy_into(&target, kind).await;
    target.close().await;
    Ok(copied?)
}

/// A store by its address; "-" is the configuration's.
fn address(config: &Config, text: &str) -> anyhow::Result<StoreUrl> {
    if text == "-" {
        return Ok(config.store.clone());
    }
    if let Some(file) = text.strip_prefix("sqlite:").filter(|file| !file.is_empty()) {
        return Ok(StoreUrl::Sqlite(PathBuf::from(file)));
    }
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(StoreUrl::Postgres { url: Secret::new(text.to_owned()), schema: None });
    }
    Err(exit::failure(
        exit::USAGE,
        "write sqlite:FILE, postgres://USER@HOST/DATABASE, or - for the configuration's store",
    ))
}

/// A store as it is told: without a password.
fn shown(url: &StoreUrl) -> String {
    match url {
        StoreUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        StoreUrl::Postgres { url, schema } => {
            let shown = url::Url::parse(url.expose()).map(crate::config::without_login);
            let shown = shown.map_or_else(|_| "postgres://…".to_owned(), |url| url.to_string());
            schema.as_ref().map_or(shown.clone(), |schema| format!("{shown} ({schema})"))
        }
    }
}

async fn check(config: &Config, take_back: bool) -> anyhow::Result<ExitCode> {
    let store = open_known(config, &config.store).await?;
    let outcome = check_open(&store, take_back).await;
    store.close().await;
    outcome
}

async fn check_open(store: &Store, take_back: bool) -> anyhow::Result<ExitCode> {
    let damage = store.damage().await?;
    for (table, sum) in store.sums().await? {
        println!("{table}: {} rows, {}", sum.rows, sum.digits());
    }
    if take_back {
        store.unmark().await?;
    }
    if let Some(words) = store.moved().await? {
        println!("it is not to be used: {words}");
    }
    for words in &damage {
        eprintln!("gazetier: the store is damaged: {words}");
    }
    if damage.is_empty() {
        println!("no damage was found");
        return Ok(ExitCode::SUCCESS);
    }
    Err(exit::failure(exit::BAD_INPUT, "put the last backup back: `gazetier store restore FILE` into a new store"))
}

fn tell(sums: &StoreSums, what: &str) {
    let rows: u64 = sums.values().map(|sum| sum.rows).sum();
    println!("{rows} rows of {} tables {what}; counts and hashes are the same", sums.len());
}
