//! `gazetier digest redate`: an edition that a wrong clock has put into the future becomes one of the present.

use std::process::ExitCode;

use super::{
    super::{exit, restored, session::Session},
    edition_named,
};
use crate::{edition::next, model::Edition};

pub(super) async fn redate(session: &Session, period: &str, to: Option<&str>) -> anyhow::Result<ExitCode> {
    let edition = edition_named(session, period).await?;
    let cutoff = match to {
        Some(text) => session
            .config
            .magazine
            .zone
            .parse(text)
            .map_err(|error| exit::failure(exit::USAGE, format!("--to: {error}")))?,
        None => session.at,
    };
    if cutoff > session.now().horizon() {
        return Err(exit::failure(
            exit::USAGE,
            "--to: that is in the future, too: name the instant at which it really went out",
        ));
    }
    let label = next::label_at(&session.config, &session.store, cutoff).await?;
    if !session.store.redate_edition(&edition, cutoff, &label).await? {
        let message =
            format!("{period} was redated by somebody else just now: `gazetier digest status` tells how it stands");
        return Err(exit::failure(exit::BAD_INPUT, message));
    }
    let redated = Edition { cutoff, period: label.clone(), ..edition.clone() };
    if let Some(words) = restored::leave_trace(session, &redated, Some(&edition.key())).await? {
        eprintln!("gazetier: warning: {words}");
    }
    println!("{period} is {label} now, with a cutoff at {}", session.local_hour(cutoff));
    Ok(ExitCode::SUCCESS)
}
