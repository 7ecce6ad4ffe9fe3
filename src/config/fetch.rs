//! What gazetier may get from other machines when a text leads there.

use serde::Deserialize;
use url::Host;

use super::check::{ConfigRefusal, refuse};

/// What is got from other machines.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawFetch {
    /// Hosts that it may ask though their addresses are private.
    pub private_hosts: Vec<String>,
}

/// What may be fetched.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// Hosts that may have private addresses, such as a newsroom's own site.
    pub private_hosts: Vec<String>,
}

pub(super) fn check(raw: &RawFetch) -> Result<Fetch, ConfigRefusal> {
    Ok(Fetch { private_hosts: raw.private_hosts.iter().map(|text| host(text)).collect::<Result<_, _>>()? })
}

/// A host alone: a name, or an address.
fn host(text: &str) -> Result<String, ConfigRefusal> {
    let address = text.parse().ok().map(|address: std::net::Ipv6Addr| address.to_string());
    let parsed = address.or_else(|| Host::parse(text).ok().map(|host| host.to_string()));
    parsed.ok_or_else(|| {
        refuse(
            "fetch.private_hosts",
            format!("{text:?}: write hosts alone, such as \"www.estran.example\" or \"10.0.0.5\""),
        )
    })
}
