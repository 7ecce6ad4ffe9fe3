//! How much of a letter a program shows, in points of a hundred.

use super::{
    facts::{FACTS, Fact, Loss, MailProgram, Place},
    simulate::{at_blocks, drops},
};
use crate::edition::render::tags::{self, HtmlPiece};

/// What a program leaves of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramScore {
    pub program: MailProgram,
    /// Of a hundred.
    pub points: u32,
    /// What is lost, the gravest first.
    pub losses: Vec<Loss>,
}

/// The scores of a letter's HTML with all programs.
pub fn scores(html: &str) -> Vec<ProgramScore> {
    let pieces = tags::pieces(html);
    let found: Vec<&Fact> = FACTS.iter().filter(|fact| is_in(fact, &pieces)).collect();
    MailProgram::ALL.into_iter().map(|program| of(program, &found)).collect()
}

/// The score with one of them.
pub fn score(html: &str, program: MailProgram) -> ProgramScore {
    let pieces = tags::pieces(html);
    let found: Vec<&Fact> =
        FACTS.iter().filter(|fact| fact.programs.contains(&program) && is_in(fact, &pieces)).collect();
    of(program, &found)
}

fn of(program: MailProgram, found: &[&Fact]) -> ProgramScore {
    let mut own: Vec<&&Fact> = found.iter().filter(|fact| fact.programs.contains(&program)).collect();
    own.sort_by_key(|fact| (std::cmp::Reverse(fact.points), fact.loss));
    let points = 100_u32.saturating_sub(own.iter().map(|fact| fact.points).sum());
    let mut losses: Vec<Loss> = own.iter().map(|fact| fact.loss).collect();
    // Several facts may be one loss.
    let mut seen = Vec::new();
    losses.retain(|loss| {
        !seen.contains(loss) && {
            seen.push(*loss);
            true
        }
    });
    ProgramScore { program, points, losses }
}

/// Whether a letter has what a fact is about.
fn is_in(fact: &Fact, pieces: &[HtmlPiece]) -> bool {
    let mut in_style = false;
    pieces.iter().any(|piece| match piece {
        HtmlPiece::Open(tag) => {
            in_style = tag.name == "style";
            let declares = || {
                let style = tag.attribute("style").unwrap_or_default();
                style
                    .split(';')
                    .filter_map(|declaration| declaration.split_once(':'))
                    .any(|(property, value)| drops(fact, property.trim(), value.trim(), &tag.name))
            };
            match fact.place {
                Place::Elements(names) => names.contains(&tag.name.as_str()),
                Place::Attributes(names) => names.iter().any(|name| tag.attribute(name).is_some()),
                Place::StyleElements => in_style,
                Place::Queries(_) => false,
                _ => declares(),
            }
        }
        HtmlPiece::Close(_) => {
            in_style = false;
            false
        }
        HtmlPiece::Text(css) => match fact.place {
            Place::Queries(words) if in_style => {
                at_blocks(css).into_iter().any(|(start, open, _)| css[start..open].contains(words))
            }
            _ => false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_costs_points() {
        let html = "<html lang=\"fr\"><style>@media (min-width:600px){a{b:c}}</style>\
                    <p style=\"border-radius:4px;float:left\">a</p><div style=\"display:flex\">b</div></html>";
        let all: Vec<(&str, u32, Vec<Loss>)> =
            scores(html).into_iter().map(|score| (score.program.key(), score.points, score.losses)).collect();
        assert_eq!(
            all,
            [
                ("apple", 100, vec![]),
                ("gmail", 100, vec![]),
                ("outlook", 67, vec![Loss::Placement, Loss::Blocks, Loss::WideScreens, Loss::Floats, Loss::Corners]),
                ("orange", 71, vec![Loss::Placement, Loss::Speech, Loss::Corners]),
                ("laposte", 69, vec![Loss::Placement, Loss::Styles]),
            ]
        );
        assert_eq!(score(html, MailProgram::Orange), scores(html)[3]);
    }
}
