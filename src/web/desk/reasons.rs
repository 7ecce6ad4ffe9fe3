//! Refused letters by the reason that a relay gave: the code with its enhanced one, as far as there is one, else
//! the first words. What else it says differs from letter to letter.

use super::pages::RefusalGroup;

/// Reasons that are shown: a relay that says something else to each has no more of them than a page holds.
const FIELD_LIMITS: usize = 20;

/// How many words stand for a reason that has no enhanced code.
const WORDS: usize = 5;

/// How many characters of an example are shown.
const EXAMPLE: usize = 160;

/// The reasons in some refusals, each with its letters: those that have it, as trying them again counts them.
pub(super) fn of(refusals: &[(String, i64)]) -> Vec<RefusalGroup> {
    let mut reasons: Vec<RefusalGroup> = Vec::new();
    for (words, _) in refusals {
        let reason = reason(words);
        if reasons.iter().all(|other| other.reason != reason) && !reason.is_empty() {
            let holds = |other: &str| other.to_ascii_lowercase().contains(&reason.to_ascii_lowercase());
            let letters = refusals.iter().filter(|(other, _)| holds(other)).map(|(_, count)| count).sum();
            let example = if words.contains('@') { String::new() } else { words.chars().take(EXAMPLE).collect() };
            reasons.push(RefusalGroup {
                example: if example == reason { String::new() } else { example },
                reason,
                letters,
            });
        }
    }
    reasons.sort_by(|a, b| b.letters.cmp(&a.letters).then_with(|| a.reason.cmp(&b.reason)));
    reasons.truncate(FIELD_LIMITS);
    reasons
}

/// What a refusal has in common with others for the same reason.
fn reason(words: &str) -> String {
    let is_code = |word: &str| word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    let all: Vec<&str> = words.split_ascii_whitespace().collect();
    let first = all.iter().position(|word| is_code(word)).unwrap_or(0);
    let mut own: Vec<&str> = Vec::new();
    for word in all.into_iter().skip(first).take(WORDS) {
        if word.contains('@') {
            break;
        }
        own.push(word);
        if own.len() == 2 && is_enhanced(word) {
            break;
        }
    }
    own.join(" ")
}

fn is_enhanced(word: &str) -> bool {
    let mut numbers = word.split('.');
    let mut number = || numbers.next().is_some_and(|n| (1..=3).contains(&n.len()) && n.parse::<u16>().is_ok());
    number() && number() && number() && numbers.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_their_reasons() {
        let said = [
            ("550 5.1.1 <a@example.org>: nobody", 2),
            ("550 5.1.1 <b@example.org>: nobody", 1),
            ("550 relay not permitted", 5),
            ("given up after 12 tries: 450 4.2.1 the mailbox is full", 1),
            ("554 no, a@example.org", 1),
            ("the letter has 5 bytes, too many", 1),
            ("", 3),
        ];
        let said: Vec<(String, i64)> = said.iter().map(|(words, count)| ((*words).to_owned(), *count)).collect();
        let reasons: Vec<(String, i64, String)> =
            of(&said).into_iter().map(|refusal| (refusal.reason, refusal.letters, refusal.example)).collect();
        let own = |reason: &str, letters, example: &str| (reason.to_owned(), letters, example.to_owned());
        assert_eq!(
            reasons,
            [
                own("550 relay not permitted", 5, ""),
                own("550 5.1.1", 3, ""),
                own("450 4.2.1", 1, "given up after 12 tries: 450 4.2.1 the mailbox is full"),
                own("554 no,", 1, ""),
                own("the letter has 5 bytes,", 1, "the letter has 5 bytes, too many"),
            ]
        );
    }
}
