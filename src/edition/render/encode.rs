//! A variant's MIME entity: text and HTML, quoted-printable, encoded once, with the places where a
//! letter has its subscriber's token on lines of their own.
//!
//! No line begins with a dot, so that SMTP's DATA has none to stuff and the same bytes serve DATA
//! and BDAT; none begins with `From `, which old mailboxes mangle, and the letter's signature with it.

use lettre::message::{Body, MultiPart, SinglePart, header};
use quoted_printable::{InputMode, Options};

use crate::model::token::{self, PLACEHOLDER};

/// A line that stands for the token. Encoded text cannot hold it: after an `=` come two hexadecimal
/// digits or the line's end.
pub(super) const TOKEN_LINE: &str = "=@token@";

/// The same for the token of another newsletter whose letter is in this one.
pub(super) fn other_token_line(which: usize) -> String {
    format!("=@token{which}@")
}

/// How long a line may become before what follows is added: two characters where its first one is
/// escaped, one where a soft line break before a token joins it.
const ENCODED_LINE_CHARS: usize = 76 - 2 - 1;

/// Encodes both parts. `unique` makes the boundary; equal parts give equal bytes.
pub fn entity(text: &str, html: &str, unique: &str) -> Vec<u8> {
    let part = |kind: header::ContentType, body: &str| {
        let encoded = encode_text(body).into_bytes();
        let encoding = header::ContentTransferEncoding::QuotedPrintable;
        SinglePart::builder().header(kind).body(Body::dangerous_pre_encoded(encoded, encoding))
    };
    MultiPart::alternative()
        .boundary(format!("=_{unique}"))
        .singlepart(part(header::ContentType::TEXT_PLAIN, text))
        .singlepart(part(header::ContentType::TEXT_HTML, html))
        .formatted()
}

/// Quoted-printable (RFC 2045) with CRLF line ends and lines of at most 76 characters; the token's
/// places are lines of their own, between soft line breaks.
fn encode_text(text: &str) -> String {
    let options = Options::default().input_mode(InputMode::Text).line_length_limit(ENCODED_LINE_CHARS);
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let encode = |piece| escape_line_starts(&quoted_printable::encode_with_options(piece, options.clone()));
    let places = std::iter::once((PLACEHOLDER.to_owned(), TOKEN_LINE.to_owned()));
    let others = (1..=token::MAX_OTHERS).map(|which| (token::placeholder(which), other_token_line(which)));
    let places: Vec<(String, String)> = places.chain(others).collect();
    let next = |rest: &str| {
        let found = places.iter().filter_map(|place| rest.find(&place.0).map(|at| (at, place.clone())));
        found.min_by_key(|(at, _)| *at)
    };
    let (mut encoded, mut rest) = (String::new(), text.as_str());
    while let Some((at, (mark, line))) = next(rest) {
        encoded.push_str(&encode(&rest[..at]));
        encoded.push_str(&format!("=\r\n{line}=\r\n"));
        rest = &rest[at + mark.len()..];
    }
    if rest.is_empty() && !encoded.is_empty() {
        // Nothing may end with a soft line break.
        encoded.truncate(encoded.len() - "=\r\n".len());
        return encoded;
    }
    encoded + &encode(rest)
}

/// Encoded lines with what is special at the beginning of a line escaped.
fn escape_line_starts(encoded: &str) -> String {
    let line = |line: &str| match line.strip_prefix('.') {
        Some(rest) => format!("=2E{rest}"),
        None if line.starts_with("From ") => format!("=46{}", &line[1..]),
        None => line.to_owned(),
    };
    encoded.split("\r\n").map(line).collect::<Vec<_>>().join("\r\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text part of an entity, decoded, with a token in its places.
    fn read(entity: &[u8]) -> String {
        let letter = std::str::from_utf8(entity).expect("ASCII").replace(TOKEN_LINE, "TOKEN");
        let body =
            letter.splitn(3, "\r\n\r\n").nth(2).and_then(|rest| rest.split("\r\n--=_u").next()).expect("a text part");
        let decoded = quoted_printable::decode(body, quoted_printable::ParseMode::Strict).expect("quoted-printable");
        String::from_utf8(decoded).expect("UTF-8")
    }

    fn assert_sound(entity: &[u8]) {
        let text = std::str::from_utf8(entity).expect("ASCII");
        assert!(text.is_ascii() && text.ends_with("\r\n"), "{text:?}");
        for line in text.split("\r\n") {
            assert!(line.len() <= 76 && !line.contains(['\r', '\n']), "{line:?}");
            assert!(!line.starts_with('.') && !line.starts_with("From ") && !line.ends_with([' ', '\t']), "{line:?}");
        }
    }

    #[test]
    fn an_entity_reads_as_the_text_with_the_token() {
        let long = "é\u{202f}! ".repeat(200);
        let text =
            format!("{long}https://x.example/u/{PLACEHOLDER}\n.\n..\nFrom x\n {PLACEHOLDER}.fin {PLACEHOLDER} \n");
        let entity = entity(&text, "<p>.</p>\n", "u");
        assert_sound(&entity);
        assert_eq!(read(&entity), text.replace(PLACEHOLDER, "TOKEN").replace('\n', "\r\n"));
        let text = String::from_utf8(entity).expect("ASCII");
        assert!(text.contains("\r\n=2E\r\n=2E.\r\n=46rom x\r\n"), "{text}");
    }

    proptest! {
        #[test]
        fn whatever_the_text_no_line_needs_care(
            words in prop::collection::vec(
                prop_oneof![
                    "[.]{1,4}", "[a-z.]{70,80}", "\\PC{0,90}", Just("\n".to_owned()), Just("\n.".to_owned()),
                    Just("\nFrom ".to_owned()), Just(" ".to_owned()), Just(PLACEHOLDER.to_owned()), Just("é".repeat(40)),
                ],
                0..30,
            ),
        ) {
            let text = words.concat();
            let entity = entity(&text, &text, "u");
            assert_sound(&entity);
            prop_assert_eq!(read(&entity), text.replace(PLACEHOLDER, "TOKEN").replace('\n', "\r\n"));
        }
    }
}
