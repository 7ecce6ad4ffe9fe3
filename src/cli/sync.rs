//! `gazetier sync`: reads what has changed in the sources of the configuration. A file that cannot
//! be taken is told and passed over: the others are taken.

use std::{os::unix::fs::MetadataExt, path::Path, process::ExitCode};

use super::{
    exit,
    import::count,
    session::{Session, read},
};
use crate::{
    config::Source,
    import::{Harvest, clean::CLEANER, markdown, subscribers},
};

/// What a sync did.
#[derive(Debug, Default)]
pub(super) struct Synced {
    pub(super) added: usize,
    pub(super) changed: usize,
    pub(super) joined: u64,
    /// How many files could not be taken; each has been told.
    pub(super) refused: usize,
}

impl Synced {
    /// In words; empty if nothing happened.
    pub(super) fn words(&self) -> String {
        let parts = [
            (self.added > 0).then(|| format!("{} columns added", self.added)),
            (self.changed > 0).then(|| format!("{} columns changed", self.changed)),
            (self.joined > 0).then(|| format!("{} subscribers joined", self.joined)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The complaint that makes up the exit code, if a file was refused.
    pub(super) fn complaint(&self) -> anyhow::Result<()> {
        match self.refused {
            0 => Ok(()),
            n => Err(exit::complain(exit::BAD_INPUT, format!("{n} files of the sources were passed over, see above"))),
        }
    }
}

pub(super) async fn run(session: &Session) -> anyhow::Result<ExitCode> {
    let synced = sync(session).await?;
    let words = synced.words();
    println!("{}", if words.is_empty() { "nothing new in the sources" } else { &words });
    synced.complaint()?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the sources.
pub(super) async fn sync(session: &Session) -> anyhow::Result<Synced> {
    let mut synced = Synced::default();
    let stamps = session.store.file_stamps().await?;
    let known = |path: &Path, stamp: &str| stamps.get(&path.display().to_string()).is_some_and(|old| old == stamp);
    let mut read_now = Vec::new();
    let mut harvest = Harvest::default();
    for Source::Markdown(folder) in &session.config.sources {
        let files = match markdown::files(folder) {
            Ok(files) => files,
            Err(error) => {
                eprintln!("gazetier: {error}");
                synced.refused += 1;
                continue;
            }
        };
        for (path, key) in files {
            // The stamp is taken before the file is read: a change meanwhile is seen next time.
            let Some(stamp) = stamp(session, &path) else { continue };
            if known(&path, &stamp) {
                continue;
            }
            let taken = read(&path).and_then(|text| {
                let mut own = Harvest::default();
                markdown::read(&text, &path, &key, session.house(), &mut own)?;
                Ok(own)
            });
            match taken {
                Ok(own) => {
                    harvest.drafts.extend(own.drafts);
                    harvest.warnings.extend(own.warnings);
                    read_now.push((path.display().to_string(), stamp));
                }
                Err(error) => {
                    eprintln!("gazetier: {}; passed over", exit::words(&error));
                    synced.refused += 1;
                }
            }
        }
    }
    harvest.refuse_twins()?;
    for warning in &harvest.warnings {
        eprintln!("gazetier: warning: {warning}");
    }
    (synced.added, synced.changed) = count(&session.store.put(&harvest.drafts).await?);
    if let Some(path) = &session.config.subscribers_file
        && let Some(stamp) = stamp(session, path)
        && !known(path, &stamp)
    {
        let roll = subscribers::read(&read(path)?, &path.display().to_string(), &session.config.rubriques)?;
        for refused in &roll.refused {
            eprintln!("gazetier: warning: {refused}");
        }
        synced.joined = session.store.add_subscribers(&roll.subscribers, session.at).await?.added;
        read_now.push((path.display().to_string(), stamp));
    }
    if !read_now.is_empty() {
        session.store.put_file_stamps(&read_now).await?;
    }
    Ok(synced)
}

/// What tells whether a file must be read again: itself, the configuration, and the program.
fn stamp(session: &Session, path: &Path) -> Option<String> {
    let meta = std::fs::metadata(path).ok()?;
    let (size, inode) = (meta.len(), meta.ino());
    let times = [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()].map(|t| t.to_string()).join(".");
    let program = env!("CARGO_PKG_VERSION");
    Some(format!("{size} {times} {inode} {CLEANER} {program} {}", session.config.fingerprint))
}
