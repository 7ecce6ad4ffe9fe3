//! From where a form may be sent: from our own pages and the magazine's. A page elsewhere must not have its visitors'
//! browsers ask for letters in our name. Programs that are no browsers, such as mail programs, name no origin, and
//! what they may do depends on their token.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Shared;

/// Lets forms through that no foreign page has sent.
pub(super) async fn own_forms(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    // A script's call answers for itself: it tells the browser who may read the answer.
    if request.method() == Method::POST && !is_json(request.headers()) && is_foreign(&shared, request.headers()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

/// Whether a request's body says that it is JSON, as no form's does.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Whether a browser sends this from a page that is neither ours nor the magazine's.
pub(super) fn is_foreign(shared: &Shared, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text("origin")) {
        // A browser's own word, which no page can write: the page is of this very host.
        (Some("same-origin"), _) => false,
        (site, None) => site.is_some_and(|site| site != "none"),
        (_, Some(origin)) => {
            // Reached under a name that the configuration does not know, such as a test's.
            let own = text("host").is_some_and(|host| origin.split_once("://").is_some_and(|(_, name)| name == host));
            !own && !is_welcome(shared, origin)
        }
    }
}

/// Whether an origin is that of the readers' pages, of the magazine, or one that the configuration names.
pub(super) fn is_welcome(shared: &Shared, origin: &str) -> bool {
    let config = shared.config();
    let ours = [&config.web.url, &config.magazine.url, &config.letters.unsubscribe_url];
    config.web.origins.iter().any(|known| known == origin)
        || ours.iter().any(|url| url.origin().ascii_serialization() == origin)
}
