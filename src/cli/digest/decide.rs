//! `gazetier digest approve`, `hold`, `release`: what editors decide about an edition.

use std::process::ExitCode;

use super::super::{exit, session::Session};
use crate::{
    edition::{
        decide::{self, DecisionRequest},
        next, special,
    },
    model::{self, EditionState, Period},
};

/// Who decides about which edition.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Decider {
    /// Which edition, such as 2026-W47; the coming one if it is not said.
    #[arg(value_name = "PERIOD")]
    pub(super) period: Option<String>,
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "the command line")]
    pub(super) by: String,
}

/// Approves an edition as it is now.
pub(super) async fn approve(session: &Session, who: &Decider) -> anyhow::Result<ExitCode> {
    let period = decide(session, who, DecisionRequest::Approve(None)).await?;
    println!("{period}: approved");
    Ok(ExitCode::SUCCESS)
}

/// Holds an edition.
pub(super) async fn hold(session: &Session, who: &Decider, why: &str) -> anyhow::Result<ExitCode> {
    if who.period.is_none() {
        refuse_ambiguous_hold(session).await?;
    }
    let period = decide(session, who, DecisionRequest::Hold(why)).await?;
    let out = letters_out(session, &period).await?;
    println!("{period}: held{out}; let it go with `gazetier digest release {period}`");
    Ok(ExitCode::SUCCESS)
}

async fn decide(session: &Session, decider: &Decider, decision: DecisionRequest<'_>) -> anyhow::Result<Period> {
    let period = decider.period.as_deref().map(Period::from_key);
    let (config, store) = (&session.config, &session.store);
    let decided = decide::decide(config, store, session.now(), &decider.by, period.as_ref(), decision).await?;
    decided.map_err(|refused| exit::failure(exit::BAD_INPUT, refused.to_string()))
}

/// Lets the edition go that is named; without a name the newest, drawn up or to come, if it is
/// held.
pub(super) async fn release_held(session: &Session, who: Decider, with_withdrawn: bool) -> anyhow::Result<()> {
    let release = DecisionRequest::Release { seen: None, with_withdrawn };
    if who.period.is_some() {
        decide(session, &who, release).await?;
        return Ok(());
    }
    let coming = next::next_edition(&session.config, &session.store, session.now()).await?;
    let held = matches!(coming.desk.decision(), model::Decision::Held { .. });
    if coming.is_due && held {
        decide(session, &who, release).await?;
    }
    let newest = session.store.last_edition(session.newsletter(), session.now().horizon()).await?;
    if let Some(edition) = newest.filter(|edition| edition.state == EditionState::Held) {
        let period = Some(edition.period.to_string());
        decide(session, &Decider { period, ..who }, release).await?;
    }
    Ok(())
}

/// Says that an edition is no longer held: the one that is named, else the only one that is. The next run sends it
/// when its hour has come.
pub(super) async fn release(session: &Session, who: Decider, with_withdrawn: bool) -> anyhow::Result<ExitCode> {
    let release = DecisionRequest::Release { seen: None, with_withdrawn };
    let period = match who.period.clone() {
        Some(period) => period,
        None => {
            let held = held(session).await?;
            match &held[..] {
                [one] => one.clone(),
                [] => return Err(exit::failure(exit::BAD_INPUT, "no edition is held: there is nothing to release")),
                several => {
                    let message = format!("which one? {} are held: name it", several.join(", "));
                    return Err(exit::failure(exit::BAD_INPUT, message));
                }
            }
        }
    };
    let period = decide(session, &Decider { period: Some(period), ..who }, release).await?;
    let coming = next::coming(&session.config, &session.store, session.now(), Some(&period)).await?;
    let hour = session.local_hour(coming.draft.slot.cutoff);
    if coming.draft.slot.period == period && !coming.is_due {
        println!("{period}: released; it goes out at its hour, {hour}");
    } else {
        println!("{period}: released; the next `gazetier run` sends it, or `gazetier digest send` at once");
    }
    Ok(ExitCode::SUCCESS)
}

/// The editions that are held, drawn up or to come.
async fn held(session: &Session) -> anyhow::Result<Vec<String>> {
    let editions = session.store.editions(session.newsletter()).await?.into_iter();
    let mut held: Vec<String> = editions
        .filter(|edition| edition.state == EditionState::Held)
        .map(|edition| edition.period.to_string())
        .collect();
    for coming in special::all_coming(&session.config, &session.store, session.now()).await? {
        if matches!(coming.desk.decision(), model::Decision::Held { .. }) {
            held.push(coming.draft.slot.period.to_string());
        }
    }
    Ok(held)
}

/// Refuses to guess which edition is meant while letters of one go out: it is that one, or the coming one.
async fn refuse_ambiguous_hold(session: &Session) -> anyhow::Result<()> {
    for edition in session.store.open_editions().await? {
        let is_ours = edition.newsletter == *session.newsletter();
        if is_ours && session.store.tally(edition.id).await?.to_do() > 0 {
            let going = edition.period;
            let coming = next::next_edition(&session.config, &session.store, session.now()).await?.draft.slot.period;
            let out = letters_out(session, &going).await?;
            let message = format!(
                "which one? Letters of {going} go out{out}: `gazetier digest hold {going}` stops them; \
                 `gazetier digest hold {coming}` holds the coming edition"
            );
            return Err(exit::failure(exit::BAD_INPUT, message));
        }
    }
    Ok(())
}

/// How many letters of an edition are out already, if it has any.
async fn letters_out(session: &Session, period: &Period) -> anyhow::Result<String> {
    let Some(edition) = session.store.edition_of(session.newsletter(), period).await? else { return Ok(String::new()) };
    let tally = session.store.tally(edition.id).await?;
    Ok(format!(", {} of {} letters are out", tally.settled() + tally.sending - tally.suppressed, tally.frozen()))
}
