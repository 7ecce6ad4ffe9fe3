//! A sync reads what has changed in the sources of the configuration. A file that cannot be taken is told and passed
//! over: the others are taken. The rules are here; who calls prints the messages, and does between the steps what
//! only a higher floor can do.

mod changes;
mod claim;
mod moves;
mod places;
mod remote;
mod reporter;
pub mod rubriques;
mod scan;
pub(super) mod spool;
mod subscribers;

use std::{
    collections::{HashMap, HashSet},
    io,
    path::PathBuf,
    sync::atomic::AtomicU64,
};

use super::{ImportContext, source::KnownDocuments, sql};
use crate::{
    config::{Config, Source},
    model::{EnteredColumn, Instant},
    store::{self, AddressConflict, Applied, FileChange, Put, SourceFile, SourceState, Store},
};

use changes::SyncChanges;
use moves::MovedColumns;
use reporter::SyncReporter;
pub use reporter::{MessageHandler, SyncMessage};
use scan::SourceScan;
use spool::Spool;
pub use subscribers::{ChangedList, ListCounts};

/// The list of subscribers stands among the files of the sources under this name.
const SUBSCRIBERS: &str = "subscribers";

/// Why a sync had to stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A source is to be taken over that nobody knows.
    #[error("--take-over: no source is named {name:?}: there are {known}")]
    UnknownSource {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Nothing tells this machine from others.
    #[error("this machine has no id that sources could be known by ({why}): set {variable}")]
    NoMachineId {
        /// What went wrong.
        why: String,
        /// What the environment may say.
        variable: &'static str,
    },
    /// Columns cannot wait on the disk.
    #[error(
        "cannot write into {}, where columns wait to be entered: {source}: make room there, or name another folder in \
         the environment's TMPDIR",
        folder.display()
    )]
    Spool {
        /// Where.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What waits cannot be read again.
    #[error("cannot read what waits to be entered")]
    Unspool(#[source] io::Error),
    /// A file was taken for one that has a column.
    #[error("{file}: it holds no column")]
    NoColumn {
        /// Which.
        file: String,
    },
}

/// How a sync was called.
#[derive(Debug, Clone, Copy, Default)]
pub struct SyncOptions<'a> {
    /// By somebody who wants to hear all that is wrong, told before or not.
    pub by_hand: bool,
    /// Which source is taken over; all if it is empty.
    pub take_over: Option<&'a str>,
}

/// What a sync works with.
#[derive(Debug, Clone, Copy)]
pub struct SyncContext<'a> {
    /// With the sources.
    pub config: &'a Config,
    /// Where the columns go.
    pub store: &'a Store,
    /// When it works.
    pub at: Instant,
    /// How far it has come, for who watches.
    pub progress: &'a SyncProgress,
}

/// How far a sync has come: while it reads nobody else gets a turn on its thread, so that others look here.
#[derive(Debug, Default)]
pub struct SyncProgress {
    /// Columns that were found and have to be read.
    pub found: AtomicU64,
    /// Those that have been read.
    pub read: AtomicU64,
}

impl<'a> SyncContext<'a> {
    fn import_context(&self) -> ImportContext<'a> {
        ImportContext { magazine: &self.config.magazine, rubriques: &self.config.rubriques, at: self.at }
    }
}

/// What a sync did.
#[derive(Debug, Default)]
pub struct SyncSummary {
    /// Columns that the store did not have.
    pub added: usize,
    /// Columns that were other ones before.
    pub changed: usize,
    /// Columns that left the feeds.
    pub withdrawn: usize,
    /// Who joined by the list of subscribers.
    pub joined: u64,
    /// Who left by it.
    pub left: u64,
    /// What rubriques were called otherwise, and who and what followed; in words.
    pub followed: Vec<String>,
    /// How many files could not be taken; each has been told now.
    pub refused: usize,
    /// Files that another sync was writing meanwhile.
    pub waiting: usize,
    /// Columns that moved, in words.
    pub moved: Vec<String>,
}

/// A sync at work. Its steps come in the order of its methods.
pub struct Sync<'a> {
    context: SyncContext<'a>,
    options: SyncOptions<'a>,
    /// What the store knew of the sources when the sync began.
    state: SourceState,
    /// Names what makes columns of files.
    reader_version: String,
    /// Sources that the configuration names no more.
    gone_sources: Vec<String>,
    reporter: SyncReporter<'a>,
}

impl<'a> Sync<'a> {
    /// Begins: what the sources give is put where it is called as the configuration calls it.
    pub async fn begin(
        context: SyncContext<'a>,
        options: SyncOptions<'a>,
        handler: MessageHandler<'a>,
    ) -> Result<Self, Error> {
        let mut reporter = SyncReporter::new(context, options.by_hand, handler);
        reporter.summary.followed = rubriques::follow(context.config, context.store, &mut reporter).await?;
        let state = context.store.source_state().await?;
        if state.without_content {
            context.store.fill_contents().await?;
        }
        let reader_version = scan::reader_version(&context.config.fingerprint);
        Ok(Self { context, options, state, reader_version, gone_sources: Vec::new(), reporter })
    }

    /// Reads the folders and writes down what they give; says which columns came in.
    pub async fn read_sources(&mut self) -> Result<Vec<EnteredColumn<'a>>, Error> {
        let (context, reporter) = (self.context, &mut self.reporter);
        let config = context.config;
        let claimed = claim::claim(context, self.options, &mut self.state, reporter).await?;
        let (mut scans, mut spool) = (Vec::new(), Spool::default());
        let known = |source: &'a Source| KnownDocuments {
            files: self.state.files.get(&source.name),
            reader_version: &self.reader_version,
            at: context.at,
            by_hand: self.options.by_hand,
        };
        let is_read = |source: &&Source| claimed.places.contains_key(&source.name);
        let sources: Vec<_> = config.sources.iter().filter(is_read).map(|source| (source, known(source))).collect();
        let fetching = remote::fetch_all(context, &sources, &self.state.notices, reporter);
        let (fetched, mut asked) = tokio::join!(fetching, sql::read_all(&sources));
        let mut fetched = fetched?;
        remote::tell_troubles(&sources, &fetched, reporter).await?;
        for (source, known) in sources {
            let contents = asked.remove(&source.name).or_else(|| remote::documents(source, &known, &mut fetched));
            match contents {
                None => {}
                Some(Ok(contents)) => {
                    scans.push(scan::scan(source, contents, known, context, &mut spool)?);
                }
                Some(Err(error)) => reporter.refuse_once(&source.name, "folder", &error.to_string()).await?,
            }
        }
        tell_files(&scans, reporter).await?;
        let moved = moves::find(context, &scans, &spool, &self.state.files, &claimed.gone_sources, reporter).await?;
        let gone = gone_files(&scans, &moved, reporter).await?;
        let changes = SyncChanges::new(gone, &scans, &moved, &spool);
        let applied = context.store.apply_all(&changes, &claimed.places, context.at).await?;
        let entered = report(config, &applied, &changes, &moved, reporter);
        self.gone_sources = claimed.gone_sources;
        Ok(entered)
    }

    /// Tells of something that somebody should know.
    pub fn warn(&mut self, message: &str) {
        self.reporter.warn(message);
    }

    /// Tells of sources that are gone and still have columns.
    pub async fn tell_gone_sources(&mut self) -> Result<(), Error> {
        claim::tell_gone(self.context, &self.gone_sources, &mut self.reporter).await
    }

    /// Ends: what was told and is mended is forgotten.
    pub async fn finish(self) -> Result<SyncSummary, Error> {
        self.reporter.forget_mended(&self.state.notices).await?;
        Ok(self.reporter.summary)
    }
}

/// Tells what the files' reading brought up.
async fn tell_files(scans: &[SourceScan<'_>], reporter: &mut SyncReporter<'_>) -> Result<(), Error> {
    for scan in scans {
        for passed in &scan.passed_over {
            let message = format!("{}: {}; passed over", scan.source.shown(&passed.name), passed.why);
            reporter.refuse_once(&scan.source.name, &passed.name, &message).await?;
        }
        let mut of_many: HashMap<&str, usize> = HashMap::new();
        for warning in scan.read.iter().flat_map(|read| &read.warnings).filter(|warning| warning.of_many) {
            *of_many.entry(&warning.message).or_default() += 1;
        }
        for read in &scan.read {
            match &read.after.refused {
                Some(why) if reporter.by_hand || read.is_news() => reporter.refuse(format!("{why}; passed over")),
                _ => {}
            }
            for warning in &read.warnings {
                match if warning.of_many { of_many.remove(warning.message.as_str()) } else { Some(1) } {
                    Some(1) => reporter.warn(warning),
                    Some(count) => reporter.warn(format!("{warning} (and in {} more files)", count - 1)),
                    None => {}
                }
            }
        }
        tell_no_columns(scan, reporter);
    }
    Ok(())
}

/// Tells how many files are no columns: once, and to who asks.
fn tell_no_columns(scan: &SourceScan<'_>, reporter: &mut SyncReporter<'_>) {
    let by_hand = reporter.by_hand;
    let mut files = scan.read.iter().filter(|read| read.is_no_column && (by_hand || read.is_news()));
    if let Some(first) = files.next() {
        let more = match files.count() {
            0 => String::new(),
            count => format!(" (and {count} more files)"),
        };
        reporter.warn(format!("{}{more}: no column, but a page or about the files: passed over", first.shown()));
    }
}

/// The files that are gone, of sources that were not emptied all at once.
async fn gone_files<'s>(
    scans: &'s [SourceScan<'_>],
    moved: &MovedColumns,
    reporter: &mut SyncReporter<'_>,
) -> Result<Vec<FileChange<'s>>, Error> {
    let name = |file: &'_ SourceFile| (file.source.clone(), file.path.clone());
    let moved: HashSet<_> = moved.values().filter_map(|candidate| candidate.file.as_ref().map(name)).collect();
    let mut changes = Vec::new();
    for scan in scans {
        let gone: Vec<&SourceFile> = scan.gone.iter().filter(|file| !moved.contains(&name(file))).collect();
        let left = gone.iter().filter(|file| file.column_key.is_some()).count();
        if scan.emptied && left > 1 {
            let message = format!(
                "{} held {left} columns and is empty: nothing is withdrawn; to withdraw them all, write \
                 `withdrawn: true` into each, or say `gazetier columns withdraw`",
                scan.source.path.display(),
            );
            reporter.refuse_once(&scan.source.name, "folder", &message).await?;
            continue;
        }
        changes.extend(gone.into_iter().map(|file| FileChange {
            source: &file.source,
            path: &file.path,
            before: Some(&file.content),
            withdraw: file.column_key.as_deref().filter(|key| !scan.has(key)),
            ..FileChange::default()
        }));
    }
    Ok(changes)
}

/// Tells what became of the changes, and gives the columns that came in.
fn report<'c>(
    config: &'c Config,
    applied: &Applied,
    changes: &SyncChanges<'_>,
    moved: &MovedColumns,
    reporter: &mut SyncReporter<'_>,
) -> Vec<EnteredColumn<'c>> {
    let source_named = |name: &str| config.sources.iter().find(|source| source.name == name);
    let mut entered = Vec::new();
    for (index, outcome) in applied.outcomes.iter().enumerate() {
        let Some((read, (key, column))) = changes.read(index).and_then(|read| Some((read, read.taken()?))) else {
            continue;
        };
        let Some(outcome) = outcome else { continue };
        if let Some(was) = moves::before(moved, &read.source.name, key) {
            let before = match (&was.file, source_named(&was.trace.source)) {
                (Some(file), Some(source)) => source.shown(&file.path),
                _ => format!("{:?} of {}", was.trace.key, was.trace.source),
            };
            reporter.summary.moved.push(format!("{}: moved, was {before}", read.shown()));
            continue;
        }
        match outcome {
            Put::Added => reporter.summary.added += 1,
            Put::Changed => reporter.summary.changed += 1,
            Put::Same => continue,
        }
        entered.extend(source_named(&read.source.name).map(|source| EnteredColumn {
            shown: read.shown(),
            source: &source.name,
            key: key.to_owned(),
            published: column.published,
            is_new: matches!(outcome, Put::Added),
        }));
    }
    for (index, error) in &applied.refused {
        let told = changes.read(*index).and_then(|read| read.before).and_then(|before| before.refused.as_ref());
        if reporter.by_hand || told != Some(&error.to_string()) {
            reporter.refuse(format!("{error}; passed over"));
        }
    }
    for twin in &applied.conflicts {
        let shown = |key: &str| changes.shown(&twin.source, key).unwrap_or_else(|| key.to_owned());
        reporter.warn(twin_warning(&shown(&twin.key), &shown(&twin.owner_key), twin));
    }
    reporter.summary.withdrawn = applied.withdrawn;
    reporter.summary.waiting = applied.left;
    entered
}

/// What is told of two columns with one address.
pub fn twin_warning(place: &str, owner: &str, twin: &AddressConflict) -> String {
    format!(
        "{place}: its address {} is that of {:?} ({owner}): it gets {}; give one of them another `slug` or `url`",
        twin.asked, twin.owner_title, twin.got
    )
}
