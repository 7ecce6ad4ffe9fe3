//! `gazetier digest special`: one letter more, at an hour and of columns that editors choose.

use std::process::ExitCode;

use super::super::{columns, exit, session::Session};
use crate::{
    edition::special::{self, SpecialWish},
    model::{EditionKey, Period, text},
};

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Plan one. Until its hour its columns are in no other edition; it is looked at, mended, approved and held as any
    /// other one.
    Add {
        /// When it goes out, by the magazine's clock, such as 2026-12-01T18:00.
        #[arg(long, value_name = "INSTANT")]
        hour: String,
        /// Its columns by their names, as `gazetier columns list` tells them. The first leads.
        #[arg(long, value_name = "KEY", value_delimiter = ',', required = true)]
        columns: Vec<String>,
        /// Of this source.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
        /// Its subject, in the place of the newsletter's.
        #[arg(long, value_name = "WORDS")]
        subject: Option<String>,
        /// Who plans it.
        #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "the command line")]
        by: String,
    },
    /// List those that are to come.
    List,
    /// Take one back: its columns are for the other editions again.
    Drop {
        /// Which one, as `list` names it.
        #[arg(value_name = "PERIOD")]
        period: String,
    },
}

impl Command {
    /// The edition that it is about, if it names one.
    pub(super) fn period(&self) -> Option<&str> {
        match self {
            Self::Drop { period } => Some(period),
            Self::Add { .. } | Self::List => None,
        }
    }
}

pub(super) async fn execute(session: &Session, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Add { hour, columns, source, subject, by } => {
            let subject = subject.map(|subject| text::one_line(&text::remove_illegal(&subject).0));
            let subject = subject.as_deref().filter(|subject| !text::is_blank(subject));
            add(session, &hour, &columns, source.as_deref(), subject, &by).await
        }
        Command::List => list(session).await,
        Command::Drop { period } => drop_plan(session, &period).await,
    }
}

async fn add(
    session: &Session,
    hour: &str,
    keys: &[String],
    source: Option<&str>,
    subject: Option<&str>,
    who: &str,
) -> anyhow::Result<ExitCode> {
    let (config, store) = (&session.config, &session.store);
    let cutoff = config.magazine.zone.parse(hour);
    let cutoff = cutoff.map_err(|error| exit::failure(exit::USAGE, format!("--hour: {error}")))?;
    let mut chosen = Vec::new();
    for listed in columns::named(session, keys, source).await? {
        chosen.extend(store.plannable(session.newsletter(), &listed.source, &listed.key).await?);
    }
    let count = chosen.len();
    let wish = SpecialWish { cutoff, columns: chosen, subject, who };
    let period = special::plan(config, store, session.now(), &wish).await?;
    let period = period.map_err(|refused| exit::failure(exit::BAD_INPUT, refused.to_string()))?;
    let wants = if config.digest.approval { ", once it is approved" } else { "" };
    println!("{period}: {count} columns, goes out at {}{wants}", session.local_hour(cutoff));
    Ok(ExitCode::SUCCESS)
}

async fn list(session: &Session) -> anyhow::Result<ExitCode> {
    for newsletter in session.each_newsletter()? {
        for plan in newsletter.store.special_plans(newsletter.newsletter()).await? {
            let key = EditionKey { newsletter: newsletter.newsletter().clone(), cutoff: plan.cutoff };
            let titles = newsletter.store.planned_columns(&key).await?;
            let titles: Vec<&str> = titles.iter().map(|column| column.title.as_str()).collect();
            let hour = newsletter.local_hour(plan.cutoff);
            println!("{}\t{hour}\t{}\t{}", plan.period, plan.who, titles.join(" · "));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn drop_plan(session: &Session, period: &str) -> anyhow::Result<ExitCode> {
    let (store, newsletter) = (&session.store, session.newsletter());
    let wanted = Period::from_key(period);
    let plans = store.special_plans(newsletter).await?;
    if let Some(plan) = plans.iter().find(|plan| plan.period == wanted) {
        let key = EditionKey { newsletter: newsletter.clone(), cutoff: plan.cutoff };
        if store.drop_special(&key, plan.planned).await? {
            println!("{period}: dropped; its columns are for the other editions again");
            return Ok(ExitCode::SUCCESS);
        }
    }
    let message = match store.edition_of(newsletter, &wanted).await? {
        Some(edition) => format!("{period} is {}: it is too late for that", edition.state.as_str()),
        None => format!("no special edition {period} is to come: `gazetier digest special list` names them"),
    };
    Err(exit::failure(exit::BAD_INPUT, message))
}
