//! Mailbox providers: whose domains are looked after by one house, which counts and judges a sender's letters to all of them
//! together.

/// Providers by a name, and their domains. A domain that is in none is a provider of its own.
const PROVIDERS: [(&str, &[&str]); 19] = [
    ("gmail", &["gmail.com", "googlemail.com"]),
    (
        "microsoft",
        &[
            "outlook.com",
            "outlook.fr",
            "outlook.de",
            "outlook.be",
            "outlook.it",
            "outlook.es",
            "hotmail.com",
            "hotmail.fr",
            "hotmail.de",
            "hotmail.be",
            "hotmail.it",
            "hotmail.es",
            "hotmail.co.uk",
            "live.com",
            "live.fr",
            "live.be",
            "live.de",
            "live.nl",
            "live.co.uk",
            "msn.com",
            "windowslive.com",
            "passport.com",
        ],
    ),
    (
        "yahoo",
        &[
            "yahoo.com",
            "yahoo.fr",
            "yahoo.de",
            "yahoo.it",
            "yahoo.es",
            "yahoo.co.uk",
            "yahoo.ca",
            "ymail.com",
            "rocketmail.com",
            "myyahoo.com",
            "aol.com",
            "aol.fr",
            "aol.de",
            "aim.com",
        ],
    ),
    ("apple", &["icloud.com", "me.com", "mac.com"]),
    ("orange", &["orange.fr", "wanadoo.fr", "voila.fr"]),
    ("free", &["free.fr", "freesbee.fr", "libertysurf.fr", "online.fr", "aliceadsl.fr"]),
    ("laposte", &["laposte.net"]),
    ("sfr", &["sfr.fr", "neuf.fr", "cegetel.net", "club-internet.fr", "numericable.fr", "noos.fr", "9online.fr"]),
    ("bouygues", &["bbox.fr"]),
    ("gmx", &["gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.fr", "gmx.com", "web.de", "mail.com", "1und1.de"]),
    ("t-online", &["t-online.de", "magenta.de"]),
    ("freenet", &["freenet.de"]),
    ("proton", &["proton.me", "protonmail.com", "protonmail.ch", "pm.me"]),
    ("proximus", &["skynet.be", "proximus.be"]),
    ("telenet", &["telenet.be"]),
    ("bluewin", &["bluewin.ch"]),
    ("infomaniak", &["infomaniak.ch", "infomaniak.com", "ik.me", "ikmail.com"]),
    ("mailru", &["mail.ru", "bk.ru", "inbox.ru", "list.ru"]),
    ("libero", &["libero.it", "virgilio.it", "iol.it", "inwind.it"]),
];

/// The provider that a domain belongs to: the domain itself, if none is known.
pub fn provider(domain: &str) -> &str {
    let known = PROVIDERS.iter().find(|(_, domains)| domains.iter().any(|known| known.eq_ignore_ascii_case(domain)));
    known.map_or(domain, |(name, _)| name)
}

/// The domains of the provider of this name.
pub fn domains(name: &str) -> Option<&'static [&'static str]> {
    PROVIDERS.iter().find(|(known, _)| *known == name).map(|(_, domains)| *domains)
}

/// Every known domain with its provider.
pub fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
    PROVIDERS.iter().flat_map(|(name, domains)| domains.iter().map(move |domain| (*domain, *name)))
}

/// The names of all known providers.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROVIDERS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_one_provider_and_may_be_its_own() {
        for (domain, name) in [
            ("googlemail.com", "gmail"),
            ("Hotmail.FR", "microsoft"),
            ("wanadoo.fr", "orange"),
            ("estran.example.org", "estran.example.org"),
        ] {
            assert_eq!(provider(domain), name);
        }
        let mut all: Vec<&str> = known().map(|(domain, _)| domain).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(all.iter().all(|domain| *domain == domain.to_ascii_lowercase() && names().all(|name| name != *domain)));
        assert_eq!(domains("laposte"), Some(&["laposte.net"][..]));
        assert_eq!(domains("nobody"), None);
    }
}
