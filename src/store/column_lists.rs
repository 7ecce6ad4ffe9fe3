//! What a column has several of, as the store writes it: JSON, and nothing where there is none.

use serde_json::json;

use super::{Error, Result};
use crate::model::{Audio, Draft, RecordAudio};

/// The lists of a draft, as the store writes them.
pub(super) struct Lists {
    pub(super) bylines: String,
    pub(super) tags: String,
    pub(super) audio: String,
}

impl Lists {
    pub(super) fn of(draft: &Draft) -> Self {
        let list = |names: &[String]| if names.is_empty() { String::new() } else { json!(names).to_string() };
        let audio = |audio: &Audio| json!(record(audio)).to_string();
        Self {
            // One name is what `byline` says.
            bylines: if draft.bylines.len() > 1 { list(&draft.bylines) } else { String::new() },
            tags: list(&draft.tags),
            audio: draft.audio.as_ref().map(audio).unwrap_or_default(),
        }
    }
}

/// The names of a column's authors.
pub(super) fn bylines(byline: Option<&str>, bylines: &str) -> Result<Vec<String>> {
    if bylines.is_empty() { Ok(byline.map(str::to_owned).into_iter().collect()) } else { names(bylines) }
}

/// A list of names.
pub(super) fn names(list: &str) -> Result<Vec<String>> {
    if list.is_empty() { Ok(Vec::new()) } else { serde_json::from_str(list).map_err(|_| corrupt("list", list)) }
}

/// A recording, as a record has it.
pub(super) fn audio_record(audio: &str) -> Result<Option<RecordAudio>> {
    if audio.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(audio).map(Some).map_err(|_| corrupt("recording", audio))
}

/// A recording.
pub(super) fn audio(text: &str) -> Result<Option<Audio>> {
    let Some(RecordAudio { url, media_type, length, duration }) = audio_record(text)? else { return Ok(None) };
    let url = url.parse().map_err(|_| corrupt("URL", &url))?;
    let seconds = duration.and_then(|seconds| seconds.parse().ok());
    Ok(Some(Audio { url, media_type: media_type.unwrap_or_default(), length, seconds }))
}

fn record(audio: &Audio) -> RecordAudio {
    let Audio { url, media_type, length, seconds } = audio;
    let duration = seconds.map(|seconds| seconds.to_string());
    RecordAudio { url: url.to_string(), media_type: Some(media_type.clone()), length: *length, duration }
}

fn corrupt(what: &'static str, value: &str) -> Error {
    Error::Corrupt { what, value: value.chars().take(80).collect() }
}
