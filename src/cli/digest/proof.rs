//! `gazetier digest proof`: the coming edition by mail, for the editors.

use std::process::ExitCode;

use super::super::{
    exit,
    session::{Session, clock},
};
use crate::{
    edition::{
        editors::{self, ProofResult},
        next,
    },
    model::Mailbox,
    outbox::service,
};

pub(super) async fn send(session: &Session, to: &[String], by: &str) -> anyhow::Result<ExitCode> {
    let (config, store) = (&session.config, &session.store);
    let known = &config.desk.editors;
    if known.is_empty() {
        return Err(exit::failure(exit::CONFIGURATION, "desk.editors names nobody: write who gets the proof"));
    }
    let chosen = to.iter().map(|text| {
        let found = known.iter().find(|editor| editor.address.to_string().eq_ignore_ascii_case(text));
        found.cloned().ok_or_else(|| exit::failure(exit::USAGE, format!("{text} is not one of desk.editors")))
    });
    let mut editors = chosen.collect::<anyhow::Result<Vec<Mailbox>>>()?;
    if editors.is_empty() {
        editors.clone_from(known);
    }
    let coming = next::next_edition(config, store, session.now()).await?;
    let period = &coming.draft.slot.period;
    match editors::send_proof(config, store, session.at, by, &coming, &editors).await? {
        ProofResult::Empty | ProofResult::Nobody => println!("nothing new for {period}: there is no proof"),
        ProofResult::Again => println!("{period}: they got this proof a moment ago, and get no other"),
        ProofResult::Queued(count) => {
            let told = service::deliver(config, store, session.at, clock).await?;
            println!("{period}: {count} proofs, {} letters sent", told.sent);
        }
    }
    Ok(ExitCode::SUCCESS)
}
