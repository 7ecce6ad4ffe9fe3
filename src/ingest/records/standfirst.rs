//! Which summaries of a feed or a site are standfirsts. Many are made by programs, of how the text begins.

use crate::model::text::words;

/// What stands where a text was cut.
const CUT_MARKS: [&str; 4] = ["[…]", "[...]", "[&hellip;]", "(…)"];

/// A summary, unless it is only how the text begins.
pub fn standfirst(summary: &str, text: &str) -> String {
    let cut = CUT_MARKS.iter().filter_map(|mark| summary.find(mark)).min();
    let (own, all) = (words(&summary[..cut.unwrap_or(summary.len())]), words(text));
    let is_beginning = match own.split_last() {
        None => true,
        // The last word may be cut too.
        Some((last, before)) => {
            all.starts_with(before) && all.get(before.len()).is_some_and(|word| word.starts_with(last.as_str()))
        }
    };
    if is_beginning { String::new() } else { summary.to_owned() }
}

/// A text in HTML without the picture that it may begin with: what is said of that is not how the text begins.
pub(super) fn behind_figure(html: &str) -> &str {
    let html = html.trim_start();
    let rest = html.strip_prefix("<figure").and_then(|rest| rest.split_once("</figure>"));
    rest.map_or(html, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_before_a_text_is_not_how_it_begins() {
        assert_eq!(
            behind_figure(" <figure class=\"a\"><img><figcaption>A</figcaption></figure>\n<p>B</p>"),
            "\n<p>B</p>"
        );
        assert_eq!(behind_figure("<p>B</p><figure></figure>"), "<p>B</p><figure></figure>");
    }

    #[test]
    fn what_repeats_the_beginning_is_none() {
        let text = "La mer monte, sans hâte. Puis elle descend.";
        for summary in [
            "",
            "…",
            "La mer monte, sans hâte.",
            "La mer monte, sans hâ…",
            "La mer monte […] L’article Une digue est paru ailleurs.",
            text,
        ] {
            assert_eq!(standfirst(summary, text), "", "{summary}");
        }
        for summary in
            ["Deux façons d’attendre.", "La mer descend.", "La mer monte, sans hâte. Puis elle descend. Fin."]
        {
            assert_eq!(standfirst(summary, text), summary);
        }
        assert_eq!(standfirst("Un chapô.", ""), "Un chapô.");
    }
}
