//! `[warm_up]`: how many letters a new sender's providers get each day, until they know it.

use chrono::NaiveDate;
use serde::Deserialize;

use super::{
    bounds::number,
    check::{ConfigRefusal, refuse},
};

/// So many days have numbers of their own at the most.
const MAX_DAYS: u32 = 366;

/// The user's words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawWarmUp {
    /// The first day, by the magazine's clock.
    pub start: String,
    /// Letters to each provider on the first day.
    pub letters: Option<u32>,
    /// So many times as many on each further day.
    pub factor: Option<f64>,
    /// On how many days.
    pub days: Option<u32>,
    /// The letters of each day, one after the other, instead of the three.
    pub steps: Option<Vec<u32>>,
}

/// A plan: letters to each provider on each day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarmUp {
    /// The first day.
    pub start: NaiveDate,
    /// The letters of each day, from the first to the last.
    pub letters: Vec<u32>,
}

/// A day of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarmUpDay {
    /// Which one, counted from 1.
    pub number: usize,
    /// So many letters go to each provider.
    pub letters: u32,
}

impl WarmUp {
    /// What the plan says of a day: none, if it is over. A plan that begins later keeps to its first day until then, so that a
    /// wrong year does not let all letters go.
    pub fn on(&self, day: NaiveDate) -> Option<WarmUpDay> {
        let index = usize::try_from((day - self.start).num_days().max(0)).ok()?;
        let letters = *self.letters.get(index)?;
        Some(WarmUpDay { number: index + 1, letters })
    }
}

pub(super) fn check(raw: Option<RawWarmUp>) -> Result<Option<WarmUp>, ConfigRefusal> {
    let Some(raw) = raw else { return Ok(None) };
    let start = NaiveDate::parse_from_str(raw.start.trim(), "%Y-%m-%d")
        .map_err(|_| refuse("warm_up.start", format!("{:?}: write a day such as \"2026-11-23\"", raw.start)))?;
    let letters = match raw.steps {
        Some(steps) => {
            let beside =
                [("letters", raw.letters.is_some()), ("factor", raw.factor.is_some()), ("days", raw.days.is_some())];
            if let Some((key, _)) = beside.iter().find(|(_, is_there)| *is_there) {
                let what = "warm_up.steps says the letters of each day: leave one of them out";
                return Err(refuse(&format!("warm_up.{key}"), what));
            }
            let days = u32::try_from(steps.len()).unwrap_or(u32::MAX);
            number("warm_up.steps", days, 1, MAX_DAYS)?;
            for letters in &steps {
                number("warm_up.steps", *letters, 1, 10_000_000)?;
            }
            steps
        }
        None => {
            let first = number("warm_up.letters", raw.letters.unwrap_or(50), 1, 1_000_000)?;
            let factor = raw.factor.unwrap_or(1.2);
            // What is no number is neither less nor more.
            let factor = number("warm_up.factor", if factor.is_nan() { 0.0 } else { factor }, 1.0, 3.0)?;
            let days = number("warm_up.days", raw.days.unwrap_or(42), 1, MAX_DAYS)?;
            // The sum of what is rounded would go astray.
            let letters = |day: u32| (f64::from(first) * factor.powf(f64::from(day))).min(f64::from(u32::MAX)) as u32;
            (0..days).map(letters).collect()
        }
    };
    Ok(Some(WarmUp { start, letters }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<WarmUp, String> {
        let raw: RawWarmUp =
            toml::from_str(&format!("start = \"2026-11-23\"\n{text}")).map_err(|error| error.to_string())?;
        let checked = check(Some(raw)).map_err(|refusal| format!("{}: {}", refusal.key, refusal.message))?;
        checked.ok_or_else(|| "none".into())
    }

    fn letters(plan: &WarmUp, days: i64) -> Option<u32> {
        plan.on(plan.start + chrono::Duration::days(days)).map(|day| day.letters)
    }

    #[test]
    fn a_plan_grows_by_its_factor_or_its_steps_and_ends() {
        let plan = checked("").expect("a plan");
        assert_eq!(
            [-400, 0, 1, 2, 41, 42].map(|day| letters(&plan, day)),
            [Some(50), Some(50), Some(60), Some(72), Some(88_186), None]
        );
        let plan = checked("letters = 10\nfactor = 2\ndays = 3").expect("a plan");
        assert_eq!([0, 1, 2, 3].map(|day| letters(&plan, day)), [Some(10), Some(20), Some(40), None]);
        let plan = checked("steps = [5, 5, 100]").expect("a plan");
        assert_eq!([0, 1, 2, 3].map(|day| letters(&plan, day)), [Some(5), Some(5), Some(100), None]);
        assert_eq!(plan.on(plan.start).map(|day| day.number), Some(1));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, key) in [
            ("steps = []", "warm_up.steps"),
            ("steps = [0]", "warm_up.steps"),
            ("steps = [1]\ndays = 2", "warm_up.days"),
            ("letters = 0", "warm_up.letters"),
            ("factor = 0.5", "warm_up.factor"),
            ("factor = nan", "warm_up.factor"),
            ("days = 400", "warm_up.days"),
            ("start = \"soon\"", "duplicate"),
        ] {
            let refused = checked(text).expect_err(text);
            assert!(refused.contains(key), "{text}: {refused}");
        }
    }
}
