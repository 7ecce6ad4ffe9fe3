//! Colours, and whether words can be read on them: contrast as WCAG 2 counts it.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// The least contrast at which text of any size can be read (WCAG 2, level AA).
pub const MIN_CONTRAST: f64 = 4.5;

/// A colour of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(u8, u8, u8);

/// Why a text is no colour.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no colour: write one such as \"#1f4e79\"")]
pub struct NotAColour(String);

impl Colour {
    /// A colour by its parts red, green and blue.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self(red, green, blue)
    }

    /// Between 1, which nobody can read, and 21, black on white.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// This colour if words in it can be read on `ground`, else the nearest one of its hue that
    /// can: darker on light ground, lighter on dark ground.
    pub fn legible_on(self, ground: Self) -> Self {
        let (black, white) = (Self(0, 0, 0), Self(255, 255, 255));
        let end = if black.contrast(ground) > white.contrast(ground) { black } else { white };
        let shades = (0..=100).map(|percent| self.towards(end, percent));
        // The end itself can always be read: no ground is near to both black and white.
        shades.into_iter().find(|shade| shade.contrast(ground) >= MIN_CONTRAST).unwrap_or(end)
    }

    /// The same hue at night, by programs that turn lightness round; black and white become softer.
    pub fn inverted(self) -> Self {
        let parts = [self.0, self.1, self.2].map(i32::from);
        let (most, least) = parts.iter().fold((0, 255), |(most, least), part| (most.max(*part), least.min(*part)));
        let turned = parts.map(|part| 22 + (part + 255 - most - least) * 220 / 255);
        let [red, green, blue] = turned.map(|part| u8::try_from(part).unwrap_or(u8::MAX));
        Self(red, green, blue)
    }

    fn towards(self, end: Self, percent: u16) -> Self {
        let mix = |from: u8, to: u8| {
            let mixed = (u16::from(from) * (100 - percent) + u16::from(to) * percent) / 100;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Self(mix(self.0, end.0), mix(self.1, end.1), mix(self.2, end.2))
    }

    /// Relative luminance (WCAG 2).
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }
}

/// As it is written.
impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        let part = |at: usize| digits.and_then(|d| u8::from_str_radix(&d[at..at + 2], 16).ok());
        match (part(0), part(2), part(4)) {
            (Some(red), Some(green), Some(blue)) => Ok(Self(red, green, blue)),
            _ => Err(NotAColour(text.to_owned())),
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().expect("a colour")
    }

    #[test]
    fn contrast_is_what_wcag_says() {
        for (one, two, expected) in
            [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#0f5568", "#fbf9f4", 7.92)]
        {
            let contrast = colour(one).contrast(colour(two));
            assert!((contrast - expected).abs() < 0.01, "{one} on {two}: {contrast}");
            assert_eq!(contrast.to_bits(), colour(two).contrast(colour(one)).to_bits());
        }
        for wrong in ["1f4e79", "#fff", "#12345g", "#1f4e799", "#é4e79", ""] {
            assert!(wrong.parse::<Colour>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_colour_has_a_legible_one_near_it_on_every_ground() {
        let steps = || (0..=255).step_by(51).map(|part: u16| u8::try_from(part).expect("a byte"));
        let all: Vec<Colour> =
            steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| Colour::new(r, g, b)))).collect();
        for one in &all {
            for ground in &all {
                let shade = one.legible_on(*ground);
                assert!(shade.contrast(*ground) >= MIN_CONTRAST, "{one} on {ground} became {shade}");
                assert!(one.contrast(*ground) < MIN_CONTRAST || shade == *one, "{one} on {ground} needed no change");
            }
        }
    }
}
