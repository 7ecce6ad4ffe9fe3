//! Draws an edition up: which columns, which variants; then freezes it with its letters.

use super::Error;
use crate::{
    config::Config,
    digest::{
        self,
        choose::{self, Due},
        render::{Rendered, render},
    },
    model::{Choice, Column, Edition, EditionState, Instant, Period},
    store::{Freeze, NewEdition, NewVariant, Store},
};

/// Where the HTML of a variant must stay below: Gmail cuts what is above 102 kB, and the way to
/// unsubscribe with it.
const LARGEST: usize = 90_000;

/// How often an edition is drawn up again because the store changed meanwhile.
const ATTEMPTS: usize = 5;

/// What came of drawing up the edition that is due.
#[derive(Debug)]
pub enum Drawn {
    /// Its hour has not come, or it is drawn up already.
    NotDue,
    /// No column is new since the last edition: nobody gets a letter.
    NothingNew(Period),
    /// It is frozen, with so many letters.
    Frozen(Edition, u64),
    /// It is frozen but too late to be sent by itself: the editors decide.
    Held(Edition, u64),
}

/// The edition that comes next, as it would be now; no variant if nothing is new.
pub async fn coming(
    config: &Config,
    store: &Store,
    at: Instant,
    choice: &Choice,
) -> Result<(Due, Option<Rendered>), Error> {
    let (first, last) = (store.first_edition().await?, store.last_edition().await?);
    let due = choose::coming(config, at, first.as_ref(), last.as_ref());
    let columns = store.unsent(due.reach, due.cutoff).await?;
    let rendered = render(config, &due, &columns, choice)?;
    Ok((due, rendered))
}

/// Draws up and freezes the edition that is due at an instant. One that is later than
/// `digest.send_within` is held, unless somebody asked for it.
pub async fn draw_up(config: &Config, store: &Store, at: Instant, asked: bool) -> Result<Drawn, Error> {
    let mut period = None;
    for _ in 0..ATTEMPTS {
        let (first, last) = (store.first_edition().await?, store.last_edition().await?);
        let Some(due) = choose::due(config, at, first.as_ref(), last.as_ref()) else { return Ok(Drawn::NotDue) };
        let late = !asked && at - due.cutoff > config.digest.send_within;
        if late && last.is_none() {
            // A magazine that begins in the middle of a week waits for its first hour.
            return Ok(Drawn::NotDue);
        }
        let columns = store.unsent(due.reach, due.cutoff).await?;
        if columns.is_empty() {
            return Ok(Drawn::NothingNew(due.period));
        }
        let state = if late { EditionState::Held } else { EditionState::Frozen };
        let new = edition(config, store, &due, &columns, state, at).await?;
        match store.freeze(&new).await? {
            Freeze::Done(edition, letters) if late => return Ok(Drawn::Held(edition, letters)),
            Freeze::Done(edition, letters) => return Ok(Drawn::Frozen(edition, letters)),
            Freeze::Taken => return Ok(Drawn::NotDue),
            Freeze::Stale => period = Some(due.period),
        }
    }
    Err(period.map_or(Error::Restless(Period::of(at, config.magazine.zone)), Error::Restless))
}

async fn edition(
    config: &Config,
    store: &Store,
    due: &Due,
    columns: &[Column],
    state: EditionState,
    at: Instant,
) -> Result<NewEdition, Error> {
    let mut choices = store.choices().await?;
    if !choices.contains(&Choice::all()) {
        // The edition as a whole, for the archive, also when nobody wants all of it.
        choices.push(Choice::all());
    }
    let mut variants = Vec::new();
    let mut subject = String::new();
    for choice in &choices {
        let Some(rendered) = render(config, due, columns, choice)? else { continue };
        preflight(&rendered)?;
        subject = rendered.subject;
        variants.push(NewVariant {
            choice: choice.clone(),
            html: rendered.html,
            plain: rendered.plain,
            entity: rendered.entity,
            content_hash: rendered.hash,
        });
    }
    Ok(NewEdition {
        period: due.period.clone(),
        since: due.since,
        cutoff: due.cutoff,
        state,
        subject,
        dated: at,
        number: due.number,
        columns: columns.iter().map(|column| column.id).collect(),
        variants,
        choices,
    })
}

/// What would break in mail programs stops here.
fn preflight(rendered: &Rendered) -> Result<(), digest::Error> {
    let size = rendered.html.len();
    if size > LARGEST {
        return Err(digest::Error::Preflight(format!(
            "its HTML has {size} bytes and mail programs cut it off above {LARGEST}: lower digest.max_columns or \
             digest.standfirst_length"
        )));
    }
    Ok(())
}
