//! What the archives' folders look like from outside: while each of them has its inode and its times, no
//! file in them came or went, and a run with nothing new need not list them. Any difference counts, also
//! to what is older: a folder that was brought back from a backup is another one.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use chrono::Duration;
use rustix::fs::{AtFlags, Dir, Mode, OFlags, statat};

use super::forms;
use crate::model::{FeedKey, Instant, column::fingerprint};

/// How coarse the times of a file system may be.
const TIMESTAMP_GRANULARITY: Duration = Duration::seconds(2);

/// The archives' folders of some feeds.
#[derive(Debug, Default)]
pub(super) struct FolderStamp {
    entries: Vec<u8>,
    /// The last time of all, in milliseconds.
    newest: i64,
}

impl FolderStamp {
    /// Looks at the folders of these feeds.
    pub(super) fn of(root: &Path, feeds: &[FeedKey]) -> Self {
        let mut stamp = Self::default();
        for feed in feeds {
            let folder = root.join(forms::archive_folder(feed));
            stamp.entries.extend_from_slice(feed.key().as_bytes());
            // One that is not there looks like nothing else.
            if let Ok(meta) = fs::metadata(&folder) {
                let times = [(meta.mtime(), meta.mtime_nsec()), (meta.ctime(), meta.ctime_nsec())];
                stamp.add(b".", meta.ino(), times);
                stamp.add_folder(&folder);
            }
            stamp.entries.push(0);
        }
        stamp
    }

    /// Looks at the documents' folders in one. Where that fails, it looks like nothing that was seen whole.
    fn add_folder(&mut self, folder: &Path) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(opened) = rustix::fs::open(folder, flags, Mode::empty()) else { return };
        let Ok(entries) = Dir::read_from(&opened) else { return };
        for entry in entries {
            let Ok(entry) = entry else { return self.entries.push(1) };
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            match statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => {
                    let number = |part: u64| i64::try_from(part).unwrap_or_default();
                    let times =
                        [(stat.st_mtime, number(stat.st_mtime_nsec)), (stat.st_ctime, number(stat.st_ctime_nsec))];
                    self.add(name.to_bytes(), stat.st_ino, times);
                }
                Err(_) => self.entries.push(1),
            }
        }
    }

    fn add(&mut self, name: &[u8], inode: u64, times: [(i64, i64); 2]) {
        self.entries.extend_from_slice(name);
        self.entries.push(0);
        self.entries.extend_from_slice(&inode.to_be_bytes());
        for (seconds, nanos) in times {
            self.entries.extend_from_slice(&seconds.to_be_bytes());
            self.entries.extend_from_slice(&nanos.to_be_bytes());
            self.newest = self.newest.max(seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000));
        }
    }

    /// Whether whatever changes now gives the folders other times than they have: what happens twice
    /// within the coarseness of these looks like once.
    pub(super) fn is_settled(&self, clock: Instant) -> bool {
        self.newest < (clock - TIMESTAMP_GRANULARITY).timestamp_millis()
    }

    /// A fingerprint of how they look, and of what they were compared with.
    pub(super) fn fingerprint(&self, compared: &[&str]) -> String {
        fingerprint(compared.iter().map(|part| part.as_bytes()).chain([&*self.entries]))
    }
}
