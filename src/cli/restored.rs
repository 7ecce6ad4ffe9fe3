//! A store that is older than what was sent with it: a backup that was put back, or a copy of gazetier.db without
//! the gazetier.db-wal beside it. What it does not know it would send again. So each edition that goes out leaves
//! a trace beside the store, in the feeds' folder and in an outbox, and an edition of which there is a trace that
//! the store does not know is held.

use super::session::Session;
use crate::{
    config::Relays,
    edition::{
        editors::{self, Notice},
        restored,
    },
    model::{Edition, EditionKey, Instant, Period, Tally},
    publish::{Owner, Trace},
    send::file_relay as letters,
};

/// What became of an edition by what stands beside the store.
#[derive(Debug)]
struct Unknown {
    /// Where its trace is.
    place: String,
    /// What it is called there.
    period: Period,
    /// Its cutoff, if the trace tells it.
    cutoff: Option<Instant>,
}

impl Unknown {
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
pub(super) async fn hold(session: &Session) -> anyhow::Result<Option<String>> {
    let (config, store) = (&session.config, &session.store);
    if !restored::is_due(config, store, session.now()).await? {
        return Ok(None);
    }
    let Some(unknown) = find(session).await? else { return Ok(None) };
    let words = unknown.words();
    let kept = restored::keep(config, store, session.now(), unknown.cutoff, &words).await?;
    let Some((key, period)) = kept else { return Ok(None) };
    editors::tell(config, store, session.at, &key, &period, &Notice::Restored(words.clone())).await?;
    Ok(Some(format!(
        "{period} is held, and so are the columns until its hour: {words} If it did not go out, let it go with \
         `gazetier digest send {period}`; if it did, nothing more is to be done"
    )))
}

/// The same of an edition of which letters are to be sent: held, once, if more of them were sent already than the
/// store knows.
pub(super) async fn hold_open(session: &Session, edition: &Edition) -> anyhow::Result<Option<String>> {
    let (config, store) = (&session.config, &session.store);
    let traces = traces(session)?;
    let Some(trace) = traces.iter().find(|trace| trace.is(&edition.key())) else { return Ok(None) };
    let out = out(&store.tally(edition.id).await?);
    if trace.out() <= out {
        return Ok(None);
    }
    let (key, period) = (edition.key(), &edition.period);
    let words = format!(
        "the store is older than what was sent with it: by {}, {} letters of {period} are out, and the store knows of \
         {out}. Is it a backup that was put back, or a copy of gazetier.db without the gazetier.db-wal beside it?",
        Owner::path(&config.feeds.path).display(),
        trace.out()
    );
    let notice = Notice::Restored(words.clone());
    // Somebody has let it go since.
    if store.desk(&key).await?.told(&notice.key()) || !store.hold_edition(edition.id, &words).await? {
        return Ok(None);
    }
    editors::tell(config, store, session.at, &key, period, &notice).await?;
    Ok(Some(format!(
        "{period} is held: {words} Put back the store that sent them; or send the letters that this one has not sent, \
         some of them for the second time, with `gazetier digest send {period}`"
    )))
}

/// Leaves a trace of how an edition stands, instead of what was there of it. `before` is what it was known by, if
/// that has changed. What goes wrong is told and stops nothing.
pub(super) async fn note(
    session: &Session,
    edition: &Edition,
    before: Option<&EditionKey>,
) -> anyhow::Result<Option<String>> {
    let Some(magazine) = session.store.magazine() else { return Ok(None) };
    let tally = session.store.tally(edition.id).await?;
    let trace = Trace::new(&edition.key(), &edition.period, out(&tally));
    let noted = Owner::note(&session.config.feeds.path, magazine, &trace, before);
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
    Ok(find(session).await?.map(|unknown| {
        format!("{} Nothing of it is sent again by itself: its columns are held at the next run", unknown.words())
    }))
}

/// Letters that somebody has got. Those that were refused go back into the queue by an editor's word.
fn out(tally: &Tally) -> i64 {
    tally.sent
}

fn traces(session: &Session) -> anyhow::Result<Vec<Trace>> {
    let Some(magazine) = session.store.magazine() else { return Ok(Vec::new()) };
    Ok(Owner::editions(&session.config.feeds.path, magazine)?)
}

/// The newest edition that went out by what stands beside the store, and that the store does not know though it
/// would have come after all that it knows.
async fn find(session: &Session) -> anyhow::Result<Option<Unknown>> {
    let (config, store, newsletter) = (&session.config, &session.store, session.newsletter());
    let horizon = session.now().horizon();
    let last = store.last_edition(newsletter, horizon).await?.map(|last| last.cutoff);
    let closed = last.max(store.last_quiet(newsletter, horizon).await?);
    let newest =
        traces(session)?.into_iter().rev().filter(|trace| trace.is_of(newsletter.as_str())).find_map(|trace| {
            let cutoff = trace.cutoff().filter(|cutoff| Some(*cutoff) > closed && *cutoff <= horizon)?;
            Some(Unknown {
                place: Owner::path(&config.feeds.path).display().to_string(),
                period: trace.period(),
                cutoff: Some(cutoff),
            })
        });
    if newest.is_some() {
        return Ok(newest);
    }
    let Relays::Folder(folder) = &config.relays else { return Ok(None) };
    let weeks = restored::weeks_due(config, store, session.now()).await?;
    if weeks.is_empty() {
        return Ok(None);
    }
    for period in letters::periods(folder) {
        let is_due = weeks.iter().any(|week| period.is_in(week));
        if is_due && store.edition_of(newsletter, &period).await?.is_none() {
            return Ok(Some(Unknown { place: folder.display().to_string(), period, cutoff: None }));
        }
    }
    Ok(None)
}
