//! `gazetier import`: columns from files, all of them or, if one is wrong, none.

mod records;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use chrono::Duration;

use super::{
    Execute, exit,
    session::{Session, read_text},
};
use crate::{
    config::Source,
    edition::late,
    ingest::{
        ImportResult, SourceLocation, Warning,
        detect::FileFormat,
        folder,
        listing::{self, LineOutcome, ListingAnswers, ListingFile, ListingLine, ListingPage},
        markdown,
        source::{self, ColumnSource, KnownDocuments, SourceDocument},
        sync,
    },
    model::EnteredColumn,
    store::{Entry, Put},
};

use records::{InputFile, RecordColumns};

/// Read columns from files: Markdown with front matter, exports and tables with many columns, or a listing as plain
/// text.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// What it is, is found out by its name and its beginning; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the files are: markdown, jsonl, csv, wordpress, ghost, feed or listing.
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    format: Option<FileFormat>,
    /// Take the columns that are right, though others of the same file are refused.
    #[arg(long)]
    keep_going: bool,
    /// The date of a listing's first column.
    #[arg(long, value_name = "DATE", requires = "step")]
    newest: Option<String>,
    /// How far apart a listing's columns lie, such as 7d or 12h; days are days of the calendar.
    #[arg(long, value_name = "DURATION", requires = "newest")]
    step: Option<humantime::Duration>,
    /// Change nothing: say of each column whether it is new, the same, changed or in doubt, and which
    /// a listing no longer has.
    #[arg(long)]
    dry_run: bool,
    /// The listing's column whose title stands at this line is a new one.
    #[arg(long = "new", value_name = "LINE")]
    new: Vec<usize>,
    /// The listing's column whose title stands at this line is this one of the store, mended.
    #[arg(long = "same", value_name = "LINE=KEY", value_parser = line_and_key)]
    same: Vec<(usize, String)>,
}

fn format(text: &str) -> Result<FileFormat, String> {
    FileFormat::named(text).ok_or_else(|| format!("there are {}", FileFormat::names()))
}

fn line_and_key(text: &str) -> Result<(usize, String), String> {
    let (line, key) = text.split_once('=').ok_or("write the line, =, and the column's name")?;
    Ok((line.parse().map_err(|error| format!("{line:?} is no line: {error}"))?, key.to_owned()))
}

/// What the files gave.
#[derive(Default)]
struct ReadFiles {
    result: ImportResult,
    /// What the Markdown files said themselves, by their columns' places among the drafts.
    facts: Vec<Option<markdown::GivenFields>>,
    /// What the columns are to the store, in words.
    lines: Vec<String>,
    /// Files with many columns.
    records: Vec<RecordColumns>,
}

impl Execute for Args {
    fn is_listing(&self) -> bool {
        false
    }

    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        run(session, &self).await
    }
}

async fn run(session: &Session, args: &Args) -> anyhow::Result<ExitCode> {
    let files = gather(session, args).await?;
    let ReadFiles { result, facts, lines, records } = files;
    result.refuse_duplicates()?;
    for warning in &result.warnings {
        eprintln!("gazetier: warning: {warning}");
    }
    if args.dry_run {
        for line in lines {
            println!("{line}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let entries: Vec<Entry<'_>> = result
        .drafts
        .iter()
        .zip(&facts)
        .map(|(draft, facts)| Entry {
            draft,
            given_guid: facts.is_some_and(|facts| facts.given_guid),
            given_url: facts.is_some_and(|facts| facts.given_url),
        })
        .collect();
    let mut outcomes = put(session, &entries).await?;
    for file in &records {
        outcomes.extend(file.put(session).await?);
    }
    let (added, changed) = count(&outcomes);
    let read = outcomes.len();
    println!("{read} columns read: {added} added, {changed} changed, {} as they were", read - added - changed);
    match records.iter().map(|file| file.refused).sum() {
        0 => Ok(ExitCode::SUCCESS),
        refused => Err(records::refusal(refused)),
    }
}

/// Writes columns down, and tells what somebody should know of it.
async fn put(session: &Session, entries: &[Entry<'_>]) -> anyhow::Result<Vec<Put>> {
    let batched = session.store.put_entries(entries, session.at).await?;
    for twin in &batched.conflicts {
        eprintln!("gazetier: warning: {}", sync::twin_warning(&twin.key, &twin.owner_key, twin));
    }
    let entered: Vec<EnteredColumn<'_>> = entries
        .iter()
        .zip(&batched.outcomes)
        .filter(|(_, outcome)| !matches!(outcome, Put::Same))
        .map(|(Entry { draft, .. }, outcome)| EnteredColumn {
            shown: format!("{:?}", draft.title),
            source: &draft.source,
            key: draft.key.clone(),
            published: draft.published,
            is_new: matches!(outcome, Put::Added),
        })
        .collect();
    for words in late::warnings(&session.config, &session.store, session.now(), &entered).await? {
        eprintln!("gazetier: warning: {words}");
    }
    Ok(batched.outcomes)
}

/// Reads all files; nothing is changed if one of them is wrong.
async fn gather(session: &Session, args: &Args) -> anyhow::Result<ReadFiles> {
    let dates = dates(session, args)?;
    let answers = ListingAnswers { new: args.new.clone(), same: args.same.clone() };
    let mut all = ReadFiles::default();
    for path in &args.files {
        let file = InputFile::open(path)?;
        let format = match args.format {
            Some(format) => format,
            None => file.format()?,
        };
        if let FileFormat::Records(kind) = format {
            let columns = records::read(session, args, kind, &file, &mut all.result).await?;
            all.lines.extend(columns.lines.iter().cloned());
            all.records.push(columns);
            continue;
        }
        let path = file.shown();
        let text = read_text(file.path())?;
        if format == FileFormat::Markdown {
            let (source, key) = source_and_key(session, path);
            let document = SourceDocument { path, key: &key, text: &text };
            let facts = match source {
                Some(source) => source::open(source).read(document, session.import_context(), &mut all.result)?,
                None => markdown::read(&text, path, &key, session.import_context(), &mut all.result)?,
            };
            if let Some(draft) = all.result.drafts.last().filter(|_| args.dry_run) {
                let known = session.store.known(&draft.source).await?.contains_key(&draft.key);
                let what = if known { "there" } else { "new" };
                all.lines.push(format!("{what:8} {}: {}", path.display(), draft.title));
            }
            all.facts.push(Some(facts));
            continue;
        }
        let known = session.store.known(listing::SOURCE).await?;
        let listing = ListingFile { path, dates, known: &known, answers: &answers };
        for file in listing.documents(&KnownDocuments::default())?.files {
            let mut own = ImportResult::default();
            let document = SourceDocument { path: &file.path, key: &file.name, text: &text };
            let page = listing.read(document, session.import_context(), &mut own)?;
            if !args.dry_run {
                page.refuse_doubt()?;
            }
            all.lines.extend(dry_run_lines(&page));
            warn_of_gone(&page, path, &mut all.result);
            all.facts.extend(own.drafts.iter().map(|_| None));
            all.result.drafts.extend(own.drafts);
            all.result.warnings.extend(own.warnings);
        }
    }
    Ok(all)
}

fn dates(session: &Session, args: &Args) -> anyhow::Result<Option<listing::ListingDates>> {
    let (Some(newest), Some(step)) = (&args.newest, args.step) else { return Ok(None) };
    let newest = session.config.magazine.zone.parse(newest);
    let step = Duration::from_std(*step).ok().filter(|step| *step >= Duration::milliseconds(1));
    Ok(Some(listing::ListingDates {
        newest: newest.map_err(|error| exit::failure(exit::USAGE, format!("--newest: {error}")))?,
        step: step.ok_or_else(|| exit::failure(exit::USAGE, "--step: write a length of time such as 7d or 12h"))?,
    }))
}

/// What a listing's columns are to the store, a line each.
fn dry_run_lines(page: &ListingPage) -> Vec<String> {
    let line = |line: &ListingLine| match &line.outcome {
        LineOutcome::New => format!("new      {}: {}", line.place, line.title),
        LineOutcome::Same => format!("same     {}: {}", line.place, line.title),
        LineOutcome::Changed(was) if *was == line.title => {
            format!("changed  {}: {} (its text)", line.place, line.title)
        }
        LineOutcome::Changed(was) => format!("changed  {}: {} (was {was:?})", line.place, line.title),
        LineOutcome::Doubt(known) => {
            let known: Vec<String> = known.iter().map(|(key, title)| format!("{title:?} ({key})")).collect();
            format!("in doubt {}: {} (new, or {} mended)", line.place, line.title, known.join(" or "))
        }
        LineOutcome::Twice(first) => format!("twice    {}: {} (at line {first} already)", line.place, line.title),
    };
    let gone = page.gone.iter().map(|known| format!("gone     {} ({})", known.title, known.key));
    page.lines.iter().map(line).chain(gone).collect()
}

/// Tells of columns that a page no longer has.
fn warn_of_gone(page: &ListingPage, path: &Path, result: &mut ImportResult) {
    for known in &page.gone {
        result.warnings.push(Warning {
            place: SourceLocation { file: path.display().to_string(), line: None },
            message: format!(
                "{:?} is on the page no more, and stays in the feeds: to withdraw it: \
                 gazetier columns withdraw {}",
                known.title, known.key
            ),
            of_many: false,
        });
    }
}

/// How many of these were added, and how many changed.
fn count(outcomes: &[Put]) -> (usize, usize) {
    let of = |what| outcomes.iter().filter(|put| **put == what).count();
    (of(Put::Added), of(Put::Changed))
}

/// A file's source and its name there: the same whether it is files by itself or with the folder
/// that the configuration names.
fn source_and_key<'a>(session: &'a Session, path: &Path) -> (Option<&'a Source>, String) {
    let full = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let path = full(path);
    let source = session.config.sources.iter().find(|source| path.starts_with(full(&source.path)));
    let folder = source.map(|source| full(&source.path));
    (source, folder::key(&path, folder.as_deref()))
}
