//! When the editors are told that something did not happen.

use std::path::{Path, PathBuf};

use chrono::Duration;
use serde::Deserialize;

use super::{
    bounds::{path, span},
    check::ConfigRefusal,
};

/// What is written for what is never told.
const NEVER: &str = "never";

/// The user's words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawWatch {
    /// No run for so long.
    pub run_within: String,
    /// An edition, or letters of one, so long after its hour.
    pub edition_within: String,
    /// Nothing new from a source for so long.
    pub source_silent: String,
    /// How often `gazetier serve` looks.
    pub every: String,
    /// A file with figures for Prometheus, written by each run.
    pub metrics: Option<String>,
}

impl Default for RawWatch {
    fn default() -> Self {
        let [run_within, edition_within, source_silent, every] = ["6h", "2h", NEVER, "5m"].map(str::to_owned);
        Self { run_within, edition_within, source_silent, every, metrics: None }
    }
}

/// When something that should have happened did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// So long after the last run, another one is missed; never if missing.
    pub run_within: Option<Duration>,
    /// So long after its hour, an edition that has not gone is missed; never if missing.
    pub edition_within: Option<Duration>,
    /// So long after its newest column, a source is silent; never if missing.
    pub source_silent: Option<Duration>,
    /// How often `gazetier serve` looks.
    pub every: std::time::Duration,
    /// Where figures for Prometheus are written by each run.
    pub metrics: Option<PathBuf>,
}

impl Watch {
    /// So much later a run is noted anew: a tenth of the time after which one is missed. To note each would be a write to the disk
    /// by runs that have nothing to do.
    pub fn note_runs_every(&self) -> Duration {
        self.run_within.unwrap_or(Duration::hours(6)) / 10
    }
}

pub(super) fn check(raw: RawWatch, base: &Path) -> Result<Watch, ConfigRefusal> {
    let after = |key: &str, text: &str, least: &str, most: &str| match text.trim() {
        NEVER => Ok(None),
        text => span(key, text, least, most).map(Some),
    };
    Ok(Watch {
        run_within: after("watch.run_within", &raw.run_within, "10m", "30d")?,
        edition_within: after("watch.edition_within", &raw.edition_within, "10m", "7d")?,
        source_silent: after("watch.source_silent", &raw.source_silent, "1d", "3660d")?,
        every: span("watch.every", &raw.every, "1s", "1d")?.to_std().unwrap_or(std::time::Duration::from_secs(300)),
        metrics: raw.metrics.map(|file| path("watch.metrics", base, &file)).transpose()?,
    })
}
