//! Who wrote a column.

use super::super::{ImportResult, SourceLocation, front_matter::FrontMatter};
use crate::{
    locales::{Lang, fill},
    model::text,
};

/// All authors in one line, joined as the magazine's language does it.
pub(super) fn byline(
    front: &FrontMatter,
    place: &SourceLocation,
    lang: Lang,
    result: &mut ImportResult,
) -> Option<String> {
    let authors = front.authors.get()?.iter().map(|author| one(author, place, result));
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
fn one(text: &str, place: &SourceLocation, result: &mut ImportResult) -> String {
    let byline = text::one_line(&result.legal(place, "byline", text));
    let name = text::without_email(&byline);
    if *name != byline {
        result.warn(place, "the byline held an e-mail address, which a feed would tell everybody: taken out");
    }
    name.into_owned()
}
