//! `gazetier init`: from an empty folder to a configuration that works as it stands. What is not said in options is asked
//! for at a terminal. Nothing that is there is written over.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, IsTerminal, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use url::Url;

use super::{
    Execute, exit,
    session::{Session, clock},
};
use crate::{
    config::{Config, Error, Login, Proof, Relays, SigningKey},
    locales::fill,
    model::Lang,
};

/// The configuration as it is written, with what is filled in in braces.
const TEMPLATE: &str = include_str!("../../templates/init/config.toml");

/// The variable that holds the relay's password.
const PASSWORD_VARIABLE: &str = "GAZETIER_RELAY_PASSWORD";

/// Write a configuration, the folders and the key that it needs, and say what is to be done next.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The magazine's name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Its site, such as https://www.example.org/.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Who sends the letters: Name <address>.
    #[arg(long, value_name = "MAILBOX")]
    from: Option<String>,
    /// The postal address at the foot of each letter.
    #[arg(long, value_name = "ADDRESS")]
    postal_address: Option<String>,
    /// The language of the magazine: fr, en or de.
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// Its clock, such as Europe/Paris.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Who takes the letters: smtp://HOST:PORT or smtps://HOST:PORT. A folder, without it.
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
    /// As whom, with a password in GAZETIER_RELAY_PASSWORD.
    #[arg(long, value_name = "NAME", requires = "relay")]
    user: Option<String>,
    /// Ask nothing: what is not said is as usual.
    #[arg(long)]
    yes: bool,
}

impl Execute for Args {
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        run(self, &session.config.path)
    }
}

/// What is filled in, by its name in the template, and the option that says it.
struct Answers {
    name: String,
    url: Url,
    from: String,
    postal_address: String,
    language: String,
    timezone: String,
}

/// Writes what is missing into the folder of a configuration that is not there yet.
pub(super) fn run(args: Args, path: &Path) -> anyhow::Result<ExitCode> {
    if path.exists() {
        let what = format!("{} is there already: nothing is changed", path.display());
        return Err(exit::failure(exit::CONFIGURATION, what));
    }
    let answers = ask(&args)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    let text = configuration(&answers, &args)?;
    for name in ["", "columns", "feeds"] {
        let place = folder.join(name);
        fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display())).map_err(unwritable)?;
    }
    let key = folder.join("dkim.pem");
    let is_new_key = write_key(&key)?;
    let config = match write_checked(path, &text) {
        Ok(config) => config,
        Err(error) => {
            if is_new_key && !path.exists() {
                // What was made for nothing goes again; a folder that holds something stays.
                let _ = (
                    fs::remove_file(&key),
                    fs::remove_dir(folder.join("columns")),
                    fs::remove_dir(folder.join("feeds")),
                );
            }
            return Err(error);
        }
    };
    tell(&config, &folder, is_new_key)?;
    Ok(ExitCode::SUCCESS)
}

fn unwritable(error: anyhow::Error) -> anyhow::Error {
    exit::failure(exit::CANNOT_WRITE, exit::words(&error))
}

/// What was said in options, and what is answered at a terminal.
fn ask(args: &Args) -> anyhow::Result<Answers> {
    let asks = !args.yes && io::stdin().is_terminal() && io::stdout().is_terminal();
    let one = |said: &Option<String>, option: &str, question: &str, usual: Option<String>| match (said, usual) {
        (Some(said), _) => Ok(said.trim().to_owned()),
        (None, usual) if asks => answer(question, usual.as_deref()),
        (None, Some(usual)) => Ok(usual),
        (None, None) => Err(exit::failure(exit::USAGE, format!("{option} is missing: {question}?"))),
    };
    let name = one(&args.name, "--name", "What is the magazine called", None)?;
    let url = one(&args.url, "--url", "Where is its site, such as https://www.example.org/", None)?;
    let url = Url::parse(&url).map_err(|error| exit::failure(exit::USAGE, format!("--url: {url:?}: {error}")))?;
    let host = url.host_str().unwrap_or_default().trim_start_matches("www.").to_owned();
    let from = one(&args.from, "--from", "Who sends the letters", Some(format!("{name} <lettre@{host}>")))?;
    let postal = "What postal address stands at the foot of each letter";
    let postal_address = one(&args.postal_address, "--postal-address", postal, None)?;
    let language = one(&args.language, "--language", "In which language (fr, en, de)", Some(usual_language()))?;
    let timezone = one(&args.timezone, "--timezone", "By which clock", Some(usual_timezone()))?;
    Ok(Answers { name, url, from, postal_address, language, timezone })
}

/// Asks until there is an answer.
fn answer(question: &str, usual: Option<&str>) -> anyhow::Result<String> {
    let mut lines = io::stdin().lock().lines();
    loop {
        let hint = usual.map(|usual| format!(" [{usual}]")).unwrap_or_default();
        write!(io::stdout(), "{question}?{hint} ")?;
        io::stdout().flush()?;
        let Some(line) = lines.next() else {
            return Err(exit::failure(exit::USAGE, "there is no answer: nothing is written"));
        };
        match (line?.trim(), usual) {
            ("", Some(usual)) => return Ok(usual.to_owned()),
            ("", None) => {}
            (text, _) => return Ok(text.to_owned()),
        }
    }
}

/// The language that the machine speaks, if we do; else French.
fn usual_language() -> String {
    let spoken = std::env::var("LC_ALL").or_else(|_| std::env::var("LANG")).unwrap_or_default();
    let tag = spoken.split(['_', '.']).next().unwrap_or_default();
    Lang::known(tag).map_or("fr", Lang::tag).to_owned()
}

/// The machine's time zone.
fn usual_timezone() -> String {
    let named = fs::read_to_string("/etc/timezone").ok().map(|text| text.trim().to_owned());
    let linked = || {
        let target = fs::read_link("/etc/localtime").ok()?;
        Some(target.to_str()?.split_once("zoneinfo/")?.1.to_owned())
    };
    named.filter(|name| name.contains('/')).or_else(linked).unwrap_or_else(|| "Europe/Paris".to_owned())
}

/// A key for signatures that only its owner reads; false if there is one already.
fn write_key(path: &Path) -> anyhow::Result<bool> {
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match made {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(unwritable(anyhow::Error::new(error).context(path.display().to_string()))),
    };
    let key = SigningKey::generate().map_err(|words| exit::failure(1, words))?;
    file.write_all(key.as_bytes())
        .and_then(|()| file.sync_all())
        .context(path.display().to_string())
        .map_err(unwritable)?;
    Ok(true)
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn configuration(answers: &Answers, args: &Args) -> anyhow::Result<String> {
    let below = |path: &str| -> anyhow::Result<String> { Ok(quoted(answers.url.join(path)?.as_str())) };
    let (slug, rubrique) = match answers.language.split('-').next() {
        Some("fr") => ("edito", "Édito"),
        Some("de") => ("leitartikel", "Leitartikel"),
        _ => ("editorial", "Editorial"),
    };
    let relay = match (&args.relay, &args.user) {
        (None, _) => {
            "# A folder, until there is a relay: smtp://HOST:PORT or smtps://HOST:PORT.\nurl = \"file:outbox\""
                .to_owned()
        }
        (Some(url), None) => format!("url = {}", quoted(url)),
        (Some(url), Some(user)) => {
            format!("url = {}\nuser = {}\npassword_env = \"{PASSWORD_VARIABLE}\"", quoted(url), quoted(user))
        }
    };
    let with = BTreeMap::from([
        ("name", quoted(&answers.name)),
        ("language", quoted(&answers.language)),
        ("url", quoted(answers.url.as_str())),
        ("timezone", quoted(&answers.timezone)),
        ("postal_address", quoted(&answers.postal_address)),
        ("day", quoted(&clock().format("%Y-%m-%d").to_string())),
        ("rubrique_slug", quoted(slug)),
        ("rubrique", quoted(rubrique)),
        ("feeds_url", below("/feeds/")?),
        ("from", quoted(&answers.from)),
        ("unsubscribe_url", below("/lettre/quitter/")?),
        ("relay", relay),
    ]);
    let with: Vec<(&str, &dyn std::fmt::Display)> =
        with.iter().map(|(name, value)| (*name, value as &dyn std::fmt::Display)).collect();
    Ok(fill(TEMPLATE, &with))
}

/// The option that says what a key holds.
fn option_of(key: &str) -> &str {
    match key {
        "magazine.name" => "--name",
        "magazine.language" => "--language",
        "magazine.timezone" => "--timezone",
        "magazine.postal_address" => "--postal-address",
        "letters.from" => "--from",
        "relay.url" => "--relay",
        "relay.user" => "--user",
        "magazine.url" | "feeds.url" | "letters.unsubscribe_url" => "--url",
        other => other,
    }
}

/// Writes a configuration once it is one: it appears whole, and only where there is none.
fn write_checked(path: &Path, text: &str) -> anyhow::Result<Config> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot = |error: io::Error| unwritable(anyhow::Error::new(error).context(path.display().to_string()));
    let mut draft = tempfile::Builder::new().prefix(".config").suffix(".toml").tempfile_in(folder).map_err(cannot)?;
    draft.write_all(text.as_bytes()).and_then(|()| draft.as_file().sync_all()).map_err(cannot)?;
    match Config::load(draft.path()) {
        Err(Error::Value { key, message, .. }) => {
            return Err(exit::failure(exit::USAGE, format!("{}: {message}", option_of(&key))));
        }
        loaded => drop(loaded?),
    }
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    draft.as_file().set_permissions(readable).map_err(cannot)?;
    draft.persist_noclobber(path).map_err(|error| cannot(error.error))?;
    Ok(Config::load(path)?)
}

/// What was made, and what is to be done next.
fn tell(config: &Config, folder: &Path, is_new_key: bool) -> anyhow::Result<()> {
    let folder: PathBuf = fs::canonicalize(folder)?;
    let program = std::env::current_exe().ok().map_or_else(|| "gazetier".to_owned(), |path| path.display().to_string());
    let domain = config.letters.from.address.domain();
    let key = if is_new_key { "dkim.pem, " } else { "" };
    println!("written: {}, {key}columns/ and feeds/", config.path.display());
    println!("\nDNS, so that receivers know your letters:");
    for key in &config.dkim {
        println!("{}", key.zone_record());
    }
    println!("{domain}. IN TXT \"v=spf1 a mx ~all\"   ; and whatever your relay says");
    println!("_dmarc.{domain}. IN TXT \"v=DMARC1; p=none; rua=mailto:{}\"", config.letters.from.address);
    if let Relays::Smtp(relays) = &config.relays
        && relays.iter().any(|relay| matches!(&relay.login, Some(Login { proof: Proof::Missing(_), .. })))
    {
        println!(
            "\nput the relay's password into {PASSWORD_VARIABLE} where cron has it, or its file's name into relay.password_file"
        );
    }
    println!("\nfor `crontab -e`:");
    println!("*/10 * * * * cd {} && {program} run", folder.display());
    println!(
        "\nnext: put Markdown files into columns/ (or `gazetier adopt` what there is), `gazetier subscribers add ADDRESS`,"
    );
    println!(
        "`gazetier run`, `gazetier digest preview --open`, and `gazetier feeds snippet nginx` for the web server."
    );
    Ok(())
}
