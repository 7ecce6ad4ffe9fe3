//! The user's words: `config.toml` as it is written. Nothing is judged here but the shape; a key
//! that we do not know is refused, with its line. [`super::Config`] holds the checked values.

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    /// Who publishes.
    pub magazine: RawMagazine,
    /// Where columns, readers and the ledger are.
    #[serde(default)]
    pub store: RawStore,
    /// Where columns come from, a table for each: docs/SOURCES.md.
    #[serde(default)]
    pub sources: Vec<super::sources::RawSource>,
    /// Who gets the letters.
    #[serde(default)]
    pub subscribers: RawSubscribers,
    /// The sections of the magazine, in the order in which the digest has them.
    pub rubriques: Vec<RawRubrique>,
    /// The feeds.
    pub feeds: super::feeds::RawFeeds,
    /// The first newsletter.
    pub digest: Option<super::digest::RawDigest>,
    /// More letters, each with its hour, columns and readers, with the keys of `[digest]`: docs/NEWSLETTERS.md.
    #[serde(default)]
    pub newsletters: Vec<super::digest::RawDigest>,
    /// Colours and fonts of the digest and of the pages.
    #[serde(default)]
    pub theme: super::theme::RawTheme,
    /// What stands at the head and the foot of each letter.
    pub letters: RawLetters,
    /// Who takes the letters, if it is one: docs/DELIVERY.md.
    pub relay: Option<RawRelay>,
    /// Who takes the letters, if there are several: the keys of `[relay]`, and a name each.
    #[serde(default)]
    pub relays: Vec<RawRelay>,
    /// What `gazetier serve` answers readers.
    #[serde(default)]
    pub web: RawWeb,
    /// Where editors look at the digest, mend and approve it.
    #[serde(default)]
    pub desk: RawDesk,
    /// Where letters come back to, for `run` to read: docs/BOUNCES.md.
    #[serde(default)]
    pub bounces: RawBounces,
    /// Signatures, as many as there are keys.
    #[serde(default)]
    pub dkim: Vec<RawDkim>,
    /// What the program may fetch beyond the public internet.
    #[serde(default)]
    pub fetch: super::fetch::RawFetch,
    /// What is forgotten after a time: a length such as `"24 months"`, or `"forever"`.
    #[serde(default)]
    pub retention: super::retention::RawRetention,
    /// Asks readers once who have been on the list for long and never confirmed: docs/NEWSLETTERS.md.
    pub reconfirm: Option<super::reconfirm::RawReconfirm>,
    /// What machines are told of the magazine's rights: docs/MACHINES.md.
    #[serde(default)]
    pub rights: super::rights::RawRights,
    /// What search engines are told: docs/MACHINES.md.
    #[serde(default)]
    pub search_engines: super::search_engines::RawSearchEngines,
    /// What should have happened and did not is told to the editors: a length such as `"6h"`, or `"never"`.
    #[serde(default)]
    pub watch: super::watch::RawWatch,
    pub warm_up: Option<super::warm_up::RawWarmUp>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMagazine {
    /// As `gazetier status` tells it: a store is refused to any other magazine.
    pub id: Option<String>,
    /// What it is called.
    pub name: String,
    /// A line on what it is.
    pub tagline: Option<String>,
    /// Of its texts and of the words around them: `fr`, `en` or `de`.
    #[serde(default = "french")]
    pub language: String,
    /// Its site.
    pub url: String,
    /// Its clock, by its IANA name.
    #[serde(default = "paris")]
    pub timezone: String,
    /// Whose the texts are.
    pub rights: Option<String>,
    /// Addresses of square pictures that stand for it in feed readers: a small one
    pub icon: Option<String>,
    /// … and a large one.
    pub logo: Option<String>,
    /// What the law wants at the foot of each letter.
    pub postal_address: String,
    /// A page for a column that names none; `{slug}` and `{rubrique}` are filled in.
    #[serde(default = "column_page")]
    pub column_url: String,
    /// Where images with a relative address are served; the magazine's address if missing.
    pub media_url: Option<String>,
    /// A day on which the magazine held its domain: it stands in every column's id, for ever.
    pub tag_date: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawStore {
    /// A SQLite file beside the configuration if missing.
    pub url: Option<String>,
    /// A file that holds the address, with its password, or a credential of systemd by its name.
    pub url_file: Option<String>,
    /// Of a Postgres database that several magazines share.
    pub schema: Option<String>,
    /// How many connections to Postgres at once, at the most.
    pub connections: Option<u32>,
    /// A pooler such as pgbouncer gives out connections by transaction.
    #[serde(default)]
    pub pooler: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSubscribers {
    /// A CSV file whose new lines join at every run.
    pub file: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRubrique {
    /// Its name in addresses, for good.
    pub slug: String,
    /// What readers call it.
    pub label: String,
    /// One line on what it holds.
    pub description: Option<String>,
    /// Of its bars and titles, such as `"#0f5568"`.
    pub colour: Option<String>,
    /// How its feed tells columns; as `[feeds]` says, without it.
    #[serde(default)]
    pub content: Option<super::feeds::Content>,
    /// How many columns its feed holds; as `[feeds]` says, without it.
    pub items: Option<u32>,
    /// Slugs or labels that it had before: readers and columns follow.
    #[serde(default)]
    pub formerly: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLetters {
    /// Who sends, `Name <address>`.
    pub from: String,
    /// Who gets answers, the same way.
    pub reply_to: Option<String>,
    /// The page that takes unsubscriptions; the subscriber's token is put at its end.
    pub unsubscribe_url: String,
    /// Takes unsubscriptions by mail; the sender's address if missing.
    pub unsubscribe_address: Option<String>,
    /// The list's name for mail programs (List-Id), such as `"lettre.estran.example.org"`.
    pub list_id: Option<String>,
    /// Where past editions are, served by `gazetier serve`; letters lead there if it is set.
    pub archive_url: Option<String>,
    /// Where refused letters come back to: its local part is completed for each letter (VERP).
    pub bounce_address: Option<String>,
    /// What parts that from what is added to it: as the mail server's `recipient_delimiter` has it.
    #[serde(default = "plus")]
    pub bounce_separator: String,
    /// Whether letters lead to the reader's choices, on a page of `web.url`.
    #[serde(default = "yes")]
    pub manage_link: bool,
}

/// One signature of each letter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDkim {
    /// The sender's domain if missing.
    pub domain: Option<String>,
    /// The first part of the record's name in DNS, before `._domainkey`.
    pub selector: String,
    /// A file with a private key in PEM …
    pub key: Option<String>,
    /// … or the name of the environment variable that holds one.
    pub key_env: Option<String>,
}

/// Where letters go: `[relay]`, or several `[[relays]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRelay {
    /// What it is called where it is told of; its host if missing.
    pub name: Option<String>,
    /// `smtp://HOST:PORT`, with STARTTLS wherever it is not this machine; `smtps://HOST:PORT`; or `file:FOLDER`.
    #[serde(default = "outbox")]
    pub url: String,
    /// How long any one answer of the relay may take.
    #[serde(default = "five_minutes")]
    pub timeout: String,
    /// As whom to log in.
    pub user: Option<String>,
    /// The name of the environment variable that holds the password.
    pub password_env: Option<String>,
    /// A file that holds it, or a credential of systemd by its name.
    pub password_file: Option<String>,
    /// A command that prints a token to log in with (XOAUTH2).
    pub token_command: Option<String>,
    /// What we call ourselves in EHLO.
    pub hello: Option<String>,
    /// The same as `tls = "required"`.
    #[serde(default)]
    pub require_tls: bool,
    /// Whether STARTTLS must be there, or is used where it is offered.
    pub tls: Option<Tls>,
    /// Certificates to trust instead of the machine's, in PEM.
    pub ca_file: Option<String>,
    /// Our own certificate for the relay, in PEM, with its key.
    pub certificate: Option<String>,
    /// The key of that certificate.
    pub certificate_key: Option<String>,
    /// Its share of the letters beside that of the others.
    #[serde(default = "one")]
    pub weight: u32,
    /// How many connections it gets at once.
    #[serde(default = "four")]
    pub connections: u32,
    /// How many letters may be on their way on one connection, where it takes chunks.
    #[serde(default = "eight")]
    pub window: u32,
    /// After so many letters a connection is closed and a new one made.
    pub letters_per_connection: Option<u32>,
    /// How many letters it is given in a second by one program,
    pub per_second: Option<u32>,
    /// … in a minute, evenly,
    pub per_minute: Option<u32>,
    /// … and in 24 hours by all that share the store.
    pub per_day: Option<u32>,
    /// Whether it is to report each letter that arrived.
    #[serde(default)]
    pub receipts: bool,
    /// The relay's own log, which ends doubts and tells what became of letters.
    pub log: Option<String>,
    /// How much mailbox providers take.
    #[serde(default)]
    pub limits: Vec<super::provider_limits::RawLimit>,
    /// Several commands in one write, where the relay offers it.
    #[serde(default = "yes")]
    pub pipelining: bool,
    /// Letters as chunks of a known length, where the relay offers it.
    #[serde(default = "yes")]
    pub chunking: bool,
}

/// Whether STARTTLS must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Without it nothing is sent.
    Required,
    /// It is used where the relay offers it.
    Opportunistic,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawWeb {
    /// `ADDRESS:PORT`, or `unix:FILE`.
    pub listen: String,
    /// Under which address readers reach the pages; that of `feeds.newsletter_url` without it.
    pub url: Option<String>,
    /// Who may say in `X-Forwarded-For` for whom it asks: networks, and `unix` for the socket.
    pub proxies: Vec<String>,
    /// Whose pages may subscribe readers by a script, such as `"https://estran.example.org"`.
    pub origins: Vec<String>,
    /// What readers agree to on pages of your own, word for word.
    pub consents: Vec<String>,
    /// Where figures for Prometheus are; nowhere if missing.
    pub metrics_listen: Option<String>,
    /// Networks that may see the figures.
    pub metrics: Vec<String>,
    /// How many at once.
    pub connections: usize,
}

impl Default for RawWeb {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8380".into(),
            url: None,
            // Only a web server on this machine opens a Unix socket; over TCP anybody may come.
            proxies: vec!["unix".into()],
            origins: Vec::new(),
            consents: Vec::new(),
            metrics_listen: None,
            metrics: vec!["127.0.0.0/8".into(), "::1".into()],
            connections: 1_024,
        }
    }
}

/// The editors' desk.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDesk {
    /// `ADDRESS:PORT`, or `unix:FILE`.
    #[serde(default = "desk_listen")]
    pub listen: String,
    /// Under which address editors reach it, if not where it listens.
    pub url: Option<String>,
    /// Who gets proofs and alarms and comes in by the links in them: `Name <address>` each.
    #[serde(default)]
    pub editors: Vec<String>,
}

impl Default for RawDesk {
    fn default() -> Self {
        Self { listen: desk_listen(), url: None, editors: Vec::new() }
    }
}

fn desk_listen() -> String {
    "127.0.0.1:8381".into()
}

/// Where letters come back to; `run` reads it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawBounces {
    /// A mailbox that is a folder,
    pub maildir: Option<String>,
    /// … or one that is a file.
    pub mbox: Option<String>,
}

fn yes() -> bool {
    true
}
fn french() -> String {
    "fr".into()
}
fn paris() -> String {
    "Europe/Paris".into()
}
fn column_page() -> String {
    "/{slug}".into()
}
fn one() -> u32 {
    1
}
fn four() -> u32 {
    4
}
fn eight() -> u32 {
    8
}
fn outbox() -> String {
    "file:outbox".into()
}
fn plus() -> String {
    "+".into()
}

fn five_minutes() -> String {
    "5m".into()
}

/// What is wrong with the form of a configuration, with the line that it stands in; without, if that
/// looks as if it held a secret: what is told may be mailed, or kept in a log.
pub(super) fn shape(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().map(|span| text.get(..span.start).unwrap_or_default().matches('\n').count());
    let words = line.and_then(|line| text.lines().nth(line)).unwrap_or_default().to_lowercase();
    // An address may hold a login.
    let has_login = words.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    let is_secret = has_login || ["pass", "secret", "token", "key"].iter().any(|word| words.contains(word));
    let told = match line.filter(|_| is_secret) {
        Some(line) => format!("line {}: {}", line + 1, error.message()),
        None => error.to_string().trim_end().to_owned(),
    };
    with_suggestion(&told)
}

/// How much two names must have in common for one to be meant by the other.
const LIKENESS: f64 = 0.75;

/// The same with the key that was probably meant, if one of those that are expected is near to what is written.
pub(super) fn with_suggestion(message: &str) -> String {
    let unknown = ["unknown field `", "unknown variant `"].iter().find_map(|words| message.split_once(words));
    let Some((written, expected)) = unknown.and_then(|(_, rest)| rest.split_once("`, expected ")) else {
        return message.to_owned();
    };
    let names = expected.split('`').skip(1).step_by(2);
    let alike = names.map(|name| (strsim::jaro_winkler(written, name), name));
    match alike.max_by(|one, other| one.0.total_cmp(&other.0)) {
        Some((likeness, name)) if likeness > LIKENESS => format!("{message}; did you mean `{name}`?"),
        _ => message.to_owned(),
    }
}
