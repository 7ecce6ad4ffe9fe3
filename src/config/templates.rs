//! The magazine's own templates, read as files: all of them at once, so that nothing of them changes while a program
//! works, and a mistake in one stops it before anything is sent or written.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::check::{ConfigRefusal, refuse};
use crate::templates::OwnTemplates;

/// The key that names their folder.
pub(super) const KEY: &str = "theme.templates";

/// The most that a template may hold, in bytes: what is larger is none.
const MAX_TEMPLATE_BYTES: u64 = 1_000_000;

/// How deep folders may stand in one another; those of links that lead in a circle end there.
const MAX_DEPTH: usize = 4;

/// Reads a folder of templates.
pub(super) fn read(folder: &Path) -> Result<OwnTemplates, ConfigRefusal> {
    if !folder.is_dir() {
        let what = format!(
            "there is no folder {}: make it (`gazetier templates eject` writes the templates into it that you name), \
             or leave the key out",
            folder.display()
        );
        return Err(refuse(KEY, what));
    }
    let mut files = BTreeMap::new();
    add_files(folder, "", MAX_DEPTH, &mut files)?;
    OwnTemplates::new(folder, files).map_err(|error| refuse(KEY, error))
}

/// Adds what stands in a folder, each by its name below the first one. What editors and systems leave beside files
/// (`.digest.mjml.swp`, `digest.mjml~`) is no template.
fn add_files(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut BTreeMap<String, String>,
) -> Result<(), ConfigRefusal> {
    let wrong = |path: &Path, what: &dyn std::fmt::Display| refuse(KEY, format!("{}: {what}", path.display()));
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| wrong(folder, &error))? {
        paths.push(entry.map_err(|error| wrong(folder, &error))?.path());
    }
    paths.sort();
    for path in paths {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(wrong(&path, &"no template has this name"));
        };
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        let full = format!("{prefix}{name}");
        if path.is_dir() {
            match depth {
                0 => return Err(wrong(&path, &"folders stand too deep in one another")),
                _ => add_files(&path, &format!("{full}/"), depth - 1, files)?,
            }
            continue;
        }
        let size = fs::metadata(&path).map_err(|error| wrong(&path, &error))?.len();
        if size > MAX_TEMPLATE_BYTES {
            return Err(wrong(&path, &format!("it has {size} bytes: no template has more than {MAX_TEMPLATE_BYTES}")));
        }
        let bytes = fs::read(&path).map_err(|error| wrong(&path, &error))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
            refuse(KEY, format!("{}:{line}: it is not UTF-8: save it as UTF-8", path.display()))
        })?;
        files.insert(full, text);
    }
    Ok(())
}
