//! `gazetier bounce`: what came back, from a mail server's pipe or from a mailbox.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{
    exit,
    say::say,
    session::{Session, clock},
};
use crate::{
    bounce::{BounceHandler, Summary},
    config,
};

/// So many messages are named to who only wants to know whether something must be done.
const MOST_NAMED: usize = 5;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Read this Maildir instead of one message from standard input.
    #[arg(long, value_name = "FOLDER", conflicts_with = "mbox")]
    maildir: Option<PathBuf>,
    /// Read this mbox.
    #[arg(long, value_name = "FILE")]
    mbox: Option<PathBuf>,
    /// Say what would happen, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Whether a mail server hands over one message and acts on the exit code.
    pub(super) fn is_piped(&self) -> bool {
        self.maildir.is_none() && self.mbox.is_none() && !std::io::stdin().is_terminal()
    }

    fn mailbox(&self) -> Option<config::Inbox> {
        let maildir = self.maildir.clone().map(config::Inbox::Maildir);
        maildir.or_else(|| self.mbox.clone().map(config::Inbox::Mbox))
    }
}

pub(super) async fn run(session: &Session, args: &Args) -> anyhow::Result<ExitCode> {
    let bounces = bounces(session, args.dry_run, false);
    let summary = match args.mailbox() {
        Some(mailbox) => read(bounces, &mailbox).await?,
        None if args.is_piped() => bounces.message(std::io::stdin().lock()).await?,
        None => match &session.config.bounces {
            Some(mailbox) => read(bounces, mailbox).await?,
            None => {
                return Err(exit::complain(
                    exit::USAGE,
                    "nothing to read: name a mailbox with --maildir or --mbox, or in the configuration (bounces.maildir, \
                     bounces.mbox), or give one message to standard input",
                ));
            }
        },
    };
    if args.json {
        say!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        say!("{}", summary.words());
    }
    for left in &summary.named {
        eprintln!("gazetier: {}: {}", left.message, left.why);
    }
    if summary.unnamed() > 0 {
        eprintln!("gazetier: and {} more", summary.unnamed());
    }
    if let Some(words) = ours(&summary) {
        eprintln!("gazetier: {words}");
    }
    Ok(if summary.left == 0 { ExitCode::SUCCESS } else { ExitCode::from(exit::BAD_INPUT) })
}

/// Reads the mailbox that the configuration names, for `run`: gives a line for who looks on, and
/// tells on standard error what somebody must see, each message once.
pub(super) async fn handle(session: &Session) -> anyhow::Result<Option<String>> {
    let Some(mailbox) = &session.config.bounces else { return Ok(None) };
    let summary = read(bounces(session, false, true), mailbox).await?;
    if summary.left > 0 {
        let (config::Inbox::Maildir(path) | config::Inbox::Mbox(path)) = mailbox;
        let are = if summary.left == 1 { "message is" } else { "messages are" };
        eprintln!("gazetier: {}: {} {are} left there for somebody to read:", path.display(), summary.left);
        for left in summary.named.iter().take(MOST_NAMED) {
            eprintln!("gazetier:   {}: {}", left.message, left.why);
        }
        if summary.left > MOST_NAMED as u64 {
            eprintln!("gazetier:   and more: `gazetier bounce --dry-run` with the mailbox names them");
        }
    }
    if let Some(words) = ours(&summary) {
        eprintln!("gazetier: {words}");
    }
    Ok((summary.messages > 0).then(|| summary.words()))
}

fn bounces(session: &Session, rehearsal: bool, only_new: bool) -> BounceHandler<'_> {
    BounceHandler {
        store: &session.store,
        newsletter: session.newsletter(),
        at: session.at,
        clock,
        rehearsal,
        only_new,
    }
}

async fn read(bounces: BounceHandler<'_>, mailbox: &config::Inbox) -> anyhow::Result<Summary> {
    Ok(match mailbox {
        config::Inbox::Maildir(path) => bounces.maildir(path as &Path).await?,
        config::Inbox::Mbox(path) => bounces.mbox(path).await?,
    })
}

/// What the magazine itself must see to.
fn ours(summary: &Summary) -> Option<String> {
    let words = summary.ours_words.as_deref()?;
    let what = if summary.ours == 1 { "letter came" } else { "letters came" };
    Some(format!("{} {what} back for what was sent or who sent it, not for the address: {words}", summary.ours))
}
