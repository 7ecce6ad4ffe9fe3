//! Statements that others can check without us: JSON Web Signatures (RFC 7515) with Ed25519 (RFC 8037), which any
//! library for them reads.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

use super::Key;

/// Why a statement proves nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unproven {
    /// It is not of the form that it should have.
    #[error("it is no JSON Web Signature with Ed25519: {0}")]
    Form(&'static str),
    /// It was changed, or signed with another key.
    #[error("the signature does not fit: it was changed, or signed with another key")]
    Signature,
}

fn pair(key: &Key) -> Option<Ed25519KeyPair> {
    let [a, b] = ["receipt key, first half", "receipt key, second half"].map(|purpose| key.sign(purpose, b""));
    Ed25519KeyPair::from_seed_unchecked(&[a, b].concat()).ok()
}

/// The public half of the key that a store's statements are signed with: 43 characters, as `x` of a JSON Web Key
/// (RFC 8037).
pub fn public_key(key: &Key) -> Option<String> {
    Some(BASE64URL_NOPAD.encode(pair(key)?.public_key().as_ref()))
}

/// Signs a statement, in the compact form; none if there is no key.
pub fn sign(key: &Key, statement: &str) -> Option<String> {
    let pair = pair(key)?;
    let public = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
    let header = json!({ "alg": "EdDSA", "jwk": { "kty": "OKP", "crv": "Ed25519", "x": public } });
    let signed = format!(
        "{}.{}",
        BASE64URL_NOPAD.encode(header.to_string().as_bytes()),
        BASE64URL_NOPAD.encode(statement.as_bytes())
    );
    let signature = BASE64URL_NOPAD.encode(pair.sign(signed.as_bytes()).as_ref());
    Some(format!("{signed}.{signature}"))
}

/// The statement of a signature in the compact form, and the public key that it was signed with; whose that is,
/// nobody but its owner can say.
pub fn check(signed: &str) -> Result<(String, String), Unproven> {
    let decode = |part: &str, what| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| Unproven::Form(what));
    let (content, signature) = signed.trim().rsplit_once('.').ok_or(Unproven::Form("it has no three parts"))?;
    let (header, statement) = content.split_once('.').ok_or(Unproven::Form("it has no three parts"))?;
    let header: serde_json::Value = serde_json::from_slice(&decode(header, "its header is not in base64url")?)
        .map_err(|_| Unproven::Form("its header is no JSON"))?;
    let public = header["jwk"]["x"].as_str().filter(|_| header["alg"] == "EdDSA" && header["jwk"]["crv"] == "Ed25519");
    let public = public.ok_or(Unproven::Form("its header names no Ed25519 key"))?;
    let key = decode(public, "its key is not in base64url")?;
    let signature = decode(signature, "its signature is not in base64url")?;
    let key = UnparsedPublicKey::new(&ED25519, &key);
    key.verify(content.as_bytes(), &signature).map_err(|_| Unproven::Signature)?;
    let statement = String::from_utf8(decode(statement, "its statement is not in base64url")?);
    Ok((statement.map_err(|_| Unproven::Form("its statement is not UTF-8"))?, public.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_found_changed() {
        let key = Key::new([7; 32]);
        let signed = sign(&key, "{\"a\":1}").expect("a signature");
        let (statement, public) = check(&signed).expect("a good signature");
        assert_eq!((statement.as_str(), Some(public)), ("{\"a\":1}", public_key(&key)));
        let mut parts: Vec<&str> = signed.split('.').collect();
        let other = BASE64URL_NOPAD.encode(b"{\"a\":2}");
        parts[1] = &other;
        assert_eq!(check(&parts.join(".")), Err(Unproven::Signature));
        assert_eq!(check("a.b"), Err(Unproven::Form("it has no three parts")));
        assert_ne!(public_key(&Key::new([8; 32])), public_key(&key));
    }
}
