//! How far a log was read, so that each run reads what is new alone. A log that was set aside goes on from there, and the one
//! in its place begins; what cannot be found again is read from its beginning.

use std::{
    fs::{File, Metadata},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::RelayLog;
use crate::store::LogPosition;

/// So much of a first line is looked at.
const FIRST_LINE_BYTES: u64 = 4_096;

/// A file of a log, open, so that it stays the same one whatever it is called meanwhile.
struct LogFile {
    file: File,
    metadata: Metadata,
    first_line: String,
}

impl LogFile {
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        let mut first = Vec::new();
        BufReader::new(Read::by_ref(&mut file).take(FIRST_LINE_BYTES)).read_until(b'\n', &mut first)?;
        let is_whole = first.ends_with(b"\n") || first.len() as u64 == FIRST_LINE_BYTES;
        let first_line = if is_whole { data_encoding::HEXLOWER.encode(&Sha256::digest(&first)) } else { String::new() };
        Ok(Self { file, metadata, first_line })
    }

    fn is_at(&self, position: &LogPosition) -> bool {
        let same = (position.device, position.inode) == (number(self.metadata.dev()), number(self.metadata.ino()));
        same && number(self.metadata.len()) >= position.length
            && (position.length == 0 || self.first_line == position.first_line)
    }

    /// Reads it from a place to the end of its last whole line; gives where that is.
    fn read(mut self, from: i64, log: &mut RelayLog<'_>) -> io::Result<LogPosition> {
        self.file.seek(SeekFrom::Start(from.unsigned_abs()))?;
        let read = log.read(BufReader::with_capacity(1 << 16, &self.file))?;
        Ok(LogPosition {
            device: number(self.metadata.dev()),
            inode: number(self.metadata.ino()),
            length: from + number(read),
            first_line: self.first_line,
        })
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Reads the files of a log, oldest first, from where it was read to; gives how far it is read now, and whether anything was
/// new. Without a place, or where that is not found any more, all is read.
pub fn read_on(
    log: &mut RelayLog<'_>,
    files: &[PathBuf],
    known: Option<&LogPosition>,
) -> io::Result<(Option<LogPosition>, bool)> {
    let mut open = Vec::new();
    for path in files {
        open.push(LogFile::open(path)?);
    }
    let place = known.and_then(|known| Some((open.iter().position(|file| file.is_at(known))?, known.length)));
    let (skip, mut from) = place.unwrap_or((0, 0));
    let (mut last, mut is_new) = (None, place.is_none());
    for file in open.into_iter().skip(skip) {
        let position = file.read(from, log)?;
        is_new |= position.length > from;
        from = 0;
        last = Some(position);
    }
    Ok((last, is_new))
}
