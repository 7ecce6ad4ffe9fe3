//! `gazetier desk`: who is at the editors' desk, and who is so no longer.

use std::process::ExitCode;

use super::{Execute, exit, session::Session};
use crate::model::EmailAddress;

/// How who works at the machine itself is called.
const OPERATOR: &str = "operator";

/// Who is at the editors' desk.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the sessions that are open: whose, since when, until when, from where.
    List,
    /// End somebody's sessions, and the links to the desk that they were sent: from now on they open
    /// nothing. The next proof brings a new one.
    Revoke {
        /// An editor's address, or `operator` for who works at the machine itself.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        who: Option<String>,
        /// Everybody's.
        #[arg(long)]
        all: bool,
    },
}

impl Execute for Command {
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self {
            Command::List => {
                let sessions = session.store.desk_sessions(session.at).await?;
                if sessions.is_empty() {
                    println!("nobody is at the desk");
                }
                for open in sessions {
                    let from = open.came_from.map(|from| format!(", from {from}")).unwrap_or_default();
                    let name = if open.name.is_empty() { OPERATOR } else { &open.name };
                    println!(
                        "{name}\tsince {}, until {}{from}",
                        session.local_hour(open.began),
                        session.local_hour(open.ends)
                    );
                }
            }
            Command::Revoke { who, .. } => {
                let name = who.as_deref().map(|who| name(session, who)).transpose()?;
                let count = session.store.revoke_desk(name.as_deref(), session.at).await?;
                println!("{count} sessions are ended; links that were sent open nothing any more");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Who is meant, as the store knows them: also an editor whom the configuration names no more.
fn name(session: &Session, who: &str) -> anyhow::Result<String> {
    if who == OPERATOR {
        return Ok(String::new());
    }
    let address: EmailAddress = who.parse().map_err(|error| {
        let editors: Vec<String> = session
            .config
            .desk
            .editors
            .iter()
            .map(|editor| editor.address.to_string())
            .chain([OPERATOR.into()])
            .collect();
        exit::failure(exit::USAGE, format!("{error}: write one of {}", editors.join(", ")))
    })?;
    Ok(address.folded())
}
