//! `[[relay.limits]]`: how much a mailbox provider takes, where we hand over to it directly or the relay wants it so.

use std::num::NonZeroU32;

use serde::Deserialize;

use super::check::{ConfigRefusal, refuse};
use crate::model::provider;

/// The user's words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLimit {
    /// A provider by its name, or one of its domains.
    pub provider: Option<String>,
    /// Other domains.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Over so many connections at once.
    pub connections: Option<u32>,
    /// So many letters over one connection.
    pub letters_per_connection: Option<u32>,
    /// How many letters in an hour.
    pub per_hour: Option<u32>,
    /// How many letters in a day.
    pub per_day: Option<u32>,
}

/// How much a provider takes of a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderLimit {
    /// What it is called.
    pub name: String,
    /// Its domains, in lower case.
    pub domains: Vec<String>,
    /// How many connections of one program carry letters to it at once.
    pub connections: Option<NonZeroU32>,
    /// How many of its letters a connection is used for.
    pub letters_per_connection: Option<NonZeroU32>,
    /// In an hour by the clock, from all that share the store.
    pub hour: Option<NonZeroU32>,
    /// In any 24 hours, from all that share the store.
    pub day: Option<NonZeroU32>,
}

pub(super) fn check(raws: &[RawLimit], key: &dyn Fn(&str) -> String) -> Result<Vec<ProviderLimit>, ConfigRefusal> {
    let mut limits: Vec<ProviderLimit> = Vec::new();
    for raw in raws {
        let limit = limit(raw, key)?;
        if let Some(twice) =
            limit.domains.iter().find(|domain| limits.iter().any(|other| other.domains.contains(domain)))
        {
            return Err(refuse(&key("limits"), format!("{twice} has two limits: write one for it")));
        }
        limits.push(limit);
    }
    Ok(limits)
}

fn limit(raw: &RawLimit, key: &dyn Fn(&str) -> String) -> Result<ProviderLimit, ConfigRefusal> {
    let mut domains: Vec<String> = raw.domains.iter().map(|domain| domain.trim().to_ascii_lowercase()).collect();
    if let Some(wrong) = domains.iter().find(|domain| domain.is_empty() || domain.contains(['@', ' '])) {
        let what = format!("{wrong:?} is no domain: write what stands behind the @ of addresses");
        return Err(refuse(&key("limits.domains"), what));
    }
    let mut name = domains.first().cloned();
    if let Some(written) = &raw.provider {
        let lower = written.trim().to_ascii_lowercase();
        let known = provider::provider(&lower);
        let Some(known_domains) = provider::domains(known) else {
            let names: Vec<&str> = provider::names().collect();
            let what = format!("{written:?} is none that is known: write one of {}, or domains", names.join(", "));
            return Err(refuse(&key("limits.provider"), what));
        };
        name = Some(known.to_owned());
        domains.extend(known_domains.iter().map(|domain| (*domain).to_owned()));
        domains.sort();
        domains.dedup();
    }
    let name = name.ok_or_else(|| refuse(&key("limits"), "it says of nobody: write provider or domains"))?;
    let positive = |name: &str, value: Option<u32>| {
        let zero = || refuse(&key(&format!("limits.{name}")), "0 are none: leave it out, or write a number");
        value.map(|value| NonZeroU32::new(value).ok_or_else(zero)).transpose()
    };
    let limit = ProviderLimit {
        connections: positive("connections", raw.connections)?,
        letters_per_connection: positive("letters_per_connection", raw.letters_per_connection)?,
        hour: positive("per_hour", raw.per_hour)?,
        day: positive("per_day", raw.per_day)?,
        name,
        domains,
    };
    if limit.connections.or(limit.letters_per_connection).or(limit.hour).or(limit.day).is_none() {
        let what =
            format!("it sets {} no limit: write connections, letters_per_connection, per_hour or per_day", limit.name);
        return Err(refuse(&key("limits"), what));
    }
    Ok(limit)
}
