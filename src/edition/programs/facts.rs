//! The table: what is dropped, by whom, and how much of a letter goes with it.

/// A program or a webmail that many readers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailProgram {
    AppleMail,
    Gmail,
    /// The one for Windows that shows letters as Word does.
    OutlookClassic,
    Orange,
    LaPoste,
}

impl MailProgram {
    pub const ALL: [Self; 5] = [Self::AppleMail, Self::Gmail, Self::OutlookClassic, Self::Orange, Self::LaPoste];

    /// As addresses have it.
    pub fn key(self) -> &'static str {
        match self {
            Self::AppleMail => "apple",
            Self::Gmail => "gmail",
            Self::OutlookClassic => "outlook",
            Self::Orange => "orange",
            Self::LaPoste => "laposte",
        }
    }

    /// Its own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::AppleMail => "Apple Mail",
            Self::Gmail => "Gmail",
            Self::OutlookClassic => "Outlook (Windows)",
            Self::Orange => "Orange",
            Self::LaPoste => "laposte.net",
        }
    }

    /// The program with this key.
    pub fn known(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|program| program.key() == key)
    }
}

/// What a letter can lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// All style elements: the letter stands as on a phone, by day.
    Styles,
    /// What is there for wide screens alone.
    WideScreens,
    NightColours,
    Corners,
    /// Words that run round something.
    Floats,
    /// The most and the least that something is wide.
    Widths,
    /// Room around words, and blocks within lines.
    Blocks,
    /// Flexible boxes, grids and fixed places.
    Placement,
    Backgrounds,
    /// Films, sounds, drawings, forms and fonts.
    Media,
    /// What programs need that read letters aloud.
    Speech,
}

/// Where something stands that is dropped.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// Properties of style attributes and style elements.
    Properties(&'static [&'static str]),
    /// Properties on these elements alone.
    PropertiesOn(&'static [&'static str], &'static [&'static str]),
    /// A property with one of these values.
    Values(&'static str, &'static [&'static str]),
    Elements(&'static [&'static str]),
    Attributes(&'static [&'static str]),
    StyleElements,
    /// Blocks of style elements with these words in their condition.
    Queries(&'static str),
}

/// A line of the table.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) place: Place,
    pub(super) loss: Loss,
    /// How many points of a hundred go.
    pub(super) points: u32,
    pub(super) programs: &'static [MailProgram],
}

use MailProgram::{Gmail, LaPoste, Orange, OutlookClassic as Outlook};

/// Elements that Word gives no room of their own within.
const WORD_TIGHT: &[&str] = &["a", "b", "div", "em", "h1", "h2", "h3", "img", "li", "p", "span", "strong"];

/// What is known, as of the end of 2026. Where a program has it in some versions, it counts as dropped.
pub(super) const FACTS: &[Fact] = &[
    Fact { place: Place::StyleElements, loss: Loss::Styles, points: 6, programs: &[LaPoste] },
    Fact { place: Place::Queries("width"), loss: Loss::WideScreens, points: 2, programs: &[Outlook] },
    Fact {
        place: Place::Queries("prefers-color-scheme"),
        loss: Loss::NightColours,
        points: 2,
        programs: &[Gmail, Outlook, Orange],
    },
    Fact { place: Place::Properties(&["border-radius"]), loss: Loss::Corners, points: 1, programs: &[Outlook, Orange] },
    Fact { place: Place::Properties(&["float", "clear"]), loss: Loss::Floats, points: 2, programs: &[Outlook] },
    Fact {
        place: Place::Properties(&["max-width", "min-width", "max-height", "object-fit"]),
        loss: Loss::Widths,
        points: 2,
        programs: &[Outlook],
    },
    // It goes by the attributes.
    Fact {
        place: Place::PropertiesOn(&["width", "height"], &["img"]),
        loss: Loss::Widths,
        points: 0,
        programs: &[Outlook],
    },
    Fact { place: Place::Properties(&["object-fit"]), loss: Loss::Widths, points: 2, programs: &[Orange] },
    Fact {
        place: Place::PropertiesOn(
            &["padding", "padding-left", "padding-right", "padding-top", "padding-bottom", "display"],
            WORD_TIGHT,
        ),
        loss: Loss::Blocks,
        points: 3,
        programs: &[Outlook],
    },
    Fact {
        place: Place::Values("display", &["flex", "inline-flex", "grid", "inline-grid"]),
        loss: Loss::Placement,
        points: 25,
        programs: &[Outlook, Orange, LaPoste],
    },
    Fact {
        place: Place::Properties(&["position", "transform"]),
        loss: Loss::Placement,
        points: 15,
        programs: &[Gmail, Outlook, Orange, LaPoste],
    },
    Fact {
        place: Place::Properties(&["background-image", "background-size", "background-position"]),
        loss: Loss::Backgrounds,
        points: 10,
        programs: &[Outlook, LaPoste],
    },
    Fact { place: Place::Attributes(&["background"]), loss: Loss::Backgrounds, points: 5, programs: &[Outlook] },
    Fact {
        place: Place::Elements(&["video", "audio", "svg", "form", "input", "button", "iframe", "object", "canvas"]),
        loss: Loss::Media,
        points: 20,
        programs: &[Gmail, Outlook, Orange, LaPoste],
    },
    Fact {
        place: Place::Queries("@font-face"),
        loss: Loss::Media,
        points: 5,
        programs: &[Gmail, Outlook, Orange, LaPoste],
    },
    Fact { place: Place::Attributes(&["lang", "role"]), loss: Loss::Speech, points: 3, programs: &[Orange] },
];
