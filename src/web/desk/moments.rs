//! Moments and editions, as people call them.

use super::Desk;
use crate::{
    config::Config,
    model::{Instant, Period},
};

/// A moment in words.
pub(super) fn hour(config: &Config, at: Instant) -> String {
    config.magazine.lang.moment(config.magazine.zone.local(at).naive_local())
}

/// The same without its year.
pub(super) fn short_hour(config: &Config, at: Instant) -> String {
    config.magazine.lang.short_moment(config.magazine.zone.local(at).naive_local())
}

impl Desk {
    /// What an edition is called, in words.
    pub(super) fn called(&self, period: &Period) -> String {
        let newsletter = format!("{}-", self.shared().newsletter());
        let label = period.as_str();
        self.lang().period(label.strip_prefix(&newsletter).unwrap_or(label))
    }
}
