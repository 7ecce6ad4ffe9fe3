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
const CLIENT: (NonZeroU32, Duration) = (NonZeroU32::MIN.saturating_add(7), Duration::from_secs(30));
/// The same of all its neighbours together: a school or a newsroom has one address.
const NETWORK: (NonZeroU32, Duration) = (NonZeroU32::MIN.saturating_add(39), Duration::from_secs(5));

/// The gate.
#[derive(Debug)]
pub(super) struct Gate {
    clients: DefaultKeyedRateLimiter<Option<IpNet>>,
    networks: DefaultKeyedRateLimiter<Option<IpNet>>,
}

/// How long a client has to wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait(Duration);

impl Wait {
    /// For Retry-After, in whole seconds.
    pub(super) fn header(self) -> HeaderValue {
        HeaderValue::from(self.0.as_secs() + 1)
    }
}

impl IntoResponse for Wait {
    fn into_response(self) -> Response {
        (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, self.header())]).into_response()
    }
}

impl Gate {
    pub(super) fn new() -> Self {
        let quota = |(burst, pause)| {
            Quota::with_period(pause).map_or_else(|| Quota::per_minute(burst), |quota| quota.allow_burst(burst))
        };
        Self { clients: RateLimiter::keyed(quota(CLIENT)), networks: RateLimiter::keyed(quota(NETWORK)) }
    }

    /// Lets a client pass, or says when it may come again. Clients of whom nothing is known count
    /// as one network. Who is refused spends nothing of what its neighbours may do.
    pub(super) fn pass(&self, client: Client) -> Result<(), Wait> {
        let wait = |until: governor::NotUntil<_>| until.wait_time_from(DefaultClock::default().now());
        let own = client.customer();
        if own.is_some() {
            self.clients.check_key(&own).map_err(wait).map_err(Wait)?;
        }
        self.networks.check_key(&client.network()).map_err(wait).map_err(Wait)
    }

    /// Forgets whom it let pass long ago.
    pub(super) fn tidy(&self) {
        self.clients.retain_recent();
        self.networks.retain_recent();
    }
}
