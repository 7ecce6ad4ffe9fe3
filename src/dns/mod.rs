//! What the domain name system says, by the system's resolver or by one that somebody names. Each question has an end
//! after seconds: who asks is told that it could not be asked.

pub mod dmarc;
pub mod spf;

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::rr::{RData, RecordType},
};

/// How long a question may take, with all that is tried again.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(6);

/// How long one server may take for one try.
const TRY_TIMEOUT: Duration = Duration::from_millis(2_500);

/// The question could not be asked, or nobody answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("DNS could not be asked for {name}: {reason}")]
pub struct Error {
    name: String,
    reason: String,
}

/// Somebody who can be asked for names.
#[derive(Debug, Clone)]
pub struct Dns(TokioResolver);

impl Dns {
    /// By the servers that this machine asks (`/etc/resolv.conf`).
    pub fn of_system() -> Result<Self, Error> {
        let wrong = |reason: String| Error { name: "anything".into(), reason };
        let mut builder = TokioResolver::builder_tokio().map_err(|error| wrong(error.to_string()))?;
        let options = builder.options_mut();
        (options.timeout, options.attempts) = (TRY_TIMEOUT, 1);
        builder.build().map(Self).map_err(|error| wrong(error.to_string()))
    }

    /// By one server.
    pub fn at(server: SocketAddr) -> Result<Self, Error> {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = server.port();
            connection
        });
        let server = NameServerConfig::new(server.ip(), true, connections.into());
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        (options.timeout, options.attempts) = (TRY_TIMEOUT, 1);
        builder.build().map(Self).map_err(|error| Error { name: "anything".into(), reason: error.to_string() })
    }

    /// The texts of a name (TXT), each with its strings put together; none if there are none.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, Error> {
        let found = self.records(name, RecordType::TXT).await?;
        let text = |data: &RData| match data {
            RData::TXT(text) => {
                let bytes: Vec<u8> = text.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
                Some(String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => None,
        };
        Ok(found.iter().filter_map(text).collect())
    }

    /// The servers that take a domain's mail (MX), the first to be tried first; `.` alone is none at all (RFC 7505).
    pub async fn mail_servers(&self, domain: &str) -> Result<Vec<String>, Error> {
        let found = self.records(domain, RecordType::MX).await?;
        let mut servers: Vec<(u16, String)> = found
            .iter()
            .filter_map(|data| match data {
                RData::MX(mx) => Some((mx.preference, plain(&mx.exchange.to_ascii()))),
                _ => None,
            })
            .collect();
        servers.sort();
        Ok(servers.into_iter().map(|(_, server)| server).collect())
    }

    /// The addresses of a name, of both kinds.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Error> {
        if let Ok(address) = name.parse() {
            return Ok(vec![address]);
        }
        let (four, six) = tokio::join!(self.records(name, RecordType::A), self.records(name, RecordType::AAAA));
        let all = four?.into_iter().chain(six?);
        Ok(all
            .filter_map(|data| match data {
                RData::A(address) => Some(IpAddr::from(address.0)),
                RData::AAAA(address) => Some(IpAddr::from(address.0)),
                _ => None,
            })
            .collect())
    }

    /// The names of an address (PTR).
    pub async fn names(&self, address: IpAddr) -> Result<Vec<String>, Error> {
        let found = self.records(&reverse_name(address), RecordType::PTR).await?;
        let name = |data: &RData| match data {
            RData::PTR(name) => Some(plain(&name.0.to_ascii())),
            _ => None,
        };
        Ok(found.iter().filter_map(name).collect())
    }

    async fn records(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, Error> {
        let failed = |reason: String| Error { name: name.to_owned(), reason };
        // With its dot a name is looked up as it is, and not below the machine's own domain.
        let whole = format!("{}.", name.trim_end_matches('.'));
        let answer = tokio::time::timeout(QUESTION_TIMEOUT, self.0.lookup(whole.as_str(), kind)).await;
        match answer {
            Err(_) => Err(failed(format!("no answer within {} seconds", QUESTION_TIMEOUT.as_secs()))),
            Ok(Ok(found)) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
            Ok(Err(error)) if error.is_no_records_found() || error.is_nx_domain() => Ok(Vec::new()),
            Ok(Err(error)) => Err(failed(error.to_string())),
        }
    }
}

/// The name under which an address's own names stand.
pub fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let digits = format!("{:032x}", address.to_bits());
            let reversed: Vec<String> = digits.chars().rev().map(String::from).collect();
            format!("{}.ip6.arpa", reversed.join("."))
        }
    }
}

/// A name as people write it: without its last dot, unless that is all.
fn plain(name: &str) -> String {
    if name == "." { name.to_owned() } else { name.trim_end_matches('.').to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_turned_around() {
        for (address, name) in [
            ("192.0.2.7", "7.2.0.192.in-addr.arpa"),
            ("2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
        ] {
            assert_eq!(reverse_name(address.parse().expect("an address")), name);
        }
    }
}
