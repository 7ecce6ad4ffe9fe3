//! `[reconfirm]`: whether readers of whom no consent is known are asked to confirm.

use chrono::Duration;
use serde::Deserialize;

use super::{
    bounds::{number, span},
    check::{ConfigRefusal, refuse},
};

/// The user's words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawReconfirm {
    /// How long somebody has been on the list.
    pub after: String,
    /// How long an answer may take.
    #[serde(default = "month")]
    pub wait: String,
    /// `stay` or `rest`.
    pub without_answer: String,
    /// How many are asked in a day, at the most.
    #[serde(default = "two_hundred")]
    pub a_day: u32,
}

fn month() -> String {
    "30d".into()
}

fn two_hundred() -> u32 {
    200
}

/// Readers of whom no consent is known are asked, once, whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconfirm {
    /// After so long on the list.
    pub after: Duration,
    /// They have so long to answer.
    pub wait: Duration,
    /// What becomes of who does not.
    pub without_answer: WithoutAnswer,
    /// So many are asked in a day at the most.
    pub a_day: u32,
}

/// What becomes of who does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutAnswer {
    /// Letters come as before.
    Stay,
    /// No letters any more, until they subscribe.
    Rest,
}

pub(super) fn check(raw: Option<RawReconfirm>) -> Result<Option<Reconfirm>, ConfigRefusal> {
    let Some(raw) = raw else { return Ok(None) };
    let without_answer = match raw.without_answer.as_str() {
        "stay" => WithoutAnswer::Stay,
        "rest" => WithoutAnswer::Rest,
        other => {
            let what =
                format!("{other:?} is neither: write \"stay\" for letters as before, or \"rest\" for none any more");
            return Err(refuse("reconfirm.without_answer", what));
        }
    };
    Ok(Some(Reconfirm {
        after: span("reconfirm.after", &raw.after, "30d", "3650d")?,
        wait: span("reconfirm.wait", &raw.wait, "7d", "366d")?,
        without_answer,
        a_day: number("reconfirm.a_day", raw.a_day, 1, 100_000)?,
    }))
}
