//! An mbox: all messages in one file, each after a line that begins with `From `. Handled messages are moved from it to
//! `FILE.handled`. Whenever the program is killed, every message is in one of the two files.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write},
    ops::Range,
    os::unix::fs::{MetadataExt, OpenOptionsExt, fchown},
    path::{Path, PathBuf},
};

use rustix::{fs::OFlags, io::Errno, process::geteuid};

use super::{Error, MAX_MESSAGE_BYTES, lock::LockedMbox};
use crate::model::text;

/// The rest of a longer line is dropped.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// How much of the line that begins a message is shown as its name.
const MAX_NAME_BYTES: usize = 120;

/// The place of a message in an mbox.
#[derive(Debug)]
pub(super) struct MboxEntry {
    /// Its bytes in the file, with the line that begins it.
    pub place: Range<u64>,
    pub is_handled: bool,
}

#[derive(Debug)]
pub(super) struct MboxMessage {
    /// Its bytes in the file, with the line that begins it.
    pub place: Range<u64>,
    /// The line that begins it.
    pub name: String,
    /// Up to [`MAX_MESSAGE_BYTES`].
    pub bytes: Vec<u8>,
}

/// Reads messages one by one; no more than one is in memory.
#[derive(Debug)]
pub(super) struct MboxReader<R> {
    reader: R,
    line: Vec<u8>,
    /// Where the line in `line` ends.
    offset: u64,
    /// The offset and the name of the next message, if `line` is the line that begins it.
    next_message: Option<(u64, String)>,
}

impl<'a> MboxReader<BufReader<&'a File>> {
    pub(super) fn new(file: &'a File) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(256 * 1024, file);
        reader.seek(SeekFrom::Start(0))?;
        Ok(Self { reader, line: Vec::new(), offset: 0, next_message: None })
    }
}

impl<R: BufRead> MboxReader<R> {
    /// Whether the file begins as an mbox does, or is empty.
    pub(super) fn is_mbox(&mut self) -> io::Result<bool> {
        loop {
            let start = self.offset;
            if self.next_line()? == 0 {
                return Ok(true);
            }
            if is_blank(&self.line) {
                continue;
            }
            self.next_message = self.line.starts_with(b"From ").then(|| (start, name(&self.line)));
            return Ok(self.next_message.is_some());
        }
    }

    /// The next message; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<MboxMessage>> {
        let Some((start, name)) = self.next_message.take() else { return Ok(None) };
        let mut bytes = Vec::new();
        let mut after_blank = false;
        loop {
            let line_start = self.offset;
            if self.next_line()? == 0 {
                break;
            }
            if after_blank && begins_message(&self.line) {
                self.next_message = Some((line_start, self::name(&self.line)));
                break;
            }
            after_blank = is_blank(&self.line);
            let room = MAX_MESSAGE_BYTES.saturating_sub(bytes.len());
            let line = without_quote(&self.line);
            bytes.extend_from_slice(line.get(..room).unwrap_or(line));
        }
        let end = self.next_message.as_ref().map_or(self.offset, |(end, _)| *end);
        Ok(Some(MboxMessage { place: start..end, name, bytes }))
    }

    /// Reads a line, of which only the beginning is kept; returns its length.
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
            let room = MAX_LINE_BYTES.saturating_sub(self.line.len()).min(length);
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
    let line = String::from_utf8_lossy(line.get(..MAX_NAME_BYTES).unwrap_or(line)).into_owned();
    text::one_line(&text::legalise(&line).0)
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

/// A line without the `>` that a mail server has put before `From `.
fn without_quote(line: &[u8]) -> &[u8] {
    let quotes = line.iter().take_while(|byte| **byte == b'>').count();
    if quotes > 0 && line[quotes..].starts_with(b"From ") { &line[1..] } else { line }
}

/// The files of an mbox: where handled messages are kept, and the draft of the mbox without them.
#[derive(Debug)]
struct MboxFiles<'a> {
    mbox: &'a Path,
    folder: PathBuf,
    handled: PathBuf,
    /// The beginning of the draft's name. Its end is the length of the file of handled messages before.
    draft_prefix: String,
}

impl<'a> MboxFiles<'a> {
    fn new(mbox: &'a Path) -> Self {
        let mut handled = mbox.as_os_str().to_owned();
        handled.push(".handled");
        let folder = mbox.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = mbox.file_name().unwrap_or_default().to_string_lossy();
        let draft_prefix = format!(".{name}.gazetier-");
        Self { mbox, folder: folder.to_owned(), handled: handled.into(), draft_prefix }
    }

    fn draft(&self, length: u64) -> PathBuf {
        self.folder.join(format!("{}{length}", self.draft_prefix))
    }
}

/// Cleans up after a run that was killed. While its draft is there, the mbox has not been replaced, and the messages that
/// this run copied to the handled ones are still in it: they are cut off there.
pub(super) fn recover(mbox: &Path) -> Result<(), Error> {
    let files = MboxFiles::new(mbox);
    let read = |source| Error::Read { path: files.folder.clone(), source };
    for entry in fs::read_dir(&files.folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(length) = name.strip_prefix(&files.draft_prefix).and_then(|end| end.parse().ok()) else { continue };
        let clean_up = || {
            match open_own(OpenOptions::new().write(true), &files.handled, fs::metadata(mbox)?.uid()) {
                Ok(file) if file.metadata()?.len() > length => file.set_len(length)?,
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::remove_file(&path)
        };
        clean_up().map_err(|source| Error::Write { path: path.clone(), source })?;
    }
    Ok(())
}

/// Moves the handled messages of a locked mbox to the file beside it.
pub(super) fn remove_handled(mbox: &Path, locked: &LockedMbox, messages: &[MboxEntry]) -> Result<(), Error> {
    if !messages.iter().any(|message| message.is_handled) {
        return Ok(());
    }
    let files = MboxFiles::new(mbox);
    let outcome = replace(&files, &locked.file, messages);
    if outcome.is_err() {
        // On a full disk, the half-written files would take space for nothing.
        let _ = recover(mbox);
    }
    outcome
}

fn replace(files: &MboxFiles<'_>, file: &File, messages: &[MboxEntry]) -> Result<(), Error> {
    let write_error = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    let owner = file.metadata().map_err(write_error(files.mbox))?.uid();
    let length = match open_own(OpenOptions::new().append(true), &files.handled, owner).and_then(|kept| kept.metadata())
    {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(write_error(&files.handled)(error)),
    };
    let path = files.draft(length);
    let mut private = OpenOptions::new();
    private.mode(0o600);
    let draft = private.clone().write(true).create_new(true).open(&path).map_err(write_error(&path))?;
    copy(file, messages, false, &draft).and_then(|()| copy_permissions(&draft, file)).map_err(write_error(&path))?;

    let kept =
        open_own(private.append(true).create(true), &files.handled, owner).map_err(write_error(&files.handled))?;
    let keep = copy(file, messages, true, &kept);
    keep.and_then(|()| copy_permissions(&kept, file)).map_err(write_error(&files.handled))?;

    // The handled messages are on the disk, with their name, before they are removed from the mbox.
    let sync = || File::open(&files.folder).and_then(|folder| folder.sync_all()).map_err(write_error(&files.folder));
    sync()?;
    fs::rename(&path, files.mbox).map_err(write_error(files.mbox))?;
    sync()
}

/// Copies the messages that were handled, or those that were not, and syncs the copy.
fn copy(mut from: &File, messages: &[MboxEntry], handled: bool, to: &File) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(256 * 1024, to);
    let mut chosen =
        messages.iter().filter(|message| message.is_handled == handled).map(|message| message.place.clone()).peekable();
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
            // The mail server was interrupted: the next message must begin a line all the same.
            out.write_all(b"\n\n")?;
        }
    }
    out.flush()?;
    drop(out);
    to.sync_all()
}

/// Opens a file that belongs to us or to the owner of the mbox and has no other name. Otherwise, others who may write into
/// the folder could make us write to a file of theirs, or to one that they may not write themselves.
fn open_own(options: &mut OpenOptions, path: &Path, owner: u32) -> io::Result<File> {
    let refused = || io::Error::other("it is a link, or somebody else's: put it away");
    // NONBLOCK: opening a pipe would wait for its reader.
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
fn copy_permissions(file: &File, mbox: &File) -> io::Result<()> {
    let (ours, theirs) = (file.metadata()?, mbox.metadata()?);
    if (ours.uid(), ours.gid()) != (theirs.uid(), theirs.gid()) {
        fchown(file, Some(theirs.uid()), Some(theirs.gid()))?;
    }
    file.set_permissions(theirs.permissions())
}
