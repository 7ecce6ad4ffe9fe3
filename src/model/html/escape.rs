//! Escapes texts for HTML and XML. Most stretches of a text need none: they are copied as a whole.

use crate::model::text;

/// Escapes a text for HTML, or for XML's texts and attributes in quotation marks.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 16);
    escape_into(text, &mut escaped);
    escaped
}

/// [`escape`] at the end of a text that is there already.
pub fn escape_into(text: &str, escaped: &mut String) {
    let special = |byte: u8| (byte == b'&') | (byte == b'<') | (byte == b'>') | (byte == b'"');
    for (stretch, entity) in (EscapedStretches { rest: text, special }) {
        escaped.push_str(stretch);
        escaped.push_str(entity);
    }
}

/// Escapes a text as the crates do that write the forms, apostrophes too.
pub fn escape_xml(text: &str, escaped: &mut Vec<u8>) {
    let special = |byte: u8| (byte == b'&') | (byte == b'<') | (byte == b'>') | (byte == b'"') | (byte == b'\'');
    for (stretch, entity) in (EscapedStretches { rest: text, special }) {
        escaped.extend_from_slice(stretch.as_bytes());
        escaped.extend_from_slice(entity.as_bytes());
    }
}

/// The stretches of a text that stay as they are, each with the entity behind it.
struct EscapedStretches<'a, F> {
    rest: &'a str,
    special: F,
}

impl<'a, F: Fn(u8) -> bool + Copy> Iterator for EscapedStretches<'a, F> {
    type Item = (&'a str, &'static str);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(at) = text::find_byte(self.rest.as_bytes(), self.special) else {
            return Some((std::mem::take(&mut self.rest), ""));
        };
        let (stretch, rest) = self.rest.split_at(at);
        self.rest = &rest[1..];
        let entity = match rest.as_bytes()[0] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&apos;",
        };
        Some((stretch, entity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_wherever_it_stands() {
        let text = "<a href=\"x\">L’été & l'hiver</a>, et rien d’autre pendant plus de seize octets>";
        assert_eq!(
            escape(text),
            "&lt;a href=&quot;x&quot;&gt;L’été &amp; l'hiver&lt;/a&gt;, et rien d’autre pendant plus de seize octets&gt;"
        );
        let mut xml = b"1 ".to_vec();
        escape_xml("l'\"<é>\"'", &mut xml);
        assert_eq!(String::from_utf8(xml).as_deref(), Ok("1 l&apos;&quot;&lt;é&gt;&quot;&apos;"));
        assert_eq!(escape(""), "");
    }
}
