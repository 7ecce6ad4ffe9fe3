//! Letters that a relay refused for good. One such answer is a reader's own affair; the same to all of
//! them is a wrong setting of ours, and must cost nobody a letter or the place on the list. So these
//! answers are weighed together before they count: until then the letters stand in the ledger as
//! deferred.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};

use super::erase::without_address;
use crate::{
    model::LetterState,
    store::{Lease, Leased, Settlement},
};

/// From so many refusals on their share counts. Fewer are believed, if anything was taken.
const MANY: u32 = 10;

/// After so many in a row from the beginning nothing more is tried: at several domains …
const FIRST: u32 = 20;
/// … or at few.
const FIRST_OF_FEW: u32 = 100;

/// So many domains are several.
const SEVERAL: usize = 3;

/// When so many wait and the relay takes most letters, they are settled before the end.
const RIPE: usize = 256;

/// How many domains are named.
const NAMED: usize = 4;

/// A letter that was refused for good, deferred in the ledger for now.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    lease: Lease,
    domain: String,
    words: String,
    /// The relay says that there is no such address.
    no_address: bool,
    /// It had been tried before, and somebody let it go once more.
    again: bool,
}

impl Refusal {
    pub(super) fn new(leased: &Leased, words: &str, no_address: bool) -> Self {
        Self {
            lease: leased.lease,
            domain: domain(leased).to_owned(),
            words: without_address(words, &leased.letter.address.to_string()),
            no_address,
            again: leased.letter.attempts > 0,
        }
    }
}

/// How many letters to a domain were taken, and how many refused for good.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    taken: u32,
    refused: u32,
}

impl Count {
    /// Whether no list explains so many refusals.
    fn is_suspect(self) -> bool {
        self.refused >= MANY && self.refused > self.taken / 2
    }
}

/// What one relay took and refused in a round.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    all: Count,
    domains: HashMap<u64, Count>,
    waiting: Vec<Refusal>,
    distrusted: bool,
}

/// What is to be done about refusals.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ruling {
    /// What becomes of letters.
    pub(super) settled: Vec<Settlement>,
    /// Why the relay is not believed, if it is not.
    pub(super) distrust: Option<String>,
}

impl Refusals {
    /// The relay took a letter.
    pub(super) fn taken(&mut self, domain: u64) {
        self.all.taken += 1;
        self.domains.entry(domain).or_default().taken += 1;
    }

    /// Whether the relay took anything.
    pub(super) fn has_taken(&self) -> bool {
        self.all.taken > 0
    }

    /// The relay refused a letter for good. `others_take` says that other relays take letters, which
    /// makes it clear sooner that this one takes none.
    pub(super) fn refused(&mut self, refusal: Refusal, others_take: bool) {
        self.all.refused += 1;
        self.domains.entry(key(&refusal.domain)).or_default().refused += 1;
        self.waiting.push(refusal);
        let enough = match () {
            () if others_take => MANY,
            () if self.domains.len() >= SEVERAL => FIRST,
            () => FIRST_OF_FEW,
        };
        let first = self.all.taken == 0 && self.all.refused >= enough;
        let most = self.all.refused >= FIRST_OF_FEW && self.all.refused > self.all.taken;
        self.distrusted |= first || most;
    }

    /// Whether letters wait that could be settled before the round ends.
    pub(super) fn is_ripe(&self) -> bool {
        (self.distrusted && !self.waiting.is_empty()) || (self.waiting.len() >= RIPE && !self.all.is_suspect())
    }

    /// Rules about the refusals that wait: all of them when the round is over, or else those that are
    /// beyond doubt. `before` says how many letters of the edition were taken in earlier rounds.
    pub(super) fn rule(&mut self, relay: &str, is_over: bool, before: u64) -> Ruling {
        let nothing = self.all.taken == 0 && (before == 0 || self.all.refused >= MANY);
        let all = self.distrusted || nothing || self.all.is_suspect();
        if self.waiting.is_empty() || (all && !is_over && !self.distrusted) {
            return Ruling::default();
        }
        let waiting = std::mem::take(&mut self.waiting);
        let mut ruling = Ruling::default();
        let mut doubted: Vec<Refusal> = Vec::new();
        for refusal in waiting {
            let count = self.domains.get(&key(&refusal.domain)).copied().unwrap_or_default();
            let suspect = all || count.is_suspect();
            if suspect && !is_over && !self.distrusted {
                self.waiting.push(refusal);
            } else if suspect && (nothing || !refusal.again) {
                doubted.push(refusal);
            } else {
                let suppress = refusal.no_address && count.taken > 0;
                ruling.settled.push(settled(&refusal, LetterState::Failed, 0, suppress));
            }
        }
        if !doubted.is_empty() {
            ruling.distrust = Some(self.words(relay, &doubted));
            // Where nothing was taken, nothing was tried either.
            let tries = if nothing { -1 } else { 0 };
            ruling.settled.extend(doubted.iter().map(|r| settled(r, LetterState::Queued, tries, false)));
        }
        ruling
    }

    /// What the relay refuses and what that mostly means, with numbers.
    fn words(&self, relay: &str, doubted: &[Refusal]) -> String {
        let mut each: BTreeMap<&str, (u32, Count)> = BTreeMap::new();
        let mut answers: BTreeMap<&str, u32> = BTreeMap::new();
        for refusal in doubted {
            let count = self.domains.get(&key(&refusal.domain)).copied().unwrap_or_default();
            each.entry(&refusal.domain).or_insert((0, count)).0 += 1;
            *answers.entry(&refusal.words).or_default() += 1;
        }
        let mut each: Vec<_> = each.into_iter().collect();
        each.sort_by_key(|(_, (refused, _))| std::cmp::Reverse(*refused));
        let named = each.iter().take(NAMED).map(|(domain, (refused, count))| {
            format!("{domain} {refused} of {}", count.taken + count.refused.max(*refused))
        });
        let named = named.collect::<Vec<_>>().join(", ");
        let more = if each.len() > NAMED { format!(" and {} more domains", each.len() - NAMED) } else { String::new() };
        let answer = answers.into_iter().max_by_key(|(_, count)| *count).map_or("", |(answer, _)| answer);
        let no_address = doubted.iter().all(|refusal| refusal.no_address);
        let Count { taken, refused } = self.all;
        let share = match taken {
            0 => format!("all of {refused} letters that were tried"),
            _ => format!("{refused} of {} letters, more than a list explains", taken + refused),
        };
        format!("{relay} refuses {share} ({named}{more}): {answer}: {}", meaning(answer, no_address))
    }
}

/// What an answer to everybody mostly means.
fn meaning(answer: &str, no_address: bool) -> &'static str {
    let answer = answer.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| answer.contains(word));
    if says(&["relay"]) {
        "mostly it does not know us: a login is missing, or this machine's address is not allowed there"
    } else if no_address || says(&["user unknown", "no such user", "mailbox unavailable", "unknown recipient"]) {
        "mostly it is the wrong host, or one whose list of addresses is empty"
    } else if answer.starts_with("552") || says(&["too large", "too big", "size"]) {
        "mostly letters are too large for it"
    } else if says(&["spam", "blocked", "blacklist", "content", "reputation", "policy"]) {
        "mostly its filter does not want the letter, or us"
    } else if says(&["auth"]) {
        "mostly it wants a login"
    } else {
        "its log may say more"
    }
}

fn settled(refusal: &Refusal, state: LetterState, tries: i64, suppress: bool) -> Settlement {
    Settlement { lease: refusal.lease, state, due: None, reply: refusal.words.clone(), tries, suppress }
}

/// The domain that a letter goes to.
pub(super) fn domain(leased: &Leased) -> &str {
    leased.letter.address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// A domain in eight bytes: a long list has many.
pub(super) fn key(domain: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    domain.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(number: i64, address: &str, words: &str, again: bool) -> Refusal {
        let letter = crate::model::Letter {
            id: number,
            reader: crate::model::ReaderId::NOBODY,
            variant: 1,
            address: address.to_owned(),
            name: None,
            attempts: i64::from(again),
        };
        let leased = Leased { lease: Lease::for_tests(number), letter };
        Refusal::new(&leased, words, words.contains("5.1.1"))
    }

    /// So many letters taken and refused by domain; what is ruled in the end, in words.
    fn ruled(taken: &[(&str, u32)], refused: &[(&str, u32)], words: &str, before: u64, again: bool) -> String {
        let mut refusals = Refusals::default();
        for (domain, count) in taken {
            (0..*count).for_each(|_| refusals.taken(key(domain)));
        }
        let mut number = 0;
        for (domain, count) in refused {
            for _ in 0..*count {
                number += 1;
                refusals.refused(refusal(number, &format!("r{number}@{domain}"), words, again), false);
            }
        }
        let ruling = refusals.rule("main", true, before);
        let count =
            |state, suppress| ruling.settled.iter().filter(|s| s.state == state && s.suppress == suppress).count();
        format!(
            "{} failed, {} suppressed, {} queued; {}",
            count(LetterState::Failed, false),
            count(LetterState::Failed, true),
            count(LetterState::Queued, false),
            ruling.distrust.unwrap_or_else(|| "believed".into())
        )
    }

    #[test]
    fn a_few_refusals_are_the_readers_own() {
        let nobody = "550 5.1.1 nobody";
        assert_eq!(ruled(&[("a", 2)], &[("a", 1)], nobody, 0, false), "0 failed, 1 suppressed, 0 queued; believed");
        // Nobody of their domain was taken: they stay on the list.
        assert_eq!(ruled(&[("a", 2)], &[("b", 2)], nobody, 0, false), "2 failed, 0 suppressed, 0 queued; believed");
        assert_eq!(ruled(&[("a", 100)], &[("a", 30)], nobody, 0, false), "0 failed, 30 suppressed, 0 queued; believed");
        assert_eq!(
            ruled(&[("a", 2)], &[("a", 1)], "552 too large", 0, false),
            "1 failed, 0 suppressed, 0 queued; believed"
        );
        // One that was left over from a round in which others were taken.
        assert_eq!(ruled(&[], &[("a", 1)], nobody, 50, false), "1 failed, 0 suppressed, 0 queued; believed");
    }

    #[test]
    fn what_no_list_explains_stays_in_the_queue() {
        insta::assert_snapshot!([
            ruled(&[], &[("a", 1)], "550 relay not permitted", 0, false),
            ruled(&[], &[("a", 12), ("b", 8)], "550 5.1.1 nobody", 0, false),
            ruled(&[], &[("a", 12)], "554 looks like spam", 50, false),
            ruled(&[("a", 10)], &[("a", 6), ("b", 3), ("c", 1), ("d", 1), ("e", 1)], "552 no", 0, false),
            ruled(&[("a", 90), ("b", 1)], &[("a", 2), ("b", 11)], "550 5.1.1 nobody", 0, false),
            // Once more, though somebody has looked at it.
            ruled(&[("a", 90)], &[("b", 11)], "550 5.1.1 nobody", 0, true),
            ruled(&[], &[("b", 11)], "550 5.1.1 nobody", 0, true),
        ].join("\n"), @r"
        0 failed, 0 suppressed, 1 queued; main refuses all of 1 letters that were tried (a 1 of 1): 550 relay not permitted: mostly it does not know us: a login is missing, or this machine's address is not allowed there
        0 failed, 0 suppressed, 20 queued; main refuses all of 20 letters that were tried (a 12 of 12, b 8 of 8): 550 5.1.1 nobody: mostly it is the wrong host, or one whose list of addresses is empty
        0 failed, 0 suppressed, 12 queued; main refuses all of 12 letters that were tried (a 12 of 12): 554 looks like spam: mostly its filter does not want the letter, or us
        0 failed, 0 suppressed, 12 queued; main refuses 12 of 22 letters, more than a list explains (a 6 of 16, b 3 of 3, c 1 of 1, d 1 of 1 and 1 more domains): 552 no: mostly letters are too large for it
        0 failed, 2 suppressed, 11 queued; main refuses 13 of 104 letters, more than a list explains (b 11 of 12): 550 5.1.1 nobody: mostly it is the wrong host, or one whose list of addresses is empty
        11 failed, 0 suppressed, 0 queued; believed
        0 failed, 0 suppressed, 11 queued; main refuses all of 11 letters that were tried (b 11 of 11): 550 5.1.1 nobody: mostly it is the wrong host, or one whose list of addresses is empty
        ");
    }

    #[test]
    fn who_refuses_everybody_is_not_asked_to_the_end() {
        let mut refusals = Refusals::default();
        for number in 0..i64::from(FIRST) {
            assert!(!refusals.is_ripe(), "after {number}");
            refusals.refused(refusal(number, &format!("r@d{}", number % 5), "550 no", false), false);
        }
        assert!(refusals.is_ripe());
        let ruling = refusals.rule("main", false, 0);
        assert!(ruling.distrust.is_some() && ruling.settled.iter().all(|s| s.state == LetterState::Queued));
        // Where others take letters, it is clear sooner.
        let mut refusals = Refusals::default();
        (0..i64::from(MANY)).for_each(|number| refusals.refused(refusal(number, "r@a", "550 no", false), true));
        assert!(refusals.is_ripe());
        // Of one that takes most, many refusals are settled on the way.
        let mut refusals = Refusals::default();
        (0..1_000).for_each(|_| refusals.taken(key("a")));
        (0..RIPE as i64).for_each(|number| refusals.refused(refusal(number, "r@a", "550 no", false), false));
        assert!(refusals.is_ripe());
        let ruling = refusals.rule("main", false, 0);
        assert_eq!((ruling.distrust, ruling.settled.len()), (None, RIPE));
    }
}
