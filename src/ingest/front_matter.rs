//! The front matter of a Markdown file: YAML between `---`, TOML between `+++`, a JSON object, or Pelican's header.
//! All give the same fields, under the names that generators of sites have for them.

pub(super) mod dates;
mod fields;
mod keys;
mod pelican;
mod picture;
mod value;

use std::{borrow::Cow, path::Path};

pub(super) use fields::FrontMatter;
use keys::FrontMatterKey;
pub(super) use picture::FrontMatterPicture;

use super::{Error, ImportResult, SourceLocation, wrong};
use crate::model::text;

/// A text whose lines all end as most programs write them: some old ones end them with a CR alone.
pub(super) fn line_ends(text: &str) -> Cow<'_, str> {
    let alone = text.match_indices('\r').any(|(at, _)| !text[at + 1..].starts_with('\n'));
    if alone { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) }
}

/// How a front matter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Yaml,
    Toml,
    Json,
}

/// Splits a file into its front matter and its body.
pub(super) fn split<'a>(
    text: &'a str,
    place: &SourceLocation,
    result: &mut ImportResult,
) -> Result<(FrontMatter, &'a str), Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Some leave blank lines before it.
    let whole = text;
    let text = text.trim_start();
    let blank = whole[..whole.len() - text.len()].matches('\n').count();
    let first = text.lines().next().unwrap_or_default();
    let (fence, format) = match first.trim_end() {
        "---" => ("---", Format::Yaml),
        "+++" => ("+++", Format::Toml),
        // Eleventy's names for other formats.
        "---toml" => ("---", Format::Toml),
        "---json" => ("---", Format::Json),
        other if other.starts_with('{') && !other.starts_with("{{") && !other.starts_with("{%") => {
            return json(text, place, result);
        }
        _ => return bare(text, place, result),
    };
    let after = &text[first.len()..];
    let after = after.strip_prefix('\r').unwrap_or(after);
    let inner_start = text.len() - after.len() + usize::from(after.starts_with('\n'));
    let mut at = inner_start;
    for line in text[inner_start..].split_inclusive('\n') {
        let bare = line.trim_end();
        if bare == fence || (bare == "..." && format == Format::Yaml) {
            let body = &text[at + line.len()..];
            // A line for the fence, so that what is wrong is told with its line in the file.
            let head = format!("{}{}", "\n".repeat(blank + 1), &text[inner_start..at]);
            let front = read(&head, format).map_err(|message| wrong(place, format!("front matter: {message}")))?;
            if format == Format::Yaml {
                warn_of_lost_text(&head, &front, place, result);
            }
            return settled(front, body, place, result);
        }
        at += line.len();
    }
    Err(wrong(place, format!("its front matter has no end: write a line of {fence} after it")))
}

fn read(head: &str, format: Format) -> Result<FrontMatter, String> {
    if head.trim().is_empty() {
        return Ok(FrontMatter::default());
    }
    let front = match format {
        Format::Yaml => serde_saphyr::from_str(head).map_err(|error| error.to_string()),
        Format::Toml => toml::from_str(head).map_err(|error| error.to_string()),
        Format::Json => serde_json::from_str(head).map_err(|error| error.to_string()),
    };
    front.map_err(|message| message.trim_end().to_owned())
}

/// A JSON object, and what follows it.
fn json<'a>(text: &'a str, place: &SourceLocation, result: &mut ImportResult) -> Result<(FrontMatter, &'a str), Error> {
    let mut objects = serde_json::Deserializer::from_str(text).into_iter::<FrontMatter>();
    match objects.next() {
        Some(Ok(front)) => {
            let body = text.get(objects.byte_offset()..).unwrap_or_default();
            settled(front, body, place, result)
        }
        Some(Err(error)) => Err(wrong(place, format!("front matter: {error}"))),
        None => Err(no_front_matter(place)),
    }
}

/// A text that begins without a mark: Pelican's header, or none.
fn bare<'a>(text: &'a str, place: &SourceLocation, result: &mut ImportResult) -> Result<(FrontMatter, &'a str), Error> {
    if let Some((front, body)) = pelican::read(text) {
        return settled(front, body, place, result);
    }
    if is_about_files(&place.file) {
        return Err(Error::NoColumn { place: place.clone(), why: "it has no front matter".to_owned() });
    }
    Err(no_front_matter(place))
}

fn no_front_matter(place: &SourceLocation) -> Error {
    wrong(place, "it begins with no front matter: write it between two lines of --- (YAML) or +++ (TOML)")
}

/// Whether a file's name says that it is about the files around it.
fn is_about_files(file: &str) -> bool {
    let stem = Path::new(file).file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let stem = stem.split('.').next().unwrap_or_default();
    let names = ["readme", "license", "licence", "changelog", "contributing", "code_of_conduct", "code-of-conduct"];
    names.contains(&stem)
}

/// Tells of keys that nobody knows, and refuses what cannot be meant.
fn settled<'a>(
    front: FrontMatter,
    body: &'a str,
    place: &SourceLocation,
    result: &mut ImportResult,
) -> Result<(FrontMatter, &'a str), Error> {
    if let Some(why) = &front.wrong {
        return Err(wrong(place, why));
    }
    for name in &front.unknown {
        result.warn_of_many(place, format!("the front matter's {name:?} means nothing here: passed over"));
    }
    Ok((front, body))
}

/// Tells what YAML takes away from a text that stands without quotes: what follows ` #`, a word that
/// begins with `!` or `&`.
fn warn_of_lost_text(head: &str, front: &FrontMatter, place: &SourceLocation, result: &mut ImportResult) {
    let mut lines = head.lines().enumerate().skip(1).peekable();
    while let Some((number, line)) = lines.next() {
        let Some((key, written)) = line.split_once(':') else { continue };
        if key.starts_with([' ', '\t', '-', '#']) {
            continue;
        }
        let read = match FrontMatterKey::of(key.trim_end()) {
            FrontMatterKey::Title => front.title.as_ref(),
            FrontMatterKey::Standfirst(rank) => front.standfirst.of_rank(rank),
            FrontMatterKey::Authors(rank) => match front.authors.of_rank(rank).map(Vec::as_slice) {
                Some([author]) => Some(author),
                _ => None,
            },
            _ => None,
        };
        let Some(read) = read else { continue };
        let mut written = written.trim().to_owned();
        // Quotes, blocks (`|`, `>`), lists and tables keep what is in them.
        if written.is_empty() || written.starts_with(['"', '\'', '|', '>', '[', '{']) {
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
