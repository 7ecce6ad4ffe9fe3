//! `gazetier digest redact`: columns that were withdrawn since are taken out of an edition's page in the archive.

use std::process::ExitCode;

use super::{
    super::{exit, session::Session},
    edition_named,
};
use crate::{
    edition::{
        next,
        render::{Rendered, render},
    },
    model::Choice,
};

/// How often a page of the archive is made anew because columns changed meanwhile.
const MAX_ATTEMPTS: usize = 5;

pub(super) async fn redact(session: &Session, period: &str) -> anyhow::Result<ExitCode> {
    let (config, store) = (&session.config, &session.store);
    let edition = edition_named(session, period).await?;
    for _ in 0..MAX_ATTEMPTS {
        // The revision first: a column that is withdrawn while the page is made has it made anew.
        let coming = next::held_edition(config, store, &edition).await?;
        let gone = store.withdrawn_in(edition.id).await?;
        if gone.is_empty() {
            println!("{period}: none of its columns was withdrawn, nothing is changed");
            return Ok(ExitCode::SUCCESS);
        }
        let rendered = render(config, &coming.draft, &Choice::all())?;
        let Some(rendered) = rendered.map(Rendered::usable).transpose()? else {
            let message = format!("{period}: no column of it is left, there would be nothing to show");
            return Err(exit::failure(exit::BAD_INPUT, message));
        };
        if store.set_archive_page(edition.id, &rendered.html, coming.revision).await? {
            println!("{period}: the archive shows it without {}", gone.join(", "));
            return Ok(ExitCode::SUCCESS);
        }
    }
    Err(exit::failure(exit::RUN_AGAIN, format!("{period}: its columns change too fast: say it again")))
}
