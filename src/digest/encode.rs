//! A variant's MIME entity: text and HTML, quoted-printable, encoded once. The subscriber's token
//! stands on lines of its own, so that a letter is a copy with the token filled in.

use lettre::message::{Body, MultiPart, SinglePart, header};
use quoted_printable::{InputMode, Options};

use super::token::PLACEHOLDER;

/// A line that stands for the token. Encoded text cannot hold it: after an `=` come two hexadecimal
/// digits or the line's end.
const MARK: &str = "=@token@";

/// Encodes both parts. `unique` makes the boundary; equal parts give equal bytes.
pub fn entity(text: &str, html: &str, unique: &str) -> Vec<u8> {
    let part = |kind: header::ContentType, body: &str| {
        let encoded = quoted(body).into_bytes();
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
fn quoted(text: &str) -> String {
    // One character is left for the soft break before a token.
    let options = Options::default().input_mode(InputMode::Text).line_length_limit(75);
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let pieces = text.split(PLACEHOLDER).map(|piece| quoted_printable::encode_with_options(piece, options.clone()));
    pieces.collect::<Vec<_>>().join(&format!("=\r\n{MARK}=\r\n"))
}

/// An entity taken apart at its tokens.
#[derive(Debug)]
pub struct Blank(Vec<Vec<u8>>);

impl Blank {
    /// Takes an entity apart.
    pub fn new(entity: &[u8]) -> Self {
        let mut pieces = Vec::new();
        let mut rest = entity;
        while let Some(at) = rest.windows(MARK.len()).position(|bytes| bytes == MARK.as_bytes()) {
            pieces.push(rest[..at].to_vec());
            rest = &rest[at + MARK.len()..];
        }
        pieces.push(rest.to_vec());
        Self(pieces)
    }

    /// The entity with a token in its places, put at the end of `letter`.
    pub fn fill(&self, token: &str, letter: &mut Vec<u8>) {
        let length: usize = self.0.iter().map(|piece| piece.len() + token.len()).sum();
        letter.reserve(length);
        for (index, piece) in self.0.iter().enumerate() {
            if index > 0 {
                letter.extend_from_slice(token.as_bytes());
            }
            letter.extend_from_slice(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_entity_reads_as_the_text_with_the_token() {
        let long = "é\u{202f}! ".repeat(200);
        let text = format!("{long}https://x.example/u/{PLACEHOLDER}\n.\nfin {PLACEHOLDER} \n");
        let entity = entity(&text, "<p>.</p>\n", "u");
        let mut letter = Vec::new();
        Blank::new(&entity).fill("TOKEN", &mut letter);
        let letter = String::from_utf8(letter).expect("ASCII");
        assert!(letter.is_ascii() && letter.lines().all(|line| line.len() <= 76), "{letter}");
        let body =
            letter.splitn(3, "\r\n\r\n").nth(2).and_then(|rest| rest.split("\r\n--=_u").next()).expect("a text part");
        let decoded = quoted_printable::decode(body, quoted_printable::ParseMode::Strict).expect("quoted-printable");
        let expected = text.replace(PLACEHOLDER, "TOKEN").replace('\n', "\r\n");
        assert_eq!(String::from_utf8(decoded).expect("UTF-8"), expected);
    }
}
