//! What readers write into the forms, checked where it comes in.

use chrono::{Datelike, Duration, NaiveDate, NaiveTime, Weekday};
use serde::Serialize;
use url::form_urlencoded;

use crate::{
    config::Config,
    locales::{Readers, fill},
    model::{Choice, DeliveryTime, EmailAddress, Instant, Rhythm, Rubrique, Slug, text},
};

/// How far ahead a pause may end.
const MAX_PAUSE: Duration = Duration::days(731);

/// A form's fields, in their order; one of several boxes may stand more than once.
#[derive(Debug, Clone, Default)]
pub(in crate::web) struct Fields(Vec<(String, String)>);

impl Fields {
    /// From a form's body.
    pub(in crate::web) fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// From what a script sends: an object of texts and lists of texts.
    pub(in crate::web) fn read_json(body: &[u8]) -> Option<Self> {
        let serde_json::Value::Object(object) = serde_json::from_slice(body).ok()? else { return None };
        let mut fields = Vec::new();
        for (name, value) in object {
            match value {
                serde_json::Value::String(text) => fields.push((name, text)),
                serde_json::Value::Array(texts) => {
                    for text in texts {
                        fields.push((name.clone(), text.as_str()?.to_owned()));
                    }
                }
                serde_json::Value::Null => {}
                _ => return None,
            }
        }
        Some(Self(fields))
    }

    /// A field's text, empty if it is missing.
    pub(in crate::web) fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Whether a field was sent, be it empty.
    pub(in crate::web) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// All texts of a field.
    pub(in crate::web) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, text)| text.as_str())
    }
}

/// A field that is wrong, and what to say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FieldError {
    pub(super) field: &'static str,
    pub(super) words: &'static str,
}

/// What is wrong with a form, for its page: words for the field that is wrong, nothing for the others.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct FormCheck {
    pub(super) email: &'static str,
    pub(super) name: &'static str,
    pub(super) rubriques: &'static str,
    pub(super) consent: &'static str,
    pub(super) sure: &'static str,
    pub(super) rhythm: &'static str,
    pub(super) pause: &'static str,
    pub(super) hour: &'static str,
    pub(super) day: &'static str,
    pub(super) newsletters: &'static str,
}

impl FormCheck {
    pub(super) fn of(wrong: Option<FieldError>) -> Self {
        let words = |field| wrong.filter(|wrong| wrong.field == field).map_or("", |wrong| wrong.words);
        Self {
            email: words("email"),
            name: words("name"),
            rubriques: words("rubriques"),
            consent: words("consent"),
            sure: words("sure"),
            rhythm: words("rhythm"),
            pause: words("pause"),
            hour: words("hour"),
            day: words("day"),
            newsletters: words("newsletters"),
        }
    }
}

/// Name and rubriques, where a form has them.
pub(super) struct SentChoices {
    pub(super) name: Option<Option<String>>,
    pub(super) choice: Option<Choice>,
}

/// What a form changes of name and rubriques.
pub(super) fn sent_choices(
    config: &Config,
    fields: &Fields,
    words: &'static Readers,
) -> Result<SentChoices, FieldError> {
    let (name, choice) = (name(fields, words)?, choice(config, fields, words)?);
    Ok(SentChoices { name: fields.has("name").then_some(name), choice: fields.has("rubriques").then_some(choice) })
}

/// An address, as somebody wrote it.
pub(super) fn address(fields: &Fields, words: &'static Readers) -> Result<EmailAddress, FieldError> {
    let text = fields.get("email").trim();
    if text.is_empty() {
        return Err(FieldError { field: "email", words: &words.email_missing });
    }
    text.parse().map_err(|_| FieldError { field: "email", words: &words.email_wrong })
}

/// A name, on one line, without what no letter can hold; none if it is empty.
pub(super) fn name(fields: &Fields, words: &'static Readers) -> Result<Option<String>, FieldError> {
    let legal = text::remove_illegal(fields.get("name")).0;
    let name = text::one_line(&legal.replace(|c: char| c.is_control(), " "));
    if name.chars().count() > 100 {
        return Err(FieldError { field: "name", words: &words.name_wrong });
    }
    Ok((!name.is_empty()).then_some(name))
}

/// The rubriques that are ticked; none, or all of them, mean all there are and will be.
pub(super) fn choice(config: &Config, fields: &Fields, words: &'static Readers) -> Result<Choice, FieldError> {
    let known = |label: &str| Rubrique::find(&config.rubriques, label).map(|rubrique| rubrique.slug.clone());
    let slugs: Option<Vec<Slug>> = fields.all("rubriques").filter(|label| !label.is_empty()).map(known).collect();
    let slugs = slugs.ok_or(FieldError { field: "rubriques", words: &words.rubrique_wrong })?;
    let all = config.offered_rubriques().all(|rubrique| slugs.contains(&rubrique.slug));
    Ok(if all { Choice::all() } else { Choice::of(slugs) })
}

/// How often a newsletter is wanted: one of those that the magazine offers, or the one that there is.
pub(super) fn rhythm(
    config: &Config,
    fields: &Fields,
    words: &'static Readers,
    current: Rhythm,
) -> Result<Rhythm, FieldError> {
    let offered =
        |rhythm: &Rhythm| *rhythm == Rhythm::Each || *rhythm == current || config.digest.rhythms.contains(rhythm);
    let rhythm = fields.get("rhythm").trim().parse().ok().filter(offered);
    rhythm.ok_or(FieldError { field: "rhythm", words: &words.rhythm_wrong })
}

/// At which hour and on which day letters are wanted: of those that the magazine offers, or the ones that there are.
pub(super) fn delivery(
    config: &Config,
    fields: &Fields,
    words: &'static Readers,
    current: DeliveryTime,
) -> Result<DeliveryTime, FieldError> {
    let wrong = |field| FieldError { field, words: &words.delivery_wrong };
    let sent = |field| Some(fields.get(field).trim()).filter(|text| !text.is_empty());
    let hour = match fields.has("hour") {
        true => {
            let hour = sent("hour").map(|text| NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| wrong("hour")));
            let hour = hour.transpose()?;
            let is_offered =
                |hour: &NaiveTime| config.digest.reader_hours.contains(hour) || current.hour == Some(*hour);
            if hour.as_ref().is_some_and(|hour| !is_offered(hour)) {
                return Err(wrong("hour"));
            }
            hour
        }
        false => current.hour,
    };
    let day = match fields.has("day") {
        true => {
            let day = sent("day").map(|text| text.parse::<Weekday>().map_err(|_| wrong("day"))).transpose()?;
            let is_offered = |day: &Weekday| config.digest.reader_days.contains(day) || current.day == Some(*day);
            if day.as_ref().is_some_and(|day| !is_offered(day)) {
                return Err(wrong("day"));
            }
            day
        }
        false => current.day,
    };
    Ok(DeliveryTime { day, hour })
}

/// The hours that readers may choose, if there are any.
pub(super) fn hour_options(config: &Config, words: &'static Readers, current: DeliveryTime) -> Vec<RhythmOption> {
    let mut hours: Vec<NaiveTime> = config.digest.reader_hours.iter().copied().chain(current.hour).collect();
    hours.sort_unstable();
    hours.dedup();
    let text = |hour: NaiveTime| hour.format("%H:%M").to_string();
    options(hours, &words.hour_any, current.hour, text, text)
}

/// The days that readers may choose, if there are any.
pub(super) fn day_options(config: &Config, words: &'static Readers, current: DeliveryTime) -> Vec<RhythmOption> {
    let mut days = config.digest.reader_days.clone();
    days.extend(current.day.filter(|day| !config.digest.reader_days.contains(day)));
    let label = |day: Weekday| words.weekdays.get(day.num_days_from_monday() as usize).cloned().unwrap_or_default();
    options(days, &words.day_any, current.day, |day: Weekday| day.to_string().to_lowercase(), label)
}

fn options<T: Copy + PartialEq>(
    all: Vec<T>,
    any: &str,
    current: Option<T>,
    value: impl Fn(T) -> String,
    label: impl Fn(T) -> String,
) -> Vec<RhythmOption> {
    if all.is_empty() {
        return Vec::new();
    }
    let first = RhythmOption { value: String::new(), label: any.to_owned(), on: current.is_none() };
    let option = |one: T| RhythmOption { value: value(one), label: label(one), on: current == Some(one) };
    std::iter::once(first).chain(all.into_iter().map(option)).collect()
}

/// The day from which on letters are wanted again, as the instant at which it begins by the magazine's clock.
pub(super) fn pause(
    config: &Config,
    fields: &Fields,
    words: &'static Readers,
    now: Instant,
) -> Result<Option<Instant>, FieldError> {
    let text = fields.get("pause").trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    // What is published in the first millisecond of that day is for it.
    let begins =
        |day: NaiveDate| config.magazine.zone.instant(day.and_time(NaiveTime::MIN)) - Duration::milliseconds(1);
    let until = day.filter(|day| (1000..=9999).contains(&day.year())).map(begins);
    let until = until.filter(|until| *until > now && *until < now + MAX_PAUSE);
    until.map(Some).ok_or(FieldError { field: "pause", words: &words.pause_wrong })
}

/// A rhythm to choose.
#[derive(Debug, Serialize)]
pub(super) struct RhythmOption {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) on: bool,
}

/// What readers may choose, if there is more than one thing.
pub(super) fn rhythm_options(config: &Config, words: &'static Readers, current: Rhythm) -> Vec<RhythmOption> {
    let mut rhythms = vec![Rhythm::Each];
    rhythms.extend(config.digest.rhythms.iter().filter(|rhythm| **rhythm != Rhythm::Each));
    if !rhythms.contains(&current) {
        rhythms.push(current);
    }
    if rhythms.len() == 1 {
        return Vec::new();
    }
    let label = |rhythm: &Rhythm| match rhythm {
        Rhythm::Each => words.rhythm_each.clone(),
        Rhythm::Daily => words.rhythm_daily.clone(),
        Rhythm::Weekly(day) => {
            let day = words.weekdays.get(day.num_days_from_monday() as usize).map_or("", String::as_str);
            fill(&words.rhythm_weekly, &[("day", &day)])
        }
        Rhythm::Monthly => words.rhythm_monthly.clone(),
    };
    let option =
        |rhythm: Rhythm| RhythmOption { value: rhythm.to_string(), label: label(&rhythm), on: rhythm == current };
    rhythms.into_iter().map(option).collect()
}

/// A rubrique as a box to tick.
#[derive(Debug, Serialize)]
pub(super) struct RubriqueBox<'a> {
    pub(super) slug: &'a str,
    pub(super) label: &'a str,
    /// May be empty.
    pub(super) description: &'a str,
    pub(super) on: bool,
}

/// The rubriques as boxes, ticked where they are wanted.
pub(super) fn rubrique_boxes(config: &Config, wanted: impl Fn(&Slug) -> bool) -> Vec<RubriqueBox<'_>> {
    let tick = |rubrique: &'_ Rubrique| wanted(&rubrique.slug);
    config
        .offered_rubriques()
        .map(|rubrique| RubriqueBox {
            slug: rubrique.slug.as_str(),
            label: &rubrique.label,
            description: rubrique.description.as_deref().unwrap_or_default(),
            on: tick(rubrique),
        })
        .collect()
}
