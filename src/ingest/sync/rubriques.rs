//! What becomes of readers and columns when the configuration calls a rubrique otherwise, or has it no more.

use super::{Error, reporter::SyncReporter};
use crate::{
    config::Config,
    model::OrphanRubrique,
    store::{Followed, Store},
};

/// Lets readers and columns follow the rubriques of a configuration that has changed; gives who and what did, in
/// words. What readers chose and is no more is told.
pub(super) async fn follow(
    config: &Config,
    store: &Store,
    reporter: &mut SyncReporter<'_>,
) -> Result<Vec<String>, Error> {
    if store.are_rubriques_checked(&config.fingerprint).await? {
        return Ok(Vec::new());
    }
    let followed = store.follow_rubriques(&config.rubriques).await?;
    for notice in orphans(config, store).await? {
        reporter.warn(notice);
    }
    store.set_rubriques_checked(&config.fingerprint).await?;
    Ok(followed.iter().map(words).collect())
}

fn words(followed: &Followed) -> String {
    let Followed { from, to, readers, columns } = followed;
    format!("{readers} readers and {columns} columns followed from the rubrique {from} to {to}")
}

/// Rubriques that readers chose and the configuration does not have, each with the way out.
pub async fn orphans(config: &Config, store: &Store) -> Result<Vec<String>, Error> {
    let orphans = store.orphan_rubriques(&config.rubriques).await?;
    let words = |orphan: &OrphanRubrique| {
        let OrphanRubrique { slug, readers, stranded } = orphan;
        format!(
            "{readers} readers chose the rubrique {slug}, which the configuration does not have; {stranded} of them chose \
             nothing else and get no more letters. If it is called otherwise now, write formerly = [\"{slug}\"] under \
             that one in [[rubriques]]; if it is no more, under the one that takes its place"
        )
    };
    Ok(orphans.iter().map(words).collect())
}
