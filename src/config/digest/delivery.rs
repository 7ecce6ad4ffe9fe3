//! What readers may choose of a newsletter: how often, at which hours and on which days.

use chrono::{NaiveTime, Weekday};

use super::super::{
    bounds::number,
    check::{ConfigRefusal, parse, refuse},
};
use crate::model::{HowOften, Rhythm, Schedule};

/// A choice of more hours is none.
const MAX_READER_HOURS: usize = 24;

/// How often readers may want a newsletter, beside each edition.
pub(super) fn rhythm(key: &str, name: &str) -> Result<Rhythm, ConfigRefusal> {
    let rhythm: Rhythm = parse(key, name)?;
    if rhythm == Rhythm::Each {
        return Err(refuse(key, "each edition can always be had: leave \"\" out"));
    }
    Ok(rhythm)
}

/// The hours that readers may choose: of a newsletter that comes once a day at the most, or two letters would come at once.
pub(super) fn reader_hours(key: &str, texts: &[String], schedule: &Schedule) -> Result<Vec<NaiveTime>, ConfigRefusal> {
    if !texts.is_empty() && !schedule.is_once_a_day() {
        let what = "the newsletter comes several times a day, and letters of a day would come at once: leave it out";
        return Err(refuse(key, what));
    }
    number(key, texts.len(), 0, MAX_READER_HOURS)?;
    let hour = |text: &String| {
        NaiveTime::parse_from_str(text, "%H:%M")
            .map_err(|_| refuse(key, format!("{text:?}: write hours such as \"18:00\"")))
    };
    texts.iter().map(hour).collect()
}

/// The days that readers may choose: of a newsletter that comes once a week at the most, for the same reason.
pub(super) fn reader_days(key: &str, texts: &[String], schedule: &Schedule) -> Result<Vec<Weekday>, ConfigRefusal> {
    let often = schedule.often();
    if !texts.is_empty() && !matches!(often, HowOften::Week | HowOften::Weeks(_) | HowOften::Month) {
        let what = "the newsletter comes several times a week, and letters of some days would come at once: leave it \
                    out; readers choose one a week from a day on (rhythms)";
        return Err(refuse(key, what));
    }
    let day = |text: &String| text.parse().map_err(|_| refuse(key, format!("{text:?}: write days such as \"Sat\"")));
    texts.iter().map(day).collect()
}
