//! What an address of the desk asks for, and what an editor has typed.

use serde::Deserialize;

use super::{
    pages::FieldLimits,
    texts::{TextField, Texts},
};
use crate::model::Period;

/// What an address asks for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct DeskQuery {
    #[serde(default)]
    pub(super) view: String,
    #[serde(default)]
    pub(super) variant: String,
    /// The period of an edition to come that is not the next one.
    #[serde(default)]
    pub(super) edition: String,
    #[serde(default)]
    pub(super) said: String,
    /// Whether the figures of a past edition are wanted.
    #[serde(default)]
    pub(super) figures: String,
    #[serde(default)]
    pub(super) mode: String,
    #[serde(skip)]
    pub(super) typed: UnsavedInput,
}

impl DeskQuery {
    /// The edition to come that is asked for, if one is named.
    pub(super) fn named(&self) -> Option<Period> {
        Some(self.edition.as_str()).filter(|period| !period.is_empty()).map(Period::from_key)
    }
}

/// What somebody wrote that could not be kept: the page that says so has it in its fields.
#[derive(Debug, Clone, Default)]
pub(super) struct UnsavedInput {
    /// All texts of an edition.
    pub(super) words: Option<Texts>,
    /// The fields of which somebody else has changed the same.
    pub(super) clashes: Vec<TextField>,
    /// Why something is to be held.
    pub(super) why: String,
}

/// The longest subject and preheader, and the longest reason, in UTF-16 units as browsers count them.
pub(super) const MAX_LINE_UNITS: usize = 250;

/// The longest opening and closing words.
pub(super) const MAX_OPENING_UNITS: usize = 20_000;

/// The longest address of a portrait: in a letter, a line has 998 bytes.
pub(super) const MAX_PORTRAIT_UNITS: usize = 900;

pub(super) const FIELD_LIMITS: FieldLimits =
    FieldLimits { line: MAX_LINE_UNITS, opening: MAX_OPENING_UNITS, portrait: MAX_PORTRAIT_UNITS };
