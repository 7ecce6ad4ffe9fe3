//! What validators say of a feed, said before it is published: the W3C feed validator's errors and
//! warnings as far as columns and configuration can bring them about (RSS 2.0 and the RSS Advisory
//! Board's profile, RFC 4287, JSON Feed 1.1, Media RSS). What the forms can write validly they
//! write; what is left, no feed can hold, and somebody must mend it.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
};

use chrono::{DateTime, Duration};

use super::{BufferPool, Error, Feed, FeedFile, address, plain_text::is_blank};
use crate::model::{Column, EARLIEST, Image, Instant, html, text, uri};

/// The most that the W3C feed validator, and many a reader, takes of one file, in bytes.
pub const MAX_FEED_BYTES: usize = 5_000_000;

/// By how much an archive stays below that: the document to subscribe to holds what is in no archive
/// yet, and says more before its entries.
const ARCHIVE_HEADROOM_BYTES: usize = 200_000;

/// How much Google's readers take of a feed, and of a text, in bytes.
const MAX_READ_FEED_BYTES: usize = 2_000_000;
const MAX_READ_TEXT_BYTES: usize = 1_000_000;

/// Pictures that are less wide, in pixels, are shown small or not at all.
const MIN_PICTURE_WIDTH: u32 = 1_200;

/// Something that a validator would say of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedFinding {
    /// The column, by title and id; none if it is in the feed's own values.
    pub column: Option<String>,
    /// Which of its values: `title`, `body`, `image.url`…
    pub field: &'static str,
    /// The rule's short name, the same for ever.
    pub rule: &'static str,
    pub message: String,
}

impl FeedFinding {
    pub fn is_about(&self, column: &Column) -> bool {
        self.column.as_ref().is_some_and(|about| *about == name(column))
    }
}

impl fmt::Display for FeedFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.column.as_deref().unwrap_or("the feed itself");
        write!(f, "{column}: {}: {}: {}", self.field, self.rule, self.message)
    }
}

/// The files of a document that may be published.
#[derive(Debug)]
pub struct ValidDocument {
    pub files: Vec<FeedFile>,
    /// How many of its columns it holds: where all would be too large, some are left out.
    pub kept: usize,
}

/// Writes the document that readers subscribe to, as of an instant, or says what keeps it from being
/// published. What would be larger than [`MAX_FEED_BYTES`] leaves out its oldest columns.
pub fn files(
    feed: &Feed<'_>,
    at: Instant,
    buffers: &mut BufferPool,
) -> Result<Result<ValidDocument, Vec<FeedFinding>>, Error> {
    write_fitting(feed, at, buffers, MAX_FEED_BYTES, |kept| &feed.columns[..kept])
}

/// The same for an archive, which is filled from its oldest columns on: what it leaves out belongs
/// into the next one, so that one column more never changes it.
pub fn archive(
    feed: &Feed<'_>,
    at: Instant,
    buffers: &mut BufferPool,
) -> Result<Result<ValidDocument, Vec<FeedFinding>>, Error> {
    write_fitting(feed, at, buffers, MAX_FEED_BYTES - ARCHIVE_HEADROOM_BYTES, |kept| {
        &feed.columns[feed.columns.len() - kept..]
    })
}

/// Whether a document of these columns fits for certain, whatever their texts hold: to escape a
/// character takes six bytes at most, and a text stands in a form up to twice.
pub fn is_small(columns: &[Column]) -> bool {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let texts = |c: &Column| {
        let image = c.image.as_ref().map_or(0, |i| i.alt.len() + i.url.as_str().len() + length(&i.credit));
        let lines = c.title.len() + c.standfirst.len() + c.guid.len() + c.url.as_str().len() + length(&c.byline);
        let audio = c.audio.as_ref().map_or(0, |audio| audio.url.as_str().len());
        let names = |names: &[String]| names.iter().map(|name| name.len() + 100).sum::<usize>();
        c.body.len() + 2 * (lines + audio) + 4 * image + names(&c.bylines) + names(&c.tags)
    };
    columns.iter().map(|column| 4_096 + 6 * texts(column)).sum::<usize>() < MAX_FEED_BYTES - ARCHIVE_HEADROOM_BYTES
}

/// Writes as many columns as fit.
fn write_fitting<'a>(
    feed: &Feed<'a>,
    at: Instant,
    buffers: &mut BufferPool,
    most: usize,
    part: impl Fn(usize) -> &'a [Column],
) -> Result<Result<ValidDocument, Vec<FeedFinding>>, Error> {
    let findings = check(feed, at);
    if !findings.is_empty() {
        return Ok(Err(findings));
    }
    let mut write = |kept| Feed { columns: part(kept), ..feed.clone() }.files_with(buffers);
    let size = |files: &[FeedFile]| files.iter().map(|(_, bytes)| bytes.len()).max().unwrap_or_default();
    let all = feed.columns.len();
    let whole = write(all)?;
    if size(&whole) <= most {
        return Ok(Ok(ValidDocument { files: whole, kept: all }));
    }
    // So many fit, so many don't; a guess first, by their average.
    let (mut fits, mut too_many) = (0, all);
    let mut guess = all * most / size(&whole).max(1);
    let mut valid = None;
    while too_many - fits > 1 {
        let kept = guess.clamp(fits + 1, too_many - 1);
        let files = write(kept)?;
        if size(&files) <= most {
            (fits, valid) = (kept, Some(files));
        } else {
            too_many = kept;
        }
        guess = fits.midpoint(too_many);
    }
    match valid {
        Some(files) => Ok(Ok(ValidDocument { files, kept: fits })),
        None => {
            let alone = Feed { columns: part(all.min(1)), ..feed.clone() };
            Ok(Err(check_size(&alone, &alone.files_with(buffers)?)))
        }
    }
}

/// Files that are too large, once they are written.
fn check_size(feed: &Feed<'_>, files: &[FeedFile]) -> Vec<FeedFinding> {
    let column = feed.columns.first().map(name);
    let large = files.iter().filter(|(_, bytes)| bytes.len() > MAX_FEED_BYTES - ARCHIVE_HEADROOM_BYTES);
    let finding = |(path, bytes): &FeedFile| FeedFinding {
        column: column.clone(),
        field: "size",
        rule: "size",
        message: format!("{path} has {} bytes, readers take {MAX_FEED_BYTES}: shorten the text", bytes.len()),
    };
    large.map(finding).collect()
}

/// Where Google's readers stop, which is no fault: files, texts and pictures of these columns.
pub fn limits(feed: &Feed<'_>, files: &[FeedFile]) -> Vec<FeedFinding> {
    let long = files.iter().filter(|(_, bytes)| bytes.len() > MAX_READ_FEED_BYTES).map(|(path, bytes)| FeedFinding {
        column: None,
        field: "size",
        rule: "google-feed",
        message: format!(
            "{path} has {} bytes, Google reads {MAX_READ_FEED_BYTES}: let it hold fewer items",
            bytes.len()
        ),
    });
    let of_columns = feed.columns.iter().flat_map(|column| {
        let finding = |field, rule, message| FeedFinding { column: Some(name(column)), field, rule, message };
        let length = column.body.len();
        let text = (length > MAX_READ_TEXT_BYTES).then(|| {
            finding("body", "google-text", format!("it has {length} bytes, Google reads {MAX_READ_TEXT_BYTES}"))
        });
        let width = column.image.as_ref().and_then(|image| image.width).filter(|width| *width < MIN_PICTURE_WIDTH);
        let picture = width.map(|width| {
            let message = format!("it is {width} pixels wide, Google shows large what has {MIN_PICTURE_WIDTH}");
            finding("image.width", "google-picture", message)
        });
        text.into_iter().chain(picture)
    });
    long.chain(of_columns).collect()
}

/// What validators would say of a feed that is published at an instant.
pub fn check(feed: &Feed<'_>, at: Instant) -> Vec<FeedFinding> {
    let mut findings = channel(feed, at);
    let mut guids = HashSet::with_capacity(feed.columns.len());
    let mut updates: HashMap<Instant, &Column> = HashMap::with_capacity(feed.columns.len());
    for column in feed.columns {
        let mut report = |field, rule, message: String| {
            findings.push(FeedFinding { column: Some(name(column)), field, rule, message });
        };
        texts(feed, column, &mut report);
        ids(column, guids.insert(column.guid.as_str()), &mut report);
        dates(column, at, &mut report);
        if let Some(twin) = updates.insert(column.updated, column) {
            let twin = name(twin);
            report("updated", "date-twin", format!("{twin} was updated at the same instant: move one of them"));
        }
        let found = if feed.full() { html::scan(&column.body) } else { html::characters(&column.body) };
        for (rule, what) in found {
            // It quotes the body, and may be shown on a terminal.
            let what: String = what.chars().filter(|c| !c.is_control()).take(160).collect();
            report("body", rule, format!("{what}: {}", remedy(rule)));
        }
    }
    findings
}

/// A column as its editors know it.
fn name(column: &Column) -> String {
    let title: String = column.title.chars().filter(|c| !c.is_control()).take(80).collect();
    let guid: String = column.guid.escape_debug().take(160).collect();
    format!("{title:?} ({guid})")
}

/// The feed's own values.
fn channel(feed: &Feed<'_>, at: Instant) -> Vec<FeedFinding> {
    let mut findings = Vec::new();
    let mut report = |field, rule, message: String| findings.push(FeedFinding { column: None, field, rule, message });
    let magazine = &feed.config.magazine;
    if !html::is_language(&magazine.language) {
        report("language", "language", format!("{:?} is no language: write one such as \"fr\"", magazine.language));
    }
    if !uri::is_canonical(&feed.id()) {
        let message = format!("{} is no tag: magazine.url needs a host of letters, digits and hyphens", feed.id());
        report("id", "guid-form", message);
    }
    for (field, url) in [
        ("magazine.url", &magazine.url),
        ("feeds.url", &feed.addresses.rss),
        ("feeds.url", &feed.addresses.atom),
        ("feeds.url", &feed.addresses.json),
    ] {
        if !uri::is_web(url) {
            report(field, "url", format!("{} is no address that readers can follow", address(url)));
        }
    }
    for (field, value) in [
        ("title", feed.title()),
        ("description", feed.description()),
        ("rights", magazine.rights.clone().unwrap_or_default()),
    ] {
        if let Some(c) = text::first_illegal(&value) {
            report(field, "characters", format!("it holds U+{:04X}: take it out", c as u32));
        }
    }
    if feed.columns.is_empty() {
        date("updated", feed.updated(), at, &mut report);
    }
    findings
}

/// Titles, names and the like.
fn texts(feed: &Feed<'_>, column: &Column, report: &mut impl FnMut(&'static str, &'static str, String)) {
    let image = column.image.as_ref();
    for (field, value) in [
        ("title", column.title.as_str()),
        ("standfirst", column.standfirst.as_str()),
        ("byline", column.byline.as_deref().unwrap_or_default()),
        ("byline", &column.bylines.concat()),
        ("tags", &column.tags.concat()),
        ("image.alt", image.map_or("", |image| image.alt.as_str())),
        ("image.credit", image.and_then(|image| image.credit.as_deref()).unwrap_or_default()),
    ] {
        if let Some(c) = text::first_illegal(value) {
            report(field, "characters", format!("it holds U+{:04X}: take it out", c as u32));
        }
    }
    if is_blank(&feed.heading(column)) {
        report("title", "blank", "it has no title, no standfirst and no text: give it a title".to_owned());
    }
    let lists = column.bylines.iter().map(|name| ("byline", name.as_str()));
    let lists = lists.chain(column.tags.iter().map(|tag| ("tags", tag.as_str())));
    let lines = [("title", column.title.as_str()), ("byline", column.byline.as_deref().unwrap_or_default())];
    for (field, value) in lines.into_iter().chain(lists) {
        if value.contains(['\t', '\n', '\r', '\u{2028}', '\u{2029}']) {
            report(field, "line", "it has more than one line: make it one".to_owned());
        }
    }
    let bylines = column.byline.iter().chain(&column.bylines);
    if bylines.map(|name| text::without_email(name)).any(|name| matches!(name, Cow::Owned(_))) {
        let message = "it holds an e-mail address, which a feed tells everybody: take it out";
        report("byline", "email", message.to_owned());
    }
    let mut web = |field, url| {
        if !uri::is_web(url) {
            report(field, "url", format!("{} is no address that readers can follow: write an https one", address(url)));
        }
    };
    web("url", &column.url);
    if let Some(Image { url, .. }) = image {
        web("image.url", url);
    }
}

/// What readers tell columns apart by.
fn ids(column: &Column, first: bool, report: &mut impl FnMut(&'static str, &'static str, String)) {
    let guid = column.guid.as_str();
    let mut report = |rule, message: &str| report("guid", rule, message.to_owned());
    if is_blank(guid) {
        report("guid-blank", "it has no id: give it one, for ever");
    } else if guid.trim() != guid || guid.contains(['\t', '\n', '\r']) {
        report("guid-form", "its id begins or ends with white space, or has two lines: take that out");
    } else if text::first_illegal(guid).is_some() {
        report("characters", "its id holds a character that no feed can hold: take it out");
    } else if guid.len() < 9 && guid.chars().all(char::is_numeric) {
        report("guid-short", "its id is a short number, which others have too: make it a tag or an address");
    }
    if !first {
        report("guid-twin", "another column of the feed has the same id: give one of them another");
    }
}

fn dates(column: &Column, at: Instant, report: &mut impl FnMut(&'static str, &'static str, String)) {
    // RSS and Atom can do without the date of publication, which no feed tells before 1990.
    if column.published >= EARLIEST {
        date("published", column.published, at, report);
    }
    date("updated", column.updated, at, report);
    if column.updated < column.published {
        report("updated", "date-order", "it was updated before it was published: correct one of the dates".to_owned());
    }
}

/// Validators take a date before 1990, or one to come, for a mistake. Their clocks may be ten
/// minutes behind ours.
fn date(field: &'static str, date: Instant, at: Instant, report: &mut impl FnMut(&'static str, &'static str, String)) {
    if date < EARLIEST {
        let message =
            format!("{} is before 1990, which readers take for a mistake: say when it came on the site", day(date));
        report(field, "date-early", message);
    } else if date > at.checked_add_signed(Duration::minutes(10)).unwrap_or(DateTime::<chrono::Utc>::MAX_UTC) {
        report(field, "date-future", format!("{} is still to come: correct the date, or wait", day(date)));
    }
}

fn day(date: Instant) -> String {
    date.format("%Y-%m-%dT%H:%MZ").to_string()
}

/// What to do about a rule that a body breaks.
fn remedy(rule: &str) -> &'static str {
    match rule {
        "characters" => "take it out",
        "html-address" => "write it from https:// on, with what is no URI percent-encoded",
        "html-nesting" => "close what is open, in order",
        "html-entity" => "write the character itself, or &amp; for an ampersand",
        "html-syntax" => "write HTML",
        _ => "import the column again, so that it is cleaned",
    }
}
