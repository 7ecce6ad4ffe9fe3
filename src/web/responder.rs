//! Who answers a request: the router, and before it the cache of feeds, which nearly everybody asks for.

use axum::{
    Router,
    body::HttpBody,
    http::{Request, Response},
};
use tokio::sync::watch;

use super::{
    Shared,
    feeds::{self, CachedBody},
    hosts::Hosts,
};

/// Who answers, from the next request on: it may change while connections are open.
pub type ResponderWatch = watch::Receiver<Responder>;

/// Who answers.
#[derive(Debug, Clone)]
pub struct Responder {
    router: Router,
    /// Whose feeds the router has among its routes.
    feeds: Option<Shared>,
    /// Who answers instead, by the host of the request.
    hosts: Option<Hosts>,
}

impl From<Router> for Responder {
    fn from(router: Router) -> Self {
        Self { router, feeds: None, hosts: None }
    }
}

impl Responder {
    /// A router that has the routes of the feeds.
    pub(super) fn with_feeds(router: Router, shared: &Shared) -> Self {
        Self { router, feeds: Some(shared.clone()), hosts: None }
    }

    /// The same for requests under other hosts than these.
    pub(super) fn with_hosts(self, hosts: Hosts) -> Self {
        Self { hosts: Some(hosts), ..self }
    }

    /// Who answers a request.
    pub(super) fn for_request<B>(&self, request: &Request<B>) -> &Self {
        let hosts = self.hosts.as_ref();
        hosts.and_then(|hosts| hosts.find(request.uri(), request.headers())).unwrap_or(self)
    }

    /// What answers everything.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// The answer, if it is at hand: the same that the router gives.
    pub(super) fn answer_from_cache<B: HttpBody>(&self, request: &Request<B>) -> Option<Response<CachedBody>> {
        feeds::answer_from_cache(self.feeds.as_ref()?, request)
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc, time::SystemTime};

    use axum::{
        body::{Body, Bytes},
        http::{HeaderMap, Method, StatusCode},
    };
    use tower::ServiceExt;

    use super::*;
    use crate::{config::Config, store::Store, web::public};

    /// A file of each kind below the folder, each long enough to be packed, and one that is not.
    const FILES: [&str; 12] = [
        "rss.xml",
        "atom.xml",
        "feed.json",
        "humeur/rss.xml",
        "byline/maelle-kerdoncuff/atom.xml",
        "archive/2026-10/rss.xml",
        "humeur/archive/2026-10/feed.json",
        "byline/maelle-kerdoncuff/archive/2026-10/atom.xml",
        "feeds.opml",
        "feed.css",
        "index.html",
        "edito/rss.xml",
    ];

    async fn responder_of(folder: &Path) -> (Shared, Responder) {
        let config = include_str!("../../config.toml");
        let feeds = "bylines = true\nhubs = [\"https://hub.example.org/\", \"https://hub.example.net/?a=b\"]\n";
        let config = config.replacen("[feeds]\n", &format!("[feeds]\n{feeds}"), 1);
        std::fs::write(folder.join("config.toml"), config).expect("a configuration");
        let config = Config::load(&folder.join("config.toml")).expect("a configuration");
        for file in FILES {
            let path = config.feeds.path.join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            let text = if file == "edito/rss.xml" { "<rss/>" } else { "<style>a {}</style><p>Marée basse</p>\n" };
            std::fs::write(path, text.repeat(if text == "<rss/>" { 1 } else { 100 })).expect("a file");
        }
        let store = Store::open_with(&config.store, config.connections).await.expect("a store");
        let shared = Shared::new(Arc::new(config), store.clone(), store, chrono::Utc::now()).expect("shared state");
        let responder = public(&shared);
        (shared, responder)
    }

    /// An answer as a whole: the status, each line of its head in order, the body, and how much is told of its length.
    type WholeAnswer = (StatusCode, Vec<(String, String)>, Bytes, Option<u64>, bool);

    async fn whole<B>(answer: Response<B>) -> WholeAnswer
    where
        B: HttpBody<Data = Bytes, Error = axum::Error> + Send + 'static,
    {
        let (head, body) = answer.into_parts();
        let line = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            (name.to_string(), value.to_str().expect("ASCII").to_owned())
        };
        let (length, ended) = (body.size_hint().exact(), body.is_end_stream());
        let bytes = axum::body::to_bytes(Body::new(body), usize::MAX).await.expect("a body");
        (head.status, head.headers.iter().map(line).collect(), bytes, length, ended)
    }

    fn request<B>(method: &Method, path: &str, headers: &[(&str, String)], body: B) -> Request<B> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.body(body).expect("a request")
    }

    /// How the router answers, and how the cache does after that.
    async fn both(
        responder: &Responder,
        method: &Method,
        path: &str,
        headers: &[(&str, String)],
    ) -> [Option<WholeAnswer>; 2] {
        let asked = request(method, path, headers, Body::empty());
        let long = responder.router().clone().oneshot(asked).await.expect("an answer");
        let short = match responder.answer_from_cache(&request(method, path, headers, Body::empty())) {
            Some(answer) => Some(whole(answer).await),
            None => None,
        };
        [Some(whole(long).await), short]
    }

    /// What may be asked of a document with this head.
    fn wishes(head: &HeaderMap) -> Vec<Vec<(&'static str, String)>> {
        let tag = head["etag"].to_str().expect("ASCII").trim_matches('"').to_owned();
        let date = head["last-modified"].to_str().expect("ASCII").to_owned();
        let (old, new) = (SystemTime::UNIX_EPOCH, SystemTime::now() + std::time::Duration::from_secs(86_400));
        let (old, new) = (httpdate::fmt_http_date(old), httpdate::fmt_http_date(new));
        let tags = ["", "-br", "-gz"].map(|suffix| format!("\"{tag}{suffix}\""));
        let mut conditions: Vec<Vec<(&'static str, String)>> = vec![vec![]];
        for value in tags.iter().cloned().chain(["*".into(), "\"x\"".into(), format!("W/{}", tags[1]), "x".into()]) {
            conditions.push(vec![("if-none-match", value.clone())]);
            conditions.push(vec![("if-match", value)]);
        }
        for value in [&date, &old, &new] {
            conditions.push(vec![("if-modified-since", value.clone())]);
            conditions.push(vec![("if-unmodified-since", value.clone())]);
        }
        conditions.push(vec![("if-none-match", "\"x\"".into()), ("if-modified-since", date.clone())]);
        let ranges = ["bytes=0-9", "bytes=-5", "bytes=5-", "bytes=999999-", "bytes=0-1,4-5", "lines=1-2"];
        for range in ranges.map(str::to_owned) {
            conditions.push(vec![("range", range.clone())]);
            for value in [&tags[0], &tags[1], &date, &old] {
                conditions.push(vec![("range", range.clone()), ("if-range", value.clone())]);
            }
        }
        conditions
    }

    #[tokio::test]
    async fn the_cache_answers_as_the_router_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let (shared, responder) = responder_of(folder.path()).await;
        let mount = shared.config().feeds.url.path();
        let mut count = [0, 0];
        for file in FILES.into_iter().chain([""]) {
            let path = format!("{mount}{file}");
            assert!(responder.answer_from_cache(&request(&Method::GET, &path, &[], Body::empty())).is_none(), "{path}");
            let first = responder.router().clone().oneshot(request(&Method::GET, &path, &[], Body::empty())).await;
            let first = first.expect("an answer");
            assert_eq!(first.status(), 200, "{path}");
            for wish in wishes(first.headers()) {
                for coding in [None, Some("br"), Some("gzip, x"), Some("gzip;q=0.5, BR;q=0.4"), Some("*;q=0")] {
                    for method in [Method::GET, Method::HEAD] {
                        let coding = coding.map(|coding| ("accept-encoding", coding.to_owned()));
                        let headers: Vec<_> = wish.iter().cloned().chain(coding).collect();
                        let [long, short] = both(&responder, &method, &path, &headers).await;
                        let is_error = long.as_ref().is_some_and(|answer| answer.0.as_u16() >= 400);
                        count[usize::from(is_error)] += 1;
                        // Errors have pages, which the router's last layer makes.
                        let long = long.filter(|_| !is_error);
                        assert_eq!(short, long, "{method} {path} {headers:?}");
                    }
                }
            }
        }
        assert!(count.iter().all(|count| *count > 1_000), "{count:?}");
    }

    #[tokio::test]
    async fn the_cache_answers_nothing_else_and_is_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let (shared, responder) = responder_of(folder.path()).await;
        let path = format!("{}rss.xml", shared.config().feeds.url.path());
        let ask = |method: &Method, path: &str, headers: &[(&str, String)], body: &'static str| {
            responder
                .answer_from_cache(&request(method, path, headers, Body::from(body)))
                .map(|answer| answer.status().as_u16())
        };
        let [long, short] = both(&responder, &Method::GET, &path, &[]).await;
        assert!(long == short && long.is_some());
        assert_eq!(shared.metrics().count(2), 2);
        let headers = |count: usize, length: usize| vec![("x-a", "a".repeat(length)); count];
        for (method, path, headers, body, status) in [
            (Method::GET, format!("{path}?a=b"), vec![], "", Some(200)),
            (Method::GET, path.clone(), headers(64, 1), "", Some(200)),
            (Method::GET, path.clone(), headers(65, 1), "", None),
            (Method::GET, path.clone(), headers(2, 8_200), "", None),
            (Method::GET, format!("{path}?{}", "a".repeat(8_200)), vec![], "", None),
            (Method::GET, path.clone(), vec![], "a body", None),
            (Method::POST, path.clone(), vec![], "", None),
            (Method::OPTIONS, path.clone(), vec![], "", None),
            (Method::GET, "/healthz".into(), vec![], "", None),
            (Method::GET, format!("{path}/"), vec![], "", None),
            (Method::GET, "rss.xml".into(), vec![], "", None),
        ] {
            assert_eq!(ask(&method, &path, &headers, body), status, "{method} {path} {headers:?}");
        }
        // A file that is another now, or is gone, is for the router.
        let file = shared.config().feeds.path.join("rss.xml");
        std::fs::write(&file, "<rss></rss>").expect("a file");
        assert_eq!(ask(&Method::GET, &path, &[], ""), None);
        let [long, short] = both(&responder, &Method::GET, &path, &[]).await;
        assert!(long == short && long.is_some_and(|answer| answer.2 == "<rss></rss>"));
        std::fs::remove_file(&file).expect("no file");
        assert_eq!(ask(&Method::GET, &path, &[], ""), None);
        // What answers nothing but pages has no cache.
        assert!(Responder::from(responder.router().clone()).feeds.is_none());
    }
}
