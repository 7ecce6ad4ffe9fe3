//! Where passwords and keys come from: a variable of the environment, or a file. systemd gives a service its credentials
//! as files in a folder of their own (`LoadCredential=`): a plain name is looked for there first.

use std::path::{Path, PathBuf};

use super::{
    Secret,
    bounds::path,
    check::{ConfigRefusal, refuse},
    raw,
};

/// The folder of systemd's credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// A secret in a variable.
pub(super) fn of_environment(key: &str, variable: &str) -> Result<Secret, ConfigRefusal> {
    let missing = |_| refuse(key, format!("the environment has no {variable}"));
    Ok(Secret::new(std::env::var(variable).map_err(missing)?))
}

/// The file that is meant: a credential of that name, or a path beside the configuration.
pub(super) fn place(key: &str, base: &Path, text: &str) -> Result<PathBuf, ConfigRefusal> {
    let beside = path(key, base, text)?;
    let is_name = !text.contains('/') && !text.starts_with('.');
    let folder = std::env::var_os(CREDENTIALS).filter(|_| is_name);
    let credential = folder.map(|folder| Path::new(&folder).join(text)).filter(|file| file.is_file());
    Ok(credential.unwrap_or(beside))
}

/// A secret in a file, without the line end behind it.
pub(super) fn of_file(key: &str, file: &Path) -> Result<Secret, ConfigRefusal> {
    let wrong = |what: String| refuse(key, format!("cannot read {}: {what}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.is_empty() {
        return Err(wrong("it is empty".to_owned()));
    }
    Ok(Secret::new(secret.to_owned()))
}

/// The files that a configuration names for secrets, with their keys, but for those of `[[dkim]]`, which are looked at where
/// they are read.
pub(super) fn files(raw: &raw::RawConfig, base: &Path) -> Vec<(&'static str, PathBuf)> {
    let relays = raw.relay.iter().map(|relay| ("relay", relay)).chain(raw.relays.iter().map(|relay| ("relays", relay)));
    let mut files = Vec::new();
    for (table, relay) in relays {
        let [password, certificate] = match table {
            "relay" => ["relay.password_file", "relay.certificate_key"],
            _ => ["relays.password_file", "relays.certificate_key"],
        };
        for (key, file) in [(password, &relay.password_file), (certificate, &relay.certificate_key)] {
            files.extend(file.as_ref().and_then(|file| Some((key, place(key, base, file).ok()?))));
        }
    }
    let sources = raw
        .sources
        .iter()
        .flat_map(|source| [("sources.password_file", &source.password_file), ("sources.key_file", &source.key_file)]);
    for (key, file) in sources.chain([("store.url_file", &raw.store.url_file)]) {
        files.extend(file.as_ref().and_then(|file| Some((key, place(key, base, file).ok()?))));
    }
    files
}
