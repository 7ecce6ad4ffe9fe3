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
    bounce::relay_log::{LogProofs, RelayLog, Resolution, resolve},
    config::{Relay, Relays},
};

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
    read(session, &logs).await
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
    let resolutions = resolve(store, &logs, store.clock().await?).await?;
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
