//! How often one client, and one network, may ask for what costs others something: letters.

use std::{num::NonZeroU32, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use ipnet::IpNet;

use super::Client;

/// One client may ask so often at once, and then once in a while.
const CLIENT_QUOTA: (NonZeroU32, Duration) = (NonZeroU32::MIN.saturating_add(7), Duration::from_secs(30));
/// The same of all its neighbours together: a school or a newsroom has one address.
const NETWORK_QUOTA: (NonZeroU32, Duration) = (NonZeroU32::MIN.saturating_add(39), Duration::from_secs(5));

/// How often letters may be asked for.
#[derive(Debug)]
pub(super) struct RateLimit {
    clients: DefaultKeyedRateLimiter<Option<IpNet>>,
    networks: DefaultKeyedRateLimiter<Option<IpNet>>,
}

/// How long a client has to wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryAfter(Duration);

impl RetryAfter {
    /// For Retry-After, in whole seconds.
    pub(super) fn header(self) -> HeaderValue {
        HeaderValue::from(self.0.as_secs() + 1)
    }
}

impl IntoResponse for RetryAfter {
    fn into_response(self) -> Response {
        (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, self.header())]).into_response()
    }
}

impl RateLimit {
    pub(super) fn new() -> Self {
        let quota = |(burst, pause)| {
            Quota::with_period(pause).map_or_else(|| Quota::per_minute(burst), |quota| quota.allow_burst(burst))
        };
        Self { clients: RateLimiter::keyed(quota(CLIENT_QUOTA)), networks: RateLimiter::keyed(quota(NETWORK_QUOTA)) }
    }

    /// Lets a client pass, or says when it may come again. Clients of whom nothing is known count
    /// as one network. Who is refused spends nothing of what its neighbours may do.
    pub(super) fn check(&self, client: Client) -> Result<(), RetryAfter> {
        let wait = |until: governor::NotUntil<_>| until.wait_time_from(DefaultClock::default().now());
        let own = client.customer();
        if own.is_some() {
            self.clients.check_key(&own).map_err(wait).map_err(RetryAfter)?;
        }
        self.networks.check_key(&client.network()).map_err(wait).map_err(RetryAfter)
    }

    /// Forgets whom it let pass long ago.
    pub(super) fn tidy(&self) {
        self.clients.retain_recent();
        self.networks.retain_recent();
    }
}
