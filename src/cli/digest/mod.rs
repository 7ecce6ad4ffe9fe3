//! `gazetier digest`: its commands, each in a file of its own.

mod decide;
mod dkim;
mod export;
mod preview;
mod progress;
mod proof;
mod redact;
mod redate;
mod retry;
mod send;
mod special;
mod status;

use std::{path::PathBuf, process::ExitCode};

use decide::Decider;
pub(super) use send::{bring_together, draw_up, send_open};
pub(super) use status::tally_words;

use super::{Execute, dry_run::on_copies, exit, reconnect::retry_lost, session::Session};
use crate::model::{Edition, Period};

/// The weekly digest.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Open the desk, where the coming edition is looked at, mended and approved; or render it to
    /// files.
    Preview {
        /// Open it in the browser.
        #[arg(long)]
        open: bool,
        /// Write the edition's HTML and text into this folder instead.
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
        /// The files as a subscriber sees the edition who chose these rubriques.
        #[arg(long, value_name = "RUBRIQUE", value_delimiter = ',', requires = "folder")]
        rubriques: Vec<String>,
    },
    /// Write an edition into a file, with the whole texts of its columns.
    #[command(group(clap::ArgGroup::new("form").required(true).multiple(true)))]
    Export {
        /// Which edition; the coming one if it is not said.
        #[arg(value_name = "PERIOD")]
        period: Option<String>,
        /// As a book for reading devices (EPUB 3), with the pictures that lie beside the columns' files.
        #[arg(long, value_name = "FILE", group = "form")]
        epub: Option<PathBuf>,
        /// As a page to print (HTML).
        #[arg(long, value_name = "FILE", group = "form")]
        page: Option<PathBuf>,
    },
    /// Send the editors the coming edition by mail, as it is now.
    Proof {
        /// To these of the editors; to all of them if none is named.
        #[arg(value_name = "ADDRESS")]
        to: Vec<String>,
        /// Who sends it.
        #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "the command line")]
        by: String,
    },
    /// Say that the coming edition may go out as it is now.
    Approve(Decider),
    /// Say that an edition must not go out: the coming one, or one whose letters are going out.
    Hold {
        #[command(flatten)]
        decide: Decider,
        /// Why.
        #[arg(long, value_name = "WORDS", default_value = "")]
        why: String,
    },
    /// Say that an edition is no longer held: it goes out at its hour, or with the next run if that is over.
    Release {
        /// Which edition; the only one that is held if it is not said.
        #[arg(value_name = "PERIOD")]
        period: Option<String>,
        /// Who says so.
        #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "the command line")]
        by: String,
        /// Also if columns of the edition were withdrawn since it was drawn up.
        #[arg(long)]
        with_withdrawn: bool,
    },
    /// Freeze the edition that is due and send its letters; resume what an earlier run left.
    Send {
        /// Let this edition go, if it is held; without it, the newest if that is held.
        #[arg(value_name = "PERIOD")]
        period: Option<String>,
        /// Who says so.
        #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "the command line")]
        by: String,
        /// Send once more the letters that may or may not have arrived: some readers get two.
        #[arg(long)]
        resend_unknown: bool,
        /// Give the letters of this edition to the relay that were written into a folder before there was one.
        #[arg(long, requires = "period")]
        resend_written: bool,
        /// Also if columns of the edition were withdrawn since it was drawn up.
        #[arg(long)]
        with_withdrawn: bool,
        /// Do it on copies, and say what would come of it.
        #[arg(long)]
        dry_run: bool,
    },
    /// Make an edition that a wrong clock has put into the future one of the present.
    Redate {
        /// Which edition.
        #[arg(value_name = "PERIOD")]
        period: String,
        /// When it really went out; now if it is not said.
        #[arg(long, value_name = "INSTANT")]
        to: Option<String>,
    },
    /// Take columns that were withdrawn since out of an edition's page in the archive.
    Redact {
        /// Which edition.
        #[arg(value_name = "PERIOD")]
        period: String,
    },
    /// Queue again letters that a relay refused for good, once what was wrong is mended.
    Retry {
        /// Those of this edition; without it, of the newest that has some.
        #[arg(value_name = "PERIOD")]
        period: Option<String>,
        /// Those whose refusal holds these words.
        #[arg(long, value_name = "REASON", default_value = "")]
        failed: String,
        /// Who says so.
        #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "the command line")]
        by: String,
    },
    /// One letter more, of columns that are chosen, at an hour beside the schedule.
    #[command(subcommand)]
    Special(special::Command),
    /// Say how the editions stand.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the DNS records that let receivers verify the letters' signatures.
    Dkim,
}

impl Execute for Command {
    fn is_concurrent(&self) -> bool {
        matches!(self, Self::Preview { .. } | Self::Export { .. })
    }

    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self {
            Self::Send { dry_run: true, .. } => on_copies(session, async |copy| self.work(copy).await).await,
            command => command.work(session).await,
        }
    }
}

impl Command {
    async fn work(self, session: &Session) -> anyhow::Result<ExitCode> {
        let session = &session.of_period(self.period())?;
        match self {
            Command::Preview { open, folder: Some(folder), rubriques } => {
                preview::write(session, open, &folder, &rubriques).await
            }
            Command::Preview { open, folder: None, .. } => preview::open(session, open).await,
            Command::Export { period, epub, page } => {
                export::export(session, period.as_deref(), epub.as_deref(), page.as_deref()).await
            }
            Command::Proof { to, by } => proof::send(session, &to, &by).await,
            Command::Approve(who) => decide::approve(session, &who).await,
            Command::Hold { decide: who, why } => decide::hold(session, &who, &why).await,
            Command::Release { period, by, with_withdrawn } => {
                decide::release(session, Decider { period, by }, with_withdrawn).await
            }
            Command::Send { period: Some(period), resend_written: true, .. } => {
                retry::resend_written(session, &period).await?;
                send::send(session, true).await?.print()
            }
            Command::Send { period, by, resend_unknown, with_withdrawn, .. } => {
                decide::release_held(session, Decider { period, by }, with_withdrawn).await?;
                if resend_unknown {
                    retry::resend_unknown(session).await?;
                }
                let newsletters = session.each_newsletter()?;
                let mut drawn = Vec::new();
                for newsletter in &newsletters {
                    drawn.push(retry_lost(async || draw_up(newsletter, true).await).await?);
                }
                retry_lost(async || bring_together(session).await).await?;
                let mut last = ExitCode::SUCCESS;
                for (newsletter, drawn) in newsletters.iter().zip(drawn) {
                    let sent = retry_lost(async || send_open(newsletter, true, drawn.clone()).await).await?.print()?;
                    last = if sent == ExitCode::SUCCESS { last } else { sent };
                }
                Ok(last)
            }
            Command::Redate { period, to } => redate::redate(session, &period, to.as_deref()).await,
            Command::Redact { period } => redact::redact(session, &period).await,
            Command::Retry { period, failed, by } => {
                retry::retry_refused(session, period.as_deref(), &failed, &by).await
            }
            Command::Special(command) => special::execute(session, command).await,
            Command::Status { json } => status::status(session, json).await,
            Command::Dkim => dkim::print_records(session),
        }
    }

    /// The edition that it is about, if it names one.
    fn period(&self) -> Option<&str> {
        match self {
            Self::Approve(decide) | Self::Hold { decide, .. } => decide.period.as_deref(),
            Self::Release { period, .. }
            | Self::Send { period, .. }
            | Self::Retry { period, .. }
            | Self::Export { period, .. } => period.as_deref(),
            Self::Redate { period, .. } | Self::Redact { period } => Some(period),
            Self::Special(command) => command.period(),
            Self::Preview { .. } | Self::Proof { .. } | Self::Status { .. } | Self::Dkim => None,
        }
    }
}

/// The edition of this name.
async fn edition_named(session: &Session, period: &str) -> anyhow::Result<Edition> {
    let found = session.store.edition_of(session.newsletter(), &Period::from_key(period)).await?;
    found.ok_or_else(|| {
        exit::failure(exit::BAD_INPUT, format!("there is no edition {period}: `gazetier digest status` names them"))
    })
}
