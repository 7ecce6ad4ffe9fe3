//! Where `gazetier serve` listens, whom it believes, and under which addresses readers find it.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf};

use ipnet::IpNet;
use url::Url;

use super::{
    Config, Error, Feeds, Letters, Magazine, bounds,
    check::{ConfigRefusal, folder, refuse},
    raw,
};
use crate::model::text;

/// What `gazetier serve` needs to know.
#[derive(Debug, Clone)]
pub struct Web {
    /// Where it listens.
    pub listen: Listen,
    /// The page to subscribe from; those to confirm and to choose rubriques stand below.
    pub url: Url,
    /// The editions, each below by its period; `letters.archive_url` if there is one.
    pub archive: Url,
    /// Who may say for whom it asks.
    pub proxies: Vec<Proxy>,
    /// Whose pages may send subscriptions from a script, such as `https://estran.example.org`.
    pub origins: Vec<String>,
    /// What readers agree to on pages of the magazine's own, where those say it in other words than ours.
    pub consents: Vec<String>,
    /// Where `/metrics` is, beside the pages: no visitor of a web server that stands before those gets there.
    pub metrics_listen: Option<Listen>,
    /// Who may see it, by the connection alone.
    pub metrics: Vec<IpNet>,
    /// How many connections are served at once.
    pub connections: usize,
}

/// The longest text that can be agreed to, in characters.
const MAX_CONSENT_CHARS: usize = 1_000;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// On an address and port.
    Tcp(SocketAddr),
    /// On a Unix socket, for a web server on this machine.
    Unix(PathBuf),
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A server that stands before ours and names in X-Forwarded-For whom it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// Whoever may open the Unix socket.
    Unix,
    /// An address or a network.
    Net(IpNet),
}

/// Reads where to listen: an address with its port, or `unix:` and a path.
pub(super) fn listen(key: &str, text: &str, base: &std::path::Path) -> Result<Listen, ConfigRefusal> {
    if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
        return Ok(Listen::Unix(bounds::path(key, base, path)?));
    }
    let address = text.replacen("localhost:", "127.0.0.1:", 1).parse();
    address.map(Listen::Tcp).map_err(|_| {
        refuse(key, format!("{text:?}: write an address with its port such as \"127.0.0.1:8380\", or \"unix:/PATH\""))
    })
}

impl Config {
    /// The hosts under which readers ask for this magazine.
    pub fn public_hosts(&self) -> BTreeSet<String> {
        let urls = [&self.feeds.url, &self.web.url, &self.web.archive, &self.letters.unsubscribe_url];
        urls.into_iter().filter_map(Url::host_str).map(str::to_ascii_lowercase).collect()
    }

    /// Says what keeps one server from answering for all there is, whatever the hosts: the paths
    /// of two places are the same.
    pub fn can_serve(&self) -> Result<(), Error> {
        let places = [
            ("feeds.url", &self.feeds.url),
            ("web.url", &self.web.url),
            ("letters.archive_url", &self.web.archive),
            ("letters.unsubscribe_url", &self.letters.unsubscribe_url),
        ];
        for (at, (key, url)) in places.iter().enumerate() {
            let same =
                |(_, place): &&(&str, &Url)| url.path().trim_end_matches('/') == place.path().trim_end_matches('/');
            if let Some((other, _)) = places[..at].iter().find(same) {
                let message = format!("{url} has the path of {other}, and one server answers for both: change one");
                return Err(Error::Value { path: self.path.clone(), key: (*key).to_owned(), entry: None, message });
            }
        }
        Ok(())
    }
}

pub(super) fn check(
    raw: raw::RawWeb,
    base: &std::path::Path,
    magazine: &Magazine,
    feeds: &Feeds,
    letters: &Letters,
) -> Result<Web, ConfigRefusal> {
    let url = match (&raw.url, &feeds.newsletter_url) {
        (Some(text), _) => folder("web.url", text)?,
        (None, Some(url)) => folder("feeds.newsletter_url", url.as_str())?,
        (None, None) => folder("web.url", &format!("{}lettre/", magazine.url))?,
    };
    let archive = match &letters.archive_url {
        Some(url) => folder("letters.archive_url", url.as_str())?,
        None => folder("web.url", &format!("{url}archive/"))?,
    };
    Ok(Web {
        listen: listen("web.listen", &raw.listen, base)?,
        proxies: raw.proxies.iter().map(|text| proxy(text)).collect::<Result<_, _>>()?,
        origins: raw.origins.iter().map(|text| origin(text)).collect::<Result<_, _>>()?,
        consents: raw.consents.iter().map(|text| consent(text)).collect::<Result<_, _>>()?,
        metrics_listen: raw.metrics_listen.map(|text| listen("web.metrics_listen", &text, base)).transpose()?,
        metrics: raw.metrics.iter().map(|text| net("web.metrics", text)).collect::<Result<_, _>>()?,
        connections: bounds::number("web.connections", raw.connections, 1, 100_000)?,
        url,
        archive,
    })
}

/// Words that readers agree to.
fn consent(words: &str) -> Result<String, ConfigRefusal> {
    let one_line = text::one_line(&text::remove_illegal(words).0);
    match one_line.chars().count() {
        0 => Err(refuse("web.consents", "these words are empty: write what readers agree to, or leave them out")),
        n if n > MAX_CONSENT_CHARS => Err(refuse(
            "web.consents",
            format!("these words have {n} characters: {MAX_CONSENT_CHARS} at the most, as readers read them"),
        )),
        _ => Ok(one_line),
    }
}

fn proxy(text: &str) -> Result<Proxy, ConfigRefusal> {
    if text == "unix" { Ok(Proxy::Unix) } else { net("web.proxies", text).map(Proxy::Net) }
}

fn net(key: &str, text: &str) -> Result<IpNet, ConfigRefusal> {
    let net = text.parse().or_else(|_| text.parse().map(|ip: std::net::IpAddr| IpNet::from(ip)));
    net.map_err(|_| {
        refuse(key, format!("{text:?}: write addresses or networks such as \"10.0.0.1\" or \"10.0.0.0/8\""))
    })
}

/// An origin as browsers send it: scheme and host, no path.
fn origin(text: &str) -> Result<String, ConfigRefusal> {
    let wrong = || refuse("web.origins", format!("{text:?}: write scheme and host, such as \"https://example.org\""));
    let url = Url::parse(text).map_err(|_| wrong())?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !bare {
        return Err(wrong());
    }
    Ok(url.origin().ascii_serialization())
}
