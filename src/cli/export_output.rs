//! Where an export goes: standard output, or a file that appears whole or not at all.

use std::{
    fmt::Display,
    io::{self, BufWriter, Write},
    path::Path,
    process::ExitCode,
};

use tempfile::NamedTempFile;

use super::exit;

/// Where an export goes.
pub(super) struct ExportOutput<'p> {
    path: Option<&'p Path>,
    writer: BufWriter<Box<dyn Write>>,
    file: Option<NamedTempFile>,
    /// Who reads the output may have gone: then there is nobody to tell.
    is_closed: bool,
}

impl<'p> ExportOutput<'p> {
    pub(super) fn open(path: Option<&'p Path>) -> anyhow::Result<Self> {
        let folder =
            path.map(|path| path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")));
        let file = folder.map(NamedTempFile::new_in).transpose().map_err(|error| cannot_write(path, &error))?;
        let writer: Box<dyn Write> = match &file {
            Some(file) => Box::new(file.as_file().try_clone().map_err(|error| cannot_write(path, &error))?),
            None => Box::new(io::stdout()),
        };
        Ok(Self { path, writer: BufWriter::with_capacity(1 << 16, writer), file, is_closed: false })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
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
    pub(super) fn finish(mut self) -> anyhow::Result<ExitCode> {
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
