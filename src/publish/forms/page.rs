//! What stands beside the feeds: the page that tells readers what there is and how to subscribe,
//! the list of feeds as OPML, and the stylesheet that a browser shows a feed with.

use askama::Template;

use super::{
    Addresses, Error,
    words::{self, PageWords},
};
use crate::{
    config::Config,
    model::{Colour, FeedKey, Rubrique, html},
};

#[derive(Template)]
#[template(path = "feeds.html")]
struct Page<'a> {
    lang: &'a str,
    dir: &'static str,
    words: PageWords,
    magazine: &'a str,
    tagline: Option<&'a str>,
    magazine_url: &'a str,
    rights: Option<&'a str>,
    accent: Colour,
    ink: Colour,
    paper: Colour,
    all: FeedRow,
    rubriques: Vec<FeedRow>,
    opml_url: String,
    newsletter_url: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "feeds.opml.xml")]
struct Opml<'a> {
    magazine: &'a str,
    magazine_url: &'a str,
    lang: &'a str,
    all: &'a FeedRow,
    rubriques: &'a [FeedRow],
}

struct FeedRow {
    label: String,
    description: Option<String>,
    colour: Colour,
    rss: String,
    atom: String,
    json: String,
}

/// The files beside the feeds: path below their folder, and bytes. They depend on the
/// configuration alone.
pub fn files(config: &Config) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let magazine = &config.magazine;
    let words = words::of(&magazine.language);
    let row = |rubrique: Option<&Rubrique>| {
        let key = rubrique.map_or(FeedKey::All, |r| FeedKey::Rubrique(r.slug.clone()));
        let at = Addresses::of(config, &key, None)?;
        Ok::<_, Error>(FeedRow {
            label: rubrique.map_or_else(|| words.all.to_owned(), |r| r.label.clone()),
            description: rubrique.map_or(magazine.tagline.clone(), |r| r.description.clone()),
            colour: rubrique.map_or(config.theme.accent, |r| r.colour),
            rss: at.rss.into(),
            atom: at.atom.into(),
            json: at.json.into(),
        })
    };
    let all = row(None)?;
    let rubriques = config.rubriques.iter().map(|r| row(Some(r))).collect::<Result<Vec<_>, _>>()?;
    let form = |form| move |error: askama::Error| Error::Form { form, reason: error.to_string() };
    let opml = Opml {
        magazine: &magazine.name,
        magazine_url: magazine.url.as_str(),
        lang: &magazine.language,
        all: &all,
        rubriques: &rubriques,
    };
    let opml = opml.render().map_err(form("OPML"))?;
    let page = Page {
        lang: &magazine.language,
        dir: html::direction(&magazine.language),
        words,
        magazine: &magazine.name,
        tagline: magazine.tagline.as_deref(),
        magazine_url: magazine.url.as_str(),
        rights: magazine.rights.as_deref(),
        accent: config.theme.accent,
        ink: config.theme.ink,
        paper: config.theme.surface,
        all,
        rubriques,
        opml_url: config.feeds.url.join("feeds.opml")?.into(),
        newsletter_url: config.feeds.newsletter_url.as_ref().map(|url| url.as_str()),
    };
    let page = page.render().map_err(form("HTML"))?;
    Ok(vec![
        ("index.html".into(), page.into_bytes()),
        ("feeds.opml".into(), opml.into_bytes()),
        ("feed.css".into(), include_bytes!("../../../templates/feed.css").to_vec()),
    ])
}
