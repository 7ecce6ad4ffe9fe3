//! Renders an edition for one set of rubriques: MJML by a template, HTML by mrml, and the text part by a template of
//! its own. A magazine's own template that fails is told by the preflight, and the program's stands in for it meanwhile:
//! so the desk can show the edition with what is wrong, and nothing of it goes out.

pub mod archive;
mod body;
pub mod book;
mod columns;
mod cut;
pub mod encode;
mod layouts;
pub mod letter;
mod markdown;
mod mjml;
pub mod service;
mod signature;
pub(super) mod tags;
pub mod together;
pub mod view;
mod wrap;

#[cfg(test)]
mod tests;

use chrono::{Datelike, Duration};

use self::layouts::DigestParts;
pub use self::signature::Signature;
use self::view::{AccentColours, DigestView, LetterDirection, MagazineView, NIGHT_PALETTE, ThemeView};
use super::layout::{EditionDraft, EditionLayout, layout};
use super::slot::EditionSlot;
use crate::model::token::PLACEHOLDER;
use crate::{
    config::{Config, Feeds, Letters},
    locales::fill,
    model::{Choice, Column, LetterLayout, Mailbox, column::fingerprint},
    templates,
};

/// Why an edition or a letter could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot render the letter: {0}")]
    Template(#[from] templates::Error),
    /// The magazine's own template failed, as it was told before.
    #[error("{0}")]
    OwnTemplate(String),
    /// The rendered MJML is not what MJML should be.
    #[error("cannot turn the letter into HTML: {0}")]
    Mjml(String),
    #[error("cannot write a letter: {0}")]
    Letter(String),
    /// The edition would break in mail programs: what is wrong, and what to do.
    #[error("the digest cannot be sent: {0}")]
    Preflight(String),
}

/// Gmail shows only so much of a letter's HTML.
pub const GMAIL_CLIP_BYTES: usize = 102_400;

/// The longest subject, in UTF-16 units as browsers count them.
pub const MAX_SUBJECT_UNITS: usize = 250;

/// An edition as one set of rubriques sees it, rendered. Where a letter has its subscriber's
/// token, [`PLACEHOLDER`] stands.
#[derive(Debug)]
pub struct Rendered {
    pub subject: String,
    /// What an inbox shows beside it.
    pub preheader: String,
    pub html: String,
    pub plain: String,
    /// Both, encoded as a letter carries them.
    pub entity: Vec<u8>,
    pub hash: String,
    /// Why the magazine's own template could not be used: this is by the program's, and must not go out.
    pub failure: Option<String>,
}

impl Rendered {
    /// Refuses what is not as the magazine wants it, because its own template failed.
    pub fn usable(self) -> Result<Self, Error> {
        match self.failure {
            Some(why) => Err(Error::OwnTemplate(why)),
            None => Ok(self),
        }
    }
}

/// Renders a draft for a choice of rubriques; `None` if it has nothing for them.
pub fn render(config: &Config, draft: &EditionDraft, choice: &Choice) -> Result<Option<Rendered>, Error> {
    let layout = layout(config, draft, choice);
    let Some(lead) = layout.lead else { return Ok(None) };
    let subject = subject(config, draft, lead);
    let view = view(config, draft, &layout, lead, subject.clone());
    let preheader = view.preheader.clone();
    let (own, shape) = (config.theme.templates.as_ref(), config.digest.layout);
    let (DigestParts { html, plain }, failure) = match (layouts::parts(own, shape, &view), own) {
        (Ok(parts), _) => (parts, None),
        (Err(error), Some(_)) => (layouts::parts(None, shape, &view)?, Some(error.to_string())),
        (Err(error), None) => return Err(error),
    };
    let hash = fingerprint([&subject, &html, &plain].into_iter().chain(&failure));
    let entity = encode::entity(&plain, &html, &hash);
    Ok(Some(Rendered { subject, preheader, html, plain, entity, hash, failure }))
}

/// The same as a proof for the editors: its subject and a line above the sheet say so, with the way
/// to the desk, and there is no way to unsubscribe.
pub fn proof(config: &Config, draft: &EditionDraft, choice: &Choice, desk: &str) -> Result<Option<Rendered>, Error> {
    let Some(sent) = render(config, draft, choice)? else { return Ok(None) };
    let layout = layout(config, draft, choice);
    let Some(lead) = layout.lead else { return Ok(None) };
    let view = view(config, draft, &layout, lead, sent.subject.clone());
    let words = view.words;
    let subject = format!("{} · {}", words.proof, sent.subject);
    let view = DigestView { proof: desk.to_owned(), subject: subject.clone(), ..view };
    let DigestParts { html, plain } = layouts::parts(config.theme.templates.as_ref(), config.digest.layout, &view)?;
    let (html, plain) = (html.replace(PLACEHOLDER, "-"), plain.replace(PLACEHOLDER, "-"));
    Ok(Some(Rendered { subject, html, plain, ..sent }))
}

/// A fingerprint of all that readers of a draft could see or answer to, whatever they chose: an approval is bound
/// to it.
pub fn content_hash(config: &Config, draft: &EditionDraft) -> Result<String, Error> {
    let mut parts = vec![draft.changes.subject.clone().unwrap_or_else(|| config.digest.subject.clone())];
    parts.extend(envelope_parts(&config.letters, &config.feeds));
    for choice in [Choice::all()].into_iter().chain(config.rubriques.iter().map(|r| Choice::of([r.slug.clone()]))) {
        parts.push(render(config, draft, &choice)?.map(|rendered| rendered.hash).unwrap_or_default());
    }
    parts.push(config.digest.layout.to_string());
    // A choice of several rubriques may show in full what stands as a title for all.
    for column in &draft.columns {
        let image = column.image.as_ref();
        parts.extend([
            column.id.0.to_string(),
            column.title.clone(),
            column.standfirst.clone(),
            column.byline.clone().unwrap_or_default(),
            column.url.to_string(),
            image.map(|image| image.url.to_string()).unwrap_or_default(),
            image.map(|image| image.alt.clone()).unwrap_or_default(),
            image.and_then(|image| image.credit.clone()).unwrap_or_default(),
        ]);
        // Another column may lead there, with its whole text; else the text tells how long it takes.
        parts.push(match config.digest.layout {
            LetterLayout::Full => column.body.clone(),
            _ => columns::minutes(config, column),
        });
        parts.extend(column.audio.as_ref().map(|audio| audio.url.to_string()));
    }
    Ok(fingerprint(parts))
}

/// What stands above a letter for its readers and their programs: who sends, who gets the answers, and where
/// leaving and the list's addresses lead.
fn envelope_parts(letters: &Letters, feeds: &Feeds) -> [String; 7] {
    let mailbox = |mailbox: &Mailbox| format!("{} <{}>", mailbox.name.as_deref().unwrap_or_default(), mailbox.address);
    [
        mailbox(&letters.from),
        letters.reply_to.as_ref().map(mailbox).unwrap_or_default(),
        letters.unsubscribe_url.to_string(),
        letters.unsubscribe_address.to_string(),
        letters.list_id.clone(),
        letters.archive_url.as_ref().unwrap_or(&feeds.url).to_string(),
        letters.bounce_address.domain().to_owned(),
    ]
}

/// The subject of a variant with this lead. What the editors wrote is everybody's, unless it names the edition's lead,
/// which not everybody has.
fn subject(config: &Config, draft: &EditionDraft, lead: &Column) -> String {
    let own = draft.changes.subject.as_deref().filter(|subject| {
        let whole = layout(config, draft, &Choice::all());
        whole.lead.is_none_or(|whole| {
            whole.id == lead.id || whole.title.trim().is_empty() || !subject.contains(whole.title.trim())
        })
    });
    match own {
        Some(subject) => filled(config, draft, subject, &lead.title),
        None => cut::at_word(&filled(config, draft, &config.digest.subject, &lead.title), MAX_SUBJECT_UNITS),
    }
}

/// The subject that an edition has if nobody writes another: one that the desk's field could hold.
pub fn default_subject(config: &Config, draft: &EditionDraft) -> String {
    let layout = layout(config, draft, &Choice::all());
    let lead = layout.lead.map_or("", |lead| &lead.title);
    cut::at_word(&filled(config, draft, &config.digest.subject, lead), MAX_SUBJECT_UNITS)
}

/// A subject with what stands for something filled in; what stands for nothing stays.
fn filled(config: &Config, draft: &EditionDraft, subject: &str, lead: &str) -> String {
    let slot = &draft.slot;
    let name = &config.magazine.name;
    fill(subject, &[("magazine", name), ("number", &slot.number), ("period", &slot.period), ("lead", &lead)])
}

fn view<'a>(
    config: &'a Config,
    draft: &EditionDraft,
    layout: &EditionLayout<'_>,
    lead: &Column,
    subject: String,
) -> DigestView<'a> {
    let EditionDraft { slot, changes, .. } = draft;
    let opening = changes.opening.as_deref().unwrap_or(&config.digest.opening);
    let magazine = &config.magazine;
    let words = &magazine.lang.words().letter;
    let theme = &config.theme;
    let (lead, sections) = columns::views(config, layout, lead);
    let Signature { name: signed, portrait } = Signature::of(config, changes);
    let closing = changes.closing.as_deref().unwrap_or(&config.digest.closing);
    let opening_html = on_one_line(&markdown::html(opening));
    let archive_url =
        config.letters.archive_url.as_ref().map(|url| format!("{url}{}", slot.period)).unwrap_or_default();
    DigestView {
        proof: String::new(),
        preheader: changes.preheader.clone().unwrap_or_else(|| preheader(layout, &subject)),
        dir: LetterDirection::of(magazine.lang),
        magazine: MagazineView::of(magazine),
        theme: ThemeView::of(theme),
        night: NIGHT_PALETTE,
        edge: AccentColours::of(theme.accent, theme),
        name: theme.masthead.as_deref().unwrap_or(&magazine.name),
        forward_url: forward_url(&subject, &archive_url),
        subject,
        number: fill(&words.number, &[("number", &slot.number)]),
        dates: dates(config, slot),
        portrait_alt: if portrait.is_empty() { String::new() } else { fill(&words.portrait, &[("name", &signed)]) },
        portrait_url: portrait,
        signed: if opening_html.is_empty() { String::new() } else { signed },
        opening_html,
        closing_html: on_one_line(&markdown::html(closing)),
        closing_text: markdown::text(closing),
        reading: columns::reading(config, layout),
        has_contents: columns::has_contents(config, layout),
        opening_text: markdown::text(opening),
        footer_html: on_one_line(&markdown::html(&theme.footer)),
        footer_text: markdown::text(&theme.footer),
        lead,
        sections,
        others: Vec::new(),
        has_others: false,
        feeds_url: config.feeds.url.to_string(),
        archive_url,
        unsubscribe_url: format!("{}{PLACEHOLDER}", config.letters.unsubscribe_url),
        unsubscribe_label: words.unsubscribe.clone(),
        manage_url: match config.letters.manage_link {
            true => format!("{}preferences/{PLACEHOLDER}", config.web.url),
            false => String::new(),
        },
        words,
    }
}

/// Opens a new letter in the reader's own program, which leads to this one for everybody: whom it goes to, nobody is told.
fn forward_url(subject: &str, archive_url: &str) -> String {
    if archive_url.is_empty() {
        return String::new();
    }
    let encoded =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    format!("mailto:?subject={}&body={}", encoded(subject), encoded(archive_url))
}

/// mrml drops a white space between two elements when it begins with a line end.
fn on_one_line(html: &str) -> String {
    html.replace('\n', " ")
}

/// What an inbox shows beside the subject: the titles that follow the lead, and the lead's first if
/// the subject does not name it.
fn preheader(layout: &EditionLayout<'_>, subject: &str) -> String {
    let Some(lead) = layout.lead else { return String::new() };
    let others = layout.sections.iter().flat_map(|section| section.columns.iter().chain(&section.titles));
    let named = lead.title.trim().is_empty() || subject.contains(lead.title.trim());
    let lead_title = (!named).then_some(lead.title.as_str());
    let titles: Vec<&str> = lead_title.into_iter().chain(others.map(|column| column.title.as_str())).take(2).collect();
    match titles.as_slice() {
        [] => cut::at_sentence(&lead.standfirst, 140),
        titles => titles.join(" · "),
    }
}

/// The days that an edition covers, in words. A day counts where most of it lies.
fn dates(config: &Config, slot: &EditionSlot) -> String {
    let zone = &config.magazine.zone;
    let half = Duration::hours(12);
    let first = zone.local(slot.since + half).date_naive();
    let last = zone.local(slot.cutoff - half).date_naive();
    match first < last {
        true => config.magazine.lang.days(first, last),
        // Less than a day or two.
        false => {
            let day = zone.local(slot.cutoff).date_naive();
            format!("{} {}", config.magazine.lang.day(day), day.year())
        }
    }
}
