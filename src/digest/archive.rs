//! An edition as everybody may see it: the letter as it was sent, without what is one reader's own.

use super::{token::PLACEHOLDER, words};
use crate::config::Config;

/// The letter for all rubriques as a page: the way out leads to the way in, and nothing in it says to
/// whom it was sent. `head` is put into its head, `foot` at its end; both are HTML.
pub fn page(config: &Config, html: &str, head: &str, foot: &str) -> String {
    let words = words::of(&config.magazine.language);
    let mut page = html.to_owned();
    // A letter names the token in addresses alone, which stand in attributes.
    while let Some(at) = page.find(PLACEHOLDER) {
        let start = page[..at].rfind('"').map_or(at, |quote| quote + 1);
        let end = page[at..].find('"').map_or(at + PLACEHOLDER.len(), |length| at + length);
        page.replace_range(start..end, &attribute(config.web.url.as_str()));
    }
    for (own, everybody) in [(words.why_you_receive, words.why_it_comes), (words.unsubscribe, words.subscribe)] {
        page = page.replace(&format!(">{own}<"), &format!(">{everybody}<"));
    }
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

/// An address as the value of an attribute.
fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}
