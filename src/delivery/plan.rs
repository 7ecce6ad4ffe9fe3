//! Draws an edition up: which columns, which variants; then freezes it with its letters. What the
//! editors changed and decided until then counts; afterwards nothing changes any more.

use super::Error;
use crate::{
    config::Config,
    digest::{
        self,
        choose::{self, Draft, Due, Past},
        letter::Form,
        preflight::{self, Finding},
        render::{Rendered, content_hash, render},
    },
    model::{Choice, Column, Decision, Desk, Edition, EditionState, Instant, Period},
    store::{Freeze, NewEdition, NewVariant, Store},
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
    Unapproved(Period, Outlook),
}

/// The edition that comes next, as it is now.
#[derive(Debug)]
pub struct Coming {
    /// What it holds.
    pub draft: Draft,
    /// The columns there are for it, newest first, with those that were left out.
    pub all: Vec<Column>,
    /// What the editors did.
    pub desk: Desk,
    /// Whether its hour has come.
    pub is_due: bool,
    /// Whether there was none before it.
    pub is_first: bool,
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

    /// Whether the magazine waits for its first hour, because it begins in the middle of a week and
    /// nobody has had a hand in the week before.
    fn waits(&self, config: &Config, at: Instant) -> bool {
        let untouched = self.desk.version.number == 0 && self.desk.notes.is_empty();
        self.is_first && untouched && self.is_late(config, at)
    }

    /// Whether it is too late to go out by itself. Somebody who approves it after its hour wants it
    /// to go out then.
    fn is_late(&self, config: &Config, at: Instant) -> bool {
        let cutoff = self.draft.due.cutoff;
        let since = match self.desk.decision() {
            Decision::Approved { at, .. } => at.max(cutoff),
            _ => cutoff,
        };
        at - since > config.digest.send_within
    }
}

/// The edition that comes next, as it is at an instant.
pub async fn coming(config: &Config, store: &Store, at: Instant) -> Result<Coming, Error> {
    let past = past(store).await?;
    if let Some(due) = choose::due(config, at, &past) {
        let coming = assemble(store, due, true, &past).await?;
        if !coming.waits(config, at) {
            return Ok(coming);
        }
    }
    assemble(store, choose::next(config, at, &past), false, &past).await
}

async fn past(store: &Store) -> Result<Past, Error> {
    Ok(Past {
        first: store.first_edition().await?,
        last: store.last_edition().await?,
        quiet: store.last_quiet_week().await?,
    })
}

async fn assemble(store: &Store, due: Due, is_due: bool, past: &Past) -> Result<Coming, Error> {
    // The notes first: what is decided while the columns are read makes a freezing stale.
    let desk = store.desk(&due.period).await?;
    let all = store.unsent(due.reach, due.cutoff).await?;
    let draft = Draft::new(due, all.clone(), desk.version.changes.clone());
    Ok(Coming { draft, all, desk, is_due, is_first: past.last.is_none() })
}

/// Draws up and freezes the edition that is due at an instant. One that is later than
/// `digest.send_within` is held, unless somebody asked for it.
pub async fn draw_up(config: &Config, store: &Store, at: Instant, asked: bool) -> Result<Drawn, Error> {
    let mut period = None;
    for _ in 0..ATTEMPTS {
        let past = past(store).await?;
        let Some(due) = choose::due(config, at, &past) else { return Ok(Drawn::NotDue) };
        let coming = assemble(store, due, true, &past).await?;
        let due = &coming.draft.due;
        let late = !asked && coming.is_late(config, at);
        if !asked && coming.waits(config, at) {
            return Ok(Drawn::NotDue);
        }
        match coming.outlook(config)? {
            Outlook::Held { .. } => return Ok(Drawn::OnHold(due.period.clone())),
            Outlook::Empty => {
                // What is entered in the hours after is still for this edition, later for the next.
                if coming.is_late(config, at) && coming.all.is_empty() {
                    store.close_week(&due.period, due.cutoff).await?;
                }
                return Ok(Drawn::NothingNew(due.period.clone()));
            }
            Outlook::Approved { .. } => {}
            outlook if config.digest.approval => return Ok(Drawn::Unapproved(due.period.clone(), outlook)),
            _ => {}
        }
        let state = if late { EditionState::Held } else { EditionState::Frozen };
        let new = edition(config, store, &coming, state, at).await?;
        match store.freeze(&new).await? {
            Freeze::Done(edition, letters) if late => return Ok(Drawn::Held(edition, letters)),
            Freeze::Done(edition, letters) => return Ok(Drawn::Frozen(edition, letters)),
            Freeze::Taken => return Ok(Drawn::NotDue),
            Freeze::Stale => period = Some(due.period.clone()),
        }
    }
    Err(period.map_or(Error::Restless(Period::of(at, &config.magazine.zone)), Error::Restless))
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
        return Err(digest::Error::Preflight(refusal).into());
    }
    let subject = variants.first().map(|(_, rendered)| rendered.subject.clone()).unwrap_or_default();
    let variants = variants.into_iter().map(|(choice, rendered)| NewVariant {
        choice,
        html: rendered.html,
        plain: rendered.plain,
        entity: rendered.entity,
        content_hash: rendered.hash,
    });
    let Due { period, since, cutoff, number, .. } = draft.due.clone();
    Ok(NewEdition {
        period,
        since,
        cutoff,
        state,
        subject,
        dated: at,
        number,
        columns: draft.columns.iter().map(|column| column.id).collect(),
        variants: variants.collect(),
        choices,
        desk: (coming.desk.version.number, coming.desk.last_note),
    })
}

/// A draft as each choice of rubriques sees it, that of all first; `None` where there is nothing
/// to read.
pub async fn variants(config: &Config, store: &Store, draft: &Draft) -> Result<Vec<(Choice, Option<Rendered>)>, Error> {
    let mut choices = store.choices().await?;
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
    let letter = variants.first().map(|(_, rendered)| specimen(config, store, draft, rendered, at)).transpose()?;
    let rendered: Vec<&Rendered> = variants.iter().map(|(_, rendered)| rendered).collect();
    Ok(preflight::check(config, draft, &rendered, &letter.unwrap_or_default()))
}

/// A whole letter as it would go out, to the magazine itself: no subscriber has the number 0.
pub fn specimen(
    config: &Config,
    store: &Store,
    draft: &Draft,
    rendered: &Rendered,
    at: Instant,
) -> Result<Vec<u8>, Error> {
    let edition = Edition {
        id: 0,
        number: draft.due.number,
        period: draft.due.period.clone(),
        since: draft.due.since,
        cutoff: draft.due.cutoff,
        state: EditionState::Frozen,
        subject: rendered.subject.clone(),
        dated: at,
    };
    frozen_specimen(config, store, &edition, &rendered.entity)
}

/// The same of an edition that is frozen, from a variant's entity.
pub fn frozen_specimen(config: &Config, store: &Store, edition: &Edition, entity: &[u8]) -> Result<Vec<u8>, Error> {
    let form = Form::new(config, edition, store.key(), entity)?;
    Ok(form.write(0, &config.letters.from.address, None)?.text.into_bytes())
}
