//! Cuts a long text where a sentence ends. French typography is kept: words are parted at plain
//! spaces only, never at a no-break space.

use unicode_segmentation::UnicodeSegmentation;

/// The mark that says that something was left out.
const MARK: &str = "\u{a0}[…]";

/// The text if it has no more than so many characters, else its first sentences that fit, else its
/// first words, with a mark.
pub fn at_sentence(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let room = longest.saturating_sub(MARK.chars().count());
    let sentences = fitting(text.split_sentence_bounds(), room);
    let kept = if sentences.trim_end().is_empty() { fitting(text.split_inclusive(' '), room) } else { sentences };
    // One word longer than all the room there is.
    let kept = if kept.is_empty() { text.chars().take(room).collect() } else { kept };
    format!("{}{MARK}", kept.trim_end_matches([' ', '\n', '\t']))
}

fn fitting<'a>(pieces: impl Iterator<Item = &'a str>, room: usize) -> String {
    let mut kept = String::new();
    let mut used = 0;
    for piece in pieces {
        // White space at a piece's end does not count: it is trimmed if it comes last.
        if used + piece.trim_end().chars().count() > room {
            break;
        }
        used += piece.chars().count();
        kept.push_str(piece);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_after_whole_sentences() {
        let text =
            "La mer monte. Qui l’eût cru\u{202f}? Personne, ou presque\u{202f}: les mouettes. Et nous, alors\u{202f}?";
        assert_eq!(at_sentence(text, 1_000), text);
        assert_eq!(at_sentence(text, 45), "La mer monte. Qui l’eût cru\u{202f}?\u{a0}[…]");
    }

    #[test]
    fn cuts_between_words_where_no_sentence_fits() {
        assert_eq!(at_sentence("Une phrase si longue qu’elle n’entre pas", 18), "Une phrase si\u{a0}[…]");
        assert_eq!(at_sentence("anticonstitutionnellement", 10), "antico\u{a0}[…]");
        let cut = at_sentence("Il demande «\u{202f}Où\u{202f}?\u{202f}» et puis s’en va", 18);
        assert_eq!(cut, "Il demande\u{a0}[…]");
    }
}
