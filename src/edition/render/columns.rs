//! What an edition's columns show in a letter.

use super::{
    super::layout::{EditionLayout, LayoutSection},
    body, cut,
    view::{AccentColours, ColumnView, ContentsEntry, PictureView, SectionView},
};
use crate::{
    config::Config,
    locales::fill,
    model::{Column, LetterLayout, Rubrique, reading},
};

/// How many titles of a rubrique stand in the table of contents.
const CONTENTS_TITLES: usize = 3;

/// A picture beside a text is at least so wide, in pixels: what is smaller is an icon.
const LEAST_PICTURE: u32 = 60;

/// A letter with more columns has a table of contents.
const MOST_WITHOUT_CONTENTS: usize = 8;

/// Whether a letter has a table of contents: in other layouts the titles are one.
pub(super) fn has_contents(config: &Config, layout: &EditionLayout<'_>) -> bool {
    config.digest.layout == LetterLayout::Magazine && count(layout) > MOST_WITHOUT_CONTENTS
}

/// The lead and the sections of a letter.
pub(super) fn views(config: &Config, layout: &EditionLayout<'_>, lead: &Column) -> (ColumnView, Vec<SectionView>) {
    let view = ColumnView {
        // The lead has room for a longer one.
        standfirst: cut::at_sentence(&lead.standfirst, config.digest.standfirst_length * 2),
        ..column(config, lead)
    };
    let view = match config.digest.layout {
        LetterLayout::Full => with_body(view, lead),
        _ => view,
    };
    let sections = layout.sections.iter().enumerate().map(|(place, own)| {
        let follows_lead = place == 0 && own.rubrique.is_some_and(|r| Some(&r.slug) == lead.rubrique.as_ref());
        // Behind a table of contents, it is to be named again.
        section(config, own, !follows_lead || has_contents(config, layout))
    });
    (view, sections.collect())
}

/// How many columns a letter has.
pub(super) fn count(layout: &EditionLayout<'_>) -> usize {
    let others: usize = layout.sections.iter().map(|section| section.columns.len() + section.titles.len()).sum();
    others + usize::from(layout.lead.is_some())
}

/// How many columns a letter has and how long they take, in words; nothing for one column, or where no text is known.
pub(super) fn reading(config: &Config, layout: &EditionLayout<'_>) -> String {
    let others = layout.sections.iter().flat_map(|section| section.columns.iter().chain(&section.titles));
    let words: usize = others.copied().chain(layout.lead).map(|column| reading::words(&column.body)).sum();
    match (count(layout), reading::minutes(words)) {
        (0 | 1, _) | (_, None) => String::new(),
        (count, Some(minutes)) => {
            let lang = config.magazine.lang;
            let words = &lang.words().letter;
            let count = lang.counted(&words.count_columns, count as u64, &[]);
            format!("{count} · {}", lang.counted(&words.reading_time, minutes, &[]))
        }
    }
}

/// How long it takes to read a column, in words; nothing where its text is not known.
pub(super) fn minutes(config: &Config, column: &Column) -> String {
    let lang = config.magazine.lang;
    let minutes = reading::minutes(reading::words(&column.body));
    minutes.map(|minutes| lang.counted(&lang.words().letter.minutes, minutes, &[])).unwrap_or_default()
}

/// Who wrote a column and when, and how long it takes, in words.
pub(super) fn about(config: &Config, column: &Column) -> String {
    let lang = config.magazine.lang;
    let day = lang.day(config.magazine.zone.local(column.published).date_naive());
    let signed = match &column.byline {
        Some(byline) => fill(&lang.words().letter.signed, &[("byline", byline), ("date", &day)]),
        None => day,
    };
    match minutes(config, column) {
        minutes if minutes.is_empty() => signed,
        // The dot goes on with what it leads to.
        minutes => format!("{signed} ·\u{a0}{minutes}"),
    }
}

fn section(config: &Config, section: &LayoutSection<'_>, has_heading: bool) -> SectionView {
    let lang = config.magazine.lang;
    let words = &lang.words().letter;
    let mut pieces: Vec<ColumnView> = section.columns.iter().map(|own| column(config, own)).collect();
    // Words stand beside a picture: where the first that has one has none, the next has.
    let is_picture = |piece: &ColumnView| piece.has_image && piece.image.small_width >= LEAST_PICTURE;
    let first = pieces.iter().position(|piece| is_picture(piece) && !piece.standfirst.is_empty());
    if let Some(piece) = first.or_else(|| pieces.iter().position(is_picture)).and_then(|at| pieces.get_mut(at)) {
        piece.is_pictured = true;
    }
    let all = || section.columns.iter().chain(&section.titles);
    let count = all().count();
    let entry = |own: &&Column| ContentsEntry { title: own.title.clone(), url: own.url.to_string() };
    // A single one more takes the room of its own title.
    let listed = if count == CONTENTS_TITLES + 1 { count } else { CONTENTS_TITLES };
    let more = count.saturating_sub(listed);
    SectionView {
        heading: section.rubrique.map_or(&words.other_columns, |rubrique| &rubrique.label).clone(),
        has_heading,
        hue: hue(config, section.rubrique),
        count: count.to_string(),
        contents: all().take(listed).map(entry).collect(),
        more: if more == 0 { String::new() } else { lang.counted(&words.contents_more, more as u64, &[]) },
        has_pieces: !pieces.is_empty(),
        pieces,
        titles: section.titles.iter().map(|own| column(config, own)).collect(),
        has_titles: !section.titles.is_empty(),
    }
}

/// A column as all layouts show it.
pub(super) fn column(config: &Config, column: &Column) -> ColumnView {
    let rubrique = config.rubriques.iter().find(|r| Some(&r.slug) == column.rubrique.as_ref());
    // Without a description it would be nothing to many readers.
    let image = column.image.as_ref().filter(|image| !image.alt.is_empty());
    ColumnView {
        title: column.title.clone(),
        standfirst: cut::at_sentence(&column.standfirst, config.digest.standfirst_length),
        about: about(config, column),
        minutes: minutes(config, column),
        byline: column.byline.clone().unwrap_or_default(),
        rubrique: rubrique.map(|r| r.label.clone()).unwrap_or_default(),
        hue: hue(config, rubrique),
        url: column.url.to_string(),
        audio_url: column.audio.as_ref().map(|audio| audio.url.to_string()).unwrap_or_default(),
        body_html: String::new(),
        body_text: String::new(),
        has_more: true,
        is_pictured: false,
        has_image: image.is_some(),
        image: image.map(PictureView::of).unwrap_or_default(),
    }
}

/// The same with its whole text.
fn with_body(view: ColumnView, lead: &Column) -> ColumnView {
    // A picture that stands above the text stands there alone.
    let shown = lead.image.as_ref().filter(|_| view.has_image).map(|image| image.url.as_str());
    let body = body::of(&lead.body, shown);
    ColumnView { has_more: body.is_cut || body.html.is_empty(), body_html: body.html, body_text: body.text, ..view }
}

fn hue(config: &Config, rubrique: Option<&Rubrique>) -> AccentColours {
    AccentColours::of(rubrique.map_or(config.theme.accent, |r| r.colour), &config.theme)
}
