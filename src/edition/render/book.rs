//! An edition as a book: the texts of its columns in full, as the files of an EPUB 3 and as a page to print.

use askama::Template;
use chrono::SecondsFormat;

use super::{
    super::layout::{EditionDraft, layout},
    Error, Signature, body, columns, dates, markdown, on_one_line,
    view::LetterDirection,
};
use crate::{
    config::Config,
    locales::{Letter, fill},
    model::{Choice, Column, Rubrique},
};

/// A picture that lies in a book.
#[derive(Debug)]
pub struct BookPicture {
    /// Where columns show it from.
    pub address: String,
    /// Its file in the book.
    pub name: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// The addresses of the pictures that a column's chapter shows, in their order: those that say what they show.
pub fn pictures_of(column: &Column) -> Vec<String> {
    let own = column.image.as_ref().filter(|image| !image.alt.is_empty()).map(|image| image.url.to_string());
    own.into_iter().chain(body::pictures(&column.body)).collect()
}

/// An edition with all that its book shows.
struct Book<'a> {
    /// Known by it for ever, whatever is corrected in it.
    id: String,
    title: String,
    name: &'a str,
    magazine: &'a str,
    tagline: &'a str,
    language: &'a str,
    dir: &'static str,
    serif: &'a str,
    sans: &'a str,
    rights: &'a str,
    number: String,
    dates: String,
    /// The day of the edition.
    date: String,
    /// When something of it last changed, to the second.
    modified: String,
    /// Who wrote, each once.
    bylines: Vec<String>,
    opening_html: String,
    signed: String,
    closing_html: String,
    closing_title: &'a str,
    words: &'static Letter,
    parts: Vec<BookPart>,
    pictures: &'a [BookPicture],
}

impl Book<'_> {
    fn chapters(&self) -> Vec<&Chapter> {
        self.parts.iter().flat_map(|part| &part.chapters).collect()
    }
}

/// The columns of a rubrique.
struct BookPart {
    heading: String,
    chapters: Vec<Chapter>,
}

struct Chapter {
    /// Counted from 1.
    number: usize,
    title: String,
    rubrique: String,
    about: String,
    standfirst: String,
    url: String,
    /// As XHTML with the book's own pictures, and as HTML with those of the site.
    body_html: String,
    page_html: String,
    /// The file of its picture in the book; empty if it is not there.
    picture: String,
    has_image: bool,
    image_url: String,
    image_alt: String,
    image_credit: String,
}

/// Templates of files that show a book.
macro_rules! files {
    ($($file:ident: $path:literal,)*) => {$(
        #[derive(Template)]
        #[template(path = $path)]
        struct $file<'a> {
            b: &'a Book<'a>,
        }
    )*};
}

files! {
    Package: "book/package.xml",
    Navigation: "book/nav.xml",
    TitlePage: "book/title.xml",
    EndPage: "book/end.xml",
    PrintPage: "book/page.html",
}

#[derive(Template)]
#[template(path = "book/chapter.xml")]
struct ChapterPage<'a> {
    b: &'a Book<'a>,
    c: &'a Chapter,
}

/// A file of a book: its place in it, and what it holds.
pub type BookFile = (String, Vec<u8>);

/// The files of an edition's EPUB, by their places in it, without the one that says what it is; none if the edition has
/// nothing for a choice of rubriques.
pub fn epub_files(
    config: &Config,
    draft: &EditionDraft,
    choice: &Choice,
    pictures: &[BookPicture],
) -> Result<Option<Vec<BookFile>>, Error> {
    let Some(book) = book(config, draft, choice, pictures) else { return Ok(None) };
    let b = &book;
    let mut texts = vec![
        ("META-INF/container.xml".to_owned(), include_str!("../../../templates/book/container.xml").to_owned()),
        ("EPUB/package.opf".to_owned(), written(&Package { b })?),
        ("EPUB/nav.xhtml".to_owned(), written(&Navigation { b })?),
        ("EPUB/book.css".to_owned(), include_str!("../../../templates/book/book.css").to_owned()),
        ("EPUB/title.xhtml".to_owned(), written(&TitlePage { b })?),
    ];
    for c in book.chapters() {
        texts.push((format!("EPUB/c{}.xhtml", c.number), written(&ChapterPage { b, c })?));
    }
    if !book.closing_html.is_empty() {
        texts.push(("EPUB/end.xhtml".to_owned(), written(&EndPage { b })?));
    }
    let texts = texts.into_iter().map(|(name, text)| (name, text.into_bytes()));
    let shown = pictures.iter().map(|picture| (format!("EPUB/{}", picture.name), picture.bytes.clone()));
    Ok(Some(texts.chain(shown).collect()))
}

/// An edition as a page to print; none if it has nothing for a choice of rubriques.
pub fn page(config: &Config, draft: &EditionDraft, choice: &Choice) -> Result<Option<String>, Error> {
    book(config, draft, choice, &[]).map(|book| written(&PrintPage { b: &book })).transpose()
}

fn written(template: &impl Template) -> Result<String, Error> {
    template.render().map_err(|error| Error::Template(error.into()))
}

fn book<'a>(
    config: &'a Config,
    draft: &EditionDraft,
    choice: &Choice,
    pictures: &'a [BookPicture],
) -> Option<Book<'a>> {
    let layout = layout(config, draft, choice);
    let lead = layout.lead?;
    let (magazine, slot) = (&config.magazine, &draft.slot);
    let words = &magazine.lang.words().letter;
    // The lead comes first, and its rubrique with it.
    let mut parts: Vec<(Option<&Rubrique>, Vec<&Column>)> =
        vec![(config.rubriques.iter().find(|r| Some(&r.slug) == lead.rubrique.as_ref()), vec![lead])];
    for section in &layout.sections {
        let columns = section.columns.iter().chain(&section.titles).copied();
        match parts.last_mut() {
            Some((rubrique, chapters)) if rubrique.map(|r| &r.slug) == section.rubrique.map(|r| &r.slug) => {
                chapters.extend(columns);
            }
            _ => parts.push((section.rubrique, columns.collect())),
        }
    }
    let mut bylines: Vec<String> = Vec::new();
    for name in parts.iter().flat_map(|(_, columns)| columns).filter_map(|column| column.byline.clone()) {
        if !bylines.contains(&name) {
            bylines.push(name);
        }
    }
    let last_change = draft.columns.iter().map(|column| column.updated).max().unwrap_or(slot.cutoff).max(slot.cutoff);
    let Signature { name: signed, .. } = Signature::of(config, &draft.changes);
    let text = |own: &Option<String>, usual: &str| {
        // What these show is elsewhere.
        let html = on_one_line(&markdown::html(own.as_deref().unwrap_or(usual)));
        body::of_book(&html, &[], None)
    };
    let mut number = 0;
    let parts = parts.into_iter().map(|(rubrique, columns)| BookPart {
        heading: rubrique.map_or(&words.columns, |rubrique| &rubrique.label).clone(),
        chapters: columns
            .into_iter()
            .map(|column| {
                number += 1;
                chapter(config, column, rubrique, number, pictures)
            })
            .collect(),
    });
    let parts = parts.collect();
    let number = fill(&words.number, &[("number", &slot.number)]);
    let name = config.theme.masthead.as_deref().unwrap_or_else(|| config.letter_title());
    let host = magazine.url.host_str().unwrap_or_default();
    Some(Book {
        id: format!("tag:{host},{}:{}/{}", magazine.tag_date, slot.newsletter, slot.period),
        title: format!("{name} · {number}"),
        name,
        magazine: &magazine.name,
        tagline: magazine.tagline.as_deref().unwrap_or_default(),
        language: &magazine.language,
        dir: LetterDirection::of(magazine.lang).name,
        serif: &config.theme.serif,
        sans: &config.theme.sans,
        rights: magazine.rights.as_deref().unwrap_or_default(),
        number,
        dates: dates(config, slot),
        date: magazine.zone.local(slot.cutoff).date_naive().to_string(),
        modified: last_change.to_rfc3339_opts(SecondsFormat::Secs, true),
        bylines,
        opening_html: text(&draft.changes.opening, &config.digest.opening),
        signed,
        closing_html: text(&draft.changes.closing, &config.digest.closing),
        closing_title: &magazine.lang.words().desk.closing,
        words,
        parts,
        pictures,
    })
}

fn chapter(
    config: &Config,
    column: &Column,
    rubrique: Option<&Rubrique>,
    number: usize,
    pictures: &[BookPicture],
) -> Chapter {
    let image = column.image.as_ref().filter(|image| !image.alt.is_empty());
    // A picture that stands above the text stands there alone.
    let held = image.and_then(|image| pictures.iter().find(|picture| picture.address == image.url.as_str()));
    Chapter {
        number,
        title: column.title.clone(),
        rubrique: rubrique.map(|rubrique| rubrique.label.clone()).unwrap_or_default(),
        about: columns::about(config, column),
        standfirst: column.standfirst.clone(),
        url: column.url.to_string(),
        body_html: body::of_book(&column.body, pictures, held.map(|picture| picture.address.as_str())),
        page_html: body::of_page(&column.body, image.map(|image| image.url.as_str())),
        picture: held.map(|picture| picture.name.clone()).unwrap_or_default(),
        has_image: image.is_some(),
        image_url: image.map(|image| image.url.to_string()).unwrap_or_default(),
        image_alt: image.map(|image| image.alt.clone()).unwrap_or_default(),
        image_credit: image.and_then(|image| image.credit.clone()).unwrap_or_default(),
    }
}
