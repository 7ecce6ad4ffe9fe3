//! Tokens that let one subscriber act without a password: they name the subscriber, are signed
//! with the store's key, and do not end.

use data_encoding::BASE32_NOPAD;

use crate::model::Key;

/// Stands in a variant where a letter has its subscriber's token.
pub const PLACEHOLDER: &str = "subscriber0token0stands0here0in0letters";

/// A subscriber's token for leaving: 39 lower-case letters and digits, the same length as
/// [`PLACEHOLDER`].
pub fn unsubscribe(key: &Key, subscriber: i64) -> String {
    let id = subscriber.to_be_bytes();
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&id);
    bytes[8..].copy_from_slice(&key.sign("unsubscribe", &id));
    BASE32_NOPAD.encode(&bytes).to_lowercase()
}

/// The subscriber that a token names, if the token is one of ours.
pub fn subscriber(key: &Key, token: &str) -> Option<i64> {
    let bytes = BASE32_NOPAD.decode(token.to_ascii_uppercase().as_bytes()).ok()?;
    let id = bytes.first_chunk::<8>()?;
    let subscriber = i64::from_be_bytes(*id);
    same(&unsubscribe(key, subscriber), token).then_some(subscriber)
}

/// A short proof that a message id or a bounce address is ours: 13 letters and digits.
pub fn proof(key: &Key, purpose: &str, edition: i64, subscriber: i64) -> String {
    let message = [edition.to_be_bytes(), subscriber.to_be_bytes()].concat();
    BASE32_NOPAD.encode(&key.sign(purpose, &message)[..8]).to_lowercase()
}

/// Whether a proof is ours, whatever the case of its letters: mail servers change it.
pub fn proves(key: &Key, purpose: &str, edition: i64, subscriber: i64, given: &str) -> bool {
    same(&proof(key, purpose, edition, subscriber), given)
}

/// Compares as a whole: that two differ tells nothing of where.
fn same(ours: &str, given: &str) -> bool {
    let differing = ours.bytes().zip(given.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b.to_ascii_lowercase()));
    ours.len() == given.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_prove_themselves() {
        let key = Key::new([7; 32]);
        let token = unsubscribe(&key, 42);
        assert_eq!(token.len(), PLACEHOLDER.len());
        assert_eq!(subscriber(&key, &token), Some(42));
        assert_eq!(subscriber(&key, &token.to_uppercase()), Some(42));
        assert_eq!(subscriber(&Key::new([8; 32]), &token), None);
        for forged in ["", "a", &token[1..], &format!("{token}a"), &unsubscribe(&Key::new([8; 32]), 42)] {
            assert_eq!(subscriber(&key, forged), None, "{forged}");
        }
    }

    #[test]
    fn a_proof_is_for_one_letter_and_one_purpose() {
        let key = Key::new([7; 32]);
        let ours = proof(&key, "bounce", 3, 42);
        assert_eq!(ours.len(), 13);
        assert!(proves(&key, "bounce", 3, 42, &ours));
        assert!(proves(&key, "bounce", 3, 42, &ours.to_uppercase()));
        assert!(!proves(&key, "message", 3, 42, &ours));
        assert!(!proves(&key, "bounce", 4, 42, &ours));
        assert!(!proves(&key, "bounce", 3, 43, &ours));
        assert!(!proves(&Key::new([8; 32]), "bounce", 3, 42, &ours));
        for forged in ["", &ours[1..], &format!("{ours}a"), &format!("a{}", &ours[1..]), "é"] {
            assert!(forged == ours || !proves(&key, "bounce", 3, 42, forged), "{forged}");
        }
    }
}
