//! What the large receivers ask of who writes to many, one by one. Their rules are public: those of Gmail and Yahoo of
//! February 2024, Microsoft's of May 2025, laposte.net's of September 2025, Orange's as of May 2026.

use super::{
    Examined, Finding, Level,
    mail::{Fact, MailFacts},
};
use crate::config::Relays;

/// What is known beside DNS.
#[derive(Debug, Clone, Default)]
pub struct OtherFacts {
    /// Connections to the relays have TLS; none if no relay was asked.
    pub has_tls: Option<bool>,
    /// The magazine's site answers.
    pub has_site: Option<bool>,
}

/// What a receiver asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Spf,
    Dkim,
    Dmarc,
    Aligned,
    Ptr,
    Tls,
    OneClick,
    Receives,
    Reports,
    Site,
    OwnDomain,
    FewConnections,
}

struct Receiver {
    /// The check's name.
    check: &'static str,
    name: &'static str,
    rules: &'static [Rule],
}

const RECEIVERS: [Receiver; 5] = [
    Receiver {
        check: "gmail",
        name: "Gmail",
        rules: &[
            Rule::Spf,
            Rule::Dkim,
            Rule::Dmarc,
            Rule::Aligned,
            Rule::Ptr,
            Rule::Tls,
            Rule::OneClick,
            Rule::OwnDomain,
        ],
    },
    Receiver {
        check: "yahoo",
        name: "Yahoo",
        rules: &[Rule::Spf, Rule::Dkim, Rule::Dmarc, Rule::Aligned, Rule::Ptr, Rule::OneClick, Rule::OwnDomain],
    },
    Receiver {
        check: "microsoft",
        name: "Microsoft (outlook.com, hotmail)",
        rules: &[Rule::Spf, Rule::Dkim, Rule::Dmarc, Rule::Aligned, Rule::Receives, Rule::OneClick, Rule::OwnDomain],
    },
    Receiver {
        check: "orange",
        name: "Orange (orange.fr, wanadoo.fr)",
        rules: &[Rule::Spf, Rule::Dkim, Rule::Dmarc, Rule::Ptr, Rule::Receives, Rule::Site, Rule::FewConnections],
    },
    Receiver {
        check: "laposte",
        name: "laposte.net",
        rules: &[Rule::Spf, Rule::Dkim, Rule::Dmarc, Rule::Reports, Rule::Ptr, Rule::OneClick],
    },
];

/// Domains of mailboxes for everybody: nobody else's machine may write from them.
const MAILBOX_DOMAINS: [&str; 16] = [
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "yahoo.fr",
    "outlook.com",
    "outlook.fr",
    "hotmail.com",
    "hotmail.fr",
    "live.com",
    "orange.fr",
    "wanadoo.fr",
    "laposte.net",
    "free.fr",
    "sfr.fr",
    "gmx.de",
    "icloud.com",
];

/// Orange takes so many connections of an address at once.
const ORANGE_CONNECTIONS: u32 = 2;

/// Judges by the rules of each receiver.
pub fn examine(examined: &Examined<'_>, mail: &MailFacts, others: &OtherFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    for receiver in &RECEIVERS {
        let before = found.len();
        let mut unknown = Vec::new();
        for rule in receiver.rules {
            let (wants, level, fact) = fact_of(examined, *rule, mail, others);
            match fact.holds {
                Some(true) => {}
                Some(false) => found.push(
                    Finding::new(level, receiver.check, format!("{} wants {wants}", receiver.name))
                        .at(fact.key)
                        .mend(fact.mend),
                ),
                None => unknown.push(wants),
            }
        }
        if !unknown.is_empty() {
            let words =
                format!("{} wants {}: this could not be found out from here", receiver.name, unknown.join("; "));
            found.push(Finding::note(receiver.check, words));
        } else if found.len() == before {
            found.push(Finding::fine(
                receiver.check,
                format!("{}: all that can be seen from here is as it is wanted", receiver.name),
            ));
        }
    }
    found
}

/// What a rule wants in words, how bad it is without, and whether it is kept.
fn fact_of(examined: &Examined<'_>, rule: Rule, mail: &MailFacts, others: &OtherFacts) -> (&'static str, Level, Fact) {
    let config = examined.config;
    let wrong = Level::Wrong;
    match rule {
        Rule::Spf => ("an SPF record that lets the sender through", wrong, mail.spf.clone()),
        Rule::Dkim => ("a DKIM signature that can be verified", wrong, mail.dkim.clone()),
        Rule::Dmarc => ("a DMARC record, at least p=none", wrong, mail.dmarc.clone()),
        Rule::Aligned => {
            ("the sender's domain to be that of the signature or of the envelope", wrong, mail.aligned.clone())
        }
        Rule::Ptr => ("a name of the sending address that leads back to it (PTR)", wrong, mail.ptr.clone()),
        Rule::Receives => ("a sender's address that takes answers", wrong, mail.receives.clone()),
        Rule::Reports => ("an address for DMARC reports (rua)", Level::Advice, mail.report_address.clone()),
        Rule::Tls => {
            let mend =
                "write tls = \"required\" or an smtps:// address, so that letters go encrypted on their first way";
            ("letters to come by TLS", wrong, Fact::new(others.has_tls, "relay.url", mend))
        }
        Rule::Site => {
            let mend = "have a site answer at magazine.url, and at the sender's domain";
            ("a site behind the sender's domain", Level::Advice, Fact::new(others.has_site, "magazine.url", mend))
        }
        Rule::OneClick => {
            let mend = "write an https:// address that `gazetier serve` answers";
            let is_https = config.letters.unsubscribe_url.scheme() == "https";
            (
                "leaving by one click over https (RFC 8058)",
                wrong,
                Fact::new(Some(is_https), "letters.unsubscribe_url", mend),
            )
        }
        Rule::OwnDomain => {
            let domain = config.letters.from.address.domain().to_ascii_lowercase();
            let is_own = !MAILBOX_DOMAINS.contains(&domain.as_str());
            let mend = "write from a domain of your own, such as that of magazine.url";
            (
                "a sender of a domain of your own: mailbox providers' domains let only themselves send",
                wrong,
                Fact::new(Some(is_own), "letters.from", mend),
            )
        }
        Rule::FewConnections => {
            // A relay elsewhere has its own pace.
            let own = match &config.relays {
                Relays::Smtp(relays) => relays
                    .iter()
                    .filter(|relay| relay.host.starts_with("smtp-in.orange."))
                    .map(|relay| {
                        let limit = relay.limit_of("orange.fr").and_then(|limit| limit.connections);
                        limit.map_or(relay.connections, |most| relay.connections.min(most.get()))
                    })
                    .max(),
                Relays::Folder(_) => None,
            };
            let holds = own.is_none_or(|connections| connections <= ORANGE_CONNECTIONS);
            (
                "two connections of an address at once, at the most",
                Level::Advice,
                Fact::new(Some(holds), "relay.connections", "write connections = 2"),
            )
        }
    }
}
