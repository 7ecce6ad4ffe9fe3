//! Locks an mbox as mail servers do: with a `.lock` file beside it and with both kinds of lock on the file itself. Which
//! of them a mail server uses depends on how it was built; with all three, every one is respected.

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

/// A `.lock` file without the number of a process is stale after this time.
const UNNUMBERED_LOCK_MAX_AGE: chrono::Duration = chrono::Duration::minutes(5);

/// One with the number of a living process is stale after this time: the number may have been reused.
const NUMBERED_LOCK_MAX_AGE: chrono::Duration = chrono::Duration::hours(1);

#[derive(Debug)]
pub(super) struct LockedMbox {
    /// The only open file of this mbox: closing another one would release the fcntl lock.
    pub file: File,
    _dot: DotLock,
}

/// Removes the `.lock` file when it is dropped.
#[derive(Debug)]
struct DotLock(PathBuf);

impl Drop for DotLock {
    fn drop(&mut self) {
        // If it stays, the number in it shows that its process has ended.
        let _ = fs::remove_file(&self.0);
    }
}

/// Locks an mbox; waits up to the timeout if another program has locked it.
pub(super) async fn lock(path: &Path, clock: fn() -> Instant, timeout: Duration) -> Result<LockedMbox, Error> {
    let end = tokio::time::Instant::now() + timeout;
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

fn try_lock(path: &Path, now: Instant) -> Result<Option<LockedMbox>, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let dot_path = PathBuf::from(name);
    let read = |source| Error::Read { path: path.to_owned(), source };
    // fcntl locks only files that are open for writing.
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
    // The program that held the lock may have put another file in its place.
    let is_same_file = || -> Result<bool, Error> {
        Ok(file_id(&file.metadata().map_err(read)?) == file_id(&fs::metadata(path).map_err(read)?))
    };
    if !is_same_file()? {
        return Ok(None);
    }
    // Last: only one run at a time can remove a stale `.lock` file.
    let dot = dot_lock(&dot_path, now).map_err(|source| Error::Write { path: dot_path.clone(), source })?;
    let is_still_same = is_same_file()?;
    Ok(dot.filter(|_| is_still_same).map(|dot| LockedMbox { file, _dot: dot }))
}

/// Identifies a file, whatever its name.
fn file_id(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Creates the `.lock` file; `None` if another program holds it.
fn dot_lock(path: &Path, now: Instant) -> io::Result<Option<DotLock>> {
    match create_numbered(path) {
        Ok(()) => Ok(Some(DotLock(path.to_owned()))),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if is_stale(path, now) {
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

/// Creates the `.lock` file with our process number in it, at once: a program that is killed between creating and writing
/// it would leave a file without an owner. The temporary name is ours alone, because we hold the other locks.
fn create_numbered(path: &Path) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".gazetier-new");
    let temporary = Path::new(&temporary);
    let _ = fs::remove_file(temporary);
    let linked = write_number(temporary).is_ok().then(|| fs::hard_link(temporary, path));
    let _ = fs::remove_file(temporary);
    match linked {
        Some(Ok(())) => Ok(()),
        Some(Err(error)) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // Not all file systems have hard links.
        _ => write_number(path),
    }
}

fn write_number(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    writeln!(file, "{}", std::process::id())
}

/// Whether the program that created a `.lock` file has ended.
fn is_stale(path: &Path, now: Instant) -> bool {
    let (Ok(metadata), Ok(text)) = (fs::metadata(path), fs::read_to_string(path)) else { return false };
    let age = metadata.modified().map_or(chrono::Duration::zero(), |made| now - Instant::from(made));
    match text.trim().parse().ok().and_then(Pid::from_raw) {
        Some(process) => test_kill_process(process) == Err(Errno::SRCH) || age > NUMBERED_LOCK_MAX_AGE,
        None => age > UNNUMBERED_LOCK_MAX_AGE,
    }
}
