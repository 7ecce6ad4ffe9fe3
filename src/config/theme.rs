//! How the digest, the desk and the page of feeds look. Colours that nobody could read are refused
//! here, so that no template has to ask.

use std::path::Path;

use serde::Deserialize;
use url::Url;

use super::{
    bounds::{number, path as path_of},
    check::{ConfigRefusal, legal, line, refuse, web},
    templates,
};
use crate::{
    model::{Colour, colour::MIN_CONTRAST},
    templates::OwnTemplates,
};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTheme {
    /// Of texts.
    pub ink: Option<String>,
    /// Of what is less important.
    pub muted: Option<String>,
    /// Around the sheet.
    pub paper: Option<String>,
    /// The sheet.
    pub surface: Option<String>,
    /// Of links and buttons.
    pub accent: Option<String>,
    /// Names of fonts with commas between.
    pub serif: Option<String>,
    /// The same, of labels and small words.
    pub sans: Option<String>,
    /// Instead of the name in letters.
    pub logo: Option<RawLogo>,
    /// The digest's own name, instead of the magazine's.
    pub masthead: Option<String>,
    /// Words at the digest's foot, in Markdown.
    #[serde(default)]
    pub footer: String,
    /// A folder of templates that take the place of the program's.
    pub templates: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLogo {
    /// Where the picture is.
    pub url: String,
    /// How wide it is shown, in pixels.
    pub width: u32,
    /// What it says; the magazine's name without it.
    pub alt: Option<String>,
}

/// How the digest and the page of feeds look.
#[derive(Debug, Clone)]
pub struct Theme {
    /// Text.
    pub ink: Colour,
    /// Lesser text.
    pub muted: Colour,
    /// Around the sheet.
    pub paper: Colour,
    /// The sheet.
    pub surface: Colour,
    /// The magazine's own colour.
    pub accent: Colour,
    /// Font stack of titles and texts.
    pub serif: String,
    /// Font stack of labels.
    pub sans: String,
    /// Shown instead of the name.
    pub logo: Option<Logo>,
    /// The digest's own name, instead of the magazine's.
    pub masthead: Option<String>,
    /// Words at the digest's foot, in Markdown.
    pub footer: String,
    /// The magazine's own templates, in place of the program's.
    pub templates: Option<OwnTemplates>,
}

/// A masthead's picture.
#[derive(Debug, Clone)]
pub struct Logo {
    /// Absolute.
    pub url: Url,
    /// In pixels.
    pub width: u32,
    /// The magazine's name unless the configuration says otherwise.
    pub alt: String,
}

pub(super) fn check(raw: RawTheme, magazine: &str, base: &Path) -> Result<Theme, ConfigRefusal> {
    let logo = raw.logo.map(|logo| {
        let alt = logo.alt.unwrap_or_else(|| raw.masthead.as_deref().unwrap_or(magazine).to_owned());
        Ok::<_, ConfigRefusal>(Logo {
            url: web("theme.logo.url", &logo.url)?,
            width: number("theme.logo.width", logo.width, 1, 600)?,
            alt: line("theme.logo.alt", alt)?,
        })
    });
    let logo = logo.transpose()?;
    let shade = |key, value: Option<String>, default: &str| colour(key, &value.unwrap_or_else(|| default.to_owned()));
    let theme = Theme {
        ink: shade("theme.ink", raw.ink, "#1d2730")?,
        muted: shade("theme.muted", raw.muted, "#5a6670")?,
        paper: shade("theme.paper", raw.paper, "#ece7dd")?,
        surface: shade("theme.surface", raw.surface, "#fbf9f4")?,
        accent: shade("theme.accent", raw.accent, "#0f5568")?,
        serif: stack("theme.serif", raw.serif, "Charter, 'Iowan Old Style', Georgia, 'Times New Roman', serif")?,
        sans: stack("theme.sans", raw.sans, "'Avenir Next', 'Segoe UI', Helvetica, Arial, sans-serif")?,
        logo,
        masthead: raw.masthead.map(|words| line("theme.masthead", words)).transpose()?,
        footer: legal("theme.footer", raw.footer)?,
        templates: match raw.templates {
            Some(folder) => Some(templates::read(&path_of(templates::KEY, base, &folder)?)?),
            None => None,
        },
    };
    for (key, text) in [("theme.ink", theme.ink), ("theme.muted", theme.muted)] {
        for (name, ground) in [("theme.surface", theme.surface), ("theme.paper", theme.paper)] {
            let contrast = text.contrast(ground);
            if contrast < MIN_CONTRAST {
                return Err(refuse(
                    key,
                    format!(
                        "words in {text} cannot be read on {name} ({ground}): the contrast is {contrast:.1} and must \
                         be {MIN_CONTRAST} or more; {} would do",
                        text.legible_on(ground)
                    ),
                ));
            }
        }
    }
    Ok(theme)
}

/// A colour such as `#1f4e79`.
pub(super) fn colour(key: &str, value: &str) -> Result<Colour, ConfigRefusal> {
    value.parse().map_err(|error| refuse(key, error))
}

/// A stack stands in style attributes and rules: what could end one has no place in it.
fn stack(key: &str, value: Option<String>, default: &str) -> Result<String, ConfigRefusal> {
    let value = value.unwrap_or_else(|| default.to_owned());
    if value.chars().any(|c| matches!(c, '"' | '<' | '>' | '{' | '}' | ';' | '&') || c.is_control()) {
        return Err(refuse(key, "write font names with commas between; names in single quotes"));
    }
    Ok(value)
}
