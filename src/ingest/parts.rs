//! Parts of a column that all sources judge by the same rules: its body, who wrote it, its picture.

use url::Url;

use super::{Error, ImportContext, ImportResult, SourceLocation, clean::clean_and_tell, wrong};
use crate::{
    locales::{Lang, fill},
    model::text,
};

/// How long a body may be in the form that takes the most for it: a feed validator, and many a
/// reader, takes 5 MB for a document of a feed, and a column must fit into one.
const MAX_BODY_BYTES: usize = 4_600_000;

/// A body in HTML, and what stands beside it.
#[derive(Debug)]
pub(super) struct RawBody<'a> {
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
    raw: &RawBody<'_>,
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

/// All authors in one line, joined as the magazine's language does it.
pub(super) fn byline(
    authors: &[String],
    place: &SourceLocation,
    lang: Lang,
    result: &mut ImportResult,
) -> Option<String> {
    let authors = authors.iter().map(|author| author_name(author, place, result));
    let mut authors: Vec<String> = authors.filter(|author| !author.trim().is_empty()).collect();
    let last = authors.pop()?;
    if authors.is_empty() {
        return Some(last);
    }
    let words = &lang.words().column;
    let others = authors.join(&words.authors_between);
    Some(fill(&words.authors, &[("others", &others), ("last", &last)]))
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

/// The id that readers of another feed know the column by, whatever it looks like.
pub(super) fn guid(text: &str, place: &SourceLocation, result: &mut ImportResult) -> Result<String, Error> {
    let guid = text::one_line(&result.legal(place, "guid", text));
    let guid = guid.trim();
    if guid.is_empty() || (guid.len() < 9 && guid.chars().all(char::is_numeric)) {
        let message = "guid: a short number, or nothing, is no id for ever: write an address, or leave it out";
        return Err(wrong(place, message));
    }
    Ok(guid.to_owned())
}
