//! How a source's server knows us: by a user and a password, or by a key. Passwords come from the environment or from
//! files, as those of relays do.

use std::path::Path;

use super::{
    Secret,
    check::{ConfigRefusal, refuse},
    secrets,
    source_url::SourceUrl,
    sources::{RawSource, SourceKind},
};

/// Who we are to a source's server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceAccess {
    /// A user and an application password of WordPress.
    pub login: Option<(String, Secret)>,
    /// A key of Ghost's Content API.
    pub key: Option<Secret>,
}

impl SourceAccess {
    pub(super) fn check(
        raw: &RawSource,
        kind: SourceKind,
        url: Option<&SourceUrl>,
        base: &Path,
    ) -> Result<Self, ConfigRefusal> {
        let given = [
            ("user", &raw.user),
            ("password_env", &raw.password_env),
            ("password_file", &raw.password_file),
            ("key", &raw.key),
            ("key_env", &raw.key_env),
            ("key_file", &raw.key_file),
        ];
        let taken: &[&str] = match (kind, url) {
            (SourceKind::Wordpress, Some(_)) => &["user", "password_env", "password_file"],
            (SourceKind::Ghost, Some(_)) => &["key", "key_env", "key_file"],
            _ => &[],
        };
        if let Some((name, _)) = given.iter().find(|(name, value)| value.is_some() && !taken.contains(name)) {
            let what = format!("a source of the kind {:?} has none here: leave it out", kind.name());
            return Err(refuse(&format!("sources.{name}"), what));
        }
        if let Some(url) = url.filter(|_| kind != SourceKind::Feed)
            && url.has_login()
        {
            return Err(refuse("sources.url", "user and password don't stand in it: use `user` and `password_env`"));
        }
        let password = secret("password", (&raw.password_env, &raw.password_file), base)?;
        let login = match (&raw.user, password) {
            (None, None) => None,
            (Some(user), Some(password)) => Some((user.clone(), password)),
            (Some(_), None) => {
                let what = "sources.password_env must name the variable with its password, or password_file a file";
                return Err(refuse("sources.user", what));
            }
            (None, Some(_)) => return Err(refuse("sources.password_env", "sources.user is missing")),
        };
        let key = match (&raw.key, secret("key", (&raw.key_env, &raw.key_file), base)?) {
            (None, named) => named,
            (Some(key), None) => Some(Secret::new(key.trim().to_owned())),
            (Some(_), Some(_)) => {
                return Err(refuse("sources.key", "sources.key_env or key_file is there too: write one"));
            }
        };
        match &key {
            None if kind == SourceKind::Ghost && url.is_some() => Err(refuse(
                "sources.key",
                "it is missing: write the Content API key of an integration, or name its variable in key_env",
            )),
            Some(key) if key.expose().contains(':') => Err(refuse(
                "sources.key",
                "it is a key of the Admin API, which may change the site: write the Content API key",
            )),
            Some(key) if key.expose().is_empty() || !key.expose().bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Err(refuse("sources.key", "it is no Content API key: letters and digits alone"))
            }
            _ => Ok(Self { login, key }),
        }
    }
}

/// What a variable or a file holds.
fn secret(
    key: &str,
    (variable, file): (&Option<String>, &Option<String>),
    base: &Path,
) -> Result<Option<Secret>, ConfigRefusal> {
    let (env_key, file_key) = (format!("sources.{key}_env"), format!("sources.{key}_file"));
    let found = match (variable, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(refuse(&file_key, format!("{env_key} is there too: write one"))),
        (Some(variable), None) => secrets::of_environment(&env_key, variable)?,
        (None, Some(file)) => secrets::of_file(&file_key, &secrets::place(&file_key, base, file)?)?,
    };
    Ok(Some(Secret::new(found.expose().trim().to_owned())))
}
