//! The headers of a letter, as people read them.

use data_encoding::BASE64;

/// What an encoded word begins with (RFC 2047): our letters have no others.
const BEGIN: &str = "=?utf-8?b?";
const END: &str = "?=";

/// A letter's headers, each on one line, with what is encoded in them decoded.
pub(super) fn head(letter: &[u8]) -> String {
    let text = String::from_utf8_lossy(letter);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ").replace("\r\n", "\n");
    decoded(&unfolded)
}

/// A text with its encoded words decoded; white space between two of them belongs to neither.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut is_behind_word) = (text, false);
    while let Some(at) = find_word(rest) {
        let (before, word) = rest.split_at(at);
        let inner = &word[BEGIN.len()..];
        let Some((encoded, after)) = inner.split_once(END) else { break };
        let Some(words) = BASE64.decode(encoded.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
            break;
        };
        if !(is_behind_word && before.trim_matches(' ').is_empty()) {
            out.push_str(before);
        }
        out.push_str(&words);
        (rest, is_behind_word) = (after, true);
    }
    out.push_str(rest);
    out
}

fn find_word(text: &str) -> Option<usize> {
    text.to_ascii_lowercase().find(BEGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_what_people_read() {
        let letter =
            b"Subject: =?utf-8?b?w4l0w6k=?= =?UTF-8?B?IGZpbmk=?= !\r\nFrom: \"L\" <a@example.org>\r\nX: a\r\n \
                       b =?utf-8?b?!?=\r\n\r\nSubject: =?utf-8?b?w4k=?=";
        assert_eq!(head(letter), "Subject: Été fini !\nFrom: \"L\" <a@example.org>\nX: a b =?utf-8?b?!?=");
    }
}
