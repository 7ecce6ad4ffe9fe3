//! Tokens that let one subscriber act without a password: they name the subscriber, are signed
//! with the store's key, and do not end.

use data_encoding::BASE32_NOPAD;

use crate::model::{Instant, Key};

/// Stands in a variant where a letter has its subscriber's token: noncharacters, which are taken out
/// of every text that enters, so that no text can hold it. It takes as many bytes as a token.
pub const PLACEHOLDER: &str =
    "\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}";

/// A subscriber's token for leaving: 39 lower-case letters and digits, the same length as
/// [`PLACEHOLDER`].
pub fn unsubscribe(key: &Key, subscriber: i64) -> String {
    sign(key, "unsubscribe", &subscriber.to_be_bytes())
}

/// The subscriber that a token names, if the token is one of ours.
pub fn subscriber(key: &Key, token: &str) -> Option<i64> {
    read(key, "unsubscribe", token).map(i64::from_be_bytes)
}

/// A token that confirms the wish with this number; until when, the store knows.
pub fn confirm(key: &Key, request: i64) -> String {
    sign(key, "confirm", &request.to_be_bytes())
}

/// The wish that a token confirms, if the token is one of ours.
pub fn request(key: &Key, token: &str) -> Option<i64> {
    read(key, "confirm", token).map(i64::from_be_bytes)
}

/// A subscriber's token for the page of preferences, good until an instant: it came by mail to the
/// address itself, and shows what is known of who lives there.
pub fn preferences(key: &Key, subscriber: i64, until: Instant) -> String {
    let mut claim = [0; 16];
    claim[..8].copy_from_slice(&subscriber.to_be_bytes());
    claim[8..].copy_from_slice(&until.timestamp().to_be_bytes());
    sign(key, "preferences", &claim)
}

/// The subscriber whose preferences a token opens at an instant, if it is one of ours.
pub fn preferring(key: &Key, token: &str, at: Instant) -> Option<i64> {
    let claim: [u8; 16] = read(key, "preferences", token)?;
    let (subscriber, until) = claim.split_first_chunk::<8>()?;
    let until = i64::from_be_bytes(*until.first_chunk()?);
    (at.timestamp() <= until).then_some(i64::from_be_bytes(*subscriber))
}

/// A claim with its signature for one purpose, as lower-case letters and digits.
fn sign(key: &Key, purpose: &str, claim: &[u8]) -> String {
    BASE32_NOPAD.encode(&[claim, &key.sign(purpose, claim)].concat()).to_lowercase()
}

/// The claim of a token, if it was signed for this purpose.
fn read<const N: usize>(key: &Key, purpose: &str, token: &str) -> Option<[u8; N]> {
    let bytes = BASE32_NOPAD.decode(token.to_ascii_uppercase().as_bytes()).ok()?;
    let claim = *bytes.first_chunk::<N>()?;
    same(&sign(key, purpose, &claim), token).then_some(claim)
}

/// The token that lets an editor work at the desk, by the address that the configuration names; an
/// empty one is for who works at the machine itself. It ends when the configuration no longer
/// names the address.
pub fn desk(key: &Key, address: &str) -> String {
    BASE32_NOPAD.encode(&key.sign("desk", address.as_bytes())).to_lowercase()
}

/// Whether a token is an editor's.
pub fn opens_desk(key: &Key, address: &str, given: &str) -> bool {
    same(&desk(key, address), given)
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
        // What is signed for one purpose is nothing for another.
        assert_eq!(request(&key, &token), None);
        assert_eq!(request(&key, &confirm(&key, 42)), Some(42));
        assert_eq!(subscriber(&key, &confirm(&key, 42)), None);
        let until = Instant::UNIX_EPOCH + chrono::Duration::seconds(100);
        let token = preferences(&key, 42, until);
        assert_eq!(preferring(&key, &token, until), Some(42));
        assert_eq!(preferring(&key, &token, until + chrono::Duration::seconds(1)), None);
        assert_eq!((subscriber(&key, &token), preferring(&key, &unsubscribe(&key, 42), until)), (None, None));
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
