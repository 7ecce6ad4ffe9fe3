//! How alike two texts are: what an editor has mended is still the same text.

use std::collections::HashMap;

use crate::model::text;

/// The pieces of a text, with how often each stands in it: its words, or, where a text has no breaks
/// between words, pairs of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenCounts {
    counts: HashMap<String, usize>,
    total: usize,
}

impl TokenCounts {
    pub fn of(text: &str) -> Self {
        let mut pieces = Self { counts: HashMap::new(), total: 0 };
        for word in text::words(text) {
            if word.chars().any(is_unbroken) {
                let chars: Vec<char> = word.chars().collect();
                if let [one] = chars[..] {
                    pieces.add(one.to_string());
                }
                for pair in chars.windows(2) {
                    pieces.add(pair.iter().collect());
                }
            } else {
                pieces.add(word);
            }
        }
        pieces
    }

    fn add(&mut self, piece: String) {
        *self.counts.entry(piece).or_default() += 1;
        self.total += 1;
    }

    /// How many pieces these words make, as [`text::words`] gives them.
    pub fn count_of(words: &[String]) -> usize {
        let pieces = |word: &String| if word.chars().any(is_unbroken) { (word.chars().count() - 1).max(1) } else { 1 };
        words.iter().map(pieces).sum()
    }

    pub fn count(&self) -> usize {
        self.total
    }

    /// From 0, nothing in common, to 1, the same pieces (Dice's coefficient).
    pub fn similarity(&self, other: &Self) -> f64 {
        let (small, large) = if self.counts.len() <= other.counts.len() { (self, other) } else { (other, self) };
        let common: usize = small.counts.iter().map(|(piece, n)| *n.min(large.counts.get(piece).unwrap_or(&0))).sum();
        match self.total + other.total {
            0 => 1.0,
            all => ratio(2 * common, all),
        }
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    // Texts are shorter than four thousand million words.
    f64::from(u32::try_from(part).unwrap_or(u32::MAX)) / f64::from(u32::try_from(whole).unwrap_or(u32::MAX))
}

/// Characters of scripts that put no breaks between words.
fn is_unbroken(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}'      // Thai, Lao
        | '\u{1000}'..='\u{109F}'    // Burmese
        | '\u{1780}'..='\u{17FF}'    // Khmer
        | '\u{3040}'..='\u{30FF}'    // Hiragana, Katakana
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'    // Han
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(a: &str, b: &str) -> f64 {
        TokenCounts::of(a).similarity(&TokenCounts::of(b))
    }

    #[test]
    fn words_count_and_so_do_pairs_of_characters_without_breaks() {
        assert!((like("", "") - 1.0).abs() < 1e-9);
        assert!((like("La mer monte", "la MER, monte !") - 1.0).abs() < 1e-9);
        assert!(like("La mer monte", "Un phare éteint") < 1e-9);
        assert!((like("La mer monte vite", "La mer descend vite") - 0.75).abs() < 1e-9);
        assert!(like("春の海ひねもすのたりのたりかな", "春の海ひねもすのたりのたり哉") > 0.8);
        assert!(like("春の海ひねもすのたり", "古池や蛙飛びこむ水の音") < 0.3);
    }
}
