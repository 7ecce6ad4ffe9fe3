//! The reply parser, with any bytes in pieces of any size: it finds what a simple parser finds in all of them at once,
//! keeps no more than it must, and takes nothing else for a reply.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../src/send/smtp/reply_parser.rs"]
mod reply_parser;

use reply_parser::{RawReply, ReplyParser, ReplyTooLong};

/// Larger than RFC 5321 allows, as in the parser.
const MAX_LINE_BYTES: usize = 2_000;
const MAX_REPLY_BYTES: usize = 64 * 1024;

/// What was found: answers, and whether it broke off, or ended in the middle of one.
#[derive(Debug, PartialEq)]
struct ParseResult {
    replies: Vec<RawReply>,
    endless: bool,
    whole: bool,
}

/// The first byte says how the others are cut.
fn parse(bytes: &[u8], piece: usize) -> ParseResult {
    let mut parser = ReplyParser::default();
    let mut found = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        parser.buffer().extend_from_slice(piece);
        loop {
            match parser.next() {
                Ok(Some(reply)) => found.push(reply),
                Ok(None) => break,
                Err(ReplyTooLong) => return ParseResult { replies: found, endless: true, whole: false },
            }
        }
        // Nothing but the beginning of a line is kept.
        assert!(parser.buffer().len() <= MAX_LINE_BYTES);
    }
    ParseResult { replies: found, endless: false, whole: parser.is_empty() }
}

/// The same, read plainly.
fn parse_plainly(bytes: &[u8]) -> ParseResult {
    let mut found = Vec::new();
    let mut partial: Option<RawReply> = None;
    let mut length = 0;
    let mut rest = bytes;
    loop {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            let endless = rest.len() > MAX_LINE_BYTES;
            return ParseResult { replies: found, endless, whole: !endless && rest.is_empty() && partial.is_none() };
        };
        let line = &rest[..end];
        rest = &rest[end + 1..];
        length += line.len() + 1;
        if line.len() > MAX_LINE_BYTES || length > MAX_REPLY_BYTES {
            return ParseResult { replies: found, endless: true, whole: false };
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
        let is_first = partial.is_none();
        let mut reply = partial.take().unwrap_or(RawReply { code: code.unwrap_or(0), text: String::new() });
        if !is_first {
            if code != Some(reply.code) {
                reply.code = 0;
            }
            reply.text.push('\n');
        }
        reply.text.push_str(&text);
        // A line without a code ends an answer only where it is all of it.
        if last && (is_first || code.is_some()) {
            length = 0;
            found.push(reply);
        } else {
            partial = Some(reply);
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((cut, bytes)) = input.split_first() else { return };
    let all = parse_plainly(bytes);
    for piece in [usize::from(*cut), 1, bytes.len()] {
        // What breaks off may do so before or after answers that came in the same piece.
        assert_eq!(parse(bytes, piece), all, "in pieces of {piece}");
    }
    for reply in &all.replies {
        assert!(reply.code == 0 || (200..600).contains(&reply.code));
        assert!(reply.text.len() <= 2 * MAX_REPLY_BYTES);
    }
});
