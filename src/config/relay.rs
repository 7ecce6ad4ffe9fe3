//! Where letters go, and how far we trust the way there.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use url::Url;

use super::{
    check::{Refusal, beside, duration, refuse},
    raw,
};

/// A value that must not be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value into custody.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for whom it is meant.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Where letters go.
#[derive(Debug, Clone)]
pub struct Relay {
    /// The way.
    pub route: Route,
    /// How long any one answer may take.
    pub timeout: Duration,
}

/// The way a letter takes.
#[derive(Debug, Clone)]
pub enum Route {
    /// Into a folder, one `.eml` file a letter.
    Folder(PathBuf),
    /// To an SMTP server.
    Smtp {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
        /// Whether and when TLS begins.
        security: Security,
        /// User and password.
        login: Option<(String, Secret)>,
        /// What we call ourselves; the machine's name if missing.
        hello: Option<String>,
    },
}

/// Whether and when TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Never: on loopback only.
    Plain,
    /// By STARTTLS, which the relay must offer.
    StartTls,
    /// From the first byte.
    Tls,
}

pub(super) fn check(raw: raw::Relay, base: &Path) -> Result<Relay, Refusal> {
    let timeout = duration("relay.timeout", &raw.timeout)?;
    let timeout = timeout.to_std().ok().filter(|t| !t.is_zero());
    let timeout = timeout.ok_or_else(|| refuse("relay.timeout", "it must be longer than nothing"))?;
    if let Some(folder) = raw.url.strip_prefix("file:") {
        if raw.user.is_some() {
            return Err(refuse("relay.user", "a file: relay takes none: remove it, or write an smtp:// address"));
        }
        return Ok(Relay { route: Route::Folder(beside(base, folder)), timeout });
    }
    Ok(Relay { route: smtp(raw)?, timeout })
}

fn smtp(raw: raw::Relay) -> Result<Route, Refusal> {
    let wrong = || refuse("relay.url", "write \"file:FOLDER\", \"smtp://HOST:PORT\" or \"smtps://HOST:PORT\"");
    let url = Url::parse(&raw.url).map_err(|_| wrong())?;
    let host = url.host_str().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("relay.url", "user and password don't stand in it: use relay.user and relay.password_env"));
    }
    let loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let security = match url.scheme() {
        "smtps" => Security::Tls,
        "smtp" if loopback => Security::Plain,
        "smtp" => Security::StartTls,
        _ => return Err(wrong()),
    };
    let login = match (raw.user, raw.password_env) {
        (None, None) => None,
        (Some(user), Some(variable)) => {
            let password = std::env::var(&variable)
                .map_err(|_| refuse("relay.password_env", format!("the environment has no {variable}")))?;
            Some((user, Secret::new(password)))
        }
        (Some(_), None) => {
            return Err(refuse("relay.user", "relay.password_env must name the variable with its password"));
        }
        (None, Some(_)) => return Err(refuse("relay.password_env", "relay.user is missing")),
    };
    let port = url.port().unwrap_or(match (security, loopback) {
        (Security::Tls, _) => 465,
        (_, true) => 25,
        (_, false) => 587,
    });
    Ok(Route::Smtp { host, port, security, login, hello: raw.hello })
}
