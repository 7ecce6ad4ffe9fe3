//! Tokens that let one reader act without a password: they name the reader by the public id and are
//! signed with the store's key. Those of the first version name a number, and go on working.

use data_encoding::BASE32_NOPAD;

use crate::model::{EditionKey, Instant, Key, ReaderId, ReaderName, Slug};

/// Stands in a variant where a letter has its subscriber's token: noncharacters, which are taken out
/// of every text that enters, so that no text can hold it. It takes as many bytes as a token.
pub const PLACEHOLDER: &str =
    "\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}\u{fdd0}";

/// How many other letters one may hold.
pub const MAX_OTHERS: usize = 8;

/// What stands for the token of the newsletter itself, 0, or of one of the others whose letters are in a letter, from 1 on.
pub fn placeholder(which: usize) -> String {
    let which = u32::try_from(which.min(MAX_OTHERS)).unwrap_or_default();
    let own = PLACEHOLDER.chars().next().map_or(0, u32::from);
    let mark = char::from_u32(own + which).unwrap_or_default();
    std::iter::repeat_n(mark, PLACEHOLDER.chars().count()).collect()
}

/// A reader's token for leaving a newsletter: 39 lower-case letters and digits, as many as
/// [`PLACEHOLDER`] has.
pub fn unsubscribe(key: &Key, newsletter: &Slug, reader: ReaderId) -> String {
    encode(&[reader.bytes().as_slice(), &leaving(key, newsletter, reader)].concat())
}

/// What proves such a token: 64 bits over an id that nobody guesses.
fn leaving(key: &Key, newsletter: &Slug, reader: ReaderId) -> [u8; 8] {
    let message = [reader.bytes().as_slice(), newsletter.as_str().as_bytes()].concat();
    let whole = key.sign("leave", &message);
    std::array::from_fn(|i| whole[i])
}

/// Who leaves which newsletter by a token, if the token is one of ours.
pub fn leaver<'n>(
    key: &Key,
    newsletters: impl IntoIterator<Item = &'n Slug>,
    token: &str,
) -> Option<(Slug, ReaderName)> {
    let mut newsletters = newsletters.into_iter();
    if let Some(number) = read(key, "unsubscribe", token).map(i64::from_be_bytes) {
        // The first version had one.
        return newsletters.next().map(|newsletter| (newsletter.clone(), ReaderName::Old(number)));
    }
    let bytes = BASE32_NOPAD.decode(token.to_ascii_uppercase().as_bytes()).ok()?;
    let reader = ReaderId::new(*bytes.first_chunk()?);
    let ours = newsletters.find(|newsletter| same(&unsubscribe(key, newsletter, reader), token))?;
    Some((ours.clone(), ReaderName::Id(reader)))
}

/// A token that confirms the wish with this number; until when, the store knows.
pub fn confirm(key: &Key, request: i64) -> String {
    sign(key, "confirm", &request.to_be_bytes())
}

/// The wish that a token confirms, if the token is one of ours.
pub fn request(key: &Key, token: &str) -> Option<i64> {
    read(key, "confirm", token).map(i64::from_be_bytes)
}

/// A reader's token for the page of preferences, good until an instant: it came by mail to the
/// address itself, and shows what is known of who lives there. `standing` is what it is bound to: it
/// ends when that changes.
pub fn preferences(key: &Key, reader: ReaderId, standing: &[u8], until: Instant) -> String {
    let claim = [reader.bytes().as_slice(), &until.timestamp().to_be_bytes()].concat();
    let bound = key.sign("preferences", &[claim.as_slice(), standing].concat());
    encode(&[claim.as_slice(), &claimed(key, &claim), &bound].concat())
}

/// What proves that a token for preferences is ours, also when its reader is no more.
fn claimed(key: &Key, claim: &[u8]) -> [u8; 8] {
    let whole = key.sign("preferences claim", claim);
    std::array::from_fn(|i| whole[i])
}

/// Whom a token for preferences of ours names, and until when it is good; not whether it still opens them.
pub fn claim(key: &Key, token: &str) -> Option<(ReaderId, Instant)> {
    let bytes = BASE32_NOPAD.decode(token.to_ascii_uppercase().as_bytes()).ok()?;
    let (claim, rest) = bytes.split_first_chunk::<24>()?;
    if rest.first_chunk() != Some(&claimed(key, claim)) {
        return None;
    }
    let (reader, until) = claim.split_first_chunk()?;
    let until = i64::from_be_bytes(*until.first_chunk()?);
    Some((ReaderId::new(*reader), Instant::from_timestamp(until, 0)?))
}

/// Whether a token opens a reader's preferences at an instant.
pub fn opens_preferences(key: &Key, reader: ReaderId, standing: &[u8], token: &str, at: Instant) -> bool {
    claim(key, token).is_some_and(|(named, until)| {
        named == reader
            && at.timestamp() <= until.timestamp()
            && same(&preferences(key, reader, standing, until), token)
    })
}

/// Bytes as lower-case letters and digits.
fn encode(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_lowercase()
}

/// A claim with its signature for one purpose, as lower-case letters and digits.
fn sign(key: &Key, purpose: &str, claim: &[u8]) -> String {
    encode(&[claim, &key.sign(purpose, claim)].concat())
}

/// The claim of a token, if it was signed for this purpose.
fn read<const N: usize>(key: &Key, purpose: &str, token: &str) -> Option<[u8; N]> {
    let bytes = BASE32_NOPAD.decode(token.to_ascii_uppercase().as_bytes()).ok()?;
    let claim = *bytes.first_chunk::<N>()?;
    same(&sign(key, purpose, &claim), token).then_some(claim)
}

/// The token in a link to the desk: it lets one editor in, by the address that the configuration names, until an
/// instant. An empty name is for who works at the machine itself. Of another generation than the store's, it opens
/// nothing.
pub fn desk(key: &Key, name: &str, generation: i64, until: Instant) -> String {
    let claim = until.timestamp().to_be_bytes();
    let message = [claim.as_slice(), &generation.to_be_bytes(), name.as_bytes()].concat();
    encode(&[claim.as_slice(), &key.sign("desk link", &message)].concat())
}

/// Whether a token lets somebody in at an instant.
pub fn opens_desk(key: &Key, name: &str, generation: i64, given: &str, at: Instant) -> bool {
    let bytes = BASE32_NOPAD.decode(given.to_ascii_uppercase().as_bytes()).unwrap_or_default();
    let until = bytes.first_chunk().and_then(|until| Instant::from_timestamp(i64::from_be_bytes(*until), 0));
    until.is_some_and(|until| at <= until && same(&desk(key, name, generation, until), given))
}

/// A short proof that a message id is ours: 13 letters and digits.
pub fn proof(key: &Key, edition: &EditionKey, reader: ReaderId) -> String {
    let cutoff = edition.cutoff.timestamp_millis().to_be_bytes();
    let message = [cutoff.as_slice(), reader.bytes(), edition.newsletter.as_str().as_bytes()];
    encode(&key.sign("message id", &message.concat())[..8])
}

/// Whether a proof is ours, whatever the case of its letters: mail servers change it.
pub fn proves(key: &Key, edition: &EditionKey, reader: ReaderId, given: &str) -> bool {
    same(&proof(key, edition, reader), given)
}

/// What is put to the address for bounces for one letter: 39 letters and digits that name edition and
/// reader, and prove that they are ours.
pub fn bounce(key: &Key, mark: i64, reader: ReaderId) -> String {
    let [.., a, b, c] = mark.to_be_bytes();
    let claim = [&[a, b, c], reader.bytes().as_slice()].concat();
    encode(&[claim.as_slice(), &key.sign("bounce address", &claim)[..5]].concat())
}

/// The edition's mark and the reader that an address for bounces names; an error if it looks like one of
/// ours and is none, nothing if it does not look so.
pub fn bounced(key: &Key, given: &str) -> Option<Result<(i64, ReaderId), ()>> {
    let bytes = BASE32_NOPAD.decode(given.to_ascii_uppercase().as_bytes()).ok()?;
    let bytes: [u8; 24] = bytes.try_into().ok()?;
    let mark = i64::from(u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]));
    let reader = ReaderId::new(*bytes[3..].first_chunk()?);
    Some(if same(&bounce(key, mark, reader), given) { Ok((mark, reader)) } else { Err(()) })
}

/// What is put to the address for bounces for a letter to one person: 34 letters and digits that name it by its public
/// id, and prove that they are ours.
pub fn service_bounce(key: &Key, letter: &[u8; 16]) -> String {
    encode(&[letter.as_slice(), &key.sign("service bounce", letter)[..5]].concat())
}

/// The letter to one person that an address for bounces names, if it is ours.
pub fn service_bounced(key: &Key, given: &str) -> Option<[u8; 16]> {
    let bytes = BASE32_NOPAD.decode(given.to_ascii_uppercase().as_bytes()).ok()?;
    let letter = *bytes.first_chunk()?;
    same(&service_bounce(key, &letter), given).then_some(letter)
}

/// Whether the first version wrote a proof, by the numbers that it named edition and reader with.
pub fn proved_before(key: &Key, purpose: &str, edition: i64, subscriber: i64, given: &str) -> bool {
    let message = [edition.to_be_bytes(), subscriber.to_be_bytes()].concat();
    same(&encode(&key.sign(purpose, &message)[..8]), given)
}

/// Compares as a whole: that two differ tells nothing of where.
fn same(ours: &str, given: &str) -> bool {
    let differing = ours.bytes().zip(given.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b.to_ascii_lowercase()));
    ours.len() == given.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(byte: u8) -> ReaderId {
        ReaderId::new([byte; 16])
    }

    fn slug(text: &str) -> Slug {
        Slug::parse(text).expect("a slug")
    }

    #[test]
    fn an_address_for_bounces_names_a_letter_to_one_person() {
        let (key, letter) = (Key::new([7; 32]), [42; 16]);
        let named = service_bounce(&key, &letter);
        assert_eq!(named.len(), 34);
        assert_eq!(service_bounced(&key, &named.to_uppercase()), Some(letter));
        for other in ["", "a", &named[1..], &service_bounce(&Key::new([8; 32]), &letter), &bounce(&key, 1, reader(42))]
        {
            assert_eq!(service_bounced(&key, other), None, "{other}");
        }
        assert_eq!(bounced(&key, &named), None);
    }

    #[test]
    fn a_token_for_leaving_names_reader_and_newsletter() {
        let key = Key::new([7; 32]);
        let ours = [slug("digest"), slug("alerts")];
        let token = unsubscribe(&key, &ours[1], reader(42));
        assert_eq!(token.len(), PLACEHOLDER.len());
        let named = Some((ours[1].clone(), ReaderName::Id(reader(42))));
        assert_eq!(leaver(&key, &ours, &token), named);
        assert_eq!(leaver(&key, &ours, &token.to_uppercase()), named);
        assert_eq!(leaver(&Key::new([8; 32]), &ours, &token), None);
        assert_eq!(leaver(&key, &ours[..1], &token), None);
        for forged in
            ["", "a", &token[1..], &format!("{token}a"), &unsubscribe(&Key::new([8; 32]), &ours[1], reader(42))]
        {
            assert_eq!(leaver(&key, &ours, forged), None, "{forged}");
        }
        // The first version's.
        let old = sign(&key, "unsubscribe", &42i64.to_be_bytes());
        assert_eq!(leaver(&key, &ours, &old), Some((ours[0].clone(), ReaderName::Old(42))));
        // What is signed for one purpose is nothing for another.
        assert_eq!(request(&key, &token), None);
        assert_eq!(request(&key, &confirm(&key, 42)), Some(42));
        assert_eq!(leaver(&key, &ours, &confirm(&key, 42)), None);
    }

    #[test]
    fn a_token_for_preferences_ends_with_its_time_and_with_what_it_is_bound_to() {
        let key = Key::new([7; 32]);
        let until = Instant::UNIX_EPOCH + chrono::Duration::seconds(100);
        let token = preferences(&key, reader(1), b"old address", until);
        assert_eq!(claim(&key, &token), Some((reader(1), until)));
        assert_eq!(claim(&Key::new([8; 32]), &token), None);
        assert_eq!(claim(&key, &"a".repeat(token.len())), None);
        assert!(opens_preferences(&key, reader(1), b"old address", &token, until));
        assert!(!opens_preferences(&key, reader(1), b"old address", &token, until + chrono::Duration::seconds(1)));
        assert!(!opens_preferences(&key, reader(1), b"new address", &token, until));
        assert!(!opens_preferences(&key, reader(2), b"old address", &token, until));
        assert!(!opens_preferences(&Key::new([8; 32]), reader(1), b"old address", &token, until));
    }

    #[test]
    fn a_proof_is_for_one_letter_and_one_purpose() {
        let key = Key::new([7; 32]);
        let edition = |seconds| EditionKey {
            newsletter: slug("digest"),
            cutoff: Instant::UNIX_EPOCH + chrono::Duration::seconds(seconds),
        };
        let ours = proof(&key, &edition(3), reader(42));
        assert_eq!(ours.len(), 13);
        assert!(proves(&key, &edition(3), reader(42), &ours.to_uppercase()));
        assert!(!proves(&key, &edition(4), reader(42), &ours));
        assert!(!proves(&key, &edition(3), reader(43), &ours));
        assert!(!proves(&Key::new([8; 32]), &edition(3), reader(42), &ours));
        let address = bounce(&key, 0x12_34_56, reader(42));
        assert_eq!(address.len(), 39);
        assert_eq!(bounced(&key, &address.to_uppercase()), Some(Ok((0x12_34_56, reader(42)))));
        assert_eq!(bounced(&Key::new([8; 32]), &address), Some(Err(())));
        let changed = if &address[20..21] == "a" { "b" } else { "a" };
        let forged = format!("{}{changed}{}", &address[..20], &address[21..]);
        assert_eq!(bounced(&key, &forged), Some(Err(())));
        for other in ["", "a", &address[1..], &format!("{address}a"), "\u{e9}"] {
            assert_eq!(bounced(&key, other), None, "{other}");
        }
    }
}
