//! `gazetier doctor`: all that would keep letters and feeds from readers, each with what to do.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    process::ExitCode,
};

use serde::Serialize;

use super::{
    Execute, exit,
    session::{Session, clock},
};
use crate::{
    config::{self, Config, ConfigFault, Connections, Position, StoreUrl, review},
    dns::Dns,
    doctor::{Examined, Finding, Level, edition, files, mail, pages, receivers, relays, sources},
    model::Now,
    store::{MagazineName, Store},
};

/// Look for all that would keep letters and feeds from readers.
///
/// The configuration, files, store, sources, public pages, relay, DNS, and what large receivers ask for. Each finding says what to
/// do. Nothing is sent. Ends with 78 if something is wrong.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Tell also what is as it should be.
    #[arg(long)]
    all: bool,
    /// Look at what is on this machine alone.
    #[arg(long)]
    offline: bool,
    /// Who is asked for names in DNS, instead of whom the machine asks.
    #[arg(long, value_name = "HOST:PORT")]
    resolver: Option<String>,
    /// The address from which letters go out, where that is not the relay's; several may be named.
    #[arg(long, value_name = "ADDRESS")]
    sends_from: Vec<IpAddr>,
}

impl Execute for Args {
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        run(&self, &session.config.path, None).await
    }
}

/// A finding as it is told, with its line.
#[derive(Serialize)]
struct Told {
    level: &'static str,
    check: &'static str,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

/// Looks at a configuration that need not be a good one.
pub(super) async fn run(args: &Args, path: &Path, at: Option<&str>) -> anyhow::Result<ExitCode> {
    let resolver = args.resolver.as_deref().map(server_address).transpose()?;
    let text = config::read_text(path)?;
    let reviewed = review(&text, path);
    let mut told: Vec<Told> = reviewed.faults.iter().map(|fault| told_fault(fault, path)).collect();
    if let Some(config) = reviewed.config {
        let at = at.map(|at| config.magazine.zone.parse(at)).transpose();
        let at = at.map_err(|error| exit::failure(exit::USAGE, format!("--at: {error}")))?.unwrap_or_else(clock);
        let found = examine(args, &config, Now { at, clock: clock() }, resolver).await;
        told.extend(found.into_iter().map(|finding| told_finding(finding, &text, path)));
    }
    print(args, told)
}

/// An address with its port, or 53.
fn server_address(text: &str) -> anyhow::Result<SocketAddr> {
    let plain = text.parse().or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)));
    plain.map_err(|_| {
        exit::failure(exit::USAGE, format!("--resolver: {text:?} is no address such as 9.9.9.9 or 127.0.0.1:5353"))
    })
}

async fn examine(args: &Args, config: &Config, now: Now, resolver: Option<SocketAddr>) -> Vec<Finding> {
    let mut found: Vec<Finding> = config.warnings.iter().map(|warning| warned(warning)).collect();
    let dns = match resolver {
        _ if args.offline => None,
        Some(server) => Dns::at(server).ok(),
        None => Dns::of_system().ok(),
    };
    let store = open_store(config, now, &mut found).await;
    let examined = Examined {
        config,
        store: store.as_ref(),
        now,
        dns,
        asks_reserved: resolver.is_some(),
        sends_from: args.sends_from.clone(),
    };
    found.extend(files::examine(&examined));
    found.extend(files::missing_passwords(&examined));
    let mut letter_size = 0;
    for newsletter in &config.newsletters {
        if let Ok(Some(view)) = config.view(&newsletter.newsletter) {
            let coming = edition::examine(&examined, &view).await;
            letter_size = letter_size.max(coming.letter_size);
            found.extend(coming.findings);
        }
    }
    if args.offline {
        found.extend(edition::examine_clock(&examined, &[]).await);
        return close(store, found).await;
    }
    found.extend(sources::examine(&examined).await);
    let pages = pages::examine(&examined).await;
    let relays = relays::examine(&examined, letter_size).await;
    let mail = mail::examine(&examined).await;
    let clocks: Vec<_> = pages.clocks.into_iter().chain(relays.clocks).collect();
    found.extend(edition::examine_clock(&examined, &clocks).await);
    found.extend(pages.findings);
    found.extend(relays.findings);
    found.extend(mail.findings);
    if let Some(facts) = &mail.facts {
        let others = receivers::OtherFacts { has_tls: relays.has_tls, has_site: pages.has_site };
        found.extend(receivers::examine(&examined, facts, &others));
    }
    close(store, found).await
}

async fn close(store: Option<Store>, found: Vec<Finding>) -> Vec<Finding> {
    if let Some(store) = store {
        store.close().await;
    }
    found
}

/// A warning of the configuration, which begins with its key.
fn warned(warning: &str) -> Finding {
    match warning.split_once(": ") {
        Some((key, words)) if !key.contains(' ') => Finding::advice("config", words).at(key),
        _ => Finding::advice("config", warning),
    }
}

/// Opens the store if there is one: a file is not made for a look.
async fn open_store(config: &Config, now: Now, found: &mut Vec<Finding>) -> Option<Store> {
    if matches!(&config.store, StoreUrl::Sqlite(path) if !path.exists()) {
        return None;
    }
    let connections = Connections { most: 2, ..config.connections };
    let opened = match Store::open_with(&config.store, connections).await {
        Ok(mut store) => {
            let magazine = &config.magazine;
            let (id, authority) = (magazine.id.as_deref(), magazine.authority());
            let name = MagazineName { id, name: &magazine.name, address: &authority };
            store.belong(name, now.at).await.map(|()| store)
        }
        Err(error) => Err(error),
    };
    match opened {
        Ok(store) => {
            found.push(Finding::fine("store", "the store opens, and is this magazine's"));
            Some(store)
        }
        Err(error) => {
            let mend = match &config.store {
                StoreUrl::Postgres { .. } => "start Postgres, or mend store.url (or GAZETIER_STORE_URL)",
                StoreUrl::Sqlite(_) => "mend what it says: owner, mode, disk; or put the last backup back",
            };
            found.push(Finding::wrong("store", error).at("store.url").mend(mend));
            None
        }
    }
}

fn told_fault(fault: &ConfigFault, path: &Path) -> Told {
    let number = fault.entry.map(|entry| format!(" (number {})", entry + 1)).unwrap_or_default();
    Told {
        level: Level::Wrong.as_str(),
        check: "config",
        what: fault.message.clone(),
        file: Some(path.display().to_string()),
        line: fault.position.map(|position| position.line),
        column: fault.position.map(|position| position.column),
        key: Some(format!("{}{number}", fault.key)).filter(|key| !key.is_empty()),
        mend: None,
    }
}

fn told_finding(finding: Finding, text: &str, path: &Path) -> Told {
    // Relays may stand in [[relays]].
    let is_listed = Position::of_key(text, "relay", None).is_none();
    let key = finding.key.map(|key| match key.strip_prefix("relay.") {
        Some(name) if is_listed => format!("relays.{name}"),
        _ => key,
    });
    let position = key.as_deref().and_then(|key| Position::of_key(text, key, finding.entry));
    Told {
        level: finding.level.as_str(),
        check: finding.check,
        what: finding.what,
        file: key.as_ref().map(|_| path.display().to_string()),
        line: position.map(|position| position.line),
        column: position.map(|position| position.column),
        key,
        mend: finding.mend,
    }
}

fn print(args: &Args, told: Vec<Told>) -> anyhow::Result<ExitCode> {
    let count = |level: Level| told.iter().filter(|finding| finding.level == level.as_str()).count();
    let (wrong, advice, not_asked, fine) =
        (count(Level::Wrong), count(Level::Advice), count(Level::NotAsked), count(Level::Fine));
    let code = if wrong > 0 { ExitCode::from(exit::CONFIGURATION) } else { ExitCode::SUCCESS };
    let shown = |finding: &&Told| args.all || finding.level != Level::Fine.as_str();
    if args.json {
        let shown: Vec<&Told> = told.iter().filter(shown).collect();
        println!("{}", serde_json::to_string_pretty(&shown)?);
        return Ok(code);
    }
    // What must be done stands last, where a terminal ends.
    for level in [Level::Fine, Level::Note, Level::NotAsked, Level::Advice, Level::Wrong] {
        for finding in told.iter().filter(shown).filter(|finding| finding.level == level.as_str()) {
            println!("{}", line(finding));
        }
    }
    println!("{wrong} wrong, {advice} to better, {not_asked} could not be asked, {fine} fine");
    Ok(code)
}

fn line(finding: &Told) -> String {
    let mut line = format!("{}: {}: {}", finding.level, finding.check, finding.what);
    if let Some(file) = &finding.file {
        let mut place = file.clone();
        for number in [finding.line, finding.column].into_iter().flatten() {
            place.push_str(&format!(":{number}"));
        }
        let key = finding.key.as_deref().map(|key| format!(", {key}")).unwrap_or_default();
        line.push_str(&format!("\n    at {place}{key}"));
    }
    if let Some(mend) = &finding.mend {
        line.push_str(&format!("\n    do: {mend}"));
    }
    line
}
