//! The words of the pages that readers see, in French and in English. They are kept out of the
//! templates so that a template holds a page's form alone. U+202F, the narrow space that French sets
//! before `: ; ? !` and inside « », is written as an escape: nobody would see it otherwise.

use axum::http::{HeaderValue, StatusCode, Uri};

use super::Shared;

/// A language that pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lang {
    /// French.
    Fr,
    /// English.
    En,
}

/// The words of the archive.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) title: &'static str,
    pub(super) lede: &'static str,
    pub(super) none: &'static str,
    pub(super) feed: &'static str,
    pub(super) subscribe: &'static str,
    pub(super) all: &'static str,
}

impl Lang {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// The language of a tag such as `fr-FR`; English if it is no French.
    pub fn of(tag: &str) -> Self {
        Self::known(tag).unwrap_or(Self::En)
    }

    /// The language of a tag, if it is one of ours.
    pub fn known(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "fr" => Some(Self::Fr),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// As `lang` attributes and the store have it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// The one that a request asks for: by `?lang=`, by what the browser says, or the magazine's.
    pub fn asked(shared: &Shared, uri: &Uri, spoken: Option<&HeaderValue>) -> Self {
        let query = uri.query().unwrap_or_default();
        let named = query.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(Self::known);
        let browser = || {
            let spoken = spoken?.to_str().ok()?;
            let mut spoken: Vec<(f32, Self)> = spoken
                .split(',')
                .filter_map(|part| {
                    let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
                    let weight = weight.trim().parse().ok().filter(|weight| *weight > 0.0)?;
                    Some((weight, Self::known(tag)?))
                })
                .collect();
            spoken.sort_by(|(a, _), (b, _)| b.total_cmp(a));
            spoken.first().map(|(_, lang)| *lang)
        };
        named.or_else(browser).unwrap_or_else(|| Self::of(&shared.config().magazine.language))
    }

    /// The words of the archive.
    pub(super) fn archive(self) -> &'static Archive {
        match self {
            Self::Fr => &Archive {
                title: "Les lettres parues",
                lede: "Chaque semaine, une lettre réunit nos chroniques. Les voici toutes, de la plus récente à la première.",
                none: "Aucune lettre n’est encore parue.",
                feed: "Suivre les lettres dans un lecteur de flux",
                subscribe: "La recevoir par courrier",
                all: "Toutes les lettres",
            },
            Self::En => &Archive {
                title: "Past letters",
                lede: "Every week, a letter gathers our columns. Here they are, from the newest to the first.",
                none: "No letter has been sent yet.",
                feed: "Follow the letters in a feed reader",
                subscribe: "Get it by e-mail",
                all: "All letters",
            },
        }
    }

    /// What is said of an answer that went wrong: heading and a sentence on what to do.
    pub(super) fn failure(self, status: StatusCode) -> (&'static str, &'static str) {
        match (self, status) {
            (Self::Fr, StatusCode::NOT_FOUND) => (
                "Cette page n’existe pas",
                "L’adresse est peut-être incomplète\u{202f}: un lien coupé par un logiciel de courrier, par exemple. Copiez-la en entier, jusqu’au dernier caractère.",
            ),
            (Self::Fr, StatusCode::GONE) => {
                ("Ce contenu a été retiré", "Il ne reviendra pas. Vous pouvez supprimer ce lien ou cet abonnement.")
            }
            (Self::Fr, StatusCode::METHOD_NOT_ALLOWED) => {
                ("Cela ne peut pas se faire ainsi", "Revenez à la page précédente et servez-vous de son bouton.")
            }
            (Self::Fr, StatusCode::FORBIDDEN) => (
                "Cette demande vient d’une autre page",
                "Ouvrez la page elle-même, dans votre navigateur, et servez-vous de son bouton.",
            ),
            (Self::Fr, StatusCode::PAYLOAD_TOO_LARGE) => {
                ("C’est trop long", "Ce qui a été envoyé dépasse ce que cette page peut recevoir.")
            }
            (Self::Fr, StatusCode::TOO_MANY_REQUESTS) => (
                "Un instant, s’il vous plaît",
                "Beaucoup de demandes nous arrivent de votre réseau. Réessayez dans quelques minutes.",
            ),
            (Self::Fr, status) if status.is_client_error() => {
                ("Nous n’avons pas compris", "Revenez à la page précédente et réessayez.")
            }
            (Self::Fr, _) => {
                ("Quelque chose s’est mal passé de notre côté", "Rien n’a été perdu. Réessayez dans quelques minutes.")
            }
            (Self::En, StatusCode::NOT_FOUND) => (
                "This page does not exist",
                "Its address may be incomplete: mail programs sometimes cut a link in two. Copy all of it, to the last character.",
            ),
            (Self::En, StatusCode::GONE) => {
                ("This has been withdrawn", "It will not come back. You can delete this link or subscription.")
            }
            (Self::En, StatusCode::METHOD_NOT_ALLOWED) => {
                ("It cannot be done this way", "Go back to the page before and use its button.")
            }
            (Self::En, StatusCode::FORBIDDEN) => {
                ("This request comes from another page", "Open the page itself in your browser, and use its button.")
            }
            (Self::En, StatusCode::PAYLOAD_TOO_LARGE) => {
                ("That is too long", "What was sent is more than this page can take.")
            }
            (Self::En, StatusCode::TOO_MANY_REQUESTS) => {
                ("One moment, please", "Many requests are coming from your network. Try again in a few minutes.")
            }
            (Self::En, status) if status.is_client_error() => {
                ("We did not understand that", "Go back to the page before and try again.")
            }
            (Self::En, _) => ("Something went wrong on our side", "Nothing was lost. Try again in a few minutes."),
        }
    }
}
