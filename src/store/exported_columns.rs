//! Columns on their way out of the store, as records that any store takes in again.

use super::{Result, Store, column_lists, instant, query::from_row, sql};
use crate::model::{ColumnId, ColumnRecord, RecordImage, RecordStatus};

/// A column as it stands.
struct ExportedRow {
    id: i64,
    source: String,
    source_key: String,
    guid: String,
    rubrique: Option<String>,
    title: String,
    standfirst: String,
    byline: Option<String>,
    bylines: String,
    tags: String,
    audio: String,
    body_raw: String,
    url: String,
    image_url: Option<String>,
    image_alt: Option<String>,
    image_credit: Option<String>,
    image_type: Option<String>,
    image_width: Option<i64>,
    image_height: Option<i64>,
    image_length: Option<i64>,
    published_at: i64,
    updated_at: i64,
    withdrawn_at: Option<i64>,
}

from_row!(ExportedRow {
    id,
    source,
    source_key,
    guid,
    rubrique,
    title,
    standfirst,
    byline,
    bylines,
    tags,
    audio,
    body_raw,
    url,
    image_url,
    image_alt,
    image_credit,
    image_type,
    image_width,
    image_height,
    image_length,
    published_at,
    updated_at,
    withdrawn_at,
});

impl Store {
    /// A column as a record; nothing if it is not there any more.
    pub async fn export_column(&self, id: ColumnId) -> Result<Option<ColumnRecord>> {
        let (columns, last) = self.export_columns(id.0 - 1, 1).await?;
        Ok(columns.into_iter().next().filter(|_| last == id.0))
    }

    /// So many columns as records, those that entered first before the others, after one by its place; with the place
    /// of the last.
    pub async fn export_columns(&self, after: i64, count: i64) -> Result<(Vec<ColumnRecord>, i64)> {
        let rows: Vec<ExportedRow> = self.read(sql::EXPORT_COLUMNS).bind(after).bind(count).fetch_all().await?;
        let last = rows.last().map_or(after, |row| row.id);
        Ok((rows.into_iter().map(record).collect::<Result<_>>()?, last))
    }
}

fn record(row: ExportedRow) -> Result<ColumnRecord> {
    let number = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok());
    let image = row.image_url.map(|url| RecordImage {
        url,
        alt: row.image_alt.unwrap_or_default(),
        credit: row.image_credit,
        width: number(row.image_width),
        height: number(row.image_height),
        media_type: row.image_type,
        length: row.image_length.and_then(|n| u64::try_from(n).ok()),
    });
    Ok(ColumnRecord {
        id: row.source_key,
        source: Some(row.source),
        guid: Some(row.guid),
        title: row.title,
        standfirst: row.standfirst,
        body: row.body_raw,
        bylines: column_lists::bylines(row.byline.as_deref(), &row.bylines)?,
        rubriques: row.rubrique.into_iter().collect(),
        published: instant(row.published_at)?.to_rfc3339(),
        updated: (row.updated_at != row.published_at)
            .then(|| instant(row.updated_at))
            .transpose()?
            .map(|at| at.to_rfc3339()),
        status: if row.withdrawn_at.is_some() { RecordStatus::Withdrawn } else { RecordStatus::Published },
        url: Some(row.url),
        image,
        tags: column_lists::names(&row.tags)?,
        audio: column_lists::audio_record(&row.audio)?,
        ..ColumnRecord::default()
    })
}
