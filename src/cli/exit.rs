//! Exit codes, after sysexits.h: what a script or cron can act on.

use std::{error::Error, process::ExitCode};

use crate::{bounce, config, delivery, digest, feeds, import, press, store, web};

/// The command line makes no sense.
pub(super) const USAGE: u8 = 2;
/// Input that cannot be used.
pub(super) const BAD_INPUT: u8 = 65;
/// The relay or the database is out of reach.
pub(super) const OUT_OF_REACH: u8 = 69;
/// An address cannot be listened on: like a database out of reach, it may be free the next time.
const CANNOT_LISTEN: u8 = OUT_OF_REACH;
/// A file cannot be written.
pub(super) const CANNOT_WRITE: u8 = 73;
/// Letters remain: run again.
pub(super) const RUN_AGAIN: u8 = 75;
/// The configuration cannot be used.
pub(super) const CONFIGURATION: u8 = 78;

/// Something that is wrong without being any room's error.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Complaint {
    pub(super) code: u8,
    pub(super) message: String,
}

/// A complaint with its exit code.
pub(super) fn complain(code: u8, message: impl Into<String>) -> anyhow::Error {
    Complaint { code, message: message.into() }.into()
}

/// Prints an error and gives its exit code.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    eprintln!("gazetier: {}", words(error));
    ExitCode::from(code(error))
}

/// The same for a mail server that hands a message over: whatever is wrong here is wrong only for
/// now, and this is the one code at which it keeps the message and tries again.
pub(super) fn report_to_mail_server(error: &anyhow::Error) -> ExitCode {
    report(error);
    ExitCode::from(RUN_AGAIN)
}

/// An error with its causes, each told once: many an error says its cause itself.
pub(super) fn words(error: &anyhow::Error) -> String {
    let mut words = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !words.contains(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}

fn code(error: &anyhow::Error) -> u8 {
    error.chain().find_map(code_of).unwrap_or(1)
}

/// The store's error in another one, whichever room it went through.
fn of_store<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a store::Error> {
    if let Some(error) = error.downcast_ref::<store::Error>() {
        return Some(error);
    }
    if let Some(press::Error::Store(error)) = error.downcast_ref() {
        return Some(error);
    }
    if let Some(bounce::Error::Store(error)) = error.downcast_ref() {
        return Some(error);
    }
    match error.downcast_ref() {
        Some(delivery::Error::Store(error)) => Some(error),
        _ => None,
    }
}

/// Whether only the connection to the store was lost: what was being done may be done again.
pub(super) fn is_lost(error: &anyhow::Error) -> bool {
    error.chain().find_map(of_store).is_some_and(store::Error::is_lost)
}

fn code_of(error: &(dyn Error + 'static)) -> Option<u8> {
    let is = |code| Some(code);
    if let Some(complaint) = error.downcast_ref::<Complaint>() {
        return is(complaint.code);
    }
    if let Some(error) = of_store(error) {
        return is(match error {
            store::Error::Clash { .. } => BAD_INPUT,
            store::Error::Foreign { .. } => CONFIGURATION,
            error if error.is_unwritable() => CANNOT_WRITE,
            _ => OUT_OF_REACH,
        });
    }
    if error.is::<config::Error>() {
        return is(CONFIGURATION);
    }
    if error.is::<import::Error>() {
        return is(BAD_INPUT);
    }
    if let Some(feeds::Error::Server { .. }) = error.downcast_ref() {
        return is(CONFIGURATION);
    }
    if error.is::<feeds::Error>() || error.is::<digest::Error>() {
        return is(BAD_INPUT);
    }
    if let Some(error) = error.downcast_ref::<press::Error>() {
        return is(match error {
            press::Error::Store(_) => OUT_OF_REACH,
            press::Error::Write { .. } => CANNOT_WRITE,
            press::Error::Foreign { .. } | press::Error::Owner { .. } => CONFIGURATION,
            press::Error::Feed(_) | press::Error::Refused { .. } | press::Error::LeftOut { .. } => BAD_INPUT,
            press::Error::Worker(_) => 1,
        });
    }
    if let Some(error) = error.downcast_ref::<web::Error>() {
        return is(match error {
            web::Error::Listen { .. } => CANNOT_LISTEN,
            web::Error::Template(_) | web::Error::Threads(_) => 1,
        });
    }
    if let Some(error) = error.downcast_ref::<bounce::Error>() {
        return is(match error {
            bounce::Error::Store(_) => OUT_OF_REACH,
            bounce::Error::Read { .. } | bounce::Error::NoMailbox { .. } => BAD_INPUT,
            bounce::Error::Write { .. } => CANNOT_WRITE,
            bounce::Error::Locked { .. } => RUN_AGAIN,
        });
    }
    error.downcast_ref::<delivery::Error>().map(|error| match error {
        delivery::Error::Store(_) | delivery::Error::Relay { .. } | delivery::Error::Ledger => OUT_OF_REACH,
        delivery::Error::Write { .. } => CANNOT_WRITE,
        delivery::Error::Digest(_) => BAD_INPUT,
        delivery::Error::Restless(_) => RUN_AGAIN,
        delivery::Error::Worker(_) => 1,
    })
}
