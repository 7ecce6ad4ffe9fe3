//! A letter as a program shows it: without what the program drops.

use super::{
    facts::{FACTS, Fact, MailProgram, Place},
    night,
};
use crate::{
    edition::render::tags::{self, HtmlPiece, LetterTag},
    model::html::{escape, escape_into},
};

/// A letter's HTML as a program shows it.
pub fn simulate(html: &str, program: MailProgram) -> String {
    written(html, program, &str::to_owned)
}

/// The same by a program that turns its colours round at night.
pub fn simulate_night(html: &str, program: MailProgram) -> String {
    let night = written(html, program, &night::inverted);
    night.replacen("<head>", "<head><style>html{background:#161616;color:#e8e8e8}</style>", 1)
}

fn written(html: &str, program: MailProgram, recolour: &dyn Fn(&str) -> String) -> String {
    let facts: Vec<&Fact> = FACTS.iter().filter(|fact| fact.programs.contains(&program)).collect();
    let html = match program {
        MailProgram::OutlookClassic => as_word_reads(html),
        _ => html.to_owned(),
    };
    let mut out = String::with_capacity(html.len());
    out.push_str("<!doctype html>");
    // Whether style elements are read, and how deep the elements are that are left out.
    let (mut in_style, mut hidden) = (false, 0_usize);
    let is_dropped = |name: &str| {
        facts.iter().any(|fact| matches!(fact.place, Place::Elements(names) if names.contains(&name)))
            || name == "style" && facts.iter().any(|fact| matches!(fact.place, Place::StyleElements))
    };
    for piece in tags::pieces(&html) {
        match piece {
            HtmlPiece::Open(tag) if is_dropped(&tag.name) => hidden += usize::from(tag.name != "input"),
            HtmlPiece::Close(name) if is_dropped(&name) => hidden = hidden.saturating_sub(1),
            _ if hidden > 0 => {}
            HtmlPiece::Open(tag) => {
                in_style = tag.name == "style";
                write_tag(&tag, &facts, recolour, &mut out);
            }
            HtmlPiece::Close(name) => {
                in_style = false;
                out.push_str(&format!("</{name}>"));
            }
            HtmlPiece::Text(css) if in_style => out.push_str(&recolour(&kept_rules(&css, &facts))),
            HtmlPiece::Text(words) => escape_into(&words, &mut out),
        }
    }
    out
}

/// Word reads what stands in comments for it, and leaves out what stands there for others.
fn as_word_reads(html: &str) -> String {
    const BEGIN: &str = "<!--[if ";
    const END: &str = "<![endif]-->";
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(BEGIN) {
        out.push_str(&rest[..at]);
        let comment = &rest[at..];
        let (Some(open), Some(close)) = (comment.find("]>"), comment.find(END)) else { break };
        let (condition, inside) = (&comment[BEGIN.len()..open], comment.get(open + 2..close).unwrap_or_default());
        // What is XML there are settings, which show nothing.
        if !condition.contains('!') && !inside.contains("<xml") {
            out.push_str(inside);
        }
        rest = &comment[close + END.len()..];
    }
    out + rest
}

fn write_tag(tag: &LetterTag, facts: &[&Fact], recolour: &dyn Fn(&str) -> String, out: &mut String) {
    out.push('<');
    out.push_str(&tag.name);
    for (name, value) in &tag.attributes {
        let is_dropped =
            |fact: &&Fact| matches!(fact.place, Place::Attributes(names) if names.contains(&name.as_str()));
        if facts.iter().any(is_dropped) {
            continue;
        }
        let value = match name.as_str() {
            "style" => recolour(&kept_declarations(value, &tag.name, facts)),
            "bgcolor" => recolour(value),
            _ => value.clone(),
        };
        out.push_str(&format!(" {name}=\"{}\"", escape(&value)));
    }
    out.push('>');
}

/// A style attribute without what is dropped.
fn kept_declarations(style: &str, element: &str, facts: &[&Fact]) -> String {
    let kept = style.split(';').filter(|declaration| {
        let (property, value) = declaration.split_once(':').unwrap_or((declaration, ""));
        !facts.iter().any(|fact| drops(fact, property.trim(), value.trim(), element))
    });
    kept.collect::<Vec<_>>().join(";")
}

/// Whether a fact is about a declaration of an element. What is not to be shown stays so: each program has its way.
pub(super) fn drops(fact: &Fact, property: &str, value: &str, element: &str) -> bool {
    match fact.place {
        Place::Properties(names) => names.contains(&property),
        Place::PropertiesOn(names, elements) => {
            names.contains(&property) && elements.contains(&element) && value != "none" && !is_nothing(value)
        }
        Place::Values(name, values) => name == property && values.contains(&value),
        Place::Elements(_) | Place::Attributes(_) | Place::StyleElements | Place::Queries(_) => false,
    }
}

/// Whether a room is none.
fn is_nothing(value: &str) -> bool {
    value.split(' ').all(|part| matches!(part, "0" | "0px"))
}

/// The rules of a style element without those that are dropped.
fn kept_rules(css: &str, facts: &[&Fact]) -> String {
    facts.iter().fold(css.to_owned(), |css, fact| match fact.place {
        Place::Queries(words) => without_blocks(&css, words),
        _ => css,
    })
}

/// The blocks of a style element that begin with `@`, each as the place where it begins, where its braces open, and where
/// it ends.
pub(super) fn at_blocks(css: &str) -> Vec<(usize, usize, usize)> {
    let mut blocks = Vec::new();
    let mut from = 0;
    while let Some(start) = css[from..].find('@').map(|at| from + at) {
        let Some(open) = css[start..].find('{').map(|at| start + at) else { break };
        let mut depth = 0_usize;
        let end = css[open..].bytes().position(|byte| {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        });
        let end = end.map_or(css.len(), |end| open + end + 1);
        blocks.push((start, open, end));
        from = end;
    }
    blocks
}

fn without_blocks(css: &str, words: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut from = 0;
    for (start, open, end) in at_blocks(css) {
        if css[start..open].contains(words) {
            out.push_str(&css[from..start]);
            from = end;
        }
    }
    out + &css[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &str = "<html lang=\"fr\"><head><style>a{color:red}@media (min-width:600px){.a{color:blue}b{x:y}}\
        @media (prefers-color-scheme:dark){a{color:#fff}}</style></head><body>\
        <!--[if mso]><noscript><xml>96</xml></noscript><![endif]-->\
        <!--[if mso | IE]><table><![endif]--><!--[if !mso]><!--><i>x</i><!--<![endif]-->\
        <p style=\"padding:8px;color:#000;border-radius:4px;display:none\">L&eacute; &amp; <td style=\"padding:3px\">b</td></p>\
        <video src=\"a\"><p>non</p></video></body></html>";

    #[test]
    fn each_program_drops_its_own() {
        let of = |program| simulate(LETTER, program);
        let word = of(MailProgram::OutlookClassic);
        assert_eq!(
            word,
            "<!doctype html><html lang=\"fr\"><head><style>a{color:red}</style></head><body><table>\
             <p style=\"color:#000;display:none\">Lé &amp; <td style=\"padding:3px\">b</td></p></body></html>"
        );
        let gmail = of(MailProgram::Gmail);
        assert!(gmail.contains("min-width") && !gmail.contains("prefers") && !gmail.contains("video"), "{gmail}");
        assert!(!of(MailProgram::LaPoste).contains("<style") && of(MailProgram::LaPoste).contains("lang=\"fr\""));
        assert!(!of(MailProgram::Orange).contains("lang=") && of(MailProgram::Orange).contains("padding:8px"));
        let night = simulate_night(LETTER, MailProgram::Gmail);
        assert!(night.contains("color:#f2f2f2") && night.contains("html{background:#161616"), "{night}");
    }
}
