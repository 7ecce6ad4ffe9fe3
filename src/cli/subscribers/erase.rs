//! `gazetier subscribers erase`: forgets a reader, and shows that nothing is left.

use std::{path::PathBuf, process::ExitCode};

use super::{
    super::{exit, say::say, session::Session},
    find, parse,
};
use crate::{
    model::EmailAddress,
    outbox::retention,
    send::file_relay,
    store::search::{count_in_file, files},
};

pub(super) async fn run(session: &Session, address: &str, prove: bool) -> anyhow::Result<ExitCode> {
    let parsed = parse(address)?;
    // Who was erased before is not on the list: then there is only something to be proved.
    if !prove || session.store.subscriber_at(session.newsletter(), &parsed).await?.is_some() {
        let known = find(session, address).await?;
        retention::erase_reader(&session.config, &session.store, &known, session.at).await?;
        say!("{} is erased, and no list adds the address again", known.address);
        if let Some(file) = &session.config.subscribers_file
            && count_in_file(file, address).is_ok_and(|count| count > 0)
        {
            say!("{} still has the address: take it out there", file.display());
        }
    }
    if prove { proof(session, &parsed).await } else { Ok(ExitCode::SUCCESS) }
}

/// Says where an address still stands.
async fn proof(session: &Session, address: &EmailAddress) -> anyhow::Result<ExitCode> {
    session.store.fold().await;
    let text = address.folded();
    let (mut looked, mut found) = look(session, &text).await?;
    if !found.is_empty() {
        // What was erased may stand on in pages that are used again; what is still in a row stays.
        session.store.rewrite().await?;
        (looked, found) = look(session, &text).await?;
    }
    let postgres = session.store.columns_with(&text).await?;
    looked.extend(session.store.is_postgres().then(|| "all tables of the store".to_owned()));
    say!("looked through {}", looked.join(", "));
    found.extend(postgres);
    if found.is_empty() {
        say!("{address}: found nowhere");
        if session.store.is_postgres() {
            say!(
                "what Postgres keeps of rows that are no more goes with its next VACUUM; its own logs and backups are yours"
            );
        }
        return Ok(ExitCode::SUCCESS);
    }
    Err(exit::complain(exit::BAD_INPUT, format!("{address} still stands in {}", found.join(", "))))
}

/// The files that are looked through, and those that hold the text.
async fn look(session: &Session, text: &str) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let mut paths: Vec<PathBuf> = files(&session.config.store);
    let mut looked: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    if let Some(folder) = file_relay::folder(&session.config)
        && folder.is_dir()
    {
        looked.push(format!("{}/", folder.display()));
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_file() {
                paths.push(path);
            }
        }
    }
    let text = text.to_owned();
    let found = tokio::task::spawn_blocking(move || {
        let mut found = Vec::new();
        for path in paths {
            match count_in_file(&path, &text) {
                Ok(0) => {}
                // It was SQLite's own, and is gone with its last user.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Ok(count) => found.push(format!("{} ({count} times)", path.display())),
                Err(error) => return Err(anyhow::anyhow!("cannot read {}: {error}", path.display())),
            }
        }
        Ok(found)
    });
    Ok((looked, found.await??))
}
