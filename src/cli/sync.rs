//! `gazetier sync`: reads what has changed in the sources of the configuration. A file that cannot
//! be taken is told and passed over: the others are taken. What was told is not told again at each
//! run, unless somebody asks.

mod claim;
mod moves;
mod notices;
mod scan;

use std::{collections::HashMap, process::ExitCode};

use super::{
    exit,
    late::{self, Entered},
    rubriques,
    say::say,
    session::Session,
    subscribers::read_roll,
};
use crate::{
    import::folder,
    store::{Applied, Entry, FileChange, MovedFrom, Put, SourceFile, SourceState, Twin},
};

use moves::Found;
use notices::Notices;
use scan::{ReadFile, Scanned};

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
    let none = HashMap::new();
    let mut scans = Vec::new();
    for source in session.config.sources.iter().filter(|source| claimed.places.contains_key(&source.name)) {
        let known = state.files.get(&source.name).unwrap_or(&none);
        match scan::scan(source, known, &make, session.house()) {
            Ok(scanned) => scans.push(scanned),
            Err(error) => notices.refuse(&source.name, "folder", &error.to_string(), &mut synced).await?,
        }
    }
    tell_files(&scans, how.by_hand, &mut notices, &mut synced).await?;
    let found = moves::find(session, &scans, &state.files, &claimed.gone_sources, &mut synced).await?;
    put(session, &scans, &found, &claimed.places, how.by_hand, &mut notices, &mut synced).await?;
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

/// Writes down all that was found, in one transaction.
async fn put(
    session: &Session,
    scans: &[Scanned<'_>],
    found: &Found,
    places: &HashMap<String, String>,
    by_hand: bool,
    notices: &mut Notices<'_>,
    synced: &mut Synced,
) -> anyhow::Result<()> {
    let moved: Vec<&SourceFile> = found.values().filter_map(|candidate| candidate.file.as_ref()).collect();
    let is_moved = |file: &SourceFile| moved.iter().any(|m| (&m.source, &m.path) == (&file.source, &file.path));
    let mut changes = Vec::new();
    let mut reads: Vec<Option<&ReadFile<'_>>> = Vec::new();
    // What is gone first: its address is free then.
    for scanned in scans {
        let gone: Vec<&SourceFile> = scanned.gone.iter().filter(|file| !is_moved(file)).collect();
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
        for file in gone {
            let key = file.column_key.as_deref().filter(|key| !scanned.has(key));
            changes.push(FileChange {
                source: &file.source,
                path: &file.path,
                before: Some(&file.content),
                withdraw: key,
                ..FileChange::default()
            });
            reads.push(None);
        }
    }
    for read in scans.iter().flat_map(|scanned| &scanned.read) {
        changes.push(change(read, scans, found));
        reads.push(Some(read));
    }
    let applied = session.store.apply(&changes, places, session.at).await?;
    report(session, &applied, &reads, found, by_hand, synced).await
}

/// What is to be written of a file that was read.
fn change<'a>(read: &'a ReadFile<'_>, scans: &'a [Scanned<'_>], found: &'a Found) -> FileChange<'a> {
    let entry = read.column.as_ref().map(|(draft, facts)| Entry {
        draft,
        given_guid: facts.given_guid,
        given_url: facts.given_url,
    });
    let was = entry.and_then(|entry| found.get(&(entry.draft.source.clone(), entry.draft.key.clone())));
    let moved_from = was.map(|was| MovedFrom {
        source: &was.trace.source,
        key: &was.trace.key,
        file: was.file.as_ref().map(|file| (&*file.source, &*file.path, &*file.content)),
    });
    // The column that the file gave before, unless that is elsewhere now.
    let is_elsewhere = |key: &str| {
        let found = found.values().any(|was| was.trace.source == read.source.name && was.trace.key == key);
        found || scans.iter().any(|scanned| scanned.source.name == read.source.name && scanned.has(key))
    };
    FileChange {
        source: &read.after.source,
        path: &read.after.path,
        before: read.before.as_ref().map(|before| &*before.content),
        after: Some(&read.after),
        entry,
        moved_from,
        withdraw: read.left_key().filter(|key| !is_elsewhere(key)),
    }
}

/// Tells what became of it.
async fn report(
    session: &Session,
    applied: &Applied,
    reads: &[Option<&ReadFile<'_>>],
    found: &Found,
    by_hand: bool,
    synced: &mut Synced,
) -> anyhow::Result<()> {
    let mut entered = Vec::new();
    let mut shown: HashMap<(&str, &str), &str> = HashMap::new();
    for (read, outcome) in reads.iter().zip(&applied.outcomes) {
        let Some(read) = read else { continue };
        let Some((draft, _)) = &read.column else { continue };
        shown.insert((&draft.source, &draft.key), &read.shown);
        let Some(outcome) = outcome else { continue };
        if let Some(was) = found.get(&(draft.source.clone(), draft.key.clone())) {
            let folder = session.config.sources.iter().find(|source| source.name == was.trace.source);
            let before = match (&was.file, folder) {
                (Some(file), Some(source)) => source.folder.join(&file.path).display().to_string(),
                _ => format!("{:?} of {}", was.trace.key, was.trace.source),
            };
            synced.moved.push(format!("{}: moved, was {before}", read.shown));
            continue;
        }
        match outcome {
            Put::Added => synced.added += 1,
            Put::Changed => synced.changed += 1,
            Put::Same => continue,
        }
        entered.push(Entered { shown: read.shown.clone(), draft, is_new: matches!(outcome, Put::Added) });
    }
    for (index, error) in &applied.refused {
        let told = reads[*index].and_then(|read| read.before.as_ref()).and_then(|before| before.refused.as_ref());
        if by_hand || told != Some(&error.to_string()) {
            synced.refuse(&format!("{error}; passed over"));
        }
    }
    for twin in &applied.twins {
        let place = shown.get(&(&*twin.source, &*twin.key)).copied().unwrap_or(&twin.key);
        let owner = shown.get(&(&*twin.source, &*twin.owner_key)).copied().unwrap_or(&twin.owner_key);
        synced.warn(twin_words(place, owner, twin));
    }
    synced.withdrawn = applied.withdrawn;
    synced.waiting = applied.left;
    for words in late::words(session, &entered).await? {
        synced.warn(words);
    }
    Ok(())
}

/// What is told of two columns with one address.
pub(super) fn twin_words(place: &str, owner: &str, twin: &Twin) -> String {
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
