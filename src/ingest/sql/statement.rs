//! The statements that a database is sent: the configuration's query, with what is wanted of it around it.

use super::fields::PlannedField;
use crate::config::SqlQuery;

/// A column of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SqlColumn {
    pub(super) name: String,
    pub(super) kind: ColumnKind,
}

/// What its values need, before they can be read as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    Text,
    Bool,
    /// A time in UTC that does not say so.
    UtcTime,
    Array,
}

/// How a database wants its statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Postgres,
    Mysql,
    Sqlite,
}

impl Dialect {
    /// A name, whatever is in it.
    fn name(self, name: &str) -> String {
        match self {
            Self::Mysql => format!("`{}`", name.replace('`', "``")),
            Self::Postgres | Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// A text, whatever is in it and however the server reads backslashes.
    fn text(self, text: &str) -> String {
        match self {
            Self::Mysql => format!("_utf8mb4 X'{}'", data_encoding::HEXUPPER.encode(text.as_bytes())),
            Self::Postgres => format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
            Self::Sqlite => format!("'{}'", text.replace('\'', "''")),
        }
    }

    /// What a query or a table gives, as something to choose from.
    fn rows(self, query: &SqlQuery) -> String {
        match query {
            // A comment at its end goes no further than its line.
            SqlQuery::Query(query) => format!("(\n{query}\n) AS gazetier"),
            SqlQuery::Table(table) => {
                let name: Vec<String> = table.split('.').map(|part| self.name(part)).collect();
                format!("{} AS gazetier", name.join("."))
            }
        }
    }

    /// All that a query gives, to learn its columns.
    pub(super) fn everything(self, query: &SqlQuery) -> String {
        format!("SELECT * FROM {}", self.rows(query))
    }

    /// Some fields of all rows.
    pub(super) fn all(self, query: &SqlQuery, fields: &[&PlannedField]) -> String {
        let field = |field: &&PlannedField| {
            let name = format!("gazetier.{}", self.name(&field.column.name));
            if field.column.kind == ColumnKind::Array { format!("to_json({name})") } else { name }
        };
        let fields: Vec<String> = fields.iter().map(field).collect();
        format!("SELECT {} FROM {}", fields.join(", "), self.rows(query))
    }

    /// Some fields of the rows with these ids.
    pub(super) fn some(self, query: &SqlQuery, fields: &[&PlannedField], id: &PlannedField, ids: &[String]) -> String {
        let name = format!("gazetier.{}", self.name(&id.column.name));
        // SQLite takes 1 and '1' for the same in a table's column alone.
        let name = if self == Self::Sqlite { format!("CAST({name} AS TEXT)") } else { name };
        let ids: Vec<String> = ids.iter().map(|id| self.text(id)).collect();
        format!("{} WHERE {name} IN ({})", self.all(query, fields), ids.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_in_a_name_or_a_text_stays_in_it() {
        for (dialect, name, text) in [
            (Dialect::Postgres, "\"a\"\"b`\"", "E'a\\\\''; DROP'"),
            (Dialect::Mysql, "`a\"b```", "_utf8mb4 X'615C273B2044524F50'"),
            (Dialect::Sqlite, "\"a\"\"b`\"", "'a\\''; DROP'"),
        ] {
            assert_eq!((dialect.name("a\"b`").as_str(), dialect.text("a\\'; DROP").as_str()), (name, text));
        }
    }
}
