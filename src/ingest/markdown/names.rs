//! What a column is called and where it belongs: its slug and its rubrique.

use super::super::{
    Error, ImportContext, ImportResult, SourceLocation,
    front_matter::{FrontMatter, dates},
    parts, wrong,
};
use crate::model::{Rubrique, Slug};

/// The layouts of pages that are no posts, with Jekyll, Hugo, Eleventy and Pelican.
const PAGES: [&str; 13] = [
    "page",
    "pages",
    "home",
    "index",
    "default",
    "archive",
    "archives",
    "search",
    "tags",
    "categories",
    "about",
    "contact",
    "404",
];

/// Whether a file is a page of a site and no column: it has no date, and says so or lies among pages.
pub(super) fn is_page(front: &FrontMatter, name: &str) -> bool {
    if front.published.get().is_some() || front.layout.is_none() && !name.contains('/') {
        return false;
    }
    let layout = front.layout.as_deref().map(|layout| layout.rsplit('/').next().unwrap_or(layout).to_lowercase());
    let layout = layout.as_deref().map(|layout| layout.split('.').next().unwrap_or(layout));
    let said = layout.is_some_and(|layout| PAGES.contains(&layout));
    let among_pages = || name.split('/').rev().skip(1).any(|folder| matches!(folder, "page" | "pages"));
    (said || among_pages()) && dates::in_name(name).is_none()
}

/// The part of a column's name that is its own: a folder's, where the file is called `index`.
pub(super) fn stem(name: &str) -> &str {
    let mut parts = name.rsplit('/');
    let last = parts.next().unwrap_or(name);
    match (last.strip_prefix("index."), parts.next()) {
        // The page of a bundle, with its language: index.fr.
        (Some(language), Some(folder)) if language.len() <= 5 => folder,
        _ => last,
    }
}

pub(super) fn slug(front: &FrontMatter, name: &str, place: &SourceLocation) -> Result<Slug, Error> {
    match &front.slug {
        Some(slug) => Slug::parse(slug)
            .ok()
            .or_else(|| Slug::from_text(slug))
            .ok_or_else(|| wrong(place, format!("slug: {slug:?} holds no letter to make an address of"))),
        None => Slug::from_text(undated(stem(name)))
            .ok_or_else(|| wrong(place, "its name holds no letter to make an address of: give it a slug")),
    }
}

/// A file's name without the date that it may begin with.
pub(in crate::ingest) fn undated(stem: &str) -> &str {
    let date = stem.get(..10).and_then(|date| chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").ok());
    match (date, stem.get(10..)) {
        (Some(_), Some(rest)) if rest.len() > 1 => rest.trim_start_matches(['-', '_']),
        _ => stem,
    }
}

/// The first rubrique of the configuration among what the front matter calls a category, then among the folders that
/// the file lies in, then among its tags. A label that is none is told.
pub(super) fn rubrique(
    front: &FrontMatter,
    name: &str,
    place: &SourceLocation,
    context: ImportContext<'_>,
    result: &mut ImportResult,
) -> Option<Slug> {
    let find = |label: &str| Rubrique::find(context.rubriques, label);
    let folders = name.rsplit('/').skip(1);
    let found = front.categories().chain(folders).chain(front.tags_and_words()).find_map(find);
    match (found, front.categories().next()) {
        (None, Some(label)) => parts::tell_no_rubrique(label, place, result),
        (None, None) => result.labels.extend(section(name).map(str::to_owned)),
        _ => {}
    }
    found.map(|rubrique| rubrique.slug.clone())
}

/// What Eleventy puts a page into by its tags, so as to list it, and nothing that it is about.
const COLLECTIONS: [&str; 4] = ["all", "nav", "post", "posts"];

/// What the front matter says that the column is about, beside its rubrique.
pub(super) fn tags(
    front: &FrontMatter,
    rubrique: Option<&Slug>,
    place: &SourceLocation,
    context: ImportContext<'_>,
    result: &mut ImportResult,
) -> Vec<String> {
    let is_its_own = |label: &str| {
        rubrique.is_some() && Rubrique::find(context.rubriques, label).map(|found| &found.slug) == rubrique
    };
    let is_collection = |tag: &&str| COLLECTIONS.contains(tag);
    parts::tags(front.tags.iter().map(String::as_str).filter(|tag| !is_collection(tag)), is_its_own, place, result)
}

/// Folders that say nothing of what lies in them.
const PLAIN_FOLDERS: [&str; 12] = [
    "posts", "post", "_posts", "blog", "articles", "article", "content", "contents", "columns", "news", "src", "pages",
];

/// The nearest folder whose name could be a rubrique's.
fn section(name: &str) -> Option<&str> {
    let mut parts = name.rsplit('/');
    // The page of a bundle with its language: the folder is the column's own.
    let is_bundle = parts.next().is_some_and(|last| last.starts_with("index."));
    let says_something = |folder: &&str| {
        !PLAIN_FOLDERS.contains(&folder.to_lowercase().as_str()) && !folder.starts_with(|c: char| c.is_ascii_digit())
    };
    parts.skip(usize::from(is_bundle)).find(says_something)
}
