//! What readers agree to. The words are the magazine's: ours, or those of a list in the configuration for pages of
//! its own. What somebody sends is compared with them and never taken for them.

use super::form::FieldError;
use crate::{
    config::Config,
    model::{Lang, text},
};

/// Our words in a language.
pub(super) use crate::outbox::consent::words as ours;

/// The words that were agreed to, of those that there are: ours if none were sent.
pub(super) fn given(config: &Config, lang: Lang, sent: &str) -> Result<String, FieldError> {
    let sent = text::one_line(&text::remove_illegal(sent).0);
    if sent.is_empty() {
        return Ok(ours(config, lang));
    }
    let known = Lang::all().map(|lang| ours(config, lang)).chain(config.web.consents.iter().cloned());
    let wrong = FieldError { field: "consent", words: &lang.words().readers.consent_wrong };
    known.into_iter().find(|words| *words == sent).ok_or(wrong)
}
