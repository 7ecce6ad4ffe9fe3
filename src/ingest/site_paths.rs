//! Addresses as generators write them in their files: with a mark for the site, or for what makes a page of it.

use std::{
    borrow::Cow,
    path::{Component, Path},
};

use url::Url;

use super::markdown::undated;
use crate::{config::Magazine, model::Slug};

/// What stands for the site's own address before a path, with Pelican and Jekyll.
const MARKS: [&str; 9] =
    ["{static}", "{attach}", "{filename}", "{photo}", "{author}", "|static|", "|attach|", "|filename|", "@/"];

/// An address without such marks. One that is made by a filter is what the filter is given.
pub(super) fn plain(address: &str) -> Cow<'_, str> {
    let address = address.trim();
    if let Some(rest) = MARKS.iter().find_map(|mark| address.strip_prefix(mark)) {
        return rest.into();
    }
    let Some((expression, rest)) = address.strip_prefix("{{").and_then(|inside| inside.split_once("}}")) else {
        return address.into();
    };
    let expression = expression.trim();
    let of_site =
        matches!(expression, "site.url" | "site.baseurl" | "site.baseURL" | "config.base_url" | ".Site.BaseURL");
    if of_site {
        // Both stand often one after the other.
        return plain(rest).into_owned().into();
    }
    match quoted(expression) {
        Some(path) => format!("{path}{rest}").into(),
        None => address.into(),
    }
}

/// The text that an expression begins with in quotation marks, before its filters: `"/x" | relative_url`.
fn quoted(expression: &str) -> Option<&str> {
    let quote = expression.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (text, rest) = expression[1..].split_once(quote)?;
    let filters = rest.trim();
    (filters.is_empty() || filters.starts_with('|')).then_some(text)
}

/// What addresses in a column's file lead to.
#[derive(Debug)]
pub(super) struct SiteLinks<'a> {
    magazine: &'a Magazine,
    /// The column's page.
    page: &'a Url,
    /// The folder of a column that is called `index`: what lies in it is served below the column's own address.
    bundle: Option<&'a Path>,
}

impl<'a> SiteLinks<'a> {
    pub(super) fn new(path: &'a Path, page: &'a Url, magazine: &'a Magazine) -> Self {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_bundle = stem == "index" || stem.strip_prefix("index.").is_some_and(|language| language.len() <= 5);
        Self { magazine, page, bundle: path.parent().filter(|_| is_bundle) }
    }

    /// The column's own address.
    pub(super) fn own(&self) -> &str {
        self.page.as_str()
    }

    /// Where a file that lies in the column's folder is served; nothing if it does not.
    pub(super) fn bundled(&self, name: &str) -> Option<Url> {
        let bundle = self.bundle?;
        let below = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if name.is_empty() || !below || !bundle.join(name).is_file() {
            return None;
        }
        let mut folder = self.page.clone();
        if !folder.path().ends_with('/') {
            folder.set_path(&format!("{}/", folder.path()));
        }
        folder.join(name).ok()
    }

    /// Where a picture is.
    pub(super) fn picture(&self, address: &str) -> String {
        let address = plain(address);
        self.bundled(&address).map_or_else(|| address.into_owned(), String::from)
    }

    /// The page of another column, by the path of its file, as far as that can be known without looking at it: its
    /// slug is taken for the one that its name gives.
    pub(super) fn page(&self, path: &str) -> String {
        let path = plain(path);
        let (path, place) = path.split_once('#').map_or((&*path, None), |(path, place)| (path, Some(place)));
        let place = place.map(|place| format!("#{place}")).unwrap_or_default();
        let mut parts = path.trim_end_matches('/').rsplit('/');
        let last = parts.next().unwrap_or_default();
        let stem = [".md", ".markdown"].iter().find_map(|ending| last.strip_suffix(ending)).unwrap_or(last);
        let stem = match stem {
            "index" | "_index" => parts.next().unwrap_or_default(),
            stem => stem,
        };
        let of_name = Slug::from_text(undated(stem)).filter(|_| !self.magazine.column_url.contains("{rubrique}"));
        match of_name.and_then(|slug| self.magazine.column_url(&slug, None).ok()) {
            Some(url) => format!("{url}{place}"),
            None if path.is_empty() => place,
            None => format!("/{}{place}", path.trim_start_matches('/').trim_end_matches(".md")),
        }
    }

    /// What a link in the text leads to, if that is not what it says.
    pub(super) fn target(&self, address: &str) -> Option<String> {
        // Nearly all say where they lead.
        if address.starts_with("http") {
            return None;
        }
        if address.starts_with("{filename}") || address.starts_with("|filename|") || address.starts_with("@/") {
            return Some(self.page(address));
        }
        let path = plain(address);
        match self.bundled(&path) {
            Some(url) => Some(url.into()),
            None => (path != address.trim()).then(|| path.into_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_from_addresses() {
        for (address, path) in [
            ("{static}/images/a.jpg", "/images/a.jpg"),
            ("|filename|a.md", "a.md"),
            ("{{ site.url }}{{ site.baseurl }}/a", "/a"),
            ("{{ '/a' | relative_url }}", "/a"),
            ("{{ \"/a\" | prepend: site.baseurl }}?b", "/a?b"),
            ("{{ page.image }}", "{{ page.image }}"),
            (" https://a.example/{x}", "https://a.example/{x}"),
        ] {
            assert_eq!(plain(address), path);
        }
    }
}
