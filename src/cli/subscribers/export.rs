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
    PAGE, each,
};
use crate::ingest::subscribers::{cells, whole};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// CSV for people.
    Table,
    /// JSON Lines with all that is known of who is on the list.
    Whole,
    /// The same with the key, ids and hashes.
    WithKey,
}

pub(super) async fn run(
    session: &Session,
    output: Option<&Path>,
    state: Option<&str>,
    form: Form,
) -> anyhow::Result<ExitCode> {
    if let Some(state) = state.filter(|state| !matches!(*state, "active" | "unsubscribed" | "suppressed")) {
        let message = format!("--state: {state:?}: write active, unsubscribed or suppressed");
        return Err(exit::complain(exit::USAGE, message));
    }
    if state.is_some() && form == Form::WithKey {
        let message = "--with-key moves a store whole: leave --state out, or who is not in the file would be lost";
        return Err(exit::complain(exit::USAGE, message));
    }
    let mut sink = Sink::open(output)?;
    match form {
        Form::Table => table(session, &mut sink, state).await?,
        Form::Whole | Form::WithKey => lines(session, &mut sink, state, form == Form::WithKey).await?,
    }
    sink.finish()
}

async fn table(session: &Session, sink: &mut Sink<'_>, state: Option<&str>) -> anyhow::Result<()> {
    sink.take(&record(&cells::header())?)?;
    each(session, |entry| {
        if state.is_some_and(|state| state != entry.state()) {
            return Ok(());
        }
        sink.take(&record(&cells::row(&entry))?)
    })
    .await
}

/// One record of CSV.
fn record<S: AsRef<[u8]>>(cells: &[S]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    Ok(writer.into_inner()?)
}

async fn lines(session: &Session, sink: &mut Sink<'_>, state: Option<&str>, with_key: bool) -> anyhow::Result<()> {
    let store = &session.store;
    let magazine = store.magazine().map(|magazine| magazine.id.as_str()).unwrap_or_default();
    let key = with_key.then(|| store.key());
    let head = whole::Writer::head(magazine, session.newsletter().as_str(), session.at, key);
    sink.take(head.as_bytes())?;
    let mut writer = whole::Writer::default();
    each(session, |mut entry| {
        if state.is_some_and(|state| state != entry.state()) {
            return Ok(());
        }
        if !with_key {
            entry.identity = None;
        }
        sink.take(writer.reader(entry).as_bytes())
    })
    .await?;
    let mut after = Vec::new();
    loop {
        // Without the key, hashes mean nothing.
        let hashes = if with_key { store.hashes_after(&after, PAGE).await? } else { Vec::new() };
        let Some(last) = hashes.last() else { break };
        after = last.hash.clone();
        for hashed in hashes {
            sink.take(writer.hash(hashed).as_bytes())?;
        }
    }
    sink.take(writer.end().as_bytes())
}

/// Where an export goes.
struct Sink<'p> {
    path: Option<&'p Path>,
    writer: BufWriter<Box<dyn Write>>,
    file: Option<NamedTempFile>,
    /// Who reads the output may have gone: then there is nobody to tell.
    gone: bool,
}

impl<'p> Sink<'p> {
    fn open(path: Option<&'p Path>) -> anyhow::Result<Self> {
        let folder =
            path.map(|path| path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")));
        let file = folder.map(NamedTempFile::new_in).transpose().map_err(|error| wrong(path, &error))?;
        let writer: Box<dyn Write> = match &file {
            Some(file) => Box::new(file.as_file().try_clone().map_err(|error| wrong(path, &error))?),
            None => Box::new(io::stdout()),
        };
        Ok(Self { path, writer: BufWriter::with_capacity(1 << 16, writer), file, gone: false })
    }

    fn take(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        if self.gone {
            return Ok(());
        }
        let written = self.writer.write_all(bytes);
        self.judge(written)
    }

    fn judge(&mut self, written: io::Result<()>) -> anyhow::Result<()> {
        match written {
            Err(error) if self.path.is_none() && error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(())
            }
            written => written.map_err(|error| wrong(self.path, &error)),
        }
    }

    /// A file is on the disk before it has its name. Only its owner reads it: it holds addresses.
    fn finish(mut self) -> anyhow::Result<ExitCode> {
        if !self.gone {
            let flushed = self.writer.flush();
            self.judge(flushed)?;
        }
        if let (Some(file), Some(path)) = (self.file.take(), self.path) {
            file.as_file().sync_all().map_err(|error| wrong(Some(path), &error))?;
            file.persist(path).map_err(|error| wrong(Some(path), &error.error))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn wrong(path: Option<&Path>, error: &dyn Display) -> anyhow::Error {
    let place = path.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    exit::complain(exit::CANNOT_WRITE, format!("cannot write {place}: {error}"))
}
