//! Whether the relays take a letter: connection, TLS, login, size, sender and reader, and no letter.

use chrono::{DateTime, Utc};

use super::{Examined, Finding};
use crate::{
    config::{Login, Proof, Relays, Security},
    send::probe::probe,
};

/// What was found, and the clocks of relays that tell theirs.
#[derive(Debug, Default)]
pub struct RelayReport {
    pub findings: Vec<Finding>,
    pub clocks: Vec<(String, DateTime<Utc>)>,
    /// Whether all connections have TLS; none if no relay answered.
    pub has_tls: Option<bool>,
}

/// Asks each relay, with the addresses that letters have. Keys are told as those of `[relay]`, also where there are several.
pub async fn examine(examined: &Examined<'_>, letter_size: u64) -> RelayReport {
    let config = examined.config;
    let mut found = RelayReport::default();
    let relays = match &config.relays {
        Relays::Folder(folder) => {
            let words = format!("letters go into the folder {}, and to nobody", folder.display());
            found.findings.push(
                Finding::note("relay", words).at("relay.url").mend("write smtp://HOST:PORT or smtps://HOST:PORT"),
            );
            return found;
        }
        Relays::Smtp(relays) => relays,
    };
    let letters = &config.letters;
    let bounce = &letters.bounce_address;
    let sender = format!("{}{}doctor@{}", bounce.local(), letters.bounce_separator, bounce.domain());
    let reader = config.desk.editors.first().map_or(&letters.from.address, |editor| &editor.address).to_string();
    for (index, relay) in relays.iter().enumerate() {
        // It is told with the passwords.
        if matches!(relay.login, Some(Login { proof: Proof::Missing(_), .. })) {
            continue;
        }
        if examined.is_reserved(&relay.host) && relay.host != "localhost" {
            found
                .findings
                .push(Finding::note("relay", format!("{} has a name for examples, and is not asked", relay.name)));
            continue;
        }
        let placed = |finding: Finding| finding.in_entry(index);
        let key = |name: &str| format!("relay.{name}");
        let answered = match probe(relay, &sender, &reader).await {
            Ok(answered) => answered,
            Err(why) => {
                found.findings.push(placed(unusable(&relay.name, &why, &key)));
                continue;
            }
        };
        // On this machine, TLS is what the server does with others.
        let is_local = relay.security == Security::Plain;
        if !is_local {
            found.has_tls = Some(found.has_tls.unwrap_or(true) && answered.is_secure);
        }
        if let Some(at) = answered.clock {
            found.clocks.push((format!("the relay {}", relay.name), at));
        }
        if !answered.is_secure && !is_local {
            found.findings.push(placed(
                Finding::advice("relay", format!("{} offers no TLS: letters go in the clear", relay.name))
                    .at(&key("tls"))
                    .mend("use a relay with TLS, and write tls = \"required\""),
            ));
        }
        if let Some(most) = answered.max_size.filter(|most| letter_size > *most) {
            found.findings.push(placed(
                Finding::wrong(
                    "relay",
                    format!(
                        "{} takes letters of {most} bytes (SIZE), and the next edition's have about {letter_size}",
                        relay.name
                    ),
                )
                .at(&key("url"))
                .mend("raise the relay's limit (Postfix: message_size_limit), or write a smaller digest.max_columns"),
            ));
        }
        match answered.refused {
            Some((command, reply)) => {
                let (at, mend) = match command {
                    "MAIL" => {
                        ("letters.bounce_address", "have the relay take this sender, or write another bounce_address")
                    }
                    _ => (
                        "relay.user",
                        "have the relay take letters to other domains from this machine: give it a login (user, password_env), or name this machine in its settings (Postfix: mynetworks)",
                    ),
                };
                let what = format!("{} refuses a letter at {command}: {reply}", relay.name);
                found.findings.push(placed(Finding::wrong("relay", what).at(at).mend(mend)));
            }
            None => found.findings.push(placed(
                Finding::fine(
                    "relay",
                    format!("{} takes letters{}", relay.name, if answered.is_secure { ", by TLS" } else { "" }),
                )
                .at(&key("url")),
            )),
        }
    }
    found
}

/// A relay that no letter can be given to.
fn unusable(name: &str, why: &str, key: &dyn Fn(&str) -> String) -> Finding {
    let has = |words: &[&str]| words.iter().any(|word| why.contains(word));
    let (key, mend) = if has(&["login", "logins", "AUTH", "token"]) {
        (key("user"), "mend the user or the password: the provider of the relay knows them")
    } else if has(&["certificate", "UnknownIssuer", "not valid for name", "TLS", "handshake"]) {
        (key("url"), "write the name that is in its certificate, or name who signed it in ca_file")
    } else if has(&["STARTTLS"]) {
        (key("url"), "write an smtps:// address if it speaks TLS from the first byte, or use another relay")
    } else if has(&["refused", "unreachable"]) {
        (key("url"), "start the mail server, or mend host and port")
    } else if has(&["lookup", "resolve", "known"]) {
        (key("url"), "mend the host's name")
    } else {
        (key("url"), "mend host and port; a firewall may keep port 25 or 587 shut")
    };
    Finding::wrong("relay", format!("{name} cannot be used: {why}")).at(&key).mend(mend)
}
