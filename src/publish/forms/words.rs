//! The words of the page that stands beside the feeds, in French and in English. They are kept out of the template so
//! that the template holds the page's form alone. U+202F, the narrow space that French sets before `: ; ? !` and inside
//! « », is written as an escape: nobody would see it otherwise, and an editor might replace it.

/// The words of the page in one language.
#[derive(Clone, Copy, Debug)]
pub struct PageWords {
    /// The page's main heading and its title.
    pub title: &'static str,
    /// What a feed is, for somebody who has never heard of one; also the page's description for search engines.
    pub lede: &'static str,
    /// The heading above the steps.
    pub how: &'static str,
    /// How to subscribe.
    pub steps: [Step; 3],
    /// What the feed of all columns is called.
    pub all: &'static str,
    /// The heading above the list of feeds.
    pub choose: &'static str,
    /// Why every feed has three addresses.
    pub formats: &'static str,
    /// The link that leads past the explanation, shown when it has the focus.
    pub skip: &'static str,
    /// A button: copy this address.
    pub copy: &'static str,
    /// With `address_after`, says to a screen reader which address a button copies: « Copier *l’adresse* RSS *:* Humeur ».
    pub address_before: &'static str,
    /// See `address_before`.
    pub address_after: &'static str,
    /// What the button says once it has copied.
    pub copied: &'static str,
    /// Announced, and shown at the foot of the window, once an address is copied.
    pub copied_text: &'static str,
    /// The same where the browser refuses: the address is selected, the reader copies it.
    pub selected_text: &'static str,
    /// The heading above the OPML file.
    pub opml: &'static str,
    /// What the OPML file is for.
    pub opml_text: &'static str,
    /// The link to it.
    pub opml_link: &'static str,
    /// What the feed of editions is called, after the magazine.
    pub newsletter_feed: &'static str,
    /// The heading above the link to the digest.
    pub newsletter: &'static str,
    /// What the digest is.
    pub newsletter_text: &'static str,
    /// The link to it.
    pub newsletter_link: &'static str,
}

/// One of the three steps to a subscription.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What to do.
    pub heading: &'static str,
    /// How to do it.
    pub text: &'static str,
}

/// The words in `lang` (`fr`, `fr-FR`, `en`…); English for a language that the page does not speak.
pub fn of(lang: &str) -> PageWords {
    match lang.split('-').next() {
        Some("fr") => FRENCH,
        _ => ENGLISH,
    }
}

const FRENCH: PageWords = PageWords {
    title: "Lisez nos chroniques dès leur parution",
    lede: "Un flux est une adresse que vous donnez, une fois, à un lecteur de flux. Dès qu’une chronique paraît, elle vous y attend, complète ou résumée, à côté des autres publications que vous suivez. Pas de compte à créer chez nous, pas d’adresse électronique à laisser, pas d’algorithme qui choisit à votre place\u{202f}: c’est gratuit, et vous arrêtez quand vous voulez.",
    how: "S’abonner en trois étapes",
    steps: [
        Step {
            heading: "Prenez un lecteur de flux",
            text: "C’est une application, sur téléphone ou sur ordinateur, qui relève pour vous les publications que vous suivez\u{202f}: NetNewsWire, Feeder ou Thunderbird, par exemple. Vous en avez déjà une\u{202f}? Passez à la suite.",
        },
        Step {
            heading: "Copiez une adresse",
            text: "Choisissez plus bas le flux qui vous plaît\u{202f}: toutes les chroniques, ou une seule rubrique. Dans le doute, prenez l’adresse RSS.",
        },
        Step {
            heading: "Collez-la dans le lecteur",
            text: "Cherchez «\u{202f}Ajouter un flux\u{202f}» ou «\u{202f}S’abonner\u{202f}», collez l’adresse et validez. C’est fait\u{202f}: la prochaine chronique viendra toute seule.",
        },
    ],
    all: "Toutes les chroniques",
    choose: "Choisissez vos flux",
    formats: "RSS, Atom et JSON sont trois formats d’un même flux\u{202f}: une seule adresse suffit, et tous les lecteurs connaissent RSS.",
    skip: "Aller directement aux flux",
    copy: "Copier",
    address_before: "l’adresse ",
    address_after: "\u{202f}: ",
    copied: "Copiée",
    copied_text: "Adresse copiée. Il ne reste qu’à la coller dans votre lecteur de flux.",
    selected_text: "L’adresse est sélectionnée\u{202f}: copiez-la au clavier ou par le menu.",
    opml: "Tous les flux d’un coup",
    opml_text: "Ce fichier contient la liste de tous nos flux. Importez-le dans votre lecteur pour les suivre tous.",
    opml_link: "Télécharger la liste (OPML)",
    newsletter_feed: "La lettre de la semaine",
    newsletter: "Plutôt par e-mail\u{202f}?",
    newsletter_text: "Chaque semaine, notre lettre réunit les dernières chroniques.",
    newsletter_link: "S’abonner à la lettre",
};

const ENGLISH: PageWords = PageWords {
    title: "Read our columns as they appear",
    lede: "A feed is an address that you give, once, to a feed reader. As soon as a column is published it is waiting for you there, in full or in brief, next to everything else you follow. There is no account to open with us, no personal details to leave, no algorithm choosing for you: it is free, and you can stop whenever you like.",
    how: "Subscribe in three steps",
    steps: [
        Step {
            heading: "Get a feed reader",
            text: "It is an application, on your phone or computer, that gathers what you follow: NetNewsWire, Feeder or Thunderbird, for instance. Do you have one already? Move on to the next step.",
        },
        Step {
            heading: "Copy an address",
            text: "Choose the feed that you like below: all the columns, or one section only. If in doubt, take the RSS address.",
        },
        Step {
            heading: "Paste it into the reader",
            text: "Look for “Add feed” or “Subscribe”, paste the address and confirm. That is all: the next column will come by itself.",
        },
    ],
    all: "All columns",
    choose: "Choose your feeds",
    formats: "RSS, Atom and JSON are three formats of the same feed: one address is enough, and every feed reader knows RSS.",
    skip: "Go straight to the feeds",
    copy: "Copy",
    address_before: "the ",
    address_after: " address: ",
    copied: "Copied",
    copied_text: "Address copied. All that is left is to paste it into your feed reader.",
    selected_text: "The address is selected: copy it with the keyboard or the menu.",
    opml: "All the feeds at once",
    opml_text: "This file lists every one of our feeds. Import it into your feed reader, and you are subscribed to them all.",
    opml_link: "Download the list (OPML)",
    newsletter_feed: "The weekly letter",
    newsletter: "By e-mail instead?",
    newsletter_text: "Every week, our letter gathers the latest columns.",
    newsletter_link: "Subscribe to the letter",
};
