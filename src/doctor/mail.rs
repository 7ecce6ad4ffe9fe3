//! What DNS says of the sender: who may send (SPF), who signs (DKIM), what is wanted of others' letters (DMARC), where letters
//! come back to (MX), what the sending machine is called (PTR), and the mark beside the letter (BIMI).

mod domains;
mod envelope;
mod signatures;

use super::{Examined, Finding};
use crate::{
    config::{Config, Relays},
    dns::{
        self, Dns,
        dmarc::{self, DmarcFault, DmarcPolicy, DmarcWalk},
    },
};

/// Whether something is so, if that could be found out, and the line to mend.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fact {
    pub holds: Option<bool>,
    pub mend: String,
    pub key: &'static str,
}

impl Fact {
    pub fn new(holds: Option<bool>, key: &'static str, mend: impl std::fmt::Display) -> Self {
        Self { holds, mend: mend.to_string(), key }
    }
}

/// What receivers go by.
#[derive(Debug, Clone, Default)]
pub struct MailFacts {
    pub spf: Fact,
    pub dkim: Fact,
    pub dmarc: Fact,
    /// The sender's domain is that of the signature or of the envelope.
    pub aligned: Fact,
    pub ptr: Fact,
    /// The sender's domain takes mail.
    pub receives: Fact,
    pub report_address: Fact,
}

/// What was found of letters.
#[derive(Debug, Default)]
pub struct Mail {
    pub findings: Vec<Finding>,
    /// None if nobody was asked.
    pub facts: Option<MailFacts>,
}

/// Asks DNS for all that receivers ask.
pub async fn examine(examined: &Examined<'_>) -> Mail {
    let config = examined.config;
    let nothing = |finding| Mail { findings: vec![finding], facts: None };
    let domain = config.letters.from.address.domain().to_ascii_lowercase();
    let Relays::Smtp(_) = &config.relays else {
        return nothing(
            Finding::note(
                "dns",
                "letters go into a folder, and no receiver asks for them: DNS is looked at when there is a relay",
            )
            .at("relay.url"),
        );
    };
    if examined.is_reserved(&domain) && !examined.asks_reserved {
        return nothing(
            Finding::note("dns", format!("{domain} is a name for examples, and is not asked for")).at("letters.from"),
        );
    }
    let Some(dns) = &examined.dns else {
        return nothing(Finding::not_asked(
            "dns",
            "DNS could not be asked: this machine names no server (/etc/resolv.conf)",
        ));
    };
    // Where nobody answers, once is enough to know.
    if let Err(error) = dns.texts(&domain).await {
        return nothing(Finding::not_asked("dns", error).mend("name another resolver with --resolver ADDRESS"));
    }
    let mut mail = Mail { findings: Vec::new(), facts: Some(MailFacts::default()) };
    let mut facts = MailFacts::default();
    let senders = envelope::sending_addresses(examined, dns).await;
    let spf = envelope::check(examined, dns, &senders, &mut facts, &mut mail.findings).await;
    let walk = check_dmarc(config, dns, &domain, &mut facts, &mut mail.findings).await;
    signatures::check(config, dns, &mut facts, &mut mail.findings).await;
    if let Some(walk) = &walk {
        check_alignment(config, dns, &domain, walk, spf, &mut facts, &mut mail.findings).await;
    }
    domains::check_mail_servers(config, dns, &mut facts, &mut mail.findings).await;
    domains::check_names(dns, &senders, &mut facts, &mut mail.findings).await;
    domains::check_bimi(dns, &domain, walk.as_ref(), &mut mail.findings).await;
    mail.facts = Some(facts);
    mail
}

fn dmarc_record(config: &Config, domain: &str) -> String {
    format!("_dmarc.{domain}. IN TXT \"v=DMARC1; p=none; rua=mailto:{}\"", config.letters.from.address)
}

async fn check_dmarc(
    config: &Config,
    dns: &Dns,
    domain: &str,
    facts: &mut MailFacts,
    found: &mut Vec<Finding>,
) -> Option<DmarcWalk> {
    const KEY: &str = "letters.from";
    let walk = match dmarc::walk(dns, domain).await {
        Ok(walk) => walk,
        Err(error) => {
            found.push(Finding::not_asked("dmarc", error).at(KEY));
            return None;
        }
    };
    let record = dmarc_record(config, domain);
    for fault in &walk.faults {
        found.push(dmarc_finding(domain, fault, &record).at(KEY));
    }
    facts.dmarc = Fact::new(Some(walk.record.is_some()), KEY, &record);
    let Some(policy) = &walk.record else {
        found.push(
            Finding::wrong("dmarc", format!("{domain} has no DMARC record that counts"))
                .at(KEY)
                .mend(format!("publish {record}")),
        );
        return Some(walk);
    };
    let has_reports = !policy.report_addresses.is_empty();
    facts.report_address = Fact::new(
        Some(has_reports),
        KEY,
        format!("add rua=mailto:{} to the record of _dmarc.{}", config.letters.from.address, policy.domain),
    );
    for address in &policy.report_addresses {
        check_report_address(dns, policy, address, found).await;
    }
    let applied = walk.policy(domain).unwrap_or(DmarcPolicy::None);
    found.push(Finding::fine("dmarc", format!("_dmarc.{}: p={} for {domain}", policy.domain, applied.as_str())));
    Some(walk)
}

fn dmarc_finding(domain: &str, fault: &DmarcFault, record: &str) -> Finding {
    let at = format!("the TXT record of _dmarc.{domain}");
    match fault {
        DmarcFault::Several(domain, count) => Finding::wrong(
            "dmarc",
            format!("_dmarc.{domain} has {count} DMARC records, and receivers heed none of them"),
        )
        .mend("keep one of them"),
        DmarcFault::Version(text) => Finding::wrong(
            "dmarc",
            format!("{text:?} at _dmarc.{domain} is no DMARC record: it must begin with v=DMARC1;"),
        )
        .mend(format!("publish {record}")),
        DmarcFault::Value { tag, value } => Finding::wrong("dmarc", format!("{tag}={value} means nothing in {at}"))
            .mend(match tag.as_str() {
                "adkim" | "aspf" => format!("write {tag}=r or {tag}=s"),
                _ => format!("write {tag}=none, {tag}=quarantine or {tag}=reject"),
            }),
        DmarcFault::NoPolicy => Finding::advice(
            "dmarc",
            format!("{at} has no p=: receivers of RFC 9989 take it for p=none, older ones for no record"),
        )
        .mend("write p=none, p=quarantine or p=reject behind v=DMARC1;"),
        DmarcFault::Removed(tag) => {
            Finding::advice("dmarc", format!("{tag}= in {at} is no more (RFC 9989)")).mend(match *tag {
                "pct" => "take pct= out; to try a policy out, write t=y".to_owned(),
                tag => format!("take {tag}= out"),
            })
        }
        DmarcFault::Address { tag, value } => {
            Finding::wrong("dmarc", format!("{tag}={value} in {at} is no address for reports"))
                .mend(format!("write {tag}=mailto:NAME@DOMAIN"))
        }
    }
}

/// Whether somebody else's domain takes reports about ours (RFC 9990, section 4).
async fn check_report_address(dns: &Dns, policy: &dmarc::DmarcRecord, address: &str, found: &mut Vec<Finding>) {
    let Some((_, domain)) = address.rsplit_once('@') else { return };
    let domain = domain.to_ascii_lowercase();
    let (Ok(theirs), Ok(ours)) = (dmarc::walk(dns, &domain).await, dmarc::walk(dns, &policy.domain).await) else {
        return;
    };
    if theirs.organization == ours.organization {
        return;
    }
    let name = format!("{}._report._dmarc.{domain}", policy.domain);
    if let Ok(texts) = dns.texts(&name).await
        && !texts.iter().any(|text| text.starts_with("v=DMARC1"))
    {
        found.push(
            Finding::advice(
                "dmarc",
                format!(
                    "reports to {address} are not sent: {domain} does not say that it takes those of {}",
                    policy.domain
                ),
            )
            .at("letters.from")
            .mend(format!("{name}. IN TXT \"v=DMARC1\", which who runs {domain} publishes")),
        );
    }
}

/// Whether the sender is the one who signs, or whom the envelope names.
async fn check_alignment(
    config: &Config,
    dns: &Dns,
    domain: &str,
    walk: &DmarcWalk,
    spf: Option<bool>,
    facts: &mut MailFacts,
    found: &mut Vec<Finding>,
) {
    let Some(policy) = &walk.record else { return };
    let bounce = config.letters.bounce_address.domain().to_ascii_lowercase();
    let mut signs = false;
    for key in &config.dkim {
        signs |= is_aligned(dns, domain, &key.domain, policy.strict_dkim, walk).await;
    }
    let by_envelope = is_aligned(dns, domain, &bounce, policy.strict_spf, walk).await;
    let mend = format!(
        "sign with {domain} ([[dkim]] domain = {domain:?}), or write a bounce_address of {domain}, or adkim=r; aspf=r in the record of _dmarc.{}",
        policy.domain
    );
    // A relay may sign by itself: then it is not known here.
    let holds =
        match (signs && facts.dkim.holds != Some(false), by_envelope && spf != Some(false), config.dkim.is_empty()) {
            (true, ..) | (_, true, _) => Some(true),
            (false, false, true) => None,
            (false, false, false) => Some(false),
        };
    facts.aligned = Fact::new(holds, "dkim.domain", &mend);
    if !signs && !by_envelope && !config.dkim.is_empty() {
        found.push(
            Finding::wrong(
                "dmarc",
                format!("neither the signature nor the envelope ({bounce}) is aligned with {domain}: DMARC fails"),
            )
            .at("letters.bounce_address")
            .mend(&mend),
        );
    } else if !by_envelope && (config.dkim.is_empty() || policy.strict_spf) {
        found.push(
            Finding::advice(
                "dmarc",
                format!(
                    "the envelope's domain {bounce} is not aligned with {domain}: only a signature lets letters pass"
                ),
            )
            .at("letters.bounce_address")
            .mend(format!("write a bounce_address of {domain}, or aspf=r in the record of _dmarc.{}", policy.domain)),
        );
    }
}

async fn is_aligned(dns: &Dns, domain: &str, other: &str, strict: bool, walk: &DmarcWalk) -> bool {
    if domain == other {
        return true;
    }
    if strict {
        return false;
    }
    dmarc::walk(dns, other).await.is_ok_and(|theirs| theirs.organization == walk.organization)
}

/// What could not be asked, as a finding.
pub(super) fn not_asked(check: &'static str, error: &dns::Error) -> Finding {
    Finding::not_asked(check, error)
}
