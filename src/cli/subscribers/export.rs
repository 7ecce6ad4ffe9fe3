//! `gazetier subscribers export`: a table for people, or all that the store knows. A file appears whole or not at
//! all.

use std::{
    fmt::Display,
    io::{self, BufWriter, Write},
    path::Path,
    process::ExitCode,
};

use tempfile::NamedTempFile;

use super::{
    super::{exit, session::Session},
    READERS_PER_PAGE, for_each_reader,
};
use crate::ingest::subscribers::{cells, whole};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExportForm {
    /// CSV for people.
    Table,
    /// JSON Lines with all that is known of who is on the list.
    Whole,
    /// All that is known, with the key, ids and hashes.
    WithKey,
}

pub(super) async fn run(
    session: &Session,
    output: Option<&Path>,
    state: Option<&str>,
    form: ExportForm,
) -> anyhow::Result<ExitCode> {
    if let Some(state) = state.filter(|state| !matches!(*state, "active" | "unsubscribed" | "suppressed")) {
        let message = format!("--state: {state:?}: write active, unsubscribed or suppressed");
        return Err(exit::failure(exit::USAGE, message));
    }
    if state.is_some() && form == ExportForm::WithKey {
        let message = "--with-key moves a store whole: leave --state out, or who is not in the file would be lost";
        return Err(exit::failure(exit::USAGE, message));
    }
    let mut output = ExportOutput::open(output)?;
    match form {
        ExportForm::Table => table(session, &mut output, state).await?,
        ExportForm::Whole | ExportForm::WithKey => {
            lines(session, &mut output, state, form == ExportForm::WithKey).await?
        }
    }
    output.finish()
}

async fn table(session: &Session, output: &mut ExportOutput<'_>, state: Option<&str>) -> anyhow::Result<()> {
    output.write(&record(&cells::header())?)?;
    for_each_reader(session, |entry| {
        if state.is_some_and(|state| state != entry.state()) {
            return Ok(());
        }
        output.write(&record(&cells::row(&entry))?)
    })
    .await
}

/// One record of CSV.
fn record<S: AsRef<[u8]>>(cells: &[S]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    Ok(writer.into_inner()?)
}

async fn lines(
    session: &Session,
    output: &mut ExportOutput<'_>,
    state: Option<&str>,
    with_key: bool,
) -> anyhow::Result<()> {
    let store = &session.store;
    let magazine = store.magazine().map(|magazine| magazine.id.as_str()).unwrap_or_default();
    let key = with_key.then(|| store.key());
    let head = whole::Writer::head(magazine, session.newsletter().as_str(), session.at, key);
    output.write(head.as_bytes())?;
    let mut writer = whole::Writer::default();
    for_each_reader(session, |mut entry| {
        if state.is_some_and(|state| state != entry.state()) {
            return Ok(());
        }
        if !with_key {
            entry.identity = None;
        }
        output.write(writer.reader(entry).as_bytes())
    })
    .await?;
    let mut after = Vec::new();
    loop {
        // Without the key, hashes mean nothing.
        let hashes = if with_key { store.hashes_after(&after, READERS_PER_PAGE).await? } else { Vec::new() };
        let Some(last) = hashes.last() else { break };
        after = last.hash.clone();
        for hashed in hashes {
            output.write(writer.hash(hashed).as_bytes())?;
        }
    }
    output.write(writer.end().as_bytes())
}

/// Where an export goes.
struct ExportOutput<'p> {
    path: Option<&'p Path>,
    writer: BufWriter<Box<dyn Write>>,
    file: Option<NamedTempFile>,
    /// Who reads the output may have gone: then there is nobody to tell.
    is_closed: bool,
}

impl<'p> ExportOutput<'p> {
    fn open(path: Option<&'p Path>) -> anyhow::Result<Self> {
        let folder =
            path.map(|path| path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")));
        let file = folder.map(NamedTempFile::new_in).transpose().map_err(|error| cannot_write(path, &error))?;
        let writer: Box<dyn Write> = match &file {
            Some(file) => Box::new(file.as_file().try_clone().map_err(|error| cannot_write(path, &error))?),
            None => Box::new(io::stdout()),
        };
        Ok(Self { path, writer: BufWriter::with_capacity(1 << 16, writer), file, is_closed: false })
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let written = self.writer.write_all(bytes);
        self.check(written)
    }

    fn check(&mut self, written: io::Result<()>) -> anyhow::Result<()> {
        match written {
            Err(error) if self.path.is_none() && error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            written => written.map_err(|error| cannot_write(self.path, &error)),
        }
    }

    /// A file is on the disk before it has its name. Only its owner reads it: it holds addresses.
    fn finish(mut self) -> anyhow::Result<ExitCode> {
        if !self.is_closed {
            let flushed = self.writer.flush();
            self.check(flushed)?;
        }
        if let (Some(file), Some(path)) = (self.file.take(), self.path) {
            file.as_file().sync_all().map_err(|error| cannot_write(Some(path), &error))?;
            file.persist(path).map_err(|error| cannot_write(Some(path), &error.error))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn cannot_write(path: Option<&Path>, error: &dyn Display) -> anyhow::Error {
    let place = path.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    exit::failure(exit::CANNOT_WRITE, format!("cannot write {place}: {error}"))
}
