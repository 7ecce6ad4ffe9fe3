//! Which column of a query is which field of a record, and a row's record.

use chrono::DateTime;

use super::{
    connection::SqlRow,
    statement::{ColumnKind, SqlColumn},
};
use crate::{
    config::{SqlSource, TextFormat},
    ingest::{
        front_matter::dates,
        plain_of_html,
        records::{ListedRecord, NO_DATE, post_body},
        spip,
    },
    model::{ColumnRecord, RECORD_FIELDS, RecordImage, RecordStatus},
};

/// A field with the column that gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedField {
    pub(super) field: &'static str,
    pub(super) column: SqlColumn,
}

/// What of a query is read.
#[derive(Debug)]
pub(super) struct FieldPlan {
    fields: Vec<PlannedField>,
}

/// Other names for our fields, which JSON Lines has as well.
const ALIASES: [(&str, &str); 2] = [("byline", "bylines"), ("rubrique", "rubriques")];

/// The fields that tell whether a row is as it was, where one of them is `updated`.
const STAMP_FIELDS: [&str; 3] = ["updated", "published", "status"];

impl FieldPlan {
    /// By the configuration, and by the columns' names.
    pub(super) fn new(sql: &SqlSource, columns: &[SqlColumn]) -> Result<Self, String> {
        let gives = || columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
        let named = |name: &str| {
            let same = columns.iter().find(|column| column.name == name);
            same.or_else(|| columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)))
        };
        let mut fields = Vec::new();
        for field in RECORD_FIELDS {
            let column = match sql.columns.get(field) {
                Some(name) => Some(named(name).ok_or_else(|| {
                    format!("sources.columns: {field} = {name:?}: the query gives no such column, but {}", gives())
                })?),
                None => {
                    let alias =
                        || ALIASES.iter().find(|(_, known)| *known == field).and_then(|(alias, _)| named(alias));
                    named(field).or_else(alias)
                }
            };
            fields.extend(column.map(|column| PlannedField { field, column: column.clone() }));
        }
        let plan = Self { fields };
        if let Some(lost) = ["id", "title", "published"].into_iter().find(|field| plan.get(field).is_none()) {
            return Err(format!(
                "sources.columns: nothing gives {lost}: the query gives {}; write columns = {{ {lost} = \"…\" }}",
                gives()
            ));
        }
        if !sql.published.is_empty() && plan.get("status").is_none() {
            return Err(format!(
                "sources.published: nothing gives the status: the query gives {}; write columns = {{ status = \"…\" }}",
                gives()
            ));
        }
        Ok(plan)
    }

    pub(super) fn get(&self, field: &str) -> Option<&PlannedField> {
        self.fields.iter().find(|planned| planned.field == field)
    }

    /// All of a row.
    pub(super) fn whole(&self) -> Vec<&PlannedField> {
        self.fields.iter().collect()
    }

    /// The id, and what tells whether a row is as it was, what changes with each change first; none if nothing does.
    pub(super) fn stamp(&self) -> Option<Vec<&PlannedField>> {
        self.get("updated")?;
        Some(["id"].iter().chain(&STAMP_FIELDS).filter_map(|field| self.get(field)).collect())
    }

    /// A row with all its fields as a record. `number` tells a row without an id from others.
    pub(super) fn record(&self, row: SqlRow, number: usize, sql: &SqlSource) -> ListedRecord {
        let id = self.fields.iter().position(|planned| planned.field == "id").and_then(|at| row.get(at)?.as_deref());
        let name = name(id, number);
        let mut warnings = Vec::new();
        let record = self.read(&row, sql, &mut warnings);
        ListedRecord { name, line: None, record, warnings }
    }

    fn read(&self, row: &SqlRow, sql: &SqlSource, warnings: &mut Vec<String>) -> Result<ColumnRecord, String> {
        let mut record = ColumnRecord::default();
        if let TextFormat::Body(format) = sql.format {
            record.format = format;
        }
        let plain = |text: String| match sql.format {
            TextFormat::Body(_) => text,
            TextFormat::Wordpress => plain_of_html(&text),
            TextFormat::Spip => plain_of_html(&spip::line(&text)),
        };
        for (planned, value) in self.fields.iter().zip(row) {
            let PlannedField { field, column } = planned;
            let Some(value) = value else { continue };
            let unread = |_| format!("{field}: {} is not UTF-8", column.name);
            let value = std::str::from_utf8(value).map_err(unread)?;
            if value.trim().is_empty() {
                continue;
            }
            let text = || value.to_owned();
            let list = || names(value).into_iter().map(plain).collect();
            match *field {
                "id" => value.trim().clone_into(&mut record.id),
                "guid" => record.guid = Some(text()),
                "title" => record.title = plain(text()),
                "standfirst" => record.standfirst = plain(text()),
                "body" => record.body = text(),
                "format" => record.format = word(field, value)?,
                "bylines" => record.bylines = list(),
                "rubriques" => record.rubriques = list(),
                "tags" => record.tags = list(),
                "published" => record.published = time(value, column.kind, sql).unwrap_or_default(),
                "updated" => record.updated = time(value, column.kind, sql),
                "status" => record.status = status(value, column.kind, sql)?,
                "url" => record.url = Some(text()),
                "slug" => record.slug = Some(text()),
                "image" => value.trim().clone_into(&mut record.image.get_or_insert_default().url),
                "image_alt" => record.image.get_or_insert_default().alt = plain(text()),
                "image_credit" => record.image.get_or_insert_default().credit = Some(plain(text())),
                "audio" => value.trim().clone_into(&mut record.audio.get_or_insert_default().url),
                "audio_type" => record.audio.get_or_insert_default().media_type = Some(text()),
                "audio_length" => record.audio.get_or_insert_default().length = value.trim().parse().ok(),
                "audio_duration" => record.audio.get_or_insert_default().duration = Some(text()),
                _ => {}
            }
        }
        record.image = record.image.filter(|image: &RecordImage| !image.url.is_empty());
        record.audio = record.audio.filter(|audio| !audio.url.is_empty());
        // Where a status is asked for, none is no leave.
        if self.get("status").is_some() && !row_has(&self.fields, row, "status") {
            record.status = RecordStatus::Draft;
        }
        if record.published.is_empty() {
            if record.status == RecordStatus::Published {
                return Err("published: it has no date".to_owned());
            }
            NO_DATE.clone_into(&mut record.published);
        }
        match sql.format {
            TextFormat::Body(_) => {}
            TextFormat::Wordpress => {
                let (html, standfirst, told) = post_body(&record.body);
                record.body = html;
                if record.standfirst.trim().is_empty() {
                    record.standfirst = standfirst;
                }
                warnings.extend(told);
            }
            TextFormat::Spip => record.body = spip::body(&record.body, warnings),
        }
        Ok(record)
    }
}

/// What a row is called: its id, or where it stands.
pub(super) fn name(id: Option<&[u8]>, number: usize) -> String {
    let id = id.map(|id| String::from_utf8_lossy(id).trim().to_owned()).filter(|id| !id.is_empty());
    id.unwrap_or_else(|| format!("row {number}"))
}

fn row_has(fields: &[PlannedField], row: &SqlRow, field: &str) -> bool {
    let value = fields.iter().position(|planned| planned.field == field).and_then(|at| row.get(at)?.as_deref());
    value.is_some_and(|value| !value.trim_ascii().is_empty())
}

/// Several names: a list in JSON, or between upright strokes.
fn names(value: &str) -> Vec<String> {
    if value.trim_start().starts_with('[')
        && let Ok(list) = serde_json::from_str::<Vec<Option<String>>>(value)
    {
        return list.into_iter().flatten().filter(|name| !name.trim().is_empty()).collect();
    }
    value.split('|').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// A time as RFC 3339, as far as it can be told; none if it is one of noughts.
fn time(value: &str, kind: ColumnKind, sql: &SqlSource) -> Option<String> {
    let value = value.trim();
    if value.starts_with("0000-00-00") {
        return None;
    }
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = value.parse().ok()?;
        // Seconds or milliseconds of this age; what has eight digits is a day.
        let at = match value.len() {
            1 => return None,
            9..=11 => DateTime::from_timestamp(number, 0),
            12 | 13 => DateTime::from_timestamp_millis(number),
            _ => None,
        };
        return Some(at.map_or_else(|| value.to_owned(), |at| at.to_rfc3339()));
    }
    if kind == ColumnKind::UtcTime {
        return Some(format!("{value}Z"));
    }
    // What is wrong with it is told where it is taken.
    let local = sql.zone.as_ref().and_then(|zone| dates::instant(value, zone).ok());
    Some(local.map_or_else(|| value.to_owned(), |at| at.to_rfc3339()))
}

/// Whether readers may see it, by the source's words for that or by ours.
fn status(value: &str, kind: ColumnKind, sql: &SqlSource) -> Result<RecordStatus, String> {
    let value = match (kind, value.trim()) {
        (ColumnKind::Bool, "t") => "true",
        (ColumnKind::Bool, "f") => "false",
        (_, value) => value,
    };
    if sql.published.is_empty() {
        return word("status", value)
            .map_err(|error| format!("{error}; write into this source which values are: published = [{value:?}]"));
    }
    let is_published = sql.published.iter().any(|word| word.trim().eq_ignore_ascii_case(value));
    Ok(if is_published { RecordStatus::Published } else { RecordStatus::Draft })
}

/// A field that is one of a few words.
fn word<T: serde::de::DeserializeOwned>(field: &str, value: &str) -> Result<T, String> {
    let word = serde_json::Value::String(value.trim().to_ascii_lowercase());
    serde_json::from_value(word).map_err(|error| format!("{field}: {error}"))
}
