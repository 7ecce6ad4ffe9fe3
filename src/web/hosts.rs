//! Several magazines behind one address: each is answered under the hosts of its own addresses, so that nobody asks one
//! magazine and hears of another.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use tower::ServiceExt;

use super::Responder;

/// Which of several answers under a host.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    by_name: Arc<HashMap<String, Responder>>,
}

impl Hosts {
    /// Who answers a request, if its host is one of ours.
    pub(super) fn find(&self, uri: &Uri, headers: &HeaderMap) -> Option<&Responder> {
        self.by_name.get(&host(uri, headers)?)
    }
}

/// The host that a request names, in small letters and without its port.
fn host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let name = match uri.host() {
        Some(host) => host,
        None => {
            let host = headers.get(header::HOST)?.to_str().ok()?;
            // The colons within an address of IPv6 stand before its bracket.
            match host.rsplit_once(':') {
                Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
                _ => host,
            }
        }
    };
    Some(name.trim_end_matches('.').to_ascii_lowercase())
}

/// What answers under each host.
fn by_name<T: Clone>(magazines: Vec<(BTreeSet<String>, T)>) -> Arc<HashMap<String, T>> {
    let named = |(hosts, one): (BTreeSet<String>, T)| hosts.into_iter().map(move |host| (host, one.clone()));
    Arc::new(magazines.into_iter().flat_map(named).collect())
}

/// One for several: each answers under its hosts. Under any other, one learns whether all of them work, and nothing else.
pub fn by_host(magazines: Vec<(BTreeSet<String>, Responder)>) -> Responder {
    let routers: Vec<Router> = magazines.iter().map(|(_, responder)| responder.router().clone()).collect();
    let hosts = Hosts { by_name: by_name(magazines) };
    let others = Router::new().fallback(under_no_host).with_state(Arc::from(routers));
    Responder::from(others).with_hosts(hosts)
}

/// Whether all magazines work: what each says, the first that says no. Nothing else is told under no magazine's host.
async fn under_no_host(State(routers): State<Arc<[Router]>>, request: Request) -> Response {
    if !["/healthz", "/readyz"].contains(&request.uri().path()) {
        return (StatusCode::MISDIRECTED_REQUEST, "no magazine here has this host\n").into_response();
    }
    let mut answer = StatusCode::OK.into_response();
    for router in routers.iter() {
        let asked = Request::get(request.uri().path()).body(axum::body::Body::empty());
        answer = match asked {
            Ok(asked) => router.clone().oneshot(asked).await.into_response(),
            Err(_) => StatusCode::BAD_REQUEST.into_response(),
        };
        if !answer.status().is_success() {
            break;
        }
    }
    answer
}

/// The figures of several: each under its hosts, or by the host that a request asks about (`/metrics?host=NAME`), as
/// Prometheus asks all under the one address that it knows.
pub fn metrics_by_host(magazines: Vec<(BTreeSet<String>, Router)>) -> Router {
    Router::new().fallback(figures_of).with_state(by_name(magazines))
}

async fn figures_of(State(by_name): State<Arc<HashMap<String, Router>>>, request: Request) -> Response {
    let asked = request.uri().query().and_then(|query| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "host")
            .map(|(_, host)| host.into_owned())
    });
    let name = asked.map(|host| host.to_ascii_lowercase()).or_else(|| host(request.uri(), request.headers()));
    match name.and_then(|name| by_name.get(&name)) {
        Some(router) => router.clone().oneshot(request).await.into_response(),
        None => {
            let mut names: Vec<&str> = by_name.keys().map(String::as_str).collect();
            names.sort_unstable();
            let words = format!("say whose figures: ?host= with one of {}\n", names.join(", "));
            (StatusCode::MISDIRECTED_REQUEST, words).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_in_all_spellings() {
        for (uri, field, expected) in [
            ("/", Some("Lettre.Example.ORG"), Some("lettre.example.org")),
            ("/", Some("lettre.example.org:8380"), Some("lettre.example.org")),
            ("/", Some("lettre.example.org."), Some("lettre.example.org")),
            ("/", Some("[::1]:8380"), Some("[::1]")),
            ("/", Some("[::1]"), Some("[::1]")),
            ("http://a.example.org/x", Some("b.example.org"), Some("a.example.org")),
            ("/", None, None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(field) = field {
                headers.insert(header::HOST, field.parse().expect("a field"));
            }
            assert_eq!(host(&uri.parse().expect("a URI"), &headers).as_deref(), expected, "{field:?}");
        }
    }
}
