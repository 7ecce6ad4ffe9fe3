//! The canary: the first letters of an edition, a few for each provider. The others go once it is known what became of
//! these, or the edition is held.

use crate::{
    config::{Config, Relays},
    model::{Edition, Instant},
    store::{CanaryDomain, Result, Store},
};

/// Above this share of letters that fared badly, the others do not follow. Dead addresses are fewer, on any list that is
/// kept.
const MAX_BAD_PERCENT: i64 = 10;

/// So many are no accident.
const MIN_BAD: i64 = 2;

/// What is to be done with an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CanaryStep {
    /// Its letters go: all, or the first ones.
    Send,
    /// Its first letters are out, and the others wait for what becomes of them.
    Wait {
        /// How many are out.
        letters: i64,
        /// Until when.
        until: Instant,
    },
    /// It was held, for a reason.
    Held(String),
}

/// Says what is to be done with an edition, before its letters are sent and after. `now` is the database's clock.
pub async fn step(config: &Config, store: &Store, edition: &Edition, now: Instant) -> Result<CanaryStep> {
    let Some(canary) = &config.digest.canary else { return go(store, edition).await };
    if !matches!(config.relays, Relays::Smtp(_)) {
        return Ok(CanaryStep::Send);
    }
    let begun = match store.canary_is_out(edition.id).await? {
        None => {
            let frozen = store.tally(edition.id).await?.frozen().unsigned_abs();
            let letters = canary.letters(frozen);
            if letters < frozen {
                store.begin_canary(edition.id, letters, now).await?;
            }
            return Ok(CanaryStep::Send);
        }
        Some((false, _)) => return Ok(CanaryStep::Send),
        Some((true, begun)) => begun,
    };
    let domains = store.canary(edition.id).await?;
    if let Some(reason) = objection(&domains, |domain| domain.bad) {
        return hold(store, edition, reason).await;
    }
    if domains.iter().any(|domain| domain.to_do > 0) {
        return Ok(CanaryStep::Send);
    }
    let settled = domains.iter().filter_map(|domain| domain.settled).max().unwrap_or(begun);
    let until = settled + canary.wait;
    if until > now {
        if domains.iter().any(|domain| domain.deferred > 0) {
            return Ok(CanaryStep::Send);
        }
        return Ok(CanaryStep::Wait { letters: domains.iter().map(|domain| domain.letters).sum(), until });
    }
    // What is still put off will not go better with a hundred times as many.
    if let Some(reason) = objection(&domains, |domain| domain.bad + domain.deferred) {
        return hold(store, edition, reason).await;
    }
    store.end_canary(edition.id, None).await?;
    Ok(CanaryStep::Send)
}

async fn hold(store: &Store, edition: &Edition, reason: String) -> Result<CanaryStep> {
    let held = store.end_canary(edition.id, Some(&reason)).await?;
    Ok(if held { CanaryStep::Held(reason) } else { CanaryStep::Send })
}

/// The configuration wants no canary any more: whatever waits for one goes.
async fn go(store: &Store, edition: &Edition) -> Result<CanaryStep> {
    if store.canary_is_out(edition.id).await?.is_some_and(|(is_out, _)| is_out) {
        store.end_canary(edition.id, None).await?;
    }
    Ok(CanaryStep::Send)
}

/// Why the others do not follow, if they don't: too many of the first letters fared badly, or all to one provider.
fn objection(domains: &[CanaryDomain], bad_of: fn(&CanaryDomain) -> i64) -> Option<String> {
    let letters: i64 = domains.iter().map(|domain| domain.letters).sum();
    let bad: i64 = domains.iter().map(bad_of).sum();
    let closed = domains.iter().find(|domain| bad_of(domain) >= MIN_BAD && bad_of(domain) == domain.letters);
    let is_bad = bad * 100 > letters * MAX_BAD_PERCENT && (bad >= MIN_BAD || bad == letters);
    if !is_bad && closed.is_none() {
        return None;
    }
    let worst = closed.or_else(|| domains.first());
    let words =
        worst.map(|domain| format!("; {}: {} of {}: {}", domain.domain, bad_of(domain), domain.letters, domain.reply));
    Some(format!(
        "of the {letters} letters that went ahead, {bad} were refused, deferred or came back{}",
        words.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(name: &str, letters: i64, bad: i64) -> CanaryDomain {
        let reply = "550 no".to_owned();
        CanaryDomain { domain: name.into(), letters, to_do: 0, bad, deferred: 0, settled: None, reply }
    }

    #[test]
    fn the_others_follow_unless_too_many_fared_badly() {
        for (domains, objects) in [
            (vec![domain("a.example", 50, 0)], false),
            (vec![domain("a.example", 50, 5)], false),
            (vec![domain("a.example", 50, 6)], true),
            (vec![domain("a.example", 1, 1)], true),
            (vec![domain("a.example", 5, 1)], false),
            (vec![domain("a.example", 98, 0), domain("b.example", 2, 2)], true),
            (vec![domain("a.example", 98, 0), domain("b.example", 1, 1)], false),
        ] {
            assert_eq!(objection(&domains, |domain| domain.bad).is_some(), objects, "{domains:?}");
        }
    }
}
