//! Where in a folder its texts lie: what was installed or built beside them is not read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::ingest::folder::is_markdown;

/// Folders that hold what others wrote, or what was built.
const OTHERS: [&str; 8] = ["node_modules", "vendor", "themes", "public", "dist", "build", "target", "output"];

/// How deep is looked.
const MAX_DEPTH: usize = 12;

/// The folder itself, if nothing in it is of others; else the deepest one that all its own texts lie in.
pub(super) fn of_texts(folder: &Path) -> PathBuf {
    let mut found = FoundTexts::default();
    found.look(folder, 0);
    match found.common {
        Some(common) if found.has_others => common,
        _ => folder.to_owned(),
    }
}

#[derive(Default)]
struct FoundTexts {
    common: Option<PathBuf>,
    has_others: bool,
}

impl FoundTexts {
    fn look(&mut self, folder: &Path, depth: usize) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if kind.is_dir() && OTHERS.contains(&&*name) {
                self.has_others = true;
            } else if kind.is_dir() && (!name.starts_with(['.', '_']) || name == "_posts") && depth < MAX_DEPTH {
                self.look(&path, depth + 1);
            } else if kind.is_file() && is_markdown(&path) && !is_about_files(&name) {
                let common = self.common.take();
                self.common = Some(common.map_or_else(|| folder.to_owned(), |common| shared(&common, folder)));
            }
        }
    }
}

/// Whether a file is about those beside it, as most folders have one.
fn is_about_files(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    stem.len() > 3 && stem.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c == '-')
}

/// The deepest folder that both lie in.
fn shared(one: &Path, other: &Path) -> PathBuf {
    one.components().zip(other.components()).take_while(|(a, b)| a == b).map(|(part, _)| part).collect()
}
