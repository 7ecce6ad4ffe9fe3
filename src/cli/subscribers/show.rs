//! `gazetier subscribers list` and `show`: how readers stand, and why.

use std::process::ExitCode;

use serde::Serialize;

use super::{
    super::{exit, session::Session},
    for_each_reader,
};
use crate::{
    model::{Allowance, EmailAddress, Instant, ListConsent, ListEntry, Suppression, list::version_of_consent},
    store::ListedReader,
};

pub(super) async fn list(session: &Session, json: bool) -> anyhow::Result<ExitCode> {
    // As `to_string_pretty` writes a list, without having all of it.
    let mut before: Option<String> = None;
    for_each_reader(session, |entry| {
        let one = ListedReader { state: entry.state().to_owned(), ..ListedReader::from(&entry) };
        if json {
            let text = format!("  {}", serde_json::to_string_pretty(&one)?.replace('\n', "\n  "));
            match before.replace(text) {
                None => println!("["),
                Some(text) => println!("{text},"),
            }
            return Ok(());
        }
        let rubriques = if one.rubriques.is_empty() { "*".to_owned() } else { one.rubriques.join(",") };
        let name = one.name.as_deref().unwrap_or_default();
        let why =
            entry.suppression.map(|suppression| format!("\t{}", words(session, &suppression))).unwrap_or_default();
        println!("{}\t{}\t{rubriques}\t{name}{why}", one.address, one.state);
        Ok(())
    })
    .await?;
    match before {
        Some(text) => println!("{text}\n]"),
        None if json => println!("[]"),
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// A suppression in words: why, and since when.
fn words(session: &Session, suppression: &Suppression) -> String {
    format!("{}{}", suppression.reason, since(session, suppression.since))
}

/// ` since …`, if it is known.
pub(super) fn since(session: &Session, at: Option<Instant>) -> String {
    at.map(|at| format!(" since {}", session.local_hour(at))).unwrap_or_default()
}

/// All that is known of an address.
#[derive(Debug, Serialize)]
struct AddressReport {
    address: String,
    /// Missing where the address is not on the list.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    reader: Option<ReaderReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<SuppressionReport>,
    allowed: Vec<AllowanceReport>,
    /// Whether a reader has moved away from it.
    is_former: bool,
    /// Until when no letter goes to its domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    resting_until: Option<Instant>,
}

#[derive(Debug, Serialize)]
struct ReaderReport {
    name: Option<String>,
    state: &'static str,
    /// The same without regard to the address.
    subscription: &'static str,
    since: Option<Instant>,
    joined: Option<Instant>,
    returned: Option<Instant>,
    rubriques: Vec<String>,
    language: Option<String>,
    /// How often a letter is wanted, if not each.
    #[serde(skip_serializing_if = "String::is_empty")]
    rhythm: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<Instant>,
    #[serde(skip_serializing_if = "String::is_empty")]
    letter_hour: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    one_a_day: bool,
    former_addresses: usize,
    consents: Vec<ConsentReport>,
    letters: Vec<LetterReport>,
    bounces: Vec<BounceReport>,
}

#[derive(Debug, Serialize)]
struct SuppressionReport {
    reason: &'static str,
    since: Option<Instant>,
}

#[derive(Debug, Serialize)]
struct AllowanceReport {
    words: String,
    at: Instant,
    reason: &'static str,
    suppressed: Instant,
}

/// A consent, as commands show it.
#[derive(Debug, Serialize)]
pub(super) struct ConsentReport {
    words: String,
    /// Two that are the same have the same words.
    version: String,
    way: String,
    asked: Instant,
    asked_from: Option<String>,
    confirmed: Instant,
    confirmed_from: Option<String>,
}

#[derive(Debug, Serialize)]
struct LetterReport {
    edition: String,
    state: String,
    at: Option<Instant>,
}

#[derive(Debug, Serialize)]
struct BounceReport {
    edition: String,
    kind: String,
    at: Option<Instant>,
    words: String,
}

impl From<&Allowance> for AllowanceReport {
    fn from(one: &Allowance) -> Self {
        Self { words: one.words.clone(), at: one.at, reason: one.reason.as_str(), suppressed: one.suppressed }
    }
}

impl From<&ListConsent> for ConsentReport {
    fn from(one: &ListConsent) -> Self {
        Self {
            words: one.words.clone(),
            version: version_of_consent(&one.words),
            way: one.way.clone(),
            asked: one.asked,
            asked_from: one.asked_from.clone(),
            confirmed: one.confirmed,
            confirmed_from: one.confirmed_from.clone(),
        }
    }
}

pub(super) async fn show(session: &Session, address: &EmailAddress, json: bool) -> anyhow::Result<ExitCode> {
    let store = &session.store;
    let (standing, is_former) = store.address_standing(address).await?;
    let entry = store.listed_at(session.newsletter(), address).await?;
    if entry.is_none() && standing.suppression.is_none() && standing.allowances.is_empty() && !is_former {
        return Err(exit::failure(
            exit::BAD_INPUT,
            format!("{address} is not on the list, and nothing is known of it"),
        ));
    }
    let suppressed = |one: Suppression| SuppressionReport { reason: one.reason.as_str(), since: one.since };
    let domain = address.domain().to_ascii_lowercase();
    let resting = store.resting_domains(session.at).await?.into_iter().find(|rest| rest.domain == domain);
    let shown = AddressReport {
        resting_until: resting.map(|rest| rest.until),
        address: entry.as_ref().map_or_else(|| address.to_string(), |entry| entry.subscriber.address.to_string()),
        suppressed: standing.suppression.map(suppressed),
        allowed: standing.allowances.iter().map(AllowanceReport::from).collect(),
        is_former,
        reader: match entry {
            None => None,
            Some(entry) => Some(reader(session, address, &entry).await?),
        },
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&shown)?);
    } else {
        print(session, &shown);
    }
    Ok(ExitCode::SUCCESS)
}

async fn reader(session: &Session, address: &EmailAddress, entry: &ListEntry) -> anyhow::Result<ReaderReport> {
    let store = &session.store;
    let instant = Instant::from_timestamp_millis;
    let (mut letters, mut bounces) = (Vec::new(), Vec::new());
    if let Some(known) = store.subscriber_at(session.newsletter(), address).await? {
        for row in store.letters_of(known.id).await? {
            letters.push(LetterReport { edition: row.period, state: row.state, at: row.settled_at.and_then(instant) });
        }
        for row in store.bounces_of(known.id).await? {
            let at = instant(row.noted_at);
            bounces.push(BounceReport { edition: row.period, kind: row.kind, at, words: row.words });
        }
    }
    let listed = ListedReader::from(entry);
    Ok(ReaderReport {
        name: listed.name,
        state: entry.state(),
        subscription: entry.membership.as_str(),
        since: entry.since,
        joined: entry.joined,
        returned: entry.returned.filter(|returned| Some(*returned) != entry.joined),
        rubriques: listed.rubriques,
        language: listed.language,
        rhythm: listed.rhythm,
        paused: listed.paused,
        letter_hour: listed.letter_hour,
        one_a_day: listed.one_a_day,
        former_addresses: entry.identity.as_ref().map_or(0, |own| own.former.len()),
        consents: entry.consents.iter().map(ConsentReport::from).collect(),
        letters,
        bounces,
    })
}

fn print(session: &Session, shown: &AddressReport) {
    let at = |at: Option<Instant>| at.map(|at| session.local_hour(at)).unwrap_or_else(|| "at an unknown hour".into());
    println!("{}", shown.address);
    if let Some(suppressed) = &shown.suppressed {
        println!("  suppressed: {}{}", suppressed.reason, since(session, suppressed.since));
    }
    if shown.resting_until.is_some() {
        println!("  no letter goes to its domain until {}: too many came back from there", at(shown.resting_until));
    }
    match &shown.reader {
        None if shown.is_former => println!("  not on the list: a reader has moved away from it"),
        None => println!("  not on the list"),
        Some(reader) => {
            println!("  {}{}, joined {}", reader.subscription, since(session, reader.since), at(reader.joined));
        }
    }
    for one in &shown.allowed {
        println!(
            "  allowed {}: {} (was suppressed: {} since {})",
            at(Some(one.at)),
            one.words,
            one.reason,
            at(Some(one.suppressed))
        );
    }
    let Some(reader) = &shown.reader else { return };
    if let Some(name) = &reader.name {
        println!("  name: {name}");
    }
    println!(
        "  rubriques: {}",
        if reader.rubriques.is_empty() { "all".to_owned() } else { reader.rubriques.join(", ") }
    );
    println!("  language: {}", reader.language.as_deref().unwrap_or("the magazine's"));
    if !reader.rhythm.is_empty() {
        println!("  rhythm: {}", reader.rhythm);
    }
    if !reader.letter_hour.is_empty() {
        println!("  letters at: {}", reader.letter_hour);
    }
    if reader.one_a_day {
        println!("  one letter a day at the most");
    }
    if let Some(paused) = reader.paused {
        println!("  no letter until {}", at(Some(paused)));
    }
    if let Some(returned) = reader.returned {
        println!("  last proved the address: {}", at(Some(returned)));
    }
    if reader.former_addresses > 0 {
        println!("  former addresses: {}", reader.former_addresses);
    }
    for one in &reader.consents {
        let from = |from: &Option<String>| from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
        let (asked, confirmed) = (at(Some(one.asked)), at(Some(one.confirmed)));
        println!(
            "  consent by {}, asked {asked}{}, confirmed {confirmed}{}, {}",
            one.way,
            from(&one.asked_from),
            from(&one.confirmed_from),
            // Other programs do not say what their readers were shown.
            if one.words.is_empty() {
                "to words that nobody kept".to_owned()
            } else {
                format!("to words {}: {}", one.version, one.words)
            }
        );
    }
    for one in &reader.letters {
        let when = one.at.map(|at| format!(", {}", session.local_hour(at))).unwrap_or_default();
        println!("  letter {}: {}{when}", one.edition, one.state);
    }
    for one in &reader.bounces {
        let edition = if one.edition.is_empty() { "of an unknown edition" } else { one.edition.as_str() };
        println!("  bounce {edition}: {}, {}: {}", one.kind, at(one.at), one.words);
    }
}
