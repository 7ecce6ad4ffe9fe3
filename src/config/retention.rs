//! How long things are kept that need not be kept for ever.

use chrono::Duration;
use serde::Deserialize;

use super::check::{ConfigRefusal, duration, refuse};

/// What is written for what is never removed.
const FOREVER: &str = "forever";

/// Less than this is of no use: letters come back after days, and what is refused is tried again.
const MIN_RETENTION: Duration = Duration::days(30);

/// The same of letters to one person: so long they count for what an address may have sent to it, and their links work.
const MIN_SERVICE_RETENTION: Duration = Duration::days(7);

/// More than this is for ever.
const MAX_RETENTION: Duration = Duration::days(36_525);

/// The user's words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawRetention {
    /// Who got which edition; sums and the archive stay.
    letters: String,
    /// Readers who left; a keyed hash keeps lists from adding them again.
    left: String,
    /// From which network addresses readers asked and confirmed.
    consent_addresses: String,
    /// Letters that were written into a folder.
    outbox: String,
    /// That somebody was sent a link, and when; what it said goes at once.
    service_letters: String,
}

impl Default for RawRetention {
    fn default() -> Self {
        let [letters, left, consent_addresses, outbox, service_letters] =
            ["24 months", "36 months", "12 months", "6 months", "7 days"].map(str::to_owned);
        Self { letters, left, consent_addresses, outbox, service_letters }
    }
}

/// What is removed after a time, by each run once a day and by `gazetier tidy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Who got an edition, what came back of it, and how it was rendered for choices of rubriques; for ever if
    /// missing.
    pub letters: Option<Duration>,
    /// Readers who left, from then on; for ever if missing. A keyed hash of their address stays, so that no list
    /// brings them back.
    pub left: Option<Duration>,
    /// From which network addresses readers asked and confirmed; what they agreed to and when stays.
    pub consent_addresses: Option<Duration>,
    /// Letters that were written into a folder.
    pub outbox: Option<Duration>,
    /// That a letter to one person was sent, about what, and what became of it; what it said goes at once.
    pub service_letters: Option<Duration>,
}

pub(super) fn check(raw: &RawRetention) -> Result<Retention, ConfigRefusal> {
    Ok(Retention {
        letters: kept("retention.letters", &raw.letters, MIN_RETENTION)?,
        left: kept("retention.left", &raw.left, MIN_RETENTION)?,
        consent_addresses: kept("retention.consent_addresses", &raw.consent_addresses, MIN_RETENTION)?,
        outbox: kept("retention.outbox", &raw.outbox, MIN_RETENTION)?,
        service_letters: kept("retention.service_letters", &raw.service_letters, MIN_SERVICE_RETENTION)?,
    })
}

/// A length of time such as `24 months`, or `forever`.
fn kept(key: &str, text: &str, least: Duration) -> Result<Option<Duration>, ConfigRefusal> {
    if text.trim() == FOREVER {
        return Ok(None);
    }
    let kept = duration(key, text)?;
    if kept < least {
        let days = least.num_days();
        let why =
            if least == MIN_SERVICE_RETENTION { "limits count for a week" } else { "letters come back for weeks" };
        return Err(refuse(key, format!("that is too short, {why}: write \"{days}d\" or more, or \"forever\"")));
    }
    if kept > MAX_RETENTION {
        return Err(refuse(key, "that is more than a hundred years: write \"100 years\" or less, or \"forever\""));
    }
    Ok(Some(kept))
}
