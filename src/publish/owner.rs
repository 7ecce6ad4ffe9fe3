//! Whose the feeds' folder is. A file in it names the magazine, so that two do not write over one another, and
//! the editions that have gone out, so that a store which is older than they are is found out. It is hidden:
//! `gazetier serve` serves no such file, and the snippets have other servers keep it to themselves.

use std::{
    fs::{self, File, Permissions},
    io::{ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    Error,
    target::{STAGED_PREFIX, make_folder},
};
use crate::{
    model::{EditionKey, Instant, Period},
    store::Magazine,
};

const OWNER_FILE: &str = ".gazetier";

/// How many editions of each newsletter are kept in mind.
const MAX_EDITIONS: usize = 8;

/// An edition that went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentEdition {
    newsletter: String,
    /// In milliseconds since 1970.
    cutoff: i64,
    period: String,
    /// How many of its letters were sent or refused when it was last looked at.
    out: i64,
}

impl SentEdition {
    /// An edition of which so many letters are sent or refused.
    pub fn new(key: &EditionKey, period: &Period, out: i64) -> Self {
        let newsletter = key.newsletter.to_string();
        Self { newsletter, cutoff: key.cutoff.timestamp_millis(), period: period.to_string(), out }
    }

    /// Its cutoff; none where the file holds what is no instant.
    pub fn cutoff(&self) -> Option<Instant> {
        Instant::from_timestamp_millis(self.cutoff)
    }

    pub fn period(&self) -> Period {
        Period::from_key(&self.period)
    }

    pub fn out(&self) -> i64 {
        self.out
    }

    /// Whether it is the edition with a key.
    pub fn is(&self, key: &EditionKey) -> bool {
        self.newsletter == key.newsletter.as_str() && self.cutoff == key.cutoff.timestamp_millis()
    }

    /// Whether it is one of a newsletter.
    pub fn is_of(&self, newsletter: &str) -> bool {
        self.newsletter == newsletter
    }
}

/// Who publishes in a folder, as the file in it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderOwner {
    magazine: String,
    name: String,
    address: String,
    #[serde(default)]
    editions: Vec<SentEdition>,
}

impl FolderOwner {
    /// A magazine, with no edition yet.
    fn new(magazine: &Magazine) -> Self {
        let Magazine { id, name, address, .. } = magazine;
        Self { magazine: id.clone(), name: name.clone(), address: address.clone(), editions: Vec::new() }
    }

    /// What a folder's file says; none if there is no such file.
    pub fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(OWNER_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(Error::UnreadableOwner { path, why: error.to_string() }),
        };
        serde_json::from_str(&text).map(Some).map_err(|error| Error::UnreadableOwner { path, why: error.to_string() })
    }

    /// Whether it is this magazine, by this store.
    fn is(&self, magazine: &Magazine) -> bool {
        self.magazine == magazine.id
    }

    /// Whether it is this magazine, by this store or by another one: its editions are ours.
    fn is_called(&self, magazine: &Magazine) -> bool {
        self.is(magazine) || (&self.name, &self.address) == (&magazine.name, &magazine.address)
    }

    /// The editions that went out, of a magazine; none if it is another's folder.
    pub fn editions(folder: &Path, magazine: &Magazine) -> Result<Vec<SentEdition>, Error> {
        let owner = Self::read(folder)?.filter(|owner| owner.is_called(magazine));
        Ok(owner.map(|owner| owner.editions).unwrap_or_default())
    }

    /// Takes a folder for a magazine, if it is nobody's; refuses it, if it is another's.
    pub fn claim(folder: &Path, magazine: &Magazine) -> Result<(), Error> {
        match Self::read(folder)? {
            Some(owner) if owner.is(magazine) => Ok(()),
            Some(owner) => Err(owner.foreign(folder)),
            None => {
                if Self::new(magazine).write(folder, false)? {
                    return Ok(());
                }
                // Of two that come at once, one gets it.
                Self::claim_again(folder, magazine)
            }
        }
    }

    fn claim_again(folder: &Path, magazine: &Magazine) -> Result<(), Error> {
        match Self::read(folder)? {
            Some(owner) if !owner.is(magazine) => Err(owner.foreign(folder)),
            _ => Ok(()),
        }
    }

    /// Refuses a folder that is another magazine's.
    pub fn check(folder: &Path, magazine: &Magazine) -> Result<(), Error> {
        match Self::read(folder)? {
            Some(owner) if !owner.is(magazine) => Err(owner.foreign(folder)),
            _ => Ok(()),
        }
    }

    /// Takes a folder for a magazine, whoever had it; gives who that was.
    pub fn take_over(folder: &Path, magazine: &Magazine) -> Result<Option<String>, Error> {
        // What cannot be read is replaced, too: it was asked for.
        let before = Self::read(folder).ok().flatten();
        let mut owner = Self::new(magazine);
        if let Some(before) = before.as_ref().filter(|before| before.is_called(magazine)) {
            owner.editions.clone_from(&before.editions);
        }
        owner.write(folder, true)?;
        Ok(before.filter(|before| !before.is(magazine)).map(|before| before.name))
    }

    /// Keeps in mind how an edition stands, instead of what the folder said of it, or of the edition with a cutoff
    /// that it had `before`. A folder that is another magazine's is left alone.
    pub fn note(
        folder: &Path,
        magazine: &Magazine,
        sent: &SentEdition,
        before: Option<&EditionKey>,
    ) -> Result<(), Error> {
        let found = Self::read(folder)?;
        if found.as_ref().is_some_and(|owner| !owner.is(magazine)) {
            return Ok(());
        }
        let mut owner = found.clone().unwrap_or_else(|| Self::new(magazine));
        let same = |other: &SentEdition| other.newsletter == sent.newsletter && other.cutoff == sent.cutoff;
        owner.editions.retain(|other| !same(other) && !before.is_some_and(|before| other.is(before)));
        owner.editions.push(sent.clone());
        owner.editions.sort_by_key(|other| (other.newsletter.clone(), other.cutoff));
        let ours = owner.editions.iter().filter(|other| other.newsletter == sent.newsletter).count();
        let oldest = owner.editions.iter().position(|other| other.newsletter == sent.newsletter);
        if let Some(oldest) = oldest.filter(|_| ours > MAX_EDITIONS) {
            owner.editions.drain(oldest..oldest + ours - MAX_EDITIONS);
        }
        if found.as_ref() != Some(&owner) {
            owner.write(folder, true)?;
        }
        Ok(())
    }

    /// Writes the file, whole or not at all; false if there is one already and it is not to be replaced.
    fn write(&self, folder: &Path, replace: bool) -> Result<bool, Error> {
        let path = folder.join(OWNER_FILE);
        let wrong = |source| Error::Write { path: path.clone(), source };
        if !folder.is_dir() {
            make_folder(folder).map_err(wrong)?;
        }
        let text = serde_json::to_string_pretty(self).map_err(|error| wrong(error.into()))?;
        let mut file = tempfile::Builder::new().prefix(STAGED_PREFIX).tempfile_in(folder).map_err(wrong)?;
        file.write_all(text.as_bytes()).map_err(wrong)?;
        // Whoever publishes in the folder must find out whose it is.
        file.as_file().set_permissions(Permissions::from_mode(0o644)).map_err(wrong)?;
        file.as_file().sync_all().map_err(wrong)?;
        let kept = if replace { file.persist(&path) } else { file.persist_noclobber(&path) };
        match kept {
            Ok(_) => File::open(folder).and_then(|folder| folder.sync_all()).map(|()| true).map_err(wrong),
            Err(error) if !replace && error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(wrong(error.error)),
        }
    }

    fn foreign(self, folder: &Path) -> Error {
        let Self { magazine, name, address, .. } = self;
        Error::Foreign { folder: folder.to_owned(), name, address, id: magazine }
    }

    /// Where the file is, for messages.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(OWNER_FILE)
    }
}
