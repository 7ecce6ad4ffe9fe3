//! `[digest]` and `[[newsletters]]`: when a letter is due, what it holds, who sends it, and who looks at it before.

mod delivery;

use std::sync::Arc;

use chrono::{Duration, NaiveTime, Weekday};
use serde::Deserialize;
use url::Url;

use super::{
    Canary, Config, DeskConfig, Error, Letters, Magazine,
    bounds::{number, span},
    check::{ConfigRefusal, legal, line, list_id, parse, refuse, sender, web},
};
use crate::model::{DeliveryTime, Instant, LetterLayout, Mailbox, Period, Rhythm, Rubrique, Schedule, Slug, Zone};
use delivery::{reader_days, reader_hours, rhythm};

/// The name of the newsletter that `[digest]` describes.
const DIGEST: &str = "digest";

/// Names that pages and folders have.
const TAKEN: [&str; 9] = ["digest", "archive", "confirm", "preferences", "enter", "past", "preview", "atom", "n"];

/// How long letters wait for those that went ahead, if nobody says it: most mail servers have answered by then.
const CANARY_WAIT: &str = "30m";

/// A proof goes out no earlier before its edition: what comes after the hour is of the edition after it.
const FIRST_PROOF: Duration = Duration::days(5);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDigest {
    /// By which the store, addresses and commands know it, for good. Of `[digest]`: `digest`.
    pub name: Option<String>,
    /// What readers call it, and what stands above its letters.
    pub title: Option<String>,
    /// One line on what it is.
    pub description: Option<String>,
    /// The rubriques that it holds; all if none is named.
    #[serde(default)]
    pub rubriques: Vec<String>,
    /// Who sends it, if not `letters.from`.
    pub from: Option<String>,
    /// Who gets answers, if not `letters.reply_to`.
    pub reply_to: Option<String>,
    /// Its name for mail programs, if not made of `letters.list_id`.
    pub list_id: Option<String>,
    /// Its hours by the magazine's clock: `"Mon 07:30"`, `"daily 18:00"`, `"monthly 1 07:30"` and others, see
    /// docs/NEWSLETTERS.md.
    pub schedule: String,
    /// How long a column that is entered late is still taken.
    #[serde(default = "week")]
    pub grace: String,
    /// An edition that is later than this is held, and you are told.
    #[serde(default = "half_a_day")]
    pub send_within: String,
    /// Above this number, columns stand as titles.
    #[serde(default = "thirty")]
    pub max_columns: usize,
    /// Standfirsts with more characters are cut at a sentence.
    #[serde(default = "standfirst_length")]
    pub standfirst_length: usize,
    /// Of its letters: `{magazine}`, `{number}`, `{period}` and `{lead}` are filled in.
    #[serde(default = "subject")]
    pub subject: String,
    /// Words before the columns, in Markdown.
    #[serde(default)]
    pub opening: String,
    /// Who signs the opening words.
    pub signed: Option<String>,
    /// The address of a picture of who signs.
    pub portrait: Option<String>,
    /// Closing words, in Markdown.
    #[serde(default)]
    pub closing: String,
    /// How columns are shown.
    pub layout: Option<String>,
    /// Whether an edition waits for an editor's approval.
    #[serde(default)]
    pub approval: bool,
    /// When the editors get the proof.
    pub proof_at: Option<String>,
    /// How often readers may want a letter, beside each edition.
    pub rhythms: Option<Vec<String>>,
    /// Hours and days that readers may choose for their letters.
    #[serde(default)]
    pub reader_hours: Vec<String>,
    /// The days, of a letter that has some.
    #[serde(default)]
    pub reader_days: Vec<String>,
    /// What stands in the letter to who has confirmed a subscription; no such letter if it is missing.
    pub welcome: Option<String>,
    /// How many letters go ahead of the others, such as "1%".
    pub canary: Option<String>,
    /// How long the others wait for what becomes of them.
    pub canary_wait: Option<String>,
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

/// A newsletter.
#[derive(Debug, Clone)]
pub struct Digest {
    /// Its name, by which the store knows it.
    pub newsletter: Slug,
    /// What readers call it; the magazine's letter if missing.
    pub title: Option<String>,
    /// One line on what it is.
    pub description: Option<String>,
    /// The rubriques that it holds; all if there is none.
    pub rubriques: Vec<Slug>,
    /// Its own sender.
    pub from: Option<Mailbox>,
    /// Who gets the answers to it.
    pub reply_to: Option<Mailbox>,
    /// Its own RFC 2919 name.
    pub list_id: Option<String>,
    /// When it is due.
    pub schedule: Schedule,
    /// How late a column may be entered and still be in the next edition.
    pub grace: Duration,
    /// How late an edition may go out by itself.
    pub send_within: Duration,
    /// Above this number, columns stand as titles only.
    pub max_columns: usize,
    /// Standfirsts longer than this many characters are cut at a sentence.
    pub standfirst_length: usize,
    /// The subject, with `{magazine}`, `{number}`, `{period}` and `{lead}`.
    pub subject: String,
    /// The opening words, in Markdown.
    pub opening: String,
    /// Who signs them; may be empty.
    pub signed: String,
    /// The address of a picture of who signs; may be empty.
    pub portrait: String,
    /// The closing words, in Markdown; may be empty.
    pub closing: String,
    /// How an edition shows its columns.
    pub layout: LetterLayout,
    /// Whether an edition waits for an editor's approval.
    pub approval: bool,
    /// When the editors get the proof.
    pub proof_at: Option<Schedule>,
    /// How often readers may want it, beside each edition.
    pub rhythms: Vec<Rhythm>,
    /// At which hours readers may want their letters, after those of the editions …
    pub reader_hours: Vec<NaiveTime>,
    /// … and on which days.
    pub reader_days: Vec<Weekday>,
    /// Whether who has confirmed gets a welcome, and what stands in it beside our words: paragraphs, or nothing.
    pub welcome: Option<String>,
    /// How many letters go ahead of the others, if some do.
    pub canary: Option<Canary>,
}

/// What newsletters are checked by.
pub(super) struct Surroundings<'a> {
    pub(super) magazine: &'a Magazine,
    pub(super) rubriques: &'a [Rubrique],
    pub(super) desk: &'a DeskConfig,
    pub(super) letters: &'a Letters,
}

/// All newsletters, that of `[digest]` first.
pub(super) fn check(
    digest: Option<RawDigest>,
    others: Vec<RawDigest>,
    around: &Surroundings<'_>,
) -> Result<Vec<Digest>, ConfigRefusal> {
    let mut all: Vec<Digest> = Vec::new();
    if let Some(raw) = digest {
        if raw.name.is_some() {
            return Err(refuse(
                "digest.name",
                "it is called \"digest\": leave it out, or make it one of [[newsletters]]",
            ));
        }
        all.push(one(raw, DIGEST, "digest", around)?);
    }
    for (index, raw) in others.into_iter().enumerate() {
        let Some(name) = raw.name.clone() else {
            return Err(refuse("newsletters.name", "give each newsletter a name, such as \"carnet\"").in_entry(index));
        };
        let table = format!("newsletters.{name}");
        if TAKEN.contains(&name.as_str()) {
            return Err(refuse(&table, format!("{name:?} is a name gazetier uses itself")));
        }
        let newsletter = one(raw, &name, &table, around)?;
        if all.iter().any(|other| other.newsletter == newsletter.newsletter) {
            return Err(refuse(&table, "two newsletters have this name"));
        }
        all.push(newsletter);
    }
    if all.is_empty() {
        return Err(refuse("digest", "there is no newsletter: write [digest], or [[newsletters]]"));
    }
    Ok(all)
}

/// A newsletter by its table, whose keys refusals name.
fn one(raw: RawDigest, name: &str, table: &str, around: &Surroundings<'_>) -> Result<Digest, ConfigRefusal> {
    let (desk, zone) = (around.desk, &around.magazine.zone);
    let key = |key: &str| format!("{table}.{key}");
    for (at, _) in raw.subject.match_indices('{') {
        let known = ["{magazine}", "{number}", "{period}", "{lead}"];
        if !known.iter().any(|name| raw.subject[at..].starts_with(name)) {
            return Err(refuse(&key("subject"), format!("only {} are filled in", known.join(", "))));
        }
    }
    let proof_at: Option<Schedule> = raw.proof_at.map(|text| parse(&key("proof_at"), &text)).transpose()?;
    if proof_at.is_some() && desk.editors.is_empty() {
        return Err(refuse(&key("proof_at"), "nobody would get the proof: name the editors in desk.editors"));
    }
    let schedule: Schedule = raw.schedule.parse().map_err(|error| refuse(&key("schedule"), error))?;
    if schedule.is_published() && (raw.approval || proof_at.is_some()) {
        let what =
            "\"published\" sends each column as it comes: there is no time for a proof or an approval; leave them out";
        return Err(refuse(&key("schedule"), what));
    }
    if let Some(proof) = &proof_at {
        let ahead = proof.longest_before(&schedule, zone);
        if ahead > FIRST_PROOF {
            let what = format!(
                "the proof would go out {} before {}: write an hour in the days before it, such as the evening before",
                if ahead == Duration::days(7) { "a week".to_owned() } else { format!("{} days", ahead.num_days()) },
                raw.schedule,
            );
            return Err(refuse(&key("proof_at"), what));
        }
    }
    let rhythms = match raw.rhythms {
        Some(names) => names.iter().map(|name| rhythm(&key("rhythms"), name)).collect::<Result<_, _>>()?,
        None => Rhythm::slower_than(&schedule),
    };
    let reader_hours = reader_hours(&key("reader_hours"), &raw.reader_hours, &schedule)?;
    let reader_days = reader_days(&key("reader_days"), &raw.reader_days, &schedule)?;
    let canary = canary(&key, raw.canary.as_deref(), raw.canary_wait.as_deref())?;
    let newsletter = Slug::parse(name).map_err(|error| refuse(table, error))?;
    let rubriques = raw.rubriques.iter().map(|name| match Rubrique::find(around.rubriques, name) {
        Some(rubrique) => Ok(rubrique.slug.clone()),
        None => Err(refuse(&key("rubriques"), format!("no rubrique is called {name:?}"))),
    });
    let from = raw.from.map(|text| sender(&key("from"), &text)).transpose()?;
    let domain = around.letters.from.address.domain();
    if from.as_ref().is_some_and(|from| !from.address.domain().eq_ignore_ascii_case(domain)) {
        return Err(refuse(
            &key("from"),
            format!("signatures and returned letters are for {domain}: write an address there"),
        ));
    }
    let list_id = raw.list_id.map(|text| list_id(&key("list_id"), text)).transpose()?;
    Ok(Digest {
        newsletter,
        title: raw.title.map(|text| line(&key("title"), text)).transpose()?,
        description: raw.description.map(|text| line(&key("description"), text)).transpose()?,
        rubriques: rubriques.collect::<Result<_, _>>()?,
        from,
        reply_to: raw.reply_to.map(|text| sender(&key("reply_to"), &text)).transpose()?,
        list_id,
        approval: raw.approval,
        proof_at,
        rhythms,
        reader_hours,
        reader_days,
        canary,
        schedule,
        grace: span(&key("grace"), &raw.grace, "0s", "366d")?,
        // Cron comes every few minutes, and after a week the next edition is due.
        send_within: span(&key("send_within"), &raw.send_within, "10m", "7d")?,
        max_columns: number(&key("max_columns"), raw.max_columns, 1, 1_000)?,
        // Below it no sentence is left.
        standfirst_length: number(&key("standfirst_length"), raw.standfirst_length, 80, 10_000)?,
        subject: line(&key("subject"), raw.subject)?,
        opening: legal(&key("opening"), raw.opening)?,
        signed: raw.signed.map(|text| line(&key("signed"), text)).transpose()?.unwrap_or_default(),
        portrait: portrait(&key("portrait"), raw.portrait)?,
        closing: legal(&key("closing"), raw.closing)?,
        layout: raw.layout.map(|text| parse(&key("layout"), &text)).transpose()?.unwrap_or_default(),
        welcome: raw.welcome.map(|text| legal(&key("welcome"), text)).transpose()?,
    })
}

/// The address of a picture of who signs; empty without one.
fn portrait(key: &str, address: Option<String>) -> Result<String, ConfigRefusal> {
    Ok(address.map(|address| web(key, &address)).transpose()?.map(|url| url.to_string()).unwrap_or_default())
}

/// How many letters go ahead: a share of them, from a thousandth to a half.
fn canary(
    key: &dyn Fn(&str) -> String,
    share: Option<&str>,
    wait: Option<&str>,
) -> Result<Option<Canary>, ConfigRefusal> {
    let Some(share) = share else {
        return match wait {
            Some(_) => {
                Err(refuse(&key("canary_wait"), "no letters go ahead: write canary = \"1%\", too, or leave it out"))
            }
            None => Ok(None),
        };
    };
    let percent = share.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let permille = percent.map(|percent| percent * 10.0).filter(|permille| (1.0..=500.0).contains(permille));
    let wrong =
        || refuse(&key("canary"), format!("{share:?} is no share from \"0.1%\" to \"50%\": write one such as \"1%\""));
    let permille = permille.ok_or_else(wrong)? as u32;
    let wait = span(&key("canary_wait"), wait.unwrap_or(CANARY_WAIT), "1m", "1d")?;
    Ok(Some(Canary { permille, wait }))
}

impl Digest {
    /// All that readers may choose of hours and days, but for letters as they come.
    pub fn delivery_times(&self) -> impl Iterator<Item = DeliveryTime> {
        let hours = std::iter::once(None).chain(self.reader_hours.iter().copied().map(Some));
        let times = hours.flat_map(|hour| {
            let days = std::iter::once(None).chain(self.reader_days.iter().copied().map(Some));
            days.map(move |day| DeliveryTime { day, hour })
        });
        times.filter(|time| *time != DeliveryTime::default())
    }

    /// What the edition with a cutoff is called.
    pub fn period(&self, cutoff: Instant, zone: &Zone) -> Period {
        let period = self.schedule.period(cutoff, zone);
        if self.newsletter.as_str() == DIGEST { period } else { period.named(&self.newsletter) }
    }

    /// What a special edition with a cutoff is called.
    pub fn special_period(&self, cutoff: Instant, zone: &Zone) -> Period {
        let period = Period::of_day(cutoff, zone).special();
        if self.newsletter.as_str() == DIGEST { period } else { period.named(&self.newsletter) }
    }

    /// Whether columns of a rubrique are for it.
    pub fn holds(&self, rubrique: Option<&Slug>) -> bool {
        self.rubriques.is_empty() || rubrique.is_some_and(|slug| self.rubriques.contains(slug))
    }
}

impl Config {
    /// The rubriques that readers of the newsletter can choose from.
    pub fn offered_rubriques(&self) -> impl Iterator<Item = &Rubrique> {
        self.rubriques.iter().filter(|rubrique| self.digest.holds(Some(&rubrique.slug)))
    }

    /// What its readers call the newsletter.
    pub fn letter_title(&self) -> &str {
        self.digest.title.as_deref().unwrap_or(&self.magazine.name)
    }

    /// The configuration as one of its newsletters has it: its own sender, name and pages.
    pub fn view(&self, newsletter: &Slug) -> Result<Option<Self>, Error> {
        let Some(place) = self.newsletters.iter().position(|digest| digest.newsletter == *newsletter) else {
            return Ok(None);
        };
        let whole = self.whole.clone().unwrap_or_else(|| Arc::new(self.clone()));
        let (mut view, digest) = ((*whole).clone(), self.newsletters[place].clone());
        if let Some(from) = &digest.from {
            view.letters.from = from.clone();
        }
        if digest.reply_to.is_some() {
            view.letters.reply_to.clone_from(&digest.reply_to);
        }
        if let Some(list_id) = &digest.list_id {
            view.letters.list_id.clone_from(list_id);
        }
        if digest.title.is_some() {
            view.theme.masthead.clone_from(&digest.title);
        }
        // The first has the addresses of the configuration, the others have them below.
        if place > 0 {
            let below = |url: &Url| url.join(&format!("{}/", digest.newsletter));
            let wrong = |error: url::ParseError| Error::Value {
                path: view.path.clone(),
                key: format!("newsletters.{}", digest.newsletter),
                entry: None,
                message: error.to_string(),
            };
            if digest.list_id.is_none() {
                view.letters.list_id = format!("{}.{}", digest.newsletter, view.letters.list_id);
            }
            view.web.archive = below(&view.web.archive).map_err(wrong)?;
            view.letters.archive_url = view.letters.archive_url.as_ref().map(below).transpose().map_err(wrong)?;
            view.web.url = below(&view.web.url).map_err(wrong)?;
        }
        view.digest = digest;
        view.whole = Some(whole);
        Ok(Some(view))
    }
}
