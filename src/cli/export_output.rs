//! Where an export goes: standard output, or a file that appears whole or not at all.

use std::{
    fmt::Display,
    fs::Permissions,
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::ExitCode,
};

use tempfile::NamedTempFile;

use super::exit;

/// What a file has that only its owner reads …
const OWN_MODE: u32 = 0o600;

/// … and one that anybody may read, before the user's own mask.
const PUBLIC_MODE: u32 = 0o666;

/// Where an export goes.
pub(super) struct ExportOutput<'p> {
    path: Option<&'p Path>,
    writer: BufWriter<Box<dyn Write>>,
    file: Option<NamedTempFile>,
    /// Who reads the output may have gone: then there is nobody to tell.
    is_closed: bool,
}

impl<'p> ExportOutput<'p> {
    /// Only its owner reads the file: it holds addresses.
    pub(super) fn open(path: Option<&'p Path>) -> anyhow::Result<Self> {
        Self::open_with(path, OWN_MODE)
    }

    /// A file that anybody may read.
    pub(super) fn open_public(path: &'p Path) -> anyhow::Result<Self> {
        Self::open_with(Some(path), PUBLIC_MODE)
    }

    fn open_with(path: Option<&'p Path>, mode: u32) -> anyhow::Result<Self> {
        let folder =
            path.map(|path| path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")));
        let make =
            |folder: &Path| tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder);
        let file = folder.map(make).transpose().map_err(|error| cannot_write(path, &error))?;
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

    /// A file is on the disk before it has its name.
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
