//! Columns as Markdown files: front matter, then the body.

pub(super) mod dates;
mod names;
pub(super) mod picture;

use std::path::Path;

use chrono::Datelike;

pub(super) use names::undated;

use super::{
    Error, ImportContext, ImportResult, SourceLocation, audio, body,
    clean::{
        CLEANER,
        tokens::{HtmlToken, HtmlTokens},
    },
    folder::{self, FolderContents},
    front_matter::{FrontMatter, line_ends, split},
    parts::{self, Authors, MAX_STANDFIRST_CHARS, UncleanedBody},
    shortcodes,
    site_paths::SiteLinks,
    source::{ColumnSource, KnownDocuments, SourceDocument},
    typography, wrong,
};
use crate::{
    config::{Magazine, Source},
    model::{Draft, Instant, text},
};

/// What columns are known by that were imported from a file outside all sources.
pub const SOURCE: &str = "markdown";

/// What a file said itself of its column, beside the column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GivenFields {
    pub given_guid: bool,
    pub given_id: bool,
    pub given_url: bool,
    /// Something in it comes true then: it must be read again.
    pub due: Option<Instant>,
}

/// Makes a column that was read from a file one of a source.
fn assign(draft: &mut Draft, facts: GivenFields, source: &Source, magazine: &Magazine) {
    source.name.clone_into(&mut draft.source);
    if !facts.given_guid {
        draft.guid = magazine.tag(source.tag(), &draft.key);
    }
}

/// A folder of Markdown files.
#[derive(Debug, Clone, Copy)]
pub struct MarkdownFolder<'a>(pub &'a Source);

impl ColumnSource for MarkdownFolder<'_> {
    type Details = GivenFields;

    fn documents(&self, _: &KnownDocuments<'_>) -> Result<FolderContents, Error> {
        folder::contents(&self.0.path, self.0.follow_links)
    }

    fn read(
        &self,
        document: SourceDocument<'_>,
        context: ImportContext<'_>,
        result: &mut ImportResult,
    ) -> Result<GivenFields, Error> {
        let given = read(document.text, document.path, document.key, context, result)?;
        if let Some(draft) = result.drafts.last_mut() {
            assign(draft, given, self.0, context.magazine);
            if let Some(typography) = self.0.typography {
                typography::set(draft, typography);
            }
        }
        Ok(given)
    }
}

/// Reads one file's text. `key` is its name in the source unless the front matter gives an `id`.
pub fn read(
    text: &str,
    path: &Path,
    key: &str,
    context: ImportContext<'_>,
    result: &mut ImportResult,
) -> Result<GivenFields, Error> {
    let place = SourceLocation { file: path.display().to_string(), line: None };
    let text = line_ends(text);
    let (mut front, body) = split(&text, &place, result)?;
    let name = key;
    if names::is_page(&front, name) {
        return Err(Error::NoColumn { place, why: "it is a page without a date".to_owned() });
    }
    let id = front.id.take().map(|id| result.legal(&place, "id", &id));
    let key = id.as_deref().unwrap_or(name);
    let slug = names::slug(&front, name, &place)?;
    let rubrique = names::rubrique(&front, name, &place, context, result);
    let url = parts::page(front.url.get().map(String::as_str), &slug, rubrique.as_ref(), &place, context.magazine)?;
    let dates = dates::of(&front, name, &place, context, result)?;
    let (title, body) = title(&front, body, name, &place, result)?;
    let mut standfirst = result.legal(&place, "standfirst", front.standfirst.get().map_or("", String::as_str));
    let Authors { byline, bylines } =
        parts::authors(front.authors.get().map_or(&[], Vec::as_slice), &place, context.magazine.lang, result);
    let tags = names::tags(&front, rubrique.as_ref(), &place, context, result);
    parts::check_lengths(&title, &standfirst, byline.as_deref(), &place)?;
    standfirst = text::one_line(&standfirst);
    let guid = front.guid.as_deref().map(|guid| parts::guid(guid, &place, result)).transpose()?;
    let facts = GivenFields {
        given_guid: guid.is_some(),
        given_id: id.is_some(),
        given_url: front.url.get().is_some(),
        due: dates.due,
    };
    let links = SiteLinks::new(path, &url, context.magazine);
    let before = text[..text.len() - body.len()].matches('\n').count();
    let legal = result.legal(&place, "body", body);
    let resolved = shortcodes::resolve(&legal, &links);
    for (line, name) in &resolved.unknown {
        let place = SourceLocation { line: Some(before + line + 1), ..place.clone() };
        result.warn_of_many(&place, format!("the shortcode {name:?} is not known: readers will not see it"));
    }
    let summary = resolved.summary_end.and_then(|end| resolved.text.get(..end));
    let mut body = &*resolved.text;
    if let Some(summary) = summary.filter(|_| standfirst.is_empty()) {
        let (words, is_plain) = summary_words(summary, &links);
        if words.chars().count() <= MAX_STANDFIRST_CHARS {
            standfirst = words;
            // Feeds have the standfirst before the body: it would stand there twice.
            body = if is_plain { &body[summary.len()..] } else { body };
        }
    }
    let (body_raw, flattened) = body::html(body, &links);
    let has_more = !standfirst.is_empty() || front.image.get().is_some();
    let raw = UncleanedBody { html: &body_raw, flattened, page: &url, has_more };
    let body = parts::body(&raw, &place, context, result)?;
    let image = match front.image.take() {
        Some(image) => picture::image(image, &links, Some(path), &place, context.magazine, result)?,
        None => None,
    };
    let audio = front.audio.take();
    let audio = audio.and_then(|audio| audio::audio(audio, &links, Some(path), &place, context.magazine, result));
    result.drafts.push(Draft {
        source: SOURCE.to_owned(),
        guid: guid.unwrap_or_else(|| context.magazine.tag(SOURCE, key)),
        key: key.to_owned(),
        rubrique,
        title,
        standfirst,
        byline,
        bylines,
        tags,
        body,
        body_raw,
        cleaner: CLEANER,
        url,
        image,
        audio,
        published: dates.published,
        updated: dates.updated,
        withdrawn: front.hidden || dates.is_over,
    });
    Ok(facts)
}

/// What a summary says, in one line, and whether that is all of it: paragraphs without pictures, links and the like.
fn summary_words(markdown: &str, links: &SiteLinks<'_>) -> (String, bool) {
    let (html, _) = body::html(markdown, links);
    let kept = ["<p>", "</p>", "<em>", "</em>", "<strong>", "</strong>"];
    let is_plain = HtmlTokens::of(&html).all(|piece| match piece {
        HtmlToken::Tag(tag) => kept.contains(&tag.source),
        _ => true,
    });
    (text::one_line(&text::of_html(&html)), is_plain)
}

/// The title, and the body without the heading that it may be.
fn title<'b>(
    front: &FrontMatter,
    body: &'b str,
    name: &str,
    place: &SourceLocation,
    result: &mut ImportResult,
) -> Result<(String, &'b str), Error> {
    let (title, body) = match &front.title {
        Some(title) => (title.clone(), body),
        None => match body::heading(body) {
            Some((title, rest)) => (title, rest),
            // Nobody reads it; it may have got no further than its name.
            None if front.hidden => (names::stem(name).to_owned(), body),
            None => {
                let message = "it has no title: write `title`, or begin the body with a line of # and the title";
                return Err(wrong(place, message));
            }
        },
    };
    let title = text::one_line(&result.legal(place, "title", &title));
    if title.trim().is_empty() {
        return Err(wrong(place, "title: it is empty"));
    }
    Ok((title, body))
}

/// An instant whose year has four digits: feeds, headers and time zones know no other.
pub fn in_years(at: Instant, magazine: &Magazine) -> Result<Instant, String> {
    match magazine.zone.local(at).year() {
        1000..=9999 => Ok(at),
        year => Err(format!("the year {year} is none that a feed can tell: write one of four digits")),
    }
}
