//! When the next edition goes and to how many, and whether the clock can be believed.

use super::{Examined, Finding};
use crate::{
    config::Config,
    edition::{next, render::render},
    model::Choice,
};

/// A clock that is this far from another one is wrong.
const MAX_CLOCK_ERROR: chrono::Duration = chrono::Duration::minutes(2);

/// Under which name the store has the instant of the last run.
pub const LAST_RUN: &str = "run";

/// What is told of a newsletter's next edition, and how large a letter of it is.
#[derive(Debug, Default)]
pub struct Coming {
    pub findings: Vec<Finding>,
    /// In bytes, with what headers and encodings add.
    pub letter_size: u64,
}

/// Looks at the next edition of the newsletter that a configuration is about.
pub async fn examine(examined: &Examined<'_>, config: &Config) -> Coming {
    let Some(store) = examined.store else { return Coming::default() };
    let newsletter = &config.digest.newsletter;
    let coming = match next::next_edition(config, store, examined.now).await {
        Ok(coming) => coming,
        Err(error) => {
            let finding =
                Finding::wrong("next", format!("the next edition of {newsletter} cannot be drawn up: {error}"));
            return Coming { findings: vec![finding], letter_size: 0 };
        }
    };
    let readers = store.readers_of(newsletter, &coming.groups()).await.unwrap_or_default();
    let active = match store.counted_groups(newsletter).await {
        Ok(groups) => groups.iter().map(|(_, readers)| readers).sum(),
        Err(_) => readers,
    };
    let slot = &coming.draft.slot;
    let hour = config.magazine.zone.local(coming.hour()).format("%Y-%m-%d %H:%M %:z");
    let words = match (coming.is_empty(), coming.hour() <= examined.now.at) {
        (true, _) => format!(
            "{} of {newsletter} is due at {hour} ({}); nothing is new yet, and {active} readers would get it",
            slot.period, config.magazine.zone
        ),
        (false, true) => format!("{} of {newsletter} was due at {hour} and waits for {readers} readers", slot.period),
        (false, false) => format!(
            "{} of {newsletter} goes at {hour} ({}) to {readers} readers, with {} columns",
            slot.period,
            config.magazine.zone,
            coming.draft.columns.len()
        ),
    };
    let mut found = Coming { findings: vec![Finding::note("next", words)], letter_size: 0 };
    if active == 0 {
        found.findings.push(
            Finding::advice("next", format!("{newsletter} has no readers"))
                .mend("gazetier subscribers import FILE, or gazetier subscribers add ADDRESS"),
        );
    }
    match render(config, &coming.draft, &Choice::all()) {
        Ok(Some(rendered)) => {
            let size = rendered.html.len() + rendered.plain.len();
            // Quoted-printable and the headers.
            found.letter_size = (size + size / 3 + 8_192) as u64;
            if let Err(error) = rendered.usable() {
                found.findings.push(Finding::wrong("next", format!("{}: {error}", coming.draft.slot.period)));
            }
        }
        Ok(None) => {}
        Err(error) => found.findings.push(Finding::wrong("next", format!("{}: {error}", coming.draft.slot.period))),
    }
    found
}

/// Compares the machine's clock with that of the last run, and with those of others.
pub async fn examine_clock(
    examined: &Examined<'_>,
    others: &[(String, chrono::DateTime<chrono::Utc>)],
) -> Vec<Finding> {
    let clock = examined.now.clock;
    let zone = &examined.config.magazine.zone;
    let mend = "set the machine's clock by NTP (timedatectl set-ntp true)";
    let mut found = Vec::new();
    if let Some(store) = examined.store
        && let Ok(Some(last)) = store.last_done(LAST_RUN).await
        && last > examined.now.at + MAX_CLOCK_ERROR
    {
        let words =
            format!("the last run was at {}, which is still to come", zone.local(last).format("%Y-%m-%d %H:%M"));
        found.push(Finding::wrong("clock", words).mend(mend));
    }
    for (who, at) in others {
        let error = clock - *at;
        if error.abs() > MAX_CLOCK_ERROR {
            let words = format!(
                "this machine's clock is {} {} that of {who}",
                humantime::format_duration(std::time::Duration::from_secs(error.num_seconds().unsigned_abs())),
                if error > chrono::Duration::zero() { "ahead of" } else { "behind" },
            );
            found.push(Finding::wrong("clock", words).mend(mend));
        }
    }
    if found.is_empty() {
        let words = format!("it is {} in {zone}", zone.local(clock).format("%Y-%m-%d %H:%M %:z"));
        found.push(Finding::fine("clock", words));
    }
    found
}
