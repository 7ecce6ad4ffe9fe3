//! A page of columns copied as text: a heading, then label, title and standfirst, a line each. A
//! column may have no label. There are no dates: the editors give them.

mod compared;
pub mod matching;
mod positions;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use chrono::Duration;

use super::{
    Error, ImportContext, ImportResult, SourceLocation,
    clean::CLEANER,
    folder::{self, FolderContents},
    front_matter::line_ends,
    markdown::in_years,
    parts::{MAX_LINE_CHARS, MAX_STANDFIRST_CHARS, check_length},
    source::{ColumnSource, KnownDocuments, SourceDocument},
    wrong,
};
use crate::model::{Draft, Instant, KnownColumn, Rubrique, Slug, Zone, text};

use matching::{MatchVerdict, PageColumn, StoredColumn, match_page};

pub const SOURCE: &str = "listing";

/// Which dates the columns get: the first one of the page the newest, each further one a step
/// earlier.
#[derive(Debug, Clone, Copy)]
pub struct ListingDates {
    pub newest: Instant,
    /// From one column to the next; its days are days of the calendar.
    pub step: Duration,
}

impl ListingDates {
    /// The date of a column, counted from the first of the page.
    fn of(self, place: i32, zone: &Zone) -> Option<Instant> {
        let days = Duration::days(self.step.num_days());
        let local = zone.local(self.newest).naive_local().checked_sub_signed(days.checked_mul(place)?)?;
        // The first column's own date, to the millisecond, also where its hour comes twice.
        let day = if place == 0 || days.is_zero() { self.newest } else { zone.instant(local) };
        day.checked_sub_signed((self.step - days).checked_mul(place)?)
    }
}

/// What an editor said of a line of the page that was in doubt.
#[derive(Debug, Clone, Default)]
pub struct ListingAnswers {
    /// Lines with a new column.
    pub new: Vec<usize>,
    /// Lines with a column of the store, by its name there.
    pub same: Vec<(usize, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineOutcome {
    New,
    /// One that the store has, as it is.
    Same,
    /// One that the store has, mended; its title until now.
    Changed(String),
    /// A new one, or one of these of the store, by name and title.
    Doubt(Vec<(String, String)>),
    /// What stands on the page already, at this line.
    Twice(usize),
}

/// A column of the page, and what it is to the store.
#[derive(Debug, Clone)]
pub struct ListingLine {
    pub place: SourceLocation,
    pub title: String,
    pub outcome: LineOutcome,
}

#[derive(Debug, Default)]
pub struct ListingPage {
    /// Its columns for the store; none of those in doubt.
    pub result: ImportResult,
    /// What each of its columns is to the store.
    pub lines: Vec<ListingLine>,
    /// Columns of the store that are missing in the middle of the page.
    pub gone: Vec<KnownColumn>,
}

impl ListingPage {
    /// Refuses a page with columns in doubt.
    pub fn refuse_doubt(&self) -> Result<(), Error> {
        let in_doubt = self.lines.iter().find_map(|line| match &line.outcome {
            LineOutcome::Doubt(known) => Some((line, known)),
            _ => None,
        });
        let Some((line, known)) = in_doubt else { return Ok(()) };
        let number = line.place.line.unwrap_or_default();
        let candidates: Vec<String> =
            known.iter().map(|(key, title)| format!("{title:?}, mended (--same {number}={key})")).collect();
        let message = format!(
            "{:?} may be a new column (--new {number}), or {}: say which; nothing was changed",
            line.title,
            candidates.join(", or ")
        );
        Err(wrong(&line.place, message))
    }
}

struct PageEntry<'a> {
    place: SourceLocation,
    rubrique: Option<&'a Rubrique>,
    title: String,
    standfirst: String,
}

/// A page of columns, copied into a file.
#[derive(Debug, Clone, Copy)]
pub struct ListingFile<'a> {
    pub path: &'a Path,
    pub dates: Option<ListingDates>,
    /// The columns that came from listings before.
    pub known: &'a HashMap<String, KnownColumn>,
    pub answers: &'a ListingAnswers,
}

impl ColumnSource for ListingFile<'_> {
    type Details = ListingPage;

    fn documents(&self, _: &KnownDocuments<'_>) -> Result<FolderContents, Error> {
        folder::single(self.path)
    }

    fn read(
        &self,
        document: SourceDocument<'_>,
        context: ImportContext<'_>,
        result: &mut ImportResult,
    ) -> Result<ListingPage, Error> {
        let file = document.path.display().to_string();
        let mut page = read(document.text, &file, context, self.dates, self.known, self.answers)?;
        let ImportResult { drafts, warnings, .. } = std::mem::take(&mut page.result);
        result.drafts.extend(drafts);
        result.warnings.extend(warnings);
        Ok(page)
    }
}

/// Reads a listing. `known` are the columns that came from listings before, whatever their page was
/// headed: one that was mended is recognised and keeps its name, its id and its dates.
fn read(
    text: &str,
    file: &str,
    context: ImportContext<'_>,
    dates: Option<ListingDates>,
    known: &HashMap<String, KnownColumn>,
    answers: &ListingAnswers,
) -> Result<ListingPage, Error> {
    let place = SourceLocation { file: file.to_owned(), line: None };
    let Some(dates) = dates else {
        return Err(wrong(
            &place,
            "a listing has no dates: say which the first column has and how far apart they lie, \
             for example with --newest 2026-11-20 --step 7d",
        ));
    };
    let mut page = ListingPage::default();
    let (heading, found) = split(&line_ends(text), &place, context, &mut page.result)?;
    let listing = heading.as_deref().and_then(Slug::from_text).map_or_else(|| "listing".to_owned(), String::from);
    let mut stored: Vec<&KnownColumn> = known.values().collect();
    stored.sort_by(|a, b| b.published.cmp(&a.published).then(a.key.cmp(&b.key)));
    let mut expected = Vec::with_capacity(found.len());
    for (column, number) in found.iter().zip(0..) {
        let date = dates.of(number, &context.magazine.zone).ok_or("the dates go back too far".to_owned());
        let date = date.and_then(|date| in_years(date, context.magazine));
        expected.push(date.map_err(|message| wrong(&column.place, format!("--newest, --step: {message}")))?);
    }
    let verdicts = match_with_store(&found, &stored, &listing, &expected, answers, dates)?;
    let mut used: HashSet<String> = known.keys().cloned().collect();
    let (mut taken, mut in_doubt) = (HashSet::new(), HashSet::new());
    let lines: Vec<usize> = found.iter().map(|found| found.place.line.unwrap_or_default()).collect();
    for ((column, verdict), date) in found.into_iter().zip(verdicts).zip(expected) {
        let (before, outcome) = match verdict {
            MatchVerdict::New => (None, LineOutcome::New),
            MatchVerdict::Same(old) => (Some(stored[old]), LineOutcome::Same),
            MatchVerdict::Changed(old) => (Some(stored[old]), LineOutcome::Changed(stored[old].title.clone())),
            MatchVerdict::Doubt(near) => {
                let near = near.into_iter().map(|old| (stored[old].key.clone(), stored[old].title.clone()));
                (None, LineOutcome::Doubt(near.collect()))
            }
            MatchVerdict::Twice(first) => (None, LineOutcome::Twice(lines[first])),
        };
        taken.extend(before.map(|known| known.key.clone()));
        if let LineOutcome::Doubt(near) = &outcome {
            in_doubt.extend(near.iter().map(|(key, _)| key.clone()));
        }
        let line = ListingLine { place: column.place.clone(), title: column.title.clone(), outcome };
        match &line.outcome {
            LineOutcome::Doubt(_) => {}
            LineOutcome::Twice(first) => {
                let message = format!("{:?} stands at line {first} already: taken once", line.title);
                page.result.warn(&line.place, message);
            }
            _ => page.result.drafts.push(draft(column, before, date, &listing, &mut used, context)?),
        }
        page.lines.push(line);
    }
    page.gone = gone(&stored, &taken, &listing);
    page.gone.retain(|known| !in_doubt.contains(&known.key));
    Ok(page)
}

/// Matches the page's columns with those of the store.
fn match_with_store(
    found: &[PageEntry<'_>],
    stored: &[&KnownColumn],
    listing: &str,
    expected: &[Instant],
    answers: &ListingAnswers,
    dates: ListingDates,
) -> Result<Vec<MatchVerdict>, Error> {
    let prefix = format!("{listing}/");
    let page: Vec<PageColumn<'_>> = found
        .iter()
        .zip(expected)
        .map(|(column, date)| PageColumn {
            title: &column.title,
            standfirst: &column.standfirst,
            expected: date.timestamp_millis(),
        })
        .collect();
    let old: Vec<StoredColumn<'_>> = stored
        .iter()
        .map(|known| StoredColumn {
            title: &known.title,
            standfirst: &known.standfirst,
            published: known.published.timestamp_millis(),
            same_heading: known.key.starts_with(&prefix),
        })
        .collect();
    let at = |line: usize| found.iter().position(|column| column.place.line == Some(line));
    let mut said = HashMap::new();
    let answered = answers.new.iter().map(|line| (*line, None));
    let answered = answered.chain(answers.same.iter().map(|(line, key)| (*line, Some(key))));
    for (line, key) in answered {
        let place =
            SourceLocation { file: found.first().map(|f| f.place.file.clone()).unwrap_or_default(), line: Some(line) };
        let own = at(line).ok_or_else(|| wrong(&place, "no column's title stands at this line"))?;
        let old = match key {
            None => None,
            Some(key) => {
                let position = stored.iter().position(|known| known.key == *key);
                Some(position.ok_or_else(|| wrong(&place, format!("--same: no column is named {key:?}")))?)
            }
        };
        said.insert(own, old);
    }
    Ok(match_page(&page, &old, &said, dates.step.num_milliseconds()))
}

fn draft(
    found: PageEntry<'_>,
    before: Option<&KnownColumn>,
    date: Instant,
    listing: &str,
    used: &mut HashSet<String>,
    context: ImportContext<'_>,
) -> Result<Draft, Error> {
    let key = before.map_or_else(|| new_key(&found.title, listing, used), |known| known.key.clone());
    let slug = key.rsplit('/').next().and_then(|slug| Slug::parse(slug).ok());
    let slug = slug.ok_or_else(|| wrong(&found.place, "its title holds no letter to make an address of"))?;
    let rubrique = found.rubrique.map(|r| r.slug.clone());
    let url = context.magazine.column_url(&slug, rubrique.as_ref());
    let date = before.map_or(date, |known| known.published);
    Ok(Draft {
        source: SOURCE.to_owned(),
        guid: before.map_or_else(|| context.magazine.tag(SOURCE, &key), |known| known.guid.clone()),
        url: url.map_err(|error| wrong(&found.place, error))?,
        key,
        rubrique,
        title: found.title,
        standfirst: found.standfirst,
        byline: None,
        bylines: Vec::new(),
        tags: Vec::new(),
        body_raw: String::new(),
        body: String::new(),
        cleaner: CLEANER,
        image: None,
        audio: None,
        published: date,
        updated: date,
        // What was withdrawn by hand stays so, though the page still has it.
        withdrawn: before.is_some_and(|known| known.withdrawn),
    })
}

/// A name for a new column, made of its page's heading and its title.
fn new_key(title: &str, listing: &str, used: &mut HashSet<String>) -> String {
    let slug = Slug::from_text(title).map_or_else(|| "column".to_owned(), String::from);
    let mut key = format!("{listing}/{slug}");
    let mut count = 2;
    while !used.insert(key.clone()) {
        key = format!("{listing}/{slug}-{count}");
        count += 1;
    }
    key
}

/// Columns of the same pages that are younger than the oldest that is left, and missing. That the
/// oldest leave a page is how pages are.
fn gone(stored: &[&KnownColumn], taken: &HashSet<String>, listing: &str) -> Vec<KnownColumn> {
    let page = |key: &str| key.rsplit_once('/').map_or_else(String::new, |(page, _)| page.to_owned());
    let mut pages: HashSet<String> = taken.iter().map(|key| page(key)).collect();
    pages.insert(listing.to_owned());
    let oldest = stored.iter().filter(|known| taken.contains(&known.key)).map(|known| known.published).min();
    let is_gone = |known: &&&KnownColumn| {
        let missing = !known.withdrawn && !taken.contains(&known.key);
        missing && oldest.is_some_and(|oldest| known.published >= oldest) && pages.contains(&page(&known.key))
    };
    stored.iter().filter(is_gone).map(|known| (*known).clone()).collect()
}

/// Splits the page into its heading and its columns.
fn split<'a>(
    text: &str,
    page: &SourceLocation,
    context: ImportContext<'a>,
    result: &mut ImportResult,
) -> Result<(Option<String>, Vec<PageEntry<'a>>), Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let mut lines = lines.filter(|(_, line)| !line.is_empty()).peekable();
    let label = |line: &str| Rubrique::find(context.rubriques, line);

    let (_, first) = *lines.peek().ok_or_else(|| wrong(page, "it is empty"))?;
    let mut heading = None;
    let second_is_label = lines.clone().nth(1).is_some_and(|(_, line)| label(line).is_some());
    // A page may be headed by the name of its only rubrique: then a label follows at once.
    if label(first).is_none() || second_is_label {
        heading = lines.next().map(|(_, line)| line.to_owned());
    }

    let mut found = Vec::new();
    let mut unlabelled: Option<(usize, &str)> = None;
    while let Some((number, line)) = lines.next() {
        let at = |line| SourceLocation { file: page.file.clone(), line: Some(line) };
        let suspect = |unlabelled: Option<(usize, &str)>| {
            unlabelled.map_or_else(String::new, |(number, line)| {
                format!(
                    "; a column without a label begins at line {number}: if {line:?} is a label, \
                     add its rubrique to the configuration"
                )
            })
        };
        let rubrique = label(line);
        let (number, title) = match rubrique {
            None => {
                // A label is shorter than a title: the shortest is the first to be suspected.
                unlabelled = unlabelled.filter(|(_, before)| before.len() <= line.len()).or(Some((number, line)));
                (number, line)
            }
            Some(_) => lines.next().ok_or_else(|| wrong(&at(number), "a title should follow this label"))?,
        };
        let missing = format!("a standfirst should follow this title{}", suspect(unlabelled));
        let (below, standfirst) = lines.next().ok_or_else(|| wrong(&at(number), &missing))?;
        if label(standfirst).is_some() {
            return Err(wrong(&at(below), format!("a label stands where {missing}")));
        }
        if rubrique.is_none() {
            // Without a label, only their lengths tell a title from a standfirst.
            if standfirst.chars().count() < title.chars().count() {
                let message = format!("this is shorter than the title above it{}", suspect(unlabelled));
                return Err(wrong(&at(below), message));
            }
            result.warn(&at(number), format!("{title:?} has no rubrique: it is in the feed of all columns alone"));
        }
        let found_here = PageEntry {
            rubrique,
            title: text::one_line(&result.legal(&at(number), "title", title)),
            standfirst: text::one_line(&result.legal(&at(below), "standfirst", standfirst)),
            place: at(number),
        };
        check_length("the title", &found_here.title, MAX_LINE_CHARS, &found_here.place)?;
        check_length("the standfirst", &found_here.standfirst, MAX_STANDFIRST_CHARS, &at(below))?;
        found.push(found_here);
    }
    if found.is_empty() {
        return Err(wrong(page, "it holds no column: write label, title and standfirst, a line each"));
    }
    Ok((heading, found))
}
