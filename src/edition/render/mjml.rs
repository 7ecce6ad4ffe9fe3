//! MJML to HTML by mrml. Its renderer writes attribute values with Rust's `{:?}`: a narrow no-break space in an `alt`
//! would come out as `\u{202f}`, so what it would spoil is escaped before.

use std::{borrow::Cow, collections::HashMap, fmt::Write};

use super::Error;
use crate::model::token::PLACEHOLDER;

/// MJML as the HTML of a letter.
pub(super) fn to_html(mjml: &str) -> Result<String, Error> {
    let parsed = mrml::parse(escape_mjml(mjml).as_ref()).map_err(|error| Error::Mjml(error.to_string()))?;
    // No font is fetched from anywhere: who reads a letter is nobody else's business.
    let fonts = HashMap::new();
    let options = mrml::prelude::render::RenderOptions { fonts, ..Default::default() };
    let html = parsed.element.render(&options).map_err(|error| Error::Mjml(error.to_string()))?;
    // Its characters were written as references as well.
    let escaped_token: String = PLACEHOLDER.chars().map(|c| format!("&#{};", u32::from(c))).collect();
    Ok(html.replace(&escaped_token, PLACEHOLDER))
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
