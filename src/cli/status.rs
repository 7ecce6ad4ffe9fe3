//! `gazetier status`: whose the store is, and what somebody should see to.

use std::process::ExitCode;

use serde::Serialize;

use super::{Execute, restored, session::Session};
use crate::ingest::sync::rubriques;

#[derive(Serialize)]
struct StoreStatus {
    magazine: String,
    /// What `magazine.id` in the configuration may name.
    id: String,
    /// When the store was opened first.
    since: String,
    newsletter: String,
    /// What somebody should see to.
    notices: Vec<String>,
}

/// Say whose the store is, and what somebody should see to.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Execute for Args {
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        run(session, self.json).await
    }
}

async fn run(session: &Session, json: bool) -> anyhow::Result<ExitCode> {
    let Some(magazine) = session.store.magazine() else { return Ok(ExitCode::SUCCESS) };
    let mut notices = future_editions(session).await?;
    notices.extend(rubriques::orphans(&session.config, &session.store).await?);
    notices.extend(restored::notice(session).await?);
    let status = StoreStatus {
        magazine: magazine.name.clone(),
        id: magazine.id.clone(),
        since: session.local_hour(magazine.began),
        newsletter: session.newsletter().to_string(),
        notices,
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&status)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("magazine {}, id {}, since {}", status.magazine, status.id, status.since);
    for notice in &status.notices {
        println!("{notice}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Editions that a wrong clock has put into the future, each with the way out.
pub(super) async fn future_editions(session: &Session) -> anyhow::Result<Vec<String>> {
    let editions = session.store.future_editions(session.now().horizon()).await?;
    let words = |edition: &crate::model::Edition| {
        format!(
            "{} stands in the future, at {}: a clock was wrong when it was drawn up. Put it right with \
             `gazetier digest redate {0}`",
            edition.period,
            session.local_hour(edition.cutoff)
        )
    };
    let ours = editions.iter().filter(|edition| edition.newsletter == *session.newsletter());
    Ok(ours.map(words).collect())
}
