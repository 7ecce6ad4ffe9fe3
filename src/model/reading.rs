//! How long it takes to read a text.

/// How many words somebody reads in a minute who reads for pleasure.
const WORDS_PER_MINUTE: usize = 220;

/// A text of fewer words is none that anybody takes time for: a stub, or the beginning of what stands elsewhere.
const LEAST_WORDS: usize = 50;

/// The number of words in HTML: what stands between white space and tags and holds a letter or a digit. A no-break
/// space parts none: in French it stands before marks.
pub fn words(html: &str) -> usize {
    let (mut count, mut in_tag, mut in_word) = (0, false, false);
    for byte in html.bytes() {
        match byte {
            b'>' if in_tag => in_tag = false,
            _ if in_tag => {}
            b'<' => (in_tag, in_word) = (true, false),
            b' ' | b'\t' | b'\n' | b'\r' => in_word = false,
            byte if !in_word && (byte.is_ascii_alphanumeric() || byte >= 0x80) => {
                in_word = true;
                count += 1;
            }
            _ => {}
        }
    }
    count
}

/// The minutes that so many words take, at least one; none for a few words.
pub fn minutes(words: usize) -> Option<u64> {
    (words >= LEAST_WORDS).then(|| words.div_ceil(WORDS_PER_MINUTE) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_without_tags_and_marks() {
        for (html, count) in [
            ("", 0),
            ("<p></p> – ", 1),
            ("<p>Le phare ne dort que d’un œil.</p><p>«\u{a0}Quoi\u{202f}?\u{a0}» dit-elle.</p>", 9),
            ("<a href=\"https://a.example/b c\">ici</a> , là ; 12 !", 3),
            ("<ul><li>un</li><li>deux</li></ul>", 2),
        ] {
            assert_eq!(words(html), count, "{html}");
        }
    }

    #[test]
    fn a_text_takes_whole_minutes() {
        assert_eq!([0, 49, 50, 220, 221, 1_100].map(minutes), [None, None, Some(1), Some(1), Some(2), Some(5)]);
    }
}
