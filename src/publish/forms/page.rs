//! What stands beside the feeds: the page that tells readers what there is and how to subscribe,
//! the list of feeds as OPML, and the stylesheet that a browser shows a feed with.

use askama::Template;

use super::{Addresses, Error};
use crate::{
    config::Config,
    locales::Feeds,
    model::{Colour, FeedKey, Lang, Rubrique},
};

#[derive(Template)]
#[template(path = "feeds.html")]
struct Page<'a> {
    lang: &'a str,
    dir: &'static str,
    words: &'static Feeds,
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

/// What a browser shows a feed with. RSS does not tell a stylesheet its language: two are given there.
#[derive(Template)]
#[template(path = "feed.css", escape = "none")]
struct Stylesheet {
    /// What it is, in both.
    all: String,
    /// Each with its tag.
    each: Vec<(&'static str, String)>,
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
    let words = &magazine.lang.words().feeds;
    let row = |rubrique: Option<&Rubrique>| {
        let key = rubrique.map_or(FeedKey::All, |r| FeedKey::Rubrique(r.slug.clone()));
        let at = Addresses::of(config, &key, None)?;
        Ok::<_, Error>(FeedRow {
            label: rubrique.map_or_else(|| words.all.clone(), |r| r.label.clone()),
            description: rubrique.map_or(magazine.tagline.clone(), |r| r.description.clone()),
            colour: rubrique.map_or(config.theme.accent, |r| r.colour),
            rss: at.rss.into(),
            atom: at.atom.into(),
            json: at.json.into(),
        })
    };
    let all = row(None)?;
    let mut rubriques = config.rubriques.iter().map(|r| row(Some(r))).collect::<Result<Vec<_>, _>>()?;
    for selection in &config.feeds.rules.selections {
        let at = Addresses::of(config, &FeedKey::Selection(selection.slug.clone()), None)?;
        rubriques.push(FeedRow {
            label: selection.title.clone(),
            description: selection.description.clone(),
            colour: config.theme.accent,
            rss: at.rss.into(),
            atom: at.atom.into(),
            json: at.json.into(),
        });
    }
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
        dir: magazine.lang.dir(),
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
    let stylesheet = stylesheet(magazine.lang);
    Ok(vec![
        ("index.html".into(), page.into_bytes()),
        ("feeds.opml".into(), opml.into_bytes()),
        ("feed.css".into(), (stylesheet.render().map_err(form("stylesheet"))? + "\n").into_bytes()),
    ])
}

/// The stylesheet of a magazine in a language: in English, too, for who reads feeds of many magazines.
fn stylesheet(lang: Lang) -> Stylesheet {
    let english = Some(Lang::english()).filter(|english| *english != lang);
    let each = std::iter::once(lang).chain(english);
    let each: Vec<_> = each.map(|lang| (lang.tag(), css(&lang.words().feeds.stylesheet))).collect();
    let all: Vec<&str> = each.iter().map(|(_, text)| text.as_str()).collect();
    Stylesheet { all: all.join("\\A "), each }
}

/// A text as a string of CSS holds it: in ASCII, because no server need say in what a stylesheet is written.
fn css(text: &str) -> String {
    let mut css = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' '..='~' if c != '"' && c != '\\' => css.push(c),
            c => {
                css.push_str(&format!("\\{:X}", u32::from(c)));
                // A space ends the number, where what follows would be part of it.
                if rest.peek().is_some_and(|next| next.is_ascii_hexdigit() || *next == ' ') {
                    css.push(' ');
                }
            }
        }
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files_in(tag: &str) -> Vec<String> {
        let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
        let mut config = Config::load(&sample).expect("the sample configuration");
        tag.clone_into(&mut config.magazine.language);
        config.magazine.lang = Lang::known(tag).expect("a language");
        let files = files(&config).expect("files").into_iter();
        files.map(|(_, bytes)| String::from_utf8(bytes).expect("UTF-8")).collect()
    }

    #[test]
    fn the_page_says_when_it_is_written_from_right_to_left() {
        assert!(files_in("ar")[0].starts_with("<!DOCTYPE html>\n<html lang=\"ar\" dir=\"rtl\">\n"));
        assert!(files_in("fr")[0].starts_with("<!DOCTYPE html>\n<html lang=\"fr\">\n"));
    }

    #[test]
    fn the_stylesheet_speaks_the_language_of_the_magazine_and_english() {
        let french = "Ceci est un flux\\202F: copiez son adresse dans un lecteur de flux pour vous abonner.";
        let english = "This is a feed: copy its address into a feed reader to subscribe.";
        let css = files_in("fr-FR").remove(2);
        assert!(css.contains(&format!("\n  content: \"{french}\\A {english}\";\n")), "{css}");
        let each = format!(
            "\n}}\n:root:lang(fr)::before {{ content: \"{french}\"; }}\n:root:lang(en)::before {{ content: \"{english}\"; }}\n\n/*"
        );
        assert!(css.contains(&each), "{css}");
        let css = files_in("en").remove(2);
        assert!(css.contains(&format!("\n  content: \"{english}\";\n")) && !css.contains("Ceci"), "{css}");
    }

    #[test]
    fn a_stylesheet_holds_texts_in_ascii() {
        assert_eq!(css("flux\u{202f}: l’été \"x\""), "flux\\202F: l\\2019\\E9t\\E9  \\22x\\22");
    }
}
