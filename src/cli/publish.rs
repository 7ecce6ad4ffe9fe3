//! `gazetier publish`: writes the feeds that have changed, and nothing else.

use std::process::ExitCode;

use super::{hubs, session::Session};
use crate::{
    feeds::{self, Feed, page, press},
    model::{Rubrique, column::fingerprint},
    store::{News, Topic},
};

pub(super) async fn run(session: &Session) -> anyhow::Result<ExitCode> {
    match publish(session).await? {
        0 => println!("nothing new to publish"),
        n => println!("{n} files published in {}", session.config.feeds.path.display()),
    }
    for line in hubs::tell(session).await? {
        println!("{line}");
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
    let mut states = Vec::new();
    let mut topics = Vec::new();
    let all = std::iter::once(None).chain(config.rubriques.iter().map(Some));
    for rubrique in all {
        let slug = rubrique.map(|r| &r.slug);
        let name = slug.map_or("", |slug| slug.as_str());
        let holds = session.store.feed_fingerprint(slug, session.at, config.feeds.items).await?;
        let state = state(session, &holds);
        if unchanged(name, &state, &feeds::paths(slug)) {
            continue;
        }
        written += feed(session, rubrique, &mut topics).await?;
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
        let news = News { hubs: &config.feeds.hubs, topics: &topics, at: session.at };
        session.store.put_feed_states(&states, news).await?;
    }
    Ok(written)
}

/// Builds and writes one feed in its three forms.
async fn feed(session: &Session, rubrique: Option<&Rubrique>, topics: &mut Vec<Topic>) -> anyhow::Result<usize> {
    let config = &session.config;
    let columns = session.store.newest(rubrique.map(|r| &r.slug), session.at, config.feeds.items).await?;
    let mut written = 0;
    for (path, bytes) in Feed::new(config, rubrique, &columns)?.files()? {
        if !config.feeds.hubs.is_empty() {
            topics.push(Topic::new(config.feeds.url.join(&path)?, &bytes));
        }
        written += usize::from(press::put(&config.feeds.path, &path, &bytes)?);
    }
    Ok(written)
}

/// What a feed was made of: its columns, the configuration, the templates and the program.
fn state(session: &Session, holds: &str) -> String {
    fingerprint([holds, &session.config.fingerprint, feeds::PRESS])
}
