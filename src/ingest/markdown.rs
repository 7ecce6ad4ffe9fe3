//! Columns as Markdown files: front matter, then the body.

use std::path::Path;

use chrono::{Datelike, Duration};

use super::{
    Error, Harvest, House, Place, body,
    clean::{CLEANER, clean_and_tell},
    front::{Picture, When, line_ends, split},
    media, wrong,
};
use crate::{
    config::{Magazine, Source},
    model::{Draft, EARLIEST, Image, Instant, Rubrique, Slug, text, uri},
};

/// How long a body may be in the form that takes the most for it: a feed validator, and many a
/// reader, takes 5 MB for a document of a feed, and a column must fit into one.
const LONGEST_BODY: usize = 4_600_000;

/// What columns are known by that were imported from a file outside all sources.
pub const SOURCE: &str = "markdown";

/// In characters: more is no title, and no subject of a letter.
pub(super) const LONGEST_LINE: usize = 1_000;
/// In characters: more is no paragraph that a letter could tell.
pub(super) const LONGEST_STANDFIRST: usize = 10_000;

/// What a file said itself of its column, beside the column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// It gives the `guid`.
    pub given_guid: bool,
    /// It gives the `id`.
    pub given_id: bool,
    /// It gives the `url`.
    pub given_url: bool,
    /// Something in it comes true then: it must be read again.
    pub due: Option<Instant>,
}

/// Makes a column that was read from a file one of a source.
pub fn assign(draft: &mut Draft, facts: Facts, source: &Source, magazine: &Magazine) {
    source.name.clone_into(&mut draft.source);
    if !facts.given_guid {
        draft.guid = magazine.tag(source.tag(), &draft.key);
    }
}

/// Reads one file's text. `key` is its name in the source unless the front matter gives an `id`.
pub fn read(text: &str, path: &Path, key: &str, house: House<'_>, harvest: &mut Harvest) -> Result<Facts, Error> {
    let place = Place { file: path.display().to_string(), line: None };
    let text = line_ends(text);
    let (front, body) = split(&text, &place, harvest)?;
    let stem = key.rsplit('/').next().unwrap_or(key);
    let id = front.id.as_deref().map(|id| harvest.legal(&place, "id", id));
    let key = id.as_deref().unwrap_or(key);
    let slug = match &front.slug {
        Some(slug) => Slug::parse(slug).map_err(|error| wrong(&place, format!("slug: {error}")))?,
        None => Slug::from_text(undated(stem))
            .ok_or_else(|| wrong(&place, "its name holds no letter to make an address of: give it a slug"))?,
    };
    let rubrique = front.rubrique.as_deref().filter(|label| !label.trim().is_empty());
    let known = rubrique.and_then(|label| Rubrique::find(house.rubriques, label)).map(|r| r.slug.clone());
    match rubrique {
        Some(label) if known.is_none() => harvest.warn(
            &place,
            format!("{label:?} is no rubrique of the configuration: the column is in the feed of all columns alone"),
        ),
        _ => {}
    }
    let url = match &front.url {
        Some(url) => house.magazine.url.join(url),
        None => house.magazine.column_url(&slug, known.as_ref()),
    };
    let url = url.map_err(|error| wrong(&place, format!("url: {error}")))?;
    if !uri::is_web(&url) {
        return Err(wrong(&place, format!("url: {url} is no address that readers can follow: write an https one")));
    }
    let published = when("published", &front.published, &place, house)?;
    let (updated, due) = updated(front.updated.as_ref(), published, &place, house, harvest)?;
    if updated < EARLIEST {
        harvest.warn(
            &place,
            "published: before 1990, which feed readers take for a mistake: RSS and Atom leave the date out, and Atom's \
             readers get it as updated in 1990; write as `updated` when it came on the site",
        );
    }
    let title = text::one_line(&harvest.legal(&place, "title", &front.title));
    if title.trim().is_empty() {
        return Err(wrong(&place, "title: it is empty"));
    }
    let standfirst = harvest.legal(&place, "standfirst", front.standfirst.as_deref().unwrap_or_default());
    let byline = front.byline.as_deref().map(|b| byline(b, &place, harvest));
    for (key, value, most) in [
        ("title", title.as_str(), LONGEST_LINE),
        ("standfirst", &standfirst, LONGEST_STANDFIRST),
        ("byline", byline.as_deref().unwrap_or_default(), LONGEST_LINE),
    ] {
        short(key, value, most, &place)?;
    }
    let guid = front.guid.as_deref().map(|guid| guid_of(guid, &place, harvest)).transpose()?;
    let facts = Facts { given_guid: guid.is_some(), given_id: id.is_some(), given_url: front.url.is_some(), due };
    let (body_raw, flattened) = body::html(&harvest.legal(&place, "body", body));
    let cleaned = clean_and_tell(&body_raw, &url, &house.magazine.media_url);
    if flattened || cleaned.flattened {
        harvest.warn(
            &place,
            "the body has more than 100 elements in one another: the inner ones are gone, their words stay",
        );
    }
    let body = cleaned.html;
    let length = body.len() + 3 * body.matches(['<', '>']).count() + 5 * body.matches(['"', '\'', '&']).count();
    if length > LONGEST_BODY {
        let message = format!("the body takes {length} bytes in a feed, readers take {LONGEST_BODY}: shorten it");
        return Err(wrong(&place, message));
    }
    let image = front.image.map(|image| picture(image, path, &place, house, harvest)).transpose()?;
    harvest.drafts.push(Draft {
        source: SOURCE.to_owned(),
        guid: guid.unwrap_or_else(|| house.magazine.tag(SOURCE, key)),
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

/// Refuses a text that is too long.
pub(super) fn short(key: &str, value: &str, most: usize, place: &Place) -> Result<(), Error> {
    match value.chars().count() {
        length if length > most => {
            Err(wrong(place, format!("{key}: it has {length} characters, and there is room for {most}: shorten it")))
        }
        _ => Ok(()),
    }
}

/// An instant of the front matter.
fn when(key: &str, at: &When, place: &Place, house: House<'_>) -> Result<Instant, Error> {
    let at = house.magazine.zone.parse(&at.to_string()).map_err(|error| wrong(place, format!("{key}: {error}")))?;
    in_years(at, house.magazine).map_err(|message| wrong(place, format!("{key}: {message}")))
}

/// An instant whose year has four digits: feeds, headers and time zones know no other.
pub fn in_years(at: Instant, magazine: &Magazine) -> Result<Instant, String> {
    match magazine.zone.local(at).year() {
        1000..=9999 => Ok(at),
        year => Err(format!("the year {year} is none that a feed can tell: write one of four digits")),
    }
}

/// When a column was updated as of now, and when that changes by itself.
fn updated(
    written: Option<&When>,
    published: Instant,
    place: &Place,
    house: House<'_>,
    harvest: &mut Harvest,
) -> Result<(Instant, Option<Instant>), Error> {
    let Some(written) = written else { return Ok((published, None)) };
    let updated = when("updated", written, place, house)?;
    let zone = &house.magazine.zone;
    // A day without an hour begins before what was published in it.
    let has_hour = written.to_string().contains(':');
    let same_day = zone.local(updated).date_naive() == zone.local(published).date_naive();
    if !has_hour && same_day && updated < published {
        return Ok((published + Duration::seconds(1), None));
    }
    if updated > published.max(house.at) {
        harvest.warn(place, format!("updated: {updated} is still to come: until then it counts as not updated"));
        return Ok((published, Some(updated)));
    }
    Ok((updated.max(published), None))
}

/// A name, without the e-mail address that may stand with it: a feed would tell it everybody.
fn byline(text: &str, place: &Place, harvest: &mut Harvest) -> String {
    let byline = text::one_line(&harvest.legal(place, "byline", text));
    let name = text::without_mail(&byline);
    if *name != byline {
        harvest.warn(place, "the byline held an e-mail address, which a feed would tell everybody: taken out");
    }
    name.into_owned()
}

/// The id that readers of another feed know the column by, whatever it looks like.
fn guid_of(text: &str, place: &Place, harvest: &mut Harvest) -> Result<String, Error> {
    let guid = text::one_line(&harvest.legal(place, "guid", text));
    let guid = guid.trim();
    if guid.is_empty() || (guid.len() < 9 && guid.chars().all(char::is_numeric)) {
        let message = "guid: a short number, or nothing, is no id for ever: write an address, or leave it out";
        return Err(wrong(place, message));
    }
    Ok(guid.to_owned())
}

fn picture(
    image: Picture,
    path: &Path,
    place: &Place,
    house: House<'_>,
    harvest: &mut Harvest,
) -> Result<Image, Error> {
    let url = house.magazine.media_url.join(&image.url);
    let url = url.map_err(|error| wrong(place, format!("image.url: {error}")))?;
    if !uri::is_web(&url) {
        return Err(wrong(place, format!("image.url: {:?} is no web address", image.url)));
    }
    let alt = text::one_line(&harvest.legal(place, "image's alt", &image.alt));
    if alt.is_empty() {
        harvest.warn(place, "its image has no alt: say in words what it shows");
    }
    let measured = media::measure(path, &image.url);
    let credit = image.credit.map(|credit| text::one_line(&harvest.legal(place, "image's credit", &credit)));
    Ok(Image {
        alt,
        credit: credit.filter(|c| !c.is_empty()),
        media_type: measured.media_type,
        width: image.width.or(measured.width),
        height: image.height.or(measured.height),
        length: measured.length,
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
