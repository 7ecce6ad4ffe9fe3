//! `gazetier relay-log`: what relays' own logs say of letters: doubts end by it, and it tells what became of the others.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;

use super::{
    Execute, exit,
    session::{Session, clock},
};
use crate::{
    bounce::relay_log::{LogProofs, RelayLog, Resolution, read_on, resolve},
    config::{Relay, Relays},
};

/// Of editions that began so long ago, a log that is rotated proves nothing any more.
const DOUBTFUL: chrono::Duration = chrono::Duration::days(14);

/// Read the log of a relay: doubts about letters end by it.
///
/// Logs of Postfix, Exim and KumoMTA are read. Letters of which it was not known whether they arrived are sent, or
/// queued again where the log proves that the relay never took them; `digest status` tells which letters were delivered.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The log, oldest file first; - for standard input. Without any, what relay.log names.
    files: Vec<PathBuf>,
    /// Whose log it is, if there are several relays.
    #[arg(long, value_name = "NAME")]
    relay: Option<String>,
}

impl Execute for Args {
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let relays = smtp(session);
        let logs: Vec<(&Relay, Vec<PathBuf>)> = if self.files.is_empty() {
            configured(relays)
        } else {
            let named = relays.iter().filter(|relay| self.relay.as_ref().is_none_or(|name| *name == relay.name));
            match named.collect::<Vec<_>>().as_slice() {
                [one] => vec![(*one, self.files)],
                _ => {
                    let known: Vec<&str> = relays.iter().map(|relay| relay.name.as_str()).collect();
                    let what = if known.is_empty() {
                        "the configuration has no relay: letters go into a folder".to_owned()
                    } else {
                        format!("say with --relay whose log it is: {}", known.join(", "))
                    };
                    return Err(exit::failure(exit::USAGE, what));
                }
            }
        };
        if logs.is_empty() {
            return Err(exit::failure(exit::USAGE, "nothing to read: name a log, or say where it is with relay.log"));
        }
        for line in read(session, &logs).await? {
            println!("{line}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Reads the logs that the configuration names, for `run`: says what came of it.
pub(super) async fn handle(session: &Session) -> anyhow::Result<Vec<String>> {
    let logs = configured(smtp(session));
    if logs.is_empty() {
        return Ok(Vec::new());
    }
    read_new(session, &logs).await
}

/// Reads what is new in the logs. Only a doubt needs all of them.
async fn read_new(session: &Session, files: &[(&Relay, Vec<PathBuf>)]) -> anyhow::Result<Vec<String>> {
    let store = &session.store;
    let now = store.clock().await?;
    let has_doubts = store.has_doubts(now - DOUBTFUL).await?;
    let proofs = LogProofs::load(store).await?;
    let (mut logs, mut positions, mut is_new) = (Vec::new(), Vec::new(), false);
    for (relay, files) in files {
        let mut log = RelayLog::new(relay.place(), &proofs, clock());
        let known = if has_doubts { None } else { store.log_position(&log.relay).await? };
        if known.is_some() {
            log.resume(store.queue_names(&log.relay).await?);
        }
        let (position, has_more) =
            read_on(&mut log, files, known.as_ref()).map_err(|error| unreadable(files, &error))?;
        is_new |= has_more;
        positions.push(position);
        logs.push(log);
    }
    if !is_new {
        return Ok(Vec::new());
    }
    let told = told(session, &logs).await?;
    // After what was read: who dies before reads it once more, which changes nothing.
    for (log, position) in logs.iter().zip(positions) {
        if let Some(position) = position {
            store.note_log_position(&log.relay, &position, &log.names()).await?;
        }
    }
    Ok(told)
}

fn unreadable(files: &[PathBuf], error: &io::Error) -> anyhow::Error {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    exit::failure(exit::BAD_INPUT, format!("cannot read {}: {error}", names.join(", ")))
}

fn smtp(session: &Session) -> &[Relay] {
    match &session.config.relays {
        Relays::Smtp(relays) => relays,
        Relays::Folder(_) => &[],
    }
}

/// The logs of the configuration, each with the file that was set aside before it, if it lies there unpacked.
fn configured(relays: &[Relay]) -> Vec<(&Relay, Vec<PathBuf>)> {
    let files = |log: &PathBuf| {
        let mut before = log.clone().into_os_string();
        before.push(".1");
        let before = Some(PathBuf::from(before)).filter(|before| before.is_file());
        before.into_iter().chain([log.clone()]).collect()
    };
    relays.iter().filter_map(|relay| Some((relay, files(relay.log.as_ref()?)))).collect()
}

async fn read(session: &Session, files: &[(&Relay, Vec<PathBuf>)]) -> anyhow::Result<Vec<String>> {
    let store = &session.store;
    let proofs = LogProofs::load(store).await?;
    let mut logs = Vec::new();
    for (relay, files) in files {
        let mut log = RelayLog::new(relay.place(), &proofs, clock());
        for file in files {
            log.read(open(file)?).with_context(|| format!("cannot read {}", file.display()))?;
        }
        logs.push(log);
    }
    told(session, &logs).await
}

/// Takes what logs say, and tells it.
async fn told(session: &Session, logs: &[RelayLog<'_>]) -> anyhow::Result<Vec<String>> {
    let store = &session.store;
    let resolutions = resolve(store, logs, store.clock().await?).await?;
    let editions = store.all_editions().await?;
    let label = |resolution: &Resolution| {
        let found = editions.iter().find(|edition| edition.id == resolution.edition);
        found.map_or_else(String::new, |edition| edition.period.to_string())
    };
    Ok(resolutions.iter().map(|resolution| format!("{}: {}", label(resolution), words(resolution))).collect())
}

fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let wrong = |error| exit::failure(exit::BAD_INPUT, format!("cannot read {}: {error}", path.display()));
    Ok(Box::new(BufReader::with_capacity(1 << 16, File::open(path).map_err(wrong)?)))
}

/// What came of it for an edition.
fn words(resolution: &Resolution) -> String {
    let Resolution { named, taken, queued, unknown, why, .. } = resolution;
    let mut words = format!("{named} letters in the relays' logs");
    if taken + queued > 0 {
        words.push_str(&format!("; of those in doubt, {taken} had been taken, {queued} had not and are queued again"));
    }
    if let Some(why) = why {
        words.push_str(&format!("; {unknown} stay unknown: {why}"));
    }
    words
}
