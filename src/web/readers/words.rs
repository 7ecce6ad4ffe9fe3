//! The words of the readers' pages and of the letters that serve them. `{magazine}` and `{address}`
//! are filled in; U+202F is written as an escape, for nobody would see it otherwise.

use crate::web::Lang;

/// A page that says something, or a letter's text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Say {
    /// Heading.
    pub(super) title: &'static str,
    /// A paragraph or two.
    pub(super) text: &'static [&'static str],
    /// A button's or link's label, if there is one.
    pub(super) label: &'static str,
}

/// The words in one language.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) subscribe: Say,
    pub(super) email: &'static str,
    pub(super) name: &'static str,
    pub(super) optional: &'static str,
    pub(super) rubriques: &'static str,
    pub(super) rubriques_hint: &'static str,
    pub(super) language: &'static str,
    pub(super) leave_empty: &'static str,
    /// What is agreed to: kept word for word.
    pub(super) consent: &'static str,
    /// Before the words that are agreed to, where they stand by themselves.
    pub(super) agreed: &'static str,
    pub(super) consent_wrong: &'static str,
    /// The wish was changed while its page was open.
    pub(super) wish_changed: &'static str,
    pub(super) email_missing: &'static str,
    pub(super) email_wrong: &'static str,
    pub(super) name_wrong: &'static str,
    pub(super) rubrique_wrong: &'static str,
    pub(super) feeds: &'static str,
    pub(super) other_language: &'static str,
    /// After a subscription, whoever sent it.
    pub(super) sent: Say,
    /// After one for a mailbox that has had too many letters today.
    pub(super) too_many: Say,
    pub(super) confirm: Say,
    pub(super) confirm_move: Say,
    pub(super) stale: Say,
    pub(super) joined: Say,
    pub(super) moved: Say,
    pub(super) taken: Say,
    pub(super) leave: Say,
    pub(super) rather: &'static str,
    pub(super) rather_label: &'static str,
    pub(super) left: Say,
    pub(super) link_sent: Say,
    pub(super) preferences: Say,
    pub(super) saved: &'static str,
    pub(super) has_left: &'static str,
    pub(super) rejoin: &'static str,
    pub(super) rejoined: &'static str,
    /// A link to the preferences that is too old.
    pub(super) expired: Say,
    /// One whose reader has moved or is no more.
    pub(super) ended: Say,
    pub(super) new_address: Say,
    pub(super) data: Say,
    pub(super) stop: Say,
    pub(super) erase: Say,
    pub(super) erase_sure: &'static str,
    pub(super) erased: Say,
    pub(super) letter_join: Say,
    pub(super) letter_known: Say,
    pub(super) letter_link: Say,
    pub(super) letter_move: Say,
    pub(super) letter_moved: Say,
    /// After the button of a letter that somebody else may have asked for.
    pub(super) letter_not_you: &'static str,
}

/// The words in a language.
pub(super) fn of(lang: Lang) -> &'static Words {
    match lang {
        Lang::Fr => &FRENCH,
        Lang::En => &ENGLISH,
    }
}

/// Fills in the magazine's name.
pub(super) fn fill(text: &str, magazine: &str) -> String {
    text.replace("{magazine}", magazine)
}

const FRENCH: Words = Words {
    subscribe: Say {
        title: "Recevez la lettre de la semaine",
        text: &[
            "Chaque semaine, un courrier réunit les chroniques parues dans {magazine}. C’est gratuit, et un lien au bas de chaque lettre suffit pour ne plus la recevoir.",
        ],
        label: "S’abonner",
    },
    email: "Adresse électronique",
    name: "Nom",
    optional: "facultatif",
    rubriques: "Rubriques",
    rubriques_hint: "Aucune case cochée\u{202f}: toutes les rubriques, et celles à venir.",
    language: "Langue de nos pages et de nos messages",
    leave_empty: "Laissez ce champ vide",
    consent: "Je souhaite recevoir chaque semaine la lettre de {magazine} à cette adresse. Elle ne sert à rien d’autre et n’est donnée à personne.",
    agreed: "En confirmant, vous acceptez ceci\u{202f}: «\u{202f}{consent}\u{202f}»",
    consent_wrong: "Ce consentement n’est pas de ceux que le magazine propose\u{202f}: rechargez la page.",
    wish_changed: "La demande a changé depuis que vous avez ouvert cette page. La voici telle qu’elle est maintenant.",
    email_missing: "Écrivez votre adresse électronique.",
    email_wrong: "Cette adresse ne semble pas complète. Elle s’écrit comme nom@exemple.fr.",
    name_wrong: "Ce nom est trop long\u{202f}: cent caractères au plus.",
    rubrique_wrong: "Cette rubrique n’existe pas.",
    feeds: "Plutôt dans un lecteur de flux\u{202f}?",
    other_language: "This page in English",
    too_many: Say {
        title: "Trop de messages aujourd’hui",
        text: &[
            "Cette boîte a déjà reçu plusieurs messages de notre part aujourd’hui\u{202f}: nous n’en envoyons pas d’autre, et rien n’a été changé. Servez-vous du lien de l’un d’eux, ou réessayez demain.",
        ],
        label: "",
    },
    sent: Say {
        title: "Relevez votre courrier",
        text: &[
            "Si l’adresse est la vôtre, un message y arrive, ou s’y trouve déjà si vous avez fait la demande il y a peu\u{202f}: il contient un lien pour confirmer, qui vaut pour ce que vous venez d’écrire. Sans ce clic, rien ne vous sera envoyé.",
            "Rien n’est venu au bout d’un quart d’heure\u{202f}? Regardez parmi les indésirables, ou vérifiez l’adresse. Si votre serveur a refusé notre dernière lettre, le message attend une heure.",
        ],
        label: "",
    },
    confirm: Say {
        title: "Encore un geste",
        text: &["Un clic, et la prochaine lettre de {magazine} viendra à l’adresse {address}."],
        label: "Confirmer mon abonnement",
    },
    confirm_move: Say {
        title: "Votre nouvelle adresse",
        text: &["Un clic, et la lettre de {magazine} ira désormais à l’adresse {address}."],
        label: "Confirmer cette adresse",
    },
    stale: Say {
        title: "Ce lien a servi ou a vieilli",
        text: &[
            "Si vous avez déjà confirmé, tout va bien\u{202f}: il n’y a rien d’autre à faire. Sinon, recommencez\u{202f}; un nouveau lien vous sera envoyé.",
        ],
        label: "Recommencer",
    },
    joined: Say {
        title: "C’est fait, bienvenue",
        text: &["La prochaine lettre de {magazine} viendra à l’adresse {address}."],
        label: "Choisir mes rubriques",
    },
    moved: Say {
        title: "C’est noté",
        text: &["La lettre de {magazine} ira désormais à l’adresse {address}."],
        label: "",
    },
    taken: Say {
        title: "Cette adresse reçoit déjà la lettre",
        text: &["Elle est abonnée de son côté\u{202f}: rien n’a été changé. Vous pouvez désabonner l’ancienne."],
        label: "",
    },
    leave: Say {
        title: "Ne plus recevoir la lettre",
        text: &["Un clic, et {magazine} ne vous l’enverra plus."],
        label: "Me désabonner",
    },
    rather: "Vous préférez en recevoir moins, changer d’adresse ou voir ce que nous savons de vous\u{202f}? Nous vous envoyons un lien, à l’adresse abonnée.",
    rather_label: "Recevoir ce lien",
    left: Say {
        title: "C’est fait",
        text: &[
            "La lettre de {magazine} ne vous sera plus envoyée, pas même celle qui serait déjà prête. Merci de l’avoir lue.",
        ],
        label: "Me réabonner",
    },
    link_sent: Say {
        title: "Relevez votre courrier",
        text: &[
            "Un lien vers vos préférences part vers l’adresse abonnée, s’il ne vous y attend pas depuis peu. Il est valable sept jours.",
        ],
        label: "",
    },
    preferences: Say {
        title: "Vos préférences",
        text: &["Pour la lettre de {magazine} envoyée à {address}."],
        label: "Enregistrer",
    },
    saved: "C’est enregistré.",
    has_left: "Cette adresse n’est plus abonnée\u{202f}: la lettre ne lui est pas envoyée.",
    rejoin: "Recevoir de nouveau la lettre",
    rejoined: "C’est fait\u{202f}: la prochaine lettre viendra à cette adresse.",
    expired: Say {
        title: "Ce lien a vieilli",
        text: &[
            "Un lien vers les préférences ouvre la page pendant sept jours. Nous pouvons en envoyer un nouveau à l’adresse abonnée.",
        ],
        label: "Recevoir un nouveau lien",
    },
    ended: Say {
        title: "Ce lien n’ouvre plus rien",
        text: &["L’abonnement est passé à une autre adresse, ou tout en a été effacé."],
        label: "S’abonner",
    },
    new_address: Say {
        title: "Changer d’adresse",
        text: &["Nous écrivons à la nouvelle adresse pour qu’elle confirme\u{202f}; jusque-là, rien ne change."],
        label: "Changer d’adresse",
    },
    data: Say {
        title: "Vos données",
        text: &["Tout ce que nous savons de vous, dans un fichier (JSON)."],
        label: "Télécharger mes données",
    },
    stop: Say { title: "Se désabonner", text: &["La lettre ne vous sera plus envoyée."], label: "Me désabonner" },
    erase: Say {
        title: "Tout effacer",
        text: &[
            "Votre adresse, votre nom et vos choix sont effacés. Il ne reste qu’une empreinte illisible de l’adresse, pour que nous n’y écrivions plus, sauf si vous vous abonnez de nouveau.",
        ],
        label: "Effacer mes données",
    },
    erase_sure: "Oui, effacez tout. Cela ne peut pas être défait.",
    erased: Say {
        title: "Tout est effacé",
        text: &["Nous ne savons plus rien de vous, et la lettre ne vous sera plus envoyée."],
        label: "",
    },
    letter_join: Say {
        title: "Confirmez votre abonnement",
        text: &["Cette adresse a été inscrite pour recevoir chaque semaine la lettre de {magazine}."],
        label: "Confirmer mon abonnement",
    },
    letter_known: Say {
        title: "Cette adresse est déjà abonnée",
        text: &[
            "Cette adresse vient d’être inscrite à la lettre de {magazine}, qu’elle reçoit déjà\u{202f}: il n’y a rien à faire. Pour voir ou changer vos choix, voici un lien, valable sept jours.",
        ],
        label: "Voir mes préférences",
    },
    letter_link: Say {
        title: "Vos préférences",
        text: &[
            "Voici le lien demandé pour voir ou changer vos choix. Il est valable sept jours\u{202f}: ne le transmettez à personne.",
        ],
        label: "Voir mes préférences",
    },
    letter_move: Say {
        title: "Confirmez votre nouvelle adresse",
        text: &["La lettre de {magazine} doit désormais venir à cette adresse."],
        label: "Confirmer cette adresse",
    },
    letter_moved: Say {
        title: "La lettre va à une autre adresse",
        text: &[
            "Comme demandé, la lettre de {magazine} ne vient plus à cette adresse, mais à une autre. Si ce n’était pas vous, répondez à ce message.",
        ],
        label: "",
    },
    letter_not_you: "Vous n’y êtes pour rien\u{202f}? Ne faites rien\u{202f}: sans ce clic, rien ne vous sera envoyé.",
};

const ENGLISH: Words = Words {
    subscribe: Say {
        title: "Get the weekly letter",
        text: &[
            "Every week, one e-mail gathers the columns published in {magazine}. It is free, and a link at the foot of each letter is all it takes to stop it.",
        ],
        label: "Subscribe",
    },
    email: "E-mail address",
    name: "Name",
    optional: "optional",
    rubriques: "Sections",
    rubriques_hint: "Nothing ticked means every section, and those to come.",
    language: "Language of our pages and messages",
    leave_empty: "Leave this field empty",
    consent: "I wish to receive the weekly letter of {magazine} at this address. It is used for nothing else and given to nobody.",
    agreed: "By confirming, you agree to this: “{consent}”",
    consent_wrong: "This consent is none of those that the magazine offers: load the page again.",
    wish_changed: "What was asked for has changed since you opened this page. Here it is as it is now.",
    email_missing: "Write your e-mail address.",
    email_wrong: "This address seems incomplete. It looks like name@example.org.",
    name_wrong: "This name is too long: a hundred characters at most.",
    rubrique_wrong: "There is no such section.",
    feeds: "In a feed reader instead?",
    other_language: "Cette page en français",
    too_many: Say {
        title: "Too many messages today",
        text: &[
            "This mailbox has had several messages from us today: we send no other one, and nothing was changed. Use the link in one of them, or try again tomorrow.",
        ],
        label: "",
    },
    sent: Say {
        title: "Look at your mail",
        text: &[
            "If the address is yours, a message is on its way there, or there already if you asked a short while ago, with a link to confirm that is good for what you have just written. Without that click, nothing will be sent to you.",
            "Nothing after a quarter of an hour? Look among the junk, or check the address. If your server refused our last letter, the message waits for an hour.",
        ],
        label: "",
    },
    confirm: Say {
        title: "One more thing",
        text: &["One click, and the next letter of {magazine} will come to {address}."],
        label: "Confirm my subscription",
    },
    confirm_move: Say {
        title: "Your new address",
        text: &["One click, and the letter of {magazine} will come to {address} from now on."],
        label: "Confirm this address",
    },
    stale: Say {
        title: "This link has been used or is too old",
        text: &[
            "If you have confirmed already, all is well and nothing is left to do. If not, start again: a new link will be sent to you.",
        ],
        label: "Start again",
    },
    joined: Say {
        title: "Done, and welcome",
        text: &["The next letter of {magazine} will come to {address}."],
        label: "Choose my sections",
    },
    moved: Say {
        title: "We have noted it",
        text: &["The letter of {magazine} will come to {address} from now on."],
        label: "",
    },
    taken: Say {
        title: "This address receives the letter already",
        text: &["It has a subscription of its own, so nothing was changed. You can unsubscribe the old one."],
        label: "",
    },
    leave: Say {
        title: "Stop the letter",
        text: &["One click, and {magazine} will not send it to you any more."],
        label: "Unsubscribe me",
    },
    rather: "Would you rather get less of it, change the address, or see what we know about you? We will send a link, to the address that is subscribed.",
    rather_label: "Send me that link",
    left: Say {
        title: "You are unsubscribed",
        text: &[
            "The letter of {magazine} will not be sent to you again, not even one that is ready already. Thank you for reading it.",
        ],
        label: "Subscribe again",
    },
    link_sent: Say {
        title: "Look at your mail",
        text: &[
            "A link to your preferences is on its way to the address that is subscribed, unless one got there a short while ago. It is good for seven days.",
        ],
        label: "",
    },
    preferences: Say {
        title: "Your preferences",
        text: &["For the letter of {magazine} that is sent to {address}."],
        label: "Save",
    },
    saved: "Saved.",
    has_left: "This address is not subscribed any more: the letter is not sent to it.",
    rejoin: "Get the letter again",
    rejoined: "Done: the next letter will come to this address.",
    expired: Say {
        title: "This link is too old",
        text: &[
            "A link to the preferences opens them for seven days. We can send a new one to the address that is subscribed.",
        ],
        label: "Send me a new link",
    },
    ended: Say {
        title: "This link opens nothing any more",
        text: &["The subscription has gone to another address, or all of it was erased."],
        label: "Subscribe",
    },
    new_address: Say {
        title: "Change the address",
        text: &["We write to the new address so that it confirms; until then, nothing changes."],
        label: "Change the address",
    },
    data: Say { title: "Your data", text: &["All we know about you, as a file (JSON)."], label: "Download my data" },
    stop: Say {
        title: "Unsubscribe",
        text: &["The letter will not be sent to you any more."],
        label: "Unsubscribe me",
    },
    erase: Say {
        title: "Erase everything",
        text: &[
            "Your address, your name and your choices are erased. Only an unreadable fingerprint of the address is left, so that we do not write to it again, unless you subscribe again.",
        ],
        label: "Erase my data",
    },
    erase_sure: "Yes, erase everything. It cannot be undone.",
    erased: Say {
        title: "Everything is erased",
        text: &["We know nothing about you any more, and the letter will not be sent to you again."],
        label: "",
    },
    letter_join: Say {
        title: "Confirm your subscription",
        text: &["This address has been entered to receive the weekly letter of {magazine}."],
        label: "Confirm my subscription",
    },
    letter_known: Say {
        title: "You are subscribed already",
        text: &[
            "This address has just been entered for the letter of {magazine}, which it receives already: there is nothing to do. To see or change your choices, here is a link, good for seven days.",
        ],
        label: "See my preferences",
    },
    letter_link: Say {
        title: "Your preferences",
        text: &[
            "Here is the link you asked for, to see or change your choices. It is good for seven days: pass it on to nobody.",
        ],
        label: "See my preferences",
    },
    letter_move: Say {
        title: "Confirm your new address",
        text: &["The letter of {magazine} is to come to this address from now on."],
        label: "Confirm this address",
    },
    letter_moved: Say {
        title: "The letter goes to another address",
        text: &[
            "As requested, the letter of {magazine} does not come to this address any more, but to another. If that was not you, answer this message.",
        ],
        label: "",
    },
    letter_not_you: "You know nothing about this? Do nothing: without that click, nothing will be sent to you.",
};
