//! What readers agree to. The words are the magazine's: ours, or those of a list in the configuration for pages of
//! its own. What somebody sends is compared with them and never taken for them.

use super::form::Wrong;
use crate::{
    config::Config,
    locales::fill,
    model::{Lang, text},
};

/// Our words in a language.
pub(super) fn ours(config: &Config, lang: Lang) -> String {
    fill(&lang.words().readers.consent, &[("magazine", &config.magazine.name)])
}

/// The words that were agreed to, of those that there are: ours if none were sent.
pub(super) fn given(config: &Config, lang: Lang, sent: &str) -> Result<String, Wrong> {
    let sent = text::one_line(&text::legalise(sent).0);
    if sent.is_empty() {
        return Ok(ours(config, lang));
    }
    let known = Lang::all().map(|lang| ours(config, lang)).chain(config.web.consents.iter().cloned());
    let wrong = Wrong { field: "consent", words: &lang.words().readers.consent_wrong };
    known.into_iter().find(|words| *words == sent).ok_or(wrong)
}
