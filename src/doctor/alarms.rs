//! What should have happened and did not: editors are told once, by mail, and whoever watches by figures.

use chrono::Duration;

use super::edition::LAST_RUN;
use crate::{
    config::Config,
    edition::{
        self,
        editors::{self, Missed},
        next::{self, ApprovalState},
    },
    model::{EditionState, Now},
    store::Store,
};

/// Under which names the store has what was told.
const PREFIX: &str = "alarm ";

/// Something that is missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// In a word, for figures: `run`, `edition`, `letters`, `source`, `future`.
    pub kind: &'static str,
    /// What it is about.
    pub subject: String,
    /// In English, for the terminal.
    pub words: String,
    /// As the editors read it.
    missed: Missed,
}

impl Alarm {
    /// By this it is told once.
    fn key(&self) -> String {
        format!("{PREFIX}{} {}", self.kind, self.subject)
    }
}

/// Who asks. A run misses no run, and what is due it has just sent or told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    Run,
    Watcher,
}

impl Asker {
    /// The kinds of alarms that it can tell to be over.
    fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::Run => &["run", "future", "letters", "source"],
            Self::Watcher => &["run", "edition", "future", "letters", "source"],
        }
    }
}

/// All that is missed now.
pub async fn find(config: &Config, store: &Store, now: Now, asker: Asker) -> Result<Vec<Alarm>, edition::Error> {
    let mut alarms = Vec::new();
    let hour = |at| config.magazine.zone.local(at).format("%Y-%m-%d %H:%M").to_string();
    if asker == Asker::Watcher
        && let Some(within) = config.watch.run_within
        && let Some(last) = store.last_done(LAST_RUN).await?
        && now.at - last > within
    {
        let since = hour(last);
        alarms.push(Alarm {
            kind: "run",
            subject: String::new(),
            words: format!("there has been no run since {since}: look whether cron still calls `gazetier run`"),
            missed: Missed::Run { since },
        });
    }
    for newsletter in &config.newsletters {
        let Ok(Some(view)) = config.view(&newsletter.newsletter) else { continue };
        alarms.extend(of_newsletter(&view, store, now, asker, &hour).await?);
    }
    if let Some(after) = config.watch.source_silent {
        for (source, newest) in store.newest_of_sources().await? {
            if now.at - newest > after
                && config.sources.iter().any(|known| known.tag() == source || known.name == source)
            {
                let since = hour(newest);
                alarms.push(Alarm {
                    kind: "source",
                    words: format!("the source {source} has given nothing since {since}"),
                    missed: Missed::Source { source: source.clone(), since },
                    subject: source,
                });
            }
        }
    }
    Ok(alarms)
}

async fn of_newsletter(
    view: &Config,
    store: &Store,
    now: Now,
    asker: Asker,
    hour: &(dyn Fn(crate::model::Instant) -> String + Sync),
) -> Result<Vec<Alarm>, edition::Error> {
    let mut alarms = Vec::new();
    for edition in store.future_editions(now.horizon()).await? {
        if edition.newsletter == view.digest.newsletter {
            let (period, at) = (edition.period.to_string(), hour(edition.cutoff));
            alarms.push(Alarm {
                kind: "future",
                words: format!(
                    "{period} stands in the future, at {at}: `gazetier digest redate {period}` puts it right"
                ),
                missed: Missed::Future { period: period.clone(), hour: at },
                subject: period,
            });
        }
    }
    let Some(within) = view.watch.edition_within else { return Ok(alarms) };
    let is_old = |cutoff| now.at - cutoff > within && now.at - cutoff < within + Duration::days(8);
    if asker == Asker::Watcher {
        alarms.extend(missed_edition(view, store, now, &is_old, hour).await?);
    }
    for edition in store.open_editions().await? {
        let is_ours = edition.newsletter == view.digest.newsletter && edition.state != EditionState::Held;
        if !is_ours || !is_old(edition.cutoff) {
            continue;
        }
        // What waits for an hour that its reader chose, or for a day of the warm-up, is where it should be.
        let waiting = store.tally(edition.id).await?.to_do()
            - store.waiting_letters(edition.id, now.clock).await?
            - store.warming_letters(edition.id).await?;
        if waiting > 0 {
            let period = edition.period.to_string();
            let since = hour(edition.cutoff);
            alarms.push(Alarm {
                kind: "letters",
                words: format!(
                    "{waiting} letters of {period} still wait, since {since}: `gazetier digest status` says why"
                ),
                missed: Missed::Letters { period: period.clone(), count: waiting },
                subject: period,
            });
        }
    }
    Ok(alarms)
}

/// The edition whose hour has come, if it is still there.
async fn missed_edition(
    view: &Config,
    store: &Store,
    now: Now,
    is_old: &(dyn Fn(crate::model::Instant) -> bool + Sync),
    hour: &(dyn Fn(crate::model::Instant) -> String + Sync),
) -> Result<Option<Alarm>, edition::Error> {
    let coming = next::next_edition(view, store, now).await?;
    let slot = &coming.draft.slot;
    if !coming.is_due || !is_old(coming.hour()) {
        return Ok(None);
    }
    // What editors hold or have to approve waits for them, and they know.
    let waits = match coming.approval_state(view)? {
        ApprovalState::Draft | ApprovalState::Lapsed { .. } => view.digest.approval,
        ApprovalState::Approved { .. } => false,
        ApprovalState::Held { .. } | ApprovalState::Empty => true,
    };
    let (period, at) = (slot.period.to_string(), hour(coming.hour()));
    let words = format!(
        "{period} should have gone at {at} and did not: look whether `gazetier run` is called, and what it says"
    );
    let missed = Missed::Edition { period: period.clone(), hour: at };
    Ok((!waits).then_some(Alarm { kind: "edition", subject: period, words, missed }))
}

/// Tells the editors of what they do not know yet, and forgets what is mended. Gives what is new.
pub async fn tell(config: &Config, store: &Store, now: Now, asker: Asker) -> Result<Vec<Alarm>, edition::Error> {
    let alarms = find(config, store, now, asker).await?;
    let mut news = Vec::new();
    let mut standing = Vec::new();
    for alarm in alarms {
        let key = alarm.key();
        if editors::tell_of_missed(config, store, now.at, &key, &alarm.missed).await? {
            news.push(alarm);
        }
        standing.push(key);
    }
    for kind in asker.kinds() {
        store.forget_notices(&format!("{PREFIX}{kind} "), &standing).await?;
    }
    Ok(news)
}
