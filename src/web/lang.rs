//! In which language a page is: as its address asks, as the browser does, or the magazine's.

use axum::http::{HeaderValue, StatusCode, Uri};

use super::Shared;
use crate::{locales::Brief, model::Lang};

impl Lang {
    /// The one that a request asks for: by `?lang=`, by what the browser says, or the magazine's.
    pub(super) fn asked(shared: &Shared, uri: &Uri, spoken: Option<&HeaderValue>) -> Self {
        let query = uri.query().unwrap_or_default();
        let named = query.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(Self::known);
        let browser = || {
            let spoken = spoken?.to_str().ok()?;
            let mut spoken: Vec<(f32, Self)> = spoken
                .split(',')
                .filter_map(|part| {
                    let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
                    let weight = weight.trim().parse().ok().filter(|weight| *weight > 0.0)?;
                    Some((weight, Self::known(tag)?))
                })
                .collect();
            spoken.sort_by(|(a, _), (b, _)| b.total_cmp(a));
            spoken.first().map(|(_, lang)| *lang)
        };
        named.or_else(browser).unwrap_or(shared.config().magazine.lang)
    }

    /// What is said of an answer that went wrong: heading and a sentence on what to do.
    pub(super) fn failure(self, status: StatusCode) -> &'static Brief {
        let failures = &self.words().failures;
        match status {
            StatusCode::NOT_FOUND => &failures.not_found,
            StatusCode::GONE => &failures.gone,
            StatusCode::METHOD_NOT_ALLOWED => &failures.method,
            StatusCode::FORBIDDEN => &failures.foreign,
            StatusCode::PAYLOAD_TOO_LARGE => &failures.too_long,
            StatusCode::TOO_MANY_REQUESTS => &failures.too_many,
            status if status.is_client_error() => &failures.not_understood,
            _ => &failures.ours,
        }
    }
}
