//! Which sources this sync reads, and what became of those that it knows under other names.

use std::{collections::HashMap, path::Path};

use super::{Error, SUBSCRIBERS, SyncContext, SyncOptions, places::SourcePlaces, reporter::SyncReporter};
use crate::{
    config::{Source, SourceUrl},
    ingest::markdown,
    store::{SourceFile, SourceState},
};

/// What a sync may read.
#[derive(Debug)]
pub(super) struct ClaimedSources {
    /// The sources that are read here, with their places.
    pub(super) places: HashMap<String, String>,
    /// Sources that the configuration names no more.
    pub(super) gone_sources: Vec<String>,
}

/// Finds out which sources are read here; takes those that nobody reads.
pub(super) async fn claim(
    context: SyncContext<'_>,
    options: SyncOptions<'_>,
    state: &mut SourceState,
    reporter: &mut SyncReporter<'_>,
) -> Result<ClaimedSources, Error> {
    let sources = &context.config.sources;
    if let Some(name) = options.take_over.filter(|name| !name.is_empty())
        && !sources.iter().any(|source| source.name == name)
        && !state.places.contains_key(name)
    {
        let known: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        return Err(Error::UnknownSource { name: name.to_owned(), known: known.join(", ") });
    }
    let mut claimed = ClaimedSources { places: HashMap::new(), gone_sources: Vec::new() };
    if sources.is_empty() && state.places.is_empty() {
        return Ok(claimed);
    }
    let places = SourcePlaces::new(&context.config.store)?;
    for source in sources {
        let address = source.url.as_ref().map(SourceUrl::place);
        let address = address.or_else(|| source.sql.as_ref().and_then(|sql| sql.place.clone()));
        let place = address.map_or_else(|| places.of(&source.path), Ok);
        match place {
            Ok(place) => {
                if take(context, options, state, &places, source, &place, reporter).await? {
                    claimed.places.insert(source.name.clone(), place);
                }
            }
            Err(error) => {
                let message = format!("cannot read {}: {error}", source.path.display());
                reporter.refuse_once(&source.name, "folder", &message).await?;
            }
        }
    }
    adopt(context, state, &claimed.places).await?;
    let is_named = |name: &str| sources.iter().any(|source| source.name == name);
    let wanted = |name: &str| options.take_over.is_some_and(|wanted| wanted.is_empty() || wanted == name);
    for (name, place) in state.places.iter().filter(|(name, _)| !is_named(name)) {
        if places.is_elsewhere(place) && !wanted(name) {
            let message = format!(
                "the source {name:?} is of another machine and not in this configuration: its columns are left as \
                 they are; `gazetier sync --take-over {name}` looks for them here"
            );
            reporter.warn_once(name, "elsewhere", &message).await?;
        } else {
            claimed.gone_sources.push(name.clone());
        }
    }
    claimed.gone_sources.sort();
    Ok(claimed)
}

/// Takes a source for this place, if it may; says whether it is read here.
async fn take(
    context: SyncContext<'_>,
    options: SyncOptions<'_>,
    state: &mut SourceState,
    places: &SourcePlaces,
    source: &Source,
    place: &str,
    reporter: &mut SyncReporter<'_>,
) -> Result<bool, Error> {
    let (store, name) = (&context.store, &source.name);
    let before = match state.places.get(name) {
        Some(before) if before == place => return Ok(true),
        before => before.cloned(),
    };
    if before.is_none() {
        // The same folder under a name that the configuration has no more: the source was renamed.
        let is_named = |name: &str| context.config.sources.iter().any(|source| source.name == name);
        let old = state.places.iter().find(|(old, other)| *other == place && !is_named(old));
        if let Some(old) = old.map(|(old, _)| old.clone())
            && store.rename_source(&old, name).await?
        {
            *state = store.source_state().await?;
            return Ok(true);
        }
    }
    let wanted = options.take_over.is_some_and(|wanted| wanted.is_empty() || wanted == name);
    let may = before.as_deref().is_none_or(|before| wanted || places.is_gone(before));
    if may && store.take_source(name, place, before.as_deref(), context.at).await? {
        state.places.insert(name.clone(), place.to_owned());
        return Ok(true);
    }
    // Another sync of this place may just have taken it.
    let owner = store.source_place(name).await?.or(before).unwrap_or_default();
    if owner == place {
        state.places.insert(name.clone(), owner);
        return Ok(true);
    }
    let message = format!(
        "{}: the source {name:?} is read elsewhere ({owner}) and is passed over here; to read it here from now on: \
         gazetier sync --take-over {name}",
        source.path.display()
    );
    reporter.warn_once(name, &format!("place:{place}"), &message).await?;
    Ok(false)
}

/// Takes over what a version before sources had names wrote down of their files.
async fn adopt(
    context: SyncContext<'_>,
    state: &mut SourceState,
    places: &HashMap<String, String>,
) -> Result<(), Error> {
    if state.old_files.is_empty() {
        return Ok(());
    }
    for source in context.config.sources.iter().filter(|source| places.contains_key(&source.name)) {
        let mut files = Vec::new();
        for old in &state.old_files {
            let path = Path::new(&old.path);
            let Ok(inside) = path.strip_prefix(&source.path) else { continue };
            let file = SourceFile {
                source: source.name.clone(),
                path: inside.to_string_lossy().into_owned(),
                column_key: old.column_key.clone(),
                content: String::new(),
                seen: String::new(),
                due_at: None,
                refused: None,
            };
            files.push((old.path.clone(), file));
        }
        context.store.adopt_files(markdown::SOURCE, &files).await?;
    }
    let list = context.config.subscribers_file.as_ref().map(|path| path.display().to_string());
    let lists: Vec<String> =
        state.old_files.iter().map(|old| old.path.clone()).filter(|p| Some(p) == list.as_ref()).collect();
    context.store.forget_old_files(&lists).await?;
    *state = context.store.source_state().await?;
    Ok(())
}

/// Tells of sources that are gone and still have columns; forgets those that have none.
pub(super) async fn tell_gone(
    context: SyncContext<'_>,
    gone_sources: &[String],
    reporter: &mut SyncReporter<'_>,
) -> Result<(), Error> {
    for name in gone_sources.iter().filter(|name| *name != SUBSCRIBERS) {
        let left = context.store.traces_of(name).await?;
        let standing = left.iter().filter(|trace| trace.withdrawn_at.is_none()).count();
        if left.is_empty() {
            context.store.forget_source(name).await?;
        } else if standing > 0 {
            let message = format!(
                "the configuration names the source {name:?} no more: its {standing} columns stay as they are; \
                 to withdraw them: gazetier columns withdraw --source {name}"
            );
            reporter.warn_once(name, "gone", &message).await?;
        }
    }
    Ok(())
}
