//! Bytes that wait until they are taken. There may be more of them than memory should hold: some are kept in memory, and
//! with more they wait in a file without a name, which is gone with the program.

use std::{fs::File, io, os::unix::fs::FileExt, path::PathBuf};

/// So many bytes stay in memory.
const MEMORY_BYTES: usize = 8 << 20;

/// Where a piece waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct SpoolPosition {
    at: u64,
    length: usize,
}

/// Pieces that wait.
#[derive(Debug, Default)]
pub(super) struct ByteSpool {
    file: Option<File>,
    /// How many bytes are in the file.
    file_bytes: u64,
    /// What comes after them.
    memory: Vec<u8>,
}

impl ByteSpool {
    /// Keeps a piece.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<SpoolPosition> {
        let position = SpoolPosition { at: self.file_bytes + self.memory.len() as u64, length: bytes.len() };
        self.memory.extend_from_slice(bytes);
        if self.memory.len() > MEMORY_BYTES {
            self.write_out()?;
        }
        Ok(position)
    }

    /// Moves what is in memory to the end of the file.
    fn write_out(&mut self) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile_in(folder())?,
        };
        file.write_all_at(&self.memory, self.file_bytes)?;
        self.file_bytes += self.memory.len() as u64;
        self.memory.clear();
        self.file = Some(file);
        Ok(())
    }

    /// A piece.
    pub(super) fn get(&self, position: SpoolPosition) -> io::Result<Vec<u8>> {
        let SpoolPosition { at, length } = position;
        let mut bytes = vec![0; length];
        match (&self.file, at.checked_sub(self.file_bytes).and_then(|at| usize::try_from(at).ok())) {
            (Some(file), None) => file.read_exact_at(&mut bytes, at)?,
            (_, Some(at)) if at + length <= self.memory.len() => {
                bytes.copy_from_slice(&self.memory[at..at + length]);
            }
            _ => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        Ok(bytes)
    }
}

/// Where the file is: where the environment says, or else where what is large may lie.
pub(super) fn folder() -> PathBuf {
    let large = PathBuf::from("/var/tmp");
    if std::env::var_os("TMPDIR").is_none() && large.is_dir() { large } else { std::env::temp_dir() }
}
