//! Draws an edition up: which columns, which variants; then freezes it with its letters. What the
//! editors changed and decided until then counts; afterwards nothing changes any more.

use super::Error;
use super::decide::Sight;
use super::{
    choose::{self, Draft, Due, Past},
    preflight::{self, Finding},
    render::{Rendered, content_hash, letter::Form, render},
    repeats::{self, Repeat},
};
use crate::{
    config::{Config, Relays},
    edition,
    model::{
        Choice, Column, ColumnId, Decision, DeskRecord, Edition, EditionKey, EditionState, Instant, Note, NoteKind,
        Now, Period, ReaderId,
    },
    store::{Freeze, NewEdition, NewVariant, Reserve, Store},
};

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
    /// The editors hold it; it is not frozen.
    OnHold(Period),
    /// It wants an approval and has none, or one for what it was before.
    Unapproved(Due, Outlook),
    /// By the machine's clock it is of the future, and a relay would send it for good.
    Future(Due),
}

/// How an edition is to be drawn up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wish {
    /// Somebody asked for it: nothing is too late.
    pub asked: bool,
    /// Also if it is of the future by the machine's clock.
    pub future: bool,
}

/// The edition that comes next, as it is now.
#[derive(Debug)]
pub struct Coming {
    /// What it holds.
    pub draft: Draft,
    /// The columns there are for it, newest first, with those that were left out.
    pub all: Vec<Column>,
    /// Those that are not for it because readers have had their words.
    pub repeats: Vec<Repeat>,
    /// What the editors did.
    pub desk: DeskRecord,
    /// Whether its hour has come.
    pub is_due: bool,
    /// Whether there was none before it.
    pub is_first: bool,
    /// How many commits had changed columns before they were read.
    pub revision: i64,
}

/// How the coming edition stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlook {
    /// No column is new.
    Empty,
    /// The editors have said nothing of it.
    Draft,
    /// It goes out as it is.
    Approved {
        /// Who said so.
        who: String,
        /// When.
        at: Instant,
    },
    /// It was approved, and has changed since.
    Fallen {
        /// Who approved it.
        who: String,
        /// When.
        at: Instant,
    },
    /// It must not go out.
    Held {
        /// Who said so.
        who: String,
        /// When.
        at: Instant,
        /// Why.
        why: String,
    },
}

impl Outlook {
    /// Its name for scripts.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            // An approval that has fallen is none.
            Self::Draft | Self::Fallen { .. } => "draft",
            Self::Approved { .. } => "approved",
            Self::Held { .. } => "held",
        }
    }
}

impl Coming {
    /// A fingerprint of all that its readers could see.
    pub fn hash(&self, config: &Config) -> Result<String, Error> {
        Ok(content_hash(config, &self.draft)?)
    }

    /// What somebody looks at who has it before them, with the choices of rubriques that have a letter.
    pub async fn sight(&self, config: &Config, store: &Store, variants: &[(Choice, Rendered)]) -> Result<Sight, Error> {
        let choices: Vec<Choice> = variants.iter().map(|(choice, _)| choice.clone()).collect();
        let readers = store.readers_of(&config.digest.newsletter, &choices).await?;
        Ok(Sight { decision: self.desk.last_decision, hash: self.hash(config)?, readers })
    }

    /// How it stands.
    pub fn outlook(&self, config: &Config) -> Result<Outlook, Error> {
        Ok(match self.desk.decision() {
            Decision::Held { who, at, why } => Outlook::Held { who, at, why },
            _ if self.draft.columns.is_empty() => Outlook::Empty,
            Decision::Open => Outlook::Draft,
            Decision::Approved { hash, who, at } if hash == self.hash(config)? => Outlook::Approved { who, at },
            Decision::Approved { who, at, .. } => Outlook::Fallen { who, at },
        })
    }

    /// Whether the magazine waits for its first hour, because it began in the middle of a week, after the hour
    /// before, and nobody has had a hand in that.
    fn waits(&self, config: &Config, store: &Store, at: Instant) -> bool {
        let untouched = self.desk.version.number == 0 && self.desk.notes.is_empty();
        let began = store.magazine().is_none_or(|magazine| magazine.began > self.draft.due.cutoff);
        self.is_first && untouched && began && self.is_late(config, at)
    }

    /// Whether it is too late to go out by itself. Somebody who approves it or lets it go after its hour wants
    /// it to go out then.
    fn is_late(&self, config: &Config, at: Instant) -> bool {
        let cutoff = self.draft.due.cutoff;
        let since = match self.desk.last_said() {
            Some(note) if note.kind != NoteKind::Held => note.at.max(cutoff),
            _ => cutoff,
        };
        at - since > config.digest.send_within
    }
}

/// The edition that comes next, as it is at an instant.
pub async fn coming(config: &Config, store: &Store, now: Now) -> Result<Coming, Error> {
    let past = past(config, store, now).await?;
    move_drafts(config, store, now.at, &past).await?;
    if let Some(due) = choose::due(config, now.at, &past) {
        let coming = assemble(store, due, true, &past).await?;
        if !coming.waits(config, store, now.at) {
            return Ok(coming);
        }
    }
    assemble(store, choose::next(config, now.at, &past), false, &past).await
}

/// What the newsletter's editions so far say of the next one.
pub async fn past(config: &Config, store: &Store, now: Now) -> Result<Past, Error> {
    let (newsletter, until) = (&config.digest.newsletter, now.horizon());
    let future = store.future_editions(until).await?.into_iter();
    Ok(Past {
        first: store.first_edition(newsletter, until).await?,
        last: store.last_edition(newsletter, until).await?,
        quiet: store.last_quiet(newsletter, until).await?,
        number: store.last_number(newsletter).await?,
        taken: future.filter(|edition| edition.newsletter == *newsletter).map(|edition| edition.cutoff).collect(),
    })
}

/// What editors said of an hour that the schedule no longer has is for the hour that comes in its place.
async fn move_drafts(config: &Config, store: &Store, at: Instant, past: &Past) -> Result<(), Error> {
    let newsletter = &config.digest.newsletter;
    // An hour that is over counts if the magazine was there: it has an edition that nobody has drawn up yet.
    let was_there = |due: &Due| past.last.is_some() || store.magazine().is_some_and(|m| m.began <= due.cutoff);
    for cutoff in store.draft_cutoffs(newsletter).await? {
        if Some(cutoff) > past.closed() && !choose::is_scheduled(config, cutoff) {
            let due = choose::due(config, at, past).filter(|due| due.cutoff >= cutoff || was_there(due));
            let due = due.unwrap_or_else(|| choose::next(config, at, past));
            store.move_draft(&EditionKey { newsletter: newsletter.clone(), cutoff }, due.cutoff).await?;
        }
    }
    Ok(())
}

pub(super) async fn assemble(store: &Store, due: Due, is_due: bool, past: &Past) -> Result<Coming, Error> {
    let due = labelled(store, due).await?;
    // The notes and the revision first: what is decided or changed while the columns are read makes a freezing
    // stale.
    let desk = store.desk(&due.key()).await?;
    let revision = store.revision().await?;
    let all = store.unsent(&due.newsletter, due.reach, due.cutoff).await?;
    let sent = store.repeated(&due.newsletter, due.reach, due.cutoff).await?;
    let sent = sent.into_iter().map(|repeated| (repeated.column, repeated.period)).collect();
    let (all, repeats) = repeats::separate(all, &sent, &desk.version.changes);
    let draft = Draft::new(due, all.clone(), desk.version.changes.clone());
    Ok(Coming { draft, all, repeats, desk, is_due, is_first: past.last.is_none(), revision })
}

/// An edition to come with a label that no other one has.
async fn labelled(store: &Store, mut due: Due) -> Result<Due, Error> {
    let taken = store.labels(&due.newsletter, &due.period).await?;
    due.period = free_label(&due.period, due.cutoff, &taken);
    Ok(due)
}

fn free_label(week: &Period, cutoff: Instant, taken: &[(Period, Instant)]) -> Period {
    let is_free = |label: &Period| !taken.iter().any(|(other, at)| other == label && *at != cutoff);
    let numbered = (2..).map(|count| week.numbered(count));
    std::iter::once(week.clone()).chain(numbered).find(is_free).unwrap_or_else(|| week.clone())
}

/// Draws up and freezes the edition that is due at an instant. One that is later than
/// `digest.send_within` is held, unless somebody asked for it. One that editors hold over the next hour
/// keeps its columns.
pub async fn draw_up(config: &Config, store: &Store, now: Now, wish: Wish) -> Result<Drawn, Error> {
    let (at, newsletter) = (now.at, &config.digest.newsletter);
    // Nearly always there is nothing to do.
    let last = store.last_edition(newsletter, now.horizon()).await?.map(|last| last.cutoff);
    let closed = last.max(store.last_quiet(newsletter, now.horizon()).await?);
    if choose::due_cutoff(config, at, closed).is_none() {
        return Ok(Drawn::NotDue);
    }
    let mut period = None;
    for _ in 0..ATTEMPTS {
        let mut past = past(config, store, now).await?;
        move_drafts(config, store, at, &past).await?;
        if keep_held(config, store, at, &past).await? {
            past = self::past(config, store, now).await?;
        }
        let Some(due) = choose::due(config, at, &past) else { return Ok(Drawn::NotDue) };
        let coming = assemble(store, due, true, &past).await?;
        let due = &coming.draft.due;
        let late = !wish.asked && coming.is_late(config, at);
        if !wish.asked && coming.waits(config, store, at) {
            return Ok(Drawn::NotDue);
        }
        match coming.outlook(config)? {
            Outlook::Held { .. } => return Ok(Drawn::OnHold(due.period.clone())),
            Outlook::Empty => {
                // What is entered in the hours after is still for this edition, later for the next.
                if coming.is_late(config, at) && coming.all.is_empty() {
                    store.close_quiet(&due.key()).await?;
                }
                return Ok(Drawn::NothingNew(due.period.clone()));
            }
            Outlook::Approved { .. } => {}
            outlook if config.digest.approval => return Ok(Drawn::Unapproved(due.clone(), outlook)),
            _ => {}
        }
        let is_future = due.cutoff > now.clock + chrono::Duration::days(1);
        if is_future && !wish.future && matches!(config.relays, Relays::Smtp(_)) {
            return Ok(Drawn::Future(due.clone()));
        }
        let state = if late { EditionState::Held } else { EditionState::Frozen };
        let new = edition(config, store, &coming, state, at).await?;
        match store.freeze(&new).await? {
            Freeze::Done(edition, letters) if late => return Ok(Drawn::Held(edition, letters)),
            Freeze::Done(edition, letters) => return Ok(Drawn::Frozen(edition, letters)),
            Freeze::Taken => return Ok(Drawn::NotDue),
            Freeze::Stale | Freeze::Readers(_) => period = Some(due.period.clone()),
        }
    }
    Err(period.map_or(Error::Restless(Period::of(at, &config.magazine.zone)), Error::Restless))
}

/// Keeps the columns of editions that editors hold and whose hour is not the last that has come: the edition
/// that comes now is without them. Gives whether there was one.
async fn keep_held(config: &Config, store: &Store, at: Instant, past: &Past) -> Result<bool, Error> {
    let newsletter = &config.digest.newsletter;
    let Some(due) = choose::due_cutoff(config, at, past.closed()) else { return Ok(false) };
    let mut kept = false;
    for cutoff in store.draft_cutoffs(newsletter).await? {
        if cutoff >= due || Some(cutoff) <= past.closed() {
            continue;
        }
        let coming = assemble(store, choose::held_over(config, cutoff, past), true, past).await?;
        let Outlook::Held { who, why, .. } = coming.outlook(config)? else { continue };
        if coming.draft.columns.is_empty() {
            continue;
        }
        let subject =
            render(config, &coming.draft, &Choice::all())?.map(|rendered| rendered.subject).unwrap_or_default();
        let Draft { due: Due { period, number, since, .. }, columns, .. } = &coming.draft;
        let reserve = Reserve {
            key: coming.draft.due.key(),
            period: period.clone(),
            number: *number,
            since: *since,
            subject,
            columns: columns.iter().map(|column| column.id).collect(),
            reason: if why.is_empty() { who } else { why },
            at,
        };
        kept |= store.reserve(&reserve).await?;
        // What comes after it counts from it.
        break;
    }
    Ok(kept)
}

/// An edition that is held and has no letters yet, as it would be now.
pub async fn held(config: &Config, store: &Store, edition: &Edition) -> Result<Coming, Error> {
    let desk = store.desk(&edition.key()).await?;
    let revision = store.revision().await?;
    let all = store.columns_of(edition.id).await?;
    let due = Due {
        newsletter: edition.newsletter.clone(),
        period: edition.period.clone(),
        number: edition.number,
        since: edition.since,
        reach: config.digest.schedule.before(edition.since, config.digest.grace, &config.magazine.zone),
        cutoff: edition.cutoff,
    };
    let draft = Draft::new(due, all.clone(), desk.version.changes.clone());
    // What it keeps was chosen at its hour.
    Ok(Coming { draft, all, repeats: Vec::new(), desk, is_due: true, is_first: false, revision })
}

/// Gives an edition its letters that was held over its hour, as it is now, by the word of an editor who looked at it
/// for so many readers.
pub async fn draw_up_held(
    config: &Config,
    store: &Store,
    edition: &Edition,
    coming: &Coming,
    note: &Note,
    readers: Option<i64>,
) -> Result<Freeze, Error> {
    let new = self::edition(config, store, coming, EditionState::Frozen, note.at).await?;
    let new = NewEdition { held: Some(edition.id), note: Some(note.clone()), readers, ..new };
    Ok(store.freeze(&new).await?)
}

/// What an edition that is to be redated to a cutoff is called then.
pub async fn label_at(config: &Config, store: &Store, cutoff: Instant) -> Result<Period, Error> {
    let week = Period::of(cutoff, &config.magazine.zone);
    let taken = store.labels(&config.digest.newsletter, &week).await?;
    Ok(free_label(&week, cutoff, &taken))
}

async fn edition(
    config: &Config,
    store: &Store,
    coming: &Coming,
    state: EditionState,
    at: Instant,
) -> Result<NewEdition, Error> {
    let draft = &coming.draft;
    let variants = variants(config, store, draft).await?;
    let choices = variants.iter().map(|(choice, _)| choice.clone()).collect();
    let variants: Vec<(Choice, Rendered)> =
        variants.into_iter().filter_map(|(choice, rendered)| Some((choice, rendered?))).collect();
    let findings = inspect(config, store, draft, &variants, at)?;
    if let Some(refusal) = preflight::refusal(&findings) {
        return Err(edition::render::Error::Preflight(refusal).into());
    }
    let subject = variants.first().map(|(_, rendered)| rendered.subject.clone()).unwrap_or_default();
    let variants = variants.into_iter().map(|(choice, rendered)| NewVariant {
        columns: columns_for(draft, &choice),
        choice,
        html: rendered.html,
        plain: rendered.plain,
        entity: rendered.entity,
        content_hash: rendered.hash,
    });
    let Due { period, since, number, .. } = draft.due.clone();
    let ids = |columns: &[Column]| columns.iter().map(|column| column.id).collect::<Vec<_>>();
    let mut left_out = ids(&coming.all);
    left_out.retain(|id| draft.changes.left_out.contains(id));
    Ok(NewEdition {
        key: draft.due.key(),
        period,
        since,
        state,
        subject,
        dated: at,
        number,
        columns: ids(&draft.columns),
        left_out,
        variants: variants.collect(),
        choices,
        desk: (coming.desk.version.number, coming.desk.last_note),
        revision: coming.revision,
        held: None,
        note: None,
        readers: None,
    })
}

/// The columns that readers with a choice get of a draft.
fn columns_for(draft: &Draft, choice: &Choice) -> Vec<ColumnId> {
    draft.columns.iter().filter(|column| choice.wants(column.rubrique.as_ref())).map(|column| column.id).collect()
}

/// A draft as each choice of rubriques sees it, that of all first; `None` where there is nothing
/// to read.
pub async fn variants(config: &Config, store: &Store, draft: &Draft) -> Result<Vec<(Choice, Option<Rendered>)>, Error> {
    let mut choices = store.choices(&draft.due.newsletter).await?;
    // The edition as a whole, for the archive, also when nobody wants all of it.
    choices.retain(|choice| *choice != Choice::all());
    choices.insert(0, Choice::all());
    let mut variants = Vec::new();
    for choice in choices {
        let rendered = render(config, draft, &choice)?;
        variants.push((choice, rendered));
    }
    Ok(variants)
}

/// Looks for what would break.
pub fn inspect(
    config: &Config,
    store: &Store,
    draft: &Draft,
    variants: &[(Choice, Rendered)],
    at: Instant,
) -> Result<Vec<Finding>, Error> {
    let letter = match variants.first().map(|(_, rendered)| specimen(config, store, draft, rendered, at)) {
        None => Ok(Vec::new()),
        Some(Ok(letter)) => Ok(letter),
        // What no letter can be written of is mended at the desk, and must be seen there.
        Some(Err(Error::Render(crate::edition::render::Error::Letter(words)))) => Err(words),
        Some(Err(error)) => return Err(error),
    };
    let rendered: Vec<&Rendered> = variants.iter().map(|(_, rendered)| rendered).collect();
    Ok(preflight::check(config, draft, &rendered, &letter))
}

/// A whole letter as it would go out, to the magazine itself.
pub fn specimen(
    config: &Config,
    store: &Store,
    draft: &Draft,
    rendered: &Rendered,
    at: Instant,
) -> Result<Vec<u8>, Error> {
    let edition = Edition {
        id: 0,
        newsletter: draft.due.newsletter.clone(),
        mark: draft.due.key().mark(),
        number: draft.due.number,
        period: draft.due.period.clone(),
        since: draft.due.since,
        cutoff: draft.due.cutoff,
        state: EditionState::Frozen,
        subject: rendered.subject.clone(),
        dated: at,
        is_frozen: false,
    };
    frozen_specimen(config, store, &edition, &rendered.entity)
}

/// The same of an edition that is frozen, from a variant's entity.
pub fn frozen_specimen(config: &Config, store: &Store, edition: &Edition, entity: &[u8]) -> Result<Vec<u8>, Error> {
    let form = Form::new(config, edition, store.key(), entity)?;
    Ok(form.write(ReaderId::NOBODY, &config.letters.from.address, None)?.text.into_bytes())
}
