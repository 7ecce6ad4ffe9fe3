//! What a domain wants done with mail that only pretends to come from it (DMARC, RFC 9989, the successor of RFC 7489), and
//! to which domain it belongs. Both are found by a walk up the tree of names.

use super::{Dns, Error};

/// A longer name is looked up by its last seven parts, so that a walk asks eight times at the most.
const MAX_LABELS: usize = 8;

/// What is to be done with mail that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DmarcPolicy {
    /// Nothing: it is only counted.
    None,
    /// It is suspicious.
    Quarantine,
    /// It is refused.
    Reject,
}

impl DmarcPolicy {
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "none" => Some(Self::None),
            "quarantine" => Some(Self::Quarantine),
            "reject" => Some(Self::Reject),
            _ => None,
        }
    }

    /// As a record writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// Something about a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DmarcFault {
    /// A domain has several, and counts as having none.
    Several(String, usize),
    /// It begins with something else.
    Version(String),
    /// A value that nobody knows.
    Value { tag: String, value: String },
    /// It has no policy.
    NoPolicy,
    /// A tag that RFC 9989 has taken out.
    Removed(&'static str),
    /// An address of reports that is none.
    Address { tag: &'static str, value: String },
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmarcRecord {
    /// The domain that has it.
    pub domain: String,
    /// Its text.
    pub text: String,
    /// For the domain itself (p).
    pub policy: DmarcPolicy,
    /// For those below it (sp).
    pub below: Option<DmarcPolicy>,
    /// Whether signatures must be of the very same domain (adkim).
    pub strict_dkim: bool,
    /// Whether the envelope's sender must (aspf).
    pub strict_spf: bool,
    /// Whether it is only tried out (t).
    pub is_test: bool,
    /// Who gets reports (rua).
    pub report_addresses: Vec<String>,
    psd: Option<char>,
}

/// What a walk has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmarcWalk {
    /// The record that holds for the domain.
    pub record: Option<DmarcRecord>,
    /// The domain that it belongs to: names that belong to one are aligned.
    pub organization: String,
    /// What is wrong with what was found.
    pub faults: Vec<DmarcFault>,
}

impl DmarcWalk {
    /// What is done with mail of the domain that fails.
    pub fn policy(&self, domain: &str) -> Option<DmarcPolicy> {
        let record = self.record.as_ref()?;
        Some(if record.domain == domain { record.policy } else { record.below.unwrap_or(record.policy) })
    }
}

/// Walks up from a domain.
pub async fn walk(dns: &Dns, domain: &str) -> Result<DmarcWalk, Error> {
    let mut faults = Vec::new();
    let mut found: Vec<DmarcRecord> = Vec::new();
    let labels: Vec<&str> = domain.split('.').collect();
    let mut from = 0;
    while from < labels.len() {
        let name = labels[from..].join(".");
        let texts = dns.texts(&format!("_dmarc.{name}")).await?;
        let own = from == 0;
        if let Some(record) = choose(&name, &texts, own, &mut faults) {
            let ends = record.psd == Some('n') || (record.psd == Some('y') && !own);
            found.push(record);
            if ends {
                break;
            }
        }
        let left = labels.len() - from;
        from += if left > MAX_LABELS { left - (MAX_LABELS - 1) } else { 1 };
    }
    let organization = organization(domain, &found);
    let own = found.iter().find(|record| record.domain == domain);
    let record = own.or_else(|| found.iter().find(|record| record.domain == organization)).or(found.last()).cloned();
    Ok(DmarcWalk { record, organization, faults })
}

/// The domain that a domain belongs to, by RFC 9989, section 4.10.2.
fn organization(domain: &str, found: &[DmarcRecord]) -> String {
    if let Some(record) = found.iter().find(|record| record.psd == Some('n')) {
        return record.domain.clone();
    }
    if let Some(suffix) = found.iter().find(|record| record.psd == Some('y') && record.domain != domain) {
        // The part of the name that is one longer.
        let rest = domain.strip_suffix(&format!(".{}", suffix.domain)).unwrap_or(domain);
        let last = rest.rsplit('.').next().unwrap_or(rest);
        return format!("{last}.{}", suffix.domain);
    }
    let shortest = found.iter().min_by_key(|record| record.domain.split('.').count());
    shortest.map_or_else(|| domain.to_owned(), |record| record.domain.clone())
}

/// The one record of a name, if there is one that counts.
fn choose(name: &str, texts: &[String], own: bool, faults: &mut Vec<DmarcFault>) -> Option<DmarcRecord> {
    let is_record = |text: &&String| {
        let first = text.split(';').next().unwrap_or_default();
        first.split_once('=').is_some_and(|(tag, value)| tag.trim() == "v" && value.trim() == "DMARC1")
    };
    let records: Vec<&String> = texts.iter().filter(is_record).collect();
    match records.as_slice() {
        [text] => read(name, text, own, faults),
        [] => {
            if let Some(near) = texts.iter().find(|text| own && text.to_ascii_lowercase().contains("dmarc")) {
                faults.push(DmarcFault::Version(near.clone()));
            }
            None
        }
        several => {
            faults.push(DmarcFault::Several(name.to_owned(), several.len()));
            None
        }
    }
}

/// Reads a record; what is wrong with those of other domains is theirs.
fn read(name: &str, text: &str, own: bool, faults: &mut Vec<DmarcFault>) -> Option<DmarcRecord> {
    let mut found = Vec::new();
    let mut policy = None;
    let mut record = DmarcRecord {
        domain: name.to_owned(),
        text: text.to_owned(),
        policy: DmarcPolicy::None,
        below: None,
        strict_dkim: false,
        strict_spf: false,
        is_test: false,
        report_addresses: Vec::new(),
        psd: None,
    };
    for part in text.split(';').skip(1).filter(|part| !part.trim().is_empty()) {
        let (tag, value) = part.split_once('=').map_or((part.trim(), ""), |(tag, value)| (tag.trim(), value.trim()));
        let wrong = || DmarcFault::Value { tag: tag.to_owned(), value: value.to_owned() };
        match tag.to_ascii_lowercase().as_str() {
            "p" => match DmarcPolicy::named(value) {
                Some(named) => policy = Some(named),
                None => found.push(wrong()),
            },
            "sp" | "np" => match DmarcPolicy::named(value) {
                Some(named) if tag.eq_ignore_ascii_case("sp") => record.below = Some(named),
                Some(_) => {}
                None => found.push(wrong()),
            },
            "adkim" | "aspf" => match value {
                "r" | "s" if tag.eq_ignore_ascii_case("adkim") => record.strict_dkim = value == "s",
                "r" | "s" => record.strict_spf = value == "s",
                _ => found.push(wrong()),
            },
            "t" => record.is_test = value == "y",
            "psd" => record.psd = value.chars().next(),
            "rua" => record.report_addresses = addresses("rua", value, &mut found),
            "ruf" => drop(addresses("ruf", value, &mut found)),
            "pct" => {
                // Some receivers still heed it.
                record.is_test |= value == "0";
                found.push(DmarcFault::Removed("pct"));
            }
            "rf" => found.push(DmarcFault::Removed("rf")),
            "ri" => found.push(DmarcFault::Removed("ri")),
            // Unknown tags are passed over.
            _ => {}
        }
    }
    let has_reports = !record.report_addresses.is_empty();
    if policy.is_none() && !found.iter().any(|fault| matches!(fault, DmarcFault::Value { tag, .. } if tag == "p")) {
        found.push(DmarcFault::NoPolicy);
    }
    if own {
        faults.extend(found);
    }
    record.policy = policy.unwrap_or(DmarcPolicy::None);
    // Without a policy that can be read, reports alone keep it.
    (policy.is_some() || has_reports).then_some(record)
}

/// The mail addresses of a list of `mailto:` addresses.
fn addresses(tag: &'static str, value: &str, found: &mut Vec<DmarcFault>) -> Vec<String> {
    let mut addresses = Vec::new();
    for one in value.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        let address = one.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:")).map(|_| &one[7..]);
        // A largest size behind `!` is of old, and passed over.
        match address.map(|address| address.split('!').next().unwrap_or(address)) {
            Some(address) if address.split_once('@').is_some_and(|(_, domain)| domain.contains('.')) => {
                addresses.push(address.to_owned());
            }
            _ => found.push(DmarcFault::Address { tag, value: one.to_owned() }),
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(domain: &str, text: &str) -> DmarcRecord {
        read(domain, text, true, &mut Vec::new()).expect("a record")
    }

    #[test]
    fn a_domain_belongs_to_the_highest_that_says_so() {
        let plain = |domain| record(domain, "v=DMARC1; p=none");
        assert_eq!(organization("a.b.example", &[]), "a.b.example");
        assert_eq!(organization("a.b.example", &[plain("a.b.example"), plain("b.example")]), "b.example");
        let ends = record("a.b.example", "v=DMARC1; p=none; psd=n");
        assert_eq!(organization("a.b.example", &[ends, plain("b.example")]), "a.b.example");
        let suffix = record("co.example", "v=DMARC1; p=reject; psd=y");
        assert_eq!(organization("a.b.co.example", &[suffix]), "b.co.example");
    }

    #[test]
    fn what_is_wrong_with_a_record_is_named() {
        let faults = |text: &str| {
            let mut faults = Vec::new();
            let is_there = choose("a.example", &[text.to_owned()], true, &mut faults).is_some();
            (is_there, faults)
        };
        assert_eq!(faults("v=DMARC1; p=quarantine; rua=mailto:a@b.example"), (true, vec![]));
        assert_eq!(faults("v=DMARC1; rua=mailto:a@b.example"), (true, vec![DmarcFault::NoPolicy]));
        assert_eq!(faults("v=DMARC1"), (false, vec![DmarcFault::NoPolicy]));
        let value = |tag: &str, value: &str| DmarcFault::Value { tag: tag.into(), value: value.into() };
        assert_eq!(faults("v=DMARC1; p=rejet"), (false, vec![value("p", "rejet")]));
        assert_eq!(faults("v=DMARC1; p=none; adkim=strict"), (true, vec![value("adkim", "strict")]));
        assert_eq!(faults("v=DMARC1; p=none; pct=50"), (true, vec![DmarcFault::Removed("pct")]));
        assert_eq!(faults("v=dmarc1; p=none"), (false, vec![DmarcFault::Version("v=dmarc1; p=none".into())]));
        let address = DmarcFault::Address { tag: "rua", value: "a@b.example".into() };
        assert_eq!(faults("v=DMARC1; p=none; rua=a@b.example"), (true, vec![address]));
    }
}
