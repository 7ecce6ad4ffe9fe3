//! Whose list a list is: by its headings, and by the name of its file, which with some programs is all that tells how the
//! readers in it stand.

use super::headings::{ACTIVE, BLOCKED, BOUNCED, COMPLAINED, Fact, LEFT, PENDING, normalise};

/// A program that writes lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Brevo,
    Buttondown,
    Gazetier,
    Ghost,
    Keila,
    Listmonk,
    Mailchimp,
    MailPoet,
    Mailtrain,
    NewsletterPlugin,
    PhpList,
    Sendy,
    Substack,
    WordPress,
}

/// Headings, normalised, that stand together with one program alone.
const SIGNATURES: [(Program, &[&str]); 20] = [
    (Program::Gazetier, &["consent confirmed", "earlier consents"]),
    (Program::Mailchimp, &["email address", "member rating"]),
    (Program::Mailchimp, &["email address", "leid"]),
    (Program::MailPoet, &["list status", "global status"]),
    (Program::MailPoet, &["subscription ip", "confirmation time"]),
    (Program::Substack, &["active subscription", "email disabled"]),
    (Program::Ghost, &["subscribed to emails", "complimentary plan"]),
    (Program::Listmonk, &["uuid", "attributes", "status"]),
    (Program::Keila, &["external id", "data", "status"]),
    (Program::Mailtrain, &["cid", "hash email"]),
    (Program::Buttondown, &["email address", "creation date"]),
    (Program::NewsletterPlugin, &["surname", "status", "token"]),
    (Program::PhpList, &["is the email of this subscriber confirmed"]),
    (Program::PhpList, &["is the email of this user confirmed"]),
    (Program::WordPress, &["user login", "user email"]),
    (Program::WordPress, &["email subscription", "subscription type"]),
    (Program::Brevo, &["contact id", "email"]),
    (Program::Brevo, &["email blacklisted", "added time"]),
    (Program::Brevo, &["email marketing", "added time"]),
    (Program::Sendy, &["email", "unsubscribed", "bounced", "complaint"]),
];

impl Program {
    /// Whose list it is, by its headings.
    pub(super) fn of(headings: &[String]) -> Option<Self> {
        let has = |names: &[&str]| names.iter().all(|name| headings.iter().any(|heading| heading == name));
        SIGNATURES.iter().find(|(_, names)| has(names)).map(|(program, _)| *program)
    }

    /// As it calls itself.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brevo => "Brevo",
            Self::Buttondown => "Buttondown",
            Self::Gazetier => "gazetier",
            Self::Ghost => "Ghost",
            Self::Keila => "Keila",
            Self::Listmonk => "listmonk",
            Self::Mailchimp => "Mailchimp",
            Self::MailPoet => "MailPoet",
            Self::Mailtrain => "Mailtrain",
            Self::NewsletterPlugin => "The Newsletter Plugin",
            Self::PhpList => "phpList",
            Self::Sendy => "Sendy",
            Self::Substack => "Substack",
            Self::WordPress => "WordPress",
        }
    }

    /// What a word in its column of states means, where others would not be understood so.
    pub(super) fn word(self, word: &str) -> Option<Fact> {
        match (self, normalise(word).as_str()) {
            (Self::NewsletterPlugin, "c") => Some(ACTIVE),
            (Self::NewsletterPlugin, "s") => Some(PENDING),
            (Self::NewsletterPlugin, "u") => Some(LEFT),
            (Self::NewsletterPlugin, "b") => Some(BOUNCED),
            (Self::NewsletterPlugin, "p") => Some(COMPLAINED),
            _ => None,
        }
    }
}

/// Words in the name of a file for how everybody in it stands.
const WORDS_OF_NAMES: [(&str, Fact); 24] = [
    ("unsubscribed", LEFT),
    ("unsubscribers", LEFT),
    ("unsubscribes", LEFT),
    ("desabonnes", LEFT),
    ("desinscrits", LEFT),
    ("cleaned", BOUNCED),
    ("bounced", BOUNCED),
    ("bounces", BOUNCED),
    ("hardbounces", BOUNCED),
    ("nonsubscribed", PENDING),
    ("unconfirmed", PENDING),
    ("pending", PENDING),
    ("unactivated", PENDING),
    ("complained", COMPLAINED),
    ("complaints", COMPLAINED),
    ("spam", COMPLAINED),
    ("blocklisted", BLOCKED),
    ("blacklisted", BLOCKED),
    ("blocklist", BLOCKED),
    ("blacklist", BLOCKED),
    ("suppressed", BLOCKED),
    ("subscribed", ACTIVE),
    ("active", ACTIVE),
    ("subscribers", ACTIVE),
];

/// How everybody in a file stands by its name, such as `cleaned_members_export_1a2b.csv`, and the word that says so: the
/// first or the last of the name.
pub(super) fn fact_of_name(path: &str) -> Option<(Fact, &'static str)> {
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = normalise(file.rsplit_once('.').map_or(file, |(stem, _)| stem));
    let mut words = stem.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next()?;
    let known = |word: &str| WORDS_OF_NAMES.iter().find(|(name, _)| *name == word).map(|(name, fact)| (*fact, *name));
    // `letters-about-spam.csv` is about spam: that one word counts at the beginning alone.
    known(first).or_else(|| known(words.next_back()?).filter(|(_, word)| *word != "spam"))
}

/// Whether a file of a zip may hold a list at all.
pub(super) fn may_be_list(path: &str) -> bool {
    let hidden = path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
    let name = path.to_ascii_lowercase();
    !hidden && [".csv", ".tsv", ".txt", ".jsonl", ".dump"].iter().any(|end| name.ends_with(end))
}

/// Which files of a zip are lists of readers: those whose names say so; if none does, the only one that may be.
pub(super) fn lists_among(names: &[String]) -> Result<Vec<&str>, String> {
    let candidates: Vec<&str> = names.iter().map(String::as_str).filter(|name| may_be_list(name)).collect();
    let says_so = |name: &&str| {
        let file = name.rsplit('/').next().unwrap_or(name).to_lowercase();
        // Substack's and Mailchimp's; what is opened and delivered has addresses as well.
        let is_about_letters = file.contains("opens") || file.contains("delivers");
        !is_about_letters
            && (fact_of_name(name).is_some() || file.starts_with("email_list") || file.contains("members_export"))
    };
    let known: Vec<&str> = candidates.iter().copied().filter(|name| says_so(name)).collect();
    match (known.as_slice(), candidates.as_slice()) {
        ([], []) => Err("no file in it is a list: unpack it, and import the CSV".into()),
        ([], [only]) => Ok(vec![*only]),
        ([], several) => {
            let message = "it holds several files, and none says that it is a list of readers";
            Err(format!("{message}: unpack it, and import the one that is: {}", several.join(", ")))
        }
        _ => Ok(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_how_readers_stand() {
        for (name, fact) in [
            ("unsubscribed_members_export_1a2b3c.csv", Some(LEFT)),
            ("a/cleaned_email_audience_export_1a2b3c.csv", Some(BOUNCED)),
            ("subscribed_members_export_1a2b3c.csv", Some(ACTIVE)),
            ("Lettre - désabonnés.csv", Some(LEFT)),
            ("unsubscribers.csv", Some(LEFT)),
            ("letters-about-spam.csv", None),
            ("list.csv", None),
            ("unsubscribed", Some(LEFT)),
        ] {
            assert_eq!(fact_of_name(name).map(|(fact, _)| fact), fact, "{name}");
        }
    }

    #[test]
    fn the_lists_of_a_zip_are_those_that_say_so() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let substack = names(&["posts.csv", "posts/1.opens.csv", "posts/1.delivers.csv", "email_list.estran.csv"]);
        assert_eq!(lists_among(&substack), Ok(vec!["email_list.estran.csv"]));
        let other = names(&["__MACOSX/._people.csv", "people.csv", "read.me"]);
        assert_eq!(lists_among(&other), Ok(vec!["people.csv"]));
        assert!(lists_among(&names(&["a.csv", "b.csv"])).is_err());
        assert!(lists_among(&names(&["a.png"])).is_err());
    }
}
