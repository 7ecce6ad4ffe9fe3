//! Who asks. What a request says of it is believed only where the configuration says so.

use std::{convert::Infallible, net::IpAddr};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use ipnet::IpNet;

use super::{Peer, Shared, desk::Desk};
use crate::config::Proxy;

/// Who asks, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The address; `None` where a Unix socket's peer says nothing.
    pub address: Option<IpAddr>,
}

impl Client {
    /// From the connection and, if a trusted proxy is at its other end, from what it says.
    pub fn of(proxies: &[Proxy], peer: Peer, headers: &HeaderMap) -> Self {
        let trusted = |address: Option<IpAddr>| {
            proxies.iter().any(|proxy| match (proxy, address) {
                (Proxy::Unix, None) => true,
                (Proxy::Net(net), Some(address)) => net.contains(&address),
                _ => false,
            })
        };
        let mut address = peer.0;
        let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
        let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        // Each proxy writes at the end whom it got the request from: what stands before the first
        // that we do not trust can be anybody's invention.
        for hop in hops.into_iter().rev() {
            if !trusted(address) {
                break;
            }
            let Some(next) = read(hop) else { break };
            address = Some(next);
        }
        Self { address }
    }

    /// What counts as one client.
    pub fn customer(&self) -> Option<IpNet> {
        self.address.map(customer)
    }

    /// Whose neighbours count together: in IPv6, a provider gives many customers networks of one /48.
    pub fn network(&self) -> Option<IpNet> {
        let prefix = match self.address? {
            IpAddr::V4(_) => 24,
            IpAddr::V6(_) => 48,
        };
        self.address.and_then(|address| IpNet::new(address, prefix).ok()).map(|net| net.trunc())
    }
}

/// What counts as one client: an address, or, in IPv6, the /64 that one customer has and may use any address of.
pub(super) fn customer(address: IpAddr) -> IpNet {
    match IpNet::new(address, if address.is_ipv4() { 32 } else { 64 }) {
        Ok(net) => net.trunc(),
        Err(_) => address.into(),
    }
}

/// An address as proxies write it: alone, in brackets, with a port.
fn read(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(address, _)| address);
    let address: Option<IpAddr> = bare.unwrap_or(hop).parse().ok();
    let address = address.or_else(|| hop.parse().ok().map(|socket: std::net::SocketAddr| socket.ip()));
    address.map(|address| address.to_canonical())
}

impl FromRequestParts<Shared> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>().copied().unwrap_or(Peer(None));
        Ok(Self::of(&shared.config().web.proxies, peer, &parts.headers))
    }
}

impl FromRequestParts<Desk> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Infallible> {
        Self::from_request_parts(parts, desk.shared()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &[&str], peer: Option<&str>, forwarded: &[&str]) -> Option<String> {
        let proxies: Vec<Proxy> = proxies
            .iter()
            .map(|text| if *text == "unix" { Proxy::Unix } else { Proxy::Net(text.parse().expect("a network")) })
            .collect();
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().expect("a value"));
        }
        let peer = Peer(peer.map(|text| text.parse().expect("an address")));
        Client::of(&proxies, peer, &headers).address.map(|address| address.to_string())
    }

    #[test]
    fn only_proxies_that_are_trusted_speak_for_others() {
        let of = client;
        assert_eq!(of(&[], Some("10.0.0.1"), &["1.2.3.4"]).as_deref(), Some("10.0.0.1"));
        assert_eq!(of(&["10.0.0.0/8"], Some("10.0.0.1"), &["1.2.3.4"]).as_deref(), Some("1.2.3.4"));
        assert_eq!(of(&["10.0.0.0/8"], Some("10.0.0.1"), &["6.6.6.6, 1.2.3.4"]).as_deref(), Some("1.2.3.4"));
        assert_eq!(
            of(&["10.0.0.0/8"], Some("10.0.0.1"), &["6.6.6.6", "1.2.3.4, 10.9.9.9"]).as_deref(),
            Some("1.2.3.4")
        );
        assert_eq!(of(&["10.0.0.0/8"], Some("10.0.0.1"), &["6.6.6.6, unknown"]).as_deref(), Some("10.0.0.1"));
        assert_eq!(of(&["10.0.0.0/8"], Some("11.0.0.1"), &["1.2.3.4"]).as_deref(), Some("11.0.0.1"));
        assert_eq!(of(&["unix"], None, &["[2001:db8::1]:443"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(of(&["unix"], None, &["1.2.3.4:80"]).as_deref(), Some("1.2.3.4"));
        assert_eq!(of(&[], None, &["1.2.3.4"]), None);
        assert_eq!(of(&["unix"], None, &[]), None);
    }
}
