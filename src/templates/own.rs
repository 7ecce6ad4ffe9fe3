//! A magazine's own templates, read once and rendered within bounds: a mistake is told with its file and line.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error as _,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use askama::filters::{Html, escape};
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value, escape_formatter, value::Serde};
use serde::Serialize;

use super::DEFAULTS;

/// What a template may cost: about as many steps, or 64 bytes each. A letter of a thousand columns takes a tenth.
const FUEL: u64 = 2_000_000;

/// Below this a magazine has pieces of its own, which its templates include.
const PARTS: &str = "parts/";

/// Under this each default is there as well, so that a template may build on the one that it takes the place of.
const DEFAULT: &str = "default/";

/// The templates of a magazine's folder.
#[derive(Clone)]
pub struct OwnTemplates(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    /// Which the folder has.
    names: BTreeSet<String>,
    environment: Environment<'static>,
}

/// Why one of them cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct OwnError {
    /// File and line.
    place: String,
    reason: String,
}

impl OwnTemplates {
    /// Takes what a folder holds, each file by its name below it.
    pub fn new(folder: &Path, files: BTreeMap<String, String>) -> Result<Self, OwnError> {
        for name in files.keys() {
            if !is_known(name) {
                let names: Vec<&str> = DEFAULTS.iter().map(|(name, _)| *name).collect();
                let reason = format!(
                    "no template has this name: they are {}, and what they include stands below {PARTS} and ends in \
                     .mjml, .html, .txt or .css",
                    names.join(", ")
                );
                return Err(OwnError { place: folder.join(name).display().to_string(), reason });
            }
        }
        let names = files.keys().cloned().collect();
        let mut inner = Inner { folder: folder.to_owned(), names, environment: environment() };
        for (name, text) in DEFAULTS {
            inner.add(format!("{DEFAULT}{name}"), (*text).to_owned())?;
            if !inner.names.contains(*name) {
                inner.add((*name).to_owned(), (*text).to_owned())?;
            }
        }
        for (name, text) in files {
            inner.add(name, text)?;
        }
        Ok(Self(Arc::new(inner)))
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Whether a template is another one than the program's: it is in the folder, or something that it may include.
    pub fn concerns(&self, name: &str) -> bool {
        let is_page = |name: &str| name.starts_with("web/") && name.ends_with(".html");
        // What the layouts of the digest are made of.
        let kind = |name: &str| name.rsplit_once('.').map(|(_, kind)| kind.to_owned());
        let is_part =
            |own: &String| name.starts_with("digest") && own.starts_with("letter/") && kind(own) == kind(name);
        self.0.names.contains(name)
            || (is_page(name) && self.0.names.iter().any(|own| is_page(own)))
            || self.0.names.iter().any(is_part)
    }

    /// Fills a template in.
    pub fn render(&self, name: &str, view: &impl Serialize) -> Result<String, OwnError> {
        let rendered = self.0.environment.get_template(name).and_then(|template| template.render(Serde(view)));
        rendered.map_err(|error| self.0.refusal(&error))
    }

    /// Says of a template's result that it cannot be used.
    pub fn refuse(&self, name: &str, reason: impl Into<String>) -> OwnError {
        OwnError { place: self.0.place(name), reason: reason.into() }
    }
}

impl Inner {
    fn add(&mut self, name: String, text: String) -> Result<(), OwnError> {
        self.environment.add_template_owned(name, text).map_err(|error| self.refusal(&error))
    }

    /// Where a template comes from.
    fn place(&self, name: &str) -> String {
        match self.names.contains(name) {
            true => self.folder.join(name).display().to_string(),
            false => format!("gazetier's {}", name.trim_start_matches(DEFAULT)),
        }
    }

    /// An error by where it began: of a template that another one includes, in that one.
    fn refusal(&self, error: &minijinja::Error) -> OwnError {
        let mut first = error;
        while let Some(cause) = first.source().and_then(|cause| cause.downcast_ref::<minijinja::Error>()) {
            first = cause;
        }
        let place = first.name().or(error.name()).map_or_else(
            || self.folder.display().to_string(),
            |name| match first.line().or(error.line()) {
                Some(line) => format!("{}:{line}", self.place(name)),
                None => self.place(name),
            },
        );
        let reason = match (first.kind(), first.detail()) {
            (minijinja::ErrorKind::OutOfFuel, _) => "it does not come to an end: it repeats too much".to_owned(),
            (kind, Some(detail)) => format!("{kind}: {detail}"),
            (kind, None) => kind.to_string(),
        };
        OwnError { place, reason }
    }
}

impl fmt::Debug for OwnTemplates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnTemplates").field("folder", &self.0.folder).field("names", &self.0.names).finish()
    }
}

/// Whether a file of the folder has a name that is used.
fn is_known(name: &str) -> bool {
    let is_text = |name: &str| is_markup(name) || name.ends_with(".txt") || name.ends_with(".css");
    DEFAULTS.iter().any(|(known, _)| *known == name) || (name.starts_with(PARTS) && is_text(name))
}

fn is_markup(name: &str) -> bool {
    name.ends_with(".html") || name.ends_with(".mjml")
}

/// Nothing is read from anywhere: a template may name those that were put in, and no others.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| if is_markup(name) { AutoEscape::Html } else { AutoEscape::None });
    environment.set_formatter(write_value);
    environment.set_fuel(Some(FUEL));
    // So that an error names what is not there. The values that minijinja then keeps with it are not told.
    environment.set_debug(true);
    environment
}

/// Writes a value as the compiled templates do, so that both give the same bytes.
fn write_value(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    if !matches!(state.auto_escape(), AutoEscape::Html) || value.is_safe() {
        return escape_formatter(out, state, value);
    }
    let Ok(escaped) = escape(value, Html);
    Ok(write!(out, "{escaped}")?)
}
