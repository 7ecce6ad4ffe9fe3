//! A relay's answers, found in what it writes (RFC 5321, section 4.2), as leniently as is safe: text
//! in any charset, a code alone, lines that end in a bare LF. What is not an answer at all becomes
//! one with the code 0, which is the wrong one at every step.

use memchr::memchr;

/// The longest line of an answer, in bytes. RFC 5321 wants 512.
const LONGEST_LINE: usize = 2_000;

/// The longest answer, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// How much is read at once.
const READ: usize = 8 * 1024;

/// An answer of one or more lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Its code; 0 if it has none, or several.
    pub(crate) code: u16,
    /// Its lines without their codes, with LF between them.
    pub(crate) text: String,
}

/// A line or an answer without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Endless;

/// What was read and not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    bytes: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// How far no line end was found.
    seen: usize,
    /// The answer whose first lines are here.
    begun: Option<Answer>,
    /// Its length until now.
    length: usize,
}

/// One line of an answer.
struct Line<'a> {
    code: Option<u16>,
    is_last: bool,
    text: &'a [u8],
}

impl Answers {
    /// Where to read to.
    pub(crate) fn room(&mut self) -> &mut Vec<u8> {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.seen -= self.start;
            self.start = 0;
        }
        self.bytes.reserve(READ);
        &mut self.bytes
    }

    /// Whether nothing is left, not even a part of an answer.
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.bytes.len() && self.begun.is_none()
    }

    /// The next answer, if it is there to its end.
    pub(crate) fn next(&mut self) -> Result<Option<Answer>, Endless> {
        loop {
            let Some(end) = memchr(b'\n', &self.bytes[self.seen..]).map(|at| self.seen + at) else {
                self.seen = self.bytes.len();
                return if self.seen - self.start > LONGEST_LINE { Err(Endless) } else { Ok(None) };
            };
            let line = &self.bytes[self.start..end];
            self.length += line.len() + 1;
            if line.len() > LONGEST_LINE || self.length > LONGEST_ANSWER {
                return Err(Endless);
            }
            let line = read(line);
            let text = decode(line.text);
            let is_last = match &mut self.begun {
                // A line without a code between others is part of them, and makes all of it useless.
                Some(answer) => {
                    if line.code != Some(answer.code) {
                        answer.code = 0;
                    }
                    answer.text.push('\n');
                    answer.text.push_str(&text);
                    line.is_last && line.code.is_some()
                }
                None => {
                    self.begun = Some(Answer { code: line.code.unwrap_or(0), text });
                    line.is_last
                }
            };
            (self.start, self.seen) = (end + 1, end + 1);
            if is_last {
                self.length = 0;
                return Ok(self.begun.take());
            }
        }
    }
}

fn read(line: &[u8]) -> Line<'_> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (code, rest) = line.split_at(line.len().min(3));
    let is_code = matches!(code, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']);
    let number = || code.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
    match rest.first() {
        _ if !is_code => Line { code: None, is_last: true, text: line },
        None => Line { code: Some(number()), is_last: true, text: &[] },
        Some(b' ' | b'\t') => Line { code: Some(number()), is_last: true, text: &rest[1..] },
        Some(b'-') => Line { code: Some(number()), is_last: false, text: &rest[1..] },
        Some(_) => Line { code: None, is_last: true, text: line },
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

    /// All answers in some bytes, which come in pieces of a length.
    fn answers(bytes: &[u8], piece: usize) -> Vec<(u16, String)> {
        let mut all = Vec::new();
        let mut answers = Answers::default();
        for piece in bytes.chunks(piece) {
            answers.room().extend_from_slice(piece);
            loop {
                match answers.next() {
                    Ok(Some(answer)) => all.push((answer.code, answer.text)),
                    Ok(None) => break,
                    Err(Endless) => {
                        all.push((1, "endless".into()));
                        return all;
                    }
                }
            }
        }
        if !answers.is_empty() {
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
                assert_eq!(answers(bytes, piece), expected, "{}", String::from_utf8_lossy(bytes));
            }
        }
    }

    #[test]
    fn nothing_grows_without_end() {
        let endless = |bytes: &[u8]| answers(bytes, 700).last().map(|last| last.1.clone()) == Some("endless".into());
        assert!(endless(&[b'x'; 10_000]));
        assert!(endless(&b"250-more\r\n".repeat(10_000)));
        assert!(!endless(&b"250-more\r\n".repeat(1_000)));
        assert_eq!(answers(&[b"250 ".to_vec(), vec![b'x'; 1_900], b"\r\n".to_vec()].concat(), 700).len(), 1);
    }

    proptest::proptest! {
        /// Whatever comes, and however it is cut, the same answers are found in it.
        #[test]
        fn pieces_make_no_difference(bytes in proptest::collection::vec(
            proptest::prop_oneof![proptest::prelude::any::<u8>(), proptest::sample::select(b"25 -\r\n".to_vec())], 0..400),
            piece in 1..50_usize,
        ) {
            proptest::prop_assert_eq!(answers(&bytes, piece), answers(&bytes, bytes.len().max(1)));
        }
    }
}
