//! What readers agree to, in our words.

use crate::{
    config::Config,
    locales::{Readers, fill},
    model::{HowOften, Lang},
};

/// How often a newsletter comes, in words.
pub(crate) fn often(config: &Config, words: &Readers) -> String {
    let often = &words.often;
    match config.digest.schedule.often() {
        HowOften::Day => often.day.clone(),
        HowOften::Weekdays => often.weekdays.clone(),
        HowOften::Week => often.week.clone(),
        HowOften::Several => often.several.clone(),
        HowOften::Weeks(count) => fill(&often.weeks, &[("count", &count)]),
        HowOften::Month => often.month.clone(),
        HowOften::Published => often.published.clone(),
    }
}

/// The words of the agreement in a language.
pub(crate) fn words(config: &Config, lang: Lang) -> String {
    let words = &lang.words().readers;
    fill(&words.consent, &[("magazine", &config.letter_title()), ("often", &often(config, words))])
}
