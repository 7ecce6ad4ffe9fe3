//! What depends on the language's rules: numbers in sentences, and days.

use std::fmt::Display;

use chrono::{Datelike, Locale, NaiveDate, NaiveDateTime};
use icu_plurals::{PluralCategory, PluralRules};

use super::{Lang, Plural, fill};

/// The rule by which a language tells numbers apart; CLDR has none for a tag that is no tag.
pub(super) fn rule(tag: &str) -> Result<PluralRules, String> {
    let locale: icu_locale_core::Locale =
        tag.parse().map_err(|error: icu_locale_core::ParseError| error.to_string())?;
    PluralRules::try_new_cardinal((&locale).into()).map_err(|error| error.to_string())
}

impl Plural {
    /// The form for a category; the last one where the language has no own.
    fn form(&self, category: PluralCategory) -> &str {
        let own = match category {
            PluralCategory::Zero => &self.zero,
            PluralCategory::One => &self.one,
            PluralCategory::Two => &self.two,
            PluralCategory::Few => &self.few,
            PluralCategory::Many => &self.many,
            PluralCategory::Other => &None,
        };
        own.as_deref().unwrap_or(&self.other)
    }
}

impl Lang {
    /// A text about a number of things, `{count}`, with more filled in.
    pub(crate) fn counted(self, text: &Plural, count: u64, with: &[(&str, &dyn Display)]) -> String {
        let category = rule(self.tag()).map_or(PluralCategory::Other, |rule| rule.category_for(count));
        let mut all: Vec<(&str, &dyn Display)> = vec![("count", &count)];
        all.extend(with);
        fill(text.form(category), &all)
    }

    /// A day in words, without its year.
    pub(crate) fn day(self, day: NaiveDate) -> String {
        let dates = &self.words().dates;
        let month = day.format_localized("%B", self.months()).to_string();
        fill(&dates.day, &[("day", &self.number_of(day)), ("month", &month)])
    }

    /// The days from one to another, in words.
    pub(crate) fn days(self, first: NaiveDate, last: NaiveDate) -> String {
        let from = if first.year() != last.year() {
            self.whole(first)
        } else if first.month() != last.month() {
            self.day(first)
        } else {
            self.number_of(first)
        };
        fill(&self.words().dates.range, &[("from", &from), ("to", &self.whole(last))])
    }

    /// A day in numbers, without its year.
    pub(crate) fn short_day(self, day: NaiveDate) -> String {
        let (month, day) = (format!("{:02}", day.month()), format!("{:02}", day.day()));
        fill(&self.words().dates.short, &[("day", &day), ("month", &month)])
    }

    /// A moment in words, with the day of the week.
    pub(crate) fn moment(self, at: NaiveDateTime) -> String {
        let (weekday, time) = (at.date().format_localized("%A", self.months()).to_string(), at.format("%H:%M"));
        let day = self.whole(at.date());
        fill(&self.words().dates.moment, &[("weekday", &weekday), ("day", &day), ("time", &time)])
    }

    /// The same without year and day of the week.
    pub(crate) fn short_moment(self, at: NaiveDateTime) -> String {
        let (day, time) = (self.day(at.date()), at.format("%H:%M"));
        fill(&self.words().dates.short_moment, &[("day", &day), ("time", &time)])
    }

    /// What an edition is named after, in words: `2026-W47`, `2026-11`, `2026-11-23`, with a number behind it where there
    /// are several. What it does not know stays as it is.
    pub(crate) fn period(self, label: &str) -> String {
        let (day, special) = match label.split_once("-special") {
            Some((day, number)) => (day, format!(", {}{}", self.words().dates.special, number.replace('-', " "))),
            None => (label, String::new()),
        };
        self.known_period(day).map_or_else(|| label.to_owned(), |words| words + &special)
    }

    fn known_period(self, label: &str) -> Option<String> {
        let dates = &self.words().dates;
        let mut parts = label.split('-');
        let year = parts.next().filter(|year| year.len() == 4)?.parse::<i32>().ok()?;
        let second = parts.next()?;
        let (words, rest) = if let Some(week) = second.strip_prefix('W') {
            (fill(&dates.week, &[("week", &week.parse::<u32>().ok()?), ("year", &year)]), parts.next())
        } else {
            let month = second.parse::<u32>().ok()?;
            match parts.next().filter(|day| day.len() == 2) {
                Some(day) => (self.whole(NaiveDate::from_ymd_opt(year, month, day.parse().ok()?)?), parts.next()),
                None => {
                    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
                    let month = first.format_localized("%B", self.months()).to_string();
                    (fill(&dates.month, &[("month", &month), ("year", &year)]), label.splitn(3, '-').nth(2))
                }
            }
        };
        match (rest, parts.next()) {
            (None, _) => Some(words),
            (Some(number), None) => Some(format!("{words} ({})", number.parse::<u32>().ok()?)),
            _ => None,
        }
    }

    fn whole(self, day: NaiveDate) -> String {
        let dates = &self.words().dates;
        let month = day.format_localized("%B", self.months()).to_string();
        fill(&dates.whole, &[("day", &self.number_of(day)), ("month", &month), ("year", &day.year())])
    }

    /// The number of a day within its month, as it is written.
    fn number_of(self, day: NaiveDate) -> String {
        let dates = &self.words().dates;
        match day.day() {
            1 => dates.first.clone(),
            number => fill(&dates.other, &[("number", &number)]),
        }
    }

    fn months(self) -> Locale {
        self.spoken().months
    }
}
