//! All editions that want something of the editors: one whose hour has come, the one that comes, and those that are held.

use super::{Desk, DeskError, edition::state, moments::hour, pages::OpenEdition};
use crate::{
    edition::{
        next::{self, NextEdition},
        special,
    },
    locales::fill,
    model::EditionState,
};

/// The ways to all editions that want something, if there are several; and whether the one that is shown is the next.
pub(super) async fn editions(desk: &Desk, shown: &NextEdition) -> Result<(Vec<OpenEdition>, bool), DeskError> {
    let (config, store, now) = desk.context();
    let mut open = special::all_coming(config, store, now).await?;
    let next = next::place_of_next(&open).and_then(|place| open.get(place)).map(|next| next.draft.slot.key());
    open.extend(next::edition_after(config, store, now, &open).await?);
    open.sort_by_key(|coming| coming.draft.slot.cutoff);
    let shown = shown.draft.slot.key();
    let mut all = Vec::new();
    for edition in &open {
        let badge = state(desk, edition, &edition.approval_state(config)?);
        let key = edition.draft.slot.key();
        let url = match next == Some(key.clone()) {
            true => desk.root().to_owned(),
            false => format!("{}?edition={}", desk.root(), edition.draft.slot.period),
        };
        let (period, words, due, is_current) = (badge.period, badge.words, badge.due, key == shown);
        all.push(OpenEdition { period, words, due, url, is_current, skipped: String::new() });
    }
    let past = store.editions(desk.shared().newsletter()).await?;
    for edition in past.iter().filter(|edition| edition.state == EditionState::Held) {
        let due = fill(&desk.words().was_due_at, &[("hour", &hour(config, edition.cutoff))]);
        let reason = store.held_reason(edition.id).await?.unwrap_or_default();
        let words = [desk.words().held.as_str(), &reason].into_iter().filter(|part| !part.is_empty());
        all.push(OpenEdition {
            period: desk.called(&edition.period),
            words: words.collect::<Vec<_>>().join(" · "),
            due,
            url: format!("{}past/{}", desk.root(), edition.period),
            is_current: false,
            skipped: String::new(),
        });
    }
    // What is skipped may come back until the next hour is there.
    let last = config.digest.schedule.last(now.at, &config.magazine.zone) - chrono::Duration::milliseconds(1);
    for (cutoff, who) in store.skipped_after(desk.shared().newsletter(), last).await? {
        all.push(OpenEdition {
            period: desk.called(&config.digest.period(cutoff, &config.magazine.zone)),
            words: fill(&desk.words().skipped, &[("who", &who)]),
            due: hour(config, cutoff),
            url: String::new(),
            is_current: false,
            skipped: cutoff.timestamp_millis().to_string(),
        });
    }
    let is_next = next.is_none_or(|next| next == shown);
    // One alone that is the next needs no way to it.
    let is_alone = all.len() == 1 && is_next && open.len() == 1;
    Ok((if is_alone { Vec::new() } else { all }, is_next))
}
