//! Where a source's folder is, in words that the store keeps: a folder is read by the machine and
//! the path that read it first, so that two checkouts of different age do not undo one another. An address is the same
//! everywhere, and is nobody's.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::Error;
use crate::{
    config::{SourceUrl, StoreUrl},
    model::column::fingerprint,
};

/// Names this machine, where nothing else does or it should be another.
const MACHINE_VARIABLE: &str = "GAZETIER_MACHINE";

/// How places are told from one another: a store on a server is read from many machines; a SQLite
/// file moves with the folders around it.
#[derive(Debug)]
pub(super) enum SourcePlaces {
    /// By machine and path.
    Machine(String),
    /// By the path from the store's folder.
    Beside(PathBuf),
}

impl SourcePlaces {
    pub(super) fn new(store: &StoreUrl) -> Result<Self, Error> {
        match store {
            StoreUrl::Postgres { .. } => Ok(Self::Machine(machine()?)),
            StoreUrl::Sqlite(file) => {
                let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new("."));
                Ok(Self::Beside(folder.canonicalize().unwrap_or_else(|_| folder.to_owned())))
            }
        }
    }

    /// The place of a folder or file; an error if it is not there.
    pub(super) fn of(&self, path: &Path) -> io::Result<String> {
        let full = path.canonicalize()?;
        Ok(match self {
            Self::Machine(machine) => format!("{machine}:{}", full.display()),
            Self::Beside(store) => from(store, &full).display().to_string(),
        })
    }

    /// Whether nobody reads a place: it was on this machine and is there no more, or is an address.
    pub(super) fn is_gone(&self, place: &str) -> bool {
        match self {
            _ if SourceUrl::is_place(place) => true,
            Self::Machine(machine) => {
                let path = place.strip_prefix(machine.as_str()).and_then(|rest| rest.strip_prefix(':'));
                path.is_some_and(|path| !Path::new(path).exists())
            }
            Self::Beside(store) => !store.join(place).exists(),
        }
    }

    /// Whether a place is on another machine.
    pub(super) fn is_elsewhere(&self, place: &str) -> bool {
        match self {
            _ if SourceUrl::is_place(place) => false,
            Self::Machine(machine) => !place.starts_with(&format!("{machine}:")),
            Self::Beside(_) => false,
        }
    }
}

/// A path as it is reached from a folder.
fn from(folder: &Path, path: &Path) -> PathBuf {
    let (folder, path): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (folder.components().collect(), path.components().collect());
    let common = folder.iter().zip(&path).take_while(|(a, b)| a == b).count();
    let up = folder[common..].iter().map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(path[common..].iter().copied()).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

/// A name for this machine that no other has: what the environment says, what the system says (not
/// as it stands: it is not for others), or a number drawn once.
fn machine() -> Result<String, Error> {
    if let Ok(name) = std::env::var(MACHINE_VARIABLE)
        && !name.trim().is_empty()
    {
        return Ok(name.trim().replace(':', "-"));
    }
    if let Some(id) = fs::read_to_string("/etc/machine-id").ok().filter(|id| id.trim().len() >= 16) {
        return Ok(fingerprint(["gazetier", id.trim()]));
    }
    let no_id = |why: &str| Error::NoMachineId { why: why.to_owned(), variable: MACHINE_VARIABLE };
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let folder = state.or_else(home).ok_or_else(|| no_id("HOME is not set"))?.join("gazetier");
    let file = folder.join("machine");
    if let Some(id) = fs::read_to_string(&file).ok().filter(|id| id.trim().len() == 32) {
        return Ok(id.trim().to_owned());
    }
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| no_id(&error.to_string()))?;
    let id = data_encoding::HEXLOWER.encode(&random);
    let cannot = |error: io::Error| no_id(&format!("cannot write {}: {error}", file.display()));
    fs::create_dir_all(&folder).map_err(cannot)?;
    // Of two first runs at once, the first to give its file this name wins.
    let own = tempfile::NamedTempFile::new_in(&folder).map_err(cannot)?;
    fs::write(own.path(), &id).map_err(cannot)?;
    match own.persist_noclobber(&file) {
        Ok(_) => Ok(id),
        Err(_) => Ok(fs::read_to_string(&file).map_err(cannot)?.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_a_folder() {
        for (folder, path, way) in
            [("/a/b", "/a/b/c", "c"), ("/a/b", "/a/c/d", "../c/d"), ("/a", "/a", "."), ("/a/b/c", "/x", "../../../x")]
        {
            assert_eq!(from(Path::new(folder), Path::new(path)), PathBuf::from(way));
        }
    }
}
