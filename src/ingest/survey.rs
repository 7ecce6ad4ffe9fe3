//! What a source would give, without a store: how many columns and drafts, what would be refused and why, and what readers
//! would not see.

use std::collections::{BTreeMap, HashMap};

use super::{
    Error, ImportContext, ImportResult, SourceLocation,
    folder::{self, FolderContents, FoundFile},
    records::{RecordFile, WHOLE_FILE},
    remote::FetchedFeed,
    source::{self, ColumnSource, KnownDocuments, SourceDocument},
    wrong,
};
use crate::config::Source;

/// What a source would give.
#[derive(Debug, Default)]
pub struct Survey {
    /// Columns that readers would see at once.
    pub published: usize,
    /// Columns whose hour is still to come.
    pub waiting: usize,
    /// What is not for readers, or not any more.
    pub drafts: usize,
    /// Pages and the like: how many, and one of them.
    pub no_columns: Option<(usize, String)>,
    /// What would be refused, by its reason.
    pub refused: MessageGroups,
    /// What would be told of those that are taken.
    pub told: MessageGroups,
    /// Categories that are no rubrique, with how many columns have them.
    pub labels: BTreeMap<String, usize>,
}

impl Survey {
    /// How many columns would be taken.
    pub fn taken(&self) -> usize {
        self.published + self.waiting
    }
}

/// Messages that say the same of different documents.
#[derive(Debug, Default)]
pub struct MessageGroups(BTreeMap<String, MessageGroup>);

/// Messages of one kind: the first of them.
#[derive(Debug)]
pub struct MessageGroup {
    pub count: usize,
    pub message: String,
    pub place: SourceLocation,
}

impl MessageGroups {
    fn add(&mut self, place: SourceLocation, message: String) {
        let group = self.0.entry(pattern(&message)).or_insert(MessageGroup { count: 0, message, place });
        group.count += 1;
    }

    /// The groups, the largest first.
    pub fn largest_first(&self) -> Vec<&MessageGroup> {
        let mut groups: Vec<&MessageGroup> = self.0.values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        groups
    }

    /// How many messages there are.
    pub fn count(&self) -> usize {
        self.0.values().map(|group| group.count).sum()
    }
}

/// A message without what is different from document to document: numbers, and what stands in quotation marks.
fn pattern(message: &str) -> String {
    let parts = message.split('"').enumerate().map(|(index, part)| {
        let outside = index % 2 == 0;
        if outside { part.replace(|c: char| c.is_ascii_digit(), "") } else { String::new() }
    });
    parts.collect::<Vec<_>>().join("\"")
}

/// Reads all of a source; of a feed that was fetched, what the server gave.
pub fn survey(source: &Source, fetched: Option<&FetchedFeed>, context: ImportContext<'_>) -> Result<Survey, Error> {
    let known = KnownDocuments { at: context.at, ..KnownDocuments::default() };
    let contents = match fetched {
        Some(feed) => RecordFile::fetched(source, feed).documents(&known)?,
        None => source::open(source).documents(&known)?,
    };
    let FolderContents { files, passed_over, .. } = contents;
    let mut survey = Survey::default();
    for passed in passed_over {
        survey.refused.add(SourceLocation { file: passed.name, line: None }, passed.why);
    }
    let mut seen = Seen::default();
    for file in files.iter().filter(|file| !(source.kind.is_one_file() && file.name == WHOLE_FILE)) {
        match read(source, file, context) {
            Ok(result) => survey.take(result, file, source, context, &mut seen),
            Err(Error::NoColumn { .. }) => {
                let pages = survey.no_columns.get_or_insert_with(|| (0, file.name.clone()));
                pages.0 += 1;
            }
            Err(Error::Wrong { place, message }) => survey.refused.add(place, message),
            Err(error @ Error::Read { .. }) => {
                survey.refused.add(SourceLocation { file: source.shown(&file.name), line: None }, error.to_string());
            }
        }
    }
    Ok(survey)
}

/// What no two columns may have in common.
#[derive(Default)]
struct Seen {
    keys: HashMap<String, String>,
    guids: HashMap<String, String>,
    addresses: HashMap<String, String>,
}

fn read(source: &Source, file: &FoundFile, context: ImportContext<'_>) -> Result<ImportResult, Error> {
    let shown = || SourceLocation { file: source.shown(&file.name), line: None };
    let bytes = file.bytes().map_err(|error| Error::Read { path: file.path.clone(), source: error })?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| wrong(&shown(), format!("not UTF-8 at byte {}: save it as UTF-8", error.valid_up_to())))?;
    let is_record = file.record.is_some();
    let key = if is_record { file.name.clone() } else { folder::key(&file.path, Some(&source.path)) };
    let mut result = ImportResult::default();
    source::open(source).read(SourceDocument { path: &file.path, key: &key, text }, context, &mut result)?;
    Ok(result)
}

impl Survey {
    fn take(
        &mut self,
        result: ImportResult,
        file: &FoundFile,
        source: &Source,
        context: ImportContext<'_>,
        seen: &mut Seen,
    ) {
        let place = || SourceLocation { file: source.shown(&file.name), line: None };
        for draft in result.drafts {
            let taken = |known: &mut HashMap<String, String>, what: &str, value: &str| {
                let owner = known.insert(value.to_owned(), source.shown(&file.name))?;
                Some(format!("it has the {what} {value:?} of {owner:?}: give one of them another"))
            };
            let twin = taken(&mut seen.keys, "id", &draft.key).or_else(|| taken(&mut seen.guids, "guid", &draft.guid));
            if let Some(why) = twin {
                self.refused.add(place(), why);
                return;
            }
            if draft.withdrawn {
                self.drafts += 1;
            } else if draft.published > context.at {
                self.waiting += 1;
            } else {
                self.published += 1;
            }
            if !draft.withdrawn
                && let Some(owner) = seen.addresses.insert(draft.url.to_string(), source.shown(&file.name))
            {
                let message = format!("its address {:?} is that of {owner:?}: it gets another one", draft.url.as_str());
                self.told.add(place(), message);
            }
        }
        for warning in result.warnings {
            self.told.add(warning.place, warning.message);
        }
        for label in result.labels {
            *self.labels.entry(label).or_default() += 1;
        }
    }
}
