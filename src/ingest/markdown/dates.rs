//! When a column appears, when it was changed, and when it goes.

use chrono::Duration;

use super::super::{
    Error, ImportContext, ImportResult, SourceLocation,
    front_matter::{FrontMatter, dates},
    markdown::in_years,
    wrong,
};
use crate::model::{EARLIEST, Instant};

/// What Eleventy takes for a date and nobody can tell who has the file alone.
const OF_THE_FILE: [&str; 4] = ["last modified", "created", "git last modified", "git created"];

#[derive(Debug, Clone, Copy)]
pub(super) struct ColumnDates {
    pub(super) published: Instant,
    pub(super) updated: Instant,
    /// When something of this comes true: the file must be read again.
    pub(super) due: Option<Instant>,
    /// Whether its time is over.
    pub(super) is_over: bool,
}

pub(super) fn of(
    front: &FrontMatter,
    name: &str,
    place: &SourceLocation,
    context: ImportContext<'_>,
    result: &mut ImportResult,
) -> Result<ColumnDates, Error> {
    let written = front.published.get().filter(|text| !OF_THE_FILE.contains(&text.to_lowercase().as_str()));
    let day = if written.is_none() { dates::in_name(name).map(|day| day.to_string()) } else { None };
    let published = match written.or(day.as_ref()) {
        Some(written) => instant("published", written, place, context)?,
        // A draft often has none; it is nobody's date.
        None if front.hidden => EARLIEST,
        None => {
            return Err(wrong(
                place,
                "it has no date: write `published`, or begin the file's name with one, such as 2026-10-02-",
            ));
        }
    };
    let (updated, changes) = updated(front.updated.get().map(String::as_str), published, place, context, result)?;
    if updated < EARLIEST {
        result.warn(
            place,
            "published: before 1990, which feed readers take for a mistake: RSS and Atom leave the date out, and Atom's \
             readers get it as updated in 1990; write as `updated` when it came on the site",
        );
    }
    let expires = front.expires.get().map(|text| instant("expiryDate", text, place, context)).transpose()?;
    let is_over = expires.is_some_and(|expires| expires <= context.at);
    let due = [changes, expires.filter(|_| !is_over)].into_iter().flatten().min();
    Ok(ColumnDates { published, updated, due, is_over })
}

pub(in crate::ingest) fn instant(
    key: &str,
    text: &str,
    place: &SourceLocation,
    context: ImportContext<'_>,
) -> Result<Instant, Error> {
    let at = dates::instant(text, &context.magazine.zone);
    let at = at.and_then(|at| in_years(at, context.magazine));
    at.map_err(|message| wrong(place, format!("{key}: {message}")))
}

/// When a column was updated as of now, and when that changes by itself.
pub(in crate::ingest) fn updated(
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
