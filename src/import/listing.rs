//! A page of columns copied as text: a heading, then label, title and standfirst, a line each. A
//! column may have no label. There are no dates: the editors give them.

use std::collections::{HashMap, HashSet};

use chrono::Duration;

use super::{Error, Harvest, House, Place, clean::CLEANER, wrong};
use crate::model::{Draft, Instant, Known, Rubrique, Slug, text};

/// The name of this source in the store.
pub const SOURCE: &str = "listing";

/// Which dates the columns get: the first one of the page the newest, each further one a step
/// earlier.
#[derive(Debug, Clone, Copy)]
pub struct Dates {
    /// The first column's.
    pub newest: Instant,
    /// From one column to the next.
    pub step: Duration,
}

/// A column as it stands on the page.
struct Found<'a> {
    place: Place,
    rubrique: Option<&'a Rubrique>,
    title: String,
    standfirst: String,
}

/// Reads a listing. `known` are the columns that came from listings before: one that was edited
/// is recognised by its words and keeps its name, its id and its dates.
pub fn read(
    text: &str,
    file: &str,
    house: House<'_>,
    dates: Option<Dates>,
    known: &HashMap<String, Known>,
) -> Result<Harvest, Error> {
    let page = Place { file: file.to_owned(), line: None };
    let Some(dates) = dates else {
        return Err(wrong(
            &page,
            "a listing has no dates: say which the first column has and how far apart they lie, \
             for example with --newest 2026-11-20 --step 7d",
        ));
    };
    let mut harvest = Harvest::default();
    let (heading, found) = split(text, &page, house, &mut harvest)?;
    let listing = heading.as_deref().and_then(Slug::from_text).map_or_else(|| "listing".to_owned(), String::from);
    let keys = keys(&found, &listing, known);
    let mut published = dates.newest;
    for (found, key) in found.into_iter().zip(keys) {
        let before = known.get(&key);
        let slug = key.rsplit('/').next().and_then(|slug| Slug::parse(slug).ok());
        let slug = slug.ok_or_else(|| wrong(&found.place, "its title holds no letter to make an address of"))?;
        let rubrique = found.rubrique.map(|r| r.slug.clone());
        let url = house.magazine.column_url(&slug, rubrique.as_ref());
        let date = before.map_or(published, |known| known.published);
        harvest.drafts.push(Draft {
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
            withdrawn: false,
        });
        published -= dates.step;
    }
    Ok(harvest)
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
        found.push(Found {
            rubrique,
            title: text::one_line(&harvest.legal(&at(number), "title", title)),
            standfirst: text::one_line(&harvest.legal(&at(below), "standfirst", standfirst)),
            place: at(number),
        });
    }
    Ok((heading, found))
}

/// The names of the columns in the store: those they had, where they are recognised, else one made
/// of their title.
fn keys(found: &[Found<'_>], listing: &str, known: &HashMap<String, Known>) -> Vec<String> {
    let prefix = format!("{listing}/");
    let mut free: Vec<&Known> = known.values().filter(|k| k.key.starts_with(&prefix)).collect();
    free.sort_by(|a, b| a.key.cmp(&b.key));
    let mut keys: Vec<Option<String>> = vec![None; found.len()];

    // First those whose title stands as it was, then those most like a column that is left.
    for (found, key) in found.iter().zip(&mut keys) {
        if let Some(at) = free.iter().position(|known| known.title == found.title) {
            *key = Some(free.swap_remove(at).key.clone());
        }
    }
    let mut pairs: Vec<(usize, usize, usize)> = Vec::new();
    for (index, found) in found.iter().enumerate().filter(|(index, _)| keys[*index].is_none()) {
        for (other, known) in free.iter().enumerate() {
            let alike = alike((&found.title, &found.standfirst), (&known.title, &known.standfirst));
            if alike >= 50 {
                pairs.push((alike, index, other));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut taken = HashSet::new();
    for (_, index, other) in pairs {
        if keys[index].is_none() && taken.insert(other) {
            keys[index] = Some(free[other].key.clone());
        }
    }

    let mut used: HashSet<String> = known.keys().cloned().collect();
    let fresh = |found: &Found<'_>| {
        let slug = Slug::from_text(&found.title).map_or_else(|| "column".to_owned(), String::from);
        let mut key = format!("{prefix}{slug}");
        let mut count = 2;
        while !used.insert(key.clone()) {
            key = format!("{prefix}{slug}-{count}");
            count += 1;
        }
        key
    };
    let mut fresh = fresh;
    found.iter().zip(keys).map(|(found, key)| key.unwrap_or_else(|| fresh(found))).collect()
}

/// How many of a hundred words two columns share, title and standfirst taken together.
fn alike(a: (&str, &str), b: (&str, &str)) -> usize {
    let words = |(title, standfirst): (&str, &str)| -> HashSet<String> {
        let folded = text::fold(&format!("{title} {standfirst}"));
        folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    };
    let (a, b) = (words(a), words(b));
    let union = a.union(&b).count();
    (a.intersection(&b).count() * 100).checked_div(union).unwrap_or(0)
}
