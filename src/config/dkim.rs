//! With which keys letters are signed (`[[dkim]]`). Keys are read and tried when the configuration
//! is, so that none is found broken when the letters are to go out.

use std::{fmt, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa,
    signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256},
};
use data_encoding::BASE64;
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};

use super::{
    check::{ConfigRefusal, refuse},
    raw, secrets,
};
use crate::model::EmailAddress;

/// One signature of each letter.
#[derive(Debug, Clone)]
pub struct Dkim {
    /// Who signs (d=): the sender's domain, or one above it.
    pub domain: String,
    /// Under which name the public key is published (s=).
    pub selector: String,
    /// With what.
    pub key: SigningKey,
}

impl Dkim {
    /// The name of the DNS record with the public key.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// That record as a zone file has it: its text in strings of 255 bytes at the most.
    pub fn zone_record(&self) -> String {
        let record = self.record();
        let strings = record.as_bytes().chunks(255).map(|piece| format!("\"{}\"", String::from_utf8_lossy(piece)));
        format!("{}. IN TXT ( {} )", self.record_name(), strings.collect::<Vec<_>>().join("\n    "))
    }

    /// What that record says.
    pub fn record(&self) -> String {
        let kind = if matches!(self.key.0, KeyKind::Rsa(_)) { "rsa" } else { "ed25519" };
        format!("v=DKIM1; k={kind}; p={}", self.key.public())
    }
}

/// A private key.
#[derive(Clone)]
pub struct SigningKey(KeyKind);

#[derive(Clone)]
enum KeyKind {
    Rsa(Arc<rsa::KeyPair>),
    Ed25519(Arc<Ed25519KeyPair>),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (secret)", self.algorithm())
    }
}

impl SigningKey {
    /// A new RSA key of 2048 bits, as PEM (PKCS#8).
    pub fn generate() -> Result<String, String> {
        let key =
            rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map_err(|error| format!("no key can be made: {error}"))?;
        let der: Pkcs8V1Der<'_> = key.as_der().map_err(|error| format!("no key can be made: {error}"))?;
        let text = BASE64.encode(der.as_ref());
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
        Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
    }

    /// Reads a key from PEM: PKCS#8, or PKCS#1 for RSA.
    fn read(pem: &str) -> Result<Self, String> {
        if pem.contains("ENCRYPTED") {
            return Err("the key is encrypted: `openssl pkey -in FILE -out NEW` takes its password off".into());
        }
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
            "there is no private key in PEM: make one with `openssl genrsa -out FILE 2048` or \
             `openssl genpkey -algorithm ed25519 -out FILE`"
        })?;
        let rsa = match &der {
            PrivateKeyDer::Pkcs1(key) => rsa::KeyPair::from_der(key.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(key) => match Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_pkcs8_der()) {
                Ok(key) => return Ok(Self(KeyKind::Ed25519(Arc::new(key)))),
                Err(_) => rsa::KeyPair::from_pkcs8(key.secret_pkcs8_der()),
            },
            _ => return Err("it is neither an RSA key nor an Ed25519 key, and DKIM has no others".into()),
        };
        match rsa {
            Ok(key) => Ok(Self(KeyKind::Rsa(Arc::new(key)))),
            Err(error) if error.to_string() == "TooSmall" => {
                Err("the RSA key has fewer than 2048 bits: make one with `openssl genrsa -out FILE 2048`".into())
            }
            Err(error) => Err(format!("it is neither a good RSA key nor an Ed25519 key: {error}")),
        }
    }

    /// The algorithm as signatures name it (a=).
    pub fn algorithm(&self) -> &'static str {
        match self.0 {
            KeyKind::Rsa(_) => "rsa-sha256",
            KeyKind::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// Signs what SHA-256 makes of these bytes, by RFC 6376 or RFC 8463. In Base64.
    pub fn sign(&self, bytes: &[u8]) -> Result<String, String> {
        match &self.0 {
            KeyKind::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature)
                    .map_err(|_| "the RSA key signs nothing")?;
                Ok(BASE64.encode(&signature))
            }
            KeyKind::Ed25519(key) => {
                let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
                Ok(BASE64.encode(key.sign(hash.as_ref()).as_ref()))
            }
        }
    }

    /// The public key as DNS has it (p=).
    fn public(&self) -> String {
        match &self.0 {
            KeyKind::Rsa(key) => key.public_key().as_der().map(|der| BASE64.encode(der.as_ref())).unwrap_or_default(),
            KeyKind::Ed25519(key) => BASE64.encode(key.public_key().as_ref()),
        }
    }
}

/// Who signs: the sender's domain, or one above it.
fn signing_domain(named: Option<String>, from: &EmailAddress) -> Result<String, ConfigRefusal> {
    let domain = match named {
        Some(domain) => idna::domain_to_ascii_strict(&domain)
            .map_err(|_| refuse("dkim.domain", format!("{domain:?} is not a valid host name")))?
            .to_ascii_lowercase(),
        None => from.domain().to_owned(),
    };
    // Receivers count a signature for the sender only if the domains go together (DMARC).
    if from.domain() != domain && !from.domain().ends_with(&format!(".{domain}")) {
        let what = format!("{domain:?} does not sign for letters.from: write {:?} or a domain above it", from.domain());
        return Err(refuse("dkim.domain", what));
    }
    if is_public(&domain, from) {
        let what = format!(
            "under {domain:?} anybody registers names (publicsuffix.org), and receivers believe no signature of it: \
             write {:?}",
            from.domain()
        );
        return Err(refuse("dkim.domain", what));
    }
    Ok(domain)
}

/// Whether names are given to anybody below a domain: RFC 6376, section 6.1.1, lets receivers pass over its
/// signatures. Who holds such a domain, as hosting companies do, may write from it and sign as it; nobody
/// writes from a top-level domain.
fn is_public(domain: &str, from: &EmailAddress) -> bool {
    let Some(suffix) = psl::suffix(domain.as_bytes()).filter(|suffix| suffix.as_bytes() == domain.as_bytes()) else {
        return false;
    };
    domain != from.domain() || suffix.typ() == Some(psl::Type::Icann)
}

/// Checks all of `[[dkim]]`; letters are signed with each.
pub(super) fn check(
    raw: Vec<raw::RawDkim>,
    from: &EmailAddress,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Result<Vec<Dkim>, ConfigRefusal> {
    let mut signatures: Vec<Dkim> = Vec::new();
    for (index, raw) in raw.into_iter().enumerate() {
        let signature = signature(raw, from, base, &signatures, warnings);
        signatures.push(signature.map_err(|refusal| refusal.in_entry(index))?);
    }
    Ok(signatures)
}

/// One of `[[dkim]]`, beside those that are known.
fn signature(
    raw: raw::RawDkim,
    from: &EmailAddress,
    base: &Path,
    signatures: &[Dkim],
    warnings: &mut Vec<String>,
) -> Result<Dkim, ConfigRefusal> {
    let domain = signing_domain(raw.domain, from)?;
    let label = |label: &str| {
        let edges = label.starts_with('-') || label.ends_with('-');
        (1..=63).contains(&label.len()) && !edges && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if !raw.selector.split('.').all(label) || raw.selector.len() > 63 {
        return Err(refuse(
            "dkim.selector",
            format!("{:?} is no name in DNS: write one such as \"g2026\"", raw.selector),
        ));
    }
    let key = match (raw.key, raw.key_env) {
        (Some(file), None) => {
            let file = secrets::place("dkim.key", base, &file)?;
            let wrong = |what: String| refuse("dkim.key", format!("{}: {what}", file.display()));
            let pem = std::fs::read_to_string(&file).map_err(|error| wrong(format!("cannot read it: {error}")))?;
            // Whoever has it writes letters in the magazine's name.
            if std::fs::metadata(&file).is_ok_and(|meta| meta.permissions().mode() & 0o006 != 0) {
                let file = file.display();
                warnings.push(format!("dkim.key: everybody on this machine can read {file}: `chmod 600 {file}`"));
            }
            SigningKey::read(&pem).map_err(wrong)?
        }
        (None, Some(variable)) => {
            let pem = std::env::var(&variable)
                .map_err(|_| refuse("dkim.key_env", format!("the environment has no {variable}")))?;
            SigningKey::read(&pem).map_err(|what| refuse("dkim.key_env", format!("{variable}: {what}")))?
        }
        (Some(_), Some(_)) => return Err(refuse("dkim.key_env", "there is dkim.key as well: write one of them")),
        (None, None) => {
            return Err(refuse("dkim.key", "name a file with a private key in PEM, or a variable as dkim.key_env"));
        }
    };
    if signatures.iter().any(|other| other.domain == domain && other.selector == raw.selector) {
        let what = format!("{:?} names two keys: a record in DNS holds one", raw.selector);
        return Err(refuse("dkim.selector", what));
    }
    Ok(Dkim { domain, selector: raw.selector, key })
}
