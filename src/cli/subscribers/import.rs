//! `gazetier subscribers import`, and the list that the configuration names: read twice, the first time only to
//! look, so that a list with a wrong line changes nothing.

use std::{
    fs::File,
    io::{Read, Seek},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::{
    exit,
    session::{Session, clock},
};
use crate::{
    ingest::{
        self,
        subscribers::{Field, Layout, List, Part, Refused, Settings, Word},
        sync::ListCounts,
    },
    model::Key,
    store::{Added, Store},
};

/// How many subscribers are written in one commit. Their hashes fall on every page of an index: a
/// commit of few rows costs nearly as many pages as one of many. More of them take more memory; two are there at once.
const PART: usize = 20_000;

/// So many lines are read before the store is looked after: a millisecond's worth.
const LINES_AT_ONCE: usize = 500;

/// How many refused lines are told one by one.
const TOLD: usize = 50;

/// How far a date in a list may lie ahead of the clock: other machines' clocks and zones differ.
const AHEAD: chrono::Duration = chrono::Duration::days(1);

/// How a list is laid out, by the command line.
pub(super) fn layout(map: &[String], delimiter: Option<&str>) -> anyhow::Result<Layout> {
    let mut layout = Layout { delimiter: delimiter.map(character).transpose()?, ..Layout::default() };
    for pair in map {
        let refuse = |message: String| exit::failure(exit::USAGE, format!("--map: {pair:?}: {message}"));
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let Some(word) = name.strip_prefix("state:") {
            let meaning = Word::ALL.into_iter().find(|(known, _)| *known == value).map(|(_, meaning)| meaning);
            let known = Word::ALL.map(|(name, _)| name).join(", ");
            let meaning = meaning.ok_or_else(|| refuse(format!("write state:WORD= and one of {known}")))?;
            layout.map_word(word, meaning);
            continue;
        }
        let field = Field::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, field)| field);
        let known = || Field::ALL.map(|(name, _)| name).join(", ");
        match field {
            Some(field) if !value.is_empty() => {
                layout.map.insert(field, Some(value.to_owned()).filter(|heading| heading != "-"));
            }
            _ => return Err(refuse(format!("write FIELD=HEADING, where FIELD is one of {}", known()))),
        }
    }
    Ok(layout)
}

/// `--delimiter ;`.
fn character(text: &str) -> anyhow::Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ if matches!(text, "tab" | "\\t") => Ok(b'\t'),
        _ => Err(exit::failure(exit::USAGE, format!("--delimiter: {text:?}: write one character such as ; or tab"))),
    }
}

/// What lists are read with.
fn settings(session: &Session, layout: Layout) -> Settings<'_> {
    Settings { rubriques: &session.config.rubriques, layout, latest: session.at.max(clock()) + AHEAD }
}

/// An import of a list.
pub(super) struct Import<'a> {
    pub(super) session: &'a Session,
    pub(super) file: &'a Path,
    pub(super) dry_run: bool,
    pub(super) skip_bad: bool,
    pub(super) revive: bool,
}

impl Import<'_> {
    pub(super) async fn run(&self, layout: Layout) -> anyhow::Result<ExitCode> {
        let mut source = self.source()?;
        let settings = settings(self.session, layout);
        let mut pass = Pass {
            session: self.session,
            name: self.file.display().to_string(),
            settings: &settings,
            store: self.session.store.clone(),
            revive: self.revive,
        };
        let work = if self.dry_run { Work::Weigh } else { Work::Look };
        let (mut count, refused) = pass.read(&mut source, work).await?;
        tell(&refused);
        if refused.count > 0 && !self.skip_bad && !self.dry_run {
            let lines =
                if refused.count == 1 { "1 line is".to_owned() } else { format!("{} lines are", refused.count) };
            let message = format!("{lines} wrong, nothing was changed: mend them, or take the others with --skip-bad");
            return Err(exit::failure(exit::BAD_INPUT, message));
        }
        if !self.dry_run {
            source.rewind().with_context(|| pass.name.clone())?;
            count = pass.read(&mut source, Work::Write).await?.0;
        }
        println!("{}", self.words(count, refused.count));
        Ok(if refused.count > 0 { ExitCode::from(exit::BAD_INPUT) } else { ExitCode::SUCCESS })
    }

    /// The file; standard input is put into one, because it is read twice.
    fn source(&self) -> anyhow::Result<File> {
        if self.file == Path::new("-") {
            let mut file = tempfile::tempfile().context("cannot keep what comes on standard input")?;
            std::io::copy(&mut std::io::stdin().lock(), &mut file).context("cannot read standard input")?;
            file.rewind().context("cannot read standard input")?;
            return Ok(file);
        }
        open(self.file)
    }

    /// What came of it, in words.
    fn words(&self, count: Added, refused: usize) -> String {
        let mut words = format!("{} added, {} known already", count.added, count.known);
        if count.left > 0 {
            words.push_str(&format!(" ({} of them unsubscribed)", count.left));
        }
        for (count, what) in [
            (count.revived, "brought back"),
            (count.as_left, "new and unsubscribed by the list"),
            (count.as_suppressed, "new and suppressed by the list"),
            (count.let_go, "let go by the list"),
            (count.unconfirmed, "never confirmed and not taken"),
        ] {
            if count > 0 {
                words.push_str(&format!(", {count} {what}"));
            }
        }
        words.push_str(&format!(", {} suppressed and left alone, {refused} refused", count.suppressed));
        if self.dry_run { format!("{words}: nothing was changed, this was a dry run") } else { words }
    }
}

/// Reads a part of a list. Between a few lines and the next, what else is under way goes on.
async fn take_part<R: Read + Seek>(list: &mut List<'_, R>) -> Result<Part, ingest::Error> {
    let mut part = Part::default();
    while part.entries.len() + part.hashes.len() < PART {
        let more = list.take(LINES_AT_ONCE)?;
        if more.is_empty() {
            break;
        }
        part.entries.extend(more.entries);
        part.hashes.extend(more.hashes);
        tokio::task::yield_now().await;
    }
    Ok(part)
}

fn open(path: &Path) -> anyhow::Result<File> {
    let wrong = |source| ingest::Error::Read { path: path.to_owned(), source };
    Ok(File::open(path).map_err(wrong)?)
}

/// Tells of refused lines.
fn tell(refused: &Refused) {
    for warning in refused.told.iter().take(TOLD) {
        eprintln!("gazetier: {warning}");
    }
    if refused.count > TOLD {
        eprintln!("gazetier: … and {} more", refused.count - TOLD);
    }
}

/// What a list is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Look,
    Weigh,
    Write,
}

/// One reading of a list.
struct Pass<'a> {
    session: &'a Session,
    name: String,
    settings: &'a Settings<'a>,
    /// With the key of the list, if one came with it.
    store: Store,
    revive: bool,
}

impl Pass<'_> {
    /// Reads a list from its beginning; gives what came of it, and what was refused.
    async fn read(&mut self, source: &mut File, work: Work) -> anyhow::Result<(Added, Refused)> {
        let bar = bar(
            source.metadata().map_or(0, |meta| meta.len()),
            if work == Work::Write { "written" } else { "checked" },
        );
        let mut list = List::open(source, &self.name, self.settings)?;
        if let Some(key) = list.key() {
            self.take_over(key, work).await?;
        }
        let revive = self.revive.then_some("subscribers import --revive");
        let mut count = Added::default();
        let mut part = take_part(&mut list).await?;
        while !part.is_empty() {
            // While the store writes one part down, the next is read.
            let (done, next) = tokio::join!(self.work_on(part, work, revive), take_part(&mut list));
            count.add(done?);
            part = next?;
            bar.set_position(list.position());
        }
        bar.finish_and_clear();
        Ok((count, list.refused()?))
    }

    /// Does with a part of a list what it is read for.
    async fn work_on(&self, part: Part, work: Work, revive: Option<&str>) -> anyhow::Result<Added> {
        let (newsletter, at) = (self.session.newsletter(), self.session.at);
        match work {
            Work::Look => Ok(Added::default()),
            Work::Weigh => Ok(self.store.weigh_list(newsletter, part.entries, at, self.revive).await?),
            Work::Write => {
                let mut added = self.store.enter_list(newsletter, part.entries, at, revive).await?;
                added.add(self.store.enter_hashes(&part.hashes, at).await?);
                Ok(added)
            }
        }
    }

    /// Works with the key that came with a list. Into a store that is in use it does not come: its links and hashes
    /// would mean nobody any more.
    async fn take_over(&mut self, key: &Key, work: Work) -> anyhow::Result<()> {
        let Some(store) = self.session.store.take_over_key(key, work != Work::Write).await? else {
            let readers = self.store.reader_count().await?;
            let message = format!(
                "{}: it carries the key of another store, and this one is in use with its own ({readers} readers): \
                 nothing was changed. Import it into a new store (another store.url), or a list that was written \
                 without --with-key",
                self.name
            );
            return Err(exit::failure(exit::BAD_INPUT, message));
        };
        self.store = store;
        Ok(())
    }
}

/// Reads the list that the configuration names. A line that is wrong is told and passed over; a list that is not
/// understood changes nothing.
pub(in crate::cli) async fn read_configured_list(session: &Session, path: &Path) -> anyhow::Result<ListCounts> {
    let settings = settings(session, Layout::default());
    let name = path.display().to_string();
    let mut pass = Pass { session, name, settings: &settings, store: session.store.clone(), revive: false };
    let mut source = open(path)?;
    let (_, refused) = pass.read(&mut source, Work::Look).await?;
    for refused in refused.told.iter().take(TOLD) {
        eprintln!("gazetier: warning: {refused}");
    }
    if refused.count > TOLD {
        eprintln!("gazetier: warning: … and {} more lines", refused.count - TOLD);
    }
    source.rewind().with_context(|| pass.name.clone())?;
    let count = pass.read(&mut source, Work::Write).await?.0;
    Ok(ListCounts { joined: count.added, left: count.let_go })
}

/// Shows on a terminal how far a list is; hidden by itself where standard error is none.
fn bar(bytes: u64, done: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {msg}, {eta} left") {
        bar.set_style(style);
    }
    bar.set_message(done);
    bar
}
