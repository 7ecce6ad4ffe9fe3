//! Whether DNS has the keys by which receivers verify our signatures (RFC 6376, RFC 8463).

use std::collections::BTreeMap;

use super::{Fact, MailFacts, not_asked};
use crate::{
    config::{Config, Dkim},
    dns::Dns,
    doctor::Finding,
};

/// Looks at each key's record.
pub(super) async fn check(config: &Config, dns: &Dns, facts: &mut MailFacts, found: &mut Vec<Finding>) {
    if config.dkim.is_empty() {
        let domain = config.letters.from.address.domain();
        let mend = "openssl genrsa -out dkim.pem 2048; write [[dkim]] selector = \"g1\" and key = \"dkim.pem\"; publish what `gazetier digest dkim` prints";
        found.push(
            Finding::advice("dkim", format!("letters are not signed here: unless the relay signs them for {domain}, receivers take them for forged"))
                .at("dkim")
                .mend(mend),
        );
        facts.dkim = Fact::new(None, "dkim", mend);
        return;
    }
    let (mut holds, mut mend) = (Some(false), String::new());
    for (index, key) in config.dkim.iter().enumerate() {
        let finding = match dns.texts(&key.record_name()).await {
            Ok(texts) => judge(key, &texts),
            Err(error) => {
                holds = if holds == Some(true) { holds } else { None };
                not_asked("dkim", &error)
            }
        };
        if finding.level == crate::doctor::Level::Fine || finding.level == crate::doctor::Level::Advice {
            // One signature that can be verified is enough.
            holds = Some(true);
        }
        mend = format!("publish {}", key.zone_record());
        found.push(finding.at("dkim.selector").in_entry(index));
    }
    facts.dkim = Fact::new(holds, "dkim.selector", mend);
}

/// The record of a key against the key.
fn judge(key: &Dkim, texts: &[String]) -> Finding {
    let name = key.record_name();
    let publish = format!("publish {}", key.zone_record());
    let wrong = |what: String| Finding::wrong("dkim", what).mend(&publish);
    let records: Vec<&String> = texts.iter().filter(|text| text.contains("p=")).collect();
    let text = match records.as_slice() {
        [text] => text,
        [] => return wrong(format!("{name} has no key: receivers cannot verify signatures")),
        several => {
            return Finding::wrong(
                "dkim",
                format!("{name} has {} records, and receivers may take any of them", several.len()),
            )
            .mend(format!("keep the one that says {:?}", key.record()));
        }
    };
    let theirs = tags(text);
    let ours = tags(&key.record());
    let value = |tag: &str| theirs.get(tag).map(String::as_str);
    if value("v").is_some_and(|version| version != "DKIM1") {
        return wrong(format!("{name} is of a version that nobody knows: v={}", value("v").unwrap_or_default()));
    }
    let kind = value("k").unwrap_or("rsa");
    if Some(kind) != ours.get("k").map(String::as_str) {
        return wrong(format!(
            "{name} has a key of the kind {kind}, and ours is {}",
            ours.get("k").map_or("", String::as_str)
        ));
    }
    match value("p") {
        Some("") => return wrong(format!("{name} takes its key back (p= is empty)")),
        published if published != ours.get("p").map(String::as_str) => {
            return wrong(format!("{name} has another key than the one that signs: all signatures fail"));
        }
        _ => {}
    }
    if value("h").is_some_and(|hashes| !hashes.split(':').any(|hash| hash.trim() == "sha256")) {
        return wrong(format!("{name} does not allow SHA-256 (h={})", value("h").unwrap_or_default()));
    }
    if value("s").is_some_and(|services| !services.split(':').any(|service| matches!(service.trim(), "*" | "email"))) {
        return wrong(format!("{name} has a key that is not for mail (s={})", value("s").unwrap_or_default()));
    }
    if value("t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y")) {
        return Finding::advice(
            "dkim",
            format!("{name} is only a test (t=y): receivers may take letters as if they were not signed"),
        )
        .mend(format!("take t=y out of the TXT record of {name}"));
    }
    Finding::fine("dkim", format!("{name} has the key that signs"))
}

/// The tags of a record; white space in values is nothing, as in keys that were broken into lines.
fn tags(text: &str) -> BTreeMap<String, String> {
    let tag = |part: &str| {
        let (name, value) = part.split_once('=')?;
        Some((name.trim().to_owned(), value.split_whitespace().collect::<String>()))
    };
    text.split(';').filter_map(tag).collect()
}
