//! Removes what may not be kept: readers from the store and from the folder that letters are written into, old files in
//! that folder, and service letters that are done with.

use crate::{
    config::{Config, Relays},
    model::Instant,
    send::{Error, file_relay},
    store::{KnownReader, Store},
};

/// Erases a reader, with the letters that were written into a folder. False if there is no such reader.
pub async fn erase_reader(config: &Config, store: &Store, known: &KnownReader, at: Instant) -> Result<bool, Error> {
    let was_erased = remove_reader(config, store, known, at).await?;
    store.fold().await;
    Ok(was_erased)
}

/// Erases some of the readers who left before `older`, and returns how many.
pub async fn erase_readers_who_left(config: &Config, store: &Store, older: Instant, at: Instant) -> Result<u64, Error> {
    let mut count = 0;
    for id in store.left_before(older).await? {
        for newsletter in store.newsletters().await? {
            if let Some(known) = store.subscriber(&newsletter, id).await? {
                count += u64::from(remove_reader(config, store, &known, at).await?);
                break;
            }
        }
    }
    store.fold().await;
    Ok(count)
}

/// Removes letters that were written into a folder before `older`, and returns how many.
pub async fn remove_old_files(config: &Config, older: Instant) -> Result<u64, Error> {
    let Relays::Folder(folder) = &config.relays else { return Ok(0) };
    let folder = folder.clone();
    tokio::task::spawn_blocking(move || file_relay::remove_older(&folder, older.into())).await?
}

/// Removes service letters and requests that are done with, and returns how many.
pub async fn tidy_service_letters(config: &Config, store: &Store, at: Instant) -> Result<u64, Error> {
    // Without a limit nothing is old enough.
    let older = config.retention.service_letters.map_or(Instant::UNIX_EPOCH, |kept| at - kept);
    match store.is_untidy(at, older).await? {
        true => Ok(store.tidy(at, older).await?),
        false => Ok(0),
    }
}

async fn remove_reader(config: &Config, store: &Store, known: &KnownReader, at: Instant) -> Result<bool, Error> {
    // The files first: only the store knows which of them are the reader's.
    if let Relays::Folder(folder) = &config.relays {
        let (folder, reader, address) = (folder.clone(), known.reader, known.address.clone());
        let names = store.service_letters_of(known.id).await?;
        tokio::task::spawn_blocking(move || file_relay::remove_reader(&folder, reader, &address, &names)).await??;
    }
    Ok(store.erase(known.id, at).await?)
}
