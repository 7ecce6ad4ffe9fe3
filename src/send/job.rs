//! A letter on its way from the ledger to a relay: what is leased, and how its bytes are made.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{Error, dkim::Signer};
use crate::{
    config::Config,
    edition::render::letter::{LetterTemplate, RenderedLetter},
    model::{Edition, EmailAddress, Instant},
    store::{Leased, Store},
};

/// What must be left of a lease for a letter to be begun.
const LEASE_MARGIN: Duration = Duration::from_secs(2);

/// A leased letter, with the form that it is filled into.
pub(super) struct LetterJob {
    pub(super) leased: Leased,
    pub(super) form: Arc<LetterTemplate>,
    pub(super) signer: Option<Arc<Signer>>,
    pub(super) lease_ends: Instant,
}

impl LetterJob {
    /// Whether its lease ends before it could be marked: another worker may have it by now.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        now + LEASE_MARGIN >= self.lease_ends
    }

    /// The letter's bytes, or why there are none.
    pub(super) fn write(&self) -> Result<RenderedLetter, String> {
        let letter = &self.leased.letter;
        let address: EmailAddress = letter.address.parse().map_err(|error| format!("not sent: {error}"))?;
        let written = self.form.write(letter.reader, &address, letter.name.as_deref());
        let mut written = written.map_err(|error| format!("not sent: {error}"))?;
        if let Some(signer) = &self.signer {
            signer.sign(&mut written).map_err(|error| format!("not sent: {error}"))?;
        }
        Ok(written)
    }
}

/// The forms of an edition's variants, each made when the first letter needs it.
pub(super) struct FormCache<'a> {
    config: &'a Config,
    store: &'a Store,
    edition: &'a Edition,
    made: HashMap<i64, Arc<LetterTemplate>>,
    signer: Option<Arc<Signer>>,
}

impl<'a> FormCache<'a> {
    pub(super) fn new(config: &'a Config, store: &'a Store, edition: &'a Edition) -> Self {
        let signer = Signer::new(config, edition.dated).map(Arc::new);
        Self { config, store, edition, made: HashMap::new(), signer }
    }

    pub(super) async fn job(&mut self, leased: Leased, lease_ends: Instant) -> Result<LetterJob, Error> {
        let id = leased.letter.variant;
        let form = match self.made.get(&id) {
            Some(form) => Arc::clone(form),
            None => {
                let variant = self.store.variant(id).await?;
                let form = LetterTemplate::with_others(
                    self.config,
                    self.edition,
                    &variant.subject,
                    self.store.key(),
                    &variant.entity,
                    &variant.others,
                )?;
                Arc::clone(self.made.entry(id).or_insert(Arc::new(form)))
            }
        };
        Ok(LetterJob { leased, form, signer: self.signer.clone(), lease_ends })
    }
}
