//! Freezes an edition with its letters. What the editors changed and decided until then counts; afterwards nothing
//! changes any more.

use super::{
    Error,
    layout::EditionDraft,
    next::{ApprovalState, NextEdition, assemble, move_rescheduled_drafts, past_editions},
    preflight,
    render::{self, Rendered, render},
    slot::{self, EditionSlot, PastEditions},
    special, together, variants,
};
use crate::{
    config::{Config, Relays},
    model::{Choice, Column, Edition, EditionState, Instant, Note, Now, Period},
    store::{Freeze, NewEdition, NewVariant, Reserve, SpecialPlan, Store},
};

/// How often an edition is drawn up again because the store changed meanwhile.
const MAX_ATTEMPTS: usize = 5;

/// What came of drawing up the edition that is due.
#[derive(Debug)]
pub enum DueOutcome {
    /// Its hour has not come, or it is drawn up already.
    NotDue,
    /// No column is new since the last edition: nobody gets a letter.
    NothingNew(Period),
    /// It is frozen, with so many letters.
    Frozen(Edition, u64),
    /// It is frozen but too late to be sent by itself: the editors decide.
    Held(Edition, u64),
    /// The editors hold it; it is not frozen.
    OnHold(Period),
    /// It wants an approval and has none, or one for what it was before.
    Unapproved(EditionSlot, ApprovalState),
    /// By the machine's clock it is of the future, and a relay would send it for good.
    Future(EditionSlot),
    /// A special edition cannot be rendered, or not be sent as it is: why. The others go out.
    Broken(EditionSlot, String),
}

/// How an edition is to be drawn up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FreezeOptions {
    /// Somebody asked for it: nothing is too late.
    pub on_request: bool,
    /// Also if it is of the future by the machine's clock.
    pub allow_future: bool,
}

/// Draws up and freezes the edition that is due at an instant. One that is later than
/// `digest.send_within` is held, unless somebody asked for it. One that editors hold over the next hour
/// keeps its columns.
pub async fn freeze_due(config: &Config, store: &Store, now: Now, options: FreezeOptions) -> Result<DueOutcome, Error> {
    let (at, newsletter) = (now.at, &config.digest.newsletter);
    // Nearly always there is nothing to do.
    let last = store.last_edition(newsletter, now.horizon()).await?.map(|last| last.cutoff);
    let closed = last.max(store.last_quiet(newsletter, at).await?);
    if slot::due_cutoff(config, at, closed).is_none() {
        return Ok(DueOutcome::NotDue);
    }
    let mut period = None;
    for _ in 0..MAX_ATTEMPTS {
        let mut past = past_editions(config, store, now).await?;
        move_rescheduled_drafts(config, store, at, &past).await?;
        if reserve_held(config, store, at, &past).await? {
            past = past_editions(config, store, now).await?;
        }
        let Some(due) = slot::due(config, at, &past) else { return Ok(DueOutcome::NotDue) };
        let coming = assemble(config, store, due, true, &past).await?;
        match freeze_coming(config, store, now, options, &coming).await? {
            Some(outcome) => return Ok(outcome),
            None => period = Some(coming.draft.slot.period.clone()),
        }
    }
    Err(period.map_or(Error::TooManyChanges(config.digest.period(at, &config.magazine.zone)), Error::TooManyChanges))
}

/// Freezes an edition whose hour has come; nothing if the store has changed meanwhile, and it is to be drawn up again.
async fn freeze_coming(
    config: &Config,
    store: &Store,
    now: Now,
    options: FreezeOptions,
    coming: &NextEdition,
) -> Result<Option<DueOutcome>, Error> {
    let at = now.at;
    let due = &coming.draft.slot;
    if coming.hour() > at {
        return Ok(Some(DueOutcome::NotDue));
    }
    let late = !options.on_request && coming.is_late(config, at);
    if !options.on_request && coming.waits_for_first_hour(config, store, at) {
        return Ok(Some(DueOutcome::NotDue));
    }
    match coming.approval_state(config)? {
        ApprovalState::Held { .. } => return Ok(Some(DueOutcome::OnHold(due.period.clone()))),
        ApprovalState::Empty => {
            // What is entered in the hours after is still for this edition, later for the next.
            if coming.is_late(config, at) && coming.all.is_empty() {
                match due.planned {
                    Some(planned) => _ = store.drop_special(&due.key(), planned).await?,
                    None => store.close_quiet(&due.key()).await?,
                }
            }
            return Ok(Some(DueOutcome::NothingNew(due.period.clone())));
        }
        // Who sends it may take it back until then.
        ApprovalState::Approved { at: from, .. } if from > at => return Ok(Some(DueOutcome::NotDue)),
        ApprovalState::Approved { .. } => {}
        // What earlier editions held was approved with them.
        state if config.digest.approval && !coming.draft.columns.is_empty() => {
            return Ok(Some(DueOutcome::Unapproved(due.clone(), state)));
        }
        _ => {}
    }
    let is_future = due.cutoff > now.clock + chrono::Duration::days(1);
    if is_future && !options.allow_future && matches!(config.relays, Relays::Smtp(_)) {
        return Ok(Some(DueOutcome::Future(due.clone())));
    }
    let state = if late { EditionState::Held } else { EditionState::Frozen };
    let new = new_edition(config, store, coming, state, at).await?;
    Ok(match store.freeze(&new).await? {
        Freeze::Done(edition, letters) if late => Some(DueOutcome::Held(edition, letters)),
        Freeze::Done(edition, letters) => Some(DueOutcome::Frozen(edition, letters)),
        Freeze::Taken => Some(DueOutcome::NotDue),
        Freeze::Stale | Freeze::Readers(_) => None,
    })
}

/// Draws up and freezes all editions that are due: the special ones by their hours, and that of the schedule.
pub async fn freeze_all_due(
    config: &Config,
    store: &Store,
    now: Now,
    options: FreezeOptions,
) -> Result<Vec<DueOutcome>, Error> {
    let mut outcomes = Vec::new();
    for plan in store.special_plans(&config.digest.newsletter).await? {
        if plan.cutoff <= now.at {
            outcomes.push(freeze_special(config, store, now, options, &plan).await?);
        }
    }
    outcomes.push(freeze_due(config, store, now, options).await?);
    Ok(outcomes)
}

/// Draws up and freezes a special edition whose hour has come.
async fn freeze_special(
    config: &Config,
    store: &Store,
    now: Now,
    options: FreezeOptions,
    plan: &SpecialPlan,
) -> Result<DueOutcome, Error> {
    for _ in 0..MAX_ATTEMPTS {
        // Another run may have frozen it, or somebody may have taken it back.
        if !store.special_plans(&config.digest.newsletter).await?.contains(plan) {
            return Ok(DueOutcome::NotDue);
        }
        let coming = special::assemble(config, store, now, plan).await?;
        match freeze_coming(config, store, now, options, &coming).await {
            Ok(Some(outcome)) => return Ok(outcome),
            Ok(None) => {}
            Err(Error::Render(render::Error::Preflight(what))) => {
                return Ok(DueOutcome::Broken(coming.draft.slot, what));
            }
            Err(Error::Render(error)) => return Ok(DueOutcome::Broken(coming.draft.slot, error.to_string())),
            Err(error) => return Err(error),
        }
    }
    Err(Error::TooManyChanges(plan.period.clone()))
}

/// Keeps the columns of editions that editors hold and whose hour is not the last that has come: the edition
/// that comes now is without them. Gives whether there was one.
async fn reserve_held(config: &Config, store: &Store, at: Instant, past: &PastEditions) -> Result<bool, Error> {
    let newsletter = &config.digest.newsletter;
    let Some(due) = slot::due_cutoff(config, at, past.closed()) else { return Ok(false) };
    let mut kept = false;
    for cutoff in store.draft_cutoffs(newsletter).await? {
        if cutoff >= due || Some(cutoff) <= past.closed() {
            continue;
        }
        let coming = assemble(config, store, slot::held_over(config, cutoff, past), true, past).await?;
        let ApprovalState::Held { who, why, .. } = coming.approval_state(config)? else { continue };
        if coming.draft.columns.is_empty() {
            continue;
        }
        let subject =
            render(config, &coming.draft, &Choice::all())?.map(|rendered| rendered.subject).unwrap_or_default();
        let EditionDraft { slot: EditionSlot { period, number, since, .. }, columns, .. } = &coming.draft;
        let reserve = Reserve {
            key: coming.draft.slot.key(),
            period: period.clone(),
            number: *number,
            since: *since,
            subject,
            columns: columns.iter().map(|column| column.id).collect(),
            rhythms: coming.audiences.rhythms.clone(),
            reason: if why.is_empty() { who } else { why },
            at,
        };
        kept |= store.reserve(&reserve).await?;
        // What comes after it counts from it.
        break;
    }
    Ok(kept)
}

/// Gives an edition its letters that was held over its hour, as it is now, by the word of an editor who looked at it
/// for so many readers.
pub async fn freeze_held(
    config: &Config,
    store: &Store,
    edition: &Edition,
    coming: &NextEdition,
    note: &Note,
    readers: Option<i64>,
) -> Result<Freeze, Error> {
    let new = new_edition(config, store, coming, EditionState::Frozen, note.at).await?;
    let new = NewEdition { held: Some(edition.id), note: Some(note.clone()), readers, ..new };
    Ok(store.freeze(&new).await?)
}

async fn new_edition(
    config: &Config,
    store: &Store,
    coming: &NextEdition,
    state: EditionState,
    at: Instant,
) -> Result<NewEdition, Error> {
    let draft = &coming.draft;
    let variants = variants::render_all(config, coming)?;
    let rendered: Vec<&Rendered> = variants.iter().map(|(_, rendered)| rendered).collect();
    let findings = variants::inspect(config, store, draft, &rendered, at)?;
    if let Some(refusal) = preflight::refusal(&findings) {
        return Err(render::Error::Preflight(refusal).into());
    }
    let subject = variants.first().map(|(_, rendered)| rendered.subject.clone()).unwrap_or_default();
    let variants = variants.into_iter().map(|(audience, rendered)| NewVariant {
        columns: variants::columns_for(&audience.draft, &audience.audience.choice),
        earlier: audience.earlier.clone(),
        others: Vec::new(),
        audience: audience.audience.clone(),
        groups: audience.groups.clone(),
        subject: rendered.subject,
        html: rendered.html,
        plain: rendered.plain,
        entity: rendered.entity,
        content_hash: rendered.hash,
    });
    let EditionSlot { period, since, number, .. } = draft.slot.clone();
    let ids = |columns: &[Column]| columns.iter().map(|column| column.id).collect::<Vec<_>>();
    let mut left_out = ids(&coming.all);
    left_out.retain(|id| draft.changes.left_out.contains(id));
    // A special edition has its own hour.
    let delays: Vec<_> = match draft.slot.planned {
        Some(_) => Vec::new(),
        None => config
            .digest
            .delivery_times()
            .map(|time| (time, time.first_from(draft.slot.cutoff, &config.magazine.zone)))
            .collect(),
    };
    let waits = match draft.slot.planned {
        Some(_) => Vec::new(),
        None => together::waits(config, store, at, &delays).await?,
    };
    Ok(NewEdition {
        key: draft.slot.key(),
        period,
        since,
        state,
        subject,
        dated: at,
        number,
        columns: ids(&draft.columns),
        left_out,
        variants: variants.collect(),
        groups: coming.audiences.groups.clone(),
        rhythms: coming.audiences.rhythms.clone(),
        editions: coming.audiences.editions,
        desk: (coming.desk.version.number, coming.desk.last_note),
        revision: coming.revision,
        held: None,
        note: None,
        readers: None,
        planned: draft.slot.planned,
        delays,
        waits,
    })
}
