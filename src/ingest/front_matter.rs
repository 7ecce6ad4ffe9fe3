//! The front matter of a Markdown file, in YAML between `---` or in TOML between `+++`.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;

use super::{Error, ImportResult, SourceLocation, wrong};
use crate::model::{RecordImage, text};

/// The front matter's keys, some under the names other programs give them.
#[derive(Debug, Deserialize)]
pub(super) struct FrontMatter {
    pub(super) title: String,
    #[serde(default, alias = "chapo", alias = "chapô", alias = "summary")]
    pub(super) standfirst: Option<String>,
    #[serde(default, alias = "author")]
    pub(super) byline: Option<String>,
    #[serde(default)]
    pub(super) rubrique: Option<String>,
    #[serde(alias = "date")]
    pub(super) published: FrontMatterDate,
    #[serde(default)]
    pub(super) updated: Option<FrontMatterDate>,
    /// Names the column in its source, whatever its file is called.
    #[serde(default)]
    pub(super) id: Option<String>,
    /// The id that readers of another publisher's feed know it by.
    #[serde(default)]
    pub(super) guid: Option<String>,
    #[serde(default)]
    pub(super) slug: Option<String>,
    #[serde(default)]
    pub(super) url: Option<String>,
    #[serde(default)]
    pub(super) image: Option<FrontMatterPicture>,
    #[serde(default)]
    pub(super) draft: bool,
    #[serde(default)]
    pub(super) withdrawn: bool,
}

/// All names of [`FrontMatter`], to warn of any other.
const KNOWN_KEYS: [&str; 18] = [
    "title",
    "standfirst",
    "chapo",
    "chapô",
    "summary",
    "byline",
    "author",
    "rubrique",
    "published",
    "date",
    "updated",
    "id",
    "guid",
    "slug",
    "url",
    "image",
    "draft",
    "withdrawn",
];

#[derive(Debug, Deserialize)]
pub(super) struct FrontMatterPicture {
    pub(super) url: String,
    #[serde(default)]
    pub(super) alt: String,
    #[serde(default)]
    pub(super) credit: Option<String>,
    #[serde(default)]
    pub(super) width: Option<u32>,
    #[serde(default)]
    pub(super) height: Option<u32>,
}

impl From<FrontMatterPicture> for RecordImage {
    fn from(picture: FrontMatterPicture) -> Self {
        let FrontMatterPicture { url, alt, credit, width, height } = picture;
        Self { url, alt, credit, width, height, media_type: None, length: None }
    }
}

/// An instant as YAML (text) or TOML (a type of its own) writes it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum FrontMatterDate {
    Toml(toml::value::Datetime),
    Text(String),
}

impl std::fmt::Display for FrontMatterDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Toml(at) => at.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A text whose lines all end as most programs write them: some old ones end them with a CR alone.
pub(super) fn line_ends(text: &str) -> Cow<'_, str> {
    let alone = text.match_indices('\r').any(|(at, _)| !text[at + 1..].starts_with('\n'));
    if alone { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) }
}

/// Splits a file into its front matter and its body.
pub(super) fn split<'a>(
    text: &'a str,
    place: &SourceLocation,
    result: &mut ImportResult,
) -> Result<(FrontMatter, &'a str), Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fence = if text.starts_with("+++") { "+++" } else { "---" };
    let first = text.lines().next().unwrap_or_default();
    if first.trim_end() != fence {
        return Err(wrong(
            place,
            "it begins with no front matter: write it between two lines of --- (YAML) or +++ (TOML)",
        ));
    }
    let after = &text[first.len()..];
    let after = after.strip_prefix('\r').unwrap_or(after);
    let inner_start = text.len() - after.len() + usize::from(after.starts_with('\n'));
    let mut at = inner_start;
    for line in text[inner_start..].split_inclusive('\n') {
        if line.trim_end() == fence {
            let body = &text[at + line.len()..];
            // A line for the fence, so that what is wrong is told with its line in the file.
            let head = format!("\n{}", &text[inner_start..at]);
            let (front, names) = if fence == "+++" { from_toml(&head) } else { from_yaml(&head) }
                .map_err(|message| wrong(place, format!("front matter: {message}")))?;
            for name in names.keys().filter(|name| !KNOWN_KEYS.contains(&name.as_str())) {
                result.warn(place, format!("the front matter's {name:?} means nothing here: passed over"));
            }
            if fence == "---" {
                warn_of_lost_text(&head, &front, place, result);
            }
            return Ok((front, body));
        }
        at += line.len();
    }
    Err(wrong(place, format!("its front matter has no end: write a line of {fence} after it")))
}

type FrontMatterKeys = BTreeMap<String, serde::de::IgnoredAny>;

fn from_toml(text: &str) -> Result<(FrontMatter, FrontMatterKeys), String> {
    let read = |error: toml::de::Error| error.to_string().trim_end().to_owned();
    Ok((toml::from_str(text).map_err(read)?, toml::from_str(text).map_err(read)?))
}

fn from_yaml(text: &str) -> Result<(FrontMatter, FrontMatterKeys), String> {
    let read = |error: serde_saphyr::Error| error.to_string().trim_end().to_owned();
    let front = serde_saphyr::from_str(text).map_err(read)?;
    // Read once more only where there may be a name that means nothing.
    let names = if is_plain(text) { FrontMatterKeys::new() } else { serde_saphyr::from_str(text).map_err(read)? };
    Ok((front, names))
}

/// Whether YAML is as nearly all write it: each line a key that is known, blank, a comment, or what
/// belongs to the key before.
fn is_plain(text: &str) -> bool {
    let mut keyed = false;
    text.lines().all(|line| {
        let blank = line.trim().is_empty() || line.starts_with('#');
        let inside = keyed && line.starts_with([' ', '\t']);
        let key = line.split_once(':').filter(|(_, rest)| rest.is_empty() || rest.starts_with(' '));
        let known = key.is_some_and(|(key, _)| KNOWN_KEYS.contains(&key));
        keyed |= known;
        blank || inside || known
    })
}

/// Tells what YAML takes away from a text that stands without quotes: what follows ` #`, a word that
/// begins with `!` or `&`.
fn warn_of_lost_text(head: &str, front: &FrontMatter, place: &SourceLocation, result: &mut ImportResult) {
    let mut lines = head.lines().enumerate().skip(1).peekable();
    while let Some((number, line)) = lines.next() {
        let Some((key, written)) = line.split_once(':') else { continue };
        let read = match key.trim_end() {
            "title" => Some(&front.title),
            "standfirst" | "chapo" | "chapô" | "summary" => front.standfirst.as_ref(),
            "byline" | "author" => front.byline.as_ref(),
            _ => None,
        };
        let Some(read) = read else { continue };
        let mut written = written.trim().to_owned();
        // Quotes and blocks (`|`, `>`) keep what is in them.
        if written.is_empty() || written.starts_with(['"', '\'', '|', '>']) {
            continue;
        }
        while let Some((_, more)) = lines.next_if(|(_, more)| more.starts_with([' ', '\t'])) {
            written = format!("{written} {}", more.trim());
        }
        let [written, read] = [text::one_line(&written), text::one_line(read)];
        if written != read {
            let place = SourceLocation { line: Some(number + 1), ..place.clone() };
            let key = key.trim_end();
            result.warn(&place, format!("{key}: YAML reads {read:?} in {written:?}: put the whole between quotes"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_means_nothing_is_looked_for_where_one_may_be() {
        for (text, plain) in [
            ("\ntitle: a\n\n# b\npublished: 2026-11-18\nimage:\n  url: x\n  autre: y\n", true),
            ("\ntitle: |\n  autre: a\npublished: 2026-11-18\n", true),
            ("\n  autre: a\n  title: b\n", false),
            ("\ntitle: a\nautre: b\n", false),
            ("\ntitle: a\n\"autre\": b\n", false),
            ("\n{title: a, autre: b}\n", false),
            ("\ntitle: a\n? autre\n: b\n", false),
            ("\ntitle: a\n<<: {autre: b}\n", false),
        ] {
            assert_eq!(is_plain(text), plain, "{text}");
        }
    }
}
