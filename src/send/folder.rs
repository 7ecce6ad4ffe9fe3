//! The `file:` relay: a folder that gets one `.eml` file a letter. A letter has one name and the
//! same bytes at every attempt, so that writing it twice leaves one.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::Error;
use crate::{
    edition::render::letter::RenderedLetter,
    model::{Period, ReaderId},
    store::search::count_in_file,
};

/// The editions of which letters are in the folder, by what they are called.
pub fn periods(folder: &Path) -> BTreeSet<Period> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let period = |name: std::ffi::OsString| {
        let (period, rest) = name.to_str()?.split_once('.')?;
        let (reader, end) = rest.split_once('.')?;
        (end == "eml" && reader.parse::<ReaderId>().is_ok()).then(|| Period::from_key(period))
    };
    names.filter_map(period).collect()
}

/// Writes letters into the folder and brings them to the disk.
pub(super) fn put(folder: &Path, period: &Period, letters: &[(ReaderId, RenderedLetter)]) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(wrong(folder))?;
    for (reader, letter) in letters {
        write(folder, &format!("{period}.{reader}.eml"), letter)?;
    }
    sync(folder)
}

/// Writes one letter under a name of its own.
pub(crate) fn put_one(folder: &Path, name: &str, letter: &RenderedLetter) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(wrong(folder))?;
    write(folder, name, letter)?;
    sync(folder)
}

/// Removes the letters of one reader: those of editions, which are named after the reader, and those that serve one
/// person, which have one of these names or say that they go to this address.
pub(super) fn forget(folder: &Path, reader: ReaderId, address: &str, names: &[String]) -> Result<(), Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(wrong(folder)(error)),
    };
    let own = format!(".{reader}.eml");
    for entry in entries {
        let entry = entry.map_err(wrong(folder))?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let service = name.strip_prefix("service.").and_then(|name| name.strip_suffix(".eml"));
        let is_theirs = name.ends_with(&own)
            || match service {
                Some(service) if names.iter().any(|name| name == service) => true,
                Some(_) => count_in_file(&path, address).map_err(wrong(&path))? > 0,
                None => false,
            };
        if is_theirs {
            fs::remove_file(&path).map_err(wrong(&path))?;
        }
    }
    sync(folder)
}

/// Removes letters that were written before an instant.
pub(super) fn forget_older(folder: &Path, older: SystemTime) -> Result<u64, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(wrong(folder)(error)),
    };
    let mut count = 0;
    for entry in entries {
        let entry = entry.map_err(wrong(folder))?;
        let path = entry.path();
        let is_letter = path.extension().is_some_and(|ending| ending == "eml");
        let written = entry.metadata().and_then(|meta| meta.modified()).map_err(wrong(&path))?;
        if is_letter && written < older {
            fs::remove_file(&path).map_err(wrong(&path))?;
            count += 1;
        }
    }
    Ok(count)
}

fn write(folder: &Path, name: &str, letter: &RenderedLetter) -> Result<(), Error> {
    let path = folder.join(name);
    let mut file = tempfile::Builder::new().prefix(".letter-").tempfile_in(folder).map_err(wrong(&path))?;
    file.write_all(letter.text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(wrong(&path))?;
    file.persist(&path).map(drop).map_err(|error| wrong(&path)(error.error))
}

fn sync(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(wrong(folder))
}

fn wrong(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path: PathBuf = path.to_owned();
    move |source| Error::Write { path: path.clone(), source }
}
