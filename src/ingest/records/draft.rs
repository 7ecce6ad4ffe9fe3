//! A record of another system as a column: what is missing is made, what is wrong is told.

use super::super::{
    Error, ImportContext, ImportResult, SourceLocation, body,
    clean::{CLEANER, clean_and_tell},
    markdown::{self, GivenFields, MAX_LINE_CHARS, MAX_STANDFIRST_CHARS, check_length},
    wrong,
};
use crate::{
    config::Source,
    model::{BodyFormat, ColumnRecord, Draft, RecordStatus, Rubrique, Slug, html::escape, text, uri},
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
    let url = match record.url.as_deref().filter(|url| !url.trim().is_empty()) {
        Some(url) => context.magazine.url.join(url.trim()),
        None => context.magazine.column_url(&slug, rubrique.as_ref()),
    };
    let url = url.map_err(|error| wrong(place, format!("url: {error}")))?;
    if !uri::is_web(&url) {
        return Err(wrong(place, format!("url: {url} is no address that readers can follow: write an https one")));
    }
    let published = markdown::instant("published", &record.published, place, context)?;
    let (updated, due) = markdown::updated(record.updated.as_deref(), published, place, context, result)?;
    let standfirst = result.legal(place, "standfirst", &record.standfirst);
    let byline = byline(&record, place, result);
    for (key, value, most) in [
        ("title", title.as_str(), MAX_LINE_CHARS),
        ("standfirst", &standfirst, MAX_STANDFIRST_CHARS),
        ("byline", byline.as_deref().unwrap_or_default(), MAX_LINE_CHARS),
    ] {
        check_length(key, value, most, place)?;
    }
    let guid = record.guid.as_deref().map(|guid| markdown::guid_of(guid, place, result)).transpose()?;
    let given = GivenFields { given_guid: guid.is_some(), given_id: true, given_url: record.url.is_some(), due };
    let written = result.legal(place, "body", &record.body);
    let (body_raw, deep) = match record.format {
        BodyFormat::Html => (written, false),
        BodyFormat::Markdown => body::html(&written),
        BodyFormat::Text => (paragraphs(&written), false),
    };
    let cleaned = clean_and_tell(&body_raw, &url, &context.magazine.media_url);
    markdown::tell_nesting(deep || cleaned.flattened, place, result);
    markdown::check_body_length(&cleaned.html, place)?;
    let image = record.image.filter(|image| !image.url.trim().is_empty());
    let image = image.map(|image| markdown::picture(image, None, place, context, result)).transpose()?;
    result.drafts.push(Draft {
        source: source.name.clone(),
        guid: guid.unwrap_or_else(|| context.magazine.tag(source.tag(), &key)),
        key,
        rubrique,
        title,
        standfirst: text::one_line(&standfirst),
        byline,
        body: cleaned.html,
        body_raw,
        cleaner: CLEANER,
        url,
        image,
        published,
        updated,
        withdrawn,
    });
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
    let known = |label: &String| {
        let mapped = source.rubriques.get(&text::fold(label)).cloned();
        mapped.or_else(|| Rubrique::find(context.rubriques, label).map(|rubrique| rubrique.slug.clone()))
    };
    let found = record.rubriques.iter().find_map(known).or_else(|| record.tags.iter().find_map(known));
    if let (None, Some(label)) = (&found, record.rubriques.first()) {
        result.warn(
            place,
            format!("{label:?} is no rubrique of the configuration: the column is in the feed of all columns alone"),
        );
    }
    found
}

/// Who wrote it, in one text.
fn byline(record: &ColumnRecord, place: &SourceLocation, result: &mut ImportResult) -> Option<String> {
    let names: Vec<String> = record.bylines.iter().map(|name| markdown::byline(name, place, result)).collect();
    let names: Vec<&str> = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// A plain text as HTML.
fn paragraphs(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let paragraph = |text: &str| format!("<p>{}</p>", escape(text.trim()).replace('\n', "<br>"));
    text.split("\n\n").filter(|part| !part.trim().is_empty()).map(paragraph).collect()
}
