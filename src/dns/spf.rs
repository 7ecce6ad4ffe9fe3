//! Which machines may send mail for a domain (SPF, RFC 7208): the record with all that it leads to is read once, and
//! then judged without asking again.

use std::{future::Future, net::IpAddr, pin::Pin};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{Dns, Error};

/// How many terms may have DNS asked, by RFC 7208, section 4.6.4.
pub const MAX_LOOKUPS: usize = 10;

/// How many of these may find nothing.
pub const MAX_VOID_LOOKUPS: usize = 2;

/// How many servers a domain may have that a term `mx` names.
const MAX_MX_NAMES: usize = 10;

/// A record that leads on and on is not read further than this.
const MAX_READ_LOOKUPS: usize = 40;

/// What a record says of whom its term fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier {
    /// `+`, or nothing.
    Pass,
    /// `-`.
    Fail,
    /// `~`.
    SoftFail,
    /// `?`.
    Neutral,
}

/// Something that is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpfFault {
    /// There is no record; one that is nearly one, if there is.
    Missing(Option<String>),
    /// A domain has several records, and counts as having none that can be read.
    Several(String, usize),
    /// A term makes no sense.
    Term { domain: String, term: String },
    /// A domain that is included has no record.
    EmptyInclude { domain: String, included: String },
    /// A domain includes itself.
    Loop(String),
    /// A domain has more mail servers than a receiver looks at.
    TooManyMailServers { domain: String, count: usize },
    /// A receiver asks DNS more often than it may.
    TooManyLookups(usize),
    /// Too much is asked for that is not there.
    TooManyVoidLookups(Vec<String>),
    /// Somebody could not be asked.
    NotAsked(Error),
}

/// A domain's record, with all that it leads to.
#[derive(Debug, Clone)]
pub struct SpfPolicy {
    /// The domain.
    pub domain: String,
    /// Its text.
    pub record: String,
    directives: Vec<Directive>,
    redirect: Option<Box<SpfPolicy>>,
}

#[derive(Debug, Clone)]
struct Directive {
    qualifier: Qualifier,
    mechanism: Mechanism,
}

#[derive(Debug, Clone)]
enum Mechanism {
    All,
    /// `ip4`, `ip6`, and what `a` and `mx` lead to.
    Networks(Vec<IpNet>),
    Include(Option<Box<SpfPolicy>>),
    /// `exists`, `ptr`, and what depends on the single letter: whether it fits is not known here.
    Unknown,
}

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct SpfReport {
    /// The record, if there is one that can be read.
    pub policy: Option<SpfPolicy>,
    /// What is wrong with it.
    pub faults: Vec<SpfFault>,
    /// How many terms have DNS asked.
    pub lookups: usize,
    /// Whether it has the term `ptr`, which receivers may pass over.
    pub has_ptr: bool,
}

/// Reads a domain's record.
pub async fn read(dns: &Dns, domain: &str) -> SpfReport {
    let mut reader = Reader { dns, report: SpfReport::default(), void: Vec::new(), above: Vec::new() };
    let policy = reader.policy(domain.to_owned()).await;
    let mut report = reader.report;
    report.policy = policy;
    if report.lookups > MAX_LOOKUPS {
        report.faults.push(SpfFault::TooManyLookups(report.lookups));
    }
    if reader.void.len() > MAX_VOID_LOOKUPS {
        report.faults.push(SpfFault::TooManyVoidLookups(reader.void));
    }
    report
}

impl SpfPolicy {
    /// What it says of an address; none where it says nothing.
    pub fn judge(&self, address: IpAddr) -> Option<Qualifier> {
        for directive in &self.directives {
            let fits = match &directive.mechanism {
                Mechanism::All => true,
                Mechanism::Networks(networks) => networks.iter().any(|network| network.contains(&address)),
                Mechanism::Include(Some(policy)) => policy.judge(address) == Some(Qualifier::Pass),
                Mechanism::Include(None) | Mechanism::Unknown => false,
            };
            if fits {
                return Some(directive.qualifier);
            }
        }
        self.redirect.as_ref().and_then(|redirect| redirect.judge(address))
    }

    /// What it says of everybody else.
    pub fn of_others(&self) -> Option<Qualifier> {
        let all = self.directives.iter().find(|directive| matches!(directive.mechanism, Mechanism::All));
        match (all, &self.redirect) {
            (Some(all), _) => Some(all.qualifier),
            (None, Some(redirect)) => redirect.of_others(),
            (None, None) => None,
        }
    }

    /// Whether what it says may depend on more than the address.
    pub fn is_conditional(&self) -> bool {
        let conditional = |directive: &Directive| match &directive.mechanism {
            Mechanism::Unknown => true,
            Mechanism::Include(Some(policy)) => policy.is_conditional(),
            _ => false,
        };
        self.directives.iter().any(conditional) || self.redirect.as_ref().is_some_and(|policy| policy.is_conditional())
    }
}

struct Reader<'d> {
    dns: &'d Dns,
    report: SpfReport,
    /// What was asked for and is not there.
    void: Vec<String>,
    /// The domains that are being read.
    above: Vec<String>,
}

impl Reader<'_> {
    /// Reads a domain's record. It calls itself for what is included.
    fn policy(&mut self, domain: String) -> Pin<Box<dyn Future<Output = Option<SpfPolicy>> + '_>> {
        Box::pin(async move {
            if self.above.contains(&domain) {
                self.report.faults.push(SpfFault::Loop(domain));
                return None;
            }
            let texts = match self.dns.texts(&domain).await {
                Ok(texts) => texts,
                Err(error) => {
                    self.report.faults.push(SpfFault::NotAsked(error));
                    return None;
                }
            };
            let (records, others): (Vec<String>, Vec<String>) = texts.into_iter().partition(|text| is_record(text));
            let record = match records.len() {
                1 => records.into_iter().next()?,
                0 => {
                    let near = others.into_iter().find(|text| text.to_ascii_lowercase().contains("spf1"));
                    let included = self.above.last().cloned();
                    self.report.faults.push(match included {
                        Some(above) => SpfFault::EmptyInclude { domain: above, included: domain },
                        None => SpfFault::Missing(near),
                    });
                    return None;
                }
                count => {
                    self.report.faults.push(SpfFault::Several(domain, count));
                    return None;
                }
            };
            self.above.push(domain.clone());
            let policy = self.terms(domain, record).await;
            self.above.pop();
            Some(policy)
        })
    }

    async fn terms(&mut self, domain: String, record: String) -> SpfPolicy {
        let mut policy =
            SpfPolicy { domain: domain.clone(), record: record.clone(), directives: vec![], redirect: None };
        let mut redirect = None;
        for term in record.split_ascii_whitespace().skip(1) {
            if self.report.lookups > MAX_READ_LOOKUPS {
                break;
            }
            if let Some((name, value)) = modifier(term) {
                match (name.to_ascii_lowercase().as_str(), value) {
                    ("redirect", "") => self.wrong(&domain, term),
                    ("redirect", target) => redirect = Some(target.to_owned()),
                    _ => {}
                }
                continue;
            }
            let (qualifier, rest) = qualifier(term);
            match self.mechanism(&domain, rest).await {
                Some(mechanism) => policy.directives.push(Directive { qualifier, mechanism }),
                None => self.wrong(&domain, term),
            }
        }
        let has_all = policy.directives.iter().any(|directive| matches!(directive.mechanism, Mechanism::All));
        // Where there is an `all`, a redirect is nothing.
        if let Some(target) = redirect.filter(|_| !has_all) {
            self.report.lookups += 1;
            if !target.contains('%') {
                policy.redirect = self.policy(target).await.map(Box::new);
            }
        }
        policy
    }

    fn wrong(&mut self, domain: &str, term: &str) {
        self.report.faults.push(SpfFault::Term { domain: domain.to_owned(), term: term.to_owned() });
    }

    /// A mechanism without its qualifier; none if it makes no sense.
    async fn mechanism(&mut self, domain: &str, term: &str) -> Option<Mechanism> {
        let (head, four, six) = lengths(term)?;
        let (name, value) = head.split_once(':').map_or((head, None), |(name, value)| (name, Some(value)));
        let has_lengths = head.len() < term.len();
        let target = value.unwrap_or(domain);
        let is_conditional = target.contains('%');
        if value == Some("") {
            return None;
        }
        Some(match (name.to_ascii_lowercase().as_str(), value) {
            ("all", None) if !has_lengths => Mechanism::All,
            ("ip4", Some(_)) => Mechanism::Networks(vec![IpNet::V4(network(term)?)]),
            ("ip6", Some(_)) => Mechanism::Networks(vec![IpNet::V6(network(term)?)]),
            ("include", Some(included)) if !has_lengths => {
                self.report.lookups += 1;
                let policy = if is_conditional { None } else { self.policy(included.to_ascii_lowercase()).await };
                if is_conditional { Mechanism::Unknown } else { Mechanism::Include(policy.map(Box::new)) }
            }
            ("a", _) => {
                self.report.lookups += 1;
                if is_conditional {
                    return Some(Mechanism::Unknown);
                }
                Mechanism::Networks(self.addresses(target, four, six, true).await)
            }
            ("mx", _) => {
                self.report.lookups += 1;
                if is_conditional {
                    return Some(Mechanism::Unknown);
                }
                Mechanism::Networks(self.mail_servers(target, four, six).await)
            }
            ("exists", Some(_)) if !has_lengths => {
                self.report.lookups += 1;
                Mechanism::Unknown
            }
            ("ptr", _) if !has_lengths => {
                self.report.lookups += 1;
                self.report.has_ptr = true;
                Mechanism::Unknown
            }
            _ => return None,
        })
    }

    async fn addresses(&mut self, name: &str, four: u8, six: u8, counts: bool) -> Vec<IpNet> {
        let addresses = match self.dns.addresses(name).await {
            Ok(addresses) => addresses,
            Err(error) => {
                self.report.faults.push(SpfFault::NotAsked(error));
                return Vec::new();
            }
        };
        if addresses.is_empty() && counts {
            self.void.push(name.to_owned());
        }
        let network = |address| IpNet::new(address, if address.is_ipv4() { four } else { six }).ok();
        addresses.into_iter().filter_map(network).collect()
    }

    async fn mail_servers(&mut self, domain: &str, four: u8, six: u8) -> Vec<IpNet> {
        let servers = match self.dns.mail_servers(domain).await {
            Ok(servers) => servers,
            Err(error) => {
                self.report.faults.push(SpfFault::NotAsked(error));
                return Vec::new();
            }
        };
        if servers.is_empty() {
            self.void.push(domain.to_owned());
        }
        if servers.len() > MAX_MX_NAMES {
            self.report.faults.push(SpfFault::TooManyMailServers { domain: domain.to_owned(), count: servers.len() });
        }
        let mut networks = Vec::new();
        for server in servers.iter().take(MAX_MX_NAMES) {
            networks.extend(self.addresses(server, four, six, false).await);
        }
        networks
    }
}

/// Whether a text is a record: its version is a whole word.
fn is_record(text: &str) -> bool {
    text.split(' ').next().is_some_and(|version| version.eq_ignore_ascii_case("v=spf1"))
}

/// A modifier's name and value: an equals sign stands before any colon or slash.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let at = term.find([':', '/', '='])?;
    (term.as_bytes()[at] == b'=').then(|| (&term[..at], &term[at + 1..]))
}

fn qualifier(term: &str) -> (Qualifier, &str) {
    let qualifiers =
        [('+', Qualifier::Pass), ('-', Qualifier::Fail), ('~', Qualifier::SoftFail), ('?', Qualifier::Neutral)];
    for (sign, qualifier) in qualifiers {
        if let Some(rest) = term.strip_prefix(sign) {
            return (qualifier, rest);
        }
    }
    (Qualifier::Pass, term)
}

/// A term without the lengths of networks at its end, and these: `/24`, `//64`, or both.
fn lengths(term: &str) -> Option<(&str, u8, u8)> {
    let (rest, six) = match term.split_once("//") {
        Some((rest, length)) => (rest, length.parse().ok().filter(|length| *length <= 128)?),
        None => (term, 128),
    };
    match rest.split_once('/') {
        Some((head, length)) => {
            // Of an IPv6 network, this one.
            let most = if head.get(..3).is_some_and(|kind| kind.eq_ignore_ascii_case("ip6")) { 128 } else { 32 };
            Some((head, length.parse().ok().filter(|length| *length <= most)?, six))
        }
        None => Some((rest, 32, six)),
    }
}

/// The network of `ip4:` and `ip6:`.
fn network<N: WholeNetwork>(term: &str) -> Option<N> {
    let value = term.get(4..)?;
    value.parse().ok().or_else(|| N::whole(value))
}

trait WholeNetwork: std::str::FromStr {
    fn whole(address: &str) -> Option<Self>;
}

impl WholeNetwork for Ipv4Net {
    fn whole(address: &str) -> Option<Self> {
        Some(address.parse::<std::net::Ipv4Addr>().ok()?.into())
    }
}

impl WholeNetwork for Ipv6Net {
    fn whole(address: &str) -> Option<Self> {
        Some(address.parse::<std::net::Ipv6Addr>().ok()?.into())
    }
}

#[cfg(test)]
mod tests;
