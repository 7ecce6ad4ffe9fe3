//! An edition as everybody may see it: the letter as it was sent, without what is one reader's own.
//!
//! What is a reader's own is found by marks that no text can hold, never by what it says: a column may
//! be called like our own words.

use crate::config::Config;
use crate::model::{html::escape, token::PLACEHOLDER};

/// What stood for the token in editions that were frozen by versions up to 0.1.0: a word like others.
const FIRST_PLACEHOLDER: &str = "subscriber0token0stands0here0in0letters";

/// How the template marks the sentence that says why a letter came, and the link to this page.
const WHY_ELEMENT: (&str, &str) = ("<p class=\"why\"", "</p>");
const ONLINE_ELEMENT: (&str, &str) = ("<a class=\"online\"", "</a>");
/// The same of the way to the reader's choices.
const MANAGE_ELEMENT: (&str, &str) = ("<p class=\"manage\"", "</p>");

/// The letter for all rubriques as a page: the way out leads to the way in, and nothing in it says to
/// whom it was sent. `head` is put into its head, `foot` at its end; both are HTML.
pub fn page(config: &Config, html: &str, head: &str, foot: &str) -> String {
    let words = &config.magazine.lang.words().letter;
    let mut page = html.to_owned();
    let way = config.letters.unsubscribe_url.as_str();
    if let Some((from, to)) = element(&page, WHY_ELEMENT).or_else(|| unmarked_reason(&page, &words.first_reason, way)) {
        page.replace_range(from..to, &words.why_it_comes);
    }
    remove(&mut page, MANAGE_ELEMENT);
    if let Some((from, to)) = unsubscribe_href(&page, way) {
        let own = format!(">{}<", words.unsubscribe);
        let rest = &page[to..];
        if let Some(at) = rest.find('>').filter(|at| rest[*at..].starts_with(&own)) {
            page.replace_range(to + at + 1..to + at + own.len() - 1, &words.subscribe);
        }
        page.replace_range(from..to, &escape(config.web.url.as_str()));
    }
    remove(&mut page, ONLINE_ELEMENT);
    // Whatever else there may be.
    page = page.replace(PLACEHOLDER, "");
    // Programs that read a page aloud look for its main part.
    if let Some(at) = page.find("<body").and_then(|at| Some(at + page[at..].find('>')? + 1)) {
        page.insert_str(at, "<main>");
    }
    for (mark, more) in [("</body>", &*format!("</main>{foot}")), ("</head>", head)] {
        if let Some(at) = page.rfind(mark) {
            page.insert_str(at, more);
        }
    }
    page
}

/// A variant's text or HTML with something else where letters have a token, whichever version froze
/// it.
pub fn without_token(variant: &str, instead: &str) -> String {
    let variant = variant.replace(PLACEHOLDER, instead);
    // At the end of an address alone: elsewhere it is a text that happens to be the same.
    let mut shown = String::with_capacity(variant.len());
    let mut rest = variant.as_str();
    while let Some(at) = rest.find(FIRST_PLACEHOLDER) {
        let (before, after) = (&rest[..at], &rest[at + FIRST_PLACEHOLDER.len()..]);
        let address = before.rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '>')).next().unwrap_or_default();
        let ends = after.is_empty() || after.starts_with(['"', '\n', '\r']);
        shown.push_str(before);
        shown.push_str(if address.contains("://") && ends { instead } else { FIRST_PLACEHOLDER });
        rest = after;
    }
    shown + rest
}

/// Where the address stands that the way out leads to: the one that the configuration names, or the last that has a token,
/// if that was another one when the edition was frozen.
fn unsubscribe_href(page: &str, way: &str) -> Option<(usize, usize)> {
    let old = format!("{FIRST_PLACEHOLDER}\"");
    let way = escape(way);
    let named = page.rfind(&format!("\"{way}{PLACEHOLDER}")).map(|at| at + way.len() + 1);
    let at = named.or_else(|| page.rfind(PLACEHOLDER)).or_else(|| page.rfind(&old))?;
    let start = page[..at].rfind('"')? + 1;
    let end = at + page[at..].find('"')?;
    page[..start].ends_with(" href=\"").then_some((start, end))
}

/// Where the sentence stands that says why a letter came, in an edition that does not mark it: the last
/// of its kind before the way out.
fn unmarked_reason(page: &str, sentence: &str, way: &str) -> Option<(usize, usize)> {
    let (before, _) = unsubscribe_href(page, way)?;
    let at = page[..before].rfind(&format!(">{sentence}<"))? + 1;
    Some((at, at + sentence.len()))
}

/// Takes out the last element that is marked so.
fn remove(page: &mut String, mark: (&str, &str)) {
    if let Some((_, to)) = element(page, mark)
        && let Some(from) = page[..to].rfind(mark.0)
    {
        page.replace_range(from..to + mark.1.len(), "");
    }
}

/// Where the content of the last element stands that is marked so.
fn element(page: &str, (start, end): (&str, &str)) -> Option<(usize, usize)> {
    let at = page.rfind(start)?;
    let from = at + page[at..].find('>')? + 1;
    Some((from, from + page[from..].find(end)?))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The end of an edition as the first version froze it, below a column.
    fn old(title: &str) -> String {
        format!(
            "<html><head></head><body><h3><a href=\"https://x.example/a\" style=\"x\">{title}</a></h3><p>{title}</p>\
             <p style=\"margin:0\">Vous recevez cette lettre chaque semaine parce que vous en avez demandé l’envoi.</p>\
             <p><a href=\"https://x.example/quitter/{FIRST_PLACEHOLDER}\" style=\"x\">Se désabonner</a></p></body></html>"
        )
    }

    #[test]
    fn an_edition_of_the_first_version_is_still_everybodys() {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
        let config = Config::load(&config).expect("the configuration");
        let why = "Vous recevez cette lettre chaque semaine parce que vous en avez demandé l’envoi.";
        for title in ["Un phare", "Se désabonner", why, FIRST_PLACEHOLDER] {
            let shown = page(&config, &old(title), "<meta>", "<footer></footer>");
            assert_eq!(
                shown,
                format!(
                    "<html><head><meta></head><body><main><h3><a href=\"https://x.example/a\" style=\"x\">{title}</a>\
                     </h3><p>{title}</p><p style=\"margin:0\">Cette lettre vient à qui la demande.</p><p>\
                     <a href=\"https://estran.example.org/lettre/\" style=\"x\">La recevoir</a></p></main><footer>\
                     </footer></body></html>"
                )
            );
        }
    }

    #[test]
    fn a_token_is_left_out_of_addresses_alone() {
        let text =
            format!("{FIRST_PLACEHOLDER}\n\nhttps://x.example/{FIRST_PLACEHOLDER}\nhttps://y.example/{PLACEHOLDER}\n");
        assert_eq!(
            without_token(&text, "…"),
            format!("{FIRST_PLACEHOLDER}\n\nhttps://x.example/…\nhttps://y.example/…\n")
        );
    }
}
