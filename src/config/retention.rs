//! How long things are kept that need not be kept for ever.

use chrono::Duration;
use serde::Deserialize;

use super::check::{Refusal, duration, refuse};

/// What is written for what is never removed.
const FOREVER: &str = "forever";

/// Less than this is of no use: letters come back after days, and what is refused is tried again.
const LEAST: Duration = Duration::days(30);

/// More than this is for ever.
const MOST: Duration = Duration::days(36_525);

/// The user's words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    letters: String,
    left: String,
    consent_addresses: String,
    outbox: String,
}

impl Default for Raw {
    fn default() -> Self {
        let [letters, left, consent_addresses, outbox] =
            ["24 months", "36 months", "12 months", "6 months"].map(str::to_owned);
        Self { letters, left, consent_addresses, outbox }
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
}

pub(super) fn check(raw: &Raw) -> Result<Retention, Refusal> {
    Ok(Retention {
        letters: kept("retention.letters", &raw.letters)?,
        left: kept("retention.left", &raw.left)?,
        consent_addresses: kept("retention.consent_addresses", &raw.consent_addresses)?,
        outbox: kept("retention.outbox", &raw.outbox)?,
    })
}

/// A length of time such as `24 months`, or `forever`.
fn kept(key: &str, text: &str) -> Result<Option<Duration>, Refusal> {
    if text.trim() == FOREVER {
        return Ok(None);
    }
    let kept = duration(key, text)?;
    if kept < LEAST {
        let why = "that is too short, letters come back for weeks: write \"30d\" or more, or \"forever\"";
        return Err(refuse(key, why));
    }
    if kept > MOST {
        return Err(refuse(key, "that is more than a hundred years: write \"100 years\" or less, or \"forever\""));
    }
    Ok(Some(kept))
}
