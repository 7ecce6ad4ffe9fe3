//! The warm-up: a new sender's providers get few letters a day at first, and more each day. What a day does not allow waits
//! in the ledger.

use crate::{
    config::{Config, Relays, WarmUpDay},
    model::{Edition, Instant},
    store::{DayAllowance, Result, Store},
};

/// What an edition's letters wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warming {
    /// The day of the plan.
    pub day: WarmUpDay,
    /// How many days it has.
    pub days: usize,
}

impl Warming {
    /// The day of a plan, if there is one that an instant is within.
    pub fn on(config: &Config, at: Instant) -> Option<Self> {
        // A folder judges nobody.
        let plan = config.warm_up.as_ref().filter(|_| matches!(config.relays, Relays::Smtp(_)))?;
        let day = plan.on(config.magazine.zone.local(at).date_naive())?;
        Some(Self { day, days: plan.letters.len() })
    }

    /// Says that so many letters wait.
    pub fn words(&self, letters: i64) -> String {
        let Self { day, days } = self;
        let wait = if letters == 1 { "letter waits" } else { "letters wait" };
        let each = if day.letters == 1 { "letter goes" } else { "letters go" };
        format!(
            "{letters} {wait} for a later day of the warm-up: on its day {} of {days}, {} {each} to each provider",
            day.number, day.letters
        )
    }
}

/// Lets the letters of an edition go that the day of `at` allows, before any is sent; nothing, if all may go. `now` is the
/// database's clock.
pub async fn step(
    config: &Config,
    store: &Store,
    edition: &Edition,
    at: Instant,
    now: Instant,
) -> Result<Option<Warming>> {
    let warming = Warming::on(config, at);
    let day = config.magazine.zone.local(at).date_naive();
    let allowance = warming.map(|warming| DayAllowance { day, letters: warming.day.letters, at });
    store.warm_up(edition.id, allowance, now).await?;
    Ok(warming)
}
