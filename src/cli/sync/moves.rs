//! Which columns have only moved: those whose file or source is gone, beside those that are new.

use std::collections::{HashMap, HashSet};

use super::{Synced, scan::Scanned};
use crate::{
    cli::session::Session,
    import::{
        listing, markdown,
        moved::{self, GoneColumn, Moves, NewColumn},
    },
    model::text,
    store::{ColumnTrace, SourceFile},
};

/// A column that may be found again.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) trace: ColumnTrace,
    /// The file that it had.
    pub(super) file: Option<SourceFile>,
    of_gone_source: bool,
}

/// Where a new column was until now, by its source and its name.
pub(super) type Found = HashMap<(String, String), Candidate>;

/// Of which place in a scan a new column is.
type Place = (usize, usize);

/// Finds the columns that moved. `gone_sources` are those that the configuration names no more.
pub(super) async fn find(
    session: &Session,
    scans: &[Scanned<'_>],
    known: &HashMap<String, HashMap<String, SourceFile>>,
    gone_sources: &[String],
    synced: &mut Synced,
) -> anyhow::Result<Found> {
    let places = new_columns(scans, known);
    if places.is_empty() {
        return Ok(Found::new());
    }
    let mut candidates = candidates(session, scans, known, gone_sources).await?;
    if candidates.is_empty() {
        return Ok(Found::new());
    }
    let news: Vec<NewColumn> = places.iter().filter_map(|place| new_column(scans, *place)).collect();
    let mut gone: Vec<GoneColumn> = candidates.iter().map(gone_column).collect();
    let mut moves = moved::same(&gone, &news);
    if moves.same.len() < news.len() {
        read_texts(session, &candidates, &mut gone, &moves).await?;
        moves = moved::alike(&gone, &news, moves);
    }
    let shown = |place: &Place| scans[place.0].read[place.1].shown.clone();
    for (gone, new, other) in &moves.guessed {
        synced.warn(format!(
            "{}: it may be {:?} or {:?} of {}, whose files are gone: taken for the first",
            shown(&places[*new]),
            candidates[*gone].trace.key,
            candidates[*other].trace.key,
            candidates[*gone].trace.source,
        ));
    }
    for (gone, new) in &moves.alike {
        synced.warn(format!(
            "{}: it is much like {:?}, which is gone, and of another date: taken for a new column; if it is the same, \
             write `id: {}` into it",
            shown(&places[*new]),
            candidates[*gone].trace.key,
            candidates[*gone].trace.key,
        ));
    }
    let mut taken: Vec<(usize, usize)> = moves.same;
    // From the end, so that the places of the others stay.
    taken.sort_by_key(|(gone, _)| std::cmp::Reverse(*gone));
    let mut found = Found::new();
    for (gone, new) in taken {
        let place = places[new];
        let Some((draft, _)) = &scans[place.0].read[place.1].column else { continue };
        found.insert((draft.source.clone(), draft.key.clone()), candidates.remove(gone));
    }
    Ok(found)
}

/// Columns of files that no column is known of.
fn new_columns(scans: &[Scanned<'_>], known: &HashMap<String, HashMap<String, SourceFile>>) -> Vec<Place> {
    let mut places = Vec::new();
    for (index, scanned) in scans.iter().enumerate() {
        let files = known.get(&scanned.source.name);
        let keys: HashSet<&str> =
            files.into_iter().flatten().filter_map(|(_, file)| file.column_key.as_deref()).collect();
        for (at, read) in scanned.read.iter().enumerate() {
            if read.column.as_ref().is_some_and(|(draft, _)| !keys.contains(&*draft.key)) {
                places.push((index, at));
            }
        }
    }
    places
}

fn new_column(scans: &[Scanned<'_>], place: Place) -> Option<NewColumn> {
    let (draft, facts) = scans[place.0].read[place.1].column.as_ref()?;
    Some(NewColumn {
        key: draft.key.clone(),
        given_id: facts.given_id,
        given_guid: facts.given_guid.then(|| draft.guid.clone()),
        content: draft.content(),
        title: draft.title.clone(),
        published: draft.published.timestamp_millis(),
        text: said(&draft.standfirst, &draft.body),
    })
}

fn said(standfirst: &str, body: &str) -> String {
    format!("{standfirst} {}", text::of_html(body))
}

/// Columns that may be found again: whose file is gone, whose source is gone, who left the feeds, or
/// who came by hand. Each is there once.
async fn candidates(
    session: &Session,
    scans: &[Scanned<'_>],
    known: &HashMap<String, HashMap<String, SourceFile>>,
    gone_sources: &[String],
) -> anyhow::Result<Vec<Candidate>> {
    let mut files: HashMap<(String, String), Option<SourceFile>> = HashMap::new();
    let mut names = Vec::new();
    for scanned in scans {
        let of_gone = scanned.gone.iter().filter_map(|file| Some((file.column_key.clone()?, Some(file.clone()))));
        let left = scanned.read.iter().filter_map(|read| Some((read.left_key()?.to_owned(), None)));
        for (key, file) in of_gone.chain(left).filter(|(key, _)| !scanned.has(key)) {
            let name = (scanned.source.name.clone(), key);
            names.push(name.clone());
            files.insert(name, file);
        }
    }
    // Who has a file that is there, or is just coming, is not to be found anywhere else.
    let at_home: HashSet<(&str, &str)> = scans
        .iter()
        .flat_map(|scanned| scanned.read.iter().filter_map(|read| read.column.as_ref()))
        .map(|(draft, _)| (draft.source.as_str(), draft.key.as_str()))
        .chain(known.values().flatten().filter_map(|(_, file)| Some((&*file.source, file.column_key.as_deref()?))))
        .collect();
    let mut traces = session.store.traces(&names).await?;
    for source in gone_sources.iter().map(String::as_str).chain([markdown::SOURCE]) {
        traces.extend(session.store.traces_of(source).await?);
    }
    let configured: HashSet<&str> = session.config.sources.iter().map(|source| source.name.as_str()).collect();
    let withdrawn = session.store.withdrawn_traces().await?;
    traces.extend(withdrawn.into_iter().filter(|trace| configured.contains(&*trace.source)));
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for trace in traces {
        let name = (trace.source.clone(), trace.key.clone());
        let file = files.get(&name).cloned();
        let of_gone_source = gone_sources.contains(&trace.source);
        let is_home = file.is_none() && !of_gone_source && at_home.contains(&(&*trace.source, &*trace.key));
        if trace.source == listing::SOURCE || is_home || !seen.insert(name) {
            continue;
        }
        found.push(Candidate { trace, file: file.flatten(), of_gone_source });
    }
    Ok(found)
}

fn gone_column(candidate: &Candidate) -> GoneColumn {
    let trace = &candidate.trace;
    GoneColumn {
        key: trace.key.clone(),
        guid: trace.guid.clone(),
        content: trace.content.clone(),
        title: trace.title.clone(),
        published: trace.published_at,
        of_gone_source: candidate.of_gone_source || trace.source == markdown::SOURCE,
        withdrawn: trace.withdrawn_at.is_some(),
        text: None,
    }
}

/// Reads the words of those that are not found yet.
async fn read_texts(
    session: &Session,
    candidates: &[Candidate],
    gone: &mut [GoneColumn],
    moves: &Moves,
) -> anyhow::Result<()> {
    let found: HashSet<usize> = moves.same.iter().map(|(gone, _)| *gone).collect();
    for (index, gone) in gone.iter_mut().enumerate() {
        if gone.withdrawn || found.contains(&index) {
            continue;
        }
        let trace = &candidates[index].trace;
        let text = session.store.column_text(&trace.source, &trace.key).await?;
        gone.text = text.map(|(standfirst, body)| said(&standfirst, &body));
    }
    Ok(())
}
