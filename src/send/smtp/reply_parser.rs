//! Finds replies in what a relay writes (RFC 5321, section 4.2), as leniently as is safe: text in any charset, a code
//! alone, lines that end in a bare LF. What is no reply at all becomes one with the code 0, which is unexpected at every
//! step.

use memchr::memchr;

/// RFC 5321 allows 512.
const MAX_LINE_BYTES: usize = 2_000;

const MAX_REPLY_BYTES: usize = 64 * 1024;

const READ_BYTES: usize = 8 * 1024;

/// A reply of one or more lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawReply {
    /// 0 if it has no code, or several.
    pub(super) code: u16,
    /// Its lines without their codes, with LF between them.
    pub(super) text: String,
}

/// A line or a reply without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReplyTooLong;

/// Holds what was read until replies are complete.
#[derive(Debug, Default)]
pub(super) struct ReplyParser {
    bytes: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Up to here no line end was found.
    searched: usize,
    /// The lines of an incomplete reply.
    partial: Option<RawReply>,
    partial_bytes: usize,
}

struct ReplyLine<'a> {
    code: Option<u16>,
    is_last: bool,
    text: &'a [u8],
}

impl ReplyParser {
    /// The buffer to read into.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.bytes.reserve(READ_BYTES);
        &mut self.bytes
    }

    /// Whether nothing is left, not even a part of a reply.
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.bytes.len() && self.partial.is_none()
    }

    /// The next reply that is complete.
    pub(super) fn next(&mut self) -> Result<Option<RawReply>, ReplyTooLong> {
        loop {
            let Some(end) = memchr(b'\n', &self.bytes[self.searched..]).map(|at| self.searched + at) else {
                self.searched = self.bytes.len();
                return if self.searched - self.start > MAX_LINE_BYTES { Err(ReplyTooLong) } else { Ok(None) };
            };
            let line = &self.bytes[self.start..end];
            self.partial_bytes += line.len() + 1;
            if line.len() > MAX_LINE_BYTES || self.partial_bytes > MAX_REPLY_BYTES {
                return Err(ReplyTooLong);
            }
            let line = parse_line(line);
            let text = decode(line.text);
            let is_last = match &mut self.partial {
                // A line without the same code is part of the reply, and makes its code meaningless.
                Some(reply) => {
                    if line.code != Some(reply.code) {
                        reply.code = 0;
                    }
                    reply.text.push('\n');
                    reply.text.push_str(&text);
                    line.is_last && line.code.is_some()
                }
                None => {
                    self.partial = Some(RawReply { code: line.code.unwrap_or(0), text });
                    line.is_last
                }
            };
            (self.start, self.searched) = (end + 1, end + 1);
            if is_last {
                self.partial_bytes = 0;
                return Ok(self.partial.take());
            }
        }
    }
}

fn parse_line(line: &[u8]) -> ReplyLine<'_> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (code, rest) = line.split_at(line.len().min(3));
    let is_code = matches!(code, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']);
    let number = || code.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
    match rest.first() {
        _ if !is_code => ReplyLine { code: None, is_last: true, text: line },
        None => ReplyLine { code: Some(number()), is_last: true, text: &[] },
        Some(b' ' | b'\t') => ReplyLine { code: Some(number()), is_last: true, text: &rest[1..] },
        Some(b'-') => ReplyLine { code: Some(number()), is_last: false, text: &rest[1..] },
        Some(_) => ReplyLine { code: None, is_last: true, text: line },
    }
}

/// Text in UTF-8, or else in Latin-1, in which everything is text.
fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All replies in some bytes, which come in pieces of a length.
    fn replies(bytes: &[u8], piece: usize) -> Vec<(u16, String)> {
        let mut all = Vec::new();
        let mut parser = ReplyParser::default();
        for piece in bytes.chunks(piece) {
            parser.buffer().extend_from_slice(piece);
            loop {
                match parser.next() {
                    Ok(Some(reply)) => all.push((reply.code, reply.text)),
                    Ok(None) => break,
                    Err(ReplyTooLong) => {
                        all.push((1, "endless".into()));
                        return all;
                    }
                }
            }
        }
        if !parser.is_empty() {
            all.push((1, "half".into()));
        }
        all
    }

    #[test]
    fn answers_are_found_however_they_are_written_and_cut() {
        for (bytes, expected) in [
            (&b"250 2.0.0 ok\r\n"[..], &[(250, "2.0.0 ok")][..]),
            (b"250\r\n354\n599 x\n", &[(250, ""), (354, ""), (599, "x")]),
            (b"250-a\r\n250-\r\n250 b\r\n", &[(250, "a\n\nb")]),
            (b"550 bo\xeete inconnue\r\n", &[(550, "boîte inconnue")]),
            ("550 boîte\r\n".as_bytes(), &[(550, "boîte")]),
            (b"250-a\r\n550 b\r\n", &[(0, "a\nb")]),
            (b"250-a\r\nwhat\r\n250 b\r\n250 c\r\n", &[(0, "a\nwhat\nb"), (250, "c")]),
            (b"hello\r\n250 c\r\n", &[(0, "hello"), (250, "c")]),
            (
                b"2500 c\r\n25 c\r\n\r\n150 c\r\n650 c\r\n",
                &[(0, "2500 c"), (0, "25 c"), (0, ""), (0, "150 c"), (0, "650 c")],
            ),
            (b"250 ok\r\n250-half\r\n", &[(250, "ok"), (1, "half")]),
            (b"250 o", &[(1, "half")]),
        ] {
            for piece in [1, 2, 3, 1000] {
                let expected: Vec<_> = expected.iter().map(|(code, text)| (*code, (*text).to_owned())).collect();
                assert_eq!(replies(bytes, piece), expected, "{}", String::from_utf8_lossy(bytes));
            }
        }
    }

    #[test]
    fn nothing_grows_without_end() {
        let endless = |bytes: &[u8]| replies(bytes, 700).last().map(|last| last.1.clone()) == Some("endless".into());
        assert!(endless(&[b'x'; 10_000]));
        assert!(endless(&b"250-more\r\n".repeat(10_000)));
        assert!(!endless(&b"250-more\r\n".repeat(1_000)));
        assert_eq!(replies(&[b"250 ".to_vec(), vec![b'x'; 1_900], b"\r\n".to_vec()].concat(), 700).len(), 1);
    }

    proptest::proptest! {
        /// Whatever comes, and however it is cut, the same replies are found in it.
        #[test]
        fn pieces_make_no_difference(bytes in proptest::collection::vec(
            proptest::prop_oneof![proptest::prelude::any::<u8>(), proptest::sample::select(b"25 -\r\n".to_vec())], 0..400),
            piece in 1..50_usize,
        ) {
            proptest::prop_assert_eq!(replies(&bytes, piece), replies(&bytes, bytes.len().max(1)));
        }
    }
}
