//! Whether letters can come back, what the sending machine is called, and the mark beside the letter.

use std::net::IpAddr;

use super::{Fact, MailFacts, envelope::Senders, not_asked};
use crate::{
    config::Config,
    dns::{
        Dns,
        dmarc::{DmarcPolicy, DmarcWalk},
    },
    doctor::Finding,
};

/// The domains that must take mail: of the sender, of what comes back, and of who wants to leave.
pub(super) async fn check_mail_servers(config: &Config, dns: &Dns, facts: &mut MailFacts, found: &mut Vec<Finding>) {
    let letters = &config.letters;
    let mut domains = vec![("letters.from", letters.from.address.domain().to_ascii_lowercase())];
    let others = [
        ("letters.bounce_address", letters.bounce_address.domain()),
        ("letters.unsubscribe_address", letters.unsubscribe_address.domain()),
    ];
    let reply_to = letters.reply_to.as_ref().map(|to| ("letters.reply_to", to.address.domain()));
    for (key, domain) in others.into_iter().chain(reply_to) {
        let domain = domain.to_ascii_lowercase();
        if !domains.iter().any(|(_, known)| *known == domain) {
            domains.push((key, domain));
        }
    }
    for (key, domain) in domains {
        let finding = check_domain(dns, key, &domain).await;
        if key == "letters.from" {
            let holds = match finding.level {
                crate::doctor::Level::Wrong => Some(false),
                crate::doctor::Level::NotAsked => None,
                _ => Some(true),
            };
            facts.receives = Fact::new(holds, "letters.from", format!("{domain}. IN MX 10 MAILSERVER"));
        }
        found.push(finding);
    }
}

async fn check_domain(dns: &Dns, key: &'static str, domain: &str) -> Finding {
    let mend =
        format!("{domain}. IN MX 10 MAILSERVER, which takes mail for it; or write an address of a domain that has one");
    let servers = match dns.mail_servers(domain).await {
        Ok(servers) => servers,
        Err(error) => return not_asked("mx", &error).at(key),
    };
    if servers.iter().any(|server| server == ".") {
        return Finding::wrong("mx", format!("{domain} says that it takes no mail at all (RFC 7505)"))
            .at(key)
            .mend(mend);
    }
    if servers.is_empty() {
        // A domain without MX takes mail itself (RFC 5321, section 5.1).
        return match dns.addresses(domain).await {
            Ok(addresses) if addresses.is_empty() => {
                Finding::wrong("mx", format!("{domain} has no mail server: what comes back is lost")).at(key).mend(mend)
            }
            Ok(_) => Finding::advice(
                "mx",
                format!("{domain} has no MX record, only an address: some receivers refuse such senders"),
            )
            .at(key)
            .mend(mend),
            Err(error) => not_asked("mx", &error).at(key),
        };
    }
    for server in &servers {
        if server.parse::<IpAddr>().is_ok() {
            return Finding::wrong(
                "mx",
                format!("the MX record of {domain} names the address {server}, and a name is wanted"),
            )
            .at(key)
            .mend(mend);
        }
        match dns.addresses(server).await {
            Ok(addresses) if addresses.is_empty() => {
                return Finding::wrong("mx", format!("{server}, which takes the mail of {domain}, has no address"))
                    .at(key)
                    .mend(format!("{server}. IN A ADDRESS, or take it out of the MX records of {domain}"));
            }
            Err(error) => return not_asked("mx", &error).at(key),
            Ok(_) => {}
        }
    }
    Finding::fine("mx", format!("{domain}: {}", servers.join(", "))).at(key)
}

/// What the sending machine is called, there and back.
pub(super) async fn check_names(dns: &Dns, senders: &Senders, facts: &mut MailFacts, found: &mut Vec<Finding>) {
    const KEY: &str = "relay.url";
    if senders.addresses.is_empty() {
        found.push(
            Finding::note(
                "ptr",
                "from which address letters go out is not known here: its name in DNS (PTR) was not looked at",
            )
            .at(KEY)
            .mend("say --sends-from ADDRESS"),
        );
        return;
    }
    let mut holds = Some(true);
    for address in &senders.addresses {
        let mend = format!(
            "who gives you {address} sets its name: {}. IN PTR NAME, and NAME. IN {} {address}",
            crate::dns::reverse_name(*address),
            if address.is_ipv4() { "A" } else { "AAAA" }
        );
        let said = |what: String| {
            let finding = if senders.are_guessed { Finding::advice("ptr", what) } else { Finding::wrong("ptr", what) };
            finding.at(KEY).mend(&mend)
        };
        facts.ptr = Fact::new(None, KEY, &mend);
        let names = match dns.names(*address).await {
            Ok(names) => names,
            Err(error) => {
                found.push(not_asked("ptr", &error).at(KEY));
                holds = None;
                continue;
            }
        };
        let mut confirmed = None;
        for name in &names {
            if dns.addresses(name).await.is_ok_and(|back| back.contains(address)) {
                confirmed = Some(name);
                break;
            }
        }
        match (names.first(), confirmed) {
            (None, _) => found.push(said(format!(
                "{address} has no name in DNS (PTR): Gmail, Orange and laposte.net refuse such senders"
            ))),
            (Some(name), None) => {
                found.push(said(format!("{address} is called {name}, and {name} does not lead back to it")))
            }
            (_, Some(name)) => {
                if is_generic(name, *address) {
                    found.push(
                        Finding::advice("ptr", format!("{address} is called {name}, as machines of dial-up lines are"))
                            .at(KEY)
                            .mend(&mend),
                    );
                } else {
                    found.push(Finding::fine("ptr", format!("{address} is {name}, there and back")));
                }
                continue;
            }
        }
        holds = holds.map(|_| false);
    }
    // A relay may send from elsewhere.
    facts.ptr.holds = if senders.are_guessed && holds == Some(false) { None } else { holds };
}

/// Whether a name has the numbers of its address in it, as providers name lines that they lend out.
fn is_generic(name: &str, address: IpAddr) -> bool {
    let IpAddr::V4(address) = address else { return false };
    let parts = address.octets().map(|octet| octet.to_string());
    let numbers: Vec<&str> = name.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    parts.iter().filter(|part| numbers.contains(&part.as_str())).count() >= 3
}

/// The magazine's mark beside its letters (BIMI): what it takes, or what is wrong with it.
pub(super) async fn check_bimi(dns: &Dns, domain: &str, walk: Option<&DmarcWalk>, found: &mut Vec<Finding>) {
    const KEY: &str = "letters.from";
    let name = format!("default._bimi.{domain}");
    let texts = match dns.texts(&name).await {
        Ok(texts) => texts,
        Err(error) => {
            found.push(not_asked("bimi", &error).at(KEY));
            return;
        }
    };
    let Some(text) = texts.iter().find(|text| text.to_ascii_lowercase().starts_with("v=bimi1")) else {
        let words = "no mark beside your letters (BIMI), which is no fault: it takes p=quarantine or p=reject, a square SVG (Tiny PS) \
                     under https, and for Gmail and Apple a certificate of the mark (VMC or CMC)";
        found.push(
            Finding::note("bimi", words)
                .mend(format!("{name}. IN TXT \"v=BIMI1; l=https://…/logo.svg; a=https://…/mark.pem\"")),
        );
        return;
    };
    let policy = walk.and_then(|walk| walk.policy(domain));
    let is_test = walk.and_then(|walk| walk.record.as_ref()).is_some_and(|record| record.is_test);
    let tag = |name: &str| {
        let part = text
            .split(';')
            .filter_map(|part| part.split_once('='))
            .find(|(tag, _)| tag.trim().eq_ignore_ascii_case(name));
        part.map(|(_, value)| value.trim())
    };
    if policy.is_none_or(|policy| policy < DmarcPolicy::Quarantine) || is_test {
        found.push(
            Finding::wrong("bimi", format!("{name} has a mark, and nobody shows it: the DMARC policy is none or a test"))
                .at(KEY)
                .mend(format!("write p=quarantine or p=reject into the record of _dmarc.{domain}, without t=y, when its reports are clean")),
        );
        return;
    }
    match tag("l") {
        Some(place)
            if place.starts_with("https://")
                && place.split(['?', '#']).next().is_some_and(|path| path.ends_with(".svg")) =>
        {
            if tag("a").is_none_or(str::is_empty) {
                found.push(
                    Finding::advice(
                        "bimi",
                        format!("{name} names no certificate (a=): Gmail and Apple show no mark without one"),
                    )
                    .at(KEY)
                    .mend("add a=https://…/mark.pem, a VMC or CMC"),
                );
            } else {
                found.push(Finding::fine("bimi", format!("{name}: {place}")));
            }
        }
        place => found.push(
            Finding::wrong("bimi", format!("{name} names no SVG under https: l={}", place.unwrap_or_default()))
                .at(KEY)
                .mend("write l=https://…/logo.svg"),
        ),
    }
}
