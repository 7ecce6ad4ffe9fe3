//! Renders an edition for one set of rubriques: MJML by askama, HTML by mrml, and the text part by
//! a template of its own.

pub mod archive;
mod cut;
pub mod encode;
pub mod letter;
mod marked;
pub mod service;
mod shield;
pub(super) mod tags;
pub mod view;

#[cfg(test)]
mod tests;

use askama::Template;
use chrono::Duration;

use self::{
    shield::shield,
    view::{Direction, Hue, NIGHT, Picture, Piece, Section, View},
};
use super::choose::{Draft, Due, Sheet, lay_out};
use crate::model::token::PLACEHOLDER;
use crate::{
    config::{Config, Feeds, Letters},
    locales::fill,
    model::{Choice, Column, Mailbox, Rubrique, column::fingerprint},
};

/// Why an edition or a letter could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A template failed.
    #[error("cannot render the digest: {0}")]
    Template(#[from] askama::Error),
    /// The rendered MJML is not what MJML should be.
    #[error("cannot turn the digest into HTML: {0}")]
    Mjml(String),
    /// A letter cannot be written.
    #[error("cannot write a letter: {0}")]
    Letter(String),
    /// The edition would break in mail programs: what is wrong, and what to do.
    #[error("the digest cannot be sent: {0}")]
    Preflight(String),
}

/// Gmail shows only so much of a letter's HTML.
pub const CLIP: usize = 102_400;

/// The longest subject, in UTF-16 units as browsers count them.
pub const SUBJECT_MOST: usize = 250;

/// How wide the text part's lines may be.
const TEXT_WIDTH: usize = 72;

#[derive(Template)]
#[template(path = "digest.mjml")]
struct DigestHtml<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "digest.txt")]
struct DigestText<'a> {
    v: &'a View<'a>,
}

/// An edition as one set of rubriques sees it, rendered. Where a letter has its subscriber's
/// token, [`PLACEHOLDER`] stands.
#[derive(Debug)]
pub struct Rendered {
    /// The subject of its letters.
    pub subject: String,
    /// What an inbox shows beside it.
    pub preheader: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub plain: String,
    /// Both, encoded as a letter carries them.
    pub entity: Vec<u8>,
    /// A fingerprint of subject and parts.
    pub hash: String,
}

/// Renders a draft for a choice of rubriques; `None` if it has nothing for them. The subject is the
/// edition's own: made from all its columns, the same for every choice.
pub fn render(config: &Config, draft: &Draft, choice: &Choice) -> Result<Option<Rendered>, Error> {
    let sheet = lay_out(config, draft, choice);
    if sheet.lead.is_none() {
        return Ok(None);
    }
    let subject = subject(config, draft);
    let view = view(config, draft, &sheet, subject.clone());
    let preheader = view.preheader.clone();
    let mjml = DigestHtml { v: &view }.render()?;
    let html = to_html(&mjml)?;
    let plain = wrap(&DigestText { v: &view }.render()?, view.dir);
    let hash = fingerprint([&subject, &html, &plain]);
    let entity = encode::entity(&plain, &html, &hash);
    Ok(Some(Rendered { subject, preheader, html, plain, entity, hash }))
}

/// The same as a proof for the editors: its subject and a line above the sheet say so, with the way
/// to the desk, and there is no way to unsubscribe.
pub fn proof(config: &Config, draft: &Draft, choice: &Choice, desk: &str) -> Result<Option<Rendered>, Error> {
    let Some(plain) = render(config, draft, choice)? else { return Ok(None) };
    let sheet = lay_out(config, draft, choice);
    let view = view(config, draft, &sheet, plain.subject.clone());
    let words = view.words;
    let subject = format!("{} · {}", words.proof, plain.subject);
    let view = View { proof: Some(desk.to_owned()), subject: subject.clone(), ..view };
    let html = to_html(&DigestHtml { v: &view }.render()?)?.replace(PLACEHOLDER, "-");
    let plain_text = wrap(&DigestText { v: &view }.render()?, view.dir).replace(PLACEHOLDER, "-");
    Ok(Some(Rendered { subject, html, plain: plain_text, ..plain }))
}

/// A fingerprint of all that readers of a draft could see or answer to, whatever they chose: an approval is bound
/// to it.
pub fn content_hash(config: &Config, draft: &Draft) -> Result<String, Error> {
    let mut parts = vec![subject(config, draft)];
    parts.extend(heads(&config.letters, &config.feeds));
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
fn heads(letters: &Letters, feeds: &Feeds) -> [String; 7] {
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

/// MJML as the HTML of a letter.
pub(super) fn to_html(mjml: &str) -> Result<String, Error> {
    let parsed = mrml::parse(shield(mjml).as_ref()).map_err(|error| Error::Mjml(error.to_string()))?;
    // No font is fetched from anywhere: who reads a letter is nobody else's business.
    let fonts = std::collections::HashMap::new();
    let options = mrml::prelude::render::RenderOptions { fonts, ..Default::default() };
    let html = parsed.element.render(&options).map_err(|error| Error::Mjml(error.to_string()))?;
    // The shield wrote its characters as references.
    let shielded: String = PLACEHOLDER.chars().map(|c| format!("&#{};", u32::from(c))).collect();
    Ok(html.replace(&shielded, PLACEHOLDER))
}

/// The subject of an edition's letters.
fn subject(config: &Config, draft: &Draft) -> String {
    match &draft.changes.subject {
        Some(subject) => filled(config, draft, subject),
        None => default_subject(config, draft),
    }
}

/// The subject that an edition has if nobody writes another: one that the desk's field could hold.
pub fn default_subject(config: &Config, draft: &Draft) -> String {
    cut::at_word(&filled(config, draft, &config.digest.subject), SUBJECT_MOST)
}

/// A subject with what stands for something filled in; what stands for nothing stays.
fn filled(config: &Config, draft: &Draft, subject: &str) -> String {
    let due = &draft.due;
    let sheet = lay_out(config, draft, &Choice::all());
    let lead = sheet.lead.map_or("", |lead| &lead.title);
    let name = &config.magazine.name;
    fill(subject, &[("magazine", name), ("number", &due.number), ("period", &due.period), ("lead", &lead)])
}

fn view<'a>(config: &'a Config, draft: &Draft, sheet: &Sheet<'_>, subject: String) -> View<'a> {
    let Draft { due, changes, .. } = draft;
    let opening = changes.opening.as_deref().unwrap_or(&config.digest.opening);
    let magazine = &config.magazine;
    let words = &magazine.lang.words().letter;
    let theme = &config.theme;
    let piece = |column: &Column| piece(config, column);
    let lead = sheet.lead.map(|column| Piece {
        // The lead has room for a longer one.
        standfirst: cut::at_sentence(&column.standfirst, config.digest.standfirst_length * 2),
        ..piece(column)
    });
    let sections: Vec<Section> = sheet
        .sections
        .iter()
        .map(|section| Section {
            label: section.rubrique.map(|r| r.label.clone()).unwrap_or_default(),
            hue: hue(config, section.rubrique),
            pieces: section.columns.iter().map(|column| piece(column)).collect(),
            titles: section.titles.iter().map(|column| piece(column)).collect(),
        })
        .collect();
    View {
        proof: None,
        preheader: changes.preheader.clone().unwrap_or_else(|| preheader(sheet, &subject)),
        dir: Direction::of(magazine.lang),
        magazine,
        theme,
        night: NIGHT,
        edge: Hue::of(theme.accent, theme),
        name: theme.masthead.as_deref().unwrap_or(&magazine.name),
        subject,
        number: fill(&words.number, &[("number", &due.number)]),
        dates: dates(config, due),
        opening_html: marked::html(opening),
        opening_text: marked::text(opening),
        footer_html: marked::html(&theme.footer),
        footer_text: marked::text(&theme.footer),
        lead,
        sections,
        feeds_url: config.feeds.url.to_string(),
        archive_url: config.letters.archive_url.as_ref().map(|url| format!("{url}{}", due.period)),
        unsubscribe_url: format!("{}{PLACEHOLDER}", config.letters.unsubscribe_url),
        words,
    }
}

fn piece(config: &Config, column: &Column) -> Piece {
    let rubrique = config.rubriques.iter().find(|r| Some(&r.slug) == column.rubrique.as_ref());
    let lang = config.magazine.lang;
    let day = lang.day(config.magazine.zone.local(column.published).date_naive());
    Piece {
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
        image: column.image.as_ref().filter(|image| !image.alt.is_empty()).map(|image| Picture {
            url: image.url.to_string(),
            alt: image.alt.clone(),
            credit: image.credit.clone(),
            width: image.width,
            height: image.height,
        }),
    }
}

fn hue(config: &Config, rubrique: Option<&Rubrique>) -> Hue {
    Hue::of(rubrique.map_or(config.theme.accent, |r| r.colour), &config.theme)
}

/// What an inbox shows beside the subject: the titles that follow the lead, and the lead's first if
/// the subject does not name it.
fn preheader(sheet: &Sheet<'_>, subject: &str) -> String {
    let Some(lead) = sheet.lead else { return String::new() };
    let others = sheet.sections.iter().flat_map(|section| section.columns.iter().chain(&section.titles));
    let named = lead.title.trim().is_empty() || subject.contains(lead.title.trim());
    let lead_title = (!named).then_some(lead.title.as_str());
    let titles: Vec<&str> = lead_title.into_iter().chain(others.map(|column| column.title.as_str())).take(2).collect();
    match titles.as_slice() {
        [] => cut::at_sentence(&lead.standfirst, 140),
        titles => titles.join(" · "),
    }
}

/// The days that an edition covers, in words. A day counts where most of it lies.
fn dates(config: &Config, due: &Due) -> String {
    let zone = &config.magazine.zone;
    let half = Duration::hours(12);
    let first = zone.local(due.since + half).date_naive();
    let last = zone.local(due.cutoff - half).date_naive();
    config.magazine.lang.days(first, last)
}

/// Wraps each line of the text part, keeping its indentation, the marks of quotes, and the room before
/// the items of a list; an address is never broken. Where lines run from right to left, each begins with a mark that
/// says so (U+200F): a program goes by the first letter else, and some titles begin with a foreign word.
pub(super) fn wrap(text: &str, dir: Direction) -> String {
    let mut wrapped = String::with_capacity(text.len() + text.len() / 16);
    for line in text.trim_matches('\n').lines() {
        let line = line.trim_end_matches([' ', '\t']);
        let (first, rest, line) = hanging(line);
        let options = textwrap::Options::new(TEXT_WIDTH)
            .break_words(false)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .initial_indent(first)
            .subsequent_indent(&rest);
        for line in textwrap::fill(line, options).split('\n') {
            let is_text = !line.is_empty() && !line.trim_start().starts_with("http");
            if dir.name == "rtl" && is_text {
                wrapped.push('\u{200f}');
            }
            wrapped.push_str(line);
            wrapped.push('\n');
        }
    }
    wrapped
}

/// What a line of text begins with, what the lines begin with that it is wrapped into, and the words.
fn hanging(line: &str) -> (&str, String, &str) {
    let mut at = 0;
    let mut rest = String::new();
    loop {
        let words = &line[at..];
        let digits = words.bytes().take_while(u8::is_ascii_digit).count();
        let length = match words {
            _ if words.starts_with(' ') => 1,
            _ if words.starts_with("> ") || words.starts_with("- ") => 2,
            _ if (1..=3).contains(&digits) && words[digits..].starts_with(". ") => digits + 2,
            _ => return (&line[..at], rest, words),
        };
        match words.starts_with('>') {
            true => rest.push_str("> "),
            false => rest.push_str(&" ".repeat(length)),
        }
        at += length;
    }
}
