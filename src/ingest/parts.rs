//! Parts of a column that all sources judge by the same rules: its body, who wrote it, its picture.

use url::Url;

use super::{Error, ImportContext, ImportResult, SourceLocation, clean::clean_and_tell, wrong};
use crate::{
    config::Magazine,
    locales::{Lang, fill},
    model::{Slug, text, uri},
};

/// In characters: more is no title, and no subject of a letter.
pub(super) const MAX_LINE_CHARS: usize = 1_000;

/// In characters: more is no paragraph that a letter could tell.
pub(super) const MAX_STANDFIRST_CHARS: usize = 10_000;

/// In characters: more is a sentence, and no tag.
const MAX_TAG_CHARS: usize = 200;

/// How long a body may be in the form that takes the most for it: a feed validator, and many a
/// reader, takes 5 MB for a document of a feed, and a column must fit into one.
const MAX_BODY_BYTES: usize = 4_600_000;

/// A body in HTML, and what stands beside it.
#[derive(Debug)]
pub(super) struct UncleanedBody<'a> {
    pub(super) html: &'a str,
    /// Whether some of it was too deep already.
    pub(super) flattened: bool,
    /// The column's page.
    pub(super) page: &'a Url,
    /// Whether readers have something else of the column: a standfirst, a picture.
    pub(super) has_more: bool,
}

/// Cleans a body, and tells what readers will not see of it.
pub(super) fn body(
    raw: &UncleanedBody<'_>,
    place: &SourceLocation,
    context: ImportContext<'_>,
    result: &mut ImportResult,
) -> Result<String, Error> {
    let cleaned = clean_and_tell(raw.html, raw.page, &context.magazine.media_url, context.magazine.lang);
    if raw.flattened || cleaned.flattened {
        result.warn(
            place,
            "the body has more than 100 elements in one another: the inner ones are gone, their words stay",
        );
    }
    if let Some(unseen) = &cleaned.unseen {
        result.warn(place, unseen_warning(unseen));
    }
    if cleaned.emptied && !raw.has_more {
        return Err(wrong(place, "nothing of its body can be shown, and it has no standfirst: say it in words"));
    }
    if cleaned.emptied {
        result.warn(place, "nothing of its body can be shown: readers get it without one");
    }
    let body = cleaned.html;
    let length = body.len() + 3 * body.matches(['<', '>']).count() + 5 * body.matches(['"', '\'', '&']).count();
    if length > MAX_BODY_BYTES {
        let message = format!("the body takes {length} bytes in a feed, readers take {MAX_BODY_BYTES}: shorten it");
        return Err(wrong(place, message));
    }
    Ok(body)
}

/// What is told of a body of which readers will not see something.
pub fn unseen_warning(unseen: &str) -> String {
    format!("readers will not see everything of the body: {unseen}: describe it in words, or give it a title")
}

/// Refuses words that are too long for where readers meet them.
pub(super) fn check_lengths(
    title: &str,
    standfirst: &str,
    byline: Option<&str>,
    place: &SourceLocation,
) -> Result<(), Error> {
    let byline = byline.unwrap_or_default();
    for (key, value, most) in [
        ("title", title, MAX_LINE_CHARS),
        ("standfirst", standfirst, MAX_STANDFIRST_CHARS),
        ("byline", byline, MAX_LINE_CHARS),
    ] {
        check_length(key, value, most, place)?;
    }
    Ok(())
}

/// Refuses a text that is too long.
pub(super) fn check_length(key: &str, value: &str, most: usize, place: &SourceLocation) -> Result<(), Error> {
    match value.chars().count() {
        length if length > most => {
            Err(wrong(place, format!("{key}: it has {length} characters, and there is room for {most}: shorten it")))
        }
        _ => Ok(()),
    }
}

/// A column's page: the one that it names, or else the one that is made of its slug.
pub(super) fn page(
    named: Option<&str>,
    slug: &Slug,
    rubrique: Option<&Slug>,
    place: &SourceLocation,
    magazine: &Magazine,
) -> Result<Url, Error> {
    let url = match named {
        Some(url) => magazine.url.join(url),
        None => magazine.column_url(slug, rubrique),
    };
    let url = url.map_err(|error| wrong(place, format!("url: {error}")))?;
    if !uri::is_web(&url) {
        return Err(wrong(place, format!("url: {url} is no address that readers can follow: write an https one")));
    }
    Ok(url)
}

/// Tells of a category that no rubrique is called like.
pub(super) fn tell_no_rubrique(label: &str, place: &SourceLocation, result: &mut ImportResult) {
    result.labels.push(label.to_owned());
    result.warn_of_many(
        place,
        format!("{label:?} is no rubrique of the configuration: the column is in the feed of all columns alone"),
    );
}

/// Who wrote a column.
#[derive(Debug, Default)]
pub(super) struct Authors {
    /// All in one line, joined as the magazine's language does it.
    pub(super) byline: Option<String>,
    /// A name each.
    pub(super) bylines: Vec<String>,
}

/// Who wrote a column, by the names that its source gives. One that stands there twice counts once.
pub(super) fn authors(names: &[String], place: &SourceLocation, lang: Lang, result: &mut ImportResult) -> Authors {
    let mut bylines: Vec<String> = Vec::new();
    for name in names.iter().map(|name| author_name(name, place, result)) {
        if !text::is_blank(&name) && !bylines.contains(&name) {
            bylines.push(name);
        }
    }
    let byline = match bylines.split_last() {
        Some((last, others)) if !others.is_empty() => {
            let words = &lang.words().column;
            let others = others.join(&words.authors_between);
            Some(fill(&words.authors, &[("others", &others), ("last", last)]))
        }
        _ => bylines.first().cloned(),
    };
    Authors { byline, bylines }
}

/// What a column is about, by the tags that its source gives: without those that mean its rubrique, which it has
/// anyway, and without repetitions, whatever their case and accents.
pub(super) fn tags<'t>(
    labels: impl IntoIterator<Item = &'t str>,
    means_rubrique: impl Fn(&str) -> bool,
    place: &SourceLocation,
    result: &mut ImportResult,
) -> Vec<String> {
    let (mut tags, mut known) = (Vec::new(), Vec::new());
    for label in labels {
        let tag = text::one_line(&result.legal(place, "tags", label));
        if text::is_blank(&tag) || means_rubrique(&tag) {
            continue;
        }
        if tag.chars().count() > MAX_TAG_CHARS {
            result.warn(place, format!("tags: {tag:?} has more than {MAX_TAG_CHARS} characters: passed over"));
            continue;
        }
        let folded = text::fold(&tag);
        if !known.contains(&folded) {
            known.push(folded);
            tags.push(tag);
        }
    }
    tags
}

/// A name, without the e-mail address that may stand with it: a feed would tell it everybody.
fn author_name(text: &str, place: &SourceLocation, result: &mut ImportResult) -> String {
    let byline = text::one_line(&result.legal(place, "byline", text));
    let name = text::without_email(&byline);
    if *name != byline {
        result.warn(place, "the byline held an e-mail address, which a feed would tell everybody: taken out");
    }
    name.into_owned()
}

/// Whether an id is one for ever: a short number is another column's in another feed, and nothing is none.
pub(super) fn is_lasting(id: &str) -> bool {
    id.len() >= 9 || !id.chars().all(char::is_numeric)
}

/// The id that readers of another feed know the column by, whatever it looks like.
pub(super) fn guid(text: &str, place: &SourceLocation, result: &mut ImportResult) -> Result<String, Error> {
    let guid = text::one_line(&result.legal(place, "guid", text));
    let guid = guid.trim();
    if !is_lasting(guid) {
        let message = "guid: a short number, or nothing, is no id for ever: write an address, or leave it out";
        return Err(wrong(place, message));
    }
    Ok(guid.to_owned())
}
