//! The shape of a language's file, key by key. What each is for stands in the files themselves, where translators need it.
//!
//! The build reads each file by these types too, so that one that lacks a word is no part of any program.

// By its path, because the build's script has this file as a module of another place.
#[path = "desk.rs"]
mod desk;

use serde::{Deserialize, Serialize};

pub(crate) use desk::{Check, Desk, Preflight, Script};

/// All words of a language.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    pub(crate) name: String,
    pub(crate) dir: Direction,
    pub(crate) this_page: String,
    pub(crate) dates: Dates,
    pub(crate) letter: Letter,
    pub(crate) column: ColumnWords,
    pub(crate) feeds: Feeds,
    pub(crate) archive: Archive,
    pub(crate) failures: Failures,
    pub(crate) readers: Readers,
    pub(crate) service: Service,
    pub(crate) notices: Notices,
    pub(crate) preflight: Preflight,
    pub(crate) desk: Desk,
}

/// The way in which a language is written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    #[default]
    Ltr,
    Rtl,
}

/// A text that depends on a number, by the categories of CLDR; which of them a language has, its rule says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plural {
    pub(crate) zero: Option<String>,
    pub(crate) one: Option<String>,
    pub(crate) two: Option<String>,
    pub(crate) few: Option<String>,
    pub(crate) many: Option<String>,
    pub(crate) other: String,
}

/// A heading and a paragraph or two.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Say {
    pub(crate) title: String,
    pub(crate) text: Vec<String>,
}

/// The same with the label of a button or of a link.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Act {
    pub(crate) title: String,
    pub(crate) text: Vec<String>,
    pub(crate) label: String,
}

/// A heading and one paragraph.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Brief {
    pub(crate) title: String,
    pub(crate) text: String,
}

/// How days are written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dates {
    pub(crate) months: String,
    pub(crate) first: String,
    pub(crate) other: String,
    pub(crate) day: String,
    pub(crate) whole: String,
    pub(crate) range: String,
    pub(crate) short: String,
    /// A day of the week, a whole day, and a time.
    pub(crate) moment: String,
    /// A day and a time.
    pub(crate) short_moment: String,
    /// A week, a month of a year.
    pub(crate) week: String,
    pub(crate) month: String,
    /// Behind a day: an edition beside those of the schedule.
    pub(crate) special: String,
}

/// The letter of an edition.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Letter {
    pub(crate) number: String,
    pub(crate) view_in_browser: String,
    pub(crate) signed: String,
    pub(crate) read_on: String,
    pub(crate) listen: String,
    pub(crate) also_this_week: String,
    /// Above a table of contents; how many titles of a rubrique are not in it.
    pub(crate) contents: String,
    #[serde(skip_serializing)]
    pub(crate) contents_more: Plural,
    /// How many columns a letter has, how long one takes to read, and how long all of them.
    #[serde(skip_serializing)]
    pub(crate) count_columns: Plural,
    #[serde(skip_serializing)]
    pub(crate) minutes: Plural,
    #[serde(skip_serializing)]
    pub(crate) reading_time: Plural,
    /// What a portrait shows, with `{name}`.
    pub(crate) portrait: String,
    /// Opens a new letter that leads to this one.
    pub(crate) forward: String,
    pub(crate) columns: String,
    pub(crate) other_columns: String,
    pub(crate) why_you_receive: String,
    /// What stood for `why_you_receive` in letters of the first version, which do not mark it.
    pub(crate) first_reason: String,
    pub(crate) why_it_comes: String,
    pub(crate) subscribe: String,
    pub(crate) feeds: String,
    pub(crate) unsubscribe: String,
    pub(crate) unsubscribe_from: String,
    pub(crate) together: String,
    pub(crate) manage: String,
    pub(crate) proof: String,
    pub(crate) this_is_a_proof: String,
    pub(crate) to_the_desk: String,
    pub(crate) colon: String,
}

/// A column's own words.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColumnWords {
    pub(crate) authors: String,
    pub(crate) authors_between: String,
    pub(crate) video: String,
    pub(crate) audio: String,
    pub(crate) form: String,
}

/// The page beside the feeds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feeds {
    pub(crate) title: String,
    pub(crate) lede: String,
    pub(crate) how: String,
    pub(crate) all: String,
    pub(crate) choose: String,
    pub(crate) formats: String,
    pub(crate) skip: String,
    pub(crate) copy: String,
    pub(crate) address_before: String,
    pub(crate) address_after: String,
    pub(crate) copied: String,
    pub(crate) copied_text: String,
    pub(crate) selected_text: String,
    pub(crate) opml: String,
    pub(crate) opml_text: String,
    pub(crate) opml_link: String,
    pub(crate) newsletter_feed: String,
    pub(crate) newsletter: String,
    pub(crate) newsletter_text: String,
    pub(crate) newsletter_link: String,
    pub(crate) stylesheet: String,
    pub(crate) steps: [Step; 3],
}

/// One of the steps to a feed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) heading: String,
    pub(crate) text: String,
}

/// The archive.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Archive {
    pub(crate) title: String,
    pub(crate) lede: String,
    pub(crate) none: String,
    pub(crate) feed: String,
    pub(crate) subscribe: String,
    pub(crate) all: String,
}

/// Pages for what went wrong.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failures {
    pub(crate) not_found: Brief,
    pub(crate) gone: Brief,
    pub(crate) method: Brief,
    pub(crate) foreign: Brief,
    pub(crate) too_long: Brief,
    pub(crate) too_many: Brief,
    pub(crate) not_understood: Brief,
    pub(crate) ours: Brief,
}

/// How often a newsletter comes.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Often {
    pub(crate) day: String,
    pub(crate) weekdays: String,
    pub(crate) week: String,
    /// Several times a week.
    pub(crate) several: String,
    /// With `{count}`.
    pub(crate) weeks: String,
    pub(crate) month: String,
    /// Whenever something is published.
    pub(crate) published: String,
}

/// The readers' pages.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Readers {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) optional: String,
    pub(crate) rubriques: String,
    pub(crate) rubriques_hint: String,
    pub(crate) language: String,
    pub(crate) leave_empty: String,
    pub(crate) consent: String,
    pub(crate) agreed: String,
    pub(crate) consent_wrong: String,
    pub(crate) wish_changed: String,
    pub(crate) email_missing: String,
    pub(crate) email_wrong: String,
    pub(crate) name_wrong: String,
    pub(crate) rubrique_wrong: String,
    pub(crate) how_often: String,
    pub(crate) rhythm_each: String,
    pub(crate) rhythm_daily: String,
    /// With `{day}`.
    pub(crate) rhythm_weekly: String,
    pub(crate) rhythm_monthly: String,
    pub(crate) rhythm_hint: String,
    pub(crate) together: String,
    pub(crate) together_hint: String,
    pub(crate) rhythm_wrong: String,
    /// At which hour and on which day letters come; `any` for as they come.
    pub(crate) hour: String,
    pub(crate) hour_any: String,
    pub(crate) day: String,
    pub(crate) day_any: String,
    pub(crate) delivery_wrong: String,
    /// From Monday.
    pub(crate) weekdays: [String; 7],
    pub(crate) pause: String,
    pub(crate) pause_wrong: String,
    /// Above the magazine's newsletters.
    pub(crate) newsletters: String,
    pub(crate) newsletters_wrong: String,
    /// How often a newsletter comes.
    pub(crate) often: Often,
    /// The last edition of it.
    pub(crate) last_letter: String,
    /// Where one newsletter was left: the way out of all.
    pub(crate) other_letters: String,
    pub(crate) leave_all: String,
    pub(crate) left_all: Say,
    pub(crate) feeds: String,
    pub(crate) rather: String,
    pub(crate) rather_label: String,
    pub(crate) saved: String,
    pub(crate) has_left: String,
    pub(crate) rejoin: String,
    pub(crate) rejoined: String,
    pub(crate) erase_sure: String,
    pub(crate) subscribe: Act,
    pub(crate) sent: Say,
    pub(crate) too_many: Say,
    pub(crate) confirm: Act,
    pub(crate) confirm_move: Act,
    pub(crate) stale: Act,
    pub(crate) joined: Act,
    pub(crate) moved: Say,
    pub(crate) taken: Say,
    pub(crate) leave: Act,
    pub(crate) left: Act,
    pub(crate) manage: Act,
    pub(crate) link_sent: Say,
    pub(crate) preferences: Act,
    pub(crate) expired: Act,
    pub(crate) ended: Act,
    pub(crate) new_address: Act,
    pub(crate) data: Act,
    pub(crate) stop: Act,
    pub(crate) erase: Act,
    pub(crate) erased: Say,
}

/// Letters to one reader.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    pub(crate) not_you: String,
    pub(crate) join: Act,
    pub(crate) known: Act,
    pub(crate) link: Act,
    pub(crate) change: Act,
    pub(crate) moved: Say,
    pub(crate) leave: Act,
    /// With `{magazine}` and `{often}`; behind the button `welcome_after`.
    pub(crate) welcome: Act,
    pub(crate) welcome_after: String,
    /// With `{magazine}`; what becomes of who does not answer, with `{day}`.
    pub(crate) reconfirm: Act,
    pub(crate) reconfirm_stay: String,
    pub(crate) reconfirm_rest: String,
}

/// Letters to editors.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notices {
    pub(crate) open_the_desk: String,
    pub(crate) unapproved: Brief,
    pub(crate) fallen: Brief,
    pub(crate) late: Brief,
    pub(crate) broken: Brief,
    pub(crate) refused: Brief,
    pub(crate) restored: Brief,
    pub(crate) resting: Brief,
    pub(crate) missed_run: Brief,
    pub(crate) missed_edition: Brief,
    pub(crate) waiting_letters: Brief,
    pub(crate) silent_source: Brief,
    pub(crate) future_edition: Brief,
}
