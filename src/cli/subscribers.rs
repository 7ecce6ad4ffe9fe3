//! `gazetier subscribers`: import and list.

use std::{path::PathBuf, process::ExitCode};

use super::{
    exit,
    say::say,
    session::{Session, read},
};
use crate::import::subscribers;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add the subscribers of a CSV file with a header: email, and name and rubriques if you like.
    /// Who is known already is left alone.
    Import {
        /// The file.
        file: PathBuf,
    },
    /// List them.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(session: &Session, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Import { file } => {
            let name = file.display().to_string();
            let roll = subscribers::read(&read(&file)?, &name, &session.config.rubriques)?;
            for refused in &roll.refused {
                eprintln!("gazetier: {refused}");
            }
            let count = session.store.add_subscribers(&roll.subscribers, session.at).await?;
            say!(
                "{} added, {} known already, {} suppressed and left alone, {} refused",
                count.added,
                count.known,
                count.suppressed,
                roll.refused.len()
            );
            Ok(if roll.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::BAD_INPUT) })
        }
        Command::List { json } => {
            let subscribers = session.store.list_subscribers().await?;
            if json {
                say!("{}", serde_json::to_string_pretty(&subscribers)?);
                return Ok(ExitCode::SUCCESS);
            }
            for one in &subscribers {
                let rubriques = if one.rubriques.is_empty() { "*".to_owned() } else { one.rubriques.join(",") };
                let name = one.name.as_deref().unwrap_or_default();
                say!("{}\t{}\t{rubriques}\t{name}", one.address, one.state);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}
