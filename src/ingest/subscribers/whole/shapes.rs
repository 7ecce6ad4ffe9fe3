//! The lines of such a list, as JSON has them.

use serde::{Deserialize, Serialize};

use super::super::cells::ConsentLine;
use crate::model::Instant;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    List(Head),
    Reader(Box<ReaderLine>),
    Hash(HashLine),
    End(End),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) version: u32,
    pub(super) magazine: String,
    pub(super) newsletter: String,
    pub(super) exported: Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReaderLine {
    pub(super) email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) rubriques: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) rhythm: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) paused: Option<Instant>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) letter_hour: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) one_a_day: bool,
    pub(super) state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) joined: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) returned: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) suppressed: Option<SuppressionLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) consents: Vec<ConsentLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed: Vec<AllowanceLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) old_number: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) moves: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) former: Vec<FormerLine>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HashLine {
    pub(super) hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) suppressed: Option<SuppressionLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed: Vec<AllowanceLine>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SuppressionLine {
    pub(super) reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Instant>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AllowanceLine {
    pub(super) words: String,
    pub(super) reason: String,
    pub(super) suppressed: Instant,
    pub(super) at: Instant,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormerLine {
    pub(super) hash: String,
    pub(super) moved: Instant,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) readers: u64,
    pub(super) hashes: u64,
}
