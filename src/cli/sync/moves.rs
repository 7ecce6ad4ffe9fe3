//! Which columns have only moved: those whose file or source is gone, beside those that are new.

use std::collections::{HashMap, HashSet};

use super::{
    Synced,
    scan::{ReadFile, Scanned},
    spool::{Spool, Waiting},
};
use anyhow::Context;

use crate::{
    cli::session::Session,
    ingest::{
        listing, markdown,
        moved::{self, GoneColumn, Moves, NewColumn, PairSimilarity},
        similarity::TokenCounts,
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

/// Where a column was until now, if it has moved.
pub(super) fn before<'a>(found: &'a Found, source: &str, key: &str) -> Option<&'a Candidate> {
    // Nearly always there is none.
    if found.is_empty() { None } else { found.get(&(source.to_owned(), key.to_owned())) }
}

/// Finds the columns that moved. `gone_sources` are those that the configuration names no more.
pub(super) async fn find(
    session: &Session,
    scans: &[Scanned<'_>],
    spool: &Spool,
    known: &HashMap<String, HashMap<String, SourceFile>>,
    gone_sources: &[String],
    synced: &mut Synced,
) -> anyhow::Result<Found> {
    let files = new_columns(scans, known);
    if files.is_empty() {
        return Ok(Found::new());
    }
    let mut candidates = candidates(session, scans, known, gone_sources).await?;
    if candidates.is_empty() {
        return Ok(Found::new());
    }
    let news = files.iter().map(|read| new_column(read, spool)).collect::<anyhow::Result<Vec<NewColumn>>>()?;
    let mut gone: Vec<GoneColumn> = candidates.iter().map(gone_column).collect();
    let mut moves = moved::same(&gone, &news);
    if moves.same.len() < news.len() {
        read_texts(session, &candidates, &mut gone, &moves).await?;
        let near = moved::near(&gone, &news, &moves);
        let near = compare(session, near, &candidates, &files, spool).await?;
        moves = moved::alike(&gone, &news, moves, &near);
    }
    for (gone, new, other) in &moves.guessed {
        synced.warn(format!(
            "{}: it may be {:?} or {:?} of {}, whose files are gone: taken for the first",
            files[*new].shown(),
            candidates[*gone].trace.key,
            candidates[*other].trace.key,
            candidates[*gone].trace.source,
        ));
    }
    for (gone, new) in &moves.alike {
        synced.warn(format!(
            "{}: it is much like {:?}, which is gone, and of another date: taken for a new column; if it is the same, \
             write `id: {}` into it",
            files[*new].shown(),
            candidates[*gone].trace.key,
            candidates[*gone].trace.key,
        ));
    }
    let mut taken: Vec<(usize, usize)> = moves.same;
    // From the end, so that the places of the others stay.
    taken.sort_by_key(|(gone, _)| std::cmp::Reverse(*gone));
    let mut found = Found::new();
    for (gone, new) in taken {
        found.insert((files[new].source.name.clone(), news[new].key.clone()), candidates.remove(gone));
    }
    Ok(found)
}

/// Files with a column that none is known of.
fn new_columns<'a>(
    scans: &'a [Scanned<'_>],
    known: &HashMap<String, HashMap<String, SourceFile>>,
) -> Vec<&'a ReadFile<'a>> {
    let mut new = Vec::new();
    for scanned in scans {
        let files = known.get(&scanned.source.name);
        let keys: HashSet<&str> =
            files.into_iter().flatten().filter_map(|(_, file)| file.column_key.as_deref()).collect();
        let is_new = |read: &&ReadFile<'_>| read.taken().is_some_and(|(key, _)| !keys.contains(key));
        new.extend(scanned.read.iter().filter(is_new));
    }
    new
}

/// A column of which nothing is kept in memory but what tells it from others.
fn new_column(read: &ReadFile<'_>, spool: &Spool) -> anyhow::Result<NewColumn> {
    let (facts, Waiting { draft, content, .. }) = wait(read, spool)?;
    Ok(NewColumn {
        given_id: facts.given_id,
        given_guid: facts.given_guid.then_some(draft.guid),
        content,
        published: draft.published.timestamp_millis(),
        digest: moved::text_digest(&draft.title, &said(&draft.standfirst, &draft.body)),
        key: draft.key,
        title: draft.title,
    })
}

/// All of a column that was read.
fn wait(read: &ReadFile<'_>, spool: &Spool) -> anyhow::Result<(markdown::GivenFields, Waiting)> {
    let column = read.column.as_ref().with_context(|| format!("{}: it holds no column", read.shown()))?;
    let waiting = spool.get(column.spooled, &read.source.name).context("cannot read what waits to be entered")?;
    Ok((column.facts, waiting))
}

fn said(standfirst: &str, body: &str) -> String {
    format!("{standfirst} {}", text::of_html(body))
}

/// How alike the words of each pair are, of a column that is gone and a new one.
async fn compare(
    session: &Session,
    mut near: Vec<(usize, usize)>,
    candidates: &[Candidate],
    files: &[&ReadFile<'_>],
    spool: &Spool,
) -> anyhow::Result<Vec<PairSimilarity>> {
    // Of those that are gone, one is in memory at a time.
    near.sort_unstable();
    let mut pieces: Option<(usize, TokenCounts)> = None;
    let mut compared = Vec::with_capacity(near.len());
    for (gone, new) in near {
        if pieces.as_ref().is_none_or(|(read, _)| *read != gone) {
            let trace = &candidates[gone].trace;
            let text = session.store.column_text(&trace.source, &trace.key).await?;
            pieces = text.map(|(standfirst, body)| (gone, TokenCounts::of(&said(&standfirst, &body))));
        }
        let Some((_, theirs)) = &pieces else { continue };
        let (_, Waiting { draft, .. }) = wait(files[new], spool)?;
        let own = TokenCounts::of(&said(&draft.standfirst, &draft.body));
        compared.push(PairSimilarity { gone, new, similarity: own.similarity(theirs), tokens: own.count() });
    }
    Ok(compared)
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
        .flat_map(|scanned| scanned.read.iter().filter_map(|read| Some((read.source.name.as_str(), read.taken()?.0))))
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
        digest: None,
    }
}

/// Reads the words of those that are not found yet, and keeps what tells them from others.
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
        gone.digest = text.map(|(standfirst, body)| moved::text_digest(&gone.title, &said(&standfirst, &body)));
    }
    Ok(())
}
