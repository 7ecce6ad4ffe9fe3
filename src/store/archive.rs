//! Editions as the archive shows them: those that were sent to somebody.

use super::{Result, Store, editions, packed_columns::Packed, sql};
use crate::model::{Column, Edition, Period, Slug};

impl Store {
    /// The newest editions of a newsletter that readers have got, newest first.
    pub async fn archive(&self, newsletter: &Slug, limit: u32) -> Result<Vec<Edition>> {
        let rows: Vec<editions::Row> =
            self.read(sql::ARCHIVE).bind(newsletter.as_str()).bind(i64::from(limit)).fetch_all().await?;
        rows.into_iter().map(Edition::try_from).collect()
    }

    /// An edition that readers have got, and the HTML of the letter for all rubriques.
    pub async fn archived(&self, newsletter: &Slug, period: &Period) -> Result<Option<(Edition, String)>> {
        let row: Option<editions::Row> =
            self.read(sql::ARCHIVED).bind(newsletter.as_str()).bind(period.as_str()).fetch_optional().await?;
        let Some(edition) = row.map(Edition::try_from).transpose()? else { return Ok(None) };
        let html: Option<String> = self.read(sql::WHOLE_VARIANT).bind(edition.id).fetch_optional().await?;
        Ok(html.map(|html| (edition, html)))
    }

    /// Puts another page in the place of the letter that the archive shows of an edition; false if columns have
    /// changed since the revision that it was made of.
    pub async fn set_archive_page(&self, edition: i64, html: &str, revision: i64) -> Result<bool> {
        let set = self.write(sql::SET_ARCHIVE_PAGE).bind(edition).bind(html).bind(revision).execute().await?;
        Ok(set == 1)
    }

    /// An edition's columns in their order, without those that were withdrawn since.
    pub async fn columns_of(&self, edition: i64) -> Result<Vec<Column>> {
        let packed: Packed = self.read(sql::COLUMNS_OF).bind(edition).fetch_one().await?;
        let places: Vec<i64> = self.read(sql::EDITION_COLUMNS).bind(edition).fetch_all().await?;
        let mut columns = packed.columns?;
        columns.sort_by_key(|column| places.iter().position(|id| *id == column.id.0));
        Ok(columns)
    }
}
