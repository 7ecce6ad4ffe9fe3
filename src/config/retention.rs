//! How long things are kept that need not be kept for ever.

use chrono::Duration;
use serde::Deserialize;

use super::check::{Refusal, duration, refuse};

/// What is written for what is never removed.
const FOREVER: &str = "forever";

/// Less than this is of no use: letters come back after days, and what is refused is tried again.
const LEAST: Duration = Duration::days(30);

/// The user's words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    letters: String,
}

impl Default for Raw {
    fn default() -> Self {
        Self { letters: "24 months".to_owned() }
    }
}

/// What is removed after a time, by each run once a day and by `gazetier tidy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Who got an edition, what came back of it, and how it was rendered for choices of rubriques; for ever if
    /// missing.
    pub letters: Option<Duration>,
}

pub(super) fn check(raw: &Raw) -> Result<Retention, Refusal> {
    Ok(Retention { letters: kept("retention.letters", &raw.letters)? })
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
    Ok(Some(kept))
}
