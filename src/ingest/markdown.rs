//! Columns as Markdown files: front matter, then the body.

use std::path::Path;

use chrono::{Datelike, Duration};

use super::{
    Error, ImportContext, ImportResult, SourceLocation, body,
    clean::{CLEANER, clean_and_tell},
    folder::{self, FolderContents},
    front_matter::{FrontMatterDate, line_ends, split},
    media,
    source::{ColumnSource, KnownDocuments, SourceDocument},
    wrong,
};
use crate::{
    config::{Magazine, Source},
    model::{Draft, EARLIEST, Image, Instant, RecordImage, Rubrique, Slug, text, uri},
};

/// How long a body may be in the form that takes the most for it: a feed validator, and many a
/// reader, takes 5 MB for a document of a feed, and a column must fit into one.
const MAX_BODY_BYTES: usize = 4_600_000;

/// What columns are known by that were imported from a file outside all sources.
pub const SOURCE: &str = "markdown";

/// In characters: more is no title, and no subject of a letter.
pub(super) const MAX_LINE_CHARS: usize = 1_000;
/// In characters: more is no paragraph that a letter could tell.
pub(super) const MAX_STANDFIRST_CHARS: usize = 10_000;

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
    let (front, body) = split(&text, &place, result)?;
    let stem = key.rsplit('/').next().unwrap_or(key);
    let id = front.id.as_deref().map(|id| result.legal(&place, "id", id));
    let key = id.as_deref().unwrap_or(key);
    let slug = match &front.slug {
        Some(slug) => Slug::parse(slug).map_err(|error| wrong(&place, format!("slug: {error}")))?,
        None => Slug::from_text(undated(stem))
            .ok_or_else(|| wrong(&place, "its name holds no letter to make an address of: give it a slug"))?,
    };
    let rubrique = front.rubrique.as_deref().filter(|label| !label.trim().is_empty());
    let known = rubrique.and_then(|label| Rubrique::find(context.rubriques, label)).map(|r| r.slug.clone());
    match rubrique {
        Some(label) if known.is_none() => result.warn(
            &place,
            format!("{label:?} is no rubrique of the configuration: the column is in the feed of all columns alone"),
        ),
        _ => {}
    }
    let url = match &front.url {
        Some(url) => context.magazine.url.join(url),
        None => context.magazine.column_url(&slug, known.as_ref()),
    };
    let url = url.map_err(|error| wrong(&place, format!("url: {error}")))?;
    if !uri::is_web(&url) {
        return Err(wrong(&place, format!("url: {url} is no address that readers can follow: write an https one")));
    }
    let published = when("published", &front.published, &place, context)?;
    let updated_text = front.updated.as_ref().map(ToString::to_string);
    let (updated, due) = updated(updated_text.as_deref(), published, &place, context, result)?;
    if updated < EARLIEST {
        result.warn(
            &place,
            "published: before 1990, which feed readers take for a mistake: RSS and Atom leave the date out, and Atom's \
             readers get it as updated in 1990; write as `updated` when it came on the site",
        );
    }
    let title = text::one_line(&result.legal(&place, "title", &front.title));
    if title.trim().is_empty() {
        return Err(wrong(&place, "title: it is empty"));
    }
    let standfirst = result.legal(&place, "standfirst", front.standfirst.as_deref().unwrap_or_default());
    let byline = front.byline.as_deref().map(|b| byline(b, &place, result));
    for (key, value, most) in [
        ("title", title.as_str(), MAX_LINE_CHARS),
        ("standfirst", &standfirst, MAX_STANDFIRST_CHARS),
        ("byline", byline.as_deref().unwrap_or_default(), MAX_LINE_CHARS),
    ] {
        check_length(key, value, most, &place)?;
    }
    let guid = front.guid.as_deref().map(|guid| guid_of(guid, &place, result)).transpose()?;
    let facts = GivenFields { given_guid: guid.is_some(), given_id: id.is_some(), given_url: front.url.is_some(), due };
    let (body_raw, flattened) = body::html(&result.legal(&place, "body", body));
    let cleaned = clean_and_tell(&body_raw, &url, &context.magazine.media_url);
    tell_nesting(flattened || cleaned.flattened, &place, result);
    let body = cleaned.html;
    check_body_length(&body, &place)?;
    let image = front.image.map(|image| picture(image.into(), Some(path), &place, context, result)).transpose()?;
    result.drafts.push(Draft {
        source: SOURCE.to_owned(),
        guid: guid.unwrap_or_else(|| context.magazine.tag(SOURCE, key)),
        key: key.to_owned(),
        rubrique: known,
        title,
        standfirst: text::one_line(&standfirst),
        byline: byline.filter(|b| !b.trim().is_empty()),
        body,
        body_raw,
        cleaner: CLEANER,
        url,
        image,
        published,
        updated,
        withdrawn: front.draft || front.withdrawn,
    });
    Ok(facts)
}

/// Tells that a body was nested too deep, if it was.
pub(super) fn tell_nesting(deep: bool, place: &SourceLocation, result: &mut ImportResult) {
    if deep {
        result.warn(
            place,
            "the body has more than 100 elements in one another: the inner ones are gone, their words stay",
        );
    }
}

/// Refuses a body that no document of a feed could hold.
pub(super) fn check_body_length(body: &str, place: &SourceLocation) -> Result<(), Error> {
    let length = body.len() + 3 * body.matches(['<', '>']).count() + 5 * body.matches(['"', '\'', '&']).count();
    if length > MAX_BODY_BYTES {
        let message = format!("the body takes {length} bytes in a feed, readers take {MAX_BODY_BYTES}: shorten it");
        return Err(wrong(place, message));
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

fn when(key: &str, at: &FrontMatterDate, place: &SourceLocation, context: ImportContext<'_>) -> Result<Instant, Error> {
    instant(key, &at.to_string(), place, context)
}

/// An instant that a field tells.
pub(super) fn instant(
    key: &str,
    text: &str,
    place: &SourceLocation,
    context: ImportContext<'_>,
) -> Result<Instant, Error> {
    let at = context.magazine.zone.parse(text).map_err(|error| wrong(place, format!("{key}: {error}")))?;
    in_years(at, context.magazine).map_err(|message| wrong(place, format!("{key}: {message}")))
}

/// An instant whose year has four digits: feeds, headers and time zones know no other.
pub fn in_years(at: Instant, magazine: &Magazine) -> Result<Instant, String> {
    match magazine.zone.local(at).year() {
        1000..=9999 => Ok(at),
        year => Err(format!("the year {year} is none that a feed can tell: write one of four digits")),
    }
}

/// When a column was updated as of now, and when that changes by itself.
pub(super) fn updated(
    written: Option<&str>,
    published: Instant,
    place: &SourceLocation,
    context: ImportContext<'_>,
    result: &mut ImportResult,
) -> Result<(Instant, Option<Instant>), Error> {
    let Some(written) = written else { return Ok((published, None)) };
    let updated = instant("updated", written, place, context)?;
    let zone = &context.magazine.zone;
    // A day without an hour begins before what was published in it.
    let has_hour = written.contains(':');
    let same_day = zone.local(updated).date_naive() == zone.local(published).date_naive();
    if !has_hour && same_day && updated < published {
        return Ok((published + Duration::seconds(1), None));
    }
    if updated > published.max(context.at) {
        result.warn(place, format!("updated: {updated} is still to come: until then it counts as not updated"));
        return Ok((published, Some(updated)));
    }
    Ok((updated.max(published), None))
}

/// A name, without the e-mail address that may stand with it: a feed would tell it everybody.
pub(super) fn byline(text: &str, place: &SourceLocation, result: &mut ImportResult) -> String {
    let byline = text::one_line(&result.legal(place, "byline", text));
    let name = text::without_email(&byline);
    if *name != byline {
        result.warn(place, "the byline held an e-mail address, which a feed would tell everybody: taken out");
    }
    name.into_owned()
}

/// The id that readers of another feed know the column by, whatever it looks like.
pub(super) fn guid_of(text: &str, place: &SourceLocation, result: &mut ImportResult) -> Result<String, Error> {
    let guid = text::one_line(&result.legal(place, "guid", text));
    let guid = guid.trim();
    if guid.is_empty() || (guid.len() < 9 && guid.chars().all(char::is_numeric)) {
        let message = "guid: a short number, or nothing, is no id for ever: write an address, or leave it out";
        return Err(wrong(place, message));
    }
    Ok(guid.to_owned())
}

pub(super) fn picture(
    image: RecordImage,
    beside: Option<&Path>,
    place: &SourceLocation,
    context: ImportContext<'_>,
    result: &mut ImportResult,
) -> Result<Image, Error> {
    let url = context.magazine.media_url.join(image.url.trim());
    let url = url.map_err(|error| wrong(place, format!("image.url: {error}")))?;
    if !uri::is_web(&url) {
        return Err(wrong(place, format!("image.url: {:?} is no web address", image.url)));
    }
    let alt = text::one_line(&result.legal(place, "image's alt", &image.alt));
    if alt.is_empty() {
        result.warn(place, "its image has no alt: say in words what it shows");
    }
    let measured = media::measure(beside, &image.url);
    let credit = image.credit.map(|credit| text::one_line(&result.legal(place, "image's credit", &credit)));
    Ok(Image {
        alt,
        credit: credit.filter(|c| !c.is_empty()),
        media_type: image.media_type.or(measured.media_type),
        width: image.width.or(measured.width),
        height: image.height.or(measured.height),
        length: image.length.or(measured.length),
        url,
    })
}

/// A file's name without the date that it may begin with.
pub(super) fn undated(stem: &str) -> &str {
    let date = stem.get(..10).and_then(|date| chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").ok());
    match (date, stem.get(10..)) {
        (Some(_), Some(rest)) if rest.len() > 1 => rest.trim_start_matches(['-', '_']),
        _ => stem,
    }
}
