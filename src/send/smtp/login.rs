//! Logging in (RFC 4954): PLAIN and LOGIN for passwords, SCRAM-SHA-256 (RFC 7677) where there is no
//! TLS or nothing else, XOAUTH2 for tokens. Relays repeat in their replies what they were told: secrets are taken out
//! before a reply is kept or shown.

use std::{process::Stdio, time::Duration};

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::{commands::SmtpCommand, connection::SmtpConnection, error::ConnectionError};
use crate::config::{Login, Proof};

/// How long the command that prints a token may take.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);

/// Fewer iterations protect too little, and more would keep this program busy for a server's sake.
const SCRAM_ITERATIONS: std::ops::RangeInclusive<u32> = 4_096..=1_000_000;

impl SmtpConnection {
    /// Logs in with the best mechanism that the relay offers.
    pub(super) async fn log_in(&mut self, login: &Login) -> Result<(), ConnectionError> {
        let offered = std::mem::take(&mut self.extensions.logins);
        let is_offered = |name: &str| offered.iter().any(|offer| offer.eq_ignore_ascii_case(name));
        let secret = match &login.proof {
            Proof::Password(password) => password.expose().to_owned(),
            Proof::TokenCommand(command) => run_token_command(command).await?,
            Proof::Missing(why) => return Err(ConnectionError::new(why.clone())),
        };
        let mechanisms: &[&str] = match (&login.proof, self.is_secure()) {
            (Proof::TokenCommand(_), _) => &["XOAUTH2"],
            (_, true) => &["PLAIN", "LOGIN", "SCRAM-SHA-256"],
            (_, false) => &["SCRAM-SHA-256", "PLAIN", "LOGIN"],
        };
        // Line ends would end the command; NUL separates the parts of PLAIN.
        if login.user.contains(['\0', '\r', '\n']) || secret.contains(['\0', '\r', '\n']) {
            return Err(ConnectionError::new("the login holds a line end or a null: check the variable it comes from"));
        }
        let user = login.user.as_str();
        let outcome = match mechanisms.iter().copied().find(|mechanism| is_offered(mechanism)) {
            Some("PLAIN") => self.exchange(&[format!("AUTH PLAIN {}", encode(&format!("\0{user}\0{secret}")))]).await,
            Some("LOGIN") => self.exchange(&["AUTH LOGIN".to_owned(), encode(user), encode(&secret)]).await,
            Some("SCRAM-SHA-256") => self.scram(user, &secret).await,
            Some(_) => {
                let bearer = format!("user={user}\x01auth=Bearer {secret}\x01\x01");
                // After a failure the relay waits for an empty line before it replies with the code.
                self.exchange(&[format!("AUTH XOAUTH2 {}", encode(&bearer)), String::new()]).await
            }
            None => {
                let there = if offered.is_empty() { "none at all".to_owned() } else { offered.join(", ") };
                return Err(ConnectionError::new(format!("it offers none of the logins that we have: {there}")));
            }
        };
        outcome.map_err(|error| error.without(&[secret.as_str(), user]))
    }

    /// Sends lines one by one, as long as the relay asks for more.
    async fn exchange(&mut self, lines: &[String]) -> Result<(), ConnectionError> {
        for line in lines {
            let reply = self.ask(SmtpCommand::Login, &format!("{line}\r\n")).await?;
            match reply.code {
                235 => return Ok(()),
                334 => {}
                _ => return Err(ConnectionError::new(format!("it refused the login: {reply}"))),
            }
        }
        Err(ConnectionError::new("it wants more of a login than there is"))
    }

    async fn scram(&mut self, user: &str, password: &str) -> Result<(), ConnectionError> {
        let mut random = [0; 18];
        getrandom::fill(&mut random).map_err(|error| ConnectionError::new(format!("no random numbers: {error}")))?;
        let scram = Scram::new(user, password, &BASE64.encode(&random));
        let refused = |reply: &dyn std::fmt::Display| ConnectionError::new(format!("it refused the login: {reply}"));
        let first = format!("AUTH SCRAM-SHA-256 {}\r\n", encode(&scram.first_message()));
        let challenge = self.ask(SmtpCommand::Login, &first).await?;
        if challenge.code != 334 {
            return Err(refused(&challenge));
        }
        let strange = || ConnectionError::new("its part of SCRAM-SHA-256 makes no sense");
        let server = decode(challenge.text()).ok_or_else(strange)?;
        let (last, signature) = scram.final_message(&server).ok_or_else(strange)?;
        let reply = self.ask(SmtpCommand::Login, &format!("{}\r\n", encode(&last))).await?;
        // The relay's own proof that it knows the password comes with the 235, or before it.
        let proof = decode(reply.text().split(' ').next_back().unwrap_or_default());
        let is_known = proof.as_deref() == Some(&format!("v={signature}"));
        match reply.code {
            235 if is_known => Ok(()),
            334 if is_known => self.exchange(&[String::new()]).await,
            235 | 334 => Err(ConnectionError::new("it does not know our password, and said that it does")),
            _ => Err(refused(&reply)),
        }
    }
}

fn encode(text: &str) -> String {
    BASE64.encode(text.as_bytes())
}

fn decode(text: &str) -> Option<String> {
    String::from_utf8(BASE64.decode(text.trim().as_bytes()).ok()?).ok()
}

async fn run_token_command(command: &str) -> Result<String, ConnectionError> {
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let wrong = |what: &str| ConnectionError::new(format!("the token_command {what}: try it in a shell"));
    let output = tokio::time::timeout(TOKEN_TIMEOUT, shell.output()).await.map_err(|_| wrong("takes too long"))?;
    let output = output.map_err(|error| wrong(&format!("cannot be run ({error})")))?;
    let token = String::from_utf8(output.stdout).ok().map(|token| token.trim().to_owned());
    match token.filter(|token| output.status.success() && !token.is_empty()) {
        Some(token) => Ok(token),
        None => Err(wrong("prints no token")),
    }
}

/// The client's part of RFC 5802, without channel binding.
struct Scram {
    bare: String,
    nonce: String,
    password: String,
}

impl Scram {
    fn new(user: &str, password: &str, nonce: &str) -> Self {
        let user = user.replace('=', "=3D").replace(',', "=2C");
        Self { bare: format!("n={user},r={nonce}"), nonce: nonce.to_owned(), password: password.to_owned() }
    }

    fn first_message(&self) -> String {
        format!("n,,{}", self.bare)
    }

    /// The second message, and what the server must answer; none if its own makes no sense.
    fn final_message(&self, server: &str) -> Option<(String, String)> {
        let field = |name: &str| server.split(',').find_map(|field| field.strip_prefix(name));
        let nonce = field("r=").filter(|nonce| nonce.starts_with(&self.nonce) && *nonce != self.nonce)?;
        let salt = BASE64.decode(field("s=")?.as_bytes()).ok()?;
        let iterations: u32 = field("i=")?.parse().ok().filter(|iterations| SCRAM_ITERATIONS.contains(iterations))?;
        let without = format!("c=biws,r={nonce}");
        let signed = format!("{},{server},{without}", self.bare);
        let salted = salted_password(self.password.as_bytes(), &salt, iterations);
        let client = mac(&salted, &[b"Client Key"]);
        let signature = mac(&Sha256::digest(client), &[signed.as_bytes()]);
        let proof: Vec<u8> = client.iter().zip(signature).map(|(key, sign)| key ^ sign).collect();
        let server = mac(&mac(&salted, &[b"Server Key"]), &[signed.as_bytes()]);
        Some((format!("{without},p={}", BASE64.encode(&proof)), BASE64.encode(&server)))
    }
}

/// PBKDF2 with HMAC-SHA-256, for one block.
fn salted_password(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    let mut last = mac(password, &[salt, &1u32.to_be_bytes()]);
    let mut all = last;
    for _ in 1..iterations {
        last = mac(password, &[&last]);
        all.iter_mut().zip(last).for_each(|(all, last)| *all ^= last);
    }
    all
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // A key longer than a block stands for its hash (RFC 2104).
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677, section 3.
    #[test]
    fn scram_is_as_its_rfc_says() {
        let scram = Scram::new("user", "pencil", "rOprNGfwEbeRWgbNEkqO");
        assert_eq!(scram.first_message(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let server = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let last = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                    p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        let signature = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        assert_eq!(scram.final_message(server), Some((last.to_owned(), signature.to_owned())));
        // Another one's nonce, too few iterations, or too many.
        for wrong in [server.replace("rOpr", "x"), server.replace("4096", "10"), server.replace("4096", "4294967295")] {
            assert_eq!(scram.final_message(&wrong), None, "{wrong}");
        }
    }
}
