//! `gazetier subscribers`: who receives the digest, by hand and from lists.

mod erase;
mod export;
mod import;
mod receipt;
mod show;

use std::{path::PathBuf, process::ExitCode};

pub(super) use import::read_configured_list;

use super::{Execute, exit, session::Session};
use crate::{
    model::{Choice, EmailAddress, ListEntry, Rubrique, Subscriber, text},
    store::{Added, KnownReader, Leave},
};

/// How many readers are read in one go.
const READERS_PER_PAGE: u32 = 2_000;

/// Who receives it.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add the subscribers of a list: CSV with a header (email, and whatever else it likes), as other
    /// programs write it too, or what `export --whole` wrote. Who is known already is left alone; so is,
    /// unless you say otherwise, who left or was suppressed. Who left, bounced, complained or never
    /// confirmed by the list gets no letters. If a line is wrong, nothing is changed.
    Import {
        /// The file, or a zip with it; - for standard input.
        file: PathBuf,
        /// How a column is headed, if not by its name: email=E-Mail; joined=- reads none. What a word in
        /// the column of states means: state:WORD=unsubscribed. Which rubrique a tag is, and which
        /// newsletter a list: tag:NAME=RUBRIQUE, list:NAME=NEWSLETTER, - for none. How 03/11/2026 is
        /// meant: dates=day-first or dates=month-first.
        #[arg(long, value_name = "FIELD=HEADING")]
        map: Vec<String>,
        /// What stands between cells, if not what the header looks like: one character, or tab.
        #[arg(long, value_name = "CHARACTER")]
        delimiter: Option<String>,
        /// Change nothing: say what would come of it.
        #[arg(long)]
        dry_run: bool,
        /// Take the other lines when some are wrong.
        #[arg(long)]
        skip_bad: bool,
        /// Bring back who left or was suppressed: they must have asked for it themselves.
        #[arg(long)]
        revive: bool,
    },
    /// Write them as CSV, to standard output or into a file.
    Export {
        /// The file.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Only these: active, unsubscribed or suppressed.
        #[arg(long)]
        state: Option<String>,
        /// All that is known, as JSON Lines, instead of a table for people.
        #[arg(long)]
        whole: bool,
        /// The same with the store's key, so that another store can take this one's place: who was erased
        /// stays erased, and old links go on working. Keep such a file as you keep the store.
        #[arg(long)]
        with_key: bool,
    },
    /// List them.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say all that is known of one: state, suppression, consents, letters, bounces.
    Show {
        /// The address.
        address: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print what one agreed to, when and from where, as a file that somebody else can check: the same
    /// statement in plain JSON and as a JSON Web Signature (RFC 7515).
    Receipt {
        /// The address.
        #[arg(required_unless_present_any = ["check", "key"], conflicts_with_all = ["check", "key"])]
        address: Option<String>,
        /// Say whether such a file is whole and signed by this store.
        #[arg(long, value_name = "FILE", conflicts_with = "key")]
        check: Option<PathBuf>,
        /// Print the public key that they are signed with, to be left with whoever will check one.
        #[arg(long)]
        key: bool,
    },
    /// Add one.
    Add {
        /// The address.
        address: String,
        /// How the subscriber is called.
        #[arg(long)]
        name: Option<String>,
        /// Only these rubriques.
        #[arg(long, value_name = "RUBRIQUE", value_delimiter = ',')]
        rubriques: Vec<String>,
        /// Also if the subscriber left or was suppressed: only if that is the subscriber's wish.
        #[arg(long)]
        revive: bool,
    },
    /// Unsubscribe one: no letter from now on, also of an edition that is going out.
    Remove {
        /// The address.
        address: String,
    },
    /// Lift the suppression of an address: what came back of it before counts no more.
    Allow {
        /// The address.
        address: String,
        /// Why, in your words; they are kept.
        #[arg(long, value_name = "WORDS")]
        reason: String,
    },
    /// Forget one, but for a keyed hash of the address that keeps it from being added again.
    Erase {
        /// The address.
        address: String,
        /// Look through all that is kept and say where the address still stands, also if it was erased before.
        #[arg(long)]
        prove: bool,
    },
}

impl Execute for Command {
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self {
            Command::Import { file, map, delimiter, dry_run, skip_bad, revive } => {
                let layout = import::layout(session, &map, delimiter.as_deref())?;
                import::Import { session, file: &file, dry_run, skip_bad, revive }.run(layout).await
            }
            Command::Export { output, state, whole, with_key } => {
                let form = match (whole, with_key) {
                    (_, true) => export::ExportForm::WithKey,
                    (true, false) => export::ExportForm::Whole,
                    (false, false) => export::ExportForm::Table,
                };
                export::run(session, output.as_deref(), state.as_deref(), form).await
            }
            Command::List { json } => show::list(session, json).await,
            Command::Show { address, json } => show::show(session, &parse(&address)?, json).await,
            Command::Receipt { check: Some(file), .. } => receipt::check(session, &file),
            Command::Receipt { key: true, .. } => receipt::key(session),
            Command::Receipt { address, .. } => receipt::issue(session, &parse(&address.unwrap_or_default())?).await,
            Command::Add { address, name, rubriques, revive } => add(session, &address, name, &rubriques, revive).await,
            Command::Remove { address } => {
                let known = find(session, &address).await?;
                match session.store.unsubscribe(session.newsletter(), known.id, session.at).await? {
                    Leave::Done => println!("{} is unsubscribed", known.address),
                    Leave::Before | Leave::Nobody => println!("{} had left already", known.address),
                }
                Ok(ExitCode::SUCCESS)
            }
            Command::Allow { address, reason } => allow(session, &parse(&address)?, &reason).await,
            Command::Erase { address, prove } => erase::run(session, &address, prove).await,
        }
    }
}

/// Hands all readers to somebody, a part at a time.
async fn for_each_reader(
    session: &Session,
    mut take: impl FnMut(ListEntry) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let page = session.store.subscribers_after(session.newsletter(), after, READERS_PER_PAGE).await?;
        let Some(last) = page.last else { return Ok(()) };
        after = last;
        for entry in page.entries {
            take(entry)?;
        }
    }
}

async fn add(
    session: &Session,
    address: &str,
    name: Option<String>,
    rubriques: &[String],
    revive: bool,
) -> anyhow::Result<ExitCode> {
    let address = parse(address)?;
    let chosen = rubriques.iter().map(|label| {
        let found = Rubrique::find(&session.config.rubriques, label).map(|rubrique| rubrique.slug.clone());
        found.ok_or_else(|| exit::failure(exit::USAGE, format!("--rubriques: the configuration has no {label:?}")))
    });
    let choice = Choice::of(chosen.collect::<anyhow::Result<Vec<_>>>()?);
    let name = name.map(|name| text::one_line(&text::remove_illegal(&name).0)).filter(|name| !name.is_empty());
    let one = vec![ListEntry::from(Subscriber { address: address.clone(), name, choice })];
    let words = revive.then_some("subscribers add --revive");
    let count = session.store.enter_list(session.newsletter(), one, session.at, words).await?;
    let refuse = |why: &str| {
        let message = format!("{address} {why} and was left alone: if it is the reader's own wish, say --revive");
        Err(exit::failure(exit::BAD_INPUT, message))
    };
    match count {
        Added { added: 1, .. } => println!("{address} is subscribed"),
        Added { revived: 1, .. } => println!("{address} is subscribed again"),
        Added { suppressed: 1, .. } => return refuse("is suppressed"),
        Added { left: 1, .. } => return refuse("has left"),
        Added { moved: 1, .. } => return refuse("is the former address of a reader who has moved"),
        _ => println!("{address} is subscribed already, and stays as it is"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn allow(session: &Session, address: &EmailAddress, reason: &str) -> anyhow::Result<ExitCode> {
    let words = text::one_line(&text::remove_illegal(reason).0);
    if words.is_empty() {
        return Err(exit::failure(exit::USAGE, "--reason: say in a few words why the address may be written to again"));
    }
    let Some(lifted) = session.store.allow(address, &words, session.at).await? else {
        return Err(exit::failure(exit::BAD_INPUT, format!("{address} is not suppressed")));
    };
    let since = show::since(session, lifted.since);
    let standing = session.store.subscriber_at(session.newsletter(), address).await?;
    let next = match standing.as_ref().map(|known| known.state.as_str()) {
        Some("active") => "the next edition goes there",
        Some(_) => {
            "the reader is unsubscribed, and stays so until they come back themselves or you say `subscribers add --revive`"
        }
        None => "it is not on the list: `subscribers add` puts it there",
    };
    println!("{address} may be written to again (it was suppressed, {}{since}); {next}", lifted.reason);
    Ok(ExitCode::SUCCESS)
}

fn parse(address: &str) -> anyhow::Result<EmailAddress> {
    address.parse().map_err(|error: crate::model::address::NotAnAddress| exit::failure(exit::USAGE, error.to_string()))
}

async fn find(session: &Session, address: &str) -> anyhow::Result<KnownReader> {
    let address = parse(address)?;
    let known = session.store.subscriber_at(session.newsletter(), &address).await?;
    known.ok_or_else(|| exit::failure(exit::BAD_INPUT, format!("{address} is not on the list")))
}
