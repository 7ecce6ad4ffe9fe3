//! Locks an mbox as mail servers do: a `.lock` file beside it, and both kinds of lock on the file
//! itself. Which of them a mail server heeds depends on how it was built; all three serve all.

use std::{
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    fs::{FlockOperation, fcntl_lock},
    io::Errno,
    process::{Pid, test_kill_process},
};

use super::Error;
use crate::model::Instant;

/// A `.lock` file without the number of a process is left over after this time.
const NAMELESS: chrono::Duration = chrono::Duration::minutes(5);

/// And one with the number of a living process after this: the number may be another one's by now.
const NAMED: chrono::Duration = chrono::Duration::hours(1);

/// A locked mbox.
#[derive(Debug)]
pub(super) struct Locked {
    /// The one open file: to close another one of the same mbox would give up a lock.
    pub file: File,
    _dot: DotLock,
}

/// Takes away the `.lock` file when it goes.
#[derive(Debug)]
struct DotLock(PathBuf);

impl Drop for DotLock {
    fn drop(&mut self) {
        // If it stays, the number in it tells the next one that nobody holds it.
        let _ = fs::remove_file(&self.0);
    }
}

/// Locks an mbox, waiting for who has it, but not for ever.
pub(super) async fn lock(path: &Path, clock: fn() -> Instant, patience: Duration) -> Result<Locked, Error> {
    let end = tokio::time::Instant::now() + patience;
    loop {
        if let Some(locked) = try_lock(path, clock())? {
            return Ok(locked);
        }
        if tokio::time::Instant::now() > end {
            return Err(Error::Locked { path: path.to_owned() });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn try_lock(path: &Path, now: Instant) -> Result<Option<Locked>, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let dot_path = PathBuf::from(name);
    let read = |source| Error::Read { path: path.to_owned(), source };
    // Only a file that may be written can be locked by the second kind.
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(read)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(source)) => return Err(read(source)),
    }
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::AGAIN | Errno::ACCESS) => return Ok(None),
        Err(error) => return Err(read(error.into())),
    }
    // Who had it before may have put another file in its place.
    let is_it = || -> Result<bool, Error> {
        Ok(place(&file.metadata().map_err(read)?) == place(&fs::metadata(path).map_err(read)?))
    };
    if !is_it()? {
        return Ok(None);
    }
    // Last, so that of several runs only one takes away what is left over.
    let dot = dot_lock(&dot_path, now).map_err(|source| Error::Write { path: dot_path.clone(), source })?;
    let still = is_it()?;
    Ok(dot.filter(|_| still).map(|dot| Locked { file, _dot: dot }))
}

/// Which file it is, whatever its name.
fn place(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Makes the `.lock` file; `None` if somebody holds it.
fn dot_lock(path: &Path, now: Instant) -> io::Result<Option<DotLock>> {
    match number_into(path) {
        Ok(()) => Ok(Some(DotLock(path.to_owned()))),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if is_left_over(path, now) {
                match fs::remove_file(path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Makes the `.lock` file with our number in it from the first instant: who is killed before the number is there
/// leaves a file of which nobody knows whose it is. The name beside it is ours alone, as we hold the other locks.
fn number_into(path: &Path) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".gazetier-new");
    let beside = Path::new(&beside);
    let _ = fs::remove_file(beside);
    let linked = write_number(beside).is_ok().then(|| fs::hard_link(beside, path));
    let _ = fs::remove_file(beside);
    match linked {
        Some(Ok(())) => Ok(()),
        Some(Err(error)) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // Not all file systems know links.
        _ => write_number(path),
    }
}

fn write_number(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    writeln!(file, "{}", std::process::id())
}

/// Whether who made a `.lock` file is gone.
fn is_left_over(path: &Path, now: Instant) -> bool {
    let (Ok(metadata), Ok(text)) = (fs::metadata(path), fs::read_to_string(path)) else { return false };
    let age = metadata.modified().map_or(chrono::Duration::zero(), |made| now - Instant::from(made));
    match text.trim().parse().ok().and_then(Pid::from_raw) {
        Some(process) => test_kill_process(process) == Err(Errno::SRCH) || age > NAMED,
        None => age > NAMELESS,
    }
}
