//! `gazetier subscribers import`, and the list that the configuration names: read twice, the first time only to
//! look, so that a list with a wrong line changes nothing, and what it holds is told before it is written.

mod layout;
mod tally;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(super) use layout::layout;
use tally::{Contradictions, Standings, Tally};

use super::super::{
    exit,
    session::{Session, clock},
};
use crate::{
    ingest::{
        self,
        subscribers::{About, Layout, List, Part, Refused, Settings, files, files::ListFile},
        sync::ListCounts,
    },
    model::{HashedAddress, Key, Slug},
    store::{Added, ReadyPart, Store},
};

/// How many subscribers are written in one commit. Their hashes fall on every page of an index: a
/// commit of few rows costs nearly as many pages as one of many. More of them take more memory; two are there at once.
const PART: usize = 40_000;

/// So many lines are read before the store is looked after: less than a millisecond's worth.
const LINES_AT_ONCE: usize = 250;

/// How many tags and lists of another program are named.
const LABELS_NAMED: usize = 20;

/// How many refused lines are told one by one.
const TOLD: usize = 50;

/// How far a date in a list may lie ahead of the clock: other machines' clocks and zones differ.
const AHEAD: chrono::Duration = chrono::Duration::days(1);

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
        let name = self.file.display().to_string();
        let mut files = files::open(self.source()?, &name)?;
        for file in &files {
            file.notes.iter().for_each(|note| eprintln!("gazetier: {note}"));
        }
        let settings = settings(self.session, layout);
        let mut pass = Pass::new(self.session, &settings, self.revive);
        let looked = pass.look(&mut files).await?;
        tell(&looked.refused);
        let refused = looked.refused.count;
        if refused > 0 && !self.skip_bad && !self.dry_run {
            let lines = if refused == 1 { "1 line is".to_owned() } else { format!("{refused} lines are") };
            let message = format!("{lines} wrong, nothing was changed: mend them, or take the others with --skip-bad");
            return Err(exit::failure(exit::BAD_INPUT, message));
        }
        let whose = looked.about.program.map(|program| format!(" ({program})")).unwrap_or_default();
        println!("{name}{whose}: {}", looked.standings.words(refused));
        looked.tell_labels();
        pass.contradictions = looked.contradictions;
        let count = pass.read_all(&mut files, if self.dry_run { Work::Weigh } else { Work::Write }).await?;
        println!("{}", self.words(count, refused));
        Ok(if refused > 0 { ExitCode::from(exit::BAD_INPUT) } else { ExitCode::SUCCESS })
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

/// What a first look at lists tells.
struct Looked {
    refused: Refused,
    standings: Standings,
    contradictions: Contradictions,
    about: About,
}

impl Looked {
    /// Tells of tags and lists that the map says nothing of, and of names of files that were believed.
    fn tell_labels(&self) {
        for (what, labels, map) in
            [("tags", &self.about.tags, "tag:NAME=RUBRIQUE"), ("lists", &self.about.lists, "list:NAME=NEWSLETTER")]
        {
            let named: Vec<String> =
                labels.iter().take(LABELS_NAMED).map(|(label, count)| format!("{label} ({count})")).collect();
            if !named.is_empty() {
                let more = if labels.len() > LABELS_NAMED { ", …" } else { "" };
                println!("  its {what} count for nothing without --map \"{map}\": {}{more}", named.join(", "));
            }
        }
    }
}

/// A part of lists, ready for the store.
#[derive(Default)]
struct PartToEnter {
    /// Of each newsletter.
    lists: Vec<(Slug, ReadyPart)>,
    /// So many lines count for nothing, because other files say more of the same addresses.
    outweighed: u64,
    hashes: Vec<HashedAddress>,
    /// Whether the list had nothing more.
    is_end: bool,
}

/// A reading of lists.
struct Pass<'a> {
    session: &'a Session,
    settings: &'a Settings<'a>,
    /// With the key of the list, if one came with it.
    store: Store,
    revive: bool,
    contradictions: Contradictions,
}

impl<'a> Pass<'a> {
    fn new(session: &'a Session, settings: &'a Settings<'a>, revive: bool) -> Self {
        Self { session, settings, store: session.store.clone(), revive, contradictions: Contradictions::default() }
    }

    /// Looks at lists without changing anything.
    async fn look(&mut self, files: &mut [ListFile]) -> anyhow::Result<Looked> {
        let mut tally = Tally::default();
        let mut refused = Refused::default();
        let mut about = About::default();
        for file in files {
            let (_, bad, own) = self.read(file, Work::Look, &mut tally).await?;
            refused.count += bad.count;
            refused.told.extend(bad.told);
            if let Some((word, meaning)) = own.by_name {
                let meaning = meaning.name();
                eprintln!(
                    "gazetier: {}: by the word {word:?} in its name, everybody in it is taken as {meaning}; if that is \
                     wrong, say --map state=-",
                    file.name
                );
            }
            about.program = about.program.or(own.program);
            about.tags.extend(own.tags);
            about.lists.extend(own.lists);
        }
        let (standings, contradictions) = tally.count();
        Ok(Looked { refused, standings, contradictions, about })
    }

    /// Reads all lists once more, to do something with what they hold.
    async fn read_all(&mut self, files: &mut [ListFile], work: Work) -> anyhow::Result<Added> {
        let mut count = Added::default();
        for file in files {
            file.file.rewind().with_context(|| file.name.clone())?;
            count.add(self.read(file, work, &mut Tally::default()).await?.0);
        }
        Ok(count)
    }

    /// Reads a list from its beginning; gives what came of it, what was refused, and what it says of itself.
    async fn read(
        &mut self,
        file: &mut ListFile,
        work: Work,
        tally: &mut Tally,
    ) -> anyhow::Result<(Added, Refused, About)> {
        let bar = bar(
            file.file.metadata().map_or(0, |meta| meta.len()),
            if work == Work::Write { "written" } else { "checked" },
        );
        let mut list = List::open(&mut file.file, &file.name, self.settings)?;
        if let Some(key) = list.key() {
            self.take_over(key, work, &file.name).await?;
        }
        let mut count = Added::default();
        if work == Work::Look {
            loop {
                let part = list.take(LINES_AT_ONCE)?;
                if part.is_empty() {
                    break;
                }
                self.tally(&part, tally);
                bar.set_position(list.position());
                tokio::task::yield_now().await;
            }
        } else {
            let mut part = self.ready_part(&mut list).await?;
            while !part.is_end {
                // While the store writes one part down, the next is read and made ready.
                let (done, next) = tokio::join!(self.work_on(part, work), self.ready_part(&mut list));
                count.add(done?);
                part = next?;
                bar.set_position(list.position());
            }
        }
        bar.finish_and_clear();
        let about = list.about();
        Ok((count, list.refused()?, about))
    }

    fn tally(&self, part: &Part, tally: &mut Tally) {
        part.entries.iter().for_each(|entry| tally.add(self.session.newsletter(), entry));
        part.elsewhere.iter().for_each(|(newsletter, entry)| tally.add(newsletter, entry));
    }

    /// Reads a part of a list and makes it ready for the store. Between a few lines and the next, what else is under way
    /// goes on.
    async fn ready_part<R: Read + Seek>(&self, list: &mut List<'_, R>) -> anyhow::Result<PartToEnter> {
        let mut lines = 0;
        let mut lists: BTreeMap<Slug, ReadyPart> = BTreeMap::new();
        let mut ready = PartToEnter::default();
        while lines < PART {
            let some = list.take(LINES_AT_ONCE)?;
            if some.is_empty() {
                break;
            }
            lines += some.lines();
            ready.hashes.extend(some.hashes);
            let own = some.entries.into_iter().map(|entry| (self.session.newsletter().clone(), entry));
            for (newsletter, entry) in own.chain(some.elsewhere) {
                if self.contradictions.outweigh(&newsletter, &entry) {
                    ready.outweighed += 1;
                } else {
                    self.store.add_to_part(lists.entry(newsletter).or_default(), entry);
                }
            }
            tokio::task::yield_now().await;
        }
        ready.is_end = lines == 0;
        lists.values_mut().for_each(ReadyPart::close);
        ready.lists = lists.into_iter().collect();
        Ok(ready)
    }

    /// Does with a part of a list what it is read for.
    async fn work_on(&self, part: PartToEnter, work: Work) -> anyhow::Result<Added> {
        let at = self.session.at;
        let mut added = Added { known: part.outweighed, ..Added::default() };
        for (newsletter, entries) in &part.lists {
            added.add(match work {
                Work::Write => {
                    let revive = self.revive.then_some("subscribers import --revive");
                    self.store.enter_part(newsletter, entries, at, revive).await?
                }
                _ => self.store.weigh_part(newsletter, entries, at, self.revive).await?,
            });
        }
        if work == Work::Write {
            added.add(self.store.enter_hashes(&part.hashes, at).await?);
        }
        Ok(added)
    }

    /// Works with the key that came with a list. Into a store that is in use it does not come: its links and hashes
    /// would mean nobody any more.
    async fn take_over(&mut self, key: &Key, work: Work, name: &str) -> anyhow::Result<()> {
        let Some(store) = self.session.store.take_over_key(key, work != Work::Write).await? else {
            let readers = self.store.reader_count().await?;
            let message = format!(
                "{}: it carries the key of another store, and this one is in use with its own ({readers} readers): \
                 nothing was changed. Import it into a new store (another store.url), or a list that was written \
                 without --with-key",
                name
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
    let layout = Layout { dates: layout::dates(session), ..Layout::default() };
    let settings = settings(session, layout);
    let mut files = files::open(open(path)?, &path.display().to_string())?;
    let mut pass = Pass::new(session, &settings, false);
    let looked = pass.look(&mut files).await?;
    let refused = &looked.refused;
    for refused in refused.told.iter().take(TOLD) {
        eprintln!("gazetier: warning: {refused}");
    }
    if refused.count > TOLD {
        eprintln!("gazetier: warning: … and {} more lines", refused.count - TOLD);
    }
    pass.contradictions = looked.contradictions;
    let count = pass.read_all(&mut files, Work::Write).await?;
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
