//! Forgets a reader: in the store, in the folder that letters were written into, and in the words of relays.

use std::path::PathBuf;

use super::{Error, folder};
use crate::{
    config::{Config, Relays},
    model::Instant,
    store::{KnownReader, Store},
};

/// Erases a reader, with the letters that were written into a folder. Gives false if there is no such reader (any
/// more).
pub async fn erase(config: &Config, store: &Store, known: &KnownReader, at: Instant) -> Result<bool, Error> {
    let erased = forget(config, store, known, at).await?;
    store.fold().await;
    Ok(erased)
}

/// Forgets readers who left before an instant, some of them; gives how many.
pub async fn forget_left(config: &Config, store: &Store, older: Instant, at: Instant) -> Result<u64, Error> {
    let mut count = 0;
    for id in store.left_before(older).await? {
        if let Some(known) = store.subscriber(&config.digest.newsletter, id).await? {
            count += u64::from(forget(config, store, &known, at).await?);
        }
    }
    store.fold().await;
    Ok(count)
}

/// Removes letters from the folder that they were written into before an instant; gives how many.
pub async fn forget_written(config: &Config, older: Instant) -> Result<u64, Error> {
    let Relays::Folder(folder) = &config.relays else { return Ok(0) };
    let folder = folder.clone();
    tokio::task::spawn_blocking(move || folder::forget_older(&folder, older.into())).await?
}

async fn forget(config: &Config, store: &Store, known: &KnownReader, at: Instant) -> Result<bool, Error> {
    // The letters first: once the store knows nothing of the reader, nobody finds them.
    if let Relays::Folder(folder) = &config.relays {
        let (folder, reader, address) = (folder.clone(), known.reader, known.address.clone());
        let names = store.service_letters_of(known.id).await?;
        tokio::task::spawn_blocking(move || folder::forget(&folder, reader, &address, &names)).await??;
    }
    Ok(store.erase(known.id, at).await?)
}

/// Where letters are written into a folder, that folder.
pub fn folder(config: &Config) -> Option<&PathBuf> {
    match &config.relays {
        Relays::Folder(folder) => Some(folder),
        Relays::Smtp(_) => None,
    }
}

/// A relay's words without the address that it repeats: they are kept, and told, longer than the reader may be.
pub(crate) fn without_address(words: &str, address: &str) -> String {
    let (lower, needle) = (words.to_ascii_lowercase(), address.to_ascii_lowercase());
    if needle.is_empty() || !lower.contains(&needle) {
        return words.to_owned();
    }
    let mut out = String::with_capacity(words.len());
    let mut rest = 0;
    while let Some(found) = lower[rest..].find(&needle) {
        out.push_str(&words[rest..rest + found]);
        out.push_str("(address)");
        rest += found + needle.len();
    }
    out.push_str(&words[rest..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_s_words_lose_the_address() {
        let words = "550 5.1.1 <Zoe@Example.org>: no mailbox zoe@example.org é";
        assert_eq!(without_address(words, "zoe@example.org"), "550 5.1.1 <(address)>: no mailbox (address) é");
        assert_eq!(without_address("451 later", "zoe@example.org"), "451 later");
    }
}
