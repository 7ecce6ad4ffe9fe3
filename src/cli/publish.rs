//! `gazetier publish`: writes the feeds that have changed, and nothing else.

use std::process::ExitCode;

use super::{exit, session::Session};
use crate::{
    feeds::{self, Feed, conform, page, press},
    model::{Column, Rubrique, column::fingerprint},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write nothing: say what validators would find in any feed, changed or not.
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(session: &Session, args: &Args) -> anyhow::Result<ExitCode> {
    if args.check {
        return check(session).await;
    }
    match publish(session).await? {
        0 => println!("nothing new to publish"),
        n => println!("{n} files published in {}", session.config.feeds.path.display()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Publishes, and says how many files were written.
pub(super) async fn publish(session: &Session) -> anyhow::Result<usize> {
    let config = &session.config;
    let before = session.store.feed_states().await?;
    let unchanged = |name: &str, state: &str, paths: &[String]| {
        let on_disk = |path: &String| config.feeds.path.join(path).is_file();
        before.get(name).is_some_and(|old| old == state) && paths.iter().all(on_disk)
    };
    let mut written = 0;
    let mut refused = 0;
    let mut states = Vec::new();
    let all = std::iter::once(None).chain(config.rubriques.iter().map(Some));
    for rubrique in all {
        let slug = rubrique.map(|r| &r.slug);
        let name = slug.map_or("", |slug| slug.as_str());
        let holds = session.store.feed_fingerprint(slug, session.at, config.feeds.items).await?;
        let state = state(session, &holds);
        if unchanged(name, &state, &feeds::paths(slug)) {
            continue;
        }
        match feed(session, rubrique).await? {
            Some(n) => written += n,
            None => {
                refused += 1;
                continue;
            }
        }
        states.push((name.to_owned(), state));
    }
    // A slug has no asterisk.
    let pages = state(session, "pages");
    let files = ["index.html", "feeds.opml", "feed.css"].map(str::to_owned);
    if !unchanged("*", &pages, &files) {
        for (path, bytes) in page::files(config)? {
            written += usize::from(press::put(&config.feeds.path, &path, &bytes)?);
        }
        states.push(("*".to_owned(), pages));
    }
    if !states.is_empty() {
        session.store.put_feed_states(&states).await?;
    }
    match refused {
        0 => Ok(written),
        n => Err(exit::complain(
            exit::BAD_INPUT,
            format!("{n} feeds are not published, see above; what readers had of them stays"),
        )),
    }
}

/// Builds and writes one feed in its three forms; `None` if it must not be published.
async fn feed(session: &Session, rubrique: Option<&Rubrique>) -> anyhow::Result<Option<usize>> {
    let config = &session.config;
    let columns = session.store.newest(rubrique.map(|r| &r.slug), session.at, config.feeds.items).await?;
    let mut written = 0;
    let Some(files) = conforms(session, rubrique, &columns)? else { return Ok(None) };
    for (path, bytes) in files {
        written += usize::from(press::put(&config.feeds.path, &path, &bytes)?);
    }
    Ok(Some(written))
}

type Files = Vec<(String, Vec<u8>)>;

/// The files of a feed; `None` if validators would find something in it, which is then told.
fn conforms(session: &Session, rubrique: Option<&Rubrique>, columns: &[Column]) -> anyhow::Result<Option<Files>> {
    let feed = Feed::new(&session.config, rubrique, columns)?;
    match conform::files(&feed, session.at)? {
        Ok(sound) => {
            if sound.left_out > 0 {
                let (name, n) = (name(rubrique), sound.left_out);
                eprintln!("gazetier: warning: feed {name}: its {n} oldest columns are left out, it would be too large");
            }
            Ok(Some(sound.files))
        }
        Err(findings) => {
            for finding in findings {
                eprintln!("gazetier: feed {}: {finding}", name(rubrique));
            }
            Ok(None)
        }
    }
}

/// `--check`: tells every finding in every feed.
async fn check(session: &Session) -> anyhow::Result<ExitCode> {
    let config = &session.config;
    let (mut feeds, mut findings) = (0, 0);
    for rubrique in std::iter::once(None).chain(config.rubriques.iter().map(Some)) {
        let columns = session.store.newest(rubrique.map(|r| &r.slug), session.at, config.feeds.items).await?;
        let feed = Feed::new(config, rubrique, &columns)?;
        feeds += 1;
        for finding in conform::files(&feed, session.at)?.err().unwrap_or_default() {
            findings += 1;
            println!("{}: {finding}", name(rubrique));
        }
    }
    if findings == 0 {
        println!("{feeds} feeds, no finding");
        return Ok(ExitCode::SUCCESS);
    }
    Err(exit::complain(exit::BAD_INPUT, format!("{findings} findings in {feeds} feeds")))
}

/// A feed as its findings name it.
fn name(rubrique: Option<&Rubrique>) -> &str {
    rubrique.map_or("(all columns)", |rubrique| rubrique.slug.as_str())
}

/// What a feed was made of: its columns, the configuration, the templates and the program.
fn state(session: &Session, holds: &str) -> String {
    fingerprint([holds, &session.config.fingerprint, feeds::PRESS])
}
