//! The last thing that happens to an answer: a page for what went wrong, the headers that keep
//! browsers safe, and a stroke on the tally.

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            ACCEPT_LANGUAGE, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Shared, page};
use crate::model::Lang;

/// Headers that every answer has unless its maker gave it others.
const HEADERS: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // An address may hold a subscriber's token.
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// Dresses the answer to a request.
pub async fn dress(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let (uri, spoken) = (request.uri().clone(), request.headers().get(ACCEPT_LANGUAGE).cloned());
    let mut response = next.run(request).await;
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && !is_made(&response) {
        let kept = [ALLOW, RETRY_AFTER].map(|name| (response.headers_mut().remove(&name), name));
        let lang = Lang::asked(&shared, &uri, spoken.as_ref());
        response = match page::failure(&shared, lang, status) {
            Ok(page) => page,
            Err(error) => {
                tracing::error!("{error}");
                status.into_response()
            }
        };
        for (value, name) in kept {
            if let Some(value) = value {
                response.headers_mut().insert(name, value);
            }
        }
    }
    shared.figures().answered(response.status());
    let headers = response.headers_mut();
    keep_safe(headers);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert_with(|| shared.style().policy().clone());
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Adds the headers that every answer has.
pub(super) fn keep_safe(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Whether somebody has written a page or an answer in JSON for what went wrong; what axum and the
/// layers say by themselves is one line of plain text.
fn is_made(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("text/html")
        || kind.starts_with("application/json")
        || response.status() == StatusCode::RANGE_NOT_SATISFIABLE
}
