//! Within which bounds a number, a length of time or a path makes sense: what does not is refused before anything is
//! made, with what to write instead. A value that is taken and does nothing would cost an edition and say nothing.

use std::path::{Path, PathBuf};

use chrono::Duration;

use super::check::{ConfigRefusal, duration, refuse};

/// A number within its bounds.
pub(super) fn number<N>(key: &str, value: N, least: N, most: N) -> Result<N, ConfigRefusal>
where
    N: PartialOrd + std::fmt::Display,
{
    if value < least || value > most {
        return Err(refuse(key, format!("{value} is no number from {least} to {most}: write one of these")));
    }
    Ok(value)
}

/// A length of time within its bounds, which are told as they are written.
pub(super) fn span(key: &str, text: &str, least: &str, most: &str) -> Result<Duration, ConfigRefusal> {
    let value = duration(key, text)?;
    if value < duration(key, least)? || value > duration(key, most)? {
        return Err(refuse(
            key,
            format!("{text:?} is not between {least:?} and {most:?}: write a time from one to the other"),
        ));
    }
    Ok(value)
}

/// A path beside the configuration.
pub(super) fn path(key: &str, base: &Path, text: &str) -> Result<PathBuf, ConfigRefusal> {
    if text.trim().is_empty() {
        return Err(refuse(key, "it is empty: write a path, or leave the key out"));
    }
    if text.starts_with('~') {
        let what = format!(
            "{text:?}: a tilde is not expanded, it would be a name in this folder: write the whole path, such as \
             \"/home/estran/feeds\"; if a name does begin with a tilde, \"./{text}\""
        );
        return Err(refuse(key, what));
    }
    Ok(base.join(text))
}
