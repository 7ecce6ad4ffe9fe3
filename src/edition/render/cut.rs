//! Cuts a long text where a sentence ends. French typography is kept: words are parted at plain
//! spaces only, never at a no-break space, and no character that is made of several is cut in two.

use std::collections::BTreeSet;

use unicode_segmentation::UnicodeSegmentation;

/// The mark that says that something was left out.
const OMISSION_MARK: &str = "\u{a0}[…]";

/// Abbreviations after which a sentence goes on, whatever follows, without their dots; in lower case.
#[rustfmt::skip]
const ABBREVIATIONS: [&str; 64] = [
    "adj", "al", "approx", "apr", "av", "avr", "bd", "bibl", "boul", "bull", "c.-à-d", "cdt", "cf", "cie", "coll",
    "cte", "dept", "dr", "dre", "déc", "dép", "e.g", "etc", "ex", "fg", "févr", "gal", "gov", "hab", "i.e", "ibid",
    "inc", "janv", "jr", "juil", "lt", "ltd", "mgr", "mlle", "mm", "mme", "mmes", "mr", "mrs", "ms", "nb", "nov",
    "p.-s", "pr", "prof", "r.-v", "réf", "sgt", "sq", "sr", "st", "ste", "suiv", "sv", "trad", "tél", "univ", "vs",
    "éd",
];

/// The same where a number follows; else these are words.
#[rustfmt::skip]
const BEFORE_NUMBERS: [&str; 20] = [
    "app", "art", "cap", "ch", "chap", "col", "fasc", "fig", "ill", "liv", "no", "n°", "nº", "op", "pl", "pp", "pt",
    "sect", "tit", "vol",
];

/// The text if it has no more than so many characters, else its first sentences that fit, else its
/// first words, with a mark.
pub fn at_sentence(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let room = longest.saturating_sub(OMISSION_MARK.chars().count());
    // What comes far behind makes no difference.
    let text = text.char_indices().nth(4 * longest + 1_000).map_or(text, |(at, _)| &text[..at]);
    let pieces = [sentences(text), words(text), text.graphemes(true).collect()];
    let kept = pieces.into_iter().map(|pieces| fitting(&pieces, room)).find(|kept| !kept.trim_end().is_empty());
    format!("{}{OMISSION_MARK}", kept.unwrap_or_default().trim_end_matches([' ', '\n', '\t']))
}

/// The text if it has no more than so many UTF-16 units, as browsers count them, else its first words that fit, with
/// an ellipsis.
pub fn at_word(text: &str, longest: usize) -> String {
    let length = |text: &str| text.encode_utf16().count();
    if length(text) <= longest {
        return text.to_owned();
    }
    let pieces = [words(text), text.graphemes(true).collect()];
    let kept = pieces.into_iter().map(|pieces| {
        let mut kept = String::new();
        for piece in pieces {
            if length(&kept) + length(piece.trim_end()) >= longest {
                break;
            }
            kept.push_str(piece);
        }
        kept
    });
    let kept = kept.into_iter().find(|kept| !kept.trim_end().is_empty()).unwrap_or_default();
    format!("{}…", kept.trim_end())
}

fn fitting(pieces: &[&str], room: usize) -> String {
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

/// The words of a text, each with the plain space after it. A space that carries an accent is no
/// space.
fn words(text: &str) -> Vec<&str> {
    let ends = text.grapheme_indices(true).filter(|(_, cluster)| *cluster == " ").map(|(at, _)| at + 1);
    slices(text, ends)
}

/// The sentences of a text as UAX 29 tells them, less the ends that are none: after an abbreviation,
/// between quotation marks or brackets, and before a word in small letters.
fn sentences(text: &str) -> Vec<&str> {
    let quoted = enclosed(text);
    let is_end = |at: usize| {
        let (before, after) = text.split_at(at);
        !quoted.iter().any(|(open, close)| *open < at && at <= *close)
            && !after.trim_start().starts_with(char::is_lowercase)
            && !ends_in_abbreviation(before, after)
    };
    let bounds = text.split_sentence_bound_indices().map(|(at, _)| at).filter(|at| *at > 0);
    // French parts the closing mark from the sentence before it, and the standard sees the end between.
    let closed = quoted.iter().filter_map(|(open, close)| end_of_quotation(text, *open, *close));
    let ends: BTreeSet<usize> = bounds.chain(closed).filter(|at| is_end(*at)).collect();
    slices(text, ends.into_iter())
}

/// Where a sentence ends that ends with a quotation: its last sentence is whole, and another follows.
fn end_of_quotation(text: &str, open: usize, close: usize) -> Option<usize> {
    let whole = text[open..close].trim_end().ends_with(['.', '!', '?', '…']);
    let after = text[close..].char_indices().nth(1).map(|(length, _)| close + length)?;
    let next = text[after..].trim_start_matches(' ');
    let parted = next.len() < text.len() - after;
    (whole && parted && next.starts_with(char::is_uppercase)).then(|| text.len() - next.len())
}

/// A text in pieces that end at these places.
fn slices(text: &str, ends: impl Iterator<Item = usize>) -> Vec<&str> {
    let mut from = 0;
    let mut slices = Vec::new();
    for end in ends.chain([text.len()]) {
        slices.push(&text[from..end]);
        from = end;
    }
    slices
}

/// Whether the last word of a text is an abbreviation or somebody's initial, by what follows it.
fn ends_in_abbreviation(text: &str, after: &str) -> bool {
    let parts_words = |c: char| c.is_whitespace() || matches!(c, '’' | '\'' | '(' | '[' | '«' | '“' | '"' | '\u{2060}');
    let text = text.trim_end();
    let word = text.rsplit(parts_words).next().unwrap_or_default();
    let Some(word) = word.strip_suffix('.') else { return false };
    // J.-C., N. B., U.S.: letters one by one.
    let last = word.rsplit(['.', '-']).next().unwrap_or_default();
    let single = last.graphemes(true).count() == 1 && last.chars().all(char::is_alphabetic);
    let word = word.to_lowercase();
    single || ABBREVIATIONS.contains(&&*word) || (BEFORE_NUMBERS.contains(&&*word) && begins_with_number(after))
}

/// Whether a text begins with a number, in digits or in Roman letters.
fn begins_with_number(text: &str) -> bool {
    let word = text.trim_start().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let roman = !word.is_empty() && word.bytes().all(|byte| b"IVXLCDM".contains(&byte));
    roman || word.starts_with(|c: char| c.is_ascii_digit())
}

/// Where quotations and brackets begin and end, from the mark that opens to the one that closes. One
/// that is never closed is none.
fn enclosed(text: &str) -> Vec<(usize, usize)> {
    const PAIRS: [(char, char); 8] =
        [('«', '»'), ('“', '”'), ('„', '”'), ('„', '“'), ('‹', '›'), ('(', ')'), ('[', ']'), ('「', '」')];
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut found = Vec::new();
    for (at, c) in text.char_indices() {
        let closes = |opened: char| (opened == '"' && c == '"') || PAIRS.contains(&(opened, c));
        if let Some(place) = open.iter().rposition(|(_, opened)| closes(*opened)) {
            found.push((open[place].0, at));
            open.truncate(place);
        } else if c == '"' || PAIRS.iter().any(|(opens, _)| *opens == c) {
            open.push((at, c));
        }
    }
    found
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
    fn a_sentence_ends_where_it_ends() {
        for whole in [
            "Le patron dit\u{a0}: «\u{a0}Où\u{a0}? Nul ne sait. Rien.\u{a0}» Puis il partit.",
            "Elle dit “Non. Jamais.” et “Oui.” puis \"Peut-être. Qui sait?\" encore.",
            "On vit M. Le Goff, MM. Kerjean et Le Bras, Mme. Ar Gall, le Dr. Morvan et Mgr. X.",
            "Une amphore de 47 av. J.-C. Encore pleine, et une de 12 apr. J.-C. Vide.",
            "Voir p. 12, pp. 13 à 15, chap. IV, vol. 2, fig. 3, n°. 7, cf. Tome 2, éd. A. B. Kerjean.",
            "À St. Malo, les mouettes, etc. Il dort (Il pleut. Il vente.) Toujours.",
            "«\u{a0}Quoi\u{a0}?\u{a0}» demanda-t-il. ",
            "Quoi\u{a0}! dit-elle.",
            "L’av. J.-B. Le Goff plaide.",
        ] {
            let text = format!("{whole} Fin de tout cela.");
            let pieces = sentences(&text);
            let wrong: Vec<_> = pieces.iter().filter(|piece| ends_in_abbreviation(piece, "12")).collect();
            assert!(wrong.is_empty(), "{pieces:?}");
        }
        for (text, pieces) in [
            (
                "Il dit\u{a0}: «\u{a0}Où\u{a0}? Nul ne sait.\u{a0}» Puis il partit. M. Le Goff resta.",
                &["Il dit\u{a0}: «\u{a0}Où\u{a0}? Nul ne sait.\u{a0}» ", "Puis il partit. ", "M. Le Goff resta."][..],
            ),
            ("(Il pleut. Il vente.) Toujours. Oui", &["(Il pleut. Il vente.) ", "Toujours. ", "Oui"]),
            ("Quoi\u{a0}! dit-elle. Rien.", &["Quoi\u{a0}! dit-elle. ", "Rien."]),
            ("Au col. Le vol. 2, art. XII. Oui.", &["Au col. ", "Le vol. 2, art. XII. ", "Oui."]),
            ("Sous Louis XIV. Il pleut.", &["Sous Louis XIV. ", "Il pleut."]),
            // Quotation marks that are never closed hold nothing together.
            ("Il dit « Où ? Là. Puis rien.", &["Il dit « Où ? ", "Là. ", "Puis rien."]),
            ("Écran de 12\" net. Puis rien.", &["Écran de 12\" net. ", "Puis rien."]),
        ] {
            assert_eq!(sentences(text), pieces);
        }
    }

    #[test]
    fn cuts_between_words_where_no_sentence_fits() {
        assert_eq!(at_sentence("Une phrase si longue qu’elle n’entre pas", 18), "Une phrase si\u{a0}[…]");
        assert_eq!(at_sentence("anticonstitutionnellement", 10), "antico\u{a0}[…]");
        let cut = at_sentence("Il demande «\u{202f}Où\u{202f}?\u{202f}» et puis s’en va", 18);
        assert_eq!(cut, "Il demande\u{a0}[…]");
    }

    #[test]
    fn what_is_one_character_to_readers_stays_one() {
        let family = "👩\u{200d}👩\u{200d}👧";
        assert_eq!(at_sentence(&family.repeat(4), 12), format!("{family}\u{a0}[…]"));
        assert_eq!(at_sentence(&"e\u{301}".repeat(12), 9), "e\u{301}e\u{301}\u{a0}[…]");
        assert_eq!(at_sentence("abcd \u{301}efghij kl", 12), "abcd \u{301}ef\u{a0}[…]");
        assert_eq!(at_sentence(&"e\u{301}".repeat(12), 5), "\u{a0}[…]");
    }
}
