//! Renders an edition for one set of rubriques: MJML by askama, HTML by mrml, and the text part by
//! a template of its own.

pub mod archive;
mod cut;
pub mod encode;
pub mod letter;
mod markdown;
mod mjml;
pub mod service;
pub(super) mod tags;
pub mod view;
mod wrap;

#[cfg(test)]
mod tests;

use askama::Template;
use chrono::Duration;

use self::view::{AccentColours, ColumnView, DigestView, LetterDirection, NIGHT_PALETTE, PictureView, SectionView};
use super::layout::{EditionDraft, EditionLayout, layout};
use super::slot::EditionSlot;
use crate::model::token::PLACEHOLDER;
use crate::{
    config::{Config, Feeds, Letters},
    locales::fill,
    model::{Choice, Column, Mailbox, Rubrique, column::fingerprint},
};

/// Why an edition or a letter could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot render the digest: {0}")]
    Template(#[from] askama::Error),
    /// The rendered MJML is not what MJML should be.
    #[error("cannot turn the digest into HTML: {0}")]
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

#[derive(Template)]
#[template(path = "digest.mjml")]
struct DigestHtml<'a> {
    v: &'a DigestView<'a>,
}

#[derive(Template)]
#[template(path = "digest.txt")]
struct DigestText<'a> {
    v: &'a DigestView<'a>,
}

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
}

/// Renders a draft for a choice of rubriques; `None` if it has nothing for them. The subject is the
/// edition's own: made from all its columns, the same for every choice.
pub fn render(config: &Config, draft: &EditionDraft, choice: &Choice) -> Result<Option<Rendered>, Error> {
    let layout = layout(config, draft, choice);
    if layout.lead.is_none() {
        return Ok(None);
    }
    let subject = subject(config, draft);
    let view = view(config, draft, &layout, subject.clone());
    let preheader = view.preheader.clone();
    let mjml = DigestHtml { v: &view }.render()?;
    let html = mjml::to_html(&mjml)?;
    let plain = wrap::wrap(&DigestText { v: &view }.render()?, view.dir);
    let hash = fingerprint([&subject, &html, &plain]);
    let entity = encode::entity(&plain, &html, &hash);
    Ok(Some(Rendered { subject, preheader, html, plain, entity, hash }))
}

/// The same as a proof for the editors: its subject and a line above the sheet say so, with the way
/// to the desk, and there is no way to unsubscribe.
pub fn proof(config: &Config, draft: &EditionDraft, choice: &Choice, desk: &str) -> Result<Option<Rendered>, Error> {
    let Some(plain) = render(config, draft, choice)? else { return Ok(None) };
    let layout = layout(config, draft, choice);
    let view = view(config, draft, &layout, plain.subject.clone());
    let words = view.words;
    let subject = format!("{} · {}", words.proof, plain.subject);
    let view = DigestView { proof: Some(desk.to_owned()), subject: subject.clone(), ..view };
    let html = mjml::to_html(&DigestHtml { v: &view }.render()?)?.replace(PLACEHOLDER, "-");
    let plain_text = wrap::wrap(&DigestText { v: &view }.render()?, view.dir).replace(PLACEHOLDER, "-");
    Ok(Some(Rendered { subject, html, plain: plain_text, ..plain }))
}

/// A fingerprint of all that readers of a draft could see or answer to, whatever they chose: an approval is bound
/// to it.
pub fn content_hash(config: &Config, draft: &EditionDraft) -> Result<String, Error> {
    let mut parts = vec![subject(config, draft)];
    parts.extend(envelope_parts(&config.letters, &config.feeds));
    for choice in [Choice::all()].into_iter().chain(config.rubriques.iter().map(|r| Choice::of([r.slug.clone()]))) {
        parts.push(render(config, draft, &choice)?.map(|rendered| rendered.hash).unwrap_or_default());
    }
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

fn subject(config: &Config, draft: &EditionDraft) -> String {
    match &draft.changes.subject {
        Some(subject) => filled(config, draft, subject),
        None => default_subject(config, draft),
    }
}

/// The subject that an edition has if nobody writes another: one that the desk's field could hold.
pub fn default_subject(config: &Config, draft: &EditionDraft) -> String {
    cut::at_word(&filled(config, draft, &config.digest.subject), MAX_SUBJECT_UNITS)
}

/// A subject with what stands for something filled in; what stands for nothing stays.
fn filled(config: &Config, draft: &EditionDraft, subject: &str) -> String {
    let slot = &draft.slot;
    let layout = layout(config, draft, &Choice::all());
    let lead = layout.lead.map_or("", |lead| &lead.title);
    let name = &config.magazine.name;
    fill(subject, &[("magazine", name), ("number", &slot.number), ("period", &slot.period), ("lead", &lead)])
}

fn view<'a>(config: &'a Config, draft: &EditionDraft, layout: &EditionLayout<'_>, subject: String) -> DigestView<'a> {
    let EditionDraft { slot, changes, .. } = draft;
    let opening = changes.opening.as_deref().unwrap_or(&config.digest.opening);
    let magazine = &config.magazine;
    let words = &magazine.lang.words().letter;
    let theme = &config.theme;
    let column_view = |column: &Column| column_view(config, column);
    let lead = layout.lead.map(|column| ColumnView {
        // The lead has room for a longer one.
        standfirst: cut::at_sentence(&column.standfirst, config.digest.standfirst_length * 2),
        ..column_view(column)
    });
    let sections: Vec<SectionView> = layout
        .sections
        .iter()
        .map(|section| SectionView {
            label: section.rubrique.map(|r| r.label.clone()).unwrap_or_default(),
            hue: hue(config, section.rubrique),
            pieces: section.columns.iter().map(|column| column_view(column)).collect(),
            titles: section.titles.iter().map(|column| column_view(column)).collect(),
        })
        .collect();
    DigestView {
        proof: None,
        preheader: changes.preheader.clone().unwrap_or_else(|| preheader(layout, &subject)),
        dir: LetterDirection::of(magazine.lang),
        magazine,
        theme,
        night: NIGHT_PALETTE,
        edge: AccentColours::of(theme.accent, theme),
        name: theme.masthead.as_deref().unwrap_or(&magazine.name),
        subject,
        number: fill(&words.number, &[("number", &slot.number)]),
        dates: dates(config, slot),
        opening_html: markdown::html(opening),
        opening_text: markdown::text(opening),
        footer_html: markdown::html(&theme.footer),
        footer_text: markdown::text(&theme.footer),
        lead,
        sections,
        feeds_url: config.feeds.url.to_string(),
        archive_url: config.letters.archive_url.as_ref().map(|url| format!("{url}{}", slot.period)),
        unsubscribe_url: format!("{}{PLACEHOLDER}", config.letters.unsubscribe_url),
        words,
    }
}

fn column_view(config: &Config, column: &Column) -> ColumnView {
    let rubrique = config.rubriques.iter().find(|r| Some(&r.slug) == column.rubrique.as_ref());
    let lang = config.magazine.lang;
    let day = lang.day(config.magazine.zone.local(column.published).date_naive());
    ColumnView {
        title: column.title.clone(),
        standfirst: cut::at_sentence(&column.standfirst, config.digest.standfirst_length),
        about: match &column.byline {
            Some(byline) => fill(&lang.words().letter.signed, &[("byline", byline), ("date", &day)]),
            None => day,
        },
        byline: column.byline.clone(),
        rubrique: rubrique.map(|r| r.label.clone()),
        hue: hue(config, rubrique),
        url: column.url.to_string(),
        // Without a description it would be nothing to many readers.
        image: column.image.as_ref().filter(|image| !image.alt.is_empty()).map(|image| PictureView {
            url: image.url.to_string(),
            alt: image.alt.clone(),
            credit: image.credit.clone(),
            width: image.width,
            height: image.height,
        }),
    }
}

fn hue(config: &Config, rubrique: Option<&Rubrique>) -> AccentColours {
    AccentColours::of(rubrique.map_or(config.theme.accent, |r| r.colour), &config.theme)
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
    config.magazine.lang.days(first, last)
}
