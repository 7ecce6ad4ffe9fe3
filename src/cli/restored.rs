//! A store that is older than what was sent with it: a backup that was put back, or a copy of gazetier.db without
//! the gazetier.db-wal beside it. What it does not know it would send again. So each edition that goes out leaves
//! a trace beside the store, in the feeds' folder and in an outbox, and an edition of which there is a trace that
//! the store does not know is held.

use super::session::Session;
use crate::{
    config::Relays,
    edition::{
        editors::{self, EditorNotice},
        restored,
    },
    model::{Edition, EditionKey, Instant, Note, NoteKind, Period},
    publish::{FolderOwner, SentEdition},
    send::file_relay as letters,
};

/// What became of an edition by what stands beside the store.
#[derive(Debug)]
struct UnknownEdition {
    /// Where its trace is.
    place: String,
    /// What it is called there.
    period: Period,
    /// Its cutoff, if the trace tells it.
    cutoff: Option<Instant>,
}

impl UnknownEdition {
    fn words(&self) -> String {
        format!(
            "the store is older than what was sent with it: by {}, {} went out already, and the store does not know it. \
             Is it a backup that was put back, or a copy of gazetier.db without the gazetier.db-wal beside it?",
            self.place, self.period
        )
    }
}

/// Holds the edition that is due, if it went out already: it becomes one that keeps its columns and has no letters.
/// Gives what is to be told.
pub(super) async fn hold_due(session: &Session) -> anyhow::Result<Option<String>> {
    let (config, store) = (&session.config, &session.store);
    if let Some(words) = hold_special(session).await? {
        return Ok(Some(words));
    }
    if !restored::is_due(config, store, session.now()).await? {
        return Ok(None);
    }
    let Some(unknown) = find_unknown(session).await? else { return Ok(None) };
    let words = unknown.words();
    let kept = restored::hold_already_sent(config, store, session.now(), unknown.cutoff, &words).await?;
    let Some((key, period)) = kept else { return Ok(None) };
    editors::notify(config, store, session.at, &key, &period, &EditorNotice::Restored(words.clone())).await?;
    Ok(Some(format!(
        "{period} is held, and so are the columns until its hour: {words} If it did not go out, let it go with \
         `gazetier digest send {period}`; if it did, nothing more is to be done"
    )))
}

/// Holds a special edition whose hour has come and that went out already, once.
async fn hold_special(session: &Session) -> anyhow::Result<Option<String>> {
    let (config, store) = (&session.config, &session.store);
    for plan in store.special_plans(session.newsletter()).await? {
        let key = EditionKey { newsletter: session.newsletter().clone(), cutoff: plan.cutoff };
        if plan.cutoff > session.at {
            continue;
        }
        let mut place = FolderOwner::path(&config.feeds.path);
        let mut went_out = traces(session)?.iter().any(|trace| trace.is(&key));
        if let (false, Relays::Folder(folder)) = (went_out, &config.relays) {
            went_out = letters::periods(folder).contains(&plan.period);
            place.clone_from(folder);
        }
        if !went_out {
            continue;
        }
        let period = plan.period;
        let unknown = UnknownEdition { place: place.display().to_string(), period: period.clone(), cutoff: None };
        let words = unknown.words();
        let notice = EditorNotice::Restored(words.clone());
        // Somebody may have let it go since.
        if store.desk(&key).await?.told(&notice.key()) {
            continue;
        }
        let (who, at) = (editors::AUTOMATIC_ACTOR.to_owned(), session.at);
        let note = Note { kind: NoteKind::Held, subject: String::new(), who, words: words.clone(), at };
        store.hold(&key, &note).await?;
        editors::notify(config, store, at, &key, &period, &notice).await?;
        return Ok(Some(format!(
            "{period} is held: {words} If it did not go out, let it go with `gazetier digest send {period}`; if it did, \
             take it back with `gazetier digest special drop {period}`"
        )));
    }
    Ok(None)
}

/// Holds an edition of which letters are to be sent, once, if more of them were sent already than the
/// store knows.
pub(super) async fn hold_open(session: &Session, edition: &Edition) -> anyhow::Result<Option<String>> {
    let (config, store) = (&session.config, &session.store);
    let traces = traces(session)?;
    let Some(trace) = traces.iter().find(|trace| trace.is(&edition.key())) else { return Ok(None) };
    let out = letters_out(session, edition).await?;
    if trace.out() <= out {
        return Ok(None);
    }
    let (key, period) = (edition.key(), &edition.period);
    let words = format!(
        "the store is older than what was sent with it: by {}, {} letters of {period} are out, and the store knows of \
         {out}. Is it a backup that was put back, or a copy of gazetier.db without the gazetier.db-wal beside it?",
        FolderOwner::path(&config.feeds.path).display(),
        trace.out()
    );
    let notice = EditorNotice::Restored(words.clone());
    // Somebody has let it go since.
    if store.desk(&key).await?.told(&notice.key()) || !store.hold_edition(edition.id, &words).await? {
        return Ok(None);
    }
    editors::notify(config, store, session.at, &key, period, &notice).await?;
    Ok(Some(format!(
        "{period} is held: {words} Put back the store that sent them; or send the letters that this one has not sent, \
         some of them for the second time, with `gazetier digest send {period}`"
    )))
}

/// Leaves a trace of how an edition stands, instead of what was there of it. `before` is what it was known by, if
/// that has changed. What goes wrong is told and stops nothing.
pub(super) async fn leave_trace(
    session: &Session,
    edition: &Edition,
    before: Option<&EditionKey>,
) -> anyhow::Result<Option<String>> {
    let Some(magazine) = session.store.magazine() else { return Ok(None) };
    let trace = SentEdition::new(&edition.key(), &edition.period, letters_out(session, edition).await?);
    let noted = FolderOwner::note(&session.config.feeds.path, magazine, &trace, before);
    Ok(noted.err().map(|error| {
        format!(
            "{}: that it goes out could not be written down beside the feeds, where a store that is put back would be \
             found out: {error}",
            edition.period
        )
    }))
}

/// What somebody should see to, if the store is older than what was sent with it.
pub(super) async fn notice(session: &Session) -> anyhow::Result<Option<String>> {
    Ok(find_unknown(session).await?.map(|unknown| {
        format!("{} Nothing of it is sent again by itself: its columns are held at the next run", unknown.words())
    }))
}

/// Letters that relays took, also what came back since. Those that were refused go back into the queue by an editor's word.
async fn letters_out(session: &Session, edition: &Edition) -> anyhow::Result<i64> {
    let store = &session.store;
    Ok(store.tally(edition.id).await?.sent + store.returned_letters(edition.id).await?)
}

fn traces(session: &Session) -> anyhow::Result<Vec<SentEdition>> {
    let Some(magazine) = session.store.magazine() else { return Ok(Vec::new()) };
    Ok(FolderOwner::editions(&session.config.feeds.path, magazine)?)
}

/// The newest edition that went out by what stands beside the store, and that the store does not know though it
/// would have come after all that it knows.
async fn find_unknown(session: &Session) -> anyhow::Result<Option<UnknownEdition>> {
    let (config, store, newsletter) = (&session.config, &session.store, session.newsletter());
    let horizon = session.now().horizon();
    let last = store.last_edition(newsletter, horizon).await?.map(|last| last.cutoff);
    let closed = last.max(store.last_quiet(newsletter, horizon).await?);
    let plans = store.special_plans(newsletter).await?;
    for trace in traces(session)?.into_iter().rev().filter(|trace| trace.is_of(newsletter.as_str())) {
        let Some(cutoff) = trace.cutoff().filter(|cutoff| Some(*cutoff) > closed && *cutoff <= horizon) else {
            continue;
        };
        // A special one does not close the hours before it, and one that is still planned is held by itself.
        let is_known = store.edition_at(&EditionKey { newsletter: newsletter.clone(), cutoff }).await?.is_some();
        if is_known || plans.iter().any(|plan| plan.cutoff == cutoff) {
            continue;
        }
        let place = FolderOwner::path(&config.feeds.path).display().to_string();
        return Ok(Some(UnknownEdition { place, period: trace.period(), cutoff: Some(cutoff) }));
    }
    let Relays::Folder(folder) = &config.relays else { return Ok(None) };
    let weeks = restored::due_weeks(config, store, session.now()).await?;
    if weeks.is_empty() {
        return Ok(None);
    }
    for period in letters::periods(folder) {
        let is_due = weeks.iter().any(|week| period.is_in(week));
        if is_due && store.edition_of(newsletter, &period).await?.is_none() {
            return Ok(Some(UnknownEdition { place: folder.display().to_string(), period, cutoff: None }));
        }
    }
    Ok(None)
}
