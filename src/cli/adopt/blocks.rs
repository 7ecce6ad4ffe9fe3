//! The lines of the configuration that take what was found: its sources, rubriques for its categories, and where its feeds
//! have gone.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

use url::Url;

use super::{
    super::init::quoted,
    find::{FoundSource, FoundThing},
};
use crate::{
    config::{Config, FORMS, RESERVED_SLUGS},
    ingest::survey::Survey,
    model::{Rubrique, Slug, text::fold},
};

/// More rubriques than these are no choice for readers.
const MAX_RUBRIQUES: usize = 20;

/// A category that would be a rubrique.
#[derive(Debug)]
pub(super) struct NewRubrique {
    pub(super) slug: Slug,
    pub(super) label: String,
    pub(super) columns: usize,
}

/// The lines, and what they are made of.
#[derive(Debug)]
pub(super) struct Blocks {
    pub(super) text: String,
    pub(super) rubriques: Vec<NewRubrique>,
    /// Categories that become none, with how many columns have them.
    pub(super) others: Vec<(String, usize)>,
    /// Old feeds whose readers somebody else must lead here.
    pub(super) elsewhere: Option<String>,
}

impl Blocks {
    pub(super) fn new(found: &FoundThing, surveys: &[Survey], config: &Config) -> Self {
        let (rubriques, others, words) = rubriques(surveys, &config.rubriques);
        let mut text = String::new();
        for source in &found.sources {
            source_block(source, &words, config, &mut text);
        }
        for rubrique in &rubriques {
            let NewRubrique { slug, label, columns } = rubrique;
            let label = quoted(label);
            text.push_str(&format!("\n[[rubriques]]   # {columns} columns\nslug = \"{slug}\"\nlabel = {label}\n"));
        }
        let elsewhere = moved_feeds(found, &rubriques, config, &mut text);
        Self { text, rubriques, others, elsewhere }
    }
}

type Labels = Vec<(String, usize)>;

/// The rubriques that categories become, those that become none, and words that mean a rubrique that is there.
fn rubriques(surveys: &[Survey], known: &[Rubrique]) -> (Vec<NewRubrique>, Labels, BTreeMap<String, String>) {
    // Spellings of one name are one: the most frequent is shown.
    let mut by_name: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for (label, count) in surveys.iter().flat_map(|survey| &survey.labels) {
        *by_name.entry(fold(label)).or_default().entry(label.clone()).or_default() += count;
    }
    let mut labels: Labels = by_name
        .into_values()
        .filter_map(|spellings| {
            let count = spellings.values().sum();
            let label = spellings.into_iter().max_by_key(|(_, count)| *count)?.0;
            Some((shown(&label), count))
        })
        .collect();
    labels.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let (mut new, mut others, mut words) = (Vec::<NewRubrique>::new(), Vec::new(), BTreeMap::new());
    for (label, columns) in labels {
        let slug = Slug::from_text(&label).filter(|slug| !RESERVED_SLUGS.contains(&slug.as_str()));
        let Some(slug) = slug.filter(|_| new.len() < MAX_RUBRIQUES) else {
            others.push((label, columns));
            continue;
        };
        let is_there = known.iter().any(|rubrique| rubrique.slug == slug);
        if is_there || new.iter().any(|rubrique| rubrique.slug == slug) {
            words.insert(label, slug.to_string());
        } else {
            new.push(NewRubrique { slug, label, columns });
        }
    }
    (new, others, words)
}

/// A label for readers: a folder's name is often in small letters alone.
fn shown(label: &str) -> String {
    let mut letters = label.chars();
    match letters.next() {
        Some(first) if !label.contains(char::is_uppercase) => first.to_uppercase().chain(letters).collect(),
        _ => label.to_owned(),
    }
}

fn source_block(source: &FoundSource, words: &BTreeMap<String, String>, config: &Config, text: &mut String) {
    let between = if text.is_empty() { "" } else { "\n" };
    let place = match &source.url {
        Some(url) => format!("url = {}", quoted(url.as_str())),
        None => format!("path = {}", quoted(&beside(&source.path, &config.path))),
    };
    let (name, kind) = (quoted(&source.name), source.kind.name());
    text.push_str(&format!("{between}[[sources]]\nname = {name}\nkind = \"{kind}\"\n{place}\n"));
    for (key, map) in [("rubriques", words), ("fields", &source.fields)] {
        if !map.is_empty() {
            let pair = |(name, value): (&String, &String)| format!("{} = {}", quoted(name), quoted(value));
            text.push_str(&format!("{key} = {{ {} }}\n", map.iter().map(pair).collect::<Vec<_>>().join(", ")));
        }
    }
}

/// A path as it is reached from the configuration: from its folder if it lies in that, else the whole path.
fn beside(path: &Path, config: &Path) -> String {
    let folder = config.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Ok(full), Ok(folder)) = (path.canonicalize(), folder.canonicalize()) else {
        return path.display().to_string();
    };
    match full.strip_prefix(&folder) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => inside.display().to_string(),
        Err(_) => full.display().to_string(),
    }
}

/// Leads readers of old feeds to ours. Where these are on a host that is not ours, says so.
fn moved_feeds(found: &FoundThing, rubriques: &[NewRubrique], config: &Config, text: &mut String) -> Option<String> {
    if found.feeds.is_empty() {
        return None;
    }
    let base = found.address.clone().unwrap_or_else(|| config.magazine.url.clone());
    let base = if base.path().ends_with('/') { base } else { Url::parse(&format!("{base}/")).unwrap_or(base) };
    let is_ours = [&config.magazine.url, &config.feeds.url].iter().any(|url| url.host() == base.host());
    if !is_ours {
        return base.host_str().map(str::to_owned);
    }
    let slugs = || config.rubriques.iter().map(|rubrique| &rubrique.slug).chain(rubriques.iter().map(|new| &new.slug));
    let new_slugs = || rubriques.iter().map(|rubrique| &rubrique.slug);
    let ours = |form: &str| config.feeds.url.join(form).ok();
    let all_ours = FORMS.iter().flat_map(|form| {
        let of_rubriques = slugs().map(move |slug| format!("{slug}/{form}"));
        of_rubriques.chain([(*form).to_owned()])
    });
    let mut known: HashSet<Url> = all_ours.filter_map(|form| ours(&form)).collect();
    known.extend(config.feeds.moved.iter().map(|moved| moved.from.clone()));
    for feed in &found.feeds {
        let places: Vec<(String, String)> = match feed.path.contains("{rubrique}") {
            true => new_slugs()
                .map(|slug| (feed.path.replace("{rubrique}", slug.as_str()), format!("{slug}/{}", feed.form)))
                .collect(),
            false => vec![(feed.path.clone(), feed.form.to_owned())],
        };
        for (from, to) in places {
            let Some(from) = base.join(&from).ok().filter(|from| from.query().is_none()) else { continue };
            // As it is compared: on our host, whatever the scheme was.
            let Ok(from) = config.magazine.url.join(from.path()) else { continue };
            if known.insert(from.clone()) {
                let from = quoted(from.path());
                text.push_str(&format!("\n[[feeds.moved]]\nfrom = {from}\nto = {}\n", quoted(&to)));
            }
        }
    }
    None
}
