//! An edition that editors put off to a later hour of its day. What it holds is what it would have had at its own hour; only
//! its letters are drawn up later. It can be put back, and off again, until they are.

use chrono::{Duration, NaiveTime};

use super::{Error, decide::DecisionRefusal, next};
use crate::{
    config::Config,
    model::{Instant, Note, NoteKind, Now, Period},
    store::{Noted, Store},
};

/// Puts the edition to come off to an hour of its day, or back to its own; gives its period.
pub async fn put_off(
    config: &Config,
    store: &Store,
    now: Now,
    who: &str,
    period: &Period,
    hour: Option<NaiveTime>,
) -> Result<Result<Period, DecisionRefusal>, Error> {
    let coming = next::coming(config, store, now, Some(period)).await?;
    let slot = &coming.draft.slot;
    // A special edition has the hour that it was planned for: it is planned anew.
    if *period != slot.period || slot.planned.is_some() {
        return Ok(Err(match store.edition_of(&config.digest.newsletter, period).await? {
            Some(edition) => DecisionRefusal::Stands(period.clone(), edition.state.as_str()),
            None => DecisionRefusal::NoSuchEdition(period.clone()),
        }));
    }
    let wanted = match hour {
        None => slot.cutoff,
        Some(hour) => {
            let zone = &config.magazine.zone;
            let wanted = zone.instant(zone.local(slot.cutoff).date_naive().and_time(hour));
            let latest = config.digest.schedule.next(slot.cutoff, zone) - Duration::minutes(1);
            if wanted < slot.cutoff || wanted > latest || wanted <= now.at {
                return Ok(Err(DecisionRefusal::Hour(period.clone())));
            }
            wanted
        }
    };
    if wanted == coming.hour() {
        return Ok(Ok(period.clone()));
    }
    let subject = if wanted == slot.cutoff { String::new() } else { wanted.timestamp_millis().to_string() };
    let note = Note { kind: NoteKind::PutOff, subject, who: who.to_owned(), words: String::new(), at: now.at };
    Ok(match store.put_off_edition(&slot.key(), &note).await? {
        Noted::TooLate(state) => Err(DecisionRefusal::Stands(period.clone(), state.as_str())),
        _ => Ok(period.clone()),
    })
}

/// To which hour a note puts an edition off; nothing if it puts it back, or says something else.
pub fn hour_of(note: &Note) -> Option<Instant> {
    let hour = (note.kind == NoteKind::PutOff).then(|| note.subject.parse().ok()).flatten();
    hour.and_then(Instant::from_timestamp_millis)
}
