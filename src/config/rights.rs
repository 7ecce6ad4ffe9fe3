//! What the magazine states of its rights in words that machines read: a licence, whether texts may be mined (TDMRep), and
//! terms for machines (RSL, Really Simple Licensing). What it does not state is told nowhere.

use serde::Deserialize;
use url::Url;

use super::check::{ConfigRefusal, refuse, web};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawRights {
    /// Where the licence stands.
    pub license: Option<String>,
    /// Whether the right to mine texts and data is reserved.
    pub tdm_reservation: Option<bool>,
    /// Where it stands who may mine them, and for what.
    pub tdm_policy: Option<String>,
    /// The same in the words of Really Simple Licensing.
    pub rsl: Option<RawRsl>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRsl {
    /// Uses that are permitted, in RSL's words.
    #[serde(default)]
    pub permits: Vec<String>,
    /// Uses that are not.
    #[serde(default)]
    pub prohibits: Vec<String>,
    /// How a use is paid, in RSL's words.
    pub payment: Option<String>,
    /// Where.
    pub payment_url: Option<String>,
}

/// What is stated.
#[derive(Debug, Default, Clone)]
pub struct Rights {
    /// Where the licence stands that readers have.
    pub license: Option<Url>,
    /// Whether texts may be mined.
    pub tdm: Option<TdmReservation>,
    /// What machines may do.
    pub rsl: Option<RslTerms>,
}

/// The TDM Reservation Protocol: whether mining is reserved, and where one may ask for it.
#[derive(Debug, Clone)]
pub struct TdmReservation {
    /// Whether it is reserved.
    pub reserved: bool,
    /// Where the policy stands.
    pub policy: Option<Url>,
}

/// Terms of RSL 1.0.
#[derive(Debug, Clone)]
pub struct RslTerms {
    /// What is permitted.
    pub permits: Vec<String>,
    /// What is prohibited.
    pub prohibits: Vec<String>,
    /// What is given for it.
    pub payment: Option<String>,
    /// Where its conditions stand.
    pub payment_url: Option<Url>,
}

/// What machines may do, as RSL calls it.
const USES: [&str; 6] = ["all", "ai-all", "ai-train", "ai-input", "ai-index", "search"];

/// What they give for it.
const PAYMENTS: [&str; 8] =
    ["free", "attribution", "contribution", "purchase", "subscription", "training", "crawl", "use"];

pub(super) fn check(raw: RawRights) -> Result<Rights, ConfigRefusal> {
    let address = |key: &'static str, text: Option<String>| text.map(|text| web(key, &text)).transpose();
    let policy = address("rights.tdm_policy", raw.tdm_policy)?;
    if policy.is_some() && raw.tdm_reservation != Some(true) {
        return Err(refuse("rights.tdm_policy", "it tells how to get what is reserved: write tdm_reservation = true"));
    }
    Ok(Rights {
        license: address("rights.license", raw.license)?,
        tdm: raw.tdm_reservation.map(|reserved| TdmReservation { reserved, policy }),
        rsl: raw.rsl.map(terms).transpose()?,
    })
}

fn terms(raw: RawRsl) -> Result<RslTerms, ConfigRefusal> {
    for (key, uses) in [("rights.rsl.permits", &raw.permits), ("rights.rsl.prohibits", &raw.prohibits)] {
        if let Some(unknown) = uses.iter().find(|name| !USES.contains(&name.as_str())) {
            return Err(refuse(key, format!("{unknown:?} is no use that RSL knows: there are {}", USES.join(", "))));
        }
    }
    if let Some(both) = raw.permits.iter().find(|name| raw.prohibits.contains(name)) {
        return Err(refuse("rights.rsl.prohibits", format!("{both:?} is permitted, too: write it once")));
    }
    if raw.permits.is_empty() && raw.prohibits.is_empty() {
        return Err(refuse("rights.rsl", "it says nothing: write what is permitted, or prohibited"));
    }
    if let Some(payment) = raw.payment.as_ref().filter(|payment| !PAYMENTS.contains(&payment.as_str())) {
        let known = PAYMENTS.join(", ");
        return Err(refuse(
            "rights.rsl.payment",
            format!("{payment:?} is no payment that RSL knows: there are {known}"),
        ));
    }
    if raw.payment_url.is_some() && raw.payment.is_none() {
        return Err(refuse("rights.rsl.payment", "it is missing: say what payment_url is about"));
    }
    Ok(RslTerms {
        permits: raw.permits,
        prohibits: raw.prohibits,
        payment: raw.payment,
        payment_url: raw.payment_url.map(|text| web("rights.rsl.payment_url", &text)).transpose()?,
    })
}
