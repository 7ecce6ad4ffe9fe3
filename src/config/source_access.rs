//! How a source's server knows us: by a user and a password, or by a key. Passwords come from the environment, as those of
//! relays do.

use super::{
    Secret,
    check::{ConfigRefusal, refuse},
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
    pub(super) fn check(raw: &RawSource, kind: SourceKind, url: Option<&SourceUrl>) -> Result<Self, ConfigRefusal> {
        let given =
            [("user", &raw.user), ("password_env", &raw.password_env), ("key", &raw.key), ("key_env", &raw.key_env)];
        let taken: &[&str] = match (kind, url) {
            (SourceKind::Wordpress, Some(_)) => &["user", "password_env"],
            (SourceKind::Ghost, Some(_)) => &["key", "key_env"],
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
        let login = match (&raw.user, &raw.password_env) {
            (None, None) => None,
            (Some(user), Some(variable)) => Some((user.clone(), from_environment("password_env", variable)?)),
            (Some(_), None) => {
                return Err(refuse("sources.user", "sources.password_env must name the variable with its password"));
            }
            (None, Some(_)) => return Err(refuse("sources.password_env", "sources.user is missing")),
        };
        let key = match (&raw.key, &raw.key_env) {
            (None, None) => None,
            (Some(key), None) => Some(Secret::new(key.trim().to_owned())),
            (None, Some(variable)) => Some(from_environment("key_env", variable)?),
            (Some(_), Some(_)) => return Err(refuse("sources.key", "sources.key_env is there too: write one")),
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

fn from_environment(key: &str, variable: &str) -> Result<Secret, ConfigRefusal> {
    let missing = |_| refuse(&format!("sources.{key}"), format!("the environment has no {variable}"));
    Ok(Secret::new(std::env::var(variable).map_err(missing)?.trim().to_owned()))
}
