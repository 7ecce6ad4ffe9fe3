//! Puts the languages into the program: every file in `locales`, so that one more language is one more file. A file that
//! lacks a word, or has one that nobody knows, stops the build.

use std::{
    env,
    error::Error,
    fmt::Write,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

/// The shape of the files.
#[allow(dead_code, unused_imports)]
#[path = "src/locales/words.rs"]
mod words;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=src/locales/words.rs");
    println!("cargo::rerun-if-changed=src/locales/desk.rs");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("locales");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort();
    let mut all = DefaultHasher::new();
    let mut list = String::from("&[\n");
    for path in files {
        let text = fs::read_to_string(&path)?;
        toml::from_str::<words::Words>(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        text.hash(&mut all);
        let tag = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        writeln!(list, "    ({tag:?}, include_str!({path:?})),")?;
    }
    list.push(']');
    // Changes when a word does: what is made with words is made again.
    println!("cargo::rustc-env=GAZETIER_LOCALES={:016x}", all.finish());
    fs::write(Path::new(&env::var("OUT_DIR")?).join("locales.rs"), list)?;
    Ok(())
}
