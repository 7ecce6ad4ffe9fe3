//! Whether the sources are there and can be read.

use std::{fs, path::Path, time::Duration};

use tokio::net::TcpStream;

use super::{Examined, Finding};
use crate::{
    config::{Source, SqlDatabase},
    fetch::{self, FetchLimits, Fetcher},
};

/// How long a source's server may take.
const LIMITS: FetchLimits = FetchLimits { time: Duration::from_secs(8), redirects: 5, bytes: 0 };

/// Looks at each source.
pub async fn examine(examined: &Examined<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if examined.config.sources.is_empty() {
        found.push(
            Finding::advice("sources", "there is no source: columns come from `gazetier import` alone")
                .at("sources")
                .mend("write [[sources]] with kind = \"markdown\" and a path"),
        );
    }
    for (index, source) in examined.config.sources.iter().enumerate() {
        let finding = match (&source.url, &source.sql) {
            (Some(url), _) => remote(examined, source, url.full()).await,
            (None, Some(sql)) => database(source, &sql.database).await,
            (None, None) => Some(local(source)),
        };
        found.extend(finding.map(|finding| finding.in_entry(index)));
    }
    found
}

/// A folder or a file.
fn local(source: &Source) -> Finding {
    let path = source.path.as_path();
    let shown = path.display();
    let wrong = |what: String| {
        Finding::wrong("sources", what)
            .at("sources.path")
            .mend("mend the path, or give the user who runs gazetier the right to read it")
    };
    match fs::metadata(path) {
        Err(error) => wrong(format!("{}: cannot look at {shown}: {error}", source.name)),
        Ok(meta) if meta.is_dir() => match fs::read_dir(path) {
            Err(error) => wrong(format!("{}: cannot read {shown}: {error}", source.name)),
            Ok(_) if !source.kind.is_one_file() && !has_files(path, 0) => {
                Finding::advice("sources", format!("{}: there is no file in {shown}", source.name))
                    .at("sources.path")
                    .mend("put Markdown files there, or mend the path: an empty folder withdraws nothing")
            }
            Ok(_) => Finding::fine("sources", format!("{}: {shown}", source.name)),
        },
        Ok(_) => match fs::File::open(path) {
            Err(error) => wrong(format!("{}: cannot read {shown}: {error}", source.name)),
            Ok(_) => Finding::fine("sources", format!("{}: {shown}", source.name)),
        },
    }
}

/// Whether there is a file in a folder, or some way below.
fn has_files(folder: &Path, depth: usize) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => depth < 6 && has_files(&entry.path(), depth + 1),
        Ok(_) => !entry.file_name().to_string_lossy().starts_with('.'),
        Err(_) => false,
    })
}

/// What is fetched: whether its server answers.
async fn remote(examined: &Examined<'_>, source: &Source, url: &url::Url) -> Option<Finding> {
    if examined.is_reserved(url.host_str().unwrap_or_default()) {
        return Some(Finding::note("sources", format!("{} has a name for examples, and is not asked", source.name)));
    }
    let fetcher = Fetcher::new(&examined.config.fetch.private_hosts, LIMITS);
    let url = url.clone();
    let answer = tokio::task::spawn_blocking(move || fetcher.get(&url)).await.ok()?;
    let shown = source.path.display();
    Some(match answer {
        Ok(_) => Finding::fine("sources", format!("{shown} answers")),
        // It wants to know who asks, or which page is wanted: the site is there.
        Err(error) if error.status().is_some_and(|status| matches!(status, 400 | 401 | 403 | 405 | 429)) => {
            Finding::fine("sources", format!("{shown} answers"))
        }
        Err(error @ fetch::Error::Timeout(_)) => {
            Finding::not_asked("sources", format!("{shown} could not be asked: {error}")).at("sources.url")
        }
        Err(error) => Finding::wrong("sources", format!("{shown}: {error}"))
            .at("sources.url")
            .mend("look whether the address opens in a browser, and mend it"),
    })
}

/// A database: whether somebody listens there, or the file can be read.
async fn database(source: &Source, database: &SqlDatabase) -> Option<Finding> {
    let shown = source.path.display();
    let wrong = |why: String| {
        Finding::wrong("sources", format!("{shown}: {why}"))
            .at("sources.url")
            .mend("mend the address, or start the server")
    };
    let (url, port) = match database {
        SqlDatabase::Sqlite(file) => {
            return Some(match fs::File::open(file) {
                Ok(_) => Finding::fine("sources", format!("{shown} can be read")),
                Err(error) => wrong(format!("cannot read it: {error}")),
            });
        }
        SqlDatabase::Postgres(url) => (url, 5432),
        SqlDatabase::Mysql(url) => (url, 3306),
    };
    let url = url::Url::parse(url.expose()).ok()?;
    let host = url.host_str().filter(|host| !host.is_empty())?;
    let connect = TcpStream::connect((host.trim_matches(['[', ']']), url.port().unwrap_or(port)));
    Some(match tokio::time::timeout(LIMITS.time, connect).await {
        Ok(Ok(_)) => Finding::fine("sources", format!("{shown} answers")),
        Ok(Err(error)) => wrong(error.to_string()),
        Err(_) => Finding::not_asked("sources", format!("{shown} could not be asked: no answer")).at("sources.url"),
    })
}
