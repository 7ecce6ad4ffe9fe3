//! `gazetier man`: the pages of the manual, for packages and for who installs by hand. They say what `--help` says.

use std::{path::PathBuf, process::ExitCode};

use clap::CommandFactory;

use super::{Cli, Execute, exit, session::Session};

/// Write the pages of the manual into a folder, one for each command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Such as /usr/local/share/man/man1; it is made if it is not there.
    folder: PathBuf,
}

impl Args {
    fn write(&self) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        clap_mangen::generate_to(Cli::command(), &self.folder)
    }
}

impl Execute for Args {
    fn execute_alone(&self) -> Option<anyhow::Result<ExitCode>> {
        Some(self.write().map(|()| ExitCode::SUCCESS).map_err(|error| {
            exit::failure(exit::CANNOT_WRITE, format!("cannot write {}: {error}", self.folder.display()))
        }))
    }

    async fn execute(self, _: &Session) -> anyhow::Result<ExitCode> {
        Ok(ExitCode::SUCCESS)
    }
}
