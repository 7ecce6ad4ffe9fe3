//! Columns out of the database in one row. A row that comes by itself wakes two threads, the one that
//! SQLite works on and the one that waits for it, and with tens of thousands of them this took longer
//! than all the rest. So the database makes one text of all rows, with separators that no text of the
//! store can hold: control characters are taken out where a text enters.

use std::cmp::Reverse;

use url::Url;

use super::{
    Error, Result, column_lists, instant,
    query::{AnyRow, FromRow},
};
use crate::model::{Column, ColumnId, Image, Slug};

/// How many values make up a column: see `columns!` in `sql.rs`.
const VALUES_PER_COLUMN: usize = 20;

/// What a statement made with `columns!` gives.
pub(super) struct Packed {
    /// The columns, newest first.
    pub(super) columns: Result<Vec<Column>>,
    /// Their heads, as one made with `heads!` gives them.
    pub(super) heads: Option<String>,
}

impl FromRow for Packed {
    fn from_row(row: &impl AnyRow) -> sqlx::Result<Self> {
        // As bytes: nothing is copied, and what is UTF-8 is found out in a third of the time.
        Ok(Self { columns: unpack(row.text(0)?.unwrap_or_default()), heads: row.at(1)? })
    }
}

fn unpack(packed: &[u8]) -> Result<Vec<Column>> {
    let corrupt = || Error::Corrupt { what: "text", value: String::from_utf8_lossy(packed).chars().take(80).collect() };
    let packed = simdutf8::basic::from_utf8(packed).map_err(|_| corrupt())?;
    let records = packed.split('\u{1e}').filter(|record| !record.is_empty());
    let mut columns = records.map(column).collect::<Result<Vec<_>>>()?;
    columns.sort_unstable_by_key(|column| Reverse((column.published, column.id)));
    Ok(columns)
}

fn column(record: &str) -> Result<Column> {
    let corrupt = |what, value: &str| Error::Corrupt { what, value: value.chars().take(80).collect() };
    let values: Vec<&str> = record.split('\u{1f}').collect();
    let values: [&str; VALUES_PER_COLUMN] = values.try_into().map_err(|_| corrupt("column", record))?;
    let [id, guid, rubrique, title, standfirst, byline, url, rest @ .., published, updated, body] = values;
    let [image, alt, credit, media_type, width, height, length, bylines, tags, audio] = rest;
    let number = |text: &str| text.parse::<i64>().map_err(|_| corrupt("number", text));
    let address = |text: &str| Url::parse(text).map_err(|_| corrupt("URL", text));
    let slug = |text: &str| Slug::parse(text).map_err(|_| corrupt("slug", text));
    // What is not there is empty, and what is empty is not there.
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let image = match image {
        "" => None,
        image => Some(Image {
            url: address(image)?,
            alt: alt.to_owned(),
            credit: some(credit),
            media_type: some(media_type),
            width: width.parse().ok(),
            height: height.parse().ok(),
            length: length.parse().ok(),
        }),
    };
    Ok(Column {
        id: ColumnId(number(id)?),
        guid: guid.to_owned(),
        rubrique: Some(rubrique).filter(|text| !text.is_empty()).map(slug).transpose()?,
        title: title.to_owned(),
        standfirst: standfirst.to_owned(),
        byline: some(byline),
        bylines: column_lists::bylines(Some(byline).filter(|text| !text.is_empty()), bylines)?,
        tags: column_lists::names(tags)?,
        body: body.to_owned(),
        url: address(url)?,
        image,
        audio: column_lists::audio(audio)?,
        published: instant(number(published)?)?,
        updated: instant(number(updated)?)?,
    })
}
