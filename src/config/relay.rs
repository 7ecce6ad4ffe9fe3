//! Where letters go, and how far we trust the way there.

use std::{
    fmt,
    net::IpAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use url::Url;

use super::{
    bounds::{number, path, span},
    check::{ConfigRefusal, refuse},
    provider_limits::{self, ProviderLimit},
    raw, secrets,
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
pub enum Relays {
    /// Into a folder, one `.eml` file a letter.
    Folder(PathBuf),
    /// To SMTP servers, at least one.
    Smtp(Vec<Relay>),
}

/// An SMTP server that takes our letters.
#[derive(Debug, Clone)]
pub struct Relay {
    /// What it is called where it is told of; no two have one name.
    pub name: String,
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether and when TLS begins.
    pub security: Security,
    /// Whom to trust, and with what to prove who we are.
    pub certificates: Certificates,
    /// Who we are to it, if it wants to know.
    pub login: Option<Login>,
    /// What we call ourselves; the machine's name if missing.
    pub hello: Option<String>,
    /// How long any one answer may take.
    pub timeout: Duration,
    /// Its share of the letters beside that of the others.
    pub weight: u32,
    /// How many connections it gets at once.
    pub connections: u32,
    /// How many letters may be on their way on one connection (BDAT).
    pub window: u32,
    /// How many letters a connection is used for.
    pub letters_per_connection: Option<u32>,
    /// How many letters it gets in a time.
    pub rates: Rates,
    /// Whether RFC 2920 may be used where it is offered.
    pub pipelining: bool,
    /// Whether RFC 3030 may be used where it is offered.
    pub chunking: bool,
    /// Whether it is asked to report each letter that arrived (RFC 3461).
    pub receipts: bool,
    /// Where its own log is, if it can be read here.
    pub log: Option<PathBuf>,
    /// How much mailbox providers take.
    pub limits: Vec<ProviderLimit>,
}

impl Relay {
    /// The server that it is, whatever it is called.
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The limit that letters to a domain have.
    pub fn limit_of(&self, domain: &str) -> Option<&ProviderLimit> {
        self.limits.iter().find(|limit| limit.domains.iter().any(|of| of.eq_ignore_ascii_case(domain)))
    }
}

/// How many letters a relay gets in a time, if that is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// From one running program.
    pub second: Option<NonZeroU32>,
    /// From one running program, evenly.
    pub minute: Option<NonZeroU32>,
    /// In any 24 hours, from all that share the store.
    pub day: Option<NonZeroU32>,
}

/// Whom to trust with TLS, and with what to prove who we are. The files were read when the
/// configuration was.
#[derive(Debug, Clone, Default)]
pub struct Certificates {
    /// Trusted instead of the machine's certificates, in PEM.
    pub trusted: Option<Vec<u8>>,
    /// Our own chain and its key, in PEM.
    pub own: Option<(Vec<u8>, Secret)>,
}

/// Who we are to a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// What proves it.
    pub proof: Proof,
}

/// What proves who we are to a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A password.
    Password(Secret),
    /// A command that prints a token (XOAUTH2).
    TokenCommand(String),
    /// The password is not where the configuration says: why. It is told when the relay is needed.
    Missing(String),
}

/// Whether and when TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Never: on loopback only.
    Plain,
    /// By STARTTLS, if the relay offers it.
    Opportunistic,
    /// By STARTTLS, which the relay must offer.
    StartTls,
    /// From the first byte.
    Tls,
}

/// Checks `[relay]`, or all of `[[relays]]`.
pub(super) fn check(
    one: Option<raw::RawRelay>,
    several: Vec<raw::RawRelay>,
    base: &Path,
) -> Result<Relays, ConfigRefusal> {
    let raws = match (one, several) {
        (None, several) if several.is_empty() => return Ok(Relays::Folder(base.join("outbox"))),
        (Some(_), several) if !several.is_empty() => {
            return Err(refuse("relays", "there is [relay] and [[relays]]: write all of them as [[relays]]"));
        }
        (Some(one), _) => vec![("relay", one)],
        (None, several) => several.into_iter().map(|raw| ("relays", raw)).collect(),
    };
    let alone = raws.len() == 1;
    let mut relays: Vec<Relay> = Vec::new();
    for (index, (section, raw)) in raws.into_iter().enumerate() {
        let placed = |refusal: ConfigRefusal| if section == "relays" { refusal.in_entry(index) } else { refusal };
        let key = |name: &str| format!("{section}.{name}");
        if let Some(folder) = raw.url.strip_prefix("file:") {
            if raw.user.is_some() {
                return Err(refuse(&key("user"), "a file: relay takes none: remove it, or write an smtp:// address"));
            }
            if !alone {
                return Err(refuse(&key("url"), "a file: relay takes all letters: it stands alone, as [relay]"));
            }
            patience(&raw, &key)?;
            return Ok(Relays::Folder(path(&key("url"), base, folder)?));
        }
        let relay = smtp(raw, &key, base).map_err(placed)?;
        if relays.iter().any(|other| other.name == relay.name) {
            let what = format!("two relays are called {:?}: name them apart", relay.name);
            return Err(placed(refuse(&key("name"), what)));
        }
        relays.push(relay);
    }
    Ok(Relays::Smtp(relays))
}

/// How long any one answer may take.
fn patience(raw: &raw::RawRelay, key: &dyn Fn(&str) -> String) -> Result<Duration, ConfigRefusal> {
    let timeout = span(&key("timeout"), &raw.timeout, "100ms", "1h")?;
    timeout.to_std().map_err(|error| refuse(&key("timeout"), error))
}

/// Whether and when TLS begins; none if the address is of another kind.
fn security(
    raw: &raw::RawRelay,
    scheme: &str,
    loopback: bool,
    key: &dyn Fn(&str) -> String,
) -> Result<Option<Security>, ConfigRefusal> {
    if raw.require_tls && raw.tls == Some(raw::Tls::Opportunistic) {
        return Err(refuse(&key("tls"), format!("{} says the contrary: write one of them", key("require_tls"))));
    }
    let required = raw.require_tls || raw.tls == Some(raw::Tls::Required);
    Ok(match (scheme, raw.tls) {
        ("smtps", Some(raw::Tls::Opportunistic)) => {
            return Err(refuse(&key("tls"), "smtps:// speaks TLS from the first byte: remove it"));
        }
        ("smtps", _) => Some(Security::Tls),
        ("smtp", Some(raw::Tls::Opportunistic)) => Some(Security::Opportunistic),
        ("smtp", _) if loopback && !required => Some(Security::Plain),
        ("smtp", _) => Some(Security::StartTls),
        _ => None,
    })
}

/// Reads the certificates that are named: what is wrong with them is told before anything is sent.
fn certificates(raw: &raw::RawRelay, key: &dyn Fn(&str) -> String, base: &Path) -> Result<Certificates, ConfigRefusal> {
    let read = |name: &str, file: &str| {
        let path = path(&key(name), base, file)?;
        let wrong = |what: String| refuse(&key(name), format!("{}: {what}", path.display()));
        std::fs::read(&path).map_err(|error| wrong(format!("cannot read it: {error}")))
    };
    let chain = |name: &str, file: &str| {
        let pem = read(name, file)?;
        let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match parsed {
            Ok(found) if !found.is_empty() => Ok(pem),
            _ => Err(refuse(&key(name), format!("{file}: there is no certificate in PEM"))),
        }
    };
    let trusted = raw.ca_file.as_ref().map(|file| chain("ca_file", file)).transpose()?;
    let own = match (&raw.certificate, &raw.certificate_key) {
        (None, None) => None,
        (Some(certificate), Some(file)) => {
            let chain = chain("certificate", certificate)?;
            let secret = String::from_utf8(read("certificate_key", file)?).ok();
            let secret = secret.filter(|pem| PrivateKeyDer::from_pem_slice(pem.as_bytes()).is_ok());
            let missing = || refuse(&key("certificate_key"), format!("{file}: there is no private key in PEM"));
            Some((chain, Secret::new(secret.ok_or_else(missing)?)))
        }
        (Some(_), None) => return Err(refuse(&key("certificate_key"), "name the file with the certificate's key")),
        (None, Some(_)) => return Err(refuse(&key("certificate"), "name the file with the certificate of the key")),
    };
    Ok(Certificates { trusted, own })
}

/// Who we are to a relay.
fn login(raw: &raw::RawRelay, key: &dyn Fn(&str) -> String, base: &Path) -> Result<Option<Login>, ConfigRefusal> {
    let Some(user) = raw.user.clone() else {
        let without = [
            ("password_env", &raw.password_env),
            ("password_file", &raw.password_file),
            ("token_command", &raw.token_command),
        ];
        return match without.into_iter().find(|(_, value)| value.is_some()) {
            Some((name, _)) => Err(refuse(&key(name), format!("{} is missing", key("user")))),
            None => Ok(None),
        };
    };
    let password = |found: Result<Secret, ConfigRefusal>| match found {
        Ok(password) => Proof::Password(password),
        Err(refusal) => Proof::Missing(format!("{}: {}", refusal.key, refusal.message)),
    };
    let proof = match (&raw.password_env, &raw.password_file, &raw.token_command) {
        (None, None, None) => {
            let reason = format!(
                "{} must name the variable with its password, or {} a file",
                key("password_env"),
                key("password_file")
            );
            return Err(refuse(&key("user"), reason));
        }
        (Some(_), Some(_), _) => {
            return Err(refuse(&key("password_file"), format!("{} is there too: write one", key("password_env"))));
        }
        (Some(_), _, Some(_)) => {
            return Err(refuse(&key("token_command"), format!("{} is there too: write one", key("password_env"))));
        }
        (_, Some(_), Some(_)) => {
            return Err(refuse(&key("token_command"), format!("{} is there too: write one", key("password_file"))));
        }
        (Some(variable), None, None) => password(secrets::of_environment(&key("password_env"), variable)),
        (None, Some(file), None) => {
            // A path that cannot be one is wrong in any case.
            let place = secrets::place(&key("password_file"), base, file)?;
            password(secrets::of_file(&key("password_file"), &place))
        }
        (None, None, Some(command)) => Proof::TokenCommand(command.clone()),
    };
    Ok(Some(Login { user, proof }))
}

fn smtp(raw: raw::RawRelay, key: &dyn Fn(&str) -> String, base: &Path) -> Result<Relay, ConfigRefusal> {
    let timeout = patience(&raw, key)?;
    let wrong = || refuse(&key("url"), "write \"file:FOLDER\", \"smtp://HOST:PORT\" or \"smtps://HOST:PORT\"");
    let url = Url::parse(&raw.url).map_err(|_| wrong())?;
    let host = url.host_str().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
    if !url.username().is_empty() || url.password().is_some() {
        let reason = format!("user and password don't stand in it: use {} and {}", key("user"), key("password_env"));
        return Err(refuse(&key("url"), reason));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(refuse(&key("url"), "a relay has a host and a port, and nothing behind them: leave it out"));
    }
    let loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let security = security(&raw, url.scheme(), loopback, key)?.ok_or_else(wrong)?;
    let certificates = certificates(&raw, key, base)?;
    let login = login(&raw, key, base)?;
    let port = url.port().unwrap_or(match (security, loopback) {
        (Security::Tls, _) => 465,
        (_, true) => 25,
        (_, false) => 587,
    });
    // A name and what it says about itself go into commands and listings.
    for (name, text) in [("name", &raw.name), ("hello", &raw.hello)] {
        if text.as_ref().is_some_and(|text| text.is_empty() || text.chars().any(|c| c.is_control() || c == ' ')) {
            return Err(refuse(&key(name), "write one word"));
        }
    }
    let bounds = [("weight", raw.weight, 1000), ("connections", raw.connections, 1000), ("window", raw.window, 64)];
    for (name, value, most) in bounds {
        number(&key(name), value, 1, most)?;
    }
    let positive = |name, value: Option<u32>| {
        let zero = || refuse(&key(name), "0 letters are none: leave it out, or write a number");
        value.map(|value| NonZeroU32::new(value).ok_or_else(zero)).transpose()
    };
    let log = raw.log.as_ref().map(|log| path(&key("log"), base, log)).transpose()?;
    Ok(Relay {
        limits: provider_limits::check(&raw.limits, key)?,
        receipts: raw.receipts,
        log,
        name: raw.name.unwrap_or_else(|| format!("{host}:{port}")),
        host,
        port,
        security,
        certificates,
        login,
        hello: raw.hello,
        timeout,
        weight: raw.weight,
        connections: raw.connections,
        window: raw.window,
        letters_per_connection: positive("letters_per_connection", raw.letters_per_connection)?.map(u32::from),
        rates: Rates {
            second: positive("per_second", raw.per_second)?,
            minute: positive("per_minute", raw.per_minute)?,
            day: positive("per_day", raw.per_day)?,
        },
        pipelining: raw.pipelining,
        chunking: raw.chunking,
    })
}
