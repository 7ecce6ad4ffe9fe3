//! `gazetier subscribers`: who receives the digest, by hand and from lists.

use std::{
    collections::HashMap,
    fs::File,
    io::{Seek, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{exit, say::say, session::Session};
use crate::{
    import::{
        self,
        subscribers::{Field, Layout, List, Refused},
    },
    model::{Choice, EmailAddress, Rubrique, Subscriber, text},
    store::{Added, Known, Leave, Listed},
};

/// How many subscribers are written in one commit. Their hashes fall on every page of an index: a
/// commit of few rows costs nearly as many pages as one of many.
const PART: usize = 20_000;

/// How many are read in one go.
const PAGE: u32 = 2_000;

/// How many refused lines are told one by one.
const TOLD: usize = 50;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add the subscribers of a CSV file with a header: email, and name and rubriques if you like.
    /// Who is known already is left alone; so is, unless you say otherwise, who left or was
    /// suppressed. If a line is wrong, nothing is changed.
    Import {
        /// The file; - for standard input.
        file: PathBuf,
        /// How a column is headed, if not by its name: email=E-Mail.
        #[arg(long, value_name = "FIELD=HEADING")]
        map: Vec<String>,
        /// What stands between cells, if not what the header looks like: one character, or tab.
        #[arg(long, value_name = "CHARACTER")]
        delimiter: Option<String>,
        /// Change nothing: say what would come of it.
        #[arg(long)]
        dry_run: bool,
        /// Take the other lines when some are wrong.
        #[arg(long)]
        skip_bad: bool,
        /// Bring back who left or was suppressed: they must have asked for it themselves.
        #[arg(long)]
        revive: bool,
    },
    /// Write them as CSV, to standard output or into a file.
    Export {
        /// The file.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Only these: active or unsubscribed.
        #[arg(long)]
        state: Option<String>,
    },
    /// List them.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Add one.
    Add {
        /// The address.
        address: String,
        /// How the subscriber is called.
        #[arg(long)]
        name: Option<String>,
        /// Only these rubriques.
        #[arg(long, value_name = "RUBRIQUE", value_delimiter = ',')]
        rubriques: Vec<String>,
        /// Also if the subscriber left or was suppressed: only if that is the subscriber's wish.
        #[arg(long)]
        revive: bool,
    },
    /// Unsubscribe one: no letter from now on, also of an edition that is going out.
    Remove {
        /// The address.
        address: String,
    },
    /// Forget one, but for a keyed hash of the address that keeps it from being added again.
    Erase {
        /// The address.
        address: String,
    },
}

pub(super) async fn run(session: &Session, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Import { file, map, delimiter, dry_run, skip_bad, revive } => {
            let layout = Layout { map: mapped(&map)?, delimiter: delimiter.as_deref().map(character).transpose()? };
            let import = Import { session, file: &file, layout, dry_run, skip_bad, revive };
            import.run().await
        }
        Command::Export { output, state } => export(session, output.as_deref(), state.as_deref()).await,
        Command::List { json } => list(session, json).await,
        Command::Add { address, name, rubriques, revive } => add(session, &address, name, &rubriques, revive).await,
        Command::Remove { address } => {
            let known = find(session, &address).await?;
            match session.store.unsubscribe(session.newsletter(), known.id, session.at).await? {
                Leave::Done => say!("{} is unsubscribed", known.address),
                Leave::Before | Leave::Nobody => say!("{} had left already", known.address),
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Erase { address } => {
            let known = find(session, &address).await?;
            session.store.erase(known.id, session.at).await?;
            say!("{} is erased, and will not be added again", known.address);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// `--map email=E-Mail`.
fn mapped(map: &[String]) -> anyhow::Result<HashMap<Field, String>> {
    let pairs = map.iter().map(|pair| {
        let (name, heading) = pair.split_once('=').unwrap_or((pair, ""));
        let field = Field::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, field)| field);
        match field {
            Some(field) if !heading.is_empty() => Ok((field, heading.to_owned())),
            _ => Err(exit::complain(
                exit::USAGE,
                format!("--map: {pair:?}: write email=HEADING, name=HEADING or rubriques=HEADING"),
            )),
        }
    });
    pairs.collect()
}

/// `--delimiter ;`.
fn character(text: &str) -> anyhow::Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ if matches!(text, "tab" | "\\t") => Ok(b'\t'),
        _ => Err(exit::complain(exit::USAGE, format!("--delimiter: {text:?}: write one character such as ; or tab"))),
    }
}

/// An import of a list.
struct Import<'a> {
    session: &'a Session,
    file: &'a Path,
    layout: Layout,
    dry_run: bool,
    skip_bad: bool,
    revive: bool,
}

impl Import<'_> {
    async fn run(&self) -> anyhow::Result<ExitCode> {
        let mut source = self.source()?;
        // The first time only to look: a list with a wrong line changes nothing.
        let (mut count, refused) = self.read(&mut source, "checked", false).await?;
        for warning in refused.told.iter().take(TOLD) {
            eprintln!("gazetier: {warning}");
        }
        if refused.count > TOLD {
            eprintln!("gazetier: … and {} more", refused.count - TOLD);
        }
        let stop = refused.count > 0 && !self.skip_bad;
        if stop && !self.dry_run {
            let lines =
                if refused.count == 1 { "1 line is".to_owned() } else { format!("{} lines are", refused.count) };
            let message = format!("{lines} wrong, nothing was changed: mend them, or take the others with --skip-bad");
            return Err(exit::complain(exit::BAD_INPUT, message));
        }
        if !self.dry_run {
            source.rewind().with_context(|| self.name())?;
            count = self.read(&mut source, "written", true).await?.0;
        }
        say!("{}", self.words(count, refused.count));
        Ok(if refused.count > 0 { ExitCode::from(exit::BAD_INPUT) } else { ExitCode::SUCCESS })
    }

    fn name(&self) -> String {
        self.file.display().to_string()
    }

    /// The file; standard input is put into one, because it is read twice.
    fn source(&self) -> anyhow::Result<File> {
        if self.file == Path::new("-") {
            let mut file = tempfile::tempfile().context("cannot keep what comes on standard input")?;
            std::io::copy(&mut std::io::stdin().lock(), &mut file).context("cannot read standard input")?;
            file.rewind().context("cannot read standard input")?;
            return Ok(file);
        }
        let wrong = |source| import::Error::Read { path: self.file.to_owned(), source };
        Ok(File::open(self.file).map_err(wrong)?)
    }

    /// Reads the list from its beginning; gives what came of it, and what was refused.
    async fn read(&self, source: &mut File, done: &'static str, write: bool) -> anyhow::Result<(Added, Refused)> {
        let (store, newsletter, at) = (&self.session.store, self.session.newsletter(), self.session.at);
        let bar = bar(source.metadata().map_or(0, |meta| meta.len()), done);
        let mut list = List::open(source, &self.name(), &self.session.config.rubriques, &self.layout)?;
        let mut count = Added::default();
        loop {
            let part = list.take(PART)?;
            if part.is_empty() {
                break;
            }
            count.add(match (write, self.dry_run) {
                (true, _) => store.enter_subscribers(newsletter, &part, at, self.revive).await?,
                (false, true) => store.weigh_subscribers(newsletter, &part).await?,
                (false, false) => Added::default(),
            });
            bar.set_position(list.position());
        }
        bar.finish_and_clear();
        Ok((count, list.refused()?))
    }

    /// What came of it, in words.
    fn words(&self, count: Added, refused: usize) -> String {
        let mut words = format!("{} added, {} known already", count.added, count.known);
        if count.left > 0 {
            words.push_str(&format!(" ({} of them unsubscribed)", count.left));
        }
        if count.revived > 0 {
            words.push_str(&format!(", {} brought back", count.revived));
        }
        words.push_str(&format!(", {} suppressed and left alone, {refused} refused", count.suppressed));
        if self.dry_run { format!("{words}: nothing was changed, this was a dry run") } else { words }
    }
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

/// Hands all subscribers to somebody, a part at a time.
async fn each(session: &Session, mut take: impl FnMut(Listed) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let (part, last) = session.store.subscribers_after(session.newsletter(), after, PAGE).await?;
        let Some(last) = last else { return Ok(()) };
        after = last;
        for one in part {
            take(one)?;
        }
    }
}

async fn export(session: &Session, output: Option<&Path>, state: Option<&str>) -> anyhow::Result<ExitCode> {
    if let Some(state) = state.filter(|state| !matches!(*state, "active" | "unsubscribed")) {
        return Err(exit::complain(exit::USAGE, format!("--state: {state:?}: write active or unsubscribed")));
    }
    // A file appears whole or not at all.
    let folder =
        output.map(|path| path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")));
    let wrong = |error: &dyn std::fmt::Display| {
        let place = output.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
        exit::complain(exit::CANNOT_WRITE, format!("cannot write {place}: {error}"))
    };
    let mut file = folder.map(tempfile::NamedTempFile::new_in).transpose().map_err(|error| wrong(&error))?;
    let sink: Box<dyn Write> = match &mut file {
        Some(file) => Box::new(file.as_file_mut().try_clone().map_err(|error| wrong(&error))?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut writer = csv::Writer::from_writer(sink);
    writer.write_record(["email", "name", "rubriques", "state", "joined"]).map_err(|error| wrong(&error))?;
    let mut gone = false;
    each(session, |one| {
        if state.is_some_and(|state| state != one.state) || gone {
            return Ok(());
        }
        let name = one.name.unwrap_or_default();
        let row = [&one.address, &harmless(name), &one.rubriques.join(";"), &one.state, &one.joined.to_rfc3339()];
        match writer.write_record(row) {
            Ok(()) => Ok(()),
            // Who reads the output may have gone: then there is nobody to tell.
            Err(error) if output.is_none() && is_broken_pipe(&error) => {
                gone = true;
                Ok(())
            }
            Err(error) => Err(wrong(&error)),
        }
    })
    .await?;
    match writer.flush() {
        Err(error) if !(output.is_none() && error.kind() == std::io::ErrorKind::BrokenPipe) => {
            return Err(wrong(&error));
        }
        _ => {}
    }
    drop(writer);
    if let (Some(file), Some(path)) = (file, output) {
        file.as_file().sync_all().map_err(|error| wrong(&error))?;
        file.persist(path).map_err(|error| wrong(&error.error))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn is_broken_pipe(error: &csv::Error) -> bool {
    matches!(error.kind(), csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// A name that no spreadsheet takes for a formula: readers choose their names themselves.
fn harmless(name: String) -> String {
    if name.starts_with(['=', '+', '-', '@']) { format!("'{name}") } else { name }
}

async fn list(session: &Session, json: bool) -> anyhow::Result<ExitCode> {
    // As `to_string_pretty` writes a list, without having all of it.
    let mut before: Option<String> = None;
    each(session, |one| {
        if json {
            let text = format!("  {}", serde_json::to_string_pretty(&one)?.replace('\n', "\n  "));
            match before.replace(text) {
                None => say!("["),
                Some(text) => say!("{text},"),
            }
            return Ok(());
        }
        let rubriques = if one.rubriques.is_empty() { "*".to_owned() } else { one.rubriques.join(",") };
        let name = one.name.as_deref().unwrap_or_default();
        say!("{}\t{}\t{rubriques}\t{name}", one.address, one.state);
        Ok(())
    })
    .await?;
    match before {
        Some(text) => say!("{text}\n]"),
        None if json => say!("[]"),
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(
    session: &Session,
    address: &str,
    name: Option<String>,
    rubriques: &[String],
    revive: bool,
) -> anyhow::Result<ExitCode> {
    let address = parse(address)?;
    let chosen = rubriques.iter().map(|label| {
        let found = Rubrique::find(&session.config.rubriques, label).map(|rubrique| rubrique.slug.clone());
        found.ok_or_else(|| exit::complain(exit::USAGE, format!("--rubriques: the configuration has no {label:?}")))
    });
    let choice = Choice::of(chosen.collect::<anyhow::Result<Vec<_>>>()?);
    let name = name.map(|name| text::one_line(&text::legalise(&name).0)).filter(|name| !name.is_empty());
    let one = [Subscriber { address, name, choice }];
    let count = session.store.enter_subscribers(session.newsletter(), &one, session.at, revive).await?;
    let address = &one[0].address;
    let refuse = |why: &str| {
        let message = format!("{address} {why} and was left alone: if it is the reader's own wish, say --revive");
        Err(exit::complain(exit::BAD_INPUT, message))
    };
    match count {
        Added { added: 1, .. } => say!("{address} is subscribed"),
        Added { revived: 1, .. } => say!("{address} is subscribed again"),
        Added { suppressed: 1, .. } => return refuse("is suppressed"),
        Added { left: 1, .. } => return refuse("has left"),
        Added { moved: 1, .. } => return refuse("is the former address of a reader who has moved"),
        _ => say!("{address} is subscribed already, and stays as it is"),
    }
    Ok(ExitCode::SUCCESS)
}

fn parse(address: &str) -> anyhow::Result<EmailAddress> {
    address.parse().map_err(|error: crate::model::address::NotAnAddress| exit::complain(exit::USAGE, error.to_string()))
}

async fn find(session: &Session, address: &str) -> anyhow::Result<Known> {
    let address = parse(address)?;
    let known = session.store.subscriber_at(session.newsletter(), &address).await?;
    known.ok_or_else(|| exit::complain(exit::BAD_INPUT, format!("{address} is not on the list")))
}
