//! The `file:` relay: a folder that gets one `.eml` file a letter. A letter has one name and the
//! same bytes at every attempt, so that writing it twice leaves one.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use super::Error;
use crate::{digest::letter::Written, model::Period};

/// Writes letters into the folder and brings them to the disk.
pub(super) fn put(folder: &Path, period: &Period, letters: &[(i64, Written)]) -> Result<(), Error> {
    let wrong = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    fs::create_dir_all(folder).map_err(wrong(folder))?;
    for (subscriber, letter) in letters {
        let path = path(folder, period, *subscriber);
        let mut file = tempfile::Builder::new().prefix(".letter-").tempfile_in(folder).map_err(wrong(&path))?;
        file.write_all(letter.text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(wrong(&path))?;
        file.persist(&path).map_err(|error| wrong(&path)(error.error))?;
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(wrong(folder))
}

fn path(folder: &Path, period: &Period, subscriber: i64) -> PathBuf {
    folder.join(format!("{period}.{subscriber}.eml"))
}
