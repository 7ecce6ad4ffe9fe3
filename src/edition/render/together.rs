//! Letters of several editions as one, for readers who want one a day: the letter of one edition, with what those of the
//! others hold below it.

use std::collections::HashSet;

use super::{
    Error, Rendered, columns, dates, encode, fill, layouts, markdown, on_one_line, subject, tags,
    view::{AccentColours, DigestView, OtherLetterView},
};
use crate::{
    config::Config,
    edition::layout::{EditionDraft, layout},
    model::{Choice, ColumnId, Slug, column::fingerprint, token},
};

/// A letter as its readers get it alone.
#[derive(Debug, Clone, Copy)]
pub struct LetterOf<'a> {
    pub config: &'a Config,
    pub draft: &'a EditionDraft,
    pub choice: &'a Choice,
}

/// Renders a letter with others in it; `None` if it would not show all that they do. Gives also of which newsletters
/// these are, as the letter's places for tokens count them.
pub fn render_with(own: LetterOf<'_>, others: &[LetterOf<'_>]) -> Result<Option<(Rendered, Vec<Slug>)>, Error> {
    let LetterOf { config, draft, choice } = own;
    let laid_out = layout(config, draft, choice);
    let Some(lead) = laid_out.lead else { return Ok(None) };
    let subject = subject(config, draft, lead);
    // A column of two newsletters stands there once.
    let mut shown: HashSet<ColumnId> = std::iter::once(lead.id)
        .chain(laid_out.sections.iter().flat_map(|section| section.columns.iter().map(|column| column.id)))
        .collect();
    let mut newsletters: Vec<Slug> = Vec::new();
    let views = others.iter().map(|other| {
        let newsletter = &other.config.digest.newsletter;
        let is_new = *newsletter != config.digest.newsletter && !newsletters.contains(newsletter);
        if is_new {
            newsletters.push(newsletter.clone());
        }
        other_view(own, *other, is_new.then_some(newsletters.len()), &mut shown)
    });
    let others_views: Vec<OtherLetterView> = views.collect();
    if newsletters.len() > token::MAX_OTHERS {
        return Ok(None);
    }
    // Also where all are of one newsletter: by this a variant is known to hold others.
    if newsletters.is_empty() {
        newsletters.push(config.digest.newsletter.clone());
    }
    let words = &config.magazine.lang.words().letter;
    let view = super::view(config, draft, &laid_out, lead, subject.clone());
    let view = DigestView {
        others: others_views,
        has_others: true,
        unsubscribe_label: fill(&words.unsubscribe_from, &[("newsletter", &config.letter_title())]),
        ..view
    };
    let preheader = view.preheader.clone();
    let layouts::DigestParts { html, plain } =
        layouts::parts(config.theme.templates.as_ref(), config.digest.layout, &view)?;
    let wanted = others.iter().flat_map(|other| {
        other.draft.columns.iter().filter(move |column| other.choice.wants(column.rubrique.as_ref()))
    });
    let addresses: Vec<String> = wanted.map(|column| column.url.to_string()).collect();
    let ways: Vec<String> = view.others.iter().map(|other| other.unsubscribe_url.clone()).collect();
    let links: Vec<String> =
        tags::of(&html).iter().filter_map(|tag| tag.attribute("href").map(str::to_owned)).collect();
    // A magazine's own template may know nothing of other letters.
    let shows = |address: &String| address.is_empty() || (links.contains(address) && plain.contains(address.as_str()));
    if !addresses.iter().chain(&ways).all(shows) {
        return Ok(None);
    }
    let hash = fingerprint([&subject, &html, &plain]);
    let entity = encode::entity(&plain, &html, &hash);
    Ok(Some((Rendered { subject, preheader, html, plain, entity, hash, failure: None }, newsletters)))
}

/// A letter as it stands in another one, without what is shown there already. `way`: which of the places for tokens leads
/// out of its newsletter.
fn other_view(
    own: LetterOf<'_>,
    other: LetterOf<'_>,
    way: Option<usize>,
    shown: &mut HashSet<ColumnId>,
) -> OtherLetterView {
    let LetterOf { config, draft, choice } = other;
    let words = &own.config.magazine.lang.words().letter;
    let laid_out = layout(config, draft, choice);
    let slot = &draft.slot;
    let opening = draft.changes.opening.as_deref().unwrap_or(&config.digest.opening);
    let pieces = laid_out.lead.into_iter().chain(laid_out.sections.iter().flat_map(|s| s.columns.iter().copied()));
    let pieces: Vec<_> =
        pieces.filter(|column| shown.insert(column.id)).map(|column| columns::column(config, column)).collect();
    let titles = laid_out.sections.iter().flat_map(|section| section.titles.iter().copied());
    let titles = titles.filter(|column| !shown.contains(&column.id));
    let titles: Vec<_> = titles.map(|column| columns::column(config, column)).collect();
    OtherLetterView {
        name: config.letter_title().to_owned(),
        number: fill(&words.number, &[("number", &slot.number)]),
        dates: dates(config, slot),
        opening_html: on_one_line(&markdown::html(opening)),
        opening_text: markdown::text(opening),
        edge: AccentColours::of(config.theme.accent, &config.theme),
        has_columns: !pieces.is_empty() || !titles.is_empty(),
        pieces,
        has_titles: !titles.is_empty(),
        titles,
        archive_url: config.letters.archive_url.as_ref().map(|url| format!("{url}{}", slot.period)).unwrap_or_default(),
        unsubscribe_url: way
            .map(|way| format!("{}{}", config.letters.unsubscribe_url, token::placeholder(way)))
            .unwrap_or_default(),
        unsubscribe_label: fill(&words.unsubscribe_from, &[("newsletter", &config.letter_title())]),
    }
}
