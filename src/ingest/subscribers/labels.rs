//! Tags and lists of another program: what each means here, by the map of the command line, and how many readers have those
//! of which nothing was said.

use std::collections::{BTreeMap, HashMap};

use super::headings::normalise;
use crate::model::Slug;

/// How many different ones are counted: nobody reads more.
const COUNTED: usize = 100;

/// Tags and lists of which nothing was said, each with the number of its readers.
#[derive(Debug, Default)]
pub(super) struct Labels {
    tags: BTreeMap<String, u64>,
    lists: BTreeMap<String, u64>,
}

impl Labels {
    /// The rubriques that tags stand for; counts those that stand for none.
    pub(super) fn tags(&mut self, tags: &[String], map: &HashMap<String, Option<Slug>>) -> Vec<Slug> {
        let mut rubriques = Vec::new();
        for tag in tags {
            match map.get(&normalise(tag)) {
                Some(rubrique) => rubriques.extend(rubrique.clone()),
                None => count(&mut self.tags, tag),
            }
        }
        rubriques
    }

    /// Counts lists.
    pub(super) fn lists(&mut self, lists: &[String]) {
        lists.iter().for_each(|list| count(&mut self.lists, list));
    }

    /// What was counted, the most frequent first.
    pub(super) fn counted(&self) -> [Vec<(String, u64)>; 2] {
        let sorted = |counts: &BTreeMap<String, u64>| {
            let mut counts: Vec<_> = counts.iter().map(|(label, count)| (label.clone(), *count)).collect();
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            counts
        };
        [sorted(&self.tags), sorted(&self.lists)]
    }
}

fn count(counts: &mut BTreeMap<String, u64>, label: &str) {
    if let Some(count) = counts.get_mut(label) {
        *count += 1;
    } else if counts.len() < COUNTED {
        counts.insert(label.to_owned(), 1);
    }
}

/// The newsletters that lists are. One of which nothing was said is asked about: it may be somebody's only one.
pub(super) fn newsletters(lists: &[String], map: &HashMap<String, Option<Slug>>) -> Result<Vec<Slug>, String> {
    let none = [String::new()];
    let lists = if lists.is_empty() { &none[..] } else { lists };
    let mut newsletters: Vec<Slug> = Vec::new();
    for list in lists {
        match map.get(&normalise(list)) {
            Some(newsletter) => newsletters.extend(newsletter.clone()),
            None => {
                return Err(format!(
                    "the list {list:?} is no newsletter yet: say which with --map \"list:{list}=NEWSLETTER\", or that it is \
                     none with --map \"list:{list}=-\""
                ));
            }
        }
    }
    newsletters.sort();
    newsletters.dedup();
    Ok(newsletters)
}

/// The labels of a cell: with commas, semicolons or bars between, each in quotes (Mailchimp), or as JSON (Buttondown).
pub(super) fn labels(cell: &str) -> Vec<String> {
    if cell.starts_with('[')
        && let Ok(labels) = serde_json::from_str::<Vec<String>>(cell)
    {
        return labels;
    }
    let mut labels = Vec::new();
    let mut label = String::new();
    let mut quoted = false;
    for c in cell.trim_matches(['[', ']']).chars() {
        match c {
            '"' => quoted = !quoted,
            ',' | ';' | '|' if !quoted => labels.push(std::mem::take(&mut label)),
            c => label.push(c),
        }
    }
    labels.push(label);
    labels.iter().map(|label| label.trim().to_owned()).filter(|label| !label.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_however_they_are_parted() {
        for (cell, expected) in [
            ("a, b", &["a", "b"][..]),
            ("a|b;c", &["a", "b", "c"]),
            ("\"a, b\",\"c\"", &["a, b", "c"]),
            ("[\"a\",\"b, c\"]", &["a", "b, c"]),
            ("[]", &[]),
            ("", &[]),
        ] {
            assert_eq!(labels(cell), expected, "{cell}");
        }
    }
}
