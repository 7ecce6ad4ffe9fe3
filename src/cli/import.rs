//! `gazetier import`: columns from files, all of them or, if one is wrong, none.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use chrono::Duration;

use super::{
    exit,
    say::say,
    session::{Session, read},
};
use crate::{
    config::Source,
    import::{self, Harvest, listing, markdown},
    store::Put,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Markdown files end in .md; any other file is taken for a listing.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The date of a listing's first column.
    #[arg(long, value_name = "DATE", requires = "step")]
    newest: Option<String>,
    /// How far apart a listing's columns lie, such as 7d or 12h.
    #[arg(long, value_name = "DURATION", requires = "newest")]
    step: Option<humantime::Duration>,
}

pub(super) async fn run(session: &Session, args: &Args) -> anyhow::Result<ExitCode> {
    let dates = match (&args.newest, args.step) {
        (Some(newest), Some(step)) => {
            let newest = session.config.magazine.zone.parse(newest);
            Some(listing::Dates {
                newest: newest.map_err(|error| exit::complain(exit::USAGE, format!("--newest: {error}")))?,
                step: Duration::from_std(*step)
                    .ok()
                    .filter(|step| *step >= Duration::milliseconds(1))
                    .ok_or_else(|| exit::complain(exit::USAGE, "--step: write a length of time such as 7d or 12h"))?,
            })
        }
        _ => None,
    };
    let mut harvest = Harvest::default();
    for path in &args.files {
        let text = read(path)?;
        let name = path.display().to_string();
        if path.extension().is_some_and(|ending| ending == "md" || ending == "markdown") {
            markdown::read(&text, path, &key(session, path), session.house(), &mut harvest)?;
        } else {
            let known = session.store.known(listing::SOURCE).await?;
            let part = listing::read(&text, &name, session.house(), dates, &known)?;
            harvest.drafts.extend(part.drafts);
            harvest.warnings.extend(part.warnings);
        }
    }
    harvest.refuse_twins()?;
    for warning in &harvest.warnings {
        eprintln!("gazetier: warning: {warning}");
    }
    let outcomes = session.store.put(&harvest.drafts, session.at).await?;
    let (added, changed) = count(&outcomes);
    say!(
        "{} columns read: {added} added, {changed} changed, {} as they were",
        outcomes.len(),
        outcomes.len() - added - changed
    );
    Ok(ExitCode::SUCCESS)
}

/// How many of these were added, and how many changed.
pub(super) fn count(outcomes: &[Put]) -> (usize, usize) {
    let of = |what| outcomes.iter().filter(|put| **put == what).count();
    (of(Put::Added), of(Put::Changed))
}

/// A file's name in its source: the same whether it is imported by itself or with the folder that
/// the configuration names.
fn key(session: &Session, path: &Path) -> String {
    let full = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let path = full(path);
    let folder = session.config.sources.iter().map(|Source::Markdown(folder)| full(folder));
    let folder = folder.into_iter().find(|folder| path.starts_with(folder));
    import::markdown::key(&path, folder.as_deref())
}
