//! A relay's answers, whatever it writes and however that is cut: the parser finds what a plain reading of all of
//! it finds, keeps no more than it must, and never takes anything else for an answer.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../src/delivery/wire/answers.rs"]
mod answers;

use answers::{Answer, Answers, Endless};

/// As RFC 5321 has them, times some.
const LONGEST_LINE: usize = 2_000;
const LONGEST_ANSWER: usize = 64 * 1024;

/// What was found: answers, and whether it broke off, or ended in the middle of one.
#[derive(Debug, PartialEq)]
struct Found {
    answers: Vec<Answer>,
    endless: bool,
    whole: bool,
}

/// The first byte says how the others are cut.
fn found(bytes: &[u8], piece: usize) -> Found {
    let mut answers = Answers::default();
    let mut found = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        answers.room().extend_from_slice(piece);
        loop {
            match answers.next() {
                Ok(Some(answer)) => found.push(answer),
                Ok(None) => break,
                Err(Endless) => return Found { answers: found, endless: true, whole: false },
            }
        }
        // Nothing but the beginning of a line is kept.
        assert!(answers.room().len() <= LONGEST_LINE);
    }
    Found { answers: found, endless: false, whole: answers.is_empty() }
}

/// The same, read plainly.
fn read(bytes: &[u8]) -> Found {
    let mut found = Vec::new();
    let mut begun: Option<Answer> = None;
    let mut length = 0;
    let mut rest = bytes;
    loop {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            let endless = rest.len() > LONGEST_LINE;
            return Found { answers: found, endless, whole: !endless && rest.is_empty() && begun.is_none() };
        };
        let line = &rest[..end];
        rest = &rest[end + 1..];
        length += line.len() + 1;
        if line.len() > LONGEST_LINE || length > LONGEST_ANSWER {
            return Found { answers: found, endless: true, whole: false };
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let number = line.get(..3).and_then(|code| std::str::from_utf8(code).ok()).filter(|code| {
            code.bytes().all(|byte| byte.is_ascii_digit()) && ('2'..='5').contains(&code.chars().next().unwrap_or(' '))
        });
        let (code, last, text) = match (number, line.get(3)) {
            (Some(code), None) => (code.parse().ok(), true, &line[3..]),
            (Some(code), Some(b' ' | b'\t')) => (code.parse().ok(), true, &line[4..]),
            (Some(code), Some(b'-')) => (code.parse().ok(), false, &line[4..]),
            _ => (None, true, line),
        };
        let text = match std::str::from_utf8(text) {
            Ok(text) => text.to_owned(),
            Err(_) => text.iter().map(|byte| char::from(*byte)).collect(),
        };
        let is_first = begun.is_none();
        let mut answer = begun.take().unwrap_or(Answer { code: code.unwrap_or(0), text: String::new() });
        if !is_first {
            if code != Some(answer.code) {
                answer.code = 0;
            }
            answer.text.push('\n');
        }
        answer.text.push_str(&text);
        // A line without a code ends an answer only where it is all of it.
        if last && (is_first || code.is_some()) {
            length = 0;
            found.push(answer);
        } else {
            begun = Some(answer);
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((cut, bytes)) = input.split_first() else { return };
    let all = read(bytes);
    for piece in [usize::from(*cut), 1, bytes.len()] {
        // What breaks off may do so before or after answers that came in the same piece.
        assert_eq!(found(bytes, piece), all, "in pieces of {piece}");
    }
    for answer in &all.answers {
        assert!(answer.code == 0 || (200..600).contains(&answer.code));
        assert!(answer.text.len() <= 2 * LONGEST_ANSWER);
    }
});
