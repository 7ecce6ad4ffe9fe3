//! Who may send in the name of the envelope's sender (SPF), and from which addresses letters go out.

use std::net::IpAddr;

use super::{Fact, MailFacts};
use crate::{
    config::{Config, Relays},
    dns::{
        Dns,
        spf::{self, MAX_LOOKUPS, MAX_VOID_LOOKUPS, Qualifier, SpfFault, SpfReport},
    },
    doctor::{Examined, Finding},
    fetch::is_public,
};

/// From where letters go out, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Senders {
    pub(super) addresses: Vec<IpAddr>,
    /// They are those at which the relay takes letters: it may send from others.
    pub(super) are_guessed: bool,
}

pub(super) async fn sending_addresses(examined: &Examined<'_>, dns: &Dns) -> Senders {
    if !examined.sends_from.is_empty() {
        return Senders { addresses: examined.sends_from.clone(), are_guessed: false };
    }
    let Relays::Smtp(relays) = &examined.config.relays else { return Senders::default() };
    let mut addresses = Vec::new();
    for relay in relays {
        addresses.extend(dns.addresses(&relay.host).await.unwrap_or_default());
    }
    addresses.retain(|address| is_public(*address));
    Senders { addresses, are_guessed: true }
}

/// The record that would let the senders send.
fn spf_record(config: &Config, domain: &str, senders: &Senders) -> String {
    let mut terms: Vec<String> = senders
        .addresses
        .iter()
        .map(|address| format!("ip{}:{address}", if address.is_ipv4() { 4 } else { 6 }))
        .collect();
    if terms.is_empty() {
        let Relays::Smtp(relays) = &config.relays else { return String::new() };
        terms.extend(relays.iter().filter(|relay| relay.host != "localhost").map(|relay| format!("a:{}", relay.host)));
    }
    format!("{domain}. IN TXT \"v=spf1 {} ~all\"   ; or what your relay's provider says", terms.join(" "))
}

/// The record of the envelope's sender; says whether it lets letters through, as far as it is known.
pub(super) async fn check(
    examined: &Examined<'_>,
    dns: &Dns,
    senders: &Senders,
    facts: &mut MailFacts,
    found: &mut Vec<Finding>,
) -> Option<bool> {
    const KEY: &str = "letters.bounce_address";
    let domain = examined.config.letters.bounce_address.domain().to_ascii_lowercase();
    let report = spf::read(dns, &domain).await;
    let mend = spf_record(examined.config, &domain, senders);
    let mut holds = if report.policy.is_some() { Some(true) } else { Some(false) };
    for fault in &report.faults {
        let (what, how) = spf_words(&domain, fault, &mend);
        if let SpfFault::NotAsked(error) = fault {
            found.push(Finding::not_asked("spf", error).at(KEY));
            holds = None;
            continue;
        }
        holds = holds.map(|_| false);
        found.push(Finding::wrong("spf", what).at(KEY).mend(how));
    }
    if report.faults.is_empty() {
        holds = judge_spf(&report, senders, &mend, found).or(holds);
    }
    facts.spf = Fact::new(holds, KEY, &mend);
    holds
}

fn spf_words(domain: &str, fault: &SpfFault, mend: &str) -> (String, String) {
    match fault {
        SpfFault::Missing(None) => (format!("{domain} has no SPF record"), format!("publish {mend}")),
        SpfFault::Missing(Some(near)) => (
            format!("{domain} has no SPF record; {near:?} looks like one, and does not begin with \"v=spf1 \""),
            format!("publish {mend}"),
        ),
        SpfFault::Several(domain, count) => (
            format!("{domain} has {count} SPF records, and receivers heed none of them (RFC 7208, 4.5)"),
            format!("put their terms into one TXT record of {domain}, and remove the others"),
        ),
        SpfFault::Term { domain, term } => (
            format!("the SPF record of {domain} has a term that makes no sense: {term:?}"),
            format!("mend that term in the TXT record of {domain}: write ip4:ADDRESS, a:NAME, include:DOMAIN or ~all"),
        ),
        SpfFault::EmptyInclude { domain, included } => (
            format!("the SPF record of {domain} includes {included}, which has none"),
            format!("take include:{included} out of the TXT record of {domain}, or mend its spelling"),
        ),
        SpfFault::Loop(domain) => (
            format!("the SPF record of {domain} includes itself"),
            format!("take the circle of include: out of the TXT record of {domain}"),
        ),
        SpfFault::TooManyMailServers { domain, count } => (
            format!("SPF: {domain} has {count} mail servers, and mx reaches 10 of them"),
            format!("write ip4: and ip6: in the place of mx:{domain}"),
        ),
        SpfFault::TooManyLookups(count) => (
            format!(
                "the SPF record of {domain} has DNS asked {count} times, and receivers stop at {MAX_LOOKUPS} (RFC 7208, 4.6.4): they take it for broken"
            ),
            "take out each include: of a service that you do not use any more, and write ip4: in the place of a and mx"
                .to_owned(),
        ),
        SpfFault::TooManyVoidLookups(names) => (
            format!(
                "the SPF record of {domain} asks for {} names that are not there ({}), and receivers stop at {MAX_VOID_LOOKUPS}",
                names.len(),
                names.join(", ")
            ),
            "take these names out of the record".to_owned(),
        ),
        SpfFault::NotAsked(error) => (error.to_string(), String::new()),
    }
}

/// What a record that can be read says of the senders, and of everybody else.
fn judge_spf(report: &SpfReport, senders: &Senders, mend: &str, found: &mut Vec<Finding>) -> Option<bool> {
    const KEY: &str = "letters.bounce_address";
    let policy = report.policy.as_ref()?;
    let domain = &policy.domain;
    match policy.of_others() {
        Some(Qualifier::Pass) => {
            found.push(
                Finding::wrong("spf", format!("the SPF record of {domain} lets everybody send (+all)"))
                    .at(KEY)
                    .mend(format!("end the TXT record of {domain} with ~all or -all")),
            );
            return Some(false);
        }
        None | Some(Qualifier::Neutral) => found.push(
            Finding::advice("spf", format!("the SPF record of {domain} says nothing of who is not in it"))
                .at(KEY)
                .mend(format!("end the TXT record of {domain} with ~all or -all")),
        ),
        Some(Qualifier::Fail | Qualifier::SoftFail) => {}
    }
    if report.has_ptr {
        found.push(
            Finding::advice(
                "spf",
                format!("the SPF record of {domain} has the term ptr, which receivers may pass over (RFC 7208, 5.5)"),
            )
            .at(KEY)
            .mend("write ip4: or a: in its place"),
        );
    }
    let refused: Vec<&IpAddr> =
        senders.addresses.iter().filter(|address| policy.judge(**address) != Some(Qualifier::Pass)).collect();
    if let Some(address) = refused.first()
        && !policy.is_conditional()
    {
        let what = format!("the SPF record of {domain} does not let {address} send: {:?}", policy.record);
        if senders.are_guessed {
            found.push(
                Finding::advice("spf", format!("{what}; the relay takes letters there, and may send from elsewhere"))
                    .at(KEY)
                    .mend(format!(
                        "name the address from which letters go out with --sends-from; if it is that one: {mend}"
                    )),
            );
            return None;
        }
        found.push(Finding::wrong("spf", what).at(KEY).mend(format!("publish {mend}")));
        return Some(false);
    }
    found.push(Finding::fine(
        "spf",
        format!("{domain}: {} of {MAX_LOOKUPS} lookups, {}", report.lookups, policy.record),
    ));
    Some(true)
}
