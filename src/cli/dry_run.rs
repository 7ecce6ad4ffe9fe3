//! `--dry-run`: a command at work on copies of the store and of the feeds' folder, with a folder in the place of the relay. What
//! comes of it is told, and nothing of it stays.

use std::{collections::BTreeMap, fs, path::Path, process::ExitCode, sync::Arc};

use anyhow::Context;

use super::session::Session;
use crate::{
    config::{Relays, StoreUrl},
    store::{CopyKind, Store},
};

/// Does something on copies, and tells what it would come to.
pub(super) async fn on_copies(
    session: &Session,
    work: impl AsyncFnOnce(&Session) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    // Addresses stand in it: nobody else may read it.
    let folder = tempfile::Builder::new().prefix("gazetier-dry-run").tempdir().context("cannot make a folder")?;
    // A view would lead back to what it is a view of.
    let whole = session.config.whole.as_ref().unwrap_or(&session.config);
    let mut config = (**whole).clone();
    let (feeds, outbox) = (folder.path().join("feeds"), folder.path().join("outbox"));
    copy_folder(&config.feeds.path, &feeds).with_context(|| format!("cannot copy {}", config.feeds.path.display()))?;
    config.store = StoreUrl::Sqlite(folder.path().join("store.db"));
    config.feeds.path.clone_from(&feeds);
    config.relays = Relays::Folder(outbox.clone());
    config.bounces = None;
    config.watch.metrics = None;
    config.whole = None;
    let store = Store::open(&config.store).await?;
    session.store.copy_into(&store, CopyKind::Restore).await?;
    let view = match &session.config.whole {
        Some(_) => config.view(session.newsletter())?,
        None => None,
    };
    let copy = session.on_copy(Arc::new(view.unwrap_or(config)), store).await?;
    let outcome = work(&copy).await;
    copy.store.close().await;
    let changed = changed_files(&session.config.feeds.path, &feeds);
    let letters = letters_in(&outbox);
    println!("nothing was done; it would have come to this:");
    println!("{changed} files of the feeds would change");
    if letters.is_empty() {
        println!("no letter would go out");
    }
    for (what, count) in letters {
        println!("{count} letters of {what} would go out");
    }
    outcome
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let (kind, place) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&entry.path(), &place)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

/// How many files of the copy are others than before.
fn changed_files(before: &Path, after: &Path) -> usize {
    let mut changed = 0;
    for entry in fs::read_dir(after).into_iter().flatten().flatten() {
        // It is no feed: it says whose they are, and what went out.
        if entry.file_name() == ".gazetier" {
            continue;
        }
        let (old, new) = (before.join(entry.file_name()), entry.path());
        if new.is_dir() {
            changed += changed_files(&old, &new);
        } else if fs::read(&old).ok() != fs::read(&new).ok() {
            changed += 1;
        }
    }
    changed
}

/// The letters of a folder, by what they are of.
fn letters_in(outbox: &Path) -> BTreeMap<String, usize> {
    let mut letters = BTreeMap::new();
    for entry in fs::read_dir(outbox).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".eml") {
            let what = match name.split('.').next() {
                Some("service") | None => "no edition, to one person each,".to_owned(),
                Some(period) => period.to_owned(),
            };
            *letters.entry(what).or_default() += 1;
        }
    }
    letters
}
