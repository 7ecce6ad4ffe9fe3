//! `[digest]`: when the letter is due, what it holds, and who looks at it before.

use chrono::Duration;
use serde::Deserialize;

use super::{
    DeskConfig, Digest,
    bounds::{number, span},
    check::{ConfigRefusal, legal, line, parse, refuse},
};
use crate::model::{Rhythm, Schedule, Slug, Zone};

/// The name of the newsletter that `[digest]` describes.
const DIGEST: &str = "digest";

/// A proof goes out no earlier before its edition: what comes after the hour is of the edition after it.
const FIRST_PROOF: Duration = Duration::days(5);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDigest {
    pub schedule: String,
    #[serde(default = "week")]
    pub grace: String,
    #[serde(default = "half_a_day")]
    pub send_within: String,
    #[serde(default = "thirty")]
    pub max_columns: usize,
    #[serde(default = "standfirst_length")]
    pub standfirst_length: usize,
    #[serde(default = "subject")]
    pub subject: String,
    #[serde(default)]
    pub opening: String,
    /// Whether an edition waits for an editor's approval.
    #[serde(default)]
    pub approval: bool,
    /// When the editors get the proof.
    pub proof_at: Option<String>,
    /// How often readers may want a letter, beside each edition.
    pub rhythms: Option<Vec<String>>,
}

fn week() -> String {
    "7d".into()
}

fn half_a_day() -> String {
    "12h".into()
}

fn thirty() -> usize {
    30
}

fn standfirst_length() -> usize {
    330
}

fn subject() -> String {
    "{lead}".into()
}

pub(super) fn check(raw: RawDigest, desk: &DeskConfig, zone: &Zone) -> Result<Digest, ConfigRefusal> {
    for (at, _) in raw.subject.match_indices('{') {
        let known = ["{magazine}", "{number}", "{period}", "{lead}"];
        if !known.iter().any(|name| raw.subject[at..].starts_with(name)) {
            return Err(refuse("digest.subject", format!("only {} are filled in", known.join(", "))));
        }
    }
    let proof_at: Option<Schedule> = raw.proof_at.map(|text| parse("digest.proof_at", &text)).transpose()?;
    if proof_at.is_some() && desk.editors.is_empty() {
        return Err(refuse("digest.proof_at", "nobody would get the proof: name the editors in desk.editors"));
    }
    let schedule: Schedule = raw.schedule.parse().map_err(|error| refuse("digest.schedule", error))?;
    if let Some(proof) = &proof_at {
        let ahead = proof.longest_before(&schedule, zone);
        if ahead > FIRST_PROOF {
            let what = format!(
                "the proof would go out {} before {}: write an hour in the days before it, such as the evening before",
                if ahead == Duration::days(7) { "a week".to_owned() } else { format!("{} days", ahead.num_days()) },
                raw.schedule,
            );
            return Err(refuse("digest.proof_at", what));
        }
    }
    let rhythms = match raw.rhythms {
        Some(names) => names.iter().map(|name| rhythm(name)).collect::<Result<_, _>>()?,
        None => Rhythm::slower_than(&schedule, zone),
    };
    let newsletter = Slug::parse(DIGEST).map_err(|error| refuse("digest", error))?;
    Ok(Digest {
        newsletter,
        approval: raw.approval,
        proof_at,
        rhythms,
        schedule,
        grace: span("digest.grace", &raw.grace, "0s", "366d")?,
        // Cron comes every few minutes, and after a week the next edition is due.
        send_within: span("digest.send_within", &raw.send_within, "10m", "7d")?,
        max_columns: number("digest.max_columns", raw.max_columns, 1, 1_000)?,
        // Below it no sentence is left.
        standfirst_length: number("digest.standfirst_length", raw.standfirst_length, 80, 10_000)?,
        subject: line("digest.subject", raw.subject)?,
        opening: legal("digest.opening", raw.opening)?,
    })
}

/// How often readers may want a newsletter, beside each edition.
fn rhythm(name: &str) -> Result<Rhythm, ConfigRefusal> {
    let rhythm: Rhythm = parse("digest.rhythms", name)?;
    if rhythm == Rhythm::Each {
        return Err(refuse("digest.rhythms", "each edition can always be had: leave \"\" out"));
    }
    Ok(rhythm)
}
