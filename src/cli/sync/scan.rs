//! What the folders of the sources hold now, beside what is known of them.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::Path,
};

use crate::{
    config::Source,
    import::{Error, Harvest, House, Warning, clean::CLEANER, folder, markdown},
    model::{Draft, column::fingerprint},
    store::SourceFile,
};

/// A file that was opened because something about it is new.
#[derive(Debug)]
pub(super) struct ReadFile<'a> {
    pub(super) source: &'a Source,
    /// As messages name it.
    pub(super) shown: String,
    /// What was known of it.
    pub(super) before: Option<SourceFile>,
    /// What is known of it now.
    pub(super) after: SourceFile,
    /// Its column; none if it is as it was, or cannot be taken.
    pub(super) column: Option<(Draft, markdown::Facts)>,
    pub(super) warnings: Vec<Warning>,
}

impl ReadFile<'_> {
    /// Whether why it is refused is news.
    pub(super) fn is_news(&self) -> bool {
        let told = self.before.as_ref().map(|before| (&before.content, &before.refused));
        told != Some((&self.after.content, &self.after.refused))
    }

    /// The column that this file gave and gives no more.
    pub(super) fn left_key(&self) -> Option<&str> {
        let before = self.before.as_ref()?.column_key.as_deref()?;
        let (draft, _) = self.column.as_ref()?;
        (draft.key != before).then_some(before)
    }
}

/// What one source's folder holds.
#[derive(Debug)]
pub(super) struct Scanned<'a> {
    pub(super) source: &'a Source,
    pub(super) read: Vec<ReadFile<'a>>,
    /// Files that were known and are not there any more.
    pub(super) gone: Vec<SourceFile>,
    pub(super) passed_over: Vec<folder::PassedOver>,
    /// Whether no file is left, of more than one.
    pub(super) emptied: bool,
    /// Who has each name: files that are there, by their columns' names.
    owners: HashMap<String, String>,
}

impl Scanned<'_> {
    /// Whether a file that is there has this name.
    pub(super) fn has(&self, key: &str) -> bool {
        self.owners.contains_key(key)
    }
}

/// What makes a column of a file's bytes: when it changes, all files are read again.
pub(super) fn make(config: &str) -> String {
    fingerprint([&CLEANER.to_string(), env!("CARGO_PKG_VERSION"), config])
}

/// Looks through a source's folder and opens what is new or has changed. `known` is what is known of
/// its files.
pub(super) fn scan<'a>(
    source: &'a Source,
    known: &HashMap<String, SourceFile>,
    make: &str,
    house: House<'_>,
) -> Result<Scanned<'a>, Error> {
    let contents = folder::contents(&source.folder, source.follow_links)?;
    let here: HashSet<&str> = contents.files.iter().map(|file| file.name.as_str()).collect();
    let gone: Vec<SourceFile> = known.values().filter(|file| !here.contains(&*file.path)).cloned().collect();
    let there = known.values().filter(|file| here.contains(&*file.path));
    let owners = there.filter_map(|file| Some((file.column_key.clone()?, file.path.clone()))).collect();
    let emptied = contents.files.is_empty() && known.len() > 1;
    let mut scanned = Scanned { source, read: Vec::new(), gone, passed_over: contents.passed_over, emptied, owners };
    scanned.gone.sort_by(|a, b| a.path.cmp(&b.path));
    for file in contents.files {
        let before = known.get(&file.name);
        let seen = format!("{} {make}", file.seen);
        let due = before.and_then(|before| before.due_at).is_some_and(|due| due <= house.at.timestamp_millis());
        let settled = before.is_some_and(|before| before.seen == seen && before.refused.is_none());
        if settled && !due {
            continue;
        }
        if let Some(read) = read(source, file, seen, before, due, make, house) {
            scanned.take(read);
        }
    }
    Ok(scanned)
}

impl<'a> Scanned<'a> {
    /// Takes a file that was read, unless another has its column's name.
    fn take(&mut self, mut read: ReadFile<'a>) {
        if let Some((draft, facts)) = &read.column {
            let own = read.after.path.as_str();
            match self.owners.get(&draft.key).filter(|owner| *owner != own) {
                Some(owner) => {
                    let twin = read.source.folder.join(owner).display().to_string();
                    let what = if facts.given_id { "has the id" } else { "is the column" };
                    read.after.refused =
                        Some(format!("{}: it {what} {:?} of {twin}: give one of them another", read.shown, draft.key));
                    read.after.column_key = read.before.as_ref().and_then(|before| before.column_key.clone());
                    read.column = None;
                }
                None => {
                    if let Some(left) = read.left_key()
                        && self.owners.get(left).is_some_and(|owner| owner == own)
                    {
                        self.owners.remove(left);
                    }
                    self.owners.insert(draft.key.clone(), own.to_owned());
                }
            }
        }
        self.read.push(read);
    }
}

/// Opens a file, and reads its column if that is not what it was; nothing if it has just gone.
fn read<'a>(
    source: &'a Source,
    file: folder::FoundFile,
    seen: String,
    before: Option<&SourceFile>,
    due: bool,
    make: &str,
    house: House<'_>,
) -> Option<ReadFile<'a>> {
    let column_key = before.and_then(|before| before.column_key.clone());
    let mut read = ReadFile {
        source,
        shown: file.path.display().to_string(),
        before: before.cloned(),
        after: SourceFile {
            source: source.name.clone(),
            path: file.name,
            column_key,
            content: String::new(),
            seen,
            due_at: before.and_then(|before| before.due_at),
            refused: None,
        },
        column: None,
        warnings: Vec::new(),
    };
    let bytes = match fs::read(&file.path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(source) => {
            read.after.refused = Some(Error::Read { path: file.path, source }.to_string());
            return Some(read);
        }
    };
    read.after.content = fingerprint([make.as_bytes(), &bytes]);
    // Touched, or copied anew: what is in it was taken already.
    if !due && before.is_some_and(|before| before.content == read.after.content && before.refused.is_none()) {
        return Some(read);
    }
    match column(&bytes, &file.path, &file.key, source, house) {
        Ok((draft, facts, warnings)) => {
            read.after.column_key = Some(draft.key.clone());
            read.after.due_at = facts.due.map(|due| due.timestamp_millis());
            read.column = Some((draft, facts));
            read.warnings = warnings;
        }
        Err(why) => read.after.refused = Some(why),
    }
    Some(read)
}

type Read = (Draft, markdown::Facts, Vec<Warning>);

/// The column in a file, or why it cannot be taken.
fn column(bytes: &[u8], path: &Path, key: &str, source: &Source, house: House<'_>) -> Result<Read, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("{}: not UTF-8 at byte {}: save it as UTF-8", path.display(), error.valid_up_to()))?;
    let mut own = Harvest::default();
    let facts = markdown::read(text, path, key, house, &mut own).map_err(|error| error.to_string())?;
    let mut draft = own.drafts.pop().ok_or_else(|| format!("{}: it holds no column", path.display()))?;
    markdown::assign(&mut draft, facts, source, house.magazine);
    Ok((draft, facts, own.warnings))
}
