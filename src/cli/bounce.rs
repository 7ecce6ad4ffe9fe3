//! `gazetier bounce`: what came back, from a mail server's pipe or from a mailbox.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{
    Execute, exit,
    session::{Session, clock},
};
use crate::{
    bounce::{BounceHandler, Fact, MAX_MESSAGE_BYTES, Place, Summary, explain},
    config,
    store::BounceKind,
};

/// So many messages are named to who only wants to know whether something must be done.
const MAX_NAMED_MESSAGES: usize = 5;

/// Read what came back: bounces, complaints and unsubscriptions by mail, one message from
/// standard input or all in a mailbox.
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
    /// Say of messages in files what they are taken for and why, without looking at the store.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["maildir", "mbox", "dry_run"])]
    explain: Vec<PathBuf>,
    /// Let the letters to a domain go that rests because too many came back from there at once.
    #[arg(long, value_name = "DOMAIN", conflicts_with_all = ["maildir", "mbox", "dry_run", "explain"])]
    release: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Args {
    fn mailbox(&self) -> Option<config::Inbox> {
        let maildir = self.maildir.clone().map(config::Inbox::Maildir);
        maildir.or_else(|| self.mbox.clone().map(config::Inbox::Mbox))
    }
}

impl Execute for Args {
    fn is_piped(&self) -> bool {
        self.maildir.is_none()
            && self.mbox.is_none()
            && self.explain.is_empty()
            && self.release.is_none()
            && !std::io::stdin().is_terminal()
    }

    fn execute_alone(&self) -> Option<anyhow::Result<ExitCode>> {
        (!self.explain.is_empty()).then(|| explain_files(&self.explain, self.json))
    }

    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        run(session, &self).await
    }
}

async fn run(session: &Session, args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(domain) = &args.release {
        if !session.store.end_rest(domain, session.at).await? {
            return Err(exit::failure(exit::BAD_INPUT, format!("{domain} does not rest: letters go there")));
        }
        println!("letters go to {domain} again");
        return Ok(ExitCode::SUCCESS);
    }
    let bounces = bounces(session, args.dry_run, false);
    let summary = match args.mailbox() {
        Some(mailbox) => read(bounces, &mailbox).await?,
        None if args.is_piped() => bounces.message(std::io::stdin().lock()).await?,
        None => match &session.config.bounces {
            Some(mailbox) => read(bounces, mailbox).await?,
            None => {
                return Err(exit::failure(
                    exit::USAGE,
                    "nothing to read: name a mailbox with --maildir or --mbox, or in the configuration (bounces.maildir, \
                     bounces.mbox), or give one message to standard input",
                ));
            }
        },
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        println!("{}", summary.words());
    }
    for left in &summary.named {
        eprintln!("gazetier: {}: {}", left.message, left.why);
    }
    if summary.unnamed() > 0 {
        eprintln!("gazetier: and {} more", summary.unnamed());
    }
    tell_rests(session, &summary);
    if let Some(words) = own_faults(&summary) {
        eprintln!("gazetier: {words}");
    }
    Ok(if summary.left == 0 { ExitCode::SUCCESS } else { ExitCode::from(exit::BAD_INPUT) })
}

/// Says of each message what it is taken for, and why.
fn explain_files(paths: &[PathBuf], json: bool) -> anyhow::Result<ExitCode> {
    let mut all = BTreeMap::new();
    for path in paths {
        let read = File::open(path).and_then(|file| {
            let mut bytes = Vec::new();
            file.take(MAX_MESSAGE_BYTES as u64).read_to_end(&mut bytes).map(|_| bytes)
        });
        let message = match read {
            Ok(message) => message,
            Err(error) => {
                return Err(exit::failure(exit::BAD_INPUT, format!("cannot read {}: {error}", path.display())));
            }
        };
        all.insert(path.display().to_string(), explain(&message));
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    for (path, explanation) in all {
        println!("{path}: {}", explanation.form);
        for recipient in explanation.recipients {
            let who =
                if recipient.addresses.is_empty() { "a letter".to_owned() } else { recipient.addresses.join(", ") };
            println!("  {who}: {}", recipient.judgement);
            for Fact { place, what, sign, firm } in recipient.evidence {
                let place = match place {
                    Place::Action => "action",
                    Place::Status => "status",
                    Place::Diagnostic => "quoted",
                    Place::Text => "text",
                    Place::Provider => "provider",
                };
                let speaks = sign.kind().map_or("-", BounceKind::as_str);
                let firm = if firm { "" } else { ", in general" };
                println!("    {place} {what}: {} ({speaks}{firm})", sign.words());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
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
        for left in summary.named.iter().take(MAX_NAMED_MESSAGES) {
            eprintln!("gazetier:   {}: {}", left.message, left.why);
        }
        if summary.left > MAX_NAMED_MESSAGES as u64 {
            eprintln!("gazetier:   and more: `gazetier bounce --dry-run` with the mailbox names them");
        }
    }
    tell_rests(session, &summary);
    if let Some(words) = own_faults(&summary) {
        eprintln!("gazetier: {words}");
    }
    Ok((summary.messages > 0).then(|| summary.words()))
}

fn bounces(session: &Session, rehearsal: bool, only_new: bool) -> BounceHandler<'_> {
    BounceHandler { config: &session.config, store: &session.store, at: session.at, clock, rehearsal, only_new }
}

async fn read(bounces: BounceHandler<'_>, mailbox: &config::Inbox) -> anyhow::Result<Summary> {
    Ok(match mailbox {
        config::Inbox::Maildir(path) => bounces.maildir(path as &Path).await?,
        config::Inbox::Mbox(path) => bounces.mbox(path).await?,
    })
}

/// The domains that get no letters for a time, each told once.
fn tell_rests(session: &Session, summary: &Summary) {
    for rest in &summary.resting {
        eprintln!(
            "gazetier: {}: {} letters came back within a day, which is about us: nobody there is suppressed, and no letter \
             goes there until {} or `gazetier bounce --release {}`: {}",
            rest.domain,
            rest.readers,
            session.local_hour(rest.until),
            rest.domain,
            rest.words
        );
    }
}

/// What the magazine itself must see to.
fn own_faults(summary: &Summary) -> Option<String> {
    let words = summary.ours_words.as_deref()?;
    let what = if summary.ours == 1 { "letter came" } else { "letters came" };
    Some(format!("{} {what} back for what was sent or who sent it, not for the address: {words}", summary.ours))
}
