//! Pictures that lie beside the columns: their type and size are measured, so that feeds and
//! letters can tell them.

use std::path::{Component, Path};

#[derive(Debug, Default)]
pub(super) struct Measured {
    pub media_type: Option<String>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub length: Option<u64>,
}

/// Measures a picture named by a relative path beside a file; nothing if it is not there, or not
/// below the file's folder.
pub(super) fn measure(beside: Option<&Path>, name: &str) -> Measured {
    let unmeasured = || Measured { media_type: media_type(name), ..Measured::default() };
    let Some(beside) = beside else { return unmeasured() };
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let path = beside.parent().unwrap_or(Path::new("")).join(name);
    let file = std::fs::metadata(&path).ok().filter(|meta| inside && meta.is_file());
    let Some(file) = file else { return unmeasured() };
    let size = imagesize::size(&path).ok();
    let pixels = |n: usize| u32::try_from(n).ok();
    Measured {
        media_type: media_type(name),
        width: size.and_then(|s| pixels(s.width)),
        height: size.and_then(|s| pixels(s.height)),
        length: Some(file.len()),
    }
}

/// The media type that a picture's name promises.
pub(super) fn media_type(name: &str) -> Option<String> {
    let name = name.split(['?', '#']).next().unwrap_or_default();
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    let kind = match ending.as_str() {
        "jpg" | "jpeg" => "jpeg",
        "png" => "png",
        "gif" => "gif",
        "webp" => "webp",
        "avif" => "avif",
        "svg" => "svg+xml",
        _ => return None,
    };
    Some(format!("image/{kind}"))
}
