//! Letters that are queued once more: those that a relay refused, those that may have arrived, and those that were
//! written into a folder.

use std::process::ExitCode;

use super::{
    super::{exit, restored, session::Session},
    edition_named,
};
use crate::{config::Relays, store};

/// Queues the letters of an edition for the relay that were written into a folder.
pub(super) async fn resend_written(session: &Session, period: &str) -> anyhow::Result<()> {
    let edition = edition_named(session, period).await?;
    if !matches!(session.config.relays, Relays::Smtp(_)) {
        return Err(exit::failure(exit::CONFIGURATION, "there is no [relay] that they could be given to"));
    }
    let letters = session.store.resend_written(edition.id).await?;
    print_warning(restored::leave_trace(session, &edition, None).await?);
    println!("{period}: {letters} letters that were written into a folder go to the relay");
    Ok(())
}

/// Tells what stops nothing.
fn print_warning(words: Option<String>) {
    if let Some(words) = words {
        eprintln!("gazetier: warning: {words}");
    }
}

/// Queues again what may have arrived of the newest edition that has such letters.
pub(super) async fn resend_unknown(session: &Session) -> anyhow::Result<()> {
    for edition in session.store.editions(session.newsletter()).await?.into_iter().rev() {
        let letters = session.store.resend_unknown(edition.id).await?;
        if letters > 0 {
            println!("{}: {letters} letters that may have arrived are sent again", edition.period);
            break;
        }
    }
    Ok(())
}

/// Queues refused letters again.
pub(super) async fn retry_refused(
    session: &Session,
    period: Option<&str>,
    words: &str,
    who: &str,
) -> anyhow::Result<ExitCode> {
    let mut editions = session.store.editions(session.newsletter()).await?;
    if let Some(period) = period {
        editions.retain(|edition| edition.period.to_string() == period);
        if editions.is_empty() {
            let what = format!("there is no edition {period}: `gazetier digest status` names them");
            return Err(exit::failure(exit::BAD_INPUT, what));
        }
    }
    for edition in editions.into_iter().rev() {
        let store::Retried { letters, lifted } = session.store.retry_refused(&edition, words, who, session.at).await?;
        if letters > 0 {
            print_warning(restored::leave_trace(session, &edition, None).await?);
            let lifted = match lifted {
                0 => String::new(),
                lifted => format!(", {lifted} addresses may be written to again"),
            };
            println!(
                "{}: {letters} refused letters wait again{lifted}; `gazetier digest send` sends them",
                edition.period
            );
            return Ok(ExitCode::SUCCESS);
        }
    }
    let which = if words.is_empty() { String::new() } else { format!(" with {words:?} in its refusal") };
    println!("there is no refused letter{which}: nothing is changed");
    Ok(ExitCode::SUCCESS)
}
