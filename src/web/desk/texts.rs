//! The texts that editors write. Of two who change an edition at once each keeps what they wrote: their fields are put
//! together, and only where both changed the same one does somebody say whose it is.

use super::super::readers::form::Fields;
use crate::{
    config::Config,
    edition::{
        layout::EditionDraft,
        render::{Signature, default_subject},
    },
    model::{Changes, text},
};

/// A field of the desk's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextField {
    Subject,
    Preheader,
    Opening,
    Signed,
    Portrait,
    Closing,
}

impl TextField {
    pub(super) const ALL: [Self; 6] =
        [Self::Subject, Self::Preheader, Self::Opening, Self::Signed, Self::Portrait, Self::Closing];

    /// Whether it has several lines.
    fn is_long(self) -> bool {
        matches!(self, Self::Opening | Self::Closing)
    }

    /// Its name in the form.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Preheader => "preheader",
            Self::Opening => "opening",
            Self::Signed => "signed",
            Self::Portrait => "portrait",
            Self::Closing => "closing",
        }
    }

    /// The name of the hidden field that has what the page showed.
    fn shown_name(self) -> &'static str {
        match self {
            Self::Subject => "was-subject",
            Self::Preheader => "was-preheader",
            Self::Opening => "was-opening",
            Self::Signed => "was-signed",
            Self::Portrait => "was-portrait",
            Self::Closing => "was-closing",
        }
    }

    fn of(self, changes: &Changes) -> &Option<String> {
        match self {
            Self::Subject => &changes.subject,
            Self::Preheader => &changes.preheader,
            Self::Opening => &changes.opening,
            Self::Signed => &changes.signed,
            Self::Portrait => &changes.portrait,
            Self::Closing => &changes.closing,
        }
    }

    fn set(self, changes: &mut Changes, text: Option<String>) {
        match self {
            Self::Subject => changes.subject = text,
            Self::Preheader => changes.preheader = text,
            Self::Opening => changes.opening = text,
            Self::Signed => changes.signed = text,
            Self::Portrait => changes.portrait = text,
            Self::Closing => changes.closing = text,
        }
    }
}

/// A text of each field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) subject: String,
    pub(super) preheader: String,
    pub(super) opening: String,
    pub(super) signed: String,
    pub(super) portrait: String,
    pub(super) closing: String,
}

impl Texts {
    /// As the page of an edition shows them: where nobody wrote anything, what the edition has by itself.
    pub(super) fn shown(config: &Config, draft: &EditionDraft, changes: &Changes) -> Self {
        let Signature { name: signed, portrait } = Signature::of(config, changes);
        Self {
            subject: changes.subject.clone().unwrap_or_else(|| default_subject(config, draft)),
            preheader: changes.preheader.clone().unwrap_or_default(),
            opening: changes.opening.clone().unwrap_or_else(|| config.digest.opening.clone()),
            signed,
            portrait,
            closing: changes.closing.clone().unwrap_or_else(|| config.digest.closing.clone()),
        }
    }

    /// As somebody sent them.
    pub(super) fn sent(fields: &Fields) -> Self {
        Self::named(fields, TextField::name)
    }

    /// As the page had them from which somebody sent them; nothing if it does not say so.
    fn seen(fields: &Fields) -> Option<Self> {
        let mut sent = TextField::ALL.into_iter().filter(|field| fields.has(field.name()));
        let says = sent.all(|field| fields.has(field.shown_name()));
        says.then(|| Self::named(fields, TextField::shown_name))
    }

    fn named(fields: &Fields, name: impl Fn(TextField) -> &'static str) -> Self {
        Self {
            subject: line(fields, name(TextField::Subject)),
            preheader: line(fields, name(TextField::Preheader)),
            opening: long_text(fields, name(TextField::Opening)),
            signed: line(fields, name(TextField::Signed)),
            portrait: line(fields, name(TextField::Portrait)),
            closing: long_text(fields, name(TextField::Closing)),
        }
    }

    pub(super) fn get(&self, field: TextField) -> &str {
        match field {
            TextField::Subject => &self.subject,
            TextField::Preheader => &self.preheader,
            TextField::Opening => &self.opening,
            TextField::Signed => &self.signed,
            TextField::Portrait => &self.portrait,
            TextField::Closing => &self.closing,
        }
    }

    pub(super) fn set(&mut self, field: TextField, text: &str) {
        let text = text.to_owned();
        match field {
            TextField::Subject => self.subject = text,
            TextField::Preheader => self.preheader = text,
            TextField::Opening => self.opening = text,
            TextField::Signed => self.signed = text,
            TextField::Portrait => self.portrait = text,
            TextField::Closing => self.closing = text,
        }
    }

    fn is_same(&self, other: &Self, field: TextField) -> bool {
        text::one_line(self.get(field)) == text::one_line(other.get(field)) && {
            !field.is_long() || self.get(field).trim() == other.get(field).trim()
        }
    }
}

/// A field's text on one line, without what no letter can hold.
pub(super) fn line(fields: &Fields, name: &str) -> String {
    text::one_line(&text::remove_illegal(fields.get(name)).0)
}

/// A field's text on several lines.
fn long_text(fields: &Fields, name: &str) -> String {
    text::remove_illegal(&fields.get(name).replace("\r\n", "\n")).0.into_owned()
}

/// Puts what somebody sent into the changes of an edition: the fields that they changed, and no others. `base`: the
/// changes that their page was made from, if the store still knows them. Gives the fields that somebody else has
/// changed meanwhile as well, which stay as they are.
pub(super) fn merge(
    config: &Config,
    draft: &EditionDraft,
    base: Option<&Changes>,
    fields: &Fields,
    changes: &mut Changes,
) -> Vec<TextField> {
    let (mine, theirs) = (Texts::sent(fields), Texts::shown(config, draft, changes));
    let seen = Texts::seen(fields).or_else(|| base.map(|base| Texts::shown(config, draft, base)));
    let mut clashes = Vec::new();
    for field in TextField::ALL {
        // Who sends no such field says nothing of it.
        if !fields.has(field.name()) {
            continue;
        }
        // What stands as the page showed it, nobody wrote: the subject of another lead is not a subject.
        let is_untouched = seen.as_ref().is_some_and(|seen| mine.is_same(seen, field));
        if is_untouched || mine.is_same(&theirs, field) {
            continue;
        }
        let is_theirs = match (base, &seen) {
            (Some(base), _) => field.of(base) != field.of(changes),
            (None, Some(seen)) => !theirs.is_same(seen, field),
            (None, None) => true,
        };
        if is_theirs {
            clashes.push(field);
        } else {
            let text = written(config, draft, &mine, field);
            field.set(changes, text);
        }
    }
    clashes
}

/// What somebody wrote in a field; nothing if that is what the edition has by itself.
fn written(config: &Config, draft: &EditionDraft, mine: &Texts, field: TextField) -> Option<String> {
    let text = mine.get(field);
    match field {
        TextField::Subject => Some(text)
            .filter(|text| !text::is_blank(text) && *text != default_subject(config, draft))
            .map(str::to_owned),
        TextField::Preheader => Some(text).filter(|text| !text::is_blank(text)).map(str::to_owned),
        // Opening words may be taken away.
        TextField::Opening => (text.trim() != config.digest.opening.trim()).then(|| text.trim().to_owned()),
        TextField::Closing => (text.trim() != config.digest.closing.trim()).then(|| text.trim().to_owned()),
        TextField::Signed => (text != config.digest.signed).then(|| text.to_owned()),
        TextField::Portrait => Some(text.to_owned()),
    }
}
