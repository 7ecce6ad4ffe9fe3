//! The feed of editions: for who would rather read the digest in a feed reader than in the mail. An
//! entry is an edition, and holds the titles and standfirsts that the letter had.

use atom_syndication::{Content, Entry, Feed as Document, Generator, Person, WriteConfig};
use url::Url;

use super::{
    Error, address,
    atom::{fixed, link, text},
    escape,
    gist::{is_blank, plain},
    stylesheet,
};
use crate::{
    config::Config,
    model::{Column, Edition},
};

/// Editions with their columns, newest first, as Atom. `archive` is where their pages are; the feed
/// itself is there as `atom.xml`.
pub fn atom(config: &Config, archive: &Url, editions: &[(Edition, Vec<Column>)]) -> Result<Vec<u8>, Error> {
    let magazine = &config.magazine;
    let title = format!("{} — {}", magazine.name, magazine.lang.words().feeds.newsletter_feed);
    let founded = magazine.tag_date.and_time(chrono::NaiveTime::MIN).and_utc();
    let document = Document {
        title: text(&title),
        subtitle: magazine.tagline.as_deref().map(text),
        id: magazine.tag("feed", "*editions"),
        updated: fixed(editions.iter().map(|(edition, _)| edition.dated).max().unwrap_or(founded)),
        authors: vec![Person {
            name: plain(&magazine.name).into_owned(),
            uri: Some(address(&magazine.url).into_owned()),
            ..Person::default()
        }],
        generator: Some(Generator { value: "gazetier".into(), ..Generator::default() }),
        links: vec![
            link("self", &address(&archive.join("atom.xml")?), "application/atom+xml"),
            link("alternate", &address(archive), "text/html"),
        ],
        rights: magazine.rights.as_deref().map(text),
        entries: editions
            .iter()
            .map(|(edition, columns)| entry(config, archive, edition, columns))
            .collect::<Result<_, _>>()?,
        lang: Some(magazine.language.clone()),
        ..Document::default()
    };
    let form = |reason: atom_syndication::Error| Error::Form { form: "Atom", reason: reason.to_string() };
    let options = WriteConfig { write_document_declaration: false, indent_size: Some(1) };
    let mut bytes = document.write_with_config(stylesheet(config)?.into_bytes(), options).map_err(form)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn entry(config: &Config, archive: &Url, edition: &Edition, columns: &[Column]) -> Result<Entry, Error> {
    let mut html = String::new();
    for column in columns {
        let title = escape(&column.title);
        html.push_str(&format!("<h2><a href=\"{}\">{title}</a></h2>\n", escape(&address(&column.url))));
        for (text, open, close) in [
            (column.byline.as_deref().unwrap_or_default(), "<p><em>", "</em></p>\n"),
            (column.standfirst.as_str(), "<p>", "</p>\n"),
        ] {
            if !is_blank(text) {
                html.push_str(&format!("{open}{}{close}", escape(text)));
            }
        }
    }
    let page = archive.join(edition.period.as_str())?;
    Ok(Entry {
        title: text(&edition.subject),
        id: config.magazine.tag("edition", edition.period.as_str()),
        updated: fixed(edition.dated),
        published: Some(fixed(edition.dated)),
        links: vec![link("alternate", &address(&page), "text/html")],
        // An entry has content or a summary; the letter's subject may be all that is left of it.
        summary: html.is_empty().then(|| text(&edition.subject)),
        content: (!html.is_empty()).then(|| Content {
            value: Some(html),
            content_type: Some("html".into()),
            ..Content::default()
        }),
        ..Entry::default()
    })
}
