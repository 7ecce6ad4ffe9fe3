//! `gazetier sync`: reads what has changed in the sources of the configuration. A file that cannot
//! be taken is told and passed over: the others are taken.

use std::{
    collections::{HashMap, HashSet},
    os::unix::fs::MetadataExt,
    path::Path,
    process::ExitCode,
};

use super::{
    exit,
    import::count,
    rubriques,
    say::say,
    session::{Session, read},
    subscribers::read_roll,
};
use crate::{
    config::Source,
    import::{Harvest, clean::CLEANER, markdown},
    store::{self, SourceFile},
};

/// What a sync did.
#[derive(Debug, Default)]
pub(super) struct Synced {
    pub(super) added: usize,
    pub(super) changed: usize,
    pub(super) withdrawn: usize,
    pub(super) joined: u64,
    /// Who left by the list of subscribers.
    pub(super) left: u64,
    /// What rubriques were called otherwise, and who and what followed; in words.
    pub(super) followed: Vec<String>,
    /// How many files could not be taken; each has been told.
    pub(super) refused: usize,
}

impl Synced {
    /// Tells of a file or folder that could not be taken.
    fn refuse(&mut self, error: &anyhow::Error) {
        eprintln!("gazetier: {}", exit::words(error));
        self.refused += 1;
    }

    /// The same of a file.
    fn pass_over(&mut self, error: &anyhow::Error) {
        eprintln!("gazetier: {}; passed over", exit::words(error));
        self.refused += 1;
    }

    /// In words; empty if nothing happened.
    pub(super) fn words(&self) -> String {
        let parts = [
            (self.added > 0).then(|| format!("{} columns added", self.added)),
            (self.changed > 0).then(|| format!("{} columns changed", self.changed)),
            (self.withdrawn > 0).then(|| format!("{} columns withdrawn", self.withdrawn)),
            (self.joined > 0).then(|| format!("{} subscribers joined", self.joined)),
        ];
        let left = (self.left > 0).then(|| format!("{} subscribers left by the list", self.left));
        self.followed.iter().cloned().chain(parts.into_iter().flatten()).chain(left).collect::<Vec<_>>().join(", ")
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
    say!("{}", if words.is_empty() { "nothing new in the sources" } else { &words });
    synced.complaint()?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the sources.
pub(super) async fn sync(session: &Session) -> anyhow::Result<Synced> {
    // First: what the sources give is put where it is called as the configuration calls it.
    let mut synced = Synced { followed: rubriques::follow(session).await?, ..Synced::default() };
    let known = session.store.files().await?;
    let unchanged = |path: &str, stamp: &str| known.get(path).is_some_and(|file| file.stamp == stamp);
    let mut taken = Vec::new();
    let mut gone = Vec::new();
    let mut harvest = Harvest::default();
    for Source::Markdown(folder) in &session.config.sources {
        let files = match markdown::files(folder) {
            Ok(files) => files,
            Err(error) => {
                synced.refuse(&error.into());
                continue;
            }
        };
        let here: HashSet<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
        match vanished(folder, &known, &here) {
            Ok(files) => gone.extend(files),
            Err(error) => synced.refuse(&error),
        }
        let owned = known.values().filter(|file| here.contains(&file.path));
        let mut owners: HashMap<String, String> =
            owned.filter_map(|file| Some((file.column_key.clone()?, file.path.clone()))).collect();
        for (path, key) in files {
            // The stamp is taken before the file is read: a change meanwhile is seen next time.
            let (name, Some(stamp)) = (path.display().to_string(), stamp(session, &path)) else { continue };
            if unchanged(&name, &stamp) {
                continue;
            }
            let mut own = Harvest::default();
            let read = read(&path).and_then(|text| Ok(markdown::read(&text, &path, &key, session.house(), &mut own)?));
            let column_key = own.drafts.first().map(|draft| draft.key.clone());
            let twin = column_key.as_ref().and_then(|key| owners.get(key)).filter(|owner| **owner != name);
            let read = read.and_then(|()| match (&column_key, twin) {
                (Some(key), Some(twin)) => {
                    let message = format!("{name}: it has the id {key:?} of {twin}: give one of them another");
                    Err(exit::complain(exit::BAD_INPUT, message))
                }
                _ => Ok(()),
            });
            match read {
                Ok(()) => {
                    owners.extend(column_key.iter().map(|key| (key.clone(), name.clone())));
                    taken.push(SourceFile { path: name, stamp, column_key });
                    harvest.drafts.extend(own.drafts);
                    harvest.warnings.extend(own.warnings);
                }
                Err(error) => synced.pass_over(&error),
            }
        }
    }
    for warning in &harvest.warnings {
        eprintln!("gazetier: warning: {warning}");
    }
    // A file that was renamed and names its column by an id is still there.
    let still: HashSet<&str> = harvest.drafts.iter().map(|draft| draft.key.as_str()).collect();
    let left: Vec<String> =
        gone.iter().filter_map(|file| file.column_key.clone()).filter(|key| !still.contains(&**key)).collect();
    let outcomes = loop {
        match session.store.put(&harvest.drafts, session.at).await {
            Err(store::Error::Clash { guid, key, owner }) => {
                harvest.drafts.retain(|draft| draft.key != key);
                taken.retain(|file: &SourceFile| file.column_key.as_ref() != Some(&key));
                synced.pass_over(&store::Error::Clash { guid, key, owner }.into());
            }
            outcome => break outcome?,
        }
    };
    (synced.added, synced.changed) = count(&outcomes);
    if !left.is_empty() {
        synced.withdrawn = session.store.withdraw(markdown::SOURCE, &left, session.at).await?;
    }
    if let Some(path) = &session.config.subscribers_file
        && let (name, Some(stamp)) = (path.display().to_string(), stamp(session, path))
        && !unchanged(&name, &stamp)
    {
        match read_roll(session, path).await {
            Ok(read) => {
                (synced.joined, synced.left) = (read.joined, read.left);
                taken.push(SourceFile { path: name, stamp, column_key: None });
            }
            Err(error) => synced.pass_over(&error),
        }
    }
    let gone: Vec<String> = gone.into_iter().map(|file| file.path).collect();
    if !taken.is_empty() || !gone.is_empty() {
        session.store.put_files(&taken, &gone).await?;
    }
    Ok(synced)
}

/// Files of a folder that were read before and are there no more. That all are gone at once is
/// more likely a disk that is not mounted than a magazine that withdraws all it ever wrote.
fn vanished(
    folder: &Path,
    known: &HashMap<String, SourceFile>,
    here: &HashSet<String>,
) -> anyhow::Result<Vec<SourceFile>> {
    let before: Vec<&SourceFile> = known.values().filter(|file| Path::new(&file.path).starts_with(folder)).collect();
    if here.is_empty() && before.len() > 1 {
        return Err(exit::complain(
            exit::BAD_INPUT,
            format!(
                "{} held {} columns and is empty: nothing is withdrawn; \
                 to withdraw them all, write `withdrawn: true` into each",
                folder.display(),
                before.len()
            ),
        ));
    }
    Ok(before.into_iter().filter(|file| !here.contains(&file.path)).cloned().collect())
}

/// What tells whether a file must be read again: itself, the configuration, and the program.
fn stamp(session: &Session, path: &Path) -> Option<String> {
    let meta = std::fs::metadata(path).ok()?;
    let (size, inode) = (meta.len(), meta.ino());
    let times = [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()].map(|t| t.to_string()).join(".");
    let program = env!("CARGO_PKG_VERSION");
    Some(format!("{size} {times} {inode} {CLEANER} {program} {}", session.config.fingerprint))
}
