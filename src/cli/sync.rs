//! `gazetier sync`: reads what has changed in the sources of the configuration. A file that cannot
//! be taken is told and passed over: the others are taken. What was told is not told again at each
//! run, unless somebody asks.

mod claim;
mod moves;
mod notices;
mod scan;
mod spool;
mod work;

use std::{
    collections::{HashMap, HashSet},
    process::ExitCode,
};

use super::{
    exit,
    late::{self, Entered},
    rubriques,
    say::say,
    session::Session,
    subscribers::read_roll,
};
use crate::{
    ingest::{folder, source},
    store::{AddressConflict, Applied, FileChange, Put, SourceFile, SourceState},
};

use moves::Found;
use notices::Notices;
use scan::Scanned;
use spool::Spool;
use work::Work;

/// The list of subscribers stands among the files of the sources under this name.
const SUBSCRIBERS: &str = "subscribers";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Read this source here from now on, though another machine or folder read it until now;
    /// without a name, all sources.
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    take_over: Option<String>,
}

/// How a sync was called.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct How<'a> {
    /// By somebody who wants to hear all that is wrong, told before or not.
    pub(super) by_hand: bool,
    /// Which source is taken over; all if it is empty.
    pub(super) take_over: Option<&'a str>,
}

/// What a sync did.
#[derive(Debug, Default)]
pub(super) struct Synced {
    added: usize,
    changed: usize,
    withdrawn: usize,
    joined: u64,
    /// Who left by the list of subscribers.
    left: u64,
    /// What rubriques were called otherwise, and who and what followed; in words.
    followed: Vec<String>,
    /// How many files could not be taken; each has been told now.
    refused: usize,
    /// Files that another sync was writing meanwhile.
    waiting: usize,
    /// Columns that moved, in words.
    pub(super) moved: Vec<String>,
}

impl Synced {
    /// Tells of something that could not be taken.
    fn refuse(&mut self, message: &str) {
        eprintln!("gazetier: {message}");
        self.refused += 1;
    }

    fn warn(&mut self, message: impl std::fmt::Display) {
        eprintln!("gazetier: warning: {message}");
    }

    /// In words; empty if nothing happened.
    pub(super) fn words(&self) -> String {
        let parts = [
            (self.added > 0).then(|| format!("{} columns added", self.added)),
            (self.changed > 0).then(|| format!("{} columns changed", self.changed)),
            (!self.moved.is_empty()).then(|| format!("{} columns moved", self.moved.len())),
            (self.withdrawn > 0).then(|| format!("{} columns withdrawn", self.withdrawn)),
            (self.joined > 0).then(|| format!("{} subscribers joined", self.joined)),
            (self.waiting > 0)
                .then(|| format!("{} files left to the next run: another sync was at them", self.waiting)),
        ];
        let left = (self.left > 0).then(|| format!("{} subscribers left by the list", self.left));
        self.followed.iter().cloned().chain(parts.into_iter().flatten()).chain(left).collect::<Vec<_>>().join(", ")
    }

    /// The complaint that makes up the exit code, if a file was refused.
    pub(super) fn complaint(&self) -> anyhow::Result<()> {
        match self.refused {
            0 => Ok(()),
            n => Err(exit::complain(exit::BAD_INPUT, format!("{n} files of the sources were passed over, see above"))),
        }
    }
}

pub(super) async fn run(session: &Session, args: &Args) -> anyhow::Result<ExitCode> {
    let how = How { by_hand: true, take_over: args.take_over.as_deref() };
    let synced = sync(session, how).await?;
    for line in &synced.moved {
        say!("{line}");
    }
    let words = synced.words();
    say!("{}", if words.is_empty() { "nothing new in the sources" } else { &words });
    synced.complaint()?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the sources.
pub(super) async fn sync(session: &Session, how: How<'_>) -> anyhow::Result<Synced> {
    // First: what the sources give is put where it is called as the configuration calls it.
    let mut synced = Synced { followed: rubriques::follow(session).await?, ..Synced::default() };
    let mut state = session.store.source_state().await?;
    if state.without_content {
        session.store.fill_contents().await?;
    }
    let mut notices = Notices::new(session, how.by_hand);
    let claimed = claim::claim(session, how, &mut state, &mut notices, &mut synced).await?;
    let make = scan::make(&session.config.fingerprint);
    let (mut scans, mut spool) = (Vec::new(), Spool::default());
    for source in session.config.sources.iter().filter(|source| claimed.places.contains_key(&source.name)) {
        let contents = source::open(source).documents();
        match contents {
            Ok(contents) => {
                let known = state.files.get(&source.name);
                scans.push(scan::scan(source, contents, known, &make, session.house(), &mut spool)?);
            }
            Err(error) => notices.refuse(&source.name, "folder", &error.to_string(), &mut synced).await?,
        }
    }
    tell_files(&scans, how.by_hand, &mut notices, &mut synced).await?;
    let found = moves::find(session, &scans, &spool, &state.files, &claimed.gone_sources, &mut synced).await?;
    let gone = gone(&scans, &found, &mut notices, &mut synced).await?;
    let work = Work::new(gone, &scans, &found, &spool);
    let applied = session.store.apply_all(&work, &claimed.places, session.at).await?;
    report(session, &applied, &work, &found, how.by_hand, &mut synced).await?;
    claim::tell_gone(session, &claimed.gone_sources, &mut notices).await?;
    join(session, &state, &make, &mut notices, &mut synced).await?;
    notices.forget(&state.notices).await?;
    Ok(synced)
}

/// Tells what the files' reading brought up.
async fn tell_files(
    scans: &[Scanned<'_>],
    by_hand: bool,
    notices: &mut Notices<'_>,
    synced: &mut Synced,
) -> anyhow::Result<()> {
    for scanned in scans {
        for passed in &scanned.passed_over {
            let shown = scanned.source.folder.join(&passed.name);
            let message = format!("{}: {}; passed over", shown.display(), passed.why);
            notices.refuse(&scanned.source.name, &passed.name, &message, synced).await?;
        }
        for read in &scanned.read {
            match &read.after.refused {
                Some(why) if by_hand || read.is_news() => synced.refuse(&format!("{why}; passed over")),
                _ => {}
            }
            for warning in &read.warnings {
                synced.warn(warning);
            }
        }
    }
    Ok(())
}

/// The files that are gone, of sources that were not emptied all at once.
async fn gone<'a>(
    scans: &'a [Scanned<'_>],
    found: &Found,
    notices: &mut Notices<'_>,
    synced: &mut Synced,
) -> anyhow::Result<Vec<FileChange<'a>>> {
    let name = |file: &'_ SourceFile| (file.source.clone(), file.path.clone());
    let moved: HashSet<_> = found.values().filter_map(|candidate| candidate.file.as_ref().map(name)).collect();
    let mut changes = Vec::new();
    for scanned in scans {
        let gone: Vec<&SourceFile> = scanned.gone.iter().filter(|file| !moved.contains(&name(file))).collect();
        let left = gone.iter().filter(|file| file.column_key.is_some()).count();
        if scanned.emptied && left > 1 {
            let message = format!(
                "{} held {left} columns and is empty: nothing is withdrawn; to withdraw them all, write \
                 `withdrawn: true` into each, or say `gazetier columns withdraw`",
                scanned.source.folder.display(),
            );
            notices.refuse(&scanned.source.name, "folder", &message, synced).await?;
            continue;
        }
        changes.extend(gone.into_iter().map(|file| FileChange {
            source: &file.source,
            path: &file.path,
            before: Some(&file.content),
            withdraw: file.column_key.as_deref().filter(|key| !scanned.has(key)),
            ..FileChange::default()
        }));
    }
    Ok(changes)
}

/// Tells what became of it.
async fn report(
    session: &Session,
    applied: &Applied,
    work: &Work<'_>,
    found: &Found,
    by_hand: bool,
    synced: &mut Synced,
) -> anyhow::Result<()> {
    let mut entered = Vec::new();
    for (index, outcome) in applied.outcomes.iter().enumerate() {
        let Some((read, (key, column))) = work.read(index).and_then(|read| Some((read, read.taken()?))) else {
            continue;
        };
        let Some(outcome) = outcome else { continue };
        if let Some(was) = moves::before(found, &read.source.name, key) {
            let folder = session.config.sources.iter().find(|source| source.name == was.trace.source);
            let before = match (&was.file, folder) {
                (Some(file), Some(source)) => source.folder.join(&file.path).display().to_string(),
                _ => format!("{:?} of {}", was.trace.key, was.trace.source),
            };
            synced.moved.push(format!("{}: moved, was {before}", read.shown()));
            continue;
        }
        match outcome {
            Put::Added => synced.added += 1,
            Put::Changed => synced.changed += 1,
            Put::Same => continue,
        }
        entered.push(Entered {
            shown: read.shown(),
            source: &read.source.name,
            key,
            published: column.published,
            is_new: matches!(outcome, Put::Added),
        });
    }
    for (index, error) in &applied.refused {
        let told = work.read(*index).and_then(|read| read.before).and_then(|before| before.refused.as_ref());
        if by_hand || told != Some(&error.to_string()) {
            synced.refuse(&format!("{error}; passed over"));
        }
    }
    for twin in &applied.conflicts {
        let shown = |key: &str| work.shown(&twin.source, key).unwrap_or_else(|| key.to_owned());
        synced.warn(twin_words(&shown(&twin.key), &shown(&twin.owner_key), twin));
    }
    synced.withdrawn = applied.withdrawn;
    synced.waiting = applied.left;
    for words in late::words(session, &entered).await? {
        synced.warn(words);
    }
    Ok(())
}

/// What is told of two columns with one address.
pub(super) fn twin_words(place: &str, owner: &str, twin: &AddressConflict) -> String {
    format!(
        "{place}: its address {} is that of {:?} ({owner}): it gets {}; give one of them another `slug` or `url`",
        twin.asked, twin.owner_title, twin.got
    )
}

/// Lets those join who are new in the list of subscribers.
async fn join(
    session: &Session,
    state: &SourceState,
    make: &str,
    notices: &mut Notices<'_>,
    synced: &mut Synced,
) -> anyhow::Result<()> {
    let Some(path) = &session.config.subscribers_file else { return Ok(()) };
    let name = path.display().to_string();
    let before = state.files.get(SUBSCRIBERS).and_then(|files| files.get(&name));
    let seen = match folder::seen_at(path) {
        Ok(seen) => format!("{seen} {make}"),
        Err(error) => {
            let message = format!("cannot read {name}: {error}: nobody joins from it (`subscribers.file`)");
            return notices.refuse(SUBSCRIBERS, "file", &message, synced).await;
        }
    };
    if before.is_some_and(|before| before.seen == seen && before.refused.is_none()) {
        return Ok(());
    }
    let mut after = SourceFile {
        source: SUBSCRIBERS.to_owned(),
        path: name.clone(),
        column_key: None,
        content: String::new(),
        seen,
        due_at: None,
        refused: None,
    };
    let same = |content: &str| before.is_some_and(|before| before.content == content && before.refused.is_none());
    match folder::content_at(path, make) {
        Err(error) => after.refused = Some(format!("cannot read {name}: {error}")),
        Ok(content) if same(&content) => after.content = content,
        Ok(content) => {
            after.content = content;
            match read_roll(session, path).await {
                Ok(read) => (synced.joined, synced.left) = (read.joined, read.left),
                Err(error) => after.refused = Some(exit::words(&error)),
            }
        }
    }
    match &after.refused {
        Some(why) if notices.by_hand || before.map(|before| &before.refused) != Some(&after.refused) => {
            synced.refuse(why);
        }
        _ => {}
    }
    let before = before.map(|before| &*before.content);
    let change = FileChange { source: SUBSCRIBERS, path: &name, before, after: Some(&after), ..FileChange::default() };
    session.store.apply(&[change], &HashMap::new(), session.at).await?;
    Ok(())
}
