//! Where columns come from at each run. A source has a name, which its columns are known by: the
//! folder may move, the name stays.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use serde::Deserialize;

use super::{
    bounds::path,
    check::{ConfigRefusal, line, refuse},
    source_access::SourceAccess,
    source_url::SourceUrl,
    sql_source::{self, SqlSource},
};
use crate::model::{RECORD_FIELDS, Rubrique, Slug, text::fold};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSource {
    /// Its columns are known by it; made from kind and path if missing.
    pub name: Option<String>,
    /// `markdown`, `jsonl`, `csv`, `wordpress`, `ghost`, `feed` or `sql`.
    pub kind: String,
    /// Its folder or file.
    pub path: Option<String>,
    /// Where it is fetched from instead.
    pub url: Option<String>,
    /// Who we are to its server.
    pub user: Option<String>,
    /// The name of the environment variable that holds the password, or the file.
    pub password_env: Option<String>,
    /// The file that holds it, or a credential of systemd by its name.
    pub password_file: Option<String>,
    /// Of Ghost's Content API.
    pub key: Option<String>,
    /// The name of the environment variable that holds the key, or the file.
    pub key_env: Option<String>,
    /// The file that holds it, or a credential of systemd by its name.
    pub key_file: Option<String>,
    /// How its texts are set: as they are written, or as a language does it.
    pub typography: Option<Typography>,
    /// Whether links may lead out of the folder.
    #[serde(default)]
    pub follow_links: bool,
    /// What its own words for rubriques mean.
    #[serde(default)]
    pub rubriques: BTreeMap<String, String>,
    /// Which of its fields is which of ours.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Of a database: what is asked for.
    pub table: Option<String>,
    /// … or a statement that asks for it.
    pub query: Option<String>,
    /// Which of its columns is which field of ours.
    pub columns: Option<BTreeMap<String, String>>,
    /// Which values of its status mean that readers may see a column.
    pub published: Option<Vec<String>>,
    /// The clock of its times.
    pub timezone: Option<String>,
    /// What its texts are written in.
    pub format: Option<String>,
}

/// By which language's rules texts are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Typography {
    /// French: its apostrophes, and the spaces around its marks.
    #[serde(rename = "fr")]
    French,
}

/// What a source holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A folder of Markdown files with front matter.
    Markdown,
    /// A file with a column in JSON on each line.
    Jsonl,
    /// A table with a column in each row.
    Csv,
    /// A site of WordPress: its export, or its REST API.
    Wordpress,
    /// A site of Ghost: its export, or its Content API.
    Ghost,
    /// RSS, Atom or JSON Feed.
    Feed,
    /// The database of another program.
    Sql,
}

impl SourceKind {
    /// All that there are.
    pub const ALL: [Self; 7] =
        [Self::Markdown, Self::Jsonl, Self::Csv, Self::Wordpress, Self::Ghost, Self::Feed, Self::Sql];

    /// As the configuration writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Wordpress => "wordpress",
            Self::Ghost => "ghost",
            Self::Feed => "feed",
            Self::Sql => "sql",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it may be a file, or a folder of them.
    pub fn is_of_files(self) -> bool {
        self != Self::Sql
    }

    /// Whether it is one thing with many columns, and no folder of files with one each.
    pub fn is_one_file(self) -> bool {
        self != Self::Markdown
    }

    /// Whether it may be fetched from an address.
    pub fn is_fetchable(self) -> bool {
        matches!(self, Self::Feed | Self::Wordpress | Self::Ghost)
    }

    /// Whether it holds the newest columns alone: what is missing there is not gone.
    pub fn is_partial(self) -> bool {
        self == Self::Feed
    }
}

/// A source of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What its columns are known by, the same for ever.
    pub name: String,
    /// Whether the configuration names it, or the name is made from kind and path.
    pub named: bool,
    /// What it holds.
    pub kind: SourceKind,
    /// Its folder, or its file; of one that is fetched or asked, what messages call it.
    pub path: PathBuf,
    /// Where it is fetched from, if it is.
    pub url: Option<SourceUrl>,
    /// Which database is asked for what, if it is one.
    pub sql: Option<SqlSource>,
    /// Who we are to its server.
    pub access: SourceAccess,
    /// By which rules its texts are set, if by any.
    pub typography: Option<Typography>,
    /// Whether links may lead out of the folder.
    pub follow_links: bool,
    /// Which rubrique its own words mean, by the word as it is compared.
    pub rubriques: BTreeMap<String, Slug>,
    /// What its fields are called, by our names for them ([`RECORD_FIELDS`]).
    pub fields: BTreeMap<String, String>,
}

impl Source {
    /// A file that somebody imports by hand, whose columns are known by what it is.
    pub fn of_file(kind: SourceKind, path: PathBuf) -> Self {
        let (rubriques, fields) = Default::default();
        Self {
            name: kind.name().to_owned(),
            named: true,
            kind,
            path,
            url: None,
            sql: None,
            access: SourceAccess::default(),
            typography: None,
            follow_links: false,
            rubriques,
            fields,
        }
    }

    /// What the ids of its columns begin with: a name that was made from a path is no name for ever.
    pub fn tag(&self) -> &str {
        if self.named { &self.name } else { self.kind.name() }
    }

    /// One of its documents, as messages name it: a file of its folder, or a record of its file.
    pub fn shown(&self, document: &str) -> String {
        if self.kind.is_one_file() {
            format!("{}: {document}", self.path.display())
        } else {
            self.path.join(document).display().to_string()
        }
    }
}

/// Names that the program uses itself, for what comes from no source of the configuration.
const BUILT_IN_NAMES: [&str; 2] = ["listing", "subscribers"];

/// Whether a name is one that the program uses itself, so that no source can have it.
pub fn is_built_in(name: &str) -> bool {
    BUILT_IN_NAMES.contains(&name) || SourceKind::named(name).is_some()
}

/// In characters.
const MAX_NAME_CHARS: usize = 80;

pub(super) fn check(raw: Vec<RawSource>, base: &Path, rubriques: &[Rubrique]) -> Result<Vec<Source>, ConfigRefusal> {
    let mut sources: Vec<Source> = Vec::new();
    for (index, entry) in raw.into_iter().enumerate() {
        let refuse = |key: &str, what: String| refuse(key, what).in_entry(index);
        let source = source(entry, base, rubriques).map_err(|refusal| refusal.in_entry(index))?;
        if let Some(twin) = sources.iter().find(|other| holds_same(other, &source)) {
            let [one, other] = [&twin.path, &source.path].map(|path| path.display());
            if source.sql.is_some() {
                let what = format!("two sources ask {other} for the same: each column would come twice; name one");
                return Err(refuse("sources.query", what));
            }
            return Err(refuse(
                "sources.path",
                format!("{one} and {other} hold the same files: each column would come twice; name one of them"),
            ));
        }
        if sources.iter().any(|other| other.name == source.name) {
            return Err(refuse("sources.name", format!("two sources are named {:?}", source.name)));
        }
        sources.push(source);
    }
    Ok(sources)
}

fn source(mut raw: RawSource, base: &Path, rubriques: &[Rubrique]) -> Result<Source, ConfigRefusal> {
    let kind = SourceKind::named(&raw.kind).ok_or_else(|| {
        let known = SourceKind::ALL.map(|kind| format!("{:?}", kind.name())).join(" or ");
        refuse("sources.kind", format!("{:?} is not known: write {known}", raw.kind))
    })?;
    let (path, url, sql, access) = match kind {
        SourceKind::Sql => {
            let (path, sql) = sql_source::check(&mut raw, base)?;
            (path, None, Some(sql), SourceAccess::default())
        }
        _ => {
            sql_source::refuse_keys(&raw)?;
            let (path, url) = place(&mut raw, kind, base)?;
            let access = SourceAccess::check(&raw, kind, url.as_ref(), base)?;
            (path, url, None, access)
        }
    };
    let named = raw.name.is_some();
    let name = match raw.name {
        None if url.is_some() || sql.is_some() => format!("{}:{}", kind.name(), path.display()),
        None => format!("{}:{}", kind.name(), plain(&raw.path.unwrap_or_default())),
        Some(name) => line("sources.name", name)?,
    };
    if named && (is_built_in(&name) || name.chars().count() > MAX_NAME_CHARS) {
        let what = format!("{name:?} is a name gazetier uses itself, or longer than {MAX_NAME_CHARS} characters");
        return Err(refuse("sources.name", what));
    }
    let rubrique_of = |(word, label): (String, String)| match Rubrique::find(rubriques, &label) {
        Some(rubrique) => Ok((fold(&word), rubrique.slug.clone())),
        None => Err(refuse("sources.rubriques", format!("{label:?} is no rubrique of [[rubriques]]"))),
    };
    if let Some(field) = raw.fields.keys().find(|field| !RECORD_FIELDS.contains(&field.as_str())) {
        let known = RECORD_FIELDS.join(", ");
        return Err(refuse("sources.fields", format!("{field:?} is no field of a column: there are {known}")));
    }
    Ok(Source {
        name,
        named,
        kind,
        path,
        url,
        sql,
        access,
        typography: raw.typography,
        follow_links: raw.follow_links,
        rubriques: raw.rubriques.into_iter().map(rubrique_of).collect::<Result<_, _>>()?,
        fields: raw.fields,
    })
}

/// Where a source is: its path, or its address with what messages call that.
fn place(raw: &mut RawSource, kind: SourceKind, base: &Path) -> Result<(PathBuf, Option<SourceUrl>), ConfigRefusal> {
    match (&raw.path, raw.url.take()) {
        (Some(written), None) => Ok((path("sources.path", base, written)?, None)),
        (None, Some(written)) if kind.is_fetchable() => {
            let url = SourceUrl::parse(&written).map_err(|why| refuse("sources.url", why))?;
            Ok((PathBuf::from(url.to_string()), Some(url)))
        }
        (None, Some(_)) => {
            let what = format!("a source of the kind {:?} is not fetched: give it a path", kind.name());
            Err(refuse("sources.url", what))
        }
        (Some(_), Some(_)) => Err(refuse("sources.url", "a source has a path or a url, not both")),
        (None, None) => Err(refuse("sources.path", "it is missing: write where the source's folder or file is")),
    }
}

/// Whether two sources would give the same columns.
fn holds_same(one: &Source, other: &Source) -> bool {
    match (&one.sql, &other.sql) {
        (None, None) => {}
        (Some(one_sql), Some(other_sql)) => return one.path == other.path && one_sql.asks_same(other_sql),
        _ => return false,
    }
    match (&one.url, &other.url) {
        (None, None) => overlap(&one.path, &other.path),
        (one, other) => one == other,
    }
}

/// A path without what does not tell it from others.
fn plain(path: &str) -> String {
    let plain: PathBuf = Path::new(path).components().filter(|part| *part != Component::CurDir).collect();
    plain.display().to_string()
}

/// Whether one folder is the other, or lies in it.
fn overlap(one: &Path, other: &Path) -> bool {
    let [one, other] = [one, other].map(full);
    one.starts_with(&other) || other.starts_with(&one)
}

/// A folder's whole path, without links as far as it is there.
fn full(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
