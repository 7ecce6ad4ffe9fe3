//! Letters that a relay refused for good. One refusal is about one reader; if most letters are refused, a setting of
//! ours is wrong, and no reader must lose a letter or the subscription by that. So refusals are judged together before
//! they count. Until then the letters are deferred in the ledger.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};

use super::smtp::without_address;
use crate::{
    model::LetterState,
    store::{Lease, Leased, Settlement},
};

/// From so many refusals on, their share of all letters counts. Fewer are believed if anything was accepted.
const MIN_REFUSALS_FOR_SHARE: u32 = 10;

/// After so many refusals before any letter was accepted, nothing more is tried: if they are of several domains …
const MAX_FIRST_REFUSALS: u32 = 20;
/// … or of few.
const MAX_FIRST_REFUSALS_FEW_DOMAINS: u32 = 100;

/// From so many on, domains are several.
const SEVERAL_DOMAINS: usize = 3;

/// When so many wait and the relay accepts most letters, they are judged before the session ends.
const EARLY_JUDGED_REFUSALS: usize = 256;

/// How many domains a message names.
const MAX_NAMED_DOMAINS: usize = 4;

/// A letter that was refused for good, deferred in the ledger for now.
#[derive(Debug, Clone)]
pub(super) struct RelayRefusal {
    lease: Lease,
    domain: String,
    words: String,
    /// The relay says that there is no such address.
    no_address: bool,
    /// It was refused in an earlier session, and somebody let it go once more.
    retried: bool,
}

impl RelayRefusal {
    pub(super) fn new(leased: &Leased, words: &str, no_address: bool) -> Self {
        Self {
            lease: leased.lease,
            domain: domain(leased).to_owned(),
            words: without_address(words, &leased.letter.address.to_string()),
            no_address,
            retried: leased.letter.attempts > 0,
        }
    }
}

/// How many letters to a domain were accepted, and how many refused for good.
#[derive(Debug, Clone, Copy, Default)]
struct RefusalCount {
    accepted: u32,
    refused: u32,
}

impl RefusalCount {
    /// Whether no list explains so many refusals.
    fn is_suspect(self) -> bool {
        self.refused >= MIN_REFUSALS_FOR_SHARE && self.refused > self.accepted / 2
    }
}

/// What one relay accepted and refused in a session.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    all: RefusalCount,
    domains: HashMap<u64, RefusalCount>,
    waiting: Vec<RelayRefusal>,
    distrusted: bool,
}

/// What follows from refusals that were judged together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RefusalDecision {
    pub(super) settled: Vec<Settlement>,
    /// Why the relay's refusals are not believed, if they are not.
    pub(super) distrust: Option<String>,
}

impl Refusals {
    /// The relay accepted a letter to a domain.
    pub(super) fn accepted(&mut self, domain: u64) {
        self.all.accepted += 1;
        self.domains.entry(domain).or_default().accepted += 1;
    }

    /// Whether the relay accepted any letter.
    pub(super) fn has_accepted(&self) -> bool {
        self.all.accepted > 0
    }

    /// The relay refused a letter for good. If other relays accept letters, it is clear sooner that this one accepts
    /// none.
    pub(super) fn refused(&mut self, refusal: RelayRefusal, other_relays_accept: bool) {
        self.all.refused += 1;
        self.domains.entry(domain_hash(&refusal.domain)).or_default().refused += 1;
        self.waiting.push(refusal);
        let max_first = match () {
            () if other_relays_accept => MIN_REFUSALS_FOR_SHARE,
            () if self.domains.len() >= SEVERAL_DOMAINS => MAX_FIRST_REFUSALS,
            () => MAX_FIRST_REFUSALS_FEW_DOMAINS,
        };
        let refuses_all = self.all.accepted == 0 && self.all.refused >= max_first;
        let refuses_most = self.all.refused >= MAX_FIRST_REFUSALS_FEW_DOMAINS && self.all.refused > self.all.accepted;
        self.distrusted |= refuses_all || refuses_most;
    }

    /// Whether refusals can be judged before the session ends.
    pub(super) fn can_be_judged(&self) -> bool {
        (self.distrusted && !self.waiting.is_empty())
            || (self.waiting.len() >= EARLY_JUDGED_REFUSALS && !self.all.is_suspect())
    }

    /// Judges the refusals that wait: all of them when the session is over, or else those that are beyond doubt.
    /// `accepted_before` letters of the edition were accepted in earlier sessions.
    pub(super) fn decide(&mut self, relay: &str, is_over: bool, accepted_before: u64) -> RefusalDecision {
        let none_accepted =
            self.all.accepted == 0 && (accepted_before == 0 || self.all.refused >= MIN_REFUSALS_FOR_SHARE);
        let is_all_suspect = self.distrusted || none_accepted || self.all.is_suspect();
        if self.waiting.is_empty() || (is_all_suspect && !is_over && !self.distrusted) {
            return RefusalDecision::default();
        }
        let waiting = std::mem::take(&mut self.waiting);
        let mut decision = RefusalDecision::default();
        let mut distrusted_refusals: Vec<RelayRefusal> = Vec::new();
        for refusal in waiting {
            let count = self.domains.get(&domain_hash(&refusal.domain)).copied().unwrap_or_default();
            let is_suspect = is_all_suspect || count.is_suspect();
            if is_suspect && !is_over && !self.distrusted {
                self.waiting.push(refusal);
            } else if is_suspect && (none_accepted || !refusal.retried) {
                distrusted_refusals.push(refusal);
            } else {
                let suppress = refusal.no_address && count.accepted > 0;
                decision.settled.push(settlement(&refusal, LetterState::Failed, 0, suppress));
            }
        }
        if !distrusted_refusals.is_empty() {
            decision.distrust = Some(self.explain(relay, &distrusted_refusals));
            // Where nothing was accepted, the attempt does not count.
            let tries = if none_accepted { -1 } else { 0 };
            decision
                .settled
                .extend(distrusted_refusals.iter().map(|r| settlement(r, LetterState::Queued, tries, false)));
        }
        decision
    }

    /// Says what the relay refuses and what that usually means.
    fn explain(&self, relay: &str, distrusted_refusals: &[RelayRefusal]) -> String {
        let mut by_domain: BTreeMap<&str, (u32, RefusalCount)> = BTreeMap::new();
        let mut replies: BTreeMap<&str, u32> = BTreeMap::new();
        for refusal in distrusted_refusals {
            let count = self.domains.get(&domain_hash(&refusal.domain)).copied().unwrap_or_default();
            by_domain.entry(&refusal.domain).or_insert((0, count)).0 += 1;
            *replies.entry(&refusal.words).or_default() += 1;
        }
        let mut by_domain: Vec<_> = by_domain.into_iter().collect();
        by_domain.sort_by_key(|(_, (refused, _))| std::cmp::Reverse(*refused));
        let named = by_domain.iter().take(MAX_NAMED_DOMAINS).map(|(domain, (refused, count))| {
            format!("{domain} {refused} of {}", count.accepted + count.refused.max(*refused))
        });
        let named = named.collect::<Vec<_>>().join(", ");
        let more = if by_domain.len() > MAX_NAMED_DOMAINS {
            format!(" and {} more domains", by_domain.len() - MAX_NAMED_DOMAINS)
        } else {
            String::new()
        };
        let reply = replies.into_iter().max_by_key(|(_, count)| *count).map_or("", |(reply, _)| reply);
        let no_address = distrusted_refusals.iter().all(|refusal| refusal.no_address);
        let RefusalCount { accepted, refused } = self.all;
        let share = match accepted {
            0 => format!("all of {refused} letters that were tried"),
            _ => format!("{refused} of {} letters, more than a list explains", accepted + refused),
        };
        format!("{relay} refuses {share} ({named}{more}): {reply}: {}", likely_cause(reply, no_address))
    }
}

/// What it usually means if all letters get the same reply.
fn likely_cause(reply: &str, no_address: bool) -> &'static str {
    let reply = reply.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| reply.contains(word));
    if says(&["relay"]) {
        "mostly it does not know us: a login is missing, or this machine's address is not allowed there"
    } else if no_address || says(&["user unknown", "no such user", "mailbox unavailable", "unknown recipient"]) {
        "mostly it is the wrong host, or one whose list of addresses is empty"
    } else if reply.starts_with("552") || says(&["too large", "too big", "size"]) {
        "mostly letters are too large for it"
    } else if says(&["spam", "blocked", "blacklist", "content", "reputation", "policy"]) {
        "mostly its filter does not want the letter, or us"
    } else if says(&["auth"]) {
        "mostly it wants a login"
    } else {
        "its log may say more"
    }
}

fn settlement(refusal: &RelayRefusal, state: LetterState, tries: i64, suppress: bool) -> Settlement {
    Settlement { lease: refusal.lease, state, due: None, reply: refusal.words.clone(), tries, suppress }
}

/// The domain that a letter goes to.
pub(super) fn domain(leased: &Leased) -> &str {
    leased.letter.address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// A domain in eight bytes: a large list of readers has many domains.
pub(super) fn domain_hash(domain: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    domain.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(number: i64, address: &str, words: &str, retried: bool) -> RelayRefusal {
        let letter = crate::model::Letter {
            id: number,
            reader: crate::model::ReaderId::NOBODY,
            variant: 1,
            address: address.to_owned(),
            name: None,
            attempts: i64::from(retried),
        };
        let leased = Leased { lease: Lease::for_tests(number), letter };
        RelayRefusal::new(&leased, words, words.contains("5.1.1"))
    }

    /// The decision in words, after so many letters accepted and refused by domain.
    fn decided(
        accepted: &[(&str, u32)],
        refused: &[(&str, u32)],
        words: &str,
        accepted_before: u64,
        retried: bool,
    ) -> String {
        let mut refusals = Refusals::default();
        for (domain, count) in accepted {
            (0..*count).for_each(|_| refusals.accepted(domain_hash(domain)));
        }
        let mut number = 0;
        for (domain, count) in refused {
            for _ in 0..*count {
                number += 1;
                refusals.refused(refusal(number, &format!("r{number}@{domain}"), words, retried), false);
            }
        }
        let decision = refusals.decide("main", true, accepted_before);
        let count =
            |state, suppress| decision.settled.iter().filter(|s| s.state == state && s.suppress == suppress).count();
        format!(
            "{} failed, {} suppressed, {} queued; {}",
            count(LetterState::Failed, false),
            count(LetterState::Failed, true),
            count(LetterState::Queued, false),
            decision.distrust.unwrap_or_else(|| "believed".into())
        )
    }

    #[test]
    fn a_few_refusals_are_the_readers_own() {
        let nobody = "550 5.1.1 nobody";
        assert_eq!(decided(&[("a", 2)], &[("a", 1)], nobody, 0, false), "0 failed, 1 suppressed, 0 queued; believed");
        // Nobody of their domain was accepted: they stay on the list.
        assert_eq!(decided(&[("a", 2)], &[("b", 2)], nobody, 0, false), "2 failed, 0 suppressed, 0 queued; believed");
        assert_eq!(
            decided(&[("a", 100)], &[("a", 30)], nobody, 0, false),
            "0 failed, 30 suppressed, 0 queued; believed"
        );
        assert_eq!(
            decided(&[("a", 2)], &[("a", 1)], "552 too large", 0, false),
            "1 failed, 0 suppressed, 0 queued; believed"
        );
        // Left over from a session in which others were accepted.
        assert_eq!(decided(&[], &[("a", 1)], nobody, 50, false), "1 failed, 0 suppressed, 0 queued; believed");
    }

    #[test]
    fn what_no_list_explains_stays_in_the_queue() {
        insta::assert_snapshot!([
            decided(&[], &[("a", 1)], "550 relay not permitted", 0, false),
            decided(&[], &[("a", 12), ("b", 8)], "550 5.1.1 nobody", 0, false),
            decided(&[], &[("a", 12)], "554 looks like spam", 50, false),
            decided(&[("a", 10)], &[("a", 6), ("b", 3), ("c", 1), ("d", 1), ("e", 1)], "552 no", 0, false),
            decided(&[("a", 90), ("b", 1)], &[("a", 2), ("b", 11)], "550 5.1.1 nobody", 0, false),
            // Refused again after somebody let it go.
            decided(&[("a", 90)], &[("b", 11)], "550 5.1.1 nobody", 0, true),
            decided(&[], &[("b", 11)], "550 5.1.1 nobody", 0, true),
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
        for number in 0..i64::from(MAX_FIRST_REFUSALS) {
            assert!(!refusals.can_be_judged(), "after {number}");
            refusals.refused(refusal(number, &format!("r@d{}", number % 5), "550 no", false), false);
        }
        assert!(refusals.can_be_judged());
        let decision = refusals.decide("main", false, 0);
        assert!(decision.distrust.is_some() && decision.settled.iter().all(|s| s.state == LetterState::Queued));
        // If other relays accept letters, it is clear sooner.
        let mut refusals = Refusals::default();
        (0..i64::from(MIN_REFUSALS_FOR_SHARE))
            .for_each(|number| refusals.refused(refusal(number, "r@a", "550 no", false), true));
        assert!(refusals.can_be_judged());
        // If most letters are accepted, many refusals are judged early.
        let mut refusals = Refusals::default();
        (0..1_000).for_each(|_| refusals.accepted(domain_hash("a")));
        (0..EARLY_JUDGED_REFUSALS as i64)
            .for_each(|number| refusals.refused(refusal(number, "r@a", "550 no", false), false));
        assert!(refusals.can_be_judged());
        let decision = refusals.decide("main", false, 0);
        assert_eq!((decision.distrust, decision.settled.len()), (None, EARLY_JUDGED_REFUSALS));
    }
}
