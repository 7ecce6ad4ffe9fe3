//! UUIDs that are made from a name (RFC 9562, version 5): equal names give equal ids.

use aws_lc_rs::digest;

/// The namespace of podcasts: the specification of `podcast:guid` has it.
const PODCASTS: [u8; 16] =
    [0xea, 0xd4, 0xc2, 0x36, 0xbf, 0x58, 0x58, 0xc6, 0xa2, 0xc6, 0xa6, 0xb2, 0x8d, 0x12, 0x8c, 0xb6];

/// The id of a podcast by the address of its feed, of which neither the scheme nor a slash at the end counts.
pub fn of_podcast(feed: &str) -> String {
    let name = feed.split_once("://").map_or(feed, |(_, rest)| rest).trim_end_matches('/');
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(&PODCASTS);
    context.update(name.as_bytes());
    let mut bytes = [0; 16];
    for (byte, hashed) in bytes.iter_mut().zip(context.finish().as_ref()) {
        *byte = *hashed;
    }
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut uuid = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        uuid.push_str(&format!("{byte:02x}"));
    }
    uuid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn podcasts_have_the_ids_of_the_specification() {
        assert_eq!(of_podcast("https://mp3s.nashownotes.com/pc20rss.xml"), "917393e3-1b1e-5cef-ace4-edaa54e1f810");
        assert_eq!(of_podcast("podnews.net/rss/"), "9b024349-ccf0-5f69-a609-6b82873eab3c");
    }
}
