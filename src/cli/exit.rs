//! Exit codes, after sysexits.h: what a script or cron can act on.

use std::{error::Error, process::ExitCode};

use crate::{
    bounce, config, edition,
    ingest::{self, sync},
    publish::{self, forms},
    send, store, templates, web,
};

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
pub(super) struct CommandError {
    pub(super) code: u8,
    pub(super) message: String,
}

/// An error with its exit code.
pub(super) fn failure(code: u8, message: impl Into<String>) -> anyhow::Error {
    CommandError { code, message: message.into() }.into()
}

/// Prints an error and gives its exit code.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    eprintln!("gazetier: {}", words(error));
    ExitCode::from(code(error))
}

/// Prints an error for a mail server that hands a message over: whatever is wrong here is wrong only for
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
    if let Some(publish::Error::Store(error)) = error.downcast_ref() {
        return Some(error);
    }
    if let Some(bounce::Error::Store(error)) = error.downcast_ref() {
        return Some(error);
    }
    if let Some(edition::Error::Store(error)) = error.downcast_ref() {
        return Some(error);
    }
    if let Some(sync::Error::Store(error)) = error.downcast_ref() {
        return Some(error);
    }
    match error.downcast_ref() {
        Some(send::Error::Store(error)) => Some(error),
        _ => None,
    }
}

/// Whether only the connection to the store was lost: what was being done may be done again.
pub(super) fn is_lost(error: &anyhow::Error) -> bool {
    error.chain().find_map(of_store).is_some_and(store::Error::is_lost)
}

fn code_of(error: &(dyn Error + 'static)) -> Option<u8> {
    let is = |code| Some(code);
    if let Some(error) = error.downcast_ref::<CommandError>() {
        return is(error.code);
    }
    if let Some(error) = of_store(error) {
        return is(match error {
            store::Error::Clash { .. } | store::Error::Copy(_) => BAD_INPUT,
            store::Error::Foreign { .. } | store::Error::Moved(_) => CONFIGURATION,
            error if error.is_unwritable() => CANNOT_WRITE,
            _ => OUT_OF_REACH,
        });
    }
    if error.is::<config::Error>() {
        return is(CONFIGURATION);
    }
    if error.is::<ingest::Error>() {
        return is(BAD_INPUT);
    }
    match error.downcast_ref() {
        Some(sync::Error::UnknownSource { .. }) => return is(USAGE),
        Some(sync::Error::NoMachineId { .. }) => return is(CONFIGURATION),
        Some(sync::Error::Spool { .. }) => return is(CANNOT_WRITE),
        _ => {}
    }
    if let Some(forms::Error::Server { .. }) = error.downcast_ref() {
        return is(CONFIGURATION);
    }
    if error.is::<forms::Error>() || error.is::<edition::render::Error>() {
        return is(BAD_INPUT);
    }
    if let Some(error) = error.downcast_ref::<publish::Error>() {
        return is(match error {
            publish::Error::Store(_) => OUT_OF_REACH,
            publish::Error::Write { .. } => CANNOT_WRITE,
            publish::Error::Foreign { .. } | publish::Error::UnreadableOwner { .. } => CONFIGURATION,
            publish::Error::Feed(_) | publish::Error::Refused { .. } | publish::Error::LeftOut { .. } => BAD_INPUT,
            publish::Error::Unannounced | publish::Error::Worker(_) => 1,
        });
    }
    if let Some(error) = error.downcast_ref::<web::Error>() {
        return is(match error {
            web::Error::Listen { .. } => CANNOT_LISTEN,
            web::Error::Template(templates::Error::Own(_)) | web::Error::Letter(_) | web::Error::Config(_) => {
                CONFIGURATION
            }
            web::Error::Template(templates::Error::Compiled(_)) | web::Error::Threads(_) => 1,
        });
    }
    if let Some(error) = error.downcast_ref::<bounce::Error>() {
        return is(match error {
            bounce::Error::Store(_) => OUT_OF_REACH,
            bounce::Error::Render(_) | bounce::Error::Edition(_) => CONFIGURATION,
            bounce::Error::Read { .. } | bounce::Error::NoMailbox { .. } => BAD_INPUT,
            bounce::Error::Write { .. } => CANNOT_WRITE,
            bounce::Error::Locked { .. } => RUN_AGAIN,
        });
    }
    if let Some(error) = error.downcast_ref::<edition::Error>() {
        return is(match error {
            edition::Error::Store(_) => OUT_OF_REACH,
            edition::Error::Render(_) => BAD_INPUT,
            edition::Error::TooManyChanges(_) => RUN_AGAIN,
        });
    }
    error.downcast_ref::<send::Error>().map(|error| match error {
        send::Error::Store(_) | send::Error::Relay { .. } | send::Error::Ledger => OUT_OF_REACH,
        send::Error::Write { .. } => CANNOT_WRITE,
        send::Error::Render(_) => BAD_INPUT,
        send::Error::Worker(_) => 1,
    })
}
