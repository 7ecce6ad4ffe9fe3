//! Feeds of the columns that the configuration chooses.

use serde::Deserialize;

use super::check::{ConfigRefusal, line, refuse};
use crate::model::{Rubrique, Selection, Slug, text};

/// A feed of the columns for which all conditions hold that are given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSelection {
    /// Its name in the feed's address.
    pub slug: String,
    /// What readers call it.
    pub title: String,
    /// One line on what it holds.
    pub description: Option<String>,
    /// One of these rubriques.
    #[serde(default)]
    pub rubriques: Vec<String>,
    /// One of these tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// By one of these.
    #[serde(default)]
    pub bylines: Vec<String>,
    /// With one of these words.
    #[serde(default)]
    pub words: Vec<String>,
    /// With a recording.
    #[serde(default)]
    pub audio: bool,
}

/// More would have every column read through for each.
const MAX_SELECTIONS: usize = 200;

pub(super) fn check(raw: Vec<RawSelection>, rubriques: &[Rubrique]) -> Result<Vec<Selection>, ConfigRefusal> {
    if raw.len() > MAX_SELECTIONS {
        let what = format!("there are {}, and there is room for {MAX_SELECTIONS}", raw.len());
        return Err(refuse("feeds.selections", what));
    }
    let mut selections: Vec<Selection> = Vec::new();
    for (index, entry) in raw.into_iter().enumerate() {
        let selection = selection(entry, rubriques).map_err(|refusal| refusal.in_entry(index))?;
        if selections.iter().any(|other| other.slug == selection.slug) {
            let what = format!("two selections are called {:?}", selection.slug.as_str());
            return Err(refuse("feeds.selections.slug", what).in_entry(index));
        }
        selections.push(selection);
    }
    Ok(selections)
}

fn selection(raw: RawSelection, rubriques: &[Rubrique]) -> Result<Selection, ConfigRefusal> {
    let slug = Slug::parse(&raw.slug).map_err(|error| refuse("feeds.selections.slug", error))?;
    let rubrique = |label: &String| match Rubrique::find(rubriques, label) {
        Some(rubrique) => Ok(rubrique.slug.clone()),
        None => Err(refuse("feeds.selections.rubriques", format!("{label:?} is no rubrique of [[rubriques]]"))),
    };
    let lines = |key: &str, list: Vec<String>| list.into_iter().map(|text| line(key, text)).collect::<Result<_, _>>();
    let selection = Selection {
        slug,
        title: line("feeds.selections.title", raw.title)?,
        description: raw.description.map(|text| line("feeds.selections.description", text)).transpose()?,
        rubriques: raw.rubriques.iter().map(rubrique).collect::<Result<_, _>>()?,
        tags: lines("feeds.selections.tags", raw.tags)?,
        bylines: lines("feeds.selections.bylines", raw.bylines)?,
        words: lines("feeds.selections.words", raw.words)?,
        audio: raw.audio,
    };
    let Selection { rubriques, tags, bylines, words, .. } = &selection;
    if !raw.audio && [rubriques.len(), tags.len(), bylines.len(), words.len()] == [0; 4] {
        let what = format!(
            "{:?} would hold all columns, as the feed of all does: write rubriques, tags, bylines, words or audio",
            selection.slug.as_str()
        );
        return Err(refuse("feeds.selections", what));
    }
    if let Some(word) = words.iter().find(|word| text::words_in_one(word).is_empty()) {
        return Err(refuse("feeds.selections.words", format!("{word:?} holds no word")));
    }
    Ok(selection)
}
