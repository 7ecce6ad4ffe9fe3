//! What inboxes show of a letter before it is opened.

use crate::{
    edition::render::tags::{self, HtmlPiece},
    model::text,
};

/// About as much as fits into a line on a large screen, subject and words together, in characters.
const GMAIL_LINE_CHARS: usize = 130;
/// What stands in a summary of two lines on a phone.
const SUMMARY_CHARS: usize = 150;

/// A letter in an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxView {
    pub subject: String,
    /// What stands beside it.
    pub words: String,
}

/// A letter as Gmail's inbox has it, and as Apple's has it in a group.
pub fn inbox_views(subject: &str, html: &str) -> (InboxView, InboxView) {
    let pieces = tags::pieces(html);
    let room = GMAIL_LINE_CHARS.saturating_sub(subject.chars().count()).max(20);
    let gmail = InboxView { subject: subject.to_owned(), words: cut(&first_words(&pieces, room), room) };
    // A summary is made of what the letter says, whatever the preheader is.
    let titles = titles(&pieces).join("\u{202f}; ");
    let apple = InboxView { subject: subject.to_owned(), words: cut(&titles, SUMMARY_CHARS) };
    (gmail, apple)
}

/// The first words of a letter, with those that are only for inboxes: Gmail goes on behind the preheader.
fn first_words(pieces: &[HtmlPiece], enough: usize) -> String {
    let mut words = String::new();
    let mut in_body = false;
    for piece in pieces {
        match piece {
            HtmlPiece::Open(tag) => in_body |= tag.name == "body",
            HtmlPiece::Text(more) if in_body && !text::is_blank(more) => {
                words.push_str(more);
                words.push(' ');
            }
            _ => {}
        }
        if words.len() > enough * 4 {
            break;
        }
    }
    text::one_line(&words).split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The titles of columns: links in headings below the first.
fn titles(pieces: &[HtmlPiece]) -> Vec<String> {
    let (mut titles, mut in_heading, mut in_link) = (Vec::new(), false, false);
    for piece in pieces {
        match piece {
            HtmlPiece::Open(tag) if matches!(tag.name.as_str(), "h2" | "h3") => in_heading = true,
            HtmlPiece::Open(tag) if in_heading && tag.name == "a" => {
                in_link = true;
                titles.push(String::new());
            }
            HtmlPiece::Close(name) if matches!(name.as_str(), "h2" | "h3") => in_heading = false,
            HtmlPiece::Close(name) if name == "a" => in_link = false,
            HtmlPiece::Text(words) if in_link => {
                if let Some(title) = titles.last_mut() {
                    title.push_str(words);
                }
            }
            _ => {}
        }
    }
    titles
}

/// A text of so many characters at the most.
fn cut(words: &str, most: usize) -> String {
    match words.char_indices().nth(most) {
        None => words.to_owned(),
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
    }
}
