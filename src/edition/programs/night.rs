//! The night of programs that ask no letter for its own: they turn each colour's lightness round.

use crate::model::Colour;

/// A text of CSS with each colour as such a program has it at night.
pub(super) fn inverted(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(at) = rest.find('#') {
        let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_hexdigit).count();
        let written = &rest[at..at + 1 + digits];
        let long = match digits {
            3 => format!("#{}", written[1..].chars().flat_map(|c| [c, c]).collect::<String>()),
            _ => written.to_owned(),
        };
        out.push_str(&rest[..at]);
        match long.parse::<Colour>() {
            Ok(colour) => out.push_str(&colour.inverted().to_string()),
            Err(_) => out.push_str(written),
        }
        rest = &rest[at + 1 + digits..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_becomes_dark_and_keeps_its_hue() {
        let night = inverted("color:#1d2730;background:#fff;border:1px solid #a8402f; a:#top");
        assert_eq!(night, "color:#c8d1d8;background:#161616;border:1px solid #c96f61; a:#top");
    }
}
