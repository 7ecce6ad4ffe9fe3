//! Gets what others' texts lead to, such as a link in a column. Who writes a link must not reach with our hands what
//! only this machine can reach: an address that is not of the public internet is refused, at each redirect anew, by
//! the address that is connected to and not by the name.

mod public;

use std::{fmt::Debug, io, net::IpAddr, sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use ureq::{
    Agent,
    config::{Config, ConfigBuilder},
    http::{HeaderMap, StatusCode, Uri, header},
    tls::TlsConfig,
    typestate::AgentScope,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};
use url::Url;

pub use public::is_public;

/// How much an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// All of it, redirects included.
    pub time: Duration,
    pub redirects: usize,
    /// How many bytes of the body are read at the most; with none, the body is left alone.
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where from, after all redirects.
    pub address: Url,
    pub body: Vec<u8>,
    pub headers: HeaderMap,
    /// Whether nothing has changed since what the request named (304).
    pub unchanged: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} is no web address")]
    Address(String),
    #[error(
        "it leads to {address}, which is not on the public internet: if it may, name {host} in fetch.private_hosts"
    )]
    Private { host: String, address: IpAddr },
    /// The server says that it has nothing, and perhaps when to ask again.
    #[error("the server answers {status}")]
    Status { status: u16, retry_after: Option<String> },
    /// It leads on, again and again.
    #[error("it leads on more than {0} times")]
    TooManyRedirects(usize),
    #[error("no answer within {} seconds", .0.as_secs())]
    Timeout(Duration),
    #[error("the answer is longer than {0} bytes")]
    TooLong(u64),
    #[error("{0}")]
    Failed(Box<ureq::Error>),
}

impl Error {
    /// What the server answered instead, if it answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Fetcher {
    agent: Agent,
    limits: FetchLimits,
}

/// How requests to other servers are made: with TLS by the one provider of cryptography that the program has. Statuses are
/// looked at, and redirects followed, by who asks.
pub fn agent_config() -> ConfigBuilder<AgentScope> {
    let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider())).build();
    Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("gazetier/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
}

impl Fetcher {
    /// One that goes to public addresses, and to these hosts wherever they are.
    pub fn new(private_hosts: &[String], limits: FetchLimits) -> Self {
        Self::with(private_hosts, limits, DefaultResolver::default())
    }

    fn with(private_hosts: &[String], limits: FetchLimits, resolver: impl Resolver) -> Self {
        // A proxy would look the name up by itself, and go wherever that leads. Redirects are followed here: the body of
        // one is nothing to wait for.
        let config = agent_config().proxy(None).build();
        let hosts = private_hosts.iter().map(|host| comparable_host(host)).collect();
        let agent = Agent::with_parts(config, DefaultConnector::default(), PublicResolver { hosts, inner: resolver });
        Self { agent, limits }
    }

    /// Gets what is at an address. It blocks until that is there.
    pub fn get(&self, address: &Url) -> Result<Fetched, Error> {
        self.get_with(address, &HeaderMap::new())
    }

    /// The same with headers of the request, which may name what is there already.
    pub fn get_with(&self, address: &Url, headers: &HeaderMap) -> Result<Fetched, Error> {
        let is_conditional =
            headers.contains_key(header::IF_NONE_MATCH) || headers.contains_key(header::IF_MODIFIED_SINCE);
        let end = Instant::now() + self.limits.time;
        let (mut address, mut headers) = (address.clone(), headers.clone());
        for _ in 0..=self.limits.redirects {
            if !matches!(address.scheme(), "http" | "https") {
                return Err(Error::Address(address.into()));
            }
            let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let mut request = self.agent.get(address.as_str()).config().timeout_global(Some(left)).build();
            if let Some(own) = request.headers_mut() {
                own.extend(headers.clone());
            }
            let mut answer = request.call().map_err(|error| self.failed(error))?;
            let status = answer.status();
            let place = answer.headers().get(header::LOCATION).filter(|_| status.is_redirection());
            if let Some(place) = place {
                let place = String::from_utf8_lossy(place.as_bytes()).into_owned();
                let next = address.join(&place).map_err(|_| Error::Address(place))?;
                if next.origin() != address.origin() {
                    // Whoever is meant by a login, it is not the next one.
                    headers.remove(header::AUTHORIZATION);
                }
                address = next;
                continue;
            }
            let unchanged = is_conditional && status == StatusCode::NOT_MODIFIED;
            if !status.is_success() && !unchanged {
                let retry_after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                return Err(Error::Status { status: status.as_u16(), retry_after: retry_after.map(str::to_owned) });
            }
            let answered = std::mem::take(answer.headers_mut());
            let body = match self.limits.bytes {
                0 => Vec::new(),
                _ if unchanged => Vec::new(),
                most => {
                    let read = answer.body_mut().with_config().limit(most).read_to_vec();
                    read.map_err(|error| self.failed(error))?
                }
            };
            return Ok(Fetched { address, body, headers: answered, unchanged });
        }
        Err(Error::TooManyRedirects(self.limits.redirects))
    }

    fn failed(&self, error: ureq::Error) -> Error {
        match error {
            ureq::Error::Timeout(_) => Error::Timeout(self.limits.time),
            ureq::Error::BodyExceedsLimit(_) => Error::TooLong(self.limits.bytes),
            ureq::Error::Other(other) => match other.downcast::<Error>() {
                Ok(refused) => *refused,
                Err(other) => Error::Failed(Box::new(ureq::Error::Other(other))),
            },
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => Error::Timeout(self.limits.time),
            error => Error::Failed(Box::new(error)),
        }
    }
}

/// A host's name as it is compared: without brackets, the last dot and capitals.
fn comparable_host(host: &str) -> String {
    host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase()
}

/// Looks names up, and gives the addresses that may be connected to. What is connected to is what was looked at: the
/// name is not looked up once more in between.
#[derive(Debug)]
struct PublicResolver<R> {
    hosts: Vec<String>,
    inner: R,
}

impl<R: Resolver> Resolver for PublicResolver<R> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let host = comparable_host(uri.host().unwrap_or_default());
        if self.hosts.contains(&host) {
            return Ok(found);
        }
        let mut kept = self.empty();
        for address in found.iter().filter(|address| is_public(address.ip())) {
            kept.push(*address);
        }
        match found.first() {
            Some(first) if kept.is_empty() => {
                let refused = Error::Private { host, address: first.ip().to_canonical() };
                Err(ureq::Error::Other(Box::new(refused)))
            }
            _ => Ok(kept),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Write},
        net::{SocketAddr, TcpListener},
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use super::*;

    const TEST_LIMITS: FetchLimits = FetchLimits { time: Duration::from_secs(5), redirects: 2, bytes: 10 };

    /// A name server of our own: each look-up gives the next answer, the last one for ever.
    #[derive(Debug, Clone)]
    struct FakeResolver {
        answers: Vec<Vec<SocketAddr>>,
        asked: Arc<AtomicUsize>,
    }

    impl FakeResolver {
        fn of(answers: &[&[SocketAddr]]) -> Self {
            Self { answers: answers.iter().map(|answer| answer.to_vec()).collect(), asked: Arc::default() }
        }
    }

    impl Resolver for FakeResolver {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
            let at = self.asked.fetch_add(1, Ordering::Relaxed).min(self.answers.len() - 1);
            let mut found = self.empty();
            for address in &self.answers[at] {
                found.push(*address);
            }
            Ok(found)
        }
    }

    /// Answers any number of requests by their paths; gives its address and how many it got.
    fn server(answer: fn(&str) -> String) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let place = listener.local_addr().expect("an address");
        let count = Arc::new(AtomicUsize::new(0));
        let asked = Arc::clone(&count);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut first = String::new();
                let _ = BufReader::new(&stream).read_line(&mut first);
                asked.fetch_add(1, Ordering::Relaxed);
                let path = first.split(' ').nth(1).unwrap_or_default();
                let _ = stream.write_all(format!("HTTP/1.1 {}", answer(path)).as_bytes());
            }
        });
        (place, count)
    }

    fn get(fetcher: &Fetcher, address: &str) -> Result<Fetched, String> {
        fetcher.get(&address.parse().expect("an address")).map_err(|error| error.to_string())
    }

    fn ok(_: &str) -> String {
        "200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".into()
    }

    #[test]
    fn a_name_that_leads_here_is_refused_whatever_it_led_to_before() {
        let (place, count) = server(ok);
        let public: SocketAddr = "192.0.2.1:1".parse().expect("an address");
        let mapped = SocketAddr::new(IpAddr::V6("::ffff:127.0.0.1".parse().expect("an address")), place.port());
        for answers in [&[place][..], &[mapped], &[mapped, place]] {
            let fetcher = Fetcher::with(&[], TEST_LIMITS, FakeResolver::of(&[answers]));
            let told = "it leads to 127.0.0.1, which is not on the public internet: if it may, name x.example in \
                        fetch.private_hosts";
            assert_eq!(get(&fetcher, "http://x.example/"), Err(told.to_owned()));
        }
        // A name is looked up once for each connection: what is connected to is what was looked at.
        let names = FakeResolver::of(&[&[place, public], &[place]]);
        let fetcher = Fetcher::with(&["x.example".into()], TEST_LIMITS, names.clone());
        assert_eq!(get(&fetcher, "http://x.example/").map(|got| got.body), Ok(b"ok".to_vec()));
        assert_eq!((names.asked.load(Ordering::Relaxed), count.load(Ordering::Relaxed)), (1, 1));
    }

    #[test]
    fn addresses_themselves_are_refused_however_they_are_written() {
        let (place, count) = server(ok);
        let fetcher = Fetcher::new(&[], TEST_LIMITS);
        for host in ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "localhost"] {
            let told = get(&fetcher, &format!("http://{host}:{}/", place.port())).expect_err(host);
            assert!(told.contains("not on the public internet"), "{host}: {told}");
        }
        assert_eq!(count.load(Ordering::Relaxed), 0, "nobody was connected to");
        let fetcher = Fetcher::new(&["127.0.0.1".into()], TEST_LIMITS);
        assert!(get(&fetcher, &format!("http://{place}/")).is_ok());
    }

    #[test]
    fn redirects_are_looked_at_and_counted() {
        fn answer(path: &str) -> String {
            let (status, place) = match path {
                "/here" => ("302 Found", "http://127.0.0.1:1/secret"),
                "/file" => ("302 Found", "file:///etc/passwd"),
                "/round" => ("301 Moved", "/round"),
                "/once" => ("307 Temporary", "good"),
                _ => return ok(path),
            };
            // A body without an end is not waited for.
            format!("{status}\r\nLocation: {place}\r\nContent-Length: 1000000\r\n\r\n")
        }
        let (place, count) = server(answer);
        let fetcher = Fetcher::new(&["localhost".into()], TEST_LIMITS);
        let ask = |path: &str| get(&fetcher, &format!("http://localhost:{}{path}", place.port()));
        let told = ask("/here").expect_err("a redirect to this machine");
        assert!(told.starts_with("it leads to 127.0.0.1, which is not on the public internet"), "{told}");
        assert_eq!(ask("/file"), Err("file:///etc/passwd is no web address".to_owned()));
        assert_eq!(ask("/once").map(|got| got.address.path().to_owned()), Ok("/good".to_owned()));
        let before = count.load(Ordering::Relaxed);
        assert_eq!(ask("/round"), Err("it leads on more than 2 times".to_owned()));
        assert_eq!(count.load(Ordering::Relaxed) - before, 3);
    }

    #[test]
    fn what_has_not_changed_is_told_to_who_asks_for_that() {
        let unchanged = |_: &str| "304 Not Modified\r\nETag: \"a\"\r\nRetry-After: 5\r\n\r\n".to_owned();
        let (place, _) = server(unchanged);
        let fetcher = Fetcher::new(&["127.0.0.1".into()], TEST_LIMITS);
        let address: Url = format!("http://{place}/").parse().expect("an address");
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, header::HeaderValue::from_static("\"a\""));
        let got = fetcher.get_with(&address, &headers).expect("an answer");
        assert_eq!((got.unchanged, got.body.len(), &got.headers["etag"]), (true, 0, &headers["if-none-match"]));
        // Who did not ask gets nothing by it.
        match fetcher.get(&address) {
            Err(Error::Status { status: 304, retry_after }) => assert_eq!(retry_after.as_deref(), Some("5")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn tls_has_its_cryptography() {
        // ureq panics where it finds no provider; a server that speaks no TLS is an error.
        let (place, _) = server(ok);
        let fetcher = Fetcher::new(&["127.0.0.1".into()], TEST_LIMITS);
        assert!(get(&fetcher, &format!("https://{place}/")).is_err());
    }

    #[test]
    fn an_answer_has_its_time_and_its_length() {
        fn answer(path: &str) -> String {
            match path {
                "/long" => format!("200 OK\r\nContent-Length: 11\r\n\r\n{}", "a".repeat(11)),
                "/slow" => {
                    std::thread::sleep(Duration::from_millis(1_500));
                    "200 OK\r\n\r\n".into()
                }
                "/gone" => "404 Not Found\r\nContent-Length: 0\r\n\r\n".into(),
                other => ok(other),
            }
        }
        let (place, _) = server(answer);
        let limits = FetchLimits { time: Duration::from_secs(1), ..TEST_LIMITS };
        let fetcher = Fetcher::new(&["127.0.0.1".into()], limits);
        let ask = |path: &str| get(&fetcher, &format!("http://{place}{path}")).expect_err(path);
        assert_eq!(ask("/long"), "the answer is longer than 10 bytes");
        assert_eq!(ask("/gone"), "the server answers 404");
        assert_eq!(ask("/slow"), "no answer within 1 seconds");
        let unread = Fetcher::new(&["127.0.0.1".into()], FetchLimits { bytes: 0, ..TEST_LIMITS });
        assert_eq!(get(&unread, &format!("http://{place}/long")).map(|got| got.body), Ok(Vec::new()));
    }
}
