//! A record of another system as a column: what is missing is made, what is wrong is told.

use std::path::Path;

use super::super::{
    Error, ImportContext, ImportResult, SourceLocation, audio, body,
    clean::CLEANER,
    front_matter::FrontMatterPicture,
    markdown::{GivenFields, dates, picture},
    parts::{self, Authors, UncleanedBody},
    site_paths::SiteLinks,
    typography, wrong,
};
use crate::{
    config::{Source, SourceKind},
    model::{BodyFormat, ColumnRecord, Draft, Image, RecordImage, RecordStatus, Rubrique, Slug, html::escape, text},
};

/// Reads a record of a source.
pub fn read_record(
    record: ColumnRecord,
    source: &Source,
    place: &SourceLocation,
    context: ImportContext<'_>,
    result: &mut ImportResult,
) -> Result<GivenFields, Error> {
    let key = result.legal(place, "id", record.id.trim());
    if key.is_empty() {
        return Err(wrong(place, "id: it is empty: each column needs one, the same for ever"));
    }
    let withdrawn = record.status != RecordStatus::Published;
    let title = match text::one_line(&result.legal(place, "title", &record.title)) {
        // Of what readers do not see yet, much may be missing.
        title if title.trim().is_empty() && withdrawn => key.clone(),
        title if title.trim().is_empty() => return Err(wrong(place, "title: it is empty")),
        title => title,
    };
    let slug = match record.slug.as_deref().filter(|slug| !slug.trim().is_empty()) {
        Some(slug) => Slug::from_text(slug),
        None => Slug::from_text(&title).or_else(|| Slug::from_text(&key)),
    };
    let slug = slug.ok_or_else(|| wrong(place, "its title holds no letter to make an address of: give it a slug"))?;
    let rubrique = rubrique(&record, source, place, context, result);
    let named = record.url.as_deref().map(str::trim).filter(|url| !url.is_empty());
    let url = parts::page(named, &slug, rubrique.as_ref(), place, context.magazine)?;
    let published = dates::instant("published", &record.published, place, context)?;
    let (updated, due) = dates::updated(record.updated.as_deref(), published, place, context, result)?;
    let standfirst = result.legal(place, "standfirst", &record.standfirst);
    let Authors { byline, bylines } = parts::authors(&record.bylines, place, context.magazine.lang, result);
    let tags = tags(&record, rubrique.as_ref(), source, place, context, result);
    parts::check_lengths(&title, &standfirst, byline.as_deref(), place)?;
    let guid = record.guid.as_deref().map(|guid| parts::guid(guid, place, result)).transpose()?;
    let given = GivenFields { given_guid: guid.is_some(), given_id: true, given_url: record.url.is_some(), due };
    let written = result.legal(place, "body", &record.body);
    let links = SiteLinks::new(Path::new(""), &url, context.magazine);
    let (body_raw, deep) = match record.format {
        BodyFormat::Html => (written, false),
        BodyFormat::Markdown => body::html(&written, &links),
        BodyFormat::Text => (paragraphs(&written), false),
    };
    let audio = record.audio.filter(|audio| !audio.url.trim().is_empty());
    let audio = audio.and_then(|audio| audio::audio(audio, &links, None, place, context.magazine, result));
    let image = record.image.filter(|image| !image.url.trim().is_empty());
    let has_more = !standfirst.trim().is_empty() || image.is_some();
    let raw = UncleanedBody { html: &body_raw, flattened: deep, page: &url, has_more };
    let body = parts::body(&raw, place, context, result)?;
    let image = match image {
        Some(image) => image_of(image, &links, place, context, result)?,
        None => None,
    };
    let mut draft = Draft {
        source: source.name.clone(),
        guid: guid.unwrap_or_else(|| context.magazine.tag(source.tag(), &key)),
        key,
        rubrique,
        title,
        standfirst: text::one_line(&standfirst),
        byline,
        bylines,
        tags,
        body,
        body_raw,
        cleaner: CLEANER,
        url,
        image,
        audio,
        published,
        updated,
        withdrawn,
    };
    if let Some(typography) = source.typography {
        typography::set(&mut draft, typography);
    }
    result.drafts.push(draft);
    Ok(given)
}

/// The first of a record's categories and tags that is a rubrique.
fn rubrique(
    record: &ColumnRecord,
    source: &Source,
    place: &SourceLocation,
    context: ImportContext<'_>,
    result: &mut ImportResult,
) -> Option<Slug> {
    let known = |label: &String| meant(label, source, context);
    let found = record.rubriques.iter().find_map(known).or_else(|| record.tags.iter().find_map(known));
    if let (None, Some(label)) = (&found, record.rubriques.first()) {
        parts::tell_no_rubrique(label, place, result);
    }
    found
}

/// The rubrique that a label of a source means.
fn meant(label: &str, source: &Source, context: ImportContext<'_>) -> Option<Slug> {
    let mapped = source.rubriques.get(&text::fold(label)).cloned();
    mapped.or_else(|| Rubrique::find(context.rubriques, label).map(|rubrique| rubrique.slug.clone()))
}

/// A record's tags. Feeds and Ghost make no difference between these and categories.
fn tags(
    record: &ColumnRecord,
    rubrique: Option<&Slug>,
    source: &Source,
    place: &SourceLocation,
    context: ImportContext<'_>,
    result: &mut ImportResult,
) -> Vec<String> {
    let is_one_list = matches!(source.kind, SourceKind::Feed | SourceKind::Ghost);
    let categories = if is_one_list { &*record.rubriques } else { &[] };
    let labels = categories.iter().chain(&record.tags).map(String::as_str);
    let is_its_own = |label: &str| rubrique.is_some() && meant(label, source, context).as_ref() == rubrique;
    parts::tags(labels, is_its_own, place, result)
}

/// A record's picture.
fn image_of(
    image: RecordImage,
    links: &SiteLinks<'_>,
    place: &SourceLocation,
    context: ImportContext<'_>,
    result: &mut ImportResult,
) -> Result<Option<Image>, Error> {
    let RecordImage { url, alt, credit, width, height, media_type, length } = image;
    let key = "image".to_owned();
    let named = FrontMatterPicture { key, url, alt, credit, width, height };
    let found = picture::image(named, links, None, place, context.magazine, result)?;
    Ok(found.map(|image| Image {
        media_type: media_type.or(image.media_type),
        length: length.or(image.length),
        ..image
    }))
}

/// A plain text as HTML.
fn paragraphs(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let paragraph = |text: &str| format!("<p>{}</p>", escape(text.trim()).replace('\n', "<br>"));
    text.split("\n\n").filter(|part| !part.trim().is_empty()).map(paragraph).collect()
}
