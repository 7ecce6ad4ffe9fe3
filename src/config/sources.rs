//! Where columns come from at each run. A source has a name, which its columns are known by: the
//! folder may move, the name stays.

use std::path::{Component, Path, PathBuf};

use super::{
    bounds::path,
    check::{ConfigRefusal, line, refuse},
    raw,
};

/// What a source holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Markdown files with front matter.
    Markdown,
}

impl SourceKind {
    /// As the configuration writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
        }
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
    /// Its folder.
    pub folder: PathBuf,
    /// Whether links may lead out of the folder.
    pub follow_links: bool,
}

impl Source {
    /// What the ids of its columns begin with: a name that was made from a path is no name for ever.
    pub fn tag(&self) -> &str {
        if self.named { &self.name } else { self.kind.name() }
    }
}

/// Names that the program uses itself, for what comes from no source of the configuration.
const BUILT_IN_NAMES: [&str; 3] = ["markdown", "listing", "subscribers"];

/// In characters.
const MAX_NAME_CHARS: usize = 80;

pub(super) fn check(raw: Vec<raw::RawSource>, base: &Path) -> Result<Vec<Source>, ConfigRefusal> {
    let mut sources: Vec<Source> = Vec::new();
    for entry in raw {
        let source = source(entry, base)?;
        if let Some(twin) = sources.iter().find(|other| overlap(&other.folder, &source.folder)) {
            let [one, other] = [&twin.folder, &source.folder].map(|folder| folder.display());
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

fn source(raw: raw::RawSource, base: &Path) -> Result<Source, ConfigRefusal> {
    let kind = match raw.kind.as_str() {
        "markdown" => SourceKind::Markdown,
        other => return Err(refuse("sources.kind", format!("{other:?} is not known: write \"markdown\""))),
    };
    let named = raw.name.is_some();
    let name = match raw.name {
        None => format!("{}:{}", kind.name(), plain(&raw.path)),
        Some(name) => line("sources.name", name)?,
    };
    if named && (BUILT_IN_NAMES.contains(&name.as_str()) || name.chars().count() > MAX_NAME_CHARS) {
        let what = format!("{name:?} is a name gazetier uses itself, or longer than {MAX_NAME_CHARS} characters");
        return Err(refuse("sources.name", what));
    }
    let folder = path("sources.path", base, &raw.path)?;
    Ok(Source { name, named, kind, folder, follow_links: raw.follow_links })
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
