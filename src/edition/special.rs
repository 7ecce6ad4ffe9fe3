//! Special editions: one letter more, at an hour of the editors' choosing, of columns that they chose. All readers of the
//! newsletter get it whole, whatever rubriques and rhythm they chose, but for who pauses; what it holds is in no other
//! edition. The schedule's hours do not count from it.

use std::sync::Arc;

use chrono::Duration;

use super::{
    Error,
    audiences::{AudienceDraft, Audiences},
    layout::EditionDraft,
    next::{self, NextEdition},
    slot::{self, EditionSlot},
};
use crate::{
    config::Config,
    model::{Audience, Changes, Choice, EditionKey, Instant, Now, Period},
    store::{NewPlan, PlannableColumn, SpecialPlan, Store},
};

/// How far ahead one can be planned.
const MAX_DAYS_AHEAD: i64 = 366;

/// One holds so many columns at the most.
const MAX_COLUMNS: usize = 100;

/// Why a special edition cannot be planned as it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanRefusal {
    /// The hour is over, or too far away.
    Hour,
    /// The newsletter comes at this hour by its schedule.
    Scheduled,
    /// There is an edition of this hour already.
    HourTaken,
    /// No column is named, or too many are.
    Count,
    /// It was withdrawn.
    Withdrawn(String),
    /// It is published only after the hour.
    Later(String),
    /// It is in this edition of the newsletter, or planned for it.
    Taken(String, Period),
    /// It is named twice.
    Twice(String),
}

impl std::fmt::Display for PlanRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hour => write!(f, "write an hour to come, within a year"),
            Self::Scheduled => write!(
                f,
                "the newsletter comes at that hour by its schedule: choose another minute, or mend that edition at the desk"
            ),
            Self::HourTaken => write!(f, "there is an edition of that hour already: choose another minute"),
            Self::Count => write!(f, "name one column at least, and {MAX_COLUMNS} at the most"),
            Self::Withdrawn(title) => write!(f, "{title:?} is withdrawn: restore it, or leave it out"),
            Self::Later(title) => {
                write!(f, "{title:?} is published only after that hour: leave it out, or choose a later one")
            }
            Self::Taken(title, period) => {
                write!(f, "{title:?} is in {period}, and a column is in one edition of a newsletter: leave it out")
            }
            Self::Twice(title) => write!(f, "{title:?} is named twice"),
        }
    }
}

/// What editors want of a special edition.
#[derive(Debug)]
pub struct SpecialWish<'a> {
    pub cutoff: Instant,
    /// In their order: the first leads.
    pub columns: Vec<PlannableColumn>,
    pub subject: Option<&'a str>,
    pub who: &'a str,
}

/// Plans a special edition; gives what it is called.
pub async fn plan(
    config: &Config,
    store: &Store,
    now: Now,
    wish: &SpecialWish<'_>,
) -> Result<Result<Period, PlanRefusal>, Error> {
    let newsletter = &config.digest.newsletter;
    if let Some(refusal) = refusal(config, now, wish) {
        return Ok(Err(refusal));
    }
    let past = next::past_editions(config, store, now).await?;
    let next = slot::due(config, now.at, &past).unwrap_or_else(|| slot::next(config, now.at, &past));
    let is_open = |column: &PlannableColumn| column.published >= next.reach;
    let new = NewPlan {
        key: EditionKey { newsletter: newsletter.clone(), cutoff: wish.cutoff },
        period: config.digest.special_period(wish.cutoff, &config.magazine.zone),
        who: wish.who,
        at: now.at,
        columns: wish.columns.iter().map(|column| (column.id, is_open(column))).collect(),
        changes: &Changes {
            subject: wish.subject.map(str::to_owned),
            pinned: wish.columns.first().map(|column| column.id).into_iter().collect(),
            ..Changes::default()
        },
    };
    Ok(store.plan_special(&new).await?.ok_or(PlanRefusal::HourTaken))
}

fn refusal(config: &Config, now: Now, wish: &SpecialWish<'_>) -> Option<PlanRefusal> {
    if wish.cutoff <= now.at || wish.cutoff > now.at + Duration::days(MAX_DAYS_AHEAD) {
        return Some(PlanRefusal::Hour);
    }
    if slot::is_scheduled(config, wish.cutoff) {
        return Some(PlanRefusal::Scheduled);
    }
    if wish.columns.is_empty() || wish.columns.len() > MAX_COLUMNS {
        return Some(PlanRefusal::Count);
    }
    wish.columns.iter().enumerate().find_map(|(place, column)| {
        let title = || column.title.clone();
        match (&column.period, &column.planned) {
            _ if column.is_withdrawn => Some(PlanRefusal::Withdrawn(title())),
            _ if wish.columns[..place].iter().any(|other| other.id == column.id) => Some(PlanRefusal::Twice(title())),
            (Some(period), _) | (None, Some(period)) => Some(PlanRefusal::Taken(title(), period.clone())),
            (None, None) if column.published > wish.cutoff => Some(PlanRefusal::Later(title())),
            (None, None) => None,
        }
    })
}

/// A special edition as it is now.
pub(super) async fn assemble(
    config: &Config,
    store: &Store,
    now: Now,
    plan: &SpecialPlan,
) -> Result<NextEdition, Error> {
    let newsletter = config.digest.newsletter.clone();
    let slot = EditionSlot {
        number: store.last_number(&newsletter).await? + 1,
        newsletter,
        period: plan.period.clone(),
        // It covers no span: letters show its day.
        since: plan.cutoff,
        reach: plan.cutoff,
        cutoff: plan.cutoff,
        planned: Some(plan.planned),
    };
    // The notes and the revision first, as for any edition.
    let desk = store.desk(&slot.key()).await?;
    let revision = store.revision().await?;
    let all = store.planned_columns(&slot.key()).await?;
    let draft = EditionDraft::new(slot, all.clone(), desk.version.changes.clone());
    let audiences = audiences(store, &draft).await?;
    let is_due = plan.cutoff <= now.at;
    Ok(NextEdition { draft, all, repeats: Vec::new(), audiences, desk, is_due, is_first: false, revision })
}

/// Everybody who does not pause gets all of it.
async fn audiences(store: &Store, draft: &EditionDraft) -> Result<Audiences, Error> {
    let groups = store.groups(&draft.slot.newsletter).await?;
    let due = groups.iter().filter(|group| group.after < draft.slot.cutoff).cloned().collect();
    let whole = AudienceDraft {
        audience: Audience::of(Choice::all()),
        groups: due,
        draft: Arc::new(draft.clone()),
        earlier: Vec::new(),
    };
    Ok(Audiences { drafts: vec![whole], groups, rhythms: Vec::new(), editions: None })
}

/// All editions that come next, by their hours: that of the schedule, and the special ones.
pub async fn all_coming(config: &Config, store: &Store, now: Now) -> Result<Vec<NextEdition>, Error> {
    let mut all = vec![next::scheduled_edition(config, store, now).await?];
    for plan in store.special_plans(&config.digest.newsletter).await? {
        all.push(assemble(config, store, now, &plan).await?);
    }
    all.sort_by_key(|coming| coming.draft.slot.cutoff);
    Ok(all)
}
