//! An mbox: all messages in one file, each after a line that begins with `From `. What was handled
//! is taken out of it and kept in `FILE.handled`. At any instant the program may be killed, and
//! every message is in one of the two files.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write},
    ops::Range,
    os::unix::fs::{MetadataExt, OpenOptionsExt, fchown},
    path::{Path, PathBuf},
};

use rustix::{fs::OFlags, io::Errno, process::geteuid};

use super::{Error, LIMIT, lock::Locked};
use crate::model::text;

/// As much of a line is kept.
const LONGEST_LINE: usize = 64 * 1024;

/// As much of the line that begins a message names it.
const LONGEST_NAME: usize = 120;

/// A message in an mbox.
#[derive(Debug)]
pub(super) struct Found {
    /// Where it stands in the file, with the line that begins it.
    pub place: Range<u64>,
    /// The line that begins it, as a name to find it by.
    pub name: String,
    /// The message, up to [`LIMIT`].
    pub bytes: Vec<u8>,
}

/// Reads the messages one after the other; no more than one is in memory.
#[derive(Debug)]
pub(super) struct Scanner<R> {
    reader: R,
    line: Vec<u8>,
    /// Where the line in `line` ends.
    offset: u64,
    /// Where the next message begins, and its name, if `line` is the line that begins it.
    begun: Option<(u64, String)>,
}

impl<'a> Scanner<BufReader<&'a File>> {
    pub(super) fn new(file: &'a File) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(256 * 1024, file);
        reader.seek(SeekFrom::Start(0))?;
        Ok(Self { reader, line: Vec::new(), offset: 0, begun: None })
    }
}

impl<R: BufRead> Scanner<R> {
    /// Looks whether the file begins as an mbox does; an empty one is one.
    pub(super) fn begins(&mut self) -> io::Result<bool> {
        loop {
            let start = self.offset;
            if self.next_line()? == 0 {
                return Ok(true);
            }
            if is_blank(&self.line) {
                continue;
            }
            self.begun = self.line.starts_with(b"From ").then(|| (start, name(&self.line)));
            return Ok(self.begun.is_some());
        }
    }

    /// The next message; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Found>> {
        let Some((start, name)) = self.begun.take() else { return Ok(None) };
        let mut bytes = Vec::new();
        let mut after_blank = false;
        loop {
            let line_start = self.offset;
            if self.next_line()? == 0 {
                break;
            }
            if after_blank && begins_message(&self.line) {
                self.begun = Some((line_start, self::name(&self.line)));
                break;
            }
            after_blank = is_blank(&self.line);
            let room = LIMIT.saturating_sub(bytes.len());
            let line = without_quote(&self.line);
            bytes.extend_from_slice(line.get(..room).unwrap_or(line));
        }
        let end = self.begun.as_ref().map_or(self.offset, |(end, _)| *end);
        Ok(Some(Found { place: start..end, name, bytes }))
    }

    /// Reads a line, of which the beginning is kept; says how long it is.
    fn next_line(&mut self) -> io::Result<u64> {
        self.line.clear();
        let start = self.offset;
        loop {
            let buffer = match self.reader.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            };
            let end = buffer.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let length = end.unwrap_or(buffer.len());
            let room = LONGEST_LINE.saturating_sub(self.line.len()).min(length);
            self.line.extend_from_slice(&buffer[..room]);
            self.reader.consume(length);
            self.offset += length as u64;
            if end.is_some() || length == 0 {
                return Ok(self.offset - start);
            }
        }
    }
}

/// The line that begins a message, fit to be printed.
fn name(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line.get(..LONGEST_NAME).unwrap_or(line)).into_owned();
    text::one_line(&text::remove_illegal(&line).0)
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

/// Whether a line after an empty one begins a message: `From SENDER DATE`. Somebody may have begun
/// a sentence with the same word, and not every mail server writes `>` before it; but a sentence
/// has no time of day and no year.
fn begins_message(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    let text = String::from_utf8_lossy(rest);
    let is_number = |word: &str, length: usize| word.len() == length && word.bytes().all(|b| b.is_ascii_digit());
    let is_time = |word: &str| word.split_once(':').is_some_and(|(hour, _)| is_number(hour, 2) || is_number(hour, 1));
    text.split_whitespace().any(|word| is_number(word, 4)) && text.split_whitespace().any(is_time)
}

/// A line as it was before it was put into the mbox.
fn without_quote(line: &[u8]) -> &[u8] {
    let quotes = line.iter().take_while(|byte| **byte == b'>').count();
    if quotes > 0 && line[quotes..].starts_with(b"From ") { &line[1..] } else { line }
}

/// Beside an mbox: where handled messages are kept, and the mbox as it will be without them.
#[derive(Debug)]
struct Beside<'a> {
    mbox: &'a Path,
    folder: PathBuf,
    handled: PathBuf,
    /// The beginning of the second one's name; its end is how long the first one was before.
    draft: String,
}

impl<'a> Beside<'a> {
    fn new(mbox: &'a Path) -> Self {
        let mut handled = mbox.as_os_str().to_owned();
        handled.push(".handled");
        let folder = mbox.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = mbox.file_name().unwrap_or_default().to_string_lossy();
        let draft = format!(".{name}.gazetier-");
        Self { mbox, folder: folder.to_owned(), handled: handled.into(), draft }
    }

    fn draft(&self, length: u64) -> PathBuf {
        self.folder.join(format!("{}{length}", self.draft))
    }
}

/// Tidies up after a run that was killed: while its draft is there, the mbox has not been replaced,
/// and what that run had kept is still in it.
pub(super) fn recover(mbox: &Path) -> Result<(), Error> {
    let beside = Beside::new(mbox);
    let read = |source| Error::Read { path: beside.folder.clone(), source };
    for entry in fs::read_dir(&beside.folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(length) = name.strip_prefix(&beside.draft).and_then(|end| end.parse().ok()) else { continue };
        let tidy = || {
            match open_own(OpenOptions::new().write(true), &beside.handled, fs::metadata(mbox)?.uid()) {
                Ok(file) if file.metadata()?.len() > length => file.set_len(length)?,
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::remove_file(&path)
        };
        tidy().map_err(|source| Error::Write { path: path.clone(), source })?;
    }
    Ok(())
}

/// Takes the handled messages out of a locked mbox and keeps them beside it.
pub(super) fn take_out(mbox: &Path, locked: &Locked, messages: &[(Range<u64>, bool)]) -> Result<(), Error> {
    if !messages.iter().any(|(_, handled)| *handled) {
        return Ok(());
    }
    let beside = Beside::new(mbox);
    let outcome = replace(&beside, &locked.file, messages);
    if outcome.is_err() {
        // On a full disk, what is half written only takes room.
        let _ = recover(mbox);
    }
    outcome
}

fn replace(beside: &Beside<'_>, file: &File, messages: &[(Range<u64>, bool)]) -> Result<(), Error> {
    let cannot = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    let owner = file.metadata().map_err(cannot(beside.mbox))?.uid();
    let length =
        match open_own(OpenOptions::new().append(true), &beside.handled, owner).and_then(|kept| kept.metadata()) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(cannot(&beside.handled)(error)),
        };
    let path = beside.draft(length);
    let mut private = OpenOptions::new();
    private.mode(0o600);
    let draft = private.clone().write(true).create_new(true).open(&path).map_err(cannot(&path))?;
    copy(file, messages, false, &draft).and_then(|()| resemble(&draft, file)).map_err(cannot(&path))?;

    let kept = open_own(private.append(true).create(true), &beside.handled, owner).map_err(cannot(&beside.handled))?;
    let keep = copy(file, messages, true, &kept);
    keep.and_then(|()| resemble(&kept, file)).map_err(cannot(&beside.handled))?;

    // What is kept is on the disk, with its name, before it is taken out of the mbox.
    let sync = || File::open(&beside.folder).and_then(|folder| folder.sync_all()).map_err(cannot(&beside.folder));
    sync()?;
    fs::rename(&path, beside.mbox).map_err(cannot(beside.mbox))?;
    sync()
}

/// Copies the messages that were handled, or those that were not, and brings them to the disk.
fn copy(mut from: &File, messages: &[(Range<u64>, bool)], handled: bool, to: &File) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(256 * 1024, to);
    let mut chosen = messages.iter().filter(|(_, done)| *done == handled).map(|(place, _)| place.clone()).peekable();
    while let Some(mut place) = chosen.next() {
        while let Some(next) = chosen.next_if(|next| next.start == place.end) {
            place.end = next.end;
        }
        from.seek(SeekFrom::Start(place.start))?;
        io::copy(&mut from.take(place.end - place.start), &mut out)?;
        from.seek(SeekFrom::Start(place.end.saturating_sub(1)))?;
        let mut last = [0];
        from.read_exact(&mut last)?;
        if last != *b"\n" {
            // The mail server was cut off: what comes next begins a line all the same.
            out.write_all(b"\n\n")?;
        }
    }
    out.flush()?;
    drop(out);
    to.sync_all()
}

/// Opens a file that is ours or the mbox's owner's and has no other name: whoever else may write into the
/// folder could lead what is written to a file of their own, or to one that is none of our business.
fn open_own(options: &mut OpenOptions, path: &Path, owner: u32) -> io::Result<File> {
    let refused = || io::Error::other("it is a link, or somebody else's: put it away");
    // Nor does anybody wait for the reader of a pipe.
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    let file = options.open(path).map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => refused(),
        _ => error,
    })?;
    let meta = file.metadata()?;
    let ours = [owner, geteuid().as_raw()].contains(&meta.uid());
    if ours && meta.is_file() && meta.nlink() == 1 { Ok(file) } else { Err(refused()) }
}

/// Gives a file the owner and the permissions of the mbox.
fn resemble(file: &File, mbox: &File) -> io::Result<()> {
    let (ours, theirs) = (file.metadata()?, mbox.metadata()?);
    if (ours.uid(), ours.gid()) != (theirs.uid(), theirs.gid()) {
        fchown(file, Some(theirs.uid()), Some(theirs.gid()))?;
    }
    file.set_permissions(theirs.permissions())
}
