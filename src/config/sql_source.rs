//! A source that is the database of another program: where it is, what it is asked for, and what its columns mean.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use url::Url;

use super::{
    bounds::path,
    check::{ConfigRefusal, refuse},
    relay::Secret,
    secrets,
    sources::RawSource,
};
use crate::model::{BodyFormat, RECORD_FIELDS, Zone, column::fingerprint};

/// A database that is asked for columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlSource {
    /// Where it is.
    pub database: SqlDatabase,
    /// What it is asked for.
    pub query: SqlQuery,
    /// What its columns are called, by our names for them ([`RECORD_FIELDS`]).
    pub columns: BTreeMap<String, String>,
    /// Which values of its status mean that readers may see a column; our own words if there is none.
    pub published: Vec<String>,
    /// The clock of times that do not say it; the magazine's if missing.
    pub zone: Option<Zone>,
    /// What its texts are written in.
    pub format: TextFormat,
    /// What tells it from others, without a login, if it is on a server.
    pub place: Option<String>,
}

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlDatabase {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A server, by its address with the login.
    Postgres(Secret),
    /// MySQL or MariaDB.
    Mysql(Secret),
}

/// What a database is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlQuery {
    /// All of a table, with a schema before a dot.
    Table(String),
    /// What a statement gives.
    Query(String),
}

/// What the texts of a database are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// Bodies in this, all else as plain text.
    Body(BodyFormat),
    /// As WordPress keeps posts: titles and names are HTML as well.
    Wordpress,
    /// With the short marks of SPIP.
    Spip,
}

impl SqlSource {
    /// Whether both would give the same columns, of one database.
    pub(super) fn asks_same(&self, other: &Self) -> bool {
        self.query == other.query
    }
}

const ADDRESSES: &str = "write \"postgres://USER@HOST/DATABASE\", \"mysql://USER@HOST/DATABASE\" or \"sqlite:FILE\"";

/// Refuses what only a database has in another source.
pub(super) fn refuse_keys(raw: &RawSource) -> Result<(), ConfigRefusal> {
    let given = [
        ("table", raw.table.is_some()),
        ("query", raw.query.is_some()),
        ("columns", raw.columns.is_some()),
        ("published", raw.published.is_some()),
        ("timezone", raw.timezone.is_some()),
        ("format", raw.format.is_some()),
        ("password_file", raw.password_file.is_some()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((key, _)) => {
            Err(refuse(&format!("sources.{key}"), "only a source of the kind \"sql\" has it: leave it out"))
        }
        None => Ok(()),
    }
}

/// Checks a source that is a database; gives what messages call it as well.
pub(super) fn check(raw: &mut RawSource, base: &Path) -> Result<(PathBuf, SqlSource), ConfigRefusal> {
    if raw.path.is_some() {
        return Err(refuse("sources.path", format!("a database has a url instead: {ADDRESSES}")));
    }
    let foreign = [("user", &raw.user), ("key", &raw.key), ("key_env", &raw.key_env)];
    if let Some((key, _)) = foreign.iter().find(|(_, value)| value.is_some()) {
        return Err(refuse(&format!("sources.{key}"), "a database's user stands in its url: leave it out"));
    }
    if !raw.fields.is_empty() {
        return Err(refuse("sources.fields", "those of a database are its columns: write columns = { … }"));
    }
    let url = raw.url.take().ok_or_else(|| refuse("sources.url", format!("it is missing: {ADDRESSES}")))?;
    let query = match (raw.table.take(), raw.query.take()) {
        (Some(table), None) if !table.trim().is_empty() => SqlQuery::Table(table.trim().to_owned()),
        (None, Some(query)) if !plain_query(&query).is_empty() => SqlQuery::Query(plain_query(&query).to_owned()),
        (Some(_), Some(_)) => return Err(refuse("sources.query", "there is a table too: write one of them")),
        (None, None) => return Err(refuse("sources.query", "write the query that gives the columns, or a table")),
        (Some(_), None) => return Err(refuse("sources.table", "it is empty")),
        (None, Some(_)) => return Err(refuse("sources.query", "it is empty")),
    };
    let columns = raw.columns.take().unwrap_or_default();
    if let Some(field) = columns.keys().find(|field| !RECORD_FIELDS.contains(&field.as_str())) {
        let known = RECORD_FIELDS.join(", ");
        return Err(refuse("sources.columns", format!("{field:?} is no field of a column: there are {known}")));
    }
    let zone = raw.timezone.take().map(|name| name.parse()).transpose();
    let zone = zone.map_err(|error| refuse("sources.timezone", error))?;
    let format = match raw.format.take().as_deref() {
        None | Some("html") => TextFormat::Body(BodyFormat::Html),
        Some("markdown") => TextFormat::Body(BodyFormat::Markdown),
        Some("text") => TextFormat::Body(BodyFormat::Text),
        Some("wordpress") => TextFormat::Wordpress,
        Some("spip") => TextFormat::Spip,
        Some(other) => {
            let what = format!("{other:?} is not known: write html, markdown, text, wordpress or spip");
            return Err(refuse("sources.format", what));
        }
    };
    let (shown, database) = database(raw, &url, base)?;
    let place = match &database {
        SqlDatabase::Sqlite(_) => None,
        SqlDatabase::Postgres(_) | SqlDatabase::Mysql(_) => Some(match &query {
            SqlQuery::Table(table) => format!("{}#{table}", shown.display()),
            SqlQuery::Query(query) => format!("{}#{}", shown.display(), fingerprint([query])),
        }),
    };
    let published = raw.published.take().unwrap_or_default();
    Ok((shown, SqlSource { database, query, columns, published, zone, format, place }))
}

/// A query without what ends it.
fn plain_query(query: &str) -> &str {
    query.trim().trim_end_matches(';').trim_end()
}

/// Where it is, and what messages call it: without a login.
fn database(raw: &RawSource, written: &str, base: &Path) -> Result<(PathBuf, SqlDatabase), ConfigRefusal> {
    let password = password(raw, base)?;
    if let Some(file) = written.strip_prefix("sqlite:") {
        if password.is_some() {
            return Err(refuse("sources.password_env", "a file of SQLite has no password: leave it out"));
        }
        let file = path("sources.url", base, file.strip_prefix("//").unwrap_or(file))?;
        return Ok((file.clone(), SqlDatabase::Sqlite(file)));
    }
    let mut url = Url::parse(written.trim()).map_err(|error| refuse("sources.url", format!("{error}: {ADDRESSES}")))?;
    let (name, port) = match url.scheme() {
        "postgres" | "postgresql" => ("postgres", 5432),
        "mysql" | "mariadb" => ("mysql", 3306),
        _ => return Err(refuse("sources.url", ADDRESSES)),
    };
    if let Some(password) = password {
        if url.password().is_some() {
            return Err(refuse("sources.password_env", "the address has a password too: write one of them"));
        }
        if url.username().is_empty() || url.set_password(Some(password.expose())).is_err() {
            return Err(refuse("sources.url", "it names no user for the password: write USER@ before the host"));
        }
    }
    let socket = url.query_pairs().find(|(key, _)| matches!(&**key, "socket" | "host")).map(|(_, value)| value);
    let server = match (socket, url.host_str().filter(|host| !host.is_empty())) {
        (Some(socket), _) => socket.into_owned(),
        (None, Some(host)) => format!("{host}:{}", url.port().unwrap_or(port)),
        (None, None) => return Err(refuse("sources.url", format!("it names no host: {ADDRESSES}"))),
    };
    if url.path().trim_matches('/').is_empty() {
        return Err(refuse("sources.url", format!("it names no database: {ADDRESSES}")));
    }
    let shown = PathBuf::from(format!("{name}://{server}{}", url.path()));
    let secret = Secret::new(url.to_string());
    let database = if name == "postgres" { SqlDatabase::Postgres(secret) } else { SqlDatabase::Mysql(secret) };
    Ok((shown, database))
}

/// The password, where the configuration says it is.
fn password(raw: &RawSource, base: &Path) -> Result<Option<Secret>, ConfigRefusal> {
    match (&raw.password_env, &raw.password_file) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(refuse("sources.password_file", "password_env is there too: write one of them")),
        (Some(variable), None) => secrets::of_environment("sources.password_env", variable).map(Some),
        (None, Some(file)) => {
            let file = secrets::place("sources.password_file", base, file)?;
            secrets::of_file("sources.password_file", &file).map(Some)
        }
    }
}
