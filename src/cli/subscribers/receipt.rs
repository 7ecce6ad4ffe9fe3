//! `gazetier subscribers receipt`: what a reader agreed to, as a file that somebody else can check. It has the same
//! statement twice: for people, and signed.

use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;

use super::{
    super::{
        exit,
        session::{Session, read_text},
    },
    show::ConsentReport,
};
use crate::model::{EmailAddress, Instant, signed};

/// What is signed.
#[derive(Debug, Serialize)]
struct Receipt<'a> {
    magazine: &'a str,
    site: String,
    newsletter: &'a str,
    address: String,
    state: &'static str,
    consents: Vec<ConsentReport>,
    issued: Instant,
}

/// Prints the receipt of an address.
pub(super) async fn issue(session: &Session, address: &EmailAddress) -> anyhow::Result<ExitCode> {
    let magazine = &session.config.magazine;
    let entry = session.store.listed_at(session.newsletter(), address).await?;
    let entry = entry.ok_or_else(|| exit::failure(exit::BAD_INPUT, format!("{address} is not on the list")))?;
    let receipt = Receipt {
        magazine: &magazine.name,
        site: magazine.url.to_string(),
        newsletter: session.newsletter().as_str(),
        address: entry.subscriber.address.to_string(),
        state: entry.state(),
        consents: entry.consents.iter().map(ConsentReport::from).collect(),
        issued: session.at,
    };
    let receipt = serde_json::to_value(&receipt)?;
    let signature = signed::sign(session.store.key(), &receipt.to_string()).context("the store's key cannot sign")?;
    println!("{}", serde_json::to_string_pretty(&serde_json::json!({ "receipt": receipt, "signed": signature }))?);
    Ok(ExitCode::SUCCESS)
}

/// Says whether a receipt is whole, and whether it is this store's.
pub(super) fn check(session: &Session, file: &std::path::Path) -> anyhow::Result<ExitCode> {
    let wrong = |why: String| exit::failure(exit::BAD_INPUT, format!("{}: {why}", file.display()));
    let value: Value =
        serde_json::from_str(&read_text(file)?).map_err(|error| wrong(format!("it is no JSON: {error}")))?;
    let signature = value["signed"].as_str().ok_or_else(|| wrong("it has no field `signed`".into()))?;
    let (statement, public) = signed::check(signature).map_err(|error| wrong(error.to_string()))?;
    let statement: Value = serde_json::from_str(&statement).map_err(|error| wrong(error.to_string()))?;
    if statement != value["receipt"] {
        return Err(wrong("what it says is not what was signed".into()));
    }
    if signed::public_key(session.store.key()).as_ref() != Some(&public) {
        return Err(wrong(format!("it was signed with another key than this store's: {public}")));
    }
    println!("{}: signed by this store, with the key {public}", file.display());
    Ok(ExitCode::SUCCESS)
}

/// Prints the key that receipts are signed with, to be left with whoever will have to check one.
pub(super) fn key(session: &Session) -> anyhow::Result<ExitCode> {
    println!("{}", signed::public_key(session.store.key()).context("the store's key cannot sign")?);
    Ok(ExitCode::SUCCESS)
}
