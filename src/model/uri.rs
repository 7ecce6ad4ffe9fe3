//! Addresses as RFC 3986 writes them. The `url` crate follows browsers, which let stand in an
//! address what no URI may hold: `|`, `[`, a lone `%`.

use std::borrow::Cow;

use unicode_normalization::is_nfc;
use url::Url;

/// Whether a URI may hold this byte, percent signs included (RFC 3986, section 2).
pub const fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b':'
                | b'/'
                | b'?'
                | b'#'
                | b'@'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b'%'
        )
}

/// Percent-encodes what no URI may hold. The host stays as it is.
pub fn encode(address: &str) -> Cow<'_, str> {
    let whole = address.bytes().all(|b| is_uri_byte(b) && b != b'%' && b != b'#');
    if whole {
        return Cow::Borrowed(address);
    }
    let host = address.find("://").map_or(0, |at| {
        let after = &address[at + 3..];
        at + 3 + after.find(['/', '?', '#']).unwrap_or(after.len())
    });
    let bytes = address.as_bytes();
    let mut encoded = String::with_capacity(address.len() + 16);
    encoded.push_str(&address[..host]);
    let mut fragment = false;
    for (at, byte) in bytes.iter().copied().enumerate().skip(host) {
        let hex = |offset| bytes.get(at + offset).is_some_and(u8::is_ascii_hexdigit);
        let stays = match byte {
            b'%' => hex(1) && hex(2),
            b'#' => !std::mem::replace(&mut fragment, true),
            byte => is_uri_byte(byte),
        };
        if stays {
            encoded.push(byte.into());
        } else {
            encoded.push_str(percent_encoding::percent_encode_byte(byte));
        }
    }
    if encoded == address { Cow::Borrowed(address) } else { Cow::Owned(encoded) }
}

/// Whether readers can follow an address: for the web, and a URI once it is encoded. A host that
/// is an IPv6 address or holds a quotation mark is none.
pub fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "http") && url.has_host() && encode(url.as_str()).bytes().all(is_uri_byte)
}

/// Whether a text is a URI in the one form that Atom wants for an id (RFC 4287, section 4.2.6.1):
/// absolute, of a scheme that every validator knows, and normalised, so that equal ids are equal
/// byte by byte.
pub fn is_canonical(text: &str) -> bool {
    if !text.bytes().all(is_uri_byte) || text.bytes().filter(|b| *b == b'#').count() > 1 || !octets(text) {
        return false;
    }
    match text.split_once(':') {
        Some(("http" | "https", rest)) => {
            let host = rest.strip_prefix("//").unwrap_or_default().split(['/', '?', '#']).next().unwrap_or_default();
            let plain = host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._:".contains(&b));
            let path = rest.get(2 + host.len()..).is_some_and(|path| path.starts_with('/'));
            let dots = host.ends_with('.') || rest.split(['?', '#']).next().is_some_and(|path| path.contains("/%2E"));
            plain && path && !host.is_empty() && !dots && Url::parse(text).is_ok_and(|url| url.as_str() == text)
        }
        Some(("tag", rest)) => is_tag(rest),
        Some(("urn", rest)) => is_urn(rest),
        _ => false,
    }
}

/// Whether each percent sign begins an octet in capitals that had to be encoded, and the octets
/// are UTF-8 in normal form C.
fn octets(text: &str) -> bool {
    let bytes = text.as_bytes();
    let needed = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| {
        let digits = text.get(at + 1..at + 3).filter(|d| d.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')));
        let octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        octet.is_some_and(|octet| !(octet.is_ascii_alphanumeric() || b"-._~".contains(&octet)))
    });
    needed && percent_encoding::percent_decode_str(text).decode_utf8().is_ok_and(|decoded| is_nfc(&decoded))
}

/// What follows `tag:` (RFC 4151): `estran.example.org,2026-01-01:source/key`.
fn is_tag(rest: &str) -> bool {
    let Some((entity, specific)) = rest.split_once(':') else { return false };
    let Some((authority, date)) = entity.split_once(',') else { return false };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("a", authority));
    let of = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || more.contains(&b))
    };
    let lengths: Vec<usize> = date.split('-').map(str::len).collect();
    let dated =
        date.bytes().all(|b| b.is_ascii_digit() || b == b'-') && matches!(lengths.as_slice(), [4] | [4, 2] | [4, 2, 2]);
    of(user, b"-._") && of(host, b"-.") && dated && !specific.is_empty()
}

/// What follows `urn:` (RFC 8141, as the validators have it).
fn is_urn(rest: &str) -> bool {
    let Some((namespace, specific)) = rest.split_once(':') else { return false };
    let named = (2..=32).contains(&namespace.len())
        && !namespace.starts_with('-')
        && namespace.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let lengths: Vec<usize> = specific.split('-').map(str::len).collect();
    let specific = match namespace.to_ascii_lowercase().as_str() {
        "uuid" => lengths == [8, 4, 4, 4, 12] && specific.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'),
        _ => !specific.is_empty() && !specific.bytes().any(|b| b"/?#~&".contains(&b)),
    };
    named && specific
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_what_browsers_let_stand() {
        for (browser, uri) in [
            ("https://a.example/b|c[1]^`{}?q=[x]|#f[", "https://a.example/b%7Cc%5B1%5D%5E%60%7B%7D?q=%5Bx%5D%7C#f%5B"),
            ("https://a.example/100%/%zz/%C3%A9?a%20b", "https://a.example/100%25/%25zz/%C3%A9?a%20b"),
            ("https://a.example/#a#b", "https://a.example/#a%23b"),
            ("https://[::1]:8000/a[", "https://[::1]:8000/a%5B"),
            ("mailto:a b@c.example", "mailto:a%20b@c.example"),
        ] {
            assert_eq!(encode(browser), uri);
            assert_eq!(encode(uri), uri);
        }
        let web = |text: &str| is_web(&Url::parse(text).expect("a URL"));
        assert!(web("https://a_b.example/é|"));
        for wrong in ["https://[::1]/", "mailto:a@b.example", "data:,x", "https://a\"b.example/"] {
            assert!(!web(wrong), "{wrong}");
        }
    }

    #[test]
    fn knows_canonical_ids() {
        for id in [
            "tag:estran.example.org,2026-01-01:markdown/a%20b%C3%A9!$&'()*+,;=:@~",
            "tag:zoe@estran.example.org,2026:x",
            "http://example.org/?p=12",
            "https://example.org:8443/a/b.html#c",
            "urn:uuid:60a76c80-d399-11d9-b93C-0003939e0af6",
            "urn:isbn:0451450523",
        ] {
            assert!(is_canonical(id), "{id}");
        }
        for id in [
            "",
            "12345",
            "1234 at https://example.org",
            "/2026/phare",
            "http://example.org",
            "http://example.org?p=12",
            "HTTP://example.org/",
            "http://Example.org/",
            "http://example.org:80/",
            "http://example.org./",
            "http://example.org/a/../b",
            "http://example.org/%7Ezoe",
            "http://example.org/%c3%a9",
            "http://example.org/e%CC%81",
            "http://example.org/%E9",
            "http://example.org/é",
            "http://[::1]/",
            "http:///a",
            "tag:a_b.example,2026:x",
            "tag:example.org,26:x",
            "tag:example.org,2026-1-1:x",
            "urn:uuid:60a76c80",
            "urn:x:y",
            "spip:article12",
        ] {
            assert!(!is_canonical(id), "{id}");
        }
    }
}
