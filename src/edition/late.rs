//! Columns that come in and will be in no letter, because they are too old for the next one or because
//! readers have had their words: who brought one in should learn it now.

use std::collections::HashMap;

use super::{
    Error, next, repeats,
    slot::{self, EditionSlot},
};
use crate::{
    config::Config,
    model::{EnteredColumn, Now},
    store::Store,
};

/// Of more than so many, one stands for all.
const MAX_TOLD_ONE_BY_ONE: usize = 5;

/// What is to be told of columns that were added or changed now.
pub async fn warnings(
    config: &Config,
    store: &Store,
    now: Now,
    entered: &[EnteredColumn<'_>],
) -> Result<Vec<String>, Error> {
    if entered.is_empty() {
        return Ok(Vec::new());
    }
    let past = next::past_editions(config, store, now).await?;
    // Before the first edition, what is old was never meant for a letter.
    if past.first.is_none() {
        return Ok(Vec::new());
    }
    let next = slot::due(config, now.at, &past).unwrap_or_else(|| slot::next(config, now.at, &past));
    let mut words = late(config, &next, entered);
    words.extend(repeated(store, &next, entered).await?);
    Ok(words)
}

/// Of those older than what the next letter reaches back to.
fn late(config: &Config, next: &EditionSlot, entered: &[EnteredColumn<'_>]) -> Vec<String> {
    let zone = &config.magazine.zone;
    let hour = |at| zone.local(at).format("%Y-%m-%d %H:%M").to_string();
    let late: Vec<&EnteredColumn<'_>> =
        entered.iter().filter(|column| column.is_new && column.published < next.reach).collect();
    let what = format!(
        "the letter of {} reaches back to {}; to have it in that letter, write a later `published`",
        hour(next.cutoff),
        hour(next.reach)
    );
    match &late[..] {
        [first, others @ ..] if others.len() >= MAX_TOLD_ONE_BY_ONE => vec![format!(
            "{} new columns will be in no letter, {} of {} the first: {what}",
            late.len(),
            first.shown,
            hour(first.published)
        )],
        late => late
            .iter()
            .map(|column| {
                format!("{}: new, and dated {}: it will be in no letter; {what}", column.shown, hour(column.published))
            })
            .collect(),
    }
}

/// Of those whose words are in an edition already.
async fn repeated(store: &Store, next: &EditionSlot, entered: &[EnteredColumn<'_>]) -> Result<Vec<String>, Error> {
    let newest = entered.iter().map(|column| column.published).max().unwrap_or(next.cutoff);
    let repeated = store.repeated(&next.newsletter, next.reach, newest).await?;
    let mut before: HashMap<_, _> = repeated
        .into_iter()
        .filter(|repeated| !repeats::may_recur(&repeated.standfirst, &repeated.body))
        .map(|repeated| ((repeated.source, repeated.key), repeated.period))
        .collect();
    let mut words = Vec::new();
    for column in entered {
        if let Some(period) = before.remove(&(column.source.to_owned(), column.key.clone())) {
            words.push(format!(
                "{}: its words were in the letter {period}: it will be in no other one, unless an editor says so \
                 at the desk (`gazetier digest preview`)",
                column.shown
            ));
        }
    }
    if words.len() > MAX_TOLD_ONE_BY_ONE {
        let n = words.len();
        words.truncate(1);
        words.push(format!("{} more columns likewise: see the desk", n - 1));
    }
    Ok(words)
}
