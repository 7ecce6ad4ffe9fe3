//! MJML to HTML by mrml. Its renderer writes attribute values with Rust's `{:?}`: a narrow no-break space in an `alt`
//! would come out as `\u{202f}`, so what it would spoil is escaped before.

use std::{borrow::Cow, collections::HashMap, fmt::Write};

use super::Error;
use crate::{
    model::token,
    templates::{self, OwnTemplates, View},
};

/// The HTML of a letter by its MJML template. A magazine's own one may give what is no MJML: then it is named.
pub(super) fn html_of<V: View>(own: Option<&OwnTemplates>, view: &V) -> Result<String, Error> {
    let mjml = templates::render(own, view)?;
    let Some(own) = own.filter(|own| own.concerns(V::TEMPLATE)) else { return to_html(&mjml) };
    let html = match depth(&mjml) > MAX_DEPTH {
        true => Err(Error::Mjml(format!("more than {MAX_DEPTH} elements stand in one another"))),
        false => to_html(&mjml),
    };
    html.map_err(|error| match error {
        Error::Mjml(reason) => {
            templates::Error::from(own.refuse(V::TEMPLATE, format!("what it makes is no MJML: {reason}"))).into()
        }
        error => error,
    })
}

/// How many elements may stand in one another: mrml calls itself for each, until the stack is full.
const MAX_DEPTH: usize = 100;

/// How many elements stand in one another at the most.
fn depth(mjml: &str) -> usize {
    let (mut depth, mut most) = (0_usize, 0);
    for tag in mjml.split('<').skip(1) {
        let is_closed = tag.split_once('>').is_some_and(|(tag, _)| tag.ends_with('/'));
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !is_closed && tag.starts_with(|c: char| c.is_ascii_alphabetic()) {
            depth += 1;
            most = most.max(depth);
        }
    }
    most
}

/// MJML as the HTML of a letter.
fn to_html(mjml: &str) -> Result<String, Error> {
    let parsed = mrml::parse(escape_mjml(mjml).as_ref()).map_err(|error| Error::Mjml(error.to_string()))?;
    // No font is fetched from anywhere: who reads a letter is nobody else's business.
    let fonts = HashMap::new();
    let options = mrml::prelude::render::RenderOptions { fonts, ..Default::default() };
    let html = parsed.element.render(&options).map_err(|error| Error::Mjml(error.to_string()))?;
    // Its characters were written as references as well.
    Ok((0..=token::MAX_OTHERS).map(token::placeholder).fold(html, |html, mark| {
        let escaped: String = mark.chars().map(|c| format!("&#{};", u32::from(c))).collect();
        if html.contains(&escaped) { html.replace(&escaped, &mark) } else { html }
    }))
}

/// Writes as character references what `{:?}` would turn into `\u{202f}`, `\\` or `\n`: no-break and narrow no-break
/// spaces, joiners, variation selectors, combining marks, backslashes everywhere; line ends and tabs in tags only, where
/// they can be in an attribute. A reader sees the same characters.
fn escape_mjml(mjml: &str) -> Cow<'_, str> {
    let mangled = |c: char| !matches!(c, '"' | '\'') && c.escape_debug().count() > 1;
    if !mjml.contains(mangled) {
        return Cow::Borrowed(mjml);
    }
    let mut out = String::with_capacity(mjml.len() + mjml.len() / 16);
    let mut in_tag = false;
    let mut quote = None;
    for c in mjml.chars() {
        match (in_tag, quote, c) {
            (false, _, '<') => in_tag = true,
            (true, None, '>') => in_tag = false,
            (true, None, '"' | '\'') => quote = Some(c),
            (true, Some(open), _) if c == open => quote = None,
            _ => {}
        }
        let kept = matches!(c, '\n' | '\r' | '\t') && quote.is_none();
        if mangled(c) && !kept {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_arrive_as_they_were_written() {
        let alt = "Qui\u{202f}? «\u{a0}Moi\u{a0}» C:\\mer e\u{301} 👩\u{200d}🚀\u{fe0f}";
        let mjml = format!(
            "<mjml><mj-body><mj-section><mj-column><mj-image src=\"https://x.example/a.jpg\" alt=\"{alt}\" />\
             <mj-text>{alt}</mj-text></mj-column></mj-section></mj-body></mjml>"
        );
        let html = mrml::parse(escape_mjml(&mjml).as_ref())
            .map(|parsed| parsed.element.render(&Default::default()).map_err(|e| e.to_string()))
            .expect("MJML")
            .expect("HTML");
        let decoded = decode(&html);
        assert_eq!(decoded.matches(alt).count(), 2, "{decoded}");
        assert!(!html.contains("\\u"), "{html}");
    }

    #[test]
    fn elements_in_one_another_are_counted() {
        for (mjml, most) in [
            ("", 0),
            ("<mjml><mj-body/></mjml>", 1),
            ("<a><b>1 < 2</b><c d=\"e\" /><!-- <f> --></a></a>", 2),
            ("<a><b><c></c></b></a><d>", 3),
        ] {
            assert_eq!(depth(mjml), most, "{mjml}");
        }
        // So many fit into the stack of a thread that others than the main one have.
        let deep = format!("{}x{}", "<div>".repeat(MAX_DEPTH), "</div>".repeat(MAX_DEPTH));
        let mjml = format!(
            "<mjml><mj-body><mj-section><mj-column><mj-text>{deep}</mj-text></mj-column></mj-section></mj-body></mjml>"
        );
        let made = std::thread::Builder::new().stack_size(2 << 20).spawn(move || to_html(&mjml).is_ok());
        assert!(made.expect("a thread").join().expect("no panic"));
    }

    /// Character references as a browser reads them.
    fn decode(html: &str) -> String {
        let mut pieces = html.split("&#");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (code, rest) = piece.split_once(';').expect("a reference");
            text.push(code.parse().ok().and_then(char::from_u32).expect("a character"));
            text.push_str(rest);
        }
        text
    }
}
