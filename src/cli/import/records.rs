//! Files with many columns: all records are read before the first is written down, and wait on the disk until then.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{
    super::{exit, session::Session},
    Args, put,
};
use crate::{
    config::{Source, SourceKind},
    ingest::{
        Error, ImportResult,
        detect::{self, FileFormat},
        records::SpooledColumns,
    },
    store::{Entry, Put},
};

/// So much of a file tells what it is.
const START_BYTES: u64 = 64 << 10;

/// So many columns are written down at once.
const COLUMNS_AT_ONCE: usize = 500;

/// A file to import; what comes over standard input lies in one of its own.
pub(super) struct InputFile {
    shown: PathBuf,
    copy: Option<NamedTempFile>,
}

impl InputFile {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        if path != Path::new("-") {
            return Ok(Self { shown: path.to_owned(), copy: None });
        }
        let mut copy = NamedTempFile::new()?;
        io::copy(&mut io::stdin().lock(), &mut copy)?;
        Ok(Self { shown: PathBuf::from("standard input"), copy: Some(copy) })
    }

    /// Where its bytes are.
    pub(super) fn path(&self) -> &Path {
        self.copy.as_ref().map_or(&self.shown, |copy| copy.path())
    }

    /// As messages name it.
    pub(super) fn shown(&self) -> &Path {
        &self.shown
    }

    /// What it is.
    pub(super) fn format(&self) -> anyhow::Result<FileFormat> {
        let refused = |why: String| exit::failure(exit::BAD_INPUT, format!("{}: {why}", self.shown.display()));
        let mut start = Vec::new();
        let read = File::open(self.path()).and_then(|file| file.take(START_BYTES).read_to_end(&mut start));
        read.map_err(|source| Error::Read { path: self.shown.clone(), source })?;
        detect::format(&self.shown, &start).map_err(refused)
    }
}

/// The columns of a file.
pub(super) struct RecordColumns {
    columns: SpooledColumns,
    /// How many were refused.
    pub(super) refused: usize,
    /// What each is to the store, where nothing is to be changed.
    pub(super) lines: Vec<String>,
}

/// Reads a file's columns. What is refused is told; if others are not to be taken then, that is the end.
pub(super) async fn read(
    session: &Session,
    args: &Args,
    kind: SourceKind,
    file: &InputFile,
    result: &mut ImportResult,
) -> anyhow::Result<RecordColumns> {
    let source = source(session, kind, file);
    let columns = SpooledColumns::read(&source, file.path(), session.import_context())?;
    for refused in &columns.refused {
        eprintln!("gazetier: {refused}");
    }
    let refused = columns.refused.len();
    if refused > 0 && !args.keep_going && !args.dry_run {
        return Err(exit::failure(
            exit::BAD_INPUT,
            format!("nothing is changed: {refused} columns were refused, see above; --keep-going takes the others"),
        ));
    }
    result.warnings.extend(columns.warnings.iter().cloned());
    let mut lines = Vec::new();
    if args.dry_run {
        let known = session.store.known(&source.name).await?;
        for (key, title) in &columns.names {
            let what = if known.contains_key(key) { "there" } else { "new" };
            lines.push(format!("{what:8} {key}: {title}"));
        }
    }
    Ok(RecordColumns { columns, refused, lines })
}

/// The complaint about records that were refused.
pub(super) fn refusal(refused: usize) -> anyhow::Error {
    exit::failure(exit::BAD_INPUT, format!("{refused} columns were refused, see above"))
}

impl RecordColumns {
    /// Writes them down.
    pub(super) async fn put(&self, session: &Session) -> anyhow::Result<Vec<Put>> {
        let mut outcomes = Vec::with_capacity(self.columns.names.len());
        for piece in self.columns.pieces(COLUMNS_AT_ONCE) {
            let columns = piece?;
            let entries: Vec<Entry<'_>> = columns
                .iter()
                .map(|(draft, given)| Entry { draft, given_guid: given.given_guid, given_url: given.given_url })
                .collect();
            outcomes.extend(put(session, &entries).await?);
        }
        Ok(outcomes)
    }
}

/// The source of the configuration whose file this is, or one by the name of its kind.
fn source(session: &Session, kind: SourceKind, file: &InputFile) -> Source {
    let full = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let own = full(file.shown());
    let configured = session.config.sources.iter().find(|source| source.kind == kind && full(&source.path) == own);
    configured.cloned().unwrap_or_else(|| Source::of_file(kind, file.shown().to_owned()))
}
