//! The magazine's secret key: it signs tokens and hides addresses.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A key of 256 bits, as old as the store.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// Takes a key from where it is kept.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for a store that is moved whole. Whoever has them can make any reader's links.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA256 over a message for one purpose, its first 128 bits. What is signed for one
    /// purpose proves nothing for another.
    pub fn sign(&self, purpose: &str, message: &[u8]) -> [u8; 16] {
        // A key shorter than a block of the hash counts as filled up with zeros (RFC 2104).
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(message);
        let whole = mac.finalize().into_bytes();
        std::array::from_fn(|i| whole[i])
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}
