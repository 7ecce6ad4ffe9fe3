//! What the desk's pages show, ready to print.

use askama::Template;

use crate::locales::{Desk as Words, Script};

/// The way to a newsletter's pages.
#[derive(Debug)]
pub(super) struct NewsletterLink {
    pub(super) title: String,
    pub(super) url: String,
    pub(super) is_current: bool,
}

/// What all pages have around them.
#[derive(Debug)]
pub(super) struct DeskFrame<'a> {
    pub(super) lang: &'static str,
    /// The way in which that is written.
    pub(super) dir: &'static str,
    pub(super) w: &'static Words,
    pub(super) magazine: &'a str,
    pub(super) sheet: &'a str,
    pub(super) script: &'static str,
    /// Before each of the desk's own addresses.
    pub(super) root: &'a str,
    /// The way to each newsletter; none if there is one alone.
    pub(super) newsletters: Vec<NewsletterLink>,
    /// Who is here.
    pub(super) who: &'a str,
    /// Whether this is the page of the past.
    pub(super) is_past: bool,
}

/// What a decision carries: what its sender had before them.
#[derive(Debug)]
pub(super) struct SeenState {
    /// The number of the last decision.
    pub(super) decision: i64,
    /// The content's fingerprint.
    pub(super) hash: String,
    /// For how many readers it is …
    pub(super) readers: i64,
    /// … in words.
    pub(super) goes_to: String,
}

/// How long what is written in the form may be, in the units in which browsers count.
#[derive(Debug)]
pub(super) struct FieldLimits {
    /// Subject, preheader, and why something is held.
    pub(super) line: usize,
    pub(super) opening: usize,
}

/// What is said above everything else.
#[derive(Debug)]
pub(super) enum DeskNotice {
    /// Something was done.
    Done(String),
    /// Something could not be done, and what the editor had written.
    Refused { title: &'static str, lines: Vec<String>, yours: Vec<(&'static str, String)> },
}

/// The edition's state.
#[derive(Debug)]
pub(super) struct EditionBadge {
    /// For the class, such as `approved`.
    pub(super) state: &'static str,
    pub(super) words: String,
    pub(super) period: String,
    /// In words: `n° 12`.
    pub(super) number: String,
    /// When it goes, in words.
    pub(super) due: String,
}

/// One column in the list.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) about: String,
    pub(super) lead: bool,
    pub(super) pinned: bool,
    pub(super) first: bool,
    pub(super) last: bool,
}

/// The columns of a rubrique.
#[derive(Debug)]
pub(super) struct RubriqueGroup {
    pub(super) label: String,
    /// Gives it its colour.
    pub(super) class: String,
    pub(super) rows: Vec<Row>,
}

/// A line of the preflight.
#[derive(Debug)]
pub(super) struct PreflightLine {
    pub(super) grade: &'static str,
    pub(super) label: &'static str,
    pub(super) what: String,
    pub(super) mend: String,
}

/// A choice in the preview's form.
#[derive(Debug)]
pub(super) struct PreviewOption {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// What the preview shows.
#[derive(Debug)]
pub(super) enum PreviewContent {
    /// Nothing for these readers.
    Nothing,
    /// The letter in two frames, by these addresses: wide, and on a phone.
    Frames(String),
    /// A text.
    Text(String),
}

/// The preview.
#[derive(Debug)]
pub(super) struct LetterPreview {
    pub(super) views: Vec<PreviewOption>,
    pub(super) variants: Vec<PreviewOption>,
    pub(super) shown: PreviewContent,
    /// The page that its form leads to.
    pub(super) action: String,
    /// The special edition that it shows; empty if it shows another one.
    pub(super) edition: String,
}

/// The coming edition.
#[derive(Template)]
#[template(path = "desk/coming.html")]
pub(super) struct ComingPage<'a> {
    pub(super) f: DeskFrame<'a>,
    /// The editions to come, if there are several.
    pub(super) editions: Vec<NewsletterLink>,
    pub(super) notice: Option<DeskNotice>,
    pub(super) status: EditionBadge,
    pub(super) version: i64,
    pub(super) before: SeenState,
    pub(super) most: FieldLimits,
    pub(super) s: &'static Script,
    /// Why it is to be held, as it was written when that could not be done.
    pub(super) why: String,
    pub(super) touched: Option<String>,
    pub(super) sender: String,
    /// As readers get it.
    pub(super) shown_subject: String,
    /// As it is written, with what is filled in.
    pub(super) subject: String,
    /// Whether somebody wrote it.
    pub(super) is_own_subject: bool,
    pub(super) subject_length: usize,
    pub(super) subject_most: usize,
    pub(super) preheader: String,
    pub(super) preheader_default: String,
    /// What each audience's inbox shows, where there are several.
    pub(super) inboxes: Vec<InboxLine>,
    pub(super) opening: String,
    pub(super) groups: Vec<RubriqueGroup>,
    pub(super) left_out: Vec<Row>,
    pub(super) repeats: Vec<Row>,
    pub(super) lines: Vec<PreflightLine>,
    /// How many of them are as they should be.
    pub(super) good: usize,
    pub(super) is_red: bool,
    pub(super) is_held: bool,
    pub(super) is_approved: bool,
    pub(super) is_empty: bool,
    /// Name and address of each editor.
    pub(super) editors: Vec<(String, String)>,
    pub(super) history: Vec<String>,
    pub(super) preview: LetterPreview,
    pub(super) view: String,
    pub(super) variant: String,
}

/// What an inbox shows of the letter of one audience.
#[derive(Debug)]
pub(super) struct InboxLine {
    pub(super) audience: String,
    pub(super) readers: String,
    pub(super) subject: String,
    pub(super) preheader: String,
}

/// Letters that a relay refused for one reason.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RefusalGroup {
    /// What all of them have in their refusal.
    pub(super) reason: String,
    /// What a relay said to one of them.
    pub(super) example: String,
    pub(super) letters: i64,
}

/// The past editions.
#[derive(Template)]
#[template(path = "desk/past.html")]
pub(super) struct PastPage<'a> {
    pub(super) f: DeskFrame<'a>,
    /// Each with its subject.
    pub(super) editions: Vec<(EditionBadge, String)>,
}

/// One of them.
#[derive(Template)]
#[template(path = "desk/one.html")]
pub(super) struct EditionPage<'a> {
    pub(super) f: DeskFrame<'a>,
    pub(super) notice: Option<DeskNotice>,
    pub(super) status: EditionBadge,
    pub(super) subject: String,
    pub(super) letters: Vec<String>,
    /// Why letters of it were refused.
    pub(super) refusals: Vec<RefusalGroup>,
    pub(super) can_hold: bool,
    pub(super) can_go: bool,
    pub(super) before: SeenState,
    pub(super) most: FieldLimits,
    pub(super) why: String,
    pub(super) history: Vec<String>,
    pub(super) preview: LetterPreview,
}
