//! `gazetier status`: whose the store is, how everything stands, and what somebody should see to.

use std::process::ExitCode;

use serde::Serialize;

use super::{Execute, digest::tally_words, restored, session::Session};
use crate::{
    doctor::{
        alarms::{self, Asker},
        edition::LAST_RUN,
    },
    edition::next::{self, ApprovalState},
    ingest::sync::rubriques,
    model::{EditionState, Tally},
};

#[derive(Serialize)]
struct StoreStatus {
    magazine: String,
    /// What `magazine.id` in the configuration may name.
    id: String,
    /// When the store was opened first.
    since: String,
    newsletter: String,
    /// When the last run began that was noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<String>,
    sources: Vec<SourceStatus>,
    /// Files that could not be taken, with why.
    refused: Vec<(String, String)>,
    feeds: FeedStatus,
    newsletters: Vec<NewsletterStatus>,
    /// What should have happened and did not.
    alarms: Vec<String>,
    /// What somebody should see to.
    notices: Vec<String>,
}

#[derive(Serialize)]
struct SourceStatus {
    name: String,
    place: String,
    columns: i64,
    /// When its newest column was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<String>,
}

#[derive(Serialize)]
struct FeedStatus {
    folder: String,
    /// When the feed of all columns last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<String>,
}

#[derive(Serialize)]
struct NewsletterStatus {
    name: String,
    /// Readers who get it.
    readers: i64,
    /// The edition to come.
    next: String,
    due: String,
    columns: usize,
    /// Who waits for whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<String>,
    /// The last edition that was drawn up.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<LastEdition>,
}

#[derive(Serialize)]
struct LastEdition {
    period: String,
    state: &'static str,
    letters: Tally,
}

/// Say whose the store is, how everything stands, and what somebody should see to.
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
    let mut newsletters = Vec::new();
    for newsletter in session.each_newsletter()? {
        newsletters.push(of_newsletter(&newsletter).await?);
    }
    let found = alarms::find(&session.config, &session.store, session.now(), Asker::Watcher).await?;
    let status = StoreStatus {
        magazine: magazine.name.clone(),
        id: magazine.id.clone(),
        since: session.local_hour(magazine.began),
        newsletter: session.newsletter().to_string(),
        last_run: session.store.last_done(LAST_RUN).await?.map(|at| session.local_hour(at)),
        sources: sources(session).await?,
        refused: session.store.refused_files().await?,
        feeds: feeds(session),
        newsletters,
        // What stands in the future is a notice already.
        alarms: found.into_iter().filter(|alarm| alarm.kind != "future").map(|alarm| alarm.words).collect(),
        notices,
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&status)?);
    } else {
        print(&status);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(status: &StoreStatus) {
    println!("magazine {}, id {}, since {}", status.magazine, status.id, status.since);
    if let Some(at) = &status.last_run {
        println!("last run {at}");
    }
    for source in &status.sources {
        let newest = source.newest.as_ref().map(|at| format!(", the newest of {at}")).unwrap_or_default();
        println!("source {}: {} columns{newest}", source.name, source.columns);
    }
    let changed = status.feeds.changed.as_deref().map_or("not published yet".to_owned(), |at| format!("changed {at}"));
    println!("feeds in {}: {changed}", status.feeds.folder);
    for newsletter in &status.newsletters {
        let NewsletterStatus { name, readers, next, due, columns, .. } = newsletter;
        println!("{name}: {readers} readers; {next} is due at {due}, with {columns} columns");
        if let Some(words) = &newsletter.waits_for {
            println!("{name}: {words}");
        }
        if let Some(last) = &newsletter.last {
            println!("{name}: the last was {} ({}), {}", last.period, last.state, tally_words(&last.letters));
        }
    }
    for (path, why) in &status.refused {
        println!("refused: {path}: {why}");
    }
    for alarm in &status.alarms {
        println!("alarm: {alarm}");
    }
    for notice in &status.notices {
        println!("{notice}");
    }
}

async fn sources(session: &Session) -> anyhow::Result<Vec<SourceStatus>> {
    let counts = session.store.column_counts().await?;
    let newest = session.store.newest_of_sources().await?;
    let of = |source: &crate::config::Source| {
        let is_its = |name: &str| name == source.name || name == source.tag();
        let count = counts.iter().find(|(name, _)| is_its(name)).map_or(0, |(_, count)| *count);
        let newest = newest.iter().find(|(name, _)| is_its(name)).map(|(_, at)| session.local_hour(*at));
        SourceStatus { name: source.name.clone(), place: source.path.display().to_string(), columns: count, newest }
    };
    Ok(session.config.sources.iter().map(of).collect())
}

fn feeds(session: &Session) -> FeedStatus {
    let folder = &session.config.feeds.path;
    let changed = std::fs::metadata(folder.join("rss.xml")).and_then(|file| file.modified()).ok();
    FeedStatus {
        folder: folder.display().to_string(),
        changed: changed.map(|at| session.local_hour(chrono::DateTime::<chrono::Utc>::from(at))),
    }
}

async fn of_newsletter(session: &Session) -> anyhow::Result<NewsletterStatus> {
    let (config, store) = (&session.config, &session.store);
    let coming = next::next_edition(config, store, session.now()).await?;
    let slot = &coming.draft.slot;
    let groups = store.counted_groups(session.newsletter()).await?;
    let mut warming = 0;
    let last = match store.last_edition(session.newsletter(), session.now().horizon()).await? {
        None => None,
        Some(last) => {
            warming = store.warming_letters(last.id).await?;
            let letters = store.tally(last.id).await?;
            Some((last.state, LastEdition { period: last.period.to_string(), state: last.state.as_str(), letters }))
        }
    };
    let waits_for = match coming.approval_state(config)? {
        ApprovalState::Held { who, at, why } => {
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            Some(format!("{} is held by {who} since {}{why}", slot.period, session.local_hour(at)))
        }
        ApprovalState::Draft | ApprovalState::Lapsed { .. } if config.digest.approval => {
            Some(format!("{} waits for an editor's approval: gazetier digest approve {0}", slot.period))
        }
        _ => last.as_ref().and_then(|(state, last)| match (state, last.letters.to_do()) {
            (_, 0) => None,
            (EditionState::Held, count) => Some(format!(
                "{count} letters of {} wait for somebody to let them go: gazetier digest send {0}",
                last.period
            )),
            (_, count) if count == warming => {
                Some(format!("{count} letters of {} wait for a later day of the warm-up", last.period))
            }
            (_, count) => Some(format!("{count} letters of {} wait for the relay: gazetier run", last.period)),
        }),
    };
    Ok(NewsletterStatus {
        name: session.newsletter().to_string(),
        readers: groups.iter().map(|(_, readers)| readers).sum(),
        next: slot.period.to_string(),
        due: session.local_hour(coming.hour()),
        columns: coming.draft.columns.len(),
        waits_for,
        last: last.map(|(_, last)| last),
    })
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
