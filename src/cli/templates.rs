//! `gazetier templates`: what the program's letters and pages are made of, for a magazine that wants them otherwise.

use std::{fs::Permissions, io::Write, os::unix::fs::PermissionsExt, path::Path, process::ExitCode};

use super::{Execute, exit, session::Session};
use crate::templates::DEFAULTS;

/// The templates of letters and of readers' pages.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Write templates of the program into the folder that theme.templates names, to be changed there. A file that is
    /// there is left as it is.
    Eject {
        /// Such as digest.mjml or web/layout.html; all of them if none is named.
        names: Vec<String>,
    },
}

/// What a file that anybody may read has, before the user's own mask.
const FILE_MODE: u32 = 0o666;

impl Execute for Command {
    async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let Command::Eject { names } = self;
        let config = &session.config;
        let Some(own) = &config.theme.templates else {
            let message = format!(
                "{}: theme.templates names no folder: make one, and write its name there",
                config.path.display()
            );
            return Err(exit::failure(exit::CONFIGURATION, message));
        };
        if let Some(unknown) = names.iter().find(|name| !DEFAULTS.iter().any(|(known, _)| known == name)) {
            let known: Vec<&str> = DEFAULTS.iter().map(|(name, _)| *name).collect();
            let message = format!("there is no template {unknown:?}: they are {}", known.join(", "));
            return Err(exit::failure(exit::USAGE, message));
        }
        for (name, text) in DEFAULTS {
            if names.is_empty() || names.iter().any(|wanted| wanted == name) {
                let path = own.folder().join(name);
                match write(&path, text) {
                    Ok(true) => println!("wrote {}", path.display()),
                    Ok(false) => println!("left {} as it is", path.display()),
                    Err(error) => {
                        let message = format!("cannot write {}: {error}", path.display());
                        return Err(exit::failure(exit::CANNOT_WRITE, message));
                    }
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes a file unless there is one; says whether it did.
fn write(path: &Path, text: &str) -> std::io::Result<bool> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let permissions = Permissions::from_mode(FILE_MODE);
    let mut file = tempfile::Builder::new().prefix(".").permissions(permissions).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}
