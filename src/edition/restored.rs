//! What becomes of an edition that went out by all signs, and that the store does not know: it is an older copy
//! of the store. The edition is kept as one that is held, with its columns and without letters, so that none of
//! these is sent again by itself.

use std::collections::BTreeSet;

use super::{
    Error, audiences, next,
    render::render,
    slot::{self, EditionSlot},
};
use crate::{
    config::Config,
    model::{Choice, EditionKey, Instant, Now, Period},
    store::{Reserve, Store},
};

/// Whether the hour of an edition has come that is not drawn up.
pub async fn is_due(config: &Config, store: &Store, now: Now) -> Result<bool, Error> {
    let newsletter = &config.digest.newsletter;
    let last = store.last_edition(newsletter, now.horizon()).await?.map(|last| last.cutoff);
    let closed = last.max(store.last_quiet(newsletter, now.horizon()).await?);
    Ok(slot::due_cutoff(config, now.at, closed).is_some())
}

/// The weeks of which an edition would be drawn up now: all since the last one.
pub async fn due_weeks(config: &Config, store: &Store, now: Now) -> Result<BTreeSet<Period>, Error> {
    let zone = &config.magazine.zone;
    let past = next::past_editions(config, store, now).await?;
    let Some(due) = slot::due(config, now.at, &past) else { return Ok(BTreeSet::new()) };
    let hours = std::iter::successors(Some(due.cutoff), |hour| Some(config.digest.schedule.previous(*hour, zone)));
    Ok(hours.take_while(|hour| *hour > due.since).map(|hour| config.digest.period(hour, zone)).collect())
}

/// Keeps the columns up to an hour as an edition that is held; without an hour, up to that of the edition that is
/// due. Where there is no column, the hour counts as one at which nothing was new. Gives which edition that is, and
/// nothing if there is none, or another one of the kind already.
pub async fn hold_already_sent(
    config: &Config,
    store: &Store,
    now: Now,
    cutoff: Option<Instant>,
    reason: &str,
) -> Result<Option<(EditionKey, Period)>, Error> {
    let past = next::past_editions(config, store, now).await?;
    let due = match cutoff {
        Some(cutoff) => slot::held_over(config, cutoff, &past),
        None => match slot::due(config, now.at, &past) {
            Some(due) => due,
            None => return Ok(None),
        },
    };
    let draft = next::assemble(config, store, due, true, &past).await?.draft;
    let (key, EditionSlot { period, number, since, .. }) = (draft.slot.key(), &draft.slot);
    if draft.columns.is_empty() {
        store.close_quiet(&key).await?;
        return Ok(Some((key, period.clone())));
    }
    let subject = render(config, &draft, &Choice::all())?.map(|rendered| rendered.subject).unwrap_or_default();
    let reserve = Reserve {
        key: key.clone(),
        period: period.clone(),
        number: *number,
        since: *since,
        subject,
        columns: draft.columns.iter().map(|column| column.id).collect(),
        rhythms: audiences::due_rhythms(config, store, &draft).await?,
        reason: reason.to_owned(),
        at: now.at,
    };
    Ok(store.reserve(&reserve).await?.then(|| (key, period.clone())))
}
