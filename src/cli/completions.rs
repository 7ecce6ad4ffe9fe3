//! `gazetier completions`: what a shell needs to complete the commands, for packages and for who installs by hand.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::{Cli, Execute, session::Session};

/// Print what a shell needs to complete the commands.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    shell: Shell,
}

impl Execute for Args {
    fn execute_alone(&self) -> Option<anyhow::Result<ExitCode>> {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "gazetier", &mut script);
        println!("{}", String::from_utf8_lossy(&script).trim_end());
        Some(Ok(ExitCode::SUCCESS))
    }

    async fn execute(self, _: &Session) -> anyhow::Result<ExitCode> {
        Ok(ExitCode::SUCCESS)
    }
}
