//! `gazetier columns`: what the store holds, and changes by hand to columns that no file gives.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde::Serialize;

use super::{Execute, exit, export_output::ExportOutput, session::Session};
use crate::{
    ingest::{clean, markdown},
    store::ListedColumn,
};

/// The columns in the store.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List all columns, newest first: date, source, name in the source, title.
    List {
        /// Those of this source alone.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
        /// For scripts.
        #[arg(long)]
        json: bool,
    },
    /// Show all that the store has of a column.
    Show {
        /// Its name, as `list` tells it.
        #[arg(value_name = "KEY")]
        key: String,
        /// Of this source.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
        /// For scripts: as `export` writes it.
        #[arg(long)]
        json: bool,
    },
    /// Write all columns as JSON, a line each, for another store or program; `import` takes them in again.
    Export {
        /// Where to; standard output if missing.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// Those of this source alone.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
    },
    /// Take columns out of all feeds and letters to come. Of a column that a file gives, the file
    /// says so.
    Withdraw {
        /// Their names, as `list` tells them.
        #[arg(value_name = "KEY", required_unless_present = "source")]
        keys: Vec<String>,
        /// Of this source; without names, all of a source that the configuration has no more.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
    },
    /// Bring withdrawn columns back.
    Restore {
        /// Their names, as `list` tells them.
        #[arg(value_name = "KEY", required = true)]
        keys: Vec<String>,
        /// Of this source.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
    },
    /// Give a column another date of publication. Of a column that a file gives, the file says so.
    Redate {
        /// Its name, as `list` tells it.
        #[arg(value_name = "KEY")]
        key: String,
        /// The new date.
        #[arg(value_name = "DATE")]
        date: String,
        /// Of this source.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
    },
}

impl Execute for Command {
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self {
            Command::List { source, json } => list(session, source.as_deref(), json).await?,
            Command::Show { key, source, json } => show(session, &key, source.as_deref(), json).await?,
            Command::Export { file, source } => return export(session, file.as_deref(), source.as_deref()).await,
            Command::Withdraw { keys, source } => withdraw(session, &keys, source.as_deref()).await?,
            Command::Restore { keys, source } => restore(session, &keys, source.as_deref()).await?,
            Command::Redate { key, date, source } => redate(session, &key, &date, source.as_deref()).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A column as scripts get it.
#[derive(Serialize)]
struct Row<'a> {
    source: &'a str,
    key: &'a str,
    title: &'a str,
    url: &'a str,
    published: chrono::DateTime<chrono::Utc>,
    withdrawn: Option<chrono::DateTime<chrono::Utc>>,
}

async fn list(session: &Session, source: Option<&str>, json: bool) -> anyhow::Result<()> {
    let columns = session.store.list_columns().await?;
    let chosen = columns.iter().filter(|column| source.is_none_or(|source| column.source == source));
    if json {
        let rows: Vec<Row<'_>> = chosen
            .map(|c| Row {
                source: &c.source,
                key: &c.key,
                title: &c.title,
                url: &c.url,
                published: c.published,
                withdrawn: c.withdrawn,
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for column in chosen {
        let date = session.config.magazine.zone.local(column.published).format("%Y-%m-%d %H:%M");
        let state = if column.withdrawn.is_some() { "withdrawn" } else { "-" };
        println!("{date}\t{state}\t{}\t{}\t{}", column.source, column.key, column.title);
    }
    Ok(())
}

/// The columns of these names; refused if one is not there, or there in several sources.
pub(super) async fn named(
    session: &Session,
    keys: &[String],
    source: Option<&str>,
) -> anyhow::Result<Vec<ListedColumn>> {
    let columns = session.store.list_columns().await?;
    let mut named = Vec::new();
    for key in keys {
        let is_meant = |c: &&ListedColumn| c.key == *key && source.is_none_or(|source| c.source == source);
        let found: Vec<&ListedColumn> = columns.iter().filter(is_meant).collect();
        match found[..] {
            [one] => named.push(one.clone()),
            [] => {
                let message = format!("no column is named {key:?}: `gazetier columns list` tells their names");
                return Err(exit::failure(exit::BAD_INPUT, message));
            }
            _ => {
                let sources: Vec<&str> = found.iter().map(|column| column.source.as_str()).collect();
                let message = format!("{key:?} is a column of {}: say which with --source", sources.join(" and of "));
                return Err(exit::failure(exit::BAD_INPUT, message));
            }
        }
    }
    Ok(named)
}

async fn show(session: &Session, key: &str, source: Option<&str>, json: bool) -> anyhow::Result<()> {
    for listed in named(session, std::slice::from_ref(&key.to_owned()), source).await? {
        let Some(record) = session.store.export_column(listed.id).await? else { continue };
        if json {
            println!("{}", serde_json::to_string_pretty(&record)?);
            continue;
        }
        let magazine = &session.config.magazine;
        let configured = session.config.sources.iter().find(|configured| configured.name == listed.source);
        let documents = session.store.documents_of(listed.id).await?;
        let given_by = documents.iter().map(|(_, path)| configured.map_or_else(|| path.clone(), |c| c.shown(path)));
        let withdrawn = listed.withdrawn.map(|at| format!("withdrawn since {}", session.local_hour(at)));
        let state = withdrawn.unwrap_or_else(|| match listed.published > session.at {
            true => "not published yet".to_owned(),
            false => "published".to_owned(),
        });
        let url = url::Url::parse(&listed.url).ok();
        let unseen = url.and_then(|url| clean::unseen(&record.body, &url, magazine.lang));
        for (name, value) in [
            ("title", record.title),
            ("standfirst", record.standfirst),
            ("source", listed.source),
            ("name there", listed.key),
            ("given by", given_by.collect::<Vec<_>>().join(", ")),
            ("id", record.guid.unwrap_or_default()),
            ("address", listed.url),
            ("state", state),
            ("published", session.local_hour(listed.published)),
            ("updated", record.updated.unwrap_or_default()),
            ("rubrique", record.rubriques.join(", ")),
            ("bylines", record.bylines.join(", ")),
            ("tags", record.tags.join(", ")),
            ("picture", record.image.map(|image| image.url).unwrap_or_default()),
            ("recording", record.audio.map(|audio| audio.url).unwrap_or_default()),
            ("body", format!("{} characters of HTML", record.body.chars().count())),
            ("not seen", unseen.unwrap_or_default()),
        ] {
            if !value.is_empty() {
                println!("{name:<11} {value}");
            }
        }
    }
    Ok(())
}

/// So many columns are in memory at once.
const COLUMNS_PER_PAGE: i64 = 500;

async fn export(session: &Session, file: Option<&Path>, source: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut output = ExportOutput::open(file)?;
    let mut after = 0;
    loop {
        let (columns, last) = session.store.export_columns(after, COLUMNS_PER_PAGE).await?;
        if columns.is_empty() {
            return output.finish();
        }
        after = last;
        for column in columns.iter().filter(|column| source.is_none_or(|name| column.source.as_deref() == Some(name))) {
            let mut line = serde_json::to_vec(column)?;
            line.push(b'\n');
            output.write(&line)?;
        }
    }
}

/// Refuses to change by hand what a file would change back.
async fn without_files(session: &Session, columns: &[ListedColumn], instead: &str) -> anyhow::Result<()> {
    let state = session.store.source_state().await?;
    for column in columns {
        let Some(source) = session.config.sources.iter().find(|source| source.name == column.source) else { continue };
        let mut files = state.files.get(&source.name).into_iter().flatten().map(|(_, file)| file);
        if let Some(file) = files.find(|file| file.column_key.as_ref() == Some(&column.key)) {
            let shown = source.shown(&file.path);
            let message = format!("{:?} is the column of {shown}: {instead}", column.key);
            return Err(exit::failure(exit::BAD_INPUT, message));
        }
    }
    Ok(())
}

async fn withdraw(session: &Session, keys: &[String], source: Option<&str>) -> anyhow::Result<()> {
    let columns = match (keys, source) {
        ([], Some(source)) => {
            if session.config.sources.iter().any(|configured| configured.name == source) {
                let message = format!("{source:?} is a source of the configuration: take it out there first");
                return Err(exit::failure(exit::BAD_INPUT, message));
            }
            let columns = session.store.list_columns().await?;
            columns.into_iter().filter(|column| column.source == source && column.withdrawn.is_none()).collect()
        }
        _ => named(session, keys, source).await?,
    };
    without_files(session, &columns, "write `withdrawn: true` into it, or delete it").await?;
    let mut count = 0;
    for column in &columns {
        count += session.store.withdraw(&column.source, std::slice::from_ref(&column.key), session.at).await?;
    }
    println!("{count} columns withdrawn");
    Ok(())
}

async fn restore(session: &Session, keys: &[String], source: Option<&str>) -> anyhow::Result<()> {
    let columns = named(session, keys, source).await?;
    without_files(session, &columns, "take `withdrawn` or `draft` out of it").await?;
    let mut count = 0;
    for column in &columns {
        count += usize::from(session.store.restore(&column.source, &column.key).await?);
    }
    println!("{count} columns restored");
    Ok(())
}

async fn redate(session: &Session, key: &str, date: &str, source: Option<&str>) -> anyhow::Result<()> {
    let magazine = &session.config.magazine;
    let date = magazine.zone.parse(date).map_err(|error| error.to_string());
    let date = date.and_then(|date| markdown::in_years(date, magazine));
    let date = date.map_err(|message| exit::failure(exit::USAGE, message))?;
    let columns = named(session, std::slice::from_ref(&key.to_owned()), source).await?;
    without_files(session, &columns, "write the date into its `published`").await?;
    for column in &columns {
        session.store.redate(&column.source, &column.key, date).await?;
        let date = magazine.zone.local(date).format("%Y-%m-%d %H:%M");
        println!("{:?} is dated {date} now", column.title);
    }
    Ok(())
}
