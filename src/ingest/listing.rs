//! A page of columns copied as text: a heading, then label, title and standfirst, a line each. A
//! column may have no label. There are no dates: the editors give them.

mod compared;
pub mod matching;
mod places;

use std::collections::{HashMap, HashSet};

use chrono::Duration;

use super::{
    Error, Harvest, House, Place,
    clean::CLEANER,
    front::line_ends,
    markdown::{LONGEST_LINE, LONGEST_STANDFIRST, in_years, short},
    wrong,
};
use crate::model::{Draft, Instant, KnownColumn, Rubrique, Slug, Zone, text};

use matching::{PageColumn, StoredColumn, Verdict, match_page};

/// The name of this source in the store.
pub const SOURCE: &str = "listing";

/// Which dates the columns get: the first one of the page the newest, each further one a step
/// earlier.
#[derive(Debug, Clone, Copy)]
pub struct Dates {
    /// The first column's.
    pub newest: Instant,
    /// From one column to the next; its days are days of the calendar.
    pub step: Duration,
}

impl Dates {
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
pub struct Answers {
    /// Lines with a new column.
    pub new: Vec<usize>,
    /// Lines with a column of the store, by its name there.
    pub same: Vec<(usize, String)>,
}

/// What a line of the page came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// A new column.
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
pub struct Line {
    /// Where its title stands.
    pub place: Place,
    /// Its title.
    pub title: String,
    /// What it came to.
    pub became: Became,
}

/// A page as it was read.
#[derive(Debug, Default)]
pub struct Page {
    /// Its columns for the store; none of those in doubt.
    pub harvest: Harvest,
    /// What each of its columns is to the store.
    pub lines: Vec<Line>,
    /// Columns of the store that are missing in the middle of the page.
    pub gone: Vec<KnownColumn>,
}

impl Page {
    /// Refuses a page with columns in doubt.
    pub fn refuse_doubt(&self) -> Result<(), Error> {
        let in_doubt = self.lines.iter().find_map(|line| match &line.became {
            Became::Doubt(known) => Some((line, known)),
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

/// A column as it stands on the page.
struct Found<'a> {
    place: Place,
    rubrique: Option<&'a Rubrique>,
    title: String,
    standfirst: String,
}

/// Reads a listing. `known` are the columns that came from listings before, whatever their page was
/// headed: one that was mended is recognised and keeps its name, its id and its dates.
pub fn read(
    text: &str,
    file: &str,
    house: House<'_>,
    dates: Option<Dates>,
    known: &HashMap<String, KnownColumn>,
    answers: &Answers,
) -> Result<Page, Error> {
    let place = Place { file: file.to_owned(), line: None };
    let Some(dates) = dates else {
        return Err(wrong(
            &place,
            "a listing has no dates: say which the first column has and how far apart they lie, \
             for example with --newest 2026-11-20 --step 7d",
        ));
    };
    let mut page = Page::default();
    let (heading, found) = split(&line_ends(text), &place, house, &mut page.harvest)?;
    let listing = heading.as_deref().and_then(Slug::from_text).map_or_else(|| "listing".to_owned(), String::from);
    let mut stored: Vec<&KnownColumn> = known.values().collect();
    stored.sort_by(|a, b| b.published.cmp(&a.published).then(a.key.cmp(&b.key)));
    let mut expected = Vec::with_capacity(found.len());
    for (column, number) in found.iter().zip(0..) {
        let date = dates.of(number, &house.magazine.zone).ok_or("the dates go back too far".to_owned());
        let date = date.and_then(|date| in_years(date, house.magazine));
        expected.push(date.map_err(|message| wrong(&column.place, format!("--newest, --step: {message}")))?);
    }
    let verdicts = matched(&found, &stored, &listing, &expected, answers, dates)?;
    let mut used: HashSet<String> = known.keys().cloned().collect();
    let (mut taken, mut in_doubt) = (HashSet::new(), HashSet::new());
    let lines: Vec<usize> = found.iter().map(|found| found.place.line.unwrap_or_default()).collect();
    for ((column, verdict), date) in found.into_iter().zip(verdicts).zip(expected) {
        let (before, became) = match verdict {
            Verdict::New => (None, Became::New),
            Verdict::Same(old) => (Some(stored[old]), Became::Same),
            Verdict::Changed(old) => (Some(stored[old]), Became::Changed(stored[old].title.clone())),
            Verdict::Doubt(near) => {
                let near = near.into_iter().map(|old| (stored[old].key.clone(), stored[old].title.clone()));
                (None, Became::Doubt(near.collect()))
            }
            Verdict::Twice(first) => (None, Became::Twice(lines[first])),
        };
        taken.extend(before.map(|known| known.key.clone()));
        if let Became::Doubt(near) = &became {
            in_doubt.extend(near.iter().map(|(key, _)| key.clone()));
        }
        let line = Line { place: column.place.clone(), title: column.title.clone(), became };
        match &line.became {
            Became::Doubt(_) => {}
            Became::Twice(first) => {
                let message = format!("{:?} stands at line {first} already: taken once", line.title);
                page.harvest.warn(&line.place, message);
            }
            _ => page.harvest.drafts.push(draft(column, before, date, &listing, &mut used, house)?),
        }
        page.lines.push(line);
    }
    page.gone = gone(&stored, &taken, &listing);
    page.gone.retain(|known| !in_doubt.contains(&known.key));
    Ok(page)
}

/// Matches the page's columns with those of the store.
fn matched(
    found: &[Found<'_>],
    stored: &[&KnownColumn],
    listing: &str,
    expected: &[Instant],
    answers: &Answers,
    dates: Dates,
) -> Result<Vec<Verdict>, Error> {
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
        let place = Place { file: found.first().map(|f| f.place.file.clone()).unwrap_or_default(), line: Some(line) };
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

/// A column of the page, for the store.
fn draft(
    found: Found<'_>,
    before: Option<&KnownColumn>,
    date: Instant,
    listing: &str,
    used: &mut HashSet<String>,
    house: House<'_>,
) -> Result<Draft, Error> {
    let key = before.map_or_else(|| fresh_key(&found.title, listing, used), |known| known.key.clone());
    let slug = key.rsplit('/').next().and_then(|slug| Slug::parse(slug).ok());
    let slug = slug.ok_or_else(|| wrong(&found.place, "its title holds no letter to make an address of"))?;
    let rubrique = found.rubrique.map(|r| r.slug.clone());
    let url = house.magazine.column_url(&slug, rubrique.as_ref());
    let date = before.map_or(date, |known| known.published);
    Ok(Draft {
        source: SOURCE.to_owned(),
        guid: before.map_or_else(|| house.magazine.tag(SOURCE, &key), |known| known.guid.clone()),
        url: url.map_err(|error| wrong(&found.place, error))?,
        key,
        rubrique,
        title: found.title,
        standfirst: found.standfirst,
        byline: None,
        body_raw: String::new(),
        body: String::new(),
        cleaner: CLEANER,
        image: None,
        published: date,
        updated: date,
        // What was withdrawn by hand stays so, though the page still has it.
        withdrawn: before.is_some_and(|known| known.withdrawn),
    })
}

/// A name for a new column, made of its page's heading and its title.
fn fresh_key(title: &str, listing: &str, used: &mut HashSet<String>) -> String {
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
    page: &Place,
    house: House<'a>,
    harvest: &mut Harvest,
) -> Result<(Option<String>, Vec<Found<'a>>), Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let mut lines = lines.filter(|(_, line)| !line.is_empty()).peekable();
    let label = |line: &str| Rubrique::find(house.rubriques, line);

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
        let at = |line| Place { file: page.file.clone(), line: Some(line) };
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
            harvest.warn(&at(number), format!("{title:?} has no rubrique: it is in the feed of all columns alone"));
        }
        let found_here = Found {
            rubrique,
            title: text::one_line(&harvest.legal(&at(number), "title", title)),
            standfirst: text::one_line(&harvest.legal(&at(below), "standfirst", standfirst)),
            place: at(number),
        };
        short("the title", &found_here.title, LONGEST_LINE, &found_here.place)?;
        short("the standfirst", &found_here.standfirst, LONGEST_STANDFIRST, &at(below))?;
        found.push(found_here);
    }
    if found.is_empty() {
        return Err(wrong(page, "it holds no column: write label, title and standfirst, a line each"));
    }
    Ok((heading, found))
}
