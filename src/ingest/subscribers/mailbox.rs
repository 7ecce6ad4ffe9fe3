//! An address as people and mail programs write it: alone, as a link, or with a name before it.

use crate::model::EmailAddress;

/// An address, and the name that stands with it. None if there is no address in the text, or anything besides.
pub(super) fn mailbox(text: &str) -> Option<(EmailAddress, Option<String>)> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '\u{200b}' | '\u{feff}'));
    if let Ok(address) = text.parse() {
        return Some((address, None));
    }
    if let Some(open) = text.rfind('<') {
        let address = text[open + 1..].strip_suffix('>')?;
        let name = text[..open].trim().trim_matches(['"', '\'']).replace("\\\"", "\"");
        let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        return Some((linked(address)?, name));
    }
    linked(text).map(|address| (address, None))
}

/// The address of a link to one (RFC 6068), or one that is written alone.
fn linked(text: &str) -> Option<EmailAddress> {
    let text = text.trim();
    let rest = match text.split_at_checked("mailto:".len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto:") => rest,
        _ => text,
    };
    let address = rest.split_once('?').map_or(rest, |(address, _)| address);
    percent_encoding::percent_decode_str(address).decode_utf8().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_whatever_stands_around_it() {
        for (text, name) in [
            ("zoe@example.org", None),
            (" zoe@example.org; ", None),
            ("mailto:zoe@example.org", None),
            ("MAILTO:zoe%40example.org?subject=x", None),
            ("<zoe@example.org>", None),
            ("Zoé <zoe@example.org>", Some("Zoé")),
            ("\"Le Goff, Zoé\" <zoe@example.org>", Some("Le Goff, Zoé")),
            ("Zoé <mailto:zoe@example.org>", Some("Zoé")),
        ] {
            let (address, found) = mailbox(text).expect(text);
            assert_eq!((address.to_string().as_str(), found.as_deref()), ("zoe@example.org", name), "{text}");
        }
        for text in ["", "zoe", "Zoé zoe@example.org", "Zoé <zoe@example.org> (home)", "a@b.example c@d.example"] {
            assert_eq!(mailbox(text), None, "{text}");
        }
    }
}
