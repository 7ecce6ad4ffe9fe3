//! Who signs the opening words of an edition.

use crate::{config::Config, model::Changes};

/// A name and the address of a portrait; both may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signature {
    pub name: String,
    pub portrait: String,
}

impl Signature {
    /// Who signs an edition: whom the editors say, or the configuration. Its portrait is of whom it names: somebody else
    /// who signs has none, unless the editors give one.
    pub fn of(config: &Config, changes: &Changes) -> Self {
        let name = changes.signed.as_ref().unwrap_or(&config.digest.signed).clone();
        let is_usual = name == config.digest.signed;
        let usual = if is_usual { config.digest.portrait.as_str() } else { "" };
        let portrait = changes.portrait.as_deref().unwrap_or(usual);
        let portrait = if name.is_empty() { String::new() } else { portrait.to_owned() };
        Self { name, portrait }
    }
}
