//! Which columns have only moved: those whose file or source is gone, beside those that are new.

use std::collections::{HashMap, HashSet};

use super::{
    Error, SyncContext,
    reporter::SyncReporter,
    scan::{ReadFile, SourceScan},
    spool::{Spool, StampedDraft},
};
use crate::{
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
pub(super) struct MoveCandidate {
    pub(super) trace: ColumnTrace,
    /// The file that it had.
    pub(super) file: Option<SourceFile>,
    of_gone_source: bool,
}

/// Where a new column was until now, by its source and its name.
pub(super) type MovedColumns = HashMap<(String, String), MoveCandidate>;

/// Where a column was until now, if it has moved.
pub(super) fn before<'a>(found: &'a MovedColumns, source: &str, key: &str) -> Option<&'a MoveCandidate> {
    // Nearly always there is none.
    if found.is_empty() { None } else { found.get(&(source.to_owned(), key.to_owned())) }
}

/// Finds the columns that moved. `gone_sources` are those that the configuration names no more.
pub(super) async fn find(
    context: SyncContext<'_>,
    scans: &[SourceScan<'_>],
    spool: &Spool,
    known: &HashMap<String, HashMap<String, SourceFile>>,
    gone_sources: &[String],
    reporter: &mut SyncReporter<'_>,
) -> Result<MovedColumns, Error> {
    let files = new_columns(scans, known);
    if files.is_empty() {
        return Ok(MovedColumns::new());
    }
    let mut candidates = candidates(context, scans, known, gone_sources).await?;
    if candidates.is_empty() {
        return Ok(MovedColumns::new());
    }
    let news = files.iter().map(|read| new_column(read, spool)).collect::<Result<Vec<NewColumn>, Error>>()?;
    let mut gone: Vec<GoneColumn> = candidates.iter().map(gone_column).collect();
    let mut moves = moved::same(&gone, &news);
    if moves.same.len() < news.len() {
        read_texts(context, &candidates, &mut gone, &moves).await?;
        let near = moved::near(&gone, &news, &moves);
        let near = compare(context, near, &candidates, &files, spool).await?;
        moves = moved::alike(&gone, &news, moves, &near);
    }
    for (gone, new, other) in &moves.guessed {
        reporter.warn(format!(
            "{}: it may be {:?} or {:?} of {}, whose files are gone: taken for the first",
            files[*new].shown(),
            candidates[*gone].trace.key,
            candidates[*other].trace.key,
            candidates[*gone].trace.source,
        ));
    }
    for (gone, new) in &moves.alike {
        reporter.warn(format!(
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
    let mut found = MovedColumns::new();
    for (gone, new) in taken {
        found.insert((files[new].source.name.clone(), news[new].key.clone()), candidates.remove(gone));
    }
    Ok(found)
}

/// Files with a column that none is known of.
fn new_columns<'a>(
    scans: &'a [SourceScan<'_>],
    known: &HashMap<String, HashMap<String, SourceFile>>,
) -> Vec<&'a ReadFile<'a>> {
    let mut new = Vec::new();
    for scan in scans {
        let files = known.get(&scan.source.name);
        let keys: HashSet<&str> =
            files.into_iter().flatten().filter_map(|(_, file)| file.column_key.as_deref()).collect();
        let is_new = |read: &&ReadFile<'_>| read.taken().is_some_and(|(key, _)| !keys.contains(key));
        new.extend(scan.read.iter().filter(is_new));
    }
    new
}

/// A column of which nothing is kept in memory but what tells it from others.
fn new_column(read: &ReadFile<'_>, spool: &Spool) -> Result<NewColumn, Error> {
    let (facts, StampedDraft { draft, content, .. }) = unspool(read, spool)?;
    Ok(NewColumn {
        given_id: facts.given_id,
        given_guid: facts.given_guid.then_some(draft.guid),
        content,
        published: draft.published.timestamp_millis(),
        digest: moved::text_digest(&draft.title, &words(&draft.standfirst, &draft.body)),
        key: draft.key,
        title: draft.title,
    })
}

/// All of a column that was read.
fn unspool(read: &ReadFile<'_>, spool: &Spool) -> Result<(markdown::GivenFields, StampedDraft), Error> {
    let column = read.column.as_ref().ok_or_else(|| Error::NoColumn { file: read.shown() })?;
    let stamped = spool.get(column.position, &read.source.name).map_err(Error::Unspool)?;
    Ok((column.facts, stamped))
}

fn words(standfirst: &str, body: &str) -> String {
    format!("{standfirst} {}", text::of_html(body))
}

/// How alike the words of each pair are, of a column that is gone and a new one.
async fn compare(
    context: SyncContext<'_>,
    mut near: Vec<(usize, usize)>,
    candidates: &[MoveCandidate],
    files: &[&ReadFile<'_>],
    spool: &Spool,
) -> Result<Vec<PairSimilarity>, Error> {
    // Of those that are gone, one is in memory at a time.
    near.sort_unstable();
    let mut tokens: Option<(usize, TokenCounts)> = None;
    let mut compared = Vec::with_capacity(near.len());
    for (gone, new) in near {
        if tokens.as_ref().is_none_or(|(read, _)| *read != gone) {
            let trace = &candidates[gone].trace;
            let text = context.store.column_text(&trace.source, &trace.key).await?;
            tokens = text.map(|(standfirst, body)| (gone, TokenCounts::of(&words(&standfirst, &body))));
        }
        let Some((_, theirs)) = &tokens else { continue };
        let (_, StampedDraft { draft, .. }) = unspool(files[new], spool)?;
        let own = TokenCounts::of(&words(&draft.standfirst, &draft.body));
        compared.push(PairSimilarity { gone, new, similarity: own.similarity(theirs), tokens: own.count() });
    }
    Ok(compared)
}

/// Columns that may be found again: whose file is gone, whose source is gone, who left the feeds, or
/// who came by hand. Each is there once.
async fn candidates(
    context: SyncContext<'_>,
    scans: &[SourceScan<'_>],
    known: &HashMap<String, HashMap<String, SourceFile>>,
    gone_sources: &[String],
) -> Result<Vec<MoveCandidate>, Error> {
    let mut files: HashMap<(String, String), Option<SourceFile>> = HashMap::new();
    let mut names = Vec::new();
    for scan in scans {
        let of_gone = scan.gone.iter().filter_map(|file| Some((file.column_key.clone()?, Some(file.clone()))));
        let left = scan.read.iter().filter_map(|read| Some((read.left_key()?.to_owned(), None)));
        for (key, file) in of_gone.chain(left).filter(|(key, _)| !scan.has(key)) {
            let name = (scan.source.name.clone(), key);
            names.push(name.clone());
            files.insert(name, file);
        }
    }
    // Who has a file that is there, or is just coming, is not to be found anywhere else.
    let present: HashSet<(&str, &str)> = scans
        .iter()
        .flat_map(|scan| scan.read.iter().filter_map(|read| Some((read.source.name.as_str(), read.taken()?.0))))
        .chain(known.values().flatten().filter_map(|(_, file)| Some((&*file.source, file.column_key.as_deref()?))))
        .collect();
    let mut traces = context.store.traces(&names).await?;
    for source in gone_sources.iter().map(String::as_str).chain([markdown::SOURCE]) {
        traces.extend(context.store.traces_of(source).await?);
    }
    let configured: HashSet<&str> = context.config.sources.iter().map(|source| source.name.as_str()).collect();
    let withdrawn = context.store.withdrawn_traces().await?;
    traces.extend(withdrawn.into_iter().filter(|trace| configured.contains(&*trace.source)));
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for trace in traces {
        let name = (trace.source.clone(), trace.key.clone());
        let file = files.get(&name).cloned();
        let of_gone_source = gone_sources.contains(&trace.source);
        let is_present = file.is_none() && !of_gone_source && present.contains(&(&*trace.source, &*trace.key));
        if trace.source == listing::SOURCE || is_present || !seen.insert(name) {
            continue;
        }
        found.push(MoveCandidate { trace, file: file.flatten(), of_gone_source });
    }
    Ok(found)
}

fn gone_column(candidate: &MoveCandidate) -> GoneColumn {
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
    context: SyncContext<'_>,
    candidates: &[MoveCandidate],
    gone: &mut [GoneColumn],
    moves: &Moves,
) -> Result<(), Error> {
    let found: HashSet<usize> = moves.same.iter().map(|(gone, _)| *gone).collect();
    for (index, gone) in gone.iter_mut().enumerate() {
        if gone.withdrawn || found.contains(&index) {
            continue;
        }
        let trace = &candidates[index].trace;
        let text = context.store.column_text(&trace.source, &trace.key).await?;
        gone.digest = text.map(|(standfirst, body)| moved::text_digest(&gone.title, &words(&standfirst, &body)));
    }
    Ok(())
}
