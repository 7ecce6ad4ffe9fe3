//! What the magazine states of its rights, as each place has it: TDMRep's file and headers, RSL's document, module and
//! link, and lines for `robots.txt`. Where nothing is stated, nothing is written.

use std::collections::BTreeMap;

use rss::extension::Extension;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Error, address, news::NEWS_FILE};
use crate::{
    config::{Config, RslTerms},
    model::html::escape,
};

/// Really Simple Licensing 1.0, which is also its namespace.
pub(super) const RSL: &str = "https://rslstandard.org/rsl";

/// Licences in RSS.
pub(super) const CREATIVE_COMMONS: &str = "http://backend.userland.com/creativeCommonsRssModule";

/// The files that tell of rights, below the folder of the feeds.
pub const RSL_FILE: &str = "rsl.xml";
pub const TDM_FILE: &str = "tdmrep.json";

/// Where machines look for TDMRep's file.
pub const TDM_PATH: &str = "/.well-known/tdmrep.json";

/// A rule of TDMRep's file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TdmRule {
    location: String,
    #[serde(rename = "tdm-reservation")]
    reservation: u8,
    #[serde(rename = "tdm-policy", skip_serializing_if = "Option::is_none", default)]
    policy: Option<String>,
}

/// The files that tell of rights: path below the folder of the feeds, and bytes.
pub fn files(config: &Config) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    let mut files = Vec::new();
    if let Some(terms) = &config.rights.rsl {
        files.push((RSL_FILE, document(config, terms).into_bytes()));
    }
    files.extend(tdm_file(config)?.map(|bytes| (TDM_FILE, bytes)));
    Ok(files)
}

/// Whether a file tells of rights as we write it: such a one is taken away when nothing is stated any more.
pub fn is_ours(path: &str, bytes: &[u8]) -> bool {
    match path {
        RSL_FILE => bytes.starts_with(rsl_head().as_bytes()),
        TDM_FILE => {
            let rules: Option<Vec<TdmRule>> = serde_json::from_slice(bytes).ok();
            rules.and_then(|rules| json(&rules).ok()).is_some_and(|ours| ours == bytes)
        }
        _ => false,
    }
}

/// TDMRep's file: for all that stands below the magazine's address, and below that of the feeds.
pub fn tdm_file(config: &Config) -> Result<Option<Vec<u8>>, Error> {
    let Some(tdm) = &config.rights.tdm else { return Ok(None) };
    let rule = |url: &Url| TdmRule {
        location: url.path().to_owned(),
        reservation: u8::from(tdm.reserved),
        policy: tdm.policy.as_ref().map(|policy| address(policy).into_owned()),
    };
    let (magazine, feeds) = (&config.magazine.url, &config.feeds.url);
    let mut rules = vec![rule(feeds)];
    if magazine.origin() == feeds.origin() {
        rules.retain(|_| !feeds.path().starts_with(magazine.path()));
        rules.insert(0, rule(magazine));
    }
    json(&rules).map(Some)
}

fn json(rules: &[TdmRule]) -> Result<Vec<u8>, Error> {
    let text = serde_json::to_string_pretty(rules);
    let text = text.map_err(|reason| Error::Form { form: "TDMRep", reason: reason.to_string() })?;
    Ok((text + "\n").into_bytes())
}

fn rsl_head() -> String {
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- gazetier -->\n<rsl xmlns=\"{RSL}\">\n")
}

/// RSL's document: the terms for the whole magazine.
fn document(config: &Config, terms: &RslTerms) -> String {
    let mut xml = rsl_head();
    xml.push_str(&format!(" <content url=\"{}\">\n  <license>\n", escape(&address(&config.magazine.url))));
    for (name, attributes, text) in elements(terms) {
        let inner = match text {
            Text::Words(words) => escape(&words),
            Text::Address(address) => format!("<custom>{}</custom>", escape(&address)),
            Text::None => String::new(),
        };
        xml.push_str(&format!("   <{name} type=\"{attributes}\">{inner}</{name}>\n"));
    }
    xml.push_str("  </license>\n");
    if let Some(rights) = &config.magazine.rights {
        xml.push_str(&format!("  <copyright>{}</copyright>\n", escape(rights)));
    }
    if let Some(license) = &config.rights.license {
        xml.push_str(&format!("  <terms>{}</terms>\n", escape(&address(license))));
    }
    xml.push_str(" </content>\n</rsl>\n");
    xml
}

enum Text {
    None,
    Words(String),
    Address(String),
}

/// The elements of a licence: name, type and what is in it.
fn elements(terms: &RslTerms) -> Vec<(&'static str, &str, Text)> {
    let mut elements = Vec::new();
    for (name, uses) in [("permits", &terms.permits), ("prohibits", &terms.prohibits)] {
        if !uses.is_empty() {
            elements.push((name, "usage", Text::Words(uses.join(" "))));
        }
    }
    if let Some(payment) = &terms.payment {
        let url = terms.payment_url.as_ref();
        elements.push(("payment", payment, url.map_or(Text::None, |url| Text::Address(address(url).into_owned()))));
    }
    elements
}

/// What an item of RSS says of a column, in RSL's module.
pub(super) fn rss_content(terms: &RslTerms, column: &Url) -> Extension {
    let named = |name: &str| Extension { name: format!("rsl:{name}"), ..Extension::default() };
    let mut license = named("license");
    for (name, kind, text) in elements(terms) {
        let mut element = named(name);
        element.attrs.insert("type".to_owned(), kind.to_owned());
        match text {
            Text::None => {}
            Text::Words(words) => element.value = Some(words),
            Text::Address(address) => {
                let custom = Extension { value: Some(address), ..named("custom") };
                element.children.insert("custom".to_owned(), vec![custom]);
            }
        }
        license.children.insert(name.to_owned(), vec![element]);
    }
    Extension {
        attrs: BTreeMap::from([("url".to_owned(), address(column).into_owned())]),
        children: BTreeMap::from([("license".to_owned(), vec![license])]),
        ..named("content")
    }
}

/// A licence that a document names (RFC 4946). Of several, each has a title.
pub(super) struct LicenseLink {
    pub(super) href: String,
    pub(super) media_type: Option<&'static str>,
    pub(super) title: &'static str,
}

/// The licences that a document names.
pub(super) fn licenses(config: &Config) -> Result<Vec<LicenseLink>, Error> {
    let mut licenses = Vec::new();
    if let Some(license) = &config.rights.license {
        let href = address(license).into_owned();
        licenses.push(LicenseLink { href, media_type: None, title: "License" });
    }
    if config.rights.rsl.is_some() {
        let href = address(&rsl_url(config)?).into_owned();
        licenses.push(LicenseLink { href, media_type: Some("application/rsl+xml"), title: "RSL" });
    }
    Ok(licenses)
}

fn rsl_url(config: &Config) -> Result<Url, Error> {
    Ok(config.feeds.url.join(RSL_FILE)?)
}

/// Headers of every published file, by their names.
pub fn headers(config: &Config) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    if let Some(tdm) = &config.rights.tdm {
        headers.push(("tdm-reservation", u8::from(tdm.reserved).to_string()));
        headers.extend(tdm.policy.as_ref().map(|policy| ("tdm-policy", super::serving::address(policy))));
    }
    if let Some(license) = &config.rights.license {
        headers.push(("link", format!("<{}>; rel=\"license\"", super::serving::address(license))));
    }
    if let (Some(_), Ok(url)) = (&config.rights.rsl, rsl_url(config)) {
        let url = super::serving::address(&url);
        headers.push(("link", format!("<{url}>; rel=\"license\"; type=\"application/rsl+xml\"")));
    }
    headers
}

/// The file that shows search engines that it is the magazine who tells them of pages: its path on the host, and what it
/// holds.
pub fn key_file(config: &Config) -> Option<(String, &str)> {
    let key = config.search_engines.indexnow.as_ref()?.key.as_str();
    Some((format!("/{key}.txt"), key))
}

/// Lines for the magazine's `robots.txt`.
pub fn robots(config: &Config) -> Result<String, Error> {
    let mut text = String::new();
    if config.rights.rsl.is_some() {
        text.push_str(&format!("License: {}\n", rsl_url(config)?));
    }
    if config.search_engines.news_sitemap {
        text.push_str(&format!("Sitemap: {}\n", config.feeds.url.join(NEWS_FILE)?));
    }
    Ok(text)
}

/// JSON Feed has no place for it: it stands in an extension of ours.
#[derive(Serialize)]
pub(super) struct JsonRights<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tdm_reservation: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tdm_policy: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rsl: Option<String>,
}

pub(super) fn json_rights(config: &Config) -> Result<Option<JsonRights<'_>>, Error> {
    let rights = &config.rights;
    if rights.license.is_none() && rights.tdm.is_none() && rights.rsl.is_none() {
        return Ok(None);
    }
    Ok(Some(JsonRights {
        license: rights.license.as_ref().map(Url::as_str),
        tdm_reservation: rights.tdm.as_ref().map(|tdm| tdm.reserved),
        tdm_policy: rights.tdm.as_ref().and_then(|tdm| Some(tdm.policy.as_ref()?.as_str())),
        rsl: rights.rsl.as_ref().map(|_| rsl_url(config)).transpose()?.map(String::from),
    }))
}
