//! What the desk's pages show, ready to print.

use askama::Template;

use super::texts::Texts;
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
    /// What a week is called, with marks for its number and its year.
    pub(super) week: String,
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
    pub(super) portrait: usize,
}

/// What is said above everything else.
#[derive(Debug)]
pub(super) enum DeskNotice {
    /// Something was done.
    Done(String),
    /// It was done, and this is what others had changed before.
    Merged { lines: Vec<String> },
    /// Something could not be done, with texts of fields: whose they are stands before them.
    Refused { title: &'static str, lines: Vec<String>, before_texts: &'static str, texts: Vec<(&'static str, String)> },
}

impl DeskNotice {
    /// That something could not be done, and why.
    pub(super) fn refused(title: &'static str, lines: Vec<String>) -> Self {
        Self::Refused { title, lines, before_texts: "", texts: Vec::new() }
    }
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
    /// Whether the letter has its title alone.
    pub(super) is_title: bool,
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
    /// The letter as a mail program shows it, by this address, with what is to be known of it; on a phone, too.
    Imitated { address: String, note: String, has_phone: bool },
    /// The letter in inboxes.
    Inboxes(Vec<InboxMock>),
    /// A text.
    Text(String),
}

/// A letter in an inbox.
#[derive(Debug)]
pub(super) struct InboxMock {
    pub(super) program: &'static str,
    pub(super) class: &'static str,
    pub(super) sender: String,
    pub(super) subject: String,
    pub(super) words: String,
    pub(super) notes: Vec<String>,
}

/// The preview.
#[derive(Debug)]
pub(super) struct LetterPreview {
    pub(super) views: Vec<PreviewOption>,
    pub(super) variants: Vec<PreviewOption>,
    pub(super) shown: PreviewContent,
    /// The page that its form leads to; empty if it goes with the form of the page, so that nothing typed is lost.
    pub(super) action: String,
}

/// The coming edition.
#[derive(Template)]
#[template(path = "desk/coming.html")]
pub(super) struct ComingPage<'a> {
    pub(super) f: DeskFrame<'a>,
    pub(super) notice: Option<DeskNotice>,
    pub(super) status: EditionBadge,
    pub(super) period: String,
    pub(super) version: i64,
    /// Changes whenever somebody or something has changed the edition.
    pub(super) stamp: String,
    /// Who else is here, in words.
    pub(super) here: String,
    /// Its period, if it is not the first of those that are open.
    pub(super) edition: String,
    /// All that want something, if there are several.
    pub(super) open: Vec<OpenEdition>,
    pub(super) before: SeenState,
    pub(super) most: FieldLimits,
    pub(super) s: &'static Script,
    /// Why it is to be held, as it was written when that could not be done.
    pub(super) why: String,
    pub(super) touched: Option<String>,
    pub(super) sender: String,
    /// As readers get it.
    pub(super) shown_subject: String,
    /// What stands in the fields.
    pub(super) texts: Texts,
    /// What stands there of what the store has.
    pub(super) shown: Texts,
    /// The names of the fields of which somebody else has changed the same.
    pub(super) clashes: Vec<&'static str>,
    /// Whether somebody wrote it.
    pub(super) is_own_subject: bool,
    pub(super) subject_length: usize,
    pub(super) subject_most: usize,
    pub(super) preheader_default: String,
    /// What each audience's inbox shows, where there are several.
    pub(super) inboxes: Vec<InboxLine>,
    pub(super) groups: Vec<RubriqueGroup>,
    pub(super) left_out: Vec<Row>,
    pub(super) repeats: Vec<Row>,
    pub(super) lines: Vec<PreflightLine>,
    /// How many of them are as they should be, in words.
    pub(super) all_green: String,
    pub(super) is_red: bool,
    pub(super) is_held: bool,
    pub(super) is_approved: bool,
    /// Whether it is about to go, and can be taken back.
    pub(super) is_waiting: bool,
    /// Whether its hour has passed.
    pub(super) is_due: bool,
    /// Whether it is one beside those of the schedule.
    pub(super) is_special: bool,
    /// When it goes, and whether that is later than its own hour.
    pub(super) hour: String,
    pub(super) is_put_off: bool,
    pub(super) versions: Vec<VersionLine>,
    pub(super) is_empty: bool,
    /// Name and address of each editor.
    pub(super) editors: Vec<(String, String)>,
    pub(super) history: Vec<String>,
    pub(super) preview: LetterPreview,
    pub(super) view: String,
    pub(super) variant: String,
}

impl ComingPage<'_> {
    /// Whether something is not as it should be.
    fn has_findings(&self) -> bool {
        self.lines.iter().any(|line| line.grade != "green")
    }

    /// Whether somebody else has changed the same field.
    fn has_clash(&self, field: &str) -> bool {
        self.clashes.contains(&field)
    }
}

/// An edition that wants something of the editors.
#[derive(Debug)]
pub(super) struct OpenEdition {
    pub(super) period: String,
    pub(super) words: String,
    pub(super) due: String,
    pub(super) url: String,
    pub(super) is_current: bool,
    /// The cutoff of one that is skipped, by which it comes back; else empty.
    pub(super) skipped: String,
}

/// A version of what editors changed.
#[derive(Debug)]
pub(super) struct VersionLine {
    pub(super) number: i64,
    /// When, who, and what.
    pub(super) words: String,
    /// Whether it is the one that is there.
    pub(super) is_current: bool,
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

/// What became of the letters to one domain, or to several.
#[derive(Debug)]
pub(super) struct FigureRow {
    pub(super) label: String,
    /// In the order of the table's heads.
    pub(super) numbers: Vec<i64>,
}

/// The past editions.
#[derive(Template)]
#[template(path = "desk/past.html")]
pub(super) struct PastPage<'a> {
    pub(super) f: DeskFrame<'a>,
    /// Each with its period and its subject.
    pub(super) editions: Vec<(EditionBadge, String, String)>,
}

/// One of them.
#[derive(Template)]
#[template(path = "desk/one.html")]
pub(super) struct EditionPage<'a> {
    pub(super) f: DeskFrame<'a>,
    pub(super) notice: Option<DeskNotice>,
    pub(super) status: EditionBadge,
    pub(super) period: String,
    pub(super) subject: String,
    pub(super) letters: Vec<String>,
    /// What became of its letters, by domain; nothing before somebody asks.
    pub(super) figures: Vec<FigureRow>,
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
