//! Special editions that editors plan: an hour and columns that they chose. Until its hour, a plan keeps its columns
//! from the other editions of the newsletter.

use super::{
    Result, Store, Tx,
    desk::{desk_stamp, edition_state},
    instant, millis,
    packed_columns::Packed,
    query::from_row,
    sql::{self, specials},
};
use crate::model::{Changes, Column, ColumnId, EditionKey, Instant, Period, Slug};

/// A special edition to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialPlan {
    /// Its hour.
    pub cutoff: Instant,
    /// What it is called.
    pub period: Period,
    /// When it was planned; tells it from another one of that hour.
    pub planned: Instant,
    /// Who planned it.
    pub who: String,
}

struct PlanRow {
    cutoff_at: i64,
    period: String,
    planned_at: i64,
    who: String,
}

from_row!(PlanRow { cutoff_at, period, planned_at, who });

/// A column that is to be in a special edition, and where it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannableColumn {
    pub id: ColumnId,
    pub title: String,
    pub published: Instant,
    pub is_withdrawn: bool,
    /// The edition of the newsletter that it is in.
    pub period: Option<Period>,
    /// The special edition that it is planned for.
    pub planned: Option<Period>,
}

struct PlannableRow {
    id: i64,
    title: String,
    published_at: i64,
    is_withdrawn: bool,
    period: Option<String>,
    planned: Option<String>,
}

from_row!(PlannableRow { id, title, published_at, is_withdrawn, period, planned });

/// A special edition that is to be planned.
#[derive(Debug)]
pub struct NewPlan<'a> {
    pub key: EditionKey,
    /// What it is to be called, unless another one is: then it gets a number.
    pub period: Period,
    pub who: &'a str,
    pub at: Instant,
    /// Its columns in their order, each with whether it would be in the next edition otherwise.
    pub columns: Vec<(ColumnId, bool)>,
    /// What the editors want of it from the beginning.
    pub changes: &'a Changes,
}

/// Takes a plan away, and lets its columns go that are in no edition. False if it is not the one that was read.
pub(super) async fn take_plan(tx: &mut Tx<'_>, key: &EditionKey, planned: Instant) -> Result<bool> {
    let (newsletter, cutoff) = (key.newsletter.as_str(), millis(key.cutoff));
    let query = tx.query(specials::DROP_PLAN).bind(newsletter).bind(cutoff).bind(millis(planned));
    if query.execute().await? == 0 {
        return Ok(false);
    }
    for statement in [specials::RETURN_PLANNED_COLUMNS, specials::DROP_PLANNED_COLUMNS] {
        tx.query(statement).bind(newsletter).bind(cutoff).execute().await?;
    }
    Ok(true)
}

/// Writes down that an edition that was frozen just now is a special one, and at which place its columns come to who did
/// not get it.
pub(super) async fn mark_special(tx: &mut Tx<'_>, edition: i64, at: Instant) -> Result<()> {
    tx.query(specials::MARK_SPECIAL).bind(edition).execute().await?;
    let horizon = millis(at + chrono::Duration::days(1));
    tx.query(specials::MOVE_LATE_BEHIND).bind(edition).bind(horizon).execute().await?;
    Ok(())
}

impl Store {
    /// The special editions of a newsletter that are to come, by their hours.
    pub async fn special_plans(&self, newsletter: &Slug) -> Result<Vec<SpecialPlan>> {
        let rows: Vec<PlanRow> = self.read(specials::PLANS).bind(newsletter.as_str()).fetch_all().await?;
        let plan = |row: PlanRow| {
            Ok(SpecialPlan {
                cutoff: instant(row.cutoff_at)?,
                period: Period::from_key(&row.period),
                planned: instant(row.planned_at)?,
                who: row.who,
            })
        };
        rows.into_iter().map(plan).collect()
    }

    /// The columns of a special edition to come that can be in it now, in the order in which they were named.
    pub async fn planned_columns(&self, key: &EditionKey) -> Result<Vec<Column>> {
        let (newsletter, cutoff) = (key.newsletter.as_str(), millis(key.cutoff));
        let ids: Vec<i64> = self.read(specials::PLANNED_IDS).bind(newsletter).bind(cutoff).fetch_all().await?;
        let packed: Packed = self.read(specials::PLANNED_COLUMNS).bind(newsletter).bind(cutoff).fetch_one().await?;
        let mut columns = packed.columns?;
        columns.sort_by_key(|column| ids.iter().position(|id| *id == column.id.0));
        Ok(columns)
    }

    /// A column by its name in its source, and where it is now; nothing if there is none.
    pub async fn plannable(&self, newsletter: &Slug, source: &str, key: &str) -> Result<Option<PlannableColumn>> {
        let query = self.read(specials::PLANNABLE).bind(newsletter.as_str()).bind(source).bind(key);
        let Some(row): Option<PlannableRow> = query.fetch_optional().await? else { return Ok(None) };
        let period = |label: Option<String>| label.map(|label| Period::from_key(&label));
        Ok(Some(PlannableColumn {
            id: ColumnId(row.id),
            title: row.title,
            published: instant(row.published_at)?,
            is_withdrawn: row.is_withdrawn,
            period: period(row.period),
            planned: period(row.planned),
        }))
    }

    /// Plans a special edition; nothing if there is an edition or a plan of that hour, or if a column is in one since it was
    /// looked at. Gives what it is called.
    pub async fn plan_special(&self, new: &NewPlan<'_>) -> Result<Option<Period>> {
        let (newsletter, cutoff) = (new.key.newsletter.as_str(), millis(new.key.cutoff));
        let changes = serde_json::to_string(new.changes)
            .map_err(|error| super::Error::Corrupt { what: "change of an edition", value: error.to_string() })?;
        self.transact_alone(async |mut tx| {
            let mut taken: Vec<String> = tx.query(specials::PLAN_LABELS).bind(newsletter).fetch_all().await?;
            let editions: Vec<(String, i64)> =
                tx.query(sql::LABELS).bind(newsletter).bind(new.period.as_str()).fetch_all().await?;
            taken.extend(editions.into_iter().map(|(label, _)| label));
            let labels = std::iter::once(new.period.clone()).chain((2..).map(|count| new.period.numbered(count)));
            let mut free = labels.filter(|label| !taken.iter().any(|taken| taken == label.as_str()));
            let period = free.next().unwrap_or_else(|| new.period.clone());
            let is_free = edition_state(&mut tx, &new.key).await?.is_none()
                && desk_stamp(&mut tx, &new.key.newsletter, new.key.cutoff).await? == (0, 0);
            let query = tx.query(specials::ADD_PLAN).bind(newsletter).bind(cutoff).bind(period.as_str());
            if !is_free || query.bind(millis(new.at)).bind(new.who).execute().await? == 0 {
                return Ok(None);
            }
            for (place, (column, is_open)) in (0i64..).zip(&new.columns) {
                let sent: i64 = tx.query(specials::IS_SENT).bind(newsletter).bind(column.0).fetch_one().await?;
                let query = tx.query(specials::ADD_PLANNED_COLUMN).bind(newsletter).bind(cutoff).bind(column.0);
                let added = query.bind(place).bind(i64::from(*is_open)).execute().await?;
                if sent > 0 || added == 0 {
                    return Ok(None);
                }
            }
            let query = tx.query(sql::ADD_CHANGES).bind(newsletter).bind(cutoff).bind(1_i64).bind(&changes);
            query.bind(new.who).bind(millis(new.at)).execute().await?;
            tx.commit().await?;
            Ok(Some(period))
        })
        .await
    }

    /// Takes back a plan, with all that editors said of it: its columns are for other editions again. False if it is not
    /// there any more.
    pub async fn drop_special(&self, key: &EditionKey, planned: Instant) -> Result<bool> {
        let (newsletter, cutoff) = (key.newsletter.as_str(), millis(key.cutoff));
        self.transact_alone(async |mut tx| {
            if !take_plan(&mut tx, key, planned).await? {
                return Ok(false);
            }
            for statement in [specials::DROP_CHANGES, specials::DROP_NOTES] {
                tx.query(statement).bind(newsletter).bind(cutoff).execute().await?;
            }
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}
