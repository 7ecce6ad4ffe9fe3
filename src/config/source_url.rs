//! The address of a source. A login or another secret may be part of it: no message tells them, and the store keeps no
//! login.

use std::fmt;

use url::Url;

/// Where a source is fetched from.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceUrl(Url);

impl SourceUrl {
    /// Parses it; otherwise says what is wrong, without the address.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|error| format!("it is no address: {error}"))?;
        match url.scheme() {
            "http" | "https" => Ok(Self(url)),
            scheme => Err(format!("{scheme:?} is no address of the web: write https://…")),
        }
    }

    /// All of it, for who fetches.
    pub fn full(&self) -> &Url {
        &self.0
    }

    /// What tells it from others, without a login.
    pub fn place(&self) -> String {
        self.without_login().into()
    }

    /// Whether a user or a password is part of it.
    pub fn has_login(&self) -> bool {
        !self.0.username().is_empty() || self.0.password().is_some()
    }

    fn without_login(&self) -> Url {
        without_login(self.0.clone())
    }

    /// Whether a source's place is an address.
    pub fn is_place(place: &str) -> bool {
        ["https://", "http://", "postgres://", "mysql://"].iter().any(|scheme| place.starts_with(scheme))
    }
}

/// An address of the web without a login, and without a place in it.
pub fn without_login(mut url: Url) -> Url {
    // One of the web can always be without.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.set_fragment(None);
    url
}

/// As messages name it: what is asked for may be a secret, such as a token.
impl fmt::Display for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.without_login();
        let asks = url.query().is_some();
        url.set_query(None);
        write!(f, "{url}{}", if asks { "?…" } else { "" })
    }
}

impl fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_and_what_is_asked_for_are_not_told() {
        let url = SourceUrl::parse("https://anouk:secret@jetee.example.org/feed?token=secret").expect("an address");
        for told in [format!("{url}"), format!("{url:?}")] {
            assert!(told.contains("https://jetee.example.org/feed?…") && !told.contains("secret"), "{told}");
        }
        assert_eq!(url.place(), "https://jetee.example.org/feed?token=secret");
        assert!(url.full().as_str().contains("anouk:secret@"));
        for wrong in ["file:///etc/passwd", "jetee.example.org/feed", "https://"] {
            assert!(SourceUrl::parse(wrong).is_err(), "{wrong}");
        }
    }
}
