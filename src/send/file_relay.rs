//! The `file:` relay: writes each letter into a folder, as one `.eml` file. A letter has the same name and the same
//! bytes at every attempt, so that writing it twice leaves one.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::Error;
use crate::{
    config::{Config, Relays},
    edition::render::letter::Written,
    model::{Period, ReaderId},
    store::search::count_in_file,
};

/// The folder that letters are written into, if they are.
pub fn folder(config: &Config) -> Option<&PathBuf> {
    match &config.relays {
        Relays::Folder(folder) => Some(folder),
        Relays::Smtp(_) => None,
    }
}

/// The editions of which letters are in the folder.
pub fn periods(folder: &Path) -> BTreeSet<Period> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let period = |name: std::ffi::OsString| {
        let (period, rest) = name.to_str()?.split_once('.')?;
        let (reader, end) = rest.split_once('.')?;
        (end == "eml" && reader.parse::<ReaderId>().is_ok()).then(|| Period::from_key(period))
    };
    names.filter_map(period).collect()
}

/// Writes letters of an edition into the folder, and syncs it.
pub(super) fn write_edition(folder: &Path, period: &Period, letters: &[(ReaderId, Written)]) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(write_error(folder))?;
    for (reader, letter) in letters {
        write(folder, &format!("{period}.{reader}.eml"), letter)?;
    }
    sync(folder)
}

/// Writes one letter under this name.
pub(super) fn write_one(folder: &Path, name: &str, letter: &Written) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(write_error(folder))?;
    write(folder, name, letter)?;
    sync(folder)
}

/// Removes the letters to one reader: those of editions, which are named after the reader, and service letters, which
/// have one of these names or hold this address.
pub(crate) fn remove_reader(
    folder: &Path,
    reader: ReaderId,
    address: &str,
    service_names: &[String],
) -> Result<(), Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(write_error(folder)(error)),
    };
    let own = format!(".{reader}.eml");
    for entry in entries {
        let entry = entry.map_err(write_error(folder))?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let service = name.strip_prefix("service.").and_then(|name| name.strip_suffix(".eml"));
        let is_theirs = name.ends_with(&own)
            || match service {
                Some(service) if service_names.iter().any(|name| name == service) => true,
                Some(_) => count_in_file(&path, address).map_err(write_error(&path))? > 0,
                None => false,
            };
        if is_theirs {
            fs::remove_file(&path).map_err(write_error(&path))?;
        }
    }
    sync(folder)
}

/// Removes letters that were written before an instant.
pub(crate) fn remove_older(folder: &Path, older: SystemTime) -> Result<u64, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(write_error(folder)(error)),
    };
    let mut count = 0;
    for entry in entries {
        let entry = entry.map_err(write_error(folder))?;
        let path = entry.path();
        let is_letter = path.extension().is_some_and(|ending| ending == "eml");
        let written = entry.metadata().and_then(|meta| meta.modified()).map_err(write_error(&path))?;
        if is_letter && written < older {
            fs::remove_file(&path).map_err(write_error(&path))?;
            count += 1;
        }
    }
    Ok(count)
}

fn write(folder: &Path, name: &str, letter: &Written) -> Result<(), Error> {
    let path = folder.join(name);
    let mut file = tempfile::Builder::new().prefix(".letter-").tempfile_in(folder).map_err(write_error(&path))?;
    file.write_all(letter.text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(write_error(&path))?;
    file.persist(&path).map(drop).map_err(|error| write_error(&path)(error.error))
}

fn sync(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(write_error(folder))
}

fn write_error(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path: PathBuf = path.to_owned();
    move |source| Error::Write { path: path.clone(), source }
}
