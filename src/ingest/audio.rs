//! A column's recording: where it is served, and what is known of it.

use std::path::Path;

use super::{
    ImportResult, SourceLocation, media,
    site_paths::{self, SiteLinks},
};
use crate::{
    config::Magazine,
    model::{Audio, RecordAudio, uri},
};

/// The kinds of recordings that names tell.
const KINDS: [(&str, &str); 10] = [
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("m4a", "audio/mp4"),
    ("m4b", "audio/mp4"),
    ("mp3", "audio/mpeg"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("wav", "audio/wav"),
    ("weba", "audio/webm"),
];

/// A recording as a source gives it; nothing if readers could not hear it, which is told. `beside` is the file that
/// names it.
pub(super) fn audio(
    given: RecordAudio,
    links: &SiteLinks<'_>,
    beside: Option<&Path>,
    place: &SourceLocation,
    magazine: &Magazine,
    result: &mut ImportResult,
) -> Option<Audio> {
    let RecordAudio { url, media_type, length, duration } = given;
    let address = site_paths::plain(&url);
    let found = links.bundled(&address).map_or_else(|| magazine.media_url.join(&address).ok(), Some);
    let Some(url) = found.filter(|url| uri::is_web(url) && !address.is_empty()) else {
        result.warn(place, format!("audio: {url:?} is no web address: the column has no recording"));
        return None;
    };
    let named = media_type.map(|kind| kind.trim().to_ascii_lowercase()).filter(|kind| is_audio(kind));
    let Some(media_type) = named.or_else(|| kind(&address)) else {
        let what = "its name does not tell what it is: write a table of url and type, such as audio/mpeg";
        result.warn(place, format!("audio: {url}: {what}; the column has no recording"));
        return None;
    };
    let seconds = duration.as_deref().and_then(seconds);
    if let (Some(duration), None) = (&duration, seconds) {
        let what = "is no duration: write seconds, or minutes and seconds as in 12:30";
        result.warn(place, format!("audio: {duration:?} {what}"));
    }
    let length = length.or_else(|| media::measure(beside, &address).length);
    Some(Audio { url, media_type, length, seconds })
}

/// The kind that a name promises.
fn kind(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit_once('.')?.1.to_ascii_lowercase();
    KINDS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| (*kind).to_owned())
}

/// Whether a media type is one of a recording.
pub(super) fn is_audio(media_type: &str) -> bool {
    media_type.trim().to_ascii_lowercase().starts_with("audio/")
}

/// Seconds, minutes and seconds, or hours, minutes and seconds; or a length of time in words, such as `12m 30s`.
fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let number = |part: &str| part.trim().split('.').next()?.parse::<u64>().ok();
    let numbers: Option<Vec<u64>> = text.split(':').map(number).collect();
    match numbers {
        Some(numbers) if numbers.len() <= 3 => {
            numbers.iter().try_fold(0_u64, |sum, number| sum.checked_mul(60)?.checked_add(*number))
        }
        _ => humantime::parse_duration(text).ok().map(|duration| duration.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_programs_write_them() {
        for (text, read) in [
            ("61", Some(61)),
            ("61.7", Some(61)),
            ("1:01", Some(61)),
            ("01:00:05", Some(3605)),
            ("1h 2m", Some(3720)),
            ("", None),
            ("1:2:3:4", None),
            ("long", None),
            ("18446744073709551615:00", None),
        ] {
            assert_eq!(seconds(text), read, "{text:?}");
        }
    }

    #[test]
    fn names_tell_what_a_recording_is() {
        assert!(KINDS.is_sorted());
        assert_eq!(kind("a/b.MP3?x=1.ogg").as_deref(), Some("audio/mpeg"));
        assert_eq!((kind("b.mp4"), kind("mp3")), (None, None));
    }
}
